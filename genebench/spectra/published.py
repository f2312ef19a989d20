"""Our splits and curves beside what the paper's repository ships: overlaps, sizes, spread over replicates.

Only summaries are kept: no number of the repository's files is written as it stands there.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import scipy

from ..core import specs
from ..data import sources
from ..data.readers import numbers

SPREADS = {
    ("INH", "Logistic Regression"): ("tb-inh", "logistic", "spectral-weighted"),
    ("PZA", "Logistic Regression"): ("tb-pza", "logistic", "spectral-weighted"),
    ("GFP", "Logistic Regression"): ("gfp", "ridge", "spectral"),
    ("GFP", "CNN"): ("gfp", "cnn", "spectral"),
}
"""Published data set and model → ours: standard deviations over three replicates at each λ."""


def at_hand() -> bool:
    """Whether the repository's results are here."""
    return sources.status(specs.source("spectra_published"))[0] == "ready"


def compare(rows: pd.DataFrame, overlaps: pd.DataFrame) -> pd.DataFrame:
    """One row a quantity: mean over the λ that both have, published and ours, and their rank correlation over λ.

    Args: rows: of ``curve.joined``. overlaps: ``overlaps.csv``.
    """
    held = sources.table(specs.source("spectra_published"), "results")
    held = held.assign(
        parameter=numbers(held.spectral_parameter, strict=True),
        value=numbers(held.value, strict=True),
    )
    held["n_samples"] = numbers(held.n_samples, strict=True)
    shared = held[(held.metric == "cross_split_overlap") & (held.dataset == "RRM")].set_index(
        "parameter"
    )
    ours = overlaps[(overlaps.dataset == "rrm") & (overlaps.split == "spectral")]
    ours = ours.assign(parameter=ours.split_param.astype(float), units=ours.n_train + ours.n_test)
    mean = ours.groupby("parameter")[["jaccard", "units"]].mean()
    out = [
        _row("rrm", "", "share of mutations on both sides (Jaccard)", shared.value, mean.jaccard),
        _row("rrm", "", "variants kept", shared.n_samples, mean.units),
    ]
    spread = held[held.metric == "std_of_test_metric"]
    for (dataset, model), (name, mine, split) in SPREADS.items():
        theirs = (
            spread[(spread.dataset == dataset) & (spread.model == model)]
            .set_index("parameter")
            .value
        )
        own = rows[(rows.task == name) & (rows.model == mine) & (rows.split == split)]
        own = own.groupby("parameter").score.std(ddof=0)
        out.append(
            _row(name, mine, "standard deviation of the score over three seeds", theirs, own)
        )
    return pd.DataFrame([row for row in out if row])


def _row(dataset: str, model: str, what: str, theirs: pd.Series, ours: pd.Series) -> dict:
    both = pd.DataFrame({"theirs": theirs, "ours": ours}).dropna()
    if len(both) < 3:
        return {}
    flat = np.ptp(both.theirs) == 0 or np.ptp(both.ours) == 0
    return {
        "dataset": dataset,
        "model": model,
        "quantity": what,
        "lambdas": len(both),
        "published": both.theirs.mean(),
        "ours": both.ours.mean(),
        "rank_correlation": np.nan
        if flat
        else float(scipy.stats.spearmanr(both.theirs, both.ours).statistic),
        "mean_difference": float((both.theirs - both.ours).abs().mean()),
    }
