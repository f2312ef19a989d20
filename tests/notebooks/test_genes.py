"""The gene table gives the scores of the results back, and the page shows what is in it."""

import base64
import gzip
import json

import numpy as np
import pandas as pd
import pytest
from helpers import edit_model, run_tiny
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


def nearest(rows, about):
    """Neighbours of a gene are the nearest by cosine, and never the gene itself."""
    embedding, symbols = plan.make("tiny").embedding(about["near"][0]), [r["gene"] for r in rows]
    unit = embedding.vectors / np.linalg.norm(embedding.vectors, axis=1, keepdims=True)
    similarity, at = unit @ unit.T, embedding.rows(np.array(symbols))
    np.fill_diagonal(similarity, -2)
    for g, row in enumerate(rows):
        near = row["near"][0]
        assert g not in [other["gene"] for other in near]
        best = np.sort(similarity[at[g]])[::-1][: gene_tables.NEIGHBOURS * (at[g] >= 0)]
        np.testing.assert_allclose([other["cosine"] for other in near], best, atol=0.0051)
        kin = [rows[other["gene"]]["family"] == row["family"] for other in near]
        assert [other["kin"] for other in near] == kin


def test_means_and_verdict_are_over_labels_that_the_model_was_not_trained_on(warm):
    edit_model("full", exposed={"toy/term/heart": "trained on it"})
    run_tiny()
    rows, about = gene_tables.gather(plan.make("tiny"))
    nearest(rows, about)
    hearts = [label["task"] == "toy/term/heart" for label in about["labels"]]
    assert about["models"][0] == "full" and about["exposed"][0] == [int(h) for h in hearts]
    judged = [row for row in rows if row["verdict"]]
    for row in judged:
        shares = np.array(row["shares"], dtype=float)
        out = np.array(about["exposed"], dtype=bool).T[row["labels"]]
        shares[out | (shares == gene_tables.NONE)] = np.nan
        means = pd.DataFrame(shares).mean().round(2).replace({np.nan: None}).tolist()
        assert row["means"] == pytest.approx(means, abs=0.0101)
        best, shortcut = row["verdict"]["model"], row["verdict"].get("shortcut", -1)
        both = shares[~np.isnan(shares[:, [best, shortcut]]).any(axis=1), best]
        assert row["verdict"]["score"] == pytest.approx(both.mean(), abs=0.51)
    assert len(judged) > 100


def test_the_page_has_every_gene_once(warm, monkeypatch):
    monkeypatch.setattr(sources, "status", lambda source: ("missing", "not here"))
    gene_tables.refresh("tiny", specs.declared())
    assert gene_tables.read("tiny")[1]["rule"] == "symbol stems"  # HGNC's table is not here
    models = specs.declared().models
    html = genes.look_up("tiny", models, page="genes", sources=["tiny"]).data
    assert "gb-genes" in html
    folder = paths.static("tiny")
    index = json.loads((folder / "genes-tiny.js").read_text()[len("genebenchGenes(") : -3])
    shards = [p.read_text()[len("genebenchShard(") : -3] for p in folder.glob("genes-tiny-*.js")]
    parts = sorted(map(json.loads, shards), key=lambda part: part["number"])
    packed = [gzip.decompress(base64.b64decode(part["packed"])) for part in parts]
    rows = [gene for part in packed for gene in json.loads(part)]
    assert [row["gene"] for row in rows] == index["genes"]
    table, titles = gene_tables.read("tiny")[0], [model["title"] for model in index["models"]]
    assert rows == [row | {"words": genes.verdict(row, titles)} for row in table]
    assert not gene_tables.refresh("tiny", specs.declared())  # it is up to date


def test_without_predictions_the_page_says_what_to_run(warm):
    for cached in paths.CELLS.rglob("*-oof.npz"):
        cached.unlink()
    gene_tables.refresh("tiny", specs.declared())
    html = genes.look_up("tiny", specs.declared().models, page="genes", sources=["tiny"]).data
    assert "genebench run --profile tiny" in html and not list(paths.static("tiny").glob("genes*"))
