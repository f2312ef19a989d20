"""The numbers of the pages on real genomes: held-out bits, interpretation, variants, transfer, design.

Each study writes small tidy tables below ``data/results/glm/``, which the pages read; weights are taken as they are.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd

from genebench.benchmark import results
from genebench.core import cache, paths, specs
from genebench.core.errors import BadInput
from genebench.data import sources
from genebench.glm import codes, effects, genomes, hub, interpret, markov, perplexity, zero_shot
from genebench.glm.codes import Nucleotides

ORDERS = range(2, 13)
CHAIN = range(2, 12)
"""Orders of one-sided and two-sided counts, and of the two-sided chain."""
SCORING = {"chain": range(2, 9), "around": range(2, 11)}
"""Orders among which the k-mer models that score variants are chosen."""
Say = Callable[[str], None]
Progress = Callable[[str, int, int], None]


def quiet(*_) -> None:
    """Say nothing."""


def folder(name: str) -> Path:
    """Where the tables of one study lie."""
    return paths.GLM_RESULTS / name


def write(frame: pd.DataFrame, study: str, name: str) -> Path:
    """Write one table of a study, numbers to five digits."""
    path = folder(study) / f"{name}.csv"
    results.write_csv(frame.round({c: 5 for c in frame.select_dtypes("float")}), path)
    return path


class Left(Nucleotides):
    """The causal side of a blind-spot network as a model of its own."""

    objective = "causal"

    def __init__(self, model) -> None:
        self.model, self.name, self.context, self.layers = (
            model,
            f"{model.name}-left",
            model.context,
            0,
        )

    def conditionals(self, windows: np.ndarray) -> np.ndarray:
        """Given the left side alone, (n, L, 4)."""
        return self.model.left(windows)

    def hidden(self, windows: np.ndarray, layer: int = -1) -> np.ndarray:
        """As the whole model's."""
        return self.model.hidden(windows, layer)


def network(name: str, *, device: str = "cpu") -> Nucleotides | None:
    """The trained model of a genome, or None where there are no weights of it."""
    there = (paths.GLM_MODELS / f"glm-{name}" / "weights.safetensors").exists()
    return hub.load(f"glm-{name}", device=device) if there else None


def models(genome: genomes.Genome, *, device: str = "cpu") -> list[tuple[object, str, int]]:
    """Every model of a genome with its sides ("one", "two") and order (0: a network)."""
    given = {"sequences": genome.sequences("train"), "held_back": genome.sequences("validation")}
    out: list[tuple[object, str, int]] = []
    for kind, orders in (("causal", ORDERS), ("around", ORDERS), ("chain", CHAIN)):
        for order, model in markov.fit(**given, orders=orders, kind=kind).items():
            model.name = f"markov-{kind}"
            out.append((model, "one" if kind == "causal" else "two", order))
    trained = network(genome.spec.name, device=device)
    if trained is not None:
        out += [(trained, "two", 0), (Left(trained), "one", 0)]
    return out


def genome_study(
    name: str, *, device: str = "cpu", say: Say = quiet, progress: Progress = quiet
) -> list[Path]:
    """Held-out bits of every order and of the network, paired gains, codon positions, logos, dependency maps."""
    genome = genomes.load(name)
    duplicate = genome.duplicates()
    fresh = (genome.part == genomes.PARTS.index("test")) & ~duplicate
    rows, costs, best = [], {}, {}
    listed = models(genome, device=device)
    for done, (model, sides, order) in enumerate(listed, start=1):
        table = perplexity.genome_track(genome, model)
        cost = perplexity.bits(table, genome.codes)
        told = perplexity.summary(genome, cost, duplicate)
        rows.append(told.assign(model=model.name, sides=sides, order=order))
        key = (sides, "network" if order == 0 else "markov")
        level = float(np.nanmean(cost[fresh]))
        if key not in best or level < best[key][0]:
            best[key] = (level, model.name, order)
            costs[key] = (cost, table)
        progress(f"{name}: held-out bits", done, len(listed))
    made = [write(pd.concat(rows, ignore_index=True), name, "held_out")]
    made.append(write(_gains(genome, costs, best, duplicate), name, "gain"))
    shown = {"markov-chain": costs["two", "markov"][1]}
    if ("two", "network") in costs:
        shown[best["two", "network"][1]] = costs["two", "network"][1]
    if not len(genome.genes):
        return made
    say(f"{name}: codon positions and logos.")
    held = [interpret.codon_positions(genome, t, duplicate, model=m) for m, t in shown.items()]
    held.append(interpret.codon_usage_positions(genome, duplicate))
    made.append(write(pd.concat(held, ignore_index=True), name, "codon"))
    logos, agreements = zip(*(interpret.start_logo(genome, t, duplicate) for t in shown.values()))
    made.append(write(pd.concat([f.assign(shown=m) for m, f in zip(shown, logos)]), name, "logo"))
    made.append(
        write(
            pd.concat([f.assign(model=m) for m, f in zip(shown, agreements)]),
            name,
            "logo_agreement",
        )
    )
    say(f"{name}: dependency maps.")
    return [*made, *_maps(genome, duplicate, device=device)]


