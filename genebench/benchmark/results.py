"""The tidy results: schema, load, validate, merge, aggregate. Never fits anything."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from ..core import cache, paths
from ..core.errors import BadInput, unknown
from ..core.specs import GROUPS, MORE_GROUPS
from ..data import limits
from ..data.readers import EXACT
from ..stats import metrics

_TEXT = pa.dictionary(pa.int32(), pa.string())
SCHEMA = pa.schema(
    [
        ("task", _TEXT),
        ("group", _TEXT),
        ("kind", _TEXT),
        ("model", _TEXT),
        ("family", _TEXT),
        ("probe", _TEXT),
        ("split", _TEXT),
        ("split_param", _TEXT),
        ("repeat", pa.int16()),
        ("fold", pa.int16()),
        ("metric", _TEXT),
        ("score", pa.float64()),
        ("n_train", pa.int32()),
        ("n_test", pa.int32()),
        ("coverage", pa.float32()),
        ("key", _TEXT),
    ]
)
"""One row per task × model × probe × split × repeat × fold × metric. ``coverage`` is the share of the task's entities
that the model can embed. ``key`` names the cell (the recipe's hash) that computed the row. A metric alone is measured
on the model's *own* test entities; ``@common`` on those that every broad model covers; ``@all`` on all test entities,
those without a vector predicted by the class prior of the training fold. Where coverage is 1, ``@all`` equals own and
has no rows."""

IDENTITY = ["task", "model", "probe", "split", "split_param", "repeat", "fold", "metric"]
MANIFEST_KEYS = {
    "profile",
    "versions",
    "seed",
    "device",
    "wall_s",
    "peak_memory_mb",
    "commit",
    "sources",
    "cells",
    "skipped",
}


def scores_path(profile: str) -> Path:
    """A profile's table of scores."""
    return paths.results(profile) / "scores.parquet"


def manifest_path(profile: str) -> Path:
    """What made a profile's scores."""
    return paths.results(profile) / "manifest.json"


def tasks_path(profile: str) -> Path:
    """A profile's catalogue of tasks, as ``genebench tasks --write`` saw it."""
    return paths.results(profile) / "tasks.csv"


def published_path(profile: str) -> Path:
    """A profile's tasks beside those that the paper lists, as ``genebench tasks --write`` saw them."""
    return paths.results(profile) / "tasks_published.csv"


def sealed(profile: str) -> bool | None:
    """Whether manifest and scores are, byte for byte, as they were written; None where an older one does not say."""
    try:
        held = json.loads(manifest_path(profile).read_text(encoding="utf-8"))
        seal = held.pop("seal", None)
    except (OSError, ValueError, AttributeError):
        return False
    if seal is None:
        return None
    return seal == cache.key(held) and held.get("scores_sha256") == cache.digest(
        scores_path(profile)
    )


BESIDE = ("intervals.parquet", "power.csv", "means.csv", "pairs.csv")
"""Tables that the stage of intervals (``genebench.benchmark.tables``) writes beside the scores.

``intervals.parquet``: task × model × split × probe × choice of genes: score, 95 % interval, excess over the best
shortcut. ``power.csv``: task × split: smallest detectable difference, the two best models and how many more genes would
tell them apart, whether underpowered, weight. ``means.csv``: group × split × model: weighted mean over headline tasks,
interval, excess, tier, rank interval, what is lost against the first split. ``pairs.csv``: every two models of those.
"""


def beside_path(profile: str, name: str) -> Path:
    """Where a table of the stage of intervals lies."""
    return paths.results(profile) / name


def write_beside(frame: pd.DataFrame, profile: str, name: str) -> None:
    """Write a table of the stage of intervals, numbers to five digits, atomically."""
    frame = frame.round({c: 5 for c in frame.select_dtypes("float")})
    if name.endswith(".csv"):
        return write_csv(frame, beside_path(profile, name))
    frame = frame.astype({c: "float32" for c in frame.select_dtypes("float64")})
    with cache.atomic(beside_path(profile, name)) as temporary:
        frame.to_parquet(temporary, index=False, compression="zstd")


def read_beside(profile: str, name: str) -> pd.DataFrame:
    """A table of the stage of intervals. Raises: BadInput: unknown, or not made yet."""
    if name not in BESIDE:
        raise unknown("table", name, BESIDE)
    path = beside_path(profile, name)
    if not path.exists():
        raise BadInput(
            f"{path}: not made yet; run 'genebench run --profile {profile}' for the whole profile."
        )
    return pd.read_csv(path, **EXACT) if name.endswith(".csv") else pd.read_parquet(path)


def efficiency_path(profile: str) -> Path:
    """A profile's scores by number of training labels, as ``genebench efficiency`` measured them."""
    return paths.results(profile) / "efficiency.csv"


def write_efficiency(frame: pd.DataFrame, profile: str) -> None:
    """Write a profile's scores by number of training labels, to five digits, atomically."""
    write_csv(frame.round({c: 5 for c in frame.select_dtypes("float")}), efficiency_path(profile))


def read_efficiency(profile: str) -> pd.DataFrame:
    """A profile's scores by number of training labels. Raises: BadInput: not measured yet."""
    path = efficiency_path(profile)
    if not path.exists():
        raise BadInput(f"{path}: not measured yet; run 'genebench efficiency --profile {profile}'.")
    return pd.read_csv(path, **EXACT)


PUBLISHED = ("reproduction.csv", "published_groups.csv")
"""Tables of ``genebench reproduce``: a model's scores on the paper's genes beside the published ones, by task; and the
paper's own summary, mean published score by group of tasks and model."""


def write_published(frame: pd.DataFrame, profile: str, name: str) -> None:
    """Write a table of ``PUBLISHED``, to five digits, atomically."""
    write_csv(
        frame.round({c: 5 for c in frame.select_dtypes("float")}), paths.results(profile) / name
    )


def read_published(profile: str, name: str) -> pd.DataFrame:
    """A table of ``PUBLISHED``. Raises: BadInput: unknown, or not measured yet."""
    if name not in PUBLISHED:
        raise unknown("table", name, PUBLISHED)
    path = paths.results(profile) / name
    if not path.exists():
        raise BadInput(f"{path}: not measured yet; run 'genebench reproduce --profile {profile}'.")
    return pd.read_csv(path, **EXACT)


RELIABILITY = {
    "faults": "pytest tests --record",
    "fuzz": "pytest tests --record",
    "guided": "GENEBENCH_RECORD=1 python tests/fuzz_readers.py",
    "cluster": "python -m benchmarks.cluster",
    "plan": "python -m benchmarks.cluster",
}
"""Tables of ``data/results/reliability`` → what makes them."""


def reliability_path(name: str) -> Path:
    """Where a table of reliability lies. Raises: BadInput: unknown."""
    if name not in RELIABILITY:
        raise unknown("table", name, RELIABILITY)
    return paths.RESULTS / "reliability" / f"{name}.csv"


def reliability(name: str) -> pd.DataFrame:
    """A table of reliability, or one row that says how it is made where it was not yet. Raises: BadInput: unknown."""
    path = reliability_path(name)
    if not path.exists():
        return pd.DataFrame({"not measured yet": [f"made by: {RELIABILITY[name]}"]})
    return pd.read_csv(path, **EXACT)


_NUMBERS = {
    "genes": "Int64",
    "families": "Int64",
    "prior": "Float64",
    "largest family": "Float64",
    "smallest difference": "Float64",
}


def read_tasks(profile: str) -> pd.DataFrame:
    """A profile's catalogue as it was written: numbers are missing and texts empty where there are none.

    Raises: BadInput: none was written yet, or by an older version.
    """
    path = tasks_path(profile)
    if not path.exists():
        raise BadInput(
            f"{path}: no catalogue yet; run 'genebench tasks --profile {profile} --write'."
        )
    frame = pd.read_csv(path, dtype=str, keep_default_na=False)
    if not {*_NUMBERS, "underpowered", "description"} <= set(frame.columns):
        raise BadInput(
            f"{path}: an older catalogue; run 'genebench tasks --profile {profile} --write'."
        )
    for name, kind in _NUMBERS.items():
        frame[name] = pd.to_numeric(frame[name].replace("", None)).astype(kind)
    return frame


def write_csv(frame: pd.DataFrame, path: Path) -> None:
    """Write a small table as CSV, atomically, without the folders of this machine."""
    frame = frame.replace({f"{paths.ROOT}/": ""}, regex=True)
    with cache.atomic(path) as temporary:
        frame.to_csv(temporary, index=False)


def load(profile: str) -> pd.DataFrame:
    """All rows of a profile. Raises: BadInput: none yet (says how to make them), or a file that breaks the schema."""
    path = scores_path(profile)
    if not path.exists():
        raise BadInput(f"{path}: no results yet; run 'genebench run --profile {profile}'.")
    return read(path)


def read(path: Path) -> pd.DataFrame:
    """Rows of one scores file. Raises: BadInput: unreadable, or the columns differ from the schema."""
    try:
        with limits.faults_of(path):
            table = limits.read_parquet(path)
    except BadInput:
        raise
    except Exception as err:  # a damaged footer raises whatever it leads to
        told = next(iter(str(err).splitlines()), "")[:120] or type(err).__name__
        raise BadInput(f"{path}: not a readable parquet file ({told}); restore or rerun it.")
    missing = [n for n in SCHEMA.names if n not in table.column_names]
    extra = [n for n in table.column_names if n not in SCHEMA.names]
    if missing or extra:
        raise BadInput(
            f"{path}: columns missing {missing or 'none'}, unknown {extra or 'none'}; rerun 'genebench run'."
        )
    try:
        frame = table.select(SCHEMA.names).cast(SCHEMA).to_pandas()
    except (pa.ArrowException, ValueError) as err:
        raise BadInput(
            f"{path}: a column has the wrong type ({str(err).splitlines()[0][:120]}); rerun 'genebench run'."
        )
    return frame


def order(frame: pd.DataFrame) -> pd.DataFrame:
    """Rows in the one order in which they are stored."""
    frame = frame.copy()
    for name in SCHEMA.names:
        if pa.types.is_dictionary(SCHEMA.field(name).type):
            values = frame[name].astype(str)
            frame[name] = pd.Categorical(values, categories=sorted(values.unique()))
    return frame.sort_values(IDENTITY, kind="stable", ignore_index=True)[SCHEMA.names]


def write(frame: pd.DataFrame, path: Path) -> None:
    """Write rows in their order, atomically; the same rows give the same bytes (with the same pyarrow)."""
    table = (
        pa.Table.from_pandas(order(frame), preserve_index=False)
        .cast(SCHEMA)
        .replace_schema_metadata(None)
    )
    with cache.atomic(path) as temporary:
        pq.write_table(
            table,
            temporary,
            compression="zstd",
            compression_level=9,
            use_dictionary=[n for n in SCHEMA.names if n != "score"],
            column_encoding={"score": "BYTE_STREAM_SPLIT"},
            store_schema=False,
            write_page_checksum=True,
        )


def validate(frame: pd.DataFrame, where: str) -> list[str]:
    """Faults of a table of scores, one sentence each; an empty list means that it is sound."""
    faults = []
    if frame.empty:
        return [f"{where}: no rows."]
    twice = frame[frame.duplicated(IDENTITY)]
    if len(twice):
        faults.append(
            f"{where}: {len(twice)} rows stand twice, first {dict(twice.iloc[0][IDENTITY].astype(str))}."
        )
    base = frame.metric.astype(str).str.split("@").str[0]
    suffix = frame.metric.astype(str).str.split("@").str[1:].str.join("@")
    for name in sorted(set(suffix) - {"", "common", "all"}):
        faults.append(f"{where}: unknown choice of genes '@{name}'; known: @common, @all.")
    for name, kind in sorted(set(zip(base, frame.kind.astype(str)))):
        if name in metrics.METRICS and kind not in metrics.METRICS[name].kinds:
            faults.append(f"{where}: '{name}' is no metric of a {kind} task.")
    for name in sorted(set(base) - set(metrics.METRICS)):
        faults.append(f"{where}: unknown metric '{name}'.")
    for name in sorted(set(base) & set(metrics.METRICS)):
        metric, score = metrics.METRICS[name], frame.score[base == name]
        bad = score[
            ~np.isfinite(score) | (score < metric.low - 1e-9) | (score > metric.high + 1e-9)
        ]
        if len(bad):
            faults.append(
                f"{where}: {len(bad)} scores of '{name}' outside [{metric.low}, {metric.high}], first {bad.iloc[0]}."
            )
    for value in sorted(set(frame["group"].astype(str)) - {*GROUPS, *MORE_GROUPS}):
        faults.append(f"{where}: unknown group of tasks '{value}'.")
    for name, low, high in (
        ("coverage", 0, 1),
        ("n_train", 0, np.inf),
        ("n_test", 1, np.inf),
        ("fold", 0, np.inf),
    ):
        bad = frame[name][~((frame[name] >= low) & (frame[name] <= high))]
        if len(bad):
            faults.append(
                f"{where}: {len(bad)} values of '{name}' outside [{low}, {high}], first {bad.iloc[0]}."
            )
    return faults


def validate_path(path: Path | None) -> list[str]:
    """Faults of a scores file, a manifest, or a folder of both. Raises: BadInput: nothing to validate there."""
    if path is None:
        there = (
            ", ".join(sorted(p.parent.name for p in paths.RESULTS.glob("*/scores.parquet")))
            or "none yet"
        )
        raise BadInput(
            f"no path is given of what to validate; name a scores.parquet, a manifest.json or their folder, such as "
            f"'genebench validate {paths.results('demo')}' (results below {paths.RESULTS}: {there})."
        )
    if path.is_dir():
        held = [p for p in (path / "scores.parquet", path / "manifest.json") if p.exists()]
        if not held:
            raise BadInput(
                f"{path}: holds neither scores.parquet nor manifest.json; give a results folder or file."
            )
        faults = [fault for p in held for fault in validate_path(p)]
        return faults or (_complete(*held) if len(held) == 2 else [])
    if not path.exists():
        raise BadInput(
            f"{path}: no such file; give a scores.parquet, a manifest.json or their folder."
        )
    if path.suffix == ".parquet":
        return validate(read(path), str(path))
    try:
        manifest = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, OSError) as err:
        raise BadInput(
            f"{path}: neither parquet nor readable JSON ({err}); give a scores.parquet or a manifest.json."
        )
    missing = (
        sorted(MANIFEST_KEYS - set(manifest))
        if isinstance(manifest, dict)
        else sorted(MANIFEST_KEYS)
    )
    return (
        [f"{path}: the manifest lacks {', '.join(missing)}."]
        if missing
        else _manifest_faults(manifest, str(path))
    )


