"""Part III for the book, on simulated genomes: figures and tables from the tables of ``notebooks/studies``.

Draws and words what it is given; computes no score.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import pandas as pd
import yaml
from matplotlib import pyplot as plt
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.patches import PathPatch
from matplotlib.textpath import TextPath
from matplotlib.transforms import Affine2D

from ..core import paths
from ..core.errors import BadInput
from .figures import INK

TABLES = ("scores", "odds", "logos", "map", "regions", "bits", "curve")
SHOWN = ("glm-simulated", "markov-two-sided", "markov-chain", "oracle")
BASES = {"A": "#009e73", "C": "#0072b2", "G": "#e69f00", "T": "#d55e00"}
"""Letter → colour in logos."""


def read(name: str) -> pd.DataFrame:
    """One table of the study. Raises: BadInput: not made yet."""
    path = paths.GLM_RESULTS / "simulated" / f"{name}.csv"
    if not path.exists():
        raise BadInput(f"{path}: not made yet; run 'genebench notebooks --study simulated'.")
    return pd.read_csv(path)


@lru_cache
def declared() -> dict:
    """Titles, colours and markers of ``data/glm_models.yml``."""
    return yaml.safe_load(paths.GLM_MODELS_SHOWN.read_text(encoding="utf-8"))


def title(model: str) -> str:
    """A model's title; layers of the network by their number."""
    base, _, layer = model.partition(" layer ")
    return declared()["models"][base]["title"] + (f", layer {layer}" if layer else "")


def _look(model: str) -> dict:
    held = declared()["models"][model.partition(" layer ")[0]]
    return {"color": held["color"], "marker": held["marker"]}


def constraint(scores: pd.DataFrame) -> Figure:
    """Rank correlation of LLR with S by class of region, and AUROC of deleterious against neutral substitutions.

    Hollow: raw LLR; filled: calibrated. Bars: 95 % intervals over blocks. ``scores``: the study's table.
    """
    left = scores[(scores.task == "LLR against S") & (scores.subset != "all")]
    right = scores[scores.task == "deleterious against neutral"]
    fig, axes = plt.subplots(1, 2, figsize=(9.6, 4.4), width_ratios=[3, 2])
    for ax, part, label, chance in (
        (axes[0], left, "Spearman correlation with S (−1 to 1)", 0.0),
        (axes[1], right, "AUROC (0 to 1)", 0.5),
    ):
        subsets, models = (
            list(part.subset.unique()),
            [m for m in declared()["models"] if m in set(part.model)],
        )
        for i, model in enumerate(models):
            for raw, face in (("raw", "white"), ("calibrated", _look(model)["color"])):
                rows = (
                    part[(part.model == model) & (part.scores == raw)]
                    .set_index("subset")
                    .reindex(subsets)
                )
                if rows.score.isna().all():
                    continue
                x = (
                    np.arange(len(subsets))
                    + (i - (len(models) - 1) / 2) * 0.16
                    + (0.03 if raw == "raw" else -0.03)
                )
                ax.vlines(x, rows.low, rows.high, color=_look(model)["color"], linewidth=1.6)
                ax.plot(
                    x,
                    rows.score,
                    **_look(model),
                    markerfacecolor=face,
                    linestyle="",
                    markersize=7.5,
                    label=title(model) if raw == "calibrated" or model == "mutation-bias" else None,
                )
        ax.axhline(chance, color=INK, linestyle="--", linewidth=1)
        ax.set_xticks(range(len(subsets)), subsets)
        ax.set(ylabel=label, xlabel="class of region" if ax is axes[0] else "substitutions")
    fig.legend(*axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=3)
    return fig


def odds(frame: pd.DataFrame) -> Figure:
    """Odds ratio of rare against common variants in the lowest shares of calibrated LLR, with 95 % intervals."""
    fig, ax = plt.subplots(figsize=(8.4, 4.2))
    models = [m for m in SHOWN if m in set(frame.model)]
    for i, model in enumerate(models):
        part = frame[frame.model == model].sort_values("lowest")
        x = np.arange(len(part)) + (i - (len(models) - 1) / 2) * 0.12
        ax.vlines(x, part.low, part.high, color=_look(model)["color"], linewidth=1.6)
        ax.plot(x, part.odds_ratio, **_look(model), linestyle="", markersize=8, label=title(model))
    shares = sorted(frame.lowest.unique())
    ax.axhline(1, color=INK, linestyle="--", linewidth=1)
    ax.set_xticks(range(len(shares)), [f"lowest {s:.0%}" for s in shares])
    ax.set(
        yscale="log",
        ylabel="odds ratio, rare : common (log scale)",
        xlabel="share of variants by calibrated LLR",
    )
    ax.legend(loc="upper right")
    return fig


_FONT = FontProperties(family="DejaVu Sans", weight="bold")


