"""Genes → embedding, once per model and gene universe, from the cache or in parallel processes."""

from __future__ import annotations

import hashlib
import multiprocessing
import os
import re
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache as memoised
from pathlib import Path
from typing import Any

import numpy as np

from ..core import cache, paths, workers
from ..core.errors import BadInput, RunFailed
from ..core.specs import Declarations, ModelSpec
from ..data import sources
from ..data.families import STEM_VERSION
from . import Embedding, Sequences, batches, encoder, recipes, weights
from .batches import Batches, infer

VERSION = 1


def recipe(spec: ModelSpec, digest: str, declared: Declarations) -> dict[str, Any]:
    """Gather everything that determines a model's vectors.

    Parameters
    ----------
    spec : ModelSpec
    digest : str
        Of the gene universe, by ``cache.of_names``.
    declared : Declarations
        Sources that the model reads, and models that it is made of.

    Returns
    -------
    dict
        Encoder, options, weights, files, genes; plain values for ``cache.key``.

    Raises
    ------
    BadInput
        Unknown source or model.
    """
    source = spec.options.get("source")
    files = declared.source(source).files if source else {}
    defaults = {"hub": None, "revision": None, "files": {}, "pooling": "mean", "context": None}
    optional = {
        "inputs": _inputs(spec, declared),
        "network": {k: getattr(spec, k) for k, v in defaults.items() if getattr(spec, k) != v},
        "of": [recipe(part, digest, declared) for part in _parts(spec, declared)],
    }
    return {
        "stage": ["embed", VERSION],
        "encoder": spec.encoder,
        "options": spec.options,
        "weights": [spec.weights, sources.package_version(spec.weights)] if spec.weights else None,
        "files": {name: file.sha256 for name, file in files.items()},
        "stem": STEM_VERSION if spec.encoder == "stem" else None,
        "genes": digest,
        "dtype": spec.dtype,
        **{name: value for name, value in optional.items() if value},
    }


def _inputs(spec, declared):
    """What a model reads that no declaration fixes: source → file → SHA-256, and masked words.

    Sources are those under ``reads``, and the one of the option ``source`` where a file of it has
    no declared SHA-256.
    """
    own = spec.options.get("source")
    fixed = not own or all(file.sha256 for file in declared.source(own).files.values())
    out = {}
    for name in [*([] if fixed else [own]), *spec.reads]:
        source = declared.source(name)
        alone = name == own and "file" in spec.options
        files = [spec.options["file"]] if alone else source.files
        out[name] = {file: _digest(source, file) for file in files}
    if spec.options.get("labels_of"):
        words = "\n".join(recipes.label_words(spec.options["labels_of"], declared))
        out["masked"] = hashlib.sha256(words.encode()).hexdigest()[:16]
    return out


def _digest(source, file):
    """SHA-256 of a file, empty where it is not available."""
    try:
        return sources.digest(sources.locate(source, file, download=False))
    except sources.Missing:
        return ""


def _parts(spec, declared):
    """The models that one is made of (its option ``of``); none for most."""
    parts = [declared.model(name) for name in spec.options.get("of", [])]
    for part in parts:
        if part.options.get("of") or part.encoder == "oracle":
            raise BadInput(
                f"model '{spec.name}': it cannot be made of '{part.name}'; "
                f"name models with own vectors."
            )
    return parts


def path(spec: ModelSpec, genes: np.ndarray, declared: Declarations) -> Path:
    """Name the file that caches a model's vectors.

    Parameters
    ----------
    spec : ModelSpec
    genes : ndarray of str, shape (n_genes,)
        The universe, sorted.
    declared : Declarations

    Returns
    -------
    Path
    """
    return _file(spec, _key(spec, genes, declared))


def _key(spec, genes, declared):
    return cache.key(recipe(spec, cache.of_names(genes.tolist()), declared))


def _file(spec, key):
    return paths.EMBEDDINGS / f"{spec.encoder}-{key}.npz"


