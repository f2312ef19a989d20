"""Limits for files that others give: nothing in them is run, and no declared size is believed.

A small file can declare terabytes. What a header, a footer or an opcode says is checked before
anything of that size is made.
"""

import io
import math
import os
import pickle
import re
import resource
import signal
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from pathlib import Path

import numpy as np

from ..core.errors import BadInput, one_line

LONGEST_TEXT = 10_000
"""Bytes of the longest text that a cell of a Parquet table may hold."""
MOST_ROWS, MOST_COLUMNS, MOST_CELLS = 200_000, 50_000, 500_000_000
"""Rows, columns, and rows × columns of a table of vectors."""
_ALLOWED = ContextVar("allowed", default=None)
"""Rows × columns that the user allows instead."""
PATIENCE, HEADROOM = 5, 1 << 30
"""Seconds and bytes in which a C library gets through what a file says of itself."""
PACE = 5e7
"""Bytes that it reads in a second, at least."""
MOST_PACKED, UNPACKED = 200, 3e7
"""How many times its own size a file may hold, where that is more than so many bytes."""


@contextmanager
def faults_of(path, form="") -> Iterator[None]:
    """Begin the sentence of each fault within this context with the file that has it.

    Parameters
    ----------
    path : Path or str
        The file; a sentence that begins with ``:3: `` (a line) follows it without a space.
    form : str
        Name of the format; with it, what a library raises on a file becomes a sentence too.
    """
    try:
        yield
    except BadInput as err:
        if str(err).startswith(str(path)):
            raise
        raise BadInput(f"{path}{'' if str(err).startswith(':') else ': '}{err}") from err
    except MemoryError:
        raise BadInput(
            f"{path}: takes more memory than there is; give a smaller file, or a larger machine."
        ) from None
    except Exception as err:  # every library of a format raises its own
        if not form or isinstance(err, FileNotFoundError):
            raise
        fault = f"{type(err).__name__}: {one_line(err)[:120]}"
        how = "write it, or fetch it, again"
        if isinstance(err, UnicodeDecodeError):
            fault, how = f"not UTF-8 text, byte {err.start}", "save it as UTF-8"
        elif "CSV parse error" in fault:
            how = "give all lines the same number of cells, with nothing above or below the table"
        raise BadInput(f"{path}: cannot be read as {form} ({fault}); {how}.") from err


def check_plain(path):
    """Refuse what is no plain file: a pipe would be waited for, a device never ends.

    Parameters
    ----------
    path : Path
    """
    if not path.exists():
        raise BadInput("no such file; check the spelling.")
    if path.is_dir():
        raise BadInput("is a folder; name the file in it.")
    if not path.is_file():
        raise BadInput("is a pipe or a device and no file; save what it gives to a file first.")


