"""Figures of simulated genomes and of the motifs that models expect. Draws what it is given."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.patches import PathPatch
from matplotlib.textpath import TextPath
from matplotlib.transforms import Affine2D

from .figures import dots, minus
from .glm import Looks, slug
from .glm_figures import BASES

NETWORK = "glm-simulated"
"""The network of the simulated genomes."""

SHOWN = (NETWORK, "markov-two-sided", "markov-chain", "oracle")
"""Models that are drawn beside each other."""

_FONT = FontProperties(family="DejaVu Sans", weight="bold")


def constraint(scores: pd.DataFrame, shown: Looks) -> Figure:
    """How well the LLR follows selection, by class of region, and AUROC of deleterious variants.

    Parameters
    ----------
    scores : DataFrame
        ``scores.csv``. Hollow: raw LLR; filled: calibrated. Bars: 95 % intervals over blocks.
    shown : Looks
        Titles, colours and markers.

    Returns
    -------
    Figure
    """
    panels = {
        "LLR against S": "Spearman correlation with S (−1 to 1)",
        "deleterious against neutral": "AUROC, deleterious against neutral (0 to 1)",
    }
    correlated = (scores.task != "LLR against S") | (scores.subset != "all")
    drawn = scores.task.isin(list(panels)) & scores.scores.isin(["raw", "calibrated"])
    part = scores[correlated & drawn]
    place = {m: i for i, m in enumerate(shown.ordered(part.model))}
    shift = part.model.map(place) - (len(place) - 1) / 2
    frame = shown.styled(part.assign(shift=0.16 * shift, panel=part.task.map(panels)))
    raw = frame.scores == "raw"
    frame = frame.assign(face=np.where(raw, "white", frame.ink), shift=frame["shift"] - 0.03 * raw)
    key = {r.row: {"marker": r.mark, "color": r.ink} for r in frame.itertuples()}
    rows = frame.assign(row=frame.subset)
    options = {"panel": "panel", "key": key, "sharex": False, "height": 0.95}
    return dots(rows.sort_values("panel", ascending=False), label="", **options)


def odds(frame: pd.DataFrame, shown: Looks) -> Figure:
    """Odds ratio of rare against common variants in the lowest shares of calibrated LLR.

    Parameters
    ----------
    frame : DataFrame
        ``odds.csv``: ``model, lowest`` (share, 0 to 1), ``odds_ratio, low, high``.
    shown : Looks
        Titles, colours and markers.

    Returns
    -------
    Figure
    """
    models = {m: i - 1.5 for i, m in enumerate(SHOWN)}
    frame = frame[frame.model.isin(list(models))].sort_values("lowest")
    frame = shown.styled(frame.assign(shift=0.12 * frame.model.map(models)))
    key = {r.row: {"marker": r.mark, "color": r.ink} for r in frame.itertuples()}
    shares = [f"lowest {s:.0%}" for s in sorted(frame.lowest.unique())]
    frame = frame.assign(row=[f"lowest {s:.0%}" for s in frame.lowest])
    label = "odds ratio, rare : common (log scale)"
    fig = dots(frame, shares, label=label, value="odds_ratio", chance=1, key=key, height=0.7)
    fig.axes[0].set_xscale("log")
    return fig


def _logo(ax: Axes, matrix: np.ndarray, start: int = 0) -> None:
    """Draw letters as high as their share of the position's information, in bits."""
    matrix = np.clip(matrix, 1e-6, 1)
    bits = np.maximum(2 + (matrix * np.log2(matrix)).sum(1), 0)
    for x, (row, height) in enumerate(zip(matrix, bits), start=start):
        y = 0.0
        for i in np.argsort(row):
            high = row[i] * height
            if high < 0.01:
                continue
            letter = TextPath((0, 0), "ACGT"[i], size=1, prop=_FONT)
            box = letter.get_extents()
            move = Affine2D().translate(-box.x0, -box.y0).scale(0.92 / box.width, high / box.height)
            placed = letter.transformed(move.translate(x + 0.04, y))
            ax.add_patch(PathPatch(placed, color=BASES["ACGT"[i]], linewidth=0))
            y += high
    ax.set(xlim=(start, start + len(matrix)), ylim=(0, 2), xticks=[], yticks=[0, 2])
    ax.grid(False)


