"""Missense variants of ClinVar: which are scored, zero-shot scores, AUROC over proteins.

A score says how harmful a change looks, the higher the more; of a network it is minus the LLR,
which is log P(new) − log P(reference).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from Bio.Align import substitution_matrices
from Bio.SeqUtils import ProtParamData
from scipy.stats import entropy

from genebench.core import cache, paths
from genebench.core.specs import Declarations, SourceSpec
from genebench.data import sources as files
from genebench.models import unirep, weights
from genebench.stats import bootstrap

from . import residues, zero_shot
from .effects import GROUP

VERSION = 1
"""Bump when a network's scores become others for the same variants."""
BATCH = 128
"""Proteins that are read at once, of near lengths; each such block is cached."""
FEWEST = 5
"""Pathogenic and benign changes each that a protein needs for an AUROC of its own."""
LONGEST = 2000
"""Residues of the longest protein with an AUROC of its own, as of those UniRep was trained on."""
NEXT = 64
"""Residues that follow a change, where not all of them count."""
REFERENCE = "blosum62"
"""Score that all others are compared with."""
GOOD = "ok"
FAULTS = (
    "no substitution of one of the twenty residues by another",
    "same change of the protein as another row",
    "protein not in the release of Swiss-Prot at hand",
    "position beyond the end of the protein",
    "another reference residue in the protein",
)
"""Why a variant is not scored, in order of the checks."""
_RESIDUES = "ACDEFGHIKLMNPQRSTVWY"
_ENDINGS = {
    "llr": "",
    "certainty": "-certainty",
    f"llr_{NEXT}": "-next",
    f"llr_{residues.ALL}": "-all",
}
"""Column of ``residues.ratios`` -> ending of the score's name."""


def proteins(sources: Mapping[str, SourceSpec]) -> pd.Series:
    """Human proteins of Swiss-Prot.

    Parameters
    ----------
    sources : mapping of str to SourceSpec

    Returns
    -------
    Series of str
        Residues by accession.
    """
    fasta = files.table(sources["swissprot"], "sequences")
    accession = fasta.header.str.extract(r"^\w+\|(\w+)\|")[0]
    return pd.Series(fasta.sequence.to_numpy(), index=accession)[~accession.duplicated().to_numpy()]


def variants(sources: Mapping[str, SourceSpec], sequences: pd.Series) -> pd.DataFrame:
    """Read the variants of ClinVar and check each against its protein.

    Parameters
    ----------
    sources : mapping of str to SourceSpec
    sequences : Series of str
        As of ``proteins``.

    Returns
    -------
    DataFrame
        ``protein``, ``at`` (index from 0), ``ref``, ``alt``, ``label`` (1 pathogenic, 0 benign),
        ``alphamissense``, ``status``.
    """
    raw = files.table(sources["clinvar_missense"], "variants")
    frame = checked(raw.protein_variant, sequences)
    score, label = (pd.to_numeric(raw[name]) for name in ("AlphaMissense", "label"))
    return frame.assign(alphamissense=score, label=label.astype(int))


def checked(changes: pd.Series, sequences: pd.Series) -> pd.DataFrame:
    """Check substitutions against their proteins.

    Parameters
    ----------
    changes : Series of str
        Such as ``P38398:C61G``: accession, reference residue, position from 1, new residue.
    sequences : Series of str
        Residues by accession.

    Returns
    -------
    DataFrame
        ``protein, ref, at`` (index from 0), ``alt``, ``status`` (``GOOD`` or one of ``FAULTS``).
    """
    frame = changes.str.extract(r"^(?P<protein>\w+):(?P<ref>[A-Z])(?P<at>\d+)(?P<alt>[A-Z])$")
    frame["at"] = pd.to_numeric(frame["at"]).fillna(0).astype(int) - 1
    whole = frame.protein.map(sequences).fillna("")
    there = [s[i : i + 1] for s, i in zip(whole, frame["at"].clip(0))]
    known = frame.ref.isin(list(_RESIDUES)) & frame.alt.isin(list(_RESIDUES))
    holds = (
        ~known | (frame.ref == frame.alt),
        changes.duplicated(),
        whole == "",
        (frame["at"] < 0) | (frame["at"] >= whole.str.len()),
        frame.ref != there,
    )
    return frame.assign(status=np.select(holds, FAULTS, GOOD))


