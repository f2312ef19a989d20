"""Train and test sets along the spectral parameter λ: as the published package makes them, corrected, or weighted."""

from __future__ import annotations

import os
import random
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import lru_cache
from math import ceil

import numpy as np

from ..errors import BadInput, unknown
from .graph import Graph

VERSION = 1

MODES = ("corrected", "reference", "weighted")
"""``corrected``: every sample takes part. ``reference``: the published package, sample for sample. ``weighted``: the
paper's procedure for barcodes that many samples share."""

PARALLEL = 5_000_000
"""Edges walked, all splits together, from which several threads are worth starting."""


class Unsplittable(BadInput):
    """A graph that gives no split at this parameter; other parameters may."""


@dataclass(frozen=True, eq=False)
class Split:
    """Numbers of the samples trained on, tested on and left out, each ascending int32; together all samples."""

    train: np.ndarray
    test: np.ndarray
    dropped: np.ndarray

    @classmethod
    def of(cls, n: int, train: np.ndarray, test: np.ndarray) -> Split:
        """A split of ``n`` samples; whoever is on no side is dropped."""
        side = np.zeros(n, dtype=np.int8)
        side[train], side[test] = 1, 2
        return cls(*(np.flatnonzero(side == s).astype(np.int32) for s in (1, 2, 0)))


def split(
    graph: Graph,
    parameter: float,
    *,
    seed: int,
    mode: str = "corrected",
    test_size: float = 0.2,
    counts: Sequence[int] | None = None,
    scores: Sequence[float] | None = None,
) -> Split:
    """One split of a graph's samples at the spectral parameter λ in [0, 1].

    corrected: samples are visited in random order; each is kept unless it was dropped, and drops each neighbour not yet
    kept with chance λ. A share ``test_size`` of the kept is drawn for test. Samples without a neighbour are kept, λ = 0
    keeps all, at λ = 1 no edge joins train and test. The random numbers belong to samples and edges, so that one seed
    at two λ differs by λ alone, on every machine alike.

    reference: the sets of ``spectrae`` 1.0.3, sample for sample: samples without a neighbour are dropped, components
    that are cliques go to train whole, a sample linked with all others of its component is dropped.

    weighted: nodes stand for ``counts`` samples each (barcodes); the highest of ``scores`` is always kept next (see
    ``node_scores``, which is the default), neighbours are dropped with chance λ², and ``balance`` deals the kept nodes
    to train and test. As in ``corrected``, nodes without a neighbour are kept (the paper's scripts drop them).

    In a graph with weights a neighbour is dropped only if, besides, its weight ranks above 100 (1 − λ) per cent of all
    pairs of samples; at λ = 1 every neighbour is dropped.

    Args: seed: 0 … 2³² − 1. test_size: in (0, 1). counts, scores: (n,), only in mode ``weighted``.
    Raises: BadInput: an argument out of range. Unsplittable: too few samples are left, or, in mode ``reference``, the
    package refuses the graph.
    """
    _check(graph, parameter, seed, mode, test_size, counts)
    threshold = _thresholds(graph, [parameter])[parameter]
    return _PREPARED[mode](graph, counts, scores)(float(parameter), int(seed), test_size, threshold)


def splits(
    graph: Graph,
    parameters: Iterable[float],
    seeds: Iterable[int],
    *,
    mode: str = "corrected",
    test_size: float = 0.2,
    counts: Sequence[int] | None = None,
    scores: Sequence[float] | None = None,
    jobs: int | None = None,
) -> dict[tuple[float, int], Split | None]:
    """Every split of ``parameters`` × ``seeds``, in that order; None where ``split`` says that there is none.

    The same splits as by ``split``, one by one; what all of them need is prepared once, and large graphs are walked by
    ``jobs`` threads (None: one a core).
    Raises: BadInput: as ``split``; also when the graph as a whole is refused.
    """
    parameters, seeds = [float(p) for p in parameters], [int(s) for s in seeds]
    for parameter in parameters:
        _check(graph, parameter, 0, mode, test_size, counts)
    for seed in seeds:
        _check(graph, 0.0, seed, mode, test_size, counts)
    thresholds = _thresholds(graph, parameters)
    make = _PREPARED[mode](graph, counts, scores)
    pairs = [(parameter, seed) for parameter in parameters for seed in seeds]

    def one(pair: tuple[float, int]) -> Split | None:
        try:
            return make(*pair, test_size, thresholds[pair[0]])
        except Unsplittable:
            return None

    if len(graph.indices) * len(pairs) < PARALLEL or jobs == 1:
        return {pair: one(pair) for pair in pairs}
    with ThreadPoolExecutor(jobs or os.cpu_count() or 1) as pool:
        return dict(zip(pairs, pool.map(one, pairs)))


