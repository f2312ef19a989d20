"""Train and test sets along the spectral parameter λ: as the published package makes them, corrected, or weighted."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from ..core.errors import BadInput, unknown
from .graph import Graph

VERSION = 1

MODES = ("corrected", "reference", "weighted")
"""``corrected``: every sample takes part. ``reference``: the published package, sample for sample. ``weighted``: the
paper's procedure for barcodes that many samples share."""

PARALLEL = 5_000_000
"""Edges walked, all splits together, from which several threads are worth starting."""


Sizes = tuple[int, int, int]
"""Samples of train and of test (both 0: no split), and how many were kept."""

Maker = Callable[[float, int, float, float, np.ndarray], Sizes]
"""(λ, seed, test size, threshold of weights, where train, test and dropped samples are written) → sizes."""


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
    ``node_scores``, which is the default; the seed parts equal ones), neighbours are dropped with chance λ², and
    ``balance`` deals the kept nodes to train and test. As in ``corrected``, what has no neighbour left is kept; the
    paper's scripts drop it, but for the wild type.

    In a graph with weights a neighbour is dropped only if, besides, its weight ranks above 100 (1 − λ) per cent of all
    pairs of samples; at λ = 1 every neighbour is dropped.

    Args: seed: 0 … 2³² − 1. test_size: in (0, 1). counts, scores: (n,), only in mode ``weighted``.
    Raises: BadInput: an argument out of range. Unsplittable: too few samples are left, or, in mode ``reference``, the
    package refuses the graph.
    """
    found = splits(
        graph,
        [parameter],
        [seed],
        mode=mode,
        test_size=test_size,
        counts=counts,
        scores=scores,
        jobs=1,
    )
    (made,) = found.values()
    if made is None:
        raise Unsplittable(
            f"at the spectral parameter {parameter:g} too few samples are left for train and test; take a smaller "
            f"parameter, or a property that links fewer samples."
        )
    return made


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

    out = np.empty((len(pairs), graph.n), dtype=np.int32)

    def one(i: int) -> Split | None:
        parameter, seed = pairs[i]
        n_train, n_test, _ = make(parameter, seed, test_size, thresholds[parameter], out[i])
        if not n_test:
            return None
        return Split(
            out[i, :n_train], out[i, n_train : n_train + n_test], out[i, n_train + n_test :]
        )

    if len(graph.indices) * len(pairs) < PARALLEL or jobs == 1:
        return dict(zip(pairs, map(one, range(len(pairs)))))
    with ThreadPoolExecutor(jobs or os.cpu_count() or 1) as pool:
        return dict(zip(pairs, pool.map(one, range(len(pairs)))))


def size_matched(split: Split, *, seed: int) -> Split:
    """A control for the size of a split: as many samples in train and in test, drawn from all at random.

    What a model loses on the spectral split but not on this one is due to overlap, and not to fewer samples.
    """
    n = len(split.train) + len(split.test) + len(split.dropped)
    order = np.argsort(_keys(seed, "size", n), kind="stable")
    n_test, n_kept = len(split.test), len(split.test) + len(split.train)
    return Split.of(n, order[n_test:n_kept], order[:n_test])


def node_scores(
    graph: Graph,
    counts: Sequence[int],
    frequency: Sequence[float] | None = None,
    terms=(1.0, 0.0, 0.0),
) -> np.ndarray:
    """The paper's score of a barcode: many samples, rare mutations and few neighbours first. (n,) float64 in [0, 1].

    A third of: samples over the most samples of any barcode; 1 − mean frequency of its mutations over the highest; 1 −
    degree over the highest; each times its of three ``terms``. Without ``frequency`` the second is left at 0. The
    paper's scripts leave the terms open; the splits shipped with them for pyrazinamide are matched best by the first
    alone (at λ = 1, 82 % of the linked barcodes kept by either are kept by both; 67 % with three equal terms).
    """
    counts = np.asarray(counts, dtype=float)

    def share(x: np.ndarray) -> np.ndarray:
        return x / x.max() if len(x) and x.max() > 0 else np.zeros(len(x))

    many, few = share(counts), 1 - share(graph.degree.astype(float))
    rare = np.zeros(graph.n) if frequency is None else 1 - share(np.asarray(frequency, dtype=float))
    return (terms[0] * many + terms[1] * rare + terms[2] * few) / 3


def balance(
    counts: Sequence[int], *, seed: int, test_size: float = 0.2, restarts: int = 500
) -> np.ndarray:
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
        raise BadInput(
            f"weighted splits need 'counts', one number for each of the {graph.n} nodes of the graph."
        )


def _thresholds(graph: Graph, parameters: Sequence[float]) -> dict[float, float]:
    """The least weight that ranks above 100 (1 − λ) per cent of all pairs, for each λ; infinite where none does.

    Ranks as by ``scipy.stats.percentileofscore``; pairs that are not in the graph count with weight 0.
    """
    if graph.binary:
        return dict.fromkeys(parameters, 0.0)
    from . import joins

    weights = joins.once(graph.indptr, graph.indices, graph.weights)
    weights.sort()
    pairs = graph.n * (graph.n - 1) // 2
    zeros = pairs - len(weights)

    def rank(i: int) -> float:
        lower, upper = (
            int(np.searchsorted(weights, weights[i], side)) for side in ("left", "right")
        )
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


def _corrected(graph: Graph, counts=None, scores=None) -> Maker:
    from . import kernels

    @lru_cache(maxsize=64)
    def drawn(seed: int) -> tuple[np.ndarray, np.ndarray]:
        return tuple(
            np.argsort(_keys(seed, use, graph.n), kind="stable") for use in ("order", "test")
        )

    def make(
        parameter: float, seed: int, test_size: float, threshold: float, out: np.ndarray
    ) -> Sizes:
        walked = (
            graph.indptr,
            graph.indices,
            _weights(graph),
            threshold,
            parameter,
            np.uint64(seed),
        )
        return kernels.split_by_lot(*walked, *drawn(seed), test_size, out)

    return make


def _weighted(graph: Graph, counts, scores=None) -> Maker:
    from . import kernels

    counts = np.asarray(counts, dtype=np.float64)
    scores = node_scores(graph, counts) if scores is None else np.asarray(scores, dtype=float)

    @lru_cache(maxsize=64)
    def order(seed: int) -> np.ndarray:
        return np.lexsort((_keys(seed, "order", graph.n), -scores))

    def make(
        parameter: float, seed: int, test_size: float, threshold: float, out: np.ndarray
    ) -> Sizes:
        walked = (
            graph.indptr,
            graph.indices,
            _weights(graph),
            threshold,
            parameter**2,
            np.uint64(seed),
        )
        return kernels.split_by_balance(*walked, order(seed), counts, test_size, out)

    return make


def _reference(graph: Graph, counts=None, scores=None) -> Maker:
    from . import kernels, ordering

    order, units, n_units = _package_nodes(graph)
    if np.array_equal(
        order, np.arange(graph.n)
    ):  # then rows are in the package's order as they are
        walked = graph.indptr, graph.indices, _weights(graph)
    else:
        walked = ordering.renumber(graph.indptr, graph.indices, _weights(graph), order)

    states = lru_cache(maxsize=64)(kernels.seeded)

    def make(
        parameter: float, seed: int, test_size: float, threshold: float, out: np.ndarray
    ) -> Sizes:
        n_train, n_test, kept = kernels.split_like_package(
            *walked, threshold, parameter, test_size, states(np.uint64(seed)), order, units, out
        )
        too_few = n_units + kept <= 5  # the package's own rule
        return (
            (0, 0, kept + len(units))
            if too_few or not n_test
            else (n_train, n_test, kept + len(units))
        )

    return make


def _package_nodes(graph: Graph) -> tuple[np.ndarray, np.ndarray, int]:
    """The samples that the package walks over, in its order; those of cliques, which go to train; number of cliques.

    Raises: Unsplittable: the package refuses the graph, or ends with an error on it.
    """
    from . import ordering

    order = ordering.package_order(graph.indptr, graph.indices)
    if not graph.binary:
        return order, order[:0], 0
    of, clique, hub, sizes = ordering.components(graph.indptr, graph.indices, order)
    density = 2 * graph.m / (len(order) * (len(order) - 1)) if len(order) > 1 else 0.0
    if clique.all():
        raise _refused("every group of linked samples is linked throughout, or none are linked")
    if density >= 0.4:
        raise _refused(
            f"{density:.0%} of the pairs of linked samples are linked, and 40 % is its limit"
        )
    left = len(order)
    for component in range(len(clique)):
        if clique[component]:
            if 2 * sizes[component] >= left:
                raise _refused(
                    "a group linked throughout holds half of the samples or more, which stops it"
                )
            left -= int(sizes[component])
        else:
            left -= int(hub[of == component].sum())
    in_clique = clique[of[order]]
    return order[~in_clique & ~hub[order]], order[in_clique], int(clique.sum())


def _refused(why: str) -> Unsplittable:
    return Unsplittable(
        f"the published package makes no split of this graph ({why}); take mode 'corrected'."
    )


_PREPARED = {"corrected": _corrected, "reference": _reference, "weighted": _weighted}
