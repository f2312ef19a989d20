"""Train and test sets along the spectral parameter λ.

A split is an array of the side of each sample: 1 train, 2 test, 0 neither.
"""

from itertools import product

import numpy as np
from scipy import sparse
from scipy.sparse import csgraph

from ..core.errors import BadInput, check
from . import kernels
from .properties import from_edges, shared_label

VERSION = 1
"""Bump when the same graph, parameter and seed give another split."""
MODES = {
    "corrected": "spectral",
    "reference": "spectral-reference",
    "weighted": "spectral-weighted",
}
"""Mode → name of its splits in the results. ``corrected``: every sample takes part. ``reference``:
the published package, sample for sample. ``weighted``: the paper's procedure for barcodes that many
samples share."""
_ORDER, _TEST, _, _SIZE = range(1, 5)
"""Streams of random numbers of a seed; the third is that of edges."""


class Unsplittable(BadInput):
    """A graph that gives no split at this parameter; other parameters may."""


def _sides(n, train, test):
    """Side of each of n samples, (n,) int8, from the samples of each; all 0 where one is empty."""
    side = np.zeros(n, np.int8)
    if len(train) and len(test):
        side[train], side[test] = 1, 2
    return side


def _dealt(order):
    """Samples of train and of test: the first fifth of an order is tested."""
    n_test = int(np.ceil(0.2 * len(order)))
    return order[n_test:], order[:n_test]


def split(graph, parameter, *, seed, **options):
    """Split a graph's samples at one spectral parameter λ; see ``splits``.

    Parameters
    ----------
    graph, parameter, seed : Graph, float, int
        Which samples are alike; λ, in [0, 1]; 0 to 2³² − 1.
    **options
        Of ``splits``.

    Returns
    -------
    ndarray of shape (n,), int8
        Side of each sample.

    Raises
    ------
    Unsplittable
        Too few samples are left, or the published package refuses the graph (``reference``).
    """
    (side,) = splits(graph, [parameter], [seed], **options).values()
    if not side.any():
        raise Unsplittable(
            f"at the spectral parameter {parameter:g} too few samples are left for train and test; "
            f"take a smaller parameter, or a property that links fewer samples."
        )
    return side


def splits(
    graph,
    parameters,
    seeds,
    *,
    mode="corrected",
    counts=None,
):
    """Split a graph's samples at every spectral parameter λ and seed.

    corrected: samples are visited in random order; each is retained unless it was dropped, and
    drops each undecided neighbour with probability λ. A fifth of the retained is drawn for test.
    Samples without a neighbour are retained, λ = 0 retains all, at λ = 1 no edge joins train and
    test. The random numbers belong to samples and edges, so that one seed at two λ differs by λ
    alone, on every machine alike. reference: the sets of ``spectrae`` 1.0.3.

    weighted: nodes stand for ``counts`` samples each (barcodes); the node of most samples is
    retained next (seeds part equal ones), neighbours are dropped with probability λ², and
    ``kernels.balance`` deals the retained. The paper's score of a node has two more terms, rare
    mutations and few neighbours, whose factors its scripts leave open; the splits shipped for
    pyrazinamide are matched best without them (at λ = 1, 82 % of the linked barcodes retained by
    either are retained by both; 67 % with equal factors). As in ``corrected``, nodes without a
    neighbour left are retained; the paper's scripts drop them, but for the wild type.

    In a graph with weights ``reference`` drops a neighbour only if its weight also ranks above 100
    (1 − λ) per cent of all pairs of samples, and at λ = 1 every one; the other modes do not heed
    weights.

    Parameters
    ----------
    graph, parameters, seeds : Graph, iterable of float, iterable of int
        Which samples are alike; λ, in [0, 1]; seeds of each λ, 0 to 2³² − 1.
    mode, counts : {"corrected", "reference", "weighted"}, sequence of int of shape (n,)
        Procedure, and samples of each node (mode ``weighted`` only).

    Returns
    -------
    dict
        (λ, seed) → side of each sample; 0 for all where too few are left.

    Raises
    ------
    BadInput
        An argument out of range, or a graph that the published package refuses.
    """
    n, parameters, seeds = graph.shape[0], [float(p) for p in parameters], [int(s) for s in seeds]
    check(MODES, "mode", mode)
    for what, values, most in (("spectral parameter", parameters, 1), ("seed", seeds, 2**32 - 1)):
        for value in values:
            if not 0 <= value <= most:
                raise BadInput(f"the {what} is {value}; it must be from 0 to {most}.")
    if mode == "weighted" and (counts is None or len(counts) != n):
        raise BadInput(f"weighted splits need 'counts', one number for each of the {n} nodes.")
    if mode == "reference":
        walk = _package_walks(graph, parameters)
    else:
        walk = _walks(graph, seeds, counts if mode == "weighted" else None)
    return {(p, s): _sides(n, *walk(p, s)) for p, s in product(parameters, seeds)}


