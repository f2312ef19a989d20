"""Units of work, and the one loop that computes those that are not cached yet.

Units are computed by processes of this machine that end with their parent, or by the workers of a
Dask cluster (``core.cluster``). An output is stored as soon as its unit ends: whatever stops a run
costs one unit a process.
"""

import multiprocessing
import os
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Executor, ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from . import cache, paths
from .errors import RunFailed, Sentence

Say = Callable[[str], None]
"""Takes one sentence at a time."""
Progress = Callable[[str, int, int], None]
"""Takes (stage, units done, units in all) as they end."""


def quiet(*_: Any) -> None:
    """Report nothing: a ``Say`` or a ``Progress`` for those who do not listen."""


def together(shared: Any, unit: Any) -> tuple[Any, Any]:
    """Hand on what units share and one of them: the usual ``gather`` of a stage."""
    return shared, unit


@dataclass(frozen=True)
class Once:
    """Something large that many units read; a cluster sends it to a worker once, under its name.

    Attributes
    ----------
    name : str
        Says what it is; equal names mean equal values.
    load : callable
        Returns the value.
    """

    name: str
    load: Callable[[], Any]


@dataclass(frozen=True)
class Stage:
    """How units of one kind are computed, in steps that need not happen in one place.

    Every function is one of a module. ``shared`` is what all units of a run have in common, such as
    its plan: each process has it from its start.

    Attributes
    ----------
    name : str
        What the units are called in messages and progress, in the plural.
    files : callable
        (shared, unit) -> paths of its artefacts in the cache; all must be there for the unit to
        count as cached.
    gather : callable
        (shared, unit) -> tuple that ``compute`` takes, large parts as ``Once``. Reads files.
    compute : callable
        The gathered parts -> the output. Touches no file, so that it can happen anywhere.
    store : callable
        (shared, unit, output) -> None. Writes the artefacts.
    """

    name: str
    files: Callable[[Any, Any], Sequence[Path]]
    gather: Callable[[Any, Any], tuple] = together
    compute: Callable[..., Any] = quiet
    store: Callable[[Any, Any, Any], None] = quiet


@dataclass(frozen=True)
class ArrayStage:
    """A ``Stage`` whose output is some arrays, computed on one thread where the data are.

    Attributes
    ----------
    name : str
        What the units are called, in the plural.
    folder : str
        Name of a folder in ``core.paths``.
    recipe : callable
        (shared, unit) -> everything that determines the arrays.
    measure : callable
        (shared, unit) -> dict of str to array or number.
    with_torch : bool
        See ``one_thread``.
    """

    name: str
    folder: str
    recipe: Callable[[Any, Any], dict]
    measure: Callable[[Any, Any], dict]
    with_torch: bool = True
    gather = staticmethod(together)

    def files(self, shared: Any, unit: Any) -> list[Path]:
        """Path of the arrays in the cache."""
        key = cache.key(self.recipe(shared, unit))
        return [getattr(paths, self.folder) / f"{key}.npz"]

    def compute(self, shared: Any, unit: Any) -> dict:
        """Measure on one thread."""
        with one_thread(with_torch=self.with_torch):
            return self.measure(shared, unit)

    def store(self, shared: Any, unit: Any, arrays: dict) -> None:
        """Write the arrays to the cache."""
        (path,), recipe = self.files(shared, unit), self.recipe(shared, unit)
        cache.store(path, recipe, lambda to: np.savez(to, **arrays))

    def load(self, shared: Any, unit: Any) -> dict:
        """Read the arrays from the cache."""
        with np.load(self.files(shared, unit)[0], allow_pickle=False) as arrays:
            return dict(arrays)


@dataclass(frozen=True)
class Outcome:
    """What became of the units of a run.

    Attributes
    ----------
    units, cached, computed : int
        In all, found in the cache, and computed now.
    failed : dict of str to str
        Name of a unit -> why it could not be computed.
    """

    units: int
    cached: int
    computed: int
    failed: dict[str, str]

    def check(self, name: str) -> None:
        """Raise ``RunFailed`` for the first failure; ``name``: units in the plural."""
        for first, why in self.failed.items():
            raise RunFailed(f"{len(self.failed)} {name} failed, first '{first}': {why}")


_shared: Any = None


def start(shared: Any) -> None:
    """Make a process ready for units: note what they share, and end when its parent ends."""
    global _shared
    _shared = shared
    if parent := multiprocessing.parent_process():
        threading.Thread(target=lambda: (parent.join(), os._exit(1)), daemon=True).start()


