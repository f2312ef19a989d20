"""Zero-shot scores of variants: tasks, metrics, baselines, k-mer models."""

import numpy as np
import pandas as pd
import pytest
from Bio.Seq import Seq
from glm import toys
from helpers import refused
from sklearn.metrics import average_precision_score, roc_auc_score

from genebench.glm import codes
from notebooks.studies.lib import effects, zero_shot


def test_a_wrong_change_and_an_unknown_set_are_errors():
    one = np.array([0])
    with refused("1 changes have another reference base"):
        effects.Effects("t", "binary", codes.encode("ACGT"), one, one + 1, one + 2, one, one)
    with refused("unknown set of variants 'brca'; did you mean 'brca1'"):
        effects.load("brca", {})


def test_consequences_are_those_of_a_translation_by_biopython():
    toy = toys.genome()
    rows, before = effects.changes(toy), str(Seq(toys.GENE).translate())
    assert len(rows) == 2 * 3 * (len(toys.GENE) - 6)
    for row in rows.sample(60, random_state=1).itertuples():
        changed = toys.genome()
        changed.codes[row.at] = row.alt
        (gene,) = (g for g in changed.genes.itertuples() if g.gene == row.gene)
        after = str(Seq(codes.decode(changed.coding(gene))).translate())
        kind = "nonsense" if after.count("*") > 1 else "missense"
        kind = "synonymous" if before == after else kind
        assert effects.CONSEQUENCES[row.consequence] == kind
        assert toy.codes[row.at] == row.ref


def test_scores_are_those_of_scikit_learn_and_lie_in_their_intervals():
    task = toys.variants()
    scores = task.label + np.random.default_rng(0).normal(0, 1.2, len(task)).round(1)
    table = zero_shot.metrics_of(task, scores).set_index("metric")
    assert table.score["prior"] == 0.4
    for metric, truth in (("auroc", roc_auc_score), ("auprc", average_precision_score)):
        assert table.score[metric] == pytest.approx(truth(task.label, scores))
        assert table.low[metric] < table.score[metric] < table.high[metric]


def test_baselines_score_what_their_names_say():
    sequence, at, alt = codes.encode("ACGTA"), np.array([1, 1, 2, 0]), codes.encode("TAAG")
    task = effects.Effects("t", "binary", sequence, at, sequence[at], alt, at, at.astype(str))
    assert zero_shot.transversion(task).tolist() == [0, 1, 0, 0]
    assert zero_shot.cpg(task).tolist() == [0, 1, 0, 0.5]
    assert zero_shot.gc_loss(task).tolist() == [1, 1, 1, -1]


def test_human_windows_that_share_a_word_with_what_is_scored_are_not_counted(monkeypatch):
    texts = [codes.decode(toys.bases(60, seed=i)) for i in range(60)]
    monkeypatch.setattr(zero_shot.files, "table", lambda *_: pd.DataFrame({"sequence": texts}))
    parts = zero_shot._human_sequences([codes.encode(texts[7])[:30]], {"gue": None})
    count, check = (codes.decode(sequence) for (sequence,) in parts)
    assert [sum(t in part for t in texts) for part in (count, check)] == [57, 2]
    assert texts[7] not in count + check
