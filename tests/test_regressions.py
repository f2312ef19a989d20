"""Faults that were once in the package, each with the test that would have told."""

from __future__ import annotations

import gzip
import json
import os
import signal
import subprocess
import sys
import time
from functools import partial

import numpy as np
import pandas as pd
import pytest
from helpers import GENES, TINY, edit_yaml, forget
from sklearn.metrics import roc_auc_score
from test_probes import reference
from test_results import row

from genebench import probes
from genebench.benchmark import plan, predictions, results, run
from genebench.book import notebooks
from genebench.core import cache, paths, specs
from genebench.core.errors import BadInput
from genebench.data import sources, tasks
from genebench.models import Sequences, inference
from genebench.probes import solver
from genebench.stats import metrics


def test_a_column_whose_training_deviation_is_exactly_one_keeps_its_weight():
    train, test = np.array([9] * 8 + [-7] * 8) / 8, np.array([-14, -6, 2, 2]) / 8
    x = np.concatenate([np.tile(train, 10), np.tile(test, 10)])
    fold = np.repeat([1, 0], [160, 40])
    y = (x + 0.3 * np.random.default_rng(0).standard_normal(200) > 0).astype(int)
    mine = probes.predict(x[:, None], y, fold, kind="binary")[:, 0]
    theirs = reference(x[:, None], y, fold)
    np.testing.assert_allclose(mine, theirs, atol=1e-3)


@pytest.mark.parametrize("size", [1e5, 1e6])
def test_one_huge_value_does_not_silence_its_column(size):
    rng = np.random.default_rng(0)
    x = rng.standard_normal(1000)
    y = (x + 0.5 * rng.standard_normal(1000) > 0).astype(int)
    x[0] = size
    fold = np.arange(1000) % 5
    mine = probes.predict(x[:, None], y, fold, kind="binary")[:, 0]
    theirs = reference(x[:, None], y, fold)
    for k in range(5):
        t = fold == k
        assert abs(roc_auc_score(y[t], mine[t]) - roc_auc_score(y[t], theirs[t])) <= 1e-3


def test_training_of_one_class_gives_no_score_that_looks_like_one():
    """A label that is nowhere but in the tested fold: the prediction is one number, and its AUROC a half."""
    y, fold = np.zeros(60, int), np.repeat(np.arange(5), 12)
    y[:5] = 1
    mine = probes.predict(
        np.random.default_rng(0).standard_normal((60, 4)), y, fold, kind="binary"
    )[:, 0]
    assert len(set(mine[:12].tolist())) == 1 and mine[0] < 0
    assert metrics.auroc(y[:12], mine[:12]) == 0.5 and len(set(mine[12:].tolist())) > 1


def test_training_of_one_class_skips_a_binary_task_with_its_reason(home, make_task):
    task = make_task("binary", [1] * 12 + [0] * 48)
    fold = np.where(task.labels == 1, 0, np.arange(60) % 3)
    why = run._unfit(task, task.labels, fold, np.ones(60, bool), specs.profile("tiny"))
    assert "one class only" in why


def test_a_model_taken_from_the_profile_leaves_the_results(warm):
    edit_yaml(
        paths.PROFILES,
        lambda d: d["profiles"]["tiny"].update(models=[m for m in TINY["models"] if m != "random"]),
    )
    run.run("tiny", jobs=1, say=lambda t: None)
    assert "random" not in set(results.load("tiny").model)


def test_a_lost_manifest_is_written_again(warm):
    results.manifest_path("tiny").unlink()
    run.run("tiny", jobs=1, say=lambda t: None)
    assert results.manifest_path("tiny").exists()


