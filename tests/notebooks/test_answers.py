"""The answers in words say what the tables say; a broken control stops the book."""

import pandas as pd
import pytest
from helpers import run_tiny

from genebench.benchmark import results
from genebench.core import specs
from genebench.core.errors import RunFailed
from genebench.stats import intervals
from notebooks.lib import answers


@pytest.fixture
def run(warm, monkeypatch):
    """Means, plain means and models of a finished run."""
    monkeypatch.setattr(intervals, "UNDERPOWERED", 1.0)  # tasks of 180 genes can show little
    run_tiny()
    models = specs.declared().models
    plain = results.read_beside("tiny", "plain.csv").query("genes == 'own'")
    return results.read_beside("tiny", "means.csv"), plain, models


def test_the_answers_name_the_first_tier_and_how_sure_it_is(run):
    means, plain, models = run
    first = means[(means.measure == "auroc") & (means.split == "random")]
    lines = answers.answers(means, plain, models, folder="there/").splitlines()[2:]
    groups = [g for g in specs.GROUPS if (first.group == g).any()]
    assert len(lines) == len(groups) > 0
    for line, group in zip(lines, groups):
        part = first[first.group == group].sort_values("score", ascending=False)
        assert f"[{group}](there/group-{specs.GROUPS[group]})" in line
        assert f"*{models[part.model.iloc[0]].title}" in line
        assert f"{part.score.iloc[0]:.2f} (" in line


def test_the_best_shortcut_is_named_by_the_tasks_on_which_it_was_chosen(home):
    rows = [("a", "stem"), ("b", "stem"), ("c", "random"), ("d", None)]
    frame = pd.DataFrame(rows, columns=["task", "best_shortcut"]).assign(kind="binary")
    frame = pd.concat([frame, frame.assign(model="other")]).assign(split="random", genes="common")
    words = answers.shortcut_words(frame, specs.declared().models)
    assert "Of 3 classification tasks it was most often *Stem* (2), *Random* (1)." in words


def test_numbers_of_the_front_page_follow_from_the_means(run):
    means, _, models = run
    numbers = answers.numbers(means, models)
    first = means[means.measure == "auroc"].group.iloc[0]
    score = means[means.group == first].set_index(["split", "model"]).score
    best = score["random"].idxmax()
    assert numbers["top_score"] == f"{score['random', best]:.2f}"
    assert numbers["hard_after"] == f"{score['stem', best]:.2f}"
    assert numbers["letters_before"] == "–"


def test_a_control_that_is_missing_or_out_of_its_band_stops_the_book():
    rows = [("oracle", 1.0), ("random", 0.5), ("shuffled", 0.5)]
    plain = pd.DataFrame(rows, columns=["model", "score"])
    plain = plain.assign(measure="auroc", group="all", tasks=3, n_folds=5)
    assert answers.controls(plain)["oracle"] == "1.00"
    with pytest.raises(RunFailed, match="the control 'shuffled' has no scores"):
        answers.controls(plain.query("model != 'shuffled'"))
    with pytest.raises(RunFailed, match="'random' scores 0.600, outside"):
        answers.controls(plain.assign(score=[1.0, 0.6, 0.5]))
