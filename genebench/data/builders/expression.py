"""Tasks from expression tables: where a gene is expressed most, and how specific it is."""

import numpy as np

from ...core.errors import check, pick

# Levels have few decimals, so that ratios meet the fold change exactly: a billionth of it is
# tolerated, and rounding errors decide nothing.
_FOLD = 4.0 * (1 - 1e-9)
_DETECTED = 1.0  # nTPM from which a gene counts as expressed
_FLOOR = 0.1  # nTPM; what is divided by is never below it
_MOST = 5  # tissues of a group
_MANY = 0.33  # share of the tissues in which a gene is "detected in many"


def _profile(declared, file, clusters):
    """Mean expression of each gene in each cell type, on the linear scale."""
    frame, where = declared.table(file), f"source '{declared.source.id}'"
    types = [pick(clusters, "cluster", n.rsplit("|", 1)[0], where=where) for n in frame.columns]
    return np.expm1(frame).T.groupby(types).mean().T.sort_index(axis=1)


def _first(rules, default):
    """Name of the first rule that each gene keeps, shape (n_genes,)."""
    return np.select(list(rules.values()), list(rules), default=default)


def top(declared, *, file, clusters, min_class):
    """Build a multi-class task: the cell type with the highest mean expression of a gene.

    Parameters
    ----------
    declared : Declaration
    file : str
        File of log(1 + x) expression, genes × cells; columns are ``cluster|cell``.
    clusters : dict of str to str
        Cluster label → cell type.
    min_class : int
        Classes with fewer genes are left out.

    Yields
    ------
    Task
    """
    profile = _profile(declared, file, clusters)
    yield declared.multiclass(profile.index, profile.idxmax(axis=1).to_numpy(str), min_class)


def specificity(declared, *, file, clusters, detection, fold, min_class):
    """Build a multi-class task: the specificity category of a gene over cell types.

    With cell types by falling expression: ``not detected`` (the first under ``detection``),
    ``enriched`` (the first ``fold`` times the second), ``group enriched`` (the mean of the first 2
    to 5, of half of the types at most, ``fold`` times the next), ``enhanced`` (the first ``fold``
    times the mean of the others), ``low specificity``.

    Parameters
    ----------
    declared : Declaration
    file, clusters, min_class
        As in ``top``.
    detection : float
        Level from which a gene is detected, on the linear scale.
    fold : float
        Fold change from which a type stands out.

    Yields
    ------
    Task
    """
    profile = _profile(declared, file, clusters)
    down = -np.sort(-profile.to_numpy(), axis=1)
    n = down.shape[1]
    mean = np.cumsum(down, axis=1) / np.arange(1, n + 1)
    groups = [mean[:, k - 1] >= fold * down[:, k] for k in range(2, min(5, n // 2) + 1)]
    rules = {
        "not detected": down[:, 0] < detection,
        "enriched": down[:, 0] >= fold * down[:, 1],
        "group enriched": np.any(groups, axis=0),
        "enhanced": down[:, 0] >= fold * down[:, 1:].mean(axis=1),
    }
    yield declared.multiclass(profile.index, _first(rules, "low specificity"), min_class)


def tissue_specificity(levels):
    """Classify genes by the rule that the Human Protein Atlas publishes for tissues.

    With tissues by falling expression: *Not detected* (the first under 1 nTPM); *Tissue enriched*
    (the first at least 4 times the second; that ratio is the score); *Group enriched* (the 2 to 5
    tissues over a quarter of the first are all detected, and their mean is at least 4 times the
    next; that ratio is the score); *Tissue enhanced* (the first at least 4 times the mean of all);
    else *Low tissue specificity*. What is divided by is never under 0.1 nTPM. Source:
    categorize.php of human-protein-atlas/BloodAtlas (Uhlén et al. 2019).

    Parameters
    ----------
    levels : ndarray of shape (n_genes, n_tissues)
        Expression in nTPM.

    Returns
    -------
    category : ndarray of str, shape (n_genes,)
    score : ndarray of shape (n_genes,)
        4 and upwards; NaN where there is no enrichment.
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
    category = _first(rules, "Low tissue specificity")
    enriched = [category == "Tissue enriched", category == "Group enriched"]
    return category, np.round(np.select(enriched, [single, several], default=np.nan), 9)


def tissues(declared, *, file, groups, give, min_class=10):
    """Build a task of where a gene is expressed, by the rule of the Human Protein Atlas.

    Parameters
    ----------
    declared : Declaration
    file : str
        File of expression in nTPM, genes × tissues.
    groups : dict of str to list of str
        Group → its tissues, of which the highest value counts; a tissue of no group is its own, an
        unknown one an error.
    give : {"specificity", "distribution", "score"}
        Multi-class, by ``tissue_specificity`` or by the number of tissues that express a gene at 1
        nTPM or more (*Detected in all*, *many*: a third of them or more, *some*: two or more,
        *single*, *Not detected*; same source); or the fold change of enriched genes, which alone
        have one.
    min_class : int
        Classes with fewer genes are left out.

    Yields
    ------
    Task
    """
    frame = declared.table(file)
    group_of = {tissue: group for group, listed in groups.items() for tissue in listed}
    for tissue, group in group_of.items():
        check(frame.columns, "tissue", tissue, where=f"{declared.where}: group '{group}'")
    frame = frame.T.groupby([group_of.get(name, name) for name in frame]).max().T
    levels = frame.to_numpy()
    category, score = tissue_specificity(levels)
    number = (levels >= _DETECTED).sum(axis=1)
    rules = {
        "Not detected": number == 0,
        "Detected in single": number == 1,
        "Detected in all": number == levels.shape[1],
        "Detected in many": number / levels.shape[1] >= _MANY,
    }
    given = {
        "specificity": category,
        "distribution": _first(rules, "Detected in some"),
        "score": score,
    }
    labels = pick(given, "choice for 'give'", give, where=declared.where)
    if give == "score":
        enriched = np.isfinite(score)
        yield declared.make(frame.index[enriched], score[enriched])
    else:
        yield declared.multiclass(frame.index, labels, min_class)
