"""A user's own file of vectors: ids, checks, scores beside the table, leaks, one page; a sentence
for each fault."""

import json
import shutil
from pathlib import Path
from unittest.mock import ANY

import numpy as np
import pandas as pd
import pytest
from helpers import GENES, call, enter, forget, refused, run_tiny, sha256
from numpy.random import default_rng
from place.toys import placed, toy_vectors
from scipy.stats import mannwhitneyu

from genebench.benchmark import fit, plan, results, validation
from genebench.core import paths, specs
from genebench.models import Embedding
from genebench.place import compare, leaks, read
from genebench.place import place as placing
from genebench.stats import intervals

RNG = default_rng(5)


def card_of(path, *words):
    """The card of a file that can be used."""
    got, out = placed(path, *words)
    assert got.exit_code == 0, got.output + got.stderr
    return json.loads((out / "card.json").read_text())


def about(frame, folder):
    """What is said of vectors that are read for the made-up profile, and what is kept of them."""
    frame.rename_axis("symbol").to_csv(folder / "x.csv")
    spec, said = read.read(folder / "x.csv", plan.make("tiny"), "x")
    return said, np.load(paths.DOWNLOADS / "own" / f"{spec.name}.npz")


def test_ids_that_join_two_are_read_where_both_are_of_one_gene(warm, known):
    frame = toy_vectors()
    both = [f"{gene}_ENSG{i:011d}" for i, gene in enumerate(frame.index)]
    made, _ = about(frame.set_axis([f"{GENES[0]} (9)", *both[1:]]), warm)
    assert made["ids"]["covered"] == 179 and "179 were read" in made["reading"][-1]


def test_without_a_profile_they_go_to_the_leaderboard_if_its_data_is_here(warm, monkeypatch):
    monkeypatch.setattr(placing, "LEADERBOARD", "tiny")
    assert placing.chosen() == ("tiny", ANY)
    forget()
    (paths.DOWNLOADS / "toy" / "labels.tsv").unlink()
    profile, sentence = placing.chosen()
    assert profile == "demo" and "'genebench fetch toy' gets its data" in sentence
    results.scores_path("tiny").unlink()
    assert placing.chosen()[0] == "demo"


# --- what comes out -------------------------------------------------------------------------------


def test_the_scores_are_those_of_the_same_vectors_as_a_declared_model(good, finished):
    frame = results.read(good.out / "scores.parquet")
    assert validation.validate(frame, "placed") == [] and set(frame.model) == {"my-vectors"}
    by = ["task", "metric", "genes", "fold"]
    mine, declared = (
        # common genes are those of the models of a profile
        part[part.genes != "common"].astype(dict.fromkeys(by[:3], str)).set_index(by).score
        for part in (frame, finished.frame.query("model == 'full' and split == 'random'"))
    )
    assert len(mine) > 100
    np.testing.assert_array_equal(mine, declared[mine.index])
    assert good.before == good.after  # the results of the profile stay as they were


def test_its_twin_is_level_with_it_and_the_excess_is_over_the_best_shortcut(good, finished):
    tier, excess = good.card["tier"], good.card["excess"]
    assert "Full" in tier["level"] and {"Random", "Stem"} <= {*tier["below"]} and tier["first"] == 1
    assert not {"oracle", "shuffled"} & {r["model"] for r in good.card["rivals"]}
    main = results.aggregate(results.main_rows(finished.frame, split="random", genes="all"))
    main = main[main.kind != "regression"].pivot(index="task", columns="model", values="score")
    expected = (main["full"] - main["stem"]).mean()
    assert (excess["mean"], excess["tasks"]) == (pytest.approx(expected), len(main))


