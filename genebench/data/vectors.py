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
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from ..core.errors import BadInput, unknown
from . import date_symbols, limits
from .readers import open_unpacked

_MOUSE = r"(?!C(\d+|X|Y)orf)[A-Z][a-z0-9-]*[a-z][a-z0-9-]*"
_UNUSABLE_ID = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]|.{201}")
_ID_NAMES = (
    "symbol gene_symbol gene gene_name gene_id genes gene_names id ids name identifier index "
    "entrez entrez_id geneid ensembl ensembl_id ensembl_gene_id ensgene uniprot uniprot_id hgnc "
    "hgnc_id accession feature_name"
).split()
_WORDS = dict.fromkeys(["", "NA", "N/A", "NULL", "null", "None", "none", "#N/A"], np.nan)
_WORDS |= {"True": 1.0, "False": 0.0}
_DELIMITERS = {"\t": "tab", ";": "semicolon", ",": "comma", " ": "space"}
_MAGIC = {
    b"PK\x03\x04": ("a zip archive", (".npz", ".zip")),
    b"PAR1": ("a parquet file", (".parquet", ".pq")),
    b"\x89HDF": ("an HDF5 file", (".h5ad",)),
    b"\x93NUMPY": ("a numpy array", (".npy",)),
    b"\x1f\x8b": ("a gzip file", (".gz",)),
}


