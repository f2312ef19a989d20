"""How fast Spectra's graphs and splits are made, beside the published package: same samples, same
splits, same machine.

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

from genebench.core import paths
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
"""What is measured, then how much of it. ``identical``: share of the splits with the package's very
train and test sets; ``…_mb``: peak above what the process held before the work; ``…_process_mb``:
of the whole process."""

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
LARGE = 2000
"""Samples from which memory is compared: below, a process's own comings and goings are as large."""
FEW_PARAMETERS, FEW_SEEDS = (0.0, 0.25, 0.5, 0.75, 1.0), (0,)
"""Of the package on graphs with weights, whose time grows with the fourth power of n, and from
``MANY`` samples on."""
MANY = 5000


def barcodes(dataset: str, n: int) -> list[frozenset[str]]:
    """Mutations of n samples of a data set, drawn at random (0: all, in their order).

    Raises: sources.Missing: its file is nowhere to be had.
    """
    from genebench.core import specs
    from genebench.data import sources
    from genebench.spectra import datasets

    if dataset in LISTED:
        file, column, sep = LISTED[dataset]
        every = [
            frozenset(text.split(sep))
            for text in sources.table(specs.source("spectra_published"), file)[column]
        ]
    else:
        data = datasets.load(dataset)
        held = data.barcodes
        ends = zip(held.indptr[:-1], held.indptr[1:])
        every = [frozenset(data.marks[m] for m in held.indices[low:high]) for low, high in ends]
    return [every[i] for i in np.random.default_rng(0).permutation(len(every))[:n]] if n else every


def share(a: frozenset[str], b: frozenset[str]) -> int:
    """The binary property, as it is given to the package: 1 where two barcodes have a mutation in
    common."""
    return int(not a.isdisjoint(b))


def positions(samples: Iterable[frozenset[str]]) -> np.ndarray:
    """First and last mutated position of each barcode of mutations like A141C, (n, 2) int16."""
    held = [[int(m[1:-1]) for m in sample] for sample in samples]
    return np.array([(min(row), max(row)) for row in held], dtype=np.int16)


def near(a: np.ndarray, b: np.ndarray) -> float:
    """The continuous property, as it is given to the package: 1 / (1 + least distance between
    mutated positions)."""
    (p, q), (r, s) = a, b
    return 1 / (1 + min(abs(p - r), abs(p - s), abs(q - r), abs(q - s)))


def ours(
    samples: list[frozenset[str]], parameters, seeds, *, continuous: bool, mode: str = "reference"
) -> dict:
    """Graph and splits by genebench; medians of three runs where they are short."""
    from genebench.spectra import properties, splits

    places = positions(samples) if continuous else None

    def graph():
        return properties.nearness(places) if continuous else properties.shared_mutations(samples)

    make_warm(continuous)
    begin = _memory_now()
    g, graph_s, graph_wall_s = _timed(graph)
    graph_mb = _peak() - begin
    made, splits_s, splits_wall_s = _timed(lambda: splits.splits(g, parameters, seeds, mode=mode))
    return {
        "edges": g.m,
        "graph_s": graph_s,
        "graph_wall_s": graph_wall_s,
        "graph_mb": graph_mb,
        "splits_s": splits_s,
        "splits_wall_s": splits_wall_s,
        "splits_mb": _peak() - begin,
        "process_mb": _peak(),
        "splits": digests(
            {pair: None if s is None else (s.train, s.test) for pair, s in made.items()}
        ),
    }


def _timed(
    work: Callable[[], object], *, runs: int = 25, enough: float = 0.5
) -> tuple[object, float, float]:
    """What the work gives, and the medians of its processor and wall seconds, over runs until there
    were enough."""
    cpu, wall = [], []
    while not cpu or (len(cpu) < runs and sum(cpu) < enough):
        start = time.process_time(), time.perf_counter()
        made = work()
        cpu.append(time.process_time() - start[0])
        wall.append(time.perf_counter() - start[1])
    return made, float(np.median(cpu)), float(np.median(wall))


