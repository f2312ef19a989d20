"""Curves of Part II, their areas, existing splits and findings, drawn and put in words.

Reads the tables of ``genebench spectra``; computes no score.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from IPython.display import Markdown
from matplotlib.figure import Figure

from ..benchmark import summaries
from ..benchmark.summaries import CHEAP
from ..core.specs import Declarations, PublishedSpec
from ..spectra import catalogue, curve, models, table
from ..spectra import datasets as data_sets
from . import show
from .figures import INK, dots, lines

LABELS = {
    "auroc": "AUROC (0 to 1, chance 0.5)",
    "auroc_weighted": "AUROC, weighted over classes (0 to 1, chance 0.5)",
    "spearman": "Spearman correlation (−1 to 1, chance 0)",
}
CHANCE = {"auroc": 0.5, "auroc_weighted": 0.5, "spearman": 0.0}

BROAD = 0.5
"""A model with vectors for less than this share of a task's genes is left out of overview, words
and counts."""

WAYS = {
    "spectral": "corrected",
    "spectral-weighted": "weighted, as in the paper",
    "spectral-reference": "as the package",
}
"""Split to way of splitting in words."""

_MARKS = "osD^vPX*<>"


@dataclass(frozen=True)
class Declared:
    """Models and data sets of Part II, and the models of Part I.

    Attributes
    ----------
    models : mapping
        Declared models by name, those of Part II first.
    datasets : mapping
        Declared data sets by name; gene tasks of Part I are not among them.
    """

    models: Mapping
    datasets: Mapping

    def title(self, model: str) -> str:
        """Title of a model.

        Parameters
        ----------
        model : str
            Its name.

        Returns
        -------
        str
        """
        return self.models[model].title

    def heading(self, dataset: str) -> str:
        """Title of a data set, or the name of a gene task.

        Parameters
        ----------
        dataset : str
            Its name.

        Returns
        -------
        str
        """
        return self.datasets[dataset].title if dataset in self.datasets else dataset

    def cheap(self, model: str) -> bool:
        """Whether a model is a shortcut or a control.

        Parameters
        ----------
        model : str
            Its name.

        Returns
        -------
        bool
        """
        return self.models[model].family in CHEAP

    def styled(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Add to rows of a table how their model is drawn (see ``figures.lines``).

        Parameters
        ----------
        frame : DataFrame
            Column ``model``.

        Returns
        -------
        DataFrame
            With ``row`` (title), ``ink``, ``mark`` and ``dash``; real models first, then
            baselines, shortcuts and controls, each as declared.
        """
        rank, present = {"baseline": 1, "shortcut": 2, "control": 3}, set(frame.model)
        names = [m for m in self.models if m in present]
        names = sorted(names, key=lambda m: rank.get(self.models[m].family, 0))
        marks = dict(zip(names, _MARKS * 3))
        frame = frame.sort_values("model", key=lambda c: c.map(names.index), kind="stable")
        return frame.assign(
            row=frame.model.map(self.title),
            ink=[self.models[m].color for m in frame.model],
            mark=frame.model.map(marks),
            dash=["--" if self.cheap(m) else "-" for m in frame.model],
        )


def declared(known: Declarations) -> Declared:
    """Collect the declarations of Part II beside those of Part I.

    Parameters
    ----------
    known : Declarations
        ``specs.declared()``.

    Returns
    -------
    Declared
    """
    own = models.declared()
    others = {m: s for m, s in known.models.items() if m not in own}
    return Declared({**own, **others}, data_sets.declared())


def points(dataset: str, way: str = "spectral") -> pd.DataFrame:
    """Curves of a data set by one way of splitting, and those of its size-matched control.

    Parameters
    ----------
    dataset : str
        Name of the data set or gene task.
    way : str
        One of ``WAYS``.

    Returns
    -------
    DataFrame
        Rows of ``points.csv``.
    """
    rows = table.read("points.csv")
    chosen = (rows.task == dataset) & rows.split.isin([way, way + curve.CONTROL])
    return rows[chosen].reset_index(drop=True)


