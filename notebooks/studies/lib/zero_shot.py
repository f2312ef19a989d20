"""Zero-shot scores of variants: log-likelihood ratios of models, and baselines without one.

A score says how harmful a change looks, the higher the more; of a model it is minus the LLR, which
is log P(alt) - log P(ref).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial

import numpy as np
import pandas as pd

from genebench.benchmark.results import SCHEMA
from genebench.core import cache
from genebench.core.specs import SourceSpec
from genebench.data import sources as files
from genebench.glm import codes, perplexity, score
from genebench.stats import bootstrap, influences, metrics

from . import markov, rules, tracks, windows
from .effects import AMINO, GROUP, Effects

SEED = 20240711
PAD = 512
"""Bases read beyond the outermost change of a stretch."""
_ORDERS = {"chain": range(2, 9), "around": range(2, 11), "trinucleotide": [2]}
"""K-mer models that score variants -> orders among which one is chosen."""
_HUMAN_FILES = ("prom_core_all", "tf_0", "tf_1", "tf_2", "tf_4")
"""Sets of GUE whose windows human k-mer models count."""


def harm(table: np.ndarray, at: np.ndarray, ref: np.ndarray, alt: np.ndarray) -> np.ndarray:
    """Score changes from a model's probabilities.

    Parameters
    ----------
    table : ndarray, (L, 4)
        Natural-log probabilities of every base of the sequence.
    at, ref, alt : ndarray of int, (n,)
        Index and codes of each change.

    Returns
    -------
    ndarray, (n,)
        Minus the LLR: log P(ref) - log P(alt).
    """
    return table[at, ref] - table[at, alt]


def around_changes(model, sequence: np.ndarray, at: np.ndarray) -> np.ndarray:
    """Log-probabilities of a model around changes.

    Parameters
    ----------
    model : nucleotide model
    sequence : ndarray of uint8, (L,)
    at : ndarray of int, (n,)
        Indices of the changes.

    Returns
    -------
    ndarray of float32, (L, 4)
        NaN in stretches without changes; of a model that brings its own table, that one.
    """
    if (whole := getattr(model, "whole", None)) is not None:
        return whole
    out = np.full((len(sequence), 4), np.nan, dtype=np.float32)
    places = np.unique(at)
    for part in np.split(places, np.flatnonzero(np.diff(places) > 2 * PAD) + 1):
        low, high = max(0, part[0] - PAD), min(len(sequence), part[-1] + PAD + 1)
        out[low:high] = perplexity.track(model, sequence[low:high])
    return out


def calibrated(
    table: np.ndarray, sequence: np.ndarray, at: np.ndarray, alt: np.ndarray
) -> np.ndarray:
    """Score changes relative to the mean over all bases in the same context (left, base, right).

    So that a change that is common because it is easy to make, as at CpG, does not look harmless.

    Parameters
    ----------
    table : ndarray, (L, 4)
        Natural-log probabilities; NaN where there are none.
    sequence : ndarray of uint8, (L,)
    at, alt : ndarray of int, (n,)

    Returns
    -------
    ndarray, (n,)
    """
    known = np.isfinite(table[:, 0]) & (sequence < codes.N)
    place, base = np.nonzero((np.arange(4) != sequence[:, None]) & known[:, None])
    place, base = np.append(at, place), np.append(alt, base)
    scores = harm(table, place, sequence[place], base)
    background = np.arange(len(place)) >= len(at)
    kinds = score.contexts(sequence, place, base)
    return score.calibrated(scores, kinds, background)[: len(at)]


def transversion(task: Effects) -> np.ndarray:
    """Score transversions 1 and transitions (A-G, C-T) 0.

    Parameters
    ----------
    task : Effects

    Returns
    -------
    ndarray, (n,)
    """
    return ((task.ref ^ task.alt) != 2).astype(float)


def cpg(task: Effects) -> np.ndarray:
    """Score changes of a CpG: transversions 1, transitions 0; all others 0.5.

    Parameters
    ----------
    task : Effects

    Returns
    -------
    ndarray, (n,)
    """
    s, at = np.append(task.sequence, codes.N), task.at
    inside = ((s[at] == 1) & (s[at + 1] == 2)) | ((s[at] == 2) & (s[at - 1] == 1))
    return np.where(inside, transversion(task), 0.5)


def gc_loss(task: Effects) -> np.ndarray:
    """Score a lost G or C 1, a gained one -1, and others 0.

    Parameters
    ----------
    task : Effects

    Returns
    -------
    ndarray, (n,)
    """
    return np.isin(task.ref, (1, 2)).astype(float) - np.isin(task.alt, (1, 2))


def codon_usage(task: Effects) -> np.ndarray | None:
    """Score how much rarer the new codon is in the genome's training genes.

    Parameters
    ----------
    task : Effects

    Returns
    -------
    ndarray, (n,), or None
        None where no codons are known.
    """
    if "codon_ref" not in task.beside:
        return None
    usage = np.log(task.genome.codon_usage())
    return usage[task.beside.codon_ref] - usage[task.beside.codon_alt]


def blosum62(task: Effects) -> np.ndarray | None:
    """Score the amino-acid change by BLOSUM62, sign turned.

    Parameters
    ----------
    task : Effects

    Returns
    -------
    ndarray, (n,), or None
        -5, as of a synonymous change, outside codons; None where there is no protein.
    """
    from Bio.Align import substitution_matrices

    matrix, beside = substitution_matrices.load("BLOSUM62"), task.beside
    if "codon_ref" in beside:
        pairs = [(AMINO[a], AMINO[b]) for a, b in zip(beside.codon_ref, beside.codon_alt)]
    elif "aa_ref" in beside:
        pairs = list(zip(beside.aa_ref, beside.aa_alt))
    else:
        return None
    known = set(matrix.alphabet)
    return np.array([-matrix[a, b] if a in known and b in known else -5.0 for a, b in pairs])


_READY = """
    spliceai openspliceai pangolin exon-distance alphamissense measured mitotip severity
