"""Figures and words of the stage of tables, of small tables made by hand."""

import pandas as pd
import pytest
from helpers import refused

from genebench.core import specs
from notebooks.lib import tiers


@pytest.fixture
def models(home):
    """Models of the made-up project."""
    return specs.declared().models


@pytest.mark.parametrize(
    "apart, runs",
    [
        ("", [(0, 3)]),
        ("ac ad bd", [(0, 1), (1, 2), (2, 3)]),
        ("ab ac ad", [(1, 3)]),
        ("ab bc cd ac bd ad", []),
    ],
)
def test_bars_join_the_longest_runs_without_a_significant_difference(apart, runs):
    rows = [(x, y, x + y in apart.split()) for x, y in "ab ac ad bc bd cd".split()]
    pairs = pd.DataFrame(rows, columns=["model", "other", "separated"])
    assert tiers.cliques(list("abcd"), pairs) == runs
    turned = pairs.assign(model=pairs.other, other=pairs.model)
    assert tiers.cliques(list("abcd"), turned) == runs


def test_the_ladder_in_words(models, means):
    words = tiers.ladder_words(means, models)
    assert "the best model, *Full*, falls from 0.900 to 0.800 (lost 0.100" in words
    assert "shortcut, *Stem*, falls" in words and "Of the 2 models that are no shortcut" in words
    assert tiers.ladder_words(means.query("split == 'random'"), models) == ""


def test_a_measure_without_a_mean_says_why(means):
    with refused("no group has a weighted mean Spearman"):
        tiers.of_measure(means, "spearman")
    assert tiers.of_measure(means).shape == means.shape
