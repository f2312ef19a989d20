"""Scores of changes without any fit: log-likelihood ratios of models, and baselines that know no model at all.

Every score says how harmful a change looks, the higher the more; for a model that is log P(ref) − log P(alt).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd

from ..benchmark.results import SCHEMA
from ..stats import bootstrap, metrics
from . import codes, perplexity, score
from .effects import AMINO, GROUP, Effects

SEED = 20240711
PAD = 512
"""Bases read beyond the outermost change of a stretch."""


def harm(table: np.ndarray, at: np.ndarray, ref: np.ndarray, alt: np.ndarray) -> np.ndarray:
    """log P(ref) − log P(alt) of changes, (n,), from a model's log-probabilities of a whole sequence, (L, 4)."""
    return table[at, ref] - table[at, alt]


def tracks(model, sequence: np.ndarray, at: np.ndarray) -> np.ndarray:
    """A model's log-probabilities where changes are, (L, 4) float32; NaN in stretches that hold none."""
    out = np.full((len(sequence), 4), np.nan, dtype=np.float32)
    places = np.unique(at)
    cut = np.flatnonzero(np.diff(places) > 2 * PAD) + 1
    for part in np.split(places, cut):
        low, high = max(0, part[0] - PAD), min(len(sequence), part[-1] + PAD + 1)
        out[low:high] = perplexity.track(model, sequence[low:high])
    return out


