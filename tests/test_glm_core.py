"""Codes, networks, training and tokens of the small genomic language models."""

import json
import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
import torch

from genebench.glm import base, codes, load, net, own, recipe, tokens, train
from genebench.glm.base import Sequence

LENGTH = 48


def small(**given):
    """A recipe that trains in a second."""
    usual = {
        "width": 16,
        "joint": 16,
        "depth": 2,
        "first": 3,
        "window": 64,
        "batch": 4,
        "steps": 3,
        "heads": 2,
    }
    return recipe.recipe({**usual, **given})


@pytest.fixture(scope="module")
def genome():
    return [Sequence("a", np.random.default_rng(0).integers(0, 4, 3000).astype(np.uint8))]


def model(**given):
    """A network with fresh weights: its laws hold before any training."""
    made = small(**given)
    torch.manual_seed(1)
    network = net.build(made)
    for p in network.parameters():
        if p.ndim > 1:
            torch.nn.init.normal_(p, std=0.3)
    return own.Own(made, network, tokens.Tokens(made))


MIXERS = ("convolution", "attention", "state-space")
ALL = [{"objective": o, "mixer": m} for o in ("blind-spot", "masked", "causal") for m in MIXERS]
NAMES = [f"{g['objective']}-{g['mixer']}" for g in ALL]


def windows(n=3, length=LENGTH, seed=0):
    return np.random.default_rng(seed).integers(0, 4, (n, length)).astype(np.uint8)


def test_codes_go_there_and_back_and_turn_round():
    text = "ACGTNacgtnRYU"
    assert codes.decode(codes.encode(text)) == "ACGTNACGTNNNT"
    assert codes.decode(codes.reverse_complement(codes.encode("AACGTN"))) == "NACGTT"
    assert codes.lower("AcgT").tolist() == [False, True, True, False]
    assert codes.kmers(codes.encode("ACGTN"), 2).tolist() == [1, 6, 11, -1]
    assert (
        codes.decode(codes.windows(codes.encode("ACGT"), np.array([-2, 2]), 4).ravel())
        == "NNACGTNN"
    )


@pytest.mark.parametrize("given", ALL, ids=NAMES)
def test_conditionals_are_probabilities_that_do_not_look_at_the_base_itself(given):
    m, w = model(**given), windows()
    p = m.conditionals(w)
    assert p.shape == (3, LENGTH, 4) and p.dtype == np.float32
    assert np.abs(np.exp(p).sum(-1) - 1).max() < 1e-5
    changed = w.copy()
    changed[:, 20] = (changed[:, 20] + 1) % 4
    q = m.conditionals(changed)
    assert np.abs(p - q)[:, 20].max() < 2e-5  # a Fourier transform leaks its rounding
    assert np.abs(p - q)[:, 21].max() > 1e-3
    left = np.abs(p - q)[:, :20].max()
    assert (left < 2e-5) if given["objective"] == "causal" else (left > 1e-3)


TWO = [g for g in ALL if g["objective"] != "causal"]


@pytest.mark.parametrize("given", TWO, ids=[n for n in NAMES if "causal" not in n])
def test_an_equivariant_network_treats_both_strands_alike(given):
    m, w = model(**given), windows()
    turned = m.conditionals(np.ascontiguousarray(codes.reverse_complement(w)))[:, ::-1, ::-1]
    assert np.abs(m.conditionals(w) - turned).max() < 1e-4
    other = model(**given, equivariant=False)
    turned = other.conditionals(np.ascontiguousarray(codes.reverse_complement(w)))[:, ::-1, ::-1]
    assert np.abs(other.conditionals(w) - turned).max() > 1e-2


@pytest.mark.parametrize("given", ALL, ids=NAMES)
def test_answers_do_not_depend_on_what_else_is_in_the_batch(given):
    m, w = model(**given), windows(5)
    alone = np.concatenate([m.conditionals(w[i : i + 1]) for i in range(5)])
    assert np.abs(alone - m.conditionals(w)).max() < 1e-5


