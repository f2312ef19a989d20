"""Controls: what is known of them beforehand."""

import numpy as np
import pytest
from helpers import GENES

from genebench.models import baseline


def test_random_vectors_depend_on_symbol_and_seed_only_and_are_standard_normal(vectors):
    few, many = (vectors("random", genes, dim=6).vectors for genes in ("A C", "A B C"))
    np.testing.assert_array_equal(few, many[[0, 2]])
    a, b = (vectors("random", " ".join(GENES), dim=50, seed=s).vectors for s in (0, 1))
    assert abs(a.mean()) < 0.05 and abs(a.std() - 1) < 0.05
    assert abs(np.corrcoef(a.ravel(), b.ravel())[0, 1]) < 0.05


@pytest.mark.parametrize("kind, shape", [("binary", 200), ("multilabel", (200, 3))])
def test_shuffled_labels_are_the_same_labels_on_other_genes(make_task, kind, shape):
    labels = np.random.default_rng(0).integers(0, 2, shape)
    task = make_task(kind, labels)
    one, again, other = (baseline.shuffled(task, seed) for seed in (1, 1, 2))
    assert sorted(map(str, one.tolist())) == sorted(map(str, labels.tolist()))
    assert (one != task.labels).mean() > 0.3 and (one == again).all() and (one != other).any()
