"""Vectors of UniRep on data sets of proteins, with small random weights."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch
from models.test_unirep import write_weights
from numpy.testing import assert_allclose

from genebench.core import paths, specs
from genebench.data import sources
from genebench.models import unirep as network
from genebench.models import weights
from genebench.spectra import features

SCAN = ("MKTAYIAKQR", "MKTAYIAKQW", "MKTWYIAKQR", "MKT", "MKTAYIAKQR", "mX?UZ1", "AK*QR", "")


@pytest.fixture
def tiny(tmp_path, monkeypatch):
    """A UniRep of four units, declared as every model; returns its network."""
    path = write_weights(tmp_path / "weights" / "tiny.npz")
    spec = SimpleNamespace(sha256={"tiny.npz": "0"}, files={"weights": "tiny.npz"})
    monkeypatch.setattr(specs, "declared", lambda: SimpleNamespace(model=lambda name: spec))
    monkeypatch.setattr(weights, "verified", lambda spec: path.parent)
    monkeypatch.setattr(paths, "EMBEDDINGS", tmp_path / "embeddings")
    return network.UniRep(path)


def test_vectors_are_those_of_each_protein_alone(tiny, make_data, monkeypatch):
    data = make_data(np.arange(8.0), sequences=SCAN)
    X = features.make("unirep", data, model="unirep-64")
    for text, row in zip([*SCAN[:-2], "AK", ""], X):  # a protein ends at its stop
        ids = torch.tensor([network.tokens(text)])
        assert_allclose(row, tiny.vectors(ids, torch.ones_like(ids))[0], atol=2e-6)
    assert abs(X[0] - X[1]).max() > 1e-3
    monkeypatch.setattr(weights, "verified", None)  # the second time they are read
    assert np.array_equal(features.unirep(data, model="unirep-64"), X)


def test_missing_weights_say_what_to_run_and_stop_only_those_who_ask(
    declared, additive, go, tmp_path, monkeypatch
):
    monkeypatch.setattr(paths, "weights", lambda: [tmp_path / "weights"])
    monkeypatch.setattr(paths, "EMBEDDINGS", tmp_path / "embeddings")
    toy = declared.datasets["toy"]
    toy.models[:] = ["ridge", "unirep-64-ridge", "unirep-256-ridge"]
    toy.options["sequence"] = "id"
    sentence = "genebench fetch --model unirep-64 --accept-licence unirep-64'"
    with pytest.raises(sources.Missing, match=sentence):
        go("toy", "unirep-64-ridge")
    _, done = go()
    assert done.units == 3 and not done.failed  # those of ridge
