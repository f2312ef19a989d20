"""Variants that people or isolates carry, the human mitochondrial genome, and pairs of alleles.

A change that nobody carries, or few, may be one that selection removes: the label is 1 for what is
unseen, rare or harmful. Mutation makes changes at rates that differ by their kind, so they are
compared within it.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
from Bio.Data import CodonTable

from genebench.core import cache, paths
from genebench.core.specs import SourceSpec
from genebench.data import sources as files
from genebench.data.readers import numbers
from genebench.glm import codes, genomes, net, perplexity, train, trained
from genebench.stats import bootstrap, influences

from . import markov, simulated, zero_shot
from .effects import GROUP, PATHOGENIC, Effects

COMMON = {"brca1": 1e-5, "tb": 1e-3, "mtdna": 1e-3}
"""Set -> frequency above which a variant that is carried counts as common."""
ORDER = 4
"""Bases around of the k-mer models of the mitochondrial genome."""
BLOCK = 1024
"""Bases of the blocks of the mitochondrial genome that are held out in turn."""
RECIPE = {
    "name": "glm-mtdna",
    "width": 32,
    "depth": 5,
    "joint": 32,
    "window": 256,
    "batch": 8,
    "steps": 60,
    "left": 0.3,
}
"""Of the networks of one half of the human mitochondrial genome; after some hundred steps a network
knows its half by heart."""
SEEDS = (20240711, 1, 2)
OTHERS, COPIES = 540, 13
"""Steps that read other genomes, and copies of each block of the human mitochondrial genome among
theirs, so that networks that are given it read it as often as those that are given nothing else."""
ALONE, OTHER, MIXED, SEEN = "glm-mtdna", "glm-others", "glm-others-mtdna", "glm-others-mtdna-seen"
"""Networks: of half of the human mitochondrial genome; of other genomes; of these and that half; of
these and the whole, which has read what it scores."""
GAINS = ((MIXED, ALONE), (MIXED, OTHER), (SEEN, MIXED))
"""Pairs of networks that differ in what they were trained on alone."""


def kinds(task: Effects) -> np.ndarray:
    """Number the kind of a change, (n,) int: which base by which, and whether it is in a CpG."""
    s, at = np.append(task.sequence, codes.N), task.at
    cpg = ((s[at] == 1) & (s[at + 1] == 2)) | ((s[at] == 2) & (s[at - 1] == 1))
    return 16 * cpg + 4 * task.ref.astype(int) + task.alt


def within(task: Effects) -> Effects:
    """The same changes, compared within kind of change alone."""
    return replace(task, stratum=pd.factorize(kinds(task))[0])


def _part(task: Effects, name: str, rows, label=None) -> Effects:
    """Some changes of a task, with the label that they are given."""
    rows = np.flatnonzero(rows)
    columns = {c: getattr(task, c)[rows] for c in ("at", "ref", "alt", "label", "cluster")}
    if label is not None:
        columns["label"] = np.asarray(label)[rows].astype(int)
    beside = task.beside.iloc[rows].reset_index(drop=True)
    return replace(task, name=f"populations/{name}", beside=beside, **columns)


def _every(sequence: np.ndarray, places: np.ndarray) -> pd.DataFrame:
    """The three changes of each place, ``at, ref, alt``."""
    at = np.repeat(places[sequence[places] < codes.N], 3)
    ref = sequence[at]
    alt = (ref + np.tile([1, 2, 3], len(at) // 3)) % 4
    return pd.DataFrame({"at": at, "ref": ref, "alt": alt.astype(np.uint8)})


def _seen(name: str, task: Effects, frequency: np.ndarray) -> list[Effects]:
    """Unseen against seen changes, and among these rare against common ones, within kind."""
    seen = frequency > 0
    rare = frequency <= COMMON[name]
    both = [
        _part(task, f"{name}-unseen", seen | True, ~seen),
        _part(task, f"{name}-rare", seen, rare),
    ]
    return [within(t) for t in both]


def brca1(sources: Mapping[str, SourceSpec]) -> tuple[list[Effects], np.ndarray]:
    """Changes of 13 exons of BRCA1 by their frequency in gnomAD, with measured effects beside.

    Parameters
    ----------
    sources : mapping of str to SourceSpec

    Returns
    -------
    tasks : list of Effects
        Clustered by exon.
    frequency : ndarray, (n,)
        Of the changes of the first task.
    """
    rows = files.table(sources["brca1_sge"], "variants")
    sequence = codes.encode(files.table(sources["brca1_sge"], "region").sequence.iloc[0])
    at, frequency = rows.region_index.astype(int).to_numpy() - 1, numbers(rows.gnomad_af).to_numpy()
    ref, alt = (codes.encode("".join(rows[c])) for c in ("ref", "alt"))
    beside = rows[["aa_ref", "aa_alt"]].assign(phylop=numbers(rows.phylop_mammalian))
    beside["measured"] = -numbers(rows.function_score)
    columns = (at, ref, alt, frequency == 0, rows.experiment.to_numpy(str), beside)
    return _seen("brca1", Effects("all", "binary", sequence, *columns), frequency), frequency


def tuberculosis(sources: Mapping[str, SourceSpec]) -> tuple[list[Effects], np.ndarray]:
    """Every change of the regions that were read in isolates of M. tuberculosis.

    Frequencies are of the isolates that the drug of the region kills, so that resistance, which
    treatment selects for, does not make a change common; of several drugs the largest.

    Parameters
    ----------
    sources : mapping of str to SourceSpec

    Returns
    -------
    tasks : list of Effects
        Clustered by region.
    frequency : ndarray, (n,)
        Of the changes of the first task; half an isolate where only resistant ones carry it.
    """
    genome = genomes.load("mtb", sources)
    regions = files.table(sources["tb_variants"], "regions").drop_duplicates("region")
    regions = regions.astype({"start": int, "end": int}).sort_values("start")
    where = np.full(len(genome.codes), -1)
    for number, row in enumerate(regions.itertuples()):
        where[row.start - 1 : row.end] = number
    frame = _every(genome.codes, np.flatnonzero(where >= 0))
    rows = files.table(sources["tb_variants"], "variants")
    rows = rows[rows.type == "snv"].astype({"pos": int})
    carried = numbers(rows.n_susceptible).clip(lower=0.5) / numbers(rows.n_total_susceptible)
    ref, alt = (codes.encode("".join(rows[c])) for c in ("ref", "alt"))
    table = pd.DataFrame({"at": rows.pos - 1, "ref": ref, "alt": alt, "carried": carried})
    table = table.groupby(["at", "ref", "alt"], as_index=False).carried.max()
    frequency = frame.merge(table, how="left", on=["at", "ref", "alt"]).carried.fillna(0).to_numpy()
    cluster = regions.region.str.removesuffix("_noncoding").to_numpy(str)[where[frame["at"]]]
    columns = [frame[c].to_numpy() for c in ("at", "ref", "alt")]
    beside = pd.DataFrame(index=frame.index)
    task = Effects("all", "binary", genome.codes, *columns, frequency == 0, cluster, beside, genome)
    return _seen("tb", task, frequency), frequency


def mitochondrial(sources: Mapping[str, SourceSpec]) -> tuple[list[Effects], np.ndarray]:
    """Every change of the human mitochondrial genome: in gnomAD, MITOMAP and ClinVar.

    Parameters
    ----------
    sources : mapping of str to SourceSpec

    Returns
    -------
    tasks : list of Effects
        Unseen against seen among people (homoplasmic in gnomAD), all changes and transitions alone
        (``-transitions``, also ``-kinds``: within kind); among seen transitions rare against common
        ones; confirmed pathogenic (MITOMAP) against common, also of tRNAs alone; pathogenic against
        benign (ClinVar). Clustered by gene.
    frequency : ndarray, (n,)
        Of the changes of the first task.
    """
    source = sources["human_mtdna"]
    sequence = codes.encode(files.table(source, "genome").sequence.iloc[0])
    frame = _every(sequence, np.arange(len(sequence)))
    loci, beside = _genes(source, sequence, frame)
    gnomad = files.table(source, "gnomad")
    gnomad = gnomad[(gnomad.filters == "PASS") & (numbers(gnomad.AC_hom) > 0)]
    frequency = _column(
        frame, gnomad.position, gnomad.ref, gnomad.alt, numbers(gnomad.AF_hom)
    ).fillna(0)
    mitomap = files.table(source, "mitomap")
    mitomap = mitomap[mitomap.status.str.startswith("Cfrm")]
    confirmed = _column(frame, mitomap.pos, mitomap.ref, mitomap.alt, 1).notna()
    clinvar = files.table(source, "clinvar")
    spdi = clinvar["Canonical SPDI"].str.extract(r":(\d+):([ACGT]):([ACGT])$")
    significance = clinvar["Clinical significance (Last reviewed)"].str.replace(
        r"\(.*", "", regex=True
    )
    label = significance.str.strip().map(PATHOGENIC)
    classed = _column(frame, numbers(spdi[0]) + 1, spdi[1], spdi[2], label)
    columns = [frame[c].to_numpy() for c in ("at", "ref", "alt")]
    task = Effects("all", "binary", sequence, *columns, frequency.to_numpy() == 0, loci, beside)
    common = frequency > COMMON["mtdna"]
    transition = (task.ref ^ task.alt) == 2
    known = confirmed | common
    trna = np.char.startswith(loci, "MT-T")
    moved = _part(task, "mtdna-transitions", transition)
    tasks = [
        _part(task, "mtdna-unseen", transition | True),
        moved,
        within(replace(moved, name="populations/mtdna-kinds")),
        within(_part(task, "mtdna-rare", transition & (frequency > 0), ~common)),
        _part(task, "mtdna-confirmed", known, confirmed),
        _part(task, "mtdna-confirmed-trna", known & trna, confirmed),
        _part(task, "mtdna-clinvar", classed.notna(), classed.fillna(0)),
    ]
    return tasks, frequency.to_numpy()


def _column(frame, position, ref, alt, values):
    """Values of a table of variants, by the rows of ``frame``; NaN where there is none."""
    single = (ref.str.len() == 1) & (alt.str.len() == 1) & ref.isin([*"ACGT"]) & alt.isin([*"ACGT"])
    table = pd.DataFrame({"at": numbers(position) - 1, "ref": ref, "alt": alt, "value": values})
    table = table[single].dropna().drop_duplicates(["at", "ref", "alt"])
    table = table.assign(at=table["at"].astype(int))
    for name in ("ref", "alt"):
        table[name] = codes.encode("".join(table[name]))
    return frame.merge(table, how="left", on=["at", "ref", "alt"]).value


def _genes(source, sequence, frame):
    """Locus of each change, and what rules read: phyloP, residues, MitoTIP, what it alters."""
    loci = files.table(source, "loci")
    named = loci[loci.Map_Locus.str.fullmatch(r"MT-(T\w\d?|RNR[12]|ND\dL?|CO\d|ATP[68]|CYB|CR)")]
    place = np.full(len(sequence), "between genes", dtype=object)
    residues = {}
    amino = mitochondrial_code()
    for row in named.itertuples():
        start, end = int(row.Starting) - 1, int(row.Ending)
        spans = [(start, end)] if start < end else [(start, len(sequence)), (0, end)]
        for a, b in spans:
            place[a:b] = np.where(place[a:b] == "between genes", row.Map_Locus, place[a:b])
        if re.fullmatch(r"MT-(ND.*|CO\d|ATP.|CYB)", row.Map_Locus):
            residues |= _residues(sequence, start, end, row.Map_Locus == "MT-ND6", amino)
    keys = list(zip(frame["at"], frame.alt))
    pairs = [residues.get(key, ("", "")) for key in keys]
    aa = pd.DataFrame(pairs, columns=["aa_ref", "aa_alt"])
    phylop = numbers(files.table(source, "phylop").iloc[:, 0]).to_numpy()
    tip = files.table(source, "mitotip")
    mitotip = _column(frame, tip.Position, tip.rCRS, tip.Alt, numbers(tip.MitoTIP_Score))
    loci = place[frame["at"]].astype(str)
    rank = np.select(
        [
            aa.aa_alt == "*",
            (aa.aa_ref != aa.aa_alt),
            aa.aa_ref != "",
            np.char.startswith(loci, "MT-T"),
        ],
        [4, 3, 1, 3],
        np.where(np.char.startswith(loci, "MT-R"), 2, 0),
    )
    return loci, aa.assign(phylop=phylop[frame["at"]], mitotip=mitotip, severity=rank.astype(float))


def mitochondrial_code() -> dict[str, str]:
    """Residue of each codon in mitochondria of vertebrates; stops are ``*``."""
    table = CodonTable.unambiguous_dna_by_id[2]
    return table.forward_table | dict.fromkeys(table.stop_codons, "*")


def _residues(sequence, start, end, reverse, amino):
    """(index, new base) -> residue before and after, of one gene."""
    strand = codes.reverse_complement(sequence[start:end]) if reverse else sequence[start:end]
    out = {}
    for first in range(0, len(strand) - 2, 3):
        codon = strand[first : first + 3]
        before = amino.get(codes.decode(codon), "X")
        for offset in range(3):
            for new in set(range(4)) - {int(codon[offset])}:
                after = codon.copy()
                after[offset] = new
                index = end - 1 - first - offset if reverse else start + first + offset
                out[index, 3 - new if reverse else new] = (
                    before,
                    amino.get(codes.decode(after), "X"),
                )
    return out


class Folds(codes.Nucleotides):
    """Models that each have not seen the blocks that they score, as one model of a genome."""

    def __init__(self, name: str, sequence: np.ndarray, models: Sequence) -> None:
        self.name, self.context = name, models[0].context
        fold = np.arange(len(sequence)) // BLOCK % len(models)
        tables = [perplexity.track(m, sequence) for m in models]
        self.whole = np.stack(tables)[fold, np.arange(len(sequence))]


def folds(sequence: np.ndarray, count: int = 2) -> list[list[codes.Sequence]]:
    """Blocks of a sequence that are not of each fold, to train on."""
    fold = np.arange(len(sequence)) // BLOCK % count
    starts = np.arange(0, len(sequence), BLOCK)
    return [
        [codes.Sequence(f"{a}", sequence[a : a + BLOCK]) for a in starts if fold[a] != f]
        for f in range(count)
    ]


def other_genomes(sources: Mapping[str, SourceSpec], count: int) -> list[codes.Sequence]:
    """Blocks of E. coli, M. tuberculosis, and yeast's nucleus and mitochondrion, as many of each.

    Parameters
    ----------
    sources : mapping of str to SourceSpec
    count : int
        Blocks in all.

    Returns
    -------
    list of Sequence
        Of ``BLOCK`` bases, drawn anywhere in a genome.
    """
    yeast = files.table(sources["yeast"], "genome")
    inside = yeast.id == "Mito"
    parts = {n: files.table(sources[n], "genome") for n in ("ecoli", "mtb")}
    parts |= {"yeast": yeast[~inside], "Mito": yeast[inside]}
    rng, out = np.random.default_rng(zero_shot.SEED), []
    for name, records in parts.items():
        bases = codes.encode("".join(records.sequence))
        starts = rng.integers(0, len(bases) - BLOCK, count // len(parts))
        out += [codes.Sequence(f"{name}:{a}", bases[a : a + BLOCK]) for a in starts]
    return out


def mitochondrial_models(
    sequence: np.ndarray, folder: Path, others: Sequence[codes.Sequence], seed: int
) -> list[Folds]:
    """Small networks of the human mitochondrial genome, of other genomes, and of both.

    Parameters
    ----------
    sequence : ndarray of uint8, (L,)
    folder : Path
        Where the networks are kept.
    others : sequence of Sequence
        Blocks of other genomes.
    seed : int

    Returns
    -------
    list of Folds
        ``ALONE, OTHER, MIXED, SEEN``; of what is given half of the genome two, each scoring the
        other half.
    """
    halves = folds(sequence)
    mixed = [[*others, *blocks * COPIES] for blocks in halves]
    every = [*others, *(halves[0] + halves[1]) * COPIES]
    given = {ALONE: (0, halves), OTHER: (OTHERS, [others])}
    given |= {MIXED: (OTHERS, mixed), SEEN: (OTHERS + RECIPE["steps"], [every])}
    out = []
    for name, (steps, parts) in given.items():
        steps += RECIPE["steps"] * (name != OTHER)
        recipe = net.recipe(RECIPE | {"name": name, "steps": steps, "seed": seed})
        paths = [folder / f"{name}-{seed}-{number}" for number in range(len(parts))]
        made = [trained.load(train.train(p, recipe, f)) for p, f in zip(parts, paths)]
        out.append(Folds(name, sequence, made))
    return out


def counted(sequence: np.ndarray) -> Folds:
    """K-mer models of the human mitochondrial genome, each half by the other."""
    given = [[b.codes for b in blocks] for blocks in folds(sequence)]
    made = [markov.fit(g[1:], g[:1], orders=[ORDER], kind="around")[ORDER] for g in given]
    return Folds("markov-around", sequence, made)


ABSENT = {"brca1": (), "tb": (), "mtdna": ("open-frame", "stop-words")}
"""Set -> baselines that are left out: mitochondria do not use the standard code."""


def models(
    name: str, tasks: list[Effects], networks: Sequence, sources: Mapping[str, SourceSpec]
) -> list[list]:
    """Models that score a set.

    Parameters
    ----------
    name : str
    tasks : list of Effects
    networks : sequence of TrainedModel
        Of other genomes.
    sources : mapping of str to SourceSpec

    Returns
    -------
    list of list of nucleotide models
        All of them, then those that are trained here again from other seeds.
    """
    if name != "mtdna":
        return [list(networks)]
    sequence, folder = tasks[0].sequence, paths.CACHE / "mtdna"
    size = len(folds(sequence)[0]) * COPIES * OTHERS // RECIPE["steps"]
    others = other_genomes(sources, size)
    seeds = [mitochondrial_models(sequence, folder, others, seed) for seed in SEEDS]
    return [[*networks, *seeds[0], counted(sequence)], *seeds[1:]]


def score(
    tasks: list[Effects], models: Sequence[Sequence], *, without: Sequence[str] = ()
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """AUROC of every model and baseline, with 95 % intervals over clusters.

    Parameters
    ----------
    tasks : list of Effects
    models : sequence of sequence of nucleotide models
        Of ``models``: each seed after the first is a repeat.
    without : sequence of str
        Baselines that are left out.

    Returns
    -------
    scores : DataFrame
        Columns of ``results.SCHEMA`` and ``low, high``.
    gains : DataFrame
        Of ``GAINS``: ``task, model, less, difference, low, high`` (mean of the seeds, 95 % over
        clusters), ``lowest, highest`` (of the seeds), ``changes, clusters``.
    """
    out, found = [], {}
    for repeat, several in enumerate(models):
        own = {m.name + end for m in several for end in ("", "-calibrated")}
        for task, scores in zero_shot.scores_of(tasks, several):
            wanted = own if repeat else set(scores) - set(without)
            scores = {m: p for m, p in scores.items() if m in wanted}
            fold = np.zeros(len(task), int) if task.stratum is None else task.stratum
            areas = [influences.auroc(task.label, p, fold, "pairs") for p in scores.values()]
            names, group = np.unique(task.cluster, return_inverse=True)
            summed = np.stack([np.bincount(group, weights=i) for _, i in areas], axis=1)
            value = np.array([v for v, _ in areas])
            rows = _rows(task.name, len(task), list(scores), value, summed, names)
            out.append(rows.assign(repeat=repeat))
            for m, v, moved in zip(scores, value, summed.T):
                found.setdefault((task.name, m), []).append((v, moved, len(task), names))
    return pd.concat(out, ignore_index=True), _gains(found)


def _gains(found):
    """Differences of ``GAINS`` of values and sums of influences by task and model."""
    out = []
    for task in dict.fromkeys(name for name, _ in found):
        for end, (model, less) in itertools.product(("", "-calibrated"), GAINS):
            pair = [found.get((task, name + end)) for name in (model, less)]
            if None in pair:
                continue
            by_seed = np.array([a[0] - b[0] for a, b in zip(*pair)])
            moved = np.mean([a[1] - b[1] for a, b in zip(*pair)], axis=0)
            (_, _, n, names), mean = pair[0][0], by_seed.mean()
            weight = bootstrap.weights(names, seed=zero_shot.SEED)
            moves = bootstrap.moves(moved[:, None], weight, (np.arange(len(names)),))
            low, high = bootstrap.difference_interval(np.array([mean]), moves)
            ends = low[0], high[0], by_seed.min(), by_seed.max()
            out.append((task, model + end, less + end, mean, *ends, n, len(names)))
    columns = "task model less difference low high lowest highest changes clusters"
    return pd.DataFrame(out, columns=columns.split())


def bits(models: Sequence[Sequence], task: Effects) -> pd.DataFrame:
    """How well models predict the bases of a task's sequence.

    Parameters
    ----------
    models : sequence of sequence of nucleotide models
        Of ``models``.
    task : Effects

    Returns
    -------
    DataFrame
        ``model, bits`` (per base, mean over bases and seeds), ``lowest, highest, seeds``.
    """
    known, found = np.flatnonzero(task.sequence < codes.N), {}
    for model in itertools.chain(*models):
        table = zero_shot.around_changes(model, task.sequence, known)
        cost = -table[known, task.sequence[known]].mean() / np.log(2)
        found.setdefault(model.name, []).append(cost)
    rows = [(name, np.mean(c), min(c), max(c), len(c)) for name, c in found.items()]
    return pd.DataFrame(rows, columns=["model", "bits", "lowest", "highest", "seeds"])


def _rows(task, n, models, value, influence, clusters):
    """Rows of scores, from how far each cluster moves them."""
    _, low, high = bootstrap.clustered(value, influence, clusters, seed=zero_shot.SEED)
    rows = {"model": models, "score": value, "low": low, "high": high}
    rows |= {"family": [zero_shot.family(m) for m in models]}
    recipe = {"task": task, "n": n, "seed": zero_shot.SEED, "models": sorted(models)}
    constant = {"task": task, "group": GROUP, "kind": "binary", "metric": "auroc", "n_test": n}
    constant |= {"probe": "zero-shot", "split": "zero-shot", "key": cache.key(recipe)}
    return zero_shot.tidy(pd.DataFrame(rows), **constant)


def odds(name: str, task: Effects, frequency: np.ndarray, models: Sequence) -> pd.DataFrame:
    """Odds that a change is unseen, or rare, rather than common, by the lowest LLR over the rest.

    Parameters
    ----------
    name : str
        Set.
    task : Effects
        All changes.
    frequency : ndarray, (n,)
    models : sequence of nucleotide models

    Returns
    -------
    DataFrame
        As of ``simulated.odds_ratios``, with ``set, against`` (unseen or rare) and ``model``;
        LLR calibrated by context; ``phylop`` is minus the conservation.
    """
    values = {}
    for model in models:
        table = zero_shot.around_changes(model, task.sequence, task.at)
        values[model.name] = -zero_shot.calibrated(table, task.sequence, task.at, task.alt)
    if "phylop" in task.beside:
        values["phylop"] = -task.beside.phylop.fillna(0).to_numpy()
    common = frequency > COMMON[name]
    groups = {"unseen": frequency == 0, "rare": (frequency > 0) & ~common}
    out = [
        simulated.odds_ratios(
            llr[some | common], some[some | common], common[some | common]
        ).assign(set=name, against=words, model=model)
        for words, some in groups.items()
        for model, llr in values.items()
    ]
    return pd.concat(out, ignore_index=True)


def pairs(
    sources: Mapping[str, SourceSpec], models: Sequence, *, most: int = 10_000
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Share of pairs of alleles in which a score prefers the one with more open chromatin.

    Parameters
    ----------
    sources : mapping of str to SourceSpec
    models : sequence of nucleotide models
    most : int
        Pairs of each set that are drawn.

    Returns
    -------
    scores : DataFrame
        Columns of ``results.SCHEMA`` and ``low, high``; within a pair the AUROC is that share.
        Clustered by chromosome.
    sets : DataFrame
        ``task, changes, harmful, clusters``.
    """
    out, sets = [], []
    for name in ("dnase", "h3k27ac"):
        frame = files.table(sources["chromatin_qtl"], name)
        drawn = np.random.default_rng(zero_shot.SEED).permutation(len(frame))[:most]
        frame = frame.iloc[np.sort(drawn)]
        high, low = (np.stack([codes.encode(t) for t in frame[c]]) for c in ("high", "low"))
        n, at = np.arange(len(frame)), (high != low).argmax(axis=1)
        new, old = high[n, at], low[n, at]
        strong, cpg = (np.isin(new, (1, 2)) * 1 - np.isin(old, (1, 2))), _cpgs(high) - _cpgs(low)
        first = codes.encode("".join(frame.Ref))
        scores = {"gc-loss": strong, "cpg": cpg, "reference-allele": np.where(new == first, 1, -1)}
        scores["random"] = np.random.default_rng(zero_shot.SEED).normal(size=len(frame))
        for model in models:
            logs = np.concatenate([model.at(high[i : i + 256], at[i : i + 256]) for i in n[::256]])
            scores[model.name] = logs[n, new] - logs[n, old]
        right = np.stack([(np.sign(v) + 1) / 2 for v in scores.values()], axis=1)
        clusters, group = np.unique(frame.Chr.to_numpy(str), return_inverse=True)
        away = (right - right.mean(0)) / len(frame)
        summed = np.stack([np.bincount(group, weights=a) for a in away.T], axis=1)
        task = f"populations/{name}"
        out.append(_rows(task, len(frame), list(scores), right.mean(0), summed, clusters))
        sets.append((task, len(frame), np.nan, len(clusters)))
    columns = ["task", "changes", "harmful", "clusters"]
    return pd.concat(out, ignore_index=True), pd.DataFrame(sets, columns=columns)


def _cpgs(windows):
    """How many CpG each window has."""
    return ((windows[:, :-1] == 1) & (windows[:, 1:] == 2)).sum(axis=1)


SETS: dict[str, Callable] = {"brca1": brca1, "tb": tuberculosis, "mtdna": mitochondrial}
"""Name of a set -> how it is built."""
