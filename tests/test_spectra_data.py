"""Part II: data sets, features, models, the curve and its run, against independent truth and by hand."""

import json
import re

import numpy as np
import pandas as pd
import pytest
from scipy import sparse, stats
from typer.testing import CliRunner

from genebench.benchmark import results
from genebench.book import spectra
from genebench.cli import main as cli
from genebench.core import paths, specs, workers
from genebench.core.errors import BadInput
from genebench.spectra import curve, cuts, datasets, features, files, models, run, table
from genebench.spectra.datasets import DataSet
from genebench.stats import metrics

DECLARED, MODELS = datasets.declared(), models.declared()


# --- declarations -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("spec", DECLARED.values(), ids=DECLARED)
def test_a_data_set_names_what_exists_and_says_what_it_needs(spec):
    bibliography = (paths.BOOK / "references.bib").read_text()
    assert spec.shape in datasets.SHAPES and spec.kind in ("binary", "multiclass", "regression")
    assert len(spec.models) >= 4 and set(spec.models) <= set(MODELS)
    assert not any(MODELS[m].needs for m in spec.models)
    assert all(re.search(rf"@\w+\{{{key},", bibliography) for key in spec.citation)
    assert all(f.how and not f.how.endswith(".") for f in spec.files.values())
    assert spec.property["words"] and spec.licence and spec.homepage.startswith("http")


@pytest.mark.parametrize("spec", MODELS.values(), ids=MODELS)
def test_a_model_runs_or_says_what_it_needs(spec):
    assert bool(spec.estimator) != bool(spec.needs)
    assert spec.estimator is None or spec.estimator in models.ESTIMATORS
    assert spec.features is None or spec.features in features.FEATURES
    assert run.STEPS % spec.steps == 0 and re.fullmatch("#[0-9a-fA-F]{6}", spec.color)


def test_the_sets_and_models_of_the_paper_are_declared():
    papers = {s.paper for s in DECLARED.values() if s.paper}
    assert {
        "RIF",
        "INH",
        "PZA",
        "GFP",
        "Covid",
        "RRM",
        "Amyloid",
        "DeepLoc",
        "PDBBind",
        "EquiBind",
    } <= papers
    assert sum(m.paper for m in MODELS.values()) >= 18


def test_a_missing_file_and_a_wrong_name_end_in_one_sentence(monkeypatch, tmp_path):
    monkeypatch.delenv("GENEBENCH_MIRROR", raising=False)
    monkeypatch.setattr(paths, "DOWNLOADS", tmp_path)
    status, why = datasets.status("pdbbind")
    assert status == "missing" and "register at pdbbind.org.cn" in why
    with pytest.raises(BadInput, match="unknown data set 'tb-rfi'; did you mean 'tb-rif'"):
        datasets.load("tb-rfi")


# --- shapes -----------------------------------------------------------------------------------------------------------


def entry(**given) -> datasets.DataSetSpec:
    """A declaration for a table made in a test."""
    plain = {
        "name": "toy",
        "title": "Toy",
        "kind": "regression",
        "group": "mutational scans",
        "label": "x",
        "unit": "u",
    }
    plain |= {
        "shape": "barcodes",
        "property": {"name": "shared_mutations", "words": "w"},
        "models": ["ridge"],
    }
    plain |= {
        "files": {"table": {"format": "tsv", "path": "toy.tsv", "how": "make it"}},
        "homepage": "https://x.org",
    }
    return datasets.DataSetSpec(
        **{**plain, "licence": "CC0", "citation": ["ektefaie2024"], **given}
    )


