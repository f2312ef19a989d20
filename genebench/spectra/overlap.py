"""How much train and test share, by each of the three definitions in use."""

from __future__ import annotations

import numpy as np
from scipy import sparse

from .graph import Graph
from .splits import Split, _weights


def overlaps(graph: Graph, split: Split, barcodes=None) -> dict[str, float]:
    """The cross-split overlap of one split by three definitions, each in [0, 1] where weights are; 0: nothing shared.

    - ``jaccard``: mutations in both train and test, over those in either (the paper's amyloid and RRM notebooks); NaN
      without ``barcodes`` (the mutations of each sample, as sets or as the entries of a sparse matrix), or where there
      is no mutation at all.
    - ``test_linked``: share of test samples with at least one neighbour in train (the paper's text).
    - ``mean_similarity``: mean weight over all pairs of a train and a test sample (the package's tutorials); of a
      binary graph, the share of those pairs that are linked.
    """
    from . import kernels

    side = np.zeros(graph.n, dtype=np.int8)
    side[split.train] = 1
    linked, _, total = kernels.across(
        graph.indptr, graph.indices, _weights(graph), side, split.test
    )
    n_train, n_test = len(split.train), len(split.test)
    return {
        "jaccard": np.nan if barcodes is None else _jaccard(barcodes, split),
        "test_linked": linked / n_test if n_test else np.nan,
        "mean_similarity": total / (n_train * n_test) if n_train and n_test else np.nan,
    }


def _jaccard(barcodes, split: Split) -> float:
    if sparse.issparse(barcodes):
        held = sparse.csr_array(barcodes)
        ours, theirs = (set(held[side].nonzero()[1].tolist()) for side in (split.train, split.test))
    else:
        ours, theirs = (
            set().union(*(barcodes[i] for i in side.tolist())) for side in (split.train, split.test)
        )
    either = len(ours | theirs)
    return len(ours & theirs) / either if either else np.nan
