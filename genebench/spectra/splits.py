"""Train and test sets along the spectral parameter λ."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
from scipy import sparse

from ..core.errors import BadInput, unknown
from .graph import Graph

VERSION = 1
"""Bump when the same graph, parameter and seed give another split."""
MODES = ("corrected", "reference", "weighted")
"""``corrected``: every sample takes part. ``reference``: the published package, sample for sample.
``weighted``: the paper's procedure for barcodes that many samples share."""


class Unsplittable(BadInput):
    """A graph that gives no split at this parameter; other parameters may."""


@dataclass(frozen=True, eq=False)
class Split:
    """One train and test set; the three parts together are all samples.

    Attributes
    ----------
    train, test, dropped : ndarray of int32
        Samples trained on, tested on and left out, each ascending.
    """

    train: np.ndarray
    test: np.ndarray
    dropped: np.ndarray

    @classmethod
    def of(cls, n: int, train: np.ndarray, test: np.ndarray) -> Split:
        """Build a split from its two sides.

        Parameters
        ----------
        n : int
            Number of samples; those on no side are dropped.
        train, test : ndarray of int
            Samples of each side, in any order.

        Returns
        -------
        Split
        """
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
) -> Split:
    """Split a graph's samples at one spectral parameter λ.

    corrected: samples are visited in random order; each is retained unless it was dropped, and
    drops each undecided neighbour with probability λ. A share ``test_size`` of the retained is
    drawn for test. Samples without a neighbour are retained, λ = 0 retains all, at λ = 1 no edge
    joins train and test. The random numbers belong to samples and edges, so that one seed at two λ
    differs by λ alone, on every machine alike.

    reference: the sets of ``spectrae`` 1.0.3, sample for sample: samples without a neighbour are
    dropped, components that are cliques go to train whole, a sample linked with all others of its
    component is dropped.

    weighted: nodes stand for ``counts`` samples each (barcodes); the node of most samples is
    retained next (seeds part equal ones), neighbours are dropped with probability λ², and
    ``balance`` deals the retained nodes. The paper's score of a node has two more terms, rare
    mutations and few neighbours, whose factors its scripts leave open; the splits shipped for
    pyrazinamide are matched best without them (at λ = 1, 82 % of the linked barcodes retained by
    either are retained by both; 67 % with equal factors). As in ``corrected``, nodes without a
    neighbour left are retained; the paper's scripts drop them, but for the wild type.

    In a graph with weights a neighbour is dropped only if its weight also ranks above 100 (1 − λ)
    per cent of all pairs of samples; at λ = 1 every neighbour is dropped.

    Parameters
    ----------
    graph : Graph
        Which samples are alike.
    parameter : float
        Spectral parameter λ, in [0, 1].
    seed : int
        0 to 2³² − 1.
    mode : {"corrected", "reference", "weighted"}
        Procedure.
    test_size : float
        Share of test, in (0, 1).
    counts : sequence of int, shape (n,)
        Samples of each node; mode ``weighted`` only.

    Returns
    -------
    Split

    Raises
    ------
    BadInput
        An argument out of range.
    Unsplittable
        Too few samples are left, or the published package refuses the graph (``reference``).
    """
    options = {"mode": mode, "test_size": test_size, "counts": counts}
    (result,) = splits(graph, [parameter], [seed], **options).values()
    if result is None:
        raise Unsplittable(
            f"at the spectral parameter {parameter:g} too few samples are left for train and test; "
            f"take a smaller parameter, or a property that links fewer samples."
        )
    return result


def splits(
    graph: Graph,
    parameters: Iterable[float],
    seeds: Iterable[int],
    *,
    mode: str = "corrected",
    test_size: float = 0.2,
    counts: Sequence[int] | None = None,
) -> dict[tuple[float, int], Split | None]:
    """Split a graph's samples at every parameter and seed; the same splits as by ``split``.

    Parameters
    ----------
    graph, mode, test_size, counts
        As of ``split``.
    parameters : iterable of float
        Spectral parameters λ.
    seeds : iterable of int
        Seeds of each λ.

    Returns
    -------
    dict
        (λ, seed) → split, in this order; None where ``split`` raises that too few samples are left.

    Raises
    ------
    BadInput
        As ``split``; also when the graph as a whole is refused.
    """
    parameters, seeds = [float(p) for p in parameters], [int(s) for s in seeds]
    _check(graph, parameters, seeds, mode, test_size, counts)
    thresholds = _thresholds(graph, parameters)
    walk = _WALKS[mode](graph, seeds, test_size, counts)

    out: dict[tuple[float, int], Split | None] = {}
    for parameter, seed in product(parameters, seeds):
        train, test = walk(parameter, seed, thresholds[parameter])
        some = len(train) and len(test)
        out[parameter, seed] = Split.of(graph.n, train, test) if some else None
    return out