def test_isolates_of_one_barcode_become_one_unit_that_counts_each_of_them():
    frame = pd.DataFrame({"b": ["x;y", "x;y", "y;x", "", "x;y"], "p": ["1", "0", "1", "0", "1"]})
    held = datasets.barcodes(
        entry(kind="binary"),
        {"table": frame},
        label="p",
        barcode="b",
        marks={"separator": ";"},
        drug="X",
    )
    assert list(held.ids) == ["", "x;y", "y;x"] and held.marks == ("x", "y")
    got = sorted(zip(held.of_unit.tolist(), held.labels.tolist(), held.counts.tolist()))
    assert got == [(0, 0, 1.0), (1, 0, 1.0), (1, 1, 2.0), (2, 1, 1.0)]
    assert held.barcodes.toarray().tolist() == [[0, 0], [1, 1], [1, 1]]


def test_rows_of_one_barcode_are_averaged_and_rows_without_a_label_left_out():
    frame = pd.DataFrame({"b": ["A1C", "A1C", "D2E:A1C", "D2E"], "s": ["1", "3", "5", ""]})
    held = datasets.barcodes(
        entry(), {"table": frame}, label="s", barcode="b", marks={"separator": ":"}
    )
    assert dict(zip(held.ids, held.labels)) == {"A1C": 2.0, "D2E:A1C": 5.0}
    assert held.barcodes.sum() == 3


@pytest.mark.parametrize(
    "sequence, touched",
    [
        ("MKTA", [0]),
        ("AKXA", [2]),
        ("AKA", [2]),
        ("AKTTA", [3]),
        ("AKTAM", [3]),
        ("AKTA", [3]),
        ("XYTA", [0, 1]),
    ],
)
def test_the_positions_that_a_variant_changes_have_a_place_also_for_insertions_and_deletions(
    sequence, touched
):
    assert list(datasets._positions(sequence, "AKTA")) == touched


def test_residues_are_masked_and_a_chain_of_uneven_labels_is_named():
    frame = pd.DataFrame(
        {"id": ["a", "b"], "sequence": ["ACD", "EF"], "ss": ["HCE", "CC"], "m": ["101", "11"]}
    )
    held = datasets.residues(entry(kind="multiclass"), {"table": frame}, label="ss", mask="m")
    assert held.unit.tolist() == [0, 0, 1, 1] and held.parts["place"].tolist() == [0, 2, 0, 1]
    assert [held.classes[i] for i in held.labels] == ["H", "E", "C", "C"]
    with pytest.raises(BadInput, match="chain 'b' has 2 residues and 1 labels"):
        datasets.residues(
            entry(kind="multiclass"),
            {"table": frame.assign(ss=["HCE", "C"], m="")[["id", "sequence", "ss"]]},
            label="ss",
        )


def test_the_units_of_pairs_are_one_side():
    frame = pd.DataFrame(
        {"drug_id": ["d1", "d2", "d1"], "target_id": ["t1", "t1", "t2"], "y": ["1", "2", "3"]}
        | {"smiles": ["CC", "CO", "CC"], "sequence": ["AC", "AC", "DE"]}
    )
    held = datasets.pairs(entry(), {"table": frame}, side="target", label="y")
    assert (
        list(held.ids) == ["t1", "t2"]
        and held.of_unit.tolist() == [0, 0, 1]
        and held.sequences == ("AC", "DE")
    )
    assert files.sample_ids(held).tolist() == ["d1|t1", "d2|t1", "d1|t2"]


# --- features ---------------------------------------------------------------------------------------------------------


def scan(n: int = 300, sites: int = 12, seed: int = 0) -> DataSet:
    """A scan of single to triple mutants whose effects add up."""
    rng = np.random.default_rng(seed)
    effect = rng.normal(size=(sites, 4))
    lists, y = [], []
    for _ in range(n):
        at = rng.choice(sites, rng.integers(1, 4), replace=False)
        to = rng.integers(0, 4, len(at))
        lists.append([f"s{a}{t}" for a, t in zip(at, to)])
        y.append(sum(effect[a, t] for a, t in zip(at, to)))
    matrix, marks = datasets.incidence(lists)
    ids = np.array([f"v{i}" for i in range(n)], dtype=object)
    return DataSet(
        "toy", "regression", "mutational scans", ids, np.array(y), barcodes=matrix, marks=marks
    )


