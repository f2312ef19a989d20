"""What an identifier of a human gene means: an index of symbols and ids, and its look-up."""

import re
from collections import Counter, defaultdict
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from ..core.errors import check
from . import date_symbols

KINDS = ("symbol", "ensembl", "entrez", "uniprot", "hgnc")
"""Kinds of identifier; the earlier one wins where a list has as many of two."""

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
"""Status of an id → its meaning; of two ids of one gene, that whose status stands first is used."""

_TIERS = ("approved", "previous", "alias")
# as in https://www.uniprot.org/help/accession_numbers
_ACCESSION = r"[OPQ]\d[A-Z0-9]{3}\d|[A-NR-Z]\d([A-Z][A-Z0-9]{2}\d){1,2}"
_FORMS = {
    "ensembl": re.compile(r"ENSG\d{11}(\.\d+)?(_PAR_Y)?", re.I),
    "hgnc": re.compile(r"HGNC:\d+", re.I),
    "entrez": re.compile(r"\d+(\.0)?"),
    "uniprot": re.compile(rf"((sp|tr)\|)?({_ACCESSION})([-.]\d+)?(\|\w+)?"),
}
MOUSE = r"(?!C(\d+|X|Y)orf)[A-Z][a-z0-9-]*[a-z][a-z0-9-]*|\d{4,}[A-Z]\d+Rik"
"""How symbols of the mouse are written, and those of human genes are not."""
_HINTS = {
    r"": "the id is empty",
    r"\d+(\.0)?": "a bare number: an Entrez id (kind='entrez'), or a date that a spreadsheet "
    "turned into a number",
    r"ENS[A-Z]{3,4}G\d{11}(\.\d+)?": "an Ensembl gene of another species; map it to its human "
    "orthologue",
    r"ENS[TP]\d{11}(\.\d+)?": "an Ensembl transcript or protein; give its gene (ENSG...)",
    r"ENSG\d{11}(\.\d+)?(_PAR_Y)?": "an Ensembl gene that is retired, newer than this release or "
    "without a symbol",
    r"LOC\d+": "a placeholder of NCBI; its number is an Entrez id",
    r"\w+_HUMAN": "a UniProt entry name; give its accession",
    MOUSE: "mouse style; map it to its orthologue",
}
Index = dict[str, tuple[str, ...]]
"""Identifier → approved symbols of the genes that have it, in the order of the table."""


@dataclass(frozen=True, eq=False)
class Resolution:
    """What each of n ids means; nothing is dropped and nothing is guessed.

    Attributes
    ----------
    ids : ndarray of str, shape (n,)
        The ids as text, without the blanks around them.
    symbol : ndarray of str, shape (n,)
        Approved symbol of each id, also of duplicates; empty where there is none or more than one.
    status : ndarray of str, shape (n,)
        A key of ``STATUSES`` for each id.
    kind : str
        The kind of identifier that was requested, or that most ids are.
    candidates : dict of str to tuple of str
        Every gene that an id can mean, for ids that can mean several; the one taken stands first.
    hints : dict of str to str
        What an id that was not resolved, or only by its case, looks like.
    release : str
        The tables that were searched.
    """

    ids: np.ndarray
    symbol: np.ndarray
    status: np.ndarray
    kind: str
    candidates: Index
    hints: dict[str, str]
    release: str

    @property
    def unique(self) -> np.ndarray:
        """Mask of one id of each resolved gene, shape (n,): those to use where genes are unique."""
        return (self.symbol != "") & (self.status != "duplicate")

    def sentence(self) -> str:
        """One sentence: how many ids were resolved, to how many genes, and what the others are."""
        counts = Counter(self.status.tolist())
        plain = {"approved", *KINDS}
        parts = [f"{counts[s]:,} {s}" for s in STATUSES if counts[s] and s not in plain]
        found = f"{(self.symbol != '').sum():,} of {len(self.ids):,} ids (kind: {self.kind})"
        genes = f"{self.unique.sum():,} genes of {self.release}"
        return f"{found} give {genes}{'; ' * bool(parts)}{', '.join(parts)}."


