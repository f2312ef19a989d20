"""Shared fixtures: the made-up project, a finished run of it, and the real tasks, loaded once."""

import os
import shutil
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("HF_HUB_OFFLINE", "1")
# processes that a test starts reach nothing outside either
os.environ["http_proxy"] = os.environ["https_proxy"] = "http://127.0.0.1:9"
os.environ["no_proxy"] = "127.0.0.1,localhost"

from helpers import COLUMNS, GENES, enter, forget, make_home, run_tiny  # noqa: E402

from genebench.benchmark import results  # noqa: E402
from genebench.core import paths, specs  # noqa: E402
from genebench.data import genes, tasks  # noqa: E402


@pytest.fixture(autouse=True)
def lock(tmp_path, monkeypatch):
    """No test writes into the lock of the project."""
    monkeypatch.setattr(paths, "LOCK", tmp_path / "sources.lock")


@pytest.fixture
def home(tmp_path, monkeypatch):
    """A fresh home with made-up data; the package reads and writes there, in this process."""
    enter(monkeypatch, make_home(tmp_path / "home"))
    yield paths.ROOT
    forget()


@pytest.fixture(scope="session")
def finished(tmp_path_factory):
    """One whole run of the made-up profile: ``folder``, ``frame`` (its rows), ``outcome`` and what
    it ``said``."""
    folder, said = make_home(tmp_path_factory.mktemp("finished") / "home"), []
    with pytest.MonkeyPatch.context() as monkeypatch:
        enter(monkeypatch, folder)
        outcome = run_tiny(say=said.append)
        frame = results.load("tiny")
    forget()
    return SimpleNamespace(folder=folder, frame=frame, outcome=outcome, said=said)


@pytest.fixture
def warm(finished, tmp_path, monkeypatch):
    """A copy of the finished home, with its cache: what a second run finds."""
    enter(monkeypatch, shutil.copytree(finished.folder, tmp_path / "home"))
    yield paths.ROOT
    forget()


@pytest.fixture
def known(monkeypatch):
    """A resolver of the made-up genes: each had a name with OLD before it, and the first two share
    an alias."""
    keys = "symbol prev_symbol hgnc_id ensembl_gene_id entrez_id".split()
    cells = [
        (g, f"OLD{g}", f"HGNC:{i}", f"ENSG{i:011d}", str(i + 500)) for i, g in enumerate(GENES)
    ]
    table = pd.DataFrame(cells, columns=keys).reindex(columns=COLUMNS, fill_value="")
    table.loc[:1, "alias_symbol"] = "TWO"
    resolver = genes.build(table, release="Made up")
    monkeypatch.setattr(genes, "resolver", lambda sources: resolver)


@pytest.fixture(scope="session")
def real():
    """Every task of every declared source that can be built from files at hand, and why the others
    cannot."""
    told = []
    known = specs.declared().sources
    built = [tasks.from_source(s, known, missing=told.append) for s in known.values()]
    return [task for entries in built for entry in entries for task in entry], told


@pytest.fixture(scope="session")
def real_tasks(real):
    """Every task of every declared source that can be built here."""
    return real[0]


def pytest_addoption(parser):
    """``--record``: keep what the tests of faults saw."""
    parser.addoption(
        "--record", action="store_true", help="write data/results/reliability/faults.csv"
    )


@pytest.fixture(scope="session")
def faults(request):
    """Note one try of a fault: what it was, cells lost by it, whether the rerun was identical, what
    became of it."""
    seen = []
    yield lambda *row: seen.append(row)
    frame = pd.DataFrame(seen, columns=["fault", "lost_cells", "identical", "outcome"])
    frame.insert(1, "tries", 1)
    how = {"tries": "sum", "lost_cells": "max", "identical": "all", "outcome": "last"}
    record(request, "faults", frame.groupby("fault", sort=False).agg(how))


def record(request, name, table):
    """Write rows of reliability if asked to; those of the same name are replaced, others stay."""
    if table.empty or not request.config.getoption("--record"):
        return
    path = results.beside_path("reliability", f"{name}.csv")
    if path.exists():
        old = pd.read_csv(path).set_index(table.index.name)
        table = pd.concat([old.drop(table.index, errors="ignore"), table])
    results.write_csv(table.reset_index(), path)


@pytest.fixture
def make_task():
    """A task from labels alone; its genes come in families of ``size``."""

    def make(kind, labels, *, size=6, name="made/up"):
        labels = np.asarray(labels)
        family = ["".join("BCDEFGHJKL"[int(c)] for c in f"{f:03d}") for f in range(len(labels))]
        genes = np.array([f"{family[i // size]}{i % size + 1}" for i in range(len(labels))])
        order = np.argsort(genes)
        n = 0 if kind == "regression" else labels.max() + 1
        classes = tuple(f"class {c}" for c in range(labels.shape[1] if labels.ndim == 2 else n))
        words = (name, "t", "d", "genomic properties", kind, "made", 1)
        return tasks.Task(*words, genes[order], labels[order], classes)

    return make


def pytest_make_parametrize_id(val, argname):
    """Name bytes by their length: packed ones hold the time, and processes must agree on names."""
    return f"{argname}-{len(val)}-bytes" if isinstance(val, bytes) else None
