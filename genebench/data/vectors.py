"""Read files of gene vectors in any of the common formats; every fault is one sentence.

csv, tsv, word2vec and GloVe text, npz, npy with a list of ids, parquet, h5ad, safetensors, json and
plain pickles of gene → vector; text and json also as ``.gz`` or in a ``.zip``. Nothing in a file is
run. A format is one function in ``FORMATS``: of a ``VectorFile``, to ids, numbers and, where there
are any, names of the columns.
"""

import io
import itertools
import json
import zipfile
from collections import Counter
from pathlib import Path

import numpy as np
import pandas as pd

from ..core.errors import BadInput, check
from . import date_symbols, limits
from .formats import delimited, frames, h5ad
from .formats.frames import ID_NAMES, VectorFile, Vectors, from_frame, is_id_name
from .identifiers import MOUSE
from .readers import open_unpacked

LARGEST = 1e10
"""A value beyond this, up or down, is a fault: its square leaves no digits for the others."""
_UNUSABLE_ID = r"[\x00-\x1f\x7f\ud800-\udfff]|.{201}"
_TORCH = (
    "is a torch pickle, which could run code and is not opened; in Python: np.savez('vectors.npz', "
    "ids=genes, vectors=tensor.float().cpu().numpy())."
)
_HINTS = {
    ".pt .pth .ckpt": _TORCH,
    ".rds .rda .rdata .h5seurat": "is R's own format; in R: "
    "write.csv(as.data.frame(vectors), 'vectors.csv').",
    ".xlsx .xls .ods": "is a workbook; save that sheet as CSV, with the column of symbols as text.",
    ".model .kv": "is gensim's own format; in Python: vectors.save_word2vec_format('vectors.txt').",
    ".bz2 .xz .zst .7z .rar .tar .tgz": "is packed in a way that is not read; unpack it, or pack "
    "the one file as .gz or .zip.",
    ".loom .h5 .hdf5 .zarr": "is no AnnData of one file; open it in Python and save it: "
    "adata.write_h5ad('genes.h5ad').",
    ".feather .arrow": "is not read; in Python, with pandas: "
    "pd.read_feather(file).to_parquet('vectors.parquet').",
}
"""Endings that are not read → what to do."""
_MAGIC = {
    b"\x1f\x8b": ".gz",
    b"PK\x03\x04": ".npz, .zip or .xlsx",
    b"\xd0\xcf\x11\xe0": ".xls",
    b"\x89HDF\r\n": ".h5ad",
    b"PAR1\x15": ".parquet or .pq",  # a gene of text may have that name
    b"\x93NUMPY": ".npy",
}
"""First bytes of a file → the endings it may have."""


