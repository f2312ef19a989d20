"""Simulate how often the comparison of models is wrong: ``data/results/simulation/separation.csv``.

Models are equal on average over all tasks that could have been asked, and differ on each task;
tasks of one cluster (a source table) share part ``r`` of the variance of these differences. A
false separation is any pair of models that ``stats.separation.compare`` calls different. With
fewer than ``bootstrap.CLUSTERS`` clusters nothing is said about other tasks: there the models are
equal on each of the tasks, and genes alone make them differ. With the name of a profile whose run
is cached: its intervals with and without clusters (``errors.csv``).
"""

from __future__ import annotations

import sys
from unittest import mock

import numpy as np
import pandas as pd

from genebench.benchmark import plan, resampling, results
from genebench.benchmark.tables import write as tables
from genebench.core import paths
from genebench.stats import bootstrap, influences, separation

MODELS = 16
DRAWS = 1000
BY_TASK = 0.05
"""Standard deviation over tasks of a model's score."""
BY_GENES = 0.01
"""Standard error of a score by its genes."""
SCENARIOS = ((80, 1, 0.0), (20, 1, 0.0), (20, 4, 0.5), (5, 4, 0.5), (5, 4, 0.9))
"""Clusters, tasks of each, share of the variance that they have in common."""


def scenario(clusters: int, size: int, r: float, *, runs: int, seed: int) -> dict:
    """Simulate one scenario.

    Parameters
    ----------
    clusters, size : int
        Number of clusters, and tasks of each.
    r : float
        Share of the variance over tasks that tasks of a cluster have in common, 0 to 1.
    runs, seed : int

    Returns
    -------
    dict
        ``scope`` ("the group" or "these tasks"), ``false_separation`` (share of runs in which any
        pair was separated), ``power_003``, ``power_006`` (mean share of the other models from which
        one that is better by 0.03 or 0.06 is separated).
    """
    rng = np.random.default_rng(seed)
    wide = clusters >= bootstrap.CLUSTERS
    spread, cluster = BY_TASK * wide, np.repeat(np.arange(clusters), size)

    def compared(better: float) -> separation.Comparison:
        shared, own = rng.normal(size=(clusters, MODELS)), rng.normal(size=(len(cluster), MODELS))
        true = spread * (np.sqrt(r) * shared[cluster] + np.sqrt(1 - r) * own)
        true[:, 0] += better
        scores = true + BY_GENES * rng.normal(size=true.shape)
        moved = BY_GENES * rng.normal(size=(*true.shape, DRAWS)).astype(np.float32)
        mean = separation.mean_over_tasks(scores, moved, np.ones(len(cluster)), cluster)
        return separation.compare(mean)

    def power(better: float) -> float:
        found = [compared(better) for _ in range(max(1, runs // 10))]
        return float(np.mean([(c.separated & (c.difference > 0))[: MODELS - 1] for c in found]))

    return {
        "scenario": f"{clusters} clusters of {size}, r = {r:g}",
        "clusters": clusters,
        "scope": "the group" if wide else "these tasks",
        "false_separation": float(np.mean([compared(0).separated.any() for _ in range(runs)])),
        "power_003": power(0.03),
        "power_006": power(0.06),
        "runs": runs,
    }


def families(*, runs: int, seed: int, icc: float = 0.3) -> dict:
    """Simulate genes in families: how often the 95 % interval of an AUROC covers the true one.

    Parameters
    ----------
    runs, seed : int
    icc : float
        Correlation of genes of a family, in labels and in predictions.

    Returns
    -------
    dict
        ``coverage`` when families are drawn, and ``coverage_genes`` when each gene is.
    """
    rng, far = np.random.default_rng(seed), 0.8
    sizes = 1 + rng.geometric(0.3, 300)
    family = np.repeat(np.arange(len(sizes)), sizes)
    names = np.array([f"F{k}" for k in range(len(sizes))]), np.arange(len(family)).astype(str)
    weights = [bootstrap.weights(name, DRAWS, seed=seed) for name in names]
    places = family, np.arange(len(family))

    def draw(n_families_of):
        group = rng.normal(size=(2, n_families_of.max() + 1))[:, n_families_of]
        own = rng.normal(size=(2, len(n_families_of)))
        latent, noise = np.sqrt(icc) * group + np.sqrt(1 - icc) * own
        return (latent > 0.5).astype(int), far * latent + noise

    y, p = draw(np.repeat(np.arange(200_000), 2))
    truth, _ = influences.auroc(y, p, np.zeros(len(y), dtype=int))
    covered = np.zeros((runs, 2))
    for run in range(runs):
        y, p = draw(family)
        score, influence = influences.auroc(y, p, np.zeros(len(y), dtype=int))
        for k, (weight, place) in enumerate(zip(weights, places, strict=True)):
            moved = bootstrap.moves(influence[:, None], weight, (place,))
            low, high = bootstrap.interval(np.array([score]), moved, low=0, high=1)
            covered[run, k] = low[0] <= truth <= high[0]
    by_families, by_genes = covered.mean(axis=0)
    about = {
        "scenario": f"genes in families, ICC {icc:g}",
        "clusters": len(sizes),
        "scope": "genes",
    }
    return {**about, "coverage": by_families, "coverage_genes": by_genes, "runs": runs}


def errors(profile: str) -> pd.DataFrame:
    """Intervals of a profile's means by clusters of tasks, beside those of independent tasks.

    Parameters
    ----------
    profile : str
        Whose run is cached.

    Returns
    -------
    DataFrame
        A row a group, measure and split: median half-width of the 95 % intervals, pairs of models
        that are separated and models whose tier is another, when each task is drawn by itself
        (``_independent``) and when clusters are.
    """
    planned = plan.make(profile)
    groups = resampling.groups(planned.cells)
    found = tables.tables(planned, groups)
    with mock.patch.object(separation, "cluster_tasks", lambda _, names: np.arange(len(names))):
        apart = tables.tables(planned, groups)
    by = ["measure", "group", "split"]
    both = {"": found, "_independent": apart}
    columns = {}
    for name, made in both.items():
        means, pairs = (made[f].query("probe == probe.iloc[0]") for f in ("means.csv", "pairs.csv"))
        half = means.assign(half=(means.high - means.low) / 2)
        columns[f"half_width{name}"] = half.groupby(by, sort=False).half.median()
        columns[f"separated{name}"] = pairs.groupby(by, sort=False).separated.sum()
    means, other = (made["means.csv"].set_index([*by, "probe", "model"]) for made in both.values())
    moved = (means.tier != other.tier.reindex(means.index)).groupby(by, sort=False).sum()
    shared = means.groupby(by, sort=False)[["tasks", "clusters"]].first()
    return shared.assign(**columns, other_tier=moved).reset_index()


if __name__ == "__main__":
    if sys.argv[1:]:
        frame = errors(sys.argv[1])
        results.write_table(frame, paths.RESULTS / "simulation" / "errors.csv")
        sys.exit(print(frame.to_string()))
    rows = [scenario(*of, runs=1000, seed=1) for of in SCENARIOS]
    frame = pd.DataFrame([*rows, families(runs=1000, seed=1)])
    folder = paths.RESULTS / "simulation"
    folder.mkdir(parents=True, exist_ok=True)
    frame.to_csv(folder / "separation.csv", index=False, float_format="%.4f", lineterminator="\n")
    print(frame.to_string())