def motif_logos(frame: pd.DataFrame, shown: Looks) -> Figure:
    """Each planted motif (rows), as planted and as models expect it from its surroundings.

    Parameters
    ----------
    frame : DataFrame
        ``logos.csv``: ``motif, model, position``, one column a letter, and ``r`` with the planted
        matrix.
    shown : Looks
        Titles of models.

    Returns
    -------
    Figure
    """
    motifs = list(frame.motif.unique())
    columns = [m for m in ("planted", "genome", *SHOWN[:2]) if m in set(frame.model)]
    size = (9.6, 0.95 * len(motifs) + 0.6)
    fig, axes = plt.subplots(len(motifs), len(columns), figsize=size, squeeze=False)
    for row, motif in zip(axes, motifs):
        for ax, model in zip(row, columns):
            part = frame[(frame.motif == motif) & (frame.model == model)].sort_values("position")
            _logo(ax, part[list("ACGT")].to_numpy())
            if model != "planted":
                words = minus(f"r = {part.r.iloc[0]:.2f}")
                place = {"transform": ax.transAxes, "ha": "right", "va": "top", "fontsize": 9}
                ax.text(0.99, 0.97, words, **place)
        name = motif.split()[-1]
        row[0].set_ylabel(name, rotation=0, ha="right", va="center", fontsize=10.5)
    for ax, model in zip(axes[0], columns):
        ax.set_title(shown.title(model), fontsize=10.5)
    fig.supylabel("information, bits (0 to 2)", fontsize=11)
    return fig


def expected_motifs(motifs: pd.DataFrame, letters: pd.DataFrame, *, most: int = 8) -> Figure:
    """Motifs that recur in what one model expects, each beside the nearest known profile.

    Parameters
    ----------
    motifs, letters : DataFrame
        Rows of ``motifs.csv`` and ``motif_letters.csv`` of one model. A profile that is no nearer
        than chance brings is drawn pale.
    most : int
        How many motifs, the commonest first.

    Returns
    -------
    Figure
    """
    motifs = motifs.sort_values("sites", ascending=False).head(most)
    size = (9.6, 1.15 * len(motifs) + 0.8)
    fig, axes = plt.subplots(len(motifs), 2, figsize=size, squeeze=False)
    for row, motif in zip(axes, motifs.itertuples()):
        rows = letters[letters.motif == motif.motif]
        for ax, kind in zip(row, ("found", "match")):
            part = rows[rows["of"] == kind].sort_values("position")
            _logo(ax, part[list("ACGT")].to_numpy(), int(part.position.iloc[0]))
            ax.set_xlim(rows.position.min(), rows.position.max() + 1)
        for patch in row[1].patches:
            patch.set_alpha(0.3 if motif.r <= motif.chance else 1)
        words = f"{motif.match.split()[-1]}: r = {motif.r:.2f}, by chance {motif.chance:.2f}"
        row[1].set_title(words, fontsize=10, loc="left")
        row[0].set_title(f"{motif.sites:,} sites", fontsize=10, loc="left")
    heads = ("as the network expects it", "nearest profile of JASPAR")
    for ax, words in zip(axes[0], heads):
        ax.annotate(words, (0.5, 1.45), xycoords="axes fraction", ha="center", fontsize=11.5)
    fig.supylabel("information, bits (0 to 2)", fontsize=11)
    return fig


def hairpin_maps(frame: pd.DataFrame, shown: Looks) -> Figure:
    """Dependency map of one hairpin by each model, the planted pairs ringed.

    Parameters
    ----------
    frame : DataFrame
        ``map.csv``: ``model, i, j, corrected`` (change of log-odds) and ``planted``.
    shown : Looks
        Titles of models.

    Returns
    -------
    Figure
    """
    models = [m for m in SHOWN if m in set(frame.model)]
    fig, axes = plt.subplots(1, len(models), figsize=(10, 3.9), squeeze=False)
    ring = {"markerfacecolor": "none", "markeredgecolor": "#d55e00", "markersize": 8}
    for ax, model in zip(axes[0], models):
        part = frame[frame.model == model]
        table = part.pivot(index="i", columns="j", values="corrected")
        top = max(float(np.quantile(table, 0.995)), 1e-9)
        image = ax.imshow(table, cmap="viridis", vmin=0, vmax=top, origin="upper")
        pairs = part[part.planted]
        ax.plot(pairs.j, pairs.i, "o", **ring)
        ax.set(title=shown.title(model), xlabel="substituted base")
        ax.grid(False)
        fig.colorbar(image, ax=ax, shrink=0.7, label="change of log-odds, corrected")
    axes[0, 0].set_ylabel("base that is looked at")
    return fig