def size_matched(split: Split, *, seed: int) -> Split:
    """A control for the size of a split: as many samples in train and in test, drawn from all at random.

    What a model loses on the spectral split but not on this one is due to overlap, and not to fewer samples.
    """
    n = len(split.train) + len(split.test) + len(split.dropped)
    order = np.argsort(_keys(seed, "size", n), kind="stable")
    n_test, n_kept = len(split.test), len(split.test) + len(split.train)
    return Split.of(n, order[n_test:n_kept], order[:n_test])


def node_scores(
    graph: Graph, counts: Sequence[int], frequency: Sequence[float] | None = None, terms=(1.0, 1.0, 1.0)
) -> np.ndarray:
    """The paper's score of a barcode: many samples, rare mutations and few neighbours first. (n,) float64 in [0, 1].

    A third of: samples over the most samples of any barcode; 1 − mean frequency of its mutations over the highest; 1 −
    degree over the highest; each times its of three ``terms``. Without ``frequency`` the second is left at 0.
    """
    counts = np.asarray(counts, dtype=float)

    def share(x: np.ndarray) -> np.ndarray:
        return x / x.max() if len(x) and x.max() > 0 else np.zeros(len(x))

    many, few = share(counts), 1 - share(graph.degree.astype(float))
    rare = np.zeros(graph.n) if frequency is None else 1 - share(np.asarray(frequency, dtype=float))
    return (terms[0] * many + terms[1] * rare + terms[2] * few) / 3


def balance(counts: Sequence[int], *, seed: int, test_size: float = 0.2, restarts: int = 500) -> np.ndarray:
    """Deal barcodes to train and test so that both barcodes and samples are parted near 1 − test_size : test_size.

    The paper's procedure: in each restart, in random order, a barcode is drawn for train with chance 1 − test_size and
    placed if its side's samples stay below their target; those that are not are placed at random at the end. The deal
    with the least sum of the four deviations (barcodes and samples, train and test) is taken.

    Args: counts: samples of each barcode, (n,). Returns: which are tested on, (n,) bool.
    """
    from . import kernels

    counts = np.ascontiguousarray(counts, dtype=np.float64)
    return kernels.balance(counts, np.uint64(seed), restarts, 1.0 - test_size)


def _check(graph: Graph, parameter: float, seed: int, mode: str, test_size: float, counts) -> None:
    if mode not in MODES:
        raise unknown("mode", mode, MODES)
    if not 0 <= parameter <= 1:
        raise BadInput(f"the spectral parameter is {parameter}; it must be from 0 to 1.")
    if not 0 <= seed < 2**32:
        raise BadInput(f"the seed is {seed}; it must be from 0 to {2**32 - 1}.")
    if not 0 < test_size < 1:
        raise BadInput(f"the share of test samples is {test_size}; it must lie between 0 and 1.")
    if mode == "weighted" and (counts is None or len(counts) != graph.n):
        raise BadInput(f"weighted splits need 'counts', one number for each of the {graph.n} nodes of the graph.")


def _thresholds(graph: Graph, parameters: Sequence[float]) -> dict[float, float]:
    """The least weight that ranks above 100 (1 − λ) per cent of all pairs, for each λ; infinite where none does.

    Ranks as by ``scipy.stats.percentileofscore``; pairs that are not in the graph count with weight 0.
    """
    if graph.binary:
        return dict.fromkeys(parameters, 0.0)
    weights = np.sort(graph.edges()[2])
    pairs = graph.n * (graph.n - 1) // 2
    zeros = pairs - len(weights)

    def rank(i: int) -> float:
        lower, upper = (int(np.searchsorted(weights, weights[i], side)) for side in ("left", "right"))
        below, up_to = (zeros if weights[i] > 0 else 0), (zeros if weights[i] >= 0 else 0)
        return (lower + below + upper + up_to + 1) * (50.0 / pairs)

    def least(parameter: float) -> float:
        low, high = 0, len(weights)
        while low < high:
            middle = (low + high) // 2
            if (1 - parameter) * 100 < rank(middle):
                high = middle
            else:
                low = middle + 1
        return float(weights[low]) if low < len(weights) else np.inf

    return {parameter: least(parameter) for parameter in parameters}


USES = {"order": 1, "test": 2, "size": 4}  # 3 is an edge's


def _keys(seed: int, use: str, n: int) -> np.ndarray:
    from . import kernels

    return kernels.keys(np.uint64(seed), USES[use], n)


_NO_WEIGHTS = np.empty(0, dtype=np.float32)