def test_words_are_shares_and_agree_with_counting():
    row = features.words(("ACAX", "A"), 2)
    assert row.shape == (2, 20 + 400 + 1)
    assert row[0, 0] == pytest.approx(2 / 3) and row[0, :20].sum() == pytest.approx(1)
    assert row[0, 20 + 0 * 20 + 1] == pytest.approx(0.5) and row[
        0, 20 + 1 * 20 + 0
    ] == pytest.approx(0.5)
    assert row[1, 20:420].sum() == 0 and row[0, -1] == pytest.approx(np.log(4))


def test_a_window_holds_the_neighbours_and_nothing_beyond_the_ends():
    frame = pd.DataFrame({"id": ["a"], "sequence": ["ACD"], "ss": ["HHC"]})
    held = datasets.residues(entry(kind="multiclass"), {"table": frame}, label="ss")
    X = features.windows(held, width=3).reshape(3, 3, 21)
    assert X[0, 0].sum() == 0 and X[0, 1].argmax() == 0 and X[0, 2].argmax() == 1
    assert X[2, 2].sum() == 0 and X[2, 1].argmax() == 2


def test_lingos_share_words_but_not_ring_numbers():
    M = features.lingos(("c1ccccc1", "c2ccccc2", "CCCCO")).toarray()
    assert (M[0] == M[1]).all() and (M[0] * M[2]).sum() == 0


def test_regions_count_substitutions_apart_from_insertions_and_deletions():
    matrix, marks = datasets.incidence([["5:A:C", "6:AT:A"], ["50:G:T"]])
    table_ = pd.DataFrame({"region": ["r", "s"], "start": [1, 40], "end": [10, 60]})
    held = DataSet(
        "t",
        "binary",
        "drug resistance",
        np.array(["a", "b"]),
        np.array([0, 1]),
        barcodes=matrix,
        marks=marks,
        parts={"regions": table_},
    )
    assert features.regions(held).tolist() == [[1, 0, 1, 0], [0, 1, 0, 0]]


# --- models -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("shape", [(60, 8), (20, 50)])
def test_ridge_is_scikit_learns_with_weights_and_an_intercept(shape):
    from sklearn.linear_model import Ridge

    rng = np.random.default_rng(1)
    A, B, Y, w = (
        rng.normal(size=shape),
        rng.normal(size=(5, shape[1])),
        rng.normal(size=(shape[0], 2)),
        rng.random(shape[0]),
    )
    truth = Ridge(alpha=1.0).fit(A, Y, sample_weight=w).predict(B)
    assert np.allclose(models._ridge(A, Y, B, w), truth, atol=1e-8)
    assert np.allclose(
        models._ridge(sparse.csr_matrix(A), Y, sparse.csr_matrix(B), w), truth, atol=1e-2
    )


def test_an_additive_scan_is_learned_and_a_weighted_fit_is_that_of_the_isolates():
    held = scan()
    train, test = np.arange(240), np.arange(240, 300)
    for name, least in (("ridge", 0.95), ("site-independent", 0.8), ("pairwise", 0.9)):
        got = models.predict(held, name, train, test, seed=0)
        assert metrics.spearman(held.labels[test], got) > least, name
    binary = DataSet(
        "b",
        "binary",
        "drug resistance",
        held.ids,
        (held.labels > 0).astype(int),
        barcodes=held.barcodes,
        weight=np.arange(300) % 3 + 1.0,
    )
    times = np.repeat(train, binary.counts[train].astype(int))
    plain = DataSet(
        "c", "binary", "drug resistance", held.ids, binary.labels, barcodes=held.barcodes
    )
    a = models.predict(binary, "logistic", train, test, seed=0)
    b = models.predict(plain, "logistic", times, test, seed=0)
    assert np.allclose(a, b, atol=1e-2)