def _logo(ax, matrix: np.ndarray, start: int = 0) -> None:
    """Draw a sequence logo from ``start`` on: letters as high as their share of the position's information, in bits."""
    matrix = np.clip(matrix, 1e-6, 1)
    bits = 2 + (matrix * np.log2(matrix)).sum(1)
    for x, (row, height) in enumerate(zip(matrix, bits), start=start):
        y = 0.0
        for i in np.argsort(row):
            high = row[i] * max(height, 0)
            if high < 0.01:
                continue
            letter = TextPath((0, 0), "ACGT"[i], size=1, prop=_FONT)
            box = letter.get_extents()
            move = Affine2D().translate(-box.x0, -box.y0).scale(0.92 / box.width, high / box.height)
            ax.add_patch(
                PathPatch(
                    letter.transformed(move.translate(x + 0.04, y)),
                    color=BASES["ACGT"[i]],
                    linewidth=0,
                )
            )
            y += high
    ax.set(xlim=(start, start + len(matrix)), ylim=(0, 2), xticks=[], yticks=[0, 2])
    ax.grid(False)


def logos(frame: pd.DataFrame) -> Figure:
    """Each planted motif (rows), as planted and as models expect it from the surroundings alone (columns), with r."""
    motifs = list(frame.motif.unique())
    columns = [m for m in ("planted", "genome", *SHOWN[:2]) if m in set(frame.model)]
    fig, axes = plt.subplots(
        len(motifs), len(columns), figsize=(9.6, 0.95 * len(motifs) + 0.6), squeeze=False
    )
    for number, (row, motif) in enumerate(zip(axes, motifs)):
        for ax, model in zip(row, columns):
            part = frame[(frame.motif == motif) & (frame.model == model)].sort_values("position")
            _logo(ax, part[list("ACGT")].to_numpy())
            if model != "planted":
                ax.text(
                    0.99,
                    0.97,
                    f"r = {part.r.iloc[0]:.2f}".replace("-", "−"),
                    transform=ax.transAxes,
                    ha="right",
                    va="top",
                    fontsize=9,
                )
            if number == 0:
                ax.set_title(title(model), fontsize=10.5)
        row[0].set_ylabel(motif.split()[-1], rotation=0, ha="right", va="center", fontsize=10.5)
    fig.supylabel("information, bits (0 to 2)", fontsize=11)
    return fig


def found_motifs(told: pd.DataFrame, letters: pd.DataFrame, *, most: int = 8) -> Figure:
    """Motifs that recur in what one model expects (left), the commonest first, on the profile they are nearest to.

    Args: told: rows of ``motifs.csv`` of one model. letters: those of ``motif_letters.csv`` of it. A profile that is no
    nearer than chance brings is drawn pale.
    """
    told = told.sort_values("sites", ascending=False).head(most)
    fig, axes = plt.subplots(len(told), 2, figsize=(9.6, 1.15 * len(told) + 0.8), squeeze=False)
    for number, (row, motif) in enumerate(zip(axes, told.itertuples())):
        held = letters[letters.motif == motif.motif]
        ends = held.position.min(), held.position.max() + 1
        for ax, kind in zip(row, ("found", "match")):
            part = held[held["of"] == kind].sort_values("position")
            _logo(ax, part[list("ACGT")].to_numpy(), int(part.position.iloc[0]))
            ax.set_xlim(ends)
        if motif.r <= motif.chance:
            for patch in row[1].patches:
                patch.set_alpha(0.3)
        words = f"{motif.match.split()[-1]}: r = {motif.r:.2f}, by chance {motif.chance:.2f}"
        row[1].set_title(words, fontsize=10, loc="left")
        row[0].set_title(f"{motif.sites:,} sites", fontsize=10, loc="left")
        if number == 0:
            for ax, head in zip(row, ("as the network expects it", "nearest profile of JASPAR")):
                ax.annotate(head, (0.5, 1.45), xycoords="axes fraction", ha="center", fontsize=11.5)
    fig.supylabel("information, bits (0 to 2)", fontsize=11)
    return fig


def motif_table(told: pd.DataFrame) -> pd.DataFrame:
    """Rows of ``motifs.csv`` as readers want them: models by title, and whether the match is beyond chance."""
    frame = told.assign(
        model=[title(m) for m in told.model], beyond=np.where(told.r > told.chance, "yes", "no")
    )
    frame["consensus"] = [
        " ".join(c[i : i + 10] for i in range(0, len(c), 10)) for c in frame.consensus
    ]  # may break
    frame = frame[["model", "motif", "sites", "match", "r", "chance", "beyond", "consensus"]]
    return frame.rename(
        columns={"match": "nearest profile", "chance": "r by chance", "beyond": "beyond chance"}
    )


