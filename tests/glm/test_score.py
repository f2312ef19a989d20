"""Scores of variants against a slow reference, on both strands, by every kind of model."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.stats import spearmanr

from benchmarks.glm import plain
from genebench.glm import codes, hub, score, tokens, trained
from tests.glm.tiny import GENOME, LENGTH, RNG, checkpoint, label, model, recipes, small

HUB = ["bert-kmer", "esm", "gpt2", "mamba"]
TRAINED = {
    label(given): given
    for given in recipes("""
objective: blind-spot
objective: masked, equivariant: false
objective: masked, tokens: kmer, k: 3, equivariant: false
objective: causal
objective: causal, mixer: state-space
objective: causal, tokens: kmer, k: 3, equivariant: false
""")
}


@pytest.fixture(scope="module")
def every(tmp_path_factory):
    """Models by name: networks of every kind, and tiny ones of Hugging Face."""
    trained = {name: model(**given) for name, given in TRAINED.items()}
    folders = {kind: tmp_path_factory.mktemp(kind) for kind in HUB}
    return trained | {kind: hub.load(checkpoint(f, kind)) for kind, f in folders.items()}


def some(m, n=12):
    """Places, their windows of the genome's grid, positions in them, and alternatives."""
    places = np.sort(RNG.integers(60, 600, n))
    alt = ((GENOME[places] + RNG.integers(1, 4, n)) % 4).astype(np.uint8)
    return places, *score.placed(m, GENOME, places, LENGTH), alt


@pytest.mark.parametrize("name", [*TRAINED, *HUB])
def test_llr_equals_a_slow_reference_on_both_strands_and_in_any_batch(every, name, monkeypatch):
    places, w, p, alt = some(m := every[name])
    llr = score.llr(m, w, p, alt)
    slow = plain(m, GENOME, places, GENOME[places], alt, length=LENGTH)
    assert np.ptp(llr) > 1e-3 and np.abs(llr - slow).max() < 1e-5 * max(1, np.abs(llr).max())
    other = score.llr(m, codes.reverse_complement(w), LENGTH - 1 - p, 3 - alt)
    assert_allclose(other, llr, atol=1e-4)
    monkeypatch.setattr(score, "_BATCH", 3)
    order = RNG.permutation(len(p))
    assert_allclose(score.llr(m, w[order], p[order], alt[order]), llr[order], atol=1e-5)


FEW = ["blind-spot", "masked-False", "causal", "bert-kmer", "gpt2"]


@pytest.mark.parametrize("name", FEW)
def test_a_length_change_counts_the_same_bases_in_both_haplotypes(every, name, monkeypatch):
    """Plain reference: the two windows base by base, on each strand."""
    monkeypatch.setattr(score, "AROUND", 4)
    m, at, n, alt, expected = every[name], 300, 5, np.array([2, 0], dtype=np.uint8), 0.0
    found = score.pseudo(m, GENOME, [(at, n, alt)], length=LENGTH)
    before = (LENGTH - n) // 2
    for middle, sign in ((GENOME[at : at + n], -0.5), (alt, 0.5)):
        end = before + len(middle)
        parts = GENOME[at - before : at], middle, GENOME[at + n :][: LENGTH - end]
        window = np.concatenate(parts)[None]
        for turned in (False, True):
            row = codes.reverse_complement(window).copy() if turned else window
            logs = codes.observed(m.conditionals(row), row)[0][:: -1 if turned else 1]
            near = logs[[*range(before - 4, before), *range(end, end + 4)]]
            if m.objective == "causal":
                near = logs[:before] if turned else logs[end : end + LENGTH - n - before]
            expected += sign * np.array([near.sum(), logs[before:end].sum()])
    assert_allclose(np.ravel(found), expected, atol=2e-4)


UNTRAINED = """
objective: masked, mixer: attention
objective: causal, tokens: kmer, k: 3, equivariant: false
objective: causal, tokens: bpe, equivariant: false
"""


@pytest.mark.parametrize("given", recipes(UNTRAINED), ids=label)
def test_what_knows_nothing_gives_nothing_at_any_length(given):
    recipe = small(**given)
    m = trained.TrainedModel(recipe, tokens.learn(recipe, [GENOME]).merges)
    sizes = (1, 7, 50)
    changes = [(300, n, GENOME[:0]) for n in sizes] + [(300, 0, GENOME[:n]) for n in sizes]
    changes += [(690, 4, GENOME[:0]), (698, 0, GENOME[:9]), (0, 3, GENOME[:1])]  # at both ends
    llr, own = score.pseudo(m, GENOME, changes, length=128)
    assert np.abs(llr).max() < 1e-3
    if not m.by_likelihood:
        assert_allclose(own[:3], np.log(4) * np.array(sizes), rtol=1e-4)


@pytest.mark.parametrize("name", FEW)
def test_influence_is_the_mean_divergence_of_the_neighbours(every, name, monkeypatch):
    """And the hidden state moves where the base is another one."""
    monkeypatch.setattr(score, "REACH", 5)
    _, w, p, alt = some(m := every[name], 4)
    x, y = (m.conditionals(v).astype(float) for v in (w, codes.substituted(w, p, alt)))
    divergence, low = (np.exp(x) * (x - y)).sum(-1), 0 if m.objective == "causal" else -5
    for row, q, found in zip(divergence, p, score.influence(m, w, p, alt)):
        near = [j for j in range(max(0, q + low), min(LENGTH, q + 6)) if j != q]
        assert np.isclose(found, row[near].mean(), atol=1e-5)
    assert (score.embedding(m, w, p, alt) > 0).all()
    assert (score.embedding(m, w, p, w[np.arange(4), p]) < 1e-5).all()


def test_calibration_removes_the_bias_of_mutation():
    """Independent truth: scores that are an effect plus any function of context and alternative."""
    places = RNG.integers(1, 699, 2000)
    kinds = score.contexts(GENOME, places, (GENOME[places] + RNG.integers(1, 4, 2000)) % 4)
    effect = RNG.normal(size=2000)
    biased = effect + 5 * RNG.normal(size=500)[kinds]
    assert spearmanr(biased, effect)[0] < 0.5
    assert spearmanr(score.calibrated(biased, kinds), effect)[0] > 0.8


def test_committed_scores_of_a_committed_model_stay():
    """LLR of three substitutions by the model of E. coli, as first computed."""
    place = np.array([60, 61, 64])
    given = np.tile(GENOME[:128], (3, 1)), place, (GENOME[place] + 1) % 4
    llr = score.llr(hub.load("glm-ecoli"), *given)
    assert_allclose(llr, [-0.62188673, 1.0728397, -0.2749008], atol=1e-5)
