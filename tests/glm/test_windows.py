"""Tasks of windows: draws, splits, families."""

import numpy as np
import pytest
from glm import toys

from genebench.core.errors import BadInput
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
