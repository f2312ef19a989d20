"""A verdict follows from the interval; no model with leakage stands for a side; words say so."""

from __future__ import annotations

import pandas as pd
import pytest

from genebench.benchmark.splits import SPLITS
from genebench.book import claims
from genebench.core import specs

CLAIM = {
    "id": "a",
    "says": "Full leads.",
    "citation": "nobody2024",
    "better": ["full"],
    "worse": ["shortcut"],
}


def tables(difference: float, half: float = 0.1, models=("full", "part", "stem")):
    """Means and pairs of one group: full is ``difference`` above stem, ± ``half``."""
    rows = [(m, s) for s in ("random", "family") for m in models]
    means = pd.DataFrame(rows, columns=["model", "split"])
    means = means.assign(measure="auroc", group="all", tasks=4, lost=0.1, lost_low=0.05)
    means["score"] = means.model.map({"full": 0.7, "part": 0.65, "stem": 0.7 - difference})
    pair = {"model": "stem", "other": "full", "difference": -difference, "low": -difference - half}
    pair |= {"high": -difference + half, "measure": "auroc", "group": "all", "split": "random"}
    return means.assign(lost_high=0.2), pd.DataFrame([pair])


@pytest.fixture
def judge(home):
    """Judge the claim by the models of the made-up profile."""
    known = specs.declared()
    models = {m: known.models[m] for m in known.profiles["tiny"].models}

    def judge(means, pairs, **change):
        claim = specs.ClaimSpec(**{**CLAIM, **change})
        frame = claims.verdicts([claim], models, means, pairs)
        return frame.iloc[0], claims.claim_words(frame, models)

    return judge


@pytest.mark.parametrize(
    "difference, half, verdict",
    [(0.2, 0.1, "holds"), (-0.2, 0.1, "fails"), (0.05, 0.1, "open"), (-0.05, 0.1, "open")],
)
def test_a_verdict_is_where_the_interval_lies(judge, difference, half, verdict):
    row, words = judge(*tables(difference, half), note="Mind this.")
    assert row.verdict == verdict and row.difference == pytest.approx(difference)
    assert (row.low, row.high) == pytest.approx((difference - half, difference + half))
    span = " to ".join(f"{v:+.3f}".replace("-", "−") for v in (row.low, row.high))
    assert f"*{verdict.capitalize()}*: *Full* minus *Stem* is " in words
    assert f"AUROC ({span}) over 4 tasks (all, random folds)" in words
    assert words.endswith("Mind this.")


def test_a_side_without_a_fair_model_cannot_be_tested_and_says_who_is_left_out(judge):
    row, words = judge(*tables(0.2, models=("part", "stem")))
    assert row.verdict == "cannot be tested" and pd.isna(row.difference)
    assert "Excluded (leakage or low coverage): Full." in words
    _, words = judge(*tables(0.2), worse=["dna"])
    assert "the profile has no model of dna" in words


def test_what_is_lost_is_said_of_the_best_model_of_its_side(judge):
    change = {"better": ["table"], "worse": [], "split": "family", "lost_since": "random"}
    row, words = judge(*tables(0.2), **change)
    assert (row.verdict, row.better, row.low, row.high) == ("holds", "full", 0.05, 0.2)
    assert "*Full*, the best that is fair there, loses 0.100 AUROC (0.050 to 0.200)" in words
    assert "The shortcut that is best there, *Stem*, loses 0.100." in words


def test_every_declared_claim_names_a_group_a_split_and_models_that_exist():
    families = set(specs.ModelSpec.model_fields["family"].annotation.__args__)
    assert len(specs.published().claims) >= 6
    for claim in specs.published().claims:
        assert claim.group in {"all", *specs.GROUPS} and claim.split in SPLITS
        names = set(claim.better + claim.worse)
        assert names <= families | set(specs.declared().models) and claim.better
        assert claim.worse or claim.lost_since in SPLITS
