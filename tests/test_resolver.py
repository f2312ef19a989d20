"""Gene identifiers: by hand on made-up tables, and against the official tables read without the package."""

from __future__ import annotations

import csv
import os
import time

import numpy as np
import pandas as pd
import pytest

from genebench.core import specs
from genebench.core.errors import BadInput
from genebench.data import date_symbols, genes, sources

COLUMNS = """
    hgnc_id symbol prev_symbol alias_symbol ensembl_gene_id entrez_id uniprot_ids location gene_group_id locus_group
""".split()
CODING, OTHER = "protein-coding gene", "other"
ROWS = [
    (
        "HGNC:1",
        "KINA1",
        "OLDK1|BOTH1",
        "NICK",
        "ENSG00000000001",
        "11",
        "P00001|P00002",
        "19q13.4",
        "7|9",
        CODING,
    ),
    (
        "HGNC:2",
        "KINA2",
        "OLDK2",
        "NICK|BOTH1",
        "ENSG00000000002",
        "12",
        "P00003",
        "Xp22",
        "7",
        CODING,
    ),
    (
        "HGNC:3",
        "LONE1",
        "SHARED|KINA1",
        "SINGLE",
        "ENSG00000000003",
        "13",
        "P00003",
        "Xp22.33 and Yp11.3",
        "",
        CODING,
    ),
    ("HGNC:5", "CO9orf1", "SHARED", "", "ENSG00000000004", "14", "", "mitochondria", "", CODING),
    ("HGNC:6", "TWINA", "SEPT1", "", "ENSG00000000009", "", "", "22 unplaced", "471|600", CODING),
    ("HGNC:7", "TWINB", "MARCH1", "sept2", "ENSG00000000009", "", "", "reserved", "1691", OTHER),
    ("HGNC:8", "TWINC", "MARC1", "SEP1|OCT-4", "", "", "", "", "", CODING),
    ("HGNC:9", "DECA1", "", "SEP3|DEC3|52", "ENSG00000000010", "15", "", "reserved", "", CODING),
    ("HGNC:20", "H2AC11", "", "MARCH9", "", "16", "", "6p22.2", "", CODING),
]
CONTIGS = [
    ("ENSG00000000001", "ANOTHER", "7"),  # HGNC gives this id: its symbol stands
    ("ENSG00000000010", "DECA1", "6"),
    ("ENSG00000000101", "KINA1", "CHR_HSCHR6_MHC"),
    ("ENSG00000000102", "OLDK2", "X"),
    ("ENSG00000000103", "NICK", "8"),
    ("ENSG00000000104", "", "8"),
    ("ENSG00000000105", "KINA1", "19"),
    ("ENSG00000000106", "KINA1", "3"),  # a copy elsewhere
    ("ENSG00000000009", "TWINB", "CHR_HSCHR6_MHC"),
]


def made_up() -> genes.Resolver:
    """A resolver of nine made-up genes."""
    hgnc = pd.DataFrame(ROWS, columns=COLUMNS)
    return genes.build(
        hgnc, pd.DataFrame(CONTIGS, columns=["ensgene", "symbol", "chr"]), release="Toy 1"
    )


KNOWN = made_up()


def one(text, kind=None):
    """Status, symbol and candidates of one id."""
    found = KNOWN.resolve([text], kind=kind)
    return found.status[0], found.symbol[0], found.candidates.get(found.ids[0], ())


