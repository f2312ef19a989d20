"""Constraint against activity: splice-site predictors on variants whose effect is known.

SpliceAI and OpenSpliceAI see the transcript alone, as their authors score variants; Pangolin sees
what lies around it, too.
"""

from __future__ import annotations

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
from genebench.models import weights
from genebench.stats import bootstrap

from . import splice, zero_shot
from .effects import Effects

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
_FUNCTION = {"LOF": 1, "FUNC": 0}
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


def brca1(declared: Declarations, scored=SCORED) -> list[Effects]:
    """Loss of function in saturation genome editing of BRCA1, by consequence.

    Parameters
    ----------
    declared : Declarations
    scored : dict of str to sequence of str
        As ``SCORED``; where a predictor has not scored, its column is NaN.

    Returns
    -------
    list of Effects
        Binary; clustered by exon; intermediate classes are left out.
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
    for name, consequences in scored.items():
        beside[name] = np.nan
        for one in consequences:
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
    return [_part(task, f"activity/brca1-{n}", np.flatnonzero(c)) for n, c in chosen.items()]


def clinvar(declared: Declarations, predictors=("spliceai",)) -> list[Effects]:
    """Pathogenic and benign missense variants of ClinVar in nine genes.

    Parameters
    ----------
    declared : Declarations
    predictors : sequence of str

    Returns
    -------
    list of Effects
        Binary; clustered by gene.
    """
    rows = files.table(declared.source("clinvar_missense"), "variants")
    place = rows.variant_id.str.split("_", expand=True)
    place["pos"], place["label"], parts = place[1].astype(int), rows.label.astype(float), []
    place["alphamissense"] = rows.AlphaMissense.astype(float)
    place[["aa_ref", "aa_alt"]] = rows.protein_variant.str.extract(r":(\w)\d+(\w)$")
    sequence = []
    for record in files.table(declared.source("cancer_genes"), "genes").itertuples():
        chromosome, first, last = re.split("[:-]", record.id)
        name = re.search(r"gene (\S+)", record.header)[1]
        inside = (place[0] == chromosome) & place.pos.between(int(first), int(last))
        part = place[inside].assign(at=place.pos - int(first), gene=name)
        bases, alt = codes.encode(record.sequence), codes.encode("".join(part[3]))
        where = gene(name, "grch38", int(first), declared.model("spliceai"))
        part["exon-distance"] = nearness(part["at"].to_numpy(), where)
        for predictor in predictors:
            given = (bases, part["at"].to_numpy(), alt, where)
            part[predictor] = deltas(declared.model(predictor), *given)
        parts.append(part.assign(at=part["at"] + sum(map(len, sequence))))
        sequence.append(bases)
    part = pd.concat(parts, ignore_index=True)
    ref, alt = (codes.encode("".join(part[c])) for c in (2, 3))
    columns = [part["at"].to_numpy(), ref, alt, part.label.astype(int).to_numpy()]
    beside = part[["aa_ref", "aa_alt", "alphamissense", "exon-distance", *predictors]]
    genes = part.gene.to_numpy(str)
    sequence = np.concatenate(sequence)
    return [Effects("activity/clinvar-missense", "binary", sequence, *columns, genes, beside)]


def contrasts(
    tasks: list[Effects],
    *,
    activity: str = "spliceai",
    constraint: tuple = ("phylop", "alphamissense"),
) -> pd.DataFrame:
    """AUROC of a predictor of activity minus that of measures of constraint, on the same variants.

    Parameters
    ----------
    tasks : list of Effects
    activity : str
    constraint : tuple of str
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
        known = {n: zero_shot.BASELINES[n](task) for n in (activity, *constraint)}
        found = {
            name: bootstrap.influence("binary", task.label, p, np.zeros(len(task), int))
            for name, p in known.items()
            if p is not None
        }
        score, influence = found.pop(activity)
        for name, (other, beside) in found.items():
            moved = bootstrap.moves((influence - beside)[:, None], weight, (group,))
            low, high = bootstrap.difference_interval(np.array([score - other]), moved)
            out.append((task.name, activity, name, score - other, low[0], high[0]))
    return pd.DataFrame(out, columns="task activity constraint difference low high".split())


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
