"""Figures of Part III: scores with their calibration and split, logos, dependency maps."""

import textwrap
from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from .charts import dots
from .figures import leaders, legend
from .glm import CALIBRATED, Looks

BASES = {"A": "#009e73", "C": "#0072b2", "G": "#e69f00", "T": "#d55e00"}
"""Letter to colour in logos."""

RANDOM_SPLITS = {
    "matched": "as many windows, drawn at random",
    "random": "all windows, drawn at random",
}
"""Split at random to what is said of it."""


HOLLOW = " Hollow: raw; filled: calibrated by context."
"""What a forest of raw and calibrated scores has below it."""


def forest(frame: pd.DataFrame, shown: Looks, *, label: str, chance: float) -> Figure:
    """Scores of models (rows) on a few tasks (panels) with 95 % intervals.

    Parameters
    ----------
    frame : DataFrame
        Columns ``task, title, model, score, low, high``. Where a calibrated score exists, the raw
        one is hollow.
    shown : Looks
    label : str
    chance : float

    Returns
    -------
    Figure
    """
    frame = shown.styled(frame.assign(title=pd.Categorical(frame.title, frame.title.unique())))
    calibrated = frame.model.str.endswith(CALIBRATED)
    names = frame.row.str.removesuffix(", calibrated")
    paired = frame.groupby(["task", names]).model.transform("size") > 1
    faces = frame.ink.where(calibrated | ~paired, "white")
    frame = frame.assign(row=names, face=faces, shift=(0.26 * calibrated - 0.13) * paired)
    wide = 2 if frame.title.nunique() == 4 else 3
    rows = list(names.unique())
    return dots(frame, rows, label=label, panel="title", chance=chance, wide=wide)


def tested(frame: pd.DataFrame) -> str:
    """How many variants each panel of a forest has, for its caption.

    Parameters
    ----------
    frame : DataFrame
        Columns ``title`` and ``n_test``.

    Returns
    -------
    str
    """
    number = frame.groupby("title", sort=False).n_test.max().astype(int)
    return "Variants: " + ", ".join(f"{title} {n:,}" for title, n in number.items()) + ". "


def result(frame: pd.DataFrame, shown: Looks) -> str:
    """The highest models of each panel of a forest, for those who cannot see it.

    Three of each, of more than four panels two: the first is often given more than the sequence.

    Parameters
    ----------
    frame : DataFrame
        Columns ``title, model, score``.
    shown : Looks

    Returns
    -------
    str
    """
    most = 3 if frame.title.nunique() <= 4 else 2
    return leaders(frame.assign(row=frame.model.map(shown.title)), "title", most=most)


def split_scores(frame: pd.DataFrame, shown: Looks, *, loose: str = "matched") -> Figure:
    """Scores of models (rows) by task (panels): filled on the spectral split, hollow at random.

    Parameters
    ----------
    frame : DataFrame
        Columns ``task, title, model, split, metric, score, low, high``.
    shown : Looks
    loose : {"matched", "random"}

    Returns
    -------
    Figure
        Chance is 0.5 of an AUROC, 0 of a rank correlation.
    """
    measure = {"spearman": "Spearman, chance 0", "auroc": "AUROC, chance 0.5"}
    panel = frame.title + "\n" + frame.metric.map(measure)
    frame = shown.styled(frame.assign(panel=pd.Categorical(panel, panel.unique())))
    frame = frame[frame.split.isin([loose, "spectral"])]
    words = {loose: RANDOM_SPLITS[loose], "spectral": "no shared word of test and train"}
    rows = frame.row.map(lambda title: textwrap.fill(title, 26))
    frame = frame.assign(row=rows, split=frame.split.map(words))
    looks = {words[loose]: {"markerfacecolor": "white"}, words["spectral"]: {}}
    options = {"panel": "panel", "by": "split", "looks": looks, "height": 0.4, "sharex": False}
    label = "score (AUROC 0 to 1, Spearman −1 to 1)"
    return dots(frame, list(rows.unique()), label=label, **options)


def information(frame: pd.DataFrame) -> pd.DataFrame:
    """Turn probabilities of letters to their share of a position's information.

    Parameters
    ----------
    frame : DataFrame
        Columns ``A``, ``C``, ``G`` and ``T``, 0 to 1, and any others.

    Returns
    -------
    DataFrame
        The same rows, letters in bits (0 to 2).
    """
    share = frame[list(BASES)].clip(1e-6, 1)
    bits = (2 + (share * np.log2(share)).sum(axis=1)).clip(lower=0)
    return frame.assign(**share.mul(bits, axis=0))


