"""Constraint against activity: splice-site predictors on variants whose effect is known.

SpliceAI and OpenSpliceAI see the transcript alone, as their authors score variants; Pangolin sees
what lies around it, too.
"""

from __future__ import annotations

import itertools
import re
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd

from genebench.core import cache, paths
from genebench.core.specs import Declarations, ModelSpec
from genebench.data import sources as files
from genebench.data.readers import fasta_records, numbers
from genebench.glm import codes
from genebench.glm.tables import clinvar as benchmark
from genebench.models import weights
from genebench.stats import bootstrap, influences

from . import splice, zero_shot
from .effects import PATHOGENIC, Effects

VERSION = 1
PART = 300
"""Variants that are computed and cached together."""
SITES = "Canonical splice|Splice region"
AROUND, SILENT = f"{SITES}|Intronic|5' UTR", "Synonymous|Nonsense"
SCORED = {
    "spliceai": (AROUND, SILENT, "Missense"),
    "openspliceai": (AROUND,),
    "pangolin": (SITES, "Intronic|5' UTR"),
}
"""Predictor -> consequences of BRCA1 that it scores, one network of each group."""
PREDICTORS = tuple(SCORED)
_FUNCTION = {"LOF": 1, "FUNC": 0}
_PLACE = ["chrom", "pos", "ref", "alt"]
BRCA1 = {
    "all": ".*",
    "missense": "Missense",
    "synonymous": "Synonymous",
    "splice": AROUND.removesuffix("|5' UTR"),
    "splice-region": "Splice region",
    "intronic": "Intronic",
}
"""Task of BRCA1 -> consequences that are taken. No change of the 5' UTR lost function, and of the
canonical bases of splice sites and the stops nearly all did: they have no task of their own."""


@dataclass(frozen=True, eq=False)
class Gene:
    """A transcript on a sequence.

    Attributes
    ----------
    strand : {"+", "-"}
    first, last : int
        Its first and last base, counted from 0.
    acceptors, donors : ndarray of int
        First base of each exon but the first, and last base of each but the last, along the gene.
    """

    strand: str
    first: int
    last: int
    acceptors: np.ndarray
    donors: np.ndarray

    def alone(self, bases: np.ndarray) -> np.ndarray:
        """The sequence with N outside the transcript."""
        out = np.full_like(bases, codes.N)
        inside = slice(max(0, self.first), self.last + 1)
        out[inside] = bases[inside]
        return out


def gene(name: str, build: str, start: int, spec: ModelSpec) -> Gene:
    """Take a transcript from the annotation that SpliceAI's package carries (GENCODE V24).

    Parameters
    ----------
    name : str
    build : {"grch37", "grch38"}
    start : int
        Position (from 1) of the sequence's first base on its chromosome.
    spec : ModelSpec
        SpliceAI.

    Returns
    -------
    Gene
    """
    path = weights.verified(spec) / spec.files[build]
    row = pd.read_csv(path, sep="\t").set_index("#NAME").loc[name]
    # starts are written from 0, ends from 1
    low, high = (np.array(row[c].split(",")[:-1], int) for c in ("EXON_START", "EXON_END"))
    low, high = low + 1 - start, high - start
    sites = (low[1:], high[:-1]) if row.STRAND == "+" else (high[:-1], low[1:])
    return Gene(row.STRAND, row.TX_START + 1 - start, row.TX_END - start, *sites)