def about(dataset: str, known: Declared) -> str:
    """What a data set is, in a few sentences with its citations.

    Parameters
    ----------
    dataset : str
        Name of the data set or gene task.
    known : Declared
        Models and data sets.

    Returns
    -------
    str
        Markdown (MyST).
    """
    if dataset not in known.datasets:
        task, _, other = dataset.partition("@")
        linked = "where they share the letters of their symbol before the first digit, which "
        linked = f"by `{other}`" if other else linked + "paralogues mostly do"
        return (
            f"The gene task `{task}` of Part I. Unit of splitting: the gene; two genes are linked "
            f"{linked}. The probes are those of Part I; its splits stand on the curve below."
        )
    spec = known.datasets[dataset]
    ours = " It is not one of the paper's."
    if spec.paper:
        ours = f" It stands for the set {spec.paper} of the paper. {spec.differs}"
    return (
        f"What is predicted: {spec.label}. Unit of splitting: {spec.unit}. Linked: "
        f"{spec.property['words']}. {{cite}}`{','.join(spec.citation)}`{ours} "
        f"Licence: {spec.licence}."
    )


def verdict(dataset: str, known: Declared, way: str = "spectral") -> str:
    """What the curves of a data set say: who falls, by how much, what overlap alone takes.

    Models with vectors for few of the genes (below ``BROAD``) and controls are left out.

    Parameters
    ----------
    dataset : str
        Name of the data set or gene task.
    known : Declared
        Models and data sets.
    way : str
        One of ``WAYS``.

    Returns
    -------
    str
        Markdown; empty where nothing was computed.
    """
    rows = table.read("findings.csv")
    rows = rows[(rows.task == dataset) & (rows.split == way) & (rows.coverage >= BROAD)]
    rows = rows[[known.models[m].family != "control" for m in rows.model]]
    if rows.empty:
        return ""
    rows = rows.sort_values("fall", ascending=False)
    most = rows.parameter.max()
    ends = [f" [to λ = {at:g}]" * bool(at != most) for at in rows.parameter]
    rows = rows.assign(name=[f"*{known.title(m)}*{end}" for m, end in zip(rows.model, ends)])
    parts, best = [], []
    for cheap, part in rows.groupby(rows.model.map(known.cheap)):
        word = "shortcut" if cheap else "model"
        parts.append(_falls(part, word))
        for row in part[part.parameter == most].nlargest(1, "last").itertuples():
            best.append(f"the best {word} scores {row.last:.2f} ({row.name})")
    parts.append(f"at λ = {most:g} {' and '.join(best)}")
    parts[1:] = [p[0].upper() + p[1:] for p in parts[1:]]
    ends = rows[rows.parameter == most]
    span = f"{ends.overlap_first.max():.0%} to {ends.overlap_last.min():.0%}".replace("%", " %")
    words = f"**What it shows.** From λ = 0 to λ = {most:g}, as the test units with a relative in "
    return f"{words}train go from {span}: {'. '.join(parts)}.".replace(" -", " −")


def _falls(part: pd.DataFrame, word: str) -> str:
    """Which models, or shortcuts, are shown to fall, and which lose to overlap at equal size."""
    falling, still, taken = part[part.falls], part[~part.falls], part[part.gap_low > 0]
    if falling.empty:
        words = f"no {word} is shown to fall ({_listed(part['name'])})"
    else:
        first = falling.iloc[0]
        words = f"{len(falling)} of {len(part)} {word}{'s' * (len(part) > 1)} "
        words += f"fall{'s' * (len(falling) == 1)}, {first['name']} "
        words += "the most, " * (len(falling) > 1)
        words += f"from {first['first']:.2f} to {first['last']:.2f}"
        if len(still):
            words += f"; not shown to fall: {_listed(still['name'])}"
    if len(taken):
        cost = f"at equal size, overlap is shown to cost {_listed(taken['name'])} something"
        return f"{words}; {cost}"
    none = f"; at equal size, overlap is not shown to cost any {word} anything"
    return words + none * bool(len(falling))


def _listed(names: Iterable[str]) -> str:
    *most, last = sorted(names)
    return f"{', '.join(most)} and {last}" if most else last


def curves(rows: pd.DataFrame, known: Declared) -> Figure:
    """All models against λ and against overlap.

    Parameters
    ----------
    rows : DataFrame
        Rows of ``points``.
    known : Declared
        Models and data sets.

    Returns
    -------
    Figure
    """
    panels = {
        "parameter": "over λ (0: random, 1: nothing shared)",
        curve.OVERLAP: "over test units with a relative in train (share)",
    }
    metric = rows.metric.iloc[0]
    own = known.styled(rows[~rows.split.str.endswith(curve.CONTROL)]).drop(columns=["low", "high"])
    own = pd.concat([own.assign(at=own[x], panel=words) for x, words in panels.items()])
    options = {"x": "at", "panel": "panel", "chance": CHANCE[metric], "height": 4.2}
    fig = lines(own, xlabel="", ylabel=LABELS[metric], **options)
    fig.axes[1].invert_xaxis()
    return fig


