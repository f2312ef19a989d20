"""The registry of encoders, and rows of an embedding."""

import importlib
import os
import subprocess
import sys

import numpy as np
import pytest
from helpers import refused

from genebench import models
from genebench.models import Embedding
from genebench.models.inputs import Inputs


def test_rows_of_entities_and_minus_one_for_others():
    embedding = Embedding(np.array(["B", "D", "F"]), np.zeros((3, 1), np.float32))
    rows = embedding.rows(np.array(["A", "B", "C", "F", "G", "FF"]))
    assert rows.tolist() == [-1, 0, -1, 2, -1, -1]
    empty = Embedding(np.array([], dtype=str), np.zeros((0, 3)))
    assert empty.rows(np.array(["A", "B"])).tolist() == [-1, -1]


def test_an_unknown_encoder_is_answered_with_the_nearest(model):
    message = "model 'tiny': unknown encoder 'ngrms'; did you mean 'ngrams'"
    with refused(message):
        models.encoder(model(encoder="ngrms"))


def test_importing_loads_neither_torch_nor_transformers():
    names = [f"genebench.models.{name}" for name in {*models.ENCODERS.values(), "inference"}]
    assert all(importlib.import_module(name) for name in names)
    script = (
        f"import sys, {', '.join(names)}; print({{'torch', 'transformers'}} & {{*sys.modules}})"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, env={**os.environ})
    assert done.stdout.decode().strip() == "set()", done.stderr


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
