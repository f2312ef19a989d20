"""How fast variants are scored beside the plain loop: same model and window length, one run."""

from __future__ import annotations

import os
import statistics
import tempfile
import time
from collections.abc import Callable
from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from torch.utils.flop_counter import FlopCounterMode

from genebench.benchmark import results
from genebench.core import paths
from genebench.core.errors import BadInput
from genebench.glm import codes, hub, net, score, trained
from genebench.glm.codes import Nucleotides

LENGTH, STRETCH = 256, 512
"""Bases of a window, and of the stretch whose every substitution is scored."""
SMALL = {"width": 64, "depth": 4, "joint": 64}


def results_path() -> Path:
    """Path of the table of speeds, ``perf/glm.csv``."""
    return paths.PERF / "glm.csv"


def speeds(measured_on: str = "") -> pd.DataFrame:
    """Read the saved speeds.

    Parameters
    ----------
    measured_on : str
        A device on which they are measured first.

    Returns
    -------
    DataFrame
        As of ``measure``; ``largest_difference``: of the LLR of both ways, which is rounding, and
        ``spread``: the standard deviation of the LLR, so that it can be told from 0.

    Raises
    ------
    BadInput
        None saved.
    """
    if measured_on:
        save(measure(measured_on))
    if not results_path().exists():
        raise BadInput(f"{results_path()}: no speeds yet; run 'python -m benchmarks.glm'.")
    return pd.read_csv(results_path())


def plain(model: Nucleotides, sequence, positions, ref, alt, *, length: int = LENGTH) -> np.ndarray:
    """Score one variant after another, each in the window that ``shared`` takes, on both strands.

    A masked model is run once a strand, a causal one for the likelihoods of the two windows.

    Parameters
    ----------
    model : Nucleotides
        Any model.
    sequence : ndarray of shape (L,), uint8
        Codes.
    positions, ref, alt : array-like of shape (n,), int
        Positions from 0, and codes.
    length : int
        Bases of a window.

    Returns
    -------
    ndarray of shape (n,)
        LLR.
    """
    out = np.zeros(len(positions))
    for i, (p, r, a) in enumerate(zip(positions, ref, alt)):
        window, (place,) = score.placed(model, sequence, [p], length)
        turned = np.ascontiguousarray(codes.reverse_complement(window))
        for row, at, x, y in ((window, place, r, a), (turned, length - 1 - place, 3 - r, 3 - a)):
            if model.objective == "masked":
                logs = model.at(row, np.array([at]))[0]
                out[i] += (float(logs[y]) - float(logs[x])) / 2
                continue
            for base, sign in ((y, 0.5), (x, -0.5)):
                row[0, at] = base
                out[i] += sign * float(codes.observed(model.conditionals(row), row).sum())
    return out


def shared(
    model: Nucleotides, sequence, positions, ref, alt, *, length: int = LENGTH
) -> np.ndarray:
    """Score by ``score.llr``: shared windows, equal queries once, batches.

    Parameters
    ----------
    model, sequence, positions, ref, alt, length
        As of ``plain``.

    Returns
    -------
    ndarray of shape (n,), float32
        LLR.
    """
    return score.llr(model, *score.placed(model, sequence, positions, length), alt)


def operations(way: Callable, model: Nucleotides, sequence, variants) -> int:
    """Floating-point operations of the matrix products and attentions that some scores take."""
    with FlopCounterMode(display=False) as counter:
        way(model, sequence, *variants)
    return counter.get_total_flops()


def cases(device: str) -> dict[str, Callable[[], Nucleotides]]:
    """Networks with random weights, on which speed does not depend; no LLR is 0.

    Parameters
    ----------
    device : str
        Torch device.

    Returns
    -------
    dict of str to callable
        By name: what makes a network of this package, or a tiny BERT or GPT-2.
    """

    def small(**given) -> Callable[[], Nucleotides]:
        recipe = net.Recipe(name="speed", **SMALL, **given)

        def make() -> Nucleotides:
            model = trained.TrainedModel(recipe, device=device)
            for weights in model.network.parameters():
                if not weights.any():  # a last layer of zeros would score 0 by either way
                    torch.nn.init.normal_(weights, std=0.3)
            return model

        return make

    return {
        "blind-spot convolution": small(objective="blind-spot"),
        "masked convolution (GPN-like)": small(objective="masked"),
        "causal convolution": small(objective="causal"),
        "causal state space": small(objective="causal", mixer="state-space"),
        "causal attention": small(objective="causal", mixer="attention"),
        "BERT, masked, transformers": lambda: _checkpoint(device, "bert"),
        "GPT-2, causal, transformers": lambda: _checkpoint(device, "gpt2"),
    }


