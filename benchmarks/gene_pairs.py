"""What can be known of the tasks of pairs without a model.

``GENEBENCH_MIRROR=… python -m benchmarks.gene_pairs`` writes ``data/results/pairs/degree.csv``: how
well the numbers of positive pairs of the two genes alone tell the classes apart, how many pairs are
left where no gene may be on both sides, and how many stand in networks of interactions.
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


def main() -> None:
    """Write the table."""
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
    print(frame.round(3).to_string(index=False))


if __name__ == "__main__":
    main()
