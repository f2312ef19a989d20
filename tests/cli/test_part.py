"""Parts of a run, made one by one, as by an array of jobs."""

import pytest
from helpers import call

from genebench.benchmark import results


@pytest.mark.parametrize("words", ["0/2", "3/2", "1", "a/b"])
def test_what_is_no_part_ends_with_status_2(home, words):
    ended = call("run", "--profile", "tiny", "--part", words)
    assert ended.exit_code == 2 and f"--part '{words}'" in ended.output


def test_parts_make_all_cells_between_them_and_a_last_run_writes_the_results(home, finished):
    run = ("run", "--profile", "tiny", "--jobs", "1")
    made = [call(*run, "--part", f"{i}/3") for i in (1, 2, 3)]
    assert [part.exit_code for part in made] == [0, 0, 0]
    assert not results.manifest_path("tiny").exists()  # a part writes none
    assert not results.scores_path("tiny").exists()
    assert ", 0 computed" in call(*run).output
    assert results.load("tiny").equals(finished.frame)
