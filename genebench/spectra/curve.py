"""Cross-split overlap, and the curve of scores over it: points, areas, findings, placed splits.

Nothing here fits a model. Intervals are Student's t over the seeds' own values: they say how much
another draw of the split moves a number, and not what other data would give.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import scipy
from scipy import sparse

from ..stats import metrics
from ..stats.intervals import t_interval
from .graph import Graph
from .splits import Split

SPLIT = ["split", "split_param", "repeat", "fold"]
"""Columns that name a split."""
CONTROL = "-size"
"""Suffix of the control's split name: as many units as the spectral split, drawn at random."""
FAMILIES = ("spectral", "spectral-weighted", "spectral-reference")
"""Split names of the modes corrected, weighted and reference."""
OVERLAPS = ("jaccard", "test_linked", "mean_similarity")
"""The definitions of cross-split overlap, as columns."""
OVERLAP = "test_linked"
"""The overlap that the curve is drawn over: share of test units with a linked unit in train."""
NARROW = 0.05
"""A curve whose overlap spans less than this has no area over overlap."""
SPLIT = ["split", "split_param", "repeat", "fold"]
"""Columns that name a split."""
_CURVE = ["task", "group", "kind", "model", "split", "metric"]


def overlaps(graph: Graph, split: Split, barcodes=None) -> dict[str, float]:
    """Compute the cross-split overlap of one split by three definitions; 0: nothing is shared.

    Parameters
    ----------
    graph : Graph
        Which samples are alike.
    split : Split
        Train and test.
    barcodes : sparse matrix of shape (n, n_mutations), optional
        Mutations of each sample, its non-zero entries.

    Returns
    -------
    dict
        ``jaccard``: mutations in both train and test over those in either (the paper's amyloid and
        RRM notebooks), in [0, 1]; NaN without barcodes or mutations. ``test_linked``: share of test
        samples with a neighbour in train (the paper's text). ``mean_similarity``: mean weight over
        all pairs of a train and a test sample (the package's tutorials); of a binary graph the
        share of those pairs that are linked.
    """
    side = np.zeros(graph.n, dtype=np.int8)
    side[split.train] = 1
    rows = graph.matrix[split.test]
    across = side[rows.indices] == 1
    linked = np.diff(np.append(0, np.cumsum(across))[rows.indptr]) > 0
    total = np.append(0.0, np.cumsum(rows.data[across], dtype=float))[-1]
    n_train, n_test, jaccard = len(split.train), len(split.test), np.nan
    if barcodes is not None:
        rows = sparse.csr_array(barcodes)
        first, second = (np.unique(rows[s].nonzero()[1]) for s in (split.train, split.test))
        either = len(np.union1d(first, second))
        jaccard = len(np.intersect1d(first, second)) / either if either else np.nan
    return {
        "jaccard": jaccard,
        "test_linked": linked.sum() / n_test if n_test else np.nan,
        "mean_similarity": total / (n_train * n_test) if n_train and n_test else np.nan,
    }


def area(x: np.ndarray, y: np.ndarray) -> float:
    """Compute the area under a curve over the width of x: its mean height.

    Over λ from 0 to 1 the width is 1, and this is the paper's AUSPC (trapezoid).

    Parameters
    ----------
    x, y : array-like of float
        Points; those of one x are averaged.

    Returns
    -------
    float
        In the unit of y; NaN of fewer than two different x.
    """
    line = pd.Series(np.asarray(y, dtype=float)).groupby(np.asarray(x, dtype=float)).mean().dropna()
    if len(line) < 2:
        return np.nan
    x = line.index.to_numpy()
    return float(np.trapezoid(line.to_numpy(), x) / (x[-1] - x[0]))


def rank(x: pd.Series, y: pd.Series) -> float:
    """Spearman correlation of two columns; NaN where one does not vary."""
    if len(x) < 3 or np.ptp(x) == 0 or np.ptp(y) == 0:
        return np.nan
    return scipy.stats.spearmanr(x, y).statistic


