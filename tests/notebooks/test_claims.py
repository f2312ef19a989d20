"""A verdict follows from the interval; no model with leakage stands for a side; words say so."""

import pandas as pd
import pytest
from helpers import refused

from genebench.benchmark.splits import SPLITS
from genebench.core import paths, specs
from genebench.core.yamls import read_yaml
from notebooks.lib import claims

CLAIM = {
    "id": "a",
    "says": "Full leads.",
    "citation": "nobody2024",
    "better": ["full"],
    "worse": ["shortcut"],
}


def tables(difference, models=("full", "part", "stem"), sources=8):
    """Means and pairs of one group: full is ``difference`` above stem, ± 0.1."""
    means = pd.DataFrame([(m, s) for s in ("random", "family") for m in models])
    of = {"measure": "auroc", "group": "all", "tasks": 4, "sources": 2}
    lost = {"lost": 0.1, "lost_low": 0.05, "lost_high": 0.2, "clusters": sources}
    means = means.set_axis(["model", "split"], axis=1).assign(**of, **lost)
    means["score"] = means.model.map({"full": 0.7, "part": 0.65, "stem": 0.7 - difference})
    pair = {"model": "stem", "other": "full", "difference": -difference, "split": "random"}
    pair |= {"low": -difference - 0.1, "high": 0.1 - difference}
    return means, pd.DataFrame([pair | {"tables_low": -0.9, "tables_high": 0.8} | of])


@pytest.fixture
def judge(home):
    """Judge the claim by the models of the made-up profile."""
    declared = specs.declared()
    models = {m: declared.models[m] for m in declared.profiles["tiny"].models}

    def judge(means, pairs, **change):
        claim = specs.ClaimSpec(**{**CLAIM, **change})
        frame = claims.verdicts(claims.known([claim], models), models, means, pairs)
        return frame.iloc[0], claims.claim_words({"ours": frame}, models)

    return judge


@pytest.mark.parametrize("gap, verdict", [(0.2, "holds"), (-0.2, "fails"), (0.05, "open")])
def test_a_verdict_is_where_the_interval_lies(judge, gap, verdict):
    row, words = judge(*tables(gap), note="Mind this.", quote="It leads", where="p. 3")
    assert row.verdict == verdict and row.stand_in
    assert (row.difference, row.low, row.high) == pytest.approx((gap, gap - 0.1, gap + 0.1))
    assert (row.tables_low, row.tables_high) == (-0.8, 0.9)
    claim, judged = words.splitlines()
    assert claim == "- **Full leads.** “It leads” (p. 3) {cite}`nobody2024`. Mind this."
    assert judged.startswith(f"  - ours: *{verdict}*: *Full* (a stand-in) minus *Stem* (a stand")
    assert ") over 4 tasks, effectively of 8" in judged


def test_few_source_tables_limit_a_verdict_to_the_tasks(judge):
    row, words = judge(*tables(0.2, sources=1))
    assert row.verdict == "holds on these tasks only" and "Not claimed by the paper" in words
    assert "effectively of 1 source table" in words


def test_a_side_without_a_fair_model_cannot_be_tested_and_says_who_is_left_out(judge):
    row, words = judge(*tables(0.2, models=("part", "stem")))
    assert row.verdict == "not testable" and "no Full is among the models" in words


def test_what_is_lost_is_said_of_the_best_model_of_its_side(judge):
    change = {"better": ["table"], "worse": [], "split": "family", "lost_since": "random"}
    row, words = judge(*tables(0.2), **change)
    assert (row.verdict, row.better, row.low, row.high) == ("holds", "full", 0.05, 0.2)
    assert "loses 0.100 AUROC (0.050 to 0.200)" in words and "*Stem*, loses 0.100." in words


def test_unknown_models_groups_and_old_tables_are_refused(judge):
    with refused("claim 'a': unknown family or model 'ful'; did you mean"):
        judge(*tables(0.2), better=["ful"])
    means, pairs = tables(0.2)
    with refused("no column 'clusters'; run 'genebench run'"):
        judge(means.drop(columns="clusters"), pairs.drop(columns="sources"))


def test_every_declared_claim_names_models_that_exist_and_is_quoted_with_its_place():
    listed = claims.known(specs.published().claims, specs.declared().models)
    for claim in listed:
        assert claim.split in {"", *SPLITS} and bool(claim.quote) == bool(claim.where)
        assert claim.better and (claim.worse or claim.lost_since in SPLITS)


WORDS = {"redrawn", "recomputed", "published", "not made", "not possible"}


def test_every_entry_of_what_is_reproduced_has_a_word_a_reason_and_a_page_that_exists():
    pages = {"", *(page.page for page in specs.pages())}
    for paper, items in read_yaml(paths.DATA / "reproduced.yml").items():
        for item in items:
            assert item["how"] in WORDS and item["page"] in pages, (paper, item["what"])
            assert item["why"].strip() and item.get("differs", True) is True
            assert item["page"] or item["how"].startswith("not ")