@pytest.mark.parametrize("kind", ["binary", "multiclass", "multilabel"])
def test_common_genes_of_one_class_do_not_fail_the_cell(kind, make_task):
    rng = np.random.default_rng(0)
    y = np.array([0, 1, 2] * 20)
    task = make_task(
        kind,
        {"binary": np.minimum(y, 1), "multiclass": y, "multilabel": np.eye(3, dtype=int)[y]}[kind],
    )
    common = (task.labels if task.labels.ndim == 1 else task.labels.argmax(1)) == 0
    fold = np.arange(60, dtype=np.int8) // 3 % 3
    values = np.log(rng.dirichlet([1, 1, 1], 60))
    codes = predictions.quantise(values[:, 0] if kind == "binary" else values)
    made = {task.name: predictions.Predictions(np.arange(60, dtype=np.int32), fold, *codes)}
    given = {task.name: task.labels}, {task.name: fold}, made, np.ones(60, bool), common
    ((told, columns),) = run._scores([task], *given)
    assert told is task and set(columns["metric"]) == set(metrics.of_kind(kind))
    assert np.isfinite(columns["score"]).all() and len(columns["score"]) == 3 * len(
        metrics.of_kind(kind)
    )


def test_r2_of_a_constant_truth_is_finite_or_refused():
    try:
        assert np.isfinite(metrics.r2(np.ones(4), np.arange(4.0)))
    except BadInput:
        pass


@pytest.mark.parametrize(
    "text",
    [
        "models:\n",
        "models: [a]\n",
        "models: {a: text}\n",
        "models: {a: {name: b}}\n",
        "models: {a: {1: b}}\n",
        "- a\n",
        "",
    ],
)
def test_models_of_a_wrong_shape_are_one_sentence(home, text):
    paths.MODELS.write_text(text)
    forget()
    with pytest.raises(BadInput):
        specs.models()


@pytest.mark.parametrize(
    "data", [b"a: \xff\n", b"a: \x00\n", b"{a: 1}: 2\n", b"? [a]\n: b\n", b"{{name}}: x\n"]
)
def test_strange_yaml_is_one_sentence(tmp_path, data):
    p = tmp_path / "a.yml"
    p.write_bytes(data)
    with pytest.raises(BadInput):
        specs.read_yaml(p)


def test_profiles_without_pages_are_one_sentence(home):
    edit_yaml(paths.PROFILES, lambda d: d.pop("pages"))
    with pytest.raises(BadInput):
        specs.pages()


def test_a_missing_key_of_a_list_entry_names_its_own_line(home):
    path = paths.SOURCES / "toy.yml"
    edit_yaml(path, lambda d: d["tasks"][2].pop("kind"))
    with pytest.raises(BadInput) as e:
        specs.sources()
    line = next(i for i, t in enumerate(path.read_text().splitlines(), 1) if "toy/class" in t)
    assert f":{line}:" in str(e.value), str(e.value)


def test_an_empty_source_file_is_one_sentence_that_makes_sense(home):
    (paths.SOURCES / "toy.yml").write_text("")
    forget()
    with pytest.raises(BadInput) as e:
        specs.sources()
    assert "key ''" not in str(e.value), str(e.value)


def test_an_unknown_split_of_a_profile_is_told_early(home):
    edit_yaml(paths.PROFILES, lambda d: d["profiles"]["tiny"].update(splits=["randm"]))
    with pytest.raises(BadInput, match="randm"):
        specs.profile("tiny")
        plan.plan("tiny")


def test_a_corrupt_gz_in_a_mirror_is_one_sentence(home, tmp_path, monkeypatch):
    kept = paths.DOWNLOADS / "toy" / "labels.tsv"
    content = gzip.compress(kept.read_bytes())
    kept.unlink()
    (tmp_path / "m" / "toy").mkdir(parents=True)
    (tmp_path / "m" / "toy" / "labels.tsv.gz").write_bytes(content[:-50])
    monkeypatch.setenv("GENEBENCH_MIRROR", str(tmp_path / "m"))
    with pytest.raises(BadInput):
        sources.locate(specs.source("toy"), "labels")


def test_a_stale_mirror_does_not_block_the_next(home, tmp_path, monkeypatch):
    kept = paths.DOWNLOADS / "toy" / "labels.tsv"
    content = kept.read_bytes()
    kept.unlink()
    for name, data in (("a", b"old"), ("b", content)):
        (tmp_path / name / "toy").mkdir(parents=True)
        (tmp_path / name / "toy" / "labels.tsv").write_bytes(data)
    monkeypatch.setenv(
        "GENEBENCH_MIRROR", os.pathsep.join([str(tmp_path / "a"), str(tmp_path / "b")])
    )
    assert sources.locate(specs.source("toy"), "labels").read_bytes() == content