@pytest.mark.parametrize(
    "given", [{}, {"objective": "masked", "tokens": "kmer", "k": 3, "equivariant": False}]
)
def test_all_layers_of_one_pass_are_those_asked_for_one_by_one(given):
    m = model(**given)
    windows = np.random.default_rng(1).integers(0, 5, (3, 30)).astype(np.uint8)
    every = m.states(windows)
    assert len(every) == m.layers
    for layer, found in enumerate(every):
        np.testing.assert_allclose(found, m.hidden(windows, layer), atol=1e-6)
    np.testing.assert_allclose(every[-1], m.hidden(windows, -1), atol=1e-6)


def test_a_convolution_sees_exactly_its_context():
    m = model(objective="blind-spot")
    w = windows(1, 96)
    far = m.recipe.context
    p = m.conditionals(w)
    for distance, moves in ((far, True), (far + 1, False)):
        changed = w.copy()
        changed[0, 48 - distance] = (changed[0, 48 - distance] + 1) % 4
        assert (np.abs(m.conditionals(changed) - p)[0, 48].max() > 0) == moves


def test_a_kmer_model_is_conditioned_as_enumeration_says():
    """Independent truth: all 64 tokens by hand, the base at place 1 of the k-mer given the other two."""
    m = model(objective="masked", tokens="kmer", k=3, equivariant=False)
    w = windows(2, 24)
    ids = m.tokens.encode(w)
    ids[:, 2] = m.tokens.mask
    with torch.inference_mode():
        p = torch.softmax(m.network(torch.from_numpy(ids))[0][:, 2].double(), -1).numpy()
    for row in range(2):
        hand = np.array([p[row, 16 * w[row, 6] + 4 * b + w[row, 8]] for b in range(4)])
        assert np.allclose(np.exp(m.at(w, np.array([7, 7]))[row]), hand / hand.sum(), atol=1e-5)


def test_a_causal_kmer_model_multiplies_to_the_likelihood_of_its_tokens():
    m = model(objective="causal", tokens="kmer", k=3, equivariant=False)
    w = windows(2, 24)
    p = np.take_along_axis(m.conditionals(w), w[..., None].astype(int), -1)[..., 0].sum(1)
    assert np.allclose(p, m.likelihood(w), atol=1e-4)


@pytest.mark.parametrize(
    "given",
    [
        *ALL,
        {"objective": "causal", "tokens": "kmer", "equivariant": False},
        {"objective": "masked", "tokens": "bpe", "equivariant": False, "merges": 20},
        {"objective": "blind-spot", "dtype": "bfloat16", "species": 2},
    ],
    ids=[*NAMES, "kmer", "bpe", "species"],
)
def test_what_is_trained_is_loaded_again_with_the_same_answers(tmp_path, genome, given):
    made = small(**given)
    folder = train.train(genome, made, tmp_path / "m")
    m, again = load.load(folder), load.load(folder)
    w = windows(2)
    ask = (lambda x: x.likelihood(w)) if made.tokens == "bpe" else (lambda x: x.conditionals(w))
    assert np.array_equal(ask(m), ask(again)) and np.isfinite(ask(m)).all()
    assert m.hidden(w).shape[:2] == w.shape and isinstance(m, base.Nucleotides)
    told = json.loads((folder / "recipe.json").read_text())
    assert told["facts"]["weights"] == net.size(m.network) and not (folder / "state.pt").exists()


def test_training_learns_what_can_be_learnt(tmp_path):
    """Independent truth: a sequence that repeats ACGT with 10 % of the bases drawn anew has a known entropy."""
    rng = np.random.default_rng(0)
    s = np.tile(np.arange(4, dtype=np.uint8), 5000)
    s = np.where(rng.random(len(s)) < 0.1, rng.integers(0, 4, len(s)), s).astype(np.uint8)
    p = 0.9 + 0.1 / 4
    entropy = -(p * np.log2(p) + 3 * (0.025 * np.log2(0.025)))
    made = small(steps=150, equivariant=False, rate=0.01, batch=8)
    m = load.load(train.train([Sequence("x", s)], made, tmp_path / "m"))
    found = float(np.nanmean(base.bits(m, Sequence("y", s[:4000]))))
    assert entropy - 0.03 < found < entropy + 0.08