def make_warm(continuous: bool) -> None:
    """Load, and where nothing is kept compile, all the loops that ``ours`` uses, on samples of no
    interest."""
    from genebench.spectra import properties, splits

    few = [frozenset((f"A{i % 7}C", f"A{i % 5}D")) for i in range(40)]
    g = properties.shared_mutations(few, continuous=continuous)
    g = properties.nearness(np.arange(18).reshape(9, 2)) if continuous else g
    try:
        for mode in ("corrected", "reference"):
            splits.splits(g, [0.5], [0], mode=mode)
    except splits.Unsplittable:
        pass


def theirs(samples: list[frozenset[str]], parameters, seeds, *, continuous: bool) -> dict:
    """Graph and splits by the published package."""
    import networkx  # noqa: F401 - what is loaded before the work is no part of it
    import scipy.stats  # noqa: F401
    import spectrae  # noqa: F401

    from benchmarks import spectrae as package

    given = [row.tolist() for row in positions(samples)] if continuous else samples
    begin, graph = _memory_now(), []
    made = package.run(
        given,
        near if continuous else share,
        parameters,
        seeds,
        binary=not continuous,
        after_graph=lambda: graph.append(_peak() - begin),
    )
    out = {
        "graph_s": made.graph_s,
        "splits_s": made.splits_s,
        "edges": made.edges,
        "graph_mb": graph[0],
    }
    return out | {
        "splits_mb": _peak() - begin,
        "process_mb": _peak(),
        "splits": digests(made.splits),
    }


def digests(made: dict) -> dict[str, str]:
    """A short digest of the sets of train and test samples of each split, by its λ and seed."""

    def digest(split) -> str:
        if split is None:
            return "none"
        sides = [np.sort(np.asarray(side, dtype="<i4")) for side in split]
        return hashlib.sha256(sides[0].tobytes() + b"|" + sides[1].tobytes()).hexdigest()[:16]

    return {f"{parameter} {seed}": digest(split) for (parameter, seed), split in made.items()}


def _memory_now() -> float:
    """What the process holds, in MiB; where the system can, the peak starts anew from here."""
    try:
        Path("/proc/self/clear_refs").write_text("5")
    except OSError:
        return _peak()
    return _of_status("VmRSS")


def _peak() -> float:
    """The process's peak since ``_memory_now``, in MiB (where the system cannot tell: since its
    start)."""
    try:
        return _of_status("VmHWM")
    except OSError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _of_status(name: str) -> float:
    lines = Path("/proc/self/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith(name)).split()[1]) / 1024


def print_one(
    who: str, dataset: str, n: int, continuous: int, few: int, mode: str = "reference"
) -> None:
    """One measurement, printed as JSON; run in a process of its own."""
    parameters, seeds = (FEW_PARAMETERS, FEW_SEEDS) if few else (PARAMETERS, SEEDS)
    samples = barcodes(dataset, n)
    options = {"mode": mode} if who == "ours" else {}
    work = {"ours": ours, "theirs": theirs}[who]
    print(
        json.dumps(
            {"n": len(samples)}
            | work(samples, parameters, seeds, continuous=bool(continuous), **options)
        )
    )


def alone(
    who: str, dataset: str, n: int, *, continuous: bool, few: bool, mode: str = "reference"
) -> dict:
    """``print_one`` in a process of its own."""
    given = ", ".join(map(repr, (who, dataset, n, int(continuous), int(few), mode)))
    code = f"from genebench import perf_spectra as p; p.print_one({given})"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=paths.ROOT
    )
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["it said nothing"])[-1]
        raise BadInput(
            f"measuring {who} on {n} samples of '{dataset}' failed ({last}); mend that and run it again."
        )
    return json.loads(done.stdout.splitlines()[-1])


def compile_seconds() -> float:
    """Processor seconds to compile all loops of mode ``reference`` for the first time on a machine.
   """
    code = (
        "import time; from genebench import perf_spectra as p; from genebench.spectra import properties, splits; "
        "import numba; s = time.process_time(); p.make_warm(False); print(time.process_time() - s)"
    )
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run(
            [sys.executable, "-c", code],
            capture_output=True,
            text=True,
            check=True,
            cwd=paths.ROOT,
            env=os.environ | {"NUMBA_CACHE_DIR": folder},
        )
    return float(done.stdout)


