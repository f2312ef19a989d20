"""Train a small model: sequences and a recipe → a folder of weights; resumes where it stopped."""

import hashlib
import json
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import save
from torch.nn import functional

from ..core import cache, specs
from ..core.errors import BadInput
from ..core.workers import quiet
from ..models.batches import check_device
from . import codes, net, tokens, variants
from .trained import RECIPE, VERSION, WEIGHTS

STATE = "state.pt"
EVERY = 30.0
"""Seconds between two checkpoints."""


def _identity(sequences, recipe):
    """What determines the weights."""
    digest = hashlib.sha256()
    for s in sequences:
        digest.update(f"{s.name} {s.species} {len(s.codes)}".encode())
        for part in (s.codes, s.repeats, s.regions):
            digest.update(b"-" if part is None else np.ascontiguousarray(part).tobytes())
    given = recipe.model_dump(mode="json")
    return {"recipe": given, "sequences": digest.hexdigest(), "version": VERSION}


def _weights(sequence, recipe):
    """Weight of each base in the loss."""
    out = (sequence.codes < codes.N).astype(np.float32)
    if sequence.repeats is not None:
        out[sequence.repeats] *= recipe.repeats
    if sequence.regions is not None:
        for region, weight in recipe.weights.items():
            out[sequence.regions == region] *= weight
    return out


def _batches(sequences, recipe, known, steps, device):
    """Tokens of the windows of each step, their weights, species, and which are hidden.

    Windows are drawn evenly from all sequences, on both strands unless the network sees both.
    """
    r, long = recipe, [s for s in sequences if len(s.codes) >= recipe.window]
    if not long:
        raise BadInput(
            f"no sequence is as long as the window of {r.window} bases; give longer ones or a "
            "shorter window."
        )
    bases = np.concatenate([s.codes for s in long])
    of_base = np.concatenate([_weights(s, r) for s in long])
    species = np.array([s.species for s in long])
    ends = np.cumsum([len(s.codes) - r.window + 1 for s in long])
    turns = 0 if r.equivariant and r.objective != "causal" else 0.5
    for step in steps:
        rng = np.random.default_rng([r.seed, step])
        drawn = rng.integers(0, int(ends[-1]), r.batch)
        which = np.searchsorted(ends, drawn, side="right")
        at = (drawn + which * (r.window - 1))[:, None] + np.arange(r.window)
        rows, weights, flip = bases[at], of_base[at], rng.random(r.batch) < turns
        rows[flip], weights[flip] = codes.reverse_complement(rows[flip]), weights[flip, ::-1]
        ids = known.encode(rows)
        sums = np.zeros(ids.shape, np.float32)
        for total, row, weight in zip(sums, rows, weights):
            starts = known.spans(row)[:, 0]
            total[: len(starts)] = np.add.reduceat(weight, starts)
        counted, hide = ids != known.unknown, np.zeros(ids.shape, bool)
        if r.objective == "masked":
            shares = np.random.default_rng([r.seed, step, 1]).random(ids.shape)
            counted = hide = (shares < r.masked) & counted
        arrays = ids, sums * counted, species[which], hide
        yield [torch.from_numpy(a).to(device) for a in arrays]


def _loss(network, recipe, ids, weights, species, hide):
    """Weighted mean loss of one batch."""
    logits, *left = network(torch.where(hide, recipe.vocabulary + 1, ids), species)
    target = ids.clamp(max=recipe.vocabulary - 1).view(-1)
    total = weights.sum().clamp(min=1e-6) * float(np.log(2))

    def mean(values):
        rows = values.float().flatten(0, 1)
        losses = functional.cross_entropy(rows, target, reduction="none")
        return (losses * weights.reshape(-1)).sum() / total

    reported = mean(logits)
    return reported + recipe.left * sum(map(mean, left)), reported


