"""Vectors to take away: one file a model with the identifiers of its genes, and a card beside it.

The card, ``<model>.json``, says what the numbers are: weights, texts or sequences, layer, pooling,
number format, licence, and the SHA-256 of the file.
"""

import json
import os
import shutil
from pathlib import Path

import numpy as np
import pandas as pd

from .. import __version__
from ..core import cache, manifest
from ..core.errors import BadInput, check, one_line
from ..core.source_specs import FileSpec
from ..data import genes, sources, vectors
from ..models import Embedding

IDS = {"hgnc_id": "hgnc", "ensembl": "ensembl", "entrez": "entrez", "uniprot": "uniprot"}
"""Column of an exported file → kind of identifier; ``symbol`` stands first."""
NEIGHBOURS, QUERIES = 10, 2000
"""Nearest genes whose overlap is compared, and of how many genes, drawn with a fixed seed."""
SAME = 0.9999
"""Least cosine of every gene at which two files are the same model's, on whatever device."""


def identifiers(symbols, known):
    """Look up the identifiers of genes.

    Parameters
    ----------
    symbols : ndarray of str, shape (n,)
    known : mapping of str to SourceSpec

    Returns
    -------
    DataFrame
        Columns ``symbol`` (as given) and those of ``IDS``, the first of several; empty where there
        is none, and all but ``symbol`` missing where HGNC's table is not at hand.
    """
    frame = pd.DataFrame({"symbol": symbols})
    if "hgnc" not in known or sources.status(known["hgnc"])[0] != "ready":
        return frame
    resolver = genes.resolver(known)
    approved = resolver.approved(symbols)
    for column, kind in IDS.items():
        first = {}
        for name, found in resolver.index[kind].items():
            first.setdefault(found[0], name)
        frame[column] = [first.get(symbol, "") for symbol in approved]
    return frame


def sharing(licence):
    """Say whether vectors made with weights or data of a licence may be handed on.

    Parameters
    ----------
    licence : str

    Returns
    -------
    {'yes', 'not for commercial use', 'under the same licence', 'read its terms'}
    """
    if "NC" in licence or "non-commercial" in licence:
        return "not for commercial use"
    if "SA" in licence or "GPL" in licence:
        return "under the same licence"
    free = ("Apache", "MIT", "BSD", "CC0", "CC BY", "public domain", "no restriction")
    return "yes" if licence.startswith(free) else "read its terms"


def export(
    spec,
    embedding,
    known,
    folder,
    *,
    ending="parquet",
    dtype="float16",
):
    """Write the vectors of a model with their card.

    Parameters
    ----------
    spec, embedding : ModelSpec, Embedding
    known : mapping of str to SourceSpec
        Sources, of which the gene names and those that the model reads are taken.
    folder : Path
        Where ``<model>.<ending>`` and ``<model>.json`` are written.
    ending : {'parquet', 'safetensors', 'h5ad'}
        Parquet: columns of ids, then ``v0``, ``v1``, …; safetensors: the tensor ``vectors``, ids
        as JSON in the header; h5ad: ids in ``obs``.
    dtype : {'float16', 'float32'}
        Number format; h5ad is always float32.

    Returns
    -------
    Path
        Of the file.

    Raises
    ------
    BadInput
        An unknown format, or a value beyond those of the number format.
    """
    check(WRITERS, "format", ending)
    check(("float16", "float32"), "number format", dtype)
    dtype = "float32" if ending == "h5ad" else dtype
    with np.errstate(over="ignore"):
        matrix = embedding.vectors.astype(dtype)
    if not np.isfinite(matrix).all():
        raise BadInput(
            f"model '{spec.name}': values beyond {dtype}; export it with --dtype float32."
        )
    ids = identifiers(embedding.entities, known)
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / f"{spec.name}.{ending}"
    with cache.atomic(target) as temporary:
        WRITERS[ending](temporary, ids, matrix)
    read = dict.fromkeys([*filter(None, [spec.options.get("source")]), *spec.reads])
    card = {
        **spec.model_dump(include=_CARD, exclude_defaults=True, mode="json"),
        "model": spec.name,
        "file": target.name,
        "sha256": cache.digest(target),
        "genes": len(matrix),
        "dimensions": matrix.shape[1],
        "dtype": dtype,
        "computed_in": spec.dtype,
        "layer": spec.options.get("layer", -1) if spec.hub or spec.weights else None,
        "pooling": spec.pooling if spec.hub or spec.weights else None,
        "share": sharing(spec.licence),
        "sources": {name: known[name].release for name in read},
        "ids": ids.columns.tolist(),
        "genebench": __version__,
        "commit": manifest.commit(),
        "cite": "the model, its sources and genebench (CITATION.cff)",
    }
    cache.write_json(folder / f"{spec.name}.json", card)
    return target


_CARD = set(
    "title description hub revision weights packages files trained_on licence citation".split()
)


def _parquet(path: Path, ids: pd.DataFrame, matrix: np.ndarray):
    import pyarrow as pa
    from pyarrow import parquet

    columns = {name: pa.array(ids[name]) for name in ids}
    columns |= {f"v{i}": pa.array(column) for i, column in enumerate(matrix.T)}
    parquet.write_table(pa.table(columns), path, compression="zstd", use_dictionary=False)


def _safetensors(path: Path, ids: pd.DataFrame, matrix: np.ndarray):
    from safetensors.numpy import save_file

    header = {name: json.dumps(ids[name].tolist()) for name in ids}
    save_file({"vectors": np.ascontiguousarray(matrix)}, path, metadata=header)


def _h5ad(path: Path, ids: pd.DataFrame, matrix: np.ndarray):
    import anndata

    anndata.AnnData(matrix, obs=ids.set_index("symbol")).write_h5ad(path)


