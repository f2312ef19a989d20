"""What a notebook puts on its page: files beside it, no request to any network, figures."""

import html
import json
import re

import numpy as np
import pandas as pd
import pytest
from matplotlib import pyplot as plt

from genebench.core import paths
from notebooks.lib import charts, figures, show

AT = {"page": "p", "profile": "x"}


@pytest.fixture(autouse=True)
def folders(tmp_path, monkeypatch):
    """Pages and data of their own."""
    monkeypatch.setattr(paths, "executed", lambda profile: tmp_path)
    monkeypatch.setattr(paths, "static", lambda profile: tmp_path / "static")
    return tmp_path


def test_a_figure_is_saved_with_its_data_and_offered(folders):
    frame = pd.DataFrame({"a": [1]})
    text = show.figure(plt.figure(), frame, **AT, name="f", caption="A <b>.", alt="Alt.").data
    assert (folders / "files" / "p-f.webp").exists() and "{figure} files/p-f.webp" in text
    for kind in ("svg", "csv"):
        assert (folders / "files" / f"p-f.{kind}").exists() and f"p-f.{kind}>`" in text
    assert ":alt: Alt." in text and "A &lt;b>." in text


def test_dashes_marks_and_titles_are_shown_and_stay_out_of_the_file(folders):
    frame = pd.DataFrame({"task": ["s/a", "s/b"], "a": [0.5, np.nan], "b": [1.25, 2.0]})
    shown = {"marks": pd.DataFrame({"b": ["*", ""]}), "titles": {"task": {"s/a": "Title of a"}}}
    text = show.table(frame, **AT, name="t", **shown).data
    assert all(word in text for word in (show.DASH, "1.250*", "Title of a", "s/b"))
    assert "s/a" not in text
    csv = (folders / "files" / "p-t.csv").read_text()
    assert csv == "task,a,b\ns/a,0.5,1.25\ns/b,,2.0\n"


def test_words_of_a_column_lead_to_their_cards_and_nothing_escapes_the_script():
    frame = pd.DataFrame({"a": ["x", "</script>", "z"], "b": [1.0, np.nan, 2.0]})
    links = {"a": {"x": "models.html#x", "</script>": "y.html", "other": "n.html"}}
    text = show.table(frame, **AT, name="t", links=links).data
    assert r"{\"x\": \"models.html#x\", " in text and "n.html" not in text
    assert r"\"\\u003c/script>\": \"y.html\"" in text


@pytest.mark.parametrize(("given", "hidden"), [("", [2, 4, 6]), ("model kind score", [0, 2, 4, 6])])
def test_a_phone_sees_what_a_row_is_and_its_score(given, hidden):
    texts = {"task": ["a", "b"], "kind": ["x", "y"], "metric": "auroc", "model": ["m", "k"]}
    frame = pd.DataFrame(texts | {"n": [1, 2], "score": [0.5, 0.6], "high": [0.6, 0.7]})
    text = show.table(frame, **AT, name="t", phone=given.split()).data
    assert f"const more = {hidden};" in text and "table.columns(more).visible(false)" in text


def test_what_a_spreadsheet_would_run_is_text_in_the_file(folders):
    frame = pd.DataFrame({"=a": ["=1+1", "-0.5", "@x", "-x"], "b": -1.0})
    show.table(frame.set_index("b"), **AT, name="t")
    lines = (folders / "files" / "p-t.csv").read_text().split()
    assert lines == ["b,'=a", "-1.0,'=1+1", "-1.0,-0.5", "-1.0,'@x", "-1.0,'-x"]


def test_the_readers_weights_have_every_mean_and_ask_no_network(folders):
    frame = pd.DataFrame({"one": [0.5, np.nan], "two": [0.7, 0.8]}, index=["A </script>", "B"])
    text = show.weights(frame, **AT, name="w").data
    given = json.loads(html.unescape(re.search(r'data-means="([^"]*)"', text)[1]))
    assert given["data"][1] == [None, 0.8] and given["index"][1] == "B"
    assert text.count("</script>") == 1 and "http" not in text


def test_a_number_that_is_not_finite_cannot_be_quoted(folders):
    show.values({"y": 1}, page="a-x", profile="x")
    assert json.loads((folders / "files" / "a-x-values.json").read_text()) == {"a_x_y": 1}
    with pytest.raises(ValueError, match="cannot be quoted"):
        show.values({"y": float("nan")}, **AT)


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
