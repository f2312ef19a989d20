"""Other processes, or the workers of a cluster, run the shards of a network."""

import multiprocessing
import os
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, replace
from functools import cache as memoised
from functools import lru_cache
from pathlib import Path

from ..core import workers
from ..core.errors import BadInput, RunFailed
from . import batches
from .batches import Batches
from .identity import path
from .inputs import Inputs, encode


def devices(text):
    """Read the names of torch devices, on each of which one process runs.

    Parameters
    ----------
    text : str
        Names joined by commas; ``all`` is every CUDA device, ``auto`` the same, and the CPU where
        there is none.

    Returns
    -------
    list of str
    """
    names = [name.strip() for name in text.split(",") if name.strip()]
    if text in ("all", "auto"):
        import torch

        names = [f"cuda:{i}" for i in range(torch.cuda.device_count())]
        names = names or ["cpu"] * (text == "auto")
    if not names:
        raise BadInput(
            f"device '{text}': there is no such device here; use auto, cpu, cuda:0, or several "
            f"joined by commas."
        )
    return names


EVERY = 15.0
"""Seconds between two looks at how far other processes are."""


@dataclass(frozen=True, eq=False)
class Job:
    """A network's inference as other processes need it.

    Attributes
    ----------
    inputs : Inputs
    batches : Batches
        What each process must come to by itself.
    file : Path
        Of the embedding; the finished shards lie in a folder beside it.
    devices : list of str
    """

    inputs: Inputs
    batches: Batches
    file: Path
    devices: list[str]

    @property
    def folder(self) -> Path:
        """Folder of the finished shards."""
        return self.file.with_suffix(".parts")


def run(job, *, cluster=None, progress=workers.quiet):
    """Have other processes run the shards that are not finished.

    Parameters
    ----------
    job : Job
    cluster : Cluster, optional
        None: a process for each device of this machine.
    progress : callable
        Called with (sequences done, sequences in all).
    """
    shards = job.batches.shards

    def advance(*_):
        progress(sum(map(done, range(len(shards)))), len(job.batches.order))

    def done(number):
        try:
            whole = _files(job, number)[0].exists()
            return len(shards[number]) if whole else int(_note(job, number).read_text() or 0)
        except OSError:  # not begun
            return 0

    pool = nullcontext(cluster) if cluster else workers.pool(len(job.devices), job)
    with pool as executor, _every(EVERY, advance):
        options = {"say": workers.quiet, "progress": advance}
        outcome = workers.execute(_STAGE, job, range(len(shards)), executor, **options)
    for fault in outcome.failed.values():
        raise RunFailed(f"{fault} (another process; what was finished is kept)")


@contextmanager
def _every(seconds: float, call: Callable[[], None]) -> Iterator[None]:
    """Call a function every so many seconds within this context."""
    ended = threading.Event()

    def again():
        while not ended.wait(seconds):
            call()

    watch = threading.Thread(target=again, daemon=True)
    watch.start()
    try:
        yield
    finally:
        ended.set()
        watch.join()


def _files(job, number):
    return [job.batches.path(job.folder, number)]


def _note(job, number):
    """Where a process writes how many sequences of a shard it has done."""
    return job.batches.path(job.folder, number).with_suffix(".done")


def _gather(job, number):
    return workers.Once(f"network {job.file.stem}", lambda: job), number


@lru_cache(maxsize=1)
def _network(job):
    """Sequences and batches of the last job of this process, whose weights are loaded once."""
    inputs, fault = job.inputs, f"model '{job.inputs.spec.name}':"
    if path(inputs.spec, inputs.genes, inputs.declared).name != job.file.name:
        raise BadInput(
            f"{fault} other weights or input files are at hand there; give it the same ones."
        )
    work = encode(inputs)
    work = replace(work, forward=memoised(work.forward))
    plan = Batches.of(work)
    if plan.digest != job.batches.digest:
        raise BadInput(
            f"{fault} its input becomes other tokens there; install the pinned versions."
        )
    return work, plan


def _compute(job, number):
    """Vectors of one shard."""
    import torch

    work, plan = _network(job)
    # processes of a pool are numbered in turn, and each keeps to one device
    process = re.sub(r"\D", "", multiprocessing.current_process().name)
    device = job.devices[int(process or 0) % len(job.devices)]
    if device == "cpu" and len(job.devices) > 1 and process:  # they divide its cores
        torch.set_num_threads(max(1, (os.cpu_count() or 1) // len(job.devices)))
    note = _note(job, number)
    note.parent.mkdir(parents=True, exist_ok=True)

    def advance(within):
        note.write_text(str(within), encoding="utf-8")

    ((_, vectors),) = batches.run(work, plan, [number], device=device, progress=advance)
    return vectors


def _store(job, number, vectors):
    job.batches.write(job.folder, number, vectors)


_STAGE = workers.Stage("shards", _files, _gather, _compute, _store)
