"""Gene identifiers, chromosomes and the paper's genes. Ambiguity is listed, never guessed."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np
import pandas as pd

from ..core import specs
from ..core.errors import BadInput, unknown
from . import date_symbols, sources

# --- identifiers ------------------------------------------------------------------------------------------------------

KINDS = ("symbol", "ensembl", "entrez", "uniprot", "hgnc")
"""Kinds of identifier; the earlier one wins where a list holds as many of two."""

STATUSES = {
    "approved": "an approved symbol",
    "hgnc": "an HGNC id",
    "ensembl": "an Ensembl gene id",
    "entrez": "an Entrez id",
    "uniprot": "a UniProt accession",
    "previous": "a symbol that the gene had before",
    "alias": "another name of one gene",
    "excel": "a symbol that a spreadsheet turned into a date or number",
    "case": "a symbol in other upper or lower case",
    "ambiguous": "a name of several genes, which are listed",
    "withdrawn": "an entry that HGNC withdrew or merged",
    "unknown": "no identifier of a human gene that this release knows",
    "duplicate": "a gene that another id of the list already gives",
}
"""Status of an id → what it was found to be; of two ids of one gene, the one whose status stands first is kept."""

_TIERS = ("approved", "previous", "alias")
_ACCESSION = r"[OPQ]\d[A-Z0-9]{3}\d|[A-NR-Z]\d([A-Z][A-Z0-9]{2}\d){1,2}"
"""As https://www.uniprot.org/help/accession_numbers has it."""
_FORMS = {
    "ensembl": re.compile(r"ENSG\d{11}(\.\d+)?(_PAR_Y)?", re.I),
    "hgnc": re.compile(r"HGNC:\d+", re.I),
    "entrez": re.compile(r"\d+(\.0)?"),
    "uniprot": re.compile(rf"((sp|tr)\|)?({_ACCESSION})([-.]\d+)?(\|\w+)?"),
}
_HINTS = {
    r"": "the id is empty",
    r"\d+(\.0)?": "a bare number: an Entrez id (kind='entrez'), or a date that a spreadsheet turned into a number",
    r"ENS[A-Z]{3,4}G\d{11}(\.\d+)?": "an Ensembl gene of another species; map it to its human orthologue",
    r"ENS[TP]\d{11}(\.\d+)?": "an Ensembl transcript or protein; give its gene (ENSG...)",
    r"ENSG\d{11}(\.\d+)?(_PAR_Y)?": "an Ensembl gene that is retired, newer than this release or without a symbol",
    r"LOC\d+": "a placeholder of NCBI; its number is an Entrez id",
    r"\w+_HUMAN": "a UniProt entry name; give its accession",
    r"(?!C(\d+|X|Y)orf)[A-Z][a-z0-9-]*[a-z][a-z0-9-]*|\d{4,}[A-Z]\d+Rik": "mouse style; map it to its orthologue",
}
Index = dict[str, tuple[str, ...]]
"""Identifier → approved symbols of the genes that have it, in the order of the table."""


@dataclass(frozen=True, eq=False)
class Resolution:
    """What each of n ids was found to be; nothing is dropped and nothing is guessed."""

    ids: np.ndarray
    """The ids as text, without the blanks around them, ``(n,)``."""
    symbol: np.ndarray
    """Approved symbol of each id, ``(n,)``; empty where there is none or more than one. Duplicates have theirs too."""
    status: np.ndarray
    """A key of ``STATUSES`` for each id, ``(n,)``."""
    kind: str
    """The kind of identifier that was asked for, or that most ids are."""
    candidates: Index
    """Every gene that an id can mean, for the ids that can mean several; the one taken, if one was, stands first."""
    hints: dict[str, str]
    """What an id that was not resolved, or only by its case, looks like."""
    release: str
    """The tables that were asked."""

    @property
    def kept(self) -> np.ndarray:
        """True for one id of each gene that was found, ``(n,)``: what to use when a gene may stand only once."""
        return (self.symbol != "") & (self.status != "duplicate")

    def sentence(self) -> str:
        """How many ids were found, as how many genes, and what became of the others."""
        counts = Counter(self.status.tolist())
        plain = {"approved", *KINDS}
        parts = [f"{counts[s]:,} {s}" for s in STATUSES if counts[s] and s not in plain]
        found = f"{(self.symbol != '').sum():,} of {len(self.ids):,} ids (kind: {self.kind})"
        return f"{found} give {self.kept.sum():,} genes of {self.release}{'; ' * bool(parts)}{', '.join(parts)}."


