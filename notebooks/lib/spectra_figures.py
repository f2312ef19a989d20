"""Figures of Part II: curves and overlaps. Draws what the tables say."""

from collections.abc import Iterable

import numpy as np
import pandas as pd
from IPython.display import Markdown
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator

from genebench.spectra import curve

from . import figures, show
from .charts import lines
from .figures import INK
from .spectra import WAYS, Declared, by_seed, existing, overlaps, points, split_words
from .spectra_words import LABELS, about, verdict


def curves(rows: pd.DataFrame, known: Declared) -> Figure:
    """All models against λ and against overlap.

    Parameters
    ----------
    rows : DataFrame
        Rows of ``points``.
    known : Declared

    Returns
    -------
    Figure
    """
    panels = {
        "parameter": "λ (0: random, 1: no links)",
        curve.OVERLAP: "test units with a relative in train (share)",
    }
    own = known.styled(rows[~rows.split.str.endswith(curve.CONTROL)]).drop(columns=["low", "high"])
    own = pd.concat([own.assign(at=own[x], panel=words) for x, words in panels.items()])
    label, chance = _measure(rows)
    placed = known.styled(existing(rows.task.iloc[0])).rename(columns={"overlap": curve.OVERLAP})
    numbers = _numbered(placed)
    placed = placed[placed.model.isin(own.model)].assign(mark="D", size=46)
    dots = pd.concat([placed.assign(at=placed[x], panel=words) for x, words in panels.items()])
    options = {"x": "at", "panel": "panel", "chance": chance, "height": 4.2, "dots": dots}
    fig = lines(own, xlabel="", ylabel=label, **options)
    for ax, x in zip(fig.axes, panels):
        for at in placed[x].unique():
            ax.axvline(at, color="#999999", linestyle=(0, (1, 3)), linewidth=1.2)
        at = placed.groupby(placed.split.map(numbers))[x].mean().sort_values()
        near = (at.diff() > 0.06).cumsum()  # labels that would cover each other are joined
        for _, part in at.groupby(near):
            place = {"xy": (part.mean(), 1.01), "xycoords": ("data", "axes fraction")}
            words = ", ".join(map(str, sorted(part.index)))
            ax.annotate(words, **place, fontsize=9.5, ha="center", va="bottom")
        ax.set(xlabel=ax.get_title(), title="")
    fig.axes[1].invert_xaxis()
    return fig


def _numbered(placed: pd.DataFrame) -> dict[str, int]:
    """Number of each existing split, from the one nearest to a random split on.

    ``placed``: all of a data set, whatever its figure draws, so that all figures number alike.
    """
    order = placed.groupby("split").parameter.mean().sort_values().index
    return {name: i for i, name in enumerate(order, start=1)}


def _marks(rows: pd.DataFrame, known: Declared) -> str:
    """What the marks of a figure of curves mean, as far as they are in it."""
    own, placed = known.styled(rows), existing(rows.task.iloc[0])
    words = " Dashed lines are shortcuts." * bool(own.dash.eq("--").any())
    numbers, placed = _numbered(placed), placed[placed.model.isin(own.model)]
    if len(placed):
        scored, meant = set(placed.split[placed.score.notna()]), _meant(known, rows.task.iloc[0])
        named = "; ".join(
            f"{i} {name}{meant.get(name, '')}" + ", no score" * (name not in scored)
            for name, i in numbers.items()
        )
        words += " Hollow diamonds: splits that others use, at the grey lines, at the λ of the "
        words += f"nearest overlap and at their own overlap ({named})."
    words += " Computationally expensive models have fewer values of λ."
    return words + " A star: the model was trained on the labels." * ("*" in known.stars(own))


def _meant(known: Declared, dataset: str) -> dict[str, str]:
    """What each existing split does, in the words of its declaration, in small letters."""
    spec = known.datasets.get(dataset)
    said = {name: e.words.rstrip(".") for name, e in (spec.existing if spec else {}).items()}
    names = split_words(pd.Series(list(said), dtype=str))
    return {n: f": {w[0].lower()}{w[1:]}" for n, w in zip(names, said.values()) if " " in w}


def _measure(rows: pd.DataFrame) -> tuple[str, float]:
    """Label and chance of the metric of a curve."""
    metric = rows.metric.iloc[0]
    return LABELS[metric], 0.0 if metric == "spearman" else 0.5


def curves_by_model(rows: pd.DataFrame, known: Declared) -> Figure:
    """Each model against λ, with its interval and its size-matched control (dotted).

    Parameters
    ----------
    rows : DataFrame
        Rows of ``points``.
    known : Declared

    Returns
    -------
    Figure
        Bands are 95 % intervals over seeds and resampled tests. The axis shows all means; intervals
        may leave it.
    """
    label, chance = _measure(rows)
    frame = known.styled(rows)
    control = frame.split.str.endswith(curve.CONTROL)
    frame = frame.assign(panel=frame.row, row="own splits")
    frame.loc[control, ["row", "ink", "mark", "dash"]] = ["size-matched", "#777777", "", ":"]
    way = rows.split.iloc[0].removesuffix(curve.CONTROL)
    seeds = known.styled(by_seed(rows.task.iloc[0], way))
    seeds = seeds[seeds.model.isin(rows.model)].assign(mark=".", size=14)
    seeds = seeds.assign(panel=seeds.row)
    options = {"x": "parameter", "panel": "panel", "chance": chance, "height": 2.3, "sharex": True}
    options |= {"dots": seeds}
    ylabel = label.partition(" (")[0]
    fig = lines(frame, xlabel="spectral parameter λ", ylabel=ylabel, **options)
    key = fig.legends[0].legend_handles[0]  # of own splits, whose colour is another in each panel
    key.set(color=INK, marker="o")
    every = [frame.score, seeds.score, frame.low, frame.high]
    least, most = min(chance, *(v.min() for v in every)), max(v.max() for v in every)
    fig.axes[0].set_ylim(least - 0.15 * max(0.1, most - least), most + 0.02)
    return fig


