"""How fast Spectra's graphs and splits are made, beside the published package: same samples, same splits, same machine.

Every measurement runs in a process of its own, one after the other. Seconds are of the processor, all threads together;
megabytes are the peak of what the work takes beside what the process holds once its libraries are loaded and warm.
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

from . import paths
from .cache import atomic
from .errors import BadInput

COLUMNS = [
    "dataset", "mode", "n", "stage", "ours_s", "theirs_s", "ratio", "ours_mb", "theirs_mb", "identical",
    "splits", "edges", "ours_wall_s", "ours_process_mb",
]  # fmt: skip
"""What is measured, then how much of it. ``identical``: share of the splits with the package's very train and test
sets; ``ours_process_mb``: peak of the whole process, libraries included."""

PARAMETERS = tuple(i / 20 for i in range(21))
SEEDS = (0, 1, 2)

BESIDE = {"rrm": (500, 1000, 2000, 5000), "tb-pza": (500, 1000, 2000), "gfp": (500, 1000, 2000)}
"""Sizes of the samples on which the package is run too, by data set."""
ALONE = {"rrm": (10000, 20000, 0), "tb-pza": (0,), "gfp": (10000, 20000, 0)}
"""Samples of ours alone; 0: all."""
CONTINUOUS_BESIDE, CONTINUOUS_ALONE = (250, 500, 1000), (2000, 5000, 10000)
FEW_PARAMETERS, FEW_SEEDS = (0.0, 0.25, 0.5, 0.75, 1.0), (0,)
"""Of the package on graphs with weights, whose time grows with the fourth power of n."""


def barcodes(dataset: str, n: int) -> list[frozenset[str]]:
    """Mutations of n samples of a data set, drawn at random (0: all, in their order).

    Raises: sources.Missing: its file is nowhere to be had.
    """
    from .spectra import datasets

    data = datasets.load(dataset)
    held = data.barcodes
    rows = np.random.default_rng(0).permutation(len(data))[:n] if n else np.arange(len(data))
    return [frozenset(data.marks[m] for m in held.indices[held.indptr[i] : held.indptr[i + 1]]) for i in rows]


def share(a: frozenset[str], b: frozenset[str]) -> int:
    """The binary property, as it is given to the package: 1 where two barcodes have a mutation in common."""
    return int(not a.isdisjoint(b))


def positions(samples: Iterable[frozenset[str]]) -> np.ndarray:
    """First and last mutated position of each barcode of mutations like A141C, (n, 2) int16."""
    held = [[int(m[1:-1]) for m in sample] for sample in samples]
    return np.array([(min(row), max(row)) for row in held], dtype=np.int16)


def near(a: np.ndarray, b: np.ndarray) -> float:
    """The continuous property, as it is given to the package: 1 / (1 + least distance between mutated positions)."""
    (p, q), (r, s) = a, b
    return 1 / (1 + min(abs(p - r), abs(p - s), abs(q - r), abs(q - s)))


def ours(samples: list[frozenset[str]], parameters, seeds, *, continuous: bool) -> dict:
    """Graph and splits by genebench, in mode ``reference``; medians of three runs where they are short."""
    from .spectra import properties, splits

    places = positions(samples) if continuous else None
    value = (1 / (1 + np.arange(2**10))).astype(np.float32)

    def rows(low: int, high: int) -> np.ndarray:
        apart = [abs(places[low:high, None, k] - places[None, :, m]) for k in (0, 1) for m in (0, 1)]
        return value[np.minimum(np.minimum(apart[0], apart[1]), np.minimum(apart[2], apart[3]))]

    def graph():
        return properties.from_blocks(len(samples), rows) if continuous else properties.shared_mutations(samples)

    make_warm(continuous)
    begin = _memory_now()
    g, graph_s, graph_wall_s = _timed(graph)
    graph_mb = _peak() - begin
    made, splits_s, splits_wall_s = _timed(lambda: splits.splits(g, parameters, seeds, mode="reference"))
    return {
        "edges": g.m, "graph_s": graph_s, "graph_wall_s": graph_wall_s, "graph_mb": graph_mb, "splits_s": splits_s,
        "splits_wall_s": splits_wall_s, "splits_mb": _peak() - begin, "process_mb": _peak(),
        "splits": digests({pair: None if s is None else (s.train, s.test) for pair, s in made.items()}),
    }  # fmt: skip


def _timed(work: Callable[[], object], *, runs: int = 25, enough: float = 0.5) -> tuple[object, float, float]:
    """What the work gives, and the medians of its processor and wall seconds, over runs until there were enough."""
    cpu, wall = [], []
    while not cpu or (len(cpu) < runs and sum(cpu) < enough):
        start = time.process_time(), time.perf_counter()
        made = work()
        cpu.append(time.process_time() - start[0])
        wall.append(time.perf_counter() - start[1])
    return made, float(np.median(cpu)), float(np.median(wall))


def make_warm(continuous: bool) -> None:
    """Load, and where nothing is kept compile, all the loops that ``ours`` uses, on samples of no interest."""
    from .spectra import properties, splits

    few = [frozenset((f"A{i % 7}C", f"A{i % 5}D")) for i in range(40)]
    g = properties.shared_mutations(few, continuous=continuous)
    g = properties.from_blocks(9, lambda low, high: np.ones((high - low, 9), np.float32)) if continuous else g
    try:
        splits.splits(g, [0.5], [0], mode="reference")
    except splits.Unsplittable:
        pass


def theirs(samples: list[frozenset[str]], parameters, seeds, *, continuous: bool) -> dict:
    """Graph and splits by the published package."""
    import networkx  # noqa: F401 - what is loaded before the work is no part of it
    import scipy.stats  # noqa: F401
    import spectrae  # noqa: F401

    from .spectra import package

    given = [row.tolist() for row in positions(samples)] if continuous else samples
    begin = _memory_now()
    made = package.run(given, near if continuous else share, parameters, seeds, binary=not continuous)
    out = {"graph_s": made.graph_s, "splits_s": made.splits_s, "edges": made.edges}
    return out | {"splits_mb": _peak() - begin, "process_mb": _peak(), "splits": digests(made.splits)}


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
    """The process's peak since ``_memory_now``, in MiB (where the system cannot tell: since its start)."""
    try:
        return _of_status("VmHWM")
    except OSError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _of_status(name: str) -> float:
    lines = Path("/proc/self/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith(name)).split()[1]) / 1024


def print_one(who: str, dataset: str, n: int, continuous: int, few: int) -> None:
    """One measurement, printed as JSON; run in a process of its own."""
    parameters, seeds = (FEW_PARAMETERS, FEW_SEEDS) if few else (PARAMETERS, SEEDS)
    samples = barcodes(dataset, n)
    work = {"ours": ours, "theirs": theirs}[who]
    print(json.dumps({"n": len(samples)} | work(samples, parameters, seeds, continuous=bool(continuous))))


def alone(who: str, dataset: str, n: int, *, continuous: bool, few: bool) -> dict:
    """``print_one`` in a process of its own."""
    code = f"from genebench import perf_spectra as p; p.print_one({who!r}, {dataset!r}, {n}, {continuous:d}, {few:d})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=paths.ROOT)
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["it said nothing"])[-1]
        raise BadInput(f"measuring {who} on {n} samples of '{dataset}' failed ({last}); mend that and run it again.")
    return json.loads(done.stdout.splitlines()[-1])


