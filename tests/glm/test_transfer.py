"""Transfer: poolings, k-mer shares, choice of layers, fitted networks."""

import dataclasses
import importlib.util
from functools import partial

import numpy as np
import pytest
from glm import toys

from genebench.benchmark import results
from genebench.core.errors import BadInput
from genebench.glm import codes
from notebooks.studies.lib import transfer


def test_kmer_shares_are_the_same_on_both_strands_and_skip_n():
    sequences = toys.bases(90).reshape(3, 30)
    shares = transfer.kmer_shares(sequences, 3)
    np.testing.assert_allclose(shares, transfer.kmer_shares(toys.reverse(sequences), 3), atol=1e-7)
    np.testing.assert_allclose(shares.sum(1), 1, rtol=1e-6)
    two = transfer.kmer_shares(codes.encode("ACNNA")[None], 2)[0]  # AC and GT
    assert np.flatnonzero(two).tolist() == [1, 11] and (two[[1, 11]] == 0.5).all()


def test_poolings_skip_unknown_bases():
    states = np.random.default_rng(0).normal(size=(2, 5, 3))
    known = np.array([[True] * 3 + [False] * 2, [True] * 5])
    mean, highest, deviation = transfer.pool(states, known)
    np.testing.assert_allclose(mean[0], states[0, :3].mean(0))
    np.testing.assert_allclose(highest[0], states[0, :3].max(0))
    np.testing.assert_allclose(deviation[1], states[1].std(0))


def test_some_layers_are_those_of_all():
    model, sequences = toys.network(), toys.bases(150).reshape(5, 30)
    every = transfer.embeddings(model, sequences)
    some = transfer.embeddings(model, sequences, layers=[0, model.layers - 1], batch=2)
    assert {layer for layer, _ in some} == {0, model.layers - 1}
    assert len(every) == 3 * model.layers
    for key, vectors in some.items():
        np.testing.assert_allclose(vectors, every[key], atol=1e-6)


def test_the_layer_is_chosen_on_the_rows_of_training_alone():
    task, rng = toys.labelled(120), np.random.default_rng(0)
    train = np.arange(80)
    good = task.label[:, None] + rng.normal(0, 0.4, (120, 3))
    misleading = good.copy()
    misleading[train] = rng.normal(0, 1, (80, 3))  # knows the tested labels alone
    choice = transfer.LayerChoice(task, {(0, "mean"): misleading, (3, "max"): good})
    assert choice(train) is good and choice.usual() is good
    table = choice.table().set_index("layer")
    assert table.chosen.tolist() == [0, 1] and table.score[3] > 0.9 > table.score[0]
    turned = np.where(np.arange(120) < 80, task.label, 1 - task.label)
    other = transfer.LayerChoice(dataclasses.replace(task, label=turned), choice.vectors)
    assert other(train) is good


def test_a_fitted_network_finds_a_planted_word_and_a_probe_of_noise_does_not():
    task, rng = toys.labelled(240), np.random.default_rng(0)
    noise = {"noise": rng.normal(size=(240, 4)), "label": task.label[:, None].astype(float)}
    cnn = transfer.Network(partial(transfer.OneHotCNN, 16), "binary", 5e-3, epochs=10)
    families = dict.fromkeys(["noise", "label"], "control") | {"cnn": "labels alone"}
    options = {"splits": ("random", "matched"), "seeds": (0, 1)}
    frame = transfer.evaluate(task, noise, {"cnn": cnn}, families, **options)
    assert results.validate(frame[results.SCHEMA.names], "frame") == []
    main = frame[frame.metric == "auroc"].set_index(["model", "split"]).sort_index()
    assert len(main) == 3 * 2 * 2 and (main.n_test.xs("random", level=1) == 48).all()
    assert main.score["cnn"].mean() > 0.9 and (main.score["label"] > 1 - 1e-9).all()
    noise = main.loc["noise"]
    assert (noise.low.mean() < 0.5) and (noise.high.mean() > 0.5)
    assert set(main.probe["cnn"]) == {"fitted"} and set(main.probe["noise"]) == {"linear"}
    with pytest.raises(BadInput, match="unknown model 'cnn'"):
        transfer.evaluate(task, {}, {"cnn": cnn}, {}, splits=("random",))


def test_values_are_fitted_on_their_own_scale():
    task = toys.labelled(160)
    label = 1000 + 50.0 * task.label
    cnn = transfer.Network(partial(transfer.OneHotCNN, 8), "regression", 5e-3, epochs=6)
    predicted = cnn.fit(task.codes, label, np.arange(120)).predict(task.codes[120:])
    assert np.abs(predicted - label[120:]).mean() < 25
    reverse = cnn.predict(toys.reverse(task.codes[120:]))
    np.testing.assert_allclose(predicted, reverse, rtol=1e-5)


def test_low_rank_adapters_leave_the_network_as_it_is():
    model = toys.network()
    if importlib.util.find_spec("peft"):
        tuned = transfer.FineTuned(model, lora=True)
        moving = sum(p.numel() for p in tuned.parameters() if p.requires_grad)
        assert 0 < moving < 0.5 * sum(p.numel() for p in tuned.parameters())
    else:
        with pytest.raises(BadInput, match="pip install peft"):
            transfer.FineTuned(model, lora=True)
    assert all(p.requires_grad for p in model.network.parameters())
    with pytest.raises(BadInput, match="'m' has no network to fine-tune"):
        transfer.FineTuned(type("M", (), {"name": "m"})())


def test_an_untrained_network_has_the_same_shape_and_other_weights():
    model = toys.network()
    other = transfer.untrained(model)
    pairs = list(zip(*(m.network.parameters() for m in (model, other))))
    assert all(a.shape == b.shape for a, b in pairs) and any((a != b).any() for a, b in pairs)
    assert other.name == "untrained"
