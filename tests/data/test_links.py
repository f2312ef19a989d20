"""Pairs and their negatives, against scikit-learn and what can be counted by hand."""

from collections import Counter

import numpy as np
import pandas as pd
import pytest
from helpers import refused
from sklearn.metrics import roc_auc_score

from genebench.data.builders import gene_pairs
from genebench.models import baseline

OPTIONS = {"file": "f", "first": "a", "second": "b", "ids": "symbol", "classes": ["no", "yes"]}


@pytest.fixture
def pairs(build):
    """The task of a table of pairs."""

    def one(frame, **options):
        return build("pair", "links", {"f": frame}, **{**OPTIONS, **options})

    return one


@pytest.fixture(scope="module")
def network():
    """500 genes and 1,500 pairs, of which a few genes have most."""
    rng = np.random.default_rng(1)
    chance = np.arange(1, 501) ** -0.8
    sides = rng.choice(500, (1500, 2), p=chance / chance.sum())
    sides = np.unique(sides[sides[:, 0] != sides[:, 1]], axis=0)
    return pd.DataFrame(np.char.add("G", sides.astype(str)), columns=["a", "b"])


def area(task):
    """AUROC of the number of positive pairs of both genes."""
    number = Counter(np.concatenate([side[task.labels == 1] for side in task.parts]))
    return roc_auc_score(task.labels, [number[a] * number[b] for a, b in zip(*task.parts)])


@pytest.mark.parametrize("directed", [False, True])
def test_every_gene_is_as_often_among_matched_negatives_which_degree_cannot_tell(
    pairs, network, directed
):
    task = pairs(network, directed=directed)
    first, second = task.parts
    no = task.labels == 0
    drawn = set(map(frozenset, zip(first[no], second[no])))
    assert not drawn & set(map(frozenset, network.to_numpy())) and len(drawn) == no.sum()
    assert (first != second).all() and task.labels.mean() == 0.5
    for side in task.parts if directed else [np.concatenate(task.parts)]:
        mask = np.resize(no, len(side))
        assert Counter(side[mask]) == Counter(side[~mask])
    assert directed or (first < second).all()
    assert 0.45 < area(task) < 0.55
    # the count of pairs, which reads no label, is no better
    assert 0.45 < roc_auc_score(task.labels, baseline.pair_counts(task).sum(axis=1)) < 0.55
    shuffled = pairs(network.sample(frac=1, random_state=0), directed=directed)
    assert shuffled.hash == task.hash


def test_negatives_that_lie_evenly_are_told_by_degree_and_matched_ones_of_the_same_are_not(
    pairs, network
):
    frame = network[network.a < network.b].assign(v="1")
    drawn = np.random.default_rng(2).choice(np.unique(frame[["a", "b"]]), (3000, 2))
    even = pd.DataFrame(np.sort(drawn), columns=["a", "b"])
    whole = pd.concat([frame, even.assign(v="0")]).drop_duplicates(["a", "b"])
    published = pairs(whole, label="v", matched=False)
    assert published.labels.mean() == 0.5 and area(published) > 0.85
    assert 0.45 < area(pairs(whole, label="v")) < 0.55


def test_a_long_list_is_cut_and_no_pair_of_the_rest_is_a_negative(pairs, network):
    task = pairs(network, most=200)
    listed = {"|".join(sorted(pair)) for pair in network.to_numpy()}
    assert task.labels.sum() == 100 == len(listed & set(task.entities)) and len(task) <= 200


def test_where_no_negative_is_left_none_is_made():
    whole = np.array([[0, 1], [0, 2], [1, 2]])  # all that three genes have
    assert len(gene_pairs.rewired(whole, whole, directed=False)) == 0


def test_pairs_without_a_gene_with_one_gene_twice_and_with_both_labels_are_counted(pairs):
    rows = "T A_S1 +, T A_S2 +, T B -, U B +, U U +, 2-Mar C +, T C +, T C -".split(", ")
    frame = pd.DataFrame([row.split() for row in rows], columns=list("abv"))
    task = pairs(frame, label="v", positive="+", matched=False, directed=True, strip="_S[0-9]+$")
    assert task.entities.tolist() == ["T|A", "T|B", "U|B"] and task.labels.tolist() == [1, 0, 1]
    assert task.description.endswith(
        "Left out: 1 of 6 ids without one approved gene (first: 2-Mar). Pairs of a gene with "
        "itself: 1, with both labels: 1. Used: 2 of 2 positive pairs, 1 negative."
    )


def test_published_folds_are_kept(pairs):
    folded = {"a": list("ACE"), "b": list("BDA"), "v": list("101"), "k": [0, 1, -1]}
    options = {"label": "v", "matched": False, "fold": "k"}
    task = pairs(folded, **options)
    assert dict(zip(task.entities, task.folds)) == {"A|B": 0, "C|D": 1, "A|E": -1}
    with refused("task 'toy/x': pairs of A are tested in the folds 0 and 1"):
        pairs(folded | {"k": [0, 1, 1]}, **options)


def test_a_file_of_another_shape_is_one_sentence(pairs):
    with refused("task 'toy/x': the file 'f' at hand has no column 'b'; the task needs"):
        pairs({"a": ["A"], "c": ["B"]})
    with refused("task 'toy/x': no pair of 'f' is positive"):
        pairs({"a": ["A"], "b": ["A"]})
