"""What masking words of a text costs, beside the plain mean of differences."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from benchmarks import masked
from genebench.benchmark.tables import means

TASKS = ["hpa/a", "hpa/b", "hgnc/c", "hgnc/d", "hpa/weak", "hpa/number"]


def model(recipe, *labels_of, dim=384):
    options = {"recipe": recipe, "labels_of": list(labels_of)}
    return SimpleNamespace(encoder="transformer", weights="w", hub=None, dim=dim, options=options)


@pytest.fixture
def lost(monkeypatch):
    """Table of four models whose whole text loses 0.1, 0.2, … on the tasks."""
    models = {
        "whole": model("summary"),
        "masked": model("summary-masked", "hpa", "hgnc"),
        "others": model("summary-masked", "hgnc", "-hpa"),
        "another-network": model("summary-masked", "hpa", dim=768),
        "symbol": model("symbol"),
    }
    declared = SimpleNamespace(models=models, sources={})
    plan = SimpleNamespace(declared=declared, tasks=dict.fromkeys(TASKS))
    monkeypatch.setattr(means.resampling, "resemblance", lambda plan, names: np.eye(len(names)))
    monkeypatch.setattr(means.splits_of, "entry_of", lambda task, sources: None)
    score = np.full((len(TASKS), len(models)), 0.9)
    score[:, 1] -= [0.1, 0.2, 0.3, np.nan, 0.5, 0.6]
    score[:, 2] -= 0.05
    given = {"split": "random", "tasks": TASKS, "models": list(models), "score": score}
    scored = SimpleNamespace(moved=np.zeros((*score.shape, 20), np.float32), **given)
    power = pd.DataFrame({"task": TASKS, "kind": ["binary"] * 5 + ["regression"], "weight": 1.0})
    power = power.assign(split="random", group="localization", underpowered=power.task == TASKS[4])
    return masked.lost(plan, scored, power).set_index(["other", "group"])


def test_the_loss_is_the_mean_difference_on_tasks_that_both_are_scored_on(lost):
    # models of the same network; one that leaves the words of a source on its tasks alone
    assert {other for other, _ in lost.index} == {"masked", "others"}
    assert ("others", "localization") not in lost.index
    at = [("masked", "localization"), ("masked", "hpa"), ("others", "hpa")]
    assert lost.loc[at].lost.tolist() == pytest.approx([0.2, 0.15, 0.05])
    assert lost.loc[at].tasks.tolist() == [3, 2, 2] and (lost.model == "whole").all()
    assert (lost.low <= lost.lost).all() and (lost.lost <= lost.high).all()