def curves_by_model(rows: pd.DataFrame, known: Declared) -> Figure:
    """Each model against λ, with its interval and its size-matched control (dotted).

    Parameters
    ----------
    rows : DataFrame
        Rows of ``points``.
    known : Declared
        Models and data sets.

    Returns
    -------
    Figure
        Bands are 95 % intervals over seeds. The axis shows all means; intervals may leave it.
    """
    metric = rows.metric.iloc[0]
    frame = known.styled(rows)
    control = frame.split.str.endswith(curve.CONTROL)
    frame = frame.assign(panel=frame.row)
    frame.loc[control, ["row", "ink", "mark", "dash"]] = ["size-matched", "#777777", "", ":"]
    frame.loc[~control, "row"] = "own splits"
    options = {"x": "parameter", "panel": "panel", "chance": CHANCE[metric], "height": 2.3}
    label = LABELS[metric].partition(" (")[0]
    fig = lines(frame, xlabel="spectral parameter λ", ylabel=label, sharex=True, **options)
    least, most = min(frame.score.min(), CHANCE[metric]), frame.score.max()
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
        ``summaries.overlaps_over_seeds``; the size-matched control is drawn for the first
        definition alone.

    Returns
    -------
    Figure
    """
    long = rows.melt(["split", "parameter"], list(_OVERLAPS), var_name="what").dropna()
    control = long.split == rows.split.iloc[0] + curve.CONTROL
    first = (long.split == rows.split.iloc[0]) | (control & (long.what == "test_linked"))
    long = long.assign(dash=np.where(control, ":", "-"), mark=np.where(control, "", "o"))[first]
    words, inks = zip(*long.what.map(_OVERLAPS))
    panels = np.where(long.what.str.startswith("n_"), "units (log scale)", "overlap (0 to 1)")
    names = [w + ", size-matched" * (d == ":") for w, d in zip(words, long.dash)]
    long = long.assign(row=names, ink=inks, panel=panels)
    options = {"x": "parameter", "y": "value", "panel": "panel", "sharey": False}
    fig = lines(long, xlabel="spectral parameter λ", ylabel="", **options)
    fig.axes[1].set_yscale("log")
    return fig


def sections(datasets: Iterable[str], known: Declared, *, page: str, profile: str) -> Markdown:
    """Figures and words of several data sets, one below the other.

    Parameters
    ----------
    datasets : iterable of str
        Names of data sets or gene tasks.
    known : Declared
        Models and data sets.
    page, profile : str
        Name of the page, and which profile the book is built for.

    Returns
    -------
    Markdown
        For each data set what it is, and for each way of splitting that it was run with what it
        shows, the curves; then its overlaps.
    """
    parts = []
    for dataset in datasets:
        name, title = dataset.replace("/", "-"), known.heading(dataset)
        parts.append(f"```{{rubric}} {title}\n```\n\n{about(dataset, known)}\n")
        for way, words in WAYS.items():
            rows = points(dataset, way)
            if rows.empty:
                continue
            split = f", {words}" * (way != "spectral")
            parts.append(verdict(dataset, known, way) + "\n")
            for kind, draw, caption in _CURVES:
                figure = show.figure(
                    draw(rows, known),
                    rows,
                    page=page,
                    profile=profile,
                    name=f"{name}{way.removeprefix('spectral')}{kind}",
                    caption=f"{title}{split}: {caption}",
                    alt=f"{caption.partition(':')[0]}: {title}{split}.",
                )
                parts.append(figure.data)
        rows = summaries.overlaps_over_seeds(table.read("overlaps.csv"), dataset)
        overlap = show.figure(
            overlap_plot(rows),
            rows,
            page=page,
            profile=profile,
            name=f"{name}-overlap",
            caption=f"{title}: what train and test share by the definitions in use, and how many "
            "units are left, against λ (mean over seeds).",
            alt=f"Overlap by three definitions and number of units against λ: {title}.",
        )
        parts.append(overlap.data)
    return Markdown("\n".join(parts))


_CURVES = (
    (
        "",
        curves,
        "score of each model on ever stricter splits. Left, over the spectral parameter λ; right, "
        "over what train and test share (it falls to the right); dashed lines are shortcuts.",
    ),
    (
        "-by-model",
        curves_by_model,
        "each model by itself over λ: bands are 95 % intervals over seeds; grey and dotted, the "
        "size-matched control: as many units, drawn at random. A line that falls below its dotted "
        "one loses to overlap, and not to fewer samples.",
    ),
)


def _of(rows: pd.DataFrame, datasets: Iterable[str] | None, column: str = "task") -> pd.DataFrame:
    return rows if datasets is None else rows[rows[column].isin(list(datasets))]


def area_table(known: Declared, datasets: Iterable[str] | None = None) -> pd.DataFrame:
    """AUSPC over λ and over overlap by model and way of splitting, beside the control.

    Parameters
    ----------
    known : Declared
        Models and data sets.
    datasets : iterable of str, optional
        Only these.

    Returns
    -------
    DataFrame
        Areas in the unit of the metric, with 95 % intervals over seeds.
    """
    rows = _of(table.read("auspc.csv"), datasets)
    keys = ["task", "model", "split"]
    over = rows[rows.over == "overlap"].set_index(keys).auspc.rename("over overlap")
    wide = rows[rows.over == "lambda"].join(over, on=keys)
    control = wide[wide.split.str.endswith(curve.CONTROL)]
    control = control.assign(split=control.split.str.removesuffix(curve.CONTROL))
    own = wide[wide.split.isin(WAYS)]
    own = own.join(control.set_index(keys).auspc.rename("size-matched"), on=keys)
    return pd.DataFrame(
        {
            "data set": own.task.map(known.heading),
            "model": own.model.map(known.title),
            "split": own.split.map(WAYS),
            "metric": own.metric,
            "AUSPC over λ": own.auspc,
            "low": own.low,
            "high": own.high,
            "size-matched": own["size-matched"],
            "AUSPC over overlap": own["over overlap"],
            "λ to": own.end,
            "λ values": own.points,
            "coverage": own.coverage,
            "seeds": own.seeds,
        }
    ).reset_index(drop=True)


def finding_table(known: Declared, datasets: Iterable[str] | None = None) -> pd.DataFrame:
    """Fall from λ = 0 to the largest λ, and what of it size and overlap explain.

    Parameters
    ----------
    known : Declared
        Models and data sets.
    datasets : iterable of str, optional
        Only these.

    Returns
    -------
    DataFrame
    """
    rows = _of(table.read("findings.csv"), datasets)
    return pd.DataFrame(
        {
            "data set": rows.task.map(known.heading),
            "model": rows.model.map(known.title),
            "split": rows.split.map(WAYS),
            "at λ = 0": rows["first"],
            "at the largest λ": rows["last"],
            "λ": rows.parameter,
            "fall": rows.fall,
            "fall, low": rows.fall_low,
            "fall, high": rows.fall_high,
            "falls": np.where(rows.falls, "yes", "not shown"),
            "fall, size-matched": rows.fall_size,
            "share due to size": rows.share_size,
            "lost to overlap": rows.gap,
            "lost, low": rows.gap_low,
            "lost, high": rows.gap_high,
            "score ~ overlap": rows["rank"],
        }
    ).reset_index(drop=True)


def placed_table(known: Declared, datasets: Iterable[str]) -> pd.DataFrame:
    """Splits that others use: their overlap, the nearest λ, and scores beside the curve's.

    Parameters
    ----------
    known : Declared
        Models and data sets.
    datasets : iterable of str
        Which data sets.

    Returns
    -------
    DataFrame
    """
    rows = _of(table.read("placed.csv"), datasets, "dataset")
    kinds = {
        (name, split): existing.kind
        for name, spec in known.datasets.items()
        for split, existing in spec.existing.items()
    }
    return pd.DataFrame(
        {
            "data set": rows.dataset.map(known.heading),
            "split": rows.split,
            "kind": [kinds.get(pair, "Part I") for pair in zip(rows.dataset, rows.split)],
            "model": rows.model.map(known.title),
            "overlap": rows.overlap,
            "nearest λ": rows.parameter,
            "overlap there": rows.curve_overlap,
            "score": rows.score,
            "score on the curve": rows.curve,
        }
    ).reset_index(drop=True)


_INKS = {
    "classical": ("#0072B2", "regression on features"),
    "network": ("#CC79A7", "network"),
    "baseline": ("#E69F00", "baseline"),
    "": ("#009E73", "vectors of Part I"),
    "shortcut": ("#888888", "shortcut or control"),
}


def overview(known: Declared) -> Figure:
    """AUSPC of every model on every data set (dots) beside its size-matched control (ticks).

    Parameters
    ----------
    known : Declared
        Models and data sets.

    Returns
    -------
    Figure
        One row a data set; the line between dot and tick is what overlap, and not size, gives.
    """
    rows = table.read("auspc.csv")
    rows = rows[(rows.over == "lambda") & (rows.coverage >= BROAD)]
    parts = []
    for suffix, mark in (("", "o"), (curve.CONTROL, "|")):
        part = rows[rows.split == "spectral" + suffix]
        place = part.groupby("task").auspc.rank(method="first", ascending=False)
        number = part.groupby("task").auspc.transform("size")
        parts.append(part.assign(mark=mark, shift=0.54 * (place - 1) / number - 0.27))
    own, control = parts
    matched = control.drop(columns=["shift"]).merge(own[["task", "model", "shift"]])
    frame = pd.concat([own, matched]).drop(columns=["low", "high"])
    cheap = frame.model.map(known.cheap)
    family = [known.models[m].family for m in frame.model]
    family = np.where(cheap, "shortcut", [f if f in _INKS else "" for f in family])
    measure = np.where(frame.metric == "spearman", " (ρ)", " (AUROC)")
    frame = frame.assign(ink=[_INKS[f][0] for f in family])
    frame["row"] = frame.task.map(known.heading) + measure
    order = [*known.datasets, *sorted(set(frame.task) - set(known.datasets))]
    frame = frame.sort_values("task", key=lambda c: c.map(order.index), kind="stable")
    key = {words: {"color": ink} for ink, words in _INKS.values()}
    key["the same, size-matched"] = {"marker": "|", "color": INK}
    label = "AUSPC over λ (chance: AUROC 0.5, Spearman ρ 0)"
    return dots(frame, label=label, value="auspc", key=key, height=0.52)


def published_areas(known: Declared, published: PublishedSpec) -> pd.DataFrame:
    """Published areas, quoted, beside those of our models on the same or the nearest data set.

    Parameters
    ----------
    known : Declared
        Models and data sets.
    published : PublishedSpec
        Quoted values.

    Returns
    -------
    DataFrame
    """
    quoted = [
        {"data set": known.heading(d), "model": m, "split": "published", "AUSPC over λ": value}
        for d, values in published.auspc.values.items()
        for m, value in values.items()
    ]
    own = area_table(known, published.auspc.values)
    own["split"] = "ours, " + own["split"]
    columns = ["data set", "model", "split", "AUSPC over λ", "low", "high"]
    frame = pd.concat([pd.DataFrame(quoted), own])[columns]
    return frame.sort_values("data set", kind="stable", ignore_index=True)


def checks(known: Declared) -> pd.DataFrame:
    """Means over λ of what the paper's repository ships (overlap, size, spread) beside ours.

    Parameters
    ----------
    known : Declared
        Models and data sets.

    Returns
    -------
    DataFrame
        Rows of ``published.csv``.
    """
    rows = table.read("published.csv")
    names = {
        "dataset": "data set",
        "model": "model",
        "quantity": "what",
        "lambdas": "values of λ",
        "published": "published, mean",
        "ours": "ours, mean",
        "rank_correlation": "rank correlation over λ",
        "mean_difference": "mean difference",
    }
    model = ["" if pd.isna(m) else known.title(m) for m in rows.model]
    rows = rows.assign(dataset=rows.dataset.map(known.heading), model=model)
    return rows[list(names)].rename(columns=names)


def numbers(known: Declared) -> dict[str, object]:
    """Numbers for the prose: data sets, curves, and in how many performance falls with overlap.

    Parameters
    ----------
    known : Declared
        Models and data sets.

    Returns
    -------
    dict
    """
    findings, drawn = table.read("findings.csv"), table.read("points.csv")
    real = findings[(findings.split == "spectral") & (findings.coverage >= BROAD)]
    real = real[~real.model.map(known.cheap)]
    every = drawn[drawn.split.isin(WAYS)].groupby(["task", "model", "split"]).ngroups
    sizes = {"datasets": int(drawn.task.nunique()), "curves": every}
    return sizes | summaries.spectral_findings(real)


def lists(known: Declared) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Every declared data set and model, with what those need that do not run here.

    Parameters
    ----------
    known : Declared
        Models and data sets.

    Returns
    -------
    datasets, models : DataFrame
    """
    sets = catalogue.frame().drop(columns=["models"])
    sets["needs"] = [
        known.datasets[name].files["table"].how if status != "ready" else ""
        for name, status in zip(sets["data set"], sets.status)
    ]
    return sets.drop(columns=["status"]), catalogue.of_models()