def test_the_card_is_one_page_that_asks_no_network_and_says_what_the_command_says(good):
    page = (good.out / "card.html").read_text()
    assert page.startswith("<!DOCTYPE html>") and page.rstrip().endswith("</html>")
    outside = "http: https: <script <link src= @import url("
    assert not any(word in page for word in outside.split())
    for sentence in good.card["sentences"]:
        assert sentence in good.said and sentence.replace("'", "&#39;") in page
    assert {p.name for p in good.out.iterdir()} == {"card.html", "card.json", "scores.parquet"}
    assert "the table of HGNC is not at hand" in good.card["ids"]["sentences"][0]


def test_a_second_call_takes_every_cell_from_the_cache(good, monkeypatch, tmp_path):
    enter(monkeypatch, good.folder)
    monkeypatch.setattr(fit, "out_of_fold", lambda *a, **k: pytest.fail("computed again"))
    path = Path(shutil.copy(good.path, tmp_path / "other name.csv"))
    card, first = card_of(path, "--name", "My vectors"), dict(good.card)
    assert card["cost"]["cells_cached"] == card["cost"]["cells"] > 0
    for volatile in ("cost", "file"):
        del card[volatile], first[volatile]
    assert card == first
    assert sha256(tmp_path / "card" / "scores.parquet") == sha256(good.out / "scores.parquet")
    forget()


def test_a_copy_with_its_rows_shuffled_falls_to_chance(warm):
    path = warm / "shuffled.csv"
    toy_vectors().set_axis(default_rng(2).permutation(GENES)).to_csv(path, index_label="symbol")
    card = card_of(path)
    assert "Full" in card["tier"]["above"] and card["excess"]["mean"] < 0
    assert "Random" in card["tier"]["level"] and not card["tier"]["below"]
    assert "flag" not in [finding["level"] for finding in card["leaks"]]
    mean = np.mean([t["score"] for t in card["tasks"] if t["kind"] != "regression"])
    assert 0.4 < mean < 0.6


def test_a_file_that_holds_the_labels_is_flagged_with_the_column_of_each_task(warm):
    tasks, table = plan.make("tiny").tasks, toy_vectors()
    names = [name for name in tasks if tasks[name].kind == "binary"]
    for name in names:
        table[name] = pd.Series(tasks[name].labels, tasks[name].entities)
    table.fillna(0).to_csv(warm / "oracle.csv")
    card = card_of(warm / "oracle.csv")
    first, last = card["leaks"][0], card["sentences"][-1]
    assert first["check"] == "Labels among the columns" and first["level"] == "flag"
    found = {(row["task"], row["column"]) for row in first["rows"]}
    assert found >= {(name, 5 + i) for i, name in enumerate(names)}
    assert "Do not take the scores at their word" in last and "labels among the columns, on" in last


def test_a_file_of_part_of_the_genes_says_so_and_is_compared_on_all_of_them(warm, finished):
    frame = pd.read_csv(paths.DOWNLOADS / "toy" / "known.tsv", sep="\t", index_col="symbol")
    frame[["x0", "x1", "x2", "x3"]].to_csv(warm / "part.csv")
    card = card_of(warm / "part.csv")
    assert "(60%)" in card["sentences"][0]
    main = results.aggregate(results.main_rows(finished.frame, genes="all"))
    expected = main[main.model == "part"].set_index("task").score
    tasks = pd.DataFrame(card["tasks"]).set_index("task")
    np.testing.assert_allclose(tasks.score_all_genes, expected[tasks.index], atol=1e-12)
    (twin,) = [r for r in card["rivals"] if r["model"] == "part"]
    assert twin["difference"] == pytest.approx(0, abs=1e-12)
    mean = tasks[tasks.kind != "regression"].mean(numeric_only=True)
    assert (
        f"{mean.score:.3f} on its own genes and {mean.score_all_genes:.3f}" in card["sentences"][1]
    )
    assert twin["coverage"] == pytest.approx(mean.coverage, abs=1e-6)
    assert f"(covers {mean.coverage:.0%})" in (warm / "card" / "card.html").read_text()


# --- ids and values -------------------------------------------------------------------------------