def _complete(scores: Path, manifest: Path) -> list[str]:
    """Whether the scores hold every pair that the manifest's cells computed and did not skip, and no other."""
    told = json.loads(manifest.read_text(encoding="utf-8"))
    if "unscored" in told:
        return _whole_curves(scores, told)
    expected = sum(cell["n"] for cell in told["cells"])
    expected -= sum(len(tasks) for models in told["skipped"].values() for tasks in models.values())
    frame = read(scores)
    found = frame.groupby(["task", "model", "split"], observed=True).ngroups
    if found != expected:
        return [
            f"{scores}: {found} pairs of task and model where {manifest.name} counts {expected}."
        ]
    seal = told.pop("seal", None)
    if seal is not None and (
        seal != cache.key(told) or told.get("scores_sha256") != cache.digest(scores)
    ):
        return [
            f"{scores}: it or {manifest.name} is not, byte for byte, as it was written; rerun 'genebench run'."
        ]
    own = frame[~frame.metric.astype(str).str.contains("@")]
    folds = own.groupby(["task", "model", "split", "metric"], observed=True).size()
    wrong = folds[folds != told["folds"] * told["repeats"]]
    if len(wrong):
        at = " × ".join(map(str, wrong.index[0]))
        return [
            f"{scores}: {at} has {wrong.iloc[0]} folds where {manifest.name} says {told['folds']} ({len(wrong)} such)."
        ]
    return []


