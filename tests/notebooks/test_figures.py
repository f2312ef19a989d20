"""Figures show what stands in their tables."""

import numpy as np
import pandas as pd

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
