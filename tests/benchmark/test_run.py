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
from genebench.core import cache, manifest, paths
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
    assert (score.mean()[["random", "shuffled"]] - 0.5).abs().max() < 0.08
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


def test_parts_run_one_after_the_other_add_up_to_the_whole(home, finished):
    run_tiny(models=["full"], names=["toy/class"], split="random")
    part = results.load("tiny").sort_values(results.IDENTITY)
    whole = finished.frame.query("model == 'full' and task == 'toy/class' and split == 'random'")
    assert part.score.tolist() == whole.sort_values(results.IDENTITY).score.tolist()
    for model in TINY["models"]:
        run_tiny(models=[model])
    assert digests() == digests(finished.folder)


def test_a_partial_run_keeps_the_manifest_whole_and_rows_of_other_splits(home):
    edit_profile(splits=["random"], models=["full", "part", "stem"])
    run_tiny()
    run_tiny(models=["full"], split="stem")
    tiny = plan.make("tiny")
    tiny.path(tiny.cells[0]).unlink()
    run_tiny()
    frame = results.load("tiny")
    assert set(frame[frame.split == "stem"].model) == {"full"}
    assert set(frame.split) == {"random", "stem"}
    assert validation.validate_path(paths.results("tiny")) == []
    edit_profile(models=["full", "part"])  # a model that is taken out leaves the results
    run_tiny()
    assert "stem" not in set(results.load("tiny").model)


def test_a_run_that_was_stopped_before_its_manifest_was_written_is_made_whole(warm):
    path, hidden = results.manifest_path("tiny"), paths.results("tiny") / ".begun.csv"
    before = manifest.raw(path)
    hidden.write_text("half a table")
    manifest.write_sealed(path, before | {"scores_sha256": "of the scores before"})
    assert validation.validate_path(paths.results("tiny")) == []  # a hidden file is no table
    assert run_tiny().computed == 0
    assert manifest.raw(path)["scores_sha256"] == before["scores_sha256"]


def test_results_of_an_older_schema_are_replaced_by_a_whole_run_and_stop_a_partial_one(warm):
    path = results.scores_path("tiny")
    before = sha256(path)
    pd.read_parquet(path).drop(columns=["genes", "variant", "control"]).to_parquet(path)
    with refused("older version .schema 1.* A part cannot be added to it"):
        plan.make("tiny").path(plan.make("tiny").cells[0]).unlink()
        run_tiny(models=["full"])
    run_tiny()
    assert sha256(path) == before


# --- failures -------------------------------------------------------------------------------------


def test_one_failing_cell_is_named_and_the_rest_is_finished(warm, monkeypatch, finished):
    tiny, said = plan.make("tiny"), []
    shutil.rmtree(paths.results("tiny"))
    for cell in tiny.cells:
        if cell.model == "shuffled" and "toy/class" in cell.tasks:
            tiny.path(cell).unlink()
    monkeypatch.setattr(baseline, "shuffled", lambda task, seed: 1 / 0)
    outcome = run_tiny(say=said.append)
    names = {"shuffled × toy/class × random", "shuffled × toy/class × stem"}
    assert set(outcome.failed) == names and outcome.cached == 58
    assert set(outcome.failed.values()) == {"ZeroDivisionError: division by zero"}
    assert "1 more cells failed, for the same reasons" in said
    shown = set(results.read_beside("tiny", "intervals.parquet").model)
    assert shown == set(TINY["models"]) - {"shuffled"}
    assert any("leave out shuffled" in s for s in said)
    monkeypatch.undo()
    enter(monkeypatch, warm)
    outcome = run_tiny()
    assert (outcome.cached, outcome.computed) == (58, 2) and digests() == digests(finished.folder)


def test_a_model_that_cannot_be_embedded_is_named_and_the_rest_is_finished(warm):
    shutil.rmtree(paths.results("tiny"))
    edit_yaml(paths.MODELS, lambda d: d["models"]["full"]["options"].update(columns=["x9"]))
    said = []
    outcome = run_tiny(say=said.append)
    assert "full" in outcome.failed and outcome.cached + outcome.computed == 50
    assert any("embedding 'full' failed" in s and "x9" in s for s in said)
    assert set(results.load("tiny").model) == set(TINY["models"]) - {"full"}


