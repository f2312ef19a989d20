"""What a file says that it holds, checked before anything of that size is made: a small file can declare terabytes."""

from __future__ import annotations

import gzip
import io
import math
import os
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

import numpy as np

from ..core.errors import BadInput

LONGEST = 10_000
"""Letters of the longest text that a cell of a table may hold."""
_CHUNK = 1 << 20


def most() -> float:
    """Bytes that what one file holds may take in memory: half of what this machine has."""
    return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 2


def fits(where: Path | str, size: float, what: str = "its data") -> None:
    """Raise a sentence where something is larger than ``most``."""
    if size > most():
        raise BadInput(
            f"{where}: {what} would take {size / 1e9:,.0f} GB of memory, and {most() / 1e9:,.0f} GB are allowed here; "
            f"give a smaller file, or a larger machine."
        )


def unpacked(where: Path | str, stream: IO[bytes]) -> bytes:
    """All bytes of a stream that unpacks as it is read, unless they are more than ``most``."""
    parts, size = [], 0
    while part := stream.read(_CHUNK):
        size += len(part)
        fits(where, size, "its unpacked content")
        parts.append(part)
    return b"".join(parts)


def gunzip(where: Path | str, raw: bytes) -> bytes:
    """The content of a gzip file. Raises: BadInput: it is broken, or too large once unpacked."""
    try:
        return unpacked(where, gzip.GzipFile(fileobj=io.BytesIO(raw)))
    except (OSError, EOFError, zlib.error) as err:
        raise BadInput(f"{where}: cannot be unpacked ({err}); copy or download it again.") from None


def array(where: Path | str, stream: IO[bytes], size: int) -> None:
    """Check the head of an ``.npy`` of ``size`` bytes: no objects, and not more values than there are bytes.

    Raises: BadInput: there are. ValueError: it is no ``.npy``.
    """
    version = np.lib.format.read_magic(stream)
    heads = {
        (1, 0): np.lib.format.read_array_header_1_0,
        (2, 0): np.lib.format.read_array_header_2_0,
    }
    if version not in heads:
        raise ValueError(f"version {version}")
    shape, _, dtype = heads[version](stream)
    if dtype.hasobject:
        raise ValueError("Object arrays")
    if any(n < 0 for n in shape) or math.prod(shape) * dtype.itemsize > size:
        held = "×".join(map(str, shape))
        raise BadInput(
            f"{where}: declares an array of {held[:60]} {dtype.name}, more than the file holds; write it again."
        )


def archive(where: Path | str, held: zipfile.ZipFile) -> None:
    """Check the arrays of an ``.npz`` by its directory and their heads. Raises: as ``array``, or all are too large."""
    fits(where, sum(entry.file_size for entry in held.infolist()), "its unpacked content")
    for entry in held.infolist():
        if entry.filename.endswith(".npy"):
            with held.open(entry) as stream:
                array(f"{where}: {entry.filename[:60]}", stream, entry.file_size)


def parquet(where: Path | str, source: Any, columns: list[str] | None = None) -> Any:
    """Read a Parquet table whose columns are plain numbers and texts, as its footer declares them; texts stay encoded.

    Raises: BadInput: lists, or more than fits into memory. pyarrow.ArrowException, OSError: it cannot be read.
    """
    import pyarrow as pa
    from pyarrow import parquet as pq

    with pq.ParquetFile(source) as held:
        schema, meta = held.schema_arrow, held.metadata
        names = [n for n in schema.names if columns is None or n in columns]
        for name in names:
            if pa.types.is_nested(schema.field(name).type):
                raise BadInput(
                    f"{where}: column '{name[:60]}' holds lists; write one column for each number."
                )
        fits(where, 8.0 * meta.num_rows * max(1, len(names)))
        fits(
            where,
            sum(max(0, meta.row_group(i).total_byte_size) for i in range(meta.num_row_groups)),
        )
        text = [
            n
            for n in names
            if schema.field(n).type in (pa.string(), pa.large_string(), pa.binary())
        ]
    table = pq.read_table(
        source, columns=columns, read_dictionary=text, page_checksum_verification=True
    )
    for name in names:
        for chunk in table.column(name).chunks if name in table.column_names else ():
            held = chunk.dictionary if pa.types.is_dictionary(chunk.type) else None
            if held is not None and len(held) and held.nbytes > LONGEST:
                longest = (
                    max(len(v) for v in held.to_pylist() if v is not None)
                    if held.null_count < len(held)
                    else 0
                )
                if longest > LONGEST:
                    raise BadInput(
                        f"{where}: column '{name[:60]}' holds a text of {longest:,} letters; drop it."
                    )
    return table


def hdf5(where: Path | str) -> None:
    """Check every data set of an HDF5 file: it fits into memory, and lies in the file (no link, no storage elsewhere).

    Raises: BadInput: it is not so. OSError: it cannot be read.
    """
    import h5py

    total = 0.0
    with h5py.File(where, "r") as held:
        for name, item in _items(held, where):
            if not isinstance(item, h5py.Dataset):
                continue
            if item.is_virtual or item.external:
                raise BadInput(
                    f"{where}: '{name[:60]}' lies in another file; write one that holds all its data."
                )
            total += float(math.prod(item.shape or (1,))) * item.dtype.itemsize
            fits(where, total)
        for name, item in _items(held, where):
            shape = item.attrs.get("shape") if isinstance(item, h5py.Group) else None
            if shape is not None and np.size(shape) == 2:
                fits(
                    where,
                    4.0 * float(shape[0]) * float(shape[1]),
                    f"the full form of '{name[:60]}'",
                )


def _items(held: Any, where: Path | str) -> Iterator[tuple[str, Any]]:
    """Every group and data set once, by name, without following links out of the file or in circles."""
    import h5py

    waiting, seen = [("", held)], set()
    while waiting:
        above, group = waiting.pop()
        for key in group:
            link, name = group.get(key, getlink=True), f"{above}/{key}"
            if not isinstance(link, h5py.HardLink):
                raise BadInput(
                    f"{where}: '{name[:60]}' is a link; write a file that holds all its data."
                )
            item = group[key]
            at = h5py.h5o.get_info(item.id).addr
            if at in seen:
                continue
            seen.add(at)
            yield name, item
            if isinstance(item, h5py.Group):
                waiting.append((name, item))
