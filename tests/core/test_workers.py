"""The loop over units: cached ones are skipped, failures are noted, processes end with their
parent."""

import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
from helpers import in_this_process

from genebench.core import paths, workers
from genebench.core.errors import BadInput, RunFailed


def recipe(shared, unit):
    return {"unit": unit, "shared": shared}


def measure(shared, unit):
    from threadpoolctl import threadpool_info

    if unit == 13:
        raise BadInput("thirteen cannot be done; leave it out.")
    if unit == 7:
        raise ZeroDivisionError("by zero")
    threads = [pool["num_threads"] for pool in threadpool_info()]
    return {"threads": np.array(threads), "x": np.arange(unit)}


STAGE = workers.ArrayStage("units", "CELLS", recipe, measure, with_torch=False)


def execute(units, **options):
    """Run units in this process; returns the outcome and what was reported."""
    said, steps = [], []
    with in_this_process(1, "shared") as pool:
        report = {"say": said.append, "progress": lambda *step: steps.append(step)}
        outcome = workers.execute(STAGE, "shared", units, pool, **report, **options)
    return outcome, said, steps


def test_units_are_computed_on_one_thread_once_and_failures_stop_no_other(tmp_path, monkeypatch):
    monkeypatch.setattr(paths, "CELLS", tmp_path)
    outcome, said, steps = execute([3, 7, 13, 5])
    assert (outcome.units, outcome.cached, outcome.computed) == (4, 0, 2)
    assert outcome.failed == {
        "7": "ZeroDivisionError: by zero",
        "13": "thirteen cannot be done; leave it out.",
    }
    assert said[0] == "4 units, 0 cached, 4 to do"
    assert "unit '7' failed: ZeroDivisionError: by zero" in said and steps[-1] == ("units", 4, 4)
    arrays = STAGE.load("shared", 3)
    assert (arrays["threads"] == 1).all() and arrays["x"].tolist() == [0, 1, 2]
    with pytest.raises(RunFailed, match="2 units failed, first '7': ZeroDivisionError"):
        outcome.check("units")
    (path,) = STAGE.files("shared", 3)
    path.write_bytes(path.read_bytes()[:50])
    outcome, said, _ = execute([3, 5])
    assert (outcome.cached, outcome.computed, outcome.failed) == (1, 1, {})
    assert "the cached file of '3' is broken" in said[0]


def script(text):
    """Start a script that may start processes; returns it and a number that it prints."""
    code = f"import os, time\nfrom genebench.core import workers\npool = workers.pool(1)\n{text}"
    return subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, cwd=paths.ROOT)


def test_workers_leave_when_their_parent_is_killed():
    parent = script("print(pool.submit(os.getpid).result(), flush=True); time.sleep(60)")
    worker = int(parent.stdout.readline())
    parent.kill()
    parent.communicate()
    deadline = time.monotonic() + 10
    while os.path.exists(f"/proc/{worker}"):
        time.sleep(0.1)
        assert time.monotonic() < deadline, os.kill(worker, signal.SIGKILL)


def test_a_stopped_pool_ends_at_once():
    process = script(
        "futures = [pool.submit(time.sleep, 30) for _ in range(5)]\ntime.sleep(1.5)\n"
        "began = time.monotonic()\nworkers.stop(pool)\npool.shutdown()\n"
        "print(time.monotonic() - began)"
    )
    assert float(process.communicate(timeout=100)[0]) < 15
