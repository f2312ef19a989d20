"""Faults, one by one: after each, the same command again gives the bytes of an undisturbed run and redoes one cell.

With ``--record`` what was seen is written to ``data/results/reliability/faults.csv``, which a page of the book shows.
"""

from __future__ import annotations

import errno
import json
import os
import random
import resource
import shutil
import signal
import subprocess
import sys
import time

import pytest
import yaml
from helpers import forget, make_home, sha256, write_yaml

from genebench.benchmark import plan, predictions, resampling, results, run
from genebench.core import cache, paths, specs
from genebench.models import inference

PATIENCE = 1400
"""Seconds that a run may take on a machine with much other work."""
FILES = ("scores.parquet", *results.BESIDE)


def digests(home) -> dict[str, str]:
    """SHA-256 of every table of results of a home."""
    return {name: sha256(home / "data" / "results" / "tiny" / name) for name in FILES}


def rerun(said=None) -> run.Outcome:
    """The same run again, in this process."""
    forget()
    return run.run("tiny", jobs=1, say=(said if said is not None else []).append)


@pytest.fixture
def check(finished, faults):
    """Run again in the home entered, compare every byte, and note the fault."""

    def checked(fault: str, outcome: str, *, most: int = 1) -> list[str]:
        said: list[str] = []
        again = rerun(said)
        identical = digests(paths.ROOT) == digests(finished.folder)
        faults(fault, again.computed, identical, outcome)
        assert identical and again.failed == {} and again.computed <= most
        forget()
        assert run.run("tiny", jobs=1, say=lambda text: None).computed == 0
        return said

    return checked


# --- files that were damaged ------------------------------------------------------------------------------------------


def cell():
    """A cell in the middle of the plan."""
    return plan.cell_path(plan.plan("tiny")[7])


def vectors():
    """The cached vectors of a model."""
    return inference.path(specs.model("part"), plan.context("tiny").universe, specs.declared())


def folds():
    """The cached folds of a block."""
    return sorted(paths.FOLDS.glob("*.npz"))[0]


def board():
    """A cached board of intervals."""
    return resampling.path(resampling.gather(plan.plan("tiny"))[0])


def flip(path, rng) -> None:
    """Turn one bit."""
    held = bytearray(path.read_bytes())
    held[rng.randrange(len(held))] ^= 1 << rng.randrange(8)
    path.write_bytes(held)


def cut(path, rng) -> None:
    """Lose the end."""
    path.write_bytes(path.read_bytes()[: rng.randrange(1, path.stat().st_size)])


PLACES = {
    "rows of a cell": cell,
    "predictions of a cell": lambda: predictions.path(cell()),
    "note beside a cell": lambda: cache.sidecar(cell()),
    "vectors": vectors,
    "folds": folds,
    "board of intervals": board,
    "scores.parquet": lambda: results.scores_path("tiny"),
    "manifest.json": lambda: results.manifest_path("tiny"),
    "means.csv": lambda: results.beside_path("tiny", "means.csv"),
}


OUTCOMES = {
    "folds": "not read while its cells are there; else known by its SHA-256",
    "scores.parquet": "known by its SHA-256 in the manifest, written again from the cells",
    "manifest.json": "known by its own seal, written again from the cells",
    "means.csv": "written again by every run",
}


@pytest.mark.parametrize(
    "damage", [flip, pytest.param(cut, marks=pytest.mark.slow)], ids=["flip", "cut"]
)
@pytest.mark.parametrize("place", PLACES)
def test_a_damaged_file_is_known_and_made_again(warm, check, place, damage):
    damage(PLACES[place](), random.Random(len(place)))
    what = {"flip": "one bit turned in: ", "cut": "end lost of: "}[damage.__name__]
    check(what + place, OUTCOMES.get(place, "known by its SHA-256, made again"))
    assert results.sealed("tiny") is True and results.validate_path(paths.results("tiny")) == []


def test_no_turned_bit_of_a_cell_is_ever_read(warm):
    rng, path = random.Random(1), cell()
    files = [
        path,
        predictions.path(path),
        cache.sidecar(path),
        cache.sidecar(predictions.path(path)),
    ]
    sound = {p: p.read_bytes() for p in files}
    for i in range(200):
        hit = files[i % 4]
        flip(hit, rng)
        assert "broken" in {cache.state(path), cache.state(predictions.path(path))}, hit
        hit.write_bytes(sound[hit])
    assert {cache.state(path), cache.state(predictions.path(path))} == {"ready"}


