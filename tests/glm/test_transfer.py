"""Transfer: windows and their splits, k-mer shares, choice of layers, fitted networks."""

import numpy as np
from glm import toys

from genebench.glm import codes
from notebooks.studies.lib import transfer, windows


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


def test_a_spectral_split_shares_no_word_and_a_matched_one_is_as_large():
    task = toys.labelled(60)
    train, test = windows.split(task, "spectral", seed=0)
    words = [{*np.ravel([codes.canonical(w, 16) for w in task.codes[s]])} for s in (train, test)]
    assert len(train) and len(test) and not words[0] & words[1]
    a, b = windows.split(task, "matched", seed=0)
    assert (len(a), len(b)) == (len(train), len(test)) and not set(a) & set(b)
    assert len(a) + len(b) < sum(map(len, windows.split(task, "random", seed=0))) == 60


def test_networks_with_random_weights_are_scored_one_by_one():
    task, rng = toys.labelled(80), np.random.default_rng(0)
    draws = [transfer.LayerChoice(task, {(0, "mean"): rng.normal(size=(80, 4))}) for _ in range(3)]
    given = task, {"untrained": draws}, {}, {"untrained": "control"}
    scores = transfer.evaluate(*given, splits=["random"], seeds=[0])
    main = scores[scores.metric == "auroc"].set_index("variant").score
    assert list(main.index) == ["weights 1", "weights 2", "weights 3"] and main.nunique() == 3
