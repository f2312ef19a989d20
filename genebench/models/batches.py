"""Run a network over token sequences in batches and shards: the only torch inference loop.

Equal sequences are run once, longest first. A finished shard is a file, so that a run that was cut
off goes on with the first shard that is missing.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..core import cache
from ..core.errors import BadInput, RunFailed
from . import Embedding, Sequences

BUDGET = defaultdict(lambda: 4096, cuda=32_768)
"""Most padded tokens of a batch by kind of device: enough to fill it, few enough for caches."""
SHARD = 131_072
"""Tokens of a shard, the unit of resuming; a killed run loses the one it was at."""


@dataclass(frozen=True, eq=False)
class Batches:
    """Distinct sequences, longest first, cut into shards that no setting changes.

    Attributes
    ----------
    order : ndarray of int, shape (n_distinct,)
        Index of each distinct sequence among the sequences.
    back : ndarray of int, shape (n_sequences,)
        Position in ``order`` of each sequence.
    shards : list of ndarray of int
        Slices of ``order``.
    digest : str
        Identifies all of this.
    """

    order: np.ndarray
    back: np.ndarray
    shards: list[np.ndarray]
    digest: str

    @classmethod
    def of(cls, work: Sequences) -> Batches:
        """Order and cut some sequences.

        Parameters
        ----------
        work : Sequences

        Returns
        -------
        Batches
        """
        spans = work.spans or [None] * len(work.tokens)
        keys = list(zip(map(tuple, work.tokens), spans, strict=True))
        distinct = sorted(set(keys), key=lambda key: (-len(key[0]), key))
        position = {key: i for i, key in enumerate(distinct)}
        back = np.array([position[key] for key in keys], dtype=np.int64)
        _, order = np.unique(back, return_index=True)
        ends = np.cumsum([len(tokens) for tokens, _ in distinct], dtype=np.int64)
        shards = np.split(order, np.flatnonzero(np.diff(ends // SHARD)) + 1) if keys else []
        digest = hashlib.sha256(f"{work.pad} {work.dtype} {SHARD}".encode())
        for tokens, span in distinct:
            row = [len(tokens), *tokens, *(span or (-1, -1))]
            digest.update(np.array(row, dtype=np.int64).tobytes())
        return cls(order, back, shards, digest.hexdigest()[:16])

    def path(self, folder: Path, number: int) -> Path:
        """File of one shard's vectors.

        Parameters
        ----------
        folder : Path
        number : int
            Index in ``shards``.

        Returns
        -------
        Path
        """
        return folder / self.digest / f"{number:06d}.npy"

    def read(self, folder: Path, number: int) -> np.ndarray | None:
        """Read a finished shard.

        Parameters
        ----------
        folder : Path
        number : int
            Index in ``shards``.

        Returns
        -------
        ndarray of float32, shape (n, d), or None
            None where there is no such file, or it is broken.
        """
        try:
            vectors = np.load(self.path(folder, number), allow_pickle=False)
        except (OSError, ValueError, EOFError):
            return None
        complete = vectors.ndim == 2 and len(vectors) == len(self.shards[number])
        return vectors if complete else None

    def write(self, folder: Path, number: int, vectors: np.ndarray) -> None:
        """Store a finished shard atomically.

        Parameters
        ----------
        folder : Path
        number : int
            Index in ``shards``.
        vectors : ndarray of float32, shape (n, d)
        """
        with cache.atomic(self.path(folder, number)) as temporary:
            np.save(temporary, vectors)


def infer(
    work: Sequences,
    *,
    device: str = "cpu",
    token_budget: int | None = None,
    folder: Path | None = None,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Embedding:
    """Turn token sequences into vectors of their entities.

    Vectors do not depend on the batch that they were in: to 1e-5 in single precision, and to a
    cosine of 0.999 in bfloat16. A batch that does not fit into memory is halved, and so are all
    that follow.

    Parameters
    ----------
    work : Sequences
    device : str
        Torch device.
    token_budget : int, optional
        Most padded tokens of a batch; None: ``BUDGET`` of the kind of device.
    folder : Path, optional
        Where finished shards are stored and taken up from; None: in memory only.
    progress : callable
        Called with (sequences done, sequences in all).

    Returns
    -------
    Embedding

    Raises
    ------
    BadInput
        There is no such device.
    RunFailed
        A single sequence does not fit into memory.
    """
    batches = Batches.of(work)
    numbers = range(len(batches.shards))
    finished = {i: batches.read(folder, i) for i in numbers} if folder else {}
    finished = {i: vectors for i, vectors in finished.items() if vectors is not None}

    def save(number, vectors):
        finished[number] = vectors
        if folder:
            batches.write(folder, number, vectors)

    def advance(within):
        progress(sum(map(len, finished.values())) + within, len(batches.order))

    todo = [i for i in numbers if i not in finished]
    if todo:
        run(work, batches, todo, save, device=device, token_budget=token_budget, progress=advance)
    return _entity_vectors(work, [finished[i] for i in numbers], batches.back)


def run(
    work: Sequences,
    batches: Batches,
    numbers: Iterable[int],
    save: Callable[[int, np.ndarray], None],
    *,
    device: str = "cpu",
    token_budget: int | None = None,
    progress: Callable[[int], None] = lambda done: None,
) -> None:
    """Run a network over some shards, one after the other.

    The vectors of a batch are fetched when the next one is under way, so that a GPU does not wait
    for the copy.

    Parameters
    ----------
    work : Sequences
    batches : Batches
        Of ``work``.
    numbers : iterable of int
        Indices in ``batches.shards``.
    save : callable
        Called with (number, vectors) of each shard.
    device, token_budget
        As in ``infer``.
    progress : callable
        Called with the number of sequences done of the current shard.

    Raises
    ------
    BadInput
        There is no such device.
    RunFailed
        A single sequence does not fit into memory.
    """
    import torch

    kind = device.split(":")[0]
    if kind == "cuda" and not torch.cuda.is_available():
        raise BadInput(f"device '{device}': this torch sees no CUDA device; use --device cpu.")
    budget = token_budget or BUDGET[kind]
    half = torch.autocast(kind, dtype=torch.bfloat16, enabled=work.dtype == "bfloat16")
    with torch.inference_mode(), half:
        forward = work.forward(device)
        same_length = not getattr(forward, "masks", True)
        for number in numbers:
            rows, at, vectors, pending = batches.shards[number], 0, [], None
            while at < len(rows):
                longest = max(1, len(work.tokens[rows[at]]))
                batch = rows[at : at + max(1, budget // longest)]
                if same_length:  # padding cannot be masked
                    batch = batch[[len(work.tokens[i]) == longest for i in batch]]
                try:
                    output = _forward(work, forward, batch, device)
                except (RuntimeError, MemoryError) as err:
                    kinds = (torch.OutOfMemoryError, MemoryError)
                    if not isinstance(err, kinds) and "can't allocate memory" not in str(err):
                        raise
                    if len(batch) == 1:
                        raise RunFailed(
                            f"a sequence of {longest} tokens does not fit into the memory of "
                            f"'{device}'; use a larger device, or a smaller 'context' for this "
                            f"model."
                        ) from err
                    budget = len(batch) // 2 * longest
                    if kind == "cuda":
                        torch.cuda.empty_cache()
                    continue
                if pending is not None:
                    vectors.append(pending.float().cpu().numpy())
                    progress(at)
                pending = output
                at += len(batch)
            vectors.append(pending.float().cpu().numpy())
            progress(at)
            save(number, np.concatenate(vectors))


def _forward(work, forward, batch, device):
    """Vectors of a batch, still on the device."""
    import torch

    lengths = np.array([[len(work.tokens[i])] for i in batch])
    column = np.arange(max(1, lengths.max()))
    masks = [column < lengths]
    ids = np.full(masks[0].shape, work.pad)
    ids[masks[0]] = np.concatenate([work.tokens[i] for i in batch])
    if work.spans:
        start, stop = np.array([work.spans[i] for i in batch]).T[..., None]
        masks.append((start <= column) & (column < stop))
    inputs = [torch.from_numpy(array.astype(np.int64)) for array in (ids, *masks)]
    cuda = device.startswith("cuda")
    if cuda:  # pinned memory is copied while the device computes
        inputs = [tensor.pin_memory() for tensor in inputs]
    output = forward(*(tensor.to(device, non_blocking=cuda) for tensor in inputs))
    if work.unit and work.owner is None:
        output = torch.nn.functional.normalize(output.float(), dim=1)
    return output


def _entity_vectors(work, shards, back):
    if not shards:
        return Embedding(work.entities, np.empty((0, 0), np.float32))
    vectors = np.concatenate(shards)[back]
    if work.owner is None:
        return Embedding(work.entities, vectors)
    spans = work.spans or [(0, len(tokens)) for tokens in work.tokens]
    weight = np.diff(spans).astype(np.float64)
    total = np.zeros((len(work.entities), vectors.shape[1]))
    np.add.at(total, work.owner, vectors * weight)
    total /= np.bincount(work.owner, weight[:, 0], len(total))[:, None]
    if work.unit:
        total /= np.linalg.norm(total, axis=1, keepdims=True).clip(1e-12)
    return Embedding(work.entities, total.astype(np.float32))
