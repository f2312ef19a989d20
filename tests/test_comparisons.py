"""Pages of the stage of intervals: what they show of small tables made by hand."""

from __future__ import annotations

import json
import re

import numpy as np
import pandas as pd
import pytest
from helpers import edit_yaml

from genebench.benchmark import results, run
from genebench.book import exposure, figures, show, tables, tiers
from genebench.core import paths, specs
from genebench.core.errors import BadInput
from genebench.stats import intervals


def made_means(**changes) -> pd.DataFrame:
    """Means of two models and a shortcut in two splits of one group."""
    rows = []
    for split, low in (("random", 0.0), ("stem", 0.1)):
        for i, model in enumerate(("full", "part", "stem")):
            rows.append(
                {
                    "probe": "linear",
                    "measure": "auroc",
                    "group": "localization",
                    "split": split,
                    "model": model,
                    "tasks": 6,
                    "effective": 3.5,
                    "score": 0.9 - 0.1 * i - low,
                    "low": 0.88 - 0.1 * i - low,
                    "high": 0.92 - 0.1 * i - low,
                    "excess": 0.2 - 0.1 * i,
                    "excess_low": 0.1,
                    "excess_high": 0.3,
                    "tier": i + 1,
                    "rank_low": i + 1,
                    "rank_high": 3,
                    "lost": low,
                    "lost_low": low,
                    "lost_high": low,
                }
            )
    return pd.DataFrame(rows).assign(**changes)


def made_pairs(*apart: tuple[str, str]) -> pd.DataFrame:
    """Pairs of four models, those named separated."""
    names = ["a", "b", "c", "d"]
    rows = [(x, y, (x, y) in apart) for i, x in enumerate(names) for y in names[i + 1 :]]
    return pd.DataFrame(rows, columns=["model", "other", "separated"])


@pytest.mark.parametrize(
    "apart, runs",
    [
        ([], [(0, 3)]),
        ([("a", "c"), ("a", "d"), ("b", "d")], [(0, 1), (1, 2), (2, 3)]),
        ([("a", "b"), ("a", "c"), ("a", "d")], [(1, 3)]),
        ([("a", "b"), ("b", "c"), ("c", "d"), ("a", "c"), ("b", "d"), ("a", "d")], []),
    ],
)
def test_bars_join_the_longest_runs_of_models_that_are_not_told_apart(apart, runs):
    assert tiers.cliques(["a", "b", "c", "d"], made_pairs(*apart)) == runs


def test_the_ladder_draws_every_model_in_every_split_with_its_interval(warm):
    fig = tiers.ladder(made_means(), label="score")
    (ax,) = fig.axes
    marks = [line for line in ax.lines if line.get_marker() in tiers.MARKS.values()]
    points = [(m.get_marker(), m.get_xdata()[0], round(m.get_ydata()[0])) for m in marks]
    for y in range(3):  # full, part, stem from the top: random folds are circles, stems squares
        assert ("o", pytest.approx(0.9 - 0.1 * y), y) in points and (
            "D",
            pytest.approx(0.8 - 0.1 * y),
            y,
        ) in points
    hollow = {m.get_markerfacecolor() for m in marks if round(m.get_ydata()[0]) == 2}
    assert hollow == {"white"} and "6 tasks" in ax.get_title()
    assert [t.get_text() for t in ax.get_yticklabels()] == ["Full", "Part", "Stem"]


def test_the_ladder_is_told_in_a_sentence(warm):
    told = tiers.ladder_words(made_means())
    assert (
        "the best model, *Full*, falls from 0.900 to 0.800 (lost 0.100" in told
        and "shortcut, *Stem*, falls" in told
    )
    assert tiers.ladder_words(made_means().query("split == 'random'")) == ""


def test_the_tier_plot_parts_tiers_and_names_ranks(warm):
    means = made_means().query("split == 'random'")
    pairs = pd.DataFrame(
        {"model": ["full"], "other": ["part"], "separated": [True], "group": "localization"}
    )
    (ax,) = tiers.tier_plot(means, pairs, label="score").axes
    assert [t.get_text() for t in ax.get_yticklabels()] == [
        "Full (rank 1–3)",
        "Part (rank 2–3)",
        "Stem (rank 3)",
    ]
    assert ax.get_xlabel() == "score"


