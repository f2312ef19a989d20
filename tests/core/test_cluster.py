"""Cells on a Dask cluster of two processes: the same bytes, whatever happens to a worker."""

from __future__ import annotations

import os
import signal
import threading
import time

import numpy as np
import pytest
from helpers import run_tiny, sha256

distributed = pytest.importorskip("distributed")

from genebench.benchmark import blocks, plan, results  # noqa: E402
from genebench.core import cluster, paths, workers  # noqa: E402
from genebench.core.errors import BadInput  # noqa: E402

# Dask's own warnings, of ports and of processes that are slow to leave
pytestmark = pytest.mark.filterwarnings("ignore")


def local(number: int = 2):
    """A cluster of worker processes of one thread each."""
    options = {"threads_per_worker": 1, "processes": True, "dashboard_address": None}
    return distributed.LocalCluster(n_workers=number, silence_logs=50, **options)


@pytest.fixture(scope="module")
def address():
    """A cluster of two workers for the tests that do it no harm."""
    with local() as running:
        yield running.scheduler_address


def cached(folder) -> dict[str, str]:
    """Digests of every cell, fold and vector below a project."""
    below = folder / ".cache"
    names = ("cells", "folds", "embeddings")
    files = [p for name in names for p in (below / name).rglob("*") if p.is_file()]
    return {str(p.relative_to(below)): sha256(p) for p in files if p.suffix != ".json"}


def test_a_cluster_makes_the_same_cells_with_the_same_bytes(home, finished, address):
    said = []
    outcome = run_tiny(scheduler=address, say=said.append)
    assert (outcome.computed, outcome.failed) == (60, {})
    assert any("60 to do, 2 at a time" in s for s in said)
    there = finished.folder / "data" / "results" / "tiny"
    for name in ("scores.parquet", *results.BESIDE):
        assert sha256(paths.results("tiny") / name) == sha256(there / name)
    assert cached(paths.ROOT) == cached(finished.folder)
    again = run_tiny()
    assert (again.cached, again.computed) == (60, 0)


stored: list = []


def gather(shared, unit):
    return unit[0], workers.Once(unit[1], lambda: np.full(1000, len(unit[1])))


def compute(number, array):
    if number == 13:
        raise BadInput("thirteen cannot be done; leave it out.")
    return number, os.getpid(), float(array.sum())


def store(shared, unit, output):
    stored.append((shared, unit, output, os.getpid()))


STAGE = workers.Stage("units", lambda shared, unit: [], gather, compute, store)


def test_what_units_share_is_sent_once_and_only_this_process_stores(address, monkeypatch):
    stored.clear()
    sent, submit = [], cluster.Cluster._submit

    def noted(self, function, *args):
        sent.append(function.__name__)
        return submit(self, function, *args)

    monkeypatch.setattr(cluster.Cluster, "_submit", noted)
    units = [(i, "aa" if i % 2 else "bbb") for i in range(30)]
    with cluster.Cluster(address) as running:
        faults = dict(running.each(STAGE, "plan", units))
    assert set(faults) == set(units) and [u for u in units if faults[u]] == [(13, "aa")]
    assert faults[13, "aa"] == workers.do(STAGE, "plan", (13, "aa"))
    assert sorted(output[0] for _, _, output, _ in stored) == [i for i in range(30) if i != 13]
    assert all(output[2] == 1000.0 * len(unit[1]) for _, unit, output, _ in stored)
    assert {(shared, pid) for shared, _, _, pid in stored} == {("plan", os.getpid())}
    assert len({output[1] for _, _, output, _ in stored}) == 2
    assert sent.count("_same") == 2 and sent.count("_compute") == 30


def test_folds_are_made_from_what_was_gathered(warm):
    tiny = plan.make("tiny")
    cell = next(c for c in tiny.cells if c.split == "stem")
    (unit,) = tiny.fold_units(cell.split, cell.tasks)
    fold, reasons = blocks.STAGE.compute(*blocks.STAGE.gather(tiny, unit))
    np.testing.assert_array_equal(fold, blocks.load(tiny, unit)[0])
    assert reasons == [""] * len(unit.tasks)


@pytest.mark.parametrize(
    "given, words",
    [("nowhere", "is no address such as tcp"), ("tcp://127.0.0.1:1", "does not answer")],
)
def test_a_scheduler_that_is_not_there_is_one_sentence(given, words):
    with pytest.raises(BadInput, match=words):
        cluster.Cluster(given, timeout=1)


def test_workers_that_would_compute_something_else_are_refused(address, monkeypatch):
    monkeypatch.setattr(cluster, "code", lambda: "0" * 16)
    with pytest.raises(BadInput, match="has another genebench; install this version"):
        cluster.Cluster(address)


def test_the_bytes_of_what_is_shared_are_counted(warm):
    tiny = plan.make("tiny")
    block = tiny.block(tiny.cells[0]).load()
    least = sum(t.labels.nbytes for t in block.tasks) + block.common.nbytes
    assert cluster.bytes_of(block) >= least and cluster.bytes_of(tiny.profile) == 0


@pytest.mark.slow
def test_a_cluster_without_workers_or_with_threads_is_one_sentence():
    with local(0) as running, pytest.raises(BadInput, match="has no worker; start one with"):
        cluster.Cluster(running.scheduler_address, timeout=1)
    options = {"n_workers": 1, "threads_per_worker": 2, "processes": False}
    with (
        distributed.LocalCluster(dashboard_address=None, **options) as running,
        pytest.raises(BadInput, match="has 2 threads"),
    ):
        cluster.Cluster(running.scheduler_address)


@pytest.mark.slow
def test_a_run_whose_worker_is_killed_gives_the_same_bytes(home, finished, faults):
    with local() as running:
        pid = next(iter(running.workers.values())).pid

        def kill():
            while len(list(paths.CELLS.rglob("*.parquet"))) < 10:
                time.sleep(0.02)
            os.kill(pid, signal.SIGKILL)

        killer = threading.Thread(target=kill, daemon=True)
        killer.start()
        outcome = run_tiny(scheduler=running.scheduler_address)
        killer.join(timeout=5)
        assert not killer.is_alive()
    assert (outcome.computed, outcome.failed) == (60, {})
    whole = finished.folder / "data" / "results" / "tiny" / "scores.parquet"
    same = sha256(results.scores_path("tiny")) == sha256(whole)
    same = same and cached(paths.ROOT) == cached(finished.folder)
    faults("kill -9 of a Dask worker", 0, same, "its cells go to the other worker")
    assert same
