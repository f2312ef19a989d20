"""Models of a genome on its test part, and what they have learnt."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from ...core import paths
from .. import (
    genomes,
    hub,
    interpret,
    markov,
    motifs,
    perplexity,
    trained,
)
from ..codes import Sequence


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
    list of TrainedModel
    """
    there = [n for n in names if (paths.GLM_MODELS / f"glm-{n}" / trained.WEIGHTS).exists()]
    return [hub.load(f"glm-{n}", device=device) for n in there]


class _Left:
    """The causal side of a blind-spot network as a model of its own."""

    objective = "causal"

    def __init__(self, model) -> None:
        self.name, self.context, self.conditionals = f"{model.name}-left", model.context, model.left


def chain(genome: genomes.Genome, order: int) -> markov.Markov:
    """Two-sided k-mer chain of the training part of a genome.

    Parameters
    ----------
    genome : Genome
    order : int

    Returns
    -------
    Markov
        Named ``markov-chain``.
    """
    fit = genome.sequences("train"), genome.sequences("validation")
    model = markov.fit(*fit, orders=[order], kind="chain")[order]
    model.name = "markov-chain"
    return model


@dataclass(frozen=True)
class HeldOut:
    """Models of a genome on its test part.

    Attributes
    ----------
    bits : DataFrame
        As of ``perplexity.summary``, with ``model, sides`` (one or two), ``order`` (0: network).
    gain : DataFrame
        Bits that the network saves against the best k-mer model: ``where, saved, low, high, bases,
        sides, against``.
    tables : dict of str to ndarray, (n_bases, 4)
        Natural-log probabilities of the best two-sided k-mer model and of the network.
    """

    bits: pd.DataFrame
    gain: pd.DataFrame
    tables: dict[str, np.ndarray]


def held_out(genome: genomes.Genome, networks: list, *, most: int = 12) -> HeldOut:
    """Compare k-mer models of every order, and a network, on the test part of a genome.

    Parameters
    ----------
    genome : Genome
    networks : list of TrainedModel
        The genome's network, if there is one.
    most : int
        Highest order; of the two-sided chain one less.

    Returns
    -------
    HeldOut
    """
    fit = genome.sequences("train"), genome.sequences("validation")
    models = []
    for kind in ("causal", "around", "chain"):
        sides = "one" if kind == "causal" else "two"
        orders = range(2, most + (kind != "chain"))
        for order, model in markov.fit(*fit, orders=orders, kind=kind).items():
            model.name = f"markov-{kind}"
            models.append((model, sides, order))
    models += [row for m in networks for row in ((m, "two", 0), (_Left(m), "one", 0))]
    rows, best = [], {}
    for model, sides, order in models:
        table = perplexity.genome_track(genome, model)
        cost = perplexity.bits(table, genome.codes)
        summary = perplexity.summary(genome, cost, genome.duplicates)
        rows.append(summary.assign(model=model.name, sides=sides, order=order))
        key, level = (sides, order == 0), float(np.nanmean(cost[genome.fresh]))
        if key not in best or level < best[key][0]:
            best[key] = (level, cost, table, f"{model.name} {order}", model.name)
    gains = [pd.DataFrame()]
    for sides in ("one", "two") if networks else ():
        _, cost, _, against, _ = best[sides, False]
        saved = perplexity.summary(genome, cost - best[sides, True][1], genome.duplicates)
        gains.append(saved.rename(columns={"bits": "saved"}).assign(sides=sides, against=against))
    columns = ["where", "saved", "low", "high", "bases", "sides", "against"]
    gain = pd.concat(gains, ignore_index=True).reindex(columns=columns)
    tables = {"markov-chain": best["two", False][2]}
    tables |= {best["two", True][4]: best["two", True][2]} if networks else {}
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


def stems(genome: genomes.Genome, model) -> dict[str, pd.DataFrame]:
    """Dependency map of the first test tRNA gene, and scores of all.

    Parameters
    ----------
    genome : Genome
    model : TrainedModel

    Returns
    -------
    dict of str to DataFrame
        ``map``: ``i, j, moved``; ``pairs``: as of ``interpret.acceptor_stems``, with ``model``.
    """
    first, pairs = interpret.acceptor_stems(genome, model)
    wide = pd.DataFrame(first).rename_axis("i").reset_index()
    long = wide.melt("i", var_name="j", value_name="moved")
    return {"map": long, "pairs": pairs.assign(model=model.name)}


def motifs_of(
    genome: genomes.Genome, models: list, profiles: dict[str, np.ndarray]
) -> list[pd.DataFrame]:
    """Motifs in what each model expects.

    Parameters
    ----------
    genome : Genome
    models : list of nucleotide models
    profiles : dict of str to ndarray, (width, 4)

    Returns
    -------
    list of DataFrame
        Motifs and letters, as of ``motifs.find_motifs``, with ``model``.
    """
    tables: list[list] = [[], []]
    for model in models:
        frames = motifs.find_motifs(genome, perplexity.genome_track(genome, model), profiles)
        for rows, frame in zip(tables, frames):
            rows.append(frame.assign(model=model.name))
    return [pd.concat(rows, ignore_index=True) for rows in tables]