# --- one id -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text, status, symbol",
    [
        ("KINA2", "approved", "KINA2"),
        ("  KINA2\n", "approved", "KINA2"),
        ("OLDK1", "previous", "KINA1"),
        ("SINGLE", "alias", "LONE1"),
        ("SEPT1", "previous", "TWINA"),
        ("kina2", "case", "KINA2"),
        ("Oldk2", "case", "KINA2"),
        ("CO9ORF1", "case", "CO9orf1"),
        ("ENSG00000000002", "ensembl", "KINA2"),
        ("ENSG00000000002.17", "ensembl", "KINA2"),
        ("ENSG00000000003.5_PAR_Y", "ensembl", "LONE1"),
        ("ensg00000000002", "ensembl", "KINA2"),
        ("HGNC:5", "hgnc", "CO9orf1"),
        ("hgnc:5", "hgnc", "CO9orf1"),
        ("14", "entrez", "CO9orf1"),
        (14, "entrez", "CO9orf1"),
        (14.0, "entrez", "CO9orf1"),
        ("14.0", "entrez", "CO9orf1"),
        (np.int64(14), "entrez", "CO9orf1"),
        ("P00002", "uniprot", "KINA1"),
        ("P00002-3", "uniprot", "KINA1"),
        ("sp|P00002|KINA1_HUMAN", "uniprot", "KINA1"),
        ("H2AC11", "approved", "H2AC11"),  # has the form of an accession
        ("NOBODY", "unknown", ""),
        ("", "unknown", ""),
        (None, "unknown", ""),
        (float("nan"), "unknown", ""),
        (pd.NA, "unknown", ""),
        ("ENSG00000099999", "unknown", ""),
        ("HGNC:4", "withdrawn", ""),
        ("HGNC:21", "unknown", ""),
        ("OLDK1~withdrawn", "withdrawn", ""),
    ],
)
def test_an_id_is_found_as_what_it_is(text, status, symbol):
    assert one(text)[:2] == (status, symbol)


@pytest.mark.parametrize(
    "text, found",
    [
        ("NICK", ("ambiguous", "", ("KINA1", "KINA2"))),  # alias of two
        ("nick", ("ambiguous", "", ("KINA1", "KINA2"))),
        ("SHARED", ("ambiguous", "", ("LONE1", "CO9orf1"))),  # previous symbol of two
        (
            "BOTH1",
            ("previous", "KINA1", ("KINA1", "KINA2")),
        ),  # previous symbol of one, alias of another
        ("KINA1", ("approved", "KINA1", ("KINA1", "LONE1"))),  # previous symbol of another
        ("P00003", ("ambiguous", "", ("KINA2", "LONE1"))),
        ("ENSG00000000009", ("ambiguous", "", ("TWINA", "TWINB"))),
    ],
)
def test_what_can_mean_several_genes_lists_them_and_is_not_guessed(text, found):
    assert one(text) == found


@pytest.mark.parametrize(
    "text", ["1-Sep", "01-Sep", "Sep-01", "Sep-1", "1-sep-23", "2023-09-01", "2001-09-01 00:00:00"]
)
def test_a_date_is_the_symbol_that_a_spreadsheet_took_for_it(text):
    assert one(text) == (
        "excel",
        "TWINA",
        ("TWINA", "TWINC"),
    )  # SEPT1 before SEP1: previous before alias


@pytest.mark.parametrize(
    "text, symbol, candidates",
    [
        ("1-Mar", "", ("TWINB", "TWINC")),  # MARCH1 and MARC1
        ("3-Dec", "DECA1", ()),
        ("4-Oct", "TWINC", ()),  # OCT-4
        ("2-Sep", "TWINB", ()),  # sept2
        ("9/1/2023", "TWINA", ("TWINA", "TWINC")),  # there is no JAN9
        ("3/9/23", "", ("H2AC11", "DECA1")),  # 3 September or 9 March
        ("25-Dec", "", ()),
        ("2.31E+13", "", ()),
    ],
)
def test_a_date_of_several_symbols_is_ambiguous_and_one_of_none_is_still_told(
    text, symbol, candidates
):
    assert one(text) == ("excel", symbol, candidates)


def test_the_symbols_that_excel_spoils_are_those_of_the_literature():
    assert {"SEPT9", "SEP9"} <= set(date_symbols.before("9-SEP"))
    assert {"MARCH1", "MARC1", "MAR1"} <= set(date_symbols.before("1-MAR"))
    assert {"DEC1", "OCT4"} <= {*date_symbols.before("1-DEC"), *date_symbols.before("4-OCT")}
    assert all(
        date_symbols.before(text) == []
        for text in ("HLA-B", "TP53", "NKX2-1", "2023-13-01", "MAR", "")
    )


