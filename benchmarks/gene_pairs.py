"""What can be known of the tasks of pairs without a model.

``GENEBENCH_MIRROR=… python -m benchmarks.gene_pairs`` writes ``data/results/pairs/degree.csv``: how
well the numbers of positive pairs of the two genes alone tell the classes apart, how many pairs are
left where no gene may be on both sides, and how many stand in networks of interactions. And
``published.csv``: how the 38 published embeddings of Zhong et al. 2025 score on their own folds,
summarised, beside that number alone.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from sklearn.metrics import roc_auc_score

from genebench.benchmark import plan, results, splits
from genebench.core import specs
from genebench.data import sources
from genebench.data.tasks import Task

NETWORKS = ("bioplex", "irefindex")
SETS = {
    "sl": "synthetic-lethality",
    "ng": "negative-interaction",
    "tf": "factor-target",
    "pombe_ng": "fission-yeast",
}
"""Name of a set in the published scores → in our tasks."""


def degree_auroc(task: Task) -> float:
    """AUROC of the product of the numbers of positive pairs that the two genes are in."""
    positive = pd.Series(np.concatenate([side[task.labels == 1] for side in task.parts]))
    number = positive.value_counts()
    sides = [pd.Series(side).map(number).fillna(0) for side in task.parts]
    return roc_auc_score(task.labels, sides[0] * sides[1])


def unordered(first, second) -> np.ndarray:
    """Names of pairs, whatever the order of their genes."""
    both = np.sort(np.stack([np.asarray(first, str), np.asarray(second, str)], axis=1), axis=1)
    return np.char.add(np.char.add(both[:, 0], "|"), both[:, 1])


def published(known) -> pd.DataFrame:
    """Published scores of the 38 embeddings by set and way to join the vectors, and degree alone.

    ``embeddings, lowest, median, best, best_embedding``: of their mean AUROC over three folds in
    which no gene is on both sides; ``degree``: ours of the number of positive pairs, on the same
    folds; ``above``: how many embeddings score above it.
    """
    scores = sources.table(known["zhong2025"], "scores")
    at = scores.file.str.extract(
        "^paired_gene_(?P<set>.+)_(?P<way>sum|product|concat)_outerloop_AUC$"
    )
    scores = scores.assign(**at)[scores.column == "outer_AUC_average"].dropna(subset="set")
    scores = scores.assign(value=scores.value.astype(float))
    ours = results.read_beside("pairs", "intervals.parquet")
    ours = ours[(ours.model == "pair-degree") & (ours.split == "published")]
    ours = ours[(ours.genes == "own") & (ours.probe == "products")].set_index("task").score
    rows = []
    for (name, way), part in scores.groupby(["set", "way"]):
        task, part = f"zhong2025_pairs/published/{SETS[name]}", part.sort_values("value")
        row = {"task": task, "way": way, "embeddings": len(part), "lowest": part.value.iloc[0]}
        row |= {"median": part.value.median(), "best": part.value.iloc[-1]}
        row |= {"best_embedding": part.embedding.iloc[-1], "degree": ours[task]}
        rows.append(row | {"above": int((part.value > ours[task]).sum())})
    return pd.DataFrame(rows)


def main() -> None:
    """Write the tables."""
    known, rows = specs.declared().sources, []
    tables = {name: sources.table(known[name], "edges") for name in NETWORKS}
    edges = {name: set(unordered(t.SymbolA, t.SymbolB)) for name, t in tables.items()}
    made = plan.make("pairs")
    options = {"n_folds": made.profile.folds, "seed": made.profile.seed, "sources": known}
    for name, task in made.tasks.items():
        fold = splits.folds(task, "genes", **options)
        row = {"task": name, "pairs": len(task), "positives": int(task.labels.sum())}
        row |= {"genes": len(splits.genes_of(task)), "degree": degree_auroc(task)}
        row |= {"within_folds": int((fold >= 0).sum()), "across_folds": int((fold < 0).sum())}
        for network, listed in edges.items():
            inside = np.array([pair in listed for pair in unordered(*task.parts)])
            row[network] = inside[task.labels == 1].mean()
            row[f"{network}_negatives"] = inside[task.labels == 0].mean()
        rows.append(row)
    frame = pd.DataFrame(rows)
    results.write_table(frame, results.beside_path("pairs", "degree.csv"))
    beside = published(known).round(4)
    results.write_table(beside, results.beside_path("pairs", "published.csv"))
    print(frame.round(3).to_string(index=False), beside.to_string(index=False), sep="\n\n")


if __name__ == "__main__":
    main()