class VectorFile(NamedTuple):
    """A file of vectors, opened.

    Attributes
    ----------
    path
        Where it is.
    ending
        That of its unpacked name, in lower case; it tells the format.
    raw
        Its unpacked content.
    ids, array
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
    fewest: int = 20,
    strict: bool = True,
) -> tuple[np.ndarray, np.ndarray]:
    """Read and check a file of vectors of genes.

    Parameters
    ----------
    path
        The file; its ending tells the format.
    ids
        Name of the column or array of ids. For ``.npy`` and ``.safetensors`` the path of a text
        file with one id a line (default: the file beside it with the ending ``.ids.txt``).
    array
        Which array of a file that holds several: a key of an ``.npz`` or ``.safetensors``; of an
        ``.h5ad`` ``X`` (genes are the rows), ``X.T`` (genes are the columns), ``obsm/<key>`` or
        ``varm/<key>``.
    fewest, strict
        As of ``check_vectors``.

    Returns
    -------
    ids : numpy.ndarray of str, shape (n,)
    vectors : numpy.ndarray of float32, shape (n, d)
        Finite.

    Raises
    ------
    BadInput
        Anything that keeps the file from being vectors of genes, with its place and what to do.
    """
    path = Path(path)
    with limits.faults_of(path):
        if path.is_dir():
            raise BadInput("is a folder; name one file in it.")
        if not path.exists():
            raise BadInput("no such file; check the spelling.")
        try:
            ending, raw = _unpacked(path)
            table = FORMATS[ending](VectorFile(path, ending, raw, ids, array))
        except BadInput:
            raise
        except Exception as err:  # every library of a format raises its own
            fault = f"{type(err).__name__}: {str(err)[:90]}"
            if isinstance(err, UnicodeDecodeError):
                fault = f"not UTF-8 text, byte {err.start}"
            raise BadInput(
                f"cannot be read as {path.suffix[1:]} ({fault}); write it again."
            ) from err
    return check_vectors(path, *table, fewest=fewest, strict=strict)


def _unpacked(path: Path) -> tuple[str, bytes]:
    """The ending that tells the format, and the content."""
    with open_unpacked(path) as stream:
        ending = Path(str(stream.name).removesuffix(".gz")).suffix.lower()
        if ending not in FORMATS:
            more = " (save the sheet as CSV)" if ending.startswith(".xls") else ""
            raise BadInput(
                f"the ending '{ending}' is none that holds vectors{more}; use one of "
                f"{', '.join(sorted(FORMATS))}."
            )
        raw = limits.read_all(stream)
    if not raw.strip():
        raise BadInput("is empty; write it again.")
    for magic, (what, endings) in _MAGIC.items():
        if raw.startswith(magic) and ending not in endings:
            raise BadInput(
                f"is {what}, though its name ends in '{ending}'; rename it to end in "
                f"{' or '.join(endings)}, or unpack it."
            )
    return ending, raw


def check_vectors(
    where: Path | str,
    ids: Iterable,
    matrix: np.ndarray,
    columns: list[str] | None = None,
    *,
    fewest: int = 20,
    strict: bool = True,
) -> tuple[np.ndarray, np.ndarray]:
    """Check that ids and vectors can be used.

    Parameters
    ----------
    where
        Begins the sentence if they cannot.
    ids
        (n,) ids of genes.
    matrix
        (n, d) real numbers within ± ``limits.LARGEST``.
    columns
        (d,) names of the columns.
    fewest
        Fewer genes are a fault.
    strict
        Whether spreadsheet dates, symbols of the mouse and ids that stand twice are faults too;
        else they are left to the resolver, whose report lists them.

    Returns
    -------
    ids : numpy.ndarray of str, shape (n,)
    vectors : numpy.ndarray of float32, shape (n, d)

    Raises
    ------
    BadInput
        The first fault, with its row (counted from 1) and column.
    """
    ids, matrix = [str(i).strip() for i in ids], np.asarray(matrix)
    with limits.faults_of(where):
        if matrix.ndim != 2 or matrix.shape[1] == 0:
            raise BadInput(
                f"holds an array of shape {matrix.shape}, no table of genes × dimensions; save "
                "that."
            )
        if len(ids) != len(matrix):
            raise BadInput(
                f"{len(ids)} ids for {len(matrix)} vectors; give one id a row, in their order."
            )
        if len(ids) < fewest:
            raise BadInput(f"holds {len(ids)} genes where {fewest} are the least; give more genes.")
        if matrix.dtype.kind not in "fiub":
            raise BadInput(
                f"holds values of type {matrix.dtype}, no real numbers; save them as float32."
            )
        _check_ids(ids, strict)
        limits.check_values(ids, matrix, columns or range(1, matrix.shape[1] + 1))
    return np.array(ids, dtype=str), np.ascontiguousarray(matrix, dtype=np.float32)


def _check_ids(ids: list[str], strict: bool) -> None:
    """Raise a sentence at the first id that cannot name a gene."""
    odd = next((text for text in ids if _UNUSABLE_ID.search(text)), None)
    if odd:
        raise BadInput(
            f"the id {ascii(odd)[:60]} holds control characters, or is too long; mend it."
        )
    if "" in ids:
        raise BadInput(f"row {ids.index('') + 1} has no id; name its gene or drop the row.")
    if not strict:
        return
    names = pd.Series(ids)
    dates = names[date_symbols.spoiled(ids)]
    if len(dates):
        raise BadInput(
            f"{len(dates)} of the ids {'are dates' if len(dates) > 1 else 'is a date'} that a "
            f"spreadsheet made of gene symbols ('{dates.iloc[0]}' in row {dates.index[0] + 1}); "
            "export the table again with that column as text, or with Ensembl ids."
        )
    mouse = names[names.str.fullmatch(_MOUSE)]
    if len(mouse) > len(ids) / 2:
        raise BadInput(
            f"{len(mouse)} of {len(ids)} ids are written like symbols of the mouse "
            f"('{mouse.iloc[0]}'); map them to their human orthologues."
        )
    again = names[names.duplicated()]
    if len(again):
        raise BadInput(
            f"the id '{again.iloc[0]}' stands in row {ids.index(again.iloc[0]) + 1} and in row "
            f"{again.index[0] + 1} ({len(again)} such rows in all); keep one vector for each gene."
        )


def _read_text(file: VectorFile) -> tuple:
    """Delimited text; two whole numbers in its first line announce word2vec."""
    lines = [line.rstrip(" \r") for line in file.raw.decode("utf-8-sig").lstrip("\r\n").split("\n")]
    sep = {".csv": ",", ".tsv": "\t"}.get(file.ending)
    announced = not sep and re.fullmatch(r"(\d{1,15})[ \t]+\d{1,15}", lines[0])
    if announced:
        lines[0] = ""
    first = next(filter(None, lines), "")
    sep = sep or next((s for s in "\t," if s in first), " ")
    if sep not in first:
        other = next((name for s, name in _DELIMITERS.items() if s in first), "")
        fault = f" (it is delimited by {other}); save it with {_DELIMITERS[sep]}s."
        raise BadInput(
            f"has no {_DELIMITERS[sep]} in its first line, though its name ends in '{file.ending}'"
            + (fault if other else "; it has a single column.")
        )
    reader = csv.reader(lines, delimiter=sep)
    rows = filter(None, reader)
    names, row = _header(next(rows), rows, file.ids, bool(announced))
    at = 0 if announced else _id_column(names, row, file.ids)
    ids, matrix = [], []
    for cells in itertools.chain(filter(None, [row]), rows):
        if len(cells) != len(names):
            raise BadInput(
                f":{reader.line_num}: has {len(cells)} cells where the first line has "
                f"{len(names)}; make all rows equally long."
            )
        ids.append(cells.pop(at))
        values = list(map(_number, cells))
        if None in values:
            wrong = values.index(None)
            raise BadInput(
                f"column '{[*names[:at], *names[at + 1 :]][wrong]}' holds the text "
                f"'{cells[wrong]}' (row {len(ids)}) where a number belongs; drop that column, or "
                "name it as the column of ids."
            )
        matrix.append(np.array(values))
    if announced and len(ids) != int(announced[1]):
        raise BadInput(
            f"announces {announced[1]} vectors and holds {len(ids)}; copy or download it again."
        )
    return ids, np.array(matrix).reshape(len(ids), len(names) - 1), [*names[:at], *names[at + 1 :]]


def _number(text: str) -> float | None:
    """A number, NaN where there is none; None for other text."""
    try:
        return _WORDS[text] if text in _WORDS else float(text)
    except ValueError:
        return None


def _header(row: list[str], rows: Iterator[list[str]], ids: str | None, no: bool) -> tuple:
    """Names of the columns and the first row of values."""
    names = [cell.strip() for cell in row]
    named = names[0].lower() in ("", *_ID_NAMES) or ids in names
    if no or not named and None not in map(_number, names[1:]):
        names = ["", *map(str, range(1, len(names)))]
    else:
        row = next(rows, [])
    names = [name or f"unnamed {i}" for i, name in enumerate(names, start=1)]
    name, n = Counter(names).most_common(1)[0]
    if n > 1:
        raise BadInput(f"has two columns named '{name}'; rename one.")
    return names, row


def _id_column(names: list[str], row: list[str], ids: str | None) -> int:
    """Which column holds ids: the one named, else one of a usual name, else a first of text."""
    if ids is not None:
        if ids not in names:
            raise unknown("column", str(ids), names)
        return names.index(ids)
    lower = [name.lower().replace(" ", "_") for name in names]
    usual = [lower.index(name) for name in _ID_NAMES if name in lower]
    if usual:
        return usual[0]
    if not row or row[0] not in _WORDS and _number(row[0]) is not None:
        raise BadInput(
            f"has no column of gene ids (the first, '{names[0]}', begins with "
            f"{''.join(row[:1])[:60]}); add one named 'symbol', or say which column it is."
        )
    return 0


def _read_parquet(file: VectorFile) -> tuple:
    """A Parquet table, with the ids in a column or in the index of pandas."""
    frame = limits.read_parquet(io.BytesIO(file.raw)).to_pandas()
    if not isinstance(frame.index, pd.RangeIndex):
        frame = frame.reset_index(names=frame.index.name or "id")
    frame.columns = frame.columns.map(str)
    at = _id_column(list(frame), [str(values.iloc[0]) for _, values in frame.items()], file.ids)
    values = frame.drop(columns=frame.columns[at])
    with np.errstate(invalid="ignore"):  # a signalling NaN of single precision is a NaN
        matrix = values.to_numpy(dtype=np.float64, na_value=np.nan)
    return frame.iloc[:, at], matrix, list(values)


def _read_mapping(file: VectorFile) -> tuple:
    """Gene → list of numbers, as json or as a pickle of plain containers."""
    if file.ending == ".json":
        table = json.loads(file.raw.decode("utf-8-sig"))
    else:
        table = limits.read_pickle(file.path)
    if not (isinstance(table, dict) and table and all(isinstance(v, list) for v in table.values())):
        raise BadInput("holds no mapping of gene → list of numbers; write one.")
    d = len(next(iter(table.values())))
    for gene, values in table.items():
        if len(values) != d:
            raise BadInput(
                f"gene '{gene}' has {len(values)} numbers where the first has {d}; mend it."
            )
    limits.check_size(8.0 * len(table) * d)
    values = itertools.chain.from_iterable(table.values())
    return table, np.fromiter(values, np.float64, len(table) * d).reshape(-1, d)


def _choose(arrays: dict, name: str | None, candidates: list, option: str) -> np.ndarray:
    """The array that is named, or the only one that can be meant."""
    if name is None and len(candidates) == 1:
        return arrays[candidates[0]]
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
            if not name.endswith(".npy"):
                raise BadInput(
                    f"holds '{name}', which is no array of NumPy; write it again with numpy.savez, "
                    "or unpack it and give the file inside."
                )
            with limits.faults_of(name):
                arrays[name.removesuffix(".npy")] = limits.read_npy(archive.read(name))
    texts = [n for n, a in arrays.items() if a.ndim == 1 and a.dtype.kind in "US"]
    if not texts and file.ids is file.array is None and all(a.ndim == 1 for a in arrays.values()):
        return arrays, np.stack(list(arrays.values()))
    ids = _choose(arrays, file.ids, texts, "ids").ravel()
    ids = np.char.decode(ids, "utf-8") if ids.dtype.kind == "S" else ids
    return ids, _matrix(arrays, file.array)


def _ids_beside(file: VectorFile) -> list[str]:
    """The ids of a file that holds none: one a line of a text file."""
    path = Path(file.ids or file.path.with_suffix(".ids.txt"))
    if not path.is_file():
        raise BadInput(
            f"holds no ids and there is no file {path}; write it, one id a line, in order."
        )
    return path.read_text(encoding="utf-8-sig").split()


def _read_npy(file: VectorFile) -> tuple:
    """One array of numpy."""
    matrix = limits.read_npy(file.raw)
    return _ids_beside(file), matrix


def _read_safetensors(file: VectorFile) -> tuple:
    """Named arrays without text."""
    from safetensors.numpy import load

    matrix = _matrix(load(file.raw), file.array)
    return _ids_beside(file), matrix


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
    if file.ids is not None and file.ids not in genes:
        raise unknown("column", str(file.ids), genes)
    names = genes.index if file.ids is None else genes[file.ids]
    return names, matrix.toarray() if hasattr(matrix, "toarray") else np.asarray(matrix)


FORMATS = {
    **dict.fromkeys((".csv", ".tsv", ".txt", ".vec", ".w2v"), _read_text),
    **dict.fromkeys((".parquet", ".pq"), _read_parquet),
    **dict.fromkeys((".json", ".pkl", ".pickle"), _read_mapping),
    ".npz": _read_npz,
    ".npy": _read_npy,
    ".h5ad": _read_h5ad,
    ".safetensors": _read_safetensors,
}
"""Ending → reader of that format."""