def size_matched(side, *, seed):
    """Draw a control for the size of a split: as many samples in train and in test, at random.

    The part of a spectral split's loss that this control does not show is due to overlap, and not
    to fewer samples.

    Parameters
    ----------
    side, seed : ndarray of shape (n,), int
        The split, and 0 to 2³² − 1.

    Returns
    -------
    ndarray of shape (n,), int8
        Side of each sample.
    """
    order = np.argsort(_keys(seed, _SIZE, len(side)), kind="stable")
    _, n_train, n_test = np.bincount(side, minlength=3)
    return _sides(len(side), order[n_test : n_test + n_train], order[:n_test])


def both(parts):
    """Join splits of both partners of pairs: a pair is on a side where all its partners are.

    Parameters
    ----------
    parts : sequence of ndarray of shape (n,)
        Side of each pair by one partner; one: as it is.

    Returns
    -------
    ndarray of shape (n,), int8
        Pairs with a partner on another side are on neither.
    """
    side = np.where(np.ptp(parts, axis=0) == 0, parts[0], 0).astype(np.int8)
    return side * ({1, 2} <= set(side))


def _thresholds(graph, parameters):
    """Least weight that ranks above 100 (1 − λ) per cent of all pairs, for each λ; inf: none does.

    Ranks as by ``scipy.stats.percentileofscore``; pairs that are not edges count with weight 0.
    """
    if graph.dtype == bool:
        return dict.fromkeys(parameters, 0.0)
    pairs = graph.shape[0] * (graph.shape[0] - 1) // 2
    values, number = np.unique(graph.data, return_counts=True)
    number //= 2  # every edge is in two rows
    upper = pairs - graph.nnz // 2 + np.cumsum(number)
    ranks, values = (2 * upper - number + 1) * (50.0 / max(1, pairs)), np.append(values, np.inf)
    return {p: values[np.searchsorted(ranks, (1 - p) * 100, "right")] for p in parameters}


def _keys(seed, stream, n):
    """Random numbers of samples."""
    return kernels.keys(np.uint64(seed), stream, n)


def _walks(graph, seeds, counts):
    """Function of λ and seed → samples of train and of test.

    Without ``counts`` by mode ``corrected``, with them by ``weighted``.
    """
    n = graph.shape[0]
    many = np.zeros(n) if counts is None else np.asarray(counts, np.float64)
    orders = {s: np.lexsort((_keys(s, _ORDER, n), -many)) for s in seeds}
    lots = {s: np.argsort(_keys(s, _TEST, n), kind="stable") for s in seeds}

    def walk(parameter, seed):
        chance, stream = parameter if counts is None else parameter**2, np.uint64(seed)
        retained = kernels.walk(graph.indptr, graph.indices, chance, stream, orders[seed])
        if counts is None:
            lot = lots[seed]
            return _dealt(lot[retained[lot]])
        nodes = np.flatnonzero(retained)
        tested = kernels.balance(many[nodes], stream)
        return nodes[~tested], nodes[tested]

    return walk


def _package_walks(graph, parameters):
    """The same by the published package ``spectrae`` 1.0.3; raises Unsplittable if it refuses.

    Samples without a neighbour are dropped, components that are cliques go to train whole, a sample
    linked with all others of its component is dropped.
    """
    order, units, n_units = _nodes(graph)
    arrays = _in_order(graph, order)
    thresholds = _thresholds(graph, parameters)

    def walk(parameter, seed):
        twister = np.random.MT19937()
        twister.state = np.random.RandomState([seed]).get_state()  # that of random.Random(seed)
        generator = np.random.Generator(twister)
        retained = kernels.walk_like_package(*arrays, thresholds[parameter], parameter, generator)
        nodes = order[retained]
        if n_units + len(nodes) <= 5:  # the package's own rule
            return nodes[:0], nodes[:0]
        train, test = _dealt(nodes[np.random.RandomState(seed).permutation(len(nodes))])
        return (np.append(train, units) if len(train) else train), test

    return walk


def _in_order(graph, order):
    """Rows, columns and weights of the subgraph of some samples in their order.

    A row lists neighbours that stand earlier, by the order; then the later ones, by their sample
    number.
    """
    size, place = len(order), np.full(graph.shape[0], -1, np.int32)
    place[order] = np.arange(size)
    upper = _upper(graph[order], place)
    halves = sparse.vstack([upper.T.tocsr(), upper], format="csr")
    ordered = halves[np.arange(2 * size).reshape(2, -1).T.ravel()]  # those of a sample in turn
    weights = ordered.data[: 0 if graph.dtype == bool else None]
    return ordered.indptr[::2].copy(), ordered.indices, weights


