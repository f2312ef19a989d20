"""Files of gene vectors, in any of the common formats → ids and a matrix; every fault is one sentence.

csv, tsv, word2vec and GloVe text, npz, npy with a list of ids, parquet, h5ad, safetensors, json and plain pickles of
gene → vector; the text formats and json also as ``.gz``, text also as a ``.zip`` of one file. Nothing in a file is run.
"""

from __future__ import annotations

import io
import json
import re
import warnings
import zlib
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd

from ..core.errors import BadInput, unknown
from . import date_symbols, declared, delimited, readers

LARGEST = 1e10
"""A value beyond this, up or down, is a fault of the file: its square leaves no digits for the others."""

_MOUSE = re.compile(r"(?!C(\d+|X|Y)orf)[A-Z][a-z0-9-]*[a-z][a-z0-9-]*")
_CONTROL = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")
_LONGEST = 200
"""Letters of the longest id."""
_MAGIC = {
    b"PK\x03\x04": ("a zip archive", (".npz", ".zip")),
    b"PAR1": ("a parquet file", (".parquet", ".pq")),
    b"\x89HDF": ("an HDF5 file", (".h5ad",)),
    b"\x93NUMPY": ("a numpy array", (".npy",)),
    b"\x1f\x8b": ("a gzip file", (".gz",)),
}


def read_vectors(
    path: Path | str,
    *,
    ids: str | Path | None = None,
    array: str | None = None,
    fewest: int = 20,
    strict: bool = True,
) -> tuple[np.ndarray, np.ndarray]:
    """The ids, (n,) text, and vectors, (n, d) float32 and finite, of a file; the format is told by its ending.

    Args:
        ids: name of the column of ids; for ``.npy`` and ``.safetensors`` the path of a text file with one id a line
            (default: the file beside it with the ending ``.ids.txt``).
        array: which array of a file that holds several: a key of an ``.npz`` or ``.safetensors``; of an ``.h5ad``
            ``X`` (genes are the rows), ``X.T`` (genes are the columns), ``obsm/<key>`` or ``varm/<key>``.
        fewest: a file with fewer genes is a fault.
        strict: whether spreadsheet dates, mouse symbols and ids that stand twice among the ids are faults too; without
            it they are left to the resolver, whose report lists them.
    Raises: BadInput: anything that keeps the file from being vectors of genes, with its place and what to do.
    """
    path = Path(path)
    ending, raw = _opened(path)
    if ending not in _FORMATS:
        listed = ", ".join(sorted(_FORMATS))
        more = " (save the sheet as CSV)" if ending in (".xlsx", ".xls") else ""
        raise BadInput(
            f"{path}: the ending '{ending}' is none that holds vectors{more}; use one of {listed}."
        )
    try:
        names, matrix, columns = _FORMATS[ending](path, raw, ids, array)
    except UnicodeDecodeError as err:
        raise BadInput(
            f"{path}: not UTF-8 text (byte {err.start}); save it as UTF-8, or give its ending right."
        ) from None
    return check_vectors(path, names, matrix, columns, fewest=fewest, strict=strict)


def check_vectors(
    where: Path | str,
    ids,
    matrix,
    columns: list[str] | None = None,
    *,
    fewest: int = 20,
    strict: bool = True,
) -> tuple[np.ndarray, np.ndarray]:
    """Ids, (n,) text, and vectors, (n, d) float32, if they can be used; ``where`` begins the sentence if they cannot.

    Raises: BadInput: too few genes, lengths that differ, values that are missing, infinite or beyond ``LARGEST``, and
    with ``strict`` ids that stand twice, were turned into dates or are of the mouse.
    """
    ids, matrix = np.array([str(i).strip() for i in ids], dtype=str), np.asarray(matrix)
    if matrix.ndim != 2 or matrix.shape[1] == 0:
        raise BadInput(
            f"{where}: holds an array of shape {matrix.shape}, no table of genes × dimensions; save that."
        )
    if len(ids) != len(matrix):
        raise BadInput(
            f"{where}: {len(ids)} ids for {len(matrix)} vectors; give one id for each row, in their order."
        )
    if len(ids) < fewest:
        raise BadInput(
            f"{where}: holds {len(ids)} genes where {fewest} are the least; give more genes."
        )
    if odd := [i for i in ids.tolist() if _CONTROL.search(i) or len(i) > _LONGEST]:
        raise BadInput(
            f"{where}: the id {ascii(odd[0])[:60]} holds control characters, or is too long; mend it."
        )
    if (ids == "").any():
        raise BadInput(
            f"{where}: row {_row(np.flatnonzero(ids == '')[0])} has no id; name its gene or drop the row."
        )
    if np.iscomplexobj(matrix) or matrix.dtype.kind not in "fiub":
        raise BadInput(
            f"{where}: holds values of type {matrix.dtype}, no real numbers; save them as float32."
        )
    _check_values(where, ids, matrix, columns)
    if strict:
        _check_ids(where, ids)
    return ids, np.ascontiguousarray(matrix, dtype=np.float32)


