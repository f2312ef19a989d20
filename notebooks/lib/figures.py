"""House style of all figures: how models are ordered, named and coloured, axes and legends."""

import re
from collections.abc import Iterable, Mapping

import matplotlib
import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from genebench.core import paths
from genebench.core.specs import ModelSpec
from genebench.core.yamls import read_yaml

INK = "#222222"


def use_style() -> None:
    """Set the house style of all figures (``data/style.yml``); called at the top of a notebook.

    Resets every other setting of Matplotlib except the backend, so that a figure does not depend
    on the machine that draws it. Colours are seaborn's for colour-blind readers.
    """
    matplotlib.rcParams.update(matplotlib.rcParamsDefault | {"backend": matplotlib.get_backend()})
    plt.style.use(["seaborn-v0_8-colorblind", read_yaml(paths.DATA / "style.yml")])


def ordered(names: Iterable[str], models: Mapping[str, ModelSpec]) -> list[str]:
    """Sort models for an axis: real models, then baselines, shortcuts and controls.

    Parameters
    ----------
    names : iterable of str
        Names of models; duplicates are dropped.
    models : mapping of str to ModelSpec
        Declared models, whose order is kept within each part.

    Returns
    -------
    list of str
    """
    rank, present = {"baseline": 1, "shortcut": 2, "control": 3}, set(names)
    return sorted((m for m in models if m in present), key=lambda m: rank.get(models[m].family, 0))


def titles(names: Iterable[str], models: Mapping[str, ModelSpec]) -> list[str]:
    """Titles of models, as shown on an axis.

    Parameters
    ----------
    names : iterable of str
    models : mapping of str to ModelSpec

    Returns
    -------
    list of str
    """
    return [models[m].title for m in names]


def styled(frame: pd.DataFrame, models: Mapping[str, ModelSpec]) -> pd.DataFrame:
    """Add to rows of a table how their model is drawn (see ``charts.dots`` and ``charts.lines``).

    Parameters
    ----------
    frame : DataFrame
        Column ``model``.
    models : mapping of str to ModelSpec

    Returns
    -------
    DataFrame
        With ``row`` (title), ``ink`` (colour), ``face`` (white for shortcuts) and ``dash`` (dashed
        for shortcuts, dotted for controls).
    """
    specs = [models[m] for m in frame.model]
    dashes = {"shortcut": "--", "control": ":"}
    return frame.assign(
        row=[s.title for s in specs],
        ink=[s.color for s in specs],
        face=["white" if s.family == "shortcut" else s.color for s in specs],
        dash=[dashes.get(s.family, "-") for s in specs],
    )


def folded(label: str) -> str:
    """Write the label of a row on two lines where it is long, so that a phone shows data, too.

    Parameters
    ----------
    label : str

    Returns
    -------
    str
        Broken where its longer line is shortest, or near that after a comma; as it is where it has
        lines already.
    """
    spaces = [i for i, letter in enumerate(label) if letter == " "]
    if "\n" in label or len(label) <= 22 or not spaces:
        return label
    cut = min(spaces, key=lambda i: max(i, len(label) - i) - 3 * (label[i - 1] == ","))
    return f"{label[:cut]}\n{label[cut + 1 :]}"


def rows_axis(ax: Axes, labels: list[str], *, fold: bool = True) -> None:
    """Label the rows of a horizontal figure, the first on top.

    Parameters
    ----------
    ax : Axes
    labels : list of str
    fold : bool
        Whether rows are high enough for two lines.
    """
    texts = map(folded, labels) if fold else labels
    ax.set_yticks(range(len(labels)), list(texts), linespacing=0.95)
    ax.set(ylabel="", ylim=(len(labels) - 0.4, -0.6))


def legend(fig: Figure, axes: Iterable[Axes], *, columns: int = 2, **options) -> None:
    """Put one legend above all panels; of equal labels one is shown.

    Parameters
    ----------
    fig : Figure
    axes : iterable of Axes
        Panels whose labelled artists are listed.
    columns : int
    **options
    """
    shown = {k: v for ax in axes for v, k in zip(*ax.get_legend_handles_labels())}
    options = {"loc": "outside upper center", "ncols": columns} | options
    fig.legend(shown.values(), shown.keys(), **options)


def leaders(
    frame: pd.DataFrame,
    by: str | None = None,
    *,
    score: str = "score",
    word: str = "Highest",
    most: int = 1,
    least: bool = False,
) -> str:
    """The highest rows of a figure, for those who cannot see it.

    Parameters
    ----------
    frame : DataFrame
        Columns ``row`` (label) and that of the score.
    by : str, optional
        Column of the panel.
    score, word : str
        Column of the score, and how the sentence begins.
    most : int
        Rows that are named of each panel.
    least : bool
        Name the lowest instead.

    Returns
    -------
    str
        As "Highest: random folds: MPNet (0.81); family folds: UniRep (0.72)."
    """
    found = frame[frame[score].notna()].sort_values(score, ascending=least, kind="stable")
    found = found.assign(panel="" if by is None else found[by].astype(str) + ": ")
    numbers = found[score].map("{:.2f}".format).map(minus)
    found = found.assign(text=found.row + " (" + numbers + ")")
    parts = found.drop_duplicates(["panel", "row"]).groupby("panel", sort=False).head(most)
    texts = parts.groupby("panel", sort=False).text.agg(", ".join)
    return f"{word}: {'; '.join(texts.index + texts)}.".replace("\n", " ")


def plain_ticks(axis) -> None:
    """Label a logarithmic axis by numbers in place of powers, and its large ticks alone."""
    axis.set_major_formatter("{x:g}")
    axis.set_minor_formatter("")


def minus(text: str) -> str:
    """Write numbers with a minus sign in place of a hyphen, and zero without one.

    Parameters
    ----------
    text : str

    Returns
    -------
    str
    """
    return re.sub(r"−(0\.0+)(?!\d)", r"\1", text.replace("-", "−"))
