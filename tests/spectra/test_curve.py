"""Overlap, points, areas and findings against plain counting and textbooks."""

from itertools import product

import numpy as np
import pandas as pd
import pytest
from numpy.random import default_rng

from genebench.spectra import curve, properties, splits


@pytest.mark.parametrize("parameter", [0.0, 0.3, 1.0])
def test_overlaps_are_those_of_plain_counting(scan, parameter):
    matrix = properties.incidence(scan(300, sites=900))[0]
    graph, B, every = properties.shared_mutations(matrix), matrix.toarray(), np.arange(300)
    side = splits.split(graph, parameter, seed=1)
    train, test = B[side == 1], B[side == 2]
    shared, mine, other = test @ train.T, train.any(0), test.any(0)
    found = curve.overlaps([(graph, every)], side, matrix)
    assert found["jaccard"] == (mine & other).sum() / (mine | other).sum()
    assert found["test_linked"] == np.mean(shared.any(axis=1))
    assert found["mean_similarity"] == pytest.approx(np.mean(shared > 0))
    either = np.maximum(test.sum(axis=1)[:, None] + train.sum(axis=1) - shared, 1)
    found = curve.overlaps([(properties.tanimoto(matrix, above=0), every)], side)
    assert found["mean_similarity"] == pytest.approx(np.mean(shared / either), abs=1e-7)
    assert np.isnan(found["jaccard"])


def tables(fall, of_size, noise=0.01):
    """Scores and overlaps of a model whose curve falls by ``fall``, its control by ``of_size``."""
    drops = {"spectral": fall, "spectral-size": of_size}
    rows = pd.DataFrame(product(drops, (0.0, 0.5, 1.0), range(3)), columns=["split", "p", "repeat"])
    rows = rows.assign(split_param=rows.p.map("{:g}".format), fold=0, n_train=8, n_test=2)
    linked = np.where(rows.split == "spectral", 1 - rows.p, 1.0)
    score = 0.9 - rows.p * rows.split.map(drops) + noise * default_rng(0).normal(size=18)
    names = {"task": "t", "group": "g", "kind": "binary", "model": "m", "metric": "auroc"}
    overlaps = rows.assign(dataset="t", **dict.fromkeys(curve.OVERLAPS, linked))
    return rows.assign(**names, coverage=1.0, score=score), overlaps


@pytest.mark.parametrize(
    "fall, of_size, falls, share",
    [(0.4, 0.0, True, 0), (0.4, 0.4, True, 1), (0.0, 0.0, False, np.nan)],
)
def test_finding_separates_overlap_from_size(fall, of_size, falls, share):
    joined = curve.joined(*tables(fall, of_size))
    (found,) = curve.findings(joined).to_dict("records")
    assert found["falls"] == falls and found["fall"] == pytest.approx(fall, abs=0.05)
    assert found["gap"] == pytest.approx(fall - of_size, abs=0.05)
    assert found["share_size"] == pytest.approx(share, abs=0.1, nan_ok=True)
    areas = curve.areas(joined).set_index(["split", "over"]).auspc
    assert areas["spectral", "lambda"] == pytest.approx(0.9 - fall / 2, abs=0.02)
    assert np.isnan(areas["spectral-size", "overlap"])  # it spans no overlap
    assert curve.points(joined).seeds.tolist() == [3] * 6


def draws_of(joined, seed=0):
    """Made-up resampled scores of curves, the same at every λ."""
    at = joined[curve.KEY].drop_duplicates()
    moved = 0.05 * default_rng(seed).normal(size=400)
    return pd.DataFrame(np.tile(moved, (len(at), 1)), pd.MultiIndex.from_frame(at)), moved


def test_area_is_that_of_the_mean_curve_and_resampled_tests_widen_its_interval():
    scores, overlaps = tables(0.4, 0.0)
    gone = scores[~((scores["repeat"] == 2) & (scores.p == 1))]  # one seed does not reach λ = 1
    joined = curve.joined(gone, overlaps)
    draws, moved = draws_of(joined)
    plain, wide, near = (
        curve.areas(joined, *given).set_index(["split", "over"]).loc["spectral"]
        for given in ((), (draws,), (None, np.ones(3)))
    )
    mean = joined[joined.split == "spectral"].groupby("parameter").score.mean()
    assert plain.auspc["lambda"] == pytest.approx(np.trapezoid(mean, mean.index))
    assert plain.auspc["target"] == pytest.approx(mean.mean(), abs=0.02)  # linear here
    assert near.auspc["target"] == pytest.approx(mean[0.0])
    t = 4.3027  # of three seeds
    error = [(rows.high - rows.low)["lambda"] / 2 / t for rows in (wide, plain)]
    assert error[0] ** 2 - error[1] ** 2 == pytest.approx(moved.var(), rel=0.01)


def test_control_that_was_not_run_at_the_largest_parameter_has_no_gap():
    scores, overlaps = tables(0.4, 0.0)
    joined = curve.joined(scores[(scores.split == "spectral") | (scores.p < 1)], overlaps)
    (found,) = curve.findings(joined, draws_of(joined)[0]).to_dict("records")
    assert found["falls"] and np.isnan([found["gap"], found["gap_low"]]).all()


def test_existing_split_is_placed_at_the_nearest_overlap():
    scores, overlaps = tables(0.4, 0.0, noise=0.0)
    other = {"split": "theirs", "split_param": "", "score": 0.66, "test_linked": 0.42}
    parts = [pd.concat([part, part[:1].assign(**other)]) for part in (scores, overlaps)]
    parts = [part.drop(columns="test_linked" if "model" in part else "score") for part in parts]
    (found,) = curve.placed(curve.joined(*parts), parts[1]).to_dict("records")
    assert found["parameter"] == 0.5 and found["score"] == 0.66
    assert found["curve"] == pytest.approx(0.7)