def _row(index: int) -> int:
    return int(index) + 1


def _check_values(where, ids: np.ndarray, matrix: np.ndarray, columns) -> None:
    def column(at):
        return f"column '{columns[at]}'" if columns is not None else f"column {at + 1}"

    missing = np.isnan(matrix) if matrix.dtype.kind == "f" else np.zeros(matrix.shape, dtype=bool)
    if missing.all(axis=0).any():
        raise BadInput(
            f"{where}: {column(missing.all(axis=0).argmax())} holds no value at all; drop it."
        )
    for fault, what in (
        (missing, "no value"),
        (~np.isfinite(matrix), "inf"),
        (np.abs(matrix) > LARGEST, ""),
    ):
        if fault.any():
            row, at = np.argwhere(fault)[0]
            what = what or f"{matrix[row, at]:.3g}, beyond {LARGEST:.0e}"
            raise BadInput(
                f"{where}: gene '{ids[row]}' (row {_row(row)}) has {what} in {column(at)} ({fault.sum()} such values "
                f"in all); mend the value or drop the gene."
            )


def _check_ids(where, ids: np.ndarray) -> None:
    dates = np.flatnonzero(date_symbols.spoiled(ids)).tolist()
    if dates:
        raise BadInput(
            f"{where}: {len(dates)} of the ids {'are dates' if len(dates) > 1 else 'is a date'} that a spreadsheet "
            f"made of gene symbols ('{ids[dates[0]]}' in row {_row(dates[0])}); export the table again with that "
            f"column as text, or with Ensembl ids."
        )
    mouse = np.array([bool(_MOUSE.fullmatch(text)) for text in ids])
    if mouse.mean() > 0.5:
        raise BadInput(
            f"{where}: {mouse.sum()} of {len(ids)} ids are written like symbols of the mouse ('{ids[mouse][0]}'); map "
            f"them to their human orthologues."
        )
    again = pd.Series(ids).duplicated().to_numpy(bool)
    if again.any():
        at = np.flatnonzero(again)[0]
        first = np.flatnonzero(ids == ids[at])[0]
        raise BadInput(
            f"{where}: the id '{ids[at]}' stands in row {_row(first)} and in row {_row(at)} ({again.sum()} such rows "
            f"in all); keep one vector for each gene."
        )


# --- bytes ------------------------------------------------------------------------------------------------------------


def _opened(path: Path) -> tuple[str, bytes]:
    """The ending that tells the format, and the unpacked bytes of a file whose beginning agrees with it."""
    if path.is_dir():
        raise BadInput(f"{path}: is a folder; name one file in it.")
    try:
        raw = path.read_bytes()
    except FileNotFoundError:
        raise BadInput(f"{path}: no such file; check the spelling.") from None
    parts = [s.lower() for s in path.suffixes]
    ending = parts[-1] if parts else ""
    _agrees(path, ending, raw)
    if ending == ".gz":
        raw = declared.gunzip(path, raw)
        ending = parts[-2] if len(parts) > 1 else ""
        _agrees(path, ending, raw)
    elif ending == ".zip":
        try:
            with readers.opened(path) as stream:
                raw, inner = declared.unpacked(path, stream), getattr(stream, "name", "")
        except (OSError, ValueError, EOFError, zlib.error, readers.zipfile.BadZipFile) as err:
            raise BadInput(
                f"{path}: cannot be unpacked ({err}); copy or download it again."
            ) from None
        ending = Path(inner).suffix.lower()
        _agrees(path, ending, raw)
    return ending, raw


def _agrees(path: Path, ending: str, raw: bytes) -> None:
    """Raise a sentence where the first bytes are not of the format that the ending names."""
    if not raw.strip():
        raise BadInput(f"{path}: is empty; write it again.")
    if raw[:512].lstrip().lower().startswith((b"<!doctype html", b"<html", b"<?xml")):
        raise BadInput(
            f"{path}: is a web page (an error or login page, likely) and no data; download the file itself."
        )
    for magic, (what, endings) in _MAGIC.items():
        if raw.startswith(magic) and ending not in endings and ending not in (".xlsx", ".xls"):
            raise BadInput(
                f"{path}: is {what}, though its name ends in '{ending}'; rename it to end in {' or '.join(endings)}, "
                f"or unpack it."
            )
        if ending in endings and not raw.startswith(magic):
            raise BadInput(
                f"{path}: ends in '{ending}' but is not {what}; copy or download it again."
            )


