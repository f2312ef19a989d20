"""Matching of genes and ids by the resolver."""

import numpy as np
import pytest

from genebench.models.inputs import Inputs


@pytest.mark.parametrize(
    "names, kind, rows",
    [
        (["11", "14", "13", "99"], "entrez", {"CHN3": 2, "KIN1": 0, "OLDK1": 0}),
        # of two ids of one gene the approved one is taken, an ambiguous one never
        (["UNKNOWN9", "BOTH", "KP1", "KIN1"], "symbol", {"KIN1": 3, "OLDK1": 3, "UNKNOWN9": 0}),
    ],
)
def test_genes_and_ids_match_by_approved_symbol(tables, declared, names, kind, rows):
    genes = np.array(["BOTH", "CHN3", "KIN1", "OLDK1", "UNKNOWN9"])
    genes_at, row = Inputs(None, genes, declared).match(names, kind=kind)
    assert dict(zip(genes[genes_at], row)) == rows
