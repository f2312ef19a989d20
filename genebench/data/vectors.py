"""Read files of gene vectors in any of the common formats; every fault is one sentence.

csv, tsv, word2vec and GloVe text, npz, npy with a list of ids, parquet, h5ad, safetensors, json and
plain pickles of gene → vector; text and json also as ``.gz`` or in a ``.zip``. Nothing in a file is
run. A format is one function in ``FORMATS``: of a ``VectorFile``, to ids, numbers and, where there
are any, names of the columns.
"""

from __future__ import annotations

import csv
import io
import itertools
import json
import re
import warnings
import zipfile
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from ..core.errors import BadInput, unknown
from . import date_symbols, limits
from .readers import open_unpacked

LARGEST = 1e10
"""A value beyond this, up or down, is a fault: its square leaves no digits for the others."""
FEWEST = 20
"""Fewer genes are a fault."""
_MOUSE = r"(?!C(\d+|X|Y)orf)[A-Z][a-z0-9-]*[a-z][a-z0-9-]*"
_UNUSABLE_ID = r"[\x00-\x1f\x7f\ud800-\udfff]|.{201}"
_ID_NAMES = (
    "symbol gene_symbol gene gene_name gene_id genes gene_names id ids name identifier index "
    "entrez entrez_id geneid ensembl ensembl_id ensembl_gene_id ensgene uniprot uniprot_id hgnc "
    "hgnc_id accession feature_name"
).split()
_NO_TEXT = dict.fromkeys((None, *" NA N/A NULL null None none #N/A".split(" ")), np.nan)
_NO_TEXT |= {"True": 1.0, "False": 0.0}


class VectorFile(NamedTuple):
    """A file of vectors, opened.

    Attributes
    ----------
    path : Path
    ending : str
        That of its unpacked name, in lower case; it tells the format.
    raw : bytes
        Its unpacked content.
    ids, array : str or None
        As given to ``read_vectors``.
    """

    path: Path
    ending: str
    raw: bytes
    ids: str | None
    array: str | None


def read_vectors(
    path: Path | str,
    *,
    ids: str | Path | None = None,
    array: str | None = None,
    strict: bool = True,
) -> tuple[np.ndarray, np.ndarray]:
    """Read and check a file of vectors of genes.

    Parameters
    ----------
    path : Path or str
        The file; its ending tells the format.
    ids : str or Path, optional
        Name of the column or array of ids. For ``.npy`` and ``.safetensors`` the path of a text
        file with one id a line (default: the file beside it with the ending ``.ids.txt``).
    array : str, optional
        Which array of a file that holds several: a key of an ``.npz`` or ``.safetensors``; of an
        ``.h5ad`` ``X`` (genes are the rows), ``X.T`` (genes are the columns), ``obsm/<key>`` or
        ``varm/<key>``.
    strict : bool
        Whether spreadsheet dates, symbols of the mouse and ids that stand twice are faults too;
        else they are left to the resolver, whose report lists them.

    Returns
    -------
    ids : ndarray of str, shape (n,)
    vectors : ndarray of float32, shape (n, d)
        Within ± ``LARGEST``.

    Raises
    ------
    BadInput
        Anything that keeps the file from being vectors of genes, with its row (counted from 1) and
        column, and what to do.
    """
    path = Path(path)
    with limits.faults_of(path, path.suffix[1:]):
        if not path.is_file():
            raise BadInput("no such file; check the spelling.")
        file = _opened(path, ids, array)
        names, matrix, *columns = FORMATS[file.ending](file)
        names = [str(name).strip() for name in names]
        shape = "×".join(map(str, matrix.shape))
        if matrix.ndim != 2 or matrix.shape[1] == 0 or len(names) != len(matrix):
            raise BadInput(
                f"holds {len(names)} ids for an array of {shape or 1} values; save a table of "
                "genes × dimensions, and one id a row, in their order."
            )
        if len(names) < FEWEST:
            raise BadInput(
                f"holds {len(names)} genes where {FEWEST} are the least; give more genes."
            )
        if matrix.dtype.kind not in "fiub":
            raise BadInput(
                f"holds values of type {matrix.dtype}, no real numbers; save them as float32."
            )
        _check_ids(pd.Series(names), strict)
        _check_values(names, matrix, *columns)
    return np.array(names, dtype=str), np.ascontiguousarray(matrix, dtype=np.float32)


def _opened(path: Path, ids: str | None, array: str | None) -> VectorFile:
    """A file of a known ending, and its content."""
    with open_unpacked(path) as stream:
        ending = Path(str(stream.name).removesuffix(".gz")).suffix.lower()
        if ending not in FORMATS:
            known = ", ".join(sorted(FORMATS))
            raise BadInput(f"the ending '{ending}' is none that holds vectors; use one of {known}.")
        raw = limits.read_all(stream)
    if not raw.strip():
        raise BadInput("is empty; write it again.")
    return VectorFile(path, ending, raw, ids, array)


