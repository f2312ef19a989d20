"""What tests share: a made-up project whose whole run takes about a second, and small tools."""

import hashlib
import runpy
import shutil
import sys
import zipfile
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
import yaml
from numpy.random import default_rng
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import StratifiedKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from genebench.benchmark import plan, run
from genebench.core import paths, specs, workers
from genebench.core.errors import BadInput
from genebench.core.workers import quiet

GENES = sorted(f"{a}{b}X{i}" for a in "BDEGHJ" for b in "KMNQS" for i in range(1, 7))
"""180 made-up symbols: 30 families of six."""


COLUMNS = """
    hgnc_id symbol prev_symbol alias_symbol ensembl_gene_id entrez_id uniprot_ids location
    gene_group_id locus_group
""".split()
"""Columns of the table of HGNC that are read."""
CODING = "protein-coding gene"


def sha256(path):
    """Digest of a file, computed without the package."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


@contextmanager
def refused(pattern):
    """Bad input is answered with a sentence in which a pattern is found."""
    with pytest.raises(BadInput, match=pattern) as caught:
        yield caught


def call(*words):
    """What the command says to some words: ``exit_code``, ``stdout``, ``stderr``, ``output``."""
    from typer.testing import CliRunner

    from genebench.cli.main import app

    return CliRunner().invoke(app, [str(word) for word in words])


def rows(text):
    """Cells of a table that is written as text, columns apart by " | "."""
    lines = text.strip("\n").splitlines()
    return [tuple(cell.strip() for cell in f"{line} ".split(" | ")) for line in lines]


def forget():
    """Empty every cache of the package, so that the declared paths are read again."""
    modules = [module for name, module in sys.modules.items() if name.startswith("genebench.")]
    values = [value for module in modules for value in vars(module).values()]
    for clear in {getattr(value, "cache_clear", None) for value in values} - {None}:
        clear()


def run_tiny(*, write=True, say=quiet, jobs=1, scheduler=None, **options):
    """Make the plan of the made-up profile, as changed by now, and run it here."""
    forget()
    made = plan.make(options.pop("profile", "tiny"), **options)
    return run.run(made, jobs=jobs, write=write, scheduler=scheduler, say=say)


def in_this_process(jobs, shared=None):
    """A pool of one thread in place of processes."""
    workers.start(shared)
    return ThreadPoolExecutor(1)


LETTERS = np.array(list("ACDEFGHIKLMNPQRSTVWY"))
SHARE = np.fromstring("70 23 47 71 36 66 26 43 57 100 21 36 63 48 56 83 54 60 12 28", sep=" ")
"""Amino acids of the human proteome, rounded."""


def protein(rng, length):
    """A random protein, as numbers of ``LETTERS``."""
    return rng.choice(20, length, p=SHARE / SHARE.sum())


def relative(rng, ancestor, kept, gaps=0.01):
    """A copy in which a share ``kept`` of the letters stay, with pieces left out or put in."""
    letters = np.where(rng.random(len(ancestor)) < kept, ancestor, protein(rng, len(ancestor)))
    parts, at = [], 0
    while at < len(letters):
        step = rng.geometric(gaps)
        parts.append(letters[at : at + step])
        at += step
        if rng.random() < 0.5:
            at += rng.geometric(0.3)
        else:
            parts.append(protein(rng, rng.geometric(0.3)))
    return np.concatenate(parts)


def simulated(seed, sizes, *, alone, identity):
    """Proteins of lengths as in man, in families of these sizes whose members are ``identity``
    identical in pairs, and others alone, some long ones of which have one of three domains of 80
    letters (copies are 40 % identical).

    Returns: sequences, and the family of each, −1 for none.
    """
    rng = default_rng(seed)
    kept = np.sqrt((identity - 0.06) / 0.94)  # letters drawn anew agree with a chance of 0.06
    lengths = np.exp(rng.normal(np.log(415), 0.78, len(sizes) + alone)).clip(100, 2000).astype(int)
    held, family = [], []
    for f, (size, length) in enumerate(zip(sizes, lengths)):
        ancestor = protein(rng, length)
        held += [relative(rng, ancestor, kept) for _ in range(size)]
        family += [f] * size
    domains = [protein(rng, 80) for _ in range(3)]
    for i, length in enumerate(lengths[len(sizes) :]):
        made = protein(rng, length)
        if i % 2 and length > 400:
            copy = relative(rng, domains[i % 3], 0.6)
            made[100 : 100 + len(copy)] = copy
        held.append(made)
        family.append(-1)
    return ["".join(LETTERS[s]) for s in held], np.array(family)


def header(number, symbol=""):
    """The header of a protein as UniProt writes it."""
    named = f" GN={symbol}" if symbol else ""
    protein = f"sp|P{number:05d}|X{number}_HUMAN Protein {number}"
    return f"{protein} OS=Homo sapiens OX=9606{named} PE=1 SV=1"


def packed(members):
    """Write a zip."""

    def write(path):
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, text in members.items():
                archive.writestr(name, text)

    return write


def made_source(name, **files):
    """A source whose words say nothing."""
    words = dict.fromkeys("title homepage licence attribution citation".split(), "x")
    return specs.SourceSpec(id=name, release="1", files=files, **words)


TOY = Path(__file__).with_name("toy")
"""Declarations of the made-up project: source, models and profile."""
TINY = yaml.safe_load((TOY / "profiles.yml").read_text())["profiles"]["tiny"]


def make_home(folder):
    """Write the declarations and files of the made-up project; its profile is called ``tiny``.

    Labels of its 180 genes follow their family and the columns x.
    """
    shutil.copytree(TOY / "files", folder / ".cache" / "downloads" / "toy")
    (folder / "data" / "sources").mkdir(parents=True)
    shutil.copy(TOY / "toy.yml", folder / "data" / "sources")
    for name in ("models.yml", "profiles.yml"):
        shutil.copy(TOY / name, folder / "data")
    return folder


def edit_profile(**changes):
    """Change the made-up profile."""
    edit_yaml(paths.PROFILES, lambda d: d["profiles"]["tiny"].update(changes))


def edit_model(name, **changes):
    """Change a model of the made-up project."""
    edit_yaml(paths.MODELS, lambda d: d["models"][name].update(changes))


def edit_yaml(path, change):
    """Change a declaration in place and forget what was read from it."""
    value = yaml.safe_load(path.read_text(encoding="utf-8"))
    change(value)
    path.write_text(yaml.safe_dump(value, sort_keys=False), encoding="utf-8")
    forget()


def enter(monkeypatch, folder):
    """Point the package at another home."""
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("GENEBENCH_HOME", str(folder))
        for name in ("GENEBENCH_RESULTS", "GENEBENCH_CACHE"):
            environment.delenv(name, raising=False)
        fresh = runpy.run_path(paths.__file__)
    for name in vars(paths):
        if name.isupper():
            monkeypatch.setattr(paths, name, fresh[name])
    monkeypatch.delenv("GENEBENCH_MIRROR", raising=False)
    monkeypatch.setattr(workers, "pool", in_this_process)
    forget()


def plain(seed=0, n=1000, d=20):
    """Normal features, of which half bear on a binary label."""
    rng = default_rng(seed)
    X = rng.standard_normal((n, d))
    return X, (X[:, : d // 2].sum(1) + 2 * rng.standard_normal(n) > 0).astype(int)


def folds(y, n_folds=4, seed=0):
    """Stratified fold of each entity."""
    out = np.zeros(len(y), dtype=np.int8)
    parts = StratifiedKFold(n_folds, shuffle=True, random_state=seed)
    for k, (_, test) in enumerate(parts.split(y, y)):
        out[test] = k
    return out


def reference(X, y, fold, kind="binary", *, C=1.0, standardise=True):
    """Out-of-fold values at the optimum of scikit-learn; fold −1 is left out and has 0.

    Log-odds; log-probabilities, −50 for a class absent from training; or ridge predictions with
    ``C`` as strength of the penalty.
    """
    fit = LogisticRegression(C=C, solver="newton-cholesky", max_iter=1000, tol=1e-10)
    fit = make_pipeline(
        StandardScaler(with_std=standardise), Ridge(C) if kind == "regression" else fit
    )
    several = kind == "multiclass"
    X, out = np.asarray(X, dtype=np.float64), np.zeros((len(y), y.max() + 1) if several else len(y))
    for k in np.unique(fold[fold >= 0]):
        train, test = (fold != k) & (fold >= 0), fold == k
        fit.fit(X[train], y[train])
        if several:
            out[test] = -50
            out[np.ix_(test, fit.classes_)] = fit.predict_log_proba(X[test])
        else:
            out[test] = (fit.predict if kind == "regression" else fit.decision_function)(X[test])
    return out


def gaps(y, ours, theirs, fold):
    """|ΔAUROC| of each fold.

    Entities that the reference takes to be exactly alike (copies, families of like counts) tie;
    which of them a solver's rounding puts first says nothing, so they tie in both.
    """
    out = []
    for k in np.unique(fold[fold >= 0]):
        t = fold == k
        alike, group = np.unique(theirs[t].round(6), return_inverse=True)
        level = np.bincount(group, ours[t]) / np.bincount(group)
        out.append(abs(roc_auc_score(y[t], level[group]) - roc_auc_score(y[t], alike[group])))
    return np.array(out)