def calibrated(
    table: np.ndarray, sequence: np.ndarray, at: np.ndarray, alt: np.ndarray
) -> np.ndarray:
    """The harm of changes less the mean over all bases in the same context (left, base, right), (n,).

    So that a change that is common because it is easy to make, as at CpG, is not taken for a harmless one.
    """
    place = np.repeat(np.flatnonzero(np.isfinite(table[:, 0]) & (sequence < codes.N)), 4)
    base = np.tile(np.arange(4, dtype=np.uint8), len(place) // 4)
    other = base != sequence[place]
    place, base = place[other], base[other]
    every = np.concatenate(
        [harm(table, at, sequence[at], alt), harm(table, place, sequence[place], base)]
    )
    kinds = np.concatenate(
        [score.contexts(sequence, at, alt), score.contexts(sequence, place, base)]
    )
    return score.calibrated(every, kinds, np.arange(len(every)) >= len(at))[: len(at)]


def transition(task: Effects) -> np.ndarray:
    """1 for a transversion, 0 for a transition (A↔G, C↔T)."""
    return ((task.ref ^ task.alt) != 2).astype(float)


def cpg(task: Effects) -> np.ndarray:
    """1 for a change that breaks a CpG, less 1 for a transition there (C>T, G>A), which is what mutation does most."""
    s = np.append(task.sequence, 4)
    inside = ((s[task.at] == 1) & (s[task.at + 1] == 2)) | (
        (s[task.at] == 2) & (s[task.at - 1] == 1)
    )
    return np.where(inside, transition(task), 0.5)


def gc(task: Effects) -> np.ndarray:
    """1 for a G or C that is lost, −1 for one that is won."""
    strong = [np.isin(x, (1, 2)).astype(float) for x in (task.ref, task.alt)]
    return strong[0] - strong[1]


def codon_usage(task: Effects) -> np.ndarray | None:
    """How much rarer the new codon is in the genome's training genes; it is told the reading frame. None elsewhere."""
    if "codon_ref" not in task.beside:
        return None
    usage = np.log(_usage(task.species))
    return usage[task.beside.codon_ref] - usage[task.beside.codon_alt]


def _usage(name: str) -> np.ndarray:
    """Share of each codon in a genome's genes outside the held-out part, (64,)."""
    from . import genomes

    genome = genomes.load(name)
    count = np.ones(64)
    for gene in genome.genes.itertuples():
        if all((genome.part[a:b] == 0).all() for a, b in gene.pieces):
            bases = genomes.coding(genome, gene)
            if len(bases) % 3 == 0 and bases.max() < 4:
                count += np.bincount(bases.reshape(-1, 3) @ np.array([16, 4, 1]), minlength=64)
    return count / count.sum()


def substitution(task: Effects) -> np.ndarray | None:
    """BLOSUM62 of the amino-acid change, turned round; it is told gene and frame. None where there is no protein."""
    from Bio.Align import substitution_matrices

    matrix = substitution_matrices.load("BLOSUM62")
    if "codon_ref" in task.beside:
        pairs = [(AMINO[a], AMINO[b]) for a, b in zip(task.beside.codon_ref, task.beside.codon_alt)]
    elif "aa_ref" in task.beside:
        pairs = list(zip(task.beside.aa_ref, task.beside.aa_alt))
    else:
        return None
    known = set(matrix.alphabet)
    # outside codons nothing is known: the score of a synonymous change
    return np.array([-matrix[a, b] if a in known and b in known else -5.0 for a, b in pairs])


def conservation(task: Effects) -> np.ndarray | None:
    """phyloP over mammals of the changed base; it is told other genomes. None where the table has none."""
    return task.beside.phylop.fillna(0).to_numpy() if "phylop" in task.beside else None


def chance(task: Effects) -> np.ndarray:
    """A random number for each change."""
    return np.random.default_rng(SEED).random(len(task))


BASELINES: dict[str, Callable[[Effects], np.ndarray | None]] = {
    "transversion": transition,
    "cpg": cpg,
    "gc-loss": gc,
    "codon-usage": codon_usage,
    "blosum62": substitution,
    "phylop": conservation,
    "random": chance,
}
"""Name in ``data/glm_models.yml`` → its scores of a task."""


def measured(task: Effects, found: np.ndarray, *, seed: int = SEED) -> pd.DataFrame:
    """Metrics of one score on one task, with 95 % intervals over clusters: ``metric, score, low, high``.

    Binary: AUROC and AUPRC (whose interval is drawn by resampling clusters); regression: Spearman's correlation.
    """
    names, cluster = np.unique(task.cluster, return_inverse=True)
    weight = bootstrap.weights(names, seed=seed)
    fold = np.zeros(len(task), dtype=np.int64)
    value, influence = bootstrap.influence(task.kind, task.label, found, fold)
    moved = bootstrap.moves(influence[:, None], weight, (cluster,))
    main = metrics.METRICS[metrics.main(task.kind)]
    low, high = bootstrap.interval(np.array([value]), moved, low=main.low, high=main.high)
    rows = [(metrics.main(task.kind), value, low[0], high[0])]
    if task.kind == "binary":
        rows.append(("auprc", *_precision(task.label, found, weight[:, :200], cluster)))
        rows.append(("prior", task.label.mean(), np.nan, np.nan))
    return pd.DataFrame(rows, columns=["metric", "score", "low", "high"])


def _precision(
    y: np.ndarray, p: np.ndarray, weight: np.ndarray, cluster: np.ndarray
) -> tuple[float, float, float]:
    """Average precision and the 2.5 and 97.5 % quantiles over draws of weights of the clusters."""
    order = np.argsort(-p, kind="stable")
    p, y, cluster = p[order], y[order], cluster[order]
    last = np.append(p[1:] != p[:-1], True)

    def average(w: np.ndarray) -> float:
        tp, seen = np.cumsum(w * y), np.cumsum(w)
        tp, seen = tp[last], seen[last]
        rise = np.diff(tp, prepend=0)
        return float((rise * tp / np.maximum(seen, 1e-12)).sum() / tp[-1]) if tp[-1] > 0 else np.nan

    drawn = [average(weight[cluster, d].astype(float)) for d in range(weight.shape[1])]
    low, high = np.nanquantile(drawn, (0.025, 0.975))
    return average(np.ones(len(y))), float(low), float(high)


def rows(
    task: Effects, scores: dict[str, np.ndarray], family: dict[str, str], *, key: str
) -> pd.DataFrame:
    """Tidy rows of several scores of one task, in the columns of ``results.SCHEMA`` and ``low, high``."""
    out = []
    for model, found in scores.items():
        known = np.isfinite(found)
        made = measured(task, np.where(known, found, np.nanmean(found)))
        made = made.assign(model=model, family=family[model], coverage=known.mean())
        out.append(made)
    frame = pd.concat(out, ignore_index=True).assign(
        task=task.name,
        group=GROUP,
        kind=task.kind,
        probe="zero-shot",
        split="zero-shot",
        split_param="",
        repeat=0,
        fold=0,
        n_train=0,
        n_test=len(task),
        key=key,
    )
    return frame[[*SCHEMA.names, "low", "high"]]


def of_models(
    task: Effects, models: Sequence, table: dict[str, np.ndarray] | None = None
) -> dict[str, np.ndarray]:
    """Harm by every model, raw and calibrated (``<model>`` and ``<model>-calibrated``), (n,) each.

    ``table``: log-probabilities of this sequence that were already made, by model name; filled on the way.
    """
    table = {} if table is None else table
    out = {}
    for model in models:
        if model.name not in table:
            table[model.name] = tracks(model, task.sequence, task.at)
        held = table[model.name]
        out[model.name] = harm(held, task.at, task.ref, task.alt)
        out[f"{model.name}-calibrated"] = calibrated(held, task.sequence, task.at, task.alt)
    return out
