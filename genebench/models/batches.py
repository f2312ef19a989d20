"""Run a network over token sequences in batches and shards: the only torch inference loop.

Equal sequences are run once, longest first. A finished shard is a file, so that a run that was cut
off goes on with the first shard that is missing.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..core import cache
from ..core.errors import BadInput, RunFailed
from ..core.stages import quiet
from . import Embedding

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
    def of(cls, work):
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
        digest = cache.key([work.pad, work.dtype, SHARD, distinct])
        return cls(order, back, shards, digest)

    def path(self, folder: Path, number: int) -> Path:
        """File of the vectors of one shard, (n, d), by its index in ``shards``."""
        return folder / self.digest / f"{number:06d}.npy"

    def store(self, folder: Path, number: int, vectors: np.ndarray):
        """Write the file of a shard, atomically."""
        path = self.path(folder, number)
        cache.store(path, [self.digest, number], lambda to: np.save(to, vectors))


def number_format(wanted, device):
    """Return the format that a network computes in: half precision only where it is fast.

    Parameters
    ----------
    wanted : {'float32', 'bfloat16'}
        As declared.
    device : str

    Returns
    -------
    torch.dtype
        ``float32`` on a processor without instructions for bfloat16, whatever is declared: its
        emulation takes several times as long as single precision.
    """
    import torch

    has_half = torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported()
    return getattr(torch, wanted if has_half or not device.startswith("cpu") else "float32")


def check_device(device):
    """Refuse a torch device that is not here.

    Parameters
    ----------
    device : str

    Raises
    ------
    BadInput
    """
    import torch

    try:
        torch.empty(0, device=device)
    except (RuntimeError, AssertionError) as err:
        raise BadInput(
            f"device '{device}': this torch cannot use it ({str(err).splitlines()[0][:80]}); use "
            "--device cpu."
        ) from err


def infer(work, *, device="cpu", folder=None, progress=quiet):
    """Turn token sequences into vectors of their entities.

    Vectors do not depend on the batch that they were in: to 1e-5 in single precision, and to a
    cosine of 0.999 in bfloat16. A batch that does not fit into memory is halved, and so are all
    that follow.

    Parameters
    ----------
    work : Sequences
    device : str
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
    if not batches.shards:
        return Embedding(work.entities, np.empty((0, 0), np.float32))
    done = {}
    for number in range(len(batches.shards)) if folder else ():
        path = batches.path(folder, number)
        if cache.state(path) == "ready":
            done[number] = np.load(path, allow_pickle=False)

    def advance(within):
        progress(sum(map(len, done.values())) + within, len(batches.order))

    todo = [number for number in range(len(batches.shards)) if number not in done]
    # a network is loaded only where a shard is missing
    made = run(work, batches, todo, device=device, progress=advance) if todo else ()
    for number, vectors in made:
        if folder:
            batches.store(folder, number, vectors)
        done[number] = vectors
    vectors = np.concatenate([done[number] for number in sorted(done)])[batches.back]
    if work.owner is None:
        return Embedding(work.entities, vectors)
    weight = np.diff(work.spans or [(0, len(t)) for t in work.tokens]).astype(np.float64)
    total = np.zeros((len(work.entities), vectors.shape[1]))
    np.add.at(total, work.owner, vectors * weight)
    total /= np.bincount(work.owner, weight[:, 0], len(total))[:, None]
    return Embedding(work.entities, total.astype(np.float32))


def run(work, batches, numbers, *, device, progress=quiet):
    """Run a network over some shards, one after the other.

    Vectors are fetched from the device at the end of a shard, so that a GPU does not wait for it.

    Parameters
    ----------
    work, batches : Sequences, Batches
    numbers : iterable of int
        Indices in ``batches.shards``.
    device : str
    progress : callable
        Called with the number of sequences done of the current shard.

    Yields
    ------
    number, vectors : int, ndarray of float32, shape (n, d)
    """
    import torch

    kind = device.split(":")[0]
    check_device(device)
    budget = work.batch_tokens or BUDGET[kind]
    half = number_format(work.dtype, device) == torch.bfloat16
    with torch.inference_mode(), torch.autocast(kind, dtype=torch.bfloat16, enabled=half):
        forward = work.forward(device)
        for number in numbers:
            rows, at, outputs = batches.shards[number], 0, []
            while at < len(rows):
                longest = max(1, len(work.tokens[rows[at]]))
                batch = rows[at : at + max(1, budget // longest)]
                if not getattr(forward, "masks", True):  # it cannot tell padding
                    batch = batch[[len(work.tokens[i]) == longest for i in batch]]
                try:
                    outputs.append(_forward(work, forward, batch, device))
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
                at += len(batch)
                progress(at)
            yield number, torch.cat(outputs).float().cpu().numpy()


def _forward(work, forward, batch, device):
    """Vectors of a batch, still on the device."""
    import torch
    from torch.nn.utils.rnn import pad_sequence

    tokens = [torch.tensor(work.tokens[i]) for i in batch]
    ids = pad_sequence(tokens, batch_first=True, padding_value=work.pad)
    column = torch.arange(ids.shape[1])
    inputs = [ids, column < torch.tensor([[len(t)] for t in tokens])]
    if work.spans:
        start, stop = torch.tensor([work.spans[i] for i in batch]).T[..., None]
        inputs.append((start <= column) & (column < stop))
    cuda = device.startswith("cuda")
    if cuda:  # pinned memory is copied while the device computes
        inputs = [tensor.pin_memory() for tensor in inputs]
    output = forward(*(tensor.to(device, torch.int64, non_blocking=cuda) for tensor in inputs))
    if work.unit:
        output = torch.nn.functional.normalize(output.float(), dim=1)
    return output
