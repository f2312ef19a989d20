"""Entities → embedding matrix, once per model and gene universe; holds the only torch inference loop."""

from __future__ import annotations

import hashlib
import multiprocessing
import os
import time
from collections import defaultdict
from collections.abc import Callable
from concurrent.futures import wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

import numpy as np

from ..core import cache, paths, specs, workers
from ..core.cluster import Cluster
from ..core.errors import BadInput, RunFailed
from ..core.specs import ModelSpec
from ..data import sources
from ..data.families import STEM_VERSION
from . import Embedding, Sequences, encoder, inputs, weights

VERSION = 1


def recipe(spec: ModelSpec, genes: np.ndarray | str) -> dict:
    """Everything that determines a model's vectors: encoder, options, weights, files, genes (or their digest)."""
    used = spec.options.get("source")
    files = {n: f.sha256 for n, f in specs.source(used).files.items()} if used else {}
    moving = inputs(spec)
    usual = {"hub": None, "revision": None, "files": {}, "pooling": "mean", "context": None}
    network = {
        name: getattr(spec, name) for name, value in usual.items() if getattr(spec, name) != value
    }
    return {
        "stage": ["embed", VERSION],
        "encoder": spec.encoder,
        "options": spec.options,
        "weights": [spec.weights, sources.package_version(spec.weights)] if spec.weights else None,
        "files": files,
        "stem": STEM_VERSION if spec.encoder == "stem" else None,
        "genes": genes if isinstance(genes, str) else cache.of_names(genes.tolist()),
        "dtype": spec.dtype,
        **({"inputs": moving} if moving else {}),
        **({"network": network} if network else {}),
        **({"of": [recipe(m, genes) for m in parts(spec)]} if spec.options.get("of") else {}),
    }


def parts(spec: ModelSpec) -> list[ModelSpec]:
    """The models that one is made of (its option ``of``); none for most.

    Raises: BadInput: one of them is unknown, has no vectors of its own, or is made of others too.
    """
    out = [specs.model(name) for name in spec.options.get("of", [])]
    for part in out:
        if part.options.get("of") or part.encoder == "oracle":
            raise BadInput(
                f"model '{spec.name}': it cannot be made of '{part.name}'; name models with own vectors."
            )
    return out


def path(spec: ModelSpec, genes: np.ndarray) -> Path:
    """Where the vectors are cached."""
    return paths.EMBEDDINGS / f"{spec.encoder}-{cache.key(recipe(spec, genes))}.npz"


