"""Vectors that are taken away: read back by other people's tools, checked, compared."""

import json
import shutil
from pathlib import Path

import anndata
import numpy as np
import pandas as pd
import pytest
from helpers import GENES, call, refused
from numpy.testing import assert_allclose, assert_array_equal
from place.toys import toy_vectors
from safetensors.numpy import load_file

from genebench.core import specs
from genebench.data import sources
from genebench.models import Embedding
from genebench.place import library

RNG = np.random.default_rng(0)


def vectors(*words):
    """Exit status, standard output and standard error of ``genebench vectors``."""
    got = call("vectors", *words)
    return got.exit_code, got.stdout, got.stderr


@pytest.fixture
def exported(warm, tmp_path):
    """The vectors of the model ``full`` of the made-up profile, in all three formats."""
    for ending in library.WRITERS:
        out = vectors(
            "export", "full", "-p", "tiny", "--format", ending, "--folder", tmp_path / ending
        )
        assert out[0] == 0, out
    return tmp_path


def test_every_format_gives_back_the_vectors_to_its_rounding_and_to_other_tools(exported):
    frame = pd.read_parquet(exported / "parquet" / "full.parquet").set_index("symbol")
    tensor = load_file(exported / "safetensors" / "full.safetensors")["vectors"]
    genes = anndata.read_h5ad(exported / "h5ad" / "full.h5ad")
    assert frame.filter(like="v").dtypes.eq("float16").all() and tensor.dtype == np.float16
    assert_array_equal(frame.filter(regex=r"^v\d").to_numpy(), tensor)
    assert genes.obs_names.tolist() == frame.index.tolist()
    assert_allclose(genes.X, tensor, rtol=1e-3)
    for ending in library.WRITERS:
        mine = library.read(exported / ending / f"full.{ending}")
        assert sorted(mine.entities) == GENES
        assert_allclose(mine.vectors, toy_vectors().loc[mine.entities], rtol=1e-3, atol=1e-4)


def test_what_is_fetched_is_checked_and_a_changed_byte_leaves_nothing(exported, monkeypatch):
    origin, target = exported / "parquet", exported / "mine"
    status, out, _ = vectors("get", "full", "--origin", origin, "--folder", target)
    assert status == 0 and out.strip() == str(target / "full.parquet")
    assert {f.name: f.read_bytes() for f in target.iterdir()} == {
        f.name: f.read_bytes() for f in origin.iterdir()
    }
    fetch = lambda spec, to: shutil.copyfile(origin / Path(spec.url).name, to)  # noqa: E731
    monkeypatch.setattr(sources, "fetch_file", fetch)
    assert library.get("full", "https://x.org/v1/", exported / "web").exists()
    raw = bytearray((origin / "full.parquet").read_bytes())
    raw[100] ^= 1
    (origin / "full.parquet").write_bytes(raw)
    status, _, said = vectors("get", "full", "--origin", origin, "--folder", exported / "other")
    assert status == 2 and "SHA-256" in said
    assert not list((exported / "other").iterdir())


@pytest.mark.parametrize(
    "card, why",
    [
        ("", "no card"),
        ("[]", "no card"),
        ('{"file": 3}', "no card"),
        ('{"file": "../../etc/passwd", "sha256": "0"}', "passwd: no such file"),
    ],
)
def test_a_card_that_is_none_or_names_a_file_elsewhere_is_refused(tmp_path, card, why):
    (tmp_path / "x.json").write_text(card)
    with refused(why):
        library.get("x", str(tmp_path), tmp_path / "to")
    assert not list((tmp_path / "to").iterdir())


def test_a_turned_copy_has_the_same_geometry_and_other_vectors():
    x = RNG.normal(size=(300, 8))
    turn, _ = np.linalg.qr(RNG.normal(size=(8, 8)))
    names = np.array([f"G{i}" for i in range(300)])
    found = library.compare(Embedding(names, x), Embedding(names[::-1], (x @ turn)[::-1]))
    assert found["cka"] == pytest.approx(1) and found["neighbour_overlap"] == pytest.approx(1)
    assert found["lowest_cosine"] < 0.9
    chance = library.compare(Embedding(names, x), Embedding(names, RNG.normal(size=(300, 8))))
    assert chance["cka"] < 0.2 and chance["neighbour_overlap"] < 0.1


def test_the_same_model_is_recognised_and_another_ends_with_status_one(exported):
    one, other = exported / "parquet" / "full.parquet", exported / "h5ad" / "full.h5ad"
    assert vectors("compare", one, other, "--same")[0] == 0
    assert vectors("compare", one, "random", "-p", "tiny", "--same")[0] == 1


def test_values_beyond_half_precision_are_said(tmp_path, home):
    known, beyond = specs.declared(), Embedding(np.array(["A"]), np.full((1, 2), 1e6))
    with refused("float32"):
        library.export(known.model("full"), beyond, known.sources, tmp_path / "x")
    assert not (tmp_path / "x").exists()


@pytest.mark.parametrize(
    "licence, share",
    [
        ("Apache-2.0 (weights); MIT (package)", "yes"),
        ("CC BY-NC 4.0", "not for commercial use"),
        ("CC BY-SA 3.0 (data)", "under the same licence"),
        ("HPO licence (data)", "read its terms"),
    ],
)
def test_what_may_be_handed_on(licence, share):
    assert library.sharing(licence) == share


def test_models_are_listed_with_what_was_exported(exported):
    status, out, _ = vectors("list", "-p", "tiny", "--folder", exported / "parquet", "--json")
    state = {row["model"]: row["state"] for row in json.loads(out)}
    assert status == 0 and state["full"] == "exported" and "cached" in state.values()


@pytest.mark.mirror
def test_identifiers_are_those_of_hgnc():
    known = specs.declared().sources
    if sources.status(known["hgnc"])[0] != "ready":
        pytest.skip("the table of HGNC is not here")
    found = library.identifiers(np.array(["TP53", "MLL", "nothing"]), known)
    assert found.loc[0].tolist() == ["TP53", "HGNC:11998", "ENSG00000141510", "7157", "P04637"]
    assert found.hgnc_id[1] == "HGNC:7132" and found.loc[2].tolist()[1:] == ["", "", "", ""]
