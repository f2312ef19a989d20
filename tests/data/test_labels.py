"""Names that tasks are built with."""

from __future__ import annotations

import numpy as np
import pytest

from genebench.data.labels import Declaration, left_out


@pytest.mark.parametrize(
    "ids, names, symbols",
    [
        ("symbol", ["TP53", "1-Sep", "kina2"], ["TP53", "", "kina2"]),
        ("approved", ["KINA2", "OLDK1", "SINGLE", "NICK", "kina2"], ["KINA2", "KINA1", "", "", ""]),
        ("entrez", ["14", "99", "14"], ["CO9orf1", "", "CO9orf1"]),
    ],
)
def test_identifiers_are_read_as_symbols(declared, ids, names, symbols):
    assert Declaration(None, None, declared).symbols(np.array(names), ids).tolist() == symbols


def test_damaged_names_are_listed_in_one_sentence():
    assert left_out(np.array(["TP53"])) == ""
    text = left_out(np.array(["1-Sep", "2-Sep", "1-Sep", "3-Sep", "4-Sep"]))
    assert text.startswith("Left out: 4 names that") and text.endswith("(1-Sep, 2-Sep, 3-Sep, …).")