def test_ids_are_resolved_and_the_lost_and_ambiguous_are_listed(warm, known):
    frame = toy_vectors()[2:]
    old = f"OLD{GENES[7]}"  # not that of its old name is kept
    more = pd.DataFrame(1.0, ["TWO", "NOBODY1", "Nobody2", old], frame.columns)
    made, kept = about(pd.concat([frame.rename({GENES[2]: f"OLD{GENES[2]}"}), more]), warm)
    assert made["ids"].items() >= {"covered": 178, "given": 182, "lost": 4}.items()
    found = {status["status"]: status["examples"] for status in made["ids"]["statuses"]}
    assert found["previous"] == [f"OLD{GENES[2]} → {GENES[2]}"]
    assert found["ambiguous"] == [f"TWO → {GENES[0]} or {GENES[1]}"]
    assert len(found["unknown"]) == 2 and "mouse style" in found["unknown"][1]
    (row,) = kept["vectors"][kept["ids"] == GENES[7]]
    np.testing.assert_allclose(row, frame.loc[GENES[7]].to_numpy(np.float32))


def test_odd_values_are_told(warm):
    frame = toy_vectors().assign(same=3.0, wide=RNG.standard_normal(180) * 1e7)
    frame.iloc[2] = frame.iloc[3]
    odd = {c["check"]: c["sentence"] for c in about(frame, warm)[0]["checks"] if not c["fine"]}
    assert [*odd] == ["constant columns", "equal vectors", "scale"]
    assert "1 of 6 columns" in odd["constant columns"] and "2 genes" in odd["equal vectors"]


# --- what cannot be used --------------------------------------------------------------------------


BROKEN = {
    "has no column of gene ids": lambda f: f.to_csv(index=False),
    "0 of its 180 ids are among the 180 genes of profile 'tiny', and 20 are needed": (
        lambda f: f.rename(lambda gene: f"NO{gene}").to_csv()
    ),
    "every gene has the same vector": lambda f: (f * 0 + 2.5).to_csv(),
}


@pytest.mark.parametrize("sentence", BROKEN)
def test_a_broken_file_is_one_sentence_and_status_2(good, monkeypatch, tmp_path, sentence):
    enter(monkeypatch, good.folder)
    noted = set((paths.DOWNLOADS / "own").iterdir())
    path = tmp_path / "bad file.csv"
    path.write_text(BROKEN[sentence](toy_vectors()))
    got, out = placed(path)
    assert got.exit_code == 2 and sentence in got.stderr and str(path) in got.stderr, got.stderr
    assert len(got.stderr.strip().splitlines()) == 1 and got.stdout == ""
    assert not out.exists() and set((paths.DOWNLOADS / "own").iterdir()) == noted
    forget()


def test_a_place_that_cannot_take_the_card_and_a_profile_without_scores_are_told(home):
    path = home / "x.csv"
    toy_vectors().to_csv(path)
    got, _ = placed(path)
    assert got.exit_code == 2 and "no results yet; run 'genebench run --profile tiny'" in got.stderr
    run_tiny(models=["random"], split="random")
    for words, why in (
        (("-p", "tiny", "--out", path), "is a file, and the card needs a folder"),
        (("-p", "tinny"), "did you mean 'tiny'"),
        (("-p", "tiny", "--kind", "ensembel"), "did you mean 'ensembl'"),
        (("-p", "tiny", "--kind", "ensembl"), "--kind ensembl needs HGNC's table"),
    ):
        got = call("place", path, *words)
        assert got.exit_code == 2 and why in got.stderr


def test_a_cell_that_fails_is_status_1_and_no_card_is_written(warm, monkeypatch):
    (toy_vectors() * 2).to_csv(warm / "x.csv")
    monkeypatch.setattr(fit, "out_of_fold", lambda *given, **options: 1 / 0)
    got, out = placed(warm / "x.csv")
    assert got.exit_code == 1 and "ZeroDivision" in got.stderr and "Traceback" not in got.stderr
    assert not out.exists()


