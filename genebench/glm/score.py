"""Zero-shot scores of variants from any nucleotide model.

The log-likelihood ratio (LLR) is log P(alternative) − log P(reference), natural; below 0 the model finds the variant
less likely. Variants that lie together share windows, the reference is run once for all of them, and equal questions
are asked once; every answer is the same as that of one window and one variant at a time.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from . import codes
from .base import Nucleotides, at

REACH = 32
"""Bases to each side over which an influence is averaged."""
AROUND = 8
"""Bases to each side of a change that a pseudo-likelihood counts."""
STRANDS = ("both", "given")


def margin(model: Nucleotides, length: int) -> int:
    """Bases that a variant has on each side of it at least, in windows of ``length`` that variants share."""
    return min(model.context, (length - 1) * 3 // 8)


def tiles(model: Nucleotides, positions: np.ndarray, length: int) -> np.ndarray:
    """Start of the window of each position (0-based), (n,); the windows lie on a grid, so that neighbours share one.

    A model whose tokens are k-mers keeps their phase: starts are multiples of its ``granularity``.
    """
    side, grain = margin(model, length), getattr(model, "granularity", 1)
    step = max(1, length - 2 * side)
    return (np.asarray(positions) // step * step - side) // grain * grain


def _unique(rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Index of the first of each group of equal rows, and each row's group."""
    held = np.ascontiguousarray(rows)
    _, first, group = np.unique(
        held.view(np.dtype((np.void, held.dtype.itemsize * held.shape[1]))).ravel(),
        return_index=True,
        return_inverse=True,
    )
    return first, group


def _turned(
    windows: np.ndarray, positions: np.ndarray, *bases: np.ndarray
) -> tuple[np.ndarray, ...]:
    other = codes.reverse_complement
    return (
        np.ascontiguousarray(other(windows)),
        windows.shape[1] - 1 - positions,
        *(other(b[:, None])[:, 0] for b in bases),
    )


def _strands(model: Nucleotides, strands: str) -> bool:
    """Whether the other strand must be asked too; a model that treats both alike would only repeat itself."""
    return strands == "both" and not getattr(model, "both_alike", False)


def llr(
    model: Nucleotides,
    windows: np.ndarray,
    positions: np.ndarray,
    ref: np.ndarray,
    alt: np.ndarray,
    *,
    strands: str = "both",
    batch: int = 256,
) -> np.ndarray:
    """LLR of single substitutions, (n,) float32.

    A masked model is asked once for the distribution at the position; of a causal model the likelihoods of the whole
    window with either base are compared. ``strands``: "both" takes the mean over the two, "given" the one given.
    Args: windows: (n, L) with the reference base at ``positions``. ref, alt: codes 0 to 3. batch: windows in a pass.
    """
    windows, positions = (
        np.ascontiguousarray(windows, dtype=np.uint8),
        np.asarray(positions, dtype=np.int64),
    )
    ref, alt = (np.asarray(b, dtype=np.uint8) for b in (ref, alt))
    one = (
        _substitutions
        if model.objective == "masked" and not getattr(model, "by_likelihood", False)
        else _whole
    )
    out = one(model, windows, positions, ref, alt, batch)
    if _strands(model, strands):
        out = (out + one(model, *_turned(windows, positions, ref, alt), batch)) / 2
    return out.astype(np.float32)