def _weights(graph: Graph) -> np.ndarray:
    return _NO_WEIGHTS if graph.binary else graph.weights


def _corrected(graph: Graph, counts=None, scores=None):
    from . import kernels

    @lru_cache(maxsize=64)
    def drawn(seed: int) -> tuple[np.ndarray, np.ndarray]:
        return np.argsort(_keys(seed, "order", graph.n), kind="stable"), _keys(seed, "test", graph.n)

    def make(parameter: float, seed: int, test_size: float, threshold: float) -> Split:
        order, lot = drawn(seed)
        is_kept = kernels.walk(
            graph.indptr, graph.indices, _weights(graph), threshold, parameter, np.uint64(seed), order
        )
        kept = np.flatnonzero(is_kept)
        n_test = ceil(test_size * len(kept))
        if not 0 < n_test < len(kept):
            raise _too_few(parameter, len(kept))
        kept = kept[np.argsort(lot[kept], kind="stable")]
        return Split.of(graph.n, kept[n_test:], kept[:n_test])

    return make


def _weighted(graph: Graph, counts, scores=None):
    from . import kernels

    counts = np.asarray(counts)
    scores = node_scores(graph, counts) if scores is None else np.asarray(scores, dtype=float)
    order = np.argsort(-scores, kind="stable")

    def make(parameter: float, seed: int, test_size: float, threshold: float) -> Split:
        is_kept = kernels.walk(
            graph.indptr, graph.indices, _weights(graph), threshold, parameter**2, np.uint64(seed), order
        )
        kept = np.flatnonzero(is_kept)
        tested = balance(counts[kept], seed=seed, test_size=test_size)
        if tested.all() or not tested.any():
            raise _too_few(parameter, len(kept))
        return Split.of(graph.n, kept[~tested], kept[tested])

    return make


def _too_few(parameter: float, kept: int) -> Unsplittable:
    return Unsplittable(
        f"at the spectral parameter {parameter:g} only {kept} samples are left, too few for train and test; take a "
        f"smaller parameter, or a property that links fewer samples."
    )


def _reference(graph: Graph, counts=None, scores=None):
    from . import kernels

    order, units = _package_nodes(graph)
    indptr, indices, weights = kernels.renumber(graph.indptr, graph.indices, _weights(graph), order)

    @lru_cache(maxsize=64)
    def state(seed: int) -> np.ndarray:
        return np.array(random.Random(seed).getstate()[1][:624], dtype=np.uint32)

    def make(parameter: float, seed: int, test_size: float, threshold: float) -> Split:
        kept = np.empty(len(order), dtype=np.int32)
        n_kept = kernels.walk_like_package(indptr, indices, weights, threshold, parameter, state(seed), kept)
        n_test = ceil(test_size * n_kept)
        if len(units) + n_kept <= 5 or n_test >= n_kept:
            raise _too_few(parameter, n_kept + sum(map(len, units)))
        kept = order[kept[:n_kept]]
        dealt = np.random.RandomState(seed).permutation(n_kept)  # scikit-learn's train_test_split
        train = np.concatenate([kept[dealt[n_test:]], *units])
        return Split.of(graph.n, train, kept[dealt[:n_test]])

    return make


def _package_nodes(graph: Graph) -> tuple[np.ndarray, list[np.ndarray]]:
    """The samples that the package walks over, in its order, and the cliques that it sends to train whole.

    Raises: Unsplittable: the package refuses the graph, or ends with an error on it.
    """
    from . import kernels

    order = kernels.package_order(graph.indptr, graph.indices)
    if not graph.binary:
        return order, []
    of, clique, hub, sizes = kernels.components(graph.indptr, graph.indices, order)
    density = 2 * graph.m / (len(order) * (len(order) - 1)) if len(order) > 1 else 0.0
    if clique.all():
        raise _refused("every group of linked samples is linked throughout, or none are linked")
    if density >= 0.4:
        raise _refused(f"{density:.0%} of the pairs of linked samples are linked, and 40 % is its limit")
    left = len(order)
    for component in range(len(clique)):
        if clique[component]:
            if 2 * sizes[component] >= left:
                raise _refused("a group linked throughout holds half of the samples or more, which stops it")
            left -= int(sizes[component])
        else:
            left -= int(hub[of == component].sum())
    units = [np.flatnonzero(of == component) for component in np.flatnonzero(clique)]
    return order[~clique[of[order]] & ~hub[order]], units


def _refused(why: str) -> Unsplittable:
    return Unsplittable(f"the published package makes no split of this graph ({why}); take mode 'corrected'.")


_PREPARED = {"corrected": _corrected, "reference": _reference, "weighted": _weighted}
