"""Cells on a Dask cluster of two processes: the same cells, keys and bytes as here, whatever happens to a worker."""

from __future__ import annotations

import os
import signal
import threading
import time

import numpy as np
import pytest
from helpers import sha256

distributed = pytest.importorskip("distributed")

from genebench.benchmark import cuts, plan, results, run  # noqa: E402
from genebench.core import cluster, paths, specs, workers  # noqa: E402
from genebench.core.errors import BadInput  # noqa: E402

pytestmark = pytest.mark.filterwarnings(
    "ignore"
)  # Dask's own, of ports and of processes that are slow to leave


def local(number: int = 2):
    """A cluster of worker processes of one thread each."""
    options = {
        "threads_per_worker": 1,
        "processes": True,
        "dashboard_address": None,
        "silence_logs": 50,
    }
    return distributed.LocalCluster(n_workers=number, **options)


@pytest.fixture(scope="module")
def address():
    """A cluster of two workers for the tests that do it no harm."""
    with local() as held:
        yield held.scheduler_address


def cached(folder) -> dict[str, str]:
    """Digests of every file of cells, folds and vectors below a home, without what a computer's speed changes."""
    below = folder / ".cache"
    kept = [
        p
        for name in ("cells", "folds", "embeddings")
        for p in (below / name).rglob("*")
        if p.is_file()
    ]
    return {str(p.relative_to(below)): sha256(p) for p in kept if p.suffix != ".json"}


def test_a_cluster_makes_the_same_cells_under_the_same_keys_with_the_same_bytes(
    home, finished, address
):
    said = []
    outcome = run.run("tiny", jobs=1, scheduler=address, say=said.append)
    assert (outcome.computed, outcome.failed) == (60, {}) and any(
        "60 to do, 2 at a time" in s for s in said
    )
    for name in ("scores.parquet", *results.BESIDE):
        assert sha256(paths.results("tiny") / name) == sha256(
            finished.folder / "data" / "results" / "tiny" / name
        )
    assert cached(paths.ROOT) == cached(finished.folder)
    again = run.run("tiny", jobs=1, say=said.append)
    assert (again.cached, again.computed) == (60, 0)


class Counting:
    """A stage whose workers say where they are and what they were sent; a unit is (number, what it shares)."""

    kept: list = []

    @staticmethod
    def gather(unit):
        return unit[0], workers.Once(unit[1], lambda: np.full(1000, len(unit[1])))

    @staticmethod
    def compute(number, shared):
        if number == 13:
            raise BadInput("thirteen cannot be done; leave it out.")
        return number, os.getpid(), float(shared.sum())

    @staticmethod
    def keep(unit, made):
        Counting.kept.append((unit, made, os.getpid()))


def test_what_units_share_is_sent_once_and_only_this_process_keeps(address, monkeypatch):
    monkeypatch.setattr(Counting, "kept", [])
    sent = []
    submit = cluster.Cluster._submit
    monkeypatch.setattr(
        cluster.Cluster,
        "_submit",
        lambda self, f, *a: (sent.append(f.__name__), submit(self, f, *a))[1],
    )
    stage = workers.Stage(Counting.gather, Counting.compute, Counting.keep)
    units = [(i, "aa" if i % 2 else "bbb") for i in range(30)]
    with cluster.Cluster(address) as held:
        found = dict(held.each(stage, units))
    assert set(found) == set(units) and [u for u in units if found[u]] == [(13, "aa")]
    assert found[13, "aa"] == "thirteen cannot be done; leave it out."
    assert sorted(made[0] for _, made, _ in Counting.kept) == [i for i in range(30) if i != 13]
    assert all(made[2] == 1000.0 * len(unit[1]) for unit, made, _ in Counting.kept)
    assert {pid for *_, pid in Counting.kept} == {os.getpid()} and len(
        {made[1] for _, made, _ in Counting.kept}
    ) == 2
    assert sent.count("_same") == 2 and sent.count("_computed") == 30


def test_a_unit_here_and_there_tells_the_same_fault():
    stage = workers.Stage(Counting.gather, Counting.compute, Counting.keep)
    assert workers.whole(stage, (13, "aa")) == "thirteen cannot be done; leave it out."


def test_folds_that_look_up_a_table_are_cut_without_it(warm):
    cell = plan.plan("tiny", models=["full"], split="stem")[0]
    (work,) = plan.cutting(cell)
    cut, told = cuts.folds(work)
    made = cuts.cut(*cuts.gather(work))
    np.testing.assert_array_equal(made[0], cut)
    assert told == made[1] == [""] * len(work.tasks)


@pytest.mark.parametrize(
    "given, told",
    [
        ("nowhere", "is no address such as tcp://host:8786"),
        ("tcp://127.0.0.1:1", "does not answer"),
    ],
)
def test_a_scheduler_that_is_not_there_is_one_sentence(home, given, told):
    with pytest.raises(BadInput, match=told):
        cluster.Cluster(given, timeout=1)


def test_workers_that_would_compute_something_else_are_refused(address, monkeypatch):
    monkeypatch.setattr(cluster, "code", lambda: "0" * 16)
    with pytest.raises(BadInput, match="has another genebench; install this version"):
        cluster.Cluster(address)


def test_the_bytes_of_what_is_shared_are_counted(warm):
    held = plan.block_of(plan.plan("tiny")[0]).load()
    assert cluster.bytes_of(held) >= sum(t.labels.nbytes for t in held.tasks) + held.common.nbytes
    assert cluster.bytes_of(specs.profile("tiny")) == 0


@pytest.mark.slow
def test_a_cluster_without_workers_or_with_threads_is_one_sentence():
    with (
        local(0) as held,
        pytest.raises(BadInput, match="has no worker; start one with 'dask worker"),
    ):
        cluster.Cluster(held.scheduler_address, timeout=1)
    options = {
        "n_workers": 1,
        "threads_per_worker": 2,
        "dashboard_address": None,
        "processes": False,
    }
    with (
        distributed.LocalCluster(**options) as held,
        pytest.raises(BadInput, match="has 2 threads"),
    ):
        cluster.Cluster(held.scheduler_address)


@pytest.mark.slow
def test_a_run_whose_worker_is_killed_gives_the_same_bytes(home, finished, faults):
    with local() as held:
        pid = next(iter(held.workers.values())).pid

        def kill():
            while len(list(paths.CELLS.rglob("*.parquet"))) < 10:
                time.sleep(0.02)
            os.kill(pid, signal.SIGKILL)

        killer = threading.Thread(target=kill, daemon=True)
        killer.start()
        outcome = run.run("tiny", jobs=1, scheduler=held.scheduler_address, say=lambda text: None)
        killer.join(timeout=5)
        assert not killer.is_alive()
    assert (outcome.computed, outcome.failed) == (60, {})
    whole = finished.folder / "data" / "results" / "tiny" / "scores.parquet"
    same = sha256(results.scores_path("tiny")) == sha256(whole) and cached(paths.ROOT) == cached(
        finished.folder
    )
    faults("kill -9 of a Dask worker", 0, same, "its cells go to the other worker")
    assert same