""".split()


def _beside(task: Effects, *, name: str) -> np.ndarray | None:
    """Scores that a task brings along, where it brings all of them."""
    known = name in task.beside and task.beside[name].notna().all()
    return task.beside[name].to_numpy(float) if known else None


BASELINES: dict[str, Callable[[Effects], np.ndarray | None]] = {
    "open-frame": rules.open_frame,
    "stop-words": rules.stop_words,
    "position": rules.position,
    "composition": rules.composition,
    "codon-position": rules.codon_position,
    "transversion": transversion,
    "cpg": cpg,
    "gc-loss": gc_loss,
    "codon-usage": codon_usage,
    "blosum62": blosum62,
    "phylop": lambda t: t.beside.phylop.fillna(0).to_numpy() if "phylop" in t.beside else None,
    "random": lambda task: np.random.default_rng(SEED).random(len(task)),
    **{name: partial(_beside, name=name) for name in _READY},
}
"""Name in ``data/glm_models.yml`` -> scores of a task, None where it has none. phyloP over mammals
knows other genomes; codon position, codon usage and BLOSUM62 know gene and frame."""
_FAMILIES = {
    **dict.fromkeys(("markov-chain", "markov-around", "trinucleotide"), "counts"),
    **dict.fromkeys(("phylop", "blosum62", "codon-usage", "codon-position"), "reference"),
    **dict.fromkeys(("spliceai", "openspliceai", "pangolin"), "network"),
    **dict.fromkeys(("alphamissense", "measured", "mitotip", "severity"), "reference"),
    "random": "control",
}


def family(model: str) -> str:
    """Family of a scorer of variants.

    Parameters
    ----------
    model : str
        Name, with or without ``-calibrated``.

    Returns
    -------
    str
    """
    base = model.removesuffix("-calibrated")
    return "network" if base.startswith("glm-") else _FAMILIES.get(base, "shortcut")


def main_score(
    kind: str,
    label: np.ndarray,
    predicted: np.ndarray,
    cluster: np.ndarray,
    *,
    seed: int,
    stratum: np.ndarray | None = None,
) -> tuple[str, float, float, float]:
    """Main metric of predictions with its 95 % interval over clusters.

    Parameters
    ----------
    kind : {"binary", "regression"}
        AUROC or Spearman's correlation.
    label, predicted : ndarray, (n,)
    cluster : ndarray of str, (n,)
    seed : int
    stratum : ndarray of int, (n,), optional
        The AUROC is the mean over strata, each weighted by its pairs of a 1 and a 0; None: of all.

    Returns
    -------
    (str, float, float, float)
        Metric, score, lower and upper bound.
    """
    if stratum is None:
        whole = np.zeros(len(label), np.int64)
        value, influence = bootstrap.influence(kind, label, predicted, whole)
    else:
        value, influence = influences.auroc(label, predicted, stratum, "pairs")
    main = metrics.main(kind)
    options = {"seed": seed, "low": metrics.METRICS[main].low}
    _, low, high = bootstrap.clustered([value], influence[:, None], cluster, **options)
    return main, value, low[0], high[0]


def metrics_of(task: Effects, scores: np.ndarray, *, seed: int = SEED) -> pd.DataFrame:
    """Metrics of one score on one task, with 95 % intervals over clusters.

    Parameters
    ----------
    task : Effects
    scores : ndarray, (n,)
    seed : int

    Returns
    -------
    DataFrame
        ``metric, score, low, high``: AUROC, AUPRC (clusters resampled) and prior, or Spearman's
        correlation; AUROC alone where changes are compared within strata.
    """
    given = {"seed": seed, "stratum": task.stratum}
    rows = [main_score(task.kind, task.label, scores, task.cluster, **given)]
    if task.kind == "binary" and task.stratum is None:
        names, group = np.unique(task.cluster, return_inverse=True)
        weight = bootstrap.weights(names, seed=seed)[:, :200]
        rows.append(("auprc", *_precision(task.label, scores, weight[group])))
        rows.append(("prior", task.label.mean(), np.nan, np.nan))
    return pd.DataFrame(rows, columns=["metric", "score", "low", "high"])


def _precision(y: np.ndarray, p: np.ndarray, weight: np.ndarray) -> tuple[float, float, float]:
    """Average precision, 2.5 and 97.5 % quantiles over the draws of weights, (n, draws)."""
    order = np.argsort(-p, kind="stable")
    p, y, weight = p[order], y[order], weight[order]
    last = np.append(p[1:] != p[:-1], True)

    def average(w: np.ndarray) -> float:
        hits, seen = np.cumsum(w * y)[last], np.cumsum(w)[last]
        area = (np.diff(hits, prepend=0) * hits / np.maximum(seen, 1e-12)).sum()
        return float(area / hits[-1]) if hits[-1] > 0 else np.nan

    drawn = [average(draw.astype(float)) for draw in weight.T]
    low, high = np.nanquantile(drawn, (0.025, 0.975))
    return average(np.ones(len(y))), float(low), float(high)


def tidy(frame: pd.DataFrame, **columns) -> pd.DataFrame:
    """Complete rows of scores to the columns of ``results.SCHEMA``.

    Parameters
    ----------
    frame : DataFrame
        With ``low, high`` and some of the columns.
    **columns
        Constant columns; what is not given is one fold of a model that covers all.

    Returns
    -------
    DataFrame
        Columns of the schema, then ``low, high``.
    """
    usual = dict.fromkeys(("split_param", "variant", "control", "key"), "")
    usual |= {"repeat": 0, "fold": 0, "n_train": 0, "coverage": 1.0, "genes": "own"}
    missing = {name: value for name, value in usual.items() if name not in frame}
    return frame.assign(**{**missing, **columns})[[*SCHEMA.names, "low", "high"]]


def score_rows(task: Effects, scores: dict[str, np.ndarray]) -> pd.DataFrame:
    """Tidy rows of several scores of one task.

    Parameters
    ----------
    task : Effects
    scores : dict of str to ndarray, (n,)
        By model; a change without a score gets the model's mean.

    Returns
    -------
    DataFrame
        Columns of ``results.SCHEMA`` and ``low, high``.
    """
    recipe = {"task": task.name, "n": len(task), "seed": SEED, "models": sorted(scores)}
    out = []
    for model, values in scores.items():
        known = np.isfinite(values)
        rows = metrics_of(task, np.where(known, values, np.nanmean(values)))
        out.append(rows.assign(model=model, family=family(model), coverage=known.mean()))
    constant = {"task": task.name, "group": GROUP, "kind": task.kind, "n_test": len(task)}
    constant |= {"probe": "zero-shot", "split": "zero-shot", "key": cache.key(recipe)}
    return tidy(pd.concat(out, ignore_index=True), **constant)


def scores_of(
    tasks: list[Effects], models: Sequence
) -> Iterator[tuple[Effects, dict[str, np.ndarray]]]:
    """Score changes by every model (raw and calibrated) and every baseline.

    Parameters
    ----------
    tasks : list of Effects
    models : sequence of nucleotide models

    Yields
    ------
    (Effects, dict of str to ndarray, (n,))
        A task and its scores by model.
    """
    tables: dict[int, dict[str, np.ndarray]] = {}
    for task in tasks:
        if id(task.sequence) not in tables:
            at = np.concatenate([t.at for t in tasks if t.sequence is task.sequence])
            tables[id(task.sequence)] = {
                m.name: around_changes(m, task.sequence, at) for m in models
            }
        scores = {}
        for name, table in tables[id(task.sequence)].items():
            scores[name] = harm(table, task.at, task.ref, task.alt)
            # of the trinucleotide model nothing would be left but rounding
            if name != "trinucleotide":
                given = (table, task.sequence, task.at, task.alt)
                scores[f"{name}-calibrated"] = calibrated(*given)
        baselines = {name: function(task) for name, function in BASELINES.items()}
        yield task, scores | {n: values for n, values in baselines.items() if values is not None}


def score_set(tasks: list[Effects], models: Sequence) -> pd.DataFrame:
    """Score the tasks of a set, see ``scores_of``.

    Parameters
    ----------
    tasks : list of Effects
    models : sequence of nucleotide models

    Returns
    -------
    DataFrame
        Columns of ``results.SCHEMA`` and ``low, high``.
    """
    rows = [score_rows(task, scores) for task, scores in scores_of(tasks, models)]
    return pd.concat(rows, ignore_index=True)


def kmer_models(
    tasks: list[Effects], sources: Mapping[str, SourceSpec]
) -> tuple[list[markov.Markov], pd.DataFrame]:
    """K-mer models for a set of tasks that have counted nothing of what is scored.

    Parameters
    ----------
    tasks : list of Effects
        Of one species.
    sources : mapping of str to SourceSpec

    Returns
    -------
    models : list of Markov
        One of each kind, of the order with the fewest bits on sequence that was not counted.
    table : DataFrame
        ``model, order, bits`` (per base of that sequence).
    """
    genome = tasks[0].genome
    if genome is None:
        distinct = {id(t.sequence): t for t in tasks}.values()
        near = [t.sequence[max(0, t.at.min() - 50) : t.at.max() + 50] for t in distinct]
        count, check = _human_sequences(near, sources)
    else:
        bases = genome.codes.copy()
        if genome.spec.name == "mtb":  # the scored regions lie all over the genome
            for at in np.unique(np.concatenate([t.at for t in tasks])):
                bases[max(0, at - 50) : at + 51] = codes.N
        count, check = (
            [bases[a:b] for a, b in genome.blocks(part)] for part in ("train", "validation")
        )
    out, rows = [], []
    for kind, orders in _ORDERS.items():
        known = kind in markov.KINDS
        fitted = markov.fit(count, check, orders=orders, kind=kind if known else "around")
        level = {k: _mean_bits(model, check) for k, model in fitted.items()}
        order = min(level, key=level.get)
        fitted[order].name = f"markov-{kind}" if known else kind
        out.append(fitted[order])
        rows.append((fitted[order].name, order, level[order]))
    return out, pd.DataFrame(rows, columns=["model", "order", "bits"])


def _human_sequences(
    avoid: list[np.ndarray], sources: Mapping[str, SourceSpec]
) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """Windows to count, none like ``avoid``; and to choose on, none like those counted."""
    texts = [t for f in _HUMAN_FILES for t in files.table(sources["gue"], f).sequence]
    human = [codes.encode(t) for t in dict.fromkeys(texts)]
    unseen = np.flatnonzero(windows.unlike(human, avoid))
    clean = np.random.default_rng(0).permutation(unseen)
    cut = len(clean) // 20
    check, count = ([human[i] for i in rows] for rows in (clean[:cut], clean[cut:]))
    check = [s for s, new in zip(check, windows.unlike(check, count)) if new]
    return [windows.joined(count)], [windows.joined(check)]


def _mean_bits(model, sequences: list[np.ndarray]) -> float:
    bits = [tracks.bits(model.conditionals(s[None])[0], s) for s in sequences]
    return float(np.nanmean(np.concatenate(bits)))