WRITERS = {"parquet": _parquet, "safetensors": _safetensors, "h5ad": _h5ad}
"""Ending → writer of (path, ids, matrix)."""


def get(name, origin, folder):
    """Fetch an exported file with its card, and check it.

    Parameters
    ----------
    name : str
        Model.
    origin : str
        Folder, or https address of one (the files of a release), that holds card and file.
    folder : Path
        Where they are put.

    Returns
    -------
    Path
        Of the verified file.

    Raises
    ------
    BadInput
        No card there, or another SHA-256 than the card's; nothing is left behind.
    """
    folder.mkdir(parents=True, exist_ok=True)
    card_path = folder / f"{name}.json"
    fetched = _fetch(origin, card_path.name, folder / f".{name}.json.part")
    try:
        card = json.loads(fetched.read_bytes())
        target, wanted = folder / Path(card["file"]).name, card["sha256"]
        part = _fetch(origin, target.name, folder / f".{target.name}.part")
        if cache.digest(part) != wanted:
            part.unlink()
            raise BadInput(
                f"{origin}/{target.name}: its SHA-256 is not the one of its card; export or fetch "
                "it again."
            )
        os.replace(part, target)
        os.replace(fetched, card_path)
    except (ValueError, KeyError, TypeError) as err:
        raise BadInput(f"{origin}/{name}.json: no card of exported vectors ({err}).") from err
    finally:
        fetched.unlink(missing_ok=True)
    return target


def _fetch(origin, name, part):
    """Copy or download one file to ``part``."""
    if origin.startswith("https://"):
        return fetched(f"{origin.rstrip('/')}/{name}", part)
    found = Path(origin) / name
    if not found.is_file():
        raise BadInput(f"{found}: no such file; run 'genebench vectors export' first.")
    shutil.copyfile(found, part)
    return part


def fetched(url, target):
    """Download one file.

    Parameters
    ----------
    url, target : str, Path
        Its https address, and where it is put.

    Returns
    -------
    Path

    Raises
    ------
    BadInput
        It could not be fetched; nothing is left behind.
    """
    try:
        return sources.fetch_file(FileSpec(format="parquet", path=target.name, url=url), target)
    except Exception as err:  # of the web
        reason = f"{type(err).__name__}: {str(err)[:120]}"
        raise BadInput(f"{url} could not be fetched ({one_line(reason)}).") from err


def compare(one, other):
    """Compare two models' vectors on the genes that both have.

    Parameters
    ----------
    one, other : Embedding
        Entities are symbols.

    Returns
    -------
    dict
        ``genes`` and ``genes_other``: how many each has; ``shared``; ``lowest_cosine`` and
        ``median_cosine``, gene by gene, NaN where the dimensions differ; ``cka``: linear centred
        kernel alignment, 0 to 1 (Kornblith et al. 2019); ``neighbour_overlap``: mean share of a
        gene's ``NEIGHBOURS`` nearest genes by cosine that are the same in both, 0 to 1.

    Raises
    ------
    BadInput
        Too few genes in common.
    """
    shared, at, there = np.intersect1d(one.entities, other.entities, return_indices=True)
    if len(shared) <= NEIGHBOURS:
        raise BadInput(
            f"{len(shared)} genes are in both; at least {NEIGHBOURS + 1} are needed (both files "
            "must name genes by symbol)."
        )
    x, y = one.vectors[at].astype(np.float64), other.vectors[there].astype(np.float64)
    unit = [v / np.linalg.norm(v, axis=1, keepdims=True).clip(1e-12) for v in (x, y)]
    cosine = np.full(1, np.nan)
    if x.shape[1] == y.shape[1]:
        cosine = (unit[0] * unit[1]).sum(axis=1)
    x, y = x - x.mean(axis=0), y - y.mean(axis=0)
    norms = np.linalg.norm(x.T @ x) * np.linalg.norm(y.T @ y)
    query = np.random.default_rng(0).permutation(len(shared))[:QUERIES]
    near = [_nearest(v, query) for v in unit]
    overlap = [len(np.intersect1d(a, b)) for a, b in zip(*near)]
    return {
        "genes": len(one.entities),
        "genes_other": len(other.entities),
        "shared": len(shared),
        "lowest_cosine": float(cosine.min()),
        "median_cosine": float(np.median(cosine)),
        "cka": float(np.linalg.norm(x.T @ y) ** 2 / norms) if norms else float("nan"),
        "neighbour_overlap": float(np.mean(overlap)) / NEIGHBOURS,
    }


def _nearest(unit, query):
    """Places of the nearest rows of each queried row, itself left out."""
    similarity = unit[query].astype(np.float32) @ unit.T.astype(np.float32)
    similarity[np.arange(len(query)), query] = -np.inf
    return np.argpartition(-similarity, NEIGHBOURS, axis=1)[:, :NEIGHBOURS]


def read(path):
    """Read an exported file, or any other file of vectors by gene symbol.

    Parameters
    ----------
    path : Path

    Returns
    -------
    Embedding
    """
    return Embedding(*vectors.read_vectors(path, strict=False)[:2])


def catalogue(plan, folder):
    """List the models of a profile with what can be exported and what was.

    Parameters
    ----------
    plan : Plan
    folder : Path
        Of exported files.

    Returns
    -------
    DataFrame
        A row a model: ``state`` is ``exported``, ``cached`` (``export`` writes at once) or ``to be
        computed``.
    """
    rows = []
    for name, spec in plan.models.items():
        state = "cached" if plan.embedding_path(name).exists() else "to be computed"
        if (folder / f"{name}.json").exists():
            state = "exported"
        rows.append((name, spec.family, spec.dim, spec.licence, sharing(spec.licence), state))
    return pd.DataFrame(rows, columns="model family dim licence share state".split())
