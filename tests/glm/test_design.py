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
    limited = draw(100, 50, forbidden=("ACG", "TT"))
    texts = ["N".join(map(codes.decode, rows)) for rows in (limited, free)]
    assert [bool(re.search("ACG|TT", text)) for text in texts] == [False, True]
    with refused("the temperature is 0, but must be above 0"):
        draw(2, 5, temperature=0)
    with refused("leave no base to draw at place 0"):
        draw(2, 5, forbidden=tuple("ACGT"))


def test_designs_are_written_as_fasta(tmp_path, monkeypatch):
    path = tmp_path / "x.fa"
    assert design.write_designs(path, n=3, tag="low", forbidden=["TATA"]) == 3
    lines = path.read_text().splitlines()
    assert lines[::2] == [f">design_{i} tag=low" for i in (1, 2, 3)]
    assert all(re.fullmatch("[ACGT]{80}", s) and "TATA" not in s for s in lines[1::2])
    monkeypatch.setattr(paths, "GLM_MODELS", tmp_path)
    for tag, sentence in (("hihg", "did you mean 'high'"), ("high", "notebooks --study design")):
        with refused(sentence):
            design.write_designs(path, n=1, tag=tag)
