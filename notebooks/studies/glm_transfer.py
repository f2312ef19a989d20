"""The studies of transfer and of design on real data: what is fitted, on what, and which tables come of it."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd

from genebench.core import paths
from genebench.core.errors import BadInput
from genebench.glm import (
    design,
    genomes,
    hub,
    markov,
    motifs,
    net,
    train,
    transfer,
    windows,
)
from genebench.glm.codes import Sequence
from notebooks.studies.glm_genomes import Progress, Say, kept, merged, network, quiet, unlike, write

OWN = {"ecoli": "ecoli", "yeast": "yeast", "human": "ecoli", "mouse": "ecoli"}
"""Species of the windows → genome whose network is carried over (its own, where there is one)."""
TUNED_SPLITS = ("random", "spectral")
"""Splits under which networks are fine-tuned."""
EPOCHS, BATCH = 5, 32
"""Of fine-tuning."""
RATES = {"fine-tuned": 5e-4, "lora": 2e-3, "fine-tuned-untrained": 5e-4}
"""Way of fine-tuning → its rate of learning."""
LAYERS = 3
"""Every third layer is probed."""


def untrained(model):
    """The network of a model with the weights that it began with."""
    from genebench.glm.trained import TrainedModel

    other = model.recipe.model_copy(update={"name": "untrained", "seed": model.recipe.seed + 1})
    return TrainedModel(other, net.build(other), model.tokens)


def transfer_study(
    names: list[str] | None = None, *, seeds: tuple[int, ...] = (0, 1), progress: Progress = quiet
) -> list[Path]:
    """Linear probes of the best layer and pooling, k-mer counts, a network from labels, by task and split.

    Tables, each task kept as soon as it is done: ``scores.parquet`` and ``intervals.csv`` (layer and pooling chosen on
    each split's training side, by its own folds), ``layers.csv`` (every layer and pooling in those folds), ``map.csv``
    (two principal components by class), ``sets.csv`` (what was used).
    """
    made: list[Path] = []
    for name in names or list(windows.SETS):
        task = windows.load(name)
        carried = network(OWN[task.species])
        vectors = {f"{k}-mers": transfer.kmers(task.codes, k) for k in (3, 4, 5)}
        networks = {"one-hot-cnn": fitted(transfer.cnn(), task, rate=2e-3)}
        families = {**dict.fromkeys(vectors, "counts"), "one-hot-cnn": "labels alone"}
        picked = {}
        for model in [carried, untrained(carried)] if carried is not None else []:
            every = transfer.embeddings(model, task.codes, layers=range(0, model.layers, LAYERS))
            vectors[model.name] = picked[model.name] = transfer.Picked(task, every)
            families[model.name] = "network" if model is carried else "control"
        splits = windows.SPLITS if task.test.any() else windows.SPLITS[1:]
        frame = transfer.evaluate(
            task, vectors, networks, families, splits=splits, seeds=seeds, progress=progress
        )
        made = kept(frame, "transfer")
        used = (task.name, len(task), int(task.test.sum()), task.codes.shape[1], len(seeds))
        columns = ["task", "windows", "published_test", "longest", "seeds"]
        made.append(merged(pd.DataFrame([used], columns=columns), "transfer", "sets"))
        if carried is not None:
            layers = [p.table().assign(task=task.name, model=m) for m, p in picked.items()]
            made.append(merged(pd.concat(layers), "transfer", "layers"))
            shown = {carried.name: picked[carried.name].usual(), "4-mers": vectors["4-mers"]}
            made.append(
                merged(
                    pd.concat([_placed(task, v, m) for m, v in shown.items()]), "transfer", "map"
                )
            )
    return made


def tuning_study(
    names: list[str] | None = None,
    *,
    seeds: tuple[int, ...] = (0,),
    say: Say = quiet,
    progress: Progress = quiet,
) -> list[Path]:
    """The network of a genome fine-tuned on the labels of windows: all weights, low-rank adapters alone (where peft is
    installed), and as a control all weights of the same network that had never seen a genome.

    Tables, each task kept as soon as it is done: ``scores.parquet`` and ``intervals.csv``, as of ``transfer_study``;
    ``sets.csv`` (how long was fitted, and the share of weights that moved).
    """
    made: list[Path] = []
    for name in names or list(windows.SETS):
        task = windows.load(name)
        carried = network(OWN[task.species])
        if carried is None:
            say(f"{name}: no trained network of {OWN[task.species]} is here; left out")
            continue
        makes = {
            "fine-tuned": transfer.tuned(carried),
            "fine-tuned-untrained": transfer.tuned(untrained(carried)),
        }
        if importlib.util.find_spec("peft"):
            makes["lora"] = transfer.tuned(carried, lora=True)
        else:
            say("low-rank adapters are left out: they need the package peft")
        networks = {
            w: fitted(m, task, rate=RATES[w], epochs=EPOCHS, batch=BATCH) for w, m in makes.items()
        }
        families = {w: "control" if w == "fine-tuned-untrained" else "network" for w in makes}
        frame = transfer.evaluate(
            task, {}, networks, families, splits=TUNED_SPLITS, seeds=seeds, progress=progress
        )
        made = kept(frame, "tuning")
        used = [
            (task.name, w, EPOCHS, BATCH, RATES[w], len(seeds), _moving(m()))
            for w, m in makes.items()
        ]
        columns = ["task", "model", "epochs", "batch", "rate", "seeds", "weights_that_move"]
        made.append(merged(pd.DataFrame(used, columns=columns), "tuning", "sets"))
    return made


def _moving(network) -> float:
    """Share of a network's weights that are fitted."""
    held = [(p.numel(), p.requires_grad) for p in network.parameters()]
    return sum(n for n, fitted in held if fitted) / sum(n for n, _ in held)


def fitted(make: Callable, task: windows.Windows, **options) -> Callable[[int], transfer.Network]:
    """Seed → a network that is to be fitted to a task's labels."""
    return lambda seed: transfer.Network(make, kind=task.kind, seed=seed, **options)


def _placed(
    task: windows.Windows, vectors: np.ndarray, model: str, *, most: int = 600
) -> pd.DataFrame:
    """Two principal components of standardised vectors of some windows: ``task, model, label, x, y``."""
    rows = np.random.default_rng(0).permutation(len(task))[:most]
    held = (vectors[rows] - vectors[rows].mean(0)) / np.maximum(vectors[rows].std(0), 1e-6)
    u, s, _ = np.linalg.svd(held, full_matrices=False)
    place = u[:, :2] * s[:2]
    return pd.DataFrame(
        {
            "task": task.name,
            "model": model,
            "label": task.label[rows],
            "x": place[:, 0],
            "y": place[:, 1],
        }
    )


# Design


def generator(
    low: np.ndarray, high: np.ndarray, folder: Path, *, say: Say = quiet, progress: Progress = quiet
):
    """A small causal network of promoters with a tag (1 low, 2 high expression), trained into a folder.

    Few steps: each promoter is seen about six times. With four times as many the network knows them by heart.
    """
    made = net.Recipe(
        name="promoters",
        objective="causal",
        width=64,
        depth=5,
        window=windows.PROMOTER,
        batch=64,
        steps=160,
        species=2,
        equivariant=False,
        rate=3e-3,
        decay=0.05,
    )
    held = [Sequence(f"low:{i}", s, species=1) for i, s in enumerate(low)]
    held += [Sequence(f"high:{i}", s, species=2) for i, s in enumerate(high)]
    train.train(held, made, folder, say=say, progress=progress)
    return hub.load(folder)


def design_study(*, each: int = 400, say: Say = quiet, progress: Progress = quiet) -> list[Path]:
    """Designed promoters by two generators and one refiner, on every yardstick, with controls: ``yardsticks.csv``,
    ``predictor.csv`` (how good the independent predictor is on natural promoters that nobody was fitted to).

    Generators are fitted to 60 % of the natural promoters (lowest and highest third of expression as tags); designs are
    held against half of the others, and the rest are the natural control. No family, all that share long words, is in
    two of these parts. The predictor is fitted to promoters of the other sets alone that share no long word with the
    natural ones kept back.
    """
    frame = windows.promoters(fewest_reads=10)
    native = frame[frame["set"] == "native"].sample(frac=1, random_state=0).reset_index(drop=True)
    part = parts(windows.families(windows.stacked(native.sequence)), (0.6, 0.2, 0.2))
    fitted, shown, against = (native[part == i] for i in range(3))
    edges = fitted.expression.quantile([1 / 3, 2 / 3]).to_numpy()
    groups = {
        "low": fitted[fitted.expression <= edges[0]],
        "high": fitted[fitted.expression > edges[1]],
    }
    low, high = (windows.stacked(groups[g].sequence) for g in ("low", "high"))
    natural, training = windows.stacked(against.sequence), windows.stacked(fitted.sequence)
    say(f"{len(training)} promoters to fit generators, {len(natural)} to hold designs against.")
    predict, told = _predictor(frame, pd.concat([shown, against]))
    made = {"natural": windows.stacked(shown.sequence)[:each], "training": training[:each]}
    for tag, held in (("high", high), ("low", low)):
        chain = markov.fit(
            [s for s in held], [s for s in natural], orders=[5], kind="causal", both_strands=False
        )[5]
        made[f"markov-{tag}"] = design.sample(
            chain.conditionals, each, windows.PROMOTER, context=5, seed=1
        )
    network_ = generator(low, high, paths.GLM_MODELS / "promoters", say=say, progress=progress)
    for name, tag, temperature in (
        ("network-high", 2, 1.0),
        ("network-low", 1, 1.0),
        ("network-high-cold", 2, 0.7),
    ):
        network_.species = tag
        made[name] = design.sample(
            network_.conditionals,
            each,
            windows.PROMOTER,
            context=windows.PROMOTER,
            temperature=temperature,
            seed=2,
        )
    made["shuffled"] = design.shuffled(natural[:each])
    whole = network("yeast")
    if whole is not None:
        made["refined"] = design.refine(whole, made["shuffled"], rounds=4)
    made["random"] = design.random(each, windows.PROMOTER)
    profiles = motifs.jaspar(tax_id="4932")
    sharp = {k: v for k, v in profiles.items() if motifs.information(v).sum() >= 9}
    judge = _likelihood(genomes.load("yeast"))
    table = design.yardsticks(
        made, natural, training, predict=predict, likelihood=judge, profiles=sharp
    )
    return [write(table, "design", "yardsticks"), write(told, "design", "predictor")]


def parts(family: np.ndarray, shares: tuple[float, ...]) -> np.ndarray:
    """Number of the part of each member, (n,): whole families, drawn by a seed, of about these shares of all."""
    size = np.bincount(family)
    order = np.random.default_rng(0).permutation(len(size))
    middle = np.cumsum(size[order]) - size[order] / 2
    of = np.empty(len(size), dtype=int)
    of[order] = np.searchsorted(np.cumsum(shares)[:-1] * len(family), middle)
    return of[family]


def _predictor(frame: pd.DataFrame, kept: pd.DataFrame):
    """A convolutional predictor of expression from the sets that no generator saw, and how good it is on ``kept``."""
    from scipy.stats import spearmanr

    others = frame[frame["set"] != "native"]
    others = others[
        unlike(*([s for s in windows.stacked(f.sequence)] for f in (others, kept)), k=windows.WORD)
    ]
    if len(others) < 1000:
        raise BadInput(
            "the independent predictor needs 1,000 promoters that are not native; the table has fewer."
        )
    X, y = windows.stacked(others.sequence), others.expression.to_numpy()

    fitted = transfer.Network(transfer.cnn(), kind="regression", rate=2e-3, epochs=8, seed=0)
    fitted.fit(X, y, np.arange(len(X)))
    predict = fitted.predict

    r = spearmanr(predict(windows.stacked(kept.sequence)), kept.expression).statistic
    told = pd.DataFrame(
        [("one-hot-cnn", len(X), len(kept), r)], columns=["model", "n_train", "n_test", "spearman"]
    )
    return predict, told


def _likelihood(genome: genomes.Genome):
    """Bits a base by the two-sided k-mer chain of the genome, which no design was fitted to, (n,)."""
    from genebench.glm import perplexity

    chain = markov.fit(
        genome.sequences("train"), genome.sequences("validation"), orders=[6], kind="chain"
    )[6]

    def judge(sequences: np.ndarray) -> np.ndarray:
        given = chain.conditionals(sequences)
        return np.array([perplexity.bits(p, s).mean() for p, s in zip(given, sequences)])

    return judge
