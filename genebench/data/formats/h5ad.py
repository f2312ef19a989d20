"""AnnData files (``.h5ad``): which array is meant, and where its genes are named."""

import functools
import re

import numpy as np
import pandas as pd

from ...core.errors import BadInput, pick
from .. import limits
from .frames import Vectors, is_run

FEWEST = 20
"""Names of genes are at least so many."""
_BARCODE = r"[ACGTN]+\d*-\d+$|[ACGTN]{10}"
_GENE = (
    r"ENSG\d{11}(\.\d+)?|HGNC:\d+|C(\d+|X|Y)orf\d+|"
    rf"(?!{_BARCODE})[A-Z][A-Z0-9]+([-.][A-Z0-9]+)*"
)
"""How symbols, Ensembl and HGNC ids of human genes are written, and barcodes of cells are not."""
_NUMBERED = r"(?i)(entrez|gene)([ _]?ids?)?"
"""Names of an index or a column where whole numbers are ids of genes, those of Entrez."""


def read(file):
    """Read one array of an AnnData file whose rows or columns are genes.

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
    import anndata  # here, for the copy of this process has little time  # noqa: F401

    size = functools.partial(limits.check_hdf5, file.path)
    limits.check_ends(size, functools.partial(_read, file))
    size()
    return _read(file)


def _read(file):
    """``read``, of a file whose items were checked."""
    import h5py
    from anndata.io import read_elem
    from scipy import sparse

    with h5py.File(file.path, "r") as store:
        tables = {side: read_elem(store[side]) for side in ("obs", "var") if side in store}
        if [type(table) for table in tables.values()] != [pd.DataFrame] * 2:
            raise BadInput(
                "has no tables 'obs' and 'var', as AnnData writes them since 0.7; open it with "
                "AnnData and write it again."
            )
        named = {side: _named(table, file) for side, table in tables.items()}
        items = {"X": store["X"], "X.T": store["X"]} if "X" in store else {}
        for side in ("obsm", "varm"):
            items |= {f"{side}/{key}": item for key, item in (store.get(side) or {}).items()}
        shapes = {name: _shape(item, name) for name, item in items.items()}
        name = file.array or _only(shapes, named)
        item, side = pick(items, "array", name), _side(name)
        if len(shapes[name]) != 2:
            raise BadInput(f"'{name}' is no table of two axes; say which is with --array.")
        limits.check_shape(*shapes[name], f"'{name}'")
        where, (names, _) = _chosen(named[side], side, file.ids)
        matrix = read_elem(item)
    if isinstance(matrix, pd.DataFrame):
        matrix = matrix.to_numpy()
    if sparse.issparse(matrix):
        matrix.check_format(full_check=True)  # its indices are believed after
        matrix = matrix.toarray()
    notes = [f"vectors were taken from {name}, ids from {side} ({where})."]
    return Vectors(names, matrix.T if name.endswith(".T") else matrix, None, notes)


def _side(name):
    """The table that describes the rows of an array."""
    return "var" if name.startswith(("X.T", "varm")) else "obs"


def _shape(item, name):
    """Shape of an array with genes as rows, as declared; empty for what is none."""
    shape = getattr(item, "shape", None) or tuple(np.ravel(item.attrs.get("shape", ())))
    if "column-order" in item.attrs:  # a data frame
        shape = (*item[item.attrs["_index"]].shape, len(item.attrs["column-order"]))
    return shape[::-1] if name.endswith(".T") else shape


def _named(table, file):
    """Index and columns of text or ids → their names, and the share of them that are genes."""
    out = {}
    for name, column in {**table, "index": table.index.to_series()}.items():
        entrez = re.fullmatch(_NUMBERED, str(column.name))
        if name in (file.ids, "index") or entrez or not pd.api.types.is_numeric_dtype(column):
            names = column.astype("string").fillna("").astype(object).reset_index(drop=True)
            counted = len(names) < FEWEST or is_run(names)  # dimensions, or the rows by number
            genes = names.str.fullmatch(rf"{_GENE}|\d+" if entrez else _GENE)
            out[name] = names, 0.0 if counted else genes.mean()
    return out


def _chosen(named, side, ids):
    """Which index or column names the genes, and its names."""
    best = ids or max(named, key=lambda name: named[name][1])
    if ids is None and not named["index"][1] < 0.5 <= named[best][1]:
        best = "index"
    return best, pick(named, f"column of {side}", best)


def _only(shapes, named):
    """The one array whose genes are named. Raises BadInput with how to say which is meant."""
    good = {
        side: [name for name, (_, share) in columns.items() if share >= 0.5]
        for side, columns in named.items()
    }
    candidates = [n for n in shapes if good[_side(n)]] or [n for n in shapes if n != "X.T"]
    if len(candidates) == 1:
        return candidates[0]
    holds = ", ".join(f"{n} {'×'.join(map(str, shape))}" for n, shape in [*shapes.items()][:6])
    where = [f"{side} ({', '.join(map(repr, names[:3]))})" for side, names in good.items() if names]
    says = f"genes are named in {' and '.join(where)}" if where else "no names look like genes"
    options = " or ".join(f"--array {name}" for name in candidates[:4]) or "--array"
    raise BadInput(
        f"holds {holds or 'no array'}; {says}: say which is meant with {options}, and a column of "
        "names with --ids."
    )
