"""The gene table gives the scores of the results back, and the page shows what is in it."""

import json

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from genebench.benchmark import gene_tables, plan
from genebench.core import paths, specs
from genebench.data import sources
from notebooks.lib import genes


def test_the_share_of_a_gene_is_its_part_in_the_auroc():
    rng = np.random.default_rng(0)
    fold, truth = np.arange(300) % 3, rng.random(300) < 0.3
    codes = (rng.normal(size=300) + truth).round(1)  # with ties
    shares = gene_tables.shares(codes, fold, truth)
    for f in range(3):
        area = roc_auc_score(truth[fold == f], codes[fold == f])
        for side in (truth, ~truth):
            assert shares[(fold == f) & side].mean() / 100 == pytest.approx(area, abs=0.004)


@pytest.fixture
def atlas(warm):
    """Predictions of the made-up profile."""
    return gene_tables.gather(plan.make("tiny"))


def test_neighbours_are_the_nearest_by_cosine_and_never_the_gene_itself(atlas):
    name, (at, cosine) = next(iter(atlas.near.items()))
    embedding = plan.make("tiny").embedding(name)
    unit = embedding.vectors / np.linalg.norm(embedding.vectors, axis=1, keepdims=True)
    similarity = unit @ unit.T
    np.fill_diagonal(similarity, -2)
    rows = embedding.rows(atlas.genes)
    for g in np.flatnonzero(rows >= 0)[:40]:
        best = np.sort(similarity[rows[g]])[::-1][: gene_tables.NEIGHBOURS]
        np.testing.assert_allclose(np.sort(cosine[g])[::-1], best, atol=1e-5)
        assert g not in at[g]


def test_means_and_verdict_are_over_labels_that_the_model_was_not_trained_on(atlas):
    models = specs.declared().models
    atlas.exposed[0, :] = True
    row = gene_tables.rows(atlas, models)[17]
    has = np.flatnonzero(atlas.truth[:, 17] == 1)
    assert sorted(row["labels"]) == has.tolist() and row["means"][0] is None
    share = atlas.right[1, has, 17]
    expected = share[share != gene_tables.NONE].mean()
    assert row["means"][1] == pytest.approx(expected, abs=0.01)


def test_the_page_has_every_gene_once(warm, monkeypatch):
    monkeypatch.setattr(sources, "status", lambda source: ("missing", "not here"))
    gene_tables.refresh("tiny", specs.declared())
    assert gene_tables.read("tiny")[1]["rule"] == "symbol stems"  # HGNC's table is not here
    models = specs.declared().models
    html = genes.look_up("tiny", models, page="genes", sources=["tiny"]).data
    assert "gb-genes" in html and "gb-plain" in html
    folder = paths.static("tiny")
    index = json.loads((folder / "genes-tiny.js").read_text()[len("genebenchGenes(") : -3])
    shards = [p.read_text()[len("genebenchShard(") : -3] for p in folder.glob("genes-tiny-*.js")]
    parts = sorted(map(json.loads, shards), key=lambda part: part["number"])
    assert [g["gene"] for part in parts for g in part["genes"]] == index["genes"]
    assert not gene_tables.refresh("tiny", specs.declared())  # it is up to date


def test_without_predictions_the_page_says_what_to_run(warm):
    for cached in paths.CELLS.rglob("*-oof.npz"):
        cached.unlink()
    gene_tables.refresh("tiny", specs.declared())
    html = genes.look_up("tiny", specs.declared().models, page="genes", sources=["tiny"]).data
    assert "genebench run --profile tiny" in html and not list(paths.static("tiny").glob("genes*"))