def _gains(genome: genomes.Genome, costs: dict, best: dict, duplicate: np.ndarray) -> pd.DataFrame:
    """Bits that the network saves against the best k-mer model, base by base, with intervals over blocks."""
    rows = []
    for sides in ("one", "two"):
        if (sides, "network") not in costs:
            continue
        saved = costs[sides, "markov"][0] - costs[sides, "network"][0]
        told = perplexity.summary(genome, saved, duplicate).rename(columns={"bits": "saved"})
        rows.append(
            told.assign(
                sides=sides, against=f"{best[sides, 'markov'][1]} {best[sides, 'markov'][2]}"
            )
        )
    columns = ["where", "saved", "low", "high", "bases", "sides", "against"]
    return pd.concat(rows, ignore_index=True)[columns] if rows else pd.DataFrame(columns=columns)


def _maps(genome: genomes.Genome, duplicate: np.ndarray, *, device: str) -> list[Path]:
    trained = network(genome.spec.name, device=device)
    if trained is None:
        return []
    first, told = interpret.folded(genome, trained, duplicate)
    long = (
        pd.DataFrame(first)
        .rename_axis("i")
        .reset_index()
        .melt("i", var_name="j", value_name="moved")
    )
    name = genome.spec.name
    return [write(long, name, "map"), write(told.assign(model=trained.name), name, "pairs")]


def motif_study(name: str, tax_id: str, *, device: str = "cpu") -> list[Path]:
    """Motifs upstream of held-out genes, in the network's expectation and, as a control, in the best k-mer chain's."""
    genome = genomes.load(name)
    duplicate = genome.duplicates()
    chain = markov.fit(
        genome.sequences("train"), genome.sequences("validation"), orders=[8], kind="chain"
    )[8]
    chain.name = "markov-chain"
    shown = [m for m in (network(name, device=device), chain) if m is not None]
    tables, letters = [], []
    for m in shown:
        told, matrices = interpret.discovered(
            genome, perplexity.genome_track(genome, m), duplicate, tax_id=tax_id
        )
        tables.append(told.assign(model=m.name))
        letters.append(matrices.assign(model=m.name))
    held = {"motifs": tables, "motif_letters": letters}
    return [
        write(pd.concat(frames, ignore_index=True), name, stem) for stem, frames in held.items()
    ]


HUMAN_FILES = ("prom_core_all", "tf_0", "tf_1", "tf_2", "tf_4")
"""Sets of GUE whose windows human k-mer models count."""


def unlike(held: list[np.ndarray], avoid: list[np.ndarray], *, k: int = 16) -> np.ndarray:
    """Which of the sequences share no word of ``k`` bases with any of ``avoid``, either strand, (n,) bool."""
    asked = np.unique(genomes.words(joined(avoid), k))
    asked = asked[asked != np.iinfo(np.uint64).max]
    found = np.isin(
        genomes.words(joined(held), k), asked
    )  # no word runs over the N between two sequences
    ends = np.cumsum([len(s) + 1 for s in held])
    hit = np.searchsorted(ends, np.flatnonzero(found), side="right")
    return ~np.isin(np.arange(len(held)), hit)


def joined(held: list[np.ndarray]) -> np.ndarray:
    """Sequences one after the other, with an N behind each, which no context reaches over."""
    return np.concatenate([part for s in held for part in (s, np.array([codes.N], dtype=np.uint8))])


def human_sequences(avoid: list[np.ndarray]) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """Windows of human DNA to count, none like ``avoid``, and to choose weights and order on, none like those counted;
    each as one joined sequence."""
    texts = [t for f in HUMAN_FILES for t in sources.table(specs.source("gue"), f).sequence]
    held = [codes.encode(t) for t in dict.fromkeys(texts)]
    clean = np.random.default_rng(0).permutation(np.flatnonzero(unlike(held, avoid)))
    cut = len(clean) // 20
    count, check = ([held[i] for i in part] for part in (clean[cut:], clean[:cut]))
    fresh = unlike(check, count)
    return [joined(count)], [joined([s for s, good in zip(check, fresh) if good])]