def joined(scores: pd.DataFrame, overlaps: pd.DataFrame) -> pd.DataFrame:
    """Join the main scores, one row a split, with the overlap of that split.

    Parameters
    ----------
    scores : DataFrame
        Rows of ``scores.parquet``.
    overlaps : DataFrame
        Rows of ``overlaps.csv``.

    Returns
    -------
    DataFrame
        Rows of each kind's main metric with ``parameter`` (λ; NaN of splits without one) and the
        columns of ``OVERLAPS``.
    """
    rows = scores.astype({c: str for c in scores.select_dtypes("category")})
    rows = rows[rows.metric == rows.kind.map({k: metrics.main(k) for k in rows.kind.unique()})]
    rows = rows.assign(parameter=pd.to_numeric(rows.split_param, errors="coerce"))
    keys = ["task", *SPLIT]
    kinds = {"split_param": str, "repeat": int, "fold": int}
    right = overlaps.rename(columns={"dataset": "task"}).astype(kinds)
    right = right.drop(columns=["mode", "n_train", "n_test"], errors="ignore")
    return rows.astype({"repeat": int, "fold": int}).merge(
        right, on=keys, how="left", validate="many_to_one"
    )


def points(rows: pd.DataFrame) -> pd.DataFrame:
    """Average the scores of each λ over seeds: the spectral performance curve.

    Parameters
    ----------
    rows : DataFrame
        Of ``joined``.

    Returns
    -------
    DataFrame
        One row per task × model × split × λ: ``score`` with its interval ``low, high``, ``seeds``,
        and means of overlaps and sizes.
    """
    out = []
    for at, part in rows[rows.parameter.notna()].groupby([*_CURVE, "parameter"], sort=True):
        row = dict(zip([*_CURVE, "parameter"], at))
        row |= _interval(row["metric"], part.score, "score")
        row["seeds"] = part["repeat"].nunique()
        out.append(row | part[[*OVERLAPS, "n_train", "n_test"]].mean().to_dict())
    return pd.DataFrame(out)


def _interval(metric, values, name):
    """Mean and interval over seeds, inside the range of the metric."""
    limits = metrics.METRICS[metric].low, metrics.METRICS[metric].high
    return dict(zip((name, "low", "high"), np.clip(t_interval(values), *limits)))


def areas(rows: pd.DataFrame) -> pd.DataFrame:
    """Compute the AUSPC of each model over λ and over overlap.

    Parameters
    ----------
    rows : DataFrame
        Of ``joined``.

    Returns
    -------
    DataFrame
        Per task × model × split and ``over`` (``lambda``, ``overlap``: different numbers, because
        overlap is not spread evenly over λ): mean ``auspc`` over ``seeds`` with its interval
        ``low, high``, number of ``points``, and span ``begin, end`` with scores (where λ does not
        reach 1 the area is the mean height over this span).
    """
    out = []
    for at, part in rows[rows.parameter.notna()].groupby(_CURVE, sort=True):
        for over, column in (("lambda", "parameter"), ("overlap", OVERLAP)):
            row = dict(zip(_CURVE, at)) | {"over": over}
            begin, end = part[column].min(), part[column].max()
            wide = over == "lambda" or end - begin >= NARROW
            seeds = [area(s[column], s.score) for _, s in part.groupby("repeat") if wide]
            row |= _interval(row["metric"], seeds, "auspc")
            row |= {"seeds": len(seeds), "points": part.parameter.nunique()}
            out.append(row | {"begin": begin, "end": end, "coverage": part.coverage.mean()})
    return pd.DataFrame(out)


