"""What the card of a probe says: scores with intervals, differences, leak checks, sentences."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from ...stats import bootstrap, metrics
from .. import codes
from . import windows as reading
from .windows import Windows

SEED = 20240711
SPLITS = {
    "random": "Random folds",
    "homology": "Families of windows kept whole",
    "spectral": "No shared word between train and test",
    "matched": "Random, of the size of the split without shared words",
}


def compared(
    data: Windows,
    split: str,
    divisions: Sequence,
    families: np.ndarray,
    predicted: Mapping[str, list[np.ndarray]],
    family_of: Mapping[str, str],
) -> dict | None:
    """Score one split with intervals, and pair every model with the best shortcut.

    Parameters
    ----------
    data, split, divisions : Windows, str, sequence of Division
    families : ndarray of shape (n,), int
        What is drawn anew together.
    predicted : mapping of str to list of ndarray
        Model → predictions under each division.
    family_of : mapping of str to str
        Model → shortcut, control or network.

    Returns
    -------
    dict or None
        Title, sizes, best shortcut, and a row a model, the best first; None of a split that is not
        there.
    """
    at = [i for i, d in enumerate(divisions) if d.split == split]
    if not at:
        return None
    scores, moves = [], []
    for columns in predicted.values():
        values, influence = [], np.zeros(len(data))
        for i in at:
            way = divisions[i]
            rows = np.isin(way.fold, way.tested)
            given = data.label[rows], columns[i][rows], way.fold[rows]
            value, part = bootstrap.influence(data.kind, *given)
            values.append(value)
            influence[rows] += part / len(at)
        scores.append(float(np.mean(values)))
        moves.append(influence)
    value, names = np.array(scores), list(predicted)
    least = metrics.METRICS[metrics.main(data.kind)].low
    moved, low, high = bootstrap.clustered(
        value, np.stack(moves, axis=1), families, seed=SEED, low=least
    )
    frame = pd.DataFrame({"model": names, "family": [family_of[n] for n in names]})
    best = int(np.argmax(np.where(frame.family == "shortcut", value, -np.inf)))
    less = bootstrap.difference_interval(value - value[best], moved - moved[best])
    columns = {"score": value, "low": low, "high": high, "difference": value - value[best]}
    frame = frame.assign(**columns, less_low=less[0], less_high=less[1])
    folds = [(divisions[i].fold, f) for i in at for f in divisions[i].tested]
    return {
        "split": split,
        "title": SPLITS[split],
        "draws": len(at),
        "tested": round(sum((fold == f).sum() for fold, f in folds) / len(at)),
        "trained": round(np.mean([((fold >= 0) & (fold != f)).sum() for fold, f in folds])),
        "best_shortcut": names[best],
        "models": frame.sort_values("score", ascending=False).to_dict("records"),
    }


def checks(data: Windows, families: np.ndarray, drawn: list[dict]) -> list[dict]:
    """What could give a good score without understanding: level, check and sentence.

    Parameters
    ----------
    data, families, drawn : Windows, ndarray of shape (n,), list of dict
        The last of ``compared``.

    Returns
    -------
    list of dict
    """
    strands = [min(pair) for pair in zip(_texts(data.codes), _texts(_turned(data)))]
    same = pd.Series(data.label).groupby(strands).agg(["size", "nunique"])
    twice, torn = int((same["size"] - 1).sum()), int((same["nunique"] > 1).sum())
    size = np.bincount(families)
    related, varied = (size[families] > 1).mean(), bool(np.ptp(data.lengths))
    score = {d["split"]: {m["model"]: m["score"] for m in d["models"]} for d in drawn}
    alone = score.get("random", {}).get("base composition", np.nan)
    kept = score.get("homology", {})
    lost = {n: s - kept[n] for n, s in score.get("random", {}).items() if kept}
    worst = max(lost, key=lost.get, default="none")
    loss = lost.get(worst, np.nan)
    rows = [
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
            (varied, False),
            "Lengths",
            f"Windows have {data.lengths.min():,} to {data.lengths.max():,} bases"
            f"{'; a model that sees the length can use it' * varied}.",
        ),
        (
            (alone > (0.3 if data.kind == "regression" else 0.7), False),
            "Base composition",
            f"The shares of A, C, G and T alone reach {alone:.3f} in random folds.",
        ),
        (
            (loss > 0.03, loss > 0.1),
            "Families kept whole",
            f"The largest loss from random folds is {loss:.3f} ({worst}).",
        ),
    ]
    level = {0: "clear", 1: "note", 2: "flag"}
    return [
        {"level": level[sum(raised)], "check": check, "sentence": sentence}
        for raised, check, sentence in rows
    ]


def _texts(windows):
    return [codes.decode(w) for w in windows]


def _turned(data):
    """Reverse complements, the unknown bases again behind."""
    return [
        np.roll(codes.reverse_complement(w), n - len(w)) for w, n in zip(data.codes, data.lengths)
    ]


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
        if networks:
            top = networks[0]
            low, high = top["less_low"], top["less_high"]
            verdict = (
                "better" if low > 0 else "worse" if high < 0 else "not significantly different"
            )
            first += (
                f", best model {top['model']} {top['score']:.3f}: {top['difference']:+.3f} (95 % "
                f"interval {low:+.3f} to {high:+.3f}), {verdict}"
            )
        out.append(first + ".")
    return out