# --- formats ----------------------------------------------------------------------------------------------------------


def _text(path: Path, raw: bytes, ids, array, *, ending: str) -> tuple:
    return delimited.read_text(path, raw, ids=ids, ending=ending)


def _parquet(path: Path, raw: bytes, ids, array) -> tuple:
    try:
        frame = declared.parquet(path, io.BytesIO(raw)).to_pandas()
    except BadInput:
        raise
    except Exception as err:
        raise BadInput(
            f"{path}: cannot be read as parquet ({str(err).splitlines()[0][:90]}); write it again."
        ) from None
    if not isinstance(frame.index, pd.RangeIndex):
        frame = frame.reset_index(names=frame.index.name or "id")
    frame.columns = frame.columns.map(str)
    if frame.shape[1] < 2 or not len(frame):
        raise BadInput(
            f"{path}: holds {len(frame)} rows and {frame.shape[1]} columns, no vectors; write it again."
        )
    at = delimited.id_column(
        path, list(frame.columns), [str(v) for v in frame.iloc[0]], ids, headed=True
    )
    return delimited.split(path, frame, frame.columns[at])


# --- arrays -----------------------------------------------------------------------------------------------------------


def _npz(path: Path, raw: bytes, ids, array) -> tuple:
    try:
        with np.load(io.BytesIO(raw), allow_pickle=False) as held:
            declared.archive(path, held.zip)
            arrays = {name: held[name] for name in held.files}
        other = [name for name, a in arrays.items() if not isinstance(a, np.ndarray)]
        if other or not arrays:
            what = f"holds '{other[0]}', which is no array of NumPy" if other else "holds no array"
            raise BadInput(
                f"{path}: {what}; write it again with numpy.savez, or unpack it and give the file inside."
            )
    except BadInput:
        raise
    except Exception as err:
        raise _unloadable(path, err) from None
    if ids is not None and ids not in arrays:
        raise unknown("array", str(ids), arrays, where=str(path))
    texts = {
        n: a for n, a in arrays.items() if a.ndim == 1 and a.dtype.kind in "US" and ids in (None, n)
    }
    if ids is not None and not texts:
        texts = {ids: arrays[ids].ravel()}
    if not texts and array is None and len({a.shape for a in arrays.values()}) == 1:
        if next(iter(arrays.values())).ndim == 1:  # one array for each gene, named by it
            return list(arrays), np.stack(list(arrays.values())), None
    if len(texts) != 1:
        raise BadInput(
            f"{path}: holds {len(texts)} arrays of text ({', '.join(texts) or 'among ' + ', '.join(arrays)}) where "
            f"one, the ids, belongs; say which with ids=, or add it."
        )
    (names,) = texts.values()
    if names.dtype.kind == "S":
        names = np.char.decode(names, "utf-8")
    return names, _one_array(path, {n: a for n, a in arrays.items() if n not in texts}, array), None


def _unloadable(path: Path, err: Exception) -> BadInput:
    if "allow_pickle" in str(err) or "Object arrays" in str(err):
        return BadInput(
            f"{path}: holds an array of Python objects, which could run code and is not opened; save numbers as "
            f"float32 and ids with dtype=str."
        )
    return BadInput(f"{path}: cannot be read ({type(err).__name__}); write it again.")


def _one_array(path: Path, arrays: Mapping[str, np.ndarray], array: str | None) -> np.ndarray:
    """The array asked for, or the only one with two axes."""
    if array is not None:
        if array not in arrays:
            raise unknown("array", array, arrays, where=str(path))
        return arrays[array]
    wide = {n: a for n, a in arrays.items() if a.ndim == 2}
    if len(wide) == 1:
        return next(iter(wide.values()))
    shapes = ", ".join(
        f"{n} {'×'.join(map(str, a.shape))}" for n, a in list((wide or arrays).items())[:6]
    )
    raise BadInput(
        f"{path}: holds {len(wide)} tables of numbers ({shapes}); say which with array=."
    )


def _beside(path: Path, ids) -> list[str]:
    """The ids of a file that holds none: one a line of a text file."""
    listed = Path(ids) if ids is not None else path.with_suffix(".ids.txt")
    if not listed.is_file():
        raise BadInput(
            f"{path}: holds no ids and there is no file {listed}; write it, one id a line, in order."
        )
    return listed.read_text(encoding="utf-8-sig").split()