def rows(dataset: str, n: int, mode: str, *, beside: bool) -> list[dict]:
    """Rows of ``COLUMNS`` of one data set and size: the graph, the splits, and both together."""
    continuous = mode == WEIGHTS
    few = beside and (continuous or n >= MANY)
    mine = alone("ours", dataset, n, continuous=continuous, few=few, mode=mode.split(",")[0])
    other = alone("theirs", dataset, n, continuous=continuous, few=few) if beside else {}
    same = [mine["splits"][key] == value for key, value in other.get("splits", {}).items()]
    out = []
    for stage in ("graph", "splits", "both"):
        parts = ("graph", "splits") if stage == "both" else (stage,)
        seconds, others, wall = (
            sum(held.get(f"{part}_{what}", np.nan) for part in parts)
            for held, what in ((mine, "s"), (other, "s"), (mine, "wall_s"))
        )
        wide = "graph_mb" if stage == "graph" else "splits_mb"
        out.append(
            {
                "dataset": dataset,
                "mode": mode,
                "n": mine["n"],
                "stage": stage,
                "ours_s": seconds,
                "theirs_s": others,
                "ratio": others / seconds,
                "ours_wall_s": wall,
                "ours_mb": mine[wide],
                "theirs_mb": other.get(wide, np.nan),
                "ours_process_mb": mine["process_mb"],
                "theirs_process_mb": other.get("process_mb", np.nan),
                "edges": mine["edges"],
                "splits": len(mine["splits"]),
                "identical": np.mean(same) if same and stage != "graph" else np.nan,
            }
        )
    return out


def cases() -> list[tuple[str, int, str, bool]]:
    """Data set, samples (0: all), mode, and beside the package or not; what is longest for the
    package is last."""
    out = [
        (dataset, n, mode, False)
        for mode in (BINARY, CORRECTED)
        for dataset, sizes in ALONE.items()
        for n in sizes
    ]
    out += [("rrm", n, WEIGHTS, True) for n in CONTINUOUS_BESIDE]
    out += [("rrm", n, WEIGHTS, False) for n in CONTINUOUS_ALONE]
    beside = [(dataset, n, BINARY, True) for dataset, sizes in BESIDE.items() for n in sizes]
    return out + sorted(beside, key=lambda case: (case[0] == "gfp", case[1], case[0] != "rrm"))


def measure(*, again: bool = False, say: Callable[[str], None] = print) -> pd.DataFrame:
    """Measure every case (half an hour, nearly all of it the package's) and keep the rows as they
    come.

    Cases that are kept are not measured again unless asked for ``again``.
    """
    frame = pd.DataFrame(columns=COLUMNS) if again or not _path().exists() else pd.read_csv(_path())
    if not (frame.stage == "compile, once").any():
        first = {
            "dataset": "all",
            "mode": BINARY,
            "stage": "compile, once",
            "ours_s": compile_seconds(),
        }
        frame = pd.DataFrame([first], columns=COLUMNS)
    began, todo = time.perf_counter(), cases()
    for i, (dataset, n, mode, beside) in enumerate(todo, 1):
        held = frame[(frame.dataset == dataset) & (frame["mode"] == mode)]
        if (held.n == (n or len(barcodes(dataset, 0)))).any():
            continue
        new = pd.DataFrame(rows(dataset, n, mode, beside=beside))
        frame = pd.concat([frame, new[COLUMNS]], ignore_index=True)
        write(frame)  # one case at most is lost
        last = new.iloc[-1]
        say(
            f"{i}/{len(todo)}, {time.perf_counter() - began:.0f} s: {dataset} n={last.n} {last['mode']}: "
            f"{last.ours_s:.4g} s, {last.theirs_s:.4g} s by the package, identical {last.identical:.3f}"
        )
    return frame


