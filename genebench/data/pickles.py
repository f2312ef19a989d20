"""Pickles of plain containers, opened without running code and without believing what they say of their size."""

from __future__ import annotations

import pickle
import pickletools
from functools import lru_cache
from itertools import islice
from pathlib import Path

import numpy as np
from numba import njit

from ..core.errors import BadInput

_UNKNOWN = -9
"""Width of the argument of a byte that is no opcode."""
_LINE, _BYTE, _EIGHT = (
    pickletools.UP_TO_NEWLINE,
    pickletools.TAKEN_FROM_ARGUMENT1,
    pickletools.TAKEN_FROM_ARGUMENT8U,
)
"""Widths that ``pickletools`` gives to arguments that end with their line, or begin with their length."""
_STOP, _GLOBAL, _INST, _STACK_GLOBAL, _PUT, _LONG_BINPUT, _FRAME = b".ci\x93pr\x95"
_REFUSED = ("TUPLE", "TUPLE1", "TUPLE2", "TUPLE3", "FROZENSET")
"""Tuples in tuples cost nothing to write and all time to hash; data has no need of them."""
_NO_PICKLE, _TOO_SHORT, _TOO_MUCH, _TUPLES, _NAMES_CODE = range(1, 6)
_FAULTS = {
    _NO_PICKLE: "it holds what is no part of a pickle",
    _TOO_SHORT: "it ends too soon",
    _TOO_MUCH: "it asks for more memory than its length can need",
    _TUPLES: "it holds tuples or frozen sets, where lists, dicts, text and numbers belong",
}


@lru_cache(maxsize=1)
def _tables() -> tuple[np.ndarray, np.ndarray]:
    """Per byte: how long the argument of the opcode is (as ``pickletools`` says), and whether it is refused."""
    width, refused = np.full(256, _UNKNOWN, np.int64), np.zeros(256, bool)
    for op in pickletools.opcodes:
        width[ord(op.code)] = 0 if op.arg is None else op.arg.n
        refused[ord(op.code)] = op.name in _REFUSED
    return width, refused


@njit(cache=True, nogil=True)
def _little(raw, at, width):
    """An unsigned whole number of so many bytes, the least first."""
    told = np.uint64(0)
    for j in range(width):
        told |= np.uint64(raw[at + j]) << np.uint64(8 * j)
    return told


@njit(cache=True, nogil=True)
def _place(raw, start, end):
    """The place in the memo that a line of digits names, or the fault in it (below 0); more than 18 digits are one."""
    told = np.int64(0)
    for j in range(start, min(end, start + 18)):
        if raw[j] < 48 or raw[j] > 57:
            return -_NO_PICKLE
        told = told * 10 + np.int64(raw[j] - 48)
    return told if end - start <= 18 else -_TOO_MUCH


@njit(cache=True, nogil=True)
def _scan(raw, width, refused):
    """Walk over the opcodes of a pickle: 0 if sound, else a key of ``_FAULTS`` or ``_NAMES_CODE``. Reads no object."""
    n, i, tuples = len(raw), 0, False
    while i < n:
        op = raw[i]
        how = width[op]
        i += 1
        tuples |= refused[op]
        if how == _UNKNOWN:
            return _NO_PICKLE
        if op == _STOP:
            return _TUPLES if tuples else 0
        if op == _GLOBAL or op == _INST or op == _STACK_GLOBAL:
            return _NAMES_CODE
        if how == _LINE:
            start = i
            while i < n and raw[i] != 10:
                i += 1
            if i >= n:
                return _TOO_SHORT
            if op == _PUT:  # a place in the memo, which is made that long
                told = _place(raw, start, i)
                if told < 0:
                    return -told
                if told > n:
                    return _TOO_MUCH
            i += 1
            continue
        lengths = how < 0  # the argument begins with its length
        size = how if not lengths else 1 if how == _BYTE else 8 if how == _EIGHT else 4
        if i + size > n:
            return _TOO_SHORT
        told = (
            _little(raw, i, size) if lengths or op == _LONG_BINPUT or op == _FRAME else np.uint64(0)
        )
        i += size
        if told > np.uint64(n - i if lengths else n):
            return _TOO_MUCH
        if lengths:
            i += np.int64(told)
    return _TOO_SHORT


class _Plain(pickle.Unpickler):
    """Reads a pickle of plain containers and text; anything that would run code is refused."""

    def find_class(self, module: str, name: str):
        raise _refusal(f"{module}.{name}")


def _refusal(name: str) -> BadInput:
    return BadInput(
        f"the pickle asks for '{' '.join(name.split())[:120]}', which data has no need of; it is not opened."
    )


def _asked(stream) -> str:
    """The class or function that a pickle names first, as far as its opcodes tell without opening it."""
    texts: list[str] = []
    for op, argument, _ in islice(pickletools.genops(stream), 100_000):
        if op.name in ("GLOBAL", "INST"):
            return ".".join(argument.split(" ", 1))
        if op.name == "STACK_GLOBAL":
            return ".".join(texts[-2:])
        if isinstance(argument, str):
            texts.append(argument)
    return "a class"


def read_plain(path: Path) -> object:
    """What a pickle of lists, dicts, sets, text and numbers holds, opened without running code.

    Its opcodes are walked over first: one that declares more than the file holds, or that names a class, is refused
    before anything is made. Raises: BadInput: a pickle that is hostile, or broken.
    """
    try:
        with open(path, "rb") as stream:
            stream.seek(0, 2)
            raw = (
                np.memmap(path, dtype=np.uint8, mode="r")
                if stream.tell()
                else np.zeros(0, np.uint8)
            )
            fault = _scan(raw, *_tables())
            stream.seek(0)
            if fault == _NAMES_CODE:
                raise _refusal(_asked(stream))
            if fault:
                raise BadInput(
                    f"not a readable pickle ({_FAULTS[fault]}); delete it and fetch it again."
                )
            return _Plain(stream).load()
    except BadInput as err:
        raise BadInput(f"{path}: {err}") from None
    except Exception as err:
        raise BadInput(
            f"{path}: not a readable pickle ({type(err).__name__}); delete it and fetch it again."
        ) from None