def left_out(frame: pd.DataFrame) -> pd.DataFrame:
    """Count variants by whether and why they are not scored.

    Parameters
    ----------
    frame : DataFrame
        As of ``variants``.

    Returns
    -------
    DataFrame
        ``status, variants, proteins``, the scored ones first.
    """
    counts = frame.groupby("status").protein.agg(variants="size", proteins="nunique")
    return counts.reindex([s for s in (GOOD, *FAULTS) if s in counts.index]).reset_index()


def of_both_classes(frame: pd.DataFrame, sequences: pd.Series) -> np.ndarray:
    """Mark the variants of proteins that have an AUROC of their own.

    Parameters
    ----------
    frame : DataFrame
        Scored variants.
    sequences : Series of str

    Returns
    -------
    ndarray of bool, (n,)
        Where a protein of at most ``LONGEST`` residues has ``FEWEST`` variants of each class.
    """
    by = frame.groupby("protein").label
    rarer = np.minimum(by.transform("sum"), by.transform("size") - by.transform("sum"))
    short = frame.protein.map(sequences).str.len() <= LONGEST
    return ((rarer >= FEWEST) & short).to_numpy()


def rules(frame: pd.DataFrame, sequences: pd.Series) -> dict[str, np.ndarray]:
    """Scores without a network: of one line each, none knows a label.

    Parameters
    ----------
    frame : DataFrame
        Scored variants.
    sequences : Series of str

    Returns
    -------
    dict of str to ndarray, (n,)
        Of the change: BLOSUM62, difference of hydropathy, and how much rarer the new residue is
        among human proteins, alone (``residue-shares``) and after the two residues before
        (``residue-chain``, the variant's own occurrence not counted; NaN at the first two). Of one
        residue alone: how rare it is. Of the position alone: how far from the nearer end of the
        protein, as share of it. Random numbers.
    """
    matrix, water = substitution_matrices.load("BLOSUM62"), pd.Series(ProtParamData.kd)
    whole, at = frame.protein.map(sequences), frame["at"]
    coded = _coded("".join(sequences + "--"))  # no word runs over from protein to protein
    share = shares(sequences)
    ref, alt = (_coded("".join(frame[name])) for name in ("ref", "alt"))
    before = np.stack(
        [
            _coded("".join(s[i] if i >= 0 else "-" for s, i in zip(whole, at - back)))
            for back in (2, 1)
        ]
    )
    return {
        REFERENCE: -np.array([matrix[a, b] for a, b in zip(frame.ref, frame.alt)]),
        "hydropathy": (frame.ref.map(water) - frame.alt.map(water)).abs().to_numpy(),
        "residue-shares": np.log(share[ref] / share[alt]),
        "residue-chain": _chain(coded, before, ref, alt),
        "reference-residue": -np.log(share[ref]),
        "new-residue": -np.log(share[alt]),
        "middle": (np.minimum(at, whole.str.len() - 1 - at) / whole.str.len()).to_numpy(),
        "random": np.random.default_rng(zero_shot.SEED).random(len(frame)),
    }


def shares(sequences: pd.Series) -> np.ndarray:
    """Share of each of the twenty residues in proteins.

    Parameters
    ----------
    sequences : Series of str

    Returns
    -------
    ndarray, (20,)
        In alphabetical order, adding up to 1.
    """
    coded = _coded("".join(sequences))
    count = np.bincount(coded[coded >= 0], minlength=20)
    return count / count.sum()


def _coded(text):
    """Number of each residue, −1 of any other letter."""
    number = np.full(128, -1)
    number[np.frombuffer(_RESIDUES.encode(), np.uint8)] = np.arange(20)
    return number[np.frombuffer(text.encode(), np.uint8)]


def _chain(coded, before, ref, alt):
    """Minus the LLR given two residues, by counts of three in a row plus one."""
    words = np.stack([coded[:-2], coded[1:-1], coded[2:]])
    words = words[:, (words >= 0).all(axis=0)]
    count = np.bincount(np.ravel_multi_index(words, (20, 20, 20)), minlength=8000)
    count = count.reshape(20, 20, 20)
    first, second = before
    seen = np.maximum(count[first, second, ref], 1)  # the variant's own is the one added
    out = np.log(seen / (count[first, second, alt] + 1))
    return np.where((before >= 0).all(axis=0), out, np.nan)


