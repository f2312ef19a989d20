"""Speed of Spectra's graphs and splits beside the published package.

Same samples, same splits, same machine.

Every measurement runs in a process of its own, one after the other. Seconds are of the processor,
all threads together; megabytes are the peak of what the work takes beside what the process holds
once its libraries are loaded and warm.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np
import pandas as pd

from genebench.core import manifest, paths
from genebench.core.cache import atomic
from genebench.core.errors import BadInput

COLUMNS = [
    "dataset",
    "mode",
    "n",
    "stage",
    "ours_s",
    "theirs_s",
    "ratio",
    "ours_mb",
    "theirs_mb",
    "identical",
    "splits",
    "edges",
    "ours_wall_s",
    "ours_process_mb",
    "theirs_process_mb",
]
"""What is measured, then how much of it. ``identical``: share of the splits with the train and test
sets of the package; ``…_mb``: peak above the memory of the process before the work;
``…_process_mb``: of the whole process."""

BINARY, WEIGHTS, CORRECTED = "reference, binary", "reference, weights", "corrected, binary"
PARAMETERS = tuple(i / 20 for i in range(21))
SEEDS = (0, 1, 2)

BESIDE = {
    "rrm": (500, 1000, 2000, 5000),
    "tb-pza": (500, 1000, 2000),
    "amyloid": (500, 1000, 2000),
    "gfp": (500, 1000, 2000),
}
"""Sizes of the samples on which the package is run too, by data set."""
LISTED = {"amyloid": ("amyloid", "id", ":")}
"""Barcodes that are a column of a file of ``spectra_published`` and no data set, for few of them
have a label."""
ALONE = {"rrm": (10000, 20000, 0), "tb-pza": (0,), "gfp": (10000, 20000, 0)}
"""Samples of ours alone; 0: all."""
CONTINUOUS_BESIDE, CONTINUOUS_ALONE = (250, 500, 1000), (2000, 5000, 10000)
WHOLE = dict.fromkeys(["n", "splits", "edges"], "Int64")
"""Types of columns of whole numbers, some of which are missing."""
LARGE = 2000
"""Samples from which memory is compared: below, a process's own comings and goings are as large."""
FEW_PARAMETERS, FEW_SEEDS = (0.0, 0.25, 0.5, 0.75, 1.0), (0,)
"""Of the package on graphs with weights, whose time grows with the fourth power of n, and from
``MANY`` samples on."""
MANY = 5000


def barcodes(dataset: str, n: int) -> list[frozenset[str]]:
    """Draw barcodes of a data set.

    Parameters
    ----------
    dataset : str
        A key of ``BESIDE``.
    n : int
        Number of samples, drawn at random; 0: all, in their order.

    Returns
    -------
    list of frozenset of str
        Mutations of each sample.

    Raises
    ------
    sources.Missing
        A file that is nowhere to be had.
    """
    from genebench.core import specs
    from genebench.data import sources
    from genebench.spectra import datasets

    if dataset in LISTED:
        file, column, sep = LISTED[dataset]
        source = specs.declared().source("spectra_published")
        every = [frozenset(text.split(sep)) for text in sources.table(source, file)[column]]
    else:
        data = datasets.declared().datasets[dataset].load()
        marks, rows = np.array(data.marks, dtype=object), data.barcodes
        every = [frozenset(marks[row]) for row in np.split(rows.indices, rows.indptr[1:-1])]
    return [every[i] for i in np.random.default_rng(0).permutation(len(every))[:n]] if n else every


def share(a: frozenset[str], b: frozenset[str]) -> int:
    """Binary property, as the package takes it: 1 where two barcodes have a mutation in common."""
    return int(not a.isdisjoint(b))


def positions(samples: Iterable[frozenset[str]]) -> np.ndarray:
    """First and last mutated position of each barcode of mutations like A141C, (n, 2) int16."""
    rows = [[int(m[1:-1]) for m in sample] for sample in samples]
    return np.array([(min(row), max(row)) for row in rows], dtype=np.int16)


def near(a: np.ndarray, b: np.ndarray) -> float:
    """Continuous property, as the package takes it: 1 / (1 + least distance between positions)."""
    (p, q), (r, s) = a, b
    return 1 / (1 + min(abs(p - r), abs(p - s), abs(q - r), abs(q - s)))


def weighted_graph(positions: np.ndarray):
    """The complete graph of samples by the nearness of their positions, (n, k)."""
    from benchmarks.nearness import from_blocks, nearness

    places = np.ascontiguousarray(positions.T, dtype=np.float64)

    def rows(low: int, high: int) -> np.ndarray:
        return nearness(places, low, high)

    return from_blocks(len(positions), rows, block=256)


