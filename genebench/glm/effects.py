"""Single-base changes with a measured or certain effect: the tasks of the zero-shot comparison.

Every task is a set of changes of a reference sequence, a label each, and the cluster (exon, gene, element) within which
changes are no independent draws. A change whose reference base is not the sequence's is an error, never scored.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
import scipy

from ..core import specs
from ..core.errors import BadInput, unknown
from ..data import sources
from ..data.readers import numbers
from . import codes, genomes

GROUP = "variant effects"
FEWEST_TAGS = 10
"""Barcodes that a change must have in the reporter assay, as its authors advise."""
GENES = 300
"""Held-out genes of a genome, drawn by the seed, whose changes are scored."""


@dataclass(frozen=True, eq=False)
class Effects:
    """One task. ``sequence``: (L,) codes. ``at, ref, alt``: index and codes of each change, (n,). ``label``: 1 for the
    harmful (binary), or a size of effect (regression), (n,). ``cluster``: (n,) text. ``beside``: columns that baselines
    read: ``codon_ref, codon_alt`` (0 to 63, −1 outside codons), ``phylop``."""

    name: str
    title: str
    kind: str
    species: str
    sequence: np.ndarray
    at: np.ndarray
    ref: np.ndarray
    alt: np.ndarray
    label: np.ndarray
    cluster: np.ndarray
    words: str
    beside: pd.DataFrame = field(default_factory=pd.DataFrame)

    def __post_init__(self) -> None:
        wrong = np.flatnonzero(self.sequence[self.at] != self.ref)
        if len(wrong):
            raise BadInput(
                f"task '{self.name}': {len(wrong)} changes have another reference base than the sequence, first at "
                f"index {self.at[wrong[0]]}; the table and the sequence do not belong together."
            )

    def __len__(self) -> int:
        return len(self.at)


def _code(letters: pd.Series) -> np.ndarray:
    return codes.encode("".join(letters))


_BRCA1 = {
    "brca1/function": (
        "BRCA1: loss of function",
        "function_class",
        {"LOF": 1, "FUNC": 0},
        None,
        "Variants that lose function in saturation genome editing against those that keep it; "
        "intermediate ones are left out.",
    ),
    "brca1/function-missense": (
        "BRCA1: loss of function, missense",
        "function_class",
        {"LOF": 1, "FUNC": 0},
        "Missense",
        "The same, amino-acid changes alone.",
    ),
    "brca1/function-noncoding": (
        "BRCA1: loss of function, splice and non-coding",
        "function_class",
        {"LOF": 1, "FUNC": 0},
        "Splice region|Canonical splice|Intronic|5' UTR",
        "The same, changes around exons alone.",
    ),
    "brca1/clinvar": (
        "BRCA1: ClinVar",
        "clinvar_simple",
        {"Pathogenic": 1, "Likely pathogenic": 1, "Benign": 0, "Likely benign": 0},
        None,
        "Pathogenic or likely so against benign or likely so (ClinVar as of 2018).",
    ),
}


def brca1() -> list[Effects]:
    """Saturation genome editing of BRCA1: function classes and ClinVar, clustered by exon (experiment)."""
    source = specs.source("brca1_sge")
    rows = sources.table(source, "variants")
    sequence = codes.encode(sources.table(source, "region").sequence.iloc[0])
    out = []
    for name, (title, column, labels, only, words) in _BRCA1.items():
        part = rows[rows[column].isin(list(labels))]
        part = part if only is None else part[part.consequence.str.fullmatch(only)]
        beside = pd.DataFrame(
            {
                "phylop": numbers(part.phylop_mammalian).to_numpy(),
                "aa_ref": part.aa_ref.to_numpy(),
                "aa_alt": part.aa_alt.to_numpy(),
            }
        )
        out.append(
            Effects(
                name,
                title,
                "binary",
                "human",
                sequence,
                part.region_index.astype(int).to_numpy() - 1,
                _code(part.ref),
                _code(part.alt),
                part[column].map(labels).to_numpy(),
                part.experiment.to_numpy(str),
                words,
                beside,
            )
        )
    return out


def mpra() -> list[Effects]:
    """Saturation mutagenesis of regulatory elements: size of the effect of each substitution, one task an element.

    Of elements measured more than once (other cells, libraries, orientations) each is a task of its own and named so.
    """
    source = specs.source("mpra_saturation")
    rows = sources.table(source, "variants")
    held = sources.table(source, "elements").set_index("id").sequence
    rows = rows[
        (rows.alt != "-") & (rows.tags.astype(int) >= FEWEST_TAGS) & rows.ref.isin(list("ACGT"))
    ]
    out = []
    for element, part in rows.groupby("element", sort=True):
        at = part.element_index.astype(int).to_numpy() - 1
        out.append(
            Effects(
                f"mpra/{element.lower().replace('.', '-')}",
                f"{element} ({part.kind.iloc[0]})",
                "regression",
                "human",
                codes.encode(held[element]),
                at,
                _code(part.ref),
                _code(part.alt),
                part.effect.astype(float).abs().to_numpy(),
                np.array([f"{element}:{i // 10}" for i in at]),
                "Size of the effect on expression (absolute log2) of each substitution in a reporter assay.",
            )
        )
    return out


def tuberculosis() -> list[Effects]:
    """Substitutions enriched in resistant isolates against those that are not, by drug; clusters: 30 bases.

    Enriched: carriers are resistant more often than the other isolates by Fisher's exact test, at 5 % after Bonferroni.
    Not enriched: p above 0.05 and at least two susceptible carriers.
    """
    source = specs.source("tb_variants")
    rows = sources.table(source, "variants")
    genome = genomes.load("mtb")
    rows = rows[(rows.type == "snv")].copy()
    number = ["pos", "n_resistant", "n_susceptible", "n_total_resistant", "n_total_susceptible"]
    rows[number] = rows[number].astype(int)
    out = []
    for drug, part in rows.groupby("drug", sort=True):
        p = np.array([_enrichment(r) for r in part.itertuples()])
        label = np.where(
            p < 0.05 / len(part), 1, np.where((p > 0.05) & (part.n_susceptible >= 2), 0, -1)
        )
        part, label = part[label >= 0], label[label >= 0]
        out.append(
            Effects(
                f"tb/{drug.lower()}",
                f"TB resistance: {drug}",
                "binary",
                "mtb",
                genome.codes,
                part.pos.to_numpy() - 1,
                _code(part.ref),
                _code(part.alt),
                label,
                (part.pos // 30).astype(str).to_numpy(str),
                "Substitutions in the regions of resistance that resistant isolates carry more often than others "
                "(Fisher's exact test, 5 % after Bonferroni) against those that susceptible ones carry as often.",
            )
        )
    return out


def _enrichment(row) -> float:
    others = (row.n_total_resistant - row.n_resistant, row.n_total_susceptible - row.n_susceptible)
    return scipy.stats.fisher_exact(
        [[row.n_resistant, row.n_susceptible], list(others)], alternative="greater"
    ).pvalue


AMINO = "KNKNTTTTRSRSIIMIQHQHPPPPRRRRLLLLEDEDAAAAGGGGVVVV*Y*YSSSS*CWCLFLF"
"""Amino acid of each codon in the order of base 4 numbers (AAA, AAC, …, TTT), standard and bacterial code."""
CONSEQUENCES = ("synonymous", "missense", "nonsense")


def changes(genome: genomes.Genome, *, part: str = "test") -> pd.DataFrame:
    """Every single-base change of the intact coding genes that lie in one part of a genome.

    Columns: ``at, ref, alt`` (plus strand codes), ``consequence`` (its number), ``codon_ref, codon_alt``,
    ``place`` (share of the gene that lies before it), ``gene``. Start and stop codons are left out.
    """
    inside = genome.part == genomes.PARTS.index(part)
    kind = np.frombuffer(AMINO.encode(), dtype=np.uint8)
    found = []
    for gene in genome.genes.itertuples():
        if not all(inside[a:b].all() for a, b in gene.pieces):
            continue
        bases = genomes.coding(genome, gene)
        if len(bases) % 3 or len(bases) < 90 or bases.max() > 3:
            continue
        at = np.concatenate([np.arange(a, b) for a, b in gene.pieces])
        at = at[::-1] if gene.strand == "-" else at
        codon = bases.reshape(-1, 3) @ np.array([16, 4, 1])
        if (kind[codon[:-1]] == ord("*")).any() or kind[codon[-1]] != ord("*"):
            continue
        where = np.arange(3, len(bases) - 3)
        for step in (1, 2, 3):
            new = (bases[where] + step) % 4
            weight = np.array([16, 4, 1])[where % 3]
            before = codon[where // 3]
            after = before + (new.astype(int) - bases[where]) * weight
            same, stop = kind[before] == kind[after], kind[after] == ord("*")
            flip = gene.strand == "-"
            found.append(
                pd.DataFrame(
                    {
                        "at": at[where],
                        "ref": 3 - bases[where] if flip else bases[where],
                        "alt": 3 - new if flip else new,
                        "consequence": np.where(same, 0, np.where(stop, 2, 1)),
                        "codon_ref": before,
                        "codon_alt": after,
                        "place": where / len(bases),
                        "gene": gene.gene,
                    }
                )
            )
    if not found:
        raise BadInput(
            f"genome '{genome.spec.name}' has no intact coding gene in its part '{part}'; it needs features."
        )
    return pd.concat(found, ignore_index=True)


def consequences(
    name: str, *, genes: int = GENES, most: int = 8000, seed: int = 0
) -> list[Effects]:
    """Nonsense, missense and synonymous changes of a genome's held-out genes, against each other; clustered by gene.

    Bases that training holds too (duplicates) are left out, as is the last tenth of a gene, where a stop does little.
    ``genes`` genes and of their changes ``most`` of each consequence are drawn by the seed.
    """
    genome = genomes.load(name)
    rows = changes(genome)
    rows = rows[~genome.duplicates()[rows["at"]] & (rows.place < 0.9)]
    rng = np.random.default_rng(seed)
    rows = rows[rows.gene.isin(rng.permutation(np.sort(rows.gene.unique()))[:genes])]
    drawn = {}
    for c in range(3):
        held = rows[rows.consequence == c]
        drawn[c] = held.iloc[np.sort(rng.permutation(len(held))[:most])]
    out = []
    for bad, good in ((2, 0), (2, 1), (1, 0)):
        part = pd.concat([drawn[good], drawn[bad]])
        title = f"{genome.spec.title}: {CONSEQUENCES[bad]} against {CONSEQUENCES[good]}"
        out.append(
            Effects(
                f"{name}/{CONSEQUENCES[bad]}-vs-{CONSEQUENCES[good]}",
                title,
                "binary",
                name,
                genome.codes,
                part["at"].to_numpy(),
                part.ref.to_numpy(np.uint8),
                part.alt.to_numpy(np.uint8),
                (part.consequence == bad).to_numpy(int),
                part.gene.to_numpy(str),
                "Single-base changes of held-out genes by what they do to the protein; no labels were measured.",
                part[["codon_ref", "codon_alt"]].reset_index(drop=True),
            )
        )
    return out


SETS: dict[str, Callable[[], list[Effects]]] = {
    "brca1": brca1,
    "mpra": mpra,
    "tb": tuberculosis,
    "ecoli": lambda: consequences("ecoli"),
    "yeast": lambda: consequences("yeast"),
}
"""Name of a set of tasks → how it is built."""


def load(name: str) -> list[Effects]:
    """The tasks of one set. Raises: BadInput: unknown set. sources.Missing: its files are not to be had."""
    if name not in SETS:
        raise unknown("set of variants", name, SETS)
    return SETS[name]()
