"""Units of work on the workers of a Dask cluster.

The only module that knows Dask (extra ``cluster``).

What units share is sent to a worker once and passed on from worker to worker. Outputs come back to
this process, and nobody else stores them. A worker may join, leave or be killed at any time: its
units are computed again.
"""

from __future__ import annotations

import functools
import hashlib
import queue
import time
import warnings
from collections.abc import Iterable, Iterator
from dataclasses import fields, is_dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np

from .errors import BadInput, RunFailed
from .workers import Once, Stage, fault

AHEAD = 4
"""Units under way for each worker: enough that none waits, few enough that their data fit into
memory."""
SHARED_BYTES = 2e9
"""Bytes that units may share at a time on each worker."""
PATIENCE = 300.0
"""Seconds without any worker after which a run gives up."""
INSTALL = "install it with: pip install -c constraints.txt -e '.[cluster]'"
_END = object()


@functools.cache
def code() -> str:
    """Digest what gives the numbers: this package's source, and the versions of NumPy and PyTorch.

    Returns
    -------
    str
        16 hex digits of a SHA-256.
    """
    total = hashlib.sha256()
    for path in sorted(Path(__file__).parents[1].rglob("*.py")):
        total.update(path.read_bytes())
    for package in ("numpy", "torch"):
        total.update(metadata.version(package).split("+")[0].encode())
    return total.hexdigest()[:16]


class Cluster:
    """A running Dask cluster, to be entered as a context.

    Parameters
    ----------
    address : str
        Of its scheduler, such as ``tcp://host:8786``.
    timeout : float, default=20
        Seconds to wait for the scheduler, and for a first worker.

    Raises
    ------
    BadInput
        No Dask, no scheduler, no worker, or one with other code or several threads.
    """

    def __init__(self, address: str, *, timeout: float = 20.0) -> None:
        try:
            import distributed
        except ImportError:
            raise BadInput(f"--scheduler needs the package 'distributed'; {INSTALL}.") from None
        if "://" not in address:
            raise BadInput(
                f"scheduler '{address}': is no address such as tcp://host:8786; give the one Dask "
                "prints."
            )
        try:
            self.client = distributed.Client(address, timeout=timeout, set_as_default=False)
        except (OSError, ValueError, RuntimeError) as err:
            why = str(err).splitlines()[0][:100] if str(err) else type(err).__name__
            raise BadInput(
                f"scheduler '{address}': does not answer ({why}); start it with 'dask scheduler'."
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
                f"scheduler '{self.address}': has no worker; start one with 'dask worker "
                f"{self.address} --nthreads 1'."
            ) from None
        for worker, threads in self.client.nthreads().items():
            if threads != 1:
                raise BadInput(
                    f"worker {worker}: has {threads} threads, and fits are only repeatable on one; "
                    f"start several with 'dask worker --nworkers {threads} --nthreads 1'."
                )
        try:
            answers = self.client.run(_code, on_error="return")
        except Exception as err:
            answers = {"of the cluster": err}
        for worker, answer in answers.items():
            if answer != code():
                imported = not isinstance(answer, Exception)
                why = "has another genebench" if imported else "cannot import genebench"
                raise BadInput(
                    f"worker {worker}: {why}; install this version ({code()}) where it runs."
                )

    def __enter__(self) -> Cluster:
        return self

    def __exit__(self, *_: object) -> None:
        self.client.close()

    @property
    def workers(self) -> int:
        """Number of workers now."""
        return len(self.client.nthreads())

    def each(self, stage: Stage, shared: Any, units: Iterable[Any]) -> Iterator[tuple[Any, str]]:
        """Compute units on the cluster, store them here, and yield each as it ends.

        Parameters
        ----------
        stage : Stage
        shared : object
            What the units have in common; ``stage.gather`` reads it here.
        units : iterable

        Yields
        ------
        unit : object
        why : str
            Why it failed; empty if it did not.

        Raises
        ------
        RunFailed
            There is no worker any more.
        OSError
            An output cannot be stored.
        """
        waiting, running, ended = iter(units), {}, queue.SimpleQueue()
        sent: dict[str, tuple[Any, float]] = {}
        more, alone_since = True, 0.0
        try:
            while more or running:
                while more and len(running) < AHEAD * max(1, self.workers):
                    unit = next(waiting, _END)
                    if unit is _END:
                        more = False
                        break
                    try:
                        parts = [self._send(part, sent) for part in stage.gather(shared, unit)]
                    except (BadInput, RunFailed) as err:
                        yield unit, str(err)
                        continue
                    future = self._submit(_compute, stage.compute, *parts)
                    running[future] = unit
                    future.add_done_callback(ended.put)
                if not running:
                    continue
                try:
                    future = ended.get(timeout=1.0)
                except queue.Empty:
                    alone_since = 0.0 if self.workers else alone_since or time.monotonic()
                    if alone_since and time.monotonic() - alone_since > PATIENCE:
                        raise RunFailed(
                            f"no worker is left on '{self.address}'; what was finished is kept, "
                            "start some, run again"
                        ) from None
                    continue
                unit = running.pop(future)
                yield unit, self._store(stage, shared, unit, future)
        finally:
            self.client.cancel([*running, *(future for future, _ in sent.values())], force=True)

    def _submit(self, function, *args):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a large part travels with its task on purpose
            return self.client.submit(function, *args, pure=False)

    def _send(self, part: Any, sent: dict[str, tuple[Any, float]]) -> Any:
        """A part of a unit, or the future of one that is shared; the least recently used go."""
        if not isinstance(part, Once):
            return part
        if part.name in sent:
            sent[part.name] = sent.pop(part.name)  # the last used stands last
        else:
            value = part.load()
            sent[part.name] = (self._submit(_same, value), bytes_of(value))
            while len(sent) > 1 and sum(size for _, size in sent.values()) > SHARED_BYTES:
                del sent[next(iter(sent))]
        return sent[part.name][0]

    @staticmethod
    def _store(stage: Stage, shared: Any, unit: Any, future: Any) -> str:
        from distributed import KilledWorker

        try:
            why, output = future.result()
        except KilledWorker:
            return (
                "the workers that tried it died (killed, or out of memory); give them more memory "
                "and run again"
            )
        except Exception as err:
            why = str(err).splitlines()[0][:200] if str(err) else "no reason given"
            return f"{type(err).__name__}: {why}"
        if not why:
            stage.store(shared, unit, output)
        return why


def bytes_of(value: Any) -> float:
    """Count the bytes of the arrays in a value, through its fields and containers.

    Parameters
    ----------
    value : object

    Returns
    -------
    float
    """
    if isinstance(value, np.ndarray):
        return value.nbytes
    if is_dataclass(value):
        value = [getattr(value, f.name) for f in fields(value)]
    return sum(map(bytes_of, value)) if isinstance(value, list | tuple) else 0


def _same(value: Any) -> Any:
    return value


def _code() -> str:
    return code()


def _compute(compute, *parts) -> tuple[str, Any]:
    """On a worker: ("", output), or (why it failed, None)."""
    try:
        return "", compute(*parts)
    except Exception as err:
        return fault(err), None
