"""Designs: sampling, refinement, edit distances, motif sites, metrics."""

import re
from functools import partial

import numpy as np
from helpers import refused

from genebench.core import paths
from genebench.glm import codes, design
from notebooks.studies.lib import designs


def test_distances_are_least_numbers_of_edits():
    words = np.array([codes.encode(w) for w in ("GATTACA", "TTTTTTT", "GTTACAG")])
    other = np.array([codes.encode(w) for w in ("GATACA", "CATACA")])
    assert designs.distances(words, other).tolist() == [1, 6, 2]


def test_samples_follow_the_model_and_contain_no_forbidden_word():
    pairs = np.random.default_rng(0).dirichlet([0.5] * 4, 5)
    draw = partial(design.sample, lambda w: np.log(pairs)[np.roll(w, 1, 1)], context=1, seed=3)
    free = draw(300, 50)
    counts = np.bincount((4 * free[:, :-1] + free[:, 1:]).ravel(), minlength=16).reshape(4, 4)
    np.testing.assert_allclose(counts / counts.sum(1, keepdims=True), pairs[:4], atol=0.06)
    limited = map(codes.decode, draw(100, 50, forbidden=("ACG", "TT")))
    assert not re.search("ACG|TT", "N".join(limited))
    with refused("the temperature is 0, but must be above 0"):
        draw(2, 5, temperature=0)
    with refused("leave no base to draw at place 0"):
        draw(2, 5, forbidden=tuple("ACGT"))
    for word in ("", "TAN"):
        with refused(f"the word '{word}' is not one of A, C, G and T"):
            draw(2, 5, forbidden=(word,))


def test_designs_are_written_as_fasta(tmp_path, monkeypatch):
    path = tmp_path / "x.fa"
    assert design.write_designs(path, n=3, tag="low", forbidden=["TATA"]) == 3
    text = path.read_text()
    assert re.fullmatch(r"(>design_\d tag=low\n[ACGT]{80}\n){3}", text) and "TATA" not in text
    monkeypatch.setattr(paths, "GLM_MODELS", tmp_path)
    for tag, sentence in (("hihg", "did you mean 'high'"), ("high", "notebooks --study design")):
        with refused(sentence):
            design.write_designs(path, n=1, tag=tag)