def test_skipped_tasks_are_noted_with_their_reason_and_have_no_rows(warm):
    edit_profile(min_per_class=20, models=["full", "part", "stem"])
    edit_model("stem", not_for={"regression": "It says nothing there."})
    outcome = run_tiny()
    skipped = json.loads(results.manifest_path("tiny").read_text())["skipped"]["random"]
    assert outcome.skipped >= 2 and outcome.failed == {} and "full" not in skipped
    assert skipped["part"]["toy/value"] == "only 108 genes have a vector (120 needed)"
    assert skipped["stem"]["toy/value"] == "It says nothing there."
    frame = results.load("tiny")
    assert set(frame[frame.task == "toy/value"].model) == {"full"}


def test_a_part_of_a_profile_gets_no_intervals_and_a_message_says_so(home):
    said = []
    run_tiny(models=["full"], say=said.append)
    assert any("no intervals" in s and "run the whole profile" in s for s in said)
    with refused("not made yet; run 'genebench run --profile tiny'"):
        results.read_beside("tiny", "intervals.parquet")


# --- the manifest ---------------------------------------------------------------------------------


def test_the_manifest_says_what_made_the_results(finished):
    facts = json.loads((finished.folder / "data/results/tiny/manifest.json").read_text())
    numbers = (facts["schema"], facts["seed"], len(facts["cells"]), facts["tasks"])
    assert numbers == (2, 7, 60, 7) and facts["sources"] == {"toy": "1"}
    assert set(facts["embeddings"]) == set(TINY["models"])
    assert facts["versions"]["pandas"] == pd.__version__ and facts["peak_memory_mb"] > 0
    took, spent = facts["wall_s"]["stages"], costs.spent(facts)
    assert facts["wall_s"]["run"] == pytest.approx(sum(took.values()), abs=0.3)
    assert list(spent.model) == TINY["models"] and spent.cells.sum() == 60


# --- damaged files, places that cannot be written -------------------------------------------------


def flip(path, rng):
    """Turn one bit."""
    data = bytearray(path.read_bytes())
    data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
    path.write_bytes(data)


def truncate(path, rng):
    """Lose the end."""
    path.write_bytes(path.read_bytes()[: rng.randrange(1, path.stat().st_size)])


def cell():
    tiny = plan.make("tiny")
    return tiny.path(tiny.cells[7])


PLACES = {
    "rows of a cell": cell,
    "predictions of a cell": lambda: predictions.path(cell()),
    "note beside a cell": lambda: cache.sidecar(cell()),
    "vectors": lambda: plan.make("tiny").embedding_path("part"),
    "folds": lambda: sorted(paths.FOLDS.glob("*.npz"))[0],
    "intervals": lambda: sorted(paths.INTERVALS.glob("*.npz"))[0],
    "scores.parquet": lambda: results.scores_path("tiny"),
    "manifest.json": lambda: results.manifest_path("tiny"),
    "means.csv": lambda: results.beside_path("tiny", "means.csv"),
}


@pytest.mark.parametrize(
    "damage", [flip, pytest.param(truncate, marks=pytest.mark.slow)], ids=["flip", "truncate"]
)
@pytest.mark.parametrize("place", PLACES)
def test_a_damaged_file_is_known_and_made_again(warm, finished, faults, place, damage):
    damage(PLACES[place](), random.Random(len(place)))
    outcome = run_tiny()
    same = digests() == digests(finished.folder)
    what = {"flip": "one bit turned in: ", "truncate": "end lost of: "}[damage.__name__]
    faults(what + place, outcome.computed, same, "known by its SHA-256, made again")
    assert same and outcome.failed == {} and outcome.computed <= 1
    assert validation.sealed("tiny") and validation.validate_path(paths.results("tiny")) == []


def test_a_full_disk_stops_the_run_and_costs_nothing(warm, finished, monkeypatch):
    tiny, right, calls = plan.make("tiny"), cache.os.replace, iter(range(10**9))
    shutil.rmtree(paths.results("tiny"))
    for made in tiny.cells[:20]:
        tiny.path(made).unlink()

    def replace(a, b):
        if next(calls) >= 12:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(b))
        right(a, b)

    monkeypatch.setattr(cache.os, "replace", replace)
    with pytest.raises(OSError):
        run_tiny()
    assert not results.scores_path("tiny").exists()
    monkeypatch.setattr(cache.os, "replace", right)
    assert 40 < run_tiny().cached < 60 and digests() == digests(finished.folder)
    assert not [p for p in paths.CACHE.rglob(".*") if p.is_file() and p.suffix != ".lock"]
