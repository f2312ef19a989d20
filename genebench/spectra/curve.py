"""From tidy rows to the curve: its points, its area, splits placed on it, and whether performance falls with overlap.

Nothing here fits or scores; intervals are over seeds (Student's t over the seeds' own values), so that they say how
much another draw of the split moves a number, and not what other data would give.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import scipy

from ..stats import metrics

CONTROL = "-size"
"""Ending of the name of the control: as many units as the spectral split has, drawn at random."""
FAMILIES = ("spectral", "spectral-weighted", "spectral-reference")
"""Split names of the modes corrected, weighted and reference."""
OVERLAP = "test_linked"
"""The overlap that the curve is drawn over: share of test units with a linked unit in train."""
NARROW = 0.05
"""A curve whose overlap spans less than this has no area over overlap."""


def interval(values: np.ndarray, level: float = 0.95) -> tuple[float, float, float]:
    """Mean and Student's t interval of a few values (of seeds); NaN bounds where there are fewer than two."""
    values = np.asarray(values, dtype=float)
    values = values[np.isfinite(values)]
    if not len(values):
        return np.nan, np.nan, np.nan
    if len(values) < 2:
        return float(values[0]), np.nan, np.nan
    half = (
        scipy.stats.t.ppf((1 + level) / 2, len(values) - 1)
        * values.std(ddof=1)
        / np.sqrt(len(values))
    )
    return float(values.mean()), float(values.mean() - half), float(values.mean() + half)


def area(x: np.ndarray, y: np.ndarray) -> float:
    """Trapezoid of y over x divided by the width of x: the mean height of the curve; NaN of fewer than two points.

    Points of one x are averaged. Over λ from 0 to 1 the width is 1, and this is the paper's AUSPC.
    """
    held = pd.Series(np.asarray(y, dtype=float)).groupby(np.asarray(x, dtype=float)).mean().dropna()
    if len(held) < 2:
        return np.nan
    x = held.index.to_numpy()
    return float(np.trapezoid(held.to_numpy(), x) / (x[-1] - x[0]))


def main_rows(scores: pd.DataFrame) -> pd.DataFrame:
    """Rows of each kind's main metric, with λ as a number where there is one."""
    wanted = scores.kind.astype(str).map(
        {k: metrics.main(k) for k in scores.kind.astype(str).unique()}
    )
    out = scores[scores.metric.astype(str) == wanted].copy()
    for column in out.select_dtypes("category"):
        out[column] = out[column].astype(str)
    return out.assign(parameter=pd.to_numeric(out.split_param, errors="coerce"))


def joined(scores: pd.DataFrame, overlaps: pd.DataFrame) -> pd.DataFrame:
    """Main scores, one row a split, beside the overlap of that split."""
    rows = main_rows(scores)
    keys = {
        "dataset": "task",
        "split": "split",
        "split_param": "split_param",
        "repeat": "repeat",
        "fold": "fold",
    }
    right = overlaps.rename(columns=keys).astype({"split_param": str, "repeat": int, "fold": int})
    right = right.drop(columns=["mode", "n_train", "n_test"], errors="ignore")
    rows = rows.astype({"repeat": int, "fold": int})
    return rows.merge(right, on=list(keys.values()), how="left", validate="many_to_one")


def points(rows: pd.DataFrame) -> pd.DataFrame:
    """The curve: one row per task × model × split × λ: mean over seeds, interval, overlap, sizes, number of seeds.

    Args: rows: of ``joined``.
    """
    out = []
    by = ["task", "group", "kind", "model", "split", "metric", "parameter"]
    for at, part in rows[rows.parameter.notna()].groupby(by, sort=True):
        mean, low, high = interval(part.score.to_numpy())
        bounds = metrics.METRICS[at[5]]
        more = {
            c: part[c].mean()
            for c in ("jaccard", "test_linked", "mean_similarity", "n_train", "n_test")
        }
        clip = np.clip([low, high], bounds.low, bounds.high)
        out.append(
            dict(zip(by, at))
            | {"score": mean, "low": clip[0], "high": clip[1], "seeds": part["repeat"].nunique()}
            | more
        )
    return pd.DataFrame(out)


def areas(rows: pd.DataFrame) -> pd.DataFrame:
    """AUSPC per task × model × split, over λ and over overlap, each the mean over seeds with its interval.

    Columns: ``over`` (``lambda`` or ``overlap``), ``auspc, low, high, seeds, points, begin, end`` (the span of λ or
    overlap that has scores; where λ does not reach 1 the area is the mean height over what it reaches). Over overlap
    the name is kept apart because it is a different number: overlap is not spread evenly over λ.
    """
    out = []
    by = ["task", "group", "kind", "model", "split", "metric"]
    for at, part in rows[rows.parameter.notna()].groupby(by, sort=True):
        for over, column in (("lambda", "parameter"), ("overlap", OVERLAP)):
            found = [
                (area(s[column].to_numpy(), s.score.to_numpy()), s)
                for _, s in part.groupby("repeat")
            ]
            span = part[column].min(), part[column].max()
            if over == "overlap" and not span[1] - span[0] >= NARROW:
                found = []
            bounds = metrics.METRICS[at[5]]
            mean, low, high = np.clip(interval([a for a, _ in found]), bounds.low, bounds.high)
            out.append(
                dict(zip(by, at))
                | {"over": over, "auspc": mean, "low": low, "high": high, "seeds": len(found)}
                | {"points": part.parameter.nunique(), "begin": span[0], "end": span[1]}
                | {"coverage": part.coverage.mean()}
            )
    return pd.DataFrame(out)