def size_matched(split: Split, *, seed: int) -> Split:
    """Draw a control for the size of a split: as many samples in train and in test, at random.

    The part of a spectral split's loss that this control does not show is due to overlap, and not
    to fewer samples.

    Parameters
    ----------
    split : Split
        Its sizes are taken.
    seed : int
        0 to 2³² − 1.

    Returns
    -------
    Split
    """
    n = len(split.train) + len(split.test) + len(split.dropped)
    order, n_test = _order(seed, "size", n), len(split.test)
    return Split.of(n, order[n_test : n_test + len(split.train)], order[:n_test])


def balance(counts: Sequence[int], *, seed: int, test_size: float = 0.2) -> np.ndarray:
    """Deal barcodes to train and test so that both barcodes and samples are split near the target.

    The paper's procedure: in each of 500 restarts, in random order, a barcode is drawn for train
    with probability 1 − test_size and placed if its side's samples stay below their target; the
    others are placed at random at the end. The deal with the least sum of the four deviations
    (barcodes and samples, train and test) is returned.

    Parameters
    ----------
    counts : sequence of int, shape (n,)
        Samples of each barcode.
    seed : int
        0 to 2³² − 1.
    test_size : float
        Share of test, in (0, 1).

    Returns
    -------
    ndarray of shape (n,), bool
        Barcodes of test.
    """
    from . import kernels

    counts = np.ascontiguousarray(counts, dtype=np.float64)
    return kernels.balance(counts, np.uint64(seed), 500, 1.0 - test_size)


def _check(graph, parameters, seeds, mode, test_size, counts):
    """Raise BadInput if an argument is out of range."""
    if mode not in MODES:
        raise unknown("mode", mode, MODES)
    limits = [("spectral parameter", p, "from 0 to 1", 0 <= p <= 1) for p in parameters]
    limits += [("seed", s, f"from 0 to {2**32 - 1}", 0 <= s < 2**32) for s in seeds]
    limits += [("share of test samples", test_size, "between 0 and 1", 0 < test_size < 1)]
    for what, value, limit, sound in limits:
        if not sound:
            raise BadInput(f"the {what} is {value}; it must be {limit}.")
    if mode == "weighted" and (counts is None or len(counts) != graph.n):
        raise BadInput(
            f"weighted splits need 'counts', one number for each of the {graph.n} nodes of the "
            f"graph."
        )


