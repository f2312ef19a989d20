"""Parts of a run, made one by one, as by an array of jobs."""

import pytest
from helpers import call

from genebench.benchmark import results


@pytest.mark.parametrize("words", ["0/2", "3/2", "1", "1/0", "a/b", "1/2/3"])
def test_what_is_no_part_ends_with_status_2(home, words):
    ended = call("run", "--profile", "tiny", "--part", words)
    assert ended.exit_code == 2 and f"--part '{words}'" in ended.output


def test_parts_make_all_cells_between_them_and_a_last_run_writes_the_results(home, finished):
    run = ("run", "--profile", "tiny", "--jobs", "1")
    made = [call(*run, "--part", f"{i}/3") for i in (1, 2, 3)]
    assert [part.exit_code for part in made] == [0, 0, 0]
    assert not any("manifest.json" in part.output for part in made)  # a part writes none
    assert not results.scores_path("tiny").exists()
    last = call(*run)
    assert last.exit_code == 0 and ", 0 computed" in last.output
    assert "skipped (see manifest.json)" in last.output
    assert results.load("tiny").equals(finished.frame)
