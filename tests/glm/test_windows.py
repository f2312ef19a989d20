"""Tasks of windows: draws, splits, families."""

import numpy as np
import pandas as pd
import pytest
from glm import toys

from genebench.core import specs
from genebench.core.errors import BadInput
from genebench.data import sources
from genebench.glm import codes, genomes
from notebooks.studies.lib import windows


def test_at_most_a_quarter_of_the_drawn_windows_is_of_the_published_test():
    test = np.arange(1000) % 2 == 0
    for most, tested in ((200, 50), (5000, 500)):
        rows = windows.subsample(test, most)
        assert len(set(rows)) == min(most, 1000) and (np.diff(rows) > 0).all()
        assert test[rows].sum() == tested
    few = np.arange(1000) < 10
    assert few[windows.subsample(few, 200)].sum() == 10


def test_shorter_sequences_end_in_n():
    assert windows.stack(["ACG", "T"]).tolist() == [[0, 1, 2], [3, 4, 4]]


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


def test_a_split_that_is_not_there_is_an_error():
    with pytest.raises(BadInput, match="no published split"):
        windows.split(toys.labelled(10), "published", seed=0)
    with pytest.raises(BadInput, match="unknown split of windows 'randm'; did you mean 'random'"):
        windows.split(toys.labelled(10), "randm", seed=0)
    with pytest.raises(BadInput, match="unknown set of windows 'enhancers'"):
        windows.load("enhancers", {})


def test_families_share_words_directly_or_through_others():
    sequences = toys.bases(2400).reshape(40, 60)
    sequences[1, :20] = sequences[0, 30:50]
    sequences[2, 40:] = toys.reverse(sequences[1, 30:50])
    family = windows.families(sequences)
    assert len(set(family[:3])) == 1 and len(set(family)) == 38


def test_promoters_are_cut_out_of_the_reporter_and_repeats_averaged(monkeypatch):
    inner = [codes.decode(toys.bases(80, seed=i)) for i in (1, 2)]
    whole = ["T" * 17 + s + "G" * 13 for s in inner]
    rows = [
        ("native", "SC-Ura", whole[0], "1.0", "30"),
        ("native", "SC-Ura", whole[0], "3.0", "30"),
        ("random", "SC-Ura", whole[1], "5.0", "30"),
        ("native", "YPD", whole[1], "7.0", "30"),  # another medium
        ("native", "SC-Ura", whole[1], "7.0", "2"),  # too few reads
        ("native", "SC-Ura", whole[1][:-15], "7.0", "30"),  # too short
    ]
    table = pd.DataFrame(rows, columns=["set", "condition", "sequence", "expression", "n_reads"])
    monkeypatch.setattr(sources, "table", lambda source, file: table)
    promoters = windows.promoters({"yeast_mpra": None}, fewest_reads=10)
    expected = {"set": ["native", "random"], "sequence": inner, "expression": [2.0, 5.0]}
    assert promoters.to_dict("list") == expected
    task = windows.expression({"yeast_mpra": None})
    assert task.codes.shape == (1, 80) and task.label.tolist() == [2.0]


@pytest.mark.mirror
@pytest.mark.parametrize(
    "name, source", [("promoter-tata", "gue"), ("yeast-expression", "yeast_mpra")]
)
def test_a_set_of_windows_is_small_enough_and_splits(name, source):
    declared = specs.sources()
    if sources.status(declared[source])[0] != "ready":
        pytest.skip(f"the windows of {source} are not here; run 'genebench fetch {source}'")
    task = windows.load(name, declared)
    assert 300 < len(task) <= windows.MOST and task.test.sum() <= windows.MOST // 4
    train, test = windows.split(task, "spectral", seed=0)
    assert len(train) > 50 and len(test) > 20
