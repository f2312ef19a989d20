"""Models against scikit-learn and by hand."""

import numpy as np
import pytest

from genebench.spectra import datasets, models
from genebench.stats import metrics


def predict(data, name, n, seed=0):
    """Predictions of a declared model that is fitted on the first n samples."""
    train, test = np.split(np.arange(len(data)), [n])
    return models.predict(data, datasets.declared().models[name], train, test, seed=seed)


@pytest.mark.parametrize(
    "name, least", [("ridge", 0.95), ("site-independent", 0.8), ("pairwise", 0.9)]
)
def test_additive_effects_are_learned(additive, name, least):
    predicted = predict(additive, name, 180)
    assert metrics.spearman(additive.labels[180:], predicted) > least


def test_networks_are_seeded_and_a_convolution_learns_a_motif(make_data):
    rng = np.random.default_rng(0)
    y = np.arange(400) % 2
    texts = ["".join(rng.choice(list("ACDEFGHIK"), 30)) for _ in y]
    texts = tuple(t[:10] + "WWW" + t[13:] if k else t for t, k in zip(texts, y))
    data = make_data(y, None, "multiclass", classes=("no", "yes"), sequences=texts)
    first, again, other = (predict(data, "cnn", 300, seed=seed) for seed in (1, 1, 2))
    assert np.array_equal(first, again) and not np.array_equal(first, other)
    assert (first.argmax(axis=1) == y[300:]).mean() > 0.9