def report(resolution: Resolution, *, examples: int = 3) -> pd.DataFrame:
    """One row per status that occurs, in the order of ``STATUSES``.

    Columns: ``status``; ``meaning``; ``ids`` and ``resolved`` (numbers of ids, and of those with a symbol);
    ``examples`` (the first distinct ids, each with ``→`` its symbol or the genes it can mean).
    """
    rows = []
    for status, meaning in STATUSES.items():
        of = resolution.status == status
        if of.any():
            first = list(
                dict.fromkeys(zip(resolution.ids[of].tolist(), resolution.symbol[of].tolist()))
            )[:examples]
            told = [
                f"{i} → {s or ' or '.join(resolution.candidates.get(i, ('?',)))}" for i, s in first
            ]
            rows.append(
                (status, meaning, of.sum(), (resolution.symbol[of] != "").sum(), ", ".join(told))
            )
    return pd.DataFrame(rows, columns=["status", "meaning", "ids", "resolved", "examples"])


@dataclass(frozen=True, eq=False)
class Resolver:
    """The identifiers of human genes, indexed; ``build`` makes one from tables, ``resolver`` from the declared ones."""

    genes: pd.DataFrame
    """One row per approved symbol (the index): ``chromosome``, ``groups`` (ids of HGNC
    gene groups, joined by ``|``) and ``coding``."""
    names: dict[str, Index]
    """Symbols by tier: approved, previous, alias."""
    folded: dict[str, Index]
    """The same in upper case."""
    numbers: dict[str, Index]
    """Identifiers by kind: ensembl, entrez, uniprot, hgnc."""
    release: str

    def form(self, text: str) -> str:
        """The kind of identifier that a text looks like; what is both a symbol and a UniProt accession is a symbol."""
        for kind, form in _FORMS.items():
            if form.fullmatch(text) and not (
                kind == "uniprot" and any(text in self.names[t] for t in _TIERS)
            ):
                return kind
        return "symbol"

    def resolve(self, ids: Iterable, *, kind: str | None = None) -> Resolution:
        """The approved symbol of each id, and how it was found.

        Without ``kind``, each id is read as what it looks like, except that bare numbers are Entrez ids only where
        most of the list are; the commonest kind is reported. With it, every id is read as that kind.

        A symbol is looked for among the approved ones, then the previous ones, then the aliases, and the first of
        these that knows it decides: it is resolved if one gene has it there, else ambiguous. A date is read as the
        symbols that spreadsheets turn into it (``1-Sep`` was ``SEPT1``; Ziemann et al. 2016), by the same rule over
        all of them. Only then is upper or lower case ignored.

        Raises: BadInput: unknown kind.
        """
        if kind is not None and kind not in KINDS:
            raise unknown("kind of identifier", kind, KINDS)
        texts = [_text(i) for i in ([ids] if isinstance(ids, str) else ids)]
        forms = {t: self.form(t) for t in dict.fromkeys(texts)}
        counts = Counter(forms[t] for t in texts if t)
        most = kind or max(KINDS, key=lambda k: counts[k])
        found = {t: self._one(t, _read_as(form, kind, most)) for t, form in forms.items()}
        symbol = np.array([found[t][1] for t in texts], dtype=str)
        status = np.array([found[t][0] for t in texts], dtype=object)
        return Resolution(
            ids=np.array(texts, dtype=str),
            symbol=symbol,
            status=_mark_duplicates(symbol, status),
            kind=most,
            candidates={t: c for t, (_, _, c) in found.items() if len(c) > 1},
            hints={
                t: h
                for t in found
                if found[t][0] in ("case", "unknown") and (h := _hint(t, forms[t], kind))
            },
            release=self.release,
        )

    def _one(self, text: str, kind: str) -> tuple[str, str, tuple[str, ...]]:
        """Status, symbol and candidates of one id that is read as one kind."""
        if kind == "symbol":
            return self._symbol(text)
        found = self.numbers[kind].get(_plain(text, kind), ())
        if not found and kind == "hgnc" and self._given(_plain(text, kind)):
            return "withdrawn", "", ()
        return (
            (kind, found[0], found)
            if len(found) == 1
            else ("ambiguous" if found else "unknown", "", found)
        )

    @cached_property
    def _newest(self) -> int:
        return max((int(i[5:]) for i in self.numbers["hgnc"]), default=0)

    def _given(self, hgnc: str) -> bool:
        """Whether an HGNC id is well formed and older than the newest: it was given once, or passed over."""
        return bool(_FORMS["hgnc"].fullmatch(hgnc)) and int(hgnc[5:]) < self._newest

    def _symbol(self, text: str) -> tuple[str, str, tuple[str, ...]]:
        if text.lower().endswith("~withdrawn"):
            return "withdrawn", "", ()
        tier, symbol, found = _decide(self.names, [text])
        if found:
            return (tier if symbol else "ambiguous"), symbol, found
        spelled = date_symbols.before(text.upper())
        _, symbol, found = _decide(self.folded, spelled)
        if spelled or date_symbols.SCIENTIFIC.fullmatch(text.upper()):
            return "excel", symbol, found
        _, symbol, found = _decide(self.folded, [text.upper()])
        return ("case" if symbol else "ambiguous" if found else "unknown"), symbol, found


