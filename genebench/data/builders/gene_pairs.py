"""Tasks of gene pairs, with published negatives or with ones matched by the number of partners."""

import numpy as np
import pandas as pd

from ...core.errors import BadInput

SEED = 20241205
"""Of the negatives that are drawn, and of the pairs of a long list."""

TRIES = 3
"""How often a partner is sought for a pair that is no negative; then it is left out."""


def links(
    declared,
    *,
    file,
    first,
    second,
    ids,
    classes,
    where=None,
    strip="$",
    label=None,
    positive="1",
    matched=True,
    directed=False,
    fold=None,
    most=10_000,
):
    """Build a task of the gene pairs of a table.

    Parameters
    ----------
    declared : Declaration
    file, first, second : str
        Table with a pair a row, and the columns of its genes.
    ids, where
        As in ``Declaration.rows``.
    classes : list of str
        Names of the negative and the positive class.
    strip : str
        What is taken off the names of genes, a regular expression.
    label, positive : str
        Column of the label, and that of positive pairs; without it every pair is positive.
    matched : bool
        Whether negatives are drawn (``rewired``); else they are those of the file, at most as many
        as there are positives.
    directed : bool
        Whether the order of the genes counts; else they are sorted.
    fold : str, optional
        Column of published folds; −1: a pair between two of them.
    most : int
        Most pairs; of a longer list some are drawn.

    Yields
    ------
    Task
        An entity is ``A|B``.

    Raises
    ------
    BadInput
        No positive pair, or a gene in two published folds.
    """
    frame = declared.table(file, where, columns=filter(None, [first, second, label, fold]))
    names = frame[[first, second]].astype(str).replace(strip, "", regex=True)
    symbols, note = declared.known(names.to_numpy(str).ravel(), ids)
    sides = symbols.reshape(-1, 2) if directed else np.sort(symbols.reshape(-1, 2), axis=1)
    rows = pd.DataFrame({"a": sides[:, 0], "b": sides[:, 1]})
    rows["y"] = (frame[label].to_numpy(str) == positive) if label else True
    rows["fold"] = frame[fold].to_numpy(int) if fold else -1
    rows = rows[(sides != "").all(axis=1)].sort_values(["a", "b"], kind="stable")
    alone = rows.a == rows.b
    rows = rows[~alone].drop_duplicates(["a", "b", "y"])
    both = rows.duplicated(["a", "b"], keep=False)
    rows = rows[~both]
    inside = rows[rows.fold >= 0].melt("fold", ["a", "b"])
    for gene, folds in inside.groupby("value").fold.unique().items():
        if len(folds) > 1:
            raise BadInput(
                f"{declared.where}: pairs of {gene} are tested in the folds {min(folds)} and "
                f"{max(folds)}; a gene must be in one, or its pair in none (-1)."
            )
    positives = rows[rows.y]
    if positives.empty:
        raise BadInput(f"{declared.where}: no pair of '{file}' is positive; fix 'positive'.")
    used = positives.sample(min(len(positives), most // 2), random_state=SEED)
    if matched:
        genes, code = np.unique(positives[["a", "b"]], return_inverse=True)
        code = pd.DataFrame(code.reshape(-1, 2), positives.index)
        pairs = rewired(code.loc[used.index].to_numpy(), code.to_numpy(), directed=directed)
        others = pd.DataFrame(genes[pairs], columns=["a", "b"]).assign(y=False, fold=-1)
    else:
        others = rows[~rows.y]
        others = others.sample(min(len(others), len(used)), random_state=SEED)
    rows = pd.concat([used, others])
    note += (
        f" Pairs of a gene with itself: {alone.sum()}, with both labels: {both.sum() // 2}. Used: "
        f"{len(used):,} of {len(positives):,} positive pairs, {len(others):,} negative."
    )
    folds = rows.fold if fold else None
    yield declared.make(rows.a + "|" + rows.b, rows.y, classes, note=note, folds=folds)


def rewired(pairs, listed, *, directed):
    """Draw pairs that are not listed, in which each gene has as many partners as in given ones.

    Partners are permuted; a pair that is listed in either order, is drawn twice, or is of one gene
    then exchanges its partner with another, so that both are good. What is known of each gene by
    itself tells such pairs from the given ones no better than chance.

    Parameters
    ----------
    pairs, listed : ndarray of int, shape (n, 2) and (m, 2)
        Numbers of the genes of the given pairs, and of all that must not be drawn, these among
        them.
    directed : bool
        Whether a gene keeps its side.

    Returns
    -------
    ndarray of int, shape (n or a few less, 2)
    """
    rng, (a, b) = np.random.default_rng(SEED), pairs.T
    if not directed:
        turned = rng.random(len(a)) < 0.5
        a, b = np.where(turned, b, a), np.where(turned, a, b)
    b = rng.permutation(b)
    taken = np.eye(listed.max() + 1, dtype=bool)
    taken[*listed.T] = taken[*listed.T[::-1]] = True
    bad = np.array([_take(taken, *pair) for pair in zip(a, b)])
    for i in np.tile(np.flatnonzero(bad), TRIES):  # one exchange may open the way for another
        free = np.flatnonzero(~(taken[a[i], b] | taken[a, b[i]] | bad))
        if bad[i] and len(free):
            j = rng.choice(free)
            taken[a[j], b[j]] = taken[b[j], a[j]] = False
            b[i], b[j] = b[j], b[i]
            bad[i] = _take(taken, a[i], b[i]) | _take(taken, a[j], b[j])
    drawn = np.stack([a, b], axis=1)[~bad]
    return drawn if directed else np.sort(drawn, axis=1)


def _take(taken: np.ndarray, a: int, b: int) -> bool:
    """Note a pair as taken; whether it was before."""
    before = taken[a, b]
    taken[a, b] = taken[b, a] = True
    return before