def _upper(rows, place):
    """The links of samples, each a row, with those that stand later."""
    size, column = rows.shape[0], place[rows.indices]
    later = column > np.repeat(np.arange(size, dtype=np.int32), np.diff(rows.indptr))
    ends = np.append(0, np.add.reduceat(later, rows.indptr[:-1], dtype=int).cumsum())
    ends = ends.astype(rows.indptr.dtype)
    return sparse.csr_array((rows.data[later], column[later], ends), (size, size))


def _nodes(graph):
    """Samples that the package walks over, in its order; those of cliques; number of cliques.

    The package numbers nodes by first appearance in the list of pairs (i, j), i < j: by the lesser
    of a node and its first neighbour.
    """
    degree = np.diff(graph.indptr)
    linked = np.flatnonzero(degree)
    first = graph.indices[graph.indptr[linked]]
    order = linked[np.argsort(np.minimum(linked, first), kind="stable")].astype(np.int32)
    if graph.dtype != bool:
        return order, order[:0], 0
    component = csgraph.connected_components(graph, directed=False)[1]
    label = np.unique(component[linked], return_inverse=True)[1]
    size = np.bincount(label)
    hub = degree[linked] == size[label] - 1  # linked with all others of its component
    removed = np.bincount(label, weights=hub).astype(int)
    clique = removed == size
    left = len(order) - (np.cumsum(removed) - removed)  # before each component is visited
    dense = 5 * graph.nnz >= 2 * len(order) * (len(order) - 1)  # 40 % of pairs
    if clique.all() or dense or (clique & (2 * size >= left)).any():
        raise Unsplittable(
            "the published package makes no split of this graph (40 % of the pairs of linked "
            "samples or more are linked, or a group that is linked throughout holds half of the "
            "samples, or every group is linked throughout); take mode 'corrected'."
        )
    walked, in_clique = np.zeros((2, graph.shape[0]), bool)
    walked[linked], in_clique[linked] = ~hub, clique[label]
    return order[walked[order]], order[in_clique[order]], int(clique.sum())


class SpectralSplit:
    """Splits along the spectral parameter for the cross-validation of scikit-learn.

    Parameters
    ----------
    graph : Graph or array of shape (n, n), optional
        Which samples are alike (not 0); None: those of one value of ``groups``, or with a value of
        it in common, see ``properties.shared_label``.
    parameters : iterable of float
        Spectral parameters λ, in [0, 1]; 0: random, 1: no link between train and test.
    n_repeats, random_state : int
        Splits of each λ, and seed of the first.
    mode : str
        See ``splits``; not ``weighted``.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.linear_model import Ridge
    >>> from sklearn.model_selection import cross_val_score
    >>> from genebench.spectra import SpectralSplit
    >>> family = np.arange(300) % 50  # six relatives each, with an effect of their own
    >>> X, y = np.eye(50)[family], np.random.default_rng(0).normal(size=50)[family]
    >>> cv = SpectralSplit(parameters=[0, 1])
    >>> cv.get_n_splits()
    2
    >>> scores = cross_val_score(Ridge(), X, y, groups=family, cv=cv)
    >>> bool(scores[0] > 0.9), bool(scores[1] < 0.1)
    (True, True)
    """

    def __init__(
        self, graph=None, *, parameters=(0, 0.5, 1), n_repeats=1, random_state=0, mode="corrected"
    ):
        self.graph, self.parameters, self.mode = graph, tuple(parameters), mode
        self.n_repeats, self.random_state = n_repeats, random_state

    def get_n_splits(self, X=None, y=None, groups=None) -> int:
        """Number of splits: those of every λ."""
        return len(self.parameters) * self.n_repeats

    def split(self, X, y=None, groups=None):
        """Yield the samples of train and of test, λ by λ.

        Parameters
        ----------
        X : array-like of n samples
        y : object
            Not used.
        groups : iterable of length n, optional
            Of each sample, where there is no graph.

        Yields
        ------
        tuple of ndarray of int

        Raises
        ------
        BadInput
            Neither graph nor groups, another number of samples, or too few are left.
        """
        if self.graph is None and groups is None:
            raise BadInput("SpectralSplit needs a graph of samples that are alike, or groups.")
        n = np.shape(X)[0]
        links = shared_label(groups) if self.graph is None else sparse.coo_array(self.graph) != 0
        if links.shape != (n, n):
            raise BadInput(f"the graph has the shape {links.shape}; there are {n} samples.")
        graph = from_edges(n, *sparse.triu(links + links.T, 1).nonzero())
        seeds = range(self.random_state, self.random_state + self.n_repeats)
        for parameter, seed in product(self.parameters, seeds):
            side = split(graph, parameter, seed=seed, mode=self.mode)
            yield np.flatnonzero(side == 1), np.flatnonzero(side == 2)