def motif_table(frame: pd.DataFrame, shown: Looks) -> pd.DataFrame:
    """Motifs that recur in what models expect, with the nearest known profile.

    Parameters
    ----------
    frame : DataFrame
        ``motifs.csv``.
    shown : Looks
        Titles of models.

    Returns
    -------
    DataFrame
        ``r`` with the profile, what chance reaches, and whether it is beyond chance.
    """
    words = [" ".join(c[i : i + 10] for i in range(0, len(c), 10)) for c in frame.consensus]
    beyond = np.where(frame.r > frame.chance, "yes", "no")
    model = frame.model.map(shown.title)
    frame = frame.assign(model=model, beyond=beyond, consensus=words)
    frame = frame[["model", "motif", "sites", "match", "r", "chance", "beyond", "consensus"]]
    names = {"match": "nearest profile", "chance": "r by chance", "beyond": "beyond chance"}
    return frame.rename(columns=names)


def motif_values(frame: pd.DataFrame) -> dict[str, int]:
    """Per model, how many motifs recur and how many lie nearer to a profile than by chance.

    Parameters
    ----------
    frame : DataFrame
        ``motifs.csv``.

    Returns
    -------
    dict
    """
    out = {}
    for model, part in frame.groupby("model"):
        out[slug(model, "found")] = len(part)
        out[slug(model, "known")] = int((part.r > part.chance).sum())
    return out


def simulated_bits(bits: pd.DataFrame, shown: Looks) -> pd.DataFrame:
    """Bits a base on the test chromosome, by kind of base (rows) and model (columns).

    Parameters
    ----------
    bits : DataFrame
        ``bits.csv``.
    shown : Looks
        Titles of models.

    Returns
    -------
    DataFrame
        With the share of the bases that are of each kind.
    """
    share = bits.drop_duplicates("bases").set_index("bases").share
    names = list(dict.fromkeys(bits.model))
    wide = bits.pivot(index="bases", columns="model", values="bits")
    wide = wide.loc[share.index, names].rename(columns=shown.title)
    return wide.rename_axis(columns=None).assign(share=share).reset_index()


def simulated_table(scores: pd.DataFrame, logos: pd.DataFrame, shown: Looks) -> pd.DataFrame:
    """Every score on the simulated genomes, and how many motifs each model recovers.

    Parameters
    ----------
    scores, logos : DataFrame
        ``scores.csv`` and ``logos.csv``.
    shown : Looks
        Titles of models.

    Returns
    -------
    DataFrame
    """
    part = scores[scores.scores.isin(["calibrated", "corrected", "linear probe"])]
    spans = [minus(f"{r.score:.3f} ({r.low:.3f} to {r.high:.3f})") for r in part.itertuples()]
    columns = ["question", "on", "model", "score (95 % interval)", "n"]
    rows = list(zip(part.task, part.subset, part.model.map(shown.title), spans, part.n))
    best = logos[logos.model != "planted"].drop_duplicates(["motif", "model"])
    for model, of in best.groupby("model", sort=False):
        recovered = f"{(of.r >= 0.8).sum()} of {len(of)}"
        head = ("motifs recovered", "r of 0.8 or more", shown.title(model))
        rows.append((*head, recovered, len(of)))
    return pd.DataFrame(rows, columns=columns)


def simulated_values(
    scores: pd.DataFrame, logos: pd.DataFrame, curve: pd.DataFrame
) -> dict[str, str]:
    """Numbers of the simulated genomes for the prose.

    Parameters
    ----------
    scores, logos, curve : DataFrame
        ``scores.csv``, ``logos.csv`` and ``curve.csv``.

    Returns
    -------
    dict
    """
    one = scores[(scores.model == NETWORK) & scores.scores.isin(["calibrated", "corrected"])]
    best = one.set_index(["task", "subset"]).score
    keys = {
        "coding": ("LLR against S", "coding"),
        "motif": ("LLR against S", "motif"),
        "structure": ("LLR against S", "structure"),
        "deleterious": ("deleterious against neutral", "all"),
        "pairs": ("planted pairs", "hairpins"),
    }
    r = logos[logos.model == NETWORK].drop_duplicates("motif").r
    return {
        **{name: f"{best[key]:.2f}" for name, key in keys.items()},
        "motifs": f"{int((r >= 0.8).sum())} of {len(r)}",
        "minutes": f"{curve.cpu_s.max() / 60:.0f}",
    }
