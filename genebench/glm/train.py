"""Train a small model: sequences and a recipe → a folder of weights. Goes on where it was cut off."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from ..core import cache
from ..core.errors import BadInput
from . import codes, net
from . import tokens as tokenising
from .base import Sequence
from .recipe import Recipe

VERSION = 2
WEIGHTS, RECIPE, STATE = "weights.safetensors", "recipe.json", "state.pt"
EVERY = 30.0
"""Seconds between two checkpoints."""


def identity(sequences: list[Sequence], recipe: Recipe) -> dict:
    """What determines the weights: recipe, and a digest of the sequences and of what weighs their bases."""
    import hashlib

    held = hashlib.sha256()
    for s in sequences:
        held.update(f"{s.name} {s.species} {len(s.codes)}".encode())
        for part in (s.codes, s.repeats, s.regions):
            held.update(b"-" if part is None else np.ascontiguousarray(part).tobytes())
    return {
        "recipe": recipe.model_dump(mode="json"),
        "sequences": held.hexdigest(),
        "version": VERSION,
    }


def base_weights(sequence: Sequence, recipe: Recipe) -> np.ndarray:
    """Weight of each base in the loss, (L,) float32: 0 at N, less in repeats, by class of region."""
    out = (sequence.codes < codes.N).astype(np.float32)
    if sequence.repeats is not None:
        out[sequence.repeats] *= recipe.repeats
    if sequence.regions is not None:
        for region, weight in recipe.weights.items():
            out[sequence.regions == region] *= weight
    return out


class Sampler:
    """Windows drawn evenly from all sequences, on both strands where the network does not see both itself."""

    def __init__(self, sequences: list[Sequence], recipe: Recipe) -> None:
        long = [s for s in sequences if len(s.codes) >= recipe.window]
        if not long:
            raise BadInput(
                f"no sequence is as long as the window of {recipe.window} bases; give longer ones or a shorter window."
            )
        self.recipe, self.sequences = recipe, long
        self.weights = [base_weights(s, recipe) for s in long]
        room = np.array([len(s.codes) - recipe.window + 1 for s in long], dtype=float)
        self.ends = np.cumsum(room)

    def batch(self, step: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Codes (B, window), weights (B, window) and species (B,) of one step; the same for the same step and seed."""
        r = self.recipe
        rng = np.random.default_rng([r.seed, step])
        at = rng.integers(0, int(self.ends[-1]), r.batch)
        which = np.searchsorted(self.ends, at, side="right")
        start = (at - np.concatenate([[0], self.ends])[which]).astype(np.int64)
        rows = [self.sequences[w].codes[s : s + r.window] for w, s in zip(which, start)]
        weights = [self.weights[w][s : s + r.window] for w, s in zip(which, start)]
        flip = rng.random(r.batch) < (0 if r.equivariant and r.objective != "causal" else 0.5)
        rows = [codes.reverse_complement(x) if f else x for x, f in zip(rows, flip)]
        weights = [w[::-1] if f else w for w, f in zip(weights, flip)]
        return (
            np.stack(rows),
            np.stack(weights),
            np.array([self.sequences[w].species for w in which]),
        )


def loss(network, recipe: Recipe, tokens, weights, species, hide=None):
    """Weighted mean loss of one batch in bits a base, and the one that is reported (two-sided or causal).

    ``tokens``: (B, T) int; ``weights``: (B, T), bases' weights summed over each token; ``hide``: of a masked objective,
    which tokens are hidden, (B, T) bool.
    """
    import torch
    from torch.nn import functional as F

    given = tokens if hide is None else torch.where(hide, recipe.vocabulary + 1, tokens)
    logits, left = network(given, species if recipe.species else None)
    weights = weights if hide is None else weights * hide
    target = tokens.clamp(max=recipe.vocabulary - 1).view(-1)
    total = weights.sum().clamp(min=1e-6) * float(np.log(2))

    def mean(values):
        lost = F.cross_entropy(values.float().view(-1, values.shape[-1]), target, reduction="none")
        return (lost * weights.reshape(-1)).sum() / total

    told = mean(logits)
    return (told if left is None else told + recipe.left * mean(left)), told


