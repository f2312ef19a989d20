"""How fast variants are scored, beside the plain loop that one would write: same model and window
length, one run."""

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

from genebench.benchmark import results
from genebench.core import paths
from genebench.core.errors import BadInput
from genebench.glm import codes, net, own, score
from genebench.glm import recipe as recipes
from genebench.glm import tokens as tokenising
from genebench.glm.base import Nucleotides

COLUMNS = ["case", "device", "ours_per_s", "theirs_per_s", "ratio"]
MORE = ["variants", "variants_of_the_loop", "window", "largest_difference", "repeats", "threads"]
"""What is measured, then how. ``largest_difference``: of the two ways' LLR on the loop's variants;
it is rounding, which the tests check."""
LENGTH, STRETCH = 256, 512
"""Bases of a window, and of the stretch whose every substitution is scored."""
SMALL = {"width": 64, "depth": 4, "joint": 64}


def results_path() -> Path:
    """Where the measured speeds are kept."""
    return paths.PERF / "glm.csv"


def speeds(measured_on: str = "") -> pd.DataFrame:
    """The kept speeds; with a device they are measured first. Raises: BadInput: none kept."""
    if measured_on:
        measure(measured_on)
    if not results_path().exists():
        raise BadInput(f"{results_path()}: no speeds yet; run 'python -m benchmarks.glm'.")
    return pd.read_csv(results_path())


def plain(
    model: Nucleotides, sequence: np.ndarray, positions, ref, alt, *, length: int = LENGTH
) -> np.ndarray:
    """The loop to be compared with: one variant after another, each in the window that ``ours``
    takes, both strands; a masked model is asked once a strand, a causal one for the likelihoods of
    the two windows."""
    out = np.empty(len(positions))
    starts = score.tiles(model, positions, length)
    for i, (p, r, a, start) in enumerate(zip(positions, ref, alt, starts)):
        window = codes.windows(sequence, np.array([start]), length)
        total = 0.0
        for turned in (False, True):
            held, at, x, y = window, p - start, r, a
            if turned:
                held, at, x, y = (
                    np.ascontiguousarray(codes.reverse_complement(window)),
                    length - 1 - at,
                    3 - x,
                    3 - y,
                )
            if model.objective == "masked":
                logs = model.at(held, np.array([at]))[0]
                total += float(logs[y] - logs[x])
            else:
                changed = held.copy()
                changed[0, at] = y
                for row, sign in ((changed, 1), (held, -1)):
                    logs = model.conditionals(row)[0]
                    total += sign * float(logs[np.arange(length), row[0]].sum())
        out[i] = total / 2
    return out


def ours(
    model: Nucleotides, sequence: np.ndarray, positions, ref, alt, *, length: int = LENGTH
) -> np.ndarray:
    """The same by ``score.llr``: shared windows, equal questions asked once, batches."""
    start = score.tiles(model, positions, length)
    return score.llr(model, codes.windows(sequence, start, length), positions - start, ref, alt)


def cases(device: str) -> dict[str, Callable[[], Nucleotides]]:
    """Networks with fresh weights, since speed does not ask what they have learnt: ours, and tiny
    BERT and GPT-2."""
    return {
        "blind-spot convolution": lambda: _own(device, objective="blind-spot"),
        "masked convolution (GPN-like)": lambda: _own(device, objective="masked"),
        "causal convolution": lambda: _own(device, objective="causal"),
        "causal state space": lambda: _own(device, objective="causal", mixer="state-space"),
        "causal attention": lambda: _own(device, objective="causal", mixer="attention"),
        "BERT, masked, transformers": lambda: _hub(device, "bert"),
        "GPT-2, causal, transformers": lambda: _hub(device, "gpt2"),
    }


def _own(device: str, **given) -> own.Own:
    made = recipes.Recipe(name="speed", **SMALL, **given)
    return own.Own(made, net.build(made), tokenising.Tokens(made), device=device)


