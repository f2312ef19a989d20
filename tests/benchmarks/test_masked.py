"""What masking words of a text costs, beside the plain mean of differences."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from benchmarks import masked
from genebench.benchmark.tables import means

TASKS = ["hpa/a", "hpa/b", "hgnc/c", "hgnc/d", "hpa/weak", "hpa/number"]


def model(recipe="", labels_of=(), dim=384):
    options = {"recipe": recipe, "labels_of": list(labels_of)}
    return SimpleNamespace(encoder="transformer", weights="w", hub=None, dim=dim, options=options)


@pytest.fixture
def lost(monkeypatch):
    """Table of four models whose whole text loses 0.1, 0.2, … on the tasks."""
    models = {
        "whole": model("summary"),
        "masked": model("summary-masked", ["hpa", "hgnc"]),
        "others": model("summary-masked", ["hgnc", "-hpa"]),
        "another-network": model("summary-masked", ["hpa"], dim=768),
        "symbol": model("symbol"),
    }
    declared = SimpleNamespace(models=models, sources={})
    plan = SimpleNamespace(declared=declared, tasks=dict.fromkeys(TASKS))
    monkeypatch.setattr(means.resampling, "resemblance", lambda plan, names: np.eye(len(names)))
    monkeypatch.setattr(means.splits_of, "entry_of", lambda task, sources: None)
    score = np.full((len(TASKS), len(models)), 0.9)
    score[:, 1] -= [0.1, 0.2, 0.3, 0.4, 0.5, 0.6]
    score[:, 2] -= 0.05
    score[3, 1] = np.nan
    moved = np.zeros((*score.shape, 20), np.float32)
    given = {"split": "random", "tasks": TASKS, "models": list(models)}
    power = pd.DataFrame({"task": TASKS, "kind": ["binary"] * 5 + ["regression"], "weight": 1.0})
    power = power.assign(split="random", group="localization", underpowered=power.task == TASKS[4])
    table = masked.lost(plan, SimpleNamespace(score=score, moved=moved, **given), power)
    return table.set_index(["other", "group"])


def test_the_loss_is_the_mean_difference_on_tasks_that_both_are_scored_on(lost):
    row = lost.loc[("masked", "localization")]
    assert row.tasks == 3 and row.lost == pytest.approx(0.2) and row.model == "whole"
    assert {other for other, _ in lost.index} == {"masked", "others"}  # of the same network
    assert row.low <= row.lost <= row.high


def test_a_control_that_leaves_the_words_of_a_source_is_compared_on_its_tasks_alone(lost):
    assert ("others", "localization") not in lost.index
    row = lost.loc[("others", "hpa")]
    assert row.tasks == 2 and row.lost == pytest.approx(0.05)
    assert lost.loc[("masked", "hpa")].lost == pytest.approx(0.15)
