"""Training: what is learnt, resuming, recipes from files."""

import numpy as np
import pytest
from helpers import refused, rows
from scipy.stats import entropy

from genebench.glm import hub, net, perplexity, train, trained
from genebench.glm.codes import Sequence
from tests.glm.tiny import ARCHITECTURES, GENOME, label, recipes, small, windows

SEQUENCES = [Sequence("a", GENOME)]
MORE = recipes("""
objective: causal, tokens: kmer, k: 3, equivariant: false
objective: masked, tokens: bpe, equivariant: false, merges: 20
objective: blind-spot, dtype: bfloat16, species: 2
""")


@pytest.mark.parametrize("given", [*ARCHITECTURES[::3], *MORE], ids=label)
def test_a_trained_model_is_loaded_again_with_the_same_answers(tmp_path, given):
    recipe, w = small(**given), windows(2)
    folder = train.train(SEQUENCES, recipe, tmp_path / "m")
    if recipe.species:
        with refused("knows 2 species .* say which, as in 'FOLDER@1'"):
            hub.load(folder).conditionals(w)
    name = f"{folder}@2" if recipe.species else folder
    m, again = hub.load(name), hub.load(name)
    method = "likelihood" if recipe.tokens == "bpe" else "conditionals"
    out = getattr(m, method)(w)
    assert np.isfinite(out).all() and np.array_equal(out, getattr(again, method)(w))
    last, rows, places = m.states(w)[-1], np.arange(2), np.array([7, 20])
    assert last.shape[:2] == w.shape and not (folder / "state.pt").exists()
    np.testing.assert_allclose(m.hidden(w, places), last[rows, places], atol=1e-5)


def test_each_species_is_validated_as_its_own(tmp_path):
    fasta = [tmp_path / "a.fa", tmp_path / "b.fa"]
    for path in fasta:
        path.write_text(f">{path.stem}\n{'ACGT' * 40}\n")
    model = trained.TrainedModel(small(objective="causal", equivariant=False, species=2))
    for sequence in train.split(fasta, ["a", "b"][:1], several=2)[0]:
        bits = perplexity.model_bits(model, sequence)
        assert sequence.species == model.species == 2 and np.isfinite(bits).all()
    with refused("2 files for 1 species"):
        train.split(fasta, [], several=1)
    with refused("has no species 3"):
        model.species = 3


def test_training_learns_what_can_be_learnt(tmp_path):
    """Independent truth: the entropy of ACGT repeated with 10 % of the bases drawn anew."""
    rng, s = np.random.default_rng(0), np.tile(np.arange(4, dtype=np.uint8), 5000)
    s = np.where(rng.random(len(s)) < 0.1, rng.integers(0, 4, len(s)), s).astype(np.uint8)
    recipe = small(steps=100, equivariant=False, rate=0.01, batch=8)
    m = hub.load(train.train([Sequence("x", s)], recipe, tmp_path / "m"))
    bits = np.nanmean(perplexity.model_bits(m, Sequence("y", s[:4000])))
    assert -0.03 < bits - entropy([0.925, 0.025, 0.025, 0.025], base=2) < 0.08


def test_a_stopped_training_resumes_to_the_same_weights(tmp_path, monkeypatch):
    recipe, cut, said = small(steps=120), tmp_path / "cut", []
    whole = train.train(SEQUENCES, recipe, tmp_path / "whole")
    monkeypatch.setattr(train, "EVERY", 0.0)

    def stop(stage, done, total):
        if done == 100:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train.train(SEQUENCES, recipe, cut, progress=stop)
    assert (cut / "state.pt").exists() and not (cut / "recipe.json").exists()
    for _ in range(2):
        train.train(SEQUENCES, recipe, cut, say=said.append)
    assert "going on at step 50 of 120" in said[0] and said[-1] == f"{cut}: already trained."
    weights = [(f / "weights.safetensors").read_bytes() for f in (whole, cut)]
    assert weights[0] == weights[1]


def test_recipes_from_files_and_changes(tmp_path):
    (tmp_path / "r.yml").write_text("width: 32\nsteps: 10\n")
    recipe = train.read_recipe(tmp_path / "r.yml", ["steps=20", "equivariant=false"])
    assert (recipe.width, recipe.steps, recipe.equivariant) == (32, 20, False)
    assert train.read_recipe(None) == net.Recipe()


def test_what_cannot_be_trained_is_an_error(tmp_path):
    path = tmp_path / "r.yml"
    with refused("there is no such file"):
        train.read_recipe(path)
    for text, change, sentence in rows("""
- a       | a=1     | where a mapping of names to values belongs
a: [      | a=1     | malformed YAML
width: 32 | steps   | not of the form key=value
width: 32 | steps=[ | key 'steps': input should be a valid integer
"""):
        path.write_text(text)
        with refused(sentence):
            train.read_recipe(path, [change])
    with refused("as long as the window of 64"):
        train.train([Sequence("a", GENOME[:20])], small(), tmp_path)
