"""A run: what is resumed, what a failure costs, what the manifest says."""

import errno
import json
import os
import random
import shutil

import pandas as pd
import pytest
from helpers import TINY, edit_model, edit_profile, edit_yaml, enter, refused, run_tiny, sha256

from genebench import probes
from genebench.benchmark import plan, predictions, results, validation
from genebench.core import paths
from genebench.models import baseline
from genebench.stats import bootstrap
from notebooks.lib import costs

FILES = ("scores.parquet", *results.BESIDE)


def digests(folder=None):
    """SHA-256 of every table of results of a project."""
    there = (folder or paths.ROOT) / "data" / "results" / "tiny"
    return {name: sha256(there / name) for name in FILES}


def test_a_whole_run_is_sound_and_complete(finished):
    outcome = finished.outcome
    assert outcome.failed == {} and outcome.computed == outcome.units == 60
    assert validation.validate(finished.frame, "here") == []
    main = finished.frame.query("genes == 'own' and metric in ['auroc', 'auroc_weighted']")
    score = main.groupby("model", observed=True).score
    assert score.min()["oracle"] > 0.999
    assert score.mean()[["random", "shuffled"]].tolist() == pytest.approx([0.5, 0.5], abs=0.08)
    assert validation.validate_path(finished.folder / "data" / "results" / "tiny") == []


def test_a_second_run_computes_nothing_and_changes_nothing(warm, monkeypatch):
    for module, name in ((probes, "predict"), (bootstrap, "influence")):
        monkeypatch.setattr(module, name, lambda *given, **options: pytest.fail("made again"))
    for folder in (cell().parent, paths.FOLDS, paths.results("tiny")):
        (folder / ".half.parquet").write_bytes(b"PAR1half")  # of a run that was killed
    before, said = digests(), []
    outcome = run_tiny(say=said.append)
    assert (outcome.cached, outcome.computed, outcome.failed) == (60, 0, {})
    assert digests() == before and any("60 cells, 60 cached, 0 to do" in s for s in said)


def test_a_partial_run_keeps_the_manifest_whole_and_rows_of_other_splits(home):
    models, said = ["full", "part", "stem"], []
    edit_profile(splits=["random"], models=models)
    run_tiny(models=["full"], split="stem", say=said.append)
    assert any("no intervals" in s and "run the whole profile" in s for s in said)
    with refused("not made yet; run 'genebench run --profile tiny'"):
        results.read_beside("tiny", "intervals.parquet")
    run_tiny()
    pairs = results.load("tiny").groupby(["model", "split"], observed=True).size()
    assert {*pairs.index} == {("full", "stem"), *((name, "random") for name in models)}
    assert validation.validate_path(paths.results("tiny")) == []
    edit_profile(models=models[:2])  # a model that is taken out leaves the results
    run_tiny()
    assert "stem" not in set(results.load("tiny").model)


def test_results_of_an_older_schema_stop_a_partial_run(warm):
    path = results.scores_path("tiny")
    pd.read_parquet(path).drop(columns=["genes", "variant", "control"]).to_parquet(path)
    with refused("older version .schema 1.* A part cannot be added to it"):
        cell().unlink()
        run_tiny(models=[plan.make("tiny").cells[7].model])


# --- failures -------------------------------------------------------------------------------------


def test_one_failing_cell_is_named_and_the_rest_is_finished(warm, monkeypatch, finished):
    tiny, said = plan.make("tiny"), []
    shutil.rmtree(paths.results("tiny"))
    for cell in tiny.cells:
        if cell.model == "shuffled" and "toy/class" in cell.tasks:
            tiny.path(cell).unlink()
    monkeypatch.setattr(baseline, "shuffled", lambda task, seed: 1 / 0)
    outcome = run_tiny(say=said.append)
    names = [f"shuffled × toy/class × {split}" for split in ("random", "stem")]
    assert outcome.failed == dict.fromkeys(names, "ZeroDivisionError: division by zero")
    assert outcome.cached == 58 and any("leave out shuffled" in s for s in said)
    shown = set(results.read_beside("tiny", "intervals.parquet").model)
    assert shown == set(TINY["models"]) - {"shuffled"}
    monkeypatch.undo()
    enter(monkeypatch, warm)
    outcome = run_tiny()
    assert (outcome.cached, outcome.computed) == (58, 2) and digests() == digests(finished.folder)