def deltas(
    model: ModelSpec,
    bases: np.ndarray,
    at: np.ndarray,
    alt: np.ndarray,
    where: Gene,
    *,
    most: int | None = 1,
) -> np.ndarray:
    """Delta scores of one predictor, cached.

    Parameters
    ----------
    model : ModelSpec
    bases : ndarray of uint8, (L,)
    at, alt : ndarray of int, (n,)
    where : Gene
    most : int, optional
        Networks of each group; None: all.

    Returns
    -------
    ndarray of float32, (n,)
    """
    sequence = bases if model.name == "pangolin" else where.alone(bases)
    recipe = {"version": VERSION, "weights": model.sha256, "most": most, "strand": where.strand}
    recipe["bases"], order = codes.decode(sequence), np.argsort(at, kind="stable")
    out = np.empty(len(at), dtype=np.float32)
    for rows in np.array_split(order, len(at) // PART + 1):
        key = cache.key(recipe | {"at": at[rows].tolist(), "alt": alt[rows].tolist()})
        path = paths.CACHE / "activity" / f"{key}.npy"
        if cache.state(path) != "ready":
            predictor = splice.load(model, most=most)
            moved = predictor.changes(sequence, at[rows], alt[rows], strand=where.strand)
            cache.store(path, {"key": key}, partial(_save, splice.delta(moved)))
        out[rows] = np.load(path, allow_pickle=False)
    return out


def _save(array: np.ndarray, path: Path) -> None:
    with path.open("wb") as file:
        np.save(file, array)


def nearness(at: np.ndarray, where: Gene) -> np.ndarray:
    """Minus the distance of bases to the nearest end of an exon at an intron, (n,)."""
    sites = np.concatenate([where.acceptors, where.donors])
    return -np.abs(at[:, None] - sites).min(axis=1).astype(float)


def brca1(declared: Declarations, predictors=PREDICTORS) -> tuple[list[Effects], pd.DataFrame]:
    """Loss of function in saturation genome editing of BRCA1, by consequence.

    Parameters
    ----------
    declared : Declarations
    predictors : sequence of str
        Each scores the consequences of ``SCORED``; elsewhere its column is NaN.

    Returns
    -------
    tasks : list of Effects
        Binary; clustered by exon; intermediate classes are left out.
    sizes : DataFrame
        ``set, consequence, variants, harmful, genes``.
    """
    source = declared.source("brca1_sge")
    rows = files.table(source, "variants")
    bases = codes.encode(files.table(source, "region").sequence.iloc[0])
    at = rows.region_index.astype(int).to_numpy() - 1
    start = int(rows.pos_hg19.iloc[0]) - at[0]
    where = gene("BRCA1", "grch37", start, declared.model("spliceai"))
    ref, alt = (codes.encode("".join(rows[c])) for c in ("ref", "alt"))
    beside = rows[["aa_ref", "aa_alt"]].assign(phylop=numbers(rows.phylop_mammalian))
    beside["exon-distance"] = nearness(at, where)
    for name in predictors:
        beside[name] = np.nan
        for one in SCORED[name]:
            part = rows.consequence.str.fullmatch(one).to_numpy()
            given = (bases, at[part], alt[part], where)
            beside.loc[part, name] = deltas(declared.model(name), *given)
    label = rows.function_class.map(_FUNCTION)
    known = label.notna()
    chosen = {name: known & rows.consequence.str.fullmatch(c) for name, c in BRCA1.items()}
    silent, stop = rows.consequence == "Synonymous", rows.consequence == "Nonsense"
    chosen["nonsense"] = (stop & (label == 1)) | (silent & (label == 0))
    columns = (at, ref, alt, label.to_numpy(), rows.experiment.to_numpy(str), beside)
    task = Effects("activity/brca1", "binary", bases, *columns)
    tasks = [_part(task, f"activity/brca1-{n}", np.flatnonzero(c)) for n, c in chosen.items()]
    part = rows[known].assign(set="measured", label=label, gene="BRCA1")
    return tasks, _sizes(part)


def _sizes(frame: pd.DataFrame) -> pd.DataFrame:
    """Variants, harmful ones and genes by set and consequence."""
    groups = frame.groupby(["set", "consequence"], sort=False)
    counts = {
        "variants": ("label", "size"),
        "harmful": ("label", "sum"),
        "genes": ("gene", "nunique"),
    }
    return groups.agg(**counts).astype(int).reset_index()


def exons(at: np.ndarray, where: Gene) -> np.ndarray:
    """Number the exons that bases lie in, or after along the sequence, (n,) int."""
    starts = where.acceptors if where.strand == "+" else where.donors
    return np.searchsorted(np.sort(starts), at, side="right")


FEWEST = 10
"""Variants of each class that a task of ClinVar's variants needs."""


def classified(declared: Declarations) -> pd.DataFrame:
    """Variants of ClinVar in nine genes, from three sources.

    Parameters
    ----------
    declared : Declarations

    Returns
    -------
    DataFrame
        ``set`` (missense: with AlphaMissense's scores; any: a sample of all consequences; exons: 13
        exons of BRCA1, labels of 2018), ``chrom, pos`` (GRCh38), ``ref, alt, label`` (1
        pathogenic), ``consequence, aa_ref, aa_alt``, ``alphamissense`` of the first, ``phylop``
        (over mammals) of bases of the last; NaN where a source has none.
    """
    rows = files.table(declared.source("clinvar_missense"), "variants")
    first = rows.variant_id.str.split("_", expand=True)[[0, 1, 2, 3]].set_axis(_PLACE, axis=1)
    first[["aa_ref", "aa_alt"]] = rows.protein_variant.str.extract(r":(\w)\d+(\w)$")
    first["label"], first["alphamissense"] = rows.label, numbers(rows.AlphaMissense)
    every = benchmark.variants(declared.source("clinvar_predictors"))
    second = every[[*_PLACE, "label", "consequence"]]
    second = second.assign(chrom="chr" + second.chrom)
    rows = files.table(declared.source("brca1_sge"), "variants")
    third = rows[["ref", "alt", "consequence", "aa_ref", "aa_alt"]].assign(chrom="chr17")
    # BRCA1 lies this many bases further in GRCh38; reference bases are checked
    third["pos"], third["phylop"] = rows.pos_hg19.astype(int) + 1_847_983, rows.phylop_mammalian
    third["label"] = rows.clinvar_simple.map(PATHOGENIC)
    conserved = numbers(third.phylop).groupby(third.pos).first()
    first["conserved"] = first.pos.astype(int).map(conserved).where(first.chrom == "chr17")
    sets = {"missense": first.assign(consequence="missense"), "any": second, "exons": third}
    out = pd.concat(sets, names=["set"]).reset_index("set").dropna(subset="label")
    for name in ("pos", "label"):
        out[name] = out[name].astype(float).astype(int)
    out["phylop"] = numbers(out.phylop).fillna(out.pop("conserved"))
    return out.reset_index(drop=True)


def clinvar(
    declared: Declarations, predictors=PREDICTORS, *, most: int | None = 1
) -> tuple[list[Effects], pd.DataFrame]:
    """Pathogenic and benign variants of ClinVar in nine genes.

    Parameters
    ----------
    declared : Declarations
    predictors : sequence of str
    most : int, optional
        Networks of each group of a predictor; None: all.

    Returns
    -------
    tasks : list of Effects
        Binary. Missense variants of nine genes, all pairs and pairs of one gene (clustered by
        gene), then gene by gene (by exon), and those of BRCA1 with a phyloP; ClinVar's of 13 exons
        of BRCA1 by consequence (by exon). Those of the sample are too few for a task.
    sizes : DataFrame
        ``set, consequence, variants, harmful, genes`` of all that is at hand.
    """
    every, spec = classified(declared), declared.model("spliceai")
    parts, sequence = [], []
    for record in files.table(declared.source("cancer_genes"), "genes").itertuples():
        chromosome, first, last = re.split("[:-]", record.id)
        name = re.search(r"gene (\S+)", record.header)[1]
        inside = (every.chrom == chromosome) & every.pos.between(int(first), int(last))
        part = every[inside].assign(at=every.pos - int(first), gene=name)
        bases, where = codes.encode(record.sequence), gene(name, "grch38", int(first), spec)
        part["exon-distance"] = nearness(part["at"].to_numpy(), where)
        part["exon"] = exons(part["at"].to_numpy(), where)
        changed = part[["at", "alt"]].drop_duplicates(ignore_index=True)
        given = (bases, changed["at"].to_numpy(), codes.encode("".join(changed["alt"])), where)
        for predictor in predictors:
            changed[predictor] = deltas(declared.model(predictor), *given, most=most)
        part = part.merge(changed, on=["at", "alt"])
        parts.append(part.assign(at=part["at"] + sum(map(len, sequence))))
        sequence.append(bases)
    frame, sequence = pd.concat(parts, ignore_index=True), np.concatenate(sequence)
    missense = frame["set"] == "missense"
    chosen = {"missense": (missense, "gene"), "missense-within": (missense, "gene")}
    for name in frame.gene.unique():
        chosen[f"missense-{name.lower()}"] = missense & (frame.gene == name), "exon"
    chosen["missense-exons"] = missense & frame.phylop.notna(), "exon"
    exon = frame["set"] == "exons"
    for name in ("all", "splice", "splice-region"):
        chosen[f"exons-{name}"] = exon & frame.consequence.str.fullmatch(BRCA1[name]), "exon"
    tasks = []
    for name, (rows, cluster) in chosen.items():
        part = frame[rows].reset_index(drop=True)
        if np.bincount(part.label, minlength=2).min() < FEWEST:
            continue
        ref, alt = (codes.encode("".join(part[c])) for c in ("ref", "alt"))
        columns = (part["at"].to_numpy(), ref, alt, part.label.to_numpy())
        columns += (part[cluster].astype(str).to_numpy(str),)
        scores = ["alphamissense", "phylop", "exon-distance", *predictors]
        beside = part[["aa_ref", "aa_alt"]].fillna("").join(part[scores].dropna(axis=1))
        stratum = pd.factorize(part.gene)[0] if name == "missense-within" else None
        task = Effects(f"activity/clinvar-{name}", "binary", sequence, *columns, beside)
        tasks.append(replace(task, stratum=stratum))
    return tasks, _sizes(frame)


def contrasts(
    tasks: list[Effects],
    *,
    activity: tuple = PREDICTORS,
    constraint: tuple = ("phylop", "alphamissense"),
) -> pd.DataFrame:
    """AUROC of predictors of activity minus that of measures of constraint, on the same variants.

    Parameters
    ----------
    tasks : list of Effects
    activity, constraint : tuple of str
        Those that a task has.

    Returns
    -------
    DataFrame
        ``task, activity, constraint, difference, low, high`` (95 %, clusters resampled).
    """
    out = []
    for task in tasks:
        names, group = np.unique(task.cluster, return_inverse=True)
        weight = bootstrap.weights(names, seed=zero_shot.SEED)
        fold = np.zeros(len(task), int) if task.stratum is None else task.stratum
        known = {n: zero_shot.BASELINES[n](task) for n in (*activity, *constraint)}
        found = {
            name: influences.auroc(task.label, p, fold, "pairs")
            for name, p in known.items()
            if p is not None
        }
        for one, other in itertools.product(activity, constraint):
            if one in found and other in found:
                (score, influence), (less, beside) = found[one], found[other]
                moved = bootstrap.moves((influence - beside)[:, None], weight, (group,))
                low, high = bootstrap.difference_interval(np.array([score - less]), moved)
                out.append((task.name, one, other, score - less, low[0], high[0]))
    return pd.DataFrame(out, columns="task activity constraint difference low high".split())


SETS = {"brca1": brca1, "clinvar": clinvar}
"""Name of a set -> how it is built."""
_SPLICEAI = "github.com/Illumina/SpliceAI: tests/"
_EXAMPLES = [
    ("TUBB8", 94077, "C", 500, "0.15|0.27|0.00|0.05|89|-23|-267|193", "test_delta_score.py"),
    ("TUBB8", 94555, "T", 500, "0.01|0.18|0.15|0.62|-2|110|-190|0", "test_delta_score.py"),
    ("TUBB8", 94077, "C", 50, "0.07|0.27|0.00|0.01|0|-23|19|-22", "test_delta_score.py"),
    ("TUBB8", 94555, "T", 50, "0.01|0.00|0.11|0.62|-2|-6|-23|0", "test_delta_score.py"),
    ("STK11", 1228431, "A", 50, "0.00|0.00|0.00|0.00|-15|9|-29|-26", "fixtures/batch_test"),
    ("STK11", 1228432, "A", 50, "0.00|0.00|0.00|0.00|-16|8|-30|10", "fixtures/batch_test"),
    ("STK11", 1228432, "T", 50, "0.00|0.00|0.00|0.00|-16|8|-30|12", "fixtures/batch_test"),
    ("STK11", 1228434, "A", 50, "0.00|0.00|0.00|0.00|2|-9|-29|10", "fixtures/batch_test"),
]
"""Delta scores that SpliceAI's authors expect of their own code: gene, position in hg19, new base,
distance, scores (acceptor gain and loss, donor gain and loss) and positions, file."""
KINDS = ("acceptor gain", "acceptor loss", "donor gain", "donor loss")


def agreement(declared: Declarations, tubb8: str = "") -> pd.DataFrame:
    """Compare delta scores of all five networks of SpliceAI with those that its authors expect.

    Parameters
    ----------
    declared : Declarations
    tubb8 : str
        FASTA file of the first bases of chromosome 10 (hg19), ``tests/data/test.fa`` of SpliceAI's
        repository; empty: examples of TUBB8 are left out.

    Returns
    -------
    DataFrame
        ``variant, distance, change, published, computed, published_position, position, source``.
    """
    spec, out = declared.model("spliceai"), []
    predictor = splice.load(spec)
    records = files.table(declared.source("cancer_genes"), "genes")
    stk11 = records[records.header.str.contains("gene STK11 ")].iloc[0]
    # here hg19 numbers bases one lower than GRCh38
    known = {"STK11": (stk11.sequence, int(re.split("[:-]", stk11.id)[1]) - 1)}
    if tubb8:
        known["TUBB8"] = (next(iter(fasta_records(Path(tubb8))))[1], 1)
    for name, position, new, near, published, file in _EXAMPLES:
        if name not in known:
            continue
        text, start = known[name]
        bases, where = codes.encode(text), gene(name, "grch37", start, spec)
        given = (where.alone(bases), np.array([position - start]), codes.encode(new))
        up = predictor.changes(*given, strand=where.strand, near=near)[0]
        moved = np.stack([up[0], -up[0], up[1], -up[1]])
        best = moved.argmax(axis=1)
        table = {"change": KINDS, "published": np.array(published.split("|")[:4], float)}
        table |= {"computed": moved.max(axis=1)}
        table |= {"published_position": np.array(published.split("|")[4:], int)}
        table |= {"position": best - near, "source": _SPLICEAI + file, "distance": near}
        old = codes.decode(bases[position - start][None])
        out.append(pd.DataFrame(table).assign(variant=f"{name} {position}{old}>{new}"))
    return pd.concat(out, ignore_index=True)


def _part(task: Effects, name: str, rows: np.ndarray) -> Effects:
    columns = {c: getattr(task, c)[rows] for c in ("at", "ref", "alt", "label", "cluster")}
    columns["label"] = columns["label"].astype(int)
    return replace(task, name=name, **columns, beside=task.beside.iloc[rows].reset_index(drop=True))