def test_mean_ranks_are_over_the_tasks_of_the_means_and_bars_join_what_nemenyi_does_not_part(
    warm, monkeypatch
):
    monkeypatch.setattr(intervals, "UNDERPOWERED", 1.0)  # tasks of 180 genes can show little
    run.run("tiny", jobs=1, say=lambda text: None)
    means, power, held = (
        results.read_beside("tiny", n) for n in ("means.csv", "power.csv", "intervals.parquet")
    )
    first, held = tiers.of_measure(means).query("split == 'random'"), held[held.split == "random"]
    ranks = tiers.mean_ranks(held, first, power[power.split == "random"])
    assert (
        ranks.groupby("group").tasks.first().to_dict()
        == first.groupby("group").tasks.first().to_dict()
    )
    part = ranks[ranks.group == "biological processes"].set_index("model")
    tasks = power[(power.group == "biological processes") & (power.split == "random")].set_index(
        "task"
    )
    scores = held[
        (held.genes == "common") & held.task.isin(tasks.index) & held.model.isin(part.index)
    ]
    table = scores.astype({"task": str, "model": str}).pivot(
        index="task", columns="model", values="score"
    )
    expected = np.average(
        table.rank(axis=1, ascending=False), axis=0, weights=tasks.weight[table.index]
    )
    np.testing.assert_allclose(part["rank"][table.columns], expected)
    made = pd.DataFrame(
        {
            "group": "all",
            "model": ["full", "part", "stem"],
            "tasks": 9,
            "effective": 9.0,
            "rank": [1.0, 1.5, 2.8],
            "critical": 1.0,
        }
    )
    (ax,) = tiers.rank_plot(made).axes
    bars = [line.get_ydata().tolist() for line in ax.lines if len(line.get_xdata()) == 2]
    assert bars == [[-0.25, 1.25]]  # the first two; the third is 1.3 behind the second


def test_overview_and_cards_show_the_intervals_of_the_stage(warm, monkeypatch):
    monkeypatch.setattr(intervals, "UNDERPOWERED", 1.0)
    run.run("tiny", jobs=1, say=lambda text: None)
    means = tiers.of_measure(results.read_beside("tiny", "means.csv")).query("split == 'random'")
    scores, held = results.main_scores("tiny"), results.read_beside("tiny", "intervals.parquet")
    shown = tables.with_intervals(scores, held).set_index(["task", "model"])
    kept = held[(held.genes == "own") & (held.split == "random")].set_index(["task", "model"])
    assert len(shown) == len(scores) and shown.low.notna().all()
    at = ("toy/term/heart", "full")
    assert (shown.low[at], shown.high[at]) == (kept.low[at], kept.high[at])
    board = tables.leaderboard(scores, means).set_index(["model", "group"])
    row = means[(means.model == "full") & (means.group == "biological processes")].iloc[0]
    mine = board.loc["Full", "biological processes"]
    assert (mine.low, mine.high, mine["excess low"]) == (row.low, row.high, row.excess_low)
    assert (
        board.loc[("Oracle", "biological processes"), "low"] != mine.low
    )  # controls take part in no mean
    drawn = [
        p.get_width() for ax in figures.excess_bars(means, label="excess").axes for p in ax.patches
    ]
    expected = means[means.excess.notna() & (means.group != "all")].excess
    np.testing.assert_allclose(sorted(drawn), sorted(expected))


def test_bars_of_excess_stay_low_and_a_model_without_one_has_a_dash(home):
    means = pd.concat(
        [made_means(), made_means(group="protein properties").query("model != 'part'")]
    )
    fig = figures.excess_bars(means.query("split == 'random'"), label="excess")
    assert fig.get_size_inches()[1] < 4 and [len(ax.patches) for ax in fig.axes] == [3, 2]
    assert [[t.get_text().strip() for t in ax.texts] for ax in fig.axes] == [[], ["–"]]


def test_few_scores_are_points_and_exposed_ones_are_stars_in_no_box(home):
    rows = [(m, 0.5 + 0.05 * i, m == "part" and i == 4) for m in ("full", "part") for i in range(5)]
    frame = pd.DataFrame(rows, columns=["model", "score", "exposed"])
    (ax,) = figures.task_scores(frame, label="AUROC").axes
    assert [t.get_text() for t in ax.get_yticklabels()] == ["Full", "Part*"]
    assert len(ax.patches) == 1  # of the four that Part has not read no quartiles are drawn
    assert sum(len(c.get_offsets()) for c in ax.collections) == 10
    (few,) = figures.task_scores(frame[~frame.exposed].groupby("model").head(4), label="AUROC").axes
    assert len(few.patches) == 0 and not few.figure.legends


def test_a_group_of_few_tasks_has_points_beside_the_boxes_of_others():
    rows = [
        (f"{g}-{i}", m, "text", g, 0.5 + 0.01 * i)
        for g, n in (("localization", 4), ("protein properties", 5))
        for i in range(n)
        for m in "ab"
    ]
    frame = pd.DataFrame(rows, columns=["task", "model", "family", "group", "score"])
    (ax,) = figures.family_boxes(frame, label="AUROC").axes
    assert len(ax.patches) == 1 and max(len(c.get_offsets()) for c in ax.collections) == 8


