"""The measurement of the probe engine beside its rivals."""

import numpy as np
import pandas as pd
import pytest
from helpers import folds

from benchmarks import probe


@pytest.fixture
def rows():
    """Two tasks of 300 entities, measured."""
    X, noise = np.random.default_rng(0).standard_normal((2, 300, 6)).astype(np.float32)
    Y = (X + noise > 0.5)[:, :2].astype(int)
    F = np.stack([folds(y, 5, seed=t) for t, y in enumerate(Y.T)], axis=1)
    made = probe.compare(probe.Case("binary", X, Y, F), {}, say=lambda row: None)
    return pd.DataFrame(made)[probe.COLUMNS]


def test_every_rival_is_run_at_the_size_of_its_row_and_counts_only_where_it_is_near(rows):
    assert (rows[["tasks", "n"]] == [2, 300]).all(axis=None) and (rows.theirs_cpu_s > 0).all()
    assert (rows.ratio.notna() == (rows.max_abs_delta_auroc <= probe.NEAR)).all()
    near = set(rows.rival[rows.ratio.notna()].str.split(",").str[0])
    names = {"genebench itself", "scikit-learn newton-cholesky", "batched L-BFGS in torch"}
    assert near >= names and len(rows) == 6