_OVERLAPS = {
    "test_linked": ("test units with a relative in train", "#0072B2"),
    "jaccard": ("descriptions shared (Jaccard)", "#D55E00"),
    "mean_similarity": ("pairs linked across", "#009E73"),
    "n_train": ("units of train", INK),
    "n_test": ("units of test", "#777777"),
}


def overlap_plot(rows: pd.DataFrame) -> Figure:
    """The three definitions of overlap, and how many units are left, against λ.

    Parameters
    ----------
    rows : DataFrame
        ``spectra.overlaps``; the size-matched control is drawn for the first definition alone.

    Returns
    -------
    Figure
    """
    long = rows.melt(["split", "parameter"], list(_OVERLAPS), var_name="what").dropna()
    control = long.split == rows.split.iloc[0] + curve.CONTROL
    first = (long.split == rows.split.iloc[0]) | (control & (long.what == "test_linked"))
    looks = long.what.map(_OVERLAPS)
    long = long.assign(
        row=looks.str[0] + np.where(control, ", size-matched", ""),
        ink=looks.str[1],
        dash=np.where(control, ":", "-"),
        mark=np.where(control, "", "o"),
        panel=np.where(long.what.str.startswith("n_"), "units (log scale)", "overlap (0 to 1)"),
    )[first]
    options = {"x": "parameter", "y": "value", "panel": "panel", "sharey": False}
    fig = lines(long, xlabel="spectral parameter λ", ylabel="", **options)
    fig.axes[1].set_yscale("log")
    figures.plain_ticks(fig.axes[1].yaxis)
    fig.axes[1].yaxis.set_major_locator(LogLocator(subs=(1, 3)))
    return fig


def _shrinks(rows: pd.DataFrame) -> str:
    """What the first and the last λ of overlaps have, in a sentence."""
    own = rows[rows.split == rows.split.iloc[0]].dropna(subset="parameter").sort_values("parameter")
    first, last = own.iloc[0], own.iloc[-1]
    share = f"from {first.test_linked:.0%} to {last.test_linked:.0%}".replace("%", " %")
    return (
        f"From λ = {first.parameter:g} to {last.parameter:g} the test units with a relative in "
        f"train go {share}, the units of train from {first.n_train:,.0f} to {last.n_train:,.0f}."
    )


_CURVES = {
    "": (
        curves,
        "score of each model on ever stricter splits. Left, over the spectral parameter λ; right, "
        "over what train and test share (it falls to the right).",
    ),
    "-by-model": (
        curves_by_model,
        "each model by itself over λ: dots are single seeds, bands 95 % intervals over seeds and "
        "tests; grey and "
        "dotted, the size-matched control: as many units, drawn at random. A line that falls below "
        "its dotted one loses to overlap, and not to fewer samples (or, where both partners of a "
        "pair are split, to new partners).",
    ),
}


def sections(datasets: Iterable[str], known: Declared, *, page: str, profile: str) -> Markdown:
    """Figures and words of several data sets, one below the other.

    Parameters
    ----------
    datasets : iterable of str
    known : Declared
    page, profile : str
        Name of the page, and which profile the book is built for.

    Returns
    -------
    Markdown
        For each data set what it is, and for each way of splitting that it was run with what it
        shows, the curves; then its overlaps.
    """
    at, names = {"page": page, "profile": profile}, {d: d.replace("/", "-") for d in datasets}
    links = (f"[{known.heading(d)}](#{page}-{name})" for d, name in names.items())
    parts = ["On this page: " + " · ".join(links) + "\n"]
    for dataset, name in names.items():
        title = known.heading(dataset)
        head = f"```{{rubric}} {title}\n:name: {page}-{name}\n```"
        parts.append(f"{head}\n\n{about(dataset, known)}\n")
        for way, words in WAYS.items():
            rows = points(dataset, way)
            if rows.empty:
                continue
            said = verdict(dataset, known, way)
            parts.append(said + "\n")
            result = said.replace("*", "").partition(". ")[2]  # without its heading
            split = title + f", {words}" * (way != "spectral")
            for kind, (draw, caption) in _CURVES.items():
                figure = show.figure(
                    draw(rows, known),
                    rows,
                    name=f"{name}{way.removeprefix('spectral')}{kind}",
                    caption=f"{split}: {caption}" + _marks(rows, known) * (not kind),
                    alt=f"Curves of {split}. {result}",
                    **at,
                )
                parts.append(figure.data)
        rows = overlaps(dataset)
        if rows.empty:
            parts.append(f"Not computed in this copy: `genebench spectra {dataset}`.\n")
            continue
        overlap = show.figure(
            overlap_plot(rows),
            rows,
            name=f"{name}-overlap",
            caption=f"{title}: what train and test share by the definitions in use, and how many "
            "units are left, against λ, in the first draw of the splits.",
            alt=f"Overlap and number of units against λ, {title}. {_shrinks(rows)}",
            **at,
        )
        parts.append(overlap.data)
    return Markdown("\n".join(parts))