def test_a_turned_bit_of_the_scores_is_told_by_validate(warm):
    rng, path = random.Random(2), results.scores_path("tiny")
    sound = path.read_bytes()
    assert results.validate_path(path.parent) == []
    for _ in range(30):
        flip(path, rng)
        try:
            assert results.validate_path(path.parent)
        except results.BadInput:
            pass
        path.write_bytes(sound)


def test_half_written_files_of_a_killed_run_are_never_read(warm, check):
    for folder in (
        cell().parent,
        paths.EMBEDDINGS,
        paths.FOLDS,
        results.scores_path("tiny").parent,
    ):
        (folder / ".half.parquet").write_bytes(b"PAR1half")
        (folder / ".half.json").write_text("{")
    check("half-written files left behind", "never read", most=0)


# --- a place that cannot be written, a clock that goes wrong ----------------------------------------------------------


@pytest.mark.slow
def test_a_clock_that_goes_back_changes_nothing(home, finished, faults, monkeypatch):
    start = time.time()
    moved = iter(range(10**9))
    monkeypatch.setattr(time, "time", lambda: start - 10 * next(moved))
    outcome = run.run("tiny", jobs=1, say=lambda text: None)
    for path in paths.CACHE.rglob("*"):
        os.utime(path, (1, 1))
    again = rerun()
    identical = digests(paths.ROOT) == digests(finished.folder)
    faults("clock going back", again.computed, identical, "no time is compared")
    assert identical and outcome.computed == 60 and again.computed == 0


@pytest.mark.parametrize(
    "number", [pytest.param(errno.EROFS, marks=pytest.mark.slow), errno.ENOSPC]
)
def test_a_place_that_cannot_be_written_stops_the_run_and_costs_nothing(
    home, finished, monkeypatch, number
):
    right, calls = cache.os.replace, iter(range(10**9))

    def replace(a, b):
        if next(calls) >= 25:
            raise OSError(number, os.strerror(number), str(b))
        right(a, b)

    monkeypatch.setattr(cache.os, "replace", replace)
    with pytest.raises(OSError):
        run.run("tiny", jobs=1, say=lambda text: None)
    assert not results.scores_path("tiny").exists()
    monkeypatch.setattr(cache.os, "replace", right)
    assert rerun().cached > 0 and digests(paths.ROOT) == digests(finished.folder)
    assert not [p for p in paths.CACHE.rglob(".*") if p.is_file()]


def test_a_warm_cache_that_is_read_only_is_enough(warm, finished, monkeypatch):
    shutil.rmtree(paths.results("tiny"))
    right = cache.atomic

    def refuse(path):
        if path.is_relative_to(paths.CACHE):
            raise OSError(errno.EROFS, "Read-only file system", str(path))
        return right(path)

    monkeypatch.setattr(cache, "atomic", refuse)
    assert rerun().computed == 0 and digests(paths.ROOT) == digests(finished.folder)


# --- real processes, really killed ------------------------------------------------------------------------------------


def command(home, *more: str, **options) -> subprocess.Popen:
    """Start ``genebench`` as a user would, in a session of its own."""
    env = {
        **os.environ,
        "GENEBENCH_HOME": str(home),
        "OMP_NUM_THREADS": "1",
        **options.pop("env", {}),
    }
    env = {
        k: v
        for k, v in env.items()
        if k not in ("GENEBENCH_CACHE", "GENEBENCH_RESULTS", "GENEBENCH_MIRROR")
    }
    given = [sys.executable, "-m", "genebench", *(more or ("run", "-p", "tiny", "-j", "2"))]
    heeded = signal.signal(
        signal.SIGINT, signal.default_int_handler
    )  # a job in the background would ignore Ctrl-C
    try:
        return subprocess.Popen(
            given,
            env=env,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
            **options,
        )
    finally:
        signal.signal(signal.SIGINT, heeded)


def ended(process: subprocess.Popen) -> str:
    """Wait; returns all that was said."""
    out, err = process.communicate(timeout=PATIENCE)
    return out + err


def made(home) -> int:
    """Cells that are finished."""
    kept = (home / ".cache" / "cells").glob("*/*.json")
    return len([p for p in kept if "-oof" not in p.name and not p.name.startswith(".")])