def _decide(names: dict[str, Index], spellings: list[str]) -> tuple[str, str, tuple[str, ...]]:
    """The first tier that knows a spelling, its symbol if it is one, and the genes of all tiers, that tier's first."""
    known = {
        tier: dict.fromkeys(s for text in spellings for s in names[tier].get(text, ()))
        for tier in _TIERS
    }
    tier = next((t for t in _TIERS if known[t]), "")
    symbol = next(iter(known[tier])) if tier and len(known[tier]) == 1 else ""
    return tier, symbol, tuple(dict.fromkeys(s for t in _TIERS for s in known[t]))


def _read_as(form: str, kind: str | None, most: str) -> str:
    """The kind that an id of a form is read as; a bare number is an Entrez id only among others."""
    return kind or ("symbol" if form == "entrez" != most else form)


def _text(value: object) -> str:
    """An id as text: numbers without a decimal point, missing values as an empty text."""
    if isinstance(value, str):
        return value.strip()
    if isinstance(value, float):  # a column of numbers with a gap holds 7157.0
        return "" if np.isnan(value) else f"{value:.0f}" if value.is_integer() else str(value)
    return "" if value is None or value is pd.NA or value is pd.NaT else str(value).strip()


def _plain(text: str, kind: str) -> str:
    """An identifier as the tables write it: without version, isoform or database prefix."""
    if kind == "hgnc":
        return f"HGNC:{text.split(':')[-1]}"
    if kind == "entrez":
        return text.removesuffix(".0")
    found = _FORMS[kind].fullmatch(text)
    if not found:
        return text
    return found.group(3) if kind == "uniprot" else text[:15].upper()


def _hint(text: str, form: str, kind: str | None) -> str:
    """What an id looks like that was not found as it stands, or an empty text."""
    if kind and form not in (kind, "symbol"):
        return f"looks like an identifier of kind '{form}' and was read as '{kind}'; leave the kind out"
    return next((hint for pattern, hint in _HINTS.items() if re.fullmatch(pattern, text)), "")


def _mark_duplicates(symbol: np.ndarray, status: np.ndarray) -> np.ndarray:
    """Statuses in which all but the best id of each gene (the first among equals) are duplicates, ``(n,)``."""
    rank = {s: i for i, s in enumerate(STATUSES)}
    order = np.argsort([rank[s] for s in status], kind="stable")
    order = order[symbol[order] != ""]
    again = order[pd.Series(symbol[order]).duplicated().to_numpy(bool)]
    status[again] = "duplicate"
    return status.astype(str)


# --- tables -----------------------------------------------------------------------------------------------------------

