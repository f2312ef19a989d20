"""Scores and declarations to tables for readers. Computes no score, reads no file."""

from collections.abc import Iterable, Mapping

import numpy as np
import pandas as pd

from genebench.benchmark.summaries import SHARED, with_exposure
from genebench.core.errors import BadInput, check
from genebench.core.specs import GROUPS, ModelSpec, ProfileSpec, SourceSpec

from .figures import minus, titles

Models = Mapping[str, ModelSpec]

NARROW = 0.2
"""A mean over tasks of which a model covers less than this share of the genes gets a dagger."""

SPLITS = {
    "random": "folds at random",
    "genes": "no gene of a tested pair in training",
    "chromosome": "chromosomes kept whole",
    "stem": "symbol stems kept whole",
    "family": "families kept whole",
    "similarity": "genes of similar proteins kept together",
    "study": "tested on little-studied genes",
    "date": "tested on newly annotated genes first",
    "prospective": "trained on an older release, tested on what is new since",
    "published": "the published folds",
}
"""Splits to what each does: random, neighbours, relatives, what is little studied or new. Not an
order of difficulty."""

METRICS = {"auroc": "AUROC", "auroc_weighted": "AUROC, weighted", "spearman": "Spearman"}
"""Metrics in words."""

_NAMES = ("model", "other", "part", "best", "second", "best_shortcut")


def readable(
    frame: pd.DataFrame, models: Models, columns: Iterable[str] | Mapping[str, str]
) -> pd.DataFrame:
    """A table for readers: titles of models, and words in place of names of columns.

    An interval of no width is taken out: it says certainty, and means that no draw of genes moves
    the score (see ``spans``).

    Parameters
    ----------
    frame : DataFrame
        Any table of results.
    models : mapping of str to ModelSpec
        Declared models; the columns ``model``, ``other``, ``part``, ``best``, ``second`` and
        ``best_shortcut`` name them.
    columns : iterable of str, or mapping of str to str
        Which columns, in this order; a mapping heads them, else underscores become spaces.

    Returns
    -------
    DataFrame
    """
    if not isinstance(columns, Mapping):
        columns = {c: c.replace("_", " ") for c in columns}
    frame = frame[list(columns)].reset_index(drop=True)
    for low in (c for c in frame if c.endswith("low") and not c.startswith("rank")):
        ends = [low, low.removesuffix("low") + "high"]
        if ends[1] in frame:
            frame[ends] = frame[ends].mask(frame[ends[0]] == frame[ends[1]])
    for column in set(_NAMES) & set(frame):
        frame[column] = [models[m].title if isinstance(m, str) else "" for m in frame[column]]
    return frame.rename(columns=columns)


def by_group(plain: pd.DataFrame, measure: str = "auroc") -> tuple[pd.DataFrame, pd.DataFrame]:
    """Plain means by model (rows) and group of tasks (columns), and their marks.

    Parameters
    ----------
    plain : DataFrame
        Rows of ``plain.csv`` on own genes.
    measure : {"auroc", "spearman"}
        Means of classification or of regression tasks; never both.

    Returns
    -------
    table, marks : DataFrame of shape (n_models, n_groups)
        NaN where a model has no task; ``*`` where it was trained on labels of a task, ``†`` where
        its mean coverage is under ``NARROW``, else empty.
    """
    part = plain[(plain.measure == measure) & (plain.group != "all")]
    text = np.where(part.exposed > 0, "*", "") + np.where(part.coverage < NARROW, "†", "")
    return _marked(part.assign(marks=text), "model", "group", GROUPS)


def by_choice_of_genes(plain: pd.DataFrame, models: Models) -> pd.DataFrame:
    """Mean AUROC of each model on several choices of genes, over the tasks that have all of them.

    Parameters
    ----------
    plain : DataFrame
        ``plain.csv``.
    models : mapping of str to ModelSpec

    Returns
    -------
    DataFrame
        Indexed by model: one column per choice (AUROC, 0 to 1), ``tasks``, ``coverage``, and the
        ranks by choice; a dash for models of few tasks.
    """
    choices = ["common", "own", "all"]
    part = plain[plain.group == SHARED]
    wide = part.pivot(index="model", columns="genes", values=["score", "rank"])
    one = part[part.genes == "own"].set_index("model")[["tasks", "coverage"]]
    table = wide["score"][choices].join(one).rename_axis(columns=None)
    ranks = wide["rank"][choices].dropna().astype(int).astype(str).agg(" → ".join, axis=1)
    table[f"rank {' → '.join(choices)}"] = ranks.reindex(table.index, fill_value="–")
    return table.loc[[m for m in models if m in table.index]]