def network_scores(
    name: str,
    frame: pd.DataFrame,
    sequences: pd.Series,
    declared: Declarations,
    *,
    horizons: Sequence[int] = (),
) -> tuple[dict[str, np.ndarray], dict]:
    """Scores of a network.

    Parameters
    ----------
    name : str
        A UniRep whose weights are at hand.
    frame : DataFrame
        Scored variants.
    sequences : Series of str
    declared : Declarations
    horizons : sequence of int
        ``NEXT`` or ``residues.ALL``, or both: how many residues after a change count as well.

    Returns
    -------
    scores : dict of str to ndarray, (n,)
        ``name``: minus the LLR of the residue; ``-next``, ``-all``: and of what
        follows; ``-certainty``: how certain the network is there, whatever the change.
    facts : dict
        ``model, parameters`` (millions), ``residues``, ``bits`` (mean −log2 P of a residue).
    """
    spec = declared.model(name)
    network = unirep.UniRep(weights.verified(spec) / spec.files["weights"])
    length = frame.protein.map(sequences).str.len()
    ordered = frame.assign(length=length).sort_values(["length", "protein"], kind="stable")
    block = pd.factorize(ordered.protein)[0] // BATCH
    recipe = [VERSION, name, spec.sha256, list(horizons)]
    done = [_block(network, rows, sequences, recipe) for _, rows in ordered.groupby(block)]
    table = pd.concat([t.set_axis(rows) for t, rows, _ in done]).loc[frame.index]
    facts = pd.DataFrame([f for *_, f in done]).sum()
    signs = {column: 1 if column == "certainty" else -1 for column in table}
    scores = {name + _ENDINGS[c]: sign * table[c].to_numpy() for c, sign in signs.items()}
    read = {"residues": int(facts.residues), "bits": facts.bits / facts.residues}
    return scores, {"model": name, "parameters": spec.parameters, **read}


def _block(network, rows, sequences, recipe):
    """Ratios of the variants of some proteins, from the cache where they are."""
    names, number = np.unique(rows.protein, return_inverse=True)
    texts, changes = sequences[names].tolist(), rows.protein + rows["at"].astype(str) + rows.alt
    recipe = [*recipe, cache.of_names(texts), cache.of_names(changes)]
    path = paths.CACHE / "missense" / f"{cache.key(recipe)}.parquet"
    if cache.state(path) != "ready":
        given = texts, number, rows["at"].to_numpy(), rows.alt.to_numpy(str)
        table, bits, read = residues.ratios(network, *given, horizons=recipe[3])
        cache.store(path, recipe, table.to_parquet, residues=read, bits=bits)
    return pd.read_parquet(path), rows.index, cache.facts(path)


def family(model: str) -> str:
    """Family of a scorer.

    Parameters
    ----------
    model : str

    Returns
    -------
    str
    """
    if model.startswith("unirep"):
        return "network"
    informed = {"alphamissense", REFERENCE}
    return "control" if model == "random" else "reference" if model in informed else "shortcut"


