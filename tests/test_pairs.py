"""Pair tasks: joined features that are never written out, and a run of one with its controls and splits."""

from __future__ import annotations

import numpy as np
import pytest
from helpers import GENES, edit_yaml, folds, gaps, reference, sha256
from sklearn.metrics import roc_auc_score

from genebench import probes
from genebench.benchmark import plan, predictions, results, run, splits
from genebench.core import paths
from genebench.core.errors import BadInput
from genebench.probes.features import Pairs

JOIN = {
    "concat": lambda a, b: np.hstack([a, b]),
    "mean": lambda a, b: (a + b) / 2,
    "hadamard": lambda a, b: a * b,
}


@pytest.fixture(scope="module")
def made():
    """120 entities of unlike columns, 700 pairs of them (some of one with itself), labels by both sides and by their
    product, folds."""
    rng = np.random.default_rng(0)
    X = rng.standard_normal((120, 8)) * np.logspace(-1, 1, 8) + 2
    first, second = rng.integers(0, 120, (2, 700))
    Z = (X - X.mean(0)) / X.std(0)
    y = (
        Z[first, 0] + Z[second, 1] + 1.5 * Z[first, 2] * Z[second, 2] + rng.standard_normal(700) > 0
    ).astype(int)
    return X, first, second, y, folds(y)


def joined(X, first, second, join: str) -> np.ndarray:
    """The features of the pairs, written out; products are of entities centred over all."""
    X = X - X.mean(0) if join == "hadamard" else X
    return JOIN[join](X[first], X[second])


@pytest.mark.parametrize("standardise", [True, False], ids=["standardised", "raw"])
@pytest.mark.parametrize("join", JOIN)
def test_pairs_are_fitted_as_their_joined_features_would_be(made, join, standardise):
    X, first, second, y, fold = made
    options = {"kind": "pair", "pairs": (first, second), "join": join, "standardise": standardise}
    mine = probes.predict(X, y, fold, **options)[:, 0]
    theirs = reference(joined(X, first, second, join), y, fold, standardise=standardise)
    np.testing.assert_allclose(mine, theirs, atol=5e-3)
    assert gaps(y, mine, theirs, fold).max() <= 1e-3
    written = probes.predict(
        joined(X, first, second, join), y, fold, kind="pair", standardise=standardise
    )[:, 0]
    np.testing.assert_allclose(mine, written, atol=5e-3)


@pytest.mark.parametrize("join", JOIN)
def test_sums_over_pairs_equal_those_over_written_features(made, join):
    """Margins, sums, squares, second moments and the moments of a fold, against numpy."""
    import torch

    X, first, second, _, fold = made
    held = Pairs(X, first, second, join, dtype=torch.float64)
    Z = (X - X.mean(0)) / X.std(0)
    F = JOIN[join](Z[first], Z[second])
    rng = np.random.default_rng(1)
    W, R = rng.standard_normal((3, F.shape[1])), rng.random((3, 700))
    mean, inverse = held.moments(torch.as_tensor(fold != 0)[None])
    for mine, theirs in (
        (held.forward(torch.as_tensor(W)), W @ F.T),
        (held.backward(torch.as_tensor(R)), R @ F),
        (held.squares(torch.as_tensor(R)), R @ F**2),
        (held.gram(), F.T @ F),
        (mean[0], F[fold != 0].mean(0)),
        (inverse[0], 1 / F[fold != 0].std(0)),
    ):
        np.testing.assert_allclose(mine.numpy(), theirs, rtol=1e-9, atol=1e-9)


def test_products_tell_what_sides_alone_cannot():
    rng = np.random.default_rng(2)
    X = rng.standard_normal((150, 4))
    first, second = rng.integers(0, 150, (2, 900))
    y = (X[first, 0] * X[second, 0] > 0).astype(int)
    fold = folds(y)
    area = {}
    for join in JOIN:
        values = probes.predict(X, y, fold, kind="pair", pairs=(first, second), join=join)[:, 0]
        area[join] = np.mean([roc_auc_score(y[fold == k], values[fold == k]) for k in range(4)])
    assert area["hadamard"] > 0.95 and max(area["concat"], area["mean"]) < 0.65


