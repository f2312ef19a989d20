"""Pickles of plain containers, opened without running code and without believing what they say of their size."""

from __future__ import annotations

import pickle
import pickletools
from functools import lru_cache
from itertools import islice
from pathlib import Path

import numpy as np
from numba import njit

from .errors import BadInput

_UNKNOWN = -9
_PAIR = -8
"""Opcodes with two lines of text (they name a class, and end at ``_Plain.find_class``)."""
_REFUSED = ("TUPLE", "TUPLE1", "TUPLE2", "TUPLE3", "FROZENSET")
"""Tuples in tuples cost nothing to write and all time to hash; data has no need of them."""
_FAULTS = {
    1: "it holds what is no part of a pickle",
    2: "it ends too soon",
    3: "it asks for more memory than its length can need",
    4: "it holds tuples or frozen sets, where lists, dicts, text and numbers belong",
}
_NAMES_CODE = 5


@lru_cache(maxsize=1)
def _tables() -> tuple[np.ndarray, np.ndarray]:
    """Per byte: how long the argument of the opcode is (as ``pickletools`` says), and whether it is refused."""
    kind, refused = np.full(256, _UNKNOWN, np.int64), np.zeros(256, bool)
    for op in pickletools.opcodes:
        kind[ord(op.code)] = 0 if op.arg is None else _PAIR if op.arg.name.endswith("_pair") else op.arg.n
        refused[ord(op.code)] = op.name in _REFUSED
    return kind, refused


@njit(cache=True, nogil=True)
def _scan(raw, kind, refused):
    """Walk over the opcodes of a pickle: 0 if sound, else a key of ``_FAULTS`` or ``_NAMES_CODE``. Reads no object."""
    n, i, tuples = len(raw), 0, False
    while i < n:
        op = raw[i]
        how = kind[op]
        i += 1
        if how == -9:
            return 1
        tuples |= refused[op]
        if op == 46:  # STOP
            return 4 if tuples else 0
        if op == 99 or op == 105 or op == 147:  # GLOBAL, INST, STACK_GLOBAL
            return 5
        if how >= 0:
            if i + how > n:
                return 2
            if op == 114 or op == 149:  # LONG_BINPUT: a place in the memo, which is made that long; FRAME: a length
                told = np.uint64(0)
                for j in range(how):
                    told |= np.uint64(raw[i + j]) << np.uint64(8 * j)
                if told > np.uint64(n):
                    return 3
            i += how
        elif how == -1 or how == -8:
            for _ in range(2 if how == -8 else 1):
                start = i
                while i < n and raw[i] != 10:
                    i += 1
                if i >= n:
                    return 2
                if op == 112:  # PUT: the same place, in digits
                    told = np.uint64(0)
                    for j in range(start, min(i, start + 19)):
                        if raw[j] < 48 or raw[j] > 57:
                            return 1
                        told = told * np.uint64(10) + np.uint64(raw[j] - 48)
                    if i - start > 18 or told > np.uint64(n):
                        return 3
                i += 1
        else:
            width = 1 if how == -2 else 8 if how == -5 else 4
            if i + width > n:
                return 2
            told = np.uint64(0)
            for j in range(width):
                told |= np.uint64(raw[i + j]) << np.uint64(8 * j)
            i += width
            if told > np.uint64(n - i):
                return 3
            i += np.int64(told)
    return 2


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
            raw = np.memmap(path, dtype=np.uint8, mode="r") if stream.tell() else np.zeros(0, np.uint8)
            fault = _scan(raw, *_tables())
            stream.seek(0)
            if fault == _NAMES_CODE:
                raise _refusal(_asked(stream))
            if fault:
                raise BadInput(f"not a readable pickle ({_FAULTS[fault]}); delete it and fetch it again.")
            return _Plain(stream).load()
    except BadInput as err:
        raise BadInput(f"{path}: {err}") from None
    except Exception as err:
        raise BadInput(f"{path}: not a readable pickle ({type(err).__name__}); delete it and fetch it again.") from None
