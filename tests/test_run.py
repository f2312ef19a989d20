"""The one loop: what a cell holds, what is resumed, what a fault costs."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time

import numpy as np
import pandas as pd
import pytest
from helpers import TINY, edit_yaml, enter, forget, make_home, sha256

from genebench import probes
from genebench.benchmark import costs, predictions, results, run, splits
from genebench.benchmark import plan as cells
from genebench.core import cache, manifest, paths, specs
from genebench.core.errors import BadInput
from genebench.models import control, inference
from genebench.stats import metrics


@pytest.fixture
def planned(warm):
    """The cells of the finished profile."""
    return cells.plan("tiny")


# --- the plan ---------------------------------------------------------------------------------------------------------


def test_every_task_is_met_once_by_every_model_in_every_split(planned):
    met = [(c.model, c.split, t) for c in planned for t in c.tasks]
    tasks = list(cells.context("tiny").tasks)
    assert sorted(met) == sorted(
        (m, s, t) for m in TINY["models"] for s in TINY["splits"] for t in tasks
    )


def test_only_binary_tasks_on_the_same_genes_share_a_cell_and_no_more_than_a_block(planned):
    held = cells.context("tiny").tasks
    assert max(len(c.tasks) for c in planned) == TINY["block"]
    for cell in planned:
        together = [held[t] for t in cell.tasks]
        assert len(together) == 1 or {t.kind for t in together} == {"binary"}
        assert len({tuple(t.entities) for t in together}) == 1


def test_a_choice_of_tasks_never_changes_what_a_cell_holds(planned):
    chosen = cells.plan("tiny", models=["full"], names=["toy/term/heart"], split="random")
    assert len(chosen) == 1 and chosen[0] in planned and "toy/term/heart" in chosen[0].tasks


@pytest.mark.parametrize(
    "choice, told",
    [
        ({"models": ["orakle"]}, "profile 'tiny': unknown model 'orakle'; did you mean 'oracle'"),
        ({"names": ["toy/clas"]}, "unknown task 'toy/clas'; did you mean 'toy/class'"),
        ({"split": "familly"}, "unknown split 'familly'; did you mean 'family'"),
    ],
)
def test_an_unknown_choice_is_answered_with_the_nearest(warm, choice, told):
    with pytest.raises(BadInput, match=told):
        cells.plan("tiny", **choice)


def test_an_unknown_profile_is_answered_with_the_nearest(warm):
    with pytest.raises(BadInput, match="did you mean 'tiny'"):
        run.run("tinny")


def test_a_cell_is_named_by_model_tasks_and_split(planned):
    names = [str(c) for c in planned]
    assert len(set(names)) == len(names) and "oracle × toy/class × stem" in names


# --- the recipe -------------------------------------------------------------------------------------------------------


def keys(**choice) -> set[str]:
    """File names of the cells."""
    return {cells.cell_path(c).name for c in cells.plan("tiny", **choice)}


@pytest.mark.parametrize(
    "change", [{"title": "T"}, {"color": "#abcdef"}, {"description": "D"}, {"licence": "L"}]
)
def test_how_a_model_is_drawn_does_not_change_its_cells(warm, change):
    before = keys(models=["full"])
    edit_yaml(paths.MODELS, lambda d: d["models"]["full"].update(change))
    assert keys(models=["full"]) == before


@pytest.mark.parametrize(
    "change", [{"seed": 8}, {"folds": 4}, {"repeats": 2}, {"min_per_class": 6}]
)
def test_whatever_determines_the_rows_changes_every_cell(warm, change):
    before = keys()
    edit_yaml(paths.PROFILES, lambda d: d["profiles"]["tiny"].update(change))
    assert not keys() & before


def test_a_new_version_of_a_task_changes_the_cells_that_hold_it_alone(warm):
    before = {c: cells.cell_path(c).name for c in cells.plan("tiny")}
    edit_yaml(paths.SOURCES / "toy.yml", lambda d: d["tasks"][2].update(version=2))
    changed = {c for c in cells.plan("tiny") if cells.cell_path(c).name != before[c]}
    assert changed == {c for c in before if "toy/class" in c.tasks}


def test_every_cell_has_its_own_file(planned):
    assert len({cells.cell_path(c) for c in planned}) == len(planned)


# --- the rows ---------------------------------------------------------------------------------------------------------


def test_a_whole_run_is_sound_and_complete(finished):
    assert (
        finished.outcome.failed == {} and finished.outcome.computed == finished.outcome.cells == 60
    )
    assert results.validate(finished.frame, "here") == []
    met = finished.frame[["task", "model", "split"]].drop_duplicates()
    assert len(met) + finished.outcome.skipped == 7 * 6 * 2


def test_every_metric_of_the_kind_is_there_for_every_fold(finished):
    own = finished.frame[~finished.frame.metric.astype(str).str.contains("@")]
    for (kind, *_), rows in own.groupby(["kind", "task", "model", "split"], observed=True):
        assert set(zip(rows.fold, rows.metric)) == {
            (f, m) for f in range(3) for m in metrics.of_kind(kind)
        }


def test_only_main_metrics_are_told_on_common_and_on_all_genes(finished):
    rows = finished.frame[finished.frame.metric.astype(str).str.contains("@")]
    assert {m.split("@")[1] for m in rows.metric.unique()} == {"common", "all"}
    assert {m.split("@")[0] for m in rows.metric.unique()} == {
        "auroc",
        "auroc_weighted",
        "spearman",
    }


def test_rows_on_all_genes_exist_just_where_coverage_is_partial(finished):
    frame = finished.frame.assign(all=finished.frame.metric.astype(str).str.endswith("@all"))
    told = frame.groupby("model", observed=True).agg(
        all=("all", "any"), coverage=("coverage", "max")
    )
    assert told.loc["part", "coverage"] == pytest.approx(0.6, abs=0.02)
    assert (told["all"] == (told.coverage < 1)).all()


def test_tested_genes_add_up_to_the_covered_ones_and_train_is_the_rest(finished):
    rows = finished.frame[
        (finished.frame.metric == "spearman") & (finished.frame.split == "random")
    ]
    for model, n in (("full", 180), ("part", 108)):
        held = rows[rows.model == model]
        assert held.n_test.sum() == n and (held.n_train == n - held.n_test).all()


def test_the_scores_of_a_task_are_those_of_its_folds_probe_and_metric_put_together_by_hand(
    warm, finished
):
    held = cells.context("tiny")
    task, spec = held.tasks["toy/value"], specs.model("part")
    vectors = inference.embed(spec, held.universe)
    rows = vectors.rows(task.entities)
    fold = splits.folds(task, "stem", n_folds=3, seed=7)
    own = rows >= 0
    values = probes.predict(
        vectors.vectors[rows[own]], task.labels[own], fold[own], kind="regression"
    )[:, 0]
    predicted = predictions.restore(*predictions.quantise(values))
    stored = finished.frame.query("task == 'toy/value' and model == 'part' and split == 'stem'")
    for k in range(3):
        tested = fold[own] == k
        expected = metrics.score("regression", task.labels[own][tested], predicted[tested])
        got = stored[stored.fold == k].set_index("metric").score
        assert {m: got[m] for m in expected} == pytest.approx(
            expected, abs=1e-7
        )  # single precision may turn a code's last bit
        full = np.full(len(task), task.labels[own & (fold != k)].mean())
        full[own] = np.where(tested, predicted, full[own])
        assert got["spearman@all"] == pytest.approx(
            metrics.spearman(task.labels[fold == k], full[fold == k]), abs=1e-7
        )
        assert got["spearman@common"] == pytest.approx(expected["spearman"], abs=1e-9)


def test_common_genes_are_those_of_every_broad_model_and_controls_do_not_count(planned):
    held = cells.context("tiny")
    task = held.tasks["toy/value"]
    part = inference.embed(specs.model("part"), held.universe)
    np.testing.assert_array_equal(
        cells.common_genes("tiny", task), np.isin(task.entities, part.entities)
    )


def test_a_narrow_model_does_not_define_the_common_genes(warm):
    edit_yaml(paths.PROFILES, lambda d: d["profiles"]["tiny"].update(common_floor=0.7))
    task = cells.context("tiny").tasks["toy/value"]
    assert cells.common_genes("tiny", task).all()


def test_shuffled_labels_score_worse_than_true_ones(finished):
    rows = finished.frame[(finished.frame.metric == "auroc") & (finished.frame.split == "random")]
    mean = rows.groupby("model", observed=True).score.mean()
    assert mean["full"] > 0.85 and abs(mean["shuffled"] - 0.5) < 0.1 and mean["oracle"] == 1


def test_rows_name_the_cell_that_made_them(finished, planned):
    by_key = {cells.cell_path(c).stem: c for c in planned}
    for (task, model, split, key), _ in finished.frame.groupby(
        ["task", "model", "split", "key"], observed=True
    ):
        cell = by_key[key]
        assert (cell.model, cell.split) == (model, split) and task in cell.tasks


# --- what is left out -------------------------------------------------------------------------------------------------


def unfit(task, covered, **changes) -> str:
    """Why a task cannot be probed."""
    spec = specs.profile("tiny").model_copy(update=changes)
    fold = np.arange(len(task)) % spec.folds
    return run._unfit(task, task.labels, fold, covered, spec)


def test_too_few_genes_of_a_class_are_named(home, make_task):
    task = make_task("binary", [1] * 4 + [0] * 56)
    assert (
        unfit(task, np.ones(60, bool)) == "only 4 genes of class 'class 1' have a vector (5 needed)"
    )
    assert unfit(task, np.ones(60, bool), min_per_class=4) == ""


def test_coverage_counts_and_not_the_task(home, make_task):
    task = make_task("multiclass", [0, 1, 2] * 20)
    covered = np.ones(60, bool)
    covered[np.flatnonzero(task.labels == 2)[4:]] = False
    assert unfit(task, covered) == "only 4 genes of class 'class 2' have a vector (5 needed)"


def test_a_fold_of_one_class_is_named(home, make_task):
    task = make_task("binary", [1, 0] * 30)
    covered = (np.arange(60) % 3 != 1) | (task.labels == 0)
    assert unfit(task, covered) == "fold 1 holds one class only among the genes that have a vector"


def test_too_few_genes_of_a_regression_are_named(home, make_task):
    task = make_task("regression", np.arange(60.0))
    assert unfit(task, np.arange(60) < 29) == "only 29 genes have a vector (30 needed)"
    assert unfit(task, np.arange(60) < 30) == ""


def test_a_rare_label_is_named(home, make_task):
    labels = np.zeros((60, 2), int)
    labels[::2, 0], labels[:4, 1] = 1, 1
    assert (
        unfit(make_task("multilabel", labels), np.ones(60, bool))
        == "fewer than 5 genes with label 'class 1' have a vector"
    )


def test_a_skipped_task_is_noted_with_its_reason_and_has_no_rows(warm):
    edit_yaml(
        paths.PROFILES,
        lambda d: d["profiles"]["tiny"].update(min_per_class=20, models=["full", "part"]),
    )
    outcome = run.run("tiny", jobs=1, say=lambda text: None)
    skipped = json.loads(results.manifest_path("tiny").read_text())["skipped"]
    assert outcome.skipped >= 2 and "full" not in skipped["random"]
    assert skipped["random"]["part"]["toy/value"] == "only 108 genes have a vector (120 needed)"
    frame = results.load("tiny")
    assert frame[(frame.task == "toy/value") & (frame.model == "part")].empty


# --- resuming ---------------------------------------------------------------------------------------------------------


def scores() -> str:
    """Digest of the written scores."""
    return sha256(results.scores_path("tiny"))


def test_a_second_run_computes_nothing_and_changes_nothing(warm, monkeypatch):
    monkeypatch.setattr(run, "_measured", lambda *given: pytest.fail("computed again"))
    before, said = scores(), []
    outcome = run.run("tiny", jobs=1, say=said.append)
    assert (outcome.cached, outcome.computed, outcome.failed) == (60, 0, {}) and scores() == before
    assert any("60 cells, 60 cached, 0 to do" in s for s in said)


def test_a_run_without_its_cache_gives_the_same_bytes(warm):
    before = scores()
    shutil.rmtree(paths.CELLS)
    shutil.rmtree(paths.EMBEDDINGS)
    results.scores_path("tiny").unlink()
    forget()
    run.run("tiny", jobs=1, say=lambda text: None)
    assert scores() == before


def test_lost_results_are_written_again_from_the_cache(warm):
    before = scores()
    results.scores_path("tiny").unlink()
    assert run.run("tiny", jobs=1, say=lambda text: None).computed == 0
    assert scores() == before


@pytest.mark.parametrize("damage", ["cut", "sidecar", "empty"])
def test_a_broken_cell_is_computed_again_and_said_so(planned, damage):
    cell, before, said = planned[7], scores(), []
    path = cells.cell_path(cell)
    if damage == "sidecar":
        cache.sidecar(path).write_text("{")
    else:
        path.write_bytes(path.read_bytes()[:100] if damage == "cut" else b"")
    outcome = run.run("tiny", jobs=1, say=said.append)
    assert (outcome.cached, outcome.computed) == (59, 1) and scores() == before
    assert any(f"'{cell}' is broken" in s for s in said) and cache.state(path) == "ready"


def test_broken_vectors_are_made_again_and_said_so(warm):
    before, said = scores(), []
    kept = inference.path(specs.model("part"), cells.context("tiny").universe)
    kept.write_bytes(b"nothing")
    outcome = run.run("tiny", jobs=1, say=said.append)
    assert any(kept.name in s and "broken" in s for s in said)
    assert outcome.cached == 60 and scores() == before and cache.state(kept) == "ready"


def test_a_part_of_the_run_gives_the_rows_of_the_whole(home, finished):
    run.run(
        "tiny", models=["full"], names=["toy/class"], split="random", jobs=1, say=lambda text: None
    )
    got = results.load("tiny")
    want = finished.frame.query("model == 'full' and task == 'toy/class' and split == 'random'")
    assert len(got) == len(want) > 0
    assert (
        got.sort_values(results.IDENTITY).score.tolist()
        == want.sort_values(results.IDENTITY).score.tolist()
    )


def test_parts_run_one_after_the_other_add_up_to_the_whole(home, finished):
    for model in TINY["models"]:
        run.run("tiny", models=[model], jobs=1, say=lambda text: None)
    assert scores() == sha256(finished.folder / "data" / "results" / "tiny" / "scores.parquet")


# --- faults -----------------------------------------------------------------------------------------------------------


def test_one_failing_cell_is_named_and_the_rest_is_finished(home, monkeypatch, finished):
    right = control.shuffled

    def shuffled(task, seed):
        if task.name == "toy/class":
            raise ZeroDivisionError("made up")
        return right(task, seed)

    monkeypatch.setattr(control, "shuffled", shuffled)
    said = []
    outcome = run.run("tiny", jobs=1, say=said.append)
    names = {"shuffled × toy/class × random", "shuffled × toy/class × stem"}
    assert set(outcome.failed) == names and outcome.computed == 58
    assert all(why == "ZeroDivisionError: made up" for why in outcome.failed.values())
    assert all(any(name in s and "failed" in s for s in said) for name in names)
    frame = results.load("tiny")
    lost = (finished.frame.model == "shuffled") & (finished.frame.task == "toy/class")
    assert lost.any() and len(frame) == (~lost).sum()
    assert set(results.read_beside("tiny", "intervals.parquet").model) == set(TINY["models"]) - {
        "shuffled"
    }
    assert any("leave out shuffled" in s for s in said)

    monkeypatch.undo()
    enter(monkeypatch, home)
    outcome = run.run("tiny", jobs=1, say=lambda text: None)
    assert (outcome.cached, outcome.computed) == (58, 2)
    assert scores() == sha256(finished.folder / "data" / "results" / "tiny" / "scores.parquet")


def test_a_model_that_is_not_for_a_kind_of_task_is_skipped_with_its_reason(home):
    edit_yaml(
        paths.MODELS,
        lambda d: d["models"]["stem"].update(not_for={"regression": "It says nothing there."}),
    )
    outcome = run.run(
        "tiny", models=["stem"], names=["toy/value", "toy/class"], jobs=1, say=lambda text: None
    )
    assert outcome.failed == {} and set(results.load("tiny").task) == {"toy/class"}
    told = json.loads(results.manifest_path("tiny").read_text())["skipped"]
    assert told["random"]["stem"] == {"toy/value": "It says nothing there."}


def test_a_model_that_cannot_be_embedded_is_named_and_the_rest_is_finished(home):
    edit_yaml(paths.MODELS, lambda d: d["models"]["full"]["options"].update(columns=["x9"]))
    said = []
    outcome = run.run("tiny", jobs=1, say=said.append)
    assert len(outcome.failed) == 1 and outcome.computed == 50
    assert "full" in next(iter(outcome.failed)) and any(
        "'full' cannot be embedded" in s and "x9" in s for s in said
    )
    assert set(results.load("tiny").model) == set(TINY["models"]) - {"full"}
    assert set(results.read_beside("tiny", "intervals.parquet").model) == set(TINY["models"]) - {
        "full"
    }


def test_a_profile_without_any_task_is_refused(home):
    (paths.DOWNLOADS / "toy" / "labels.tsv").unlink()
    (paths.DOWNLOADS / "toy" / "members.tsv").unlink()
    forget()
    with pytest.raises(BadInput, match="profile 'tiny': no task can be built"):
        run.run("tiny", jobs=1, say=lambda text: None)


def test_the_manifest_says_what_made_the_results(finished):
    held = json.loads((finished.folder / "data/results/tiny/manifest.json").read_text())
    assert set(held) >= results.MANIFEST_KEYS
    assert (held["profile"], held["seed"], len(held["cells"]), held["tasks"]) == ("tiny", 7, 60, 7)
    assert all(cell["seconds"] > 0 and cell["cpu_s"] >= 0 for cell in held["cells"])
    assert held["models"] == TINY["models"] and held["sources"] == {"toy": "1"}
    assert held["versions"]["pandas"] == pd.__version__ and held["peak_memory_mb"] > 0
    assert set(held["wall_s"]["stages"]) == set(costs.STAGES)
    assert held["wall_s"]["run"] == pytest.approx(sum(held["wall_s"]["stages"].values()), abs=0.3)
    assert set(held["embeddings"]) == set(TINY["models"])
    assert all(
        noted["shape"][0] > 0 and noted["cpu_s"] >= 0 for noted in held["embeddings"].values()
    )


def test_the_memory_of_the_workers_is_told_when_they_have_ended(warm, monkeypatch):
    for cell in run.plan("tiny"):
        cells.cell_path(cell).unlink()
    told = iter([10.0, 4000.0])  # when the scores are written; after the workers
    monkeypatch.setattr(manifest, "peak_memory_mb", lambda: next(told))
    run.run("tiny", jobs=1, say=lambda text: None)
    assert json.loads(results.manifest_path("tiny").read_text())["peak_memory_mb"] == 4000


def test_a_run_that_computes_little_leaves_the_costs_of_the_one_before(warm):
    path = results.manifest_path("tiny")
    before = json.loads(path.read_text())
    cell = next(c for c in run.plan("tiny") if c.model == "full")
    cells.cell_path(cell).unlink()
    assert run.run("tiny", jobs=1, say=lambda text: None).computed == 1
    after = json.loads(path.read_text())
    assert {**after["wall_s"], "sum_over_cells": 0} == {**before["wall_s"], "sum_over_cells": 0}
    assert (
        after["peak_memory_mb"] == before["peak_memory_mb"] and after["device"] == before["device"]
    )
    for cell in run.plan("tiny"):
        cells.cell_path(cell).unlink()
    run.run("tiny", jobs=1, say=lambda text: None)
    assert json.loads(path.read_text())["wall_s"]["run"] != before["wall_s"]["run"]


def test_what_a_run_cost_adds_up_by_model(finished):
    held = json.loads((finished.folder / "data/results/tiny/manifest.json").read_text())
    spent = costs.spent(held)
    assert list(spent.model) == TINY["models"] and spent.cells.sum() == len(held["cells"])
    assert spent.fits_s.sum() == pytest.approx(sum(c["cpu_s"] for c in held["cells"]))
    bare = {**held, "cells": [{k: v for k, v in c.items() if k != "cpu_s"} for c in held["cells"]]}
    assert costs.spent(bare).fits_s.sum() == pytest.approx(sum(c["seconds"] for c in held["cells"]))
    assert list(costs.stages(held).stage) == [*costs.STAGES, "the whole run"]
    assert costs.stages(held).seconds.iloc[-1] == held["wall_s"]["run"]
    assert "60 cells on cpu" in costs.words(held) and "CPU minutes" in costs.words(held)


# --- the real thing: processes, and one that is killed ----------------------------------------------------------------


def start(folder) -> subprocess.Popen:
    """Start a run of the made-up profile as a user would, in its own process group."""
    env = {**os.environ, "GENEBENCH_HOME": str(folder), "OMP_NUM_THREADS": "1"}
    env = {
        k: v
        for k, v in env.items()
        if k not in ("GENEBENCH_CACHE", "GENEBENCH_RESULTS", "GENEBENCH_MIRROR")
    }
    code = "from genebench import run; o = run.run('tiny', jobs=2); print(o.cached, o.computed, len(o.failed))"
    return subprocess.Popen(
        [sys.executable, "-c", code],
        env=env,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


@pytest.mark.slow
def test_a_run_killed_midway_and_run_again_gives_the_bytes_of_an_undisturbed_one(
    tmp_path, finished
):
    folder = make_home(tmp_path / "home")
    cells = folder / ".cache" / "cells"
    killed = start(folder)
    deadline = time.monotonic() + 120
    while (
        len([p for p in cells.glob("*/*.json") if "-oof" not in p.name]) < 5
        and time.monotonic() < deadline
        and killed.poll() is None
    ):
        time.sleep(0.005)
    os.killpg(killed.pid, signal.SIGKILL)
    killed.communicate()
    assert killed.returncode == -signal.SIGKILL
    assert not (folder / "data" / "results").exists()

    again = start(folder)
    told = again.communicate(timeout=120)[0]
    cached, computed, failed = map(int, told.splitlines()[-1].split())
    assert again.returncode == 0 and 4 <= cached < 60 and cached + computed == 60 and failed == 0
    here, there = (
        f / "data" / "results" / "tiny" / "scores.parquet" for f in (folder, finished.folder)
    )
    assert here.read_bytes() == there.read_bytes()
