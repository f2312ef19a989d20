"""Find each upstream file (package, cache, mirror, web), verify it, open it as a table.

The only module that touches the network.
"""

from __future__ import annotations

import gzip
import importlib.util
import shutil
import sqlite3
import zlib
from contextlib import closing
from functools import lru_cache
from importlib import metadata
from pathlib import Path

import numpy as np
import pandas as pd

from . import cache, paths
from .errors import BadInput, unknown
from .specs import FileSpec, SourceSpec


class Missing(BadInput):
    """A file that is not to be had here; what does not need it goes on."""


def locate(source: SourceSpec, name: str, *, download: bool = True) -> Path:
    """Path of one file of a source, its SHA-256 checked.

    Looks inside the installed package, then in the download cache, then in the mirror folders (with or without
    ``.gz``), then on the web.

    Raises: Missing: the file is nowhere to be had, or is not the declared release.
    """
    if name not in source.files:
        raise unknown("file", name, source.files, where=f"source '{source.id}'")
    spec = source.files[name]
    path = _in_package(source, spec) if spec.package else _outside(source, spec, download=download)
    seen = _digest(str(path), path.stat().st_mtime_ns)
    if seen != spec.sha256:
        raise Missing(
            f"source '{source.id}': {path} is not the declared release {source.release} (sha256 {seen[:12]}…, declared "
            f"{spec.sha256[:12]}…); install the pinned versions with 'pip install -c constraints.txt -e .'"
            + ("." if spec.package else ", or delete that file and run 'genebench fetch' again.")
        )
    return path


@lru_cache
def _digest(path: str, _mtime: int) -> str:
    return cache.digest(Path(path))


def package_folder(package: str) -> Path | None:
    """Folder of an installed package, found without importing it; None where it is not installed."""
    found = importlib.util.find_spec(package)
    return Path(found.submodule_search_locations[0]) if found and found.submodule_search_locations else None


def package_version(package: str) -> str | None:
    """Version of the distribution of that name; None where it is not installed."""
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


def _in_package(source: SourceSpec, spec: FileSpec) -> Path:
    folder = package_folder(spec.package)
    if folder is None or not (folder / spec.path).exists():
        raise Missing(
            f"source '{source.id}': {spec.path} comes with the package '{spec.package}', which is not installed as "
            f"pinned; run 'pip install -c constraints.txt -e .'."
        )
    return folder / spec.path


def _outside(source: SourceSpec, spec: FileSpec, *, download: bool) -> Path:
    kept = paths.DOWNLOADS / spec.path
    if kept.exists():
        return kept
    refused = ""
    for mirror in paths.mirrors():
        for found in (mirror / spec.path, mirror / (spec.path + ".gz")):
            if found.exists():
                fault = _copy(found, kept, spec)
                if not fault:
                    return kept
                refused += f" ({found} is there, but {fault})"
    where = f"source '{source.id}': {spec.path} is neither in {paths.DOWNLOADS} nor in a folder of GENEBENCH_MIRROR"
    where += refused
    if not spec.url or not spec.url.startswith("https://"):
        raise Missing(f"{where}, and no https address is declared for it; put the file at {kept}.")
    if not download:
        raise Missing(f"{where}; run 'genebench fetch {source.id}'.")
    import pooch

    try:
        pooch.retrieve(spec.url, known_hash=f"sha256:{spec.sha256}", fname=kept.name, path=kept.parent)
    except Exception as err:
        raise Missing(
            f"{where}, and {spec.url} could not be fetched ({type(err).__name__}); put it at {kept}."
        ) from err
    return kept


def _copy(found: Path, kept: Path, spec: FileSpec) -> str:
    """Copy (and unpack) a mirror's file if it is the declared one; returns why not, or an empty string."""
    packed = found.suffix == ".gz" and not spec.path.endswith(".gz")
    try:
        with gzip.open(found) if packed else open(found, "rb") as stream, cache.atomic(kept) as temporary:
            with open(temporary, "wb") as out:
                shutil.copyfileobj(stream, out)
            if cache.digest(temporary) != spec.sha256:
                raise ValueError("its sha256 is another")
    except (OSError, EOFError, zlib.error) as err:
        return f"cannot be unpacked ({err})"
    except ValueError as err:
        return str(err)
    return ""


def table(source: SourceSpec, name: str) -> pd.DataFrame:
    """One file of a source as a data frame; its declared ``format`` says how it is read."""
    return _table(source.id, str(locate(source, name)), source.files[name].model_dump_json()).copy(deep=False)


@lru_cache(maxsize=8)
def _table(_source: str, path: str, spec_json: str) -> pd.DataFrame:
    spec = FileSpec.model_validate_json(spec_json)
    return READERS[spec.format](Path(path), **spec.options)


def read_tsv(path: Path, *, sep: str = "\t", **options) -> pd.DataFrame:
    """A delimited text table, every column as text unless pandas is told otherwise."""
    return pd.read_csv(path, sep=sep, dtype=str, keep_default_na=False, **options)