# --- the parts ------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["multiclass", "multilabel", "regression"])
def test_labels_of_every_kind_are_found_among_the_columns(make_task, kind):
    noise, one = default_rng(5).standard_normal((120, 4)), np.arange(120) % 3
    labels = {"multiclass": one, "multilabel": np.eye(2, dtype=int)[one % 2]}
    task = make_task(kind, labels.get(kind, noise[:, 3]))
    y = task.labels == 2 if kind == "multiclass" else task.labels.reshape(120, -1)[:, -1]
    X = np.column_stack([noise[:, :3], np.exp(1.0 * y)]).astype(np.float32)
    finding = leaks.label_columns([task], Embedding(task.entities, X))
    assert {row["column"] for row in finding.rows} == {4} and finding.level == "flag"
    assert leaks.label_columns([task], Embedding(task.entities, X[:, :3])).level == "clear"


def test_a_tiny_task_that_a_column_hits_by_chance_is_no_flag(make_task):
    task = make_task("binary", np.repeat([1, 0], [4, 16]))
    X = default_rng(0).standard_normal((20, 20000)).astype(np.float32)
    areas = mannwhitneyu(X[task.labels == 1], X[task.labels == 0], axis=0).statistic / 64
    assert areas.max() > leaks.LABEL_COLUMN  # one of many columns does hit
    assert leaks.label_columns([task], Embedding(task.entities, X)).level == "clear"


def test_what_survives_is_a_share_of_the_score_above_chance():
    near, none = pd.Series({"a": 0.9, "b": 0.7, "c": 0.6}), pd.Series(dtype=float)
    found = leaks.survival(near, pd.Series({"a": 0.6, "b": 0.5}), "family")
    assert found.value == pytest.approx(0.05 / 0.3) and found.level == "flag"
    assert leaks.survival(near, near, "family").level == "clear"
    assert leaks.survival(near, none, "family").level == "open"
    assert leaks.survival(near - 0.3, near, "stem").value is None


def test_scores_are_too_good_only_where_the_table_is_not():
    mine = pd.Series([1.0] * 5 + [0.7] * 15)
    assert leaks.too_good(mine, mine * 0 + 0.8).level == "flag"
    assert leaks.too_good(mine, mine).level == "clear"


def test_families_and_study_are_noted_where_the_vectors_tell_them():
    noise, names = RNG.standard_normal((180, 20)), np.array(GENES)  # of families of six
    X = RNG.standard_normal((30, 20)).repeat(6, axis=0) + 0.01 * noise
    count = np.exp(X[:, 0]) * 10
    for vectors, level in ((X, "note"), (noise, "clear")):
        table = Embedding(names, vectors)
        assert leaks.stems(table, least=6).level == level == leaks.study(table, count).level
    assert leaks.stems(table, least=7).level == "open" == leaks.study(table, None).level


def test_the_verdict_of_a_task_is_the_corrected_interval_of_its_folds():
    rows = pd.DataFrame({"score": [0.8, 0.82, 0.84], "score_other": [0.7, 0.71, 0.72]})
    rows = rows.assign(task="a", kind="binary", group="localization", coverage=0.5)
    rows, models = rows.assign(model="pbmc-pca", family="expression"), specs.declared().models
    (row,) = compare.by_task(rows, models).itertuples()
    expected = intervals.fold_interval(0.11, 0.01, 3)
    assert (row.low, row.high) == pytest.approx(expected) and row.verdict == "win"
    assert compare.by_task(rows[:1], models).verdict.item() == "tie"
    assert compare.by_task(rows.assign(task="pbmc/x"), models).empty  # trained on its labels


def test_a_table_of_other_tasks_is_refused(finished):
    frame = finished.frame
    with refused("shares no task with these vectors"):
        compare.placed(frame, frame.assign(task="another"), {})
