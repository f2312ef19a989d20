"""Generators of yeast promoters, and what judges their designs."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import scipy

from genebench.core import paths
from genebench.core.errors import BadInput
from genebench.glm import design, genomes, net, train
from genebench.glm.codes import Sequence

from . import markov, tracks, transfer, windows
from .genome import chain


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
    sequences, y = windows.stack(others.sequence), others.expression.to_numpy()
    new = windows.unlike(list(sequences), list(tested), k=windows.WORD)
    sequences, y = sequences[new], y[new]
    if len(sequences) < 1000:
        raise BadInput(
            "the independent predictor needs 1,000 promoters that are not native; the table has "
            "fewer."
        )
    network = transfer.Network(transfer.OneHotCNN, "regression", 2e-3, epochs=8)
    network.fit(sequences, y, np.arange(len(y)))
    r = scipy.stats.spearmanr(network.predict(tested), test.expression).statistic
    table = {"model": "one-hot-cnn", "n_train": len(y), "n_test": len(test), "spearman": r}
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
    TrainedModel
    """
    recipe = net.Recipe(
        name="promoters",
        objective="causal",
        width=64,
        depth=5,
        window=design.PROMOTER,
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
    train.train(sequences, recipe, paths.GLM_MODELS / recipe.name)
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
    return design.sample(chain.conditionals, n, design.PROMOTER, context=5, seed=1)


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
    model = chain(genome, 6)
    return lambda sequences: np.array(
        [tracks.bits(p, s).mean() for p, s in zip(model.conditionals(sequences), sequences)]
    )
