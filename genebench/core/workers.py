"""Units of work and who does them: processes of this machine that end with their parent, or a cluster's workers."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor, ProcessPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np

from . import cache
from .errors import BadInput, RunFailed


def pool(jobs: int) -> ProcessPoolExecutor:
    """A pool of ``jobs`` fresh processes. When this process is killed, they leave within two seconds."""
    return ProcessPoolExecutor(
        jobs,
        mp_context=get_context("spawn"),
        initializer=leave_with_parent,
        initargs=(os.getpid(),),
    )


def leave_with_parent(parent: int) -> None:
    """Watch, in a thread, that the parent process lives, and end this process when it does not."""

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(1)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def stop(pool: Executor) -> None:
    """Cancel what has not begun and end what has: only a cell that is being computed is lost."""
    processes = list((getattr(pool, "_processes", None) or {}).values())  # shutdown forgets them
    pool.shutdown(wait=False, cancel_futures=True)
    for process in processes:
        process.terminate()


@dataclass(frozen=True)
class Once:
    """Something large that many units of work read: it is sent to a worker once, under its name."""

    name: str
    load: Callable[[], Any]


@dataclass(frozen=True)
class Stage:
    """How one kind of unit of work is done, in three steps that need not happen in one place.

    Attributes:
        gather: unit → what its computation reads, a tuple, large parts as ``Once``; happens where the data are.
        compute: what was gathered → what is made; touches no file, so that it can happen anywhere.
        keep: (unit, what was made) → stored; happens where the data are.
    All are functions of a module, and units can be pickled.
    """

    gather: Callable[[Any], tuple]
    compute: Callable[..., Any]
    keep: Callable[[Any, Any], None]


def fault(err: Exception) -> str:
    """What went wrong, as a sentence; of what is no fault of ours to word, with the kind of error."""
    return str(err) if isinstance(err, (BadInput, RunFailed)) else f"{type(err).__name__}: {err}"


def whole(stage: Stage, unit: Any) -> str:
    """Do one unit in this process, from its data to the store; returns the fault as a sentence, empty if none."""
    try:
        gathered = [part.load() if isinstance(part, Once) else part for part in stage.gather(unit)]
        made = stage.compute(*gathered)
    except Exception as err:
        return fault(err)
    stage.keep(unit, made)
    return ""


def each(pool: Executor | Any, stage: Stage, units: Iterable[Any]) -> Iterator[tuple[Any, str]]:
    """Every unit as it ends, with its fault (empty if none); on a pool of processes, or on a cluster that has ``each``.

    Raises: BrokenProcessPool: a process died. OSError: what was made cannot be stored.
    """
    if hasattr(pool, "each"):
        yield from pool.each(stage, units)
        return
    futures = {pool.submit(whole, stage, unit): unit for unit in units}
    for future in as_completed(futures):
        yield futures[future], future.result()


@contextmanager
def one_thread(*, with_torch: bool = True) -> Iterator[None]:
    """One core for what runs inside, so that its result does not depend on how many there are.

    Args: with_torch: whether PyTorch may be used, which is then loaded here and stays on one thread in this process.
    """
    from threadpoolctl import threadpool_limits

    if with_torch:
        from torch import set_num_threads

        set_num_threads(1)
    with threadpool_limits(1):
        yield


def kept(
    make: Callable[[], dict[str, np.ndarray]], at: Path, recipe: Any, *, with_torch: bool = True
) -> str:
    """Make some arrays on one thread and keep them in the cache; returns the fault as a sentence, empty if none."""
    try:
        with one_thread(with_torch=with_torch):
            start = time.perf_counter()
            arrays = make()
    except Exception as err:
        return fault(err)
    cache.store(at, recipe, lambda to: np.savez(to, **arrays), seconds=time.perf_counter() - start)
    return ""
