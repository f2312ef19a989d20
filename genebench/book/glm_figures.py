"""Figures of Part III: genomes, variants, transfer, designs. Draws what it is given."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np
import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from .figures import INK, dots, legend, lines, minus
from .glm import CALIBRATED, YARDSTICKS, Looks

BASES = {"A": "#009e73", "C": "#0072b2", "G": "#e69f00", "T": "#d55e00"}
"""Letter to colour in logos."""


def bits_by_order(frame: pd.DataFrame, shown: Looks) -> Figure:
    """Bits per test base against the order of k-mer models, with the network as a line.

    Solid: outside sequence that training has too; dotted: all.

    Parameters
    ----------
    frame : DataFrame
        ``held_out.csv``: ``model``, ``sides`` ("one" or "two"), ``order`` (0: network), ``where``
        and ``bits``.
    shown : Looks
        Titles, colours and markers.

    Returns
    -------
    Figure
    """
    sides = {"one": "from the left alone", "two": "from both sides"}
    where = {"outside duplicates": "-", "all": ":"}
    frame = frame[frame["where"].isin(list(where))]
    frame = shown.styled(frame.assign(panel=frame.sides.map(sides), dash=frame["where"].map(where)))
    network = frame[(frame.order == 0) & (frame.dash == "-")]
    chain = frame[frame.order > 0]
    rows = np.where(chain.dash == "-", chain.row, chain.row + ", all")
    labels = {"xlabel": "order: bases of context that are counted"}
    labels["ylabel"] = "bits per base (lower is better)"
    fig = lines(chain.assign(row=rows), x="order", y="bits", panel="panel", chance=2, **labels)
    for ax in fig.axes:
        for row in network[network.panel == ax.get_title()].itertuples():
            ax.axhline(row.bits, color=row.ink, linewidth=2.4, label=row.row)
    return fig


def saved_bits(frame: pd.DataFrame) -> Figure:
    """Bits that the network saves against the best k-mer model, by class of base.

    Parameters
    ----------
    frame : DataFrame
        ``gain.csv``: ``where``, ``saved`` with ``low`` and ``high`` (95 %), ``sides``.

    Returns
    -------
    Figure
    """
    looks = {
        "one": ("#56b4e9", "D", 0.12, "from the left alone"),
        "two": ("#0072b2", "o", -0.12, "from both sides"),
    }
    columns = list(zip(*frame.sides.map(looks)))
    rows = frame.assign(row=frame["where"], ink=columns[0], mark=columns[1], shift=columns[2])
    label = "bits per base saved against the best k-mer model (higher is better)"
    key = {words: {"marker": mark, "color": ink} for ink, mark, _, words in looks.values()}
    names = list(frame["where"].unique())
    return dots(rows, names, label=label, value="saved", chance=0, key=key)


def codon_positions(frame: pd.DataFrame, shown: Looks) -> Figure:
    """Probability of the likeliest base (left) and bits (right) by codon position.

    Parameters
    ----------
    frame : DataFrame
        ``codon.csv``: ``model``, ``position`` (1 to 3), ``top`` and ``bits``.
    shown : Looks
        Titles, colours and markers.

    Returns
    -------
    Figure
    """
    panels = {"top": "probability of the likeliest base", "bits": "bits per base"}
    names = {"var_name": "panel", "value_name": "value"}
    frame = frame.melt(["model", "position"], list(panels), **names).replace({"panel": panels})
    labels = {"xlabel": "position in the codon", "ylabel": ""}
    return lines(
        shown.styled(frame), x="position", y="value", panel="panel", sharey=False, **labels
    )


def start_logos(
    frame: pd.DataFrame, agreement: pd.DataFrame, shown: Looks, *, genome: str
) -> Figure:
    """Starts of test genes: letters as the genome has them, then as each model expects them.

    Parameters
    ----------
    frame : DataFrame
        ``logo.csv``: ``shown`` (model), ``place``, ``base``, and heights in bits in the columns
        ``genome`` and ``model``.
    agreement : DataFrame
        ``logo_agreement.csv``: ``model, stretch, r, low, high``.
    shown : Looks
        Titles, and what the bases before the start codon are called.
    genome : str
        Name of the genome.

    Returns
    -------
    Figure
    """
    import logomaker

    upstream = shown.start(genome)["upstream"]
    names = agreement.stretch.str.replace(r"^upstream\b", upstream, regex=True)
    agreement = agreement.assign(stretch=names)
    models = shown.ordered(frame.shown)
    panels = [("as the genes are", models[0], "genome")]
    for model in models:
        rows = agreement[agreement.model == model].itertuples()
        spans = [f"{r.stretch}: r = {r.r:.2f} ({r.low:.2f} to {r.high:.2f})" for r in rows]
        words = minus(f"{spans[0]}\n{'; '.join(spans[1:])}")
        panels.append((f"as the {shown.title(model)} expects them\n{words}", model, "model"))
    fig, axes = plt.subplots(len(panels), 1, figsize=(9.2, 2.1 * len(panels)), sharex=True)
    for ax, (words, model, column) in zip(axes, panels):
        part = frame[frame.shown == model]
        letters = part.pivot(index="place", columns="base", values=column)
        logomaker.Logo(letters, ax=ax, color_scheme=BASES, show_spines=True)
        ax.set(ylabel="bits", ylim=(0, None))
        ax.set_title(words, fontsize=9.5)
        ax.grid(False)
    axes[-1].set_xlabel("place relative to the first base of the start codon")
    return fig


def dependency_map(frame: pd.DataFrame) -> Figure:
    """Dependency map of one test transfer RNA gene.

    Parameters
    ----------
    frame : DataFrame
        ``map.csv``: ``i``, ``j`` and ``moved`` (change of log-odds, 0 or more).

    Returns
    -------
    Figure
    """
    table = frame.pivot(index="i", columns="j", values="moved")
    fig, ax = plt.subplots(figsize=(6.2, 5.2))
    shown = ax.imshow(table, cmap="viridis", vmax=float(np.nanquantile(table, 0.995)))
    ax.set(xlabel="base of the gene", ylabel="base of the gene")
    ax.grid(False)
    fig.colorbar(shown, label="change of log-odds (0 or more)")
    return fig


def forest(frame: pd.DataFrame, shown: Looks, *, label: str, chance: float) -> Figure:
    """Scores of models (rows) on a few tasks (panels) with 95 % intervals.

    Parameters
    ----------
    frame : DataFrame
        Columns ``task, title, model, score, low, high``. Where a calibrated score exists, the raw
        one is hollow.
    shown : Looks
        Titles, colours and markers.
    label : str
        What the numbers are, with range.
    chance : float
        Score of guessing, dashed.

    Returns
    -------
    Figure
    """
    base = frame.model.str.removesuffix(CALIBRATED)
    pairs = set(zip(frame.task, frame.model))
    paired = np.array([(t, b + CALIBRATED) in pairs for t, b in zip(frame.task, base)])
    raw = paired & (frame.model == base)
    tasks = {t: i for i, t in enumerate(frame.title.unique())}
    styled = shown.styled(frame.assign(shift=(0.26 * ~raw - 0.13) * paired, raw=raw))
    faces = np.where(styled.raw, "white", styled.ink)
    styled = styled.assign(face=faces, row=styled.row.str.removesuffix(", calibrated"))
    rows = list(dict.fromkeys(styled.row))
    styled = styled.sort_values("title", key=lambda c: c.map(tasks), kind="stable")
    wide = 2 if len(tasks) == 4 else 3
    return dots(styled, rows, label=label, panel="title", chance=chance, wide=wide)


def yardsticks(frame: pd.DataFrame, shown: Looks) -> Figure:
    """Every set of sequences (rows) on every measure of ``YARDSTICKS`` (panels).

    Parameters
    ----------
    frame : DataFrame
        ``yardsticks.csv``; the natural test sequences are a dashed line.
    shown : Looks
        Looks of the sets.

    Returns
    -------
    Figure
    """
    names = {"var_name": "column", "value_name": "score"}
    long = frame.melt("set", list(YARDSTICKS), **names)
    styles = [shown.designs[name] for name in long["set"]]
    looks = {"row": "title", "ink": "color", "mark": "marker"}
    long = long.assign(**{c: [style[key] for style in styles] for c, key in looks.items()})
    long["panel"] = long.column.map(YARDSTICKS)
    rows = list(dict.fromkeys(long.row))
    fig = dots(long, rows, label="", panel="panel", wide=4, sharex=False, height=0.42)
    natural = frame.set_index("set").loc["natural"]
    for ax, column in zip(fig.axes, YARDSTICKS):
        ax.axvline(natural[column], color=INK, linestyle="--", linewidth=1)
    intervals = fig.axes[list(YARDSTICKS).index("activity")]
    inks = [shown.designs[name]["color"] for name in frame["set"]]
    intervals.hlines(range(len(rows)), frame.activity_low, frame.activity_high, color=inks)
    return fig


def scatter(
    frame: pd.DataFrame,
    shown: Looks,
    *,
    by: str,
    classes: Mapping[str, str],
    axis: str,
    models: Iterable[str] | None = None,
) -> Figure:
    """Windows in two dimensions, one panel a model, coloured by class.

    Parameters
    ----------
    frame : DataFrame
        Columns ``model``, ``x``, ``y`` and the one named by ``by``.
    shown : Looks
        Titles of models.
    by : str
        Column of the class.
    classes : mapping
        Value of the column to its colour.
    axis : str
        What the axes are; a number is added.
    models : iterable of str, optional
        Which models, in this order.

    Returns
    -------
    Figure
    """
    names = list(models or frame.model.unique())
    fig, axes = plt.subplots(1, len(names), figsize=(9.4, 4.5), squeeze=False)
    look = {"markersize": 3.5, "alpha": 0.75, "rasterized": True}
    for ax, model in zip(axes[0], names):
        for (words, ink), mark in zip(classes.items(), "o^sDP"):
            rows = frame[(frame.model == model) & (frame[by] == words)]
            if len(rows):
                ax.plot(rows.x, rows.y, mark, color=ink, label=words, **look)
        ax.set(title=shown.title(model), xlabel=f"{axis} 1", ylabel=f"{axis} 2")
        ax.set(xticks=[], yticks=[])
        ax.grid(False)
    legend(fig, axes[0, :1], columns=5, markerscale=2)
    return fig
