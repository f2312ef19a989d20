"""Cross-split overlap, and the curve of scores over it: points, areas, findings, placed splits.

Nothing here fits a model. Intervals are Student's t; the variance is that over seeds (another draw
of the split) and, where there are ``draws``, that over resampled test units (other test data).
"""

import numpy as np
import pandas as pd

from ..benchmark import results
from ..stats import metrics
from ..stats.intervals import t_interval

SPLIT = ["split", "split_param", "repeat", "fold"]
"""Columns that name a split."""
CONTROL = "-size"
"""Suffix of the control's split name: as many units as the spectral split, drawn at random."""
OVERLAPS = ("jaccard", "test_linked", "mean_similarity")
"""The definitions of cross-split overlap, as columns."""
OVERLAP = "test_linked"
"""The overlap that the curve is drawn over: share of test units with a linked unit in train."""
NARROW = 0.05
"""A curve whose overlap spans less than this has no area over overlap."""
KEY = ["task", "model", "split", "parameter"]
"""Index of resampled scores: one column a draw, mean over seeds."""
_MODEL = ["task", "group", "kind", "model"]
_CURVE = [*_MODEL, "split", "metric"]


def overlaps(parts, side, barcodes=None):
    """Compute the cross-split overlap of one split by three definitions; 0: nothing is shared.

    Parameters
    ----------
    parts, side : sequence of (Graph, ndarray of shape (n,)), ndarray of shape (n,)
        Which nodes are alike, and the node of each unit: units are alike if any of their nodes are
        (two graphs of pairs: by protein, by ligand); the split: 1 train, 2 test, 0 neither.
    barcodes : sparse matrix of shape (n, n_mutations), optional
        Mutations of each unit, its non-zero entries.

    Returns
    -------
    dict
        ``jaccard``: mutations in both train and test over those in either (the paper's amyloid and
        RRM notebooks), in [0, 1]; NaN without barcodes or mutations. ``test_linked``: share of test
        units with a relative in train (the paper's text). ``mean_similarity``: mean weight over
        all pairs of a train and a test unit (the package's tutorials); of a binary graph the
        share of those pairs that are linked, of several graphs their mean. NaN where a side is
        empty.
    """
    train, test = side == 1, side == 2
    if not (train.any() and test.any()):
        return dict.fromkeys(OVERLAPS, np.nan)
    near, jaccard = [], np.nan
    for graph, node in parts:
        of_node = np.bincount(node[train], minlength=graph.shape[0]).astype(float)
        near.append(graph[node[test]] @ of_node)
    if barcodes is not None:
        mine, other = (barcodes.T @ units > 0 for units in (train, test))
        either = (mine | other).sum()
        jaccard = (mine & other).sum() / either if either else np.nan
    linked, similar = np.any(np.greater(near, 0), axis=0), np.mean(near) / train.sum()
    return {"jaccard": jaccard, "test_linked": linked.mean(), "mean_similarity": similar}


def area(x, y, target=None):
    """Compute the area under a curve over the width of x: its mean height.

    Over λ from 0 to 1 the width is 1, and this is the paper's AUSPC (trapezoid).

    Parameters
    ----------
    x, y : array-like of float
        Points; those of one x are averaged.
    target : ndarray, optional
        Take the mean of the curve at these x instead, its ends held beyond them.

    Returns
    -------
    float
        In the unit of y; NaN of fewer than two different x.
    """
    x, y = np.asarray(x, float), np.asarray(y, float)
    x, at = np.unique(x[np.isfinite(y)], return_inverse=True)
    if len(x) < 2:
        return np.nan
    y = np.bincount(at, y[np.isfinite(y)]) / np.bincount(at)
    if target is not None:
        return float(np.interp(target, x, y).mean())
    return float(np.trapezoid(y, x) / np.ptp(x))


def joined(scores, overlaps):
    """Join the main scores, one row a split, with the overlap of that split.

    Parameters
    ----------
    scores, overlaps : DataFrame
        Rows of ``scores.parquet`` and of ``overlaps.csv``.

    Returns
    -------
    DataFrame
        Rows of each kind's main metric with ``parameter`` (λ; NaN of splits without one) and the
        columns of ``OVERLAPS``.
    """
    rows = results.texts(scores)
    rows = rows[rows.metric == rows.kind.map(metrics.main)]
    rows = rows.assign(parameter=pd.to_numeric(rows.split_param, errors="coerce"))
    right = overlaps[["dataset", *SPLIT, *OVERLAPS]].rename(columns={"dataset": "task"})
    return rows.merge(right, on=["task", *SPLIT], how="left", validate="many_to_one")


