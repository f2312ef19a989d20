"""The answers in words say what the tables say; a broken control stops the book."""

import pandas as pd
import pytest
from helpers import run_tiny

from genebench.benchmark import results
from genebench.core import specs
from genebench.core.errors import RunFailed
from genebench.stats import intervals
from notebooks.lib import answers


def test_answers_and_numbers_of_the_front_page_follow_from_the_means(warm, monkeypatch):
    monkeypatch.setattr(intervals, "UNDERPOWERED", 1.0)  # tasks of 180 genes can show little
    run_tiny()
    means, plain = (results.read_beside("tiny", f"{name}.csv") for name in ("means", "plain"))
    models, means = specs.declared().models, means[means.measure == "auroc"]
    lines = answers.answers(means, plain.query("genes == 'own'"), models, folder="there/")
    groups = [g for g in specs.GROUPS if (means.group == g).any()]
    for line, group in zip(lines.splitlines()[2:], groups, strict=True):
        part = means[(means.group == group) & (means.split == "random")]
        best = part.loc[part.score.idxmax()]
        assert f"[{group}](there/group-{specs.GROUPS[group]})" in line
        assert f"*{models[best.model].title}" in line and f"{best.score:.2f} (" in line
    numbers = answers.numbers(means, models)
    score = means[means.group == means.group.iloc[0]].set_index(["split", "model"]).score
    best = score["random"].idxmax()
    assert numbers["top_score"] == f"{score['random', best]:.2f}"
    assert numbers["hard_after"] == f"{score['stem', best]:.2f}"
    assert numbers["letters_before"] == "–"


def test_the_best_shortcut_is_named_by_the_tasks_on_which_it_was_chosen(home):
    frame = pd.DataFrame({"task": [*"abcd"], "best_shortcut": ["stem", "stem", "random", None]})
    frame = pd.concat([frame, frame.assign(model="other")]).assign(kind="binary")
    frame = frame.assign(split="random", genes="common")
    words = answers.shortcut_words(frame, specs.declared().models)
    assert "Of 3 classification tasks it was most often *Stem* (2), *Random* (1)." in words


def test_a_control_that_is_missing_or_out_of_its_band_stops_the_book():
    rows = [("oracle", 1.0), ("random", 0.5), ("shuffled", 0.5)]
    plain = pd.DataFrame(rows, columns=["model", "score"])
    plain = plain.assign(measure="auroc", group="all", tasks=3, n_folds=5)
    assert answers.controls(plain)["oracle"] == "1.00"
    with pytest.raises(RunFailed, match="the control 'shuffled' has no scores"):
        answers.controls(plain.query("model != 'shuffled'"))
    with pytest.raises(RunFailed, match="'random' scores 0.600, outside"):
        answers.controls(plain.assign(score=[1.0, 0.6, 0.5]))
