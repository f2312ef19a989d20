"""Gene identifiers: by hand on made-up tables, and against the official tables read anew."""

import csv
import os

import pandas as pd
import pytest
from helpers import forget, refused, rows

from genebench.core import paths, specs
from genebench.data import genes, sources

# --- one id ---------------------------------------------------------------------------------------


KINDS = rows("""
KINA2                  | approved  | KINA2
SINGLE                 | alias     | LONE1
CO9ORF1                | case      | CO9orf1
ENSG00000000002.17     | ensembl   | KINA2
ENSG00000000003.5_PAR_Y | ensembl  | LONE1
hgnc:5                 | hgnc      | CO9orf1
P00002-3               | uniprot   | KINA1
sp|P00002|KINA1_HUMAN  | uniprot   | KINA1
H2AC11                 | approved  | H2AC11
ENSG00000099999        | unknown   |
HGNC:4                 | withdrawn |
OLDK1~withdrawn        | withdrawn |
""")
"""H2AC11 has the form of an accession."""


@pytest.mark.parametrize(
    "text, status, symbol", [*KINDS, (14.0, "entrez", "CO9orf1"), (None, "unknown", "")]
)
def test_id_is_resolved_by_its_kind(resolver, text, status, symbol):
    result = resolver.resolve([text])
    assert (result.status[0], result.symbol[0]) == (status, symbol)


AMBIGUOUS = """
NICK      | ambiguous |       | KINA1 KINA2  | alias of two
SHARED    | ambiguous |       | LONE1 CO9orf1 | previous symbol of two
BOTH1     | previous  | KINA1 | KINA1 KINA2  | and alias of another
KINA1     | approved  | KINA1 | KINA1 LONE1  | and previous symbol of another
P00003    | ambiguous |       | KINA2 LONE1  |
1-Sep     | excel     | TWINA | TWINA TWINC  | SEPT1 before SEP1: previous before alias
9/1/2023  | excel     | TWINA | TWINA TWINC  | there is no JAN9
1-Mar     | excel     |       | TWINB TWINC  | MARCH1 and MARC1
3/9/23    | excel     |       | H2AC11 DECA1 | 3 September or 9 March
2.31E+13  | excel     |       |              |
"""


@pytest.mark.parametrize("text, status, symbol, candidates, why", rows(AMBIGUOUS))
def test_ambiguous_id_lists_its_genes_and_is_not_guessed(
    resolver, text, status, symbol, candidates, why
):
    result = resolver.resolve([text])
    assert (result.status[0], result.symbol[0]) == (status, symbol), why
    assert " ".join(result.candidates.get(text, ())) == candidates


def test_unresolved_id_has_a_hint(resolver):
    found = resolver.resolve(["Trp53", "ENSMUSG00000059552"]).hints
    assert "mouse" in found["Trp53"] and "another species" in found["ENSMUSG00000059552"]


# --- a list ---------------------------------------------------------------------------------------


def test_bare_numbers_are_entrez_ids_only_among_others(resolver):
    assert " ".join(resolver.resolve(["11", "12", "KINA1"]).status) == "duplicate entrez approved"
    mixed = resolver.resolve(["KINA1", "OLDK2", "13", "52"])
    assert " ".join(mixed.status) == "approved previous unknown alias"
    assert "Entrez" in mixed.hints["13"]


def test_unknown_kind_is_an_error_with_the_nearest(resolver):
    with refused("unknown kind of identifier 'symbols'; did you mean 'symb"):
        resolver.resolve(["KINA1"], kind="symbols")


def test_best_id_of_a_gene_is_used_and_all_have_its_symbol(resolver):
    result = resolver.resolve("OLDK2 KINA2 kina2 KINA2 SINGLE".split())
    assert " ".join(result.status) == "duplicate approved duplicate duplicate alias"
    assert " ".join(result.symbol) == "KINA2 KINA2 KINA2 KINA2 LONE1"
    assert result.unique.tolist() == [False, True, False, False, True]


def test_sentence_counts_every_id_once(resolver):
    ids = "KINA1 OLDK2 NICK 1-Mar 1-Sep NOBODY NOONE kina1".split()
    assert resolver.resolve(ids).sentence() == (
        "4 of 8 ids (kind: symbol) give 3 genes of Toy 1; 1 previous, 2 excel, 1 ambiguous, "
        "2 unknown, 1 duplicate."
    )


# --- the tables -----------------------------------------------------------------------------------


def test_incomplete_table_is_an_error(hgnc):
    with refused("no column prev_symbol; take"):
        genes.build(hgnc.drop(columns=["prev_symbol", "entrez_id"]))
    with refused("the symbol 'KINA1' twice"):
        genes.build(pd.concat([hgnc, hgnc[:1]]))


def test_chromosome_is_that_of_the_location_or_of_ensembl(resolver):
    # LONE1 is on X and Y, 22 is unplaced, of DECA1 only Ensembl knows; a haplotype does not count
    expected = dict(KINA1="19", LONE1="X", CO9orf1="MT", TWINA="22", DECA1="6", TWINB="", NOBODY="")
    assert resolver.chromosome(expected).tolist() == list(expected.values())


def test_resolver_of_declared_sources_is_shared_until_files_change(declared, hgnc):
    first = genes.resolver(declared)
    assert genes.resolver(dict(declared)) is first and first.release == "HGNC 1 and Ensembl 1"
    before = genes.fingerprint(declared)
    path = sources.locate(declared["hgnc"], "genes")
    hgnc[:-1].to_csv(path, sep="\t", index=False)
    paths.LOCK.unlink()  # who replaces a file removes its line
    forget()
    assert len(genes.resolver(declared).genes) == 8
    assert genes.fingerprint(declared)[0] != before[0]


def test_annotations_are_counted_once_per_term_by_any_name(declared):
    counts = genes.annotation_count("KINA1 OLDK1 LONE1 KINA2 TWINX NICK".split(), declared)
    assert counts.tolist() == [2, 2, 1, 0, 1, 0]  # NICK is an alias of two genes


# --- the official tables --------------------------------------------------------------------------


@pytest.fixture(scope="module")
def real():
    """The resolver of the declared releases."""
    if not os.environ.get("GENEBENCH_MIRROR"):
        pytest.skip("GENEBENCH_MIRROR is unset: there is no table of HGNC to read")
    return genes.resolver(specs.declared().sources)


SHARED = {"symbol": 0, "hgnc_id": 0, "ensembl_gene_id": 2, "entrez_id": 0, "uniprot_ids": 250}


@pytest.mark.mirror
@pytest.mark.parametrize("column", SHARED)
def test_official_ids_are_resolved_or_listed_as_shared(real, column):
    with open(sources.locate(specs.declared().source("hgnc"), "genes"), newline="") as stream:
        table = list(csv.DictReader(stream, delimiter="\t"))  # by the standard library
    pairs = [(i, row["symbol"]) for row in table for i in row[column].split("|") if i]
    result = real.resolve([i for i, _ in pairs])
    assert result.kind == column.split("_")[0] and len(pairs) > 20_000
    wrong = [(i, s) for (i, s), symbol in zip(pairs, result.symbol) if symbol != s]
    assert len(wrong) <= SHARED[column]
    assert all(s in result.candidates[i] for i, s in wrong)


@pytest.mark.mirror
def test_genes_of_the_paper_are_known(real):
    known = specs.declared().sources
    listed = sources.locate(known["genebench_paper"], "universe").read_text().split()
    universe = genes.paper_universe(known)
    assert len(listed) == 16_217 and len(set(universe)) == len(universe) >= 0.99 * len(listed)
    assert (real.chromosome(universe) != "").all()
