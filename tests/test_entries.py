"""Every declaration in ``data/``: complete, cited, found, and spoken of by names that exist."""

from __future__ import annotations

import importlib.util
import inspect
import re

import numpy as np
import pytest
from helpers import sha256

from genebench import models
from genebench.benchmark import splits
from genebench.book import cards
from genebench.core import paths, specs
from genebench.data import sources, tasks
from genebench.stats import metrics

SOURCES, MODELS, PROFILES, PAGES = specs.sources(), specs.models(), specs.profiles(), specs.pages()
ENTRIES = [(s, t) for s in SOURCES.values() for t in s.tasks]
BIBLIOGRAPHY = paths.BOOK / "references.bib"


def cited(key: str) -> bool:
    """Whether a citation key stands in the bibliography (true while there is none yet)."""
    return not BIBLIOGRAPHY.exists() or bool(
        re.search(rf"@\w+\{{\s*{re.escape(key)}\s*,", BIBLIOGRAPHY.read_text())
    )


def test_there_is_something_to_declare():
    assert SOURCES and MODELS and PROFILES and ENTRIES


# --- sources ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("source", SOURCES.values(), ids=SOURCES)
def test_a_source_has_title_licence_attribution_release_homepage_and_a_citation_that_resolves(
    source,
):
    assert all(
        text.strip() for text in (source.title, source.licence, source.attribution, source.release)
    )
    assert source.homepage.startswith("https://")
    assert cited(source.citation), f"{source.citation} is not in {BIBLIOGRAPHY}"


FILES = [(s, n) for s in SOURCES.values() for n in s.files]


@pytest.mark.parametrize("source, name", FILES, ids=lambda x: getattr(x, "id", x))
def test_a_file_is_the_declared_one(source, name):
    spec = source.files[name]
    assert spec.package or (spec.url or "").startswith("https://") or spec.how, (
        "it must say how the file is had"
    )
    if spec.package is None and sources.status(source)[0] != "ready":
        pytest.skip(f"{spec.path} is not here; run 'genebench fetch {source.id}'")
    path = sources.locate(source, name, download=False)
    recorded = path.with_name(path.name + ".sha256")
    allowed = {spec.sha256, *spec.stand_ins, recorded.read_text() if recorded.exists() else None}
    assert sha256(path) in allowed


@pytest.mark.parametrize("source, entry", ENTRIES, ids=lambda x: getattr(x, "name", ""))
def test_a_task_declaration_is_complete_and_its_shape_takes_its_options(source, entry):
    assert (
        entry.title.strip()
        and entry.description.strip().endswith((".", "?"))
        and entry.version >= 1
    )
    assert re.fullmatch(r"[a-z0-9_]+(/[a-z0-9-]+)+", entry.name)
    inspect.signature(tasks.SHAPES[entry.shape]).bind(source, entry, **entry.options)
    assert entry.kind == "pair" or metrics.of_kind(entry.kind)


def test_no_two_tasks_share_a_name(real_tasks):
    names = [t.name for t in real_tasks]
    assert len(set(names)) == len(names)


def test_every_task_is_built_sound(real_tasks):
    for task in real_tasks:
        assert task.title and task.description and "{" not in task.description, task.name
        assert (task.entities[1:] > task.entities[:-1]).all() and len(task.labels) == len(
            task
        ) >= 40, task.name
        assert np.isfinite(task.labels).all() and task.group in specs.GROUPS, task.name
        if task.kind == "regression":
            assert task.classes == () and np.ptp(task.labels) > 0, task.name
        elif task.kind == "multilabel":
            assert task.labels.shape[1] == len(task.classes) and set(np.unique(task.labels)) == {
                0,
                1,
            }, task.name
        else:
            assert np.bincount(task.labels, minlength=len(task.classes)).min() > 0, task.name
            assert task.labels.max() + 1 == len(task.classes), task.name


def test_every_declared_entry_yields_at_least_one_task_or_a_sentence_why_not(real):
    names, told = [t.name for t in real[0]], real[1]
    for source, entry in ENTRIES:
        if not any(n == entry.name or n.startswith(f"{entry.name}/") for n in names):
            assert any(
                f"task '{entry.name}'" in s or s.startswith(f"source '{source.id}': ") for s in told
            ), entry.name


