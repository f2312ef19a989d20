"""Small networks that differ in one design choice, all trained within one budget."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from concurrent.futures import as_completed
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from pydantic import NonNegativeFloat, NonNegativeInt, PositiveFloat, PositiveInt
from scipy import stats

from genebench.core import paths, progress, specs, workers
from genebench.core.specs import SourceSpec
from genebench.glm import codes, genomes, net, score, tokens, train, trained
from genebench.glm.genomes import REGIONS, Genome

from . import effects, markov, tables, transfer, windows, zero_shot
from .genome import training_sequences

GRID = paths.DATA / "glm_choices.yml"
POSITIONS = {"outside repeats": 2000, "in repeats": 600}
"""Test bases that every network predicts."""
MOST = 600
"""Changes of a consequence that are scored."""
MEASURES = ("bits", "bits_repeats", "nonsense", "missense", "probe")


class Choice(specs.Spec):
    """One network of the grid, and what it is compared with."""

    name: str
    choice: str
    title: str
    genome: str = "ecoli"
    data: list[str] = []
    """Genomes that it is trained on; empty: the one that is tested."""
    against: str = "usual"
    seeds: PositiveInt = 1
    repeats: NonNegativeFloat | None = None
    """Weight of mobile and repeated sequence in the loss; None: as any other."""
    bases: NonNegativeInt | None = None
    """Bases that it sees; None: as many as the budget allows."""
    recipe: dict[str, Any] = {}


class Budget(specs.Spec):
    """What every network may cost."""

    cpu_s: PositiveFloat


class Sizes(specs.Spec):
    """Networks by which size is measured."""

    genomes: list[str]
    widths: list[PositiveInt]
    bases: PositiveInt


def grid(path: Path = GRID) -> dict[str, Choice]:
    """Read the grid of networks.

    Parameters
    ----------
    path : Path

    Returns
    -------
    dict of str to Choice
        By name, with one for each genome and size.
    """
    listed = specs.entries(Choice, path, "networks")
    sizes = specs.build(Sizes, specs.under(path, "sizes", dict), path, "sizes")
    for genome in sizes.genomes:
        for width in sizes.widths:
            name = f"size-{genome}-{width}"
            listed[name] = Choice(
                name=name,
                choice="size",
                title=f"{genome}, width {width}",
                genome=genome,
                bases=sizes.bases,
                recipe={"width": width, "joint": width},
            )
    return listed


def budget(path: Path = GRID) -> float:
    """CPU seconds of one thread that every network may train."""
    return specs.build(Budget, specs.under(path, "budget", dict), path, "budget").cpu_s


def recipe(choice: Choice, seed: int, path: Path = GRID) -> net.Recipe:
    """Recipe of a network of the grid, but for its steps.

    Parameters
    ----------
    choice : Choice
    seed : int
        Number of the repeat, from 0.
    path : Path

    Returns
    -------
    Recipe
    """
    given = specs.under(path, "usual", dict) | {"name": f"{choice.name}-{seed}", "seed": seed}
    if choice.repeats is not None:
        given["repeats"] = choice.repeats
    return net.recipe(given | choice.recipe, where=f"{path}: {choice.name}")


def sequences(choice: Choice, sources: Mapping[str, SourceSpec]) -> list[codes.Sequence]:
    """Training parts of the genomes of a network.

    Parameters
    ----------
    choice : Choice
    sources : mapping of str to SourceSpec

    Returns
    -------
    list of Sequence
        The genome that is tested is species 1; repeats are marked where they have a weight.
    """
    out = []
    for number, name in enumerate(choice.data or [choice.genome], start=1):
        genome = genomes.load(name, sources)
        repeats = None if choice.repeats is None else mobile(genome)
        out += training_sequences(genome, repeats, species=number)
    return out


def mobile(genome: Genome) -> np.ndarray:
    """Bases of mobile and repeated sequence, (n_bases,) bool."""
    return genome.region == REGIONS.index("mobile or repeat")


def affordable(parts: list[codes.Sequence], recipe: net.Recipe, seconds: float) -> int:
    """Steps that fit into CPU seconds of one thread, measured on a few.

    Parameters
    ----------
    parts : list of Sequence
        To train on.
    recipe : Recipe
    seconds : float

    Returns
    -------
    int
        At least 1.
    """
    spent = []
    with tempfile.TemporaryDirectory() as folder:
        for steps in (5, 25):
            short = recipe.model_copy(update={"steps": steps})
            train.train(parts, short, Path(folder) / str(steps))
            facts = specs.read_yaml(Path(folder) / str(steps) / trained.RECIPE)["facts"]
            spent.append(facts["cpu_s"])
    return max(1, int(seconds / max(1e-3, (spent[1] - spent[0]) / 20)))


@dataclass(frozen=True, eq=False)
class Tested:
    """What the networks of one genome are tested on.

    Attributes
    ----------
    genome : Genome
    places : dict of str to ndarray of int
        Test bases outside of repeats, and in them (mobile, or in a 24-mer of the training part).
    changes : list of Effects
        Nonsense and missense against synonymous, each within position of the codon and transition
        or transversion; empty without genes.
    coding : Windows or None
        Coding and intergenic windows.
    """

    genome: Genome
    places: dict[str, np.ndarray]
    changes: list[effects.Effects]
    coding: windows.Windows | None


@cache
def tested(name: str) -> Tested:
    """Draw what the networks of a declared genome are tested on, once a process."""
    genome = genomes.load(name, specs.declared().sources)
    known, rng = genome.inside("test") & (genome.codes < codes.N), np.random.default_rng(0)
    repeats = (mobile(genome) | genome.duplicates) & known
    places = {}
    for where, mask in (("outside repeats", known & ~repeats), ("in repeats", repeats)):
        at = rng.permutation(np.flatnonzero(mask))[: POSITIONS[where]]
        places[where] = np.sort(at)
    if not len(genome.genes):
        return Tested(genome, places, [], None)
    changes = effects.consequences(genome, most=MOST)[3:]
    return Tested(genome, places, changes, windows.coding(genome))


def bits(model, genome: Genome, at: np.ndarray, length: int = 256) -> float:
    """Mean bits of single bases, each in the middle of a window.

    Parameters
    ----------
    model : nucleotide model
        Of byte pairs the cost of whole windows is shared by their bases; of every twentieth window,
        as a masked one needs a pass for each token.
    genome : Genome
    at : ndarray of int, (n,)
        Indices of the bases.
    length : int

    Returns
    -------
    float
        NaN without bases.
    """
    if not len(at):
        return np.nan
    cut = codes.windows(genome.codes, at - length // 2, length)
    if getattr(model, "by_likelihood", False):
        cut = cut[::20]
        nats = -model.likelihood(cut).sum() / (cut < codes.N).sum()
        return float(nats / np.log(2))
    middle, cost = np.full(len(at), length // 2), []
    for s in range(0, len(at), 256):
        logs = model.at(cut[s : s + 256], middle[s : s + 256])
        cost.append(-codes.observed(logs, genome.codes[at[s : s + 256]]))
    return float(np.concatenate(cost).mean() / np.log(2))


def variant_aurocs(model, tasks: list[effects.Effects], length: int = 256) -> list[float]:
    """AUROC of minus the LLR, mean of both strands, on tasks of one genome.

    Parameters
    ----------
    model : nucleotide model
    tasks : list of Effects
        What they share is scored once.
    length : int

    Returns
    -------
    list of float
    """
    every = pd.concat([pd.DataFrame({"at": t.at, "alt": t.alt}) for t in tasks])
    distinct = every.drop_duplicates(ignore_index=True)
    at, alt = distinct["at"].to_numpy(), distinct.alt.to_numpy()
    cut = codes.windows(tasks[0].sequence, at - length // 2, length)
    ratio = score.llr(model, cut, np.full(len(at), length // 2), alt)
    harm, out = pd.Series(-ratio, pd.MultiIndex.from_frame(distinct)), []
    for task in tasks:
        values = harm[pd.MultiIndex.from_arrays([task.at, task.alt])].to_numpy()
        given = (task.kind, task.label, values, task.cluster)
        out.append(zero_shot.main_score(*given, seed=0, stratum=task.stratum)[1])
    return out


def probe_auroc(model, task: windows.Windows, seeds: int = 3) -> float:
    """Mean AUROC of the linear probe on hidden states, layer and pooling chosen in training.

    Parameters
    ----------
    model : nucleotide model
    task : Windows
    seeds : int
        Random splits.

    Returns
    -------
    float
    """
    choice = transfer.LayerChoice(task, transfer.embeddings(model, task.codes))
    out = []
    for seed in range(seeds):
        rows, held = windows.split(task, "random", seed=seed)
        predicted = transfer.probe(task, choice(rows), rows, held)
        out.append(zero_shot.main_score(task.kind, task.label[held], predicted, held, seed=0)[1])
    return float(np.mean(out))


def measure(model, on: Tested) -> dict[str, float]:
    """Score one network.

    Parameters
    ----------
    model : nucleotide model
    on : Tested

    Returns
    -------
    dict of str to float
        ``MEASURES``; NaN for what the genome has not, or the network cannot afford.
    """
    out = dict.fromkeys(MEASURES, np.nan)
    out["bits"], out["bits_repeats"] = (bits(model, on.genome, at) for at in on.places.values())
    passes = getattr(model, "by_likelihood", False) and model.objective == "masked"
    if on.changes and not passes:  # else one for each token of each window
        out["nonsense"], out["missense"] = variant_aurocs(model, on.changes)
    if on.coding is not None and hasattr(model, "states"):
        out["probe"] = probe_auroc(model, on.coding)
    return out


def compute(choice: Choice, seed: int, *, seconds: float) -> dict:
    """Train and score one network of the grid, on one thread.

    Parameters
    ----------
    choice : Choice
    seed : int
    seconds : float
        Budget.

    Returns
    -------
    dict
        One row of ``runs.csv``.
    """
    torch.set_num_threads(1)
    how, on = recipe(choice, seed), tested(choice.genome)
    parts = sequences(choice, specs.declared().sources)
    folder = paths.GLM_MODELS / "choices" / how.name
    facts = {"bases_seen": 0, "cpu_s": 0.0}
    if choice.bases == 0:
        learnt = tokens.learn(how, [s.codes for s in parts])
        model = trained.TrainedModel(how, learnt.merges)
        facts["weights"] = sum(w.numel() for w in model.network.parameters())
    else:
        per_step = how.window * how.batch
        steps = choice.bases // per_step if choice.bases else affordable(parts, how, seconds)
        train.train(parts, how.model_copy(update={"steps": steps}), folder)
        facts = specs.read_yaml(folder / trained.RECIPE)["facts"]
        model = trained.load(folder)
        model.species = 1 if how.species else 0
    row = {"run": how.name, "name": choice.name, "choice": choice.choice, "title": choice.title}
    row |= {"genome": choice.genome, "against": choice.against, "seed": seed}
    row |= {c: getattr(how, c) for c in ("objective", "mixer", "tokens", "width", "depth")}
    row |= {c: facts[c] for c in ("weights", "bases_seen", "cpu_s")}
    return row | measure(model, on)


def counted(name: str) -> list[dict]:
    """K-mer models of a genome, scored like its networks.

    Parameters
    ----------
    name : str

    Returns
    -------
    list of dict
        Rows of ``runs.csv``: order 11 from the left, order 10 from both sides, and the chain of
        order 7, conditional on both.
    """
    on, out = tested(name), []
    fit = on.genome.sequences("train"), on.genome.sequences("validation")
    ways = {"causal": (11, "left side"), "around": (10, "both sides"), "chain": (7, "a chain")}
    for kind, (order, sides) in ways.items():
        model = markov.fit(*fit, orders=[order], kind=kind)[order]
        model.name = f"markov-{kind}"
        row = {"run": f"{model.name}-{name}", "name": f"{model.name}-{name}", "choice": "k-mers"}
        row |= {"title": f"k-mers of order {order}, {sides}", "genome": name, "against": ""}
        row |= {"seed": 0, "objective": model.objective, "mixer": "", "tokens": "nucleotide"}
        row |= dict.fromkeys(("width", "depth", "weights"), 0)
        row |= {"bases_seen": sum(map(len, fit[0])), "cpu_s": 0.0}
        out.append(row | measure(model, on))
    return out


def run(*, jobs: int = 2) -> pd.DataFrame:
    """Train and score every network of the grid that is not in ``runs.csv`` yet.

    Parameters
    ----------
    jobs : int
        Processes, one thread each.

    Returns
    -------
    DataFrame
        ``runs.csv``, which is written as each ends, in the order of the grid; k-mer models last.

    Raises
    ------
    RunFailed
        A network could not be trained or scored; the others are in the table.
    """
    path, listed = paths.GLM_RESULTS / "choices/runs.csv", grid()
    done = set(pd.read_csv(path).run) if path.exists() else set()
    for name in dict.fromkeys(choice.genome for choice in listed.values()):
        if f"markov-chain-{name}" not in done:
            tables.merge(pd.DataFrame(counted(name)), "choices", "runs", by="run")
    most = max(choice.seeds for choice in listed.values())
    units = [(c, seed) for seed in range(most) for c in listed.values() if seed < c.seeds]
    units = [(choice, seed) for choice, seed in units if f"{choice.name}-{seed}" not in done]
    failed, one = {}, partial(compute, seconds=budget())
    with progress.Reporter() as report, workers.pool(jobs) as executor:
        report.step("networks", 0, len(units))
        futures = {executor.submit(one, c, seed): f"{c.name}-{seed}" for c, seed in units}
        for n, future in enumerate(as_completed(futures), start=1):
            try:
                tables.merge(pd.DataFrame([future.result()]), "choices", "runs", by="run")
            except Exception as err:
                failed[futures[future]] = workers.fault(err)
            report.step("networks", n, len(units))
    workers.Outcome(len(units), 0, len(units) - len(failed), failed).check("networks")
    return ordered(pd.read_csv(path), list(listed))


def ordered(runs: pd.DataFrame, names: list[str]) -> pd.DataFrame:
    """Put rows into the order of names; others, such as k-mer models, come last."""
    place = runs["name"].map({name: n for n, name in enumerate(names)}).fillna(len(names))
    return runs.assign(place=place).sort_values(["place", "run"], ignore_index=True)[[*runs]]


def means(runs: pd.DataFrame) -> pd.DataFrame:
    """Means over the seeds of each network.

    Parameters
    ----------
    runs : DataFrame
        As of ``run``.

    Returns
    -------
    DataFrame
        ``name, choice, title, genome, objective, mixer, tokens, width, seeds, weights, millions``
        (of bases seen)``, cpu_s`` and ``MEASURES``.
    """
    about = ["name", "choice", "title", "genome", "objective", "mixer", "tokens", "width"]
    runs = runs.fillna({"mixer": ""}).assign(millions=runs.bases_seen / 1e6)
    groups = runs.groupby(about, sort=False)
    numbers = ["weights", "millions", "cpu_s", *MEASURES]
    return groups[numbers].mean().assign(seeds=groups.size()).reset_index()


def cost(runs: pd.DataFrame) -> pd.DataFrame:
    """What the networks cost.

    Parameters
    ----------
    runs : DataFrame
        As of ``run``.

    Returns
    -------
    DataFrame
        One row: ``networks, hours`` (CPU, of training), ``budget`` (seconds) and ``least, most``
        (seconds of one network with that budget).
    """
    trained = runs[runs.cpu_s > 0]
    timed = trained[trained.choice != "size"].cpu_s
    row = (len(trained), trained.cpu_s.sum() / 3600, budget(), timed.min(), timed.max())
    return pd.DataFrame([row], columns=["networks", "hours", "budget", "least", "most"])


def differences(runs: pd.DataFrame) -> pd.DataFrame:
    """What each choice changes, against the network that lacks it.

    Parameters
    ----------
    runs : DataFrame
        As of ``run``.

    Returns
    -------
    DataFrame
        ``name, choice, title, against, genome, measure, seeds, value, reference, difference, low,
        high``: means over seeds, and the 95 % interval of their difference by Student's t. The
        spread between seeds is taken as equal for all trained networks of a genome; the draw of the
        tested bases and changes, the same for all, is not in it.
    """
    runs, rows = runs[runs.choice != "size"], []
    for measure in MEASURES:
        known = runs.dropna(subset=measure)
        groups = known.groupby("name")[measure]
        mean, size = groups.mean(), groups.size()
        spread = known.assign(name=known["name"], off=known[measure] - groups.transform("mean"))
        for genome, part in known.groupby("genome", sort=False):
            trained_only = ~spread.choice.isin(["k-mers", "untrained"])  # these have no spread
            off = spread[(spread.genome == genome) & trained_only]
            free = len(off) - off["name"].nunique()
            if free < 1:
                continue
            deviation = np.sqrt((off.off**2).sum() / free) * stats.t.ppf(0.975, free)
            for name, first in part.drop_duplicates("name").set_index("name").iterrows():
                if first.against not in mean or first.choice == "usual":
                    continue
                gain = mean[name] - mean[first.against]
                half = deviation * np.sqrt(1 / size[name] + 1 / size[first.against])
                row = {"name": name, "choice": first.choice, "title": first.title}
                row |= {"against": first.against, "genome": genome, "measure": measure}
                row |= {"seeds": size[name], "value": mean[name], "reference": mean[first.against]}
                rows.append(row | {"difference": gain, "low": gain - half, "high": gain + half})
    return pd.DataFrame(rows)


def scaling(runs: pd.DataFrame) -> pd.DataFrame:
    """Bits outside repeats against the number of weights, all networks having seen as many bases.

    Parameters
    ----------
    runs : DataFrame
        As of ``run``.

    Returns
    -------
    DataFrame
        ``genome, networks, slope, low, high``: bits for ten times the weights (below 0: fewer), by
        least squares on the logarithm, with its 95 % interval; ``all``: one slope for all genomes,
        which keep a level each.
    """
    part = runs[runs.choice == "size"].assign(tens=lambda r: np.log10(r.weights))
    rows = []
    for genome, points in [*part.groupby("genome", sort=False), ("all", part)]:
        by, levels = points.groupby("genome"), points.genome.nunique()
        x, y = (points[c] - by[c].transform("mean") for c in ("tens", "bits"))
        free, slope = len(points) - levels - 1, (x @ y) / (x @ x)
        half = np.sqrt(((y - slope * x) ** 2).sum() / free / (x @ x)) * stats.t.ppf(0.975, free)
        rows.append((genome, len(points), slope, slope - half, slope + half))
    return pd.DataFrame(rows, columns=["genome", "networks", "slope", "low", "high"])