def _groups(rows, by):
    """Rows of splits at some λ, by columns whose values come as a dict."""
    for at, part in rows[rows.parameter.notna()].groupby(by):
        yield dict(zip(by, at)), part


def _interval(values, drawn, metric=""):
    """Mean and interval over seeds and resampled tests, inside the range of a metric if given."""
    drawn = drawn[np.isfinite(drawn)].astype(float)
    out = t_interval(values, drawn.var(ddof=1) if len(drawn) > 1 else 0.0)
    limits = metrics.METRICS.get(metric)
    return np.clip(out, limits.low, limits.high) if limits else out


def _drawn(draws, at, *parameters):
    """Resampled scores of one curve at some λ, (n_λ, n_draws); NaN where there are none."""
    if draws is None:
        return np.empty((len(parameters), 0))
    return draws.reindex([(*(at[k] for k in KEY[:3]), p) for p in parameters]).to_numpy()


def points(rows, draws=None):
    """Average the scores of each λ over seeds: the spectral performance curve.

    Parameters
    ----------
    rows, draws : DataFrame
        Of ``joined``; resampled scores, indexed by ``KEY``.

    Returns
    -------
    DataFrame
        One row per task × model × split × λ: ``score`` with its interval ``low, high``, ``seeds``,
        and means of overlaps and sizes.
    """
    out = []
    for row, part in _groups(rows, [*_CURVE, "parameter"]):
        drawn = _drawn(draws, row, row["parameter"])
        row["score"], row["low"], row["high"] = _interval(part.score, drawn, row["metric"])
        row["seeds"] = part["repeat"].nunique()
        out.append(row | part[[*OVERLAPS, "n_train", "n_test"]].mean().to_dict())
    return pd.DataFrame(out)


def areas(rows, draws=None, target=None):
    """Compute the areas under the mean curve of each model.

    Parameters
    ----------
    rows, draws : DataFrame
        As of ``points``.
    target : ndarray, optional
        Overlaps, in [0, 1], that the model will meet (of a unit with a relative in train 1, else
        0); None: from 0 to 1, all alike.

    Returns
    -------
    DataFrame
        Per task × model × split and ``over``: ``lambda``, AUSPC, the trapezoid of the mean over
        seeds; ``overlap``, the same over overlap (another number, because overlap is not spread
        evenly over λ); ``target``, after AU-GOOD (Fernández-Díaz 2025): mean of the curve over
        overlap at the target's overlaps, its ends held. With interval ``low, high``, ``seeds``,
        number of ``points``, and span ``begin, end`` with scores (where λ does not reach 1 the area
        is the mean height over this span).
    """
    out, target = [], np.linspace(0, 1, 21) if target is None else target
    for at, part in _groups(rows, _CURVE):
        line = part.pivot_table("score", "parameter", "repeat")
        mean = part.groupby("parameter")[OVERLAP].mean()
        for over in ("lambda", "overlap", "target"):
            x = line.index if over == "lambda" else mean
            begin, end = np.min(x), np.max(x)
            row, n = at | {"over": over, "auspc": np.nan, "low": np.nan, "high": np.nan}, 0
            if over == "lambda" or end - begin >= NARROW:
                n = line.shape[1]
                rest = [line.drop(columns=s).mean(axis=1) for s in line if n > 1]
                every = [line.mean(axis=1), *rest, *_drawn(draws, at, *line.index).T]
                values = np.array([area(x, y, target if over == "target" else None) for y in every])
                whole, left, tests = values[0], values[1 : len(rest) + 1], values[len(rest) + 1 :]
                left = left if n > 1 else values[:1]
                pseudo = whole + (n - 1) * (left.mean() - left)  # jackknife over seeds
                _, row["low"], row["high"] = _interval(pseudo, tests, at["metric"])
                row["auspc"] = whole
            row |= {"seeds": n, "points": len(line), "begin": begin, "end": end}
            out.append(row | {"coverage": part.coverage.mean()})
    return pd.DataFrame(out)