def _thresholds(graph, parameters):
    """Least weight that ranks above 100 (1 − λ) per cent of all pairs, for each λ; inf: none does.

    Ranks as by ``scipy.stats.percentileofscore``; pairs that are not edges count with weight 0.
    """
    if graph.binary:
        return dict.fromkeys(parameters, 0.0)
    values, number = np.unique(graph.weights, return_counts=True)
    upper = np.cumsum(number // 2)  # every edge is in two rows
    pairs = graph.n * (graph.n - 1) // 2
    zeros, lower = pairs - graph.m, upper - number // 2
    ranks = lower + upper + zeros * (values > 0) + zeros * (values >= 0) + 1
    ranks = np.append(ranks * (50.0 / max(1, pairs)), np.inf)
    values = np.append(values, np.inf)
    return {p: float(values[np.argmax(ranks > (1 - p) * 100)]) for p in parameters}


def _keys(seed, use, n):
    """Random numbers of samples; ``use`` is a stream of the seed, of which 3 is that of edges."""
    from . import kernels

    return kernels.keys(np.uint64(seed), {"order": 1, "test": 2, "size": 4}[use], n)


def _order(seed, use, n):
    return np.argsort(_keys(seed, use, n), kind="stable")


def _sides(order, test_size):
    """The first of the retained samples are tested, the others trained on."""
    n_test = int(np.ceil(test_size * len(order)))
    return order[n_test:], order[:n_test]


def _corrected(graph, seeds, test_size, counts):
    from . import kernels

    orders = {s: (_order(s, "order", graph.n), _order(s, "test", graph.n)) for s in seeds}

    def walk(parameter, seed, threshold):
        order, lot = orders[seed]
        retained = kernels.walk(*graph.arrays, threshold, parameter, np.uint64(seed), order)
        return _sides(lot[retained[lot]], test_size)

    return walk


def _weighted(graph, seeds, test_size, counts):
    from . import kernels

    counts = np.asarray(counts, dtype=np.float64)
    orders = {seed: np.lexsort((_keys(seed, "order", graph.n), -counts)) for seed in seeds}

    def walk(parameter, seed, threshold):
        chance, random_seed = parameter**2, np.uint64(seed)
        retained = kernels.walk(*graph.arrays, threshold, chance, random_seed, orders[seed])
        nodes = np.flatnonzero(retained)
        tested = balance(counts[nodes], seed=seed, test_size=test_size)
        return nodes[~tested], nodes[tested]

    return walk


def _reference(graph, seeds, test_size, counts):
    from . import kernels

    order, units, n_units = _package_nodes(graph)
    arrays = _in_package_order(graph, order)

    def walk(parameter, seed, threshold):
        twister = np.random.MT19937()
        twister.state = np.random.RandomState([seed]).get_state()  # that of random.Random(seed)
        generator = np.random.Generator(twister)
        nodes = order[kernels.walk_like_package(*arrays, threshold, parameter, generator)]
        if n_units + len(nodes) <= 5:  # the package's own rule
            return nodes[:0], nodes[:0]
        shuffled = nodes[np.random.RandomState(seed).permutation(len(nodes))]
        train, test = _sides(shuffled, test_size)
        return (np.append(train, units), test) if len(train) else (train, test)

    return walk


def _in_package_order(graph, order):
    """Arrays of the subgraph of some samples, numbered by their place in an order.

    A row lists neighbours that stand earlier in the order, by the order; then the later ones, by
    their sample number.
    """
    size, place = len(order), np.full(graph.n, -1)
    place[order] = np.arange(size)
    rows = graph.matrix[order]
    row, column = np.repeat(np.arange(size), np.diff(rows.indptr)), place[rows.indices]
    later = column > row
    ends = np.append(0, np.cumsum(np.bincount(row[later], minlength=size)))
    upper = sparse.csr_array((rows.data[later], column[later], ends), (size, size))
    both = sparse.hstack([upper.T.tocsr(), upper], format="csr")
    return both.indptr, both.indices % size, both.data[: 0 if graph.binary else None]


def _package_nodes(graph):
    """Samples that the package walks over, in its order; those of cliques; number of cliques.

    The package numbers nodes by first appearance in the list of pairs (i, j), i < j: by the lesser
    of a node and its first neighbour. Raises Unsplittable where the package refuses the graph, or
    ends with an error on it.
    """
    linked = np.flatnonzero(graph.degree)
    first = graph.indices[graph.indptr[linked]]
    order = linked[np.argsort(np.minimum(linked, first), kind="stable")].astype(np.int32)
    if not graph.binary:
        return order, order[:0], 0
    label = np.unique(graph.components[linked], return_inverse=True)[1]
    size, degree = np.bincount(label), graph.degree[linked]
    hub = degree == size[label] - 1  # linked with all others of its component
    clique = np.bincount(label, weights=hub) == size
    density = 2 * graph.m / (len(order) * (len(order) - 1)) if len(order) > 1 else 0.0
    removed = np.bincount(label, weights=hub).astype(int)
    left = len(order) - (np.cumsum(removed) - removed)  # before each component is visited
    faults = {
        "every group of linked samples is linked throughout, or none are linked": clique.all(),
        f"{density:.0%} of the pairs of linked samples are linked, and 40 % is its limit": (
            density >= 0.4
        ),
        "a group linked throughout holds half of the samples or more, which stops it": (
            clique & (2 * size >= left)
        ).any(),
    }
    if any(faults.values()):
        why = next(why for why, true in faults.items() if true)
        raise Unsplittable(
            f"the published package makes no split of this graph ({why}); take mode 'corrected'."
        )
    walked, in_clique = np.zeros(graph.n, bool), np.zeros(graph.n, bool)
    walked[linked], in_clique[linked] = ~hub, clique[label]
    return order[walked[order]], order[in_clique[order]], int(clique.sum())


_WALKS = {"corrected": _corrected, "reference": _reference, "weighted": _weighted}
"""Mode → function of graph, seeds, share of test and counts, which returns the walk: λ, seed and
least weight that drops → samples of train and of test; one is empty: no split."""
