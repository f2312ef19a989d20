"""Runs that are really killed: the same command again gives the bytes of an undisturbed run.

With ``--record`` what was seen is written to ``data/results/reliability/faults.csv``, which a page
of the book shows.
"""

import os
import random
import resource
import signal
import subprocess
import sys
import time

import pytest
from helpers import make_home, sha256

from genebench.benchmark import results

PATIENCE = 1400
"""Seconds that a run may take on a machine with much other work."""
FILES = ("scores.parquet", *results.BESIDE)
pytestmark = [pytest.mark.slow, pytest.mark.timeout(20 * PATIENCE)]


def digests(home):
    """SHA-256 of every table of results of a project."""
    return {name: sha256(home / "data" / "results" / "tiny" / name) for name in FILES}


def command(home, **options):
    """Start a run as a user would, in a session of its own."""
    hidden = ("GENEBENCH_CACHE", "GENEBENCH_RESULTS", "GENEBENCH_MIRROR")
    environment = {k: v for k, v in os.environ.items() if k not in hidden}
    environment |= {"GENEBENCH_HOME": str(home), "OMP_NUM_THREADS": "1"}
    words = [sys.executable, "-m", "genebench", "run", "-p", "tiny", "-j", "2"]
    # a job in the background would ignore Ctrl-C
    handler = signal.signal(signal.SIGINT, signal.default_int_handler)
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    try:
        return subprocess.Popen(words, env=environment, start_new_session=True, **pipes, **options)
    finally:
        signal.signal(signal.SIGINT, handler)


def output(process):
    """Wait; returns everything that was printed."""
    return "".join(process.communicate(timeout=PATIENCE))


def finished_cells(home):
    files = (home / ".cache" / "cells").glob("*/*.json")
    return len([p for p in files if "-oof" not in p.name and not p.name.startswith(".")])


def wait_for(home, number, process):
    """Return when that many cells are finished, or the run is over."""
    deadline = time.monotonic() + 200
    while finished_cells(home) < number and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.003)


def again(home, finished, faults, fault, before, outcome):
    """The same command to its end: what was finished is not computed again, every byte is right."""
    process = command(home)
    printed = output(process)
    assert process.returncode == 0, printed
    line = next(line for line in printed.splitlines() if line.startswith("60 cells:"))
    cached, same = int(line.split()[2]), digests(home) == digests(finished.folder)
    faults(fault, max(0, before - cached), same, outcome)
    assert same and cached >= before


@pytest.fixture
def fresh(tmp_path):
    """A project of which nothing was run yet."""
    return make_home(tmp_path / "home")


@pytest.mark.parametrize("number", [1, 45])
def test_kill_of_the_run(fresh, finished, faults, number):
    process = command(fresh)
    wait_for(fresh, number, process)
    os.killpg(process.pid, signal.SIGKILL)
    output(process)
    assert process.returncode == -signal.SIGKILL
    assert not (fresh / "data" / "results").exists()
    done = finished_cells(fresh)
    again(fresh, finished, faults, "kill -9 of the run", done, "goes on where it was")


def test_kill_of_one_worker_process(fresh, finished, faults):
    process = command(fresh)
    wait_for(fresh, 30, process)
    with open(f"/proc/{process.pid}/task/{process.pid}/children") as stream:
        children = [int(p) for p in stream.read().split()]
    workers = [p for p in children if b"spawn_main" in open(f"/proc/{p}/cmdline", "rb").read()]
    os.kill(workers[0], signal.SIGKILL)
    printed = output(process)
    assert process.returncode == 1 and "a worker process died" in printed
    assert "Traceback" not in printed
    fault = "kill -9 of a worker process"
    done = finished_cells(fresh)
    again(fresh, finished, faults, fault, done, "one sentence; goes on where it was")


def test_interrupted_at_random_moments(fresh, finished, faults):
    rng, stopped = random.Random(20), 0
    for _ in range(20):
        before, process = finished_cells(fresh), command(fresh)
        time.sleep(rng.uniform(0.2, 12))
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGINT)
            printed = output(process)
            assert process.returncode in (130, -signal.SIGINT, 1, 0), printed
            stopped += process.returncode != 0
        else:
            output(process)
        assert finished_cells(fresh) >= before
    fault, outcome = "Ctrl-C at a random moment", "what was finished is kept"
    for _ in range(stopped - 1):
        faults(fault, 0, True, outcome)
    again(fresh, finished, faults, fault, finished_cells(fresh), outcome)
    assert stopped >= 5


def test_two_runs_at_once_on_one_cache(fresh, finished, faults):
    both = [command(fresh), command(fresh)]
    printed = [output(p) for p in both]
    assert [p.returncode for p in both] == [0, 0], printed
    again(fresh, finished, faults, "two runs at once on one cache", 60, "both end well")


def test_a_file_size_limit_that_is_hit(fresh, finished, faults):
    limit = (6000, 6000)
    process = command(fresh, preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, limit))
    printed = output(process)
    assert process.returncode == 1 and "Traceback" not in printed, printed
    assert not (fresh / "data" / "results").exists()
    outcome = "one sentence; goes on where it was"
    again(fresh, finished, faults, "file size limit hit", finished_cells(fresh), outcome)


@pytest.fixture
def small_disk(tmp_path):
    """A file system of 400 kB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=400k", "tmpfs", str(folder)]
    if subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("no file system can be mounted here")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


@pytest.mark.parametrize(
    "before, after, words",
    [("size=400k", "size=100m", "No space left"), ("ro", "rw", "Read-only file system")],
)
def test_a_full_or_read_only_disk(small_disk, finished, faults, before, after, words):
    def remount(options):
        command = ["mount", "-o", f"remount,{options}", str(small_disk)]
        subprocess.run(command, check=True)

    if before == "ro":
        remount("size=100m")
    home = make_home(small_disk / "home")
    remount(before)
    process = command(home)
    printed = output(process)
    assert process.returncode == 1 and words in printed and "Traceback" not in printed, printed
    remount(after)
    fault = "read-only cache" if before == "ro" else "disk full"
    done = finished_cells(home)
    again(home, finished, faults, fault, done, "one sentence; goes on where it was")