def ours(
    samples: list[frozenset[str]], parameters, seeds, *, continuous: bool, mode: str = "reference"
) -> dict:
    """Measure graph and splits by genebench; medians of several runs where they are short."""
    from genebench.spectra import properties, splits

    places = positions(samples) if continuous else None

    def graph():
        return weighted_graph(places) if continuous else properties.shared_mutations(samples)

    make_warm(continuous)
    begin = _memory_now()
    g, graph_s, graph_wall_s = _timed(graph)
    graph_mb = _peak() - begin
    every, splits_s, splits_wall_s = _timed(lambda: splits.splits(g, parameters, seeds, mode=mode))
    sides = {
        pair: tuple(np.flatnonzero(side == k) for k in (1, 2)) if side.any() else None
        for pair, side in every.items()
    }
    return {
        "edges": g.nnz // 2,
        "graph_s": graph_s,
        "graph_wall_s": graph_wall_s,
        "graph_mb": graph_mb,
        "splits_s": splits_s,
        "splits_wall_s": splits_wall_s,
        "splits_mb": _peak() - begin,
        "process_mb": _peak(),
        "splits": digests(sides),
    }


def _timed(
    work: Callable[[], object], *, runs: int = 25, enough: float = 0.5
) -> tuple[object, float, float]:
    """Output of some work, and medians of its processor and wall seconds over several runs."""
    cpu, wall = [], []
    while not cpu or (len(cpu) < runs and sum(cpu) < enough):
        start = time.process_time(), time.perf_counter()
        output = work()
        cpu.append(time.process_time() - start[0])
        wall.append(time.perf_counter() - start[1])
    return output, float(np.median(cpu)), float(np.median(wall))


def make_warm(continuous: bool) -> None:
    """Load, and where nothing is cached compile, all the loops that ``ours`` uses."""
    from genebench.spectra import properties, splits

    g = properties.shared_mutations([{f"A{i % 7}C", f"A{i % 5}D"} for i in range(40)])
    g = weighted_graph(np.arange(18).reshape(9, 2)) if continuous else g
    try:
        for mode in ("corrected", "reference"):
            splits.splits(g, [0.5], [0], mode=mode)
    except splits.Unsplittable:
        pass


def theirs(samples: list[frozenset[str]], parameters, seeds, *, continuous: bool) -> dict:
    """Measure graph and splits by the published package."""
    import networkx  # noqa: F401 - its import is no part of the work
    import scipy.stats  # noqa: F401
    import spectrae  # noqa: F401

    from benchmarks import spectrae as package

    samples = [row.tolist() for row in positions(samples)] if continuous else samples
    begin, graph = _memory_now(), []
    result = package.run(
        samples,
        near if continuous else share,
        parameters,
        seeds,
        binary=not continuous,
        after_graph=lambda: graph.append(_peak() - begin),
    )
    return {
        "graph_s": result.graph_s,
        "splits_s": result.splits_s,
        "edges": result.edges,
        "graph_mb": graph[0],
        "splits_mb": _peak() - begin,
        "process_mb": _peak(),
        "splits": digests(result.splits),
    }


def digests(splits: dict) -> dict[str, str]:
    """Digest of the sets of train and test samples of each split, by its λ and seed."""

    def digest(split) -> str:
        if split is None:
            return "none"
        sides = [np.sort(np.asarray(side, dtype="<i4")) for side in split]
        return hashlib.sha256(sides[0].tobytes() + b"|" + sides[1].tobytes()).hexdigest()[:16]

    return {f"{parameter} {seed}": digest(split) for (parameter, seed), split in splits.items()}


def _memory_now() -> float:
    """Memory of the process, in MiB; where the system can, the peak starts anew from here."""
    try:
        Path("/proc/self/clear_refs").write_text("5")
    except OSError:
        return _peak()
    return _of_status("VmRSS")


