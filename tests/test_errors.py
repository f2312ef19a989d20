"""Sentences about names that are not known."""

from __future__ import annotations

from genebench.core.errors import BadInput, unknown


def test_a_near_name_is_suggested():
    assert "did you mean 'oracle'?" in str(unknown("model", "orcale", ["oracle", "random"]))


def test_a_name_that_holds_the_given_text_is_suggested_when_none_is_near():
    assert "did you mean 'hpo/term/abnormality-of-body-height'?" in str(
        unknown("task", "HEIGHT", ["hpo/term/abnormality-of-body-height", "jaspar/motif-gc"])
    )


def test_a_short_list_is_told_in_full_when_nothing_is_near():
    assert "known: family, random." in str(unknown("split", "zzz", ["random", "family"]))


def test_a_long_list_is_counted_when_nothing_is_near():
    assert "there are 30 to choose from" in str(
        unknown("task", "zzz", [f"name{i}" for i in range(30)])
    )


def test_the_place_stands_first_and_the_error_is_bad_input():
    err = unknown("key", "colour", ["color"], where="data/models.yml:7")
    assert isinstance(err, BadInput)
    assert str(err) == "data/models.yml:7: unknown key 'colour'; did you mean 'color'?"