@pytest.mark.parametrize(
    "task, change",
    [
        (3, {"gene_column": "symbl"}),
        (3, {"label": "vale"}),
        (3, {"label": "class"}),
        (0, {"members": {"file": "members", "set_column": "st", "gene_column": "gene"}}),
        (0, {"members": {"flie": "members"}}),
        (0, {"ontology": "tems"}),
    ],
)
def test_a_wrong_column_is_one_sentence(home, task, change):
    edit_yaml(paths.SOURCES / "toy.yml", lambda d: d["tasks"][task]["options"].update(change))
    s = specs.source("toy")
    with pytest.raises(BadInput):
        tasks.build(s, s.tasks[task])


@pytest.mark.parametrize("change", [{"options": {"dmi": 3}}, {"options": {}}])
def test_wrong_model_options_are_one_sentence(home, change):
    spec = specs.model("random").model_copy(update=change)
    with pytest.raises(BadInput):
        inference.embed(spec, np.array(GENES), specs.declared())


@pytest.mark.parametrize(
    "change", [{"coverage": np.nan}, {"metric": "auroc@foo"}, {"kind": "regression"}]
)
def test_more_faults_are_seen(change):
    assert results.validate(pd.DataFrame([row(), row(task="z", **change)]), "here")


def test_main_scores_refuses_unknown_genes(warm):
    with pytest.raises(BadInput):
        results.main_scores("tiny", genes="comon")


def test_no_entities_is_an_empty_embedding():
    made = inference.infer(Sequences(np.array([], str), [], 0, lambda device: None))
    inference.check(made, "x")


def test_a_model_that_cannot_be_embedded_is_named_and_the_rest_is_finished(home):
    edit_yaml(paths.MODELS, lambda d: d["models"]["full"]["options"].update(columns=["x9"]))
    said = []
    o = run.run("tiny", jobs=1, say=said.append)
    assert "full" in o.failed and o.cells == 50 and o.computed == 50, o
    assert "full" not in set(results.load("tiny").model)


def test_partial_run_keeps_the_manifest_whole(warm):
    before = json.loads(results.manifest_path("tiny").read_text())
    cache.drop(plan.cell_path(plan.plan("tiny", models=["full"])[0]))
    run.run("tiny", models=["full"], jobs=1, say=lambda t: None)
    after = json.loads(results.manifest_path("tiny").read_text())
    for held in (before, after):
        for cell in held["cells"]:
            del cell["seconds"], cell["cpu_s"]
    assert after["cells"] == before["cells"] and after["skipped"] == before["skipped"]


def test_rows_of_another_split_survive_a_whole_run(home):
    edit_yaml(paths.PROFILES, lambda d: d["profiles"]["tiny"].update(splits=["random"]))
    run.run("tiny", jobs=1, say=lambda t: None)
    run.run("tiny", models=["full"], split="stem", jobs=1, say=lambda t: None)
    cache.drop(plan.cell_path(plan.plan("tiny")[0]))
    run.run("tiny", jobs=1, say=lambda t: None)
    frame = results.load("tiny")
    assert set(frame[frame.split == "stem"].model) == {"full"} and set(frame.split) == {
        "random",
        "stem",
    }
    assert results.validate_path(paths.results("tiny")) == []


