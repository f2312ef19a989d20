"""Small tables that several tests of the book draw and word."""

import pandas as pd
import pytest


@pytest.fixture
def means():
    """Means of two models and a shortcut under two splits of one group."""
    rows = []
    for split, lost in (("random", 0.0), ("stem", 0.1)):
        for i, model in enumerate(("full", "part", "stem")):
            score = 0.9 - 0.1 * i - lost
            row = {"probe": "linear", "measure": "auroc", "group": "localization", "split": split}
            row |= {"model": model, "tasks": 6, "effective": 3.5, "score": score}
            row |= {"low": score - 0.02, "high": score + 0.02, "excess": 0.2 - 0.1 * i}
            row |= {"excess_low": 0.1, "excess_high": 0.3, "tier": i + 1, "rank_low": i + 1}
            row |= {"rank_high": 3, "lost": lost, "lost_low": lost, "lost_high": lost}
            rows.append(row)
    return pd.DataFrame(rows)