def train(
    sequences: list[Sequence],
    recipe: Recipe,
    folder: Path,
    *,
    device: str = "cpu",
    say: Callable[[str], None] = lambda text: None,
    progress: Callable[[str, int, int], None] = lambda stage, done, total: None,
    stop: Callable[[], bool] = lambda: False,
    compiled: bool = False,
) -> Path:
    """Train on sequences, write ``weights.safetensors`` and ``recipe.json`` to a folder, and return it.

    Resumes from ``state.pt`` if one of the same recipe and sequences is there; is done at once if the weights are.
    ``facts`` in ``recipe.json``: losses every 50 steps (bits a base), bases seen, CPU seconds, device. ``stop`` is
    asked at every step; True leaves a checkpoint and raises KeyboardInterrupt. ``compiled``: compile the network first
    (needs a C++ compiler; half a minute, then 1.7 times as fast on a CPU with bfloat16).

    Raises: BadInput: no sequence is as long as a window.
    """
    import torch

    folder = Path(folder)
    made = identity(sequences, recipe)
    key = cache.key(made)
    if _done(folder, key):
        say(f"{folder}: already trained.")
        return folder
    sampler = Sampler(sequences, recipe)
    tokens = tokenising.learn(recipe, [s.codes for s in sequences])
    network = net.build(recipe).to(device)
    plain = [p for p in network.parameters() if p.ndim < 2]
    wide = [p for p in network.parameters() if p.ndim >= 2]
    groups = [
        {"params": wide, "weight_decay": recipe.decay},
        {"params": plain, "weight_decay": 0.0},
    ]
    optimiser = torch.optim.AdamW(groups, lr=recipe.rate, betas=(0.9, 0.98), fused=True)
    held = _resume(folder, key, network, optimiser, device)
    if held["step"]:
        say(f"{folder}: going on at step {held['step']} of {recipe.steps}.")
    if compiled:
        network.compile()
    saved, began, recent = time.monotonic(), time.process_time(), []
    for step in range(held["step"], recipe.steps):
        for group in optimiser.param_groups:
            group["lr"] = float(recipe.rate * _schedule(step, recipe))
        with torch.autocast(
            device.split(":")[0], torch.bfloat16, enabled=recipe.dtype == "bfloat16"
        ):
            total, told = loss(network, recipe, *_tensors(sampler, tokens, recipe, step, device))
        optimiser.zero_grad(set_to_none=True)
        total.backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimiser.step()
        recent.append(told.detach())
        if (step + 1) % 50 == 0:
            held["losses"].append(round(float(torch.stack(recent).mean()), 4))
            recent = []
            progress("training", step + 1, recipe.steps)
        held["step"] = step + 1
        wanted = stop()
        if wanted or (time.monotonic() - saved > EVERY and (step + 1) % 50 == 0):
            held["cpu_s"] += time.process_time() - began
            began, saved = time.process_time(), time.monotonic()
            _checkpoint(folder, key, network, optimiser, held)
            if wanted:
                raise KeyboardInterrupt
    held["cpu_s"] += time.process_time() - began
    _finish(folder, made, key, network, tokens, held, device)
    say(
        f"{folder}: trained, last loss {held['losses'][-1] if held['losses'] else float('nan'):.3f} bits a base."
    )
    return folder


def _schedule(step: int, recipe: Recipe) -> float:
    """Share of the full rate at a step: a straight rise, then half a cosine down to zero."""
    rise = max(1, int(recipe.warmup * recipe.steps))
    if step < rise:
        return (step + 1) / rise
    return 0.5 * (1 + np.cos(np.pi * (step - rise) / max(1, recipe.steps - rise)))


def _tensors(
    sampler: Sampler, tokens: tokenising.Tokens, recipe: Recipe, step: int, device: str
) -> tuple:
    import torch

    rows, weights, species = sampler.batch(step)
    ids = tokens.encode(rows)
    if tokens.kind != "nucleotide":
        held = np.zeros(ids.shape, dtype=np.float32)
        for i, row in enumerate(rows):
            starts = tokens.spans(row)[:, 0]
            held[i, : len(starts)] = np.add.reduceat(weights[i], starts)
        weights = held * (ids != tokens.unknown)
    hide = None
    if recipe.objective == "masked":
        hide = np.random.default_rng([recipe.seed, step, 1]).random(ids.shape) < recipe.masked
        hide = torch.from_numpy(hide & (ids != tokens.unknown)).to(device)
    given = (torch.from_numpy(a).to(device) for a in (ids, weights.astype(np.float32), species))
    return (*given, hide)


def _resume(folder: Path, key: str, network, optimiser, device: str) -> dict:
    import torch

    path = folder / STATE
    if path.exists():
        held = torch.load(path, weights_only=True, map_location=device)
        if held["key"] == key:
            network.load_state_dict(held["network"])
            optimiser.load_state_dict(held["optimiser"])
            return {"step": held["step"], "losses": held["losses"], "cpu_s": held["cpu_s"]}
    return {"step": 0, "losses": [], "cpu_s": 0.0}


def _checkpoint(folder: Path, key: str, network, optimiser, held: dict) -> None:
    import torch

    with cache.atomic(folder / STATE) as temporary:
        torch.save(
            {
                "key": key,
                "network": network.state_dict(),
                "optimiser": optimiser.state_dict(),
                **held,
            },
            temporary,
        )


def _finish(folder: Path, made: dict, key: str, network, tokens, held: dict, device: str) -> None:
    from safetensors.torch import save

    weights = {
        name: p.detach().to("cpu").contiguous().clone() for name, p in network.named_parameters()
    }
    with cache.atomic(folder / WEIGHTS) as temporary:
        temporary.write_bytes(save(weights))
        sha256 = cache.digest(temporary)
    r = made["recipe"]
    facts = {
        "losses_every_50_steps": held["losses"],
        "bases_seen": r["steps"] * r["batch"] * r["window"],
        "cpu_s": round(held["cpu_s"], 1),
        "device": device,
        "weights": net.size(network),
    }
    cache.write_json(
        folder / RECIPE,
        {**made, "key": key, "sha256": sha256, "facts": facts, "merges": tokens.state()},
    )
    (folder / STATE).unlink(missing_ok=True)


def _done(folder: Path, key: str) -> bool:
    """Whether the folder holds whole weights of this very recipe and these very sequences."""
    try:
        told = json.loads((folder / RECIPE).read_text(encoding="utf-8"))
        return told["key"] == key and told["sha256"] == cache.digest(folder / WEIGHTS)
    except (OSError, ValueError, KeyError):
        return False
