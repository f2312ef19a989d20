"""Harmful names in a browser: on a card none of them is more than text."""

from __future__ import annotations

import pytest
from browsers import EVIL, hit, launch

from genebench.place import card


@pytest.fixture(scope="module")
def browser():
    yield from launch()


@pytest.mark.browser
def test_the_trap_springs(browser):
    assert hit(browser, EVIL[0])[0] and hit(browser, EVIL[1])[0]


def harmful(evil: str) -> dict:
    """What a card shows, with the same harmful text wherever a user's file or a declaration can put
    one."""
    lines = [evil, evil]
    model = {
        "title": evil,
        "family": "table",
        "color": "#000000",
        "score": 0.6,
        "mean": 0.6,
        "low": 0.5,
        "high": 0.7,
    }
    group = {"group": evil, "metric": "AUROC", "tasks": 2, "score": 0.6, "low": 0.5, "high": 0.7}
    group |= {"coverage": 0.5, "all_genes": 0.6, "all_low": 0.5, "all_high": 0.7}
    group |= {"best_shortcut": model, "models": [{**model, "tasks": 2, "fair": 1}]}
    rival = {**model, "tasks": 2, "score_other": 0.5, "difference": 0.1, "coverage": 0.5}
    rival |= {"win": 1, "tie": 0, "loss": 0, "stands": "below"}
    among = {"category": evil, "lower": 1, "embeddings": 2, "best": evil, "best_score": 0.6}
    among |= {"difference": 0.1, "low": 0.0, "high": 0.2}
    return {
        "genebench": "0",
        "name": evil,
        "profile": evil,
        "file": evil,
        "sha256": "0" * 64,
        "dimension": 3,
        "tasks_scored": 2,
        "probe": "svc",
        "among": [{"title": evil, "sentence": evil, "types": [among]}],
        "skipped": [{"task": evil, "reason": evil}],
        "sentences": lines,
        "reading": lines,
        "cost": {
            "this_call_s": 1.0,
            "fits_core_s": 1.0,
            "cells_cached": 0,
            "cells": 1,
            "peak_memory_mb": 1,
        },
        "ids": {
            "covered": 20,
            "of": 40,
            "given": 30,
            "lost": 1,
            "kind": evil,
            "sentences": lines,
            "statuses": [
                {"status": evil, "meaning": evil, "ids": 3, "used": False, "examples": lines}
            ],
        },
        "checks": [{"check": evil, "fine": False, "sentence": evil}],
        "leaks": [{"check": evil, "level": "flag", "sentence": evil, "value": 1, "rows": []}],
        "wins": [
            {
                "task": evil,
                "metric": "auroc",
                "score_all_genes": 0.6,
                "rival_title": evil,
                "rival_score": 0.5,
                "difference": 0.1,
                "low": 0.0,
                "high": 0.2,
            }
        ],
        "losses": [],
        "counts": {"win": 1, "tie": 0, "loss": 0},
        "groups": [group],
        "rivals": [rival],
        "tier": {"sentence": evil},
        "excess": {"tasks": 0, "sentence": evil, "by_group": []},
    }


@pytest.mark.browser
def test_a_card_shows_harmful_names_as_text(browser):
    for evil in EVIL:
        page = card.html(harmful(evil))
        found, text = hit(browser, page)
        assert not found and " ".join(evil.split()) in " ".join(text.split())
        assert "http" not in page and "<script" not in page.replace("&lt;script", "")
