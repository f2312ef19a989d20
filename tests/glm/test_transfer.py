"""Transfer: windows and their splits, k-mer shares, choice of layers, fitted networks."""

import numpy as np
import pandas as pd
import pytest
from glm import toys
from scipy import stats

from genebench.glm import codes
from notebooks.studies.lib import labels, transfer, windows


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


def test_repeats_of_a_locus_count_once():
    values = {"mpra/f9-a": 0.1, "mpra/f9-b": 0.3, "mpra/ldlr": 0.6, "mpra/tert-x": 0.4}
    frame = pd.DataFrame({"task": values.keys(), "model": "m", "score": values.values()})
    row = labels.over_loci(frame.assign(metric="spearman")).iloc[0]
    low, high = stats.t.interval(0.95, 2, 0.4, stats.sem([0.2, 0.6, 0.4]))
    assert (row.loci, row.score, row.low, row.high) == pytest.approx((3, 0.4, low, high))