def _counted(tasks: list[effects.Effects]) -> tuple[list, pd.DataFrame]:
    """K-mer models of the species of a set of tasks, none of which has counted what the tasks ask about; and which
    orders they are of: ``model, order, bits`` (per base of the sequences that the order was chosen on)."""
    species = tasks[0].species
    if species == "human":
        distinct = {id(t.sequence): t for t in tasks}.values()
        near = [t.sequence[max(0, t.at.min() - 50) : t.at.max() + 50] for t in distinct]
        count, check = human_sequences(near)
    else:
        genome = genomes.load(species)
        hidden = genome.codes.copy()
        if species == "mtb":  # the tested regions lie all over the genome
            for task in tasks:
                for at in np.unique(task.at):
                    hidden[max(0, at - 50) : at + 51] = codes.N
        blocks = [(part, genome.blocks(part)) for part in ("train", "validation")]
        count, check = ([hidden[a:b] for a, b in held] for _, held in blocks)
    out, rows = [], []
    for kind, orders in (*SCORING.items(), ("trinucleotide", [2])):
        made = markov.fit(
            count, check, orders=orders, kind=kind if kind in markov.KINDS else "around"
        )
        level = {k: _mean_bits(m, check) for k, m in made.items()}
        order = min(level, key=level.get)
        made[order].name = f"markov-{kind}" if kind in markov.KINDS else kind
        out.append(made[order])
        rows.append((out[-1].name, order, level[order]))
    return out, pd.DataFrame(rows, columns=["model", "order", "bits"])


def _mean_bits(model, sequences: list[np.ndarray]) -> float:
    return float(
        np.nanmean(
            np.concatenate([perplexity.bits(model.conditionals(s[None])[0], s) for s in sequences])
        )
    )


FAMILIES = {
    "markov-chain": "counts",
    "markov-around": "counts",
    "trinucleotide": "counts",
    "random": "control",
    "phylop": "reference",
    "blosum62": "reference",
    "codon-usage": "reference",
}
"""Family of each scorer that is no network; references are told more than the sequence (genes, code, other genomes)."""


def family(model: str) -> str:
    """Family of a scorer of variants."""
    base = model.removesuffix("-calibrated")
    return "network" if base.startswith("glm-") else FAMILIES.get(base, "shortcut")


def variant_study(
    sets: list[str] | None = None, *, device: str = "cpu", progress: Progress = quiet
) -> list[Path]:
    """Zero-shot scores of every set of variants: ``scores.parquet`` (tidy rows), ``intervals.csv``, ``sets.csv`` (what
    was scored) and ``counted.csv`` (the k-mer models). A set is kept as soon as it is scored, in place of its rows."""
    chosen = sets or list(effects.SETS)
    trained = [m for m in (network(n, device=device) for n in genomes.declared()) if m is not None]
    made: list[Path] = []
    for done, name in enumerate(chosen, start=1):
        tasks = effects.load(name)
        counted, orders = _counted(tasks)
        frames = []
        tables: dict[int, dict[str, np.ndarray]] = {}
        for task in tasks:
            held = tables.setdefault(id(task.sequence), {})
            for model in [*trained, *counted]:
                if model.name not in held:
                    at = np.unique(
                        np.concatenate([t.at for t in tasks if t.sequence is task.sequence])
                    )
                    held[model.name] = zero_shot.tracks(model, task.sequence, at)
            found = zero_shot.of_models(task, [*trained, *counted], held)
            found.pop(
                "trinucleotide-calibrated"
            )  # nothing but rounding: the context is what it is calibrated by
            for baseline, function in zero_shot.BASELINES.items():
                value = function(task)
                if value is not None:
                    found[baseline] = value
            key = cache.key(
                {"task": task.name, "n": len(task), "seed": zero_shot.SEED, "models": sorted(found)}
            )
            frames.append(zero_shot.rows(task, found, {m: family(m) for m in found}, key=key))
        made = kept(pd.concat(frames, ignore_index=True), "variants")
        told = [
            (t.name, len(t), t.label.sum() if t.kind == "binary" else np.nan, len(set(t.cluster)))
            for t in tasks
        ]
        told = pd.DataFrame(told, columns=["task", "changes", "harmful", "clusters"])
        made.append(merged(told, "variants", "sets"))
        made.append(merged(orders.assign(set=name), "variants", "counted", by="set"))
        progress("sets of variants", done, len(chosen))
    return made


def merged(frame: pd.DataFrame, study: str, name: str, *, by: str = "task") -> Path:
    """Merge rows into a table of a study: they take the place of rows with the same ``by``."""
    path = folder(study) / f"{name}.csv"
    if path.exists():
        before = pd.read_csv(path)
        frame = pd.concat([before[~before[by].isin(set(frame[by]))], frame], ignore_index=True)
    return write(frame.sort_values(by, kind="stable"), study, name)


def kept(frame: pd.DataFrame, study: str) -> list[Path]:
    """Merge rows into a study's table of scores and of intervals, by task. Raises: BadInput: rows with a fault."""
    path = folder(study) / "scores.parquet"
    scores = frame[results.SCHEMA.names]
    if path.exists():
        before = results.read(path)
        before = before[~before.task.isin(set(frame.task))]
        scores = pd.concat(
            [before.astype({c: str for c in before.select_dtypes("category")}), scores],
            ignore_index=True,
        )
    if faults := results.validate(scores, str(path)):
        raise BadInput(faults[0])
    results.write(scores, path)
    columns = ["task", "model", "probe", "split", "repeat", "metric"]
    intervals = frame[[*columns, "score", "low", "high", "n_train", "n_test"]].sort_values(
        columns, kind="stable"
    )
    return [path, merged(intervals, study, "intervals")]