def findings(rows: pd.DataFrame) -> pd.DataFrame:
    """Test whether scores fall with overlap, and how much of the fall is fewer samples.

    Parameters
    ----------
    rows : DataFrame
        Of ``joined``.

    Returns
    -------
    DataFrame
        One row per task × model × split. ``first, last``: score at the least and at the largest λ
        at which every seed has one (``parameter``). ``fall`` = first − last, paired by seed, with
        interval; ``falls``: its interval is above 0. ``fall_size``: the fall of the size-matched
        control. ``gap`` = control − spectral at the largest λ (the effect of overlap at equal
        size), with interval. ``share_size`` = fall_size / fall where ``falls``, else NaN. ``rank``:
        Spearman correlation of mean score with mean overlap over λ.
    """
    out = []
    by = ["task", "group", "kind", "model", "metric"]
    for at, part in rows[rows.parameter.notna()].groupby(by, sort=True):
        for split in FAMILIES:
            mine = part[part.split == split]
            wide, control = _by_seed(mine), _by_seed(part[part.split == split + CONTROL])
            if len(wide) < 2:
                continue
            begin, end = wide.index[[0, -1]]
            control = control.reindex([begin, end])
            seen = mine.groupby("parameter")[["score", OVERLAP]].mean().dropna()
            spread = len(seen) > 2 and np.ptp(seen[OVERLAP]) >= NARROW
            fall = t_interval(wide.loc[begin] - wide.loc[end])
            gap = t_interval(control.loc[end] - wide.loc[end])
            row = {**dict(zip(by, at)), "split": split, "parameter": end}
            row |= {"first": wide.loc[begin].mean(), "last": wide.loc[end].mean()}
            row |= dict(zip(("fall", "fall_low", "fall_high"), fall))
            row["falls"] = bool(row["fall_low"] > 0)
            row["fall_size"] = t_interval(control.loc[begin] - control.loc[end])[0]
            row |= dict(zip(("gap", "gap_low", "gap_high"), gap))
            row["share_size"] = row["fall_size"] / row["fall"] if row["falls"] else np.nan
            row["rank"] = rank(seen.score, seen[OVERLAP]) if spread else np.nan
            row |= dict(zip(("overlap_first", "overlap_last"), seen[OVERLAP].iloc[[0, -1]]))
            out.append(row | {"coverage": part.coverage.mean()})
    return pd.DataFrame(out)


def _by_seed(part):
    """Scores by λ (rows) and seed (columns), only λ at which every seed has one."""
    return part.pivot_table(
        index="parameter", columns="repeat", values="score", aggfunc="mean"
    ).dropna()


def placed(rows: pd.DataFrame, overlaps: pd.DataFrame) -> pd.DataFrame:
    """Place the splits that others use on the curve, at the λ with the nearest overlap.

    Parameters
    ----------
    rows : DataFrame
        Of ``joined``.
    overlaps : DataFrame
        Rows of ``overlaps.csv``.

    Returns
    -------
    DataFrame
        One row per dataset × split × model: ``overlap``, ``n_train, n_test`` (units; means over
        folds), ``parameter`` (nearest λ), ``curve_overlap`` (its overlap), ``score`` on that split
        beside ``curve``, the curve's score there (between the λ that the model was run at); NaN
        where there is none.
    """
    out = []
    for task, part in overlaps.groupby("dataset", sort=True):
        spectral = part[part.split == "spectral"]
        mean = spectral.groupby(spectral.split_param.astype(float))[OVERLAP].mean().dropna()
        others = part[~part.split.str.startswith("spectral")]
        for split, own in others.groupby("split", sort=True) if len(spectral) else ():
            overlap = own[OVERLAP].mean()
            near = mean.index[np.argmin(np.abs(mean.to_numpy() - overlap))]
            of_split = {"overlap": overlap, **own[["n_train", "n_test"]].mean()}
            of_split |= {"parameter": near, "curve_overlap": mean[near]}
            for model, mine in rows[rows.task == task].groupby("model", sort=True):
                line = mine[mine.split == "spectral"].groupby("parameter").score.mean()
                row = {"dataset": task, "split": split, "model": model, **of_split}
                row["score"] = mine[mine.split == split].score.mean()
                row["curve"] = np.interp(near, line.index, line) if len(line) else np.nan
                out.append(row)
    return pd.DataFrame(out)
