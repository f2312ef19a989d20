"""Scores of variants against a slow reference, on both strands, by every kind of model."""

import numpy as np
import pytest
from scipy.stats import spearmanr

from benchmarks.glm import plain
from genebench.glm import codes, hub, score
from tests.glm.tiny import GENOME, KMERS, LENGTH, RNG, checkpoint, model

HUB = ["bert", "bert-kmer", "esm", "gpt2", "llama", "mamba"]
FEW = ["blind-spot", "masked", "causal", "bert", "gpt2"]
TRAINED = {
    "blind-spot": {"objective": "blind-spot"},
    "masked": {"objective": "masked", "equivariant": False},
    "masked-kmer": {"objective": "masked", **KMERS},
    "causal": {"objective": "causal"},
    "causal-attention": {"objective": "causal", "mixer": "attention"},
    "causal-state-space": {"objective": "causal", "mixer": "state-space"},
    "causal-kmer": {"objective": "causal", **KMERS},
}


@pytest.fixture(scope="module")
def every(tmp_path_factory):
    """Models by name: networks of every kind, and tiny ones of Hugging Face."""
    out = {name: model(**given) for name, given in TRAINED.items()}
    for kind in HUB:
        out[kind] = hub.load(checkpoint(tmp_path_factory.mktemp(kind), kind))
    return out


def some(m, n=12):
    """Windows of the genome's grid, positions in them, references and alternatives."""
    positions = np.sort(RNG.integers(60, 600, n))
    ref = GENOME[positions]
    alt = ((ref + RNG.integers(1, 4, n)) % 4).astype(np.uint8)
    return positions, *score.placed(m, GENOME, positions, LENGTH), ref, alt


@pytest.mark.parametrize("name", [*TRAINED, *HUB])
def test_llr_equals_a_slow_reference_on_both_strands_and_in_any_batch(every, name, monkeypatch):
    m = every[name]
    positions, w, p, r, a = some(m)
    llr = score.llr(m, w, p, a)
    assert np.ptp(llr) > 1e-3
    slow = plain(m, GENOME, positions, r, a, length=LENGTH)
    assert np.abs(llr - slow).max() < 1e-5 * max(1, np.abs(llr).max())
    other = np.ascontiguousarray(codes.reverse_complement(w))
    assert np.abs(llr - score.llr(m, other, LENGTH - 1 - p, 3 - a)).max() < 1e-4
    order = RNG.permutation(len(p))
    monkeypatch.setattr(score, "_BATCH", 3)
    shuffled = score.llr(m, w[order], p[order], a[order])
    assert np.abs(shuffled - llr[order]).max() < 1e-5


@pytest.mark.parametrize("name", FEW)
def test_a_pseudo_llr_of_one_substitution_without_neighbours_is_the_llr(every, name, monkeypatch):
    monkeypatch.setattr(score, "AROUND", 0)
    m, position = every[name], np.array([200, 333])
    alt = ((GENOME[position] + 1) % 4).astype(np.uint8)
    changes = [(int(p), 1, np.array([a])) for p, a in zip(position, alt)]
    pseudo = score.pseudo(m, GENOME, changes, length=LENGTH)
    start = position - (LENGTH - 1) // 2
    windows = codes.windows(GENOME, start, LENGTH)
    llr = score.llr(m, windows, position - start, alt)
    assert np.allclose(pseudo, llr, atol=1e-4)


@pytest.mark.parametrize("name", FEW)
def test_influence_is_the_mean_divergence_of_the_neighbours(every, name, monkeypatch):
    monkeypatch.setattr(score, "REACH", 5)
    m = every[name]
    _, w, p, r, a = some(m, 4)
    influence = score.influence(m, w, p, a)
    changed = w.copy()
    changed[np.arange(4), p] = a
    x, y = (m.conditionals(rows).astype(float) for rows in (w, changed))
    divergence = (np.exp(x) * (x - y)).sum(-1)
    low = 0 if m.objective == "causal" else -5
    for i, q in enumerate(p):
        near = [j for j in range(max(0, q + low), min(LENGTH, q + 6)) if j != q]
        assert np.isclose(influence[i], np.mean(divergence[i, near]), atol=1e-5)
    assert (score.embedding(m, w, p, a) > 0).all() and (score.embedding(m, w, p, r) < 1e-5).all()


def test_calibration_removes_the_bias_of_mutation():
    """Independent truth: scores that are an effect plus any function of context and alternative."""
    positions = np.repeat(np.arange(1, 699), 3)
    alt = ((GENOME[positions] + np.tile([1, 2, 3], 698)) % 4).astype(np.uint8)
    kinds = score.contexts(GENOME, positions, alt)
    effect = RNG.normal(size=len(kinds))
    biased = effect + 5 * RNG.normal(size=500)[kinds]
    assert spearmanr(biased, effect)[0] < 0.5
    assert spearmanr(score.calibrated(biased, kinds), effect)[0] > 0.8


def test_committed_scores_of_a_committed_model_stay():
    """LLR of three substitutions by the model of E. coli, as first computed."""
    m, position = hub.load("glm-ecoli"), np.array([60, 61, 64])
    alt = (GENOME[position] + 1) % 4
    llr = score.llr(m, np.tile(GENOME[:128], (3, 1)), position, alt)
    np.testing.assert_allclose(llr, [-0.62188673, 1.0728397, -0.2749008], atol=1e-5)