def compile_seconds() -> float:
    """Processor seconds to compile all loops of mode ``reference`` for the first time on a machine."""
    import tempfile

    code = (
        "import time; from genebench import perf_spectra as p; from genebench.spectra import properties, splits; "
        "import numba; s = time.process_time(); p.make_warm(False); print(time.process_time() - s)"
    )
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=paths.ROOT,
            env=os.environ | {"NUMBA_CACHE_DIR": folder},
        )  # fmt: skip
    return float(done.stdout)


def rows(dataset: str, n: int, *, beside: bool, continuous: bool = False, few: bool = False) -> list[dict]:
    """Rows of ``COLUMNS`` of one data set and size: the graph, the splits, and both together."""
    mine = alone("ours", dataset, n, continuous=continuous, few=few)
    other = alone("theirs", dataset, n, continuous=continuous, few=few) if beside else {}
    same = [mine["splits"][key] == value for key, value in other.get("splits", {}).items()]
    mode = "reference, " + ("weights" if continuous else "binary")
    out = []
    for stage in ("graph", "splits", "both"):
        parts = ("graph", "splits") if stage == "both" else (stage,)
        seconds, others, wall = (
            sum(held.get(f"{part}_{what}", np.nan) for part in parts)
            for held, what in ((mine, "s"), (other, "s"), (mine, "wall_s"))
        )
        out.append(
            {
                "dataset": dataset, "mode": mode, "n": mine["n"], "stage": stage, "ours_s": seconds,
                "theirs_s": others, "ratio": others / seconds, "edges": mine["edges"], "splits": len(mine["splits"]),
                "ours_wall_s": wall, "ours_mb": mine["graph_mb" if stage == "graph" else "splits_mb"],
                "theirs_mb": np.nan if stage == "graph" else other.get("splits_mb", np.nan),
                "identical": np.mean(same) if same and stage != "graph" else np.nan,
                "ours_process_mb": mine["process_mb"],
            }
        )  # fmt: skip
    return out


