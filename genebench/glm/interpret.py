"""What a model has learnt of a genome: starts of genes and codon positions."""

import numpy as np
import pandas as pd

from ..benchmark import results
from ..core.errors import BadInput
from . import codes, perplexity

UP, DOWN = 20, 12
"""Bases shown before the first base of the start codon, and from it on."""


def held_out_genes(genome, *, flank=UP + DOWN):
    """Genes that lie in the test part with their flanks, less than a tenth of them duplicates.

    Parameters
    ----------
    genome : Genome
    flank : int
        Bases to each side.

    Returns
    -------
    list of rows of ``genome.genes``
    """
    test, fresh, out = genome.inside("test"), genome.fresh, []
    for gene in genome.genes.itertuples():
        low, high = gene.pieces[0][0] - flank, gene.pieces[-1][1] + flank
        if low >= 0 and high <= len(test) and test[low:high].all() and fresh[low:high].mean() > 0.9:
            out.append(gene)
    if not out:
        raise BadInput(
            f"genome '{genome.spec.name}' has no gene in its held-out part; it needs features."
        )
    return out


def around_starts(genome, table, *, up=UP, down=DOWN):
    """Bases and a model's probabilities around the starts of test genes, along their strands.

    Parameters
    ----------
    genome : Genome
    table : ndarray of shape (n_bases, 4)
        Natural-log probabilities of every base of the genome.
    up, down : int
        Bases before the start codon, and from its first base on.

    Returns
    -------
    bases : ndarray of shape (n_genes, up + down)
        Codes.
    p : ndarray of shape (n_genes, up + down, 4)
        Probabilities.
    """
    bases, p = [], []
    for gene in held_out_genes(genome, flank=up + down):
        way = -1 if gene.strand == "-" else 1
        first = gene.pieces[-1][1] - 1 if way < 0 else gene.pieces[0][0]
        at = first + way * np.arange(-up, down)
        bases.append(3 - np.minimum(genome.codes[at], 3) if way < 0 else genome.codes[at])
        p.append(np.exp(table[at])[:, ::way])
    return np.array(bases), np.array(p)


def heights(share, background):
    """Heights of a logo's letters: share times relative entropy of the position.

    Parameters
    ----------
    share, background : ndarray of shape (L, 4) and (4,)
        Share of each base at each position, and on the whole.

    Returns
    -------
    ndarray of shape (L, 4)
        Bits.
    """
    share = np.maximum(share, 1e-9)
    return share * (share * np.log2(share / background)).sum(1, keepdims=True)


def start_logo(genome, table):
    """Logos around the starts of test genes, of the genome and as a model expects them.

    Parameters
    ----------
    genome : Genome
    table : ndarray of shape (n_bases, 4)
        Natural-log probabilities.

    Returns
    -------
    logo : DataFrame
        ``place`` (0: first base of the start codon), ``base, genome, model`` (bits).
    agreement : DataFrame
        ``stretch, r`` (Pearson's, of heights), ``low, high`` (95 %, over genes), ``genes``.
    """
    bases, p = around_starts(genome, table)
    count = np.bincount(genome.codes, minlength=5)[: codes.N]
    background = (count + count[::-1]) / count.sum() / 2
    real, place = np.eye(4)[np.minimum(bases, 3)], np.arange(-UP, DOWN)
    stretches = {
        "upstream (−15 to −4)": (place >= -15) & (place <= -4),
        "start codon": (place >= 0) & (place < 3),
        "all": np.ones(len(place), bool),
    }

    def agreement(rows):
        a, b = (heights(share[rows].mean(0), background) for share in (real, p))
        return [float(np.corrcoef(a[m].ravel(), b[m].ravel())[0, 1]) for m in stretches.values()]

    rng = np.random.default_rng(0)
    drawn = np.array([agreement(rng.integers(0, len(p), len(p))) for _ in range(200)])
    low, high = np.quantile(drawn, (0.025, 0.975), axis=0)
    columns = {"stretch": list(stretches), "r": agreement(slice(None)), "low": low, "high": high}
    logo = {
        "place": np.repeat(place, 4),
        "base": list("ACGT") * len(place),
        "genome": heights(real.mean(0), background).ravel(),
        "model": heights(p.mean(0), background).ravel(),
    }
    return pd.DataFrame(logo), pd.DataFrame(columns | {"genes": len(p)})


def codon_positions(genome, table, *, model):
    """How certain a model is at each codon position of test genes.

    Parameters
    ----------
    genome : Genome
    table : ndarray of shape (n_bases, 4)
        Natural-log probabilities.
    model : str

    Returns
    -------
    DataFrame
        ``model, position, top`` (mean probability of the likeliest base), ``truth`` (of the base
        that stands there), ``bits, bases``.
    """
    at = [np.flatnonzero(genome.fresh & (genome.position == i)) for i in (1, 2, 3)]
    return _certainty(model, [(np.exp(table[i]), np.minimum(genome.codes[i], 3)) for i in at])


def codon_usage_positions(genome):
    """DataFrame of ``codon_positions``, of a codon-usage table that reads its codon's others."""
    usage = genome.codon_usage().reshape(4, 4, 4)
    codon = genome.codons(held_out_genes(genome)).astype(int)
    by_position = []
    for i in range(3):
        share = np.moveaxis(usage / usage.sum(i, keepdims=True), i, 2)
        by_position.append((share[tuple(np.delete(codon, i, 1).T)], codon[:, i]))
    return _certainty("codon-usage", by_position)


def _certainty(model, by_position):
    rows = []
    for i, (p, base) in enumerate(by_position, start=1):
        truth = p[np.arange(len(p)), base]
        rows.append((model, i, p.max(1).mean(), truth.mean(), -np.log2(truth).mean(), len(p)))
    return pd.DataFrame(rows, columns=["model", "position", "top", "truth", "bits", "bases"])


def write_tables(genome, model, out):
    """Logos and codon positions of a model on the test part of a genome, as CSV files.

    Parameters
    ----------
    genome : Genome
    model : Nucleotides
    out : Path

    Returns
    -------
    list of Path
    """
    table = perplexity.genome_track(genome, model)
    logo, agreement = start_logo(genome, table)
    codon = [codon_positions(genome, table, model=model.name), codon_usage_positions(genome)]
    frames = {"logo": logo, "logo_agreement": agreement, "codon": pd.concat(codon)}
    paths = {out / f"{stem}.csv": frame for stem, frame in frames.items()}
    for path, frame in paths.items():
        results.write_csv(frame.round(5), path)
    return list(paths)
