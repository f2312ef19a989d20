"""Curves of Part II, their areas and falls as tables.

Reads the tables of ``genebench spectra``; computes no score.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from genebench.benchmark import results
from genebench.core.specs import Declarations
from genebench.spectra import curve, table
from genebench.spectra import datasets as declarations

from .figures import ordered, styled
from .tables import METRICS, declared_titles, readable

CHEAP = ("shortcut", "control")
"""Families of models that know nothing of the entities."""
BROAD = 0.5
"""A model with vectors for less than this share of a task's genes is left out of overview, words
and counts."""

WAYS = {
    "spectral": "corrected",
    "spectral-weighted": "weighted, after the paper",
    "spectral-reference": "as the package",
}
"""Split to way of splitting in words."""

SPANNED = 0.8
"""Least range of overlaps with scores at which a mean over all of them, 0 to 1, is shown."""
_MARKS = "osD^vPX*<>"

_AREAS = {
    "task": "data set",
    "model": "model",
    "split": "split",
    "metric": "metric",
    "auspc": "AUSPC over λ",
    "low": "low",
    "high": "high",
    "matched": "size-matched",
    "over_overlap": "AUSPC over overlap",
    "good": "over all overlaps",
    "end": "λ to",
    "points": "λ values",
    "coverage": "coverage",
    "seeds": "seeds",
}

_FINDINGS = {
    "task": "data set",
    "model": "model",
    "split": "split",
    "first": "at λ = 0",
    "last": "at the largest λ",
    "parameter": "λ",
    "fall": "fall",
    "fall_low": "fall, low",
    "fall_high": "fall, high",
    "falls": "falls",
    "fall_size": "fall, size-matched",
    "share_size": "share due to size",
    "gap": "lost to overlap",
    "gap_low": "lost, low",
    "gap_high": "lost, high",
    "rank": "score ~ overlap",
}
FINDINGS = (
    "Fall from λ = 0 to the largest λ that every seed has a score at, with 95 % interval over "
    "seeds and resampled tests; the same fall of the size-matched control, and its share of the "
    "fall; what is lost to overlap at equal size, which of pairs with both partners new is the "
    "cost of new partners, too. Uninformed: the model knows a unit by its mutations alone, and "
    "none of a test unit's is in train. Score ~ overlap: rank correlation, over λ, of the mean "
    "score with the share of test units that have a relative in train (1: they fall together)."
)
"""Caption of ``finding_table``."""


@dataclass(frozen=True)
class Declared:
    """Models and data sets of Part II, and the models of Part I.

    Attributes
    ----------
    models : mapping
        Declared models by name, those of Part II first.
    datasets : mapping
        Declared data sets by name; gene tasks of Part I are not among them.
    sources : mapping
        Declared sources of these tasks.
    """

    models: Mapping
    datasets: Mapping
    sources: Mapping

    @property
    def two_sided(self) -> set[str]:
        """Data sets of pairs that are split by both partners: their λ = 0 is no random split."""
        return {name for name, spec in self.datasets.items() if "both" in spec.property}

    def title(self, model: str) -> str:
        """Title of a model."""
        return self.models[model].title

    def heading(self, dataset: str) -> str:
        """Title of a data set or gene task."""
        if dataset in self.datasets:
            return self.datasets[dataset].title
        task, at, other = dataset.partition("@")
        return declared_titles([task], self.sources)[task] + at + other

    def cheap(self, model: str) -> bool:
        """Whether a model is a shortcut or a control."""
        return self.models[model].family in CHEAP

    def averages_relatives(self, model: str) -> bool:
        """Whether a model only averages relatives, so that its fall without them is arithmetic."""
        return getattr(self.models[model], "encoder", "") == "stem"

    def stars(self, frame: pd.DataFrame) -> list[str]:
        """A star for each row whose model was trained on the labels of its ``task``, else empty."""
        rules = [getattr(self.models.get(m), "exposed_on", lambda _: False) for m in frame.model]
        return ["*" * bool(rule(task)) for rule, task in zip(rules, frame.task)]

    def styled(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Add to rows how their model is drawn (``figures.styled``), and its ``mark``.

        Parameters
        ----------
        frame : DataFrame
            Column ``model``.

        Returns
        -------
        DataFrame
            Real models first, then baselines, shortcuts and controls, each as declared.
        """
        names = ordered(frame.model, self.models)
        marks = dict(zip(names, _MARKS * 3))
        frame = frame.sort_values("model", key=lambda c: c.map(names.index), kind="stable")
        frame = styled(frame, self.models).assign(mark=frame.model.map(marks))
        return frame.assign(row=frame.row + self.stars(frame))

    def worded(self, frame: pd.DataFrame, columns: Mapping[str, str]) -> pd.DataFrame:
        """Rows for readers: titles of data sets and models, and ways of splitting in words.

        Parameters
        ----------
        frame : DataFrame
            Columns ``task`` and ``model``, and those named.
        columns : mapping of str to str
            Which columns, and how they are headed.

        Returns
        -------
        DataFrame
        """
        words = {"task": frame.task.map(self.heading)}
        if "metric" in frame:
            words["metric"] = frame.metric.replace(METRICS)
        if "split" in frame:
            words["split"] = frame.split.replace(WAYS)
        out = readable(frame.assign(**words), self.models, columns)
        return out.assign(**{columns["model"]: out[columns["model"]] + self.stars(frame)})