@dataclass(frozen=True, eq=False)
class Resolver:
    """An index of the identifiers of human genes; ``build`` and ``resolver`` make one.

    Attributes
    ----------
    genes : DataFrame
        One row per approved symbol (the index): ``chromosome``, ``groups`` (ids of HGNC gene
        groups, joined by ``|``) and ``coding`` (whether HGNC calls it protein-coding).
    index : dict of str to Index
        Symbols by tier (approved, previous, alias), other ids by kind.
    release : str
        The tables that it was built from.
    """

    genes: pd.DataFrame
    index: dict[str, Index]
    release: str

    def resolve(self, ids, *, kind=None):
        """Find the approved symbol of each id.

        A symbol is looked up among the approved ones, then the previous ones, then the aliases, and
        the first of these that knows it decides: it is resolved if one gene has it there, else
        ambiguous. A date is read as the symbols that spreadsheets turn into it (``1-Sep`` was
        ``SEPT1``; Ziemann et al. 2016), by the same rule over all of them. Only then is upper or
        lower case ignored.

        Parameters
        ----------
        ids : iterable of length n
        kind : str, optional
            A member of ``KINDS``, as which every id is read. None: each id is read as what it looks
            like, except that bare numbers are Entrez ids only where most of the list are.

        Returns
        -------
        Resolution
            In the order of the ids.
        """
        if kind is not None:
            check(KINDS, "kind of identifier", kind)
        texts = ["" if pd.isna(i) else str(i).strip() for i in ids]
        forms = {t: self._form(t) for t in dict.fromkeys(texts)}
        counts = Counter(forms[t] for t in texts if t)
        most = kind or max(KINDS, key=lambda k: counts[k])
        found, candidates, hints = {}, {}, {}
        for text, form in forms.items():
            # a bare number is an Entrez id only among others
            read_as = kind or ("symbol" if form == "entrez" != most else form)
            status, symbol, genes = self._look_up(text, read_as)
            found[text] = status, symbol
            if len(genes) > 1:
                candidates[text] = genes
            if status in ("case", "unknown") and (hint := _hint(text, form, kind)):
                hints[text] = hint
        each = np.array([found[t] for t in texts], dtype=object).reshape(-1, 2)
        # of the ids of a gene the one of the best status is used, of equals the first
        rank = list(STATUSES).index
        order = np.argsort([rank(status) for status in each[:, 0]], kind="stable")
        order = order[each[order, 1] != ""]
        each[order[pd.Series(each[order, 1]).duplicated()], 0] = "duplicate"
        status, symbol = each.T.astype(str)
        return Resolution(
            np.array(texts, dtype=str), symbol, status, most, candidates, hints, self.release
        )

    def approved(self, symbols):
        """Replace older and other names by approved symbols.

        Parameters
        ----------
        symbols : iterable of str

        Returns
        -------
        ndarray of str, shape (n,)
            The approved symbol of each; the name itself where it has none or several.
        """
        found = self.resolve(symbols, kind="symbol")
        return np.where(found.symbol == "", found.ids, found.symbol)

    def chromosome(self, symbols):
        """Look up the chromosome of each gene.

        Parameters
        ----------
        symbols : iterable of str
            n approved symbols.

        Returns
        -------
        ndarray of str, shape (n,)
            ``1`` to ``22``, ``X`` (also of genes on X and Y), ``Y`` or ``MT``; empty where unknown.
        """
        return self.genes.chromosome.reindex(list(symbols), fill_value="").to_numpy(str)

    def _form(self, text):
        """The kind of identifier that a text looks like; a symbol like an accession is a symbol."""
        form = next((kind for kind, form in _FORMS.items() if form.fullmatch(text)), "symbol")
        named = form == "uniprot" and any(text in self.index[tier] for tier in _TIERS)
        return "symbol" if named else form

    def _look_up(self, text, kind):
        """Status, symbol and candidates of an id."""
        named = kind == "symbol"
        spelling = text if named else _plain(text, kind)
        tier, symbol, found = _decide(self.index, [spelling], _TIERS if named else [kind])
        if found:
            return (tier if symbol else "ambiguous"), symbol, found
        older = kind == "hgnc" and _FORMS[kind].fullmatch(spelling)
        if older and int(spelling[5:]) < self._newest or text.lower().endswith("~withdrawn"):
            return "withdrawn", "", ()
        if not named:
            return "unknown", "", ()
        upper = text.upper()
        spelled = date_symbols.symbols_of_date(upper)
        damaged = spelled or date_symbols.SCIENTIFIC.fullmatch(upper)
        _, symbol, found = _decide(self._upper, spelled if damaged else [upper])
        if damaged:
            return "excel", symbol, found
        return ("case" if symbol else "ambiguous" if found else "unknown"), symbol, found

    @cached_property
    def _newest(self):
        return max((int(i[5:]) for i in self.index["hgnc"]), default=0)

    @cached_property
    def _upper(self):
        tiers = {
            t: [(k.upper(), s) for k, found in self.index[t].items() for s in found] for t in _TIERS
        }
        return {tier: make_index(pairs) for tier, pairs in tiers.items()}


def make_index(pairs):
    """Index pairs of a key and a symbol.

    Parameters
    ----------
    pairs : iterable of (str, str)

    Returns
    -------
    dict of str to tuple of str
        Each key → its distinct symbols, in order.
    """
    out = defaultdict(dict)
    for key, symbol in pairs:
        out[key][symbol] = None
    return {key: tuple(symbols) for key, symbols in out.items()}


def _decide(index, spellings, tiers=_TIERS):
    """The first tier that knows a spelling, its symbol if it is one, and the genes of all tiers."""
    known = [[s for text in spellings for s in index[t].get(text, ())] for t in tiers]
    tier, first = next(((t, set(k)) for t, k in zip(tiers, known) if k), ("", ()))
    return tier, first.pop() if len(first) == 1 else "", tuple(dict.fromkeys(sum(known, [])))


def current_symbols(index, texts):
    """Bring approved and previous symbols to approved ones.

    Parameters
    ----------
    index : dict of str to Index
        As of ``Resolver``.
    texts : iterable of str

    Returns
    -------
    list of str
        Approved symbol of each; empty where a name is neither an approved nor a previous symbol of
        one gene (aliases, names of viruses and complexes).
    """
    return [_decide(index, [text], ("approved", "previous"))[1] for text in texts]


def _plain(text, kind):
    """An identifier as the tables write it: without version, isoform or database prefix."""
    if kind == "hgnc":
        return f"HGNC:{text.split(':')[-1]}"
    if kind == "entrez":
        return text.removesuffix(".0")
    found = _FORMS[kind].fullmatch(text)
    if not found:
        return text
    return found.group(3) if kind == "uniprot" else text[:15].upper()


def _hint(text, form, kind):
    """What an id looks like that was not found as it stands, or an empty text."""
    if kind and form not in (kind, "symbol"):
        looks = f"looks like an identifier of kind '{form}' and was read as '{kind}'"
        return f"{looks}; leave the kind out"
    return next((hint for pattern, hint in _HINTS.items() if re.fullmatch(pattern, text)), "")
