"""Overlap, points, areas and findings against plain counting and textbooks."""

import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from genebench.spectra import curve, properties, splits
from genebench.spectra.graph import Graph


@pytest.mark.parametrize("parameter", [0.0, 0.3, 1.0])
def test_overlaps_are_those_of_plain_counting(scan, parameter):
    barcodes = scan(300, sites=900)
    graph, matrix = properties.shared_mutations(barcodes), properties.incidence(barcodes)[0]
    first, second = sparse.triu(graph.matrix).coords
    both = zip(first.tolist(), second.tolist())
    jaccard = [len(barcodes[i] & barcodes[j]) / len(barcodes[i] | barcodes[j]) for i, j in both]
    weighted = Graph.from_edges(300, first, second, jaccard)
    split = splits.split(graph, parameter, seed=1)
    train, test = ([barcodes[i] for i in np.flatnonzero(split == k)] for k in (1, 2))
    found = curve.overlaps(graph, split, matrix)
    mine, other = set().union(*train), set().union(*test)
    assert found["jaccard"] == len(mine & other) / len(mine | other)
    assert found["test_linked"] == np.mean([any(a & b for b in train) for a in test])
    alike = [len(a & b) / max(1, len(a | b)) for a in test for b in train]
    assert found["mean_similarity"] == pytest.approx(np.mean(np.array(alike) > 0))
    found = curve.overlaps(weighted, split)
    assert found["mean_similarity"] == pytest.approx(np.mean(alike), abs=1e-7)
    assert np.isnan(found["jaccard"])


def tables(fall: float, of_size: float, noise: float = 0.01) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Scores and overlaps of a model whose curve falls by ``fall``, its control by ``of_size``."""
    rng, scores, overlaps = np.random.default_rng(0), [], []
    for split, drop in (("spectral", fall), ("spectral-size", of_size)):
        for p, seed in ((p, seed) for p in (0.0, 0.5, 1.0) for seed in range(3)):
            at = {"split": split, "split_param": f"{p:g}", "repeat": seed, "fold": 0}
            at |= {"n_train": 8, "n_test": 2}
            score = 0.9 - drop * p + noise * rng.normal()
            scores.append({**at, "score": score})
            linked = 1 - p if split == "spectral" else 1.0
            overlaps.append({**at, **dict.fromkeys(curve.OVERLAPS, linked)})
    names = {"task": "t", "group": "g", "kind": "binary", "model": "m", "metric": "auroc"}
    scores = pd.DataFrame(scores).assign(**names, coverage=1.0)
    return scores, pd.DataFrame(overlaps).assign(dataset="t", mode="corrected")


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
    points = curve.points(joined)
    assert len(points) == 6 and (points.seeds == 3).all() and (points.low < points.high).all()


def test_existing_split_is_placed_at_the_nearest_overlap():
    scores, overlaps = tables(0.4, 0.0, noise=0.0)
    other = {"split": "theirs", "split_param": "", "repeat": 0, "fold": 0}
    scores.loc[len(scores)] = {**scores.iloc[0].to_dict(), **other, "score": 0.66}
    overlaps.loc[len(overlaps)] = {**overlaps.iloc[0].to_dict(), **other, "test_linked": 0.42}
    (found,) = curve.placed(curve.joined(scores, overlaps), overlaps).to_dict("records")
    assert found["parameter"] == 0.5 and found["score"] == 0.66
    assert found["curve"] == pytest.approx(0.7)
