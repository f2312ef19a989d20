"""The plan: which cells there are, what determines each, which genes are common."""

import itertools
import pickle

import numpy as np
import pytest
from helpers import TINY, edit_model, edit_profile, edit_yaml, forget, refused

from genebench.benchmark import plan
from genebench.core import paths


@pytest.fixture
def tiny(warm):
    """The plan of the finished profile."""
    return plan.make("tiny")


def test_every_task_is_met_once_by_every_model_in_every_split(tiny):
    met = [(c.model, c.split, t) for c in tiny.cells for t in c.tasks]
    expected = itertools.product(TINY["models"], TINY["splits"], tiny.tasks)
    assert sorted(met) == sorted(expected) and tiny.whole and tiny.requested == tiny.cells
    assert "oracle × toy/class × stem" in map(str, tiny.cells)


def test_only_binary_tasks_on_the_same_genes_share_a_cell_and_no_more_than_a_block(tiny):
    assert max(len(c.tasks) for c in tiny.cells) == TINY["block"]
    for cell in tiny.cells:
        together = [tiny.tasks[t] for t in cell.tasks]
        assert len(together) == 1 or {t.kind for t in together} == {"binary"}
        assert len({tuple(t.entities) for t in together}) == 1


def test_a_choice_never_changes_what_a_cell_contains(tiny):
    part = plan.make("tiny", models=["full"], names=["toy/term/heart"], split="random")
    (cell,) = part.requested
    assert cell in tiny.cells and "toy/term/heart" in cell.tasks and not part.whole
    assert part.cells == tiny.cells


def test_a_profile_without_any_task_is_refused(home):
    for name in ("labels.tsv", "members.tsv"):
        (paths.DOWNLOADS / "toy" / name).unlink()
    forget()
    with refused("profile 'tiny': no task can be built"):
        plan.make("tiny")
    listed = plan.make("tiny", empty=True)  # what is missing can still be listed
    assert not listed.tasks and not listed.cells and len(listed.messages) >= 2


def test_a_plan_can_be_sent_to_another_process(tiny):
    tiny.embedding("full")
    sent = pickle.loads(pickle.dumps(tiny))  # noqa: S301 — made a line above
    assert sent.cells == tiny.cells and sent.path(sent.cells[3]) == tiny.path(tiny.cells[3])


# --- the recipe -----------------------------------------------------------------------------------


def keys(**choice):
    """File names of the requested cells, declarations read anew."""
    forget()
    made = plan.make("tiny", **choice)
    return {made.path(c).name for c in made.requested}


@pytest.mark.parametrize("change", [{"seed": 8}, {"folds": 4}, {"min_per_class": 6}])
def test_whatever_determines_the_rows_changes_every_cell_and_colours_none(warm, change):
    before = keys()
    edit_model("full", title="T", color="#abcdef", description="D", licence="L")
    assert keys() == before
    edit_profile(**change)
    assert not keys() & before


def test_a_new_version_of_a_task_changes_the_cells_with_it_alone(tiny):
    before = {c: tiny.path(c).name for c in tiny.cells}
    edit_yaml(paths.SOURCES / "toy.yml", lambda d: d["tasks"][2].update(version=2))
    after = plan.make("tiny")
    changed = {c for c in after.cells if after.path(c).name != before[c]}
    assert changed == {c for c in before if "toy/class" in c.tasks}


# --- common genes ---------------------------------------------------------------------------------


def test_common_genes_are_those_of_every_broad_model_and_controls_do_not_count(tiny):
    task = tiny.tasks["toy/value"]
    known = np.isin(task.entities, tiny.embedding("part").entities)
    np.testing.assert_array_equal(tiny.common(task), known)
    assert 0 < known.sum() < len(task)
    edit_profile(common_floor=0.7)  # one that is narrow does not define them
    assert plan.make("tiny").common(task).all()


def test_a_model_that_is_run_once_is_in_the_first_split_alone(warm):
    edit_profile(once=["random"])
    met = {(c.model, c.split) for c in plan.make("tiny").cells}
    assert {("random", "random"), ("full", "stem")} <= met and ("random", "stem") not in met


# --- tables that are missing ----------------------------------------------------------------------


def test_a_split_without_its_table_is_refused_replaced_or_left_out(home):
    with refused("unknown split 'randm'; did you mean 'random'"):
        plan.make("tiny", split="randm")
    with refused("'chromosome' needs a table .* run 'genebench fetch hgnc'"):
        plan.make("tiny", split="chromosome")
    family = plan.make("tiny", split="family")
    assert {c.split for c in family.requested} == {"stem"}
    assert any("'stem' is run in its place" in s for s in family.messages)
    edit_profile(splits=["chromosome", "random"])
    tiny = plan.make("tiny")
    assert tiny.splits == ("random",)
    assert any("'chromosome' needs a table" in s and "left out" in s for s in tiny.messages)
