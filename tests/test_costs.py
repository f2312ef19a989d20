"""The plan of a run: what it counts is what is then there; the model of costs finds the terms that made the seconds."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from genebench.benchmark import costs, predictions, results
from genebench.benchmark import plan as cells
from genebench.core import cache, paths
from genebench.core.errors import BadInput


@pytest.fixture
def priced(monkeypatch):
    """A home with a cost model of round numbers."""

    def write() -> None:
        rows = [(k, t, 0.01 if t == "cell" else 0.0) for k in costs.KINDS for t in costs.TERMS]
        rows += [
            ("interval", "cell", 0.5),
            ("interval", "fit", 0.1),
            ("folds", "cell", 1.0),
            ("reference", "cell", 2.0),
        ]
        results.write_csv(
            pd.DataFrame(rows, columns=["kind", "term", "seconds"]), paths.PERF / "costs.csv"
        )
        monkeypatch.setattr(costs, "reference", lambda: 2.0)

    return write


def test_the_terms_that_made_the_seconds_are_found():
    rows = []
    for kind, n, d, tasks in costs.GRID:
        true = np.array([0.01, 2e-4, 3e-9, 5e-11, 1e-10, 2e-7]) @ costs.terms(n, d, tasks, 5)
        rows.append((kind, n, d, tasks, 5, true))
    frame = pd.DataFrame(rows, columns=["kind", "n", "d", "tasks", "folds", "cpu_s"])
    by = {k: p.seconds.to_numpy() for k, p in costs.fitted(frame).groupby("kind", sort=False)}
    guess = np.array(
        [by[r.kind] @ costs.terms(r.n, r.d, r.tasks, r.folds) for r in frame.itertuples()]
    )
    np.testing.assert_allclose(guess, frame.cpu_s, rtol=0.02)
    assert (costs.fitted(frame).seconds >= 0).all()


@pytest.mark.parametrize("kind", costs.KINDS)
def test_a_made_up_cell_is_one_that_is_measured_and_scored(kind):
    from genebench.benchmark import run

    rows, skipped, kept, (seconds, cpu_s) = run.measure(
        *costs._made_up(kind, 400, 8, 3 if kind != "regression" else 1, 5)
    )
    assert skipped == [] and len(rows) and len(kept) == (3 if kind == "binary" else 1)
    assert seconds > 0 and cpu_s > 0
    main = rows[rows.metric.isin(["auroc", "auroc_weighted", "spearman"])].score.mean()
    assert 0.55 < main < 0.99 if kind != "regression" else 0.2 < main < 0.99


def test_a_plan_counts_what_a_run_does(warm, priced):
    priced()
    chosen = cells.plan("tiny")
    plan = costs.make("tiny", chosen)
    stages = plan.stages.set_index("stage")
    assert stages.loc["cells", ["units", "to do"]].tolist() == [60, 0]
    assert stages.loc["embeddings", ["units", "to do"]].tolist() == [6, 0]
    assert stages.loc["folds", "units"] == stages.loc["intervals", "units"] == 10
    assert plan.workers == 1 and plan.shipped > 0


def test_the_bytes_of_a_plan_are_those_that_a_run_then_keeps(warm, priced):
    priced()
    held, chosen = cells.context("tiny"), cells.plan("tiny")
    sizes = {m: costs._size(costs.specs.model(m), held.universe) for m in {c.model for c in chosen}}
    by, _ = costs._coefficients()
    told = sum(row[4] for row in costs._cells(held, chosen, sizes, by))
    files = [p for c in chosen for p in (cells.cell_path(c), predictions.path(cells.cell_path(c)))]
    there = sum(p.stat().st_size + cache.sidecar(p).stat().st_size for p in files)
    assert 0.5 < told / there < 2


def test_cells_that_are_left_are_what_costs(home, priced):
    priced()
    plan = costs.make("tiny", cells.plan("tiny"))
    hours = plan.stages.set_index("stage")["core hours"]
    assert hours["cells"] == pytest.approx(60 * 0.01 / 3600)
    assert "6 models have no vectors yet" in " ".join(plan.told)


def test_a_larger_plan_grows_as_its_pairs(home, priced):
    priced()
    whole = costs.make("tiny", cells.plan("tiny"), scale=(7, 6))
    many = costs.make("tiny", cells.plan("tiny"), scale=(7000, 600))
    small, large = (p.stages.set_index("stage")["core hours"] for p in (whole, many))
    assert large["cells"] == pytest.approx(1e5 * small["cells"])
    assert large["folds"] == pytest.approx(1e3 * small["folds"])
    assert many.workers > whole.workers == 1


def test_a_slower_machine_takes_longer(home, priced, monkeypatch):
    priced()
    before = costs.make("tiny", cells.plan("tiny")).stages["core hours"].sum()
    monkeypatch.setattr(costs, "reference", lambda: 6.0)
    assert costs.make("tiny", cells.plan("tiny")).stages["core hours"].sum() == pytest.approx(
        3 * before
    )


def test_without_a_cost_model_a_sentence_says_how_to_measure_it(home):
    with pytest.raises(BadInput, match="python -m benchmarks.costs"):
        costs.make("tiny", cells.plan("tiny"))