_NAMES = {"approved": "symbol", "previous": "prev_symbol", "alias": "alias_symbol"}
_NUMBERS = {
    "ensembl": "ensembl_gene_id",
    "entrez": "entrez_id",
    "uniprot": "uniprot_ids",
    "hgnc": "hgnc_id",
}
_ABOUT = ["location", "gene_group_id", "locus_group"]
_CHROMOSOMES = [*map(str, range(1, 23)), "X", "Y", "MT"]


def build(
    hgnc: pd.DataFrame, ensembl: pd.DataFrame | None = None, *, release: str = "HGNC"
) -> Resolver:
    """A resolver from the HGNC complete set, with more Ensembl ids and chromosomes from Ensembl's own table.

    ``hgnc`` has the columns of the official file, all as text; ``ensembl`` has ``ensgene, symbol, chr``. An Ensembl id
    that HGNC does not give means the gene that Ensembl names, if that is an approved or previous symbol of one gene
    and the id lies on that gene's chromosome, a patch or another haplotype.

    Raises: BadInput: a column is missing, or a symbol stands twice.
    """
    lacking = [c for c in (*_NAMES.values(), *_NUMBERS.values(), *_ABOUT) if c not in hgnc]
    if lacking:
        raise BadInput(
            f"the table of HGNC has no column {', '.join(lacking)}; take the official hgnc_complete_set.txt."
        )
    if hgnc.symbol.duplicated().any():
        twice = hgnc.symbol[hgnc.symbol.duplicated()].iloc[0]
        raise BadInput(
            f"the table of HGNC has the symbol '{twice}' twice; take the official hgnc_complete_set.txt."
        )
    names = {tier: _index(hgnc[column], hgnc.symbol) for tier, column in _NAMES.items()}
    numbers = {kind: _index(hgnc[column], hgnc.symbol) for kind, column in _NUMBERS.items()}
    chromosome = hgnc.location.str.extract(r"^(\d{1,2}|X|Y|mitochondria)(?=[pqc -]|$)")[0].fillna(
        ""
    )
    genes = pd.DataFrame(
        {
            "chromosome": chromosome.replace("mitochondria", "MT").to_numpy(str),
            "groups": hgnc.gene_group_id.to_numpy(str),
            "coding": (hgnc.locus_group == "protein-coding gene").to_numpy(bool),
        },
        index=pd.Index(hgnc.symbol, name="symbol"),
    )
    if ensembl is not None:
        genes["chromosome"] = _fill_chromosomes(genes.chromosome, numbers["ensembl"], ensembl)
        numbers["ensembl"] = _more_ensembl(numbers["ensembl"], names, genes.chromosome, ensembl)
    return Resolver(genes, names, {t: _fold(index) for t, index in names.items()}, numbers, release)


def _index(column: pd.Series, symbols: pd.Series) -> Index:
    """Each of the values that a column holds, joined by ``|``, → the symbols of its rows."""
    out: Index = {}
    for held, symbol in zip(column.tolist(), symbols.tolist()):
        for value in held.split("|") if held else ():
            known = out.get(value, ())
            if symbol not in known:
                out[value] = (*known, symbol)
    return out


def _fold(index: Index) -> Index:
    """An index by the upper case of its keys."""
    out: Index = {}
    for key, symbols in index.items():
        out[key.upper()] = tuple(dict.fromkeys((*out.get(key.upper(), ()), *symbols)))
    return out


def _more_ensembl(
    known: Index, names: dict[str, Index], places: pd.Series, ensembl: pd.DataFrame
) -> Index:
    """The Ensembl ids of HGNC and those that Ensembl alone gives, where its name and its place are those of one gene.

    Ensembl calls copies all over the genome by the name of one small RNA gene, so that a name alone is not enough.
    """
    more = ensembl[~ensembl.ensgene.isin(known) & (ensembl.symbol != "")]
    certain = {tier: names[tier] if tier != "alias" else {} for tier in _TIERS}
    meant = more.symbol.map({text: _decide(certain, [text])[1] for text in more.symbol.unique()})
    there = ~more.chr.isin(_CHROMOSOMES) | (more.chr == meant.map(places))
    return known | {g: (symbol,) for g, symbol in zip(more.ensgene[there], meant[there]) if symbol}