def logos(
    frame: pd.DataFrame,
    heads: Mapping[str, str],
    *,
    height: float,
    label: str,
    below: str = "",
    **options,
) -> Figure:
    """Sequence logos in rows and columns.

    Parameters
    ----------
    frame : DataFrame
        Letters as ``A``, ``C``, ``G``, ``T`` (heights) at each ``position``; ``row`` and
        ``column`` of the logo, ``name`` (of the row), ``title``; where it exists ``alpha``.
    heads : mapping of str to str
        Columns to what stands above them.
    height : float
        Of a row, in inches.
    label, below : str
        Of the heights, and of the places.
    **options
        Set on all axes, such as ``ylim``.

    Returns
    -------
    Figure
    """
    import logomaker

    rows = list(frame["row"].unique())
    shape, size = (len(rows), len(heads)), (9.6, height * len(rows) + 0.6)
    fig, axes = plt.subplots(*shape, figsize=size, squeeze=False, sharex="row")
    for (row, column), part in frame.groupby(["row", "column"], sort=False):
        ax = axes[rows.index(row), list(heads).index(column)]
        letters = part.sort_values("position").set_index("position")[list(BASES)]
        alpha = part.alpha.iloc[0] if "alpha" in part else 1
        logomaker.Logo(letters, ax=ax, color_scheme=BASES, show_spines=True, alpha=alpha)
        ax.set_title(part.title.iloc[0], fontsize=9.5)
        ax.set_ylim(top=1.06 * ax.get_ylim()[1])
        ax.set(**options)
        ax.grid(False)
        if column == next(iter(heads)):
            ax.set_ylabel(part["name"].iloc[0], rotation=0, ha="right", va="center", fontsize=10.5)
    for ax, words in zip(axes[0], heads.values()):
        ax.set_title(f"{words}\n{ax.get_title()}".strip(), fontsize=10.5)
    fig.supylabel(label, fontsize=11)
    if below:
        fig.supxlabel(below, fontsize=11)
    return fig


def dependency_maps(frame: pd.DataFrame, *, label: str) -> Figure:
    """Heat maps of how far each base moves what is expected at another, one panel a model.

    Parameters
    ----------
    frame : DataFrame
        ``panel`` (title), ``i``, ``j`` and ``moved`` (change of log-odds, 0 or more); where it
        exists ``planted``: pairs that are ringed.
    label : str

    Returns
    -------
    Figure
    """
    names = list(frame.panel.unique())
    size = (2.5 * len(names) + 2.6, 3.9)
    fig, axes = plt.subplots(1, len(names), figsize=size, squeeze=False)
    ring = {"markerfacecolor": "none", "markeredgecolor": "#d55e00", "markersize": 8}
    for ax, name in zip(axes[0], names):
        part = frame[frame.panel == name]
        table = part.pivot(index="i", columns="j", values="moved")
        top = max(float(np.nanquantile(table, 0.995)), 1e-9)
        image = ax.imshow(table, cmap="viridis", vmin=0, vmax=top)
        if "planted" in part:
            pairs = part[part.planted]
            ax.plot(pairs.j, pairs.i, "o", **ring)
        ax.set(title=name, xlabel="base that is changed")
        ax.grid(False)
        fig.colorbar(image, ax=ax, shrink=0.7, label=label)
    axes[0, 0].set_ylabel("base that is looked at")
    return fig


def scatter(
    frame: pd.DataFrame, shown: Looks, *, by: str, classes: Mapping[str, str], axis: str
) -> Figure:
    """Windows in two dimensions, one panel a model, coloured by class.

    Parameters
    ----------
    frame : DataFrame
        Columns ``model``, ``x``, ``y`` and the one named by ``by``.
    shown : Looks
    by : str
        Column of the class.
    classes : mapping of str to str
        Class to its colour.
    axis : str

    Returns
    -------
    Figure
    """
    import seaborn as sns

    names = list(frame.model.unique())
    order = [c for c in classes if c in set(frame[by])]
    fig, axes = plt.subplots(1, len(names), figsize=(9.4, 4.5), squeeze=False)
    look = {"hue": by, "hue_order": order, "style": by, "style_order": order, "palette": classes}
    for ax, model in zip(axes[0], names):
        part = frame[frame.model == model].sample(frac=1, random_state=0)  # no class covers another
        sns.scatterplot(part, x="x", y="y", ax=ax, s=22, rasterized=True, legend="full", **look)
        ax.set(title=shown.title(model), xlabel=f"{axis} 1", ylabel=f"{axis} 2")
        ax.set(xticks=[], yticks=[])
        ax.get_legend().remove()
        ax.grid(False)
    legend(fig, axes[0, :1], columns=5, markerscale=2)
    return fig