def _whole_curves(scores: Path, told: dict) -> list[str]:
    """Whether the scores of Part II hold as many rows of each model and data set as the manifest's cells made."""
    frame = read(scores)
    found = frame.groupby([frame.model.astype(str), frame.task.astype(str)]).size()
    for cell in told["cells"]:
        found[cell["model"], cell["first"]] = (
            found.get((cell["model"], cell["first"]), 0) - cell["rows"]
        )
    return [
        f"{scores}: {abs(n)} rows {'too many' if n > 0 else 'missing'} of {' × '.join(at)}."
        for at, n in found.items()
        if n
    ]


def _manifest_faults(manifest: dict, where: str) -> list[str]:
    """What is wrong with a manifest's values."""
    kinds = {
        "profile": str,
        "versions": dict,
        "seed": int,
        "wall_s": dict,
        "cells": list,
        "skipped": dict,
        "sources": dict,
    }
    wrong = [
        name
        for name, kind in kinds.items()
        if not isinstance(manifest[name], kind) or manifest[name] in ([], "")
    ]
    return [f"{where}: the manifest's {', '.join(wrong)} hold no sound value."] if wrong else []


def aggregate(frame: pd.DataFrame) -> pd.DataFrame:
    """Mean over folds and repeats: one row per task × model × probe × split × metric.

    Columns added: ``score`` (mean), ``sd`` (over folds, 0 with one fold), ``n_folds``, ``n_test`` (sum over folds).
    """
    by = [
        "task",
        "group",
        "kind",
        "model",
        "family",
        "probe",
        "split",
        "split_param",
        "metric",
        "coverage",
    ]
    found = frame.groupby(by, observed=True, sort=True)
    out = found.agg(
        score=("score", "mean"),
        sd=("score", "std"),
        n_folds=("score", "size"),
        n_test=("n_test", "sum"),
    )
    out = out.fillna({"sd": 0.0}).reset_index()
    return out.astype({name: str for name in by if name != "coverage"})