@pytest.mark.parametrize(
    "text, hint",
    [
        ("Trp53", "mouse"),
        ("2310009E13Rik", "mouse"),
        ("Kina2", "mouse"),
        ("ENSMUSG00000059552", "another species"),
        ("ENST00000269305.9", "transcript"),
        ("P53_HUMAN", "entry name"),
        ("LOC12345", "placeholder"),
        ("ENSG00000099999", "retired"),
        ("", "empty"),
    ],
)
def test_what_is_not_found_as_it_stands_gets_a_hint(text, hint):
    assert hint in KNOWN.resolve([text]).hints[text]


@pytest.mark.parametrize("text", ["KINA2", "OLDK1", "NOBODY", "C7orf999", "C9ORF999"])
def test_what_is_found_or_looks_like_nothing_gets_no_hint(text):
    assert KNOWN.resolve([text]).hints == {}


# --- a list -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "ids, kind",
    [
        (["KINA1", "KINA2", "14"], "symbol"),
        (["ENSG00000000001", "ENSG00000000077", "KINA1"], "ensembl"),
        ([11, 12, "KINA1"], "entrez"),
        (["P00001", "Q9Y6K9", "A0A024RBG1", "KINA1"], "uniprot"),
        (["H2AC11", "P00001"], "symbol"),
        (["HGNC:1", "HGNC:2"], "hgnc"),
        (["KINA1", "12"], "symbol"),
        ([], "symbol"),
        ([None, "", 12], "entrez"),
    ],
)
def test_the_kind_of_a_list_is_that_of_most_of_it(ids, kind):
    assert KNOWN.resolve(ids).kind == kind


def test_bare_numbers_are_entrez_ids_only_among_others():
    assert KNOWN.resolve(["11", "12", "KINA1"]).status.tolist() == [
        "duplicate",
        "entrez",
        "approved",
    ]
    mixed = KNOWN.resolve(["KINA1", "OLDK2", "13", "52"])
    assert mixed.status.tolist() == ["approved", "previous", "unknown", "alias"]
    assert "Entrez" in mixed.hints["13"]


def test_other_identifiers_speak_for_themselves_in_a_list_of_symbols():
    found = KNOWN.resolve(["KINA1", "SINGLE", "HGNC:2", "ENSG00000000004.1"])
    assert found.symbol.tolist() == ["KINA1", "LONE1", "KINA2", "CO9orf1"]


def test_a_kind_that_is_given_is_kept_to():
    found = KNOWN.resolve(["KINA1", "ENSG00000000002"], kind="symbol")
    assert (
        found.status.tolist() == ["approved", "unknown"]
        and "leave the kind out" in found.hints["ENSG00000000002"]
    )
    assert KNOWN.resolve(["5"], kind="hgnc").symbol.tolist() == ["CO9orf1"]
    assert KNOWN.resolve(["KINA1"], kind="entrez").status.tolist() == ["unknown"]


def test_an_unknown_kind_is_told_with_the_nearest():
    with pytest.raises(
        BadInput, match="unknown kind of identifier 'symbols'; did you mean 'symbol'"
    ):
        KNOWN.resolve(["KINA1"], kind="symbols")


def test_of_two_ids_of_a_gene_the_better_one_is_kept_and_both_have_its_symbol():
    found = KNOWN.resolve(["OLDK2", "KINA2", "kina2", "KINA2", "SINGLE"])
    assert found.status.tolist() == ["duplicate", "approved", "duplicate", "duplicate", "alias"]
    assert found.symbol.tolist() == ["KINA2"] * 4 + ["LONE1"]
    assert found.kept.tolist() == [False, True, False, False, True]


def test_a_result_is_aligned_with_its_ids_and_leaves_them_alone():
    ids = ["NOBODY", "KINA2", "NICK", "KINA1"]
    given = np.array(ids)
    found = KNOWN.resolve(given)
    assert found.ids.tolist() == given.tolist() == ids
    assert found.symbol.tolist() == ["", "KINA2", "", "KINA1"] and set(found.status) <= set(
        genes.STATUSES
    )


