"""Units of work, and the one loop that computes those that are not cached yet.

Units are computed by processes of this machine that end with their parent, or by the workers of a
Dask cluster (``core.cluster``). An output is stored as soon as its unit ends: whatever stops a run
costs one unit a process.
"""

import multiprocessing
import os
import threading
from concurrent.futures import Executor, ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from typing import Any

from . import cache
from .errors import GenebenchError, RunFailed
from .stages import ArrayStage, Once, Stage, one_thread, quiet

__all__ = ["ArrayStage", "one_thread"]


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

    def check(self, name: str):
        """Raise ``RunFailed`` for the first failure; ``name``: units in the plural."""
        for first, why in self.failed.items():
            raise RunFailed(f"{len(self.failed)} {name} failed, first '{first}': {why}")


_shared: Any = None


def start(shared: Any):
    """Make a process ready for units: note what they share, and end when its parent ends."""
    global _shared
    _shared = shared
    if parent := multiprocessing.parent_process():
        threading.Thread(target=lambda: (parent.join(), os._exit(1)), daemon=True).start()


def pool(jobs, shared=None):
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


def stop(executor: Executor):
    """Cancel what has not begun in a ``pool`` and end what has: only units under way are lost."""
    processes = list((getattr(executor, "_processes", None) or {}).values())  # shutdown forgets
    executor.shutdown(wait=False, cancel_futures=True)
    for process in processes:
        process.terminate()


def fault(err: Exception) -> str:
    """Word an error as a sentence; one that is not ours to word, with its type."""
    return str(err) if isinstance(err, GenebenchError) else f"{type(err).__name__}: {err}"


def do(stage: Stage, unit: Any):
    """Compute and store one unit in this process, which was made ready by ``start``.

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
        gathered = stage.gather(_shared, unit)
        parts = [part.load() if isinstance(part, Once) else part for part in gathered]
        output = stage.compute(*parts)
    except Exception as err:
        return fault(err)
    stage.store(_shared, unit, output)
    return ""


def pending(stage, shared, units, say=quiet):
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
    stage,
    shared,
    units,
    executor,
    *,
    say=print,
    progress=quiet,
    waiting=None,
):
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
    say(f"{len(units)} {stage.name}, {cached} cached, {len(waiting)} to do")
    progress(stage.name, 0, len(waiting))
    here = isinstance(executor, Executor)
    each = _each(executor, stage, waiting) if here else executor.each(stage, shared, waiting)
    reasons = set()  # one missing file may stop many units: it is said once
    try:
        for done, (unit, why) in enumerate(each, start=1):
            if why:
                failed[str(unit)] = why
                if (reason := why.replace(str(unit), "")) not in reasons:
                    reasons.add(reason)
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
    if more := len(failed) - len(reasons):
        say(f"{more} more {stage.name} failed, for the same reasons")
    return Outcome(len(units), cached, len(waiting) - len(failed), failed)


def _each(executor, stage, units):
    """Compute units in processes; yield each as it ends, with why it failed."""
    futures = {executor.submit(do, stage, unit): unit for unit in units}
    for future in as_completed(futures):
        yield futures[future], future.result()
