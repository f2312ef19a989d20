"""Curves of Part II, their areas, existing splits and findings, drawn and put in words.

Reads the tables of ``genebench spectra``; computes no score.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from ..benchmark import summaries
from ..benchmark.summaries import CHEAP
from ..core.specs import Declarations, PublishedSpec
from ..spectra import curve, table
from ..spectra import datasets as declarations

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
        """Title of a model."""
        return self.models[model].title

    def heading(self, dataset: str) -> str:
        """Title of a data set, or the name of a gene task."""
        return self.datasets[dataset].title if dataset in self.datasets else dataset

    def cheap(self, model: str) -> bool:
        """Whether a model is a shortcut or a control."""
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
    own = declarations.declared()
    others = {m: s for m, s in known.models.items() if m not in own.models}
    return Declared({**own.models, **others}, own.datasets)


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
    sets = table.datasets(declarations.declared()).drop(columns=["models"])
    sets["needs"] = [
        known.datasets[name].files["table"].how if status != "ready" else ""
        for name, status in zip(sets["data set"], sets.status)
    ]
    return sets.drop(columns=["status"]), table.models(declarations.declared())
