"""Models of simulated genomes, where the truth is known, beside k-mer models and the oracle.

Trained on chromosomes 1 to 4 of all species, checked on 5, tested on 6 of the first species.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd
import scipy
from sklearn.decomposition import PCA
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from genebench.glm import codes, net, perplexity, score, trained
from genebench.glm.codes import Sequence
from genebench.stats import bootstrap, metrics

from . import markov, tracks
from .landscape import CODING, MOTIF, NEUTRAL, REGIONS, REPEAT, STRUCTURE
from .simulate import TEST, Family

TRAIN, VALIDATION = ("chr1", "chr2", "chr3", "chr4"), ("chr5",)
RECIPE = net.Recipe(
    name="glm-simulated", steps=2900, batch=16, window=256, joint=256, dtype="bfloat16"
)
"""The blind-spot network that is shown, about seven CPU minutes."""
DELETERIOUS, NEUTRALITY = -2.0, 0.5
"""S at or below which a substitution counts as deleterious, and |S| below which as neutral."""
SHOWN = 100_000
"""Bases of the test chromosome whose substitutions are scored."""
BLOCK = 2000
"""Bases that are drawn together in an interval."""
COLUMNS = ["task", "subset", "model", "scores", "metric", "score", "low", "high", "n"]
_ORDERS = {"around": range(3, 12), "chain": range(3, 9)}
_NAMES = {"around": "markov-two-sided", "chain": "markov-chain"}


def sequences(family: Family, chromosomes: tuple[str, ...]) -> list[Sequence]:
    """Sequences of some chromosomes of all species.

    Parameters
    ----------
    family : Family
    chromosomes : tuple of str

    Returns
    -------
    list of Sequence
    """
    return [species[name] for species in family.sequences.values() for name in chromosomes]


@dataclass
class Comparison:
    """A family and the models that are compared on it.

    Attributes
    ----------
    family : Family
    models : dict of str to nucleotide model
    truth : DataFrame
        Substitutions that are scored, as of ``Family.truth``.
    llr : dict of str to ndarray, (n,)
        LLR of each, by model; with the oracle's.
    """

    family: Family
    models: dict
    truth: pd.DataFrame
    llr: dict[str, np.ndarray] = field(default_factory=dict)

    @property
    def sequence(self) -> Sequence:
        """The test chromosome of the first species."""
        return self.family.sequences[1][TEST]

    @property
    def elements(self) -> pd.DataFrame:
        """Planted elements that lie in what is shown."""
        elements = self.family.chromosomes[TEST].elements
        return elements[elements.end <= SHOWN].reset_index(drop=True)

    @cached_property
    def _kinds(self) -> np.ndarray:
        truth = self.truth
        places, alt = truth.position.to_numpy(), truth.alt.to_numpy()
        return score.contexts(self.sequence.codes, places, alt)

    def calibrated(self, llr: np.ndarray) -> np.ndarray:
        """LLR less its mean by kind of mutation over neutral DNA.

        Parameters
        ----------
        llr : ndarray, (n,)

        Returns
        -------
        ndarray, (n,)
        """
        return score.calibrated(llr, self._kinds, self.truth.region.to_numpy() == NEUTRAL)


def compare(family: Family, network) -> Comparison:
    """Score every substitution that is shown by a network and the best k-mer models.

    Parameters
    ----------
    family : Family
    network : nucleotide model

    Returns
    -------
    Comparison
    """
    truth = family.truth(TEST)
    truth = truth[truth.position < SHOWN].reset_index(drop=True)
    models = {"glm-simulated": network}
    training, validation = (
        [s.codes for s in sequences(family, names)] for names in (TRAIN, VALIDATION)
    )
    part = Sequence("", validation[0][:40_000])
    for kind, orders in _ORDERS.items():
        fitted = markov.fit(training, validation[1:], orders=orders, kind=kind)
        level = {k: float(np.nanmean(perplexity.model_bits(m, part))) for k, m in fitted.items()}
        models[_NAMES[kind]] = fitted[min(level, key=level.get)]
    out = Comparison(family, models, truth)
    whole = out.sequence.codes[: SHOWN + 1024]
    for name, model in models.items():
        llr = every_substitution(model, whole, strands="given")
        out.llr[name] = llr[truth.position, truth.alt].astype(np.float64)
    out.llr["oracle"] = truth.oracle.to_numpy(dtype=np.float64)
    return out


def constraint(comparison: Comparison) -> pd.DataFrame:
    """Rank correlation with S by class of region, and AUROC of deleterious against neutral.

    Parameters
    ----------
    comparison : Comparison

    Returns
    -------
    DataFrame
        ``COLUMNS``; raw and calibrated LLR; 95 % intervals over blocks of 2,000 bases.
    """
    truth, rows = comparison.truth, []
    block, region, s = truth.position // BLOCK, truth.region, truth["S"]
    judged, everything = (s <= DELETERIOUS) | (s.abs() < NEUTRALITY), s.notna()
    classes = {REGIONS[code]: region == code for code in (CODING, MOTIF, STRUCTURE)}
    bad = (s <= DELETERIOUS).astype(int)
    questions = [
        ("LLR against S", "regression", s, 1, classes | {"all": everything}),
        (
            "deleterious against neutral",
            "binary",
            bad,
            -1,
            {"all": judged, "outside repeats": judged & (region != REPEAT)},
        ),
    ]
    for model, raw in {**comparison.llr, "mutation-bias": truth.bias.to_numpy(float)}.items():
        forms = {"raw": raw}
        if model != "mutation-bias":  # nothing is left of it when calibrated
            # rounded, so that what is equal stays equal
            forms["calibrated"] = np.round(comparison.calibrated(raw), 4)
        for form, values in forms.items():
            for task, kind, label, sign, subsets in questions:
                for subset, mask in subsets.items():
                    mask = mask.to_numpy()
                    given = label.to_numpy()[mask], sign * values[mask], block.to_numpy()[mask]
                    row = (task, subset, model, form, metrics.main(kind))
                    rows.append((*row, *_interval(kind, *given), int(mask.sum())))
    return pd.DataFrame(rows, columns=COLUMNS)


def _interval(kind: str, y: np.ndarray, p: np.ndarray, block: np.ndarray) -> tuple:
    """Score and 95 % interval, blocks drawn with Poisson weights."""
    value, influence = bootstrap.influence(kind, y, p, np.zeros(len(y), dtype=np.int64))
    names, group = np.unique(block, return_inverse=True)
    summed = np.bincount(group, weights=influence)[:, None]
    blocks = np.array([f"block {b}" for b in names])
    least = -1.0 if kind == "regression" else 0.0
    _, low, high = bootstrap.clustered([value], summed, blocks, seed=1, low=least)
    return float(value), float(low[0]), float(high[0])


def odds(comparison: Comparison) -> pd.DataFrame:
    """Odds that a variant is rare rather than common, among the lowest LLR over the rest.

    Parameters
    ----------
    comparison : Comparison

    Returns
    -------
    DataFrame
        ``model, lowest`` (share by calibrated LLR), ``odds_ratio, low, high`` (95 % by Woolf, a
        half added to each count), ``rare`` (at most 1 % of 200 chromosomes), ``common`` (5 % or
        more), ``spearman_frequency``.
    """
    design, truth = comparison.family.design, comparison.truth
    rng = np.random.default_rng([design.seed, 99])
    copies = segregating(truth["S"].to_numpy(), truth.rate.to_numpy(), rng, theta=design.theta)
    present = copies > 0
    rarer = np.minimum(copies, 200 - copies)
    frequency = (rarer / 200)[present]
    rows = []
    for model, raw in comparison.llr.items():
        values = comparison.calibrated(raw)[present]
        table = odds_ratios(values, frequency <= 0.01, frequency >= 0.05)
        rho = float(scipy.stats.spearmanr(values, frequency)[0])
        rows.append(table.assign(spearman_frequency=rho, model=model))
    out = pd.concat(rows, ignore_index=True)
    return out[["model", *out.columns.drop("model")]]


def odds_ratios(values: np.ndarray, rare: np.ndarray, common: np.ndarray) -> pd.DataFrame:
    """Odds of rare to common variants among the lowest values, over the odds among the rest.

    Parameters
    ----------
    values : ndarray, (n,)
    rare, common : ndarray of bool, (n,)

    Returns
    -------
    DataFrame
        ``lowest`` (share), ``odds_ratio, low, high`` (95 % by Woolf, a half added to each count),
        ``rare, common`` (how many are among the lowest).
    """
    groups, rows = np.stack([rare, common]), []
    for share in (0.01, 0.05, 0.1, 0.2, 0.4):
        low = values <= np.quantile(values, share)
        a, b = (groups & low).sum(1) + 0.5
        c, d = (groups & ~low).sum(1) + 0.5
        log = np.log(a * d / (b * c))
        error = 1.96 * np.sqrt(1 / a + 1 / b + 1 / c + 1 / d)
        rows.append((share, *np.exp([log, log - error, log + error]), int(a), int(b)))
    return pd.DataFrame(rows, columns="lowest odds_ratio low high rare common".split())


def _probabilities(model, sequence: np.ndarray, *, length: int = 512) -> np.ndarray:
    """Probability of each base at each position given its surroundings, (L, 4)."""
    start = np.arange(0, len(sequence), length // 2)
    logs = model.conditionals(codes.windows(sequence, start - length // 4, length))
    inner = np.exp(logs[:, length // 4 : length // 4 + length // 2])
    return inner.reshape(-1, 4)[: len(sequence)]


def logos(comparison: Comparison) -> pd.DataFrame:
    """Each planted motif as planted, as in the genome, and as models expect it over all copies.

    Parameters
    ----------
    comparison : Comparison

    Returns
    -------
    DataFrame
        ``motif, model, position, A, C, G, T, r`` (correlation with the planted matrix), ``copies``.
    """
    elements, bases = comparison.elements, comparison.sequence.codes[: SHOWN + 1024]
    expected = {name: _probabilities(m, bases) for name, m in comparison.models.items()}
    expected["genome"] = np.eye(4)[bases]
    rows = []
    for motif, planted in comparison.family.motifs.items():
        copies = elements[(elements.kind == "motif") & (elements.name == motif)]
        spans = list(zip(copies.start, copies.end, copies.strand))
        matrices = {"planted": planted} | {
            name: np.mean([p[a:b][::strand, ::strand] for a, b, strand in spans], axis=0)
            for name, p in expected.items()
        }
        for name, matrix in matrices.items():
            r = float(np.corrcoef(matrix.ravel(), planted.ravel())[0, 1])
            rows += [(motif, name, i, *row, r, len(spans)) for i, row in enumerate(matrix, start=1)]
    return pd.DataFrame(rows, columns=["motif", "model", "position", *"ACGT", "r", "copies"])


def corrected(dependency: np.ndarray) -> np.ndarray:
    """Make a dependency map symmetric, less what rows and columns explain (APC, Dunn 2008).

    Parameters
    ----------
    dependency : ndarray, (n, n)

    Returns
    -------
    ndarray, (n, n)
    """
    both = (dependency + dependency.T) / 2
    row = both.sum(1) / (len(both) - 1)
    out = both - np.outer(row, row) / max(row.mean(), 1e-12)
    np.fill_diagonal(out, 0)
    return out


def dependencies(
    comparison: Comparison, *, count: int = 40, flank: int = 64
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Dependency maps of planted hairpins.

    Parameters
    ----------
    comparison : Comparison
    count : int
        Hairpins.
    flank : int
        Bases to each side that models read.

    Returns
    -------
    first : DataFrame
        Map of the first hairpin: ``i, j, raw, corrected, model, planted``.
    scores : DataFrame
        ``COLUMNS``: AUROC of planted pairs against all others three or more apart, mean over
        hairpins with 95 % interval.
    """
    elements = comparison.elements
    pins = elements[elements.kind == "hairpin"].head(count)
    partner = comparison.family.chromosomes[TEST].landscape.partner
    maps, rows = [], []
    for name, model in comparison.models.items():
        areas: dict[str, list[float]] = {"raw": [], "corrected": []}
        for a, b in zip(pins.start, pins.end):
            n = b - a
            window = codes.windows(comparison.sequence.codes, [a - flank], n + 2 * flank)[0]
            raw = tracks.dependency_map(model, window, flank, flank + n)
            fixed, both = corrected(raw), (raw + raw.T) / 2
            paired = partner[a:b, None] == np.arange(a, b)
            upper = np.triu_indices(n, 3)
            areas["raw"].append(roc_auc_score(paired[upper], both[upper]))
            areas["corrected"].append(roc_auc_score(paired[upper], fixed[upper]))
            if len(areas["raw"]) == 1:
                rows_, columns = np.indices(raw.shape)
                flat = {"i": rows_, "j": columns, "raw": raw, "corrected": fixed}
                frame = pd.DataFrame({key: values.ravel() for key, values in flat.items()})
                maps.append(frame.assign(model=name, planted=paired.ravel()))
        for kind, values in areas.items():
            mean = np.mean(values)
            half = 1.96 * np.std(values, ddof=1) / np.sqrt(len(values))
            bounds = max(0, mean - half), min(1, mean + half)
            row = ("planted pairs", "hairpins", name, kind, "auroc")
            rows.append((*row, float(mean), *bounds, len(values)))
    return pd.concat(maps, ignore_index=True), pd.DataFrame(rows, columns=COLUMNS)


