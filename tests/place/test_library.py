"""Vectors that are taken away: read back by other people's tools, checked, compared."""

import json
import shutil
from pathlib import Path

import anndata
import numpy as np
import pandas as pd
import pytest
from helpers import GENES, call, refused, rows, sha256
from numpy.testing import assert_allclose, assert_array_equal
from place.toys import toy_vectors
from safetensors.numpy import load_file

from genebench.core import specs
from genebench.data import sources
from genebench.models import Embedding
from genebench.place import library


@pytest.fixture
def exported(warm, tmp_path):
    """The vectors of the model ``full`` of the made-up profile, in all three formats."""
    words = "vectors export full -p tiny --format".split()
    for ending in library.WRITERS:
        got = call(*words, ending, "--folder", tmp_path / ending)
        assert got.exit_code == 0, got.stderr
    return tmp_path


def test_every_format_gives_back_the_vectors_to_its_rounding_and_to_other_tools(exported):
    frame = pd.read_parquet(exported / "parquet" / "full.parquet").set_index("symbol")
    tensor = load_file(exported / "safetensors" / "full.safetensors")["vectors"]
    genes = anndata.read_h5ad(exported / "h5ad" / "full.h5ad")
    assert frame.filter(like="v").dtypes.eq("float16").all() and tensor.dtype == np.float16
    assert_array_equal(frame.filter(regex=r"^v\d").to_numpy(), tensor)
    assert_allclose(genes.X, tensor, rtol=1e-3)
    for ending in library.WRITERS:
        mine = library.read(exported / ending / f"full.{ending}")
        assert sorted(mine.entities) == GENES == sorted(genes.obs_names)
        assert_allclose(mine.vectors, toy_vectors().loc[mine.entities], rtol=1e-3, atol=1e-4)


def test_what_is_fetched_is_checked_and_a_changed_byte_leaves_nothing(exported, monkeypatch):
    origin, target = exported / "parquet", exported / "mine"
    words = "vectors", "get", "full", "--origin", origin, "--folder"
    got = call(*words, target)
    assert got.exit_code == 0 and got.stdout.strip() == str(target / "full.parquet")
    here, there = ({f.name: sha256(f) for f in folder.iterdir()} for folder in (target, origin))
    assert here == there
    fetch = lambda spec, to: shutil.copyfile(origin / Path(spec.url).name, to)  # noqa: E731
    monkeypatch.setattr(sources, "fetch_file", fetch)
    assert library.get("full", "https://x.org/v1/", exported / "web").exists()
    with (origin / "full.parquet").open("ab") as stream:
        stream.write(b"x")
    got = call(*words, exported / "other")
    assert got.exit_code == 2 and "SHA-256" in got.stderr
    assert not list((exported / "other").iterdir())


CARDS = """
                                            | no card
[]                                          | no card
{"file": 3}                                 | no card
{"file": "../../etc/passwd", "sha256": "0"} | passwd: no such file
"""


@pytest.mark.parametrize("card, why", rows(CARDS))
def test_a_card_that_is_none_or_names_a_file_elsewhere_is_refused(tmp_path, card, why):
    (tmp_path / "x.json").write_text(card)
    with refused(why):
        library.get("x", str(tmp_path), tmp_path / "to")
    assert not list((tmp_path / "to").iterdir())


def test_a_turned_copy_has_the_same_geometry_and_other_vectors():
    x, noise = np.random.default_rng(0).normal(size=(2, 300, 8))
    turn, _ = np.linalg.qr(noise[:8])
    names = np.array([f"G{i}" for i in range(300)])
    found = library.compare(Embedding(names, x), Embedding(names[::-1], (x @ turn)[::-1]))
    assert found["cka"] == pytest.approx(1) and found["neighbour_overlap"] == pytest.approx(1)
    assert found["lowest_cosine"] < 0.9
    x[0] = 0  # a vector of zeros is equal to itself
    assert library.compare(*[Embedding(names, x)] * 2)["lowest_cosine"] == pytest.approx(1)
    chance = library.compare(Embedding(names, x), Embedding(names, noise))
    assert chance["cka"] < 0.2 and chance["neighbour_overlap"] < 0.1


def test_the_same_model_is_recognised_another_ends_with_status_one_and_all_are_listed(exported):
    one, other = exported / "parquet" / "full.parquet", exported / "h5ad" / "full.h5ad"
    assert call("vectors", "compare", one, other, "--same").exit_code == 0
    assert call("vectors", "compare", one, "random", "-p", "tiny", "--same").exit_code == 1
    listed = call("vectors", "list", "-p", "tiny", "--folder", exported / "parquet", "--json")
    state = {row["model"]: row["state"] for row in json.loads(listed.stdout)}
    assert state["full"] == "exported" and "cached" in state.values()


def test_values_beyond_half_precision_are_said(tmp_path, home):
    known, beyond = specs.declared(), Embedding(np.array(["A"]), np.full((1, 2), 1e6))
    with refused("float32"):
        library.export(known.model("full"), beyond, known.sources, tmp_path / "x")
    assert not (tmp_path / "x").exists()


LICENCES = """
Apache-2.0 (weights); MIT (package) | yes
CC BY-NC 4.0                        | not for commercial use
CC BY-SA 3.0 (data)                 | under the same licence
HPO licence (data)                  | read its terms
"""


@pytest.mark.parametrize("licence, share", rows(LICENCES))
def test_what_may_be_handed_on(licence, share):
    assert library.sharing(licence) == share


@pytest.mark.mirror
def test_identifiers_are_those_of_hgnc():
    known = specs.declared().sources
    if sources.status(known["hgnc"])[0] != "ready":
        pytest.skip("the table of HGNC is not here")
    found = library.identifiers(np.array(["TP53", "MLL", "nothing"]), known)
    assert found.loc[0].tolist() == ["TP53", "HGNC:11998", "ENSG00000141510", "7157", "P04637"]
    assert found.hgnc_id[1] == "HGNC:7132" and found.loc[2].tolist()[1:] == ["", "", "", ""]
