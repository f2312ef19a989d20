"""Limits for files that others give: nothing in them is run, and no declared size is believed.

A small file can declare terabytes. What a header, a footer or an opcode says is checked before
anything of that size is made.
"""

from __future__ import annotations

import io
import math
import mmap
import os
import pickle
import pickletools
import re
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import numpy as np

from ..core.errors import BadInput

LONGEST_TEXT = 10_000
"""Bytes of the longest text that a cell of a Parquet table may hold."""
LARGEST = 1e10
"""A value beyond this, up or down, is a fault: its square leaves no digits for the others."""


@contextmanager
def faults_of(path: Path | str) -> Iterator[None]:
    """Begin the sentence of each fault within this context with the file that has it.

    Parameters
    ----------
    path
        The file, or what else was given in its place. A sentence that begins with ``:3: `` (a
        line) follows it at once, any other after a colon.

    Raises
    ------
    BadInput
        The fault, with its place.
    """
    try:
        yield
    except BadInput as err:
        separator = "" if str(err).startswith(":") else ": "
        raise BadInput(f"{path}{separator}{err}") from err


def most() -> float:
    """Bytes that the content of one file may take in memory: half of what this machine has."""
    return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 2


def check_size(size: float, what: str = "its data") -> None:
    """Refuse what would not fit into memory.

    Parameters
    ----------
    size
        Bytes that it would take.
    what
        Name of it, for the sentence.

    Raises
    ------
    BadInput
        ``size`` is above ``most()``.
    """
    if size > most():
        raise BadInput(
            f"{what} would take {size / 1e9:,.0f} GB of memory, and {most() / 1e9:,.0f} GB are "
            "allowed here; give a smaller file, or a larger machine."
        )


def check_values(ids: list[str], matrix: np.ndarray, columns: list[str] | range) -> None:
    """Refuse values that are missing, infinite or too large.

    Parameters
    ----------
    ids
        (n,) names of the rows.
    matrix
        (n, d) real numbers.
    columns
        (d,) names of the columns.

    Raises
    ------
    BadInput
        The first value that cannot be used, or a column without any.
    """
    unusable = ~(np.abs(matrix) <= LARGEST)
    if not unusable.any():
        return
    empty = np.isnan(matrix).all(axis=0)
    if empty.any():
        raise BadInput(f"column {columns[empty.argmax()]!r} holds no value at all; drop it.")
    row, at = np.argwhere(unusable)[0]
    fault = {"nan": "no value", "inf": "inf", "-inf": "inf"}.get(
        str(matrix[row, at]), f"{matrix[row, at]:.3g}, beyond {LARGEST:.0e}"
    )
    raise BadInput(
        f"gene '{ids[row]}' (row {row + 1}) has {fault} in column {columns[at]!r} "
        f"({unusable.sum()} such values in all); mend the value or drop the gene."
    )


def read_all(stream: IO[bytes]) -> bytes:
    """Read a stream that may unpack as it is read.

    Parameters
    ----------
    stream
        A file, or a file inside an archive.

    Returns
    -------
    bytes
        All of its content.

    Raises
    ------
    BadInput
        The content is larger than ``most()``; no more than that is unpacked.
    """
    content = io.BytesIO()
    while chunk := stream.read(1 << 20):
        content.write(chunk)
        check_size(content.tell(), "its unpacked content")
    return content.getvalue()


def read_npy(raw: bytes) -> np.ndarray:
    """Read the content of an ``.npy`` file.

    Parameters
    ----------
    raw
        The file.

    Returns
    -------
    numpy.ndarray
        Its array.

    Raises
    ------
    BadInput
        Python objects, or more values than the file has room for.
    ValueError, AttributeError
        It is no ``.npy`` file, or of a version that numpy does not use for numbers and text.
    """
    stream = io.BytesIO(raw)
    major, minor = np.lib.format.read_magic(stream)
    shape, _, dtype = getattr(np.lib.format, f"read_array_header_{major}_{minor}")(stream)
    if dtype.hasobject:
        raise BadInput(
            "holds an array of Python objects, which could run code and is not opened; save "
            "numbers as float32 and ids with dtype=str."
        )
    if math.prod(shape) * dtype.itemsize > len(raw):
        raise BadInput(
            f"declares an array of {'×'.join(map(str, shape))[:60]} {dtype.name}, more than the "
            "file holds; write it again."
        )
    return np.load(io.BytesIO(raw), allow_pickle=False)


