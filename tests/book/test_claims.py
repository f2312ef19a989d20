"""A verdict follows from the interval; no model with leakage stands for a side; words say so."""

from __future__ import annotations

import pandas as pd
import pytest

from genebench.book import claims
from genebench.core import specs

CLAIM = {
    "id": "a",
    "says": "Full leads.",
    "citation": "nobody2024",
    "better": ["full"],
    "worse": ["shortcut"],
}


def tables(
    difference: float, half: float, *, models=("full", "part", "stem")
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Means and pairs of one group: full is ``difference`` above stem, ± ``half``."""
    score = {"full": 0.7, "part": 0.65, "stem": 0.7 - difference}
    means = pd.DataFrame(
        [
            {
                "measure": "auroc",
                "group": "all",
                "split": s,
                "model": m,
                "tasks": 4,
                "score": score[m],
                "lost": 0.1,
                "lost_low": 0.05,
                "lost_high": 0.2,
            }
            for s in ("random", "family")
            for m in models
        ]
    )
    rows = [
        (m, o, score[m] - score[o])
        for m, o in (("stem", "full"), ("full", "part"))
        if {m, o} <= set(models)
    ]
    pairs = pd.DataFrame(rows, columns=["model", "other", "difference"])
    pairs = pairs.assign(measure="auroc", group="all", split="random")
    return means, pairs.assign(low=pairs.difference - half, high=pairs.difference + half)


@pytest.fixture
def judge(home):
    """Judge the claim by the models of the made-up profile."""
    known = specs.declared()
    models = {m: known.models[m] for m in known.profiles["tiny"].models}

    def judge(means, pairs, **change):
        claim = specs.ClaimSpec(**{**CLAIM, **change})
        return claims.verdicts([claim], models, means, pairs), models

    return judge


@pytest.mark.parametrize(
    "difference, half, verdict",
    [(0.2, 0.1, "holds"), (-0.2, 0.1, "fails"), (0.05, 0.1, "open"), (-0.05, 0.1, "open")],
)
def test_a_verdict_is_where_the_interval_lies(judge, difference, half, verdict):
    (row,) = judge(*tables(difference, half))[0].to_dict("records")
    assert row["verdict"] == verdict and row["difference"] == pytest.approx(difference)
    ends = (difference - half, difference + half)
    assert (row["low"], row["high"]) == pytest.approx(ends)
    assert (row["better"], row["worse"]) == ("full", "stem")


def test_a_side_without_a_fair_model_cannot_be_tested_and_says_who_is_left_out(judge):
    frame, _ = judge(*tables(0.2, 0.1, models=("part", "stem")))
    row = frame.iloc[0]
    assert (row.verdict, row.left_out) == ("cannot be tested", "Full")
    assert pd.isna(row.difference)
    words = claims.claim_words(*judge(*tables(0.2, 0.1), worse=["dna"]))
    assert "the profile has no model of dna" in words


def test_what_is_lost_is_said_of_the_best_model_of_its_side(judge):
    change = {"better": ["table"], "worse": [], "split": "family", "lost_since": "random"}
    frame, models = judge(*tables(0.2, 0.1), **change)
    row = frame.iloc[0]
    assert (row.verdict, row.better, row.low, row.high) == ("holds", "full", 0.05, 0.2)
    title = models[row.beside].title
    words = claims.claim_words(frame, models)
    assert f"The shortcut that is best there, *{title}*, loses {row.beside_lost:.3f}." in words


def test_the_page_says_verdict_difference_and_interval(judge):
    frame, models = judge(*tables(0.2, 0.1), note="Mind this.")
    words = claims.claim_words(frame, models)
    assert "*Holds*: *Full* minus *Stem* is +0.200 AUROC (+0.100 to +0.300) over 4 tasks" in words
    assert words.endswith("Mind this.")


def test_every_declared_claim_names_a_group_a_split_and_models_that_exist():
    from genebench.benchmark.splits import SPLITS

    families = set(specs.ModelSpec.model_fields["family"].annotation.__args__)
    assert len(specs.published().claims) >= 6
    for claim in specs.published().claims:
        assert claim.group in {"all", *specs.GROUPS} and claim.split in SPLITS
        names = set(claim.better + claim.worse)
        assert names <= families | set(specs.declared().models) and claim.better
        assert claim.worse or claim.lost_since in SPLITS
