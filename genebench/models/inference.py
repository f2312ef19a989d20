"""Genes → embedding, once per model and gene universe, from the cache or in parallel processes."""

import shutil
import time

import numpy as np

from ..core import cache
from ..core.errors import BadInput
from ..core.stages import quiet
from . import Embedding, Sequences, elsewhere, routes
from .batches import Batches, infer
from .elsewhere import Job, devices
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
    cluster=None,
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
    cluster : Cluster, optional
        Dask cluster whose workers run a network, each on its ``device`` and with the same weights.
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
    contents = recipe(spec, cache.of_names(genes.tolist()), declared)
    file = path(spec, genes, declared)
    state = cache.state(file)
    if state == "ready":
        with np.load(file, allow_pickle=False) as arrays:
            return Embedding(**arrays)
    if state == "broken":
        say(f"{file.name} is broken and is made again")
    if download and (spec.hub or spec.files):
        routes.fetch(spec)
    start, cpu_start = time.perf_counter(), time.process_time()
    options = {"device": device, "say": say, "progress": progress}
    own = tuple(embed(part, genes, declared, **options) for part in parts(spec, declared))
    inputs = Inputs(spec, genes, declared, own)
    result, shards = encode(inputs), file.with_suffix(".parts")
    if isinstance(result, Sequences):
        names = devices(device)
        if cluster or len(names) > 1:
            job = Job(inputs, Batches.of(result), shards, names[:1] if cluster else names)
            elsewhere.run(job, cluster=cluster, progress=progress)
        result = infer(result, device=names[0], folder=shards, progress=progress)
    for row, column in np.argwhere(~np.isfinite(result.vectors))[:1]:
        raise BadInput(
            f"model '{spec.name}': the vector of '{result.entities[row]}' holds "
            f"{result.vectors[row, column]} in column {column}; leave that gene out or fix its "
            f"vector."
        )
    cache.store(
        file,
        contents,
        lambda to: np.savez(to, **vars(result)),
        shape=list(result.vectors.shape),
        device=device,
        seconds=time.perf_counter() - start,
        cpu_s=time.process_time() - cpu_start,
    )
    if shards.exists():
        shutil.rmtree(shards)
    return result