@pytest.mark.parametrize(
    "spoil, told",
    [
        (lambda f: f.iloc[: len(f) // 2], "pairs of task and model"),
        (lambda f: f[f.fold != f.fold.max()], "folds where"),
        (lambda f: f.assign(group="galaxies"), "unknown group"),
    ],
)
def test_results_with_holes_are_not_valid(warm, spoil, told):
    results.write(spoil(results.load("tiny")), results.scores_path("tiny"))
    held = json.loads(results.manifest_path("tiny").read_text())
    held = {k: v for k, v in held.items() if k != "seal"}
    held["scores_sha256"] = cache.digest(results.scores_path("tiny"))
    cache.write_json(
        results.manifest_path("tiny"), {**held, "seal": cache.key(held)}
    )  # as if they had been made so
    assert any(told in fault for fault in results.validate_path(paths.results("tiny")))


@pytest.mark.parametrize("change", [{"cells": []}, {"seed": "x"}, {"profile": 7}])
def test_a_manifest_of_the_wrong_types_is_not_valid(warm, change):
    held = json.loads(results.manifest_path("tiny").read_text())
    results.manifest_path("tiny").write_text(json.dumps(held | change))
    assert results.validate_path(paths.results("tiny"))


def test_a_sidecar_without_facts_is_a_broken_artefact(warm):
    kept = plan.cell_path(plan.plan("tiny")[0])
    held = json.loads(cache.sidecar(kept).read_text())
    del held["facts"]
    cache.sidecar(kept).write_text(json.dumps(held))
    assert cache.state(kept) == "broken"
    assert run.run("tiny", jobs=1, say=lambda t: None).computed == 1


def test_two_tasks_of_one_name_are_refused(home):
    edit_yaml(paths.SOURCES / "toy.yml", lambda d: d["tasks"][3].update(name=d["tasks"][2]["name"]))
    with pytest.raises(BadInput, match="two tasks are named"):
        tasks.load(specs.profile("tiny"))


def test_a_kind_that_the_labels_are_not_of_is_refused(home):
    edit_yaml(paths.SOURCES / "toy.yml", lambda d: d["tasks"][2].update(kind="pair"))
    source = specs.source("toy")
    with pytest.raises(BadInput, match="more than two classes"):
        tasks.build(source, source.tasks[2])


def test_a_misspelt_key_is_named_before_the_one_that_is_missing(home):
    edit_yaml(
        paths.MODELS,
        lambda d: d["models"]["full"].update(encodr=d["models"]["full"].pop("encoder")),
    )
    with pytest.raises(BadInput, match="unknown key 'encodr'; did you mean 'encoder'"):
        specs.models()


def test_workers_leave_when_their_parent_is_killed(tmp_path):
    code = (
        "import os, time\nfrom genebench import workers\n"
        "pool = workers.pool(1)\nprint(pool.submit(os.getpid).result(), flush=True)\ntime.sleep(60)\n"
    )
    (tmp_path / "parent.py").write_text(
        "if __name__ == '__main__':\n    " + code.replace("\n", "\n    ")
    )
    parent = subprocess.Popen(
        [sys.executable, str(tmp_path / "parent.py")], stdout=subprocess.PIPE, text=True
    )
    worker = int(parent.stdout.readline())
    parent.kill()
    parent.wait()
    parent.stdout.close()
    for _ in range(50):
        if not os.path.exists(f"/proc/{worker}"):
            return
        time.sleep(0.1)
    os.kill(worker, signal.SIGKILL)
    pytest.fail("the worker outlived its parent by five seconds")


def test_a_stopped_pool_ends_at_once(tmp_path):
    code = """
import os, time
from genebench import workers
if __name__ == "__main__":
    with workers.pool(1) as pool:
        futures = [pool.submit(time.sleep, 20) for _ in range(5)]
        pool.submit(os.getpid)
        time.sleep(1.5)
        began = time.monotonic()
        workers.stop(pool)
    print(time.monotonic() - began)
"""
    (tmp_path / "stop.py").write_text(code)
    told = subprocess.run(
        [sys.executable, str(tmp_path / "stop.py")], capture_output=True, text=True, timeout=60
    )
    assert float(told.stdout) < 5, told.stderr


def test_a_profile_without_pages_is_told_before_any_work(home):
    edit_yaml(paths.PROFILES, lambda d: d["profiles"]["tiny"].update(book=False))
    with pytest.raises(BadInput, match="'tiny' has no pages of its own"):
        notebooks.run("tiny")


def test_a_fit_that_single_precision_cannot_end_goes_on_alone(monkeypatch):
    rng = np.random.default_rng(0)
    x = rng.standard_normal((300, 5))
    y = (x[:, 0] + rng.standard_normal(300) > 0).astype(int)
    fold = np.arange(300) % 5
    ended = probes.predict(x, y, fold, kind="binary")[:, 0]
    monkeypatch.setattr(solver, "solve", partial(solver.solve, max_iter=1))
    alone = probes.predict(x, y, fold, kind="binary")[:, 0]
    assert not np.array_equal(alone, ended)
    np.testing.assert_allclose(alone, ended, atol=1e-3)
    np.testing.assert_allclose(alone, reference(x, y, fold), atol=1e-3)