def wait_for(home, number: int, process: subprocess.Popen) -> None:
    """Return when that many cells are finished, or the run is over."""
    deadline = time.monotonic() + 200
    while made(home) < number and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.003)


def children(pid: int) -> list[int]:
    """Processes that a process started."""
    with open(f"/proc/{pid}/task/{pid}/children") as held:
        return [int(p) for p in held.read().split()]


def again(home, finished, faults, fault: str, before: int, outcome: str) -> None:
    """The same command to its end: what was finished is not done again, and every byte is as it should be."""
    process = command(home)
    told = ended(process)
    assert process.returncode == 0, told
    line = next(line for line in told.splitlines() if line.startswith("60 cells:"))
    cached = int(line.split()[2])
    identical = digests(home) == digests(finished.folder)
    faults(fault, max(0, before - cached), identical, outcome)
    assert identical and cached >= before


@pytest.fixture
def fresh(tmp_path):
    """A home of which nothing was run yet."""
    return make_home(tmp_path / "home")


@pytest.mark.slow
@pytest.mark.timeout(2 * PATIENCE)
@pytest.mark.parametrize("number", [1, 20, 45])
def test_kill_of_the_run(fresh, finished, faults, number):
    process = command(fresh)
    wait_for(fresh, number, process)
    os.killpg(process.pid, signal.SIGKILL)
    ended(process)
    assert process.returncode == -signal.SIGKILL
    again(fresh, finished, faults, "kill -9 of the run", made(fresh), "goes on where it was")


@pytest.mark.slow
@pytest.mark.timeout(2 * PATIENCE)
@pytest.mark.parametrize("number", [3, 30])
def test_kill_of_one_worker_process(fresh, finished, faults, number):
    process = command(fresh)
    wait_for(fresh, number, process)
    victims = [
        p for p in children(process.pid) if b"spawn_main" in open(f"/proc/{p}/cmdline", "rb").read()
    ]
    os.kill(victims[0], signal.SIGKILL)
    told = ended(process)
    assert process.returncode == 1 and "a worker process died" in told and "Traceback" not in told
    again(
        fresh,
        finished,
        faults,
        "kill -9 of a worker process",
        made(fresh),
        "one sentence; goes on where it was",
    )


@pytest.mark.slow
@pytest.mark.timeout(20 * PATIENCE)
def test_interrupted_at_twenty_random_moments(fresh, finished, faults):
    rng, stopped = random.Random(20), 0
    for _ in range(20):
        before = made(fresh)
        process = command(fresh)
        time.sleep(rng.uniform(0.2, 12))
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGINT)
            told = ended(process)
            assert process.returncode in (130, -signal.SIGINT, 1, 0), told
            stopped += process.returncode != 0
        else:
            ended(process)
        assert made(fresh) >= before
    for _ in range(stopped - 1):
        faults("Ctrl-C at a random moment", 0, True, "what was finished is kept")
    again(
        fresh,
        finished,
        faults,
        "Ctrl-C at a random moment",
        made(fresh),
        "what was finished is kept",
    )
    assert stopped >= 5


@pytest.mark.slow
@pytest.mark.timeout(2 * PATIENCE)
def test_two_runs_at_once_on_one_cache(fresh, finished, faults):
    both = [command(fresh), command(fresh)]
    told = [ended(p) for p in both]
    assert [p.returncode for p in both] == [0, 0], told
    again(fresh, finished, faults, "two runs at once on one cache", 60, "both end well")


@pytest.mark.slow
@pytest.mark.timeout(2 * PATIENCE)
def test_a_file_size_limit_that_is_hit(fresh, finished, faults):
    process = command(
        fresh, preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (6000, 6000))
    )
    told = ended(process)
    assert process.returncode == 1 and "Traceback" not in told, told
    assert not (fresh / "data" / "results").exists()
    again(
        fresh,
        finished,
        faults,
        "file size limit hit",
        made(fresh),
        "one sentence; goes on where it was",
    )