def check_parquet(source: Any, columns: list[str] | None = None) -> list[str]:
    """Check the footer of a Parquet file.

    Parameters
    ----------
    source
        Path or binary stream.
    columns
        Those that will be read; None: all.

    Returns
    -------
    list of str
        Names of the columns of text among them.

    Raises
    ------
    BadInput
        A column of lists, or a table that does not fit into memory.
    KeyError, pyarrow.ArrowException, OSError
        A column is missing, or it cannot be read.
    """
    import pyarrow as pa
    from pyarrow import parquet as pq

    with pq.ParquetFile(source) as file:
        schema, meta = file.schema_arrow, file.metadata
    fields = list(schema) if columns is None else [schema.field(name) for name in columns]
    for field in fields:
        if pa.types.is_nested(field.type):
            raise BadInput(
                f"column '{field.name[:60]}' holds lists; write one column for each number."
            )
    groups = [meta.row_group(i).total_byte_size for i in range(meta.num_row_groups)]
    check_size(max(8.0 * meta.num_rows * len(fields), sum(max(0, n) for n in groups)))
    return [f.name for f in fields if f.type in (pa.string(), pa.large_string(), pa.binary())]


def read_parquet(source: Any) -> Any:
    """Read a Parquet table of numbers and short texts.

    Parameters
    ----------
    source
        Path or binary stream.

    Returns
    -------
    pyarrow.Table
        The table; texts stay dictionary-encoded.

    Raises
    ------
    BadInput
        As by ``check_parquet``, or a text longer than ``LONGEST_TEXT``.
    pyarrow.ArrowException, OSError
        It cannot be read.
    """
    import pyarrow as pa
    from pyarrow import compute
    from pyarrow import parquet as pq

    table = pq.read_table(
        source, read_dictionary=check_parquet(source), page_checksum_verification=True
    )
    for name, column in zip(table.column_names, table.columns, strict=True):
        for chunk in column.chunks if pa.types.is_dictionary(column.type) else ():
            longest = compute.max(compute.binary_length(chunk.dictionary)).as_py() or 0
            if longest > LONGEST_TEXT:
                raise BadInput(
                    f"column '{name[:60]}' holds a text of {longest:,} letters; drop it."
                )
    return table


def check_hdf5(path: Path) -> None:
    """Check that all data of an HDF5 file lie in it and fit into memory.

    Parameters
    ----------
    path
        The file.

    Raises
    ------
    BadInput
        A link, storage in another file, data sets larger than ``most()`` in all, or a sparse
        matrix (a group with a ``shape`` of two numbers) whose full form is.
    OSError
        It cannot be read.
    """
    import h5py

    total = 0.0

    def outward(name: str, link: Any) -> str | None:
        return None if isinstance(link, h5py.HardLink) else name

    def check_item(name: str, item: Any) -> None:
        nonlocal total
        if isinstance(item, h5py.Dataset):
            if item.is_virtual or item.external:
                raise BadInput(
                    f"'/{name[:60]}' lies in another file; write one that holds all its data."
                )
            total += float(math.prod(item.shape or (1,))) * item.dtype.itemsize
            check_size(total)
        elif np.size(shape := item.attrs.get("shape", ())) == 2:
            check_size(4.0 * float(shape[0]) * float(shape[1]), f"the full form of '/{name[:60]}'")

    with h5py.File(path, "r") as file:
        name = file.visititems_links(outward)
        if name is not None:
            raise BadInput(f"'/{name[:60]}' is a link; write a file that holds all its data.")
        file.visititems(check_item)