def test_a_training_that_was_killed_goes_on_to_the_same_weights(tmp_path, genome):
    made = small(steps=12)
    whole = train.train(genome, made, tmp_path / "whole")
    count = iter(range(100))
    with pytest.raises(KeyboardInterrupt):
        train.train(genome, made, tmp_path / "cut", stop=lambda: next(count) == 6)
    assert (tmp_path / "cut" / "state.pt").exists() and not (
        tmp_path / "cut" / "recipe.json"
    ).exists()
    said = []
    train.train(genome, made, tmp_path / "cut", say=said.append)
    assert "going on at step 7 of 12" in said[0]
    assert (whole / "weights.safetensors").read_bytes() == (
        tmp_path / "cut" / "weights.safetensors"
    ).read_bytes()
    said.clear()
    train.train(genome, made, tmp_path / "cut", say=said.append)
    assert said == [f"{tmp_path / 'cut'}: already trained."]


@pytest.mark.slow
def test_kill_dash_nine_loses_at_most_one_stretch(tmp_path):
    code = (
        "import numpy as np; from genebench.glm import train, recipe; from genebench.glm.base import Sequence;"
        "train.EVERY = 0.0;"
        "s = [Sequence('a', np.random.default_rng(0).integers(0, 4, 3000).astype(np.uint8))];"
        "r = recipe.recipe(dict(width=16, joint=16, depth=2, first=3, window=64, batch=4, steps=100000));"
        f"train.train(s, r, {str(tmp_path / 'm')!r})"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code], env={**os.environ, "PYTHONPATH": os.getcwd()}
    )
    end = time.monotonic() + 120
    while not (tmp_path / "m" / "state.pt").exists() and time.monotonic() < end:
        time.sleep(0.2)
    process.send_signal(signal.SIGKILL)
    process.wait()
    held = torch.load(tmp_path / "m" / "state.pt", weights_only=True)
    assert held["step"] % 50 == 0 and held["step"] >= 50


def test_repeats_and_regions_weigh_as_the_recipe_says():
    s = Sequence(
        "a",
        codes.encode("ACGTN"),
        np.array([0, 1, 0, 0, 1], bool),
        np.array([0, 0, 2, 2, 0], np.uint8),
    )
    assert train.base_weights(s, small(repeats=0.5, weights={2: 3.0})).tolist() == [1, 0.5, 3, 3, 0]


@pytest.mark.parametrize(
    "given, told",
    [
        ({"widht": 3}, "widht: Extra inputs"),
        ({"width": "wide"}, "width: Input should be a valid integer"),
        ({"tokens": "kmer"}, "take objective masked or causal"),
        ({"objective": "causal", "tokens": "bpe"}, "set equivariant: false"),
        ({"mixer": "attention", "width": 10}, "no multiple of twice the 4 heads"),
    ],
)
def test_a_wrong_recipe_is_answered_in_one_sentence(given, told):
    with pytest.raises(base_error(), match=told) as err:
        recipe.recipe(given)
    assert "\n" not in str(err.value)


def base_error():
    from genebench.core.errors import BadInput

    return BadInput


def test_broken_and_foreign_models_are_named(tmp_path, genome):
    bad = base_error()
    with pytest.raises(bad, match="no model 'nothing'"):
        load.load("nothing")
    folder = train.train(genome, small(), tmp_path / "m")
    with pytest.raises(bad, match="layers 0 to 2, not 7"):
        load.load(folder).hidden(windows(1), 7)
    data = bytearray((folder / "weights.safetensors").read_bytes())
    data[-1] ^= 1
    (folder / "weights.safetensors").write_bytes(data)
    with pytest.raises(bad, match="SHA-256 differs"):
        load.load(folder)
    (folder / "recipe.json").write_text("{")
    with pytest.raises(bad, match="no readable recipe"):
        load.load(folder)
    with pytest.raises(bad, match="as long as the window of 64"):
        train.train([Sequence("a", windows(1, 20)[0])], small(), tmp_path / "n")
