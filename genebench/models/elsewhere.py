"""Other processes, or the workers of a cluster, run the shards of a network."""

import multiprocessing
import os
import re
from contextlib import nullcontext
from dataclasses import dataclass, replace
from functools import cache, lru_cache
from pathlib import Path

from ..core import workers
from ..core.errors import BadInput
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


@dataclass(frozen=True, eq=False)
class Job:
    """A network's inference as other processes need it.

    Attributes
    ----------
    inputs : Inputs
    batches : Batches
        What each process must come to by itself.
    folder : Path
        Of the finished shards, named after the file of the embedding.
    devices : list of str
    """

    inputs: Inputs
    batches: Batches
    folder: Path
    devices: list[str]


def run(job, *, cluster=None, progress=workers.quiet):
    """Have other processes run the shards that are not finished.

    Parameters
    ----------
    job : Job
    cluster : Cluster, optional
        None: a process for each device of this machine.
    progress : callable
        Called with (sequences done, sequences in all) as shards end.
    """
    numbers = range(len(job.batches.shards))

    def advance(*_):
        there = (len(job.batches.shards[i]) for i in numbers if _files(job, i)[0].exists())
        progress(sum(there), len(job.batches.order))

    pool = nullcontext(cluster) if cluster else workers.pool(len(job.devices), job)
    with pool as executor:
        options = {"say": workers.quiet, "progress": advance}
        workers.execute(_STAGE, job, numbers, executor, **options).check(_STAGE.name)


def _files(job, number):
    return [job.batches.path(job.folder, number)]


def _gather(job, number):
    return workers.Once(f"network {job.folder.stem}", lambda: job), number


@lru_cache(maxsize=1)
def _network(job):
    """Sequences and batches of the last job of this process, whose weights are loaded once."""
    inputs, fault = job.inputs, f"model '{job.inputs.spec.name}':"
    if path(inputs.spec, inputs.genes, inputs.declared).stem != job.folder.stem:
        raise BadInput(
            f"{fault} other weights or input files are at hand there; give it the same ones."
        )
    work = encode(inputs)
    plan = Batches.of(work)
    if plan.digest != job.batches.digest:
        raise BadInput(
            f"{fault} its input becomes other tokens there; install the pinned versions."
        )
    return replace(work, forward=cache(work.forward)), plan


def _compute(job, number):
    """Vectors of one shard."""
    # processes of a pool are numbered in turn, and each keeps to one device
    process = re.sub(r"\D", "", multiprocessing.current_process().name)
    device = job.devices[int(process or 0) % len(job.devices)]
    if device == "cpu" and len(job.devices) > 1 and process:  # they divide its cores
        import torch

        torch.set_num_threads(max(1, (os.cpu_count() or 1) // len(job.devices)))
    ((_, vectors),) = batches.run(*_network(job), [number], device=device)
    return vectors


def _store(job, number, vectors):
    job.batches.store(job.folder, number, vectors)


_STAGE = workers.Stage("shards", _files, _gather, _compute, _store)