def test_the_site_independent_model_by_hand():
    matrix, marks = datasets.incidence([["a"], ["a", "b"], ["b"], ["a"]])
    held = DataSet(
        "t",
        "regression",
        "mutational scans",
        np.arange(4),
        np.array([1.0, 3.0, 5.0, 0.0]),
        barcodes=matrix,
        marks=marks,
    )
    got = models.predict(held, "site-independent", np.arange(3), np.array([3]), seed=0)
    assert got[0] == pytest.approx(3 + ((1 - 3) + (3 - 3)) / (2 + 1))


def test_unseen_mutations_give_the_same_score_so_that_nothing_is_ranked():
    matrix, marks = datasets.incidence([["a"], ["b"], ["c"], ["d"], ["e"], ["f"]])
    held = DataSet(
        "t",
        "binary",
        "drug resistance",
        np.arange(6),
        np.array([0, 1, 0, 1, 0, 1]),
        barcodes=matrix,
        marks=marks,
    )
    got = models.predict(held, "logistic", np.arange(4), np.array([4, 5]), seed=0)
    assert metrics.auroc(held.labels[4:], got) == 0.5


def test_networks_depend_on_the_seed_alone_and_a_convolution_learns_a_motif():
    rng = np.random.default_rng(0)
    texts = ["".join(rng.choice(list("ACDEFGHIK"), 30)) for _ in range(400)]
    y = np.array([i % 2 for i in range(400)])
    texts = [t[:10] + "WWW" + t[13:] if k else t for t, k in zip(texts, y)]
    held = DataSet(
        "t",
        "multiclass",
        "protein sequences",
        np.arange(400),
        y,
        ("no", "yes"),
        sequences=tuple(texts),
    )
    train, test = np.arange(300), np.arange(300, 400)
    first = models.predict(held, "cnn", train, test, seed=1)
    assert np.array_equal(first, models.predict(held, "cnn", train, test, seed=1))
    assert (first.argmax(axis=1) == y[test]).mean() > 0.9
    assert not np.array_equal(first, models.predict(held, "cnn", train, test, seed=2))


def test_means_of_a_side_and_nearest_neighbours_by_hand():
    parts = {"drug": np.array([0, 0, 1, 0]), "target": np.array([0, 1, 0, 2])}
    held = DataSet(
        "t",
        "regression",
        "protein-ligand pairs",
        np.arange(4),
        np.array([2.0, 4.0, 9.0, 0.0]),
        parts=parts,
    )
    got = models.predict(held, "ligand-mean", np.arange(3), np.array([3]), seed=0)
    assert got[0] == pytest.approx((2 + 4 + 5) / 3)
    texts = ("ACDEFG", "ACDEFH", "KLMNPQ", "KLMNPR", "ACDEFK")
    near = DataSet(
        "t",
        "multiclass",
        "protein sequences",
        np.arange(5),
        np.array([0, 0, 1, 1, 0]),
        ("a", "b"),
        sequences=texts,
    )
    assert models.predict(near, "neighbour", np.arange(4), np.array([4]), seed=0).argmax() == 0


def test_a_model_of_a_file_says_what_it_needs():
    with pytest.raises(BadInput, match="dock with it and give its predictions"):
        models.predict(scan(20), "diffdock", np.arange(10), np.arange(10, 20), seed=0)


# --- curve ------------------------------------------------------------------------------------------------------------


def test_interval_and_area_are_the_textbooks():
    values = np.array([0.5, 0.6, 0.8])
    mean, low, high = curve.interval(values)
    truth = stats.t.interval(0.95, 2, loc=values.mean(), scale=stats.sem(values))
    assert (low, high) == pytest.approx(truth) and mean == pytest.approx(values.mean())
    x, y = np.array([0.0, 0.25, 1.0]), np.array([1.0, 0.5, 0.0])
    assert curve.area(x, y) == pytest.approx(np.trapezoid(y, x))
    assert curve.area(x[:2] * 2, y[:2]) == pytest.approx(0.75) and np.isnan(
        curve.area(x[:1], y[:1])
    )


