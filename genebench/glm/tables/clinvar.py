"""Variants of ClinVar with published scores of predictors: compared, and a user's own beside them.

Every score is turned so that the higher it is, the more harmful the variant looks. Variants of one
gene are no independent draws: genes are drawn anew.
"""

from pathlib import Path

import numpy as np
import pandas as pd
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from ...core import paths
from ...core.errors import BadInput
from ...core.yamls import read_yaml
from ...data import sources
from ...data.labels import slug
from ...data.readers import numbers
from ...place import card
from ...stats import bootstrap, influences, separation
from ..variants import SYNONYMS
from .compare import SEED, verdict
from .windows import column, texts

TEMPLATE = Path(__file__).with_name("clinvar.html")
REFERENCE = "phylop"
"""Score of the position alone; all others are compared with it."""
CONSEQUENCES = {
    "intronic": "MANE_intron",
    "RNA gene": "Union_RNA_gene",
    "3' UTR": "MANE_three_prime_UTR",
    "5' UTR": "MANE_five_prime_UTR",
    "synonymous": "ClinVarName_synonymous",
    "missense": "ClinVarName_missense",
    "start lost": "MANE_start_codon",
    "stop lost": "Union_stop_loss",
    "stop gained": "ClinVarName_stop_gain",
    "splice site": "Union_splice",
}
"""Consequence -> column that marks it, from the mildest to the most severe by Ensembl's order; of
several a variant has the most severe, of the protein's before others."""
_PROTEIN = ("synonymous", "missense", "start lost", "stop lost", "stop gained")
FEWEST = 10
"""Variants of each class that a consequence needs for a comparison of its own."""
_KEY = ["chrom", "pos", "ref", "alt"]


def predictors() -> dict[str, dict]:
    """Predictors of ``data/variant_predictors.yml``, by name."""
    return read_yaml(paths.VARIANT_PREDICTORS)


def variants(source):
    """Read the variants and their published scores.

    Parameters
    ----------
    source : SourceSpec
        ``clinvar_predictors``.

    Returns
    -------
    DataFrame
        ``chrom, pos, ref, alt`` (texts), ``label`` (1 pathogenic, 0 benign), ``consequence``,
        ``gene`` (number of a set of variants that share transcripts), a column a predictor,
        ``severity`` (rank of the consequence), ``transversion``.
    """
    raw = sources.table(source, "variants")
    frame = raw[["#CHROM", "POS", "REF", "ALT"]].set_axis(_KEY, axis=1)
    order = [*reversed(_PROTEIN), *(c for c in reversed(CONSEQUENCES) if c not in _PROTEIN)]
    marked = [raw[CONSEQUENCES[c]].isin(["True", "1"]) for c in order]
    frame["consequence"] = np.select(marked, order, "other")
    frame["label"] = numbers(raw.ClinVar_label).astype(int)
    frame["gene"] = _genes(raw)
    for name, facts in predictors().items():
        sign = {"low": -1, "high": 1}[facts["harmful"]]
        frame[name] = sign * numbers(raw[facts["column"]])
    rank = ["other", *CONSEQUENCES].index
    frame["severity"] = frame.consequence.map(rank).astype(float)
    frame["transversion"] = (~(raw.REF + raw.ALT).isin(["AG", "GA", "CT", "TC"])).astype(float)
    return frame


def _genes(raw):
    """Number of the component of variants that share a transcript, or without one 100,000 bases."""
    named = (raw.MANE_transcript + " " + raw.ClinVarName_refseq_ids).str.findall(r"N[MR]_\d+")
    place = raw["#CHROM"] + ":" + raw.POS.str[:-5]
    token = pd.Series([n or [p] for n, p in zip(named, place)]).explode()
    word, row = pd.factorize(token)[0], token.index.to_numpy()
    links = coo_array(
        (np.ones(len(row)), (row, word + len(raw))), shape=(len(raw) + word.max() + 1,) * 2
    )
    return connected_components(links, directed=False)[1][: len(raw)]


def tasks(frame):
    """Ways to compare: which variants, and within which strata.

    Parameters
    ----------
    frame : DataFrame
        Of ``variants``.

    Returns
    -------
    dict of str to (ndarray of bool, ndarray of int or None)
        ``all``; ``proteins`` (what models of proteins can score); ``within-consequence``, also with
        thirds of phyloP (``within-position``), and ``within-gene``; then each consequence with
        ``FEWEST`` variants of each class, of those that change the protein what all can score.
    """
    every = np.ones(len(frame), bool)
    kind = pd.factorize(frame.consequence)[0]
    third = pd.qcut(frame[REFERENCE], 3, labels=False).to_numpy()
    protein = [n for n, facts in predictors().items() if facts["reads"].startswith("protein")]
    common = frame[protein].notna().all(axis=1).to_numpy()
    out = {
        "all": (every, None),
        "proteins": (common, None),
        "within-consequence": (every, kind),
        "within-position": (every, 3 * kind + third),
        "within-gene": (every, frame.gene.to_numpy()),
    }
    for name in CONSEQUENCES:
        rows = (frame.consequence == name).to_numpy()
        rows = rows & common if (rows & common).any() else rows
        if _fewest(frame.label[rows]) >= FEWEST:
            out[slug(name)] = rows, None
    return out


def _fewest(label):
    """Variants of the smaller class."""
    return np.bincount(label, minlength=2).min()


