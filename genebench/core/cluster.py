"""Units of work on the workers of a Dask cluster; the only module that knows Dask.

What units share is sent to a worker once and passed on from worker to worker. Outputs come back to
this process, and nobody else stores them. A worker may join, leave or be killed at any time: its
units are computed again.
"""

import queue
from contextlib import AbstractContextManager, suppress
from importlib import metadata
from pathlib import Path

from . import cache
from .errors import BadInput, GenebenchError, RunFailed
from .workers import Once, fault

AHEAD = 4
"""Units under way for each worker: enough that none waits, few enough that their data fit into
memory."""
SHARED_BYTES = 2e9
"""Bytes that units may share at a time on each worker."""
PATIENCE = 300.0
"""Seconds without any worker after which a run gives up."""
CONNECT = 3.0
"""Seconds in which a scheduler answers."""


def code():
    """Digest what gives the numbers: this package's source, and the versions of NumPy and PyTorch.

    Returns
    -------
    str
        16 hex digits of a SHA-256.
    """
    modules = sorted(Path(__file__).parents[1].rglob("*.py"))
    versions = [metadata.version(name).split("+")[0] for name in ("numpy", "torch")]
    return cache.key([*map(cache.digest, modules), *versions])


def connect(address):
    """Connect to a scheduler.

    Parameters
    ----------
    address : str
        Such as ``tcp://host:8786``.

    Returns
    -------
    distributed.Client

    Raises
    ------
    BadInput
        No Dask here, or nothing that answers there.
    """
    if "://" not in address:
        raise BadInput(
            f"scheduler '{address}': is no address such as tcp://host:8786; give the one that "
            "'dask scheduler' prints."
        )
    try:
        from distributed import Client
    except ImportError:
        raise BadInput(
            "--scheduler needs the package 'distributed'; install it with: pip install -c "
            "constraints.txt -e '.[cluster]'."
        ) from None
    try:
        return Client(address, timeout=CONNECT, set_as_default=False)
    except Exception as err:  # what is no scheduler answers anything
        raise BadInput(
            f"scheduler '{address}': does not answer ({fault(err)[:100]}); give the address that "
            "'dask scheduler' prints."
        ) from None


class Cluster(AbstractContextManager):
    """A running Dask cluster, to be entered as a context.

    Parameters
    ----------
    address : str
        Of its scheduler, such as ``tcp://host:8786``.
    timeout : float, default=20
        Seconds to wait for a first worker.

    Raises
    ------
    BadInput
        No Dask, no scheduler, no worker, or one with other code or several threads.
    """

    def __init__(self, address: str, *, timeout: float = 20.0):
        self.client = connect(address)
        import dask

        # a large part travels with its task on purpose
        dask.config.set({"distributed.admin.large-graph-warning-threshold": 1e12})
        try:
            self._check(address, timeout)
        except BaseException:
            self.client.close()
            raise

    def _check(self, address, timeout):
        """Raise a sentence where there is no worker, or one that would compute something else."""
        if not self._has_worker(timeout):
            raise BadInput(
                f"scheduler '{address}': has no worker; start one with 'dask worker {address} "
                "--nthreads 1'."
            )
        for worker, threads in self.client.nthreads().items():
            if threads != 1:
                raise BadInput(
                    f"worker {worker}: has {threads} threads, and fits are only repeatable on one; "
                    f"start several with 'dask worker --nworkers {threads} --nthreads 1'."
                )
        try:
            answers = self.client.run(code, on_error="return")
        except Exception:  # a worker that cannot even read the question
            answers = {"of the cluster": ""}
        for worker, answer in answers.items():
            if answer != (mine := code()):
                raise BadInput(
                    f"worker {worker}: has no genebench or another one; install this version "
                    f"({mine}) where it runs."
                )

    def _has_worker(self, timeout):
        try:
            self.client.wait_for_workers(1, timeout=timeout)
        except TimeoutError:
            return False
        return True

    def __exit__(self, *_: object):
        self.client.close()

    def each(self, stage, shared, units):
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
        running, ended, sent = {}, queue.SimpleQueue(), {}

        def results(most):
            """Wait until so many units are under way; yields those that end."""
            while len(running) > most:
                try:
                    future = ended.get(timeout=1.0)
                except queue.Empty:
                    if self._has_worker(PATIENCE):
                        continue
                    raise RunFailed(
                        "no worker of the cluster is left; what was finished is kept, start some, "
                        "run again"
                    ) from None
                unit = running.pop(future)
                try:
                    output = future.result()
                except Exception as err:
                    yield unit, fault(err)
                else:
                    stage.store(shared, unit, output)
                    yield unit, ""

        try:
            for unit in units:
                yield from results(AHEAD * max(1, len(self.client.nthreads())) - 1)
                try:
                    parts = [self._send(part, sent) for part in stage.gather(shared, unit)]
                except GenebenchError as err:
                    yield unit, str(err)
                    continue
                future = self.client.submit(stage.compute, *parts, pure=False)
                running[future] = unit
                future.add_done_callback(ended.put)
            yield from results(0)
        except OSError as err:
            if err.errno is not None:  # an output cannot be stored
                raise
            raise RunFailed(
                f"the scheduler does not answer any more ({fault(err)[:100]}); what was finished "
                "is kept, start it and run again."
            ) from None
        finally:
            with suppress(OSError, RuntimeError):  # there may be nobody left to tell
                self.client.cancel([*running, *(future for future, _ in sent.values())], force=True)

    def _send(self, part, sent):
        """A part of a unit, or the future of one that is shared; the least recently used go."""
        if not isinstance(part, Once):
            return part
        if part.name in sent:
            sent[part.name] = sent.pop(part.name)  # the last used stands last
        else:
            from distributed.protocol import serialize

            value = part.load()
            size = sum(memoryview(frame).nbytes for frame in serialize(value)[1])
            sent[part.name] = self.client.submit(lambda same: same, value, pure=False), size
            while len(sent) > 1 and sum(size for _, size in sent.values()) > SHARED_BYTES:
                del sent[next(iter(sent))]
        return sent[part.name][0]
