"""Models against scikit-learn and by hand."""

import numpy as np
import pytest

from genebench.core.errors import BadInput
from genebench.spectra import datasets, models
from genebench.stats import metrics


def predict(data, name, train, test, seed=0):
    """Predictions of a declared model."""
    spec = datasets.declared().model(name)
    return models.predict(data, spec, np.asarray(train), np.asarray(test), seed=seed)


@pytest.mark.parametrize(
    "name, least", [("ridge", 0.95), ("site-independent", 0.8), ("pairwise", 0.9)]
)
def test_additive_effects_are_learned(additive, name, least):
    test = np.arange(180, 240)
    predicted = predict(additive, name, np.arange(180), test)
    assert metrics.spearman(additive.labels[test], predicted) > least


def test_networks_are_seeded_and_a_convolution_learns_a_motif(make_data):
    rng = np.random.default_rng(0)
    y = np.arange(400) % 2
    texts = ["".join(rng.choice(list("ACDEFGHIK"), 30)) for _ in y]
    texts = tuple(t[:10] + "WWW" + t[13:] if k else t for t, k in zip(texts, y))
    data = make_data(y, None, "multiclass", classes=("no", "yes"), sequences=texts)
    train, test = np.arange(300), np.arange(300, 400)
    first = predict(data, "cnn", train, test, seed=1)
    assert np.array_equal(first, predict(data, "cnn", train, test, seed=1))
    assert (first.argmax(axis=1) == y[test]).mean() > 0.9
    assert not np.array_equal(first, predict(data, "cnn", train, test, seed=2))


def test_model_of_a_file_says_what_it_needs(additive):
    with pytest.raises(BadInput, match="dock with it and give its predictions"):
        predict(additive, "diffdock", range(10), range(10, 20))