def main_scores(profile: str, *, split: str = "random", genes: str = "own") -> pd.DataFrame:
    """``aggregate`` of each kind's main metric on a choice of genes: ``own``, ``common`` or ``all``."""
    return aggregate(main_rows(load(profile), split=split, genes=genes))


def main_rows(frame: pd.DataFrame, *, split: str = "random", genes: str = "own") -> pd.DataFrame:
    """Rows (one a fold) of each kind's main metric on a choice of genes: ``own``, ``common`` or ``all``.

    ``all`` are the same test entities for every model of a task, so that differences of two models by fold are paired.
    Raises: BadInput: unknown choice of genes.
    """
    if genes not in ("own", "common", "all"):
        raise unknown("choice of genes", genes, ("own", "common", "all"))
    frame = frame[frame.split == split]
    names = {k: metrics.main(k) for k in frame.kind.unique()}
    main = frame.kind.astype(str).map(names)
    metric = frame.metric.astype(str)
    if genes == "own":
        return frame[metric == main]
    wanted = metric == main + f"@{genes}"
    if genes == "all":  # with full coverage "own" is "all"
        wanted |= (metric == main) & (frame.coverage >= 1)
    out = frame[wanted].copy()
    out["metric"] = out.metric.astype(str).str.split("@").str[0]
    return out
