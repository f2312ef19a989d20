"""The measurement of the probe engine beside its rivals."""

import numpy as np
import pandas as pd
import pytest
from helpers import folds

from benchmarks import probe


@pytest.fixture(scope="module")
def rows():
    """Two tasks of 300 entities, measured."""
    rng = np.random.default_rng(0)
    X = rng.standard_normal((300, 6)).astype(np.float32)
    Y = (X[:, :2] + rng.standard_normal((300, 2)) > 0.5).astype(int)
    F = np.stack([folds(y, 5, seed=t) for t, y in enumerate(Y.T)], axis=1)
    made = probe.compare(probe.Case("binary", X, Y, F), {}, say=lambda row: None)
    return pd.DataFrame(made)[probe.COLUMNS]


def test_every_rival_is_run_at_the_size_of_its_row_and_counts_only_where_it_is_near(rows):
    assert (rows.tasks == 2).all() and (rows.n == 300).all() and (rows.theirs_cpu_s > 0).all()
    assert (rows.ratio.notna() == (rows.max_abs_delta_auroc <= probe.NEAR)).all()
    near = rows.set_index(rows.rival.str.split(",").str[0]).ratio.notna()
    assert near[["genebench itself", "scikit-learn newton-cholesky"]].all()
    assert near["batched L-BFGS in torch"] and len(rows) == 6
