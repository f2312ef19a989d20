"""Figures and words of the stage of tables, of small tables made by hand."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from genebench.book import tables, tiers
from genebench.core import specs
from genebench.core.errors import BadInput


@pytest.fixture
def models(home):
    """Models of the made-up project."""
    return specs.declared().models


def made_pairs(*apart: tuple[str, str]) -> pd.DataFrame:
    """Pairs of four models, those named separated."""
    names = ["a", "b", "c", "d"]
    rows = [(x, y, (x, y) in apart) for i, x in enumerate(names) for y in names[i + 1 :]]
    return pd.DataFrame(rows, columns=["model", "other", "separated"])


ALL = [("a", "b"), ("b", "c"), ("c", "d"), ("a", "c"), ("b", "d"), ("a", "d")]


@pytest.mark.parametrize(
    "apart, runs",
    [
        ([], [(0, 3)]),
        ([("a", "c"), ("a", "d"), ("b", "d")], [(0, 1), (1, 2), (2, 3)]),
        ([("a", "b"), ("a", "c"), ("a", "d")], [(1, 3)]),
        (ALL, []),
    ],
)
def test_bars_join_the_longest_runs_without_a_significant_difference(apart, runs):
    assert tiers.cliques(["a", "b", "c", "d"], made_pairs(*apart)) == runs


def test_the_ladder_draws_every_model_under_every_split(models, means):
    fig = tiers.ladder(means, models, label="score")
    (ax,) = fig.axes
    marks = [line for line in ax.lines if line.get_marker() in "oD" and len(line.get_xdata()) == 1]
    drawn = [(m.get_marker(), round(float(m.get_xdata()[0]), 2)) for m in marks if m.get_xdata()]
    assert {("o", 0.9), ("o", 0.8), ("o", 0.7), ("D", 0.8), ("D", 0.7), ("D", 0.6)} <= set(drawn)
    assert [t.get_text() for t in ax.get_yticklabels()] == ["Full", "Part", "Stem"]
    assert "white" in {m.get_markerfacecolor() for m in marks} and "6 tasks" in ax.get_title()


def test_the_ladder_in_words(models, means):
    words = tiers.ladder_words(means, models)
    assert "the best model, *Full*, falls from 0.900 to 0.800 (lost 0.100" in words
    assert "shortcut, *Stem*, falls" in words
    assert tiers.ladder_words(means.query("split == 'random'"), models) == ""


def test_the_tier_plot_names_ranks(models, means):
    pair = {"model": ["full"], "other": ["part"], "separated": [True], "group": "localization"}
    first = tiers.first_split(means)
    (ax,) = tiers.tier_plot(first, pd.DataFrame(pair), models, label="score").axes
    words = [t.get_text() for t in ax.get_yticklabels()]
    assert words == ["Full (rank 1–3)", "Part (rank 2–3)", "Stem (rank 3)"]


def test_excess_is_drawn_by_group_with_its_interval(models, means):
    other = means.assign(group="protein properties").query("model != 'part'")
    both = pd.concat([means, other]).query("split == 'random'")
    fig = tiers.excess_plot(both, models, label="excess")
    dots = [len([x for x in ax.lines if len(x.get_xdata()) == 1]) for ax in fig.axes]
    assert dots == [3, 2]


def test_tables_name_models_by_title(models, means):
    table = tiers.tier_table(means, models)
    assert table.model.tolist()[:3] == ["Full", "Part", "Stem"] and table["rank"].tolist()[2] == "3"
    lost = tiers.lost_table(means, models)
    assert set(lost.split) == {"stem"} and lost.lost.tolist() == [0.1] * 3
    wide = tiers.by_group(means.query("split == 'random'"), models)
    assert wide.loc["Part", "localization"] == pytest.approx(0.8)


def test_a_measure_without_a_mean_says_why(means):
    with pytest.raises(BadInput, match="no group has a weighted mean Spearman"):
        tiers.of_measure(means, "spearman")
    assert tiers.of_measure(means).shape == means.shape


def test_power_lists_the_weakest_task_first(models):
    power = pd.DataFrame(
        {
            "split": "random",
            "task": ["x", "y", "z"],
            "kind": "binary",
            "genes": [50, 500, 60],
            "smallest": [0.3, 0.05, np.nan],
            "underpowered": [True, False, True],
            "best": ["full", "full", None],
            "second": ["stem", "part", None],
            "difference": [0.1, 0.2, np.nan],
            "more_genes": [400.0, 1e6, np.nan],
        }
    )
    table = tables.power_table(power, models)
    assert table.task.tolist() == ["z", "x", "y"]
    assert table.underpowered.tolist() == ["underpowered"] * 2 + [""]
    assert table["more genes needed"].tolist() == ["", "400", "more than there are"]


def test_a_joined_model_is_compared_with_its_parts(models):
    spec = models["full"].model_copy(update={"options": {"of": ["part"]}})
    row = {"group": "all", "split": "random", "model": "part", "other": "full", "p": 0.01}
    row |= {"difference": -0.1, "low": -0.2, "high": -0.05, "separated": True, "tasks": 3}
    known = {**models, "full": spec}
    frame = tables.complement(pd.DataFrame([row]), known)
    shown = frame.loc[0, ["model", "part", "difference", "low"]].tolist()
    assert shown == ["full", "part", 0.1, 0.05]
    assert "*Full* scores more than *Part* (+0.100)" in tables.complement_words(frame, known)
    assert len(tables.complement_plot(frame, known, label="d").axes) == 1
