"""Figures and words of the stage of tables, of small tables made by hand."""

import pandas as pd
import pytest
from helpers import refused

from genebench.core import specs
from notebooks.lib import tables, tiers


@pytest.fixture
def models(home):
    """Models of the made-up project."""
    return specs.declared().models


@pytest.fixture
def means():
    """Means of two models and a shortcut under two splits of one group."""
    frame = pd.DataFrame({"split": ["random"] * 3 + ["stem"] * 3, "lost": [0.0] * 3 + [0.1] * 3})
    frame = frame.assign(model=["full", "part", "stem"] * 2, score=[0.9, 0.8, 0.7, 0.8, 0.7, 0.6])
    frame = frame.assign(lost_low=frame.lost, lost_high=frame.lost, excess=0.1, excess_low=0.1)
    of = {"probe": "linear", "measure": "auroc", "group": "localization"}
    return frame.assign(low=frame.score, high=frame.score, **of)


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
    assert "*Full*, falls from 0.900 to 0.800 (lost 0.100" in words
    assert "folds, *Stem*, falls" in words and "Of the 2 models that are no shortcut" in words
    assert tiers.ladder_words(means.query("split == 'random'"), models) == ""


def test_dated_labels_are_introduced_by_their_releases_and_who_could_have_read_them():
    known = specs.declared()
    profile, models = known.profiles["prospective"], known.models
    dated = tables.dated(profile, known.sources)
    text = tiers.introduction(dated, profile, models)
    assert len(dated) > 1 and all(day in text for day in {*dated.before, *dated.until})
    first = dated.before.min()[:7]
    for spec in (models[m] for m in profile.models if models[m].newest):
        assert (f"*{spec.title}*" in text) == (spec.newest <= first)
    newest, n = pd.Series(["1999-01", "", None, "2999-01", first]), len(dated)
    none = f"0 of {n}"
    assert tables.late(newest, dated).tolist() == [none, "", "", f"{n} of {n}", none]
    nothing = tables.dated(known.profiles["paper"], known.sources)
    assert nothing.empty and "take more and more away" in tiers.introduction(nothing, None, {})


def test_a_measure_without_a_mean_says_why(means):
    with refused("no group has a weighted mean Spearman"):
        tiers.of_measure(means, "spearman")
    assert tiers.of_measure(means).shape == means.shape