def motif_values(told: pd.DataFrame) -> dict[str, object]:
    """What the prose quotes: per model, how many motifs recur and how many lie nearer to a profile than by chance."""
    out = {}
    for model, part in told.groupby("model"):
        name = model.replace("-", "_")
        out |= {f"{name}_found": len(part), f"{name}_known": int((part.r > part.chance).sum())}
    return out


def dependency(frame: pd.DataFrame) -> Figure:
    """Dependency map of one hairpin by each model (corrected), the planted pairs ringed."""
    models = [m for m in SHOWN if m in set(frame.model)]
    fig, axes = plt.subplots(1, len(models), figsize=(10, 3.9), squeeze=False)
    for ax, model in zip(axes[0], models):
        part = frame[frame.model == model]
        n = int(part.i.max()) + 1
        held = part.sort_values(["i", "j"]).corrected.to_numpy().reshape(n, n)
        top = max(float(np.quantile(held, 0.995)), 1e-9)
        shown = ax.imshow(held, cmap="viridis", vmin=0, vmax=top, origin="upper")
        pairs = part[part.planted]
        ax.plot(
            pairs.j,
            pairs.i,
            "o",
            markerfacecolor="none",
            markeredgecolor="#d55e00",
            markersize=8,
            linewidth=1.4,
        )
        ax.set(
            title=title(model),
            xlabel="substituted base",
            ylabel="base that is looked at" if ax is axes[0][0] else "",
        )
        ax.grid(False)
        fig.colorbar(shown, ax=ax, shrink=0.7, label="change of log-odds, corrected")
    return fig


def region_map(frame: pd.DataFrame) -> Figure:
    """Windows of one class each, placed by UMAP of the network's mean hidden states and of 4-mer counts."""
    models = list(frame.model.unique())
    fig, axes = plt.subplots(1, len(models), figsize=(9.6, 4.6), squeeze=False)
    for ax, model in zip(axes[0], models):
        for (region, ink), mark in zip(declared()["regions"].items(), "o^sDP"):
            part = frame[(frame.model == model) & (frame.region == region)]
            if len(part):
                ax.plot(
                    part.x,
                    part.y,
                    mark,
                    color=ink,
                    markersize=3.4,
                    alpha=0.75,
                    label=region,
                    rasterized=True,
                )
        ax.set(title=title(model), xlabel="UMAP 1", ylabel="UMAP 2", xticks=[], yticks=[])
        ax.grid(False)
    fig.legend(
        *axes[0][0].get_legend_handles_labels(), loc="outside lower center", ncols=5, markerscale=2
    )
    return fig


def bits_table(bits: pd.DataFrame) -> pd.DataFrame:
    """Held-out bits a base: kinds of base as rows, models as columns; the share of the bases beside them."""
    wide = bits.pivot_table(index="bases", columns="model", values="bits", sort=False)
    wide.columns = [title(m) for m in wide.columns]
    return wide.assign(share=bits.drop_duplicates("bases").set_index("bases").share).reset_index()


def summary(scores: pd.DataFrame, logos: pd.DataFrame) -> pd.DataFrame:
    """What was asked for and what was reached, by model: calibrated scores with intervals, and motifs recovered."""
    kept = scores[scores.scores.isin(["calibrated", "corrected", "linear probe"])]
    rows = [
        (
            r.task,
            r.subset,
            title(r.model),
            f"{r.score:.3f} ({r.low:.3f} to {r.high:.3f})".replace("-", "−"),
            r.n,
        )
        for r in kept.itertuples()
    ]
    best = logos[~logos.model.isin(["planted"])].drop_duplicates(["motif", "model"])
    for model, part in best.groupby("model", sort=False):
        rows.append(
            (
                "motifs recovered",
                "r of 0.8 or more",
                title(model),
                f"{(part.r >= 0.8).sum()} of {len(part)}",
                len(part),
            )
        )
    return pd.DataFrame(rows, columns=["question", "on", "model", "score (95 % interval)", "n"])


def values(scores: pd.DataFrame, logos: pd.DataFrame, curve: pd.DataFrame) -> dict[str, str]:
    """Numbers that the prose of the page quotes."""
    one = scores[(scores.model == SHOWN[0]) & scores.scores.isin(["calibrated", "corrected"])]
    best = one.set_index(["task", "subset"]).score
    r = logos[logos.model == SHOWN[0]].drop_duplicates("motif").r
    return {
        "coding": f"{best['LLR against S', 'coding']:.2f}",
        "motif": f"{best['LLR against S', 'motif']:.2f}",
        "structure": f"{best['LLR against S', 'structure']:.2f}",
        "deleterious": f"{best['deleterious against neutral', 'all']:.2f}",
        "pairs": f"{best['planted pairs', 'hairpins']:.2f}",
        "motifs": f"{int((r >= 0.8).sum())} of {len(r)}",
        "minutes": f"{curve.cpu_s.max() / 60:.0f}",
    }
