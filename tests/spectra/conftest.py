"""Made-up data sets of spectral curves."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from genebench.core import paths, workers
from genebench.spectra import datasets, properties, run
from genebench.spectra import study as studies
from genebench.spectra.datasets import DataSetSpec
from genebench.spectra.samples import DataSet

LETTERS = "ACDEFGHIKLMNPQRSTVWY"


@pytest.fixture(scope="session")
def scan():
    """Function: n barcodes like a mutational scan's, none to three substitutions, most rare."""

    def make(n: int, *, sites: int = 40, seed: int = 0) -> list[frozenset[str]]:
        rng = np.random.default_rng(seed)
        site = rng.zipf(1.3, (n, 3)) % sites
        kind, size = rng.integers(0, 4, (n, 3)), rng.integers(0, 4, n)
        rows = zip(site, kind, size)
        return [frozenset(f"{a}{LETTERS[k]}" for a, k in zip(s[:m], t)) for s, t, m in rows]

    return make


@pytest.fixture(scope="session")
def make_data():
    """Function: a data set from lists of marks (or none) and labels."""

    def make(labels, lists=None, kind: str = "regression", **fields) -> DataSet:
        if lists is not None:
            fields["barcodes"], fields["marks"] = properties.incidence(lists)
        labels = np.asarray(labels)
        return DataSet("toy", kind, "mutational scans", np.arange(len(labels)), labels, **fields)

    return make


@pytest.fixture(scope="session")
def additive(make_data) -> DataSet:
    """240 single to triple mutants whose effects add up."""
    rng = np.random.default_rng(0)
    effect = rng.normal(size=(12, 4))
    lists, labels = [], []
    for _ in range(240):
        at = rng.choice(12, rng.integers(1, 4), replace=False)
        to = rng.integers(0, 4, len(at))
        lists.append([f"s{a}{t}" for a, t in zip(at, to)])
        labels.append(effect[at, to].sum())
    return make_data(labels, lists)


@pytest.fixture
def declared(additive, tmp_path, monkeypatch):
    """A folder of results with one data set, ``toy``, declared beside the real models."""
    names = [":".join(additive.marks[j] for j in row.indices) for row in additive.barcodes]
    frame = pd.DataFrame({"id": names, "score": additive.labels})
    (tmp_path / "toy.tsv").write_text(frame.to_csv(sep="\t", index=False))
    spec = DataSetSpec(
        name="toy",
        title="Toy",
        kind="regression",
        group="mutational scans",
        label="x",
        unit="u",
        shape="barcodes",
        property={"name": "shared_mutations", "words": "w"},
        models=["ridge", "mutation-count"],
        files={"table": {"format": "tsv", "path": "toy.tsv", "how": "make it"}},
        homepage="https://x.org",
        licence="CC0",
        citation=["ektefaie2024"],
        options={"barcode": "id", "marks": {"separator": ":"}, "label": "score"},
    )
    known = replace(datasets.declared(), datasets={"toy": spec})
    folders = {"DOWNLOADS": "", "CURVES": "curves", "RESULTS": "results"}
    for name, folder in folders.items():
        monkeypatch.setattr(paths, name, tmp_path / folder)

    def pool(jobs: int, shared=None) -> ThreadPoolExecutor:
        workers.start(shared)
        return ThreadPoolExecutor(1)

    monkeypatch.setattr(workers, "pool", pool)
    return known


@pytest.fixture
def go():
    """Function: make a study of declared data sets at three λ and two seeds, and run it."""

    def work(declared, *names: str, **options):
        study = studies.make(
            names or ["toy"], parameters=[0, 0.5, 1], seeds=2, declared=declared, **options
        )
        return study, run.run(study, jobs=1, say=lambda text: None)

    return work
