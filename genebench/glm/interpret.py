"""What a model has understood of a genome: starts of genes, codon positions, folded RNA, recurring motifs."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from ..core.errors import BadInput
from . import codes, genomes, motifs
from .genomes import PARTS, Genome

UP, DOWN = 20, 12
"""Bases shown before the first base of the start codon, and from it on."""


def held_out_genes(genome: Genome, *, duplicate: np.ndarray, flank: int = UP + DOWN) -> list:
    """Rows of ``genes`` that lie in the test part with ``flank`` bases to each side, and are not mostly duplicates."""
    inside = (genome.part == PARTS.index("test")) & ~duplicate
    out = []
    for gene in genome.genes.itertuples():
        a, b = gene.pieces[0][0], gene.pieces[-1][1]
        low, high = a - flank, b + flank
        tested = (
            low >= 0
            and high <= len(genome.codes)
            and (genome.part[low:high] == PARTS.index("test")).all()
        )
        if tested and inside[low:high].mean() > 0.9:
            out.append(gene)
    if not out:
        raise BadInput(
            f"genome '{genome.spec.name}' has no gene in its held-out part; it needs features."
        )
    return out


def around(
    genome: Genome,
    genes: list,
    table: np.ndarray,
    *,
    up: int = UP,
    down: int = DOWN,
    end: str = "start",
):
    """Bases and a model's probabilities around the starts of genes, along their strands: (n, L) and (n, L, 4).

    Args: table: log-probabilities of every base of the genome, (n_bases, 4). end: "start" (of the coding sequence), or
    "before": the ``up`` bases before it alone.
    """
    bases, given = [], []
    for gene in genes:
        if gene.strand == "-":
            at = np.arange(gene.pieces[-1][1] - 1 + up, gene.pieces[-1][1] - 1 - down, -1)
        else:
            at = np.arange(gene.pieces[0][0] - up, gene.pieces[0][0] + down)
        p = np.exp(table[at])
        bases.append(
            3 - np.minimum(genome.codes[at], 3) if gene.strand == "-" else genome.codes[at]
        )
        given.append(p[:, ::-1] if gene.strand == "-" else p)
    length = up if end == "before" else up + down
    return np.array(bases)[:, :length], np.array(given)[:, :length]


def heights(share: np.ndarray, background: np.ndarray) -> np.ndarray:
    """Letters' heights of a logo in bits, (L, 4): each base's share times the information of its position.

    Information against the background (relative entropy), so that a base as frequent as elsewhere has none.
    """
    held = np.maximum(share, 1e-9)
    return held * (held * np.log2(held / background)).sum(1, keepdims=True)


def start_logo(
    genome: Genome, table: np.ndarray, duplicate: np.ndarray
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Logos around the starts of held-out genes: as the genome has them, and as the model expects them.

    Returns: heights, one row a place and base (``place, base, genome, model``; place 0 is the first base of the start
    codon); and agreement, one row a stretch: ``stretch, r`` (Pearson's, of heights), ``low, high`` (95 %, over genes).
    """
    genes = held_out_genes(genome, duplicate=duplicate)
    bases, given = around(genome, genes, table)
    known = genome.codes[genome.codes < codes.N]
    background = np.bincount(np.concatenate([known, 3 - known]), minlength=4) / len(known) / 2
    real = np.eye(4)[np.minimum(bases, 3)]
    place = np.arange(-UP, DOWN)
    upstream, start = (place >= -15) & (place <= -4), (place >= 0) & (place < 3)
    stretches = {
        "upstream (−15 to −4)": upstream,
        "start codon": start,
        "all": np.ones(len(place), bool),
    }

    def agreement(rows: np.ndarray) -> list[float]:
        a, b = heights(real[rows].mean(0), background), heights(given[rows].mean(0), background)
        return [float(np.corrcoef(a[m].ravel(), b[m].ravel())[0, 1]) for m in stretches.values()]

    rng = np.random.default_rng(0)
    drawn = np.array([agreement(rng.integers(0, len(genes), len(genes))) for _ in range(200)])
    told = pd.DataFrame({"stretch": list(stretches), "r": agreement(np.arange(len(genes)))})
    told["low"], told["high"] = np.quantile(drawn, (0.025, 0.975), axis=0)
    told["genes"] = len(genes)
    shown = pd.DataFrame(
        {
            "place": np.repeat(place, 4),
            "base": list("ACGT") * len(place),
            "genome": heights(real.mean(0), background).ravel(),
            "model": heights(given.mean(0), background).ravel(),
        }
    )
    return shown, told