def compare(frame, names, rows, stratum=None):
    """AUROC of scores on the same variants, with tiers, and differences to ``REFERENCE``.

    Parameters
    ----------
    frame : DataFrame
    names : sequence of str
        Columns of scores, ``REFERENCE`` among them.
    rows : ndarray of bool, (n,)
        Variants; those that a score lacks are left out of all.
    stratum : ndarray of int, (n,), optional
        The AUROC is the mean over strata, weighted by pairs of a pathogenic and a benign variant.

    Returns
    -------
    DataFrame
        ``model, score, low, high`` (95 % over genes), ``tier, rank_low, rank_high``, ``difference,
        less_low, less_high, p`` (to ``REFERENCE``, simultaneous over all pairs), ``n``, ``genes``.
    """
    part = frame[rows & frame[list(names)].notna().all(axis=1)]
    fold = np.zeros(len(part), int) if stratum is None else pd.factorize(stratum[part.index])[0]
    label = part.label.to_numpy()
    found = [influences.auroc(label, part[n].to_numpy(), fold, "pairs") for n in names]
    value, influence = np.array([v for v, _ in found]), np.stack([i for _, i in found], 1)
    moved, low, high = bootstrap.clustered(value, influence, part.gene, seed=SEED)
    made = separation.compare(separation.Mean(value, moved))
    out = pd.DataFrame({"model": names, "score": value, "low": low, "high": high})
    out = out.assign(tier=made.tier, rank_low=made.rank_low, rank_high=made.rank_high)
    at = list(names).index(REFERENCE)
    pairs = (made.pairs == at).any(axis=1)  # in the order of the other scores
    sign = np.where(made.pairs[pairs, 0] == at, -1, 1)
    ends = np.sort([sign * made.low[pairs], sign * made.high[pairs]], axis=0)
    less = pd.DataFrame({"p": made.p[pairs], "difference": sign * made.difference[pairs]})
    less = less.assign(less_low=ends[0], less_high=ends[1]).set_index(np.delete(out.index, at))
    return out.join(less).assign(n=len(part), genes=part.gene.nunique())


def covering(frame, rows, among=()):
    """Name the scores that 99 % of some variants have: of predictors, rules, and ``among``."""
    names = [*among, *predictors(), "severity", "transversion"]
    share = frame.loc[rows, names].notna().mean()
    return [n for n in names if share[n] >= 0.99]


def read_scores(path, frame, score=None):
    """Read a user's scores of the variants.

    Parameters
    ----------
    path : Path
        Table (tsv, csv, parquet) with columns chrom, pos, ref, alt of GRCh38 and the score.
    frame : DataFrame
        Of ``variants``.
    score : str, optional
        Its column; None: ``llr`` or ``score``. Of ``llr`` low values are harmful, of others high.

    Returns
    -------
    Series of float
        By the rows of ``frame``; the higher, the more harmful; NaN where there is none.
    """
    given = texts(path)
    given.columns = [SYNONYMS.get(c, c) for c in given.columns.astype(str).str.strip().str.lower()]
    name = column(given, (score.lower(),) if score else ("llr", "score"), score or "llr", path)
    for needed in _KEY:
        column(given, (needed,), needed, path)
    given["chrom"] = given.chrom.str.removeprefix("chr")
    given["pos"] = given.pos.str.removesuffix(".0")
    if (twice := given.duplicated(_KEY)).any():
        row = given[twice].iloc[0]
        raise BadInput(
            f"{path}: duplicate variant {row.chrom}:{row.pos} {row.ref}>{row.alt}; keep one row of "
            "each."
        )
    known = numbers(given[name]).replace([np.inf, -np.inf], np.nan)
    known = frame[_KEY].merge(given[_KEY].assign(known=known), how="left", on=_KEY).known
    known = known.set_axis(frame.index) * (-1 if name == "llr" else 1)
    classes = frame.label[known.notna()]
    if _fewest(classes) < FEWEST or known.nunique() < 2:
        raise BadInput(
            f"{path}: column '{name}' has a score of {len(classes)} of the {len(frame)} variants; "
            f"{FEWEST} of each class with different scores are the least. Positions are of GRCh38, "
            "and 'genebench fetch clinvar_predictors' gets the table of the variants."
        )
    return known


def place(path, source, *, score=None, out=None):
    """Compare a user's scores with the published ones; write ``card.html`` and ``card.json``.

    Parameters
    ----------
    path, source, score : Path, SourceSpec, str
        As of ``read_scores`` and ``variants``.
    out : Path, optional
        Folder; None: ``<name>-clinvar`` here.

    Returns
    -------
    folder, card : Path, dict
    """
    frame, mine = variants(source), slug(path.name.split(".")[0]) or "scores"
    mine += "-" * (mine in frame)
    frame[mine] = read_scores(path, frame, score)
    scored, panels = frame[mine].notna().to_numpy(), []
    sentences = [f"{scored.sum():,} of {len(frame):,} variants have a score."]
    for name, (rows, stratum) in tasks(frame).items():
        rows = rows & scored
        if _fewest(frame.label[rows]) < FEWEST:
            continue
        table = compare(frame, covering(frame, rows, [mine]), rows, stratum)
        models = table.sort_values("score", ascending=False).to_dict("records")
        panels.append({"task": name, "models": models})
        row = next(m for m in models if m["model"] == mine)
        sentences.append(
            f"{name}: AUROC {row['score']:.3f} ({row['low']:.3f} to {row['high']:.3f}) on "
            f"{row['n']} variants, tier {row['tier']}; less phyloP {row['difference']:+.3f} "
            f"({row['less_low']:+.3f} to {row['less_high']:+.3f}): {verdict(row)}."
        )
        if row["score"] < 0.4 and name == "all":
            sentences.append("Below chance: are high values the harmful ones?")
    made = {"name": mine, "variants": len(frame), "scored": scored.sum(), "panels": panels}
    made |= {"predictors": predictors(), "sentences": sentences}
    out = Path(out or f"{mine}-clinvar")
    return out, card.write(made, path, out, TEMPLATE)