def _hub(device: str, kind: str) -> Nucleotides:
    """A tiny network of a real class, written and read again as any checkpoint is."""
    import transformers
    from tokenizers import Regex, Tokenizer, models, pre_tokenizers

    from genebench.glm import hub

    vocabulary = {w: i for i, w in enumerate(["<pad>", "<unk>", "<mask>", *"ACGTN"])}
    made = Tokenizer(models.WordLevel(vocabulary, unk_token="<unk>"))
    made.pre_tokenizer = pre_tokenizers.Split(Regex("."), "isolated")
    size = {"vocab_size": len(vocabulary), "pad_token_id": 0}
    if kind == "bert":
        network = transformers.BertForMaskedLM(
            transformers.BertConfig(
                **size,
                hidden_size=64,
                num_hidden_layers=4,
                num_attention_heads=4,
                intermediate_size=128,
            )
        )
    else:
        network = transformers.GPT2LMHeadModel(
            transformers.GPT2Config(vocab_size=len(vocabulary), n_embd=64, n_layer=4, n_head=4)
        )
    with tempfile.TemporaryDirectory() as folder:
        tokenizer = transformers.PreTrainedTokenizerFast(
            tokenizer_object=made, pad_token="<pad>", unk_token="<unk>", mask_token="<mask>"
        )
        tokenizer.save_pretrained(folder)
        network.save_pretrained(folder)
        return hub.load(Path(folder), device=device)


def measure(
    device: str = "cpu",
    *,
    stretch: int = STRETCH,
    loop: int = 48,
    repeats: int = 3,
    progress=lambda stage, done, total: None,
) -> pd.DataFrame:
    """Score every substitution of a stretch by both ways in turn, and keep the medians of the
    variants in a second.

    The plain loop takes ``loop`` of the variants, evenly spread. On a CPU once with one thread, by
    the processor's time so that other work on the machine does not count, and once with a thread a
    core, by the clock; on a GPU with one thread, by the clock.
    """
    import torch

    if not device.startswith("cpu") and not torch.cuda.is_available():
        raise BadInput(f"no device '{device}' here; measure on cpu, or where there is a GPU.")
    before = torch.get_num_threads()
    ways = {1: time.perf_counter}
    if device.startswith("cpu"):
        ways = {len(os.sched_getaffinity(0)): time.perf_counter} | {1: time.process_time}
    rng = np.random.default_rng(0)
    sequence = rng.integers(0, 4, stretch + 2 * LENGTH).astype(np.uint8)
    position = np.repeat(np.arange(LENGTH, LENGTH + stretch), 3)
    ref = sequence[position]
    alt = ((ref + np.tile([1, 2, 3], stretch)) % 4).astype(np.uint8)
    few = np.linspace(0, len(position) - 1, loop).astype(int)
    rows, jobs = [], list(product(sorted(ways.items()), cases(device).items()))
    try:
        for (threads, clock), (case, make) in jobs:
            torch.set_num_threads(threads)
            model = make()
            plain(
                model, sequence, position[few[:2]], ref[few[:2]], alt[few[:2]]
            )  # nobody pays for the first call
            fast, slow = [], []
            for _ in range(repeats):
                began = clock()
                found = ours(model, sequence, position, ref, alt)
                fast.append(len(position) / (clock() - began))
                began = clock()
                hand = plain(model, sequence, position[few], ref[few], alt[few])
                slow.append(len(few) / (clock() - began))
            a, b = statistics.median(fast), statistics.median(slow)
            apart = float(np.abs(found[few] - hand).max())
            rows.append(
                (
                    case,
                    device,
                    a,
                    b,
                    a / b,
                    len(position),
                    len(few),
                    LENGTH,
                    apart,
                    repeats,
                    threads,
                )
            )
            progress("cases", len(rows), len(jobs))
    finally:
        torch.set_num_threads(before)
    frame = pd.DataFrame(rows, columns=COLUMNS + MORE)
    kept = pd.read_csv(results_path()) if results_path().exists() else frame.iloc[:0]
    kept = pd.concat([kept[kept.device != device], frame]) if len(kept) else frame
    results.write_csv(kept.round(4), results_path())
    return frame
