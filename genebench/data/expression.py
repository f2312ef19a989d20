"""Tasks from expression tables: where a gene is expressed most, and how specific it is."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from ..core.errors import unknown
from .labels import Declaration, Labels, multiclass

# Levels have few decimals, so that ratios meet the fold change exactly: a billionth of it is
# tolerated, and rounding errors decide nothing.
_FOLD = 4.0 * (1 - 1e-9)
_DETECTED = 1.0  # nTPM from which a gene counts as expressed
_FLOOR = 0.1  # nTPM; what is divided by is never below it
_MOST = 5  # tissues of a group
_MANY = 0.33  # share of the tissues in which a gene is "detected in many"


def _profile(declared: Declaration, file: str, clusters: dict[str, str]) -> pd.DataFrame:
    """Mean expression of each gene in each cell type, on the linear scale."""
    frame = declared.table(file)
    label = pd.Index(frame.columns.str.rsplit("|", n=1).str[0])
    strange = sorted(set(label) - set(clusters))
    if strange:
        raise unknown("cluster", strange[0], clusters, where=f"source '{declared.source.id}'")
    return np.expm1(frame).T.groupby(label.map(clusters).to_numpy()).mean().T.sort_index(axis=1)


def top(declared: Declaration, *, file: str, clusters: dict, min_class: int) -> Iterator[Labels]:
    """
    Build a multi-class task: the cell type with the highest mean expression of a gene.

    Parameters
    ----------
    declared
        The declaration of the task.
    file
        File of log(1 + x) expression, genes × cells; columns are ``cluster|cell``.
    clusters
        Cluster label → cell type.
    min_class
        Classes with fewer genes are left out.

    Yields
    ------
    Labels of the task.
    """
    profile = _profile(declared, file, clusters)
    highest = profile.idxmax(axis=1).to_numpy(str)
    yield multiclass(declared, profile.index.to_numpy(str), highest, min_class)


def specificity(
    declared: Declaration,
    *,
    file: str,
    clusters: dict,
    detection: float,
    fold: float,
    min_class: int,
) -> Iterator[Labels]:
    """
    Build a multi-class task: the specificity category of a gene over cell types.

    Parameters
    ----------
    declared
        The declaration of the task.
    file, clusters, min_class
        As in ``top``.
    detection, fold
        As in ``specificity_category``.

    Yields
    ------
    Labels of the task.
    """
    profile = _profile(declared, file, clusters)
    labels = specificity_category(profile.to_numpy(), detection=detection, fold=fold)
    yield multiclass(declared, profile.index.to_numpy(str), labels, min_class)


def specificity_category(profile: np.ndarray, *, detection: float, fold: float = 4.0) -> np.ndarray:
    """
    Classify genes by how specific their expression is.

    With the types sorted by expression: *not detected* (highest below ``detection``), *enriched*
    (highest at least ``fold`` times the second), *group enriched* (mean of 2 to 5 types, at most
    half of them, at least ``fold`` times the next), *enhanced* (highest at least ``fold`` times the
    mean of all others), else *low specificity*. Source: Human Protein Atlas, "Transcriptomics:
    specificity classification" (Uhlén et al. 2015).

    Parameters
    ----------
    profile
        Mean expression per type, shape (n_genes, n_types).
    detection
        Level from which a gene is detected, in the unit of ``profile``.
    fold
        Fold change from which a type stands out.

    Returns
    -------
    Category of each gene, shape (n_genes,).
    """
    down = -np.sort(-profile, axis=1)
    n = down.shape[1]
    mean = np.cumsum(down, axis=1) / np.arange(1, n + 1)
    groups = [mean[:, k - 1] >= fold * down[:, k] for k in range(2, min(5, n // 2) + 1)]
    rules = {
        "not detected": down[:, 0] < detection,
        "enriched": down[:, 0] >= fold * down[:, 1],
        "group enriched": np.any(groups, axis=0),
        "enhanced": down[:, 0] >= fold * down[:, 1:].mean(axis=1),
    }
    return np.select(list(rules.values()), list(rules), default="low specificity")


def tissue_specificity(levels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """
    Classify genes by the rule that the Human Protein Atlas publishes for tissues.

    With tissues by falling expression: *Not detected* (the first under 1 nTPM); *Tissue enriched*
    (the first at least 4 times the second; that ratio is the score); *Group enriched* (the 2 to 5
    tissues over a quarter of the first are all detected, and their mean is at least 4 times the
    next; that ratio is the score); *Tissue enhanced* (the first at least 4 times the mean of all);
    else *Low tissue specificity*. What is divided by is never under 0.1 nTPM. Source:
    categorize.php of human-protein-atlas/BloodAtlas (Uhlén et al. 2019).

    Parameters
    ----------
    levels
        Expression in nTPM, shape (n_genes, n_tissues).

    Returns
    -------
    category
        Shape (n_genes,).
    score
        Shape (n_genes,), 4 and upwards; NaN where there is no enrichment.
    """
    down = -np.sort(-np.asarray(levels, dtype=float), axis=1)
    first, below = down[:, 0], np.maximum(down, _FLOOR)
    group = (down > first[:, None] / _FOLD).sum(axis=1)
    at = np.arange(len(down))
    # clipped only where the category "Group enriched" is not given
    inside = np.clip(group, 1, down.shape[1] - 1)
    mean = np.cumsum(down, axis=1)[at, inside - 1] / inside
    single, several = np.maximum(first, _FLOOR) / below[:, 1], mean / below[at, inside]
    some = (group == inside) & (group >= 2) & (group <= _MOST)
    rules = {
        "Not detected": first < _DETECTED,
        "Tissue enriched": single >= _FOLD,
        "Group enriched": some & (down[at, inside - 1] >= _DETECTED) & (several >= _FOLD),
        "Tissue enhanced": first >= _FOLD * down.mean(axis=1),
    }
    category = np.select(list(rules.values()), list(rules), default="Low tissue specificity")
    enriched = [category == "Tissue enriched", category == "Group enriched"]
    return category, np.round(np.select(enriched, [single, several], default=np.nan), 9)


def tissue_distribution(levels: np.ndarray) -> np.ndarray:
    """
    Classify genes by the number of tissues that express them at 1 nTPM or more.

    *Detected in all*, *many* (a third of them or more), *some* (two or more), *single* (one), *Not
    detected*. Source: as for ``tissue_specificity``.

    Parameters
    ----------
    levels
        Expression in nTPM, shape (n_genes, n_tissues).

    Returns
    -------
    Category of each gene, shape (n_genes,).
    """
    number, tissues = (np.asarray(levels) >= _DETECTED).sum(axis=1), np.shape(levels)[1]
    rules = {
        "Not detected": number == 0,
        "Detected in single": number == 1,
        "Detected in all": number == tissues,
        "Detected in many": number / tissues >= _MANY,
    }
    return np.select(list(rules.values()), list(rules), default="Detected in some")


def grouped_tissues(frame: pd.DataFrame, groups: dict[str, list[str]]) -> pd.DataFrame:
    """
    Join tissues to groups by their highest value.

    Parameters
    ----------
    frame
        Expression, genes × tissues.
    groups
        Group → its tissues; a tissue of no group is its own.

    Returns
    -------
    Expression, genes × groups.

    Raises
    ------
    BadInput
        A group names a tissue that the table does not have.
    """
    group_of = dict(zip(frame.columns, frame.columns))
    for group, tissues in groups.items():
        for tissue in tissues:
            if tissue not in group_of:
                raise unknown("tissue", tissue, frame.columns, where=f"group '{group}'")
            group_of[tissue] = group
    return frame.T.groupby(frame.columns.map(group_of).to_numpy()).max().T


def tissues(
    declared: Declaration,
    *,
    file: str,
    groups: dict[str, list[str]],
    give: str,
    min_class: int = 10,
) -> Iterator[Labels]:
    """
    Build a task of where a gene is expressed, by the rule of the Human Protein Atlas.

    Parameters
    ----------
    declared
        The declaration of the task.
    file
        File of expression in nTPM, genes × tissues.
    groups
        As in ``grouped_tissues``.
    give
        ``specificity`` or ``distribution`` (multi-class), or ``score`` (regression: the fold change
        of enriched genes, which alone have one).
    min_class
        Classes with fewer genes are left out.

    Yields
    ------
    Labels of the task.

    Raises
    ------
    BadInput
        Another choice for ``give``.
    """
    frame = grouped_tissues(declared.table(file), groups)
    genes, levels = frame.index.to_numpy(str), frame.to_numpy()
    choices = ("specificity", "distribution", "score")
    if give not in choices:
        where = f"task '{declared.task.name}'"
        raise unknown("choice for 'give'", give, choices, where=where)
    category, score = tissue_specificity(levels)
    if give == "score":
        enriched = np.isfinite(score)
        yield Labels(genes[enriched], score[enriched])
        return
    category = category if give == "specificity" else tissue_distribution(levels)
    yield multiclass(declared, genes, category, min_class)