def train(sequences, recipe, folder, *, device="cpu", say=quiet, progress=quiet):
    """Train on sequences and write ``weights.safetensors`` and ``recipe.json`` to a folder.

    Resumes from ``state.pt`` if one of the same recipe and sequences is there; is done at once if
    the weights are. ``facts`` in ``recipe.json``: losses every 50 steps (bits a base), bases seen,
    CPU seconds, device, number of weights.

    Parameters
    ----------
    sequences : sequence of Sequence
        To train on; none as long as a window is an error.
    recipe, folder : Recipe, Path
        How, and where the weights go.
    device : str
    say, progress : callable
        Take one sentence; and a stage, the steps done and all steps.

    Returns
    -------
    Path
    """
    check_device(device)
    folder = Path(folder)
    described = _identity(sequences, recipe)
    key = cache.key(described)
    if _done(folder, key):
        say(f"{folder}: already trained.")
        return folder
    known = tokens.learn(recipe, [s.codes for s in sequences])
    network = net.build(recipe).to(device)
    groups = [  # matrices decay, vectors do not
        {"params": [p for p in network.parameters() if (p.ndim < 2) == flat], "weight_decay": decay}
        for flat, decay in ((False, recipe.decay), (True, 0.0))
    ]
    optimiser = torch.optim.AdamW(groups, lr=recipe.rate, betas=(0.9, 0.98), fused=True)
    parts = {"network": network, "optimiser": optimiser}
    state = {"step": 0, "losses": [], "cpu_s": 0.0}
    if (folder / STATE).exists():
        saved = torch.load(folder / STATE, weights_only=True, map_location=device)
        if saved.pop("key") == key:
            for name, part in parts.items():
                part.load_state_dict(saved.pop(name))
            state = saved
            say(f"{folder}: going on at step {state['step']} of {recipe.steps}.")
    wall, began, recent = time.monotonic(), time.process_time() - state["cpu_s"], []
    steps, cast = range(state["step"], recipe.steps), recipe.dtype == "bfloat16"
    for step, batch in zip(steps, _batches(sequences, recipe, known, steps, device)):
        for group in optimiser.param_groups:
            group["lr"] = float(recipe.rate * _schedule(step, recipe))
        with torch.autocast(device.split(":")[0], torch.bfloat16, enabled=cast):
            total, reported = _loss(network, recipe, *batch)
        optimiser.zero_grad()
        total.backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimiser.step()
        recent.append(reported.detach())
        if (step + 1) % 50 == 0:
            state["step"] = step + 1
            state["losses"].append(round(float(torch.stack(recent).mean()), 4))
            recent.clear()
            progress("training", step + 1, recipe.steps)
            if time.monotonic() - wall > EVERY:
                wall, state["cpu_s"] = time.monotonic(), time.process_time() - began
                weights = {name: part.state_dict() for name, part in parts.items()}
                with cache.atomic(folder / STATE) as temporary:
                    torch.save({"key": key, **weights, **state}, temporary)
    weights = {n: p.detach().cpu().contiguous() for n, p in network.named_parameters()}
    with cache.atomic(folder / WEIGHTS) as temporary:
        temporary.write_bytes(save(weights))
        sha256 = cache.digest(temporary)
    facts = {
        "losses_every_50_steps": state["losses"],
        "bases_seen": recipe.steps * recipe.batch * recipe.window,
        "cpu_s": round(time.process_time() - began, 1),
        "device": device,
        "weights": sum(w.numel() for w in weights.values()),
    }
    added = {"key": key, "sha256": sha256, "facts": facts, "merges": known.merges}
    cache.write_json(folder / RECIPE, described | added)
    (folder / STATE).unlink(missing_ok=True)
    *_, last = "no loss recorded yet", *(f"last loss {x:.3f} bits a base" for x in state["losses"])
    say(f"{folder}: trained, {last}.")
    return folder


def _schedule(step, recipe):
    """Share of the full rate at a step: a straight rise, then half a cosine down to zero."""
    rise = max(1, int(recipe.warmup * recipe.steps))
    if step < rise:
        return (step + 1) / rise
    return 0.5 * (1 + np.cos(np.pi * (step - rise) / max(1, recipe.steps - rise)))


def _done(folder, key):
    """Whether the folder has whole weights of this very recipe and these very sequences."""
    try:
        saved = json.loads((folder / RECIPE).read_bytes())
        return saved["key"] == key and saved["sha256"] == cache.digest(folder / WEIGHTS)
    except (OSError, ValueError, KeyError):
        return False


def read_recipe(path, changes=()):
    """Read a recipe and change some of its keys.

    Parameters
    ----------
    path : Path or None
        YAML or JSON; None: the default recipe.
    changes : sequence of str
        Each ``key=value``.

    Returns
    -------
    Recipe
        The changed recipe; what is no recipe or no such change is an error.
    """
    if path and not path.is_file():
        raise BadInput(f"{path}: there is no such file; give a recipe in YAML or JSON.")
    given = specs.read_yaml(path) if path else {}
    for text in changes:
        name, equals, value = text.partition("=")
        if not equals:
            raise BadInput(
                f"--set {text}: not of the form key=value; write for example --set steps=500."
            )
        if isinstance(given, dict):
            given |= {name.strip(): value.strip()}
    return net.recipe(given, where=str(path or "recipe"))


def split(paths, held_out, *, several=0):
    """Divide the sequences of FASTA files by name.

    Parameters
    ----------
    paths, held_out : sequence of Path, sequence of str
        FASTA files, and names of sequences to validate on (none: the last one).
    several : int
        Species of the recipe: each file is one of its own (1 … n); 0: all are species 0.

    Returns
    -------
    list of Sequence, list of Sequence
        To train on, and to validate on.
        A name that no file has, or nothing left to train on, is an error.
    """
    if several and several != len(paths):
        raise BadInput(f"{len(paths)} files for {several} species; give one file a species.")
    every = [
        replace(s, species=bool(several) * number)
        for number, path in enumerate(paths, 1)
        for s in variants.genome(path).values()
    ]
    names = list(dict.fromkeys(s.name for s in every))
    chosen = held_out or [every[-1].name]
    if absent := [n for n in chosen if n not in names]:
        raise BadInput(f"no sequence '{absent[0]}' to hold out; there are {', '.join(names)}.")
    parts = [s for s in every if s.name not in chosen], [s for s in every if s.name in chosen]
    if not parts[0]:
        raise BadInput(
            "nothing is left to train on; hold out fewer sequences, or give a genome of several."
        )
    return parts