def influences(
    frame: pd.DataFrame, scores: Mapping[str, np.ndarray], *, by_protein: bool
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """AUROC of several scores, and how far each moves when a protein counts a little more.

    Parameters
    ----------
    frame : DataFrame
        Columns ``protein, label``.
    scores : mapping of str to ndarray, (n,)
    by_protein : bool
        Mean of the AUROC within each protein, all of them of both classes; else over all pairs.

    Returns
    -------
    value : ndarray, (n_scores,)
    influence : ndarray, (n_proteins, n_scores)
    names : ndarray of str, (n_proteins,)
    """
    names, group = np.unique(frame.protein.to_numpy(str), return_inverse=True)
    label = frame.label.to_numpy()

    def auroc(p, rows=slice(None)):
        y = label[rows]
        return bootstrap.influence("binary", y, p[rows], np.zeros(len(y), np.int64))

    if by_protein:
        rows = np.split(np.argsort(group, kind="stable"), np.cumsum(np.bincount(group))[:-1])
        within = np.array([[auroc(p, r)[0] for p in scores.values()] for r in rows])
        value = within.mean(axis=0)
        return value, (within - value) / len(names), names
    both = [auroc(p) for p in scores.values()]
    moved = np.stack([np.bincount(group, weights=i) for _, i in both], axis=1)
    return np.array([v for v, _ in both]), moved, names


def compare(
    task: str,
    frame: pd.DataFrame,
    scores: Mapping[str, np.ndarray],
    *,
    by_protein: bool = False,
    seed: int = zero_shot.SEED,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """AUROC of scores and their differences to ``REFERENCE``, with 95 % intervals over proteins.

    Parameters
    ----------
    task : str
    frame : DataFrame
        Scored variants: ``protein, label``.
    scores : mapping of str to ndarray, (n,)
        By model; a variant without a score gets the model's mean.
    by_protein : bool
        As of ``influences``.
    seed : int

    Returns
    -------
    scored : DataFrame
        Columns of ``results.SCHEMA`` and ``low, high``.
    differences : DataFrame
        ``task, model, difference, low, high``, of the same draws of proteins.
    """
    known = {m: np.isfinite(p) for m, p in scores.items()}
    full = {m: np.where(known[m], p, np.nanmean(p)) for m, p in scores.items()}
    value, influence, names = influences(frame, full, by_protein=by_protein)
    moved, low, high = bootstrap.clustered(value, influence, names, seed=seed)
    rows = {"model": list(full), "score": value, "low": low, "high": high}
    rows |= {"coverage": [k.mean() for k in known.values()], "family": list(map(family, full))}
    recipe = {"task": task, "n": len(frame), "seed": seed, "models": sorted(scores)}
    constant = {"task": task, "group": GROUP, "kind": "binary", "metric": "auroc"}
    constant |= {"probe": "zero-shot", "split": "zero-shot", "n_test": len(frame)}
    scored = zero_shot.tidy(pd.DataFrame(rows), **constant, key=cache.key(recipe))
    base = list(full).index(REFERENCE)
    gap = value - value[base]
    low, high = bootstrap.difference_interval(gap, moved - moved[base])
    rows = {"task": task, "model": list(full), "difference": gap, "low": low, "high": high}
    return scored, pd.DataFrame(rows).drop(index=base)


def study(
    declared: Declarations,
    *,
    everywhere: Sequence[str],
    both: Sequence[str],
    following: Sequence[str] = (),
    whole: Sequence[str] = (),
) -> dict[str, pd.DataFrame]:
    """Score the variants of ClinVar.

    Parameters
    ----------
    declared : Declarations
    everywhere, both : sequence of str
        Networks that read all proteins, and those of ``of_both_classes``.
    following, whole : sequence of str
        Of ``both``, those that also score the ``NEXT`` residues that follow, or all of them.

    Returns
    -------
    dict of str to DataFrame
        ``scores`` and ``differences`` as of ``compare``, of three tasks: all variants
        (``missense/pooled``), those of ``of_both_classes`` (``missense/pooled-both``), and the mean
        AUROC of their proteins (``missense/by-protein``); ``sets``: sizes of the tasks;
        ``left_out``; ``networks``: how many residues each network read of a task's proteins, and
        how many bits one costs it (``residue-shares``: it that knows their shares alone).
    """
    sequences = proteins(declared.sources)
    every = variants(declared.sources, sequences)
    good = every[every.status == GOOD].reset_index(drop=True)
    two = of_both_classes(good, sequences)
    basic = {"alphamissense": good.alphamissense.to_numpy(), **rules(good, sequences)}
    tasks, sets, read = [], [], []
    for task, rows, names in (("pooled", two | True, everywhere), ("pooled-both", two, both)):
        part, scores = good[rows], {}
        for name in names:
            further = [(NEXT, following), (residues.ALL, whole)] if task != "pooled" else []
            horizons = [h for h, of in further if name in of]
            new, facts = network_scores(name, part, sequences, declared, horizons=horizons)
            scores |= new
            read.append({"task": f"missense/{task}", **facts})
        bits = entropy(shares(sequences[part.protein.unique()]), base=2)
        read.append({"task": f"missense/{task}", "model": "residue-shares", "bits": bits})
        scores |= {m: p[rows] for m, p in basic.items()}
        tasks.append(compare(f"missense/{task}", part, scores))
        size = len(part), part.label.sum(), part.protein.nunique()
        sets.append((f"missense/{task}", *size))
    tasks.append(compare("missense/by-protein", part, scores, by_protein=True))
    sets.append(("missense/by-protein", *size))
    scored, differences = (pd.concat(f, ignore_index=True) for f in zip(*tasks))
    return {
        "scores": scored,
        "differences": differences,
        "sets": pd.DataFrame(sets, columns=["task", "variants", "pathogenic", "proteins"]),
        "left_out": left_out(every),
        "networks": pd.DataFrame(read).astype({"residues": "Int64"}),
    }