@pytest.fixture
def small_disk(tmp_path):
    """A file system of 400 kB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=400k", "tmpfs", str(folder)], capture_output=True
    )
    if done.returncode:
        pytest.skip("no file system can be mounted here")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


@pytest.mark.slow
@pytest.mark.timeout(2 * PATIENCE)
def test_a_full_disk(small_disk, finished, faults, tmp_path):
    home = make_home(small_disk / "home")
    process = command(home)
    told = ended(process)
    assert process.returncode == 1 and "No space left" in told and "Traceback" not in told, told
    assert not (home / "data" / "results" / "tiny" / "scores.parquet").exists()
    subprocess.run(["mount", "-o", "remount,size=100m", str(small_disk)], check=True)
    again(home, finished, faults, "disk full", made(home), "one sentence; goes on where it was")


@pytest.mark.slow
@pytest.mark.timeout(2 * PATIENCE)
def test_a_cache_that_is_mounted_read_only(small_disk, finished, faults):
    subprocess.run(["mount", "-o", "remount,size=100m", str(small_disk)], check=True)
    home = make_home(small_disk / "home")
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    process = command(home)
    told = ended(process)
    assert (
        process.returncode == 1 and "Read-only file system" in told and "Traceback" not in told
    ), told
    subprocess.run(["mount", "-o", "remount,rw", str(small_disk)], check=True)
    again(home, finished, faults, "read-only cache", 0, "one sentence; goes on where it was")


@pytest.mark.slow
@pytest.mark.timeout(2 * PATIENCE)
def test_kill_of_a_notebook_that_is_being_executed(fresh, faults):
    profiles = yaml.safe_load((fresh / "data" / "profiles.yml").read_text())
    profiles["pages"] = [{"notebook": "slow", "page": "slow"}]
    write_yaml(fresh / "data" / "profiles.yml", profiles)
    (fresh / "notebooks").mkdir()
    (fresh / "genebench").mkdir()
    (fresh / "notebooks" / "slow.py").write_text(
        "# ---\n# jupyter:\n#   kernelspec: {name: python3, language: python, display_name: p}\n# ---\n"
        "# %% [markdown]\n# # Slow\n\n"
        "# %% tags=[\"parameters\"]\nprofile: str = ''  # which\npage: str = ''  # which\n\n"
        "# %%\nimport time; time.sleep(8); print(6 * 7)\n"
    )
    assert command(fresh).wait(PATIENCE) == 0
    out = fresh / ".cache" / "notebooks" / "tiny" / "slow.ipynb"
    process = command(fresh, "notebooks", "-p", "tiny", "-j", "1")
    deadline = time.monotonic() + 120
    while not (out.parent / ".slow.ipynb").exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    os.killpg(process.pid, signal.SIGKILL)
    ended(process)
    assert not out.exists()
    process = command(fresh, "notebooks", "-p", "tiny", "-j", "1")
    told = ended(process)
    shown = [o for c in json.loads(out.read_text())["cells"] for o in c.get("outputs", [])]
    identical = any("42" in "".join(o.get("text", [])) for o in shown)
    faults("kill -9 of papermill", 0, identical, "no half notebook is shown; executed again")
    assert process.returncode == 0 and identical, told


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_ten_thousand_tiny_cells_leave_memory_and_files_flat(faults):
    from genebench.core import workers

    def used() -> tuple[float, int]:
        with open("/proc/self/status") as held:
            told = dict(line.split(":", 1) for line in held)
        return int(told["VmRSS"].split()[0]) / 1024, len(os.listdir("/proc/self/fd"))

    stage, seen = workers.Stage(_gather, _compute, _keep), []
    with workers.pool(2) as pool:
        units = ((i, str(paths.CACHE)) for i in range(10_000))
        for done, (_, why) in enumerate(workers.each(pool, stage, units), start=1):
            assert why == ""
            if done % 1000 == 0:
                seen.append(used())
    shutil.rmtree(paths.CACHE / "tiny-cells", ignore_errors=True)
    memory, files = zip(*seen)
    flat = memory[-1] - memory[1] < 40 and files[-1] - files[1] <= 2
    faults(
        "10,000 tiny cells",
        0,
        flat,
        f"memory {memory[1]:.0f} → {memory[-1]:.0f} MB, files {files[1]} → {files[-1]}",
    )
    assert flat, seen


def _gather(unit):
    return (unit[0],)


def _compute(number):
    return str(number) * 10


def _keep(unit, made):
    from pathlib import Path

    path = Path(unit[1]) / "tiny-cells" / f"{unit[0] % 100}.txt"
    cache.store(path, {"number": unit[0]}, lambda to: to.write_text(made))
