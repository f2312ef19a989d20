"""Models against scikit-learn and by hand."""

import numpy as np
import pytest

from genebench.spectra import datasets, models
from genebench.stats import metrics


def predict(data, name, n, seed=0):
    """Predictions of a declared model that is fitted on the first n samples."""
    train, test = np.split(np.arange(len(data)), [n])
    return models.predict(data, datasets.declared().models[name], train, test, seed=seed)


@pytest.mark.parametrize("name", ["ridge", "site-independent", "pairwise"])
def test_additive_effects_are_learned(additive, name):
    assert metrics.spearman(additive.labels[180:], predict(additive, name, 180)) > 0.8


def test_networks_are_seeded_and_a_convolution_learns_a_motif(make_data):
    rng = np.random.default_rng(0)
    y = np.arange(400) % 2
    texts = rng.choice([*"ACDEFGHIK"], (400, 30))
    texts[1::2, 10:13] = "W"
    texts = tuple(map("".join, texts))
    data = make_data(y, None, "multiclass", classes=("no", "yes"), sequences=texts)
    first, again, other = (predict(data, "cnn", 300, seed=seed) for seed in (1, 1, 2))
    assert np.array_equal(first, again) and not np.array_equal(first, other)
    assert (first.argmax(axis=1) == y[300:]).mean() > 0.9
