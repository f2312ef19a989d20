"""Fixtures of the tests of models: declarations, made-up genes, weights in a fresh place."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from genebench.core import paths
from genebench.core.specs import ModelSpec
from genebench.data import genes as identifiers
from genebench.data import sources

_HGNC = """
hgnc_id,symbol,name,alias_symbol,prev_symbol,entrez_id,ensembl_gene_id,uniprot_ids
HGNC:1,KIN1,kinase one,KP1|p60,OLDK1,11,ENSG00000000001,P00001
HGNC:2,SET,SET nuclear proto-oncogene,TAF-I,,12,ENSG00000000002,P00002
HGNC:3,CHN3,channel three,BOTH,,13,ENSG00000000003,P00003
HGNC:4,CHN4,channel four,BOTH,,14,ENSG00000000004,P00004
"""


@pytest.fixture
def hgnc() -> pd.DataFrame:
    """Four made-up genes as HGNC lists them."""
    rows = [line.split(",") for line in _HGNC.split("\n") if line]
    table = pd.DataFrame(rows[1:], columns=rows[0])
    return table.assign(locus_group="gene with protein product", location="1p1", gene_group_id="")


@pytest.fixture
def model() -> Callable[..., ModelSpec]:
    """Declare a model, by default one whose weights are on the Hub."""
    base = dict(name="tiny", title="T", family="text", encoder="transformer", description="d")
    base |= dict(input="i", licence="none", trained_on="Nothing.", color="#000000")
    base |= dict(hub="owner/tiny", context=32)
    return lambda **changes: ModelSpec(**base | changes)


@pytest.fixture
def tables(monkeypatch, hgnc) -> dict[tuple[str, str], pd.DataFrame]:
    """Tables of made-up sources by (source, file); the resolver knows the four genes."""
    resolver = identifiers.build(hgnc, release="Toy")
    frames = {("hgnc", "genes"): hgnc}
    monkeypatch.setattr(identifiers, "resolver", lambda *_: resolver)
    monkeypatch.setattr(sources, "table", lambda source, file: frames[source, file])
    return frames


@pytest.fixture
def declared() -> SimpleNamespace:
    """Declarations in which a source is its own name."""
    return SimpleNamespace(source=lambda name: name, sources={})


@pytest.fixture
def shelf(tmp_path, monkeypatch):
    """Folder of the model on the Hub; nothing else is available, and nothing was used before."""
    monkeypatch.setenv("GENEBENCH_WEIGHTS", str(tmp_path / "shelf"))
    monkeypatch.setattr(paths, "WEIGHTS", tmp_path / "weights")
    monkeypatch.setattr(paths, "WEIGHTS_USED", tmp_path / "weights" / "used")
    monkeypatch.setattr(sources, "hub_snapshot", lambda *args, **options: None)
    return tmp_path / "shelf" / "owner" / "tiny"


@pytest.fixture
def run() -> Callable[..., np.ndarray]:
    """A sorted gene universe."""
    return lambda *names: np.array(sorted(names))