def test_what_comes_with_the_dependencies_is_all_there(real):
    here = [s for s in SOURCES.values() if all(f.package for f in s.files.values())]
    assert len(here) == 3 and not [
        t for t in real[1] for s in here if t.startswith(f"source '{s.id}'")
    ]


def test_every_difference_to_the_paper_over_two_percent_has_its_reason(real):
    found = {t.name: t for t in real[0]}
    beside = cards.published_tasks(
        specs.profile("paper"), specs.sources(), found, specs.published()
    )
    far = beside[beside["difference %"].abs() > 2]
    assert (beside.status != "not declared").all() and (far.reason != "").all()


def test_every_group_of_the_paper_has_a_task(real_tasks):
    assert {t.group for t in real_tasks} == set(specs.GROUPS)


# --- models -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("model", MODELS.values(), ids=MODELS)
def test_a_model_has_title_licence_description_training_data_and_a_citation_that_resolves(model):
    assert all(
        t.strip()
        for t in (model.title, model.licence, model.description, model.input, model.trained_on)
    )
    assert model.citation or model.family in ("shortcut", "control"), (
        "a published model names its paper"
    )
    assert model.citation is None or cited(model.citation), (
        f"{model.citation} is not in {BIBLIOGRAPHY}"
    )


@pytest.mark.parametrize("model", MODELS.values(), ids=MODELS)
def test_a_model_names_an_encoder_that_takes_its_options_and_modules_that_exist(model):
    inspect.signature(models.encoder(model)).bind(
        model,
        np.array(["A"]),
        declared=None,
        **model.options,
        **({"parts": []} if "of" in model.options else {}),
    )
    for module in (*model.requires, *filter(None, [model.weights])):
        assert importlib.util.find_spec(module), f"{module} is not installed"
    if "source" in model.options:
        assert model.options["file"] in specs.source(model.options["source"]).files
    assert set(model.reads) <= set(SOURCES) and set(model.options.get("labels_of", [])) <= set(
        SOURCES
    )


def test_no_two_models_share_a_colour_or_a_title():
    for what in ("color", "title"):
        values = [getattr(m, what).lower() for m in MODELS.values()]
        assert len(set(values)) == len(values), what


def names_of(source: str) -> list[str]:
    """Names of a source's entries, whether their files are here or not."""
    return [entry.name for entry in specs.source(source).tasks]


def test_what_a_model_is_exposed_to_is_at_least_one_task(real_tasks):
    names = {t.name for t in real_tasks} | {entry.name for _, entry in ENTRIES}
    for model in MODELS.values():
        for prefix, why in model.exposed.items():
            assert any(n.startswith(prefix) for n in names), (
                f"{model.name}: no task begins with '{prefix}'"
            )
            assert why.strip().endswith("."), f"{model.name}: say why in a sentence"


def test_a_model_that_reads_a_source_is_exposed_on_it_or_shares_no_labels():
    for model in MODELS.values():
        source = model.options.get("source")
        if source and model.labels == "true" and specs.source(source).tasks:
            assert any(name.startswith(p) for name in names_of(source) for p in model.exposed), (
                model.name
            )


def test_every_control_is_there():
    held = {m.encoder for m in MODELS.values() if m.family == "control"} | {
        m.labels for m in MODELS.values()
    }
    assert {"random", "oracle", "shuffled"} <= held


# --- profiles and pages -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", PROFILES)
def test_a_profile_names_what_exists_and_nothing_twice(name):
    profile = specs.profile(name)
    assert profile.title.strip()
    assert set(profile.splits) <= set(splits.SPLITS)
    for names in (profile.sources, profile.models, profile.splits):
        assert names and len(set(names)) == len(names)


def test_sources_that_a_task_draws_on_are_in_every_profile_that_has_it():
    for profile in PROFILES.values():
        for source in (SOURCES[s] for s in profile.sources):
            for entry in source.tasks:
                assert entry.options.get("other", {}).get("source", source.id) in profile.sources, (
                    entry.name
                )


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.page)
def test_a_page_has_a_notebook_and_a_card_names_a_task_that_exists(page, real_tasks):
    assert (paths.NOTEBOOKS / f"{page.notebook}.py").exists()
    assert page.parameters.get("group", "genomic properties") in specs.GROUPS
    assert page.parameters.get("task", real_tasks[0].name) in {t.name for t in real_tasks}


def test_no_two_pages_share_an_address():
    names = [p.page for p in PAGES]
    assert names and len(set(names)) == len(names)
