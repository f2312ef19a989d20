"""Genes → embedding, once per model and gene universe, from the cache or in parallel processes."""

import multiprocessing
import os
import re
import shutil
import time
from dataclasses import replace
from functools import cache as memoised
from functools import lru_cache

import numpy as np

from ..core import cache, workers
from ..core.errors import BadInput
from ..core.stages import quiet
from . import Embedding, Sequences, batches, routes
from .batches import Batches, infer
from .identity import parts
from .identity import path as path
from .identity import recipe as recipe
from .inputs import Inputs, encode


def embed(
    spec,
    genes,
    declared,
    *,
    device="cpu",
    download=False,
    say=quiet,
    progress=quiet,
):
    """Embed the genes that a model can embed, from the cache where they are there.

    A run that was cut off goes on with the first shard that is not finished.

    Parameters
    ----------
    spec, genes, declared
        As in ``path``.
    device : str
        Torch device of a neural network, or several joined by commas, or ``all``.
    download : bool
        Whether weights that are missing may be fetched.
    say, progress : callable
        Called with a sentence on a broken file; with (sequences done, sequences in all).

    Returns
    -------
    Embedding

    Raises
    ------
    BadInput
        Unknown encoder, missing weights, or vectors with NaN or inf (names entity and column).
    RunFailed
        A process died, or a sequence does not fit into memory.
    """
    file = path(spec, genes, declared)
    options = {"device": device, "say": say, "progress": progress}
    if cache.state(file) != "ready":
        with cache.locked(file):
            if (state := cache.state(file)) != "ready":
                if state == "broken":
                    say(f"{file.name} is broken and is made again")
                if download and (spec.hub or spec.files):
                    routes.fetch(spec)
                return _make(file, spec, genes, declared, **options)
    with np.load(file, allow_pickle=False) as arrays:
        return Embedding(**arrays)


def _make(file, spec, genes, declared, **options):
    """Embed genes, and store the vectors."""
    start, device, progress = time.perf_counter(), options["device"], options["progress"]
    own = tuple(embed(part, genes, declared, **options) for part in parts(spec, declared))
    inputs = Inputs(spec, genes, declared, own)
    result, shards = encode(inputs), file.with_suffix(".parts")
    if isinstance(result, Sequences):
        names = devices(device)
        if len(names) > 1:
            plan = Batches.of(result)
            job, sizes = (inputs, plan, shards, tuple(names)), list(map(len, plan.shards))

            def advance(*_):
                ended = [n for i, n in enumerate(sizes) if plan.path(shards, i).exists()]
                progress(sum(ended), sum(sizes))

            with workers.pool(len(names), job) as pool:
                numbers, report = range(len(sizes)), {"say": quiet, "progress": advance}
                workers.execute(_STAGE, job, numbers, pool, **report).check("shards")
        result = infer(result, device=names[0], folder=shards, progress=progress)
    for row, column in np.argwhere(~np.isfinite(result.vectors))[:1]:
        raise BadInput(
            f"model '{spec.name}': the vector of '{result.entities[row]}' holds "
            f"{result.vectors[row, column]} in column {column}; leave that gene out or fix its "
            f"vector."
        )
    cache.store(
        file,
        recipe(spec, cache.of_names(genes.tolist()), declared),
        lambda to: np.savez(to, **vars(result)),
        shape=list(result.vectors.shape),
        device=device,
        seconds=time.perf_counter() - start,
    )
    if shards.exists():
        shutil.rmtree(shards)
    return result


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


@lru_cache(maxsize=1)
def _network(inputs):
    """Sequences of the last model of this process, whose weights are loaded once."""
    work = encode(inputs)
    return replace(work, forward=memoised(work.forward))


def _compute(job, number):
    """Make and store the vectors of one shard."""
    inputs, plan, folder, names = job
    # processes of a pool are numbered in turn, and each keeps to one device
    process = re.sub(r"\D", "", multiprocessing.current_process().name)
    device = names[int(process or 0) % len(names)]
    if device == "cpu" and process:  # they divide its cores
        import torch

        torch.set_num_threads(max(1, (os.cpu_count() or 1) // len(names)))
    ((_, vectors),) = batches.run(_network(inputs), plan, [number], device=device)
    plan.store(folder, number, vectors)


def _files(job, number):
    _, plan, folder, _ = job
    return [plan.path(folder, number)]


_STAGE = workers.Stage("shards", _files, compute=_compute)