def embed(
    spec: ModelSpec,
    genes: np.ndarray,
    *,
    device: str = "cpu",
    download: bool = False,
    cluster: Cluster | None = None,
    say: Callable[[str], None] = lambda text: None,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Embedding:
    """Vectors of one model for the genes it can embed, from the cache where they are there.

    Args: genes: the universe, sorted, (n,). device: torch device of neural encoders, or several joined by commas.
    cluster: whose workers run a network, each on its ``device`` and with the same weights at hand.
    download: whether weights that are not here may be fetched. say: told in a sentence when a cached file is broken and
    made again. progress: told (sequences done, sequences to do).
    A run that was cut off goes on with the first shard that is not finished.
    Raises: BadInput: unknown encoder, missing weights, or vectors with NaN or inf (entity and column named).
    """
    kept = path(spec, genes)
    state = cache.state(kept)
    if state == "ready":
        with np.load(kept, allow_pickle=False) as held:
            return Embedding(held["entities"], held["vectors"])
    if state == "broken":
        say(f"{kept.name} is broken and is made again")
    if download and (spec.hub or spec.files):
        weights.locate(spec, download=True)
    start, spent = time.perf_counter(), time.process_time()
    made = _encode(
        spec,
        genes,
        [embed(m, genes, device=device, say=say, progress=progress) for m in parts(spec)],
    )
    shards = kept.with_suffix(".parts")
    if isinstance(made, Sequences):
        named = devices(device)
        if cluster:
            _elsewhere(spec, genes, named[0], shards, made, cluster, progress)
        elif len(named) > 1:
            _shared(spec, genes, named, shards, made, progress)
        made = infer(made, device=named[0], folder=shards, progress=progress)
    check(made, spec.name)
    cache.store(
        kept,
        recipe(spec, genes),
        lambda p: np.savez(p, entities=made.entities, vectors=made.vectors),
        shape=list(made.vectors.shape),
        device=device,
        seconds=time.perf_counter() - start,
        cpu_s=time.process_time() - spent,
    )
    if shards.exists():
        cache.drop(shards)
    return made


def _encode(
    spec: ModelSpec, genes: np.ndarray, made: list[Embedding] | tuple = ()
) -> Embedding | Sequences:
    """Call a model's encoder; options that it does not take, or columns that are not there, are one sentence."""
    try:
        return encoder(spec)(spec, genes, **spec.options, **({"parts": made} if made else {}))
    except TypeError as err:
        if "argument" not in str(err):
            raise
        raise BadInput(
            f"model '{spec.name}': {str(err).split('()', 1)[-1].strip()}; mend its 'options'."
        ) from err
    except KeyError as err:
        raise BadInput(
            f"model '{spec.name}': there is no column or key {err}; mend its 'options'."
        ) from err


def check(embedding: Embedding, name: str) -> None:
    """Raise a sentence that names the first entity and column with NaN or inf."""
    bad = np.argwhere(~np.isfinite(embedding.vectors))
    if len(bad):
        row, col = bad[0]
        raise BadInput(
            f"model '{name}': the vector of '{embedding.entities[row]}' holds {embedding.vectors[row, col]} in column "
            f"{col} ({len(bad)} such values in all); leave that gene out or mend its vector."
        )


def infer(
    work: Sequences,
    *,
    device: str = "cpu",
    token_budget: int | None = None,
    folder: Path | None = None,
    share: tuple[int, int] | None = None,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Embedding | None:
    """Run a network over token sequences, longest first, at most ``token_budget`` padded tokens a batch.

    Equal sequences are run once. The order of the inputs is restored. Vectors do not depend on the batch that they
    were in: to 1e-5 in single precision, and to a cosine of 0.999 in bfloat16. A batch that does not fit into memory
    is halved, and so are all that follow.

    Args:
        token_budget: None: ``BUDGET`` of the kind of device.
        folder: where finished shards (``SHARD`` tokens each) are kept and taken up from; None: in memory only.
        share: (i, n): run every n-th shard from the i-th on, into ``folder``, and return None.
        progress: told (sequences done, sequences to do).

    Raises: RunFailed: a single sequence does not fit into memory.
    """
    batches = Batches.of(work)
    kept: dict[int, np.ndarray] = {}
    todo = []
    for number, rows in enumerate(batches.shards):
        held = _read_shard(folder, batches, number)
        if held is not None:
            kept[number] = held
        elif share is None or number % share[1] == share[0]:
            todo.append((number, rows))
    done = sum(map(len, kept.values()))

    def keep(number: int, vectors: np.ndarray) -> None:
        nonlocal done
        kept[number] = vectors
        if folder:
            with cache.atomic(_shard(folder, batches, number)) as temporary:
                np.save(temporary, vectors)
        done += len(vectors)

    def told(within: int) -> None:
        progress(done + within, len(batches.order))

    if todo:
        _run(work, batches, todo, device, token_budget or BUDGET[device.split(":")[0]], keep, told)
    if share is not None:
        return None
    return _joined(work, batches, kept)


BUDGET = defaultdict(lambda: 4096, cuda=32_768)
"""Most padded tokens of a batch, by kind of device: large enough to fill it, small enough for its caches."""
SHARD = 131_072
"""Tokens of a shard, the unit of resuming; a killed run loses the one it was at."""


@dataclass(frozen=True, eq=False)
class Batches:
    """What is run, in which order: distinct sequences, longest first, cut into shards that no setting changes.

    Attributes:
        order: index of each distinct sequence among the given, (u,). back: place in ``order`` of each given sequence,
            (m,). shards: slices of ``order``. digest: names all of this.
    """

    order: np.ndarray
    back: np.ndarray
    shards: list[np.ndarray]
    digest: str

    @classmethod
    def of(cls, work: Sequences) -> Batches:
        """The batches of some work."""
        spans = work.spans or [None] * len(work.tokens)
        first: dict[tuple, int] = {}
        keys = [(tuple(t), s) for t, s in zip(work.tokens, spans)]
        for i, key in enumerate(keys):
            first.setdefault(key, i)
        distinct = sorted(first, key=lambda k: (-len(k[0]), k[0], k[1] or ()))
        place = {key: i for i, key in enumerate(distinct)}
        order = np.array([first[k] for k in distinct], dtype=np.int64)
        ends = np.cumsum([len(k[0]) for k in distinct]) if distinct else np.array([])
        cuts = np.flatnonzero(np.diff(ends // SHARD)) + 1 if len(ends) else []
        shards = np.split(order, cuts) if len(order) else []
        text = hashlib.sha256(f"{work.pad} {work.dtype} {SHARD}".encode())
        for tokens, span in distinct:
            text.update(
                np.array([len(tokens), *tokens, *(span or (-1, -1))], dtype=np.int64).tobytes()
            )
        return cls(
            order, np.array([place[k] for k in keys], dtype=np.int64), shards, text.hexdigest()[:16]
        )


def _shard(folder: Path, batches: Batches, number: int) -> Path:
    return folder / batches.digest / f"{number:06d}.npy"


def _read_shard(folder: Path | None, batches: Batches, number: int) -> np.ndarray | None:
    """A finished shard, or None where there is none that can be read."""
    if folder is None or not _shard(folder, batches, number).exists():
        return None
    try:
        held = np.load(_shard(folder, batches, number), allow_pickle=False)
    except (OSError, ValueError, EOFError):
        return None
    return held if held.ndim == 2 and len(held) == len(batches.shards[number]) else None


def _run(
    work: Sequences, batches: Batches, todo: list, device: str, budget: int, keep, told
) -> None:
    """Run shards one after the other and hand each to ``keep(number, vectors)``; ``told(sequences done in it)``.

    The vectors of a batch are fetched when the next one is under way, so that a GPU does not wait for the copy.
    """
    import torch

    kind = device.split(":")[0]
    if kind == "cuda" and not torch.cuda.is_available():
        raise BadInput(f"device '{device}': this torch sees no CUDA device; use --device cpu.")
    half = torch.autocast(kind, dtype=torch.bfloat16, enabled=work.dtype == "bfloat16")
    with torch.inference_mode(), half:
        forward = work.forward(device)
        for number, rows in todo:
            vectors: np.ndarray | None = None
            at, waiting = 0, []
            while at < len(rows) or waiting:
                if at < len(rows):
                    batch = _next(work, rows, at, budget, masks=getattr(forward, "masks", True))
                    try:
                        waiting.append((at, _launched(work, forward, batch, device)))
                    except (RuntimeError, MemoryError) as err:
                        if not _no_memory(err):
                            raise
                        if len(batch) == 1:
                            raise RunFailed(
                                f"a sequence of {len(work.tokens[batch[0]])} tokens does not fit into the memory of "
                                f"'{device}'; use a larger device, or a smaller 'context' for this model."
                            ) from err
                        budget = max(1, len(batch) // 2) * len(work.tokens[batch[0]])
                        if kind == "cuda":
                            torch.cuda.empty_cache()
                        continue
                    at += len(batch)
                if len(waiting) > 1 or at == len(rows):
                    start, made = waiting.pop(0)
                    made = made.float().cpu().numpy()
                    if vectors is None:
                        vectors = np.empty((len(rows), made.shape[1]), dtype=np.float32)
                    vectors[start : start + len(made)] = made
                    told(start + len(made))
            keep(number, vectors)


def _next(work: Sequences, rows: np.ndarray, at: int, budget: int, *, masks: bool) -> np.ndarray:
    """The next batch: as many sequences as the budget allows, of one length where padding cannot be masked."""
    longest = max(1, len(work.tokens[rows[at]]))
    batch = rows[at : at + max(1, budget // longest)]
    return (
        batch
        if masks
        else np.array([i for i in batch if len(work.tokens[i]) == longest], dtype=np.int64)
    )


def _launched(work: Sequences, forward: Callable, batch: np.ndarray, device: str):
    """Vectors of a batch, still on the device."""
    import torch

    longest = max(1, max(len(work.tokens[i]) for i in batch))
    ids = np.full((len(batch), longest), work.pad, dtype=np.int64)
    mask = np.zeros((2 if work.spans else 1, len(batch), longest), dtype=np.int64)
    for row, i in enumerate(batch):
        ids[row, : len(work.tokens[i])] = work.tokens[i]
        mask[0, row, : len(work.tokens[i])] = 1
        if work.spans:
            mask[1, row, slice(*work.spans[i])] = 1
    given = [torch.from_numpy(ids), *map(torch.from_numpy, mask)]
    if device.startswith("cuda"):  # pinned memory is copied while the device computes
        given = [g.pin_memory().to(device, non_blocking=True) for g in given]
    else:
        given = [g.to(device) for g in given]
    made = forward(*given)
    return (
        torch.nn.functional.normalize(made.float(), dim=1)
        if work.unit and work.owner is None
        else made
    )


def _no_memory(err: BaseException) -> bool:
    import torch

    return isinstance(err, torch.OutOfMemoryError | MemoryError) or "can't allocate memory" in str(
        err
    )


def _joined(work: Sequences, batches: Batches, kept: dict[int, np.ndarray]) -> Embedding:
    """Vectors of the entities from those of the shards."""
    if not batches.shards:
        return Embedding(work.entities, np.empty((0, 0), np.float32))
    vectors = np.concatenate([kept[i] for i in range(len(batches.shards))])[batches.back]
    if work.owner is None:
        return Embedding(work.entities, vectors)
    counted = (
        [stop - start for start, stop in work.spans]
        if work.spans
        else [len(t) for t in work.tokens]
    )
    weight = np.asarray(counted, dtype=np.float64)[:, None]
    total, mass = (
        np.zeros((len(work.entities), vectors.shape[1])),
        np.zeros((len(work.entities), 1)),
    )
    np.add.at(total, work.owner, vectors * weight)
    np.add.at(mass, work.owner, weight)
    total /= mass
    if work.unit:
        total /= np.linalg.norm(total, axis=1, keepdims=True).clip(1e-12)
    return Embedding(work.entities, total.astype(np.float32))


def devices(text: str) -> list[str]:
    """The torch devices that a text names, joined by commas; ``all`` is every CUDA device. One process runs on each.

    Raises: BadInput: no device, or none of CUDA for ``all``.
    """
    if text == "all":
        import torch

        named = [f"cuda:{i}" for i in range(torch.cuda.device_count())]
    else:
        named = [name.strip() for name in text.split(",") if name.strip()]
    if not named:
        raise BadInput(
            f"device '{text}': there is no such device here; use cpu, cuda:0, or several joined by commas."
        )
    return named


def _shared(
    spec: ModelSpec, genes: np.ndarray, named: list[str], folder: Path, work: Sequences, progress
) -> None:
    """Run the shards of some work in one process a device; each writes into ``folder``."""
    batches = Batches.of(work)
    with workers.pool(len(named)) as pool:
        futures = [
            pool.submit(_part, spec, genes, name, (i, len(named)), folder, len(named))
            for i, name in enumerate(named)
        ]
        try:
            while True:
                ended, waiting = wait(futures, timeout=0.5)
                for future in ended:
                    future.result()
                there = [
                    n for n in range(len(batches.shards)) if _shard(folder, batches, n).exists()
                ]
                progress(sum(len(batches.shards[n]) for n in there), len(batches.order))
                if not waiting:
                    return
        except BrokenProcessPool as err:
            raise RunFailed(
                "a process died (killed, or out of memory); what was finished is kept, run again"
            ) from err
        except BaseException:
            workers.stop(pool)
            raise


@dataclass(frozen=True, eq=False)
class _Shard:
    """One shard of a network's work, for a worker elsewhere; ``key`` and ``digest`` say what it must be part of."""

    spec: ModelSpec
    genes: np.ndarray
    device: str
    number: int
    key: str
    digest: str
    path: Path


def _elsewhere(
    spec: ModelSpec,
    genes: np.ndarray,
    device: str,
    folder: Path,
    work: Sequences,
    cluster,
    progress,
):
    """Have a cluster run the shards that are not in ``folder`` yet, and put them there."""
    batches, key = Batches.of(work), cache.key(recipe(spec, genes))
    todo = [n for n in range(len(batches.shards)) if _read_shard(folder, batches, n) is None]
    done = len(batches.order) - sum(len(batches.shards[n]) for n in todo)
    units = [
        _Shard(spec, genes, device, n, key, batches.digest, _shard(folder, batches, n))
        for n in todo
    ]
    for unit, why in cluster.each(workers.Stage(_sent, _run_shard, _keep_shard), units):
        if why:
            raise RunFailed(f"{why} (a worker of the cluster; what was finished is kept)")
        done += len(batches.shards[unit.number])
        progress(done, len(batches.order))


def _sent(unit: _Shard) -> tuple:
    genes = workers.Once(f"genes {unit.key}", lambda: unit.genes)
    return unit.spec, genes, unit.device, unit.number, unit.key, unit.digest


def _run_shard(
    spec: ModelSpec, genes: np.ndarray, device: str, number: int, key: str, digest: str
) -> np.ndarray:
    if cache.key(recipe(spec, genes)) != key:
        raise BadInput(
            f"model '{spec.name}': other weights or input files are at hand there; give it the same ones."
        )
    work, batches = _loaded(spec.model_dump_json(), tuple(genes.tolist()))
    if batches.digest != digest:
        raise BadInput(
            f"model '{spec.name}': its input becomes other tokens there; install the pinned versions."
        )
    made: dict[int, np.ndarray] = {}
    budget = BUDGET[device.split(":")[0]]
    _run(
        work,
        batches,
        [(number, batches.shards[number])],
        device,
        budget,
        made.__setitem__,
        lambda within: None,
    )
    return made[number]


def _keep_shard(unit: _Shard, made: np.ndarray) -> None:
    with cache.atomic(unit.path) as temporary:
        np.save(temporary, made)


@lru_cache(maxsize=1)
def _loaded(spec: str, genes: tuple[str, ...]) -> tuple[Sequences, Batches]:
    """A network's work with its weights loaded once, for a process that runs shard after shard."""
    work = _encode(ModelSpec.model_validate_json(spec), np.array(genes), [])
    return replace(work, forward=lru_cache(maxsize=1)(work.forward)), Batches.of(work)


def _part(
    spec: ModelSpec,
    genes: np.ndarray,
    device: str,
    share: tuple[int, int],
    folder: Path,
    several: int,
) -> None:
    """One process's share of the shards; processes on the CPU divide its cores among them."""
    import torch

    if device == "cpu" and multiprocessing.parent_process() is not None:
        torch.set_num_threads(max(1, (os.cpu_count() or 1) // several))
    work = _encode(spec, genes, [])
    infer(work, device=device, folder=folder, share=share)
