"""Claims: a verdict follows from the interval, nobody who has read the answers stands for a side,
and words say so."""

from __future__ import annotations

import shutil

import pandas as pd
import pytest
from helpers import edit_yaml

from genebench.book import claims
from genebench.core import paths, specs

PUBLISHED = paths.PUBLISHED

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
    """Means and pairs of one group in which full is ``difference`` above stem, give or take
    ``half``."""
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
def declared(home):
    """The made-up profile with one claim."""

    shutil.copy(PUBLISHED, paths.PUBLISHED)

    def declare(**change):
        edit_yaml(paths.PUBLISHED, lambda d: d.update(claims=[{**CLAIM, **change}]))
        return specs.profile("tiny")

    return declare


@pytest.mark.parametrize(
    "difference, half, verdict",
    [(0.2, 0.1, "holds"), (-0.2, 0.1, "fails"), (0.05, 0.1, "open"), (-0.05, 0.1, "open")],
)
def test_a_verdict_is_where_the_interval_lies(declared, difference, half, verdict):
    (row,) = claims.verdicts(declared(), *tables(difference, half)).to_dict("records")
    assert row["verdict"] == verdict and row["difference"] == pytest.approx(difference)
    assert (row["low"], row["high"]) == pytest.approx((difference - half, difference + half))
    assert (row["better"], row["worse"]) == ("full", "stem")


def test_a_side_without_a_fair_model_cannot_be_tested_and_says_who_is_left_out(declared):
    (row,) = claims.verdicts(declared(), *tables(0.2, 0.1, models=("part", "stem"))).to_dict(
        "records"
    )
    assert (
        row["verdict"] == "cannot be tested"
        and row["left_out"] == "Full"
        and pd.isna(row["difference"])
    )
    found = claims.verdicts(declared(worse=["dna"]), *tables(0.2, 0.1))
    assert "the profile has no model of dna" in claims.claim_words(found)
    assert claims.claim_numbers(found) == {
        "number": 1,
        "holds": 0,
        "fails": 0,
        "open": 0,
        "cannot_be_tested": 1,
    }


def test_what_is_lost_is_told_of_the_best_model_of_its_side(declared):
    given = declared(better=["table"], worse=[], split="family", lost_since="random")
    (row,) = claims.verdicts(given, *tables(0.2, 0.1)).to_dict("records")
    assert (
        row["verdict"] == "holds"
        and row["better"] == "full"
        and (row["low"], row["high"]) == (0.05, 0.2)
    )
    assert specs.model(row["beside"]).family == "shortcut"
    words = claims.claim_words(claims.verdicts(given, *tables(0.2, 0.1)))
    assert (
        f"The shortcut that is best there, *{specs.model(row['beside']).title}*, loses {row['beside_lost']:.3f}."
        in words
    )


def test_the_page_says_verdict_difference_and_interval(declared):
    found = claims.verdicts(declared(note="Mind this."), *tables(0.2, 0.1))
    assert (
        "*Holds*: *Full* minus *Stem* is +0.200 AUROC (+0.100 to +0.300) over 4 tasks"
        in claims.claim_words(found)
    )
    assert claims.claim_words(found).endswith("Mind this.")
    (ax,) = claims.claim_plot(found, label="d").axes
    assert [t.get_text() for t in ax.texts] == ["holds"]


def test_every_declared_claim_names_a_group_a_split_and_models_that_exist():
    from genebench.benchmark.splits import SPLITS

    families = set(specs.ModelSpec.model_fields["family"].annotation.__args__)
    assert len(specs.published().claims) >= 6
    for claim in specs.published().claims:
        assert claim.group in {"all", *specs.GROUPS} and claim.split in SPLITS
        assert set(claim.better + claim.worse) <= families | set(specs.models()) and claim.better
        assert claim.worse or claim.lost_since in SPLITS
