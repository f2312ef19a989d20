"""Single-base changes with a measured or certain effect: tasks of the zero-shot comparison."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd
import scipy

from genebench.core.errors import BadInput, unknown
from genebench.core.specs import SourceSpec
from genebench.data import sources as files
from genebench.data.readers import numbers
from genebench.glm import codes, genomes

GROUP = "variant effects"
FEWEST_TAGS = 10
"""Barcodes that a change must have in the reporter assay, as its authors advise."""
AMINO = "KNKNTTTTRSRSIIMIQHQHPPPPRRRRLLLLEDEDAAAAGGGGVVVV*Y*YSSSS*CWCLFLF"
"""Amino acid of each codon by its number (AAA, AAC, ..., TTT), standard and bacterial code."""
CONSEQUENCES = ("synonymous", "missense", "nonsense")


@dataclass(frozen=True, eq=False)
class Effects:
    """A task: changes of a reference sequence with a label each.

    Attributes
    ----------
    name : str
    kind : {"binary", "regression"}
    sequence : ndarray of uint8, (L,)
    at, ref, alt : ndarray of int, (n,)
        Index (0-based) of each change, codes of its two bases.
    label : ndarray, (n,)
        1 for the harmful and 0 else, or a size of effect.
    cluster : ndarray of str, (n,)
        Exon, gene or element, within which changes are no independent draws.
    beside : DataFrame, n rows
        What baselines read: ``codon_ref, codon_alt`` (0 to 63), ``aa_ref, aa_alt``, ``phylop``.
    genome : Genome, optional
        Genome that the sequence is; None: human.
    stratum : ndarray of int, (n,), optional
        Changes are compared within it alone; None: with all.

    Raises
    ------
    BadInput
        A reference base that is not the sequence's.
    """

    name: str
    kind: str
    sequence: np.ndarray
    at: np.ndarray
    ref: np.ndarray
    alt: np.ndarray
    label: np.ndarray
    cluster: np.ndarray
    beside: pd.DataFrame = field(default_factory=pd.DataFrame)
    genome: genomes.Genome | None = None
    stratum: np.ndarray | None = None

    def __post_init__(self) -> None:
        wrong = np.flatnonzero(self.sequence[self.at] != self.ref)
        if len(wrong):
            raise BadInput(
                f"task '{self.name}': {len(wrong)} changes have another reference base than the "
                f"sequence, first at index {self.at[wrong[0]]}; the table and the sequence do not "
                "belong together."
            )

    def __len__(self) -> int:
        return len(self.at)


def _bases(rows: pd.DataFrame) -> dict[str, np.ndarray]:
    return {name: codes.encode("".join(rows[name])) for name in ("ref", "alt")}


_FUNCTION = ("function_class", {"LOF": 1, "FUNC": 0})
PATHOGENIC = {"Pathogenic": 1, "Likely pathogenic": 1, "Benign": 0, "Likely benign": 0}
_NONCODING = "Splice region|Canonical splice|Intronic|5' UTR"
_BRCA1 = {
    "function": (*_FUNCTION, ".*"),
    "function-missense": (*_FUNCTION, "Missense"),
    "function-noncoding": (*_FUNCTION, _NONCODING),
    "clinvar": ("clinvar_simple", PATHOGENIC, ".*"),
}
"""Task -> column of labels, what counts as 1 and 0 in it, consequences that are taken."""


def brca1(sources: Mapping[str, SourceSpec]) -> list[Effects]:
    """Saturation genome editing of BRCA1: function classes and ClinVar (as of 2018).

    Parameters
    ----------
    sources : mapping of str to SourceSpec

    Returns
    -------
    list of Effects
        Binary; clustered by exon (experiment); intermediate classes are left out.
    """
    rows = files.table(sources["brca1_sge"], "variants")
    region = files.table(sources["brca1_sge"], "region")
    sequence = codes.encode(region.sequence.iloc[0])
    out = []
    for name, (column, labels, consequence) in _BRCA1.items():
        part = rows[
            rows[column].isin(list(labels)) & rows.consequence.str.fullmatch(consequence)
        ].reset_index(drop=True)
        beside = part[["aa_ref", "aa_alt"]].assign(phylop=numbers(part.phylop_mammalian))
        out.append(
            Effects(
                f"brca1/{name}",
                "binary",
                sequence,
                part.region_index.astype(int).to_numpy() - 1,
                **_bases(part),
                label=part[column].map(labels).to_numpy(),
                cluster=part.experiment.to_numpy(str),
                beside=beside,
            )
        )
    return out


def mpra(sources: Mapping[str, SourceSpec]) -> list[Effects]:
    """Saturation mutagenesis of regulatory elements in a reporter assay.

    Parameters
    ----------
    sources : mapping of str to SourceSpec

    Returns
    -------
    list of Effects
        Regression of the absolute log2 effect on expression, one task an element and experiment;
        clusters are stretches of ten bases.
    """
    rows = files.table(sources["mpra_saturation"], "variants")
    elements = files.table(sources["mpra_saturation"], "elements").set_index("id").sequence
    enough = rows.tags.astype(int) >= FEWEST_TAGS
    rows = rows[(rows.alt != "-") & enough & rows.ref.isin(list("ACGT"))]
    out = []
    for element, part in rows.groupby("element", sort=True):
        at = part.element_index.astype(int).to_numpy() - 1
        out.append(
            Effects(
                f"mpra/{element.lower().replace('.', '-')}",
                "regression",
                codes.encode(elements[element]),
                at,
                **_bases(part),
                label=part.effect.astype(float).abs().to_numpy(),
                cluster=np.array([f"{element}:{i // 10}" for i in at]),
            )
        )
    return out


def tuberculosis(sources: Mapping[str, SourceSpec]) -> list[Effects]:
    """Substitutions enriched in resistant isolates against those that are not, by drug.

    Enriched: carriers are resistant more often than other isolates (Fisher's exact test, 5 % after
    Bonferroni). Not enriched: p above 0.05 and two or more susceptible carriers.

    Parameters
    ----------
    sources : mapping of str to SourceSpec

    Returns
    -------
    list of Effects
        Binary; clusters are stretches of 30 bases.
    """
    rows = files.table(sources["tb_variants"], "variants")
    genome = genomes.load("mtb", sources)
    counts = ["n_resistant", "n_susceptible", "n_total_resistant", "n_total_susceptible"]
    rows = rows[rows.type == "snv"].astype(dict.fromkeys(["pos", *counts], int))
    out = []
    for drug, part in rows.groupby("drug", sort=True):
        p = np.array([_enrichment(*row) for row in part[counts].itertuples(index=False)])
        enriched, even = p < 0.05 / len(part), (p > 0.05) & (part.n_susceptible >= 2)
        label = enriched[enriched | even].astype(int)
        part = part[enriched | even]
        out.append(
            Effects(
                f"tb/{drug.lower()}",
                "binary",
                genome.codes,
                part.pos.to_numpy() - 1,
                **_bases(part),
                label=label,
                cluster=(part.pos // 30).astype(str).to_numpy(str),
                genome=genome,
            )
        )
    return out


def _enrichment(resistant: int, susceptible: int, all_resistant: int, all_susceptible: int):
    others = [all_resistant - resistant, all_susceptible - susceptible]
    table = [[resistant, susceptible], others]
    return scipy.stats.fisher_exact(table, alternative="greater").pvalue


def changes(genome: genomes.Genome, *, part: str = "test") -> pd.DataFrame:
    """Every single-base change of the intact coding genes of one part of a genome.

    Parameters
    ----------
    genome : Genome
    part : str
        One of ``genomes.PARTS``.

    Returns
    -------
    DataFrame
        ``at, ref, alt`` (codes of the plus strand), ``consequence`` (its number), ``codon_ref,
        codon_alt``, ``place`` (share of the gene before it), ``gene``; without start and stop
        codons.

    Raises
    ------
    BadInput
        The part has no intact gene.
    """
    inside, amino = genome.inside(part), np.array(list(AMINO))
    out = []
    for gene in genome.genes.itertuples():
        if not all(inside[a:b].all() for a, b in gene.pieces):
            continue
        bases = genome.coding(gene)
        if len(bases) % 3 or len(bases) < 90 or bases.max() > 3:
            continue
        codon = bases.reshape(-1, 3) @ genomes.CODON
        if (amino[codon[:-1]] == "*").any() or amino[codon[-1]] != "*":
            continue
        reverse = gene.strand == "-"
        at = np.concatenate([np.arange(a, b) for a, b in gene.pieces])[:: -1 if reverse else 1]
        where = np.arange(3, len(bases) - 3)
        old, before = bases[where], codon[where // 3]
        for step in (1, 2, 3):
            new = (old + step) % 4
            after = before + (new.astype(int) - old) * genomes.CODON[where % 3]
            kinds = [amino[before] == amino[after], amino[after] == "*"]
            table = {
                "at": at[where],
                "ref": 3 - old if reverse else old,
                "alt": 3 - new if reverse else new,
                "consequence": np.select(kinds, [0, 2], 1),
                "codon_ref": before,
                "codon_alt": after,
                "place": where / len(bases),
                "gene": gene.gene,
            }
            out.append(pd.DataFrame(table))
    if not out:
        raise BadInput(
            f"genome '{genome.spec.name}' has no intact coding gene in its part '{part}'; "
            "it needs features."
        )
    return pd.concat(out, ignore_index=True)


def consequences(
    genome: genomes.Genome, *, genes: int = 300, most: int = 8000, seed: int = 0
) -> list[Effects]:
    """Nonsense, missense and synonymous changes of test genes, against each other.

    Duplicates of training sequence are left out, as is the last tenth of a gene, where a stop does
    little.

    Parameters
    ----------
    genome : Genome
    genes : int
        Held-out genes that are drawn.
    most : int
        Changes of each consequence that are drawn from them.
    seed : int

    Returns
    -------
    list of Effects
        Three binary tasks, clustered by gene; no labels were measured. Then those against
        synonymous changes ``matched``.
    """
    rows = changes(genome)
    rows = rows[~genome.duplicates[rows["at"]] & (rows.place < 0.9)]
    rng = np.random.default_rng(seed)
    rows = rows[rows.gene.isin(rng.permutation(np.sort(rows.gene.unique()))[:genes])]
    by_kind = [rows[rows.consequence == c] for c in range(3)]
    drawn = [part.iloc[np.sort(rng.permutation(len(part))[:most])] for part in by_kind]
    out = []
    for bad, good in ((2, 0), (2, 1), (1, 0)):
        part = pd.concat([drawn[good], drawn[bad]])
        out.append(
            Effects(
                f"{genome.spec.name}/{CONSEQUENCES[bad]}-vs-{CONSEQUENCES[good]}",
                "binary",
                genome.codes,
                part["at"].to_numpy(),
                part.ref.to_numpy(np.uint8),
                part.alt.to_numpy(np.uint8),
                (part.consequence == bad).to_numpy(int),
                part.gene.to_numpy(str),
                part[["codon_ref", "codon_alt"]].reset_index(drop=True),
                genome,
            )
        )
    return [*out, *(matched(task) for task in (out[0], out[2]))]


def changed_position(task: Effects) -> np.ndarray:
    """Position of the codon that each change alters, (n,) int, 0 to 2."""
    differ = (task.beside.codon_ref ^ task.beside.codon_alt).to_numpy()
    return 2 - (differ >= 4) - (differ >= 16)


def matched(task: Effects) -> Effects:
    """The same changes, compared within position of the codon and transition or transversion."""
    stratum = 2 * changed_position(task) + ((task.ref ^ task.alt) == 2)
    return replace(task, name=f"{task.name}-matched", stratum=stratum)


SETS: dict[str, Callable[[Mapping[str, SourceSpec]], list[Effects]]] = {
    "brca1": brca1,
    "mpra": mpra,
    "tb": tuberculosis,
    "ecoli": lambda sources: consequences(genomes.load("ecoli", sources)),
    "yeast": lambda sources: consequences(genomes.load("yeast", sources)),
}
"""Name of a set of tasks -> how it is built."""


def load(name: str, sources: Mapping[str, SourceSpec]) -> list[Effects]:
    """Build the tasks of one set.

    Parameters
    ----------
    name : str
        One of ``SETS``.
    sources : mapping of str to SourceSpec
        Declared sources by id.

    Returns
    -------
    list of Effects

    Raises
    ------
    BadInput
        Unknown set.
    sources.Missing
        A file that cannot be had.
    """
    if name not in SETS:
        raise unknown("set of variants", name, SETS)
    return SETS[name](sources)
