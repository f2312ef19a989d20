"""What the notebooks of ``notebooks/studies`` call: models of a genome, tables, and designs."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import scipy

from ..benchmark import results
from ..core import paths
from ..core.errors import BadInput
from . import design, genomes, interpret, load, markov, perplexity, recipe, train, transfer, windows
from .base import Sequence

CARRIED = {"ecoli": "glm-ecoli", "yeast": "glm-yeast", "human": "glm-ecoli", "mouse": "glm-ecoli"}
"""Species of windows -> network that is transferred to them (their own, where there is one)."""
_RATES = {"fine-tuned": 5e-4, "lora": 2e-3, "fine-tuned-untrained": 5e-4}
"""Way of fine-tuning -> its rate of learning."""


def save(frame: pd.DataFrame, study: str, name: str) -> Path:
    """Write a table of a study, numbers to five digits.

    Parameters
    ----------
    frame : DataFrame
    study, name : str
        Folder below ``data/results/glm`` and name of the file.

    Returns
    -------
    Path
    """
    path = paths.GLM_RESULTS / study / f"{name}.csv"
    results.write_csv(frame.round(dict.fromkeys(frame.select_dtypes("float"), 5)), path)
    return path


def merge(frame: pd.DataFrame, study: str, name: str, *, by: str = "task") -> Path:
    """Write rows into a table of a study, in place of those with the same key.

    Parameters
    ----------
    frame : DataFrame
    study, name, by : str
        Folder, name of the file, column of the key.

    Returns
    -------
    Path
    """
    path = paths.GLM_RESULTS / study / f"{name}.csv"
    if path.exists():
        before = pd.read_csv(path)
        frame = pd.concat([before[~before[by].isin(set(frame[by]))], frame], ignore_index=True)
    return save(frame.sort_values(by, kind="stable"), study, name)


def merge_scores(frame: pd.DataFrame, study: str) -> list[Path]:
    """Write rows into ``scores.parquet`` and ``intervals.csv`` of a study, task by task.

    Parameters
    ----------
    frame : DataFrame
        Columns of ``results.SCHEMA`` and ``low, high``.
    study : str
        Folder below ``data/results/glm``.

    Returns
    -------
    list of Path

    Raises
    ------
    BadInput
        Rows that break the schema.
    """
    path = paths.GLM_RESULTS / study / "scores.parquet"
    scores = frame[results.SCHEMA.names]
    if path.exists():
        before = results.read(path)
        before = before[~before.task.isin(set(frame.task))]
        before = before.astype(dict.fromkeys(before.select_dtypes("category"), str))
        scores = pd.concat([before, scores], ignore_index=True)
    if faults := results.validate(scores, str(path)):
        raise BadInput(faults[0])
    results.write(scores, path)
    columns = ["task", "model", "probe", "split", "repeat", "metric"]
    intervals = frame[[*columns, "score", "low", "high", "n_train", "n_test"]]
    return [path, merge(intervals.sort_values(columns, kind="stable"), study, "intervals")]


def training_sequences(genome: genomes.Genome) -> list[Sequence]:
    """The training part of a genome, one sequence an unbroken block.

    Parameters
    ----------
    genome : Genome

    Returns
    -------
    list of Sequence
    """
    blocks, name = genome.blocks("train"), genome.spec.name
    return [Sequence(f"{name}:{a}-{b}", genome.codes[a:b]) for a, b in blocks]


def networks(names: list[str], *, device: str = "cpu") -> list:
    """Trained networks of genomes, those that are there.

    Parameters
    ----------
    names : list of str
        Genomes.
    device : str

    Returns
    -------
    list of Own
    """
    there = [n for n in names if (paths.GLM_MODELS / f"glm-{n}" / train.WEIGHTS).exists()]
    return [load.load(f"glm-{n}", device=device) for n in there]


class _Left:
    """The causal side of a blind-spot network as a model of its own."""

    objective = "causal"

    def __init__(self, model) -> None:
        self.name, self.context, self.conditionals = f"{model.name}-left", model.context, model.left


@dataclass(frozen=True)
class HeldOut:
    """Models of a genome on its held-out part.

    Attributes
    ----------
    bits : DataFrame
        As of ``perplexity.summary``, with ``model, sides`` ("one" or "two"), ``order`` (0: network).
    gain : DataFrame
        Bits that the network saves against the best k-mer model: ``where, saved, low, high, bases,
        sides, against``.
    tables : dict of str to ndarray, (n_bases, 4)
        Natural-log probabilities of the best two-sided k-mer model and of the network.
    """

    bits: pd.DataFrame
    gain: pd.DataFrame
    tables: dict[str, np.ndarray]


def held_out(genome: genomes.Genome, trained: list) -> HeldOut:
    """Compare k-mer models of every order, and a network, on the held-out part of a genome.

    Parameters
    ----------
    genome : Genome
    trained : list of Own
        The genome's network, if there is one.

    Returns
    -------
    HeldOut
    """
    fit = genome.sequences("train"), genome.sequences("validation")
    models = []
    for kind, top in (("causal", 12), ("around", 12), ("chain", 11)):
        sides = "one" if kind == "causal" else "two"
        for order, model in markov.fit(*fit, orders=range(2, top + 1), kind=kind).items():
            model.name = f"markov-{kind}"
            models.append((model, sides, order))
    models += [row for m in trained for row in ((m, "two", 0), (_Left(m), "one", 0))]
    rows, best = [], {}
    for model, sides, order in models:
        table = perplexity.laid_out(genome, model)
        cost = perplexity.bits(table, genome.codes)
        summary = perplexity.summary(genome, cost, genome.duplicates)
        rows.append(summary.assign(model=model.name, sides=sides, order=order))
        key, level = (sides, order == 0), float(np.nanmean(cost[genome.fresh]))
        if key not in best or level < best[key][0]:
            best[key] = (level, cost, table, f"{model.name} {order}", model.name)
    gains = [pd.DataFrame()]
    for sides in ("one", "two") if trained else ():
        _, cost, _, against, _ = best[sides, False]
        saved = perplexity.summary(genome, cost - best[sides, True][1], genome.duplicates)
        gains.append(saved.rename(columns={"bits": "saved"}).assign(sides=sides, against=against))
    columns = ["where", "saved", "low", "high", "bases", "sides", "against"]
    gain = pd.concat(gains, ignore_index=True).reindex(columns=columns)
    tables = {"markov-chain": best["two", False][2]}
    tables |= {best["two", True][4]: best["two", True][2]} if trained else {}
    return HeldOut(pd.concat(rows, ignore_index=True), gain, tables)


def interpretation(genome: genomes.Genome, tables: dict[str, np.ndarray]) -> dict:
    """Codon positions and start logos by model.

    Parameters
    ----------
    genome : Genome
    tables : dict of str to ndarray, (n_bases, 4)
        Natural-log probabilities by model.

    Returns
    -------
    dict of str to DataFrame
        ``codon, logo, logo_agreement``.
    """
    codon = [interpret.codon_positions(genome, t, model=m) for m, t in tables.items()]
    pairs = {m: interpret.start_logo(genome, t) for m, t in tables.items()}
    return {
        "codon": pd.concat([*codon, interpret.codon_usage_positions(genome)], ignore_index=True),
        "logo": pd.concat([logo.assign(shown=m) for m, (logo, _) in pairs.items()]),
        "logo_agreement": pd.concat([agreed.assign(model=m) for m, (_, agreed) in pairs.items()]),
    }


def principal_components(
    task: windows.Windows, vectors: np.ndarray, model: str, *, most: int = 600
) -> pd.DataFrame:
    """Two principal components of standardised vectors of some windows.

    Parameters
    ----------
    task : Windows
    vectors : ndarray, (n, d)
    model : str
    most : int
        Windows.

    Returns
    -------
    DataFrame
        ``task, model, label, x, y``.
    """
    rows = np.random.default_rng(0).permutation(len(task))[:most]
    part = vectors[rows]
    u, s, _ = np.linalg.svd((part - part.mean(0)) / np.maximum(part.std(0), 1e-6), False)
    columns = {"task": task.name, "model": model, "label": task.label[rows]}
    return pd.DataFrame(columns | {"x": u[:, 0] * s[0], "y": u[:, 1] * s[1]})


def fine_tunings(
    task: windows.Windows, model, *, epochs: int = 5, batch: int = 32
) -> dict[str, transfer.Network]:
    """Ways to fine-tune a network: all weights, low-rank adapters, and untrained as a control.

    Parameters
    ----------
    task : Windows
    model : Own
    epochs, batch : int

    Returns
    -------
    dict of str to Network
        Adapters only where peft is installed.
    """
    ways = {
        "fine-tuned": partial(transfer.FineTuned, model),
        "fine-tuned-untrained": partial(transfer.FineTuned, transfer.untrained(model)),
    }
    if importlib.util.find_spec("peft"):
        ways["lora"] = partial(transfer.FineTuned, model, lora=True)
    options = {"epochs": epochs, "batch": batch}
    return {w: transfer.Network(make, task.kind, _RATES[w], **options) for w, make in ways.items()}


def tuning_facts(
    task: windows.Windows, ways: dict[str, transfer.Network], seeds: list[int]
) -> pd.DataFrame:
    """How networks were fine-tuned.

    Parameters
    ----------
    task : Windows
    ways : dict of str to Network
    seeds : list of int

    Returns
    -------
    DataFrame
        ``task, model, epochs, batch, rate, seeds, weights_that_move`` (share).
    """
    rows = []
    for name, way in ways.items():
        sizes = [(p.numel(), p.requires_grad) for p in way.make().parameters()]
        share = sum(n for n, moves in sizes if moves) / sum(n for n, _ in sizes)
        rows.append((task.name, name, way.epochs, way.batch, way.rate, len(seeds), share))
    columns = ["task", "model", "epochs", "batch", "rate", "seeds", "weights_that_move"]
    return pd.DataFrame(rows, columns=columns)


def assign_parts(family: np.ndarray, shares: tuple[float, ...] = (0.6, 0.2, 0.2)) -> np.ndarray:
    """Deal whole families to parts of about these shares of all.

    Parameters
    ----------
    family : ndarray of int, (n,)
    shares : tuple of float

    Returns
    -------
    ndarray of int, (n,)
        Number of the part.
    """
    size = np.bincount(family)
    order = np.random.default_rng(0).permutation(len(size))
    middle = np.cumsum(size[order]) - size[order] / 2
    part = np.empty(len(size), dtype=int)
    part[order] = np.searchsorted(np.cumsum(shares)[:-1] * len(family), middle)
    return part[family]


def native_parts(promoters: pd.DataFrame) -> list[pd.DataFrame]:
    """Divide native promoters into those to fit, a natural control, and those to compare with.

    Parameters
    ----------
    promoters : DataFrame
        As of ``windows.promoters``.

    Returns
    -------
    list of DataFrame
        60, 20 and 20 %; no family is in two of them.
    """
    native = promoters[promoters["set"] == "native"].sample(frac=1, random_state=0)
    part = assign_parts(windows.families(windows.stack(native.sequence)))
    return [native[part == i].reset_index(drop=True) for i in range(3)]


def expression_thirds(promoters: pd.DataFrame) -> dict[str, np.ndarray]:
    """Promoters of the lowest and of the highest third of expression.

    Parameters
    ----------
    promoters : DataFrame
        As of ``windows.promoters``.

    Returns
    -------
    dict of str to ndarray of uint8, (n, L)
        By tag.
    """
    edges = promoters.expression.quantile([1 / 3, 2 / 3]).to_numpy()
    masks = {"low": promoters.expression <= edges[0], "high": promoters.expression > edges[1]}
    return {tag: windows.stack(promoters.sequence[mask]) for tag, mask in masks.items()}


def fit_predictor(
    promoters: pd.DataFrame, test: pd.DataFrame
) -> tuple[transfer.Network, pd.DataFrame]:
    """Fit a convolutional predictor of expression to sets that no generator sees.

    Parameters
    ----------
    promoters : DataFrame
        As of ``windows.promoters``; native ones and those that share a k-mer with ``test`` are left
        out.
    test : DataFrame
        Native promoters.

    Returns
    -------
    network : Network
    table : DataFrame
        ``model, n_train, n_test, spearman``.

    Raises
    ------
    BadInput
        Fewer than 1,000 promoters to fit.
    """
    others, tested = promoters[promoters["set"] != "native"], windows.stack(test.sequence)
    X, y = windows.stack(others.sequence), others.expression.to_numpy()
    new = genomes.unlike(list(X), list(tested), k=windows.WORD)
    X, y = X[new], y[new]
    if len(X) < 1000:
        raise BadInput(
            "the independent predictor needs 1,000 promoters that are not native; the table has "
            "fewer."
        )
    network = transfer.Network(transfer.OneHotCNN, "regression", 2e-3, epochs=8)
    network.fit(X, y, np.arange(len(X)))
    r = scipy.stats.spearmanr(network.predict(tested), test.expression).statistic
    table = {"model": "one-hot-cnn", "n_train": len(X), "n_test": len(test), "spearman": r}
    return network, pd.DataFrame([table])


def train_generator(promoters: dict[str, np.ndarray]):
    """Train the causal network of promoters with tags; each promoter is seen about six times.

    With four times as many steps the network memorises them.

    Parameters
    ----------
    promoters : dict of str to ndarray of uint8, (n, L)
        By tag, as of ``expression_thirds``.

    Returns
    -------
    Own
    """
    made = recipe.Recipe(
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
    sequences = [
        Sequence(f"{tag}:{i}", s, species=design.TAGS[tag])
        for tag, rows in promoters.items()
        for i, s in enumerate(rows)
    ]
    train.train(sequences, made, paths.GLM_MODELS / made.name)
    return design.promoter_network()


def sample_chain(promoters: np.ndarray, check: np.ndarray, n: int) -> np.ndarray:
    """Draw promoters from an interpolated Markov model of order 5.

    Parameters
    ----------
    promoters, check : ndarray of uint8, (m, L)
        To count, and to choose weights on.
    n : int

    Returns
    -------
    ndarray of uint8, (n, 80)
    """
    options = {"orders": [5], "kind": "causal", "both_strands": False}
    chain = markov.fit(list(promoters), list(check), **options)[5]
    return design.sample(chain.conditionals, n, windows.PROMOTER, context=5, seed=1)


def chain_bits(genome: genomes.Genome) -> Callable[[np.ndarray], np.ndarray]:
    """Bits a base by the two-sided k-mer chain of a genome, which no design was fitted to.

    Parameters
    ----------
    genome : Genome

    Returns
    -------
    callable
        Sequences (n, L) -> bits (n,).
    """
    fit = genome.sequences("train"), genome.sequences("validation")
    chain = markov.fit(*fit, orders=[6], kind="chain")[6]
    return lambda sequences: np.array(
        [perplexity.bits(p, s).mean() for p, s in zip(chain.conditionals(sequences), sequences)]
    )
