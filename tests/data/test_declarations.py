"""Every declaration in ``data/``: complete, cited, built, and with names that exist."""

from __future__ import annotations

import importlib.util
import inspect
import re

import numpy as np
import pytest

from genebench import models
from genebench.core import paths, specs
from genebench.data import sources, tasks
from genebench.stats import metrics

SOURCES, MODELS = specs.declared().sources, specs.declared().models
ENTRIES = [(s, t) for s in SOURCES.values() for t in s.tasks]
FILES = [(s, n) for s in SOURCES.values() for n in s.files]
BIBLIOGRAPHY = paths.BOOK / "references.bib"


def cited(key: str) -> bool:
    """Whether a citation key is in the bibliography (true while there is none yet)."""
    entry = rf"@\w+\{{\s*{re.escape(key)}\s*,"
    return not BIBLIOGRAPHY.exists() or bool(re.search(entry, BIBLIOGRAPHY.read_text()))


# --- sources --------------------------------------------------------------------------------------


@pytest.mark.parametrize("source", SOURCES.values(), ids=SOURCES)
def test_source_is_described_and_cited(source):
    words = (source.title, source.licence, source.attribution, source.release)
    assert all(text.strip() for text in words)
    assert source.homepage.startswith("https://")
    for file in source.files.values():
        assert file.package or (file.url or "").startswith("https://") or file.how
    assert cited(source.citation), f"{source.citation} is not in {BIBLIOGRAPHY}"


@pytest.mark.mirror
@pytest.mark.parametrize("source, name", FILES, ids=lambda x: getattr(x, "id", x))
def test_file_is_the_declared_one(source, name):
    if sources.status(source)[0] != "ready":
        pytest.skip(f"{source.files[name].path} is not here; run 'genebench fetch {source.id}'")
    assert sources.locate(source, name, download=False).exists()


@pytest.mark.parametrize("source, entry", ENTRIES, ids=lambda x: getattr(x, "name", ""))
def test_task_is_described_and_its_shape_takes_its_options(source, entry):
    assert entry.title.strip() and entry.description.strip().endswith((".", "?"))
    assert re.fullmatch(r"[a-z0-9_]+(/[a-z0-9-]+)+", entry.name) and entry.version >= 1
    inspect.signature(tasks.SHAPES[entry.shape]).bind(None, **entry.options)
    assert entry.kind == "pair" or metrics.of_kind(entry.kind)


def test_every_task_is_built_sound(real_tasks):
    assert len({t.name for t in real_tasks}) == len(real_tasks)
    assert {t.group for t in real_tasks} == set(specs.GROUPS)
    for task in real_tasks:
        y, n = task.labels, len(task.classes)
        assert task.title and task.description and "{" not in task.description, task.name
        assert (task.entities[1:] > task.entities[:-1]).all(), task.name
        assert len(y) == len(task) >= 40 and np.isfinite(y).all(), task.name
        if task.kind == "regression":
            assert n == 0 and np.ptp(y) > 0, task.name
        elif task.kind == "multilabel":
            assert y.shape[1] == n and set(np.unique(y)) == {0, 1}, task.name
        else:
            assert np.bincount(y, minlength=n).min() > 0 and y.max() + 1 == n, task.name


# --- models ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("model", MODELS.values(), ids=MODELS)
def test_model_is_described_and_cited(model):
    words = (model.title, model.licence, model.description, model.input, model.trained_on)
    assert all(text.strip() for text in words)
    assert model.citation or model.family in ("shortcut", "control")
    assert model.citation is None or cited(model.citation)


@pytest.mark.parametrize("model", MODELS.values(), ids=MODELS)
def test_encoder_takes_the_options_of_its_model(model):
    signature = inspect.signature(models.encoder(model))
    read_by_inputs = ("source", "file", "of")
    signature.bind(None, **{k: v for k, v in model.options.items() if k not in read_by_inputs})
    for module in (*model.requires, *filter(None, [model.weights])):
        assert importlib.util.find_spec(module), f"{module} is not installed"
    if "source" in model.options:
        assert model.options["file"] in SOURCES[model.options["source"]].files
    assert {*model.reads, *model.options.get("labels_of", ())} <= set(SOURCES)