def read_obo(path: Path) -> pd.DataFrame:
    """Terms of an OBO ontology: one row per (term, parent), columns ``id, name, parent``; obsolete terms left out."""
    rows = []
    for block in path.read_text(encoding="utf-8").split("\n[Term]\n")[1:]:
        lines = block.split("\n[", 1)[0].splitlines()
        fields = [tuple(line.split(": ", 1)) for line in lines if ": " in line]
        first = dict(reversed(fields))
        if first.get("is_obsolete") == "true":
            continue
        parents = [value.split(" ", 1)[0] for tag, value in fields if tag == "is_a"] or [""]
        rows += [(first["id"], first["name"], parent) for parent in parents]
    return pd.DataFrame(rows, columns=["id", "name", "parent"])


def read_jaspar(
    path: Path, *, tax_id: str = "9606", collection: str = "CORE", pseudocount: float = 0.8
) -> pd.DataFrame:
    """Monomer transcription factors of a JASPAR SQLite release, one row per factor.

    Columns: ``symbol``; ``class`` and ``family`` of the DNA-binding domain; ``n_motifs`` (profiles, latest version of
    each); and means over those profiles of ``width`` (bp), ``gc`` (expected G+C fraction, 0 to 1), ``information``
    (total information content in bits against a uniform background, Schneider et al. 1986) and of the frequencies of
    A, C, G, T. Factors that only have dimer profiles (``A::B``) are left out, because such a motif is not one gene's.
    """
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as db:
        matrix = pd.read_sql(
            "select M.ID id, M.BASE_ID base, M.VERSION version, M.NAME symbol from MATRIX M "
            "join MATRIX_SPECIES S on S.ID = M.ID where S.TAX_ID = ? and M.COLLECTION = ?",
            db,
            params=(tax_id, collection),
        )
        notes = pd.read_sql(
            "select ID id, TAG tag, VAL val from MATRIX_ANNOTATION where TAG in ('class', 'family')", db
        )
        counts = pd.read_sql("select ID id, row base, col position, val count from MATRIX_DATA", db)
    matrix = matrix.sort_values(["base", "version"]).groupby("base").tail(1)
    matrix = matrix[~matrix.symbol.str.contains("::", regex=False)]
    wide = counts[counts.id.isin(matrix.id)].pivot_table(index=["id", "position"], columns="base", values="count")
    wide = wide.reindex(columns=list("ACGT"), fill_value=0.0).fillna(0.0)
    freq = wide.add(pseudocount / 4).div(wide.sum(axis=1) + pseudocount, axis=0)
    bits = (2 + (freq * np.log2(freq)).sum(axis=1)).rename("information")
    per = freq.groupby("id").mean().assign(gc=(freq.C + freq.G).groupby("id").mean())
    per = per.assign(information=bits.groupby("id").sum(), width=bits.groupby("id").size().astype(float))
    one = matrix.merge(per, left_on="id", right_index=True)
    one = one.merge(
        notes.drop_duplicates(["id", "tag"]).pivot(index="id", columns="tag", values="val"), on="id", how="left"
    )
    numbers = ["gc", "information", "width", *"ACGT"]
    out = one.groupby("symbol").agg(
        {"class": "first", "family": "first", **{c: "mean" for c in numbers}, "base": "size"}
    )
    return out.rename(columns={"base": "n_motifs"}).fillna({"class": "", "family": ""}).sort_index().reset_index()


def read_expression(path: Path, *, cluster: str) -> pd.DataFrame:
    """Log-normalised expression of an ``.h5ad`` (its ``raw`` layer where there is one), genes × cells.

    The index is the gene symbol (``symbol``); the columns are ``<cluster label>|<cell>`` with ``cluster`` the name of
    the ``obs`` column that holds the cell type. Values are natural-log-normalised counts, ``log(1 + x)``.
    """
    import warnings

    import anndata

    with warnings.catch_warnings():
        for category in (FutureWarning, PendingDeprecationWarning):  # old layouts are moved; nothing is lost
            warnings.simplefilter("ignore", category)
        data = anndata.read_h5ad(path)
    held = data.raw if data.raw is not None else data
    dense = np.asarray(held.X.todense() if hasattr(held.X, "todense") else held.X, dtype=np.float64)
    names = [f"{label}|{cell}" for label, cell in zip(data.obs[cluster].astype(str), data.obs_names)]
    return pd.DataFrame(dense.T, index=pd.Index(held.var_names.astype(str), name="symbol"), columns=names)


READERS = {
    "tsv": read_tsv,
    "csv": lambda path, **options: read_tsv(path, sep=",", **options),
    "obo": read_obo,
    "jaspar": read_jaspar,
    "expression": read_expression,
}


def status(source: SourceSpec) -> tuple[str, str]:
    """``ready`` or ``missing``, and why (the first file that is not to be had without a download)."""
    try:
        for name in source.files:
            locate(source, name, download=False)
    except BadInput as err:
        return "missing", str(err)
    return "ready", ""