def _npy(path: Path, raw: bytes, ids, array) -> tuple:
    try:
        declared.array(path, io.BytesIO(raw), len(raw))
        held = np.load(io.BytesIO(raw), allow_pickle=False)
    except BadInput:
        raise
    except Exception as err:
        raise _unloadable(path, err) from None
    return _beside(path, ids), held, None


def _safetensors(path: Path, raw: bytes, ids, array) -> tuple:
    from safetensors.numpy import load

    try:
        arrays = load(raw)
    except Exception as err:
        raise BadInput(
            f"{path}: cannot be read as safetensors ({type(err).__name__}: {str(err)[:60]}); save it again as float32."
        ) from None
    return _beside(path, ids), _one_array(path, arrays, array), None


def _h5ad(path: Path, raw: bytes, ids, array) -> tuple:
    import anndata

    try:
        with warnings.catch_warnings():
            warnings.simplefilter(
                "ignore"
            )  # old layouts are moved; ids that stand twice are told below
            declared.hdf5(path)
            held = anndata.read_h5ad(path)
    except BadInput:
        raise
    except Exception as err:
        raise BadInput(
            f"{path}: cannot be read as h5ad ({type(err).__name__}); write it again."
        ) from None
    rows, columns = held.obs_names, held.var_names
    if ids is not None:
        table = next((t for t in (held.obs, held.var) if ids in t), None)
        if table is None:
            raise unknown("column", str(ids), [*held.obs, *held.var], where=str(path))
        rows, columns = (table[ids], columns) if table is held.obs else (rows, table[ids])
    places = {"X": (rows, held.X), "X.T": (columns, held.X)} if held.X is not None else {}
    places |= {f"obsm/{k}": (rows, v) for k, v in held.obsm.items()}
    places |= {f"varm/{k}": (columns, v) for k, v in held.varm.items()}
    if array is None and set(places) - {"X.T"} == {"X"}:
        array = "X"
    if array not in places:
        if array is not None:
            raise unknown("array", array, places, where=str(path))
        raise BadInput(f"{path}: holds {', '.join(places) or 'no array'}; say which with array=.")
    names, values = places[array]
    values = values.toarray() if hasattr(values, "toarray") else np.asarray(values)
    return list(map(str, names)), values.T if array == "X.T" else values, None


def _mapping(path: Path, raw: bytes, ids, array) -> tuple:
    """Gene → list of numbers, as json or as a pickle of plain containers."""
    if path.suffixes[-1].lower() in (".pkl", ".pickle"):
        held = readers.read_plain(path)
    else:
        try:
            held = json.loads(raw.decode("utf-8-sig"))
        except UnicodeDecodeError:
            raise
        except json.JSONDecodeError as err:
            raise BadInput(
                f"{path}:{err.lineno}: malformed JSON ({err.msg}); write it again."
            ) from None
        except (RecursionError, ValueError) as err:
            raise BadInput(f"{path}: malformed JSON ({str(err)[:80]}); write it again.") from None
    if (
        not isinstance(held, dict)
        or not held
        or not all(isinstance(v, list | tuple) for v in held.values())
    ):
        raise BadInput(f"{path}: holds no mapping of gene → list of numbers; write one.")
    wide = len(next(iter(held.values())))
    uneven = next((g for g, v in held.items() if len(v) != wide), None)
    if uneven is not None:
        raise BadInput(
            f"{path}: gene '{uneven}' has {len(held[uneven])} numbers where the first has {wide}; mend it."
        )
    declared.fits(path, 8.0 * wide * len(held))
    odd = next(
        (g for g, v in held.items() if not all(isinstance(x, int | float | str | None) for x in v)),
        None,
    )
    if odd is not None:
        raise BadInput(f"{path}: gene {str(odd)[:60]!r} holds what is no number; mend it.")
    try:
        return list(held), np.array(list(held.values()), dtype=np.float64), None
    except (ValueError, TypeError, OverflowError) as err:
        raise BadInput(f"{path}: a value is no number ({str(err)[:80]}); mend it.") from None


_FORMATS: dict[str, Callable] = {
    **{
        ending: partial(_text, ending=ending) for ending in (".csv", ".tsv", ".txt", ".vec", ".w2v")
    },
    **dict.fromkeys((".parquet", ".pq"), _parquet),
    **dict.fromkeys((".json", ".pkl", ".pickle"), _mapping),
    ".npz": _npz,
    ".npy": _npy,
    ".h5ad": _h5ad,
    ".safetensors": _safetensors,
}
