"""Chromosomes, protein-coding genes and numbers of annotations, of made-up tables."""

from __future__ import annotations

import pandas as pd
import pytest
from test_resolver import made_up

from genebench.data import genes, sources


@pytest.fixture(scope="module")
def known():
    """The resolver of the made-up tables."""
    return made_up()


def test_a_chromosome_is_read_from_the_location_or_from_ensembl(known):
    expected = {
        "KINA1": "19",
        "KINA2": "X",
        "LONE1": "X",  # on X and Y
        "CO9orf1": "MT",
        "TWINA": "22",  # unplaced
        "TWINB": "",  # neither table knows, and a haplotype does not count
        "DECA1": "6",  # Ensembl
    }
    assert genes.chromosome(expected, known=known).tolist() == list(expected.values())


def test_a_symbol_that_is_not_known_has_no_chromosome_and_is_not_coding(known):
    assert genes.chromosome(["NOBODY7"], known=known).tolist() == [""]
    assert genes.protein_coding(["NOBODY7"], known=known).tolist() == [False]


def test_only_what_hgnc_calls_protein_coding_is(known):
    assert genes.protein_coding(["KINA1", "TWINB", "KINA1"], known=known).tolist() == [
        True,
        False,
        True,
    ]


def test_nothing_asked_is_nothing_told(known):
    assert (
        genes.chromosome([], known=known).shape
        == genes.protein_coding([], known=known).shape
        == (0,)
    )


def test_annotations_are_counted_once_per_term_under_whatever_name_of_the_gene(known, monkeypatch):
    rows = [
        ("KINA1", "GO:1"),
        ("OLDK1", "GO:1"),
        ("OLDK1", "GO:2"),
        ("LONE1", "GO:1"),
        ("TWINX", "GO:9"),
    ]
    frame = pd.DataFrame(rows, columns=["symbol", "go_id"])
    monkeypatch.setattr(genes, "annotations", lambda: "goa_symbols")
    monkeypatch.setattr(sources, "table", lambda spec, name: {"goa_symbols": frame}[spec.id])
    told = genes.annotation_count(
        ["KINA1", "OLDK1", "LONE1", "KINA2", "TWINX", "NICK"], known=known
    )
    assert told.tolist() == [2, 2, 1, 0, 1, 0]  # NICK is an alias of two genes


def test_the_approved_symbol_stands_for_older_names_and_others_for_themselves(known):
    assert genes.approved(["OLDK1", "NICK", "NOBODY7", "KINA2"], known=known).tolist() == [
        "KINA1",
        "NICK",
        "NOBODY7",
        "KINA2",
    ]