def test_a_model_that_cannot_be_embedded_is_named_and_the_rest_is_finished(warm):
    shutil.rmtree(paths.results("tiny"))
    edit_yaml(paths.MODELS, lambda d: d["models"]["full"]["options"].update(columns=["x9"]))
    outcome = run_tiny()
    assert "x9" in outcome.failed["full"] and outcome.cached + outcome.computed == 50
    assert set(results.load("tiny").model) == set(TINY["models"]) - {"full"}


def test_skipped_tasks_are_noted_with_their_reason_and_have_no_rows(warm):
    edit_profile(min_per_class=20, models=["full", "part", "stem"])
    edit_model("stem", not_for={"regression": "It says nothing there."})
    outcome = run_tiny()
    skipped = json.loads(results.manifest_path("tiny").read_text())["skipped"]["random"]
    assert outcome.skipped >= 2 and outcome.failed == {}
    assert {model: reasons["toy/value"] for model, reasons in skipped.items()} == {
        "part": "only 108 genes have a vector (120 needed)",
        "stem": "It says nothing there.",
    }
    frame = results.load("tiny")
    assert set(frame[frame.task == "toy/value"].model) == {"full"}


# --- the manifest ---------------------------------------------------------------------------------


def test_the_manifest_says_what_made_the_results(finished):
    facts = json.loads((finished.folder / "data/results/tiny/manifest.json").read_text())
    told = {"schema": 2, "seed": 7, "tasks": 7, "sources": {"toy": "1"}}
    assert facts.items() >= told.items() and set(facts["embeddings"]) == set(TINY["models"])
    assert facts["versions"]["pandas"] == pd.__version__
    took, spent = facts["wall_s"], costs.spent(facts)
    assert took["run"] == pytest.approx(sum(took["stages"].values()), abs=0.3)
    assert list(spent.model) == TINY["models"] and spent.cells.sum() == 60


# --- damaged files, places that cannot be written -------------------------------------------------


def cell():
    tiny = plan.make("tiny")
    return tiny.path(tiny.cells[7])


PLACES = {
    "rows of a cell": cell,
    "predictions of a cell": lambda: predictions.path(cell()),
    "vectors": lambda: plan.make("tiny").embedding_path("part"),
    "intervals": lambda: min(paths.INTERVALS.glob("*.npz")),
    "scores.parquet": lambda: results.scores_path("tiny"),
    "manifest.json": lambda: results.manifest_path("tiny"),
    "means.csv": lambda: results.beside_path("tiny", "means.csv"),
}


@pytest.mark.parametrize("place", PLACES)
def test_a_damaged_file_is_known_and_made_again(warm, finished, faults, place):
    path = PLACES[place]()
    data = bytearray(path.read_bytes())
    data[random.Random(len(place)).randrange(len(data))] ^= 4
    path.write_bytes(data)
    outcome = run_tiny()
    same = digests() == digests(finished.folder)
    faults(
        f"one bit turned in: {place}", outcome.computed, same, "known by its SHA-256, made again"
    )
    assert same and outcome.failed == {} and outcome.computed <= 1
    assert validation.sealed("tiny") and validation.validate_path(paths.results("tiny")) == []


def test_a_full_disk_stops_the_run_and_costs_nothing(warm, finished, monkeypatch):
    tiny, right, calls = plan.make("tiny"), os.replace, iter(range(10**9))
    shutil.rmtree(paths.results("tiny"))
    for made in tiny.cells[:20]:
        tiny.path(made).unlink()

    def replace(a, b):
        if next(calls) >= 12:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(b))
        right(a, b)

    with monkeypatch.context() as full, pytest.raises(OSError):
        full.setattr(os, "replace", replace)
        run_tiny()
    assert not results.scores_path("tiny").exists()
    assert 40 < run_tiny().cached < 60 and digests() == digests(finished.folder)
    assert not [p for p in paths.CACHE.rglob(".*") if p.is_file()]