def codon_positions(
    genome: Genome, table: np.ndarray, duplicate: np.ndarray, *, model: str
) -> pd.DataFrame:
    """How sure a model is at each codon position of held-out genes: ``position, top, truth, bits, bases``.

    ``top``: mean probability of its likeliest base; ``truth``: of the base that stands there.
    """
    rows = []
    for position in (1, 2, 3):
        at = np.flatnonzero(
            (genome.part == PARTS.index("test")) & ~duplicate & (genome.position == position)
        )
        p = np.exp(table[at])
        truth = p[np.arange(len(at)), np.minimum(genome.codes[at], 3)]
        rows.append(
            (model, position, p.max(1).mean(), truth.mean(), -np.log2(truth).mean(), len(at))
        )
    return pd.DataFrame(rows, columns=["model", "position", "top", "truth", "bits", "bases"])


def codon_usage_positions(genome: Genome, duplicate: np.ndarray) -> pd.DataFrame:
    """``codon_positions`` of a table of codons that is told gene and frame: a base given the other two of its codon."""
    from .zero_shot import _usage

    usage = _usage(genome.spec.name).reshape(4, 4, 4)
    genes = held_out_genes(genome, duplicate=duplicate)
    held = [genomes.coding(genome, g) for g in genes]
    codon = np.concatenate(
        [s.reshape(-1, 3) for s in held if len(s) % 3 == 0 and s.max() < 4]
    ).astype(int)
    rows = []
    for position in (0, 1, 2):
        given = usage / usage.sum(position, keepdims=True)
        others = [codon[:, i] for i in range(3)]
        p = np.stack(
            [
                given[
                    tuple(np.full(len(codon), b) if i == position else others[i] for i in range(3))
                ]
                for b in range(4)
            ],
            axis=1,
        )
        truth = p[np.arange(len(codon)), codon[:, position]]
        rows.append(
            (
                "codon-usage",
                position + 1,
                p.max(1).mean(),
                truth.mean(),
                -np.log2(truth).mean(),
                len(codon),
            )
        )
    return pd.DataFrame(rows, columns=["model", "position", "top", "truth", "bits", "bases"])