def _check_ids(ids: pd.Series, strict: bool) -> None:
    """Raise a sentence at the first id that cannot name a gene."""
    mouse = ids.str.fullmatch(_MOUSE)
    rules = {
        "holds control characters or is too long; fix it": ids.str.contains(_UNUSABLE_ID),
        "is empty; name its gene or drop the row": ids == "",
        "is one of those that a spreadsheet made of gene symbols; export the table again with that "
        "column as text, or with Ensembl ids": date_symbols.spoiled(ids) & strict,
        "is written like one of the symbols of the mouse; map them to their human orthologues": (
            mouse & (strict and mouse.mean() > 0.5)
        ),
        "is not alone; keep one vector for each gene": ids.duplicated(keep=False) & strict,
    }
    for fault, rows in rules.items():
        if rows.any():
            row = int(np.argmax(rows))
            raise BadInput(
                f"the id {ascii(ids[row])[:60]} stands in row {row + 1} and {fault} "
                f"({rows.sum()} such rows in all)."
            )


def _check_values(ids: list[str], matrix: np.ndarray, columns: list[str] | None = None) -> None:
    """Raise a sentence at the first value that is missing, infinite or too large."""
    columns = columns or range(1, matrix.shape[1] + 1)
    unusable = ~(np.abs(matrix) <= LARGEST)
    if not unusable.any():
        return
    empty = np.isnan(matrix).all(axis=0)
    if empty.any():
        raise BadInput(f"column {columns[empty.argmax()]!r} holds no value at all; drop it.")
    row, at = np.argwhere(unusable)[0]
    value = matrix[row, at]
    fault = "no value" if np.isnan(value) else f"{value:.3g}, beyond {LARGEST:.0e}"
    raise BadInput(
        f"gene '{ids[row]}' (row {row + 1}) has {fault} in column {columns[at]!r} "
        f"({unusable.sum()} such values in all); fix the value or drop the gene."
    )


def _read_text(file: VectorFile) -> tuple:
    """Delimited text; two whole numbers in its first line announce word2vec."""
    from pyarrow import csv as arrow
    from pyarrow import string

    text = io.StringIO(file.raw.decode("utf-8-sig"), newline=None).read().strip("\n")
    usual = {".csv": ",", ".tsv": "\t"}.get(file.ending, "")
    announced = not usual and re.match(r"(\d{1,15})[ \t]+\d{1,15} *\n", text)
    text = text[announced.end() if announced else 0 :]
    first = text.partition("\n")[0].rstrip(" ")
    sep = next((s for s in usual + "\t,; " if s in first), " ")
    names = [name.strip() for name in next(csv.reader([first], delimiter=sep))]
    named = names[0].lower() in ("", *_ID_NAMES) or file.ids in names
    headed = not announced and (named or not all(map(_is_number, names[1:])))
    if not headed:
        names = ["id" if announced else "", *map(str, range(1, len(names)))]
    names = [name or f"unnamed {i}" for i, name in enumerate(names, start=1)]
    ids = names[_id_column(names, file.ids) or 0]
    table = arrow.read_csv(
        io.BytesIO(text.replace(" \n", "\n").rstrip(" ").encode()),
        arrow.ReadOptions(
            column_names=names, use_threads=False, skip_rows=int(headed), block_size=1 << 28
        ),
        arrow.ParseOptions(delimiter=sep),
        arrow.ConvertOptions(column_types={ids: string()}),
    )
    if announced and len(table) != int(announced[1]):
        raise BadInput(
            f"announces {announced[1]} vectors and holds {len(table)}; copy or download it again."
        )
    return _of_frame(table.to_pandas(), file.ids)


def _is_number(cell: object) -> bool:
    """Whether a cell holds a number, or a word for none."""
    try:
        return cell in _NO_TEXT or float(cell) is not None
    except (TypeError, ValueError):
        return False


def _id_column(names: list[str], ids: str | None) -> int | None:
    """Which column holds ids: the one named, or one of a usual name."""
    if ids is not None:
        if ids not in names:
            raise unknown("column", str(ids), names)
        return names.index(ids)
    lower = [name.lower().replace(" ", "_") for name in names]
    return next((lower.index(name) for name in _ID_NAMES if name in lower), None)


def _of_frame(frame: pd.DataFrame, ids: str | None) -> tuple:
    """Ids, numbers and names of the columns of a table; a first column of text holds ids too."""
    frame.columns = frame.columns.map(str)
    again = frame.columns[frame.columns.duplicated()]
    if len(again):
        raise BadInput(f"has two columns named '{again[0]}'; rename or drop one.")
    at = _id_column(list(frame), ids)
    if at is None and _is_number(frame.iloc[0, 0]):
        raise BadInput(
            f"has no column of gene ids (the first, '{frame.columns[0]}', begins with "
            f"{str(frame.iloc[0, 0])[:60]}); add one named 'symbol', or say which column it is."
        )
    names = frame.iloc[:, at or 0]
    values = frame.drop(columns=names.name)
    for name, column in values.select_dtypes(exclude=["number", "bool"]).items():
        values[name] = column.map(lambda cell: _NO_TEXT.get(cell, cell))
        texts = column[~column.map(_is_number).to_numpy(bool)]
        if len(texts):
            raise BadInput(
                f"column '{name}' holds the text '{texts.iloc[0]}' (row {texts.index[0] + 1}) "
                "where a number belongs; drop that column, or name it as the column of ids."
            )
    with np.errstate(invalid="ignore"):  # a signalling NaN of single precision is a NaN
        return names, values.to_numpy(np.float64, na_value=np.nan), list(values)