def measure(*, say: Callable[[str], None] = print) -> pd.DataFrame:
    """Measure every case (about half an hour, nearly all of it the package's), and keep the rows as they come."""
    cases = [(d, n, {"beside": True}) for d, sizes in BESIDE.items() for n in sizes]
    cases.sort(key=lambda case: case[1])
    cases += [(d, n, {"beside": False}) for d, sizes in ALONE.items() for n in sizes]
    weights = {"continuous": True}
    cases += [("rrm", n, weights | {"beside": True, "few": True}) for n in CONTINUOUS_BESIDE]
    cases += [("rrm", n, weights | {"beside": False}) for n in CONTINUOUS_ALONE]
    found: list[dict] = [
        dict.fromkeys(COLUMNS, np.nan)
        | {"dataset": "all", "mode": "reference, binary", "stage": "compile, once", "ours_s": compile_seconds()}
    ]
    for i, (dataset, n, options) in enumerate(cases, 1):
        found += rows(dataset, n, **options)
        write(pd.DataFrame(found)[COLUMNS])  # one case at most is lost
        last = found[-1]
        say(
            f"{i}/{len(cases)} {dataset} n={last['n']} {last['mode']}: {last['ours_s']:.4f} s, "
            f"{last['theirs_s']:.1f} s by the package, identical {last['identical']:.3f}"
        )
    return pd.DataFrame(found)[COLUMNS]


def write(frame: pd.DataFrame) -> None:
    """Write ``data/results/perf/spectra.csv``, rounded to four digits."""
    with atomic(_path()) as temporary:
        frame.to_csv(temporary, index=False, float_format="%.4g")


def speeds(*, measured_on: str = "") -> pd.DataFrame:
    """The kept rows of ``COLUMNS``; first measured where a device is named. Raises: BadInput: nothing was measured."""
    if measured_on:
        measure()
    if not _path().exists():
        raise BadInput(f"{_path()} is not there; run 'python -m genebench.perf_spectra'.")
    return pd.read_csv(_path())


def _path() -> Path:
    return paths.PERF / "spectra.csv"


def growth(frame: pd.DataFrame) -> pd.DataFrame:
    """Processor seconds by number of samples: columns ``dataset, mode, stage, who, n, seconds``."""
    held = frame[frame.stage.isin(["graph", "splits"])]
    parts = [
        held.assign(who=who, seconds=held[column])
        for who, column in (("genebench", "ours_s"), ("published package", "theirs_s"))
    ]
    out = pd.concat(parts, ignore_index=True).dropna(subset="seconds")
    out["seconds"] *= np.where(out.stage == "splits", 1 / out.splits, 1)
    return out[["dataset", "mode", "stage", "who", "n", "seconds"]]


def headline(frame: pd.DataFrame) -> dict[str, object]:
    """What the prose quotes: ranges of ratios of the binary cases, memory at the largest size beside, the full RRM."""
    binary = frame[frame["mode"].eq("reference, binary")]
    beside = binary[binary.ratio.notna()]
    ratios = {stage: part.ratio for stage, part in beside.groupby("stage")}
    largest = beside[(beside.stage == "both") & (beside.dataset == "rrm")].nlargest(1, "n").iloc[0]
    whole = binary[(binary.stage == "both") & (binary.dataset == "rrm")].nlargest(1, "n").iloc[0]
    heavy = frame[frame["mode"].eq("reference, weights") & (frame.stage == "both")].nlargest(1, "n").iloc[0]
    identical = frame.identical.dropna()
    return {
        "graph_low": f"{ratios['graph'].min():,.0f}", "graph_high": f"{ratios['graph'].max():,.0f}",
        "splits_low": f"{ratios['splits'].min():,.0f}", "splits_high": f"{ratios['splits'].max():,.0f}",
        "identical": f"{identical.min():.0%}", "cases": f"{len(beside[beside.stage == 'both'])}",
        "memory_n": f"{largest.n:,.0f}", "memory_ours": f"{largest.ours_mb:.1f}",
        "memory_theirs": f"{largest.theirs_mb:.0f}",
        "whole_n": f"{whole.n:,.0f}", "whole_s": f"{whole.ours_wall_s:.1f}", "whole_mb": f"{whole.ours_process_mb:.0f}",
        "heavy_n": f"{heavy.n:,.0f}", "heavy_s": f"{heavy.ours_wall_s:.0f}",
        "compile_s": f"{frame[frame.stage == 'compile, once'].ours_s.iloc[0]:.0f}",
    }  # fmt: skip


def main(given: list[str]) -> None:
    """``python -m genebench.perf_spectra``: measure every case and keep the rows."""
    argparse.ArgumentParser(description=main.__doc__).parse_args(given)
    measure(say=lambda text: print(text, file=sys.stderr, flush=True))


if __name__ == "__main__":
    main(sys.argv[1:])
