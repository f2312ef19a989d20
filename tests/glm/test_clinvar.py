"""Published scores of ClinVar variants: strata, tiers over genes, a user's own scores beside."""

import json

import numpy as np
import pandas as pd
import pytest
from glm import toys
from helpers import call, refused
from sklearn.metrics import roc_auc_score

from genebench.core import specs
from genebench.data import sources
from genebench.glm.tables import clinvar

KINDS = list(clinvar.CONSEQUENCES)[::2]


def toy(n=400, seed=0):
    """A table as published: half of the consequences, three variants a transcript."""
    rng = np.random.default_rng(seed)
    places = {"#CHROM": "1", "POS": np.arange(n) * 50 + 10**6, "REF": "A", "ALT": "G"}
    raw = pd.DataFrame(places).astype(str)
    kind, label = rng.choice(KINDS, n), rng.integers(0, 2, n)
    for name, column in clinvar.CONSEQUENCES.items():
        raw[column] = np.where(kind == name, "True", "False")
    raw["ClinVar_label"] = label.astype(float).astype(str)
    numbers = np.arange(n) // 3
    raw["MANE_transcript"] = [f"{{'NM_{i}.4', 'NM_9{i:04}.1'}}" if i else "set()" for i in numbers]
    raw["ClinVarName_refseq_ids"] = [f"NM_9{i:04}.2" if i else "" for i in numbers]
    for place, facts in enumerate(clinvar.predictors().values()):
        sign = {"low": -1, "high": 1}[facts["harmful"]]
        score = sign * (label * place / 8 + rng.normal(size=n))
        raw[facts["column"]] = score.round(6).astype(str)
    missing = ~np.isin(kind, ("stop gained", "start lost")) | (rng.random(n) < 0.1)
    raw.loc[missing, "AlphaMissense"] = ""
    return raw


@pytest.fixture
def frame(monkeypatch):
    monkeypatch.setattr(sources, "table", lambda source, name: toy())
    return clinvar.variants(specs.declared().source("clinvar_predictors"))


def test_variants_have_consequence_gene_and_harm(frame):
    assert set(frame.consequence) == set(KINDS)
    assert frame.groupby("gene").size().max() <= 3 and frame.gene.nunique() > 100
    tasks = clinvar.tasks(frame)
    rows, stratum = tasks["within-consequence"]
    given = frame, clinvar.covering(frame, rows), rows
    every, within = (clinvar.compare(*given, s).set_index("model").score for s in (None, stratum))
    for name in ("evo2-40b", "phylop"):  # low and high are harmful
        assert every[name] == pytest.approx(roc_auc_score(frame.label, frame[name]), abs=1e-6)
    assert every["consequence-share"] > 0.85 and within["severity"] == 0.5
    assert frame.alphamissense[tasks["stop-gained"][0]].notna().all()


def test_pairs_within_genes_are_those_of_brute_force(frame):
    rows, stratum = clinvar.tasks(frame)["within-gene"]
    value = clinvar.compare(frame, ["phylogpn", "phylop"], rows, stratum).score[0]
    truth = toys.within(frame.label, frame.phylogpn, frame.gene)
    assert value == pytest.approx(truth, abs=1e-6)


def given(frame, tmp_path, **columns):
    path = tmp_path / "mine.tsv"
    frame[["chrom", "pos", "ref", "alt"]].assign(**columns).to_csv(path, sep="\t", index=False)
    return path


def test_a_users_scores_are_placed(frame, tmp_path, monkeypatch):
    path = given(frame, tmp_path, chrom="chr" + frame.chrom, llr=-frame["consequence-share"])
    monkeypatch.chdir(tmp_path)
    result = call("glm", "place", path)
    assert result.exit_code == 0 and "400 of 400 variants have" in result.output, result.output
    card = json.loads((tmp_path / "mine-clinvar" / "card.json").read_text())
    scores = {m["model"]: m["score"] for m in card["panels"][0]["models"]}
    assert scores["mine"] == scores["consequence-share"]  # low llr is harmful
    assert "http" not in (tmp_path / "mine-clinvar" / "card.html").read_text()


def test_scores_that_cannot_be_placed_say_why(frame, tmp_path):
    twice = pd.concat([frame, frame.head(1)])
    for table, columns, message in (
        (frame, {"llr": ["1"] * 15 + [""] * 385}, "has a score of 15 of the 400 variants"),
        (twice, {"score": 1.0}, "duplicate variant"),
        (frame, {"harm": 1.0}, "unknown column 'llr'"),
    ):
        with refused(message):
            clinvar.read_scores(given(table, tmp_path, **columns), frame)