def _peak() -> float:
    """The process's peak since ``_memory_now``, in MiB (but on Linux: since its start)."""
    try:
        return _of_status("VmHWM")
    except OSError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _of_status(name: str) -> float:
    lines = Path("/proc/self/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith(name)).split()[1]) / 1024


def print_one(
    who: str, dataset: str, n: int, continuous: bool, few: bool, mode: str = "reference"
) -> None:
    """Print one measurement as JSON; run in a process of its own."""
    parameters, seeds = (FEW_PARAMETERS, FEW_SEEDS) if few else (PARAMETERS, SEEDS)
    samples = barcodes(dataset, n)
    options = {"mode": mode} if who == "ours" else {}
    work = {"ours": ours, "theirs": theirs}[who]
    result = work(samples, parameters, seeds, continuous=continuous, **options)
    print(json.dumps({"n": len(samples)} | result))


def _in_process(code: str, what: str, **environment: str) -> str:
    """Output of some lines of Python with this module as ``p``, in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-c", f"from benchmarks import spectra as p; {code}"],
        capture_output=True,
        text=True,
        cwd=paths.ROOT,
        env=os.environ | environment,
    )
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["it printed nothing"])[-1]
        raise BadInput(f"measuring {what} failed ({last}); fix that and run it again.")
    return done.stdout.splitlines()[-1]


def alone(
    who: str, dataset: str, n: int, *, continuous: bool, few: bool, mode: str = "reference"
) -> dict:
    """``print_one`` in a process of its own."""
    arguments = ", ".join(map(repr, (who, dataset, n, continuous, few, mode)))
    what = f"{who} on {n} samples of '{dataset}'"
    return json.loads(_in_process(f"p.print_one({arguments})", what))


def compile_seconds() -> float:
    """Processor seconds to compile all loops of mode ``reference`` for the first time."""
    code = (
        "import numba, time; from genebench.spectra import properties, splits; "
        "s = time.process_time(); p.make_warm(False); print(time.process_time() - s)"
    )
    with tempfile.TemporaryDirectory() as folder:
        return float(_in_process(code, "the compilation", NUMBA_CACHE_DIR=folder))


def rows(dataset: str, n: int, mode: str, *, beside: bool) -> list[dict]:
    """Rows of ``COLUMNS`` of one data set and size: the graph, the splits, and both together."""
    continuous = mode == WEIGHTS
    options = {"continuous": continuous, "few": beside and (continuous or n >= MANY)}
    mine = alone("ours", dataset, n, mode=mode.split(",")[0], **options)
    other = alone("theirs", dataset, n, **options) if beside else {}
    same = [mine["splits"][key] == value for key, value in other.get("splits", {}).items()]
    out = []
    for stage in ("graph", "splits", "both"):
        parts = ("graph", "splits") if stage == "both" else (stage,)
        memory = "graph_mb" if stage == "graph" else "splits_mb"
        seconds = sum(mine[f"{part}_s"] for part in parts)
        others = sum(other.get(f"{part}_s", np.nan) for part in parts)
        row = {"dataset": dataset, "mode": mode, "n": mine["n"], "stage": stage}
        row |= {"ours_s": seconds, "theirs_s": others, "ratio": others / seconds}
        row |= {"ours_wall_s": sum(mine[f"{part}_wall_s"] for part in parts)}
        row |= {"ours_mb": mine[memory], "theirs_mb": other.get(memory, np.nan)}
        row |= {"ours_process_mb": mine["process_mb"]}
        row |= {"theirs_process_mb": other.get("process_mb", np.nan)}
        row |= {"edges": mine["edges"], "splits": len(mine["splits"])}
        row["identical"] = np.mean(same) if same and stage != "graph" else np.nan
        out.append(row)
    return out


def cases() -> list[tuple[str, int, str, bool]]:
    """Data set, samples (0: all), mode, and beside the package or not; the longest are last."""
    modes = (BINARY, CORRECTED)
    out = [(d, n, mode, False) for mode in modes for d, sizes in ALONE.items() for n in sizes]
    out += [("rrm", n, WEIGHTS, True) for n in CONTINUOUS_BESIDE]
    out += [("rrm", n, WEIGHTS, False) for n in CONTINUOUS_ALONE]
    beside = [(dataset, n, BINARY, True) for dataset, sizes in BESIDE.items() for n in sizes]
    return out + sorted(beside, key=lambda case: (case[0] == "gfp", case[1], case[0] != "rrm"))


def measure(*, again: bool = False, say: Callable[[str], None] = print) -> pd.DataFrame:
    """Measure every case (eight minutes, most of them the package's).

    Parameters
    ----------
    again : bool
        Measure also the cases that were measured before.
    say : callable
        Receives one sentence a case.

    Returns
    -------
    DataFrame
        Rows of ``COLUMNS``, which are written as they come.
    """
    none = pd.DataFrame(columns=COLUMNS)
    before = pd.read_csv(_path()) if _path().exists() else none
    frame = none if again else before
    if not (frame.stage == "compile, once").any():
        first = {"dataset": "all", "mode": BINARY, "stage": "compile, once"}
        frame = pd.DataFrame([{**first, "ours_s": compile_seconds()}], columns=COLUMNS)
    began, todo = time.perf_counter(), cases()
    for i, (dataset, n, mode, beside) in enumerate(todo, 1):
        done = frame[(frame.dataset == dataset) & (frame["mode"] == mode)]
        if (done.n == (n or len(barcodes(dataset, 0)))).any():
            continue
        new = pd.DataFrame(rows(dataset, n, mode, beside=beside))
        frame = pd.concat([frame, new[COLUMNS]], ignore_index=True)
        # one case at most is lost, and none that was measured before
        every = [part for part in (frame, before) if len(part)]
        write(pd.concat(every).drop_duplicates(["dataset", "mode", "n", "stage"]))
        last = new.iloc[-1]
        say(
            f"{i}/{len(todo)}, {time.perf_counter() - began:.0f} s: {dataset} n={last.n} {mode}: "
            f"{last.ours_s:.4g} s, {last.theirs_s:.4g} s by the package, identical "
            f"{last.identical:.3f}"
        )
    write(frame)
    return frame


def write(frame: pd.DataFrame) -> None:
    """Write ``data/results/perf/spectra.csv``, seconds and megabytes rounded to four digits."""
    with atomic(_path()) as temporary:
        frame.astype(WHOLE).to_csv(temporary, index=False, float_format="%.4g")
    manifest.note(_path())


def speeds(*, measured_on: str = "") -> pd.DataFrame:
    """Read the measurements.

    Parameters
    ----------
    measured_on : str
        A device: measure anew first.

    Returns
    -------
    DataFrame
        Rows of ``COLUMNS``.

    Raises
    ------
    BadInput
        Nothing was measured.
    """
    if measured_on:
        measure(again=True)
    if not _path().exists():
        raise BadInput(f"{_path()} is not there; run 'python -m benchmarks.spectra'.")
    return pd.read_csv(_path(), dtype=WHOLE)


def _path() -> Path:
    return paths.PERF / "spectra.csv"


TITLES = {"rrm": "RRM", "tb-pza": "TB pyrazinamide", "amyloid": "amyloid beta", "gfp": "GFP"}


def growth(frame: pd.DataFrame) -> pd.DataFrame:
    """Processor seconds of one graph and of one split: ``stage, case, who, n, seconds``."""
    chosen = frame.stage.isin(["graph", "splits"]) & (frame["mode"] != CORRECTED)
    frame = frame[chosen].copy()
    frame["case"] = frame.dataset.map(TITLES) + np.where(frame["mode"] == BINARY, "", ", weights")
    columns = {"genebench": "ours_s", "published package": "theirs_s"}
    parts = [frame.assign(who=who, seconds=frame[column]) for who, column in columns.items()]
    out = pd.concat(parts, ignore_index=True).dropna(subset="seconds")
    out["seconds"] /= np.where(out.stage == "splits", out.splits, 1)
    out["stage"] = out.stage.map({"graph": "properties and graph", "splits": "one split"})
    return out[["stage", "case", "who", "n", "seconds"]]


def headline(frame: pd.DataFrame) -> pd.DataFrame:
    """Range over the cases measured beside the package: ``what, least, most``."""
    measured = frame[frame.ratio.notna()]
    beside = measured[measured["mode"] == BINARY]
    ratio, weighed = (
        measured[measured["mode"] == mode].groupby("stage").ratio.agg(["min", "max"])
        for mode in (BINARY, WEIGHTS)
    )
    over = "processor time of the package over ours"
    rows = [
        (f"{over}, properties and graph", *ratio.loc["graph"]),
        (f"{over}, splits", *ratio.loc["splits"]),
        ("share of splits that are identical", frame.identical.min(), frame.identical.max()),
        ("the same with weights, graph", *weighed.loc["graph"]),
        ("the same with weights, splits", *weighed.loc["splits"]),
    ]
    ends = {"graph": "until the graph is made", "splits": "until all splits are made"}
    for stage, until in ends.items():
        large = beside[(beside.stage == stage) & (beside.n >= LARGE)]
        more = large.theirs_mb / large.ours_mb
        what = f"memory of the package over ours, {until}, from {LARGE:,} samples"
        rows.append((what, more.min(), more.max()))
    for mode, name in ((BINARY, "binary"), (CORRECTED, "corrected"), (WEIGHTS, "with weights")):
        chosen = (frame["mode"] == mode) & (frame.stage == "both") & (frame.dataset == "rrm")
        for row in frame[chosen].nlargest(1, "n").itertuples():
            of = f"RRM {name}, {row.n:,.0f} samples"
            rows.append((f"seconds by the clock, {of}", *[row.ours_wall_s] * 2))
            rows.append((f"MB of the whole process, {of}", *[row.ours_process_mb] * 2))
    return pd.DataFrame(rows, columns=["what", "least", "most"])


def main(given: list[str]) -> None:
    """``python -m benchmarks.spectra``: measure every case and write the rows."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument(
        "--again", action="store_true", help="measure anew what was measured before"
    )
    measure(
        again=parser.parse_args(given).again,
        say=lambda text: print(text, file=sys.stderr, flush=True),
    )


if __name__ == "__main__":
    main(sys.argv[1:])
