"""Made-up data sets of spectral curves."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from helpers import in_this_process
from numpy.random import default_rng

from genebench.core import paths, workers
from genebench.core.specs import FileSpec
from genebench.spectra import datasets, properties, run
from genebench.spectra import study as studies
from genebench.spectra.samples import DataSet


@pytest.fixture(scope="session")
def scan():
    """Function: n barcodes like a mutational scan's, none to three substitutions, most rare."""

    def make(n, *, sites=40):
        rng = default_rng(0)
        site, kind = rng.zipf(1.3, (n, 3)) % sites, rng.integers(0, 4, (n, 3))
        names = np.char.add(site.astype(str), np.array(list("ACDE"))[kind])
        return [frozenset(row[:m].tolist()) for row, m in zip(names, rng.integers(0, 4, n))]

    return make


@pytest.fixture(scope="session")
def make_data():
    """Function: a data set from lists of marks (or none) and labels."""

    def make(labels, lists=None, kind="regression", **fields):
        if lists is not None:
            fields["barcodes"], fields["marks"] = properties.incidence(lists)
        labels = np.asarray(labels)
        return DataSet("toy", kind, "mutational scans", np.arange(len(labels)), labels, **fields)

    return make


@pytest.fixture(scope="session")
def additive(make_data):
    """240 single to triple mutants whose effects add up."""
    rng = default_rng(0)
    effect = rng.normal(size=48)
    lists = [4 * rng.choice(12, m, False) + rng.integers(0, 4, m) for m in rng.integers(1, 4, 240)]
    labels = [effect[row].sum() for row in lists]
    return make_data(labels, [[f"s{mark}" for mark in row] for row in lists])


@pytest.fixture
def declared(additive, tmp_path, monkeypatch):
    """A folder of results with one data set, ``toy``, declared beside the real models."""
    names = [":".join(additive.marks[j] for j in row.indices) for row in additive.barcodes]
    frame = pd.DataFrame({"id": names, "score": additive.labels})
    frame.to_csv(tmp_path / "toy.tsv", sep="\t", index=False)
    changes = {
        "name": "toy",
        "models": ["ridge", "mutation-count"],
        "files": {"table": FileSpec(format="tsv", path="toy.tsv", how="make it")},
        "options": {"barcode": "id", "marks": {"separator": ":"}, "label": "score"},
        "existing": {},
    }
    known = datasets.declared()
    for name, folder in (("DOWNLOADS", ""), ("CURVES", "curves"), ("RESULTS", "results")):
        monkeypatch.setattr(paths, name, tmp_path / folder)
    monkeypatch.setattr(workers, "pool", in_this_process)
    return replace(known, datasets={"toy": known.datasets["rrm"].model_copy(update=changes)})


@pytest.fixture
def go(declared):
    """Function: make a study of declared data sets at three λ and two seeds, and run it."""

    def work(name="toy", *chosen, **options):
        options |= {"parameters": [0, 0.5, 1], "seeds": 2, "declared": declared}
        study = studies.make([name], **options)
        return study, run.run(study, chosen=chosen, jobs=1, say=lambda text: None)

    return work