def test_an_unknown_join_is_answered_with_the_nearest(made):
    X, first, second, y, fold = made
    with pytest.raises(BadInput, match="unknown join 'hadamar'; did you mean 'hadamard'"):
        probes.predict(X, y, fold, kind="pair", pairs=(first, second), join="hadamar")


# --- through the run --------------------------------------------------------------------------------------------------


@pytest.fixture
def paired(home):
    """The made-up home with one task of some 500 pairs of genes, whose label follows columns of both sides."""
    rows = [
        line.split("\t")
        for line in (paths.DOWNLOADS / "toy" / "labels.tsv").read_text().splitlines()[1:]
    ]
    x = {r[0]: np.array(r[3:], dtype=float) for r in rows}
    rng = np.random.default_rng(5)
    near = (
        np.arange(1500) % 2 == 0
    )  # half of the pairs are of one family, so that splits by family keep them
    first = rng.integers(0, len(GENES), 1500)
    second = np.where(
        near, first // 6 * 6 + rng.integers(0, 6, 1500), rng.integers(0, len(GENES), 1500)
    )
    chosen = {(GENES[a], GENES[b]) for a, b in zip(first, second) if a < b}
    order = sorted(chosen)
    files = {
        "couples.txt": "".join(f"{a} {b}\n" for a, b in order),
        "marks.txt": "".join(f"{int(x[a][0] + x[b][1] > 0)}\n" for a, b in order),
    }
    for name, text in files.items():
        (paths.DOWNLOADS / "toy" / name).write_text(text)

    def declare(held):
        for name, form in (("couples", "pairs"), ("marks", "tsv")):
            path = paths.DOWNLOADS / "toy" / f"{name}.txt"
            held["files"][name] = {
                "format": form,
                "path": f"toy/{name}.txt",
                "sha256": sha256(path),
            }
        held["files"]["marks"]["options"] = {"header": None, "names": ["label"]}
        held["tasks"] = [
            {
                "name": "toy/together",
                "title": "together",
                "description": "together",
                "group": "protein properties",
                "kind": "pair",
                "shape": "pairs",
                "options": {"files": [["couples", "marks"]], "classes": ["apart", "together"]},
            }
        ]

    edit_yaml(paths.SOURCES / "toy.yml", declare)
    return dict(zip((f"{a}|{b}" for a, b in order), files["marks.txt"].split()))


def test_a_pair_task_runs_with_its_controls(paired):
    outcome = run.run("tiny", jobs=1, say=lambda text: None)
    frame = results.load("tiny")
    assert outcome.failed == {} and outcome.cells == outcome.computed == 12 and outcome.skipped == 0
    assert (
        set(frame.kind) == {"pair"}
        and set(frame.probe) == {"logistic"}
        and results.validate(frame, "here") == []
    )
    area = frame[frame.metric == "auroc"].groupby(["model", "split"], observed=True).score.mean()
    for split in ("random", "stem"):
        assert area["oracle", split] == 1 and area["full", split] > 0.9
        assert abs(area["random", split] - 0.5) < 0.12 and abs(area["shuffled", split] - 0.5) < 0.12


def test_a_pair_is_covered_where_both_of_its_genes_are(paired):
    run.run("tiny", models=["full", "part"], split="random", jobs=1, say=lambda text: None)
    frame = results.load("tiny")
    rows = frame[frame.metric == "auroc"].groupby("model", observed=True)
    known = {g for i, g in enumerate(GENES) if i % 5 < 3}
    both = [set(pair.split("|")) <= known for pair in paired]
    assert rows.n_test.sum()["full"] == len(paired) and rows.n_test.sum()["part"] == sum(both)
    assert rows.coverage.first()["part"] == pytest.approx(np.mean(both))


