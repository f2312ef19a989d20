"""Noise ceilings of tasks of which there is a second measurement.

``GENEBENCH_MIRROR=… python -m benchmarks.ceilings`` writes ``data/results/function/ceilings.csv``:
how well one measurement predicts the other, which a model of the genes can hardly beat. Spearman
correlation where both are numbers, AUROC where the task has two classes.
"""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pandas as pd
from scipy.stats import spearmanr
from sklearn.metrics import roc_auc_score

from genebench.benchmark import results
from genebench.core import paths, specs
from genebench.data import genes, sources, tasks
from notebooks.studies.lib import effects

LEAST = 1_000
"""Fewest genes that two data sets of half-lives share to be compared."""
AGAIN = {"ldlr": "ldlr-2", "sort1": "sort1-2", "pklr-24h": "pklr-48h", "zrsh-13": "zrsh-13h2"}
"""Reporter assay of an element → the same done again (PKLR after another day)."""

SECOND = {
    "gene_age/consensus": ("gene_age/stratum", "strata of GenEra"),
    "essential_genes/core-vs-non": ("depmap/gene-effect", "mean effect in DepMap, turned"),
    "depmap/stem-cell-essential": ("depmap/gene-effect", "mean effect in cancer cells, turned"),
    "gene_lists/dominant-vs-recessive": ("ddg2p/monoallelic-vs-biallelic", "DDG2P of 2025"),
    **{
        f"hpa_rna/gtex/{what}": (f"hpa_rna/fantom/{what}", "another assay, FANTOM5")
        for what in ("tissue-specificity", "tissue-distribution", "tissue-specificity-score")
    },
}
"""Task → another task that measures the same, and what it is."""


def labels(known, task: str) -> pd.Series:
    """Labels of a task, by gene; of several classes their names."""
    source = known[task.split("/")[0]]
    every = [one for built in tasks.from_source(source, known) for one in built]
    (found,) = (one for one in every if one.name == task)
    named = np.array(found.classes)[found.labels] if found.kind == "multiclass" else found.labels
    return pd.Series(named, found.entities)


def agreement(first: pd.Series, second: pd.Series) -> tuple[int, float]:
    """Number of genes of both, and how well the second predicts the first.

    Spearman correlation; of two classes the AUROC; of several its mean over the classes of the
    first, each against the rest.
    """
    both = pd.concat([first, second], axis=1, join="inner").dropna()
    a, b = both.iloc[:, 0], both.iloc[:, 1]
    if a.dtype.kind in "OU":
        value = np.mean([roc_auc_score(a == c, b == c) for c in a.unique()])
    else:
        value = roc_auc_score(a, b) if set(a) == {0, 1} else spearmanr(a, b).statistic
    return len(both), value


def releases(old: pd.DataFrame, new: pd.DataFrame, least: int) -> list[tuple[int, float]]:
    """How well the sets of an older release tell those of a newer one, set by set.

    Both have the columns ``set, gene``; sets of ``least`` genes or more, among genes of both.
    """
    common = set(old.gene) & set(new.gene)
    old, new = (frame[frame.gene.isin(common)] for frame in (old, new))
    before = old.groupby("set").gene.agg(set)
    out, universe = [], sorted(common)
    for term, members in new.groupby("set").gene.agg(set).items():
        if least <= len(members) < len(universe) and term in before:
            truth, guess = (np.isin(universe, list(m)) for m in (members, before[term]))
            out.append((len(universe), roc_auc_score(truth, guess)))
    return out


def half_lives(known) -> tuple[pd.Series, pd.DataFrame]:
    """The consensus, and the data sets that it was made of, by Ensembl id."""
    source = known["mrna_half_life"]
    consensus = sources.table(source, "consensus").set_index("ensembl_gene_id").human_PC1
    frame = sources.table(source, "datasets").set_index("ensembl_gene_id")
    return consensus.astype(float), frame.iloc[:, 1:].apply(pd.to_numeric, errors="coerce")


def mouse(known) -> tuple[pd.Series, pd.Series]:
    """Lethal (1) or viable (0) by the screen of IMPC, and by the records of MGI."""
    frame = sources.table(known["mouse_viability"], "viability").set_index("hgnc_id")
    columns = (frame[f"viability_{name}"] for name in ("impc", "mgi"))
    return tuple(column.map({"lethal": 1, "viable": 0}) for column in columns)


def rows(known):
    """Rows of the table."""
    for task, (other, what) in SECOND.items():
        second = labels(known, other)
        n, value = agreement(labels(known, task), -second if "turned" in what else second)
        yield task, what, 1, n, value
    impc, mgi = mouse(known)
    yield "mouse_viability/lethal-vs-viable", "records of MGI", 1, *agreement(impc.dropna(), mgi)
    columns = {"hpo_id": "set", "ncbi_gene_id": "gene"}
    phenotypes = (
        sources.table(known["hpo_dated"], name).rename(columns=columns)
        for name in ("propagated-2021", "propagated")
    )
    found = releases(*phenotypes, least=100)
    yield "hpo/term", "the release of 2021, by term", len(found), *np.median(found, axis=0)
    pathways = (sources.table(known[name], "pathways") for name in ("reactome_dated", "reactome"))
    found = releases(*pathways, least=50)
    yield "reactome/pathways", "the release of 2021, by pathway", len(found), *np.median(found, 0)
    found = {
        task.name: pd.Series(task.label, pd.MultiIndex.from_arrays([task.at, task.ref, task.alt]))
        for task in effects.mpra(known)
    }
    for name, again in AGAIN.items():
        both = found[f"mpra/{name}"], found[f"mpra/{again}"]
        yield f"mpra/{name}", "the same assay, done again", 1, *agreement(*both)
    consensus, frame = half_lives(known)
    name = "mrna_half_life/consensus"
    found = [agreement(consensus, column) for _, column in frame.items()]
    yield name, "one data set and the consensus", len(found), *np.nanmedian(np.abs(found), axis=0)
    laboratory, ranked = frame.columns.str.split("_").str[0], frame.notna().to_numpy()
    pairs = combinations(range(frame.shape[1]), 2)
    pairs = [(i, j) for i, j in pairs if laboratory[i] != laboratory[j]]
    pairs = [(i, j) for i, j in pairs if (ranked[:, i] & ranked[:, j]).sum() >= LEAST]
    found = [agreement(frame.iloc[:, i], frame.iloc[:, j]) for i, j in pairs]
    yield name, "two laboratories", len(found), *np.nanmedian(np.abs(found), axis=0)


def main() -> None:
    """Write the table."""
    known = specs.declared().sources
    genes.resolver(known)  # fails early where names of genes cannot be looked up
    columns = ["task", "second", "comparisons", "genes", "agreement"]
    frame = pd.DataFrame(rows(known), columns=columns).sort_values("task", kind="stable")
    folder = paths.results("function")
    folder.mkdir(parents=True, exist_ok=True)
    results.write_table(frame.astype({"genes": int}), folder / "ceilings.csv")
    print(frame.round(3).to_string(index=False))


if __name__ == "__main__":
    main()