def memory() -> float:
    """Bytes that this process may take: of the machine, or fewer of its container or ``ulimit``."""
    found = [os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")]
    found.append(resource.getrlimit(resource.RLIMIT_AS)[0] % (1 << 64))  # no limit is -1
    folders = {Path("/sys/fs/cgroup"), Path("/sys/fs/cgroup/memory")}
    with suppress(OSError):
        own = Path("/proc/self/cgroup").read_text(encoding="utf-8")
        for kind, at in re.findall(r"^\d+:(|memory):/(.*)$", own, re.MULTILINE):
            below = Path("/sys/fs/cgroup") / kind / at
            folders |= {below, *below.parents}
    for file in (f / n for f in folders for n in ("memory.max", "memory.limit_in_bytes")):
        with suppress(OSError, ValueError):  # there is none, or "max"
            found.append(int(file.read_text(encoding="utf-8")))
    return float(min(found))


def most() -> float:
    """Bytes that the content of one file may take in memory: half of what there is."""
    return memory() / 2


def check_size(size, what="its data"):
    """Refuse what would not fit into memory.

    Parameters
    ----------
    size : float
        Bytes that it would take; ``most()`` are allowed.
    what : str
        Name of it, for the sentence.
    """
    if size > most():
        raise BadInput(
            f"{what} would take {size / 1e9:,.0f} GB of memory, and {most() / 1e9:,.0f} GB are "
            "allowed here; give a smaller file, or a larger machine."
        )


def check_unpacked(size, packed):
    """Refuse a file that unpacks to far more than tables of numbers do.

    Parameters
    ----------
    size, packed : float
        Bytes of its content, or of as much as was seen, and of the file.
    """
    check_size(size, "its unpacked content")
    if _ALLOWED.get() is None and size > max(UNPACKED, MOST_PACKED * packed):
        raise BadInput(
            f"unpacks to {size / 1e6:,.0f} MB or more from {packed / 1e6:,.2f} MB, as no table of "
            "vectors does; allow its rows × columns with --max-cells if it is one."
        )


@contextmanager
def allowing(cells):
    """Within this, allow as many rows × columns as the user says; None: the usual limits."""
    before = _ALLOWED.set(cells)
    try:
        yield
    finally:
        _ALLOWED.reset(before)


def check_shape(rows, columns, what="its table"):
    """Refuse a table of vectors that is larger than allowed, before anything of it is made.

    Parameters
    ----------
    rows, columns : int
        As a header declares them, or as many as were seen.
    what : str
        Name of it, for the sentence.
    """
    rows, columns = int(rows), int(columns)
    allowed, usual = _ALLOWED.get(), rows <= MOST_ROWS and columns <= MOST_COLUMNS
    if rows * columns > (allowed or MOST_CELLS) or not (allowed or usual):
        limit = f"{MOST_ROWS:,} × {MOST_COLUMNS:,}, {MOST_CELLS:,} in all,"
        raise BadInput(
            f"{what} has {rows:,} rows × {columns:,} columns or more, and "
            f"{f'{allowed:,} numbers' if allowed else limit} are allowed; keep the rows of genes, "
            "or allow more with --max-cells."
        )
    check_size(16.0 * rows * columns)


def read_all(stream, packed):
    """Read a stream that may unpack as it is read, within ``check_unpacked``.

    Parameters
    ----------
    stream : binary file object
        A file, or a file inside an archive.
    packed : float
        Bytes of the file.

    Returns
    -------
    bytes
    """
    content = io.BytesIO()
    while chunk := stream.read(1 << 20):
        content.write(chunk)
        check_unpacked(content.tell(), packed)
    return content.getvalue()


def read_npy(raw):
    """Read the content of an ``.npy`` file; one of Python objects is refused.

    Parameters
    ----------
    raw : bytes

    Returns
    -------
    ndarray
    """
    stream, form = io.BytesIO(raw), np.lib.format
    version = "_".join(map(str, form.read_magic(stream)))
    shape, _, dtype = getattr(form, f"read_array_header_{version}")(stream)
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
    if len(shape) == 2:
        check_shape(*shape, "its array")
    return np.load(io.BytesIO(raw), allow_pickle=False)


def check_parquet(source, columns=None):
    """Check by its footer that a Parquet table fits into memory and has no lists.

    Parameters
    ----------
    source : Path or binary file object
    columns : list of str, optional
        Those that will be read; all if None.

    Returns
    -------
    list of str
        Names of the columns of text among them.
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


def read_parquet(source):
    """Read a Parquet table of numbers and of texts up to ``LONGEST_TEXT``.

    Parameters
    ----------
    source : Path or binary file object

    Returns
    -------
    pyarrow.Table
        Texts stay dictionary-encoded.
    """
    import pyarrow as pa
    from pyarrow import compute
    from pyarrow import parquet as pq

    texts = check_parquet(source)
    table = pq.read_table(source, read_dictionary=texts, page_checksum_verification=True)
    for name, column in zip(table.column_names, table.columns):
        for chunk in column.chunks if pa.types.is_dictionary(column.type) else ():
            longest = compute.max(compute.binary_length(chunk.dictionary)).as_py() or 0
            if longest > LONGEST_TEXT:
                raise BadInput(
                    f"column '{name[:60]}' holds a text of {longest:,} letters; drop it."
                )
    return table


def check_ends(size, read):
    """Try in a copy of this process whether a library gets through a file.

    HDF5 and the unpickler may never return from a damaged file and take ever more memory, and
    nothing in their own process can stop them.

    Parameters
    ----------
    size : callable
        Bytes that are read, for which there is more time and memory.
    read : callable
        Called after it; its result, and what either raises, do not count.

    Raises
    ------
    BadInput
        Either takes more than ``PATIENCE`` seconds or ``HEADROOM`` bytes, or crashes.
    """
    with warnings.catch_warnings():  # of other threads, which the copy has no use for
        warnings.simplefilter("ignore", DeprecationWarning)
        child = os.fork()
    if not child:
        signal.signal(signal.SIGALRM, signal.SIG_DFL)  # nobody handles it: the copy is ended
        before, declared, lacking = _address_space(), 0.0, False
        _, hard = resource.getrlimit(resource.RLIMIT_AS)
        try:
            for step in (size, read):
                signal.alarm(PATIENCE + int(declared / PACE))
                most = before + HEADROOM + 4 * int(declared)
                if before:
                    soft = min(most, hard % (1 << 63))  # no limit is -1
                    resource.setrlimit(resource.RLIMIT_AS, (soft, hard))
                declared = step()
        except BadInput:
            pass
        except BaseException as err:  # one large piece of memory that is not given adds no peak
            lacking = isinstance(err, MemoryError) or bool(re.search("alloc|memory", str(err)))
        finally:
            os._exit(lacking or _address_space() > most - HEADROOM // 2)
    if os.waitpid(child, 0)[1]:
        raise BadInput(
            "is damaged so that reading it takes too much time or memory; write it, or fetch it, "
            "again."
        )


def _address_space():
    """Most bytes of address space that this process has had; 0 where the system does not say."""
    with suppress(OSError, AttributeError):
        found = re.search(r"VmPeak:\s+(\d+) kB", Path("/proc/self/status").read_text())
        return int(found[1]) * 1024
    return 0


def check_hdf5(path):
    """Check that all data of an HDF5 file lie in it, are written, and fit into memory.

    Parameters
    ----------
    path : Path
        The file; see ``check_ends``.

    Returns
    -------
    float
        Bytes of all its data, unpacked.
    """
    import h5py

    total = 0.0

    def check_item(name, item):
        nonlocal total
        if isinstance(item, h5py.Dataset):
            if item.is_virtual or item.external:
                raise BadInput(
                    f"'/{name[:60]}' lies in another file; write one that holds all its data."
                )
            total += float(math.prod(item.shape or (1,))) * item.dtype.itemsize
            check_unpacked(total, path.stat().st_size)

    with h5py.File(path, "r") as file:
        link = file.visititems_links(lambda n, to: None if isinstance(to, h5py.HardLink) else n)
        if link:
            raise BadInput(f"'/{link[:60]}' is a link; write a file that holds all its data.")
        file.visititems(check_item)
    return total


class _PlainUnpickler(pickle.Unpickler):
    """Reads plain containers, text and numbers; anything that would run code is refused."""

    def find_class(self, module: str, name: str):
        raise BadInput(
            f"the pickle asks for '{f'{module}.{name}'[:120]}', which data has no need of; it is "
            "not opened."
        )


def read_pickle(path):
    """Read a pickle of lists, dicts, sets, text and numbers without running code.

    Parameters
    ----------
    path : Path

    Returns
    -------
    object

    Raises
    ------
    BadInput
        It names a class or function, takes far more than it holds (see ``check_ends``), or is
        broken.
    """

    def load():
        with open(path, "rb") as stream:
            return _PlainUnpickler(stream).load()

    with faults_of(path, "pickle"):
        check_ends(lambda: 8 * path.stat().st_size, load)  # a small number takes 40 bytes
        return load()