def _substitutions(model, windows, positions, ref, alt, batch: int) -> np.ndarray:
    """Of a masked model: one query for each place of each window, or one pass a window; see ``_seen``."""
    if getattr(model, "one_pass", not hasattr(model, "at")):
        first, group = _unique(windows)
        out = np.empty(len(windows))
        order = np.argsort(group, kind="stable")
        edges = np.searchsorted(group[order], np.arange(0, len(first) + batch, batch))
        for s, (a, b) in zip(range(0, len(first), batch), zip(edges, edges[1:])):
            logs, rows = model.conditionals(windows[first[s : s + batch]]), order[a:b]
            mine = logs[group[rows] - s, positions[rows]]
            out[rows] = (
                mine[np.arange(len(rows)), alt[rows]] - mine[np.arange(len(rows)), ref[rows]]
            )
        return out
    windows, positions = _seen(model, windows, positions)
    first, group = _unique(
        np.concatenate([windows, positions.astype("<i8")[:, None].view(np.uint8)], axis=1)
    )
    asked = [
        at(model, windows[first[s : s + batch]], positions[first[s : s + batch]])
        for s in range(0, len(first), batch)
    ]
    logs = np.concatenate(asked) if asked else np.zeros((0, 4))
    return logs[group, alt] - logs[group, ref]


