"""Tasks from expression tables: where a gene is expressed most, and how specific it is."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from ..core.errors import unknown
from ..core.specs import SourceSpec, TaskSpec
from . import sources
from .labels import Labels, multiclass


def _profile(source: SourceSpec, file: str, clusters: dict[str, str]) -> pd.DataFrame:
    """Mean expression per cell type, genes × types, on the linear scale; ``clusters`` joins cluster labels to types."""
    frame = sources.table(source, file)
    label = pd.Index(frame.columns.str.rsplit("|", n=1).str[0])
    strange = sorted(set(label) - set(clusters))
    if strange:
        raise unknown("cluster", strange[0], clusters, where=f"source '{source.id}'")
    return np.expm1(frame).T.groupby(label.map(clusters).to_numpy()).mean().T.sort_index(axis=1)


def top(
    source: SourceSpec, entry: TaskSpec, *, file: str, clusters: dict, min_class: int
) -> Iterator[Labels]:
    """Multi-class: the cell type with the highest mean expression of the gene."""
    profile = _profile(source, file, clusters)
    yield multiclass(
        source, entry, profile.index.to_numpy(str), profile.idxmax(axis=1).to_numpy(str), min_class
    )


def specificity(
    source: SourceSpec,
    entry: TaskSpec,
    *,
    file: str,
    clusters: dict,
    detection: float,
    fold: float,
    min_class: int,
) -> Iterator[Labels]:
    """Multi-class: specificity category by the rule of the Human Protein Atlas (Uhlén et al. 2015)."""
    profile = _profile(source, file, clusters)
    labels = specificity_category(profile.to_numpy(), detection=detection, fold=fold)
    yield multiclass(source, entry, profile.index.to_numpy(str), labels, min_class)


def specificity_category(profile: np.ndarray, *, detection: float, fold: float = 4.0) -> np.ndarray:
    """Category of each gene from its mean expression per type, (n_genes, n_types) → (n_genes,) names.

    With the types sorted by expression: *not detected* (highest below ``detection``), *enriched* (highest at least
    ``fold`` times the second), *group enriched* (mean of 2 to 5 types, at most half of them, at least ``fold`` times
    the next), *enhanced* (highest at least ``fold`` times the mean of all others), else *low specificity*.
    Source: Human Protein Atlas, "Transcriptomics: specificity classification" (Uhlén et al. 2015).
    """
    down = -np.sort(-profile, axis=1)
    n = down.shape[1]
    mean_top = np.cumsum(down, axis=1) / np.arange(1, n + 1)
    groups = [mean_top[:, k - 1] >= fold * down[:, k] for k in range(2, min(5, n // 2) + 1)]
    rules = [
        ("not detected", down[:, 0] < detection),
        ("enriched", down[:, 0] >= fold * down[:, 1]),
        ("group enriched", np.any(groups, axis=0)),
        ("enhanced", down[:, 0] >= fold * down[:, 1:].mean(axis=1)),
    ]
    return np.select(
        [hit for _, hit in rules], [name for name, _ in rules], default="low specificity"
    )


# --- the rule that the Human Protein Atlas publishes ------------------------------------------------------------------


def tissue_specificity(
    levels: np.ndarray,
    *,
    fold: float = 4.0,
    detected: float = 1.0,
    floor: float = 0.1,
    most: int = 5,
) -> tuple[np.ndarray, np.ndarray]:
    """Category and specificity score of each gene from its expression, (n_genes, n_tissues) → (n_genes,) each.

    With tissues by falling expression: *Not detected* (the first under ``detected``); *Tissue enriched* (the first at
    least ``fold`` times the second; that ratio is the score); *Group enriched* (the 2 to ``most`` tissues over the
    first divided by ``fold`` are all detected, and their mean is at least ``fold`` times the next; that ratio is the
    score); *Tissue enhanced* (the first at least ``fold`` times the mean of all); else *Low tissue specificity*. What
    is divided by is never under ``floor``. The score (from ``fold`` upwards) is NaN where there is no enrichment.

    Source: categorize.php of human-protein-atlas/BloodAtlas (Uhlén et al. 2019); thresholds in the unit of ``levels``
    (nTPM). Levels have few decimals, so that ratios meet ``fold`` exactly: a billionth of it is let pass, and rounding
    errors decide nothing.
    """
    least = fold * (1 - 1e-9)
    down = -np.sort(-np.asarray(levels, dtype=float), axis=1)
    first, below = down[:, 0], np.maximum(down, floor)
    group = (down > first[:, None] / least).sum(axis=1)
    at = np.arange(len(down))
    inside = np.clip(
        group, 1, down.shape[1] - 1
    )  # the category "group" is only given where this changes nothing
    mean = np.cumsum(down, axis=1)[at, inside - 1] / inside
    single, several = np.maximum(first, floor) / below[:, 1], mean / below[at, inside]
    grouped = (
        (group == inside) & (group >= 2) & (group <= most) & (down[at, inside - 1] >= detected)
    )
    rules = {
        "Not detected": first < detected,
        "Tissue enriched": single >= least,
        "Group enriched": grouped & (several >= least),
        "Tissue enhanced": first >= least * down.mean(axis=1),
    }
    category = np.select(list(rules.values()), list(rules), default="Low tissue specificity")
    score = np.select(
        [category == "Tissue enriched", category == "Group enriched"],
        [single, several],
        default=np.nan,
    )
    return category, np.round(score, 9)


def tissue_distribution(
    levels: np.ndarray, *, detected: float = 1.0, many: float = 0.33
) -> np.ndarray:
    """In how many tissues each gene is expressed at ``detected`` or more, (n_genes, n_tissues) → (n_genes,) names.

    *Detected in all*, *many* (a share of ``many`` or more), *some* (two or more), *single* (one), *Not detected*.
    Source: as for ``tissue_specificity``.
    """
    number, tissues = (np.asarray(levels) >= detected).sum(axis=1), np.shape(levels)[1]
    rules = {
        "Not detected": number == 0,
        "Detected in single": number == 1,
        "Detected in all": number == tissues,
        "Detected in many": number / tissues >= many,
    }
    return np.select(list(rules.values()), list(rules), default="Detected in some")


def grouped_tissues(frame: pd.DataFrame, groups: dict[str, list[str]]) -> pd.DataFrame:
    """Genes × tissue groups: the highest value of each group's tissues; a tissue of no group is its own.

    Raises: BadInput: a group names a tissue that the table does not have.
    """
    group_of = {tissue: tissue for tissue in frame.columns}
    for group, tissues in groups.items():
        for tissue in tissues:
            if tissue not in group_of:
                raise unknown("tissue", tissue, frame.columns, where=f"group '{group}'")
            group_of[tissue] = group
    return frame.T.groupby(frame.columns.map(group_of).to_numpy()).max().T


def tissues(
    source: SourceSpec,
    entry: TaskSpec,
    *,
    file: str,
    groups: dict[str, list[str]],
    give: str,
    min_class: int = 10,
) -> Iterator[Labels]:
    """Where a gene is expressed, by the rule of the Human Protein Atlas over the tissue groups of a table.

    ``give`` says what: ``specificity`` or ``distribution`` (multi-class, without classes of fewer than ``min_class``
    genes), or ``score`` (regression: the fold change of enriched genes, which alone have one).
    """
    frame = grouped_tissues(sources.table(source, file), groups)
    entities, levels = frame.index.to_numpy(str), frame.to_numpy()
    if give == "distribution":
        yield multiclass(source, entry, entities, tissue_distribution(levels), min_class)
    elif give == "specificity":
        yield multiclass(source, entry, entities, tissue_specificity(levels)[0], min_class)
    elif give == "score":
        score = tissue_specificity(levels)[1]
        yield Labels(entities[np.isfinite(score)], score[np.isfinite(score)])
    else:
        raise unknown(
            "choice for 'give'",
            give,
            ("specificity", "distribution", "score"),
            where=f"task '{entry.name}'",
        )
