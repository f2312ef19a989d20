"""The plan: which cells there are, what determines each, which genes are common."""

import numpy as np
import pytest
from helpers import TINY, edit_model, edit_profile, edit_yaml, forget, refused

from genebench.benchmark import plan
from genebench.core import paths


@pytest.fixture
def tiny(warm):
    """The plan of the finished profile."""
    return plan.make("tiny")


def test_a_profile_without_any_task_is_refused(home):
    for name in ("labels.tsv", "members.tsv"):
        (paths.DOWNLOADS / "toy" / name).unlink()
    forget()
    with refused("profile 'tiny': no task can be built"):
        plan.make("tiny")
    listed = plan.make("tiny", empty=True)  # what is missing can still be listed
    assert not listed.tasks and not listed.cells and len(listed.messages) >= 2


# --- the recipe -----------------------------------------------------------------------------------


def keys():
    """File name of each cell."""
    made = plan.make("tiny")
    return {cell: made.path(cell).name for cell in made.cells}


def test_whatever_determines_the_rows_changes_every_cell_and_colours_none(warm):
    before = keys()
    edit_model("full", title="T", color="#abcdef", description="D", licence="L")
    assert keys() == before
    for change in ({"seed": 8}, {"folds": 4}, {"min_per_class": 6}):
        edit_profile(**TINY | change)
        assert not set(keys().values()) & set(before.values())
    edit_profile(**TINY)
    edit_yaml(paths.SOURCES / "toy.yml", lambda d: d["tasks"][2].update(version=2))
    assert {c for c in before if "toy/class" in c.tasks} == {
        c for c, name in keys().items() if name != before[c]
    }


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
    with refused("'chromosome' needs a table .* run 'genebench fetch hgnc'"):
        plan.make("tiny", split="chromosome")
    family = plan.make("tiny", split="family")
    assert {c.split for c in family.requested} == {"stem"}
    assert any("'stem' is run in its place" in s for s in family.messages)
    edit_profile(splits=["chromosome", "random"])
    tiny = plan.make("tiny")
    assert tiny.splits == ("random",)
    assert any("'chromosome' needs a table" in s and "left out" in s for s in tiny.messages)
