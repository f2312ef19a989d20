"""Vectors to take away: one file a model with the identifiers of its genes, and a card beside it.

The card, ``<model>.json``, says what the numbers are: weights, texts or sequences, layer, pooling,
number format, licence, and the SHA-256 of the file.
"""

import json
import os
import shutil
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.neighbors import NearestNeighbors
from sklearn.preprocessing import normalize

from .. import __version__
from ..core import cache, manifest
from ..core.errors import BadInput, check, one_line
from ..core.source_specs import FileSpec
from ..data import genes, sources, vectors
from ..models import Embedding

IDS = ("hgnc_id", "ensembl", "entrez", "uniprot")
"""Columns of identifiers of an exported file; ``symbol`` stands first."""
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
    for column in IDS:
        first = {}
        for name, found in resolver.index[column.removesuffix("_id")].items():
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


def export(spec, embedding, known, folder, *, ending="parquet", dtype="float16"):
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
    own = "title description hub revision weights packages files trained_on licence citation"
    network = spec.hub or spec.weights
    read = dict.fromkeys([*filter(None, [spec.options.get("source")]), *spec.reads])
    card = {
        **spec.model_dump(include=set(own.split()), exclude_defaults=True, mode="json"),
        "model": spec.name,
        "file": target.name,
        "sha256": cache.digest(target),
        "genes": len(matrix),
        "dimensions": matrix.shape[1],
        "dtype": dtype,
        "computed_in": spec.dtype,
        "layer": spec.options.get("layer", -1) if network else None,
        "pooling": spec.pooling if network else None,
        "share": sharing(spec.licence),
        "sources": {name: known[name].release for name in read},
        "ids": ids.columns.tolist(),
        "genebench": __version__,
        "commit": manifest.commit(),
        "cite": "the model, its sources and genebench (CITATION.cff)",
    }
    cache.write_json(folder / f"{spec.name}.json", card)
    return target


def _parquet(path, ids, matrix):
    frame = pd.DataFrame(matrix).add_prefix("v")
    options = {"compression": "zstd", "use_dictionary": False, "index": False}
    pd.concat([ids, frame], axis=1).to_parquet(path, **options)


def _safetensors(path, ids, matrix):
    from safetensors.numpy import save_file

    header = {name: json.dumps(ids[name].tolist()) for name in ids}
    save_file({"vectors": np.ascontiguousarray(matrix)}, path, metadata=header)


def _h5ad(path, ids, matrix):
    import anndata

    anndata.AnnData(matrix, obs=ids.set_index("symbol")).write_h5ad(path)


WRITERS = {"parquet": _parquet, "safetensors": _safetensors, "h5ad": _h5ad}
"""Ending → writer of (path, ids, matrix)."""


def get(name, origin, folder):
    """Fetch an exported file with its card, and check it.

    Parameters
    ----------
    name, origin : str
        Model, and the folder, or its https address, that holds card and file.
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
    with tempfile.TemporaryDirectory(dir=folder, prefix=".") as made:
        card = _brought(origin, Path(made) / f"{name}.json")
        try:
            about = json.loads(card.read_bytes())
            file, wanted = Path(about["file"]).name, about["sha256"]
        except (ValueError, KeyError, TypeError) as err:
            raise BadInput(
                f"{origin}/{card.name}: no card of exported vectors ({err}); give the origin of a "
                "file that 'genebench vectors export' wrote."
            ) from err
        found = _brought(origin, Path(made) / file)
        if cache.digest(found) != wanted:
            raise BadInput(
                f"{origin}/{file}: its SHA-256 is not the one of its card; export or fetch it "
                "again."
            )
        for path in (found, card):
            os.replace(path, folder / path.name)
    return folder / file


def _brought(origin, target):
    """Copy or download the file of a name."""
    if origin.startswith("https://"):
        return fetched(f"{origin.rstrip('/')}/{target.name}", target, "try again")
    found = Path(origin) / target.name
    if not found.is_file():
        raise BadInput(f"{found}: no such file; run 'genebench vectors export' first.")
    return shutil.copyfile(found, target)


def fetched(url, target, advice):
    """Download one file.

    Parameters
    ----------
    url, target, advice : str, Path, str
        Its https address, where it is put, and what to do if it does not come, for the message.

    Returns
    -------
    Path

    Raises
    ------
    BadInput
        It could not be fetched.
    """
    try:
        return sources.fetch_file(FileSpec(format="parquet", path=target.name, url=url), target)
    except Exception as err:  # of the web
        reason = one_line(f"{type(err).__name__}: {err}")[:140]
        raise BadInput(f"{url} could not be fetched ({reason}); {advice}.") from err


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
    units = normalize(x), normalize(y)
    cosine = np.array([np.nan])
    if x.shape[1] == y.shape[1]:
        both = ~(x.any(axis=1) | y.any(axis=1))  # vectors of zeros are equal
        cosine = np.where(both, 1.0, (units[0] * units[1]).sum(axis=1))
    x, y = x - x.mean(axis=0), y - y.mean(axis=0)
    norms = np.linalg.norm(x.T @ x) * np.linalg.norm(y.T @ y)
    query = np.random.default_rng(0).permutation(len(shared))[:QUERIES]
    near = []
    for unit in units:
        found = NearestNeighbors(n_neighbors=NEIGHBOURS + 1, algorithm="brute").fit(unit)
        rows = found.kneighbors(unit[query], return_distance=False)
        near.append([row[row != gene][:NEIGHBOURS] for gene, row in zip(query, rows)])
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