def test_one_text_is_a_list_of_one():
    assert KNOWN.resolve("KINA1").symbol.tolist() == ["KINA1"]


def test_nothing_resolves_to_nothing():
    found = KNOWN.resolve([])
    assert found.symbol.shape == found.status.shape == found.kept.shape == (0,)
    assert (
        genes.report(found).empty
        and found.sentence() == "0 of 0 ids (kind: symbol) give 0 genes of Toy 1."
    )


def test_the_report_counts_every_id_once_and_the_sentence_agrees():
    found = KNOWN.resolve(["KINA1", "OLDK2", "NICK", "1-Mar", "1-Sep", "NOBODY", "NOONE", "kina1"])
    table = genes.report(found, examples=1).set_index("status")
    assert table.ids.to_dict() == {
        "approved": 1,
        "previous": 1,
        "excel": 2,
        "ambiguous": 1,
        "unknown": 2,
        "duplicate": 1,
    }
    assert table.ids.sum() == 8 and table.resolved.sum() == 4 and table.resolved.excel == 1
    assert (
        table.examples.ambiguous == "NICK → KINA1 or KINA2"
        and table.examples.excel == "1-Mar → TWINB or TWINC"
    )
    assert found.sentence() == (
        "4 of 8 ids (kind: symbol) give 3 genes of Toy 1; 1 previous, 2 excel, 1 ambiguous, 2 unknown, 1 duplicate."
    )


# --- the tables -------------------------------------------------------------------------------------------------------


def test_ensembl_adds_the_ids_that_hgnc_does_not_give_where_name_and_place_are_sure():
    more = {
        "001": "KINA1",
        "101": "KINA1",
        "102": "KINA2",
        "103": "",
        "104": "",
        "105": "KINA1",
        "106": "",
    }
    assert KNOWN.resolve([f"ENSG00000000{i}" for i in more]).symbol.tolist() == list(more.values())


def test_ensembl_is_not_needed():
    alone = genes.build(pd.DataFrame(ROWS, columns=COLUMNS))
    assert alone.resolve(["ENSG00000000002", "ENSG00000000101"]).symbol.tolist() == ["KINA2", ""]
    assert genes.chromosome(["DECA1", "KINA1"], known=alone).tolist() == ["", "19"]


def test_a_table_without_a_column_or_with_a_symbol_twice_is_refused():
    hgnc = pd.DataFrame(ROWS, columns=COLUMNS)
    with pytest.raises(BadInput, match="no column prev_symbol, entrez_id; take"):
        genes.build(hgnc.drop(columns=["prev_symbol", "entrez_id"]))
    with pytest.raises(BadInput, match="the symbol 'KINA1' twice"):
        genes.build(pd.concat([hgnc, hgnc[:1]]))


# --- the official tables ----------------------------------------------------------------------------------------------


def read(source: str, name: str) -> list[dict]:
    """Rows of a declared file, read by the standard library."""
    path = sources.locate(specs.source(source), name, download=False)
    with open(path, encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream, delimiter="\t"))


@pytest.fixture(scope="module")
def real():
    """The resolver of the declared releases."""
    if not os.environ.get("GENEBENCH_MIRROR"):
        pytest.skip("GENEBENCH_MIRROR is unset: there is no table of HGNC to read")
    return genes.resolver()


@pytest.fixture(scope="module")
def hgnc(real):
    """The table of HGNC."""
    return read("hgnc", "genes")


def test_every_approved_symbol_is_itself(real, hgnc):
    symbols = [row["symbol"] for row in hgnc]
    found = real.resolve(symbols)
    assert len(symbols) > 40_000 and found.kind == "symbol"
    assert found.symbol.tolist() == symbols and set(found.status) == {"approved"}


