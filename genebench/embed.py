"""Entities → embedding matrix, once per model and gene universe; holds the only torch inference loop."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

import numpy as np

from . import cache, paths, sources, specs
from .encoders import Embedding, Sequences, encoder, inputs
from .errors import BadInput
from .families import STEM_VERSION
from .specs import ModelSpec

VERSION = 1


def recipe(spec: ModelSpec, genes: np.ndarray) -> dict:
    """Everything that determines a model's vectors: encoder, options, weights, input files and the gene universe."""
    used = spec.options.get("source")
    files = {n: f.sha256 for n, f in specs.source(used).files.items()} if used else {}
    moving = inputs(spec)
    return {
        "stage": ["embed", VERSION],
        "encoder": spec.encoder,
        "options": spec.options,
        "weights": [spec.weights, sources.package_version(spec.weights)] if spec.weights else None,
        "files": files,
        "stem": STEM_VERSION if spec.encoder == "stem" else None,
        "genes": hashlib.sha256("\n".join(genes).encode()).hexdigest()[:16],
        "dtype": "float32",
        **({"inputs": moving} if moving else {}),
        **({"of": [recipe(m, genes) for m in parts(spec)]} if spec.options.get("of") else {}),
    }


def parts(spec: ModelSpec) -> list[ModelSpec]:
    """The models that one is made of (its option ``of``); none for most.

    Raises: BadInput: one of them is unknown, has no vectors of its own, or is made of others too.
    """
    out = [specs.model(name) for name in spec.options.get("of", [])]
    for part in out:
        if part.options.get("of") or part.encoder == "oracle":
            raise BadInput(f"model '{spec.name}': it cannot be made of '{part.name}'; name models with own vectors.")
    return out


def path(spec: ModelSpec, genes: np.ndarray) -> Path:
    """Where the vectors are cached."""
    return paths.EMBEDDINGS / f"{spec.encoder}-{cache.key(recipe(spec, genes))}.npz"


def embed(
    spec: ModelSpec,
    genes: np.ndarray,
    *,
    device: str = "cpu",
    say: Callable[[str], None] = lambda text: None,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Embedding:
    """Vectors of one model for the genes it can embed, from the cache where they are there.

    Args: genes: the universe, sorted, (n,). device: torch device of neural encoders. say: told in a sentence when a
    cached file is broken and made again. progress: told (genes done, genes to do).
    Raises: BadInput: unknown encoder, missing weights, or vectors with NaN or inf (entity and column named).
    """
    kept = path(spec, genes)
    state = cache.state(kept)
    if state == "ready":
        with np.load(kept, allow_pickle=False) as held:
            return Embedding(held["entities"], held["vectors"])
    if state == "broken":
        say(f"{kept.name} is broken and is made again")
    made = _encode(spec, genes, [embed(m, genes, device=device, say=say, progress=progress) for m in parts(spec)])
    if isinstance(made, Sequences):
        made = infer(made, device=device, progress=progress)
    check(made, spec.name)
    cache.store(
        kept,
        recipe(spec, genes),
        lambda p: np.savez(p, entities=made.entities, vectors=made.vectors),
        shape=list(made.vectors.shape),
        device=device,
    )
    return made


def _encode(spec: ModelSpec, genes: np.ndarray, made: list[Embedding]) -> Embedding | Sequences:
    """Call a model's encoder; options that it does not take, or columns that are not there, are one sentence."""
    try:
        return encoder(spec)(spec, genes, **spec.options, **({"parts": made} if made else {}))
    except TypeError as err:
        if "argument" not in str(err):
            raise
        raise BadInput(f"model '{spec.name}': {str(err).split('()', 1)[-1].strip()}; mend its 'options'.") from err
    except KeyError as err:
        raise BadInput(f"model '{spec.name}': there is no column or key {err}; mend its 'options'.") from err


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
    token_budget: int = 4096,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Embedding:
    """Run a network over token sequences, longest first, at most ``token_budget`` padded tokens a batch.

    Order of the inputs is restored; vectors do not depend on the batch they were in (to about 1e-6). Returns float32.
    """
    import torch

    order = sorted(range(len(work.tokens)), key=lambda i: (-len(work.tokens[i]), work.tokens[i]))
    vectors: np.ndarray | None = None
    with torch.inference_mode():
        forward = work.forward(device)
        at = 0
        while at < len(order):
            longest = max(1, len(work.tokens[order[at]]))
            batch = order[at : at + max(1, token_budget // longest)]
            ids = torch.full((len(batch), longest), work.pad)
            mask = torch.zeros((len(batch), longest), dtype=torch.long)
            for row, i in enumerate(batch):
                ids[row, : len(work.tokens[i])] = torch.tensor(work.tokens[i])
                mask[row, : len(work.tokens[i])] = 1
            out = forward(ids.to(device), mask.to(device)).float().cpu().numpy()
            if vectors is None:
                vectors = np.empty((len(order), out.shape[1]), dtype=np.float32)
            vectors[batch] = out
            at += len(batch)
            progress(at, len(order))
    return Embedding(work.entities, np.empty((0, 0), np.float32) if vectors is None else vectors)
