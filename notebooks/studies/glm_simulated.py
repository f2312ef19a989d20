"""What is shown on simulated genomes, where the truth is known: every number beside the oracle's and a k-mer model's.

``run`` makes ``data/results/glm/simulated/``: small tidy tables that the page reads. Trained on chromosomes 1 to 4 of
all species, checked on 5, shown on 6 of the first species.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd

from genebench.benchmark import results
from genebench.core import paths
from genebench.glm import codes, landscape, net, perplexity, score, simulate, train, trained
from genebench.glm.codes import Nucleotides, Sequence

NAME = "simulated"
SPLIT = {"train": ["chr1", "chr2", "chr3", "chr4"], "validation": ["chr5"], "test": ["chr6"]}
RECIPE = net.Recipe(
    name="glm-simulated", steps=2900, batch=16, window=256, joint=256, dtype="bfloat16"
)
"""The model that is shown: the blind-spot network, about seven CPU minutes."""
DELETERIOUS, NEUTRAL = -2.0, 0.5
"""S at or below which a substitution counts as deleterious, and |S| below which as neutral."""
SHOWN = 100_000
"""Bases of the test chromosome whose substitutions are scored."""
BLOCK = 2000
"""Bases that are drawn together in an interval."""
ORDERS = tuple(range(3, 12))
NET, AROUND, CHAIN, ORACLE = "glm-simulated", "markov-two-sided", "markov-chain", "oracle"


@dataclass
class Bench:
    """A family, the models that are compared, and each one's LLR of every substitution shown."""

    family: simulate.Family
    models: dict[str, Nucleotides]
    truth: pd.DataFrame
    llr: dict[str, np.ndarray] = field(default_factory=dict)

    @property
    def sequence(self) -> Sequence:
        """The test chromosome of the first species."""
        return self.family.sequences[1][SPLIT["test"][0]]

    @property
    def elements(self) -> pd.DataFrame:
        """Planted elements that lie in what is shown."""
        found = self.family.chromosomes[SPLIT["test"][0]].elements
        return found[found.end <= SHOWN].reset_index(drop=True)


def folder() -> Path:
    """Where the tables lie."""
    return paths.GLM_RESULTS / NAME


def sequences(family: simulate.Family, part: str) -> list[Sequence]:
    """Sequences of one part of the split, of all species (of the test part: the first alone)."""
    kinds = [1] if part == "test" else list(family.sequences)
    return [family.sequences[kind][name] for kind in kinds for name in SPLIT[part]]


def baselines(family: simulate.Family) -> dict[str, Nucleotides]:
    """The best interpolated Markov models of two kinds, orders chosen on the validation part."""
    from genebench.glm import markov

    training = [s.codes for s in sequences(family, "train")]
    held_back = [s.codes for s in sequences(family, "validation")]
    out = {}
    for name, kind in ((AROUND, "around"), (CHAIN, "chain")):
        orders = [k for k in ORDERS if kind != "chain" or k <= 8]
        fitted = markov.fit(training, held_back[1:], orders=orders, kind=kind)
        lost = {k: float(np.nanmean(_bits(m, held_back[0][:40_000]))) for k, m in fitted.items()}
        out[name] = fitted[min(lost, key=lost.get)]
    return out


def _bits(model: Nucleotides, sequence: np.ndarray) -> np.ndarray:
    return perplexity.model_bits(model, Sequence("", sequence))


def bench(
    family: simulate.Family, net: Nucleotides, *, progress=lambda stage, done, total: None
) -> Bench:
    """Score every substitution that is shown, by every model."""
    name = SPLIT["test"][0]
    truth = family.truth(name)
    truth = truth[truth.position < SHOWN].reset_index(drop=True)
    made = Bench(family, {NET: net, **baselines(family)}, truth)
    whole = made.sequence.codes[: SHOWN + 1024]
    for model in made.models:
        held = score.every_substitution(made.models[model], whole, strands="given")
        made.llr[model] = held[truth.position, truth.alt].astype(np.float64)
        progress("scoring models", len(made.llr), len(made.models))
    made.llr[ORACLE] = truth.oracle.to_numpy(dtype=np.float64)
    return made