def declared(known: Declarations) -> Declared:
    """Collect the declarations of Part II beside those of Part I.

    Parameters
    ----------
    known : Declarations

    Returns
    -------
    Declared
    """
    own = declarations.declared()
    models = own.models | {**known.models, **own.models}
    return Declared(models, own.datasets, known.sources)


def points(dataset: str, way: str = "spectral") -> pd.DataFrame:
    """Curves of a data set by one way of splitting, and those of its size-matched control.

    Parameters
    ----------
    dataset, way : str
        Name of the data set or gene task, and one of ``WAYS``.

    Returns
    -------
    DataFrame
        Rows of ``points.csv``.
    """
    rows = table.read("points.csv")
    chosen = (rows.task == dataset) & rows.split.isin([way, way + curve.CONTROL])
    return rows[chosen].reset_index(drop=True)


def by_seed(dataset: str, way: str = "spectral") -> pd.DataFrame:
    """Scores of a data set's curves, one row a seed.

    Parameters
    ----------
    dataset, way : str
        As of ``points``.

    Returns
    -------
    DataFrame
        ``task, model, parameter, score``.
    """
    rows = results.load(table.PROFILE)
    rows = rows[(rows.task == dataset) & (rows.split == way)]
    rows = curve.joined(rows, table.read("overlaps.csv"))
    return rows[["task", "model", "parameter", "score"]]


def existing(dataset: str) -> pd.DataFrame:
    """Splits that others use of a data set, with the score of each model there.

    Parameters
    ----------
    dataset : str

    Returns
    -------
    DataFrame
        Rows of ``placed.csv``; ``task`` names the data set.
    """
    rows = table.read("placed.csv").rename(columns={"dataset": "task"})
    rows = rows[rows.task == dataset].reset_index(drop=True)
    return rows.assign(split=split_words(rows.split))


def split_words(names: pd.Series) -> pd.Series:
    """Names of splits that others use, as in "FLIP one vs rest"."""
    words = names.str.replace("-", " ")
    for word in ("flip", "tape"):
        words = words.str.replace(rf"\b{word}\b", word.upper(), regex=True)
    return words


def overlaps(dataset: str) -> pd.DataFrame:
    """Sizes and overlaps (0 to 1) of the spectral splits of a data set, those drawn first.

    Parameters
    ----------
    dataset : str

    Returns
    -------
    DataFrame
        Rows of ``overlaps.csv``, one per ``split`` and ``parameter`` (λ, 0 to 1).
    """
    rows = table.read("overlaps.csv")
    rows = rows[(rows.dataset == dataset) & rows.split.str.startswith("spectral")]
    rows = rows.assign(parameter=rows.split_param.astype(float)).sort_values(
        "repeat", kind="stable"
    )
    return rows.drop_duplicates(["split", "parameter"]).sort_values(["split", "parameter"])


