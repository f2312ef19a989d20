"""The estimate of a run: what it counts is what is then there."""

import pandas as pd
import pytest
from helpers import refused

from benchmarks import costs as measuring
from genebench.benchmark import costs, plan, results
from genebench.core import paths


@pytest.fixture
def priced(monkeypatch):
    """Write a cost model of round numbers into the project that was entered."""

    def write():
        kinds = measuring.GRID
        rows = [(k, t, 0.01 if t == "cell" else 0.0) for k in kinds for t in costs.TERMS]
        rows += [("interval", "cell", 0.5), ("interval", "fit", 0.1)]
        rows += [("folds", "cell", 1.0), ("reference", "cell", 2.0)]
        frame = pd.DataFrame(rows, columns=["kind", "term", "seconds"])
        results.write_csv(frame, paths.PERF / "costs.csv")
        monkeypatch.setattr(costs, "reference", lambda: 2.0)

    return write


def test_an_estimate_counts_what_a_run_does_and_caches(warm, priced):
    priced()
    tiny = plan.make("tiny")
    estimate = costs.estimate(tiny)
    stages = estimate.stages.set_index("stage")
    assert stages.loc["cells", ["units", "to do"]].tolist() == [60, 0]
    assert stages.loc["embeddings", ["units", "to do"]].tolist() == [6, 0]
    assert stages.loc["folds", "units"] == stages.loc["intervals", "units"] == 10
    assert estimate.workers == 1 and estimate.shipped > 0


def test_cells_that_are_left_are_what_costs_and_a_larger_plan_grows_as_its_pairs(
    home, priced, monkeypatch
):
    priced()
    tiny = plan.make("tiny")
    estimate, many = costs.estimate(tiny), costs.estimate(tiny, scale=(7000, 600))
    hours, more = (e.stages.set_index("stage")["core hours"] for e in (estimate, many))
    assert hours["cells"] == pytest.approx(60 * 0.01 / 3600)
    assert more["folds"] == pytest.approx(1e3 * hours["folds"])
    assert more["cells"] > 1e4 * hours["cells"] and many.workers > estimate.workers == 1
    assert "6 models have no vectors yet" in " ".join(estimate.messages)
    monkeypatch.setattr(costs, "reference", lambda: 6.0)
    slower = costs.estimate(tiny).stages["core hours"].sum()
    assert slower == pytest.approx(3 * hours.sum())


def test_without_a_cost_model_a_sentence_says_how_to_measure_it(home):
    with refused("python -m benchmarks.costs"):
        costs.estimate(plan.make("tiny"))
