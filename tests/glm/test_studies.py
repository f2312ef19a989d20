"""What the study notebooks call: tables that are merged, and comparisons."""

import pandas as pd
import pytest
from glm import toys
from scipy import stats

from genebench.benchmark import results
from genebench.core import paths
from notebooks.studies.lib import labels, tables, zero_shot


def test_rows_of_a_task_that_is_scored_anew_replace_the_old_ones(tmp_path, monkeypatch):
    monkeypatch.setattr(paths, "GLM_RESULTS", tmp_path)

    def scored(name, sign):
        task = toys.variants(name=name)
        return zero_shot.score_rows(task, {"cpg": task.label * sign})

    tables.merge_scores(pd.concat([scored("t/x", 1), scored("t/y", 1)]), "variants")
    path, beside = tables.merge_scores(scored("t/y", -1), "variants")
    for rows in (results.read(path), pd.read_csv(beside)):
        main = rows[rows.metric == "auroc"].set_index("task").score
        assert main.to_dict() == {"t/x": 1.0, "t/y": 0.0}


def test_repeats_of_a_locus_count_once():
    values = {"mpra/f9-a": 0.1, "mpra/f9-b": 0.3, "mpra/ldlr": 0.6, "mpra/tert-x": 0.4}
    frame = pd.DataFrame({"task": values.keys(), "model": "m", "score": values.values()})
    row = labels.over_loci(frame.assign(metric="spearman")).iloc[0]
    low, high = stats.t.interval(0.95, 2, 0.4, stats.sem([0.2, 0.6, 0.4]))
    assert (row.loci, row.score, row.low, row.high) == pytest.approx((3, 0.4, low, high))
