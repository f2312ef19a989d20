"""AnnData files (``.h5ad``): which array is meant, and where its genes are named."""

import functools
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd

from ...core.errors import BadInput, pick
from .. import limits
from .frames import VectorFile, Vectors, is_run

FEWEST = 20
"""Names of genes are at least so many."""
_BARCODE = r"[ACGTN]+\d*-\d+$|[ACGTN]{10}"
_GENE = rf"ENSG\d{{11}}(\.\d+)?|(?!{_BARCODE})[A-Z][A-Z0-9]+([-.][A-Z0-9]+)*|C(\d+|X|Y)orf\d+"


def share_of_genes(names):
    """Share of names that are written like symbols or Ensembl ids of human genes.

    Parameters
    ----------
    names : Series of str

    Returns
    -------
    float
        0 to 1.
    """
    return float(names.str.fullmatch(_GENE).mean())


def read(file):
    """Read one array of an AnnData file whose rows or columns are genes; nothing else of it.

    Parameters
    ----------
    file : VectorFile
        ``ids``: column of ``obs`` or ``var`` that names the genes; None: the index, or a column
        where the index names none. ``array``: ``X``, ``X.T``, ``obsm/<key>`` or ``varm/<key>``;
        None: the only one whose genes are named.

    Returns
    -------
    Vectors
    """
    size = functools.partial(limits.check_hdf5, file.path, file.most_cells)
    limits.check_ends(size, functools.partial(_read, file))
    size()
    return _read(file)


def _read(file: VectorFile) -> Vectors:
    """``read``, of a file whose items were checked."""
    import h5py

    with h5py.File(file.path, "r") as store:
        if not all(isinstance(store.get(side), h5py.Group) for side in ("obs", "var")):
            raise BadInput(
                "has no groups 'obs' and 'var', as AnnData writes them since 0.7; open it with "
                "AnnData and write it again."
            )
        items = {"X": store["X"], "X.T": store["X"]} if "X" in store else {}
        for side in ("obsm", "varm"):
            items |= {f"{side}/{key}": item for key, item in (store.get(side) or {}).items()}
        named = {side: _places(store[side], file.share, file.ids) for side in ("obs", "var")}
        name = file.array or _only(items, named)
        side, item = _side(name), pick(items, "array", name)
        limits.check_shape(*_shape(item, name), file.most_cells, f"'{name}'")
        where, names = _chosen(named[side], side, file.ids)
        matrix = _full(item)
    matrix = matrix.T if name.endswith(".T") else matrix
    notes = [f"vectors were taken from {name}, ids from {side} ({where})."]
    return Vectors(names, matrix, None, notes)


def _side(name: str) -> str:
    """The table that describes the rows of an array."""
    return "var" if name.startswith(("X.T", "varm")) else "obs"


def _shape(item: Any, name: str) -> tuple[int, ...]:
    """Shape of an array with genes as rows, as declared."""
    if len(columns := item.attrs.get("column-order", ())):
        shape = (*item[columns[0]].shape, len(columns))
    else:
        shape = getattr(item, "shape", None) or tuple(np.ravel(item.attrs.get("shape", ())))
    if len(shape) != 2:
        raise BadInput(f"'{name}' is no table of two axes; say which is with --array.")
    return shape[::-1] if name.endswith(".T") else shape


def _places(group: Any, share: Callable, ids: str | None) -> dict[str, tuple[pd.Series, float]]:
    """Index and columns of text of a table → its names, and the share of them that are genes."""
    index = group.attrs.get("_index", "_index")
    out = {}
    for name in (index, *(n for n in group if n != index)):
        item = group[name]
        if hasattr(item, "keys") and not {"categories", "values"} & set(item):
            continue
        names = _column(item)
        if names.dtype == object or name in (ids, index):
            names = pd.Series(names.astype(str), dtype=object)
            counted = len(names) < FEWEST or is_run(names)  # dimensions, or the rows by number
            out["index" if name == index else name] = names, 0.0 if counted else share(names)
    return out


def _column(item: Any) -> np.ndarray:
    """A column of a table: text as objects. One of categories is a group."""
    if "categories" in getattr(item, "keys", tuple)():
        codes, categories = item["codes"][()], _column(item["categories"])
        return np.append(categories, "")[np.where(codes < 0, len(categories), codes)]
    item = item["values"] if hasattr(item, "keys") else item  # with a mask of those missing
    limits.check_shape(item.size, 1)
    return item.asstr()[()] if item.dtype.kind == "O" else item[()]


def _chosen(places: dict, side: str, ids: str | None) -> tuple[str, pd.Series]:
    """Which index or column names the genes, and its names."""
    if ids is not None:
        return ids, pick(places, f"column of {side}", ids)[0]
    best = max(places, key=lambda name: places[name][1])
    best = best if places["index"][1] < 0.5 <= places[best][1] else "index"
    return best, places[best][0]


def _only(items: dict, named: dict) -> str:
    """The one array whose genes are named. Raises BadInput with how to say which is meant."""
    good = {
        side: [name for name, (_, share) in places.items() if share >= 0.5]
        for side, places in named.items()
    }
    found = [name for name in items if good[_side(name)]]
    candidates = found or [name for name in items if name != "X.T"]
    if len(candidates) == 1:
        return candidates[0]
    shapes = [f"{name} {'×'.join(map(str, _shape(item, name)))}" for name, item in items.items()]
    where = [f"{side} ({', '.join(map(repr, names[:3]))})" for side, names in good.items() if names]
    says = f"genes are named in {' and '.join(where)}" if where else "no names look like genes"
    options = " or ".join(f"--array {name}" for name in candidates[:4]) or "--array"
    raise BadInput(
        f"holds {', '.join(shapes[:6]) or 'no array'}; {says}: say which is meant with {options}, "
        "and a column of names with --ids."
    )


def _full(item: Any) -> np.ndarray:
    """An array in full; a sparse one is checked before, for its indices are believed after."""
    from scipy import sparse

    kind = item.attrs.get("encoding-type", "")
    if kind in ("csr_matrix", "csc_matrix"):
        parts = tuple(item[name][()] for name in ("data", "indices", "indptr"))
        matrix = getattr(sparse, kind)(parts, shape=tuple(map(int, item.attrs["shape"])))
        matrix.check_format(full_check=True)
        return matrix.toarray()
    if len(columns := item.attrs.get("column-order", ())):
        return np.column_stack([item[name][()] for name in columns])
    return item[()]