def regions(
    comparison: Comparison, *, each: int = 500, length: int = 48, flank: int = 96
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Windows of one class of region each, by a network's hidden states and by 4-mer counts.

    Windows of the first half of what is shown train a linear probe, those of the second test it.

    Parameters
    ----------
    comparison : Comparison
    each : int
        Windows of a class, at most.
    length, flank : int
        Bases of a window, and to each side that the network reads.

    Returns
    -------
    places : DataFrame
        ``model, x, y, region``: UMAP of 20 principal components of mean states.
    scores : DataFrame
        ``COLUMNS``: accuracy, classes of equal weight, chance 0.25.
    """
    rng = np.random.default_rng(3)
    region, bases = comparison.sequence.regions, comparison.sequence.codes
    grid = np.arange(128, 2 * SHOWN - length - 128, 16)
    inside, start, label = codes.windows(region, grid, length), [], []
    for code in (NEUTRAL, CODING, STRUCTURE, REPEAT):
        share = 0.55 if code == STRUCTURE else 0.95
        pure = grid[(inside == code).mean(1) >= share]
        start.append(rng.choice(pure, min(len(pure), each), replace=False))
        label += [code] * len(start[-1])
    start, label = np.concatenate(start), np.array(label)
    windows = codes.windows(bases, start - flank, length + 2 * flank)
    network, own = comparison.models["glm-simulated"], slice(flank, flank + length)
    parts = np.array_split(windows, max(1, len(windows) // 128))
    means = [[layer[:, own].mean(1) for layer in network.states(part)] for part in parts]
    states = {
        f"glm-simulated layer {name}": np.concatenate([layers[i] for layers in means])
        for name, i in (("2", 2), ("last", -1))
    }
    states["4-mer counts"] = np.stack([_counts(w[own]) for w in windows]).astype(float)
    middle = np.median(grid)
    first, second = start + length + flank < middle, start - flank > middle
    truth, rows = label[second], []
    weight = 1 / np.bincount(truth, minlength=len(REGIONS))[truth]
    for name, x in states.items():
        linear = LogisticRegression(C=0.1, max_iter=500, class_weight="balanced")
        probe = make_pipeline(StandardScaler(), linear)
        hit = probe.fit(x[first], label[first]).predict(x[second]) == truth
        drawn = rng.integers(0, len(hit), (500, len(hit)))
        draws = [np.average(hit[i], weights=weight[i]) for i in drawn]
        row = ("region class", "windows of four classes", name, "linear probe", "accuracy")
        accuracy = float(np.average(hit, weights=weight))
        rows.append((*row, accuracy, *np.quantile(draws, [0.025, 0.975]), len(hit)))
    names = [REGIONS[code] for code in label]
    places = [_umap(states[n]).assign(model=n, region=names) for n in list(states)[1:]]
    places = pd.concat(places, ignore_index=True)[["model", "x", "y", "region"]]
    return places, pd.DataFrame(rows, columns=COLUMNS)


def _counts(window: np.ndarray) -> np.ndarray:
    strands = (np.ascontiguousarray(window), codes.reverse_complement(window).copy())
    return sum(np.bincount(codes.kmers(s, 4), minlength=256) for s in strands)


def _umap(states: np.ndarray) -> pd.DataFrame:
    import umap

    flat = PCA(20, random_state=0).fit_transform(StandardScaler().fit_transform(states))
    fitted = umap.UMAP(random_state=0, n_jobs=1, n_neighbors=30).fit_transform(flat)
    return pd.DataFrame(fitted, columns=["x", "y"])


def curve(folder: Path) -> pd.DataFrame:
    """Training loss of a model against CPU seconds.

    Parameters
    ----------
    folder : Path
        Of a trained model.

    Returns
    -------
    DataFrame
        ``step, cpu_s, bits``.
    """
    run = json.loads((folder / trained.RECIPE).read_text(encoding="utf-8"))
    losses, seconds = run["facts"]["losses_every_50_steps"], run["facts"]["cpu_s"]
    step = 50 * np.arange(1, len(losses) + 1)
    cpu = step / run["recipe"]["steps"] * seconds
    return pd.DataFrame({"step": step, "cpu_s": cpu, "bits": losses})


def held_out_bits(comparison: Comparison) -> pd.DataFrame:
    """Bits a base of every model on the test chromosome, by kind of base.

    Parameters
    ----------
    comparison : Comparison

    Returns
    -------
    DataFrame
        As of ``perplexity.validate``, with ``model``.
    """
    s = comparison.sequence
    part = Sequence(s.name, s.codes[:SHOWN], s.repeats[:SHOWN], s.regions[:SHOWN], 1)
    training = sequences(comparison.family, TRAIN)
    tables = [
        perplexity.validate(model, [part], training, regions=REGIONS).assign(model=name)
        for name, model in comparison.models.items()
    ]
    return pd.concat(tables, ignore_index=True)


def segregating(
    s: np.ndarray, rate: np.ndarray, rng: np.random.Generator, *, theta: float, sample: int = 200
) -> np.ndarray:
    """Copies of mutations among sampled chromosomes (Poisson random field).

    The expected number of mutations at frequency x is theta * rate * (1 - e^{-S(1-x)}) /
    ((1 - e^{-S}) x (1 - x)) dx (Wright 1938; Sawyer & Hartl 1992). A second mutation of the same
    kind at a site is left out.

    Parameters
    ----------
    s, rate : ndarray, (n,)
        Scaled selection coefficient and rate of each mutation.
    rng : Generator
    theta : float
        Population-scaled mutation rate.
    sample : int
        Chromosomes.

    Returns
    -------
    ndarray of int, (n,)
        0: absent.
    """
    x = (np.arange(2000) + 0.5) / 2000
    width = x[1] - x[0]
    sampled = scipy.stats.binom.pmf(np.arange(1, sample)[:, None], sample, x)
    grid = np.arange(-30, 30.01, 0.25)
    near = np.where(np.abs(grid) < 1e-6, 1e-6, grid)[:, None]
    share = np.expm1(-near * (1 - x)) / np.expm1(-near)
    density = share / (x * (1 - x)) * width
    expected = density @ sampled.T
    total = expected.sum(1, keepdims=True)
    row = np.round((s - grid[0]) / 0.25).astype(int)
    row = np.clip(row, 0, len(grid) - 1)
    number = theta * rate * total[row, 0]
    present = np.flatnonzero(rng.random(len(s)) < -np.expm1(-number))
    running = (expected / total).cumsum(1)
    drawn = rng.random(len(present))[:, None]
    out = np.zeros(len(s), dtype=np.int64)
    out[present] = 1 + (running[row[present]] < drawn).sum(1)
    return np.minimum(out, sample - 1)


def every_substitution(
    model: codes.Nucleotides,
    sequence: np.ndarray,
    *,
    length: int = 512,
    strands: str = "both",
) -> np.ndarray:
    """LLR of every substitution of a sequence.

    Parameters
    ----------
    model : Nucleotides
        Any model.
    sequence : ndarray of shape (L,), uint8
        Codes.
    length : int
        Bases of a window.
    strands : {"both", "given"}
        Mean over the two strands, or the given one.

    Returns
    -------
    ndarray of shape (L, 4), float32
        0 for the base that stands there, NaN at N.
    """
    out = np.full((len(sequence), 4), np.nan, dtype=np.float32)
    block = 64 * length
    for s in range(0, len(sequence), block):
        known = s + np.flatnonzero(sequence[s : s + block] < codes.N)
        position = np.repeat(known, 4)
        alt = np.tile(np.arange(4, dtype=np.uint8), len(known))
        rows = score.placed(model, sequence, position, length)
        out[position, alt] = score.llr(model, *rows, alt, strands=strands)
    return out