def _seen(model, windows: np.ndarray, positions: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The parts of the windows that a model with a limited ``reach`` can see from the positions, and these in them."""
    reach = getattr(model, "reach", None)
    if reach is None or 2 * reach + 1 >= windows.shape[1]:
        return windows, positions
    start = np.clip(positions - reach, 0, windows.shape[1] - (2 * reach + 1))
    return np.take_along_axis(
        windows, start[:, None] + np.arange(2 * reach + 1), axis=1
    ), positions - start


def _whole(model, windows, positions, ref, alt, batch: int) -> np.ndarray:
    """Likelihood of the window with the alternative less that with the reference, which is run once for all.

    A model that keeps what it has read (``changes``) only reads on from the change; of one that sees a limited way
    (``reach``) only that way is read. Both give what whole windows give.
    """
    if getattr(model, "keeps", False):
        first, group = _unique(windows)
        out = np.empty(len(windows))
        for i in range(len(first)):
            rows = np.flatnonzero(group == i)
            out[rows] = model.changes(windows[first[i]], positions[rows], alt[rows])
        return out
    windows, positions = _seen(model, windows, positions)
    changed = windows.copy()
    changed[np.arange(len(windows)), positions] = alt
    return likelihood(model, changed, batch=batch) - likelihood(model, windows, batch=batch)


def likelihood(model: Nucleotides, windows: np.ndarray, *, batch: int = 256) -> np.ndarray:
    """Log-likelihood of whole windows by a causal model, or pseudo-log-likelihood by a masked one (the sum over all
    positions of what each is given the others), (n,) float64; equal windows are run once; N counts nothing."""
    first, group = _unique(windows)
    held = windows[first]
    if hasattr(model, "likelihood") and getattr(
        model, "by_likelihood", model.objective == "causal"
    ):
        ask = model.likelihood
    else:
        ask = lambda part: _summed(model.conditionals(part), part).sum(1, dtype=np.float64)  # noqa: E731
    out = [ask(held[s : s + batch]) for s in range(0, len(held), batch)]
    return (np.concatenate(out) if out else np.zeros(0))[group]


def _summed(logs: np.ndarray, windows: np.ndarray) -> np.ndarray:
    """Log-probability of the base that stands at each position, 0 at N, (n, L)."""
    got = np.take_along_axis(logs, np.minimum(windows, 3)[..., None].astype(np.int64), -1)[..., 0]
    return np.where(windows < codes.N, got, 0)


def edited(
    sequence: np.ndarray, position: int, ref: int, alt: np.ndarray, *, length: int
) -> tuple[np.ndarray, ...]:
    """Windows without and with a change, both (length,), and where it begins in them.

    ``ref`` bases from ``position`` on are replaced by ``alt``; what is gained or lost is made up at the right end.
    """
    start = position - (length - ref) // 2
    whole = codes.windows(sequence, np.array([start]), length + ref)[0]
    place = position - start
    return (
        whole[:length],
        np.concatenate([whole[:place], alt, whole[place + ref :]])[:length],
        np.int64(place),
    )


def pseudo(
    model: Nucleotides,
    sequence: np.ndarray,
    changes: list[tuple[int, int, np.ndarray]],
    *,
    length: int,
    strands: str = "both",
    around: int = AROUND,
) -> np.ndarray:
    """LLR of any changes (several substitutions, insertions, deletions), (n,) float32.

    A causal model compares the likelihoods of the two windows. A masked one compares pseudo-likelihoods: each changed
    position and ``around`` bases to each side are asked for in turn, in the window without and in that with the change.
    ``changes``: (position, number of reference bases, codes of the alternative).
    """
    pairs = [
        edited(sequence, p, n, np.asarray(b, dtype=np.uint8), length=length) for p, n, b in changes
    ]
    out = np.zeros(len(pairs))
    sides = [False, True] if _strands(model, strands) else [False]
    for turned in sides:
        for which, sign in ((0, -1), (1, 1)):
            rows = np.array([pair[which] for pair in pairs], dtype=np.uint8).reshape(
                len(pairs), length
            )
            first = np.array([pair[2] - around for pair in pairs])
            last = np.array(
                [pair[2] + around + (n, len(b))[which] for pair, (_, n, b) in zip(pairs, changes)]
            )
            if turned:
                rows, first, last = (
                    np.ascontiguousarray(codes.reverse_complement(rows)),
                    length - last,
                    length - first,
                )
            out += sign * _spans(model, rows, np.maximum(first, 0), np.minimum(last, length))
    return (out / len(sides)).astype(np.float32)


def _spans(
    model: Nucleotides, windows: np.ndarray, first: np.ndarray, last: np.ndarray
) -> np.ndarray:
    if model.objective == "causal" or getattr(model, "by_likelihood", False):
        return likelihood(model, windows)
    row = np.repeat(np.arange(len(windows)), last - first)
    place = (
        np.concatenate([np.arange(a, b) for a, b in zip(first, last)])
        if len(row)
        else np.zeros(0, np.int64)
    )
    if getattr(model, "one_pass", not hasattr(model, "at")):
        logs = model.conditionals(windows)[row, place]
    else:
        logs = at(model, windows[row], place)
    got = _summed(logs[:, None], windows[row, place][:, None])[:, 0]
    return np.bincount(row, weights=got, minlength=len(windows))


def influence(
    model: Nucleotides,
    windows: np.ndarray,
    positions: np.ndarray,
    alt: np.ndarray,
    *,
    reach: int = REACH,
) -> np.ndarray:
    """How far a substitution moves what the model expects around it, (n,) float32, 0 or more.

    Mean over the ``reach`` bases on each side of the divergence (Kullback and Leibler) of the distribution with the
    alternative from that with the reference; of a causal model only the bases to the right count.
    """
    changed = np.array(windows, dtype=np.uint8)
    changed[np.arange(len(windows)), positions] = alt
    near = np.concatenate([np.arange(-reach, 0), np.arange(1, reach + 1)])
    place = np.asarray(positions)[:, None] + near
    counted = (place >= 0) & (place < windows.shape[1])
    if model.objective == "causal":
        counted &= near > 0
    row, column = np.nonzero(counted)
    at_, first, group = place[row, column], *_unique(np.ascontiguousarray(windows))
    if getattr(model, "one_pass", not hasattr(model, "at")) or model.objective == "causal":
        p = model.conditionals(windows[first])[group[row], at_]
        q = model.conditionals(changed)[row, at_]
    else:
        p, q = at(model, np.asarray(windows)[row], at_), at(model, changed[row], at_)
    diverged = (np.exp(p.astype(np.float64)) * (p.astype(np.float64) - q)).sum(-1)
    return (
        np.bincount(row, weights=diverged, minlength=len(windows)) / np.maximum(counted.sum(1), 1)
    ).astype(np.float32)


def embedding(
    model: Nucleotides,
    windows: np.ndarray,
    positions: np.ndarray,
    alt: np.ndarray,
    *,
    layer: int = -1,
) -> np.ndarray:
    """How far a substitution moves the hidden state at its place, (n,) float32: 1 − cosine, 0 to 2."""
    changed = np.array(windows, dtype=np.uint8)
    changed[np.arange(len(windows)), positions] = alt
    first, group = _unique(np.ascontiguousarray(windows))
    a = model.hidden(windows[first], layer)[group, positions].astype(np.float64)
    b = model.hidden(changed, layer)[np.arange(len(changed)), positions].astype(np.float64)
    size = np.linalg.norm(a, axis=1) * np.linalg.norm(b, axis=1)
    return (1 - (a * b).sum(1) / np.maximum(size, 1e-12)).astype(np.float32)


def contexts(sequence: np.ndarray, positions: np.ndarray, alt: np.ndarray) -> np.ndarray:
    """Kind of mutation of each substitution: the bases before, at and after it, and the new one, (n,) int64."""
    padded = np.concatenate([[codes.N], sequence, [codes.N]]).astype(np.int64)
    p = np.asarray(positions)
    return ((padded[p] * 5 + padded[p + 1]) * 5 + padded[p + 2]) * 4 + np.asarray(
        alt, dtype=np.int64
    )


def calibrated(
    scores: np.ndarray, kinds: np.ndarray, reference: np.ndarray | None = None
) -> np.ndarray:
    """Scores less the mean score of their kind of mutation, (n,): what is left beyond the bias of mutation (CpG most).

    ``reference``: which scores the means are taken over, bool (intergenic bases, say); None: all. A kind that the
    reference lacks gets the mean of the reference.
    """
    held = (
        np.ones(len(scores), dtype=bool) if reference is None else np.asarray(reference, dtype=bool)
    )
    total = np.bincount(kinds[held], weights=scores[held], minlength=500)
    count = np.bincount(kinds[held], minlength=500)
    overall = scores[held].mean() if held.any() else 0.0
    return scores - np.where(count > 0, total / np.maximum(count, 1), overall)[kinds]


def map_of(model: Nucleotides, window: np.ndarray, first: int, last: int) -> np.ndarray:
    """Dependency map of the bases first … last − 1 of a window, (n, n) float32: entry (i, j) is the most that any
    substitution at j moves the log-odds of any base at i (da Silva et al. 2024). Natural logarithm; 0 on the diagonal.
    """
    n = last - first
    rows = np.repeat(window[None], 3 * n + 1, axis=0).astype(np.uint8)
    for j in range(n):
        for b in range(3):
            rows[1 + 3 * j + b, first + j] = (window[first + j] + b + 1) % 4
    logs = model.conditionals(rows)[:, first:last].astype(np.float64)
    p = np.clip(np.exp(logs), 1e-6, 1 - 1e-6)
    odds = np.log(p) - np.log1p(-p)
    moved = np.abs(odds[1:] - odds[0]).max(-1).reshape(n, 3, n).max(1).T
    np.fill_diagonal(moved, 0)
    return moved.astype(np.float32)


def every_substitution(
    model: Nucleotides,
    sequence: np.ndarray,
    *,
    length: int = 512,
    strands: str = "both",
    progress: Callable[[str, int, int], None] = lambda stage, done, total: None,
) -> np.ndarray:
    """LLR of every substitution of a sequence, (L, 4) float32: 0 for the base that stands there, NaN at N."""
    out = np.full((len(sequence), 4), np.nan, dtype=np.float32)
    block = 64 * length
    for s in range(0, len(sequence), block):
        known = s + np.flatnonzero(sequence[s : s + block] < codes.N)
        position, alt = np.repeat(known, 4), np.tile(np.arange(4, dtype=np.uint8), len(known))
        start = tiles(model, position, length)
        held = codes.windows(sequence, start, length)
        out[position, alt] = llr(
            model, held, position - start, sequence[position], alt, strands=strands
        )
        progress("scoring", min(s + block, len(sequence)), len(sequence))
    return out