def scores(held: Bench) -> pd.DataFrame:
    """Rank correlation with S by class of region, and AUROC of deleterious against neutral; raw and calibrated LLR.

    Columns: ``task, subset, model, scores, metric, score, low, high, n``; 95 % intervals over blocks of 2,000 bases.
    """
    truth, rows = held.truth, []
    block = (truth.position // BLOCK).to_numpy()
    kinds = score.contexts(held.sequence.codes, truth.position.to_numpy(), truth.alt.to_numpy())
    neutral = truth.region.to_numpy() == landscape.NEUTRAL
    bad, flat = truth["S"].to_numpy() <= DELETERIOUS, truth["S"].abs().to_numpy() < NEUTRAL
    unique = truth.region.to_numpy() != landscape.REPEAT
    given = {**held.llr, "mutation-bias": truth.bias.to_numpy(dtype=np.float64)}
    for model, raw in given.items():
        forms = {"raw": raw}
        if (
            model != "mutation-bias"
        ):  # nothing is left of it when the mean of its kind is taken away
            forms["calibrated"] = np.round(
                score.calibrated(raw, kinds, neutral), 4
            )  # what is equal stays equal
        for which, values in forms.items():
            for code in (landscape.CODING, landscape.MOTIF, landscape.STRUCTURE, -1):
                mask = (
                    truth.region.to_numpy() == code
                    if code >= 0
                    else np.ones(len(truth), dtype=bool)
                )
                subset = landscape.REGIONS[code] if code >= 0 else "all"
                found = _interval(
                    "regression", truth["S"].to_numpy()[mask], values[mask], block[mask]
                )
                rows.append(
                    ("LLR against S", subset, model, which, "spearman", *found, int(mask.sum()))
                )
            for subset, mask in (("all", bad | flat), ("outside repeats", (bad | flat) & unique)):
                found = _interval("binary", bad[mask].astype(int), -values[mask], block[mask])
                rows.append(
                    (
                        "deleterious against neutral",
                        subset,
                        model,
                        which,
                        "auroc",
                        *found,
                        int(mask.sum()),
                    )
                )
    columns = ["task", "subset", "model", "scores", "metric", "score", "low", "high", "n"]
    return pd.DataFrame(rows, columns=columns)


def _interval(
    kind: str, y: np.ndarray, p: np.ndarray, block: np.ndarray
) -> tuple[float, float, float]:
    """Score and 95 % interval, blocks drawn with Poisson weights."""
    from genebench.stats import bootstrap

    value, moved = bootstrap.influence(kind, y, p, np.zeros(len(y), dtype=np.int64))
    names, group = np.unique(block, return_inverse=True)
    summed = np.bincount(group, weights=moved)[:, None]
    weight = bootstrap.weights(np.array([f"block {b}" for b in names]), seed=1)
    draws = bootstrap.moves(summed, weight, (np.arange(len(names)),))
    low, high = bootstrap.interval(
        np.array([value]), draws, low=-1.0 if kind == "regression" else 0.0, high=1.0
    )[:, 0]
    return float(value), float(low), float(high)


def quantiles(held: Bench) -> pd.DataFrame:
    """Odds that a variant of a population is rare (at most 1 % of 200 chromosomes) rather than common (5 % or more), in
    the lowest shares of calibrated LLR, over the odds in the rest: ``model, lowest, odds_ratio, low, high, rare,
    common``; 95 % intervals by Woolf, a half added to each count. Also the rank correlation of LLR and frequency."""
    truth = held.truth
    copies = held.family.population(truth)
    frequency = np.minimum(copies, 200 - copies) / 200
    kinds = score.contexts(held.sequence.codes, truth.position.to_numpy(), truth.alt.to_numpy())
    neutral, found = truth.region.to_numpy() == landscape.NEUTRAL, copies > 0
    rows = []
    from scipy.stats import spearmanr

    for model, raw in held.llr.items():
        values = score.calibrated(raw, kinds, neutral)[found]
        rare, common = frequency[found] <= 0.01, frequency[found] >= 0.05
        rho = float(spearmanr(values, frequency[found])[0])
        for share in (0.01, 0.05, 0.1, 0.2, 0.4):
            low = values <= np.quantile(values, share)
            a, b, c, d = (
                float((g & s).sum()) + 0.5
                for g, s in ((rare, low), (common, low), (rare, ~low), (common, ~low))
            )
            log, error = np.log(a * d / (b * c)), 1.96 * np.sqrt(1 / a + 1 / b + 1 / c + 1 / d)
            rows.append(
                (
                    model,
                    share,
                    np.exp(log),
                    np.exp(log - error),
                    np.exp(log + error),
                    int(a),
                    int(b),
                    rho,
                )
            )
    columns = [
        "model",
        "lowest",
        "odds_ratio",
        "low",
        "high",
        "rare",
        "common",
        "spearman_frequency",
    ]
    return pd.DataFrame(rows, columns=columns)


def probabilities(model: Nucleotides, sequence: np.ndarray, *, length: int = 512) -> np.ndarray:
    """Probability of each base at each position given its surroundings, (L, 4)."""
    start = np.arange(0, len(sequence), length // 2)
    logs = model.conditionals(codes.windows(sequence, start - length // 4, length))
    out = np.exp(logs[:, length // 4 : length // 4 + length // 2]).reshape(-1, 4)
    return out[: len(sequence)]


def logos(held: Bench) -> pd.DataFrame:
    """Each planted motif as planted, as it stands in the genome, and as each model expects it (mean conditionals over
    all copies): ``motif, model, position, A, C, G, T, r``; r: correlation with the planted matrix."""
    elements, bases = held.elements, held.sequence.codes[: SHOWN + 1024]
    expected = {name: probabilities(model, bases) for name, model in held.models.items()}
    expected["genome"] = np.eye(4)[bases]
    rows = []
    for motif, planted in held.family.motifs.items():
        copies = elements[(elements.kind == "motif") & (elements.name == motif)]
        found = {"planted": planted}
        for name, p in expected.items():
            parts = [
                p[r.start : r.end] if r.strand > 0 else p[r.start : r.end][::-1, ::-1]
                for r in copies.itertuples()
            ]
            found[name] = np.mean(parts, axis=0)
        for name, matrix in found.items():
            r = float(np.corrcoef(matrix.ravel(), planted.ravel())[0, 1])
            rows += [(motif, name, i + 1, *row, r, len(copies)) for i, row in enumerate(matrix)]
    return pd.DataFrame(
        rows, columns=["motif", "model", "position", "A", "C", "G", "T", "r", "copies"]
    )


def corrected(found: np.ndarray) -> np.ndarray:
    """A dependency map made symmetric, less what a row and a column explain (average product correction, Dunn 2008)."""
    both = (found + found.T) / 2
    n = len(both)
    row = both.sum(1) / (n - 1)
    out = both - np.outer(row, row) / max(row.mean(), 1e-12)
    np.fill_diagonal(out, 0)
    return out


def dependencies(held: Bench, *, count: int = 40) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Dependency maps of planted hairpins: the first whole (``model, i, j, raw, corrected, planted``), and the AUROC of
    planted pairs against all other pairs three or more apart, mean over ``count`` hairpins with an interval."""
    from sklearn.metrics import roc_auc_score

    pins = held.elements[held.elements.kind == "hairpin"].head(count)
    partner = held.family.chromosomes[SPLIT["test"][0]].landscape.partner
    maps, rows = [], []
    for name, model in held.models.items():
        areas: dict[str, list[float]] = {"raw": [], "corrected": []}
        for number, pin in enumerate(pins.itertuples()):
            n, flank = pin.end - pin.start, 64
            window = codes.windows(
                held.sequence.codes, np.array([pin.start - flank]), n + 2 * flank
            )[0]
            raw = perplexity.dependency_map(model, window, flank, flank + n)
            fixed = corrected(raw)
            paired = partner[pin.start : pin.end, None] == np.arange(pin.start, pin.end)
            i, j = np.triu_indices(n, 3)
            for kind, values in (("raw", (raw + raw.T) / 2), ("corrected", fixed)):
                areas[kind].append(roc_auc_score(paired[i, j], values[i, j]))
            if number == 0:
                a, b = np.indices(raw.shape)
                frame = pd.DataFrame(
                    {"i": a.ravel(), "j": b.ravel(), "raw": raw.ravel(), "corrected": fixed.ravel()}
                )
                maps.append(frame.assign(model=name, planted=paired.ravel()))
        for kind, values in areas.items():
            spread = 1.96 * np.std(values, ddof=1) / np.sqrt(len(values))
            mean = float(np.mean(values))
            rows.append(
                (
                    "planted pairs",
                    "hairpins",
                    name,
                    kind,
                    "auroc",
                    mean,
                    max(0, mean - spread),
                    min(1, mean + spread),
                    len(values),
                )
            )
    columns = ["task", "subset", "model", "scores", "metric", "score", "low", "high", "n"]
    return pd.concat(maps, ignore_index=True), pd.DataFrame(rows, columns=columns)


def regions(held: Bench, *, each: int = 250, length: int = 48) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Windows of one class of region each: place in a map of mean hidden states (UMAP of 20 principal components), and
    how well a linear probe tells the classes, beside 4-mer counts (accuracy, classes of equal weight, chance 0.25).

    Windows of the first half of what is shown train the probe, those of the second half test it.
    """
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    rng = np.random.default_rng(3)
    region, bases = held.sequence.regions, held.sequence.codes
    known = [c for c in range(len(landscape.REGIONS)) if c != landscape.MOTIF]
    start, label = [], []
    grid = np.arange(128, 2 * SHOWN - length - 128, 16)
    share = np.stack(
        [
            (region[grid[:, None] + np.arange(length)] == c).mean(1)
            for c in range(len(landscape.REGIONS))
        ]
    )
    for c in known:
        pure = grid[share[c] >= (0.55 if c == landscape.STRUCTURE else 0.95)]
        taken = rng.choice(pure, min(len(pure), 2 * each), replace=False)
        start, label = [*start, *taken], [*label, *[c] * len(taken)]
    start, label = np.array(start), np.array(label)
    flank = 96
    windows = codes.windows(bases, start - flank, length + 2 * flank)
    inner = windows[:, flank : flank + length]
    states = {}
    for layer in (2, -1):
        held_states = held.models[NET].hidden(windows, layer)[:, flank : flank + length].mean(1)
        states[f"{NET} layer {layer if layer >= 0 else 'last'}"] = held_states
    both = (
        [np.ascontiguousarray(w) for w in inner],
        [codes.reverse_complement(w).copy() for w in inner],
    )
    counts = np.stack(
        [
            np.bincount(codes.kmers(a, 4), minlength=256)
            + np.bincount(codes.kmers(b, 4), minlength=256)
            for a, b in zip(*both)
        ]
    ).astype(float)
    states["4-mer counts"] = counts
    middle, rows = np.median(grid), []
    first, second = start + length + flank < middle, start - flank > middle
    for name, x in states.items():
        probe = make_pipeline(
            StandardScaler(), LogisticRegression(C=0.1, max_iter=500, class_weight="balanced")
        )
        hit = probe.fit(x[first], label[first]).predict(x[second]) == label[second]
        weight = 1 / np.bincount(label[second], minlength=len(landscape.REGIONS))[label[second]]
        accuracy = float(np.average(hit, weights=weight))
        draws = [
            np.average(hit[i], weights=weight[i])
            for i in rng.integers(0, len(hit), (500, len(hit)))
        ]
        low, high = np.quantile(draws, [0.025, 0.975])
        rows.append(
            (
                "region class",
                "windows of four classes",
                name,
                "linear probe",
                "accuracy",
                accuracy,
                low,
                high,
                int(second.sum()),
            )
        )
    columns = ["task", "subset", "model", "scores", "metric", "score", "low", "high", "n"]
    return _placed(states, label), pd.DataFrame(rows, columns=columns)


def _placed(states: dict[str, np.ndarray], label: np.ndarray) -> pd.DataFrame:
    import umap
    from sklearn.decomposition import PCA
    from sklearn.preprocessing import StandardScaler

    out = []
    for name in list(states)[1:]:
        flat = PCA(20, random_state=0).fit_transform(StandardScaler().fit_transform(states[name]))
        at = umap.UMAP(random_state=0, n_jobs=1, n_neighbors=30).fit_transform(flat)
        out.append(
            pd.DataFrame({"model": name, "x": at[:, 0], "y": at[:, 1]}).assign(
                region=[landscape.REGIONS[c] for c in label]
            )
        )
    return pd.concat(out, ignore_index=True)


def curve(where: Path) -> pd.DataFrame:
    """Training loss against CPU seconds, of the shown model: ``step, cpu_s, bits``."""
    told = json.loads((where / trained.RECIPE).read_text(encoding="utf-8"))
    lost, steps = told["facts"]["losses_every_50_steps"], told["recipe"]["steps"]
    step = 50 * np.arange(1, len(lost) + 1)
    return pd.DataFrame(
        {"step": step, "cpu_s": step / steps * told["facts"]["cpu_s"], "bits": lost}
    )


def held_out_bits(held: Bench) -> pd.DataFrame:
    """Bits a base of every model on the test chromosome, all, outside repeats, outside words shared with training, and
    by class of region; ``model`` first."""
    shown = held.sequence
    part = Sequence(
        shown.name, shown.codes[:SHOWN], shown.repeats[:SHOWN], shown.regions[:SHOWN], 1
    )
    training = sequences(held.family, "train")
    tables = [
        perplexity.validate(m, [part], training, regions=landscape.REGIONS).assign(model=n)
        for n, m in held.models.items()
    ]
    return pd.concat(tables, ignore_index=True)


def run(
    *,
    device: str = "cpu",
    train_first: bool = True,
    recipe: net.Recipe = RECIPE,
    say: Callable[[str], None] = lambda text: None,
    progress: Callable[[str, int, int], None] = lambda stage, done, total: None,
) -> list[Path]:
    """Simulate, train (or take the weights that are there), score, and write every table; returns their paths."""
    family = simulate.family(progress=progress)
    where = paths.GLM_MODELS / NAME
    if train_first:
        train.train(
            sequences(family, "train"), recipe, where, device=device, say=say, progress=progress
        )
    held = bench(family, trained.load(where, device=device), progress=progress)
    say("scored; now logos, dependency maps, regions.")
    maps, pairs = dependencies(held)
    placed, probed = regions(held)
    tables = {
        "scores": pd.concat([scores(held), pairs, probed], ignore_index=True),
        "odds": quantiles(held),
        "logos": logos(held),
        "map": maps,
        "regions": placed,
        "bits": held_out_bits(held),
        "curve": curve(where),
    }
    out = []
    for name, frame in tables.items():
        out.append(folder() / f"{name}.csv")
        results.write_csv(frame.round({c: 5 for c in frame.select_dtypes("float")}), out[-1])
    return out