def write(frame: pd.DataFrame) -> None:
    """Write ``data/results/perf/spectra.csv``, seconds and megabytes rounded to four digits."""
    with atomic(_path()) as temporary:
        whole = dict.fromkeys(["n", "splits", "edges"], "Int64")
        frame.astype(whole).to_csv(temporary, index=False, float_format="%.4g")


def speeds(*, measured_on: str = "") -> pd.DataFrame:
    """The kept rows of ``COLUMNS``; first measured where a device is named. Raises: BadInput:
    nothing was measured."""
    if measured_on:
        measure(again=True)
    if not _path().exists():
        raise BadInput(f"{_path()} is not there; run 'python -m benchmarks.spectra'.")
    return pd.read_csv(_path())


def _path() -> Path:
    return paths.PERF / "spectra.csv"


TITLES = {"rrm": "RRM", "tb-pza": "TB pyrazinamide", "amyloid": "amyloid beta", "gfp": "GFP"}


def growth(frame: pd.DataFrame) -> pd.DataFrame:
    """Processor seconds of one graph and of one split by samples: columns ``stage, case, who, n,
    seconds``."""
    held = frame[frame.stage.isin(["graph", "splits"]) & (frame["mode"] != CORRECTED)].copy()
    held["case"] = held.dataset.map(TITLES) + np.where(held["mode"] == BINARY, "", ", weights")
    parts = [
        held.assign(who=who, seconds=held[column])
        for who, column in (("genebench", "ours_s"), ("published package", "theirs_s"))
    ]
    out = pd.concat(parts, ignore_index=True).dropna(subset="seconds")
    out["seconds"] /= np.where(out.stage == "splits", out.splits, 1)
    out["stage"] = out.stage.map({"graph": "properties and graph", "splits": "one split"})
    return out[["stage", "case", "who", "n", "seconds"]]


def headline(frame: pd.DataFrame) -> pd.DataFrame:
    """The least and the most of what matters over the cases measured beside the package: ``what,
    least, most``."""
    beside = frame[(frame["mode"] == BINARY) & frame.ratio.notna()]
    stages = beside.groupby("stage").ratio
    weighed = frame[(frame["mode"] == WEIGHTS) & frame.ratio.notna()].groupby("stage").ratio
    rows = [
        (
            "processor time of the package over ours, properties and graph",
            stages.min()["graph"],
            stages.max()["graph"],
        ),
        (
            "processor time of the package over ours, splits",
            stages.min()["splits"],
            stages.max()["splits"],
        ),
        ("share of splits that are identical", frame.identical.min(), frame.identical.max()),
        ("the same with weights, graph", weighed.min()["graph"], weighed.max()["graph"]),
        ("the same with weights, splits", weighed.min()["splits"], weighed.max()["splits"]),
    ]
    for stage, until in (
        ("graph", "until the graph is made"),
        ("splits", "until all splits are made"),
    ):
        large = beside[(beside.stage == stage) & (beside.n >= LARGE)]
        more = large.theirs_mb / large.ours_mb
        rows.append(
            (
                f"memory of the package over ours, {until}, from {LARGE:,} samples",
                more.min(),
                more.max(),
            )
        )
    for mode, name in ((BINARY, "binary"), (CORRECTED, "corrected"), (WEIGHTS, "with weights")):
        largest = frame[
            (frame["mode"] == mode) & (frame.stage == "both") & (frame.dataset == "rrm")
        ].nlargest(1, "n")
        for wall, size, number in zip(largest.ours_wall_s, largest.ours_process_mb, largest.n):
            rows += [
                (f"seconds by the clock, RRM {name}, {number:,.0f} samples", wall, wall),
                (f"MB of the whole process, RRM {name}, {number:,.0f} samples", size, size),
            ]
    return pd.DataFrame(rows, columns=["what", "least", "most"])


def main(given: list[str]) -> None:
    """``python -m benchmarks.spectra``: measure every case and keep the rows."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--again", action="store_true", help="measure anew what is kept")
    measure(
        again=parser.parse_args(given).again,
        say=lambda text: print(text, file=sys.stderr, flush=True),
    )


if __name__ == "__main__":
    main(sys.argv[1:])