def _fill_chromosomes(chromosome: pd.Series, known: Index, ensembl: pd.DataFrame) -> pd.Series:
    """Chromosomes, those that HGNC leaves open taken from Ensembl where it names one (and no patch or haplotype)."""
    assembled = ensembl[ensembl.chr.isin(_CHROMOSOMES)]
    placed = {
        known[g][0]: c
        for g, c in zip(assembled.ensgene, assembled.chr)
        if len(known.get(g, ())) == 1
    }
    return chromosome.where(chromosome != "", chromosome.index.map(placed).fillna(""))


@lru_cache
def resolver() -> Resolver:
    """The resolver of the declared HGNC release, with the declared Ensembl release where its table is at hand.

    Raises: sources.Missing: the table of HGNC is nowhere to be had.
    """
    hgnc, ensembl = specs.source("hgnc"), specs.source("ensembl")
    there = sources.status(ensembl)[0] == "ready"
    release = f"HGNC {hgnc.release}" + f" and Ensembl {ensembl.release}" * there
    more = sources.table(ensembl, "genes") if there else None
    return build(sources.table(hgnc, "genes"), more, release=release)


# --- what is known of a gene ------------------------------------------------------------------------------------------


def chromosome(symbols: Iterable[str], *, known: Resolver | None = None) -> np.ndarray:
    """Chromosome of each approved symbol, ``(n,)``: ``1`` to ``22``, ``X``, ``Y``, ``MT``, empty where unknown.

    Genes of the pseudoautosomal regions, which lie on X and Y, are on ``X``.
    """
    return _known(symbols, "chromosome", "", known).astype(str)


def protein_coding(symbols: Iterable[str], *, known: Resolver | None = None) -> np.ndarray:
    """Whether HGNC counts each approved symbol among the protein-coding genes, ``(n,)``; False where unknown.

    Immunoglobulin and T cell receptor segments and readthrough genes are not among them.
    """
    return _known(symbols, "coding", False, known).astype(bool)


def annotation_count(symbols: Iterable[str], *, known: Resolver | None = None) -> np.ndarray:
    """How many Gene Ontology terms each gene is annotated with, ``(n,)`` int: how much is known of it; 0 for none.

    Both the symbols and those of the annotations are looked up, so that an older name finds its gene; a name that is
    not known, or is that of several genes, stands for itself.

    Raises: sources.Missing: the annotations, or the table of HGNC, are nowhere to be had.
    """
    known = known or resolver()
    frame = sources.table(specs.source(annotations()), "annotations")
    terms = frame.groupby(approved(frame.symbol, known=known))["go_id"].nunique()
    return terms.reindex(approved(symbols, known=known), fill_value=0).to_numpy(int)


def annotations() -> str:
    """Id of the source of Gene Ontology annotations: the official file, or the table of its symbols and terms."""
    return "goa" if sources.status(specs.source("goa"))[0] == "ready" else "goa_symbols"


def fingerprint(source: str | None = None) -> list[str]:
    """SHA-256 of the files that the resolver is made of, or of those of another source.

    Raises: sources.Missing: one of them is nowhere to be had.
    """
    used = (
        [source]
        if source
        else ["hgnc"] + ["ensembl"] * (sources.status(specs.source("ensembl"))[0] == "ready")
    )
    specced = [specs.source(name) for name in used]
    return [sources.digest(sources.locate(spec, name)) for spec in specced for name in spec.files]


def approved(symbols: Iterable[str], *, known: Resolver | None = None) -> np.ndarray:
    """The approved symbol of each symbol, ``(n,)``; itself where it has none or more than one."""
    found = (known or resolver()).resolve(symbols, kind="symbol")
    return np.where(found.symbol == "", found.ids, found.symbol)


def _known(
    symbols: Iterable[str], column: str, otherwise: object, known: Resolver | None
) -> np.ndarray:
    held = (known or resolver()).genes[column]
    return held.reindex(list(symbols), fill_value=otherwise).to_numpy()


def paper_universe() -> np.ndarray:
    """Approved symbols of the genes that the paper compares its models on (arXiv 2412.04075), in its order, ``(n,)``.

    Raises: sources.Missing: the list, or the table of HGNC, is nowhere to be had.
    """
    listed = sources.table(specs.source("genebench_paper"), "universe").symbol
    found = resolver().resolve(listed, kind="symbol")
    return found.symbol[found.kept]
