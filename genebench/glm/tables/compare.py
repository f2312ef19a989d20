"""What the card of a probe says: scores with intervals, differences, leak checks, sentences."""

import numpy as np
import pandas as pd

from ...stats import bootstrap, metrics
from .. import codes
from . import windows as reading

SEED = 20240711
SPLITS = {
    "random": "Random folds",
    "homology": "Families of windows kept whole",
    "spectral": "No shared word between train and test",
    "matched": "Random, of the size of the split without shared words",
}


def compared(data, split, divisions, families, predicted):
    """Score one split with intervals, and pair every model with the best shortcut.

    Parameters
    ----------
    data, split, divisions : Windows, str, sequence of Division
    families : ndarray of shape (n,), int
        What is drawn anew together.
    predicted : mapping of str to (str, list of ndarray)
        Model → shortcut, control or network, and its predictions under each division.

    Returns
    -------
    dict or None
        Title, sizes, best shortcut, and a row a model, the best first; None of a split that is not
        there.
    """
    ways = [(i, way) for i, way in enumerate(divisions) if way.split == split]
    if not ways:
        return None
    value, influence = np.zeros(len(predicted)), np.zeros((len(data), len(predicted)))
    tested, trained = 0, []
    for i, way in ways:
        rows = np.isin(way.fold, way.tested)
        tested += rows.sum()
        trained += [((way.fold >= 0) & (way.fold != f)).sum() for f in way.tested]
        for column, (_, values) in enumerate(predicted.values()):
            given = data.label[rows], values[i][rows], way.fold[rows]
            score, part = bootstrap.influence(data.kind, *given)
            value[column] += score
            influence[rows, column] += part / len(ways)
    value /= len(ways)
    least = metrics.METRICS[metrics.main(data.kind)].low
    moved, low, high = bootstrap.clustered(value, influence, families, seed=SEED, low=least)
    frame = pd.DataFrame({"model": list(predicted), "family": [f for f, _ in predicted.values()]})
    best = int(np.argmax(np.where(frame.family == "shortcut", value, -np.inf)))
    gap = value - value[best]
    less_low, less_high = bootstrap.difference_interval(gap, moved - moved[best])
    frame = frame.assign(score=value, low=low, high=high, difference=gap)
    frame = frame.assign(less_low=less_low, less_high=less_high)
    return {
        "split": split,
        "title": SPLITS[split],
        "draws": len(ways),
        "tested": round(tested / len(ways)),
        "trained": round(np.mean(trained)),
        "best_shortcut": frame.model[best],
        "models": frame.sort_values("score", ascending=False).to_dict("records"),
    }


def checks(data, families, drawn):
    """What could give a good score without understanding: level, check and sentence.

    Parameters
    ----------
    data, families, drawn : Windows, ndarray of shape (n,), list of dict
        The last of ``compared``.

    Returns
    -------
    list of dict
    """
    turned = codes.reverse_complement(data.codes)
    turned = [np.roll(w, n) for w, n in zip(turned, data.lengths)]  # unknown bases again behind
    strands = [min(map(codes.decode, pair)) for pair in zip(data.codes, turned)]
    same = pd.Series(data.label).groupby(strands).agg(["size", "nunique"])
    twice, torn = int((same["size"] - 1).sum()), int((same["nunique"] > 1).sum())
    size = np.bincount(families)
    related = (size[families] > 1).mean()
    score = {d["split"]: {m["model"]: m["score"] for m in d["models"]} for d in drawn}
    kept = score.get("homology", {})
    lost = {n: s - kept[n] for n, s in score.get("random", {}).items() if kept}
    worst = max(lost, key=lost.get, default="none")
    loss = lost.get(worst, np.nan)
    rows = (
        (
            (twice > 0, torn > 0),
            "Windows that stand twice",
            f"{twice:,} windows repeat another on either strand; {torn:,} of these sequences have "
            "two labels.",
        ),
        (
            (related > 0.02, related > 0.2),
            "Related windows",
            f"{related:.0%} share a word of {reading.WORD} bases with another window; the largest "
            f"family has {size.max():,}. Random folds put relatives on both sides.",
        ),
        (
            (loss > 0.03, loss > 0.1),
            "Families kept whole",
            f"The largest loss from random folds is {loss:.3f} ({worst}).",
        ),
    )
    level = ("clear", "note", "flag")
    return [{"level": level[sum(r)], "check": check, "sentence": text} for r, check, text in rows]


def verdict(row: dict) -> str:
    """Say by its interval (``less_low, less_high``) what a difference means."""
    if row["less_low"] > 0:
        return "better"
    return "worse" if row["less_high"] < 0 else "not significantly different"


def sentences(made: dict) -> list[str]:
    """What a card means, in a few plain sentences."""
    out = [
        f"{made['windows']:,} windows in {made['families']:,} families; label '{made['label']}' "
        f"({made['label_kind']})."
    ]
    for drawn in made["splits"]:
        best = next(m for m in drawn["models"] if m["model"] == drawn["best_shortcut"])
        networks = [m for m in drawn["models"] if m["family"] == "network"]
        untrained = [m["score"] for m in drawn["models"] if m["family"] == "control"]
        first = f"{drawn['title']}: best shortcut {best['model']} {best['score']:.3f}"
        if untrained:
            first += f", untrained networks {min(untrained):.3f} to {max(untrained):.3f}"
        for top in networks[:1]:
            first += (
                f", best model {top['model']} {top['score']:.3f}: {top['difference']:+.3f} (95 % "
                f"interval {top['less_low']:+.3f} to {top['less_high']:+.3f}), {verdict(top)}"
            )
        out.append(first + ".")
    return out
