"""Training: what is learnt, resuming, recipes from files."""

import json
import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
import torch

from genebench.core.errors import BadInput
from genebench.glm import codes, hub, net, perplexity, train
from genebench.glm.codes import Sequence
from tests.glm.tiny import ARCHITECTURES, KMERS, label, small, windows

SEQUENCES = [Sequence("a", np.random.default_rng(0).integers(0, 4, 3000).astype(np.uint8))]
MORE = [
    {"objective": "causal", **KMERS},
    {"objective": "masked", "tokens": "bpe", "equivariant": False, "merges": 20},
    {"objective": "blind-spot", "dtype": "bfloat16", "species": 2},
]


@pytest.mark.parametrize("given", [*ARCHITECTURES, *MORE], ids=label)
def test_a_trained_model_is_loaded_again_with_the_same_answers(tmp_path, given):
    recipe, w = small(**given), windows(2)
    folder = train.train(SEQUENCES, recipe, tmp_path / "m")
    first, again = hub.load(folder), hub.load(folder)
    method = "likelihood" if recipe.tokens == "bpe" else "conditionals"
    out = getattr(first, method)(w)
    assert np.isfinite(out).all() and np.array_equal(out, getattr(again, method)(w))
    assert first.hidden(w).shape[:2] == w.shape and not (folder / "state.pt").exists()
    facts = json.loads((folder / "recipe.json").read_text())["facts"]
    assert facts["weights"] == sum(p.numel() for p in first.network.parameters())


def test_training_learns_what_can_be_learnt(tmp_path):
    """Independent truth: the entropy of ACGT repeated with 10 % of the bases drawn anew."""
    rng = np.random.default_rng(0)
    s = np.tile(np.arange(4, dtype=np.uint8), 5000)
    s = np.where(rng.random(len(s)) < 0.1, rng.integers(0, 4, len(s)), s).astype(np.uint8)
    p = 0.9 + 0.1 / 4
    entropy = -(p * np.log2(p) + 3 * (0.025 * np.log2(0.025)))
    recipe = small(steps=150, equivariant=False, rate=0.01, batch=8)
    m = hub.load(train.train([Sequence("x", s)], recipe, tmp_path / "m"))
    bits = float(np.nanmean(perplexity.model_bits(m, Sequence("y", s[:4000]))))
    assert entropy - 0.03 < bits < entropy + 0.08


def test_a_stopped_training_resumes_to_the_same_weights(tmp_path):
    recipe, cut = small(steps=12), tmp_path / "cut"
    whole = train.train(SEQUENCES, recipe, tmp_path / "whole")
    count = iter(range(100))
    with pytest.raises(KeyboardInterrupt):
        train.train(SEQUENCES, recipe, cut, stop=lambda: next(count) == 6)
    assert (cut / "state.pt").exists() and not (cut / "recipe.json").exists()
    said = []
    train.train(SEQUENCES, recipe, cut, say=said.append)
    assert "going on at step 7 of 12" in said[0]
    weights = [(f / "weights.safetensors").read_bytes() for f in (whole, cut)]
    assert weights[0] == weights[1]
    train.train(SEQUENCES, recipe, cut, say=said.append)
    assert said[-1] == f"{cut}: already trained."


@pytest.mark.slow
def test_a_killed_training_loses_at_most_one_stretch(tmp_path):
    code = (
        "import numpy as np; from genebench.glm import train, net, codes; train.EVERY = 0.0;"
        "s = [codes.Sequence('a', np.random.default_rng(0).integers(0, 4, 3000).astype('u1'))];"
        "r = net.recipe(dict(width=16, joint=16, depth=2, window=64, batch=4, steps=100000));"
        f"train.train(s, r, {str(tmp_path)!r})"
    )
    environment = {**os.environ, "PYTHONPATH": os.getcwd()}
    process = subprocess.Popen([sys.executable, "-c", code], env=environment)
    end = time.monotonic() + 120
    while not (tmp_path / "state.pt").exists() and time.monotonic() < end:
        time.sleep(0.2)
    process.send_signal(signal.SIGKILL)
    process.wait()
    step = torch.load(tmp_path / "state.pt", weights_only=True)["step"]
    assert step % 50 == 0 and step >= 50


def test_repeats_and_regions_weigh_as_the_recipe_says():
    repeats, regions = np.array([0, 1, 0, 0, 1], bool), np.array([0, 0, 2, 2, 0], np.uint8)
    s = Sequence("a", codes.encode("ACGTN"), repeats, regions)
    weights = train._base_weights(s, small(repeats=0.5, weights={2: 3.0}))
    assert weights.tolist() == [1, 0.5, 3, 3, 0]


def test_sequences_shorter_than_the_window_are_refused(tmp_path):
    with pytest.raises(BadInput, match="as long as the window of 64"):
        train.train([Sequence("a", windows(1, 20)[0])], small(), tmp_path)


def test_recipes_from_files_and_changes(tmp_path):
    path = tmp_path / "r.yml"
    path.write_text("width: 32\nsteps: 10\n")
    recipe = train.read_recipe(path, ["steps=20", "name=x"])
    assert (recipe.width, recipe.steps, recipe.name) == (32, 20, "x")
    assert train.read_recipe(None) == net.Recipe()
    for text, sentence in (("- a\n", "a table of keys and"), ("a: [\n", "no readable recipe")):
        path.write_text(text)
        with pytest.raises(BadInput, match=sentence):
            train.read_recipe(path)
    with pytest.raises(BadInput, match="not of the form key=value"):
        train.read_recipe(None, ["steps"])