def embed(
    spec: ModelSpec,
    genes: np.ndarray,
    declared: Declarations,
    *,
    device: str = "cpu",
    download: bool = False,
    cluster=None,
    say: Callable[[str], None] = lambda text: None,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Embedding:
    """Embed the genes that a model can embed, from the cache where they are there.

    A run that was cut off goes on with the first shard that is not finished.

    Parameters
    ----------
    spec : ModelSpec
    genes : ndarray of str, shape (n_genes,)
        The universe, sorted.
    declared : Declarations
        Sources that the model reads, and models that it is made of.
    device : str
        Torch device of a neural network, or several joined by commas, or ``all``.
    download : bool
        Whether weights that are missing may be fetched.
    cluster : Cluster, optional
        Dask cluster whose workers run a network, each on its ``device`` and with the same weights.
    say : callable
        Called with a sentence when a cached file is broken and computed again.
    progress : callable
        Called with (sequences done, sequences in all).

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
    key = cache.key(contents)
    file = _file(spec, key)
    state = cache.state(file)
    if state == "ready":
        with np.load(file, allow_pickle=False) as arrays:
            return Embedding(arrays["entities"], arrays["vectors"])
    if state == "broken":
        say(f"{file.name} is broken and is made again")
    if download and (spec.hub or spec.files):
        weights.locate(spec, download=True)
    start, cpu_start = time.perf_counter(), time.process_time()
    options = {"device": device, "say": say, "progress": progress}
    parts = [embed(part, genes, declared, **options) for part in _parts(spec, declared)]
    result = _encode(spec, genes, declared, **({"parts": parts} if parts else {}))
    shards = file.with_suffix(".parts")
    if isinstance(result, Sequences):
        names = devices(device)
        here = names[:1] if cluster else names
        job = _Job(spec, genes, declared, here, key, Batches.of(result), shards)
        if cluster:
            _run_elsewhere(job, cluster, progress)
        elif len(names) > 1:
            with workers.pool(len(names), job) as pool:
                _run_elsewhere(job, pool, progress)
        result = infer(result, device=names[0], folder=shards, progress=progress)
    check(result, spec.name)
    cache.store(
        file,
        contents,
        lambda to: np.savez(to, entities=result.entities, vectors=result.vectors),
        shape=list(result.vectors.shape),
        device=device,
        seconds=time.perf_counter() - start,
        cpu_s=time.process_time() - cpu_start,
    )
    if shards.exists():
        cache.drop(shards)
    return result


def _encode(spec, genes, declared, **parts):
    """Call a model's encoder; wrong options or columns are one sentence."""
    try:
        return encoder(spec)(spec, genes, declared=declared, **spec.options, **parts)
    except TypeError as err:
        if "argument" not in str(err):
            raise
        fault = str(err).split("()", 1)[-1].strip()
        raise BadInput(f"model '{spec.name}': {fault}; mend its 'options'.") from err
    except KeyError as err:
        raise BadInput(
            f"model '{spec.name}': there is no column or key {err}; mend its 'options'."
        ) from err


def check(embedding: Embedding, name: str) -> None:
    """Check that every number of an embedding is finite.

    Parameters
    ----------
    embedding : Embedding
    name : str
        Of the model, for the message.

    Raises
    ------
    BadInput
        NaN or inf; names the first entity and column.
    """
    bad = np.argwhere(~np.isfinite(embedding.vectors))
    if len(bad):
        row, column = bad[0]
        raise BadInput(
            f"model '{name}': the vector of '{embedding.entities[row]}' holds "
            f"{embedding.vectors[row, column]} in column {column} ({len(bad)} such values in all); "
            f"leave that gene out or mend its vector."
        )


def devices(text: str) -> list[str]:
    """Read the names of torch devices, on each of which one process runs.

    Parameters
    ----------
    text : str
        Names joined by commas; ``all`` is every CUDA device.

    Returns
    -------
    list of str

    Raises
    ------
    BadInput
        No device, or none of CUDA for ``all``.
    """
    names = [name.strip() for name in text.split(",") if name.strip()]
    if text == "all":
        import torch

        names = [f"cuda:{i}" for i in range(torch.cuda.device_count())]
    if not names:
        raise BadInput(
            f"device '{text}': there is no such device here; use cpu, cuda:0, or several joined "
            f"by commas."
        )
    return names


@dataclass(frozen=True, eq=False)
class _Job:
    """A network's inference as other processes need it; ``folder`` takes the finished shards.

    ``key`` and the digest of ``batches`` say what a process must come to by itself.
    """

    spec: ModelSpec
    genes: np.ndarray
    declared: Declarations
    devices: list[str]
    key: str
    batches: Batches
    folder: Path


def _run_elsewhere(job, executor, progress):
    """Have other processes run the shards that are not finished."""
    shards = job.batches.shards
    todo = [i for i in range(len(shards)) if job.batches.read(job.folder, i) is None]

    def advance(*_):
        done = [len(rows) for i, rows in enumerate(shards) if _files(job, i)[0].exists()]
        progress(sum(done), len(job.batches.order))

    options = {"say": workers.quiet, "progress": advance, "waiting": todo}
    outcome = workers.execute(_STAGE, job, todo, executor, **options)
    for fault in outcome.failed.values():
        raise RunFailed(f"{fault} (another process; what was finished is kept)")


def _files(job, number):
    return [job.batches.path(job.folder, number)]


def _gather(job, number):
    return workers.Once(f"network {job.key}", lambda: job), number


def _compute(job, number):
    """Vectors of one shard; the weights are loaded once for all shards of a process."""
    import torch

    fault = f"model '{job.spec.name}':"
    if job.key not in _networks:
        if _key(job.spec, job.genes, job.declared) != job.key:
            raise BadInput(
                f"{fault} other weights or input files are at hand there; give it the same ones."
            )
        work = _encode(job.spec, job.genes, job.declared)
        _networks.clear()
        _networks[job.key] = replace(work, forward=memoised(work.forward)), Batches.of(work)
    work, plan = _networks[job.key]
    if plan.digest != job.batches.digest:
        raise BadInput(
            f"{fault} its input becomes other tokens there; install the pinned versions."
        )
    # processes of a pool are numbered in turn, and each keeps to one device
    process = re.sub(r"\D", "", multiprocessing.current_process().name)
    device = job.devices[int(process or 0) % len(job.devices)]
    if device == "cpu" and len(job.devices) > 1 and process:  # they divide its cores
        torch.set_num_threads(max(1, (os.cpu_count() or 1) // len(job.devices)))
    vectors = {}
    batches.run(work, plan, [number], vectors.__setitem__, device=device)
    return vectors[number]


def _store(job, number, vectors):
    job.batches.write(job.folder, number, vectors)


_STAGE = workers.Stage("shards", _files, _gather, _compute, _store)
_networks: dict[str, tuple[Sequences, Batches]] = {}
"""Work and batches of the last job of this process, by key."""
