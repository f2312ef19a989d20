"""Designs: sampling, refinement, edit distances, motif sites, metrics."""

import re
from functools import partial

import numpy as np
import pytest
from glm import toys

from genebench.core import paths
from genebench.core.errors import BadInput
from genebench.glm import codes, design
from notebooks.studies.lib import designs, markov

PAIRS = np.random.default_rng(0).dirichlet([0.5] * 4, 4)


def chain():
    """A sequence in which each base depends on the one before, by ``PAIRS``."""
    rng, out = np.random.default_rng(1), [0]
    for u in rng.random(12_000):
        out.append(int(min(3, (u > PAIRS[out[-1]].cumsum()).sum())))
    return np.array(out, dtype=np.uint8)


def test_distances_are_least_numbers_of_edits():
    words = np.array([codes.encode(w) for w in ("GATTACA", "TTTTTTT", "GTTACAG")])
    other = np.array([codes.encode(w) for w in ("GATACA", "CATACA")])
    assert designs.distances(words, other).tolist() == [1, 6, 2]
    assert designs.distances(words, words).tolist() == [0] * 3


def test_samples_follow_the_model_and_contain_no_forbidden_word():
    sequence = chain()
    model = markov.fit([sequence], [sequence[:2000]], orders=[1], both_strands=False)[1]
    draw = partial(design.sample, model.conditionals, context=1, seed=3)
    free = draw(300, 50)
    counts = np.zeros((4, 4))
    np.add.at(counts, (free[:, :-1].ravel(), free[:, 1:].ravel()), 1)
    np.testing.assert_allclose(counts / counts.sum(1, keepdims=True), PAIRS, atol=0.06)
    limited = draw(100, 50, forbidden=("ACG", "TT"))
    texts = ["N".join(map(codes.decode, rows)) for rows in (limited, free)]
    assert [bool(re.search("ACG|TT", text)) for text in texts] == [False, True]
    with pytest.raises(BadInput, match="the temperature is 0, but must be above 0"):
        draw(2, 5, temperature=0)
    with pytest.raises(BadInput, match="leave no base to draw at place 0"):
        draw(2, 5, forbidden=tuple("ACGT"))


def test_metrics_of_a_set_are_those_of_its_making():
    natural, other = toys.bases(4800).reshape(60, 80), toys.bases(4800, seed=2).reshape(60, 80)
    motif = {"m": 0.97 * np.eye(4)[codes.encode("GATA")] + 0.03 / 4}
    rich = np.where(other == 0, 2, other).astype(np.uint8)
    options = {"predict": lambda s: (s == 2).mean(1), "likelihood": lambda s: (s == 1).mean(1)}
    sets = {"natural": other, "copies": natural, "rich": rich}
    table = designs.judge(sets, natural, natural, profiles=motif, **options).set_index("set")
    assert table.novelty["copies"] == 0 and table.copies.tolist() == [0, 1, 0]
    assert table.kmers["copies"] == 0 and table.kmers["rich"] > 2 * table.kmers["natural"]
    assert table.activity["rich"] == pytest.approx((rich == 2).mean())
    assert table.discriminator["rich"] > 0.9 > 0.8 > table.discriminator["natural"]


def test_sets_that_do_not_vary_have_no_difference_in_deviations():
    assert np.isnan(designs.mean_difference(np.zeros((3, 2)), np.ones((3, 2))))


def test_a_wrong_tag_or_a_missing_network_is_an_error(tmp_path, monkeypatch):
    options = {"n": 1, "temperature": 1, "forbidden": [], "seed": 0}
    with pytest.raises(BadInput, match="unknown tag 'hihg'; did you mean 'high'"):
        design.write_designs(tmp_path / "x.fa", tag="hihg", **options)
    monkeypatch.setattr(paths, "GLM_MODELS", tmp_path)
    with pytest.raises(BadInput, match="run 'genebench notebooks --study design'"):
        design.write_designs(tmp_path / "x.fa", tag="high", **options)


def test_designs_are_written_as_fasta(tmp_path):
    options = {"tag": "low", "temperature": 1.0, "forbidden": ["TATA"], "seed": 0}
    assert design.write_designs(tmp_path / "x.fa", n=3, **options) == 3
    lines = (tmp_path / "x.fa").read_text().splitlines()
    assert lines[::2] == [f">design_{i} tag=low" for i in (1, 2, 3)]
    assert all(re.fullmatch("[ACGT]{80}", s) and "TATA" not in s for s in lines[1::2])
