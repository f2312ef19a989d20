"""Units of work on the workers of a Dask cluster. The only module that knows Dask, an optional extra (``cluster``).

What units share is sent to a worker once and passed on from worker to worker. Whatever is made comes back to this
process, and nobody else stores it. A worker may join, leave or be killed at any time: its units are done again.
"""

from __future__ import annotations

import functools
import hashlib
import queue
import time
import warnings
from collections.abc import Iterable, Iterator
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any

import numpy as np

from .errors import BadInput, RunFailed
from .workers import Once, Stage

AHEAD = 4
"""Units under way for each worker: enough that none waits, few enough that what they share fits into memory."""
HELD = 2e9
"""Bytes that units may share at a time on each worker."""
PATIENCE = 300.0
"""Seconds without any worker after which a run gives up."""
INSTALL = "install it with: pip install -c constraints.txt -e '.[cluster]'"


@functools.lru_cache
def code() -> str:
    """16 hex digits of the SHA-256 of this package's source: other code may give other numbers."""
    total = hashlib.sha256()
    for path in sorted(Path(__file__).parents[1].rglob("*.py")):
        total.update(path.read_bytes())
    return total.hexdigest()[:16]


class Cluster:
    """A running Dask cluster, entered as a context. Raises: BadInput: no Dask, no scheduler, or no worker that fits."""

    def __init__(self, address: str, *, timeout: float = 20.0) -> None:
        try:
            import distributed
        except ImportError:
            raise BadInput(f"--scheduler needs the package 'distributed'; {INSTALL}.") from None
        if "://" not in address:
            raise BadInput(
                f"scheduler '{address}': is no address such as tcp://host:8786; give the one Dask prints."
            )
        try:
            self.client = distributed.Client(address, timeout=timeout, set_as_default=False)
        except (OSError, ValueError, RuntimeError) as err:
            told = str(err).splitlines()[0][:100] if str(err) else type(err).__name__
            raise BadInput(
                f"scheduler '{address}': does not answer ({told}); start it with 'dask scheduler'."
            ) from None
        self.address = address
        try:
            self._check(timeout)
        except BaseException:
            self.client.close()
            raise

    def _check(self, timeout: float) -> None:
        """Raise a sentence where there is no worker, or one that would compute something else."""
        try:
            self.client.wait_for_workers(1, timeout=timeout)
        except TimeoutError:
            raise BadInput(
                f"scheduler '{self.address}': has no worker; start one with 'dask worker {self.address} --nthreads 1'."
            ) from None
        for worker, threads in self.client.nthreads().items():
            if threads != 1:
                raise BadInput(
                    f"worker {worker}: has {threads} threads, and fits are only repeatable on one; start several with "
                    f"'dask worker --nworkers {threads} --nthreads 1'."
                )
        try:
            told = self.client.run(_code, on_error="return")
        except Exception as err:
            told = {"of the cluster": err}
        for worker, found in told.items():
            if found != code():
                why = (
                    "cannot import genebench"
                    if isinstance(found, Exception)
                    else "has another genebench"
                )
                raise BadInput(
                    f"worker {worker}: {why}; install this version ({code()}) where it runs."
                )

    def __enter__(self) -> Cluster:
        return self

    def __exit__(self, *_: object) -> None:
        self.client.close()

    @property
    def workers(self) -> int:
        """How many workers there are now."""
        return len(self.client.nthreads())

    def each(self, stage: Stage, units: Iterable[Any]) -> Iterator[tuple[Any, str]]:
        """Every unit as it ends, kept by this process, with its fault as a sentence (empty if none).

        Raises: RunFailed: there is no worker any more. OSError: what was made cannot be stored.
        """
        waiting, running, ended = iter(units), {}, queue.SimpleQueue()
        shared: dict[str, tuple[Any, float]] = {}
        more, alone = True, 0.0
        try:
            while more or running:
                while more and len(running) < AHEAD * max(1, self.workers):
                    unit = next(waiting, _END)
                    if unit is _END:
                        more = False
                        break
                    try:
                        sent = [self._sent(part, shared) for part in stage.gather(unit)]
                    except (BadInput, RunFailed) as err:
                        yield unit, str(err)
                        continue
                    future = self._submit(_computed, stage.compute, *sent)
                    running[future] = unit
                    future.add_done_callback(ended.put)
                if not running:
                    continue
                try:
                    future = ended.get(timeout=1.0)
                except queue.Empty:
                    alone = 0.0 if self.workers else alone or time.monotonic()
                    if alone and time.monotonic() - alone > PATIENCE:
                        raise RunFailed(
                            f"no worker is left on '{self.address}'; what was finished is kept, start some, run again"
                        ) from None
                    continue
                unit = running.pop(future)
                yield unit, self._kept(stage, unit, future)
        finally:
            self.client.cancel([*running, *(held for held, _ in shared.values())], force=True)

    def _submit(self, function, *args):
        with warnings.catch_warnings():
            warnings.simplefilter(
                "ignore"
            )  # that a large part travels with its task is meant: lost, it is sent again
            return self.client.submit(function, *args, pure=False)

    def _sent(self, part: Any, shared: dict[str, tuple[Any, float]]) -> Any:
        """The part of a unit, or, where units share it, the one thing on the cluster that holds it.

        What was used longest ago is let go of where ``HELD`` bytes are shared; units under way hold on to theirs.
        """
        if not isinstance(part, Once):
            return part
        if part.name in shared:
            shared[part.name] = shared.pop(part.name)  # the last used stands last
        else:
            value = part.load()
            shared[part.name] = (self._submit(_same, value), bytes_of(value))
            while len(shared) > 1 and sum(held for _, held in shared.values()) > HELD:
                del shared[next(iter(shared))]
        return shared[part.name][0]

    @staticmethod
    def _kept(stage: Stage, unit: Any, future: Any) -> str:
        from distributed import KilledWorker

        try:
            why, made = future.result()
        except KilledWorker:
            return "the workers that tried it died (killed, or out of memory); give them more memory and run again"
        except Exception as err:
            return f"{type(err).__name__}: {str(err).splitlines()[0][:200] if str(err) else 'no reason given'}"
        if not why:
            stage.keep(unit, made)
        return why


_END = object()


def bytes_of(value: Any) -> float:
    """Bytes of the arrays in a value, through its fields and containers."""
    if isinstance(value, np.ndarray):
        return value.nbytes
    if is_dataclass(value):
        value = [getattr(value, f.name) for f in fields(value)]
    return sum(map(bytes_of, value)) if isinstance(value, list | tuple) else 0


def _same(value: Any) -> Any:
    return value


def _code() -> str:
    return code()


def _computed(compute, *gathered) -> tuple[str, Any]:
    """On a worker: what was made, or the fault as a sentence."""
    try:
        return "", compute(*gathered)
    except (BadInput, RunFailed) as err:
        return str(err), None
    except Exception as err:
        return f"{type(err).__name__}: {err}", None