def test_numbers_of_a_heat_map_have_no_minus_zero_and_show_none_as_a_dash():
    import seaborn as sns
    from matplotlib import pyplot as plt

    table = pd.DataFrame([[-0.001, 1.0], [np.nan, -0.25]])
    ax = sns.heatmap(table, cmap="RdBu_r", vmin=-1, vmax=1, ax=plt.subplots()[1])
    figures.write_numbers(ax, table, pd.DataFrame([["", "*"], ["*", "†"]]))
    assert [t.get_text() for t in ax.texts] == ["0.00", "1.00*", "–", "−0.25†"]
    assert [t.get_color() for t in ax.texts][:2] == [figures.INK, "white"]


def test_scores_by_task_are_starred_where_the_model_has_read_the_answers(home):
    edit_yaml(
        paths.MODELS,
        lambda held: held["models"]["full"].update(exposed={"toy/a": "It is the label."}),
    )
    frame = pd.DataFrame(
        {"task": ["toy/a", "toy/b"] * 2, "model": ["full"] * 2 + ["part"] * 2, "score": 0.6}
    )
    assert tables.stars(frame).to_dict("list") == {"Full": ["*", ""], "Part": ["", ""]}


def test_tables_name_models_by_title_and_keep_the_numbers(warm):
    table = tiers.tier_table(made_means())
    assert table.model.tolist()[:3] == ["Full", "Part", "Stem"] and table["rank"].tolist()[2] == "3"
    lost = tiers.lost_table(made_means())
    assert set(lost.split) == {"stem"} and lost.lost.tolist() == [0.1] * 3
    wide = tiers.by_group(made_means().query("split == 'random'"))
    assert wide.loc["Part", "localization"] == pytest.approx(0.8) and list(wide.columns) == [
        "localization"
    ]


def test_a_measure_without_a_mean_says_why(warm):
    with pytest.raises(BadInput, match="no group has a weighted mean Spearman"):
        tiers.of_measure(made_means(), "spearman")
    assert tiers.of_measure(made_means()).shape == made_means().shape


def test_power_lists_the_weakest_task_first_and_marks_it(warm):
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
            "more_genes": [400.0, 0.0, np.nan],
        }
    )
    table = tiers.power_table(power)
    assert table.task.tolist() == ["z", "x", "y"] and table.underpowered.tolist() == [
        "underpowered"
    ] * 2 + [""]
    told = tiers.numbers(power, made_means())
    assert told["underpowered"] == 2 and told["number"] == 3 and told["told"] == "50"


def test_exposure_tells_clean_part_exposed_and_unknown_with_reasons_and_citations(warm):
    def change(d):
        d["models"]["full"].update(exposed={"toy/": "It read them."}, citation="nobody2024")
        d["models"]["part"].update(exposed={"toy/class": "It read one."})
        d["models"]["stem"].update(unclear={"": "Nobody can say."})

    assert set(exposure.matrix(specs.profile("tiny")).status) == {"clean"}
    edit_yaml(paths.MODELS, change)
    table = exposure.matrix(specs.profile("tiny")).set_index("model")
    assert table.status.to_dict() == {
        "full": "exposed",
        "part": "partly exposed",
        "stem": "unknown",
    }
    assert (
        table.why["full"] == "It read them." and table.citations["full"] == "nobody2024; nobody2024"
    )
    assert "{cite}`nobody2024`" in exposure.words(specs.profile("tiny"))
    (ax,) = exposure.plot(table.reset_index()).axes
    assert [t.get_text() for t in ax.texts] == ["exposed", "part", "unknown"]


def test_every_pair_of_the_declared_profiles_has_a_status_a_reason_and_a_citation():
    for profile in specs.profiles().values():
        table = exposure.matrix(profile)
        assert (table.why != "").all() and (table.citations != "").all()
        assert set(table.status) <= {"clean", "unknown", "partly exposed", "exposed"}


def test_the_readers_weights_hold_every_number_and_ask_no_network(warm):
    frame = pd.DataFrame({"one": [0.5, np.nan], "two": [0.7, 0.8]}, index=["A </script>", "B"])
    html = show.weights(frame, page="p", profile="tiny", name="w").data
    data = json.loads(re.search(r"const data = (\{.*?\}), root", html).group(1))
    assert data["rows"][1] == {"name": "B", "values": [None, 0.8]} and data["columns"] == [
        "one",
        "two",
    ]
    assert html.count("</script>") == 1 and "http" not in html
    assert (paths.executed("tiny") / "files" / "p-w.csv").exists()
