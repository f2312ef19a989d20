"""Small tables that several tests of the book draw and word."""

import pandas as pd
import pytest


@pytest.fixture
def means():
    """Means of two models and a shortcut under two splits of one group."""
    columns = "split model score lost excess tier".split()
    rows = [
        (split, model, 0.9 - 0.1 * i - lost, lost, 0.2 - 0.1 * i, i + 1)
        for split, lost in (("random", 0.0), ("stem", 0.1))
        for i, model in enumerate(("full", "part", "stem"))
    ]
    frame = pd.DataFrame(rows, columns=columns).assign(
        probe="linear", measure="auroc", group="localization", tasks=6, effective=3.5, rank_high=3
    )
    for name in ("score", "excess", "lost"):
        frame[f"{name}_low"], frame[f"{name}_high"] = frame[name] - 0.02, frame[name] + 0.02
    frame["lost_low"] = frame["lost_high"] = frame.lost
    names = {"score_low": "low", "score_high": "high"}
    return frame.assign(rank_low=frame.tier).rename(columns=names)
