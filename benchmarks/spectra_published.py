"""Splits and curves of Part II beside the results in the Spectra paper's repository.

``python -m benchmarks.spectra_published`` writes ``data/results/spectra/published.csv``, from the
tables of ``genebench spectra`` and the repository's results, where they are at hand.
"""

from __future__ import annotations

import pandas as pd

from genebench.benchmark import results
from genebench.core import specs
from genebench.data import sources
from genebench.data.readers import numbers
from genebench.spectra import curve, table

SPREADS = {
    ("INH", "Logistic Regression"): ("tb-inh", "logistic", "spectral-weighted"),
    ("PZA", "Logistic Regression"): ("tb-pza", "logistic", "spectral-weighted"),
    ("GFP", "Logistic Regression"): ("gfp", "ridge", "spectral"),
    ("GFP", "CNN"): ("gfp", "cnn", "spectral"),
}
"""Published data set and model → ours: standard deviations over three replicates at each λ."""


def compared(published: pd.DataFrame, rows: pd.DataFrame, overlaps: pd.DataFrame) -> pd.DataFrame:
    """Compare splits and curves with the results in the paper's repository.

    Only summaries are returned: no number of the repository's files as it stands there.

    Parameters
    ----------
    published : DataFrame
        The repository's results.
    rows : DataFrame
        Of ``curve.joined``.
    overlaps : DataFrame
        Rows of ``overlaps.csv``.

    Returns
    -------
    DataFrame
        One row a quantity: means over the λ that both have (``lambdas``), ``published`` and
        ``ours``, their rank correlation over λ, and mean absolute difference.
    """
    theirs = published.rename(columns={"spectral_parameter": "parameter"})
    for column in ("parameter", "value", "n_samples"):
        theirs[column] = numbers(theirs[column], strict=True)
    theirs = theirs.set_index("parameter")
    shared = theirs[(theirs.metric == "cross_split_overlap") & (theirs.dataset == "RRM")]
    mine = overlaps[(overlaps.dataset == "rrm") & (overlaps.split == "spectral")]
    mine = mine.assign(units=mine.n_train + mine.n_test)
    mean = mine.groupby(mine.split_param.astype(float))[["jaccard", "units"]].mean()
    jaccard = "share of mutations on both sides (Jaccard)"
    pairs = [
        ("rrm", "", jaccard, shared.value, mean.jaccard),
        ("rrm", "", "variants kept", shared.n_samples, mean.units),
    ]
    spread = theirs[theirs.metric == "std_of_test_metric"]
    for (dataset, model), (task, name, split) in SPREADS.items():
        other = spread[(spread.dataset == dataset) & (spread.model == model)].value
        own = rows[(rows.task == task) & (rows.model == name) & (rows.split == split)]
        own = own[own["repeat"] < 3].groupby("parameter").score.std(ddof=0)  # as the paper has
        pairs.append((task, name, "standard deviation of the score over three seeds", other, own))
    out = []
    for dataset, model, quantity, other, own in pairs:
        both = pd.DataFrame({"published": other, "ours": own}).dropna()
        row = {"dataset": dataset, "model": model, "quantity": quantity, "lambdas": len(both)}
        rank = both.corr("spearman", min_periods=3).iloc[0, 1]
        row |= {**both.mean(), "rank_correlation": rank}
        out.append(row | {"mean_difference": (both.published - both.ours).abs().mean()})
    return pd.DataFrame([row for row in out if row["lambdas"] >= 3])


def main() -> None:
    """Write the comparison."""
    published = sources.table(specs.declared().source("spectra_published"), "results")
    overlaps = table.read("overlaps.csv")
    rows = curve.joined(results.read(results.scores_path(table.PROFILE)), overlaps)
    frame = compared(published, rows, overlaps)
    rounded = frame.round({c: 6 for c in frame.select_dtypes("float")})
    results.write_csv(rounded, results.beside_path(table.PROFILE, "published.csv"))


if __name__ == "__main__":
    main()
