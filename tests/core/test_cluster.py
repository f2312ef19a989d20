"""Cells on a Dask cluster of two processes: the same bytes, whatever happens to a worker."""

import os
import signal
import threading
import time

import numpy as np
import pytest
from helpers import call, refused, run_tiny, sha256

distributed = pytest.importorskip("distributed")

from genebench.core import cluster, paths, workers  # noqa: E402
from genebench.core.errors import BadInput, RunFailed  # noqa: E402

# Dask's own warnings, of ports and of processes that are slow to leave
pytestmark = pytest.mark.filterwarnings("ignore")


def local(number=2, threads=1):
    """A cluster of worker processes, of one thread each."""
    quiet = {"dashboard_address": None, "silence_logs": 50}
    return distributed.LocalCluster(number, processes=True, threads_per_worker=threads, **quiet)


@pytest.fixture(scope="module")
def address():
    """A cluster of two workers for the tests that do it no harm."""
    with local() as running:
        yield running.scheduler_address


def made(folder):
    """Digests of every cell, fold, vector and table of results of a project."""
    names = (".cache/cells", ".cache/folds", ".cache/embeddings", "data/results/tiny")
    files = [p for name in names for p in (folder / name).rglob("*.*") if p.suffix != ".json"]
    return {str(p.relative_to(folder)): sha256(p) for p in files}


def test_a_cluster_makes_the_same_cells_with_the_same_bytes(home, finished, address):
    outcome = run_tiny(scheduler=address)
    assert (outcome.computed, outcome.failed) == (60, {})
    assert made(paths.ROOT) == made(finished.folder) and run_tiny().cached == 60


loaded, stored = [], []


def gather(shared, unit):
    number, name = unit
    return number, workers.Once(name, lambda: loaded.append(name) or np.ones(len(name)))


def compute(number, array):
    if number == 13:
        raise BadInput("thirteen cannot be done; leave it out.")
    return os.getpid(), number + array.sum()


def store(shared, unit, output):
    stored.append((shared, unit, *output, os.getpid()))


STAGE = workers.Stage("units", lambda shared, unit: [], gather, compute, store)


def test_what_units_share_is_sent_once_and_only_this_process_stores(address, monkeypatch):
    units = [(i, "abcdef"[: i % 6 + 1]) for i in range(30)]
    with cluster.Cluster(address) as running:
        faults = dict(running.each(STAGE, "plan", units))
        assert len(loaded) == len(set(loaded)) == 6
        monkeypatch.setattr(cluster, "SHARED_BYTES", 10)  # what is shared is bounded by its bytes
        assert not any(dict(running.each(STAGE, "", [*enumerate("aba", 90)])).values())
    assert "".join(loaded[6:]) == "aba"
    wrong = {(13, "ab"): "thirteen cannot be done; leave it out."}
    assert faults == dict.fromkeys(units, "") | wrong
    shared, done, processes, totals, here = zip(*stored[:29])
    assert set(done) == set(units) - set(wrong) and len(set(processes)) == 2
    assert set(shared) == {"plan"} and set(here) == {os.getpid()}
    assert list(totals) == [number + len(name) for number, name in done]


@pytest.mark.parametrize(
    "given, words",
    [("nowhere", "is no address such as tcp"), ("tcp://127.0.0.1:1", "does not answer")],
)
def test_a_scheduler_that_is_not_there_is_one_sentence(given, words):
    result = call("run", "-p", "ci", "--scheduler", given)
    assert result.exit_code == 2 and words in result.stderr and result.stderr.count("\n") == 1


@pytest.mark.slow
def test_a_scheduler_that_dies_is_one_sentence(home, monkeypatch):
    monkeypatch.setattr(cluster, "PATIENCE", 3.0)
    with local(1) as running:
        monkeypatch.setattr(cluster.Cluster, "_send", lambda *_: running.close() or 1)
        with pytest.raises(RunFailed, match="what was finished is kept"):
            run_tiny(scheduler=running.scheduler_address).check("cells")


def test_workers_that_would_compute_something_else_are_refused(address, monkeypatch):
    monkeypatch.setattr(cluster.metadata, "version", lambda package: "0")
    with refused("or another one; install this version"):
        cluster.Cluster(address)


@pytest.mark.slow
def test_a_cluster_without_workers_or_with_threads_is_one_sentence():
    alone = {"cls": distributed.Scheduler, "options": {"host": "127.0.0.1", "dashboard": False}}
    with (
        distributed.SpecCluster({}, alone) as running,
        refused("has no worker; start one with"),
    ):
        cluster.Cluster(running.scheduler_address, timeout=1)
    with local(1, threads=2) as running, refused("has 2 threads"):
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
    same = made(paths.ROOT) == made(finished.folder)
    faults("kill -9 of a Dask worker", 0, same, "its cells go to the other worker")
    assert same