def findings(rows: pd.DataFrame) -> pd.DataFrame:
    """Whether performance falls with overlap, and how much of the fall is fewer samples: task × model × split.

    Columns: ``first, last``: score at the least and at the largest λ that every seed has a score at (``parameter``);
    ``fall`` = first − last, paired by seed, with interval; ``falls``: its interval lies above 0. ``fall_size``: the
    same fall of the size-matched control; ``gap`` = control − spectral at the largest λ (what overlap alone takes, at
    equal size), with interval. ``share_size`` = fall_size / fall where ``falls``, else NaN. ``rank``: Spearman
    correlation of mean score with mean overlap over λ.
    """
    out = []
    by = ["task", "group", "kind", "model", "metric"]
    ruled = rows[rows.parameter.notna()]
    for at, part in ruled.groupby(by, sort=True):
        for split in FAMILIES:
            wide, control = (
                _wide(part[part.split == split]),
                _wide(part[part.split == split + CONTROL]),
            )
            if len(wide) < 2:
                continue
            first, last = wide.index.min(), wide.index.max()
            fall = wide.loc[first] - wide.loc[last]
            mean, low, high = interval(fall)
            of_size = (
                control.loc[first] - control.loc[last]
                if {first, last} <= set(control.index)
                else fall * np.nan
            )
            gap = control.loc[last] - wide.loc[last] if last in control.index else fall * np.nan
            seen = (
                part[part.split == split].groupby("parameter")[["score", OVERLAP]].mean().dropna()
            )
            flat = len(seen) < 3 or np.ptp(seen[OVERLAP]) < NARROW or np.ptp(seen.score) == 0
            falls = bool(low > 0)
            size, gaps = interval(of_size), interval(gap)
            out.append(
                dict(zip(by, at))
                | {
                    "split": split,
                    "parameter": last,
                    "first": wide.loc[first].mean(),
                    "last": wide.loc[last].mean(),
                }
                | {
                    "fall": mean,
                    "fall_low": low,
                    "fall_high": high,
                    "falls": falls,
                    "fall_size": size[0],
                }
                | {"gap": gaps[0], "gap_low": gaps[1], "gap_high": gaps[2]}
                | {"share_size": size[0] / mean if falls else np.nan}
                | {
                    "rank": np.nan
                    if flat
                    else float(scipy.stats.spearmanr(seen.score, seen[OVERLAP]).statistic)
                }
                | {"overlap_first": seen[OVERLAP].iloc[0], "overlap_last": seen[OVERLAP].iloc[-1]}
                | {"coverage": part.coverage.mean()}
            )
    return pd.DataFrame(out)


def _wide(part: pd.DataFrame) -> pd.DataFrame:
    """Scores by λ (rows) and seed (columns), only λ at which every seed has one."""
    return part.pivot_table(
        index="parameter", columns="repeat", values="score", aggfunc="mean"
    ).dropna()


def placed(rows: pd.DataFrame, overlaps: pd.DataFrame) -> pd.DataFrame:
    """Splits that others use, on the curve: the λ whose spectral splits have the nearest overlap, as in the paper.

    Columns: ``dataset, split, overlap`` (mean over folds), ``n_train, n_test`` (units), ``parameter`` (nearest λ),
    ``curve_overlap`` (its overlap), and per model ``score`` on that split beside ``curve`` (the curve's score there);
    NaN where a model has none.
    """
    out = []
    for task, part in overlaps.groupby("dataset", sort=True):
        ruled = part[part.split == "spectral"]
        if ruled.empty:
            continue
        mean = ruled.groupby(ruled.split_param.astype(float))[OVERLAP].mean().dropna()
        of_task = rows[rows.task == task]
        for split, held in part[~part.split.str.startswith("spectral")].groupby("split", sort=True):
            value = held[OVERLAP].mean()
            near = mean.index[int(np.argmin(np.abs(mean.to_numpy() - value)))]
            for model, mine in of_task.groupby("model", sort=True):
                curve = mine[(mine.split == "spectral") & np.isclose(mine.parameter, near)]
                out.append(
                    {"dataset": task, "split": split, "model": model, "overlap": value}
                    | {
                        "n_train": held.n_train.mean(),
                        "n_test": held.n_test.mean(),
                        "parameter": near,
                    }
                    | {"curve_overlap": mean[near], "score": mine[mine.split == split].score.mean()}
                    | {"curve": _near(mine, near) if curve.empty else curve.score.mean()}
                )
    return pd.DataFrame(out)


def _near(mine: pd.DataFrame, parameter: float) -> float:
    """The curve at λ between the two λ that a model was run at."""
    held = mine[mine.split == "spectral"].groupby("parameter").score.mean()
    return float(np.interp(parameter, held.index, held)) if len(held) else np.nan
