"""Figures show what stands in their tables."""

import numpy as np
import pandas as pd
import pytest

from notebooks.lib import charts, figures


def test_numbers_of_a_heat_map_have_no_minus_zero_and_show_none_as_a_dash():
    table = pd.DataFrame([[-0.001, 1.0], [np.nan, -0.25]], columns=["a", "b"])
    marks = pd.DataFrame([["", "*"], ["*", "†"]])
    ax = charts.heat_map(table, marks, vmin=-1, vmax=1, label="x").axes[0]
    assert [t.get_text() for t in ax.texts] == ["0.00", "1.00*", "–", "−0.25†"]


def test_the_highest_of_each_panel_are_named_for_those_who_cannot_see():
    frame = pd.DataFrame({"row": ["a", "b", "a", "b"], "score": [0.5, 0.7, -0.2, np.nan]})
    frame = frame.assign(panel=["x", "x", "y", "y"])
    assert figures.leaders(frame, "panel") == "Highest: x: b (0.70); y: a (−0.20)."
    assert figures.leaders(frame, word="Fewest", least=True) == "Fewest: a (−0.20)."


@pytest.mark.parametrize(
    ("label", "lines"),
    [
        ("UniRep 256", "UniRep 256"),
        ("Expression SVD, FANTOM5", "Expression SVD,\nFANTOM5"),
        ("How studied the gene is", "How studied\nthe gene is"),
        ("both lines\nare given as they stand", "both lines\nare given as they stand"),
    ],
)
def test_a_long_label_takes_two_lines(label, lines):
    assert figures.folded(label) == lines
