"""Transfer: windows and their splits, k-mer shares, choice of layers, fitted networks."""

import importlib.util
from functools import partial

import numpy as np
import pytest
from glm import toys

from genebench.benchmark import results, validation
from genebench.core.errors import BadInput
from genebench.glm import codes
from notebooks.studies.lib import transfer, windows
from tests.glm.tiny import model


def test_kmer_shares_are_the_same_on_both_strands_and_skip_n():
    sequences = toys.bases(90).reshape(3, 30)
    shares, other = (transfer.kmer_shares(s, 3) for s in (sequences, toys.reverse(sequences)))
    np.testing.assert_allclose(shares, other, atol=1e-7)
    two = transfer.kmer_shares(codes.encode("ACNNA")[None], 2)[0]  # AC and GT
    assert np.flatnonzero(two).tolist() == [1, 11] and (two[[1, 11]] == 0.5).all()


def test_the_layer_is_chosen_on_the_rows_of_training_alone():
    task, rng = toys.labelled(120), np.random.default_rng(0)
    train = np.arange(80)
    good = task.label[:, None] + rng.normal(0, 0.4, (120, 3))
    misleading = np.vstack([rng.normal(0, 1, (80, 3)), good[80:]])  # knows the tested labels alone
    choice = transfer.LayerChoice(task, {(0, "mean"): misleading, (3, "max"): good})
    assert choice(train) is good and choice.usual() is good
    table = choice.table().set_index("layer")
    assert table.chosen.tolist() == [0, 1] and table.score[3] > 0.9 > table.score[0]


def test_a_fitted_network_finds_a_planted_word_and_a_probe_of_noise_does_not():
    task, rng = toys.labelled(240), np.random.default_rng(0)
    noise = {"noise": rng.normal(size=(240, 4)), "label": task.label[:, None].astype(float)}
    cnn = transfer.Network(partial(transfer.OneHotCNN, 16), "binary", 5e-3, epochs=10)
    families = dict.fromkeys(["noise", "label"], "control") | {"cnn": "labels alone"}
    options = {"splits": ("random", "matched"), "seeds": (0, 1)}
    frame = transfer.evaluate(task, noise, {"cnn": cnn}, families, **options)
    assert validation.validate(frame[results.SCHEMA.names], "frame") == []
    main = frame[frame.metric == "auroc"].set_index(["model", "split"]).sort_index()
    assert len(main) == 3 * 2 * 2 and (main.n_test.xs("random", level=1) == 48).all()
    assert main.score["cnn"].mean() > 0.9 and (main.score["label"] > 1 - 1e-9).all()
    assert main.low["noise"].mean() < 0.5 < main.high["noise"].mean()
    with pytest.raises(BadInput, match="unknown model 'cnn'"):
        transfer.evaluate(task, {}, {"cnn": cnn}, {}, splits=("random",))


def test_low_rank_adapters_leave_the_network_as_it_is():
    network = model()
    if not importlib.util.find_spec("peft"):
        with pytest.raises(BadInput, match="pip install peft"):
            transfer.FineTuned(network, lora=True)
    assert all(p.requires_grad for p in network.network.parameters())


@pytest.mark.parametrize("seed", [0, 1])
def test_a_spectral_split_shares_no_word_and_a_matched_one_is_as_large(seed):
    task = toys.labelled(60)
    train, test = windows.split(task, "spectral", seed=seed)
    words = [
        {*np.concatenate([codes.canonical(w, 16) for w in task.codes[s]])} for s in (train, test)
    ]
    assert len(train) and len(test) and not words[0] & words[1]
    a, b = windows.split(task, "matched", seed=seed)
    assert (len(a), len(b)) == (len(train), len(test)) and not set(a) & set(b)
    assert len(a) + len(b) < 60
    assert sum(map(len, windows.split(task, "random", seed=seed))) == 60


@pytest.mark.parametrize(
    "read, sentence",
    [
        (lambda task: windows.split(task, "published", seed=0), "no published split"),
        (lambda task: windows.split(task, "randm", seed=0), "'randm'; did you mean 'random'"),
        (lambda task: windows.load("enhancers", {}), "unknown set of windows 'enhancers'"),
        (transfer.FineTuned, "'t' has no network to fine-tune"),
    ],
)
def test_what_is_not_there_is_an_error(read, sentence):
    with pytest.raises(BadInput, match=sentence):
        read(toys.labelled(10))