def read_vectors(
    path,
    *,
    ids=None,
    array=None,
    strict=True,
):
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
    notes : list of str
        A sentence each: what was taken for ids and vectors, what was left out and why.

    Raises
    ------
    BadInput
        Anything that keeps the file from being vectors of genes, with its row (counted from 1) and
        column, and what to do.
    """
    path = Path(path)
    with limits.faults_of(path, path.suffix[1:]):
        file = _opened(path, ids, array)
        names, matrix, columns, notes = _of(file.ending, FORMATS)(file)
        known = ["" if pd.isna(name) else str(name).strip() for name in names]
        names = pd.Series(known, dtype=object)
        bare = names.str.extract(r"^[b=]?(['\"])(.+)\1$")[1]
        if len(names) and bare.notna().all():
            notes = [*notes, f"ids were written like {names[0][:40]}: the quotes were taken off."]
            names = bare
        if matrix.ndim != 2 or matrix.shape[1] == 0 or len(names) != len(matrix):
            shape = "×".join(map(str, matrix.shape))
            raise BadInput(
                f"holds {len(names)} ids for an array of {shape or 1} values; save a table of "
                "genes × dimensions, and one id a row, in their order."
            )
        if len(names) < h5ad.FEWEST:
            raise BadInput(
                f"holds {len(names)} genes where {h5ad.FEWEST} are the least; give more, one a row."
            )
        if matrix.dtype.kind not in "fiub":
            raise BadInput(
                f"holds values of type {matrix.dtype}, no real numbers; save them as float32."
            )
        limits.check_shape(*matrix.shape, "its array")
        _check_ids(names, strict)
        matrix = matrix.astype(np.float32) if matrix.dtype.itemsize < 4 else matrix
        _check_values(names, matrix, columns or range(1, matrix.shape[1] + 1))
    return names.to_numpy(str), np.ascontiguousarray(matrix, dtype=np.float32), list(notes)


def check_published(path, shape, right):
    """Refuse a file of published vectors that has not their shape.

    Parameters
    ----------
    path : Path
    shape, right : sequence of int
        Ids and dimensions of the file, and as published.
    """
    if tuple(shape) != tuple(right):
        raise BadInput(
            f"{path}: holds {shape[0]:,} × {shape[1]:,} numbers, and what was published has "
            f"{right[0]:,} × {right[1]:,}; take the published file."
        )


def _of(ending, table):
    """What a table of endings says of one; None if nothing."""
    return next((value for endings, value in table.items() if ending in endings.split()), None)


def _opened(path, ids, array):
    """A file of a known ending, and its content."""
    if hint := _of(Path(path.name.lower().removesuffix(".gz")).suffix, _HINTS):
        raise BadInput(hint)
    with open_unpacked(path) as stream:
        ending = Path(str(stream.name).lower().removesuffix(".gz")).suffix
        if not _of(ending, FORMATS):
            known = ", ".join(sorted(" ".join(FORMATS).split()))
            raise BadInput(f"the ending '{ending}' is none that holds vectors; use one of {known}.")
        in_place = ending in (".h5ad", ".pkl", ".pickle")
        if in_place and not path.name.lower().endswith(ending):
            raise BadInput(f"is a packed '{ending}'; unpack it.")
        several = ending in (".npy", ".npz", ".safetensors", ".h5ad")
        if array and not several or ids and ending in (".json", ".pkl", ".pickle"):
            option = "array" if array else "ids"
            raise BadInput(f"is a '{ending}', of which --{option} chooses nothing; leave it out.")
        raw = b"-" if in_place else limits.read_all(stream, path.stat().st_size)
    for kinds in (kinds for magic, kinds in _MAGIC.items() if raw.startswith(magic)):
        if ending not in kinds:
            raise BadInput(f"ends in '{ending}' and holds what ends in {kinds}; rename it.")
    if not raw.strip():
        raise BadInput("is empty; write it again.")
    return VectorFile(path, ending, raw, ids, array)


def _check_ids(ids, strict):
    """Raise a sentence at the first id that cannot name a gene."""
    if frames.is_run(ids):
        raise BadInput(
            f"its ids {ids.iloc[0]} to {ids.iloc[-1]} number the rows and name no genes; say where "
            "the genes are named with --ids, or write their symbols there."
        )
    mouse = ids.str.fullmatch(MOUSE)
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


def _check_values(ids, matrix, columns):
    """Raise a sentence at the first value that is missing, infinite or too large."""
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


def _read_parquet(file):
    """A Parquet table; an index of pandas is a column of it."""
    from pyarrow import parquet

    head = parquet.read_metadata(io.BytesIO(file.raw))
    limits.check_shape(head.num_rows, head.num_columns)
    limits.check_unpacked(8.0 * head.num_rows * head.num_columns, len(file.raw))
    frame = limits.read_parquet(io.BytesIO(file.raw)).to_pandas(ignore_metadata=True)
    return from_frame(frame.rename(columns={"__index_level_0__": "index"}), file.ids)


def _read_mapping(file):
    """Gene → list of numbers, as json or as a pickle of plain containers."""
    if file.ending == ".json":
        limits.check_size(80.0 * file.raw.count(b","))  # an object of Python each
        table = json.loads(file.raw, object_pairs_hook=_unique)
    else:
        table = limits.read_pickle(file.path)
    rows = list(table.values()) if isinstance(table, dict) else []
    columns, *others = {len(row) if isinstance(row, list) else 0 for row in rows} or {0}
    if others or not columns:
        raise BadInput(
            "holds no mapping of gene → list of numbers, all equally long; write one, or with "
            "pandas frame.to_parquet('vectors.parquet')."
        )
    limits.check_shape(len(rows), columns)
    numbers = itertools.chain.from_iterable(rows)
    matrix = np.fromiter(numbers, np.float64, len(rows) * columns).reshape(len(rows), -1)
    return Vectors(table, matrix)


def _unique(pairs):
    """An object of JSON; refuses a key that is there twice."""
    out = dict(pairs)
    if len(out) < len(pairs):
        name = next(n for n, times in Counter(n for n, _ in pairs).items() if times > 1)
        raise BadInput(f"holds the key '{name}' twice; keep one vector for each gene.")
    return out


def _choose(arrays, name, candidates, option):
    """Name of the array that is named, or of the only one that can be meant."""
    if name is None and len(candidates) != 1:
        shapes = [f"{name} {'×'.join(map(str, a.shape))}" for name, a in arrays.items()]
        none = f" and no {option} that can be meant" * (not candidates)
        raise BadInput(f"holds {', '.join(shapes[:6])}{none}; say which is meant with --{option}.")
    name = candidates[0] if name is None else name
    check(arrays, "array", name)
    return name


def _read_arrays(file):
    """A file of arrays; ids are one of them, or stand one a line in a text file."""
    arrays = {".npz": _npz, ".safetensors": _tensors, ".npy": _npy}[file.ending](file)
    texts = [n for n, a in arrays.items() if a.dtype.kind in "US"]
    tables = [n for n, a in arrays.items() if a.ndim == 2 and n not in texts]
    name = _choose(arrays, file.array, tables, "array")
    texts = [n for n in texts if arrays[n].size == max(arrays[n].shape, default=0)]
    if len(texts) > 1:  # names of the columns may be there, too
        texts = [n for n in texts if arrays[n].size == len(arrays[name])]
    if file.ending == ".npz" or (texts and file.ids is None):
        where = _choose(arrays, file.ids, texts, "ids")
        ids = arrays[where].ravel()
        ids = np.char.decode(ids, "utf-8") if ids.dtype.kind == "S" else ids
    else:
        path = Path(file.ids or file.path.with_suffix(".ids.txt"))
        if not path.exists():
            raise BadInput(
                f"holds no ids and there is no file {path}; write it, one id a line, in order."
            )
        limits.check_plain(path)
        where, text = path.name, path.read_text(encoding="utf-8-sig")
        ids = [line.strip() for line in text.rstrip().splitlines()]
        if len(ids) == len(arrays[name]) + 1 and is_id_name(ids[0]):
            ids = ids[1:]
    notes = [f"vectors were taken from the array '{name}', ids from '{where}'."]
    return Vectors(ids, arrays[name], None, notes)


def _npy(file):
    """The array of a file, under the name of the file."""
    return {file.path.stem: limits.read_npy(file.raw)}


def _npz(file):
    """Arrays of numpy, as many as a zip holds."""
    with zipfile.ZipFile(io.BytesIO(file.raw)) as archive:
        if any(name.endswith(("/data.pkl", "/version")) for name in archive.namelist()):
            raise BadInput(_TORCH)
        size = sum(member.file_size for member in archive.infolist())
        limits.check_unpacked(size, len(file.raw))
        out = {}
        for name in archive.namelist():
            with limits.faults_of(name):
                array = limits.read_npy(archive.read(name))
            out[name.removesuffix(".npy")] = array
    return out


def _tensors(file):
    """Arrays of a safetensors file, whose header is checked first and may have ids as JSON."""
    from safetensors.torch import load

    head = json.loads(file.raw[8 : 8 + int.from_bytes(file.raw[:8], "little")])
    about = head.pop("__metadata__", {})
    out = {n: np.array(json.loads(about[n])) for n in [n for n in ID_NAMES if n in about][:1]}
    for shape in (tensor["shape"] for tensor in head.values()):
        if len(shape) == 2:
            limits.check_shape(*shape, "its array")
    for name, tensor in sorted(load(file.raw).items()):
        brain = tensor.is_floating_point() and tensor.itemsize < 4  # numpy has none of these
        out[name] = (tensor.float() if brain else tensor).numpy()
    return out


FORMATS = {
    ".csv .tsv .txt .vec .w2v": delimited.read,
    ".parquet .pq": _read_parquet,
    ".json .pkl .pickle": _read_mapping,
    ".npy .npz .safetensors": _read_arrays,
    ".h5ad": h5ad.read,
}
"""Endings → reader of that format."""
