"""Tasks of windows: draws, splits, families."""

import numpy as np
import pandas as pd
import pytest
from glm import toys

from genebench.core.errors import BadInput
from genebench.data import sources
from genebench.glm import codes
from notebooks.studies.lib import windows


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


def test_promoters_are_cut_out_of_the_reporter_and_repeats_averaged(monkeypatch):
    inner = [codes.decode(toys.bases(80, seed=i)) for i in (1, 2)]
    whole = ["T" * 17 + s + "G" * 13 for s in inner]
    rows = [
        ("native", "SC-Ura", whole[0], "1.0", "30"),
        ("native", "SC-Ura", whole[0], "3.0", "30"),
        ("random", "SC-Ura", whole[1], "5.0", "30"),
        ("native", "YPD", whole[1], "7.0", "30"),  # another medium
        ("native", "SC-Ura", whole[1], "7.0", "2"),  # too few reads
    ]
    table = pd.DataFrame(rows, columns=["set", "condition", "sequence", "expression", "n_reads"])
    monkeypatch.setattr(sources, "table", lambda source, file: table)
    promoters = windows.promoters({"yeast_mpra": None}, fewest_reads=10)
    expected = {"set": ["native", "random"], "sequence": inner, "expression": [2.0, 5.0]}
    assert promoters.to_dict("list") == expected
    task = windows.expression({"yeast_mpra": None})
    assert task.codes.shape == (1, 80) and task.label.tolist() == [2.0]