def folded(genome: Genome, model, duplicate: np.ndarray, *, window: int = 512, most: int = 12):
    """Dependency maps of held-out transfer RNA genes, and whether they show the pairs of the acceptor stem.

    A transfer RNA's first seven bases pair with the seven before its last one (of a gene that ends in CCA: before the
    last four). Returns: the map of the first gene, (n, n); one row a gene: ``gene, auroc, top`` (pairs of the stem
    against all others four or more apart; share of the stem's pairs in the highest per cent).
    """
    from ..stats import metrics
    from .perplexity import dependency_map

    runs = _rna(genome, duplicate, lengths=(70, 95))
    rows, first = [], None
    for a, b in runs[:most]:
        start = max(0, min(len(genome.codes) - window, (a + b) // 2 - window // 2))
        held = genome.codes[start : start + window]
        found = dependency_map(model, held, a - start, b - start)
        found = (found + found.T) / 2
        first = found if first is None else first
        n, stem = b - a, np.zeros((b - a, b - a), dtype=int)
        letters = codes.decode(held[a - start : b - start])
        if genome.strand[a] < 0:
            letters = codes.decode(codes.reverse_complement(held[a - start : b - start]))
        last = n - 5 if letters.endswith("CCA") else n - 2
        for i in range(7):
            x, y = i, last - i
            if genome.strand[a] < 0:
                x, y = n - 1 - i, n - 1 - y
            stem[min(x, y), max(x, y)] = 1
        i, j = np.triu_indices(n, k=4)
        truth, value = stem[i, j], found[i, j]
        auroc = float(metrics.areas(truth[:, None], value[:, None])[0][0])
        top = float((value[truth == 1] >= np.quantile(value, 0.99)).mean())
        rows.append((f"{a}-{b}", auroc, top))
    if first is None:
        raise BadInput(
            f"genome '{genome.spec.name}' has no transfer RNA gene in its held-out part."
        )
    return first, pd.DataFrame(rows, columns=["gene", "auroc", "top"])


def _rna(
    genome: Genome, duplicate: np.ndarray, *, lengths: tuple[int, int]
) -> list[tuple[int, int]]:
    """Runs of bases of RNA genes of a length in the held-out part, duplicates last."""
    inside = (genome.region == genomes.REGIONS.index("RNA gene")) & (
        genome.part == PARTS.index("test")
    )
    edge = np.flatnonzero(np.diff(inside, prepend=False, append=False)).reshape(-1, 2)
    held = [(int(a), int(b)) for a, b in edge if lengths[0] <= b - a <= lengths[1]]
    return sorted(held, key=lambda run: duplicate[run[0] : run[1]].mean())


SHUFFLES = 50
"""Times that a found motif's columns are shuffled, to know how well a profile is matched by chance."""


def discovered(
    genome: Genome, table: np.ndarray, duplicate: np.ndarray, *, tax_id: str, upstream: int = 400
):
    """Motifs that recur in what a model expects upstream of held-out genes, by TF-MoDISco (Shrikumar et al. 2018).

    A base's worth is its log-probability less the mean over the four, so that what the model is sure of stands out.
    Returns: one row a motif, the commonest first: ``motif, sites, width, consensus, match, r`` (the nearest JASPAR
    profile of the species and its correlation) and ``chance`` (what the motif's shuffled columns reach with their own
    nearest profile in one case of twenty); and their letters: ``motif, of`` (found or match), ``position, A, C, G, T``.
    Raises: BadInput: modisco-lite is not installed.
    """
    try:
        import modiscolite
    except ImportError:
        raise BadInput(
            "motif discovery needs the package modisco-lite; run 'pip install modisco-lite'."
        ) from None
    genes = held_out_genes(genome, duplicate=duplicate, flank=upstream)
    bases, given = around(genome, genes, table, up=upstream, down=0)
    log = np.log(np.maximum(given, 1e-6))
    worth = log - log.mean(2, keepdims=True)
    hot = np.eye(4)[np.minimum(bases, 3)]
    found, _ = modiscolite.tfmodisco.TFMoDISco(
        one_hot=hot.astype("float32"),
        hypothetical_contribs=(worth * 0.1).astype("float32"),
        sliding_window_size=15,
        flank_size=5,
        max_seqlets_per_metacluster=2000,
        n_leiden_runs=2,
    )
    held = [(_trimmed(np.asarray(p.sequence, dtype=float)), len(p.seqlets)) for p in found or []]
    return named_motifs([(m, n) for m, n in held if len(m) >= 5], motifs.jaspar(tax_id=tax_id))


def named_motifs(found: list[tuple[np.ndarray, int]], profiles: dict[str, np.ndarray]):
    """The two tables of ``discovered`` from motifs ((width, 4) probabilities) with their numbers of sites."""
    rng, rows, letters = np.random.default_rng(0), [], []
    for i, (matrix, sites) in enumerate(sorted(found, key=lambda one: -one[1])):
        near, r = _nearest(matrix, profiles)
        shuffled = [
            _nearest(matrix[rng.permutation(len(matrix))], profiles)[1] for _ in range(SHUFFLES)
        ]
        consensus = "".join(
            "ACGT"[b] if p > 0.5 else "n" for b, p in zip(matrix.argmax(1), matrix.max(1))
        )
        name = f"motif {i + 1}"
        rows.append(
            (name, sites, len(matrix), consensus, near, r, float(np.quantile(shuffled, 0.95)))
        )
        letters += [(name, "found", j, *row) for j, row in enumerate(matrix)]
        if near:
            _, shift, is_turned = motifs.aligned(
                matrix, profiles[near], overlap=min(5, len(matrix))
            )
            match = motifs.turned(profiles[near]) if is_turned else profiles[near]
            letters += [(name, "match", j + shift, *row) for j, row in enumerate(match)]
    columns = ["motif", "sites", "width", "consensus", "match", "r", "chance"]
    return pd.DataFrame(rows, columns=columns), pd.DataFrame(
        letters, columns=["motif", "of", "position", *"ACGT"]
    )


def _trimmed(matrix: np.ndarray, least: float = 0.3) -> np.ndarray:
    """A motif without its uninformative ends."""
    matrix = (matrix + 0.0025) / 1.01
    told = np.flatnonzero(motifs.information(matrix) >= least)
    return matrix[told[0] : told[-1] + 1] if len(told) else matrix[:0]


def _nearest(matrix: np.ndarray, profiles: dict[str, np.ndarray]) -> tuple[str, float]:
    overlap = min(5, len(matrix))
    likeness = {
        name: motifs.likeness(matrix, p, overlap=overlap)
        for name, p in profiles.items()
        if len(p) >= overlap
    }
    best = max(likeness, key=likeness.get, default="")
    return best, likeness.get(best, np.nan)


def interpreted(name: str, model, out: Path) -> list[Path]:
    """Logos and codon positions of any model on the held-out part of a genome, as tables in a folder."""
    import pandas as pd

    from ..benchmark import results
    from . import genomes, perplexity

    genome = genomes.load(name)
    duplicate = genome.duplicates()
    table = perplexity.genome_track(genome, model)
    shown, agreement = start_logo(genome, table, duplicate)
    codon = codon_positions(genome, table, duplicate, model=model.name)
    usage = codon_usage_positions(genome, duplicate)
    frames = {"logo": shown, "logo_agreement": agreement, "codon": pd.concat([codon, usage])}
    for stem, frame in frames.items():
        results.write_csv(frame.round(5), out / f"{stem}.csv")
    return [out / f"{stem}.csv" for stem in frames]
