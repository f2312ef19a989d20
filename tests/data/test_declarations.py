"""Every declaration in ``data/``: complete, cited, built, and with names that exist."""

import importlib.util
import inspect
import re
from ast import literal_eval

import numpy as np
import pytest

from genebench import models
from genebench.core import paths, specs
from genebench.data import sources, tasks

SOURCES, MODELS = specs.declared().sources, specs.declared().models
BIBLIOGRAPHY = set(re.findall(r"@\w+\{\s*([^,\s]+)", (paths.BOOK / "references.bib").read_text()))


def test_sources_and_tasks_are_described_and_cited_and_shapes_take_their_options():
    for source in SOURCES.values():
        for word in "title licence attribution release".split():
            assert getattr(source, word).strip(), source.id
        assert source.homepage.startswith("https://") and source.citation in BIBLIOGRAPHY, source.id
        for file in source.files.values():
            address = file.package or file.wheel or (file.url or "").startswith("https://")
            assert address or file.how, file.path
        for entry in source.tasks:
            assert entry.title.strip() and entry.description.strip()[-1] in ".?", entry.name
            assert re.fullmatch(r"[a-z0-9_]+(/[a-z0-9-]+)+", entry.name), entry.name
            inspect.signature(tasks.BUILDERS[entry.builder]).bind(None, **entry.options)


def test_every_task_is_built_sound(real_tasks):
    assert len({t.name for t in real_tasks}) == len(real_tasks)
    assert {t.group for t in real_tasks} >= set(specs.GROUPS) - {"functional", specs.CONTROL}
    for task in real_tasks:
        assert task.title and task.description and "{" not in task.description, task.name
        assert (task.entities[1:] > task.entities[:-1]).all(), task.name
        assert len(task.labels) == len(task) >= 40 and np.ptp(task.labels) > 0, task.name


@pytest.mark.mirror
def test_published_vectors_are_declared_with_their_published_shapes():
    if sources.status(SOURCES["zhong2025"])[0] != "ready":
        pytest.skip("the published table is not here; run 'genebench fetch zhong2025'")
    table = sources.table(SOURCES["zhong2025"], "embeddings")
    shapes = table["Original Dimensions"].map(literal_eval)
    published = dict(zip(table.Embeding.str.lower(), shapes))
    declared = SOURCES["zhong2025_vectors"].files
    assert {name: tuple(file.options["shape"]) for name, file in declared.items()} == published


@pytest.mark.parametrize("model", MODELS.values(), ids=MODELS)
def test_a_model_is_described_and_cited_and_its_encoder_takes_its_options(model):
    for word in "title licence description input trained_on".split():
        assert getattr(model, word).strip()
    none = model.citation is None and model.family in ("shortcut", "control")
    assert none or model.citation in BIBLIOGRAPHY
    signature = inspect.signature(models.encoder(model))
    read_by_inputs = ("source", "file", "of")
    signature.bind(None, **{k: v for k, v in model.options.items() if k not in read_by_inputs})
    for module in (*model.requires, *filter(None, [model.weights])):
        assert importlib.util.find_spec(module), f"{module} is not installed"
    if "source" in model.options:
        assert model.options["file"] in SOURCES[model.options["source"]].files
    labelled = {name.lstrip("-") for name in model.options.get("labels_of", ())}
    assert {*model.reads, *labelled} <= set(SOURCES)