def _read_parquet(file: VectorFile) -> tuple:
    """A Parquet table, with the ids in a column or in the index of pandas."""
    frame = limits.read_parquet(io.BytesIO(file.raw)).to_pandas()
    if not isinstance(frame.index, pd.RangeIndex):
        frame = frame.reset_index(names=frame.index.name or "id")
    return _of_frame(frame, file.ids)


def _read_mapping(file: VectorFile) -> tuple:
    """Gene → list of numbers, as json or as a pickle of plain containers."""
    if file.ending == ".json":
        table = json.loads(file.raw.decode("utf-8-sig"))
    else:
        table = limits.read_pickle(file.path)
    rows = list(table.values())
    lengths = {isinstance(row, list) and len(row) for row in rows}
    if len(lengths) != 1 or not any(lengths):
        raise BadInput("holds no mapping of gene → list of numbers, all equally long; write one.")
    size = len(rows) * lengths.pop()
    limits.check_size(8.0 * size)
    numbers = itertools.chain.from_iterable(rows)
    return table, np.fromiter(numbers, np.float64, size).reshape(len(rows), -1)


def _choose(arrays: dict, name: str | None, candidates: list, option: str) -> np.ndarray:
    """The array that is named, or the only one that can be meant."""
    if name is None and len(candidates) == 1:
        name = candidates[0]
    if name is None:
        shapes = [f"{name} {'×'.join(map(str, a.shape))}" for name, a in arrays.items()]
        raise BadInput(f"holds {', '.join(shapes[:6])}; say which is meant with {option}=.")
    if name not in arrays:
        raise unknown("array", name, arrays)
    return arrays[name]


def _matrix(arrays: dict, name: str | None) -> np.ndarray:
    """The array that is named, or the only one of two axes."""
    return _choose(arrays, name, [n for n, a in arrays.items() if a.ndim == 2], "array")


def _read_npz(file: VectorFile) -> tuple:
    """Arrays of numpy, one of them the ids, or one for each gene."""
    arrays = {}
    with zipfile.ZipFile(io.BytesIO(file.raw)) as archive:
        limits.check_size(sum(m.file_size for m in archive.infolist()), "its unpacked content")
        for name in archive.namelist():
            with limits.faults_of(name):
                arrays[name.removesuffix(".npy")] = limits.read_npy(archive.read(name))
    texts = [n for n, a in arrays.items() if a.ndim == 1 and a.dtype.kind in "US"]
    if not texts and file.ids is file.array is None and all(a.ndim == 1 for a in arrays.values()):
        return arrays, np.stack(list(arrays.values()))
    ids = _choose(arrays, file.ids, texts, "ids").ravel()
    ids = np.char.decode(ids, "utf-8") if ids.dtype.kind == "S" else ids
    return ids, _matrix(arrays, file.array)


def _read_array(file: VectorFile) -> tuple:
    """A file of arrays without ids, which are one a line of a text file."""
    from safetensors.numpy import load

    arrays = {"": limits.read_npy(file.raw)} if file.ending == ".npy" else load(file.raw)
    path = Path(file.ids or file.path.with_suffix(".ids.txt"))
    if not path.is_file():
        raise BadInput(
            f"holds no ids and there is no file {path}; write it, one id a line, in order."
        )
    ids = path.read_text(encoding="utf-8-sig").split()
    return ids, arrays[""] if "" in arrays else _matrix(arrays, file.array)


def _read_h5ad(file: VectorFile) -> tuple:
    """An AnnData object whose rows or columns are genes."""
    import anndata

    limits.check_hdf5(file.path)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # on old layouts, and on ids that are checked later
        data = anndata.read_h5ad(file.path)
    arrays = {} if data.X is None else {"X": data.X, "X.T": data.X.T}
    for place, tables in (("obsm", data.obsm), ("varm", data.varm)):
        arrays |= {f"{place}/{key}": table for key, table in tables.items()}
    matrix = _choose(arrays, file.array, [name for name in arrays if name != "X.T"], "array")
    genes = data.var if str(file.array).startswith(("X.T", "varm")) else data.obs
    names = genes.index if file.ids is None else genes[file.ids]
    return names, matrix.toarray() if hasattr(matrix, "toarray") else np.asarray(matrix)


FORMATS = {
    **dict.fromkeys((".csv", ".tsv", ".txt", ".vec", ".w2v"), _read_text),
    **dict.fromkeys((".parquet", ".pq"), _read_parquet),
    **dict.fromkeys((".json", ".pkl", ".pickle"), _read_mapping),
    **dict.fromkeys((".npy", ".safetensors"), _read_array),
    ".npz": _read_npz,
    ".h5ad": _read_h5ad,
}
"""Ending → reader of that format."""