def rows(fall: float, of_size: float, noise: float = 0.01) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Scores and overlaps of one made-up model whose curve falls by ``fall``, its control by ``of_size``."""
    rng, scores, shared = np.random.default_rng(0), [], []
    for split, drop in (("spectral", fall), ("spectral-size", of_size)):
        for p in (0.0, 0.5, 1.0):
            for seed in range(3):
                at = {"split": split, "split_param": f"{p:g}", "repeat": seed, "fold": 0}
                scores.append(
                    {
                        "task": "t",
                        "group": "g",
                        "kind": "binary",
                        "model": "m",
                        "metric": "auroc",
                        **at,
                    }
                )
                scores[-1] |= {
                    "score": 0.9 - drop * p + noise * rng.normal(),
                    "n_train": 8,
                    "n_test": 2,
                    "coverage": 1.0,
                }
                linked = 1 - p if split == "spectral" else 1.0
                shared.append(
                    {
                        "dataset": "t",
                        "mode": "corrected",
                        **at,
                        "n_train": 8,
                        "n_test": 2,
                        "jaccard": linked,
                    }
                )
                shared[-1] |= {"test_linked": linked, "mean_similarity": linked}
    return pd.DataFrame(scores), pd.DataFrame(shared)


@pytest.mark.parametrize(
    "fall, of_size, falls, share",
    [(0.4, 0.0, True, 0), (0.4, 0.4, True, 1), (0.0, 0.0, False, None)],
)
def test_the_finding_tells_overlap_from_size(fall, of_size, falls, share):
    joined = curve.joined(*rows(fall, of_size))
    (found,) = curve.findings(joined).to_dict("records")
    assert found["falls"] == falls and found["fall"] == pytest.approx(fall, abs=0.05)
    assert found["gap"] == pytest.approx(fall - of_size, abs=0.05)
    assert (
        np.isnan(found["share_size"])
        if share is None
        else found["share_size"] == pytest.approx(share, abs=0.1)
    )
    areas = curve.areas(joined).set_index(["split", "over"]).auspc
    assert areas["spectral", "lambda"] == pytest.approx(0.9 - fall / 2, abs=0.02)
    assert np.isnan(areas["spectral-size", "overlap"]), (
        "a curve without a span of overlap has no area over it"
    )


def test_a_split_of_others_is_placed_at_the_nearest_overlap():
    scores, shared = rows(0.4, 0.0, noise=0.0)
    other = {"split": "theirs", "split_param": "", "repeat": 0, "fold": 0}
    scores.loc[len(scores)] = {**scores.iloc[0].to_dict(), **other, "score": 0.66}
    shared.loc[len(shared)] = {**shared.iloc[0].to_dict(), **other, "test_linked": 0.42}
    (found,) = curve.placed(curve.joined(scores, shared), shared).to_dict("records")
    assert (
        found["parameter"] == 0.5
        and found["curve"] == pytest.approx(0.7)
        and found["score"] == 0.66
    )


# --- the run ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def toy(tmp_path, monkeypatch):
    """A folder of results, and one declared data set in a file of its own."""
    from concurrent.futures import ThreadPoolExecutor

    held = scan(240)
    names = [":".join(held.marks[j] for j in row.indices) for row in held.barcodes]
    frame = pd.DataFrame({"id": names, "score": held.labels})
    (tmp_path / "toy.tsv").write_text(frame.to_csv(sep="\t", index=False))
    spec = entry(
        options={"barcode": "id", "marks": {"separator": ":"}, "label": "score"},
        models=["ridge", "mutation-count"],
    )
    monkeypatch.setattr(paths, "DOWNLOADS", tmp_path)
    monkeypatch.setattr(paths, "CURVES", tmp_path / "curves")
    monkeypatch.setattr(paths, "RESULTS", tmp_path / "results")
    monkeypatch.setattr(datasets, "declared", lambda: {"toy": spec})
    monkeypatch.setattr(workers, "pool", lambda jobs: ThreadPoolExecutor(1))
    datasets.load.cache_clear()
    cuts.read.cache_clear()
    yield tmp_path
    datasets.load.cache_clear()
    cuts.read.cache_clear()


def go(**given):
    wanted = run.ask(["toy"], parameters=[0, 0.5, 1], seeds=2)
    return run.run(wanted, jobs=1, thin=False, say=lambda text: None, **given)


def test_a_run_writes_sound_rows_resumes_and_mends_what_is_broken(toy):
    first = go()
    assert (first.cells, first.computed, first.failed) == (6, 6, {})
    assert results.validate_path(paths.results("spectra")) == []
    scores = results.read(results.scores_path("spectra"))
    assert set(scores.split) == {"spectral", "spectral-size"} and set(scores.metric) == {
        "spearman",
        "r2",
    }
    shared = table.read("overlaps.csv")
    own = shared[(shared.split == "spectral") & (shared.split_param == "1")]
    assert (own.test_linked == 0).all() and (own.jaccard == 0).all() and len(own) == 2
    whole = shared[(shared.split == "spectral") & (shared.split_param == "0")]
    assert (whole.n_train + whole.n_test == len(datasets.load("toy"))).all()
    twin = shared[(shared.split == "spectral-size") & (shared.split_param == "1")]
    assert twin.n_train.tolist() == own.n_train.tolist() and (twin.test_linked > 0).all()
    before = results.scores_path("spectra").read_bytes()
    assert go().cached == 6
    broken = next((toy / "curves" / "cells").rglob("*.parquet"))
    broken.write_bytes(b"half")
    assert go().computed == 1 and results.scores_path("spectra").read_bytes() == before


def test_the_scores_are_those_of_scikit_learn_on_the_written_splits(toy):
    from sklearn.linear_model import Ridge

    go()
    wanted = run.ask(["toy"], parameters=[0, 0.5, 1], seeds=2)
    sides = pd.read_csv(files.write_splits(wanted, toy / "splits.csv.gz"))
    held = datasets.load("toy")
    one = (
        sides[(sides.split == "spectral") & (sides.split_param == 0.5) & (sides["repeat"] == 1)]
        .set_index("id")
        .side
    )
    side = pd.Series(held.ids).map(one)
    fitted = Ridge(alpha=1.0).fit(
        held.barcodes[(side == "train").to_numpy()], held.labels[side == "train"]
    )
    p = fitted.predict(held.barcodes[(side == "test").to_numpy()])
    truth = stats.spearmanr(p, held.labels[side == "test"]).statistic
    scores = results.read(results.scores_path("spectra"))
    mine = scores[
        (scores.model == "ridge") & (scores.split == "spectral") & (scores.split_param == "0.5")
    ]
    mine = mine[(mine["repeat"] == 1) & (mine.metric == "spearman")].score
    assert mine.iloc[0] == pytest.approx(truth, abs=0.01)


def test_one_fault_is_named_and_does_not_stop_the_others(toy, monkeypatch):
    def fault(*args, **kwargs):
        raise ValueError("broken on purpose")

    monkeypatch.setitem(models.ESTIMATORS, "linear", fault)
    spec = datasets.declared()["toy"].model_copy(update={"models": ["ridge", "site-independent"]})
    monkeypatch.setattr(datasets, "declared", lambda: {"toy": spec})
    done = go()
    assert len(done.failed) == 2 and "toy × ridge × corrected × λ = 0.5" in done.failed
    assert all("broken on purpose" in why for why in done.failed.values())
    assert set(results.read(results.scores_path("spectra")).model) == {"site-independent"}


def test_a_tiny_test_set_has_no_score_and_says_why(toy, monkeypatch):
    monkeypatch.setattr(run, "LEAST", 30)
    done = go()
    assert {
        u["split_param"]
        for u in json.loads(results.manifest_path("spectra").read_text())["unscored"]
    } < {
        "0",
        "0.5",
        "1",
    }
    told = json.loads(results.manifest_path("spectra").read_text())["unscored"]
    assert done.unscored == len(told) > 0
    assert all("where 30 are the fewest" in u["reason"] for u in told)


def test_predictions_from_a_file_are_scored_and_a_gap_is_named(toy):
    wanted = run.ask(["toy"], parameters=[0, 0.5, 1], seeds=2)
    sides = pd.read_csv(files.write_splits(wanted, toy / "splits.csv"))
    truth = dict(zip(datasets.load("toy").ids, datasets.load("toy").labels))
    mine = sides[sides.side == "test"].assign(prediction=lambda f: f.id.map(truth))
    mine.to_csv(toy / "mine.csv", index=False)
    files.score(wanted, toy / "mine.csv", ["gearnet"], say=lambda text: None)
    scores = results.read(results.scores_path("spectra"))
    mine_ = scores[(scores.model == "gearnet") & (scores.metric == "spearman")].score
    assert len(mine_) == 8 and np.allclose(mine_, 1.0)
    mine.iloc[1:].to_csv(toy / "mine.csv", index=False)
    with pytest.raises(BadInput, match=r"has no prediction for .* \(1 such\)"):
        files.score(wanted, toy / "mine.csv", ["gearnet"], say=lambda text: None)
    mine.drop(columns="id").to_csv(toy / "mine.csv", index=False)
    with pytest.raises(BadInput, match="has no column id"):
        files.score(wanted, toy / "mine.csv", ["gearnet"], say=lambda text: None)


def test_a_second_data_set_leaves_the_rows_of_the_first(toy, monkeypatch):
    go()
    before = results.read(results.scores_path("spectra"))
    spec = datasets.declared()["toy"]
    both = {"toy": spec, "toy-two": spec.model_copy(update={"name": "toy-two"})}
    monkeypatch.setattr(datasets, "declared", lambda: both)
    wanted = run.ask(["toy-two"], parameters=[0, 1], seeds=2)
    run.run(wanted, jobs=1, thin=False, say=lambda text: None)
    after = results.read(results.scores_path("spectra"))
    assert len(after[after.task == "toy"]) == len(before) and set(after.task) == {"toy", "toy-two"}
    assert results.validate_path(paths.results("spectra")) == []


# --- the command ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "arguments, sentence",
    [
        (["tb-rfi"], "unknown data set or task 'tb-rfi'; did you mean 'tb-rif'"),
        (["hpo/dominant-vs-recessive@stme"], "unknown property 'stme'; did you mean 'stem'"),
        (["hpo/dominant-vs-recessive", "--parameters", "0,2"], "give numbers from 0 to 1"),
        (["hpo/dominant-vs-recessive", "--parameters", "a"], "is no list of numbers"),
        (
            ["hpo/dominant-vs-recessive", "--mode", "weighte"],
            "unknown mode 'weighte'; did you mean 'weighted'",
        ),
        (["hpo/organ-systems"], "the spectrum takes binary, multiclass and regression"),
    ],
)
def test_wrong_input_ends_in_one_sentence_and_status_2(arguments, sentence):
    told = CliRunner().invoke(cli.app, ["spectra", *arguments])
    assert told.exit_code == 2 and sentence in told.output and "Traceback" not in told.output


def test_the_list_says_what_is_missing():
    told = CliRunner().invoke(cli.app, ["spectra", "--json"])
    listed = {row["data set"]: row for row in json.loads(told.stdout)}
    assert told.exit_code == 0 and set(listed) == set(DECLARED)
    assert listed["pdbbind"]["status"] == "missing" and "register" in listed["pdbbind"]["needs"]


@pytest.mark.slow
def test_a_gene_task_runs_offline_and_its_ladder_is_placed(tmp_path, monkeypatch):
    monkeypatch.setattr(paths, "RESULTS", tmp_path / "results")
    monkeypatch.setattr(paths, "CURVES", tmp_path / "curves")
    wanted = run.ask(["hpo/dominant-vs-recessive"], parameters=[0, 1], seeds=2)
    done = run.run(wanted, chosen=["symbol-ngrams", "random"], jobs=1, say=lambda text: None)
    assert not done.failed and results.validate_path(paths.results("spectra")) == []
    assert {"random", "stem"} <= set(table.read("placed.csv").split)
    held = table.read("points.csv").set_index(["model", "split", "parameter"]).score
    assert abs(held["random", "spectral", 0.0] - 0.5) < 0.12
    assert specs.model("random").family == "control"


# --- what the book says of a curve ------------------------------------------------------------------------------------


def test_the_sentence_of_a_data_set_names_who_falls_and_who_loses_to_overlap(monkeypatch):
    rows = [  # model, falls, from, to, what overlap alone takes at least
        ("logistic", True, 0.9, 0.5, 0.1),
        ("pairwise", True, 0.8, 0.6, -0.1),
        ("site-independent", False, 0.7, 0.6, 0.2),
        ("mutation-count", False, 0.6, 0.6, -0.1),
        ("random", True, 0.9, 0.0, 0.5),
    ]
    held = pd.DataFrame(rows, columns=["model", "falls", "first", "last", "gap_low"])
    held = held.assign(
        task="rrm", split="spectral", fall=held["first"] - held["last"], coverage=1.0
    )
    held["parameter"] = np.where(held.model == "pairwise", 0.8, 1.0)
    held = held.assign(overlap_first=0.9, overlap_last=np.where(held.model == "pairwise", 0.3, 0.0))
    narrow = held[:1].assign(model="cnn", coverage=0.04)  # has vectors for few of the units
    monkeypatch.setattr(spectra.table, "read", lambda _: pd.concat([held, narrow]))
    said = spectra.verdict("rrm")
    assert (
        "λ = 1, as the test units with a relative in train go from 90 % to 0 %: 2 of 3 models fall, "
        in said
    )
    assert (
        "*Logistic regression* the most, from 0.90 to 0.50; not shown to fall: *Site-independent*; at equal"
        in said
    )
    assert (
        "overlap is shown to cost *Logistic regression* and *Site-independent* something. No shortcut"
        in said
    )
    assert (
        "No shortcut is shown to fall (*Number of mutations*). At λ = 1 the best model scores 0.60 (*Site-ind"
        in said
    )
    assert said.endswith(" and the best shortcut scores 0.60 (*Number of mutations*).")
    held.loc[0, "falls"] = False
    assert "1 of 3 models falls, *Pairwise* [to λ = 0.8] from 0.80 to 0.60;" in spectra.verdict(
        "rrm"
    )
    assert spectra.verdict("gfp") == ""


def test_every_model_of_a_curve_has_a_panel_with_its_control():
    lines = pd.DataFrame(
        {"parameter": [0.0, 0.5, 1.0], "overlap": [0.9, 0.4, 0.0], "score": [0.9, 0.8, 0.5]}
    )
    lines = lines.assign(metric="auroc", low=lines.score - 0.1, high=lines.score + 0.1)
    held = [
        lines.assign(model=m, split=s)
        for m in ("logistic", "pairwise", "site-independent", "mutation-count")
        for s in ("spectral", "spectral" + curve.CONTROL)
    ]
    axes = spectra.curves(pd.concat(held).rename(columns={"overlap": curve.OVERLAP})).get_axes()
    titled = [ax for ax in axes if ax.get_title()]
    assert [len(ax.get_lines()) for ax in axes[:2]] == [5, 5]  # four models, and chance
    assert len(titled) == 4 and all(
        len(ax.get_lines()) == 3 and len(ax.collections) == 2 for ax in titled
    )