def test_scores_of_pairs_are_those_of_the_joined_vectors(paired):
    """A cell's rows from the task's own files, the columns' values and scikit-learn."""
    run.run("tiny", models=["full"], split="stem", jobs=1, say=lambda text: None)
    (cell,) = plan.plan("tiny", models=["full"], split="stem")
    task = plan.context("tiny").tasks["toy/together"]
    y = np.array([int(paired[pair]) for pair in task.entities])
    np.testing.assert_array_equal(task.labels, y)
    rows = [
        line.split("\t")
        for line in (paths.DOWNLOADS / "toy" / "labels.tsv").read_text().splitlines()[1:]
    ]
    x = {r[0]: np.array(r[3:], dtype=float) for r in rows}
    X = np.array([np.concatenate([x[gene] for gene in pair.split("|")]) for pair in task.entities])
    fold = splits.folds(task, "stem", n_folds=3, seed=7)
    theirs = reference(X, y, fold)
    held = predictions.load(plan.cell_path(cell))["toy/together", 0]
    np.testing.assert_array_equal(held.rows, np.flatnonzero(fold >= 0))
    np.testing.assert_array_equal(held.fold, fold[fold >= 0])
    np.testing.assert_allclose(held.values, theirs[fold >= 0], atol=3e-3)
    stored = results.load("tiny").query("metric == 'auroc'").set_index("fold").score
    for k in range(3):
        assert stored[k] == pytest.approx(roc_auc_score(y[fold == k], theirs[fold == k]), abs=1e-3)


def apart(task, fold) -> list[set[str]]:
    """Genes of the pairs of each fold."""
    return [
        {gene for part in task.parts for gene in part[fold == k]}
        for k in range(int(fold.max()) + 1)
    ]


@pytest.mark.parametrize("repeat", [0, 1])
def test_a_split_of_pairs_has_no_gene_nor_relative_on_both_sides(paired, repeat):
    task = plan.context("tiny").tasks["toy/together"]
    fold = splits.folds(task, "stem", n_folds=3, seed=7, repeat=repeat)
    sides = apart(task, fold)
    stems = [{gene.split("X")[0] for gene in side} for side in sides]
    for found in (sides, stems):
        assert all(found) and sum(map(len, found)) == len(set().union(*found))
    left_out = [set(pair.split("|")) for pair in task.entities[fold < 0]]
    assert left_out and not any(pair <= side for pair in left_out for side in sides)


def test_a_split_of_pairs_at_random_leaves_none_out(paired):
    task = plan.context("tiny").tasks["toy/together"]
    fold = splits.folds(task, "random", n_folds=3, seed=7)
    assert set(fold.tolist()) == {0, 1, 2}
    assert set.intersection(
        *apart(task, fold)
    )  # genes are on both sides there, and are meant to be


@pytest.mark.parametrize("split", ["family", "chromosome", "study"])
def test_real_splits_of_pairs_are_disjoint_in_genes(split):
    if splits.lacking(split):
        pytest.skip("the gene table is not at hand")
    from genebench.data import families
    from genebench.data.tasks import Task

    genes = np.sort(
        [
            f"{stem}{i}"
            for stem in ("HOXA", "SOX", "WNT", "CASP", "FOXP", "KRT", "IL", "TLR")
            for i in (1, 2, 3, 4)
        ]
    )
    rng = np.random.default_rng(0)
    chosen = sorted({(a, b) for a, b in rng.choice(genes, (400, 2)) if a < b})
    task = Task(
        "t/t",
        "t",
        "d",
        "genomic properties",
        "pair",
        "t",
        1,
        np.array([f"{a}|{b}" for a, b in chosen]),
        np.arange(len(chosen)) % 2,
        ("no", "yes"),
    )
    fold = splits.folds(task, split, n_folds=3, seed=1)
    sides = apart(task, fold)
    assert all(sides) and sum(map(len, sides)) == len(set().union(*sides)) and (fold == -1).any()
    if split == "family":
        kin = dict(zip(genes.tolist(), families.families(genes.tolist())))
        kinds = [{kin[g] for g in side} for side in sides]
        assert sum(map(len, kinds)) == len(set().union(*kinds))