@pytest.mark.parametrize(
    "column, kind, shared",
    [
        ("hgnc_id", "hgnc", 0),
        ("ensembl_gene_id", "ensembl", 2),
        ("entrez_id", "entrez", 0),
        ("uniprot_ids", "uniprot", 250),
    ],
)
def test_every_identifier_of_hgnc_is_its_gene_or_is_listed_as_that_of_several(
    real, hgnc, column, kind, shared
):
    pairs = [(i, row["symbol"]) for row in hgnc for i in row[column].split("|") if i]
    found = real.resolve([i for i, _ in pairs])
    assert found.kind == kind and len(pairs) > 20_000
    wrong = [(i, s) for (i, s), got in zip(pairs, found.symbol) if got != s]
    assert len(wrong) <= shared
    assert all(s in found.candidates[i] for i, s in wrong)


@pytest.mark.parametrize("column, status", [("prev_symbol", "previous"), ("alias_symbol", "alias")])
def test_every_other_name_is_its_gene_or_lists_it_or_is_an_approved_symbol(
    real, hgnc, column, status
):
    approved = {row["symbol"] for row in hgnc}
    pairs = [(i, row["symbol"]) for row in hgnc for i in row[column].split("|") if i]
    found = real.resolve([i for i, _ in pairs], kind="symbol")
    assert (found.status != "unknown").all()
    for (name, symbol), got in zip(pairs, found.symbol):
        assert got == symbol or symbol in found.candidates[name]
        assert got == name or name not in approved
    assert (found.symbol == [s for _, s in pairs]).mean() > (0.96 if status == "previous" else 0.92)


def test_symbols_in_lower_case_come_back(real, hgnc):
    symbols = [row["symbol"] for row in hgnc if row["locus_group"] == CODING]
    found = real.resolve([s.lower() for s in symbols], kind="symbol")
    assert (found.symbol == symbols).mean() > 0.98
    assert set(found.status) <= {"approved", "previous", "alias", "case", "duplicate", "ambiguous"}


@pytest.mark.parametrize(
    "text, status, symbol",
    [
        ("SEPT1", "previous", "SEPTIN1"),
        ("1-Sep", "excel", "SEPTIN1"),
        ("2-Mar", "excel", ""),
        ("1-Mar", "excel", ""),
        ("1-Dec", "excel", "DELEC1"),
        ("MARCH1", "previous", "MARCHF1"),
        ("p53", "alias", "TP53"),
        ("Trp53", "unknown", ""),
        ("Brca1", "case", "BRCA1"),
        ("ENSG00000141510.18", "ensembl", "TP53"),
        ("7157", "entrez", "TP53"),
        ("P04637", "uniprot", "TP53"),
        ("HGNC:11998", "hgnc", "TP53"),
    ],
)
def test_well_known_genes(real, text, status, symbol):
    found = real.resolve([text])
    assert (found.status[0], found.symbol[0]) == (status, symbol)


def test_march_of_the_spreadsheet_may_be_either_gene(real):
    assert {"MARCHF1", "MTARC1"} <= set(real.resolve(["1-Mar"]).candidates["1-Mar"])


def test_twenty_thousand_ids_take_less_than_a_second(real, hgnc):
    ids = [row["alias_symbol"].split("|")[0] or "x" + row["symbol"] for row in hgnc[:20_000]]
    began = time.perf_counter()
    real.resolve(ids)
    assert time.perf_counter() - began < 1.0


def test_chromosomes_of_hgnc_are_those_of_ensembl(real, hgnc):
    placed = {row["ensgene"]: row["chr"] for row in read("ensembl", "genes")}
    assembled = {*map(str, range(1, 23)), "X", "Y", "MT"}
    rows = [
        row for row in hgnc if row["location"] and placed.get(row["ensembl_gene_id"]) in assembled
    ]
    told = genes.chromosome([row["symbol"] for row in rows], known=real)
    differ = told != [placed[row["ensembl_gene_id"]] for row in rows]
    assert set(told) == assembled and len(rows) > 40_000 and differ.sum() <= 4


def test_the_genes_of_the_paper_are_known(real):
    listed = sources.locate(specs.source("genebench_paper"), "universe").read_text().split()
    found = genes.paper_universe()
    assert len(listed) == 16_217 and len(set(found)) == len(found) >= 0.99 * len(listed)
    assert genes.protein_coding(found, known=real).mean() > 0.98
    assert (genes.chromosome(found, known=real) != "").all()