def _marked(
    frame: pd.DataFrame, rows: str, columns: str, order: Iterable[str]
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Scores of a long table with one row and one column a name, in an order, and their marks."""
    wide = frame.pivot(index=rows, columns=columns, values=["score", "marks"])
    names = [name for name in order if name in set(frame[columns])]
    return wide.score[names].astype(float), wide.marks[names].fillna("")


def of_group(frame: pd.DataFrame, group: str) -> pd.DataFrame:
    """Rows of one group of tasks.

    Parameters
    ----------
    frame : DataFrame
        Column ``group``.
    group : str

    Returns
    -------
    DataFrame
    """
    check(GROUPS, "group", group)
    part = frame[frame.group == group]
    if part.empty:
        raise BadInput(
            f"the group '{group}' has no scores or tasks in this profile; add a task of that "
            "group, or drop its page."
        )
    return part.reset_index(drop=True)


def declared_titles(tasks: Iterable[str], sources: Mapping[str, SourceSpec]) -> dict[str, str]:
    """Titles of tasks by the declarations of their sources.

    Parameters
    ----------
    tasks : iterable of str
        Names of tasks.
    sources : mapping of str to SourceSpec

    Returns
    -------
    dict of str to str
        Of a task that is derived from another, the last part of its name in words.
    """
    declared = {t.name: t.title for source in sources.values() for t in source.tasks}
    words = {t: t.rpartition("/")[2].replace("-", " ").capitalize() for t in tasks}
    return {t: declared.get(t, words[t]) for t in words}


def wide(
    frame: pd.DataFrame, models: Models, best: Iterable[str] = ()
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Main scores, one row per task and one column per model, and their stars.

    Parameters
    ----------
    frame : DataFrame
        Main scores: ``task, model, score``.
    models : mapping of str to ModelSpec
    best : iterable of str
        Models whose columns stand first, in this order.

    Returns
    -------
    table, stars : DataFrame
        ``task`` and one column per model, by title; same rows, models only: a star where the model
        was trained on the task's labels.
    """
    frame = with_exposure(frame, models)
    frame = frame.assign(marks=np.where(frame.exposed, "*", ""))
    scores, stars = (
        table.set_axis(titles(table, models), axis=1)
        for table in _marked(frame, "task", "model", dict.fromkeys([*best, *models]))
    )
    return scores.reset_index(), stars.reset_index(drop=True)


def by_split(intervals: pd.DataFrame, models: Models) -> pd.DataFrame:
    """Scores on the common genes with their 95 % intervals, one column a split.

    Parameters
    ----------
    intervals : DataFrame
        Rows of ``intervals.parquet``.
    models : mapping of str to ModelSpec

    Returns
    -------
    DataFrame
        A row a task and model: ``task``, ``model`` (title), by split "0.712 (0.690 to 0.733)", NaN
        where it was not run, and whether the model was ``exposed``; of each task the best under the
        last of its ``SPLITS`` first, exposed models last. Without controls.
    """
    frame = intervals[(intervals.genes == "common") & (intervals.family != "control")]
    splits = [split for split in SPLITS if split in set(frame.split)]
    frame = with_exposure(frame, models).assign(text=_spans(frame))
    by = {"index": ["task", "model", "exposed"], "columns": "split"}
    wide = frame.pivot(**by, values="score")[splits[::-1]].reset_index()
    order = ["task", "exposed", *splits[::-1]]
    ascending = [True, True, *[False] * len(splits)]
    places = wide.sort_values(order, ascending=ascending, kind="stable").index
    texts = frame.pivot(**by, values="text").reset_index().loc[places]
    texts["exposed"] = np.where(texts.exposed, "yes", "no")
    texts = texts.rename_axis(columns=None)
    return readable(texts, models, ["task", "model", *splits, "exposed"])


def two_best(power: pd.DataFrame, intervals: pd.DataFrame, models: Models) -> pd.DataFrame:
    """The two best models of each task under each split, and what the task can tell of two models.

    Parameters
    ----------
    power : DataFrame
        Rows of ``power.csv``.
    intervals : DataFrame
        Rows of ``intervals.parquet``.
    models : mapping of str to ModelSpec

    Returns
    -------
    DataFrame
        ``task``, ``split``, ``best`` (title), its ``score`` on the common genes with the 95 %
        interval, ``second``, the ``difference`` of both, and the ``smallest detectable`` one.
    """
    common = intervals[intervals.genes == "common"]
    common = common.assign(score=_spans(common), best=common.model)
    rows = power[power.best.notna()].merge(
        common[["task", "split", "probe", "best", "score"]], on=["task", "split", "probe", "best"]
    )
    rows = rows.assign(place=rows.split.map(list(SPLITS).index))
    rows = rows.sort_values(["task", "place"], kind="stable")
    columns = {name: name for name in "task split best score second difference".split()}
    return readable(rows, models, columns | {"smallest": "smallest detectable"})


def spans(frame: pd.DataFrame, digits: int = 3) -> pd.Series:
    """Intervals as text; where one has no width, why there is none.

    Parameters
    ----------
    frame : DataFrame
        Columns ``low`` and ``high``, and where there is one ``score``.
    digits : int

    Returns
    -------
    Series of str
        As "0.690 to 0.733", or "no interval: nothing is ranked wrong".
    """
    low, high = (frame[name].map(f"{{:.{digits}f}}".format).map(minus) for name in ("low", "high"))
    score = frame.get("score", pd.Series(np.nan, frame.index))
    why = score.map({0: "all are scored alike", 0.5: "all are scored alike"})
    why = why.mask(score == 1, "nothing is ranked wrong").mask(score.isna(), "no draw moves it")
    why = "no interval: " + why.fillna("all are of one family or cluster")
    return (low + " to " + high).mask(frame.low == frame.high, why)


def _spans(frame: pd.DataFrame) -> pd.Series:
    """Scores with their intervals in words."""
    return frame.score.map("{:.3f}".format).map(minus) + " (" + spans(frame) + ")"


_TESTED = {"genes": " on genes that had none", "gains": " on genes that gained the label"}


def dated(profile: ProfileSpec, sources: Mapping[str, SourceSpec]) -> pd.DataFrame:
    """Sets of labels of which an older release trains and what is new since is tested.

    Parameters
    ----------
    profile : ProfileSpec
    sources : mapping of str to SourceSpec

    Returns
    -------
    DataFrame
        ``labels`` (title), ``before`` and ``until`` (days of both releases), ``tested`` (in words);
        empty where the profile has none.
    """
    rows = [
        (task.title, task.before.release, source.release, _TESTED[task.before.tested])
        for source in (sources[name] for name in profile.sources)
        for task in source.tasks
        if task.before
    ]
    return pd.DataFrame(rows, columns=["labels", "before", "until", "tested"])


def late(newest: pd.Series, dated: pd.DataFrame) -> pd.Series:
    """Of how many sets of dated labels each model is newer than the release that trains.

    Parameters
    ----------
    newest : Series of str
        Month of the newest text or data of each model; empty of those that have none.
    dated : DataFrame
        Of ``dated``.

    Returns
    -------
    Series of str
        As "2 of 5"; empty where no month is known.
    """
    number = newest.map(lambda month: sum(str(month) > day[:7] for day in dated.before))
    return (number.astype(str) + f" of {len(dated)}").where(newest.fillna("") > "", "")


def exposure(
    profile: ProfileSpec, models: Models, sources: Mapping[str, SourceSpec]
) -> pd.DataFrame:
    """Which model was trained on the labels of which source, by the declarations.

    Parameters
    ----------
    profile : ProfileSpec
    models : mapping of str to ModelSpec
        Declared models: ``exposed`` and ``unclear``.
    sources : mapping of str to SourceSpec

    Returns
    -------
    DataFrame
        One row per model and source of labels: ``model, title, source, labels, status`` (clean,
        unknown, partly exposed or exposed), ``why`` and ``citations`` (keys of the bibliography).
    """
    rows = []
    for spec in (models[m] for m in profile.models if models[m].family != "control"):
        for source in (sources[s] for s in profile.sources if sources[s].tasks):
            status, why = _status(spec, [t.name for t in source.tasks])
            cited = "; ".join(filter(None, [spec.citation, source.citation]))
            rows.append((spec.name, spec.title, source.id, source.title, status, why, cited))
    columns = ["model", "title", "source", "labels", "status", "why", "citations"]
    return pd.DataFrame(rows, columns=columns)


def _status(spec: ModelSpec, tasks: list[str]) -> tuple[str, str]:
    """Status of a model on the tasks of one source, and why."""
    hit = [t for t in tasks if spec.exposed_on(t)]
    if hit:
        why = dict.fromkeys(w for p, w in spec.exposed.items() if any(t.startswith(p) for t in hit))
        return "exposed" if len(hit) == len(tasks) else "partly exposed", " ".join(why)
    unclear = [why for p, why in spec.unclear.items() if any(t.startswith(p) for t in tasks)]
    return ("unknown", " ".join(unclear)) if unclear else ("clean", f"Made from: {spec.trained_on}")