def pool(jobs: int, shared: Any = None) -> Executor:
    """Start fresh processes that leave when this one is killed.

    Parameters
    ----------
    jobs : int
        How many.
    shared : object, optional
        What the units of the run have in common; it is sent to each process once.

    Returns
    -------
    Executor
    """
    fresh = multiprocessing.get_context("spawn")
    return ProcessPoolExecutor(jobs, fresh, initializer=start, initargs=(shared,))


def stop(executor: Executor) -> None:
    """Cancel what has not begun in a ``pool`` and end what has: only units under way are lost."""
    processes = list((getattr(executor, "_processes", None) or {}).values())  # shutdown forgets
    executor.shutdown(wait=False, cancel_futures=True)
    for process in processes:
        process.terminate()


def fault(err: Exception) -> str:
    """Word an error as a sentence; one that is not ours to word, with its type."""
    return str(err) if isinstance(err, Sentence) else f"{type(err).__name__}: {err}"


def do(stage: Stage, shared: Any, unit: Any) -> str:
    """Compute and store one unit in this process.

    Returns
    -------
    str
        Why it failed; empty if it did not.

    Raises
    ------
    OSError
        The output cannot be stored.
    """
    try:
        gathered = stage.gather(shared, unit)
        parts = [part.load() if isinstance(part, Once) else part for part in gathered]
        output = stage.compute(*parts)
    except Exception as err:
        return fault(err)
    stage.store(shared, unit, output)
    return ""


def _do_here(stage: Stage, unit: Any) -> str:
    return do(stage, _shared, unit)


def pending(stage: Stage, shared: Any, units: Iterable[Any], say: Say = quiet) -> list[Any]:
    """Units whose artefacts are not all in the cache; a broken one is announced and computed again.

    Parameters
    ----------
    stage : Stage
    shared : object
    units : iterable
    say : callable, optional

    Returns
    -------
    list
        In their order.
    """
    out = []
    for unit in units:
        states = {cache.state(path) for path in stage.files(shared, unit)}
        if "broken" in states:  # it is not removed: another run may be writing it
            say(f"the cached file of '{unit}' is broken; it is computed again")
        if states != {"ready"}:
            out.append(unit)
    return out


def execute(
    stage: Stage,
    shared: Any,
    units: Sequence[Any],
    executor: Executor | Any,
    *,
    say: Say = print,
    progress: Progress = quiet,
    at_once: int | None = None,
    waiting: list[Any] | None = None,
) -> Outcome:
    """Compute the units that are not cached; a failure is noted and never stops the others.

    Parameters
    ----------
    stage : Stage
    shared : object
        What the units have in common; ``executor`` was started with it.
    units : sequence
        Their ``str`` names them in messages.
    executor : Executor or Cluster
        Who computes.
    say, progress : callable, optional
        See ``Say`` and ``Progress``.
    at_once : int, optional
        Number of workers, for the message.
    waiting : list, optional
        The units that are not cached, where the caller has looked already (see ``pending``).

    Returns
    -------
    Outcome

    Raises
    ------
    RunFailed
        A process died; what has ended is cached.
    KeyboardInterrupt
        After the processes have been stopped.
    """
    waiting = pending(stage, shared, units, say) if waiting is None else waiting
    cached, failed = len(units) - len(waiting), {}
    how = f", {at_once} at a time" if at_once else ""
    say(f"{len(units)} {stage.name}, {cached} cached, {len(waiting)} to do{how}")
    progress(stage.name, 0, len(waiting))
    here = isinstance(executor, Executor)
    each = _each(executor, stage, waiting) if here else executor.each(stage, shared, waiting)
    try:
        for done, (unit, why) in enumerate(each, start=1):
            if why:
                failed[str(unit)] = why
                say(f"{stage.name.removesuffix('s')} '{unit}' failed: {why}")
            progress(stage.name, done, len(waiting))
    except KeyboardInterrupt:
        if here:
            stop(executor)
        raise
    except BrokenProcessPool:
        raise RunFailed(
            "a worker process died (killed, or out of memory); what was finished is kept, run again"
        ) from None
    return Outcome(len(units), cached, len(waiting) - len(failed), failed)


def _each(executor: Executor, stage: Stage, units: list[Any]) -> Iterator[tuple[Any, str]]:
    """Compute units in processes; yield each as it ends, with why it failed."""
    futures = {executor.submit(_do_here, stage, unit): unit for unit in units}
    for future in as_completed(futures):
        yield futures[future], future.result()


@contextmanager
def one_thread(*, with_torch: bool = True) -> Iterator[None]:
    """Use one core for what runs inside, so that results do not depend on how many there are.

    Parameters
    ----------
    with_torch : bool, default=True
        Whether PyTorch may be used; it is then loaded here and stays on one thread in this process.
    """
    from threadpoolctl import threadpool_limits

    if with_torch:
        from torch import set_num_threads

        set_num_threads(1)
    with threadpool_limits(1):
        yield