def findings(rows, draws=None, by_marks=()):
    """Test whether scores fall with overlap, and how much of the fall is fewer samples.

    Parameters
    ----------
    rows, draws : DataFrame
        As of ``points``.
    by_marks : collection of str
        Models that know a unit by its marks alone.

    Returns
    -------
    DataFrame
        One row per task × model × split. ``uninformed``: by marks, and at the largest λ no mark of
        a test unit is in train, so that the model cannot but guess. ``first, last``: score at the
        least and at the largest λ at which every seed has one (``parameter``). ``fall`` = first −
        last, paired by seed, with interval; ``falls``: its interval is above 0. ``fall_size``: the
        fall of the size-matched control. ``gap`` = control − spectral at the largest λ (the effect
        of overlap at equal size), with interval. ``share_size`` = fall_size / fall where ``falls``,
        else NaN. ``rank``: Spearman correlation of mean score with mean overlap over λ.
    """
    out, way = [], rows.split.str.removesuffix(CONTROL)
    rows = rows.assign(split=way, control=rows.split != way)
    for row, both in _groups(rows, [*_MODEL, "metric", "split"]):
        part = both[~both.control]
        line, control = _by_seed(part), _by_seed(both[both.control])
        if len(line) < 2:
            continue
        (begin, first), (end, last) = line.iloc[[0, -1]].iterrows()
        (_, loose), (_, strict) = control.reindex([begin, end]).iterrows()
        seen = part.groupby("parameter")[["score", OVERLAP]].mean().dropna()
        looser, stricter = _drawn(draws, row, begin, end)
        (other,) = _drawn(draws, row | {"split": row["split"] + CONTROL}, end)
        fall = _interval(first - last, looser - stricter)
        gap = _interval(strict - last, other - stricter)
        falls, size = bool(fall[1] > 0), t_interval(loose - strict)[0]
        wide = np.ptp(seen[OVERLAP]) >= NARROW
        shared = part[part.parameter == end].jaccard.max()
        row |= {
            "parameter": end,
            "first": first.mean(),
            "last": last.mean(),
            "uninformed": row["model"] in by_marks and shared == 0,
            **dict(zip(("fall", "fall_low", "fall_high"), fall)),
            "falls": falls,
            "fall_size": size,
            **dict(zip(("gap", "gap_low", "gap_high"), gap)),
            "share_size": size / fall[0] if falls else np.nan,
            "rank": seen.corr("spearman", min_periods=3).iloc[0, 1] if wide else np.nan,
            "overlap_first": seen[OVERLAP][begin],
            "overlap_last": seen[OVERLAP][end],
            "coverage": part.coverage.mean(),
        }
        out.append(row)
    return pd.DataFrame(out)


def _by_seed(part):
    """Scores by λ (rows) and seed (columns), only λ at which every seed has one."""
    return part.pivot_table("score", "parameter", "repeat").dropna()


def placed(rows, overlaps):
    """Place the splits that others use on the curve, at the λ with the nearest overlap.

    Parameters
    ----------
    rows, overlaps : DataFrame
        Of ``joined``, and rows of ``overlaps.csv``.

    Returns
    -------
    DataFrame
        One row per dataset × split × model: ``overlap``, ``n_train, n_test`` (units; means over
        folds), ``parameter`` (nearest λ), ``curve_overlap`` (its overlap), ``score`` on that split
        beside ``curve``, the curve's score there (between the λ that the model was run at); NaN
        where there is none.
    """
    out, spectral = [], overlaps[overlaps.split == "spectral"]
    mean = spectral.groupby(["dataset", spectral.split_param.astype(float)])[OVERLAP].mean()
    others = overlaps[~overlaps.split.str.startswith("spectral")]
    others = others[others.dataset.isin(spectral.dataset)].groupby(["dataset", "split"])
    for (task, split), own in others[[OVERLAP, "n_train", "n_test"]].mean().iterrows():
        near = (mean[task] - own[OVERLAP]).abs().idxmin()
        at = {"parameter": near, "curve_overlap": mean[task, near]}
        at = {**own.rename({OVERLAP: "overlap"}), **at}
        for model, mine in rows[rows.task == task].groupby("model"):
            line = mine[mine.split == "spectral"].groupby("parameter").score.mean()
            row = {"dataset": task, "split": split, "model": model, **at}
            row["score"] = mine[mine.split == split].score.mean()
            row["curve"] = np.interp(near, line.index, line) if len(line) else np.nan
            out.append(row)
    return pd.DataFrame(out)