# Opcodes of pickles. Most have an argument of fixed width or one that ends with its line, and are
# passed over by a regular expression. The others are looked at one by one: an argument that begins
# with its length, and a place in the memo, which the unpickler makes that long.
_REFUSED = {"TUPLE", "TUPLE1", "TUPLE2", "TUPLE3", "FROZENSET"}
_LAST = {"STOP", "GLOBAL", "INST", "STACK_GLOBAL"}
_MEMO = {"PUT", "LONG_BINPUT"}
_LENGTHS = {
    pickletools.TAKEN_FROM_ARGUMENT1: 1,
    pickletools.TAKEN_FROM_ARGUMENT4: 4,
    pickletools.TAKEN_FROM_ARGUMENT4U: 4,
    pickletools.TAKEN_FROM_ARGUMENT8U: 8,
}
_OPCODES = {ord(op.code): (op.name, op.arg.n if op.arg else 0) for op in pickletools.opcodes}


def _passed_over() -> re.Pattern[bytes]:
    """Any run of opcodes that need no look."""
    codes = defaultdict(bytes)
    for code, (name, width) in _OPCODES.items():
        if width not in _LENGTHS and name not in _REFUSED | _LAST | _MEMO | {"FRAME"}:
            codes[width] += re.escape(bytes([code]))
    lines = codes.pop(pickletools.UP_TO_NEWLINE)
    fixed = [b"[%b].{%d}" % (some, width) for width, some in sorted(codes.items(), reverse=True)]
    return re.compile(b"(?:%b|[%b][^\n]*\n)*+" % (b"|".join(fixed), lines), re.DOTALL)


_PASSED_OVER = _passed_over()


def _check_opcodes(raw: Any) -> None:
    """Walk over a pickle up to its end or to its first class, which the unpickler will refuse."""
    at = 0
    while True:
        at = _PASSED_OVER.match(raw, at).end()
        name, width = _OPCODES[raw[at]]
        if name in _LAST:
            return
        if name in _REFUSED:  # cheap to write and, nested, endless to hash
            raise BadInput(
                "not a readable pickle (it holds tuples or frozen sets, where lists, dicts, text "
                "and numbers belong); delete it and fetch it again."
            )
        start = at + 1
        if width == pickletools.UP_TO_NEWLINE:  # a place in the memo; others lack their end
            line = re.compile(rb"(\d+)\n").match(raw, start)
            at, number = line.end(), int(line[1])
        else:
            at = start + _LENGTHS.get(width, width)
            number = int.from_bytes(raw[start:at], "little")
        if number > len(raw):
            raise BadInput(
                "not a readable pickle (it asks for more memory than its length can need); delete "
                "it and fetch it again."
            )
        at += number if width in _LENGTHS else 0


class _PlainUnpickler(pickle.Unpickler):
    """Reads plain containers, text and numbers; anything that would run code is refused."""

    def find_class(self, module: str, name: str):
        raise BadInput(
            f"the pickle asks for '{f'{module}.{name}'[:120]}', which data has no need of; it is "
            "not opened."
        )


def read_pickle(path: Path) -> Any:
    """Read a pickle of lists, dicts, sets, text and numbers without running code.

    Parameters
    ----------
    path
        The file.

    Returns
    -------
    object
        What it holds.

    Raises
    ------
    BadInput
        It names a class or function, declares more than it holds, has tuples, or is broken.
    """
    with faults_of(path):
        try:
            with (
                open(path, "rb") as stream,
                mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as raw,
            ):
                _check_opcodes(raw)
                return _PlainUnpickler(stream).load()
        except BadInput:
            raise
        except Exception as err:  # whatever damaged opcodes lead to
            raise BadInput(
                f"not a readable pickle ({type(err).__name__}); delete it and fetch it again."
            ) from err