def counts(findings: pd.DataFrame) -> dict[str, int]:
    """Count in how many curves performance falls with overlap.

    Parameters
    ----------
    findings : DataFrame
        Rows of ``findings.csv`` of the models that are to be counted.

    Returns
    -------
    dict of str to int
        Curves ``spanning`` a quarter of overlap or more; of these how many are ``falling``, below
        their size-matched control (``gap``), and ``ranked``, of which the rank correlation with
        overlap is positive (``rank_positive``); of the falling ones how many fall at least half as
        far by size alone (``size_half``).
    """
    spanning = findings[findings.overlap_first - findings.overlap_last >= 0.25]
    share = spanning.share_size[spanning.falls]
    numbers = {
        "spanning": spanning.task.notna(),
        "falling": spanning.falls,
        "gap": spanning.gap_low > 0,
        "size_half": share >= 0.5,
        "rank_positive": spanning["rank"] > 0,
        "ranked": spanning["rank"].notna(),
    }
    return {name: int(which.sum()) for name, which in numbers.items()}


def area_table(known: Declared, datasets: Iterable[str] | None = None) -> pd.DataFrame:
    """AUSPC over λ, over overlap and over all overlaps, by model and split, with the control.

    Parameters
    ----------
    known : Declared
    datasets : iterable of str, optional

    Returns
    -------
    DataFrame
        Areas in the unit of the metric, with 95 % intervals over seeds and resampled tests.
    """
    rows, keys = _of("auspc.csv", datasets), ["task", "model", "split"]
    wide = rows[rows.over == "lambda"].set_index(keys)
    for column, over in (("over_overlap", "overlap"), ("good", "target")):
        rest = rows[rows.over == over].set_index(keys)
        spanned = (over == "overlap") | (rest.end - rest.begin >= SPANNED)
        wide[column] = rest.auspc.where(spanned)
    wide = wide.reset_index()
    control = wide.assign(split=wide.split.str.removesuffix(curve.CONTROL)).set_index(keys)
    control = control.auspc[wide.split.str.endswith(curve.CONTROL).to_numpy()]
    own = wide[wide.split.isin(WAYS)].join(control.rename("matched"), on=keys)
    return known.worded(own, _AREAS)


def finding_table(known: Declared, datasets: Iterable[str] | None = None) -> pd.DataFrame:
    """Fall from λ = 0 to the largest λ, and what of it size and overlap explain.

    Parameters
    ----------
    known : Declared
    datasets : iterable of str, optional

    Returns
    -------
    DataFrame
    """
    rows = _of("findings.csv", datasets)
    falls = np.where(rows.falls, "yes", "not shown")
    falls = np.where(rows.uninformed, "uninformed at this λ", falls)
    averages = rows.model.map(known.averages_relatives).astype(bool)
    falls = np.where(averages, "by arithmetic: no relative left", falls)
    return known.worded(rows.assign(falls=falls), _FINDINGS)


def _of(name: str, datasets: Iterable[str] | None) -> pd.DataFrame:
    rows = table.read(name)
    return rows if datasets is None else rows[rows.task.isin(list(datasets))]


def model_table(declared: declarations.Declarations) -> pd.DataFrame:
    """List the declared models.

    Parameters
    ----------
    declared : Declarations

    Returns
    -------
    DataFrame
        One row a model: title, family, whether it is the paper's, what it does or what it needs.
    """
    frame = pd.DataFrame([spec.model_dump() for spec in declared.models.values()])
    frame["of the paper"] = np.where(frame.paper, "yes", "")
    frame["status"] = np.where(frame.needs == "", "runs here", "from a file")
    frame["what it does or needs"] = frame.needs.where(frame.needs != "", frame.description)
    frame = frame.rename(columns={"name": "model"})
    return frame[["title", "model", "family", *frame.columns[-3:]]]
