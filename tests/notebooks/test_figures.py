"""Figures show what stands in their tables."""

import numpy as np
import pandas as pd
import pytest

from genebench.core import specs
from notebooks.lib import charts, figures


def test_few_scores_are_points_and_exposed_ones_are_stars_in_no_box(home):
    models = specs.declared().models
    rows = [(m, 0.5 + 0.05 * i, m == "part" and i == 4) for m in ("full", "part") for i in range(5)]
    frame = pd.DataFrame(rows, columns=["model", "score", "exposed"])
    (ax,) = charts.task_scores(frame, models, label="AUROC").axes
    assert [t.get_text() for t in ax.get_yticklabels()] == ["Full", "Part*"]
    assert len(ax.patches) == 1  # of the four fair ones of Part no quartiles are drawn
    few = frame[~frame.exposed].groupby("model").head(4)
    (ax,) = charts.task_scores(few, models, label="AUROC").axes
    assert len(ax.patches) == 0 and not ax.figure.legends


def test_numbers_of_a_heat_map_have_no_minus_zero_and_show_none_as_a_dash():
    table = pd.DataFrame([[-0.001, 1.0], [np.nan, -0.25]], columns=["a", "b"])
    marks = pd.DataFrame([["", "*"], ["*", "†"]])
    ax = charts.heat_map(table, marks, vmin=-1, vmax=1, label="x").axes[0]
    assert [t.get_text() for t in ax.texts] == ["0.00", "1.00*", "–", "−0.25†"]
    assert [t.get_color() for t in ax.texts][:2] == [figures.INK, "white"]


def test_dots_stand_on_their_rows_with_their_intervals():
    frame = pd.DataFrame({"row": ["a", "b"], "ink": "#000000", "score": [0.1, 0.9]})
    frame = frame.assign(low=frame.score - 0.1, high=frame.score + 0.1, panel=["one", "two"])
    fig = charts.dots(frame, ["a", "b"], label="x", panel="panel", chance={"one": 0, "two": 0.5})
    first, second = fig.axes
    assert (first.get_title(), second.get_title()) == ("one", "two")
    assert [list(line.get_ydata()) for line in second.lines[:2]] == [[1, 1], [1]]
    np.testing.assert_allclose(second.lines[0].get_xdata(), [0.8, 1.0])
    assert [ax.lines[2].get_xdata()[0] for ax in fig.axes] == [0, 0.5]


def test_what_is_told_apart_has_its_marker_its_place_and_its_words():
    frame = pd.DataFrame({"row": "a", "by": ["y", "x"], "score": [0.2, 0.4]})
    looks = {"x": {"marker": "s"}, "y": {"color": "#ff0000"}}
    (ax,) = charts.dots(frame, ["a"], label="x", by="by", looks=looks).axes
    drawn = [(m.get_marker(), float(m.get_ydata()[0])) for m in ax.lines[:2]]
    assert drawn == [("o", pytest.approx(0.08)), ("s", pytest.approx(-0.08))]
    assert [t.get_text() for t in ax.figure.legends[0].get_texts()] == ["x", "y"]


def test_lines_have_bands_where_there_are_intervals():
    frame = pd.DataFrame({"row": list("aabb"), "ink": "#000000", "x": [2, 1, 1, 2]})
    frame = frame.assign(score=[0.2, 0.1, 0.3, 0.4], low=[0.1, 0.0, np.nan, np.nan], high=0.5)
    (ax,) = charts.lines(frame, x="x", xlabel="x", ylabel="y", log={"x": 2}).axes
    assert list(ax.lines[0].get_xdata()) == [1, 2] and len(ax.collections) == 1
    assert ax.get_xscale() == "log"


def test_boxes_stand_on_their_rows_from_the_ends_that_are_given():
    ends = {"whislo": 0.1, "q1": 0.2, "med": 0.5, "q3": 0.7, "whishi": 0.9, "score": 0.45}
    look = {"ink": "#123456", "face": "white", "group": ["x", "y"]}
    frame = pd.DataFrame({"row": ["b", "a"], **look, **ends})
    fig = charts.boxes(frame, ["a", "b"], label="AUROC", panel="group")
    first, second = fig.axes
    path = first.patches[0].get_path().vertices
    assert (path[:, 0].min(), path[:, 0].max()) == (0.2, 0.7) and path[:, 1].mean() > 0.5
    assert second.patches[0].get_path().vertices[:, 1].mean() < 0.5
    assert [t.get_text() for t in first.get_yticklabels()] == ["a", "b"]
