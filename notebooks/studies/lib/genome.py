"""Models of a genome on its test part, and what they have learnt."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import numpy as np
import pandas as pd

from genebench.core import paths
from genebench.core.errors import BadInput
from genebench.glm import codes, genomes, hub, interpret, perplexity, trained
from genebench.glm.codes import Sequence
from genebench.glm.genomes import REGIONS, Genome
from genebench.stats import metrics

from . import markov, motifs, tracks


def training_sequences(
    genome: genomes.Genome, repeats: np.ndarray | None = None, *, species: int = 0
) -> list[Sequence]:
    """The training part of a genome, one sequence an unbroken block.

    Parameters
    ----------
    genome : Genome
    repeats : ndarray of bool, (n_bases,), optional
        Bases whose loss has a weight of its own.
    species : int
        See ``Sequence``.

    Returns
    -------
    list of Sequence
    """
    blocks, name = genome.blocks("train"), genome.spec.name
    return [
        Sequence(
            f"{name}:{a}-{b}",
            genome.codes[a:b],
            None if repeats is None else repeats[a:b],
            species=species,
        )
        for a, b in blocks
    ]


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
        self.name, self.context = f"{model.name}-left", model.context
        self.conditionals = partial(model.conditionals, which=1)


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
        As of ``tracks.summary``, with ``model, sides`` (one or two), ``order`` (0: network).
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
        cost = tracks.bits(table, genome.codes)
        summary = tracks.summary(genome, cost, genome.duplicates)
        rows.append(summary.assign(model=model.name, sides=sides, order=order))
        key, level = (sides, order == 0), float(np.nanmean(cost[genome.fresh]))
        if key not in best or level < best[key][0]:
            best[key] = (level, cost, table, f"{model.name} {order}", model.name)
    gains = [pd.DataFrame()]
    for sides in ("one", "two") if networks else ():
        _, cost, _, against, _ = best[sides, False]
        saved = tracks.summary(genome, cost - best[sides, True][1], genome.duplicates)
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
        ``map``: ``i, j, moved``; ``pairs``: as of ``acceptor_stems``, with ``model``.
    """
    first, pairs = acceptor_stems(genome, model)
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


def acceptor_stems(
    genome: Genome, model, *, window: int = 512, most: int = 12
) -> tuple[np.ndarray, pd.DataFrame]:
    """Dependency maps of test tRNA genes, and whether they show the acceptor stem.

    The first seven bases of a tRNA pair with the seven before its last one (before the last four,
    where the gene ends in CCA).

    Parameters
    ----------
    genome : Genome
    model : nucleotide model
    window : int
        Bases that the model reads.
    most : int
        Genes.

    Returns
    -------
    first : ndarray, (n, n)
        Map of the first gene.
    pairs : DataFrame
        ``gene, auroc`` (pairs of the stem against all others four or more apart), ``top`` (share of
        the stem's pairs in the highest per cent).

    Raises
    ------
    BadInput
        No tRNA gene in the test part.
    """
    maps, rows = [], []
    for a, b in _trna_genes(genome)[:most]:
        start = max(0, min(len(genome.codes) - window, (a + b) // 2 - window // 2))
        n, reverse = b - a, genome.strand[a] < 0
        dependency = tracks.dependency_map(
            model, genome.codes[start : start + window], a - start, b - start
        )
        maps.append((dependency + dependency.T) / 2)
        gene = genome.codes[a:b]
        letters = codes.decode(codes.reverse_complement(gene) if reverse else gene)
        x = np.arange(7)
        y = n - (5 if letters.endswith("CCA") else 2) - x
        stem = np.zeros((n, n), dtype=int)
        if reverse:
            x, y = n - 1 - y, n - 1 - x
        stem[x, y] = 1
        i, j = np.triu_indices(n, k=4)
        truth, value = stem[i, j], maps[-1][i, j]
        top = float((value[truth == 1] >= np.quantile(value, 0.99)).mean())
        rows.append((f"{a}-{b}", metrics.auroc(truth, value), top))
    if not rows:
        raise BadInput(
            f"genome '{genome.spec.name}' has no transfer RNA gene in its held-out part."
        )
    return maps[0], pd.DataFrame(rows, columns=["gene", "auroc", "top"])


def _trna_genes(genome: Genome) -> list[tuple[int, int]]:
    """Held-out RNA genes of 70 to 95 bases, those with most duplicates last."""
    inside = (genome.region == REGIONS.index("RNA gene")) & genome.inside("test")
    edges = np.flatnonzero(np.diff(inside, prepend=False, append=False)).reshape(-1, 2).tolist()
    genes = [(a, b) for a, b in edges if 70 <= b - a <= 95]
    return sorted(genes, key=lambda gene: genome.duplicates[slice(*gene)].mean())