def _checkpoint(device: str, kind: str) -> Nucleotides:
    """A tiny network of a real class, written and read again as any checkpoint is."""
    import transformers as t
    from tokenizers import Regex, Tokenizer, models, pre_tokenizers

    vocabulary = {w: i for i, w in enumerate(["<pad>", "<unk>", "<mask>", *"ACGTN"])}
    letters = Tokenizer(models.WordLevel(vocabulary, unk_token="<unk>"))
    letters.pre_tokenizer = pre_tokenizers.Split(Regex("."), "isolated")
    size = {"vocab_size": len(vocabulary)}
    if kind == "bert":
        shape = {"hidden_size": 64, "num_hidden_layers": 4, "num_attention_heads": 4}
        shape |= {"intermediate_size": 128, "pad_token_id": 0}
        network = t.BertForMaskedLM(t.BertConfig(**size, **shape))
    else:
        network = t.GPT2LMHeadModel(t.GPT2Config(**size, n_embd=64, n_layer=4, n_head=4))
    special = {f"{name}_token": f"<{name}>" for name in ("pad", "unk", "mask")}
    with tempfile.TemporaryDirectory() as folder:
        t.PreTrainedTokenizerFast(tokenizer_object=letters, **special).save_pretrained(folder)
        network.save_pretrained(folder)
        return hub.load(Path(folder), device=device)


def measure(
    device: str = "cpu",
    *,
    stretch: int = STRETCH,
    loop: int = 48,
    repeats: int = 3,
    progress: Callable[[str, int, int], None] = lambda stage, done, total: None,
) -> pd.DataFrame:
    """Score every substitution of a stretch by both ways in turn; the medians.

    On a CPU once with one thread, by the processor's time so that other work on the machine does
    not count, and once with a thread a core, by the clock; on a GPU with one thread, by the clock.

    Parameters
    ----------
    device : str
        Torch device.
    stretch : int
        Bases whose every substitution is scored.
    loop : int
        Variants of the plain loop, evenly spread.
    repeats : int
        Runs of which the median is taken.
    progress : callable
        Takes a stage, the cases done and all.

    Returns
    -------
    DataFrame
        ``case, device, ours_per_s, theirs_per_s, ratio`` (variants in a second),
        ``fewer_operations`` (of matrix products, theirs over ours for a variant: the ratio that
        counting allows; batches give what is beyond it), then how they were measured.

    Raises
    ------
    BadInput
        No such device.
    """
    cpu = device.startswith("cpu")
    if not cpu and not torch.cuda.is_available():
        raise BadInput(f"no device '{device}' here; measure on cpu, or where there is a GPU.")
    clocks = {1: time.perf_counter}
    if cpu:
        clocks = {len(os.sched_getaffinity(0)): time.perf_counter} | {1: time.process_time}
    rng = np.random.default_rng(0)
    sequence = rng.integers(0, 4, stretch + 2 * LENGTH).astype(np.uint8)
    position = np.repeat(np.arange(LENGTH, LENGTH + stretch), 3)
    ref = sequence[position]
    every = (position, ref, ((ref + np.tile([1, 2, 3], stretch)) % 4).astype(np.uint8))
    few = np.linspace(0, len(position) - 1, loop).astype(int)
    some = tuple(part[few] for part in every)
    rows, fewer, jobs = [], {}, list(product(sorted(clocks.items()), cases(device).items()))
    before = torch.get_num_threads()
    try:
        for (threads, clock), (case, make) in jobs:
            torch.set_num_threads(threads)
            model = make()
            plain(model, sequence, *(part[:2] for part in some))  # nobody pays for the first call
            rates: dict[Callable, list[float]] = {shared: [], plain: []}
            scores = {}
            for way, variants in [(shared, every), (plain, some)] * repeats:
                began = clock()
                scores[way] = way(model, sequence, *variants)
                rates[way].append(len(variants[0]) / (clock() - began))
            ours, theirs = (statistics.median(rates[way]) for way in (shared, plain))
            if case not in fewer:  # however many threads
                mine = operations(shared, model, sequence, every) / len(position)
                fewer[case] = operations(plain, model, sequence, some) / len(few) / mine
            rows.append(
                {
                    "case": case,
                    "device": device,
                    "ours_per_s": ours,
                    "theirs_per_s": theirs,
                    "ratio": ours / theirs,
                    "fewer_operations": fewer[case],
                    "variants": len(position),
                    "variants_of_the_loop": len(few),
                    "window": LENGTH,
                    "largest_difference": float(np.abs(scores[shared][few] - scores[plain]).max()),
                    "spread": float(scores[shared].std()),
                    "repeats": repeats,
                    "threads": threads,
                }
            )
            progress("cases", len(rows), len(jobs))
    finally:
        torch.set_num_threads(before)
    return pd.DataFrame(rows)


def save(frame: pd.DataFrame) -> pd.DataFrame:
    """Put speeds in place of those of the same devices in the table; returns them."""
    saved = frame
    if results_path().exists():
        old = pd.read_csv(results_path())
        saved = pd.concat([old[~old.device.isin(frame.device)], frame])
    results.write_csv(
        saved.round({c: 4 for c in saved if c != "largest_difference"}), results_path()
    )
    return frame


if __name__ == "__main__":
    print(save(measure()).to_string(index=False))
