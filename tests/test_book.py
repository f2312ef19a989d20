"""What the book's pages are made of: leaderboard data, gene pages, model cards, notebooks to take
away, versions."""

import base64
import json
import os
import re
import subprocess
import sys
from datetime import date

import nbformat
import numpy as np
import pandas as pd
import papermill
import pytest
import yaml
from helpers import edit_yaml
from sklearn.metrics import roc_auc_score
from typer.testing import CliRunner

from genebench.benchmark import plan, results
from genebench.book import genes as genepages
from genebench.book import leaderboard, modelcards, notebooks, publish, show
from genebench.cli import main as command
from genebench.core import paths, specs
from genebench.core.errors import BadInput
from genebench.data import sources

# --- leaderboard ------------------------------------------------------------------------------------------------------


def unpacked(text, kind="<i2"):
    """What the page's script makes of a packed array."""
    return np.frombuffer(base64.b64decode(text), dtype=kind)


def test_packed_scores_come_back_to_four_digits_and_missing_ones_are_told():
    values = np.array([0.0, 0.5, 1.0, -1.0, 0.12345, np.nan])
    back = unpacked(leaderboard.packed(values)).astype(float)
    assert back[-1] == leaderboard.MISSING
    assert np.abs(back[:-1] / leaderboard.UNIT - values[:-1]).max() <= 0.50001 / leaderboard.UNIT


def test_the_leaderboard_holds_the_scores_and_intervals_of_the_results(warm):
    told = leaderboard.payload("tiny")
    shape = (len(told["splits"]), 3, len(told["tasks"]), len(told["models"]))
    tasks, models = [t["name"] for t in told["tasks"]], [m["name"] for m in told["models"]]
    cube = unpacked(told["score"]).reshape(shape).astype(float)
    cube[cube == leaderboard.MISSING] = np.nan
    for s, split in enumerate(told["splits"]):
        for g, genes in enumerate(told["genes"]):
            truth = results.main_scores("tiny", split=split, genes=genes).pivot(
                index="task", columns="model", values="score"
            )
            truth = truth.reindex(index=tasks, columns=models).to_numpy(float)
            np.testing.assert_allclose(cube[s, g] / leaderboard.UNIT, truth, atol=1e-4)
    held = results.read_beside("tiny", "intervals.parquet")
    low = unpacked(told["low"]).reshape(shape)
    row = held[(held.genes == "common") & (held.split == "stem")].iloc[0]
    at = told["splits"].index("stem"), 0, tasks.index(row.task), models.index(row.model)
    assert low[at] / leaderboard.UNIT == pytest.approx(row.low, abs=1e-4)
    assert (low[:, 2] == leaderboard.MISSING).all()


def test_the_leaderboard_marks_what_a_mean_may_not_hold(warm):
    edit_yaml(
        paths.MODELS,
        lambda held: held["models"]["full"].update(exposed={"toy/": "It is the label."}),
    )
    told = leaderboard.payload("tiny")
    models = [m["name"] for m in told["models"]]
    flags = unpacked(told["flags"], np.uint8).reshape(len(told["tasks"]), len(models))
    exposed = [[specs.model(m).exposed_on(t["name"]) for m in models] for t in told["tasks"]]
    assert ((flags & 1) == np.array(exposed)).all() and np.any(exposed)
    control = [m["family"] == "control" for m in told["models"]]
    assert not (flags[:, control] & 2).any() and (flags & 2).any()


def test_data_for_a_script_are_a_call_with_plain_json(warm):
    show.data({"a": [1, None], "b": "µ"}, profile="tiny", name="x", call="f")
    text = (paths.static("tiny") / "x.js").read_text(encoding="utf-8")
    assert text.startswith("f(") and json.loads(text[2:-3]) == {"a": [1, None], "b": "µ"}
    with pytest.raises(ValueError):
        show.data({"a": float("nan")}, profile="tiny", name="y", call="f")
    assert not (paths.static("tiny") / "y.js").exists()


def test_only_profiles_with_results_can_be_chosen(warm):
    assert leaderboard.with_results("tiny", "paper, nowhere") == ["tiny"]
    assert (
        list(leaderboard.keep("tiny", "")) == ["tiny"]
        and (paths.static("tiny") / "board-tiny.js").exists()
    )


def test_the_answers_by_group_name_the_first_tier_and_how_sure_it_is(warm):
    means = results.read_beside("tiny", "means.csv")
    first = means[(means.measure == "auroc") & (means.split == means.split.iloc[0])]
    table = leaderboard.answers("tiny", "there.html").splitlines()[2:]
    groups = [g for g in specs.GROUPS if (first.group == g).any()]
    assert len(table) == len(groups) > 0
    for line, group in zip(table, groups):
        part = first[first.group == group].sort_values("score", ascending=False)
        assert f'"there.html#group={group.replace(" ", "%20")}">{group}</a>' in line
        assert (
            f"*{specs.model(part.model.iloc[0]).title}" in line
            and f"{part.score.iloc[0]:.2f} (" in line
        )
        for model in part.model[part.tier > 1]:
            assert f"*{specs.model(model).title}" not in line


def test_numbers_of_the_front_page_follow_from_the_means(warm):
    told = leaderboard.numbers("tiny")
    means = results.read_beside("tiny", "means.csv").query(
        "measure == 'auroc' and group == 'all' or measure == 'auroc'"
    )
    group = "all" if (means.group == "all").any() else means.group.iloc[0]
    of = means[means.group == group].set_index(["split", "model"]).score
    best = of["random"].idxmax()
    assert (
        told["top_score"] == f"{of['random', best]:.2f}"
        and told["hard_after"] == f"{of['stem', best]:.2f}"
    )
    assert told["letters_before"] == "–" and told["profile"] == "tiny"


# --- gene pages -------------------------------------------------------------------------------------------------------


def test_the_share_of_a_gene_is_its_part_in_the_auroc():
    rng = np.random.default_rng(0)
    fold, truth = np.arange(300) % 3, rng.random(300) < 0.3
    codes = (rng.normal(size=300) + truth).round(1)  # with ties
    found = genepages.shares(codes, fold, truth)
    for f in range(3):
        area = roc_auc_score(truth[fold == f], codes[fold == f])
        for side in (truth, ~truth):
            assert found[(fold == f) & side].mean() / 100 == pytest.approx(area, abs=0.004)


def test_a_fold_of_one_class_says_nothing():
    assert (genepages.shares(np.arange(4.0), np.zeros(4), np.ones(4, bool)) == genepages.NONE).all()


@pytest.fixture
def made(warm):
    return genepages.atlas("tiny")


def test_gene_pages_give_the_scores_of_the_table_back(made):
    scores = results.load("tiny")
    scores = scores[(scores.metric == "auroc") & (scores.split == "random")]
    checked = 0
    for i, label in enumerate(made.labels):
        for m, model in enumerate(made.models):
            rows = scores[(scores.task == label["task"]) & (scores.model == model)]
            share = made.right[m, i][(made.truth[i] == 1) & (made.right[m, i] != genepages.NONE)]
            if len(rows) and len(share):
                assert share.mean() / 100 == pytest.approx(
                    rows.score.mean(), abs=0.03
                )  # folds differ in size
                checked += 1
    assert checked >= 5 and "oracle" not in made.models


def test_labels_of_a_gene_are_those_of_the_tasks(made):
    held = plan.context("tiny")
    for label, truth in zip(made.labels, made.truth):
        task = held.tasks[label["task"]]
        if task.kind == "binary":
            assert set(made.genes[truth == 1]) == set(task.entities[task.labels == 1])
            assert set(made.genes[truth == 0]) == set(task.entities[task.labels == 0])


def test_neighbours_are_the_nearest_by_cosine_and_never_the_gene_itself(made):
    name, (at, cosine) = next(iter(made.near.items()))
    found = plan.context("tiny").embedding(name)
    unit = found.vectors / np.linalg.norm(found.vectors, axis=1, keepdims=True)
    all_of_them = unit @ unit.T
    np.fill_diagonal(all_of_them, -2)
    rows = found.rows(made.genes)
    for g in np.flatnonzero(rows >= 0)[:40]:
        assert g not in at[g]
        best = np.sort(all_of_them[rows[g]])[::-1][: genepages.NEIGHBOURS]
        np.testing.assert_allclose(np.sort(cosine[g])[::-1], best, atol=1e-5)
    assert (at[rows < 0] == -1).all()


def test_shards_hold_every_gene_once_and_what_a_page_needs(made, warm):
    table = genepages.keep("tiny")
    index = json.loads(
        (paths.static("tiny") / "genes-tiny.js").read_text()[len("genebenchGenes(") : -3]
    )
    shards = sorted(paths.static("tiny").glob("genes-tiny-*.js"))
    held = [json.loads(p.read_text()[len("genebenchShard(") : -3]) for p in shards]
    genes = [g for part in sorted(held, key=lambda part: part["number"]) for g in part["genes"]]
    assert [g["s"] for g in genes] == index["genes"] == made.genes.tolist()
    one = genes[17]
    assert one["l"] == np.flatnonzero(made.truth[:, 17] == 1).tolist()
    right = unpacked(one["p"], np.uint8).reshape(len(one["l"]), -1)
    assert (right == made.right[:, one["l"], 17].T).all()
    assert {"gene", "labels"} <= set(table.columns) and table.labels.is_monotonic_decreasing


def test_without_kept_predictions_the_page_says_what_to_run(warm):
    for kept in paths.CELLS.rglob("*-oof.npz"):
        kept.unlink()
    table = genepages.keep("tiny")
    assert table.empty and not list(paths.static("tiny").glob("genes*"))
    assert (
        "genebench run --profile tiny"
        in show.genes(table, page="genes", profile="tiny", caption="").data
    )


def test_relatives_are_told_without_asking_the_network(tmp_path, monkeypatch):
    def asked(*_, **__):
        raise AssertionError("a page of the book asks the network")

    monkeypatch.setenv("GENEBENCH_MIRROR", "")
    monkeypatch.setattr(paths, "DOWNLOADS", tmp_path)
    monkeypatch.setattr(sources, "_download", asked)
    assert sources.status(specs.source("hgnc"))[0] == "missing"
    assert genepages.rule() == "stem"


# --- model cards ------------------------------------------------------------------------------------------------------


def test_a_model_card_leaves_exposed_tasks_out(warm):
    means = results.read_beside("tiny", "means.csv")
    results.write_beside(
        means[means.model != "part"], "tiny", "means.csv"
    )  # so that its card is about its own tasks
    before = modelcards.by_group(["tiny"], "part").set_index("group").tasks
    (name,) = results.main_scores("tiny").query("kind == 'multiclass'").task.unique()[:1]
    edit_yaml(
        paths.MODELS, lambda held: held["models"]["part"].update(exposed={name: "It is the label."})
    )
    after = modelcards.by_group(["tiny"], "part").set_index("group")
    assert after.exposed.sum() == 1 and after.tasks.sum() == before.sum() - 1
    assert name not in set(modelcards.extremes("tiny", "part").task)


def test_a_model_card_quotes_the_means(warm):
    means = results.read_beside("tiny", "means.csv")
    first = means[(means.measure == "auroc") & (means.split == "random") & (means.group != "all")]
    row = first.iloc[0]
    mine = modelcards.by_group(["tiny"], row.model).set_index("group").loc[row.group]
    assert (mine.score, mine.low, mine.tier) == (
        row.score,
        row.low,
        row.tier,
    ) and mine.over == "genes and tasks"


def test_a_model_card_says_what_the_model_is(warm):
    scores = results.main_scores("tiny")
    words = modelcards.facts("tiny", "part", scores[scores.model == "part"])
    spec = specs.model("part")
    for part in (
        spec.description,
        spec.licence,
        spec.trained_on,
        "of the genes of a task",
        "s of one core",
    ):
        assert part in words


# --- notebooks to take away -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("spec", specs.pages(), ids=lambda p: p.page)
def test_a_notebook_to_take_away_has_the_page_s_own_parameters(spec):
    book = notebooks.plain(spec, "ci")
    found = papermill.inspect_notebook(book)
    wanted = {"profile": "ci", "page": spec.page, **spec.parameters}
    assert {name: json.loads(found[name]["default"]) for name in wanted} == wanted
    assert not any(cell.get("outputs") for cell in book.cells)


def test_a_notebook_to_take_away_runs_with_plain_papermill(tmp_path):
    (spec,) = [p for p in specs.pages() if p.page == "models"]
    notebooks.offer(spec, "demo", tmp_path)
    assert {p.suffix for p in tmp_path.iterdir()} == {".ipynb", ".py", ".json"}
    line = [
        sys.executable,
        "-m",
        "papermill",
        "models.ipynb",
        "out.ipynb",
        "-p",
        "profile",
        "ci",
        "-k",
        "python3",
    ]
    home = {
        "GENEBENCH_HOME": str(paths.ROOT),
        "GENEBENCH_CACHE": str(tmp_path / "cache"),
        "PYTHONPATH": str(paths.ROOT),
    }
    told = subprocess.run(
        line, cwd=tmp_path, env={**os.environ, **home}, capture_output=True, text=True
    )
    assert told.returncode == 0, told.stderr[-500:]
    done = nbformat.read(tmp_path / "out.ipynb", as_version=4)
    assert "MiniLM, gene symbol" in json.dumps([c.get("outputs") for c in done.cells])


@pytest.mark.slow
@pytest.mark.parametrize("spec", specs.pages(), ids=lambda p: p.page)
def test_every_notebook_runs_with_plain_papermill(spec, tmp_path):
    if not results.scores_path("demo").exists():
        pytest.skip("no results of profile demo")
    notebooks.offer(spec, "demo", tmp_path)
    here = tmp_path / f"{spec.page}.ipynb"
    papermill.execute_notebook(
        here, tmp_path / "out.ipynb", kernel_name="python3", cwd=paths.ROOT, progress_bar=False
    )


@pytest.mark.parametrize(
    "name, of", [("papers-reproduction", "paper"), ("papers-tiers", "paper"), ("tiers", "ci")]
)
def test_a_page_says_whose_results_it_needs(name, of):
    spec = next(p for p in specs.pages() if p.page == name)
    assert f"*{of}*" in notebooks._needs(spec, "ci")


def test_a_page_says_how_to_rerun_it_and_launches_only_from_a_known_repository():
    given = {"notebook": "n", "profile": "ci", "seconds": 7.4, "needs": ""}
    words = show.rerun("p", **given, launchers={})
    for part in (
        "notebooks/p.ipynb",
        "notebooks/p.py",
        "notebooks/p.json",
        "papermill p.ipynb",
        "7 s",
        "public repository",
    ):
        assert part in words
    there = show.rerun("p", **given, launchers={"Colab": "https://x.example/?a=1&b=2"})
    assert "https://x.example/?a=1&amp;b=2" in there and "public repository" not in there


@pytest.mark.parametrize("given", ["o/n", "https://github.com/o/n", "git@github.com:o/n.git"])
def test_launch_buttons_open_the_published_notebook(monkeypatch, given):
    monkeypatch.setenv("GENEBENCH_REPOSITORY", given)
    monkeypatch.setenv("GENEBENCH_RELEASE", "v1.2.0")
    found = publish.launchers("tiers", "tab_tiers")
    assert found["Colab"].endswith("/github/o/n/blob/gh-pages/v1.2.0/_static/notebooks/tiers.ipynb")
    assert "/gh/o/n/v1.2.0?" in found["Binder"] and found["Binder"].endswith(
        "notebooks/tab_tiers.py"
    )
    (spec,) = [p for p in specs.pages() if p.page == "tiers"]
    setup = notebooks.plain(spec, "demo").cells[1]
    assert (
        "git clone" in setup.source
        and "github.com/o/n" in setup.source
        and "setup" in setup.metadata.tags
    )


def test_a_repository_that_is_none_is_refused(monkeypatch):
    monkeypatch.setenv("GENEBENCH_REPOSITORY", "not a repository")
    with pytest.raises(BadInput, match="owner/name"):
        publish.repository()


# --- versions ---------------------------------------------------------------------------------------------------------


def built(folder, text):
    (folder / "executed").mkdir(parents=True, exist_ok=True)
    (folder / "index.html").write_text(text)
    return folder


def test_versions_lie_side_by_side_and_the_newest_is_found(tmp_path):
    site = tmp_path / "site"
    publish.site(site, "v1.0.0", on=date(2026, 1, 2), html=built(tmp_path / "a", "one"))
    publish.site(site, "v1.1.0", on=date(2026, 3, 4), html=built(tmp_path / "b", "two"))
    assert (site / "v1.0.0" / "index.html").read_text() == "one"
    assert (
        (site / "latest" / "index.html").read_text()
        == (site / "v1.1.0" / "index.html").read_text()
        == "two"
    )
    assert json.loads((site / "versions.json").read_text()) == {
        "v1.0.0": "2026-01-02",
        "v1.1.0": "2026-03-04",
    }
    listed = re.findall(r'href="([^"]+)"', (site / "versions.html").read_text())
    assert listed == ["v1.1.0/index.html", "v1.0.0/index.html"]
    assert (
        "latest/index.html" in (site / "index.html").read_text() and (site / ".nojekyll").exists()
    )


def test_a_version_built_again_keeps_its_date(tmp_path):
    site = tmp_path / "site"
    for text, day in (("one", date(2026, 1, 2)), ("mended", date(2026, 5, 6))):
        publish.site(site, "v1.0.0", on=day, html=built(tmp_path / text, text))
    assert (site / "v1.0.0" / "index.html").read_text() == "mended"
    assert json.loads((site / "versions.json").read_text()) == {"v1.0.0": "2026-01-02"}


@pytest.mark.parametrize("name", ["../up", "latest", "", "a b", ".hidden"])
def test_a_name_that_is_no_version_is_refused_and_nothing_is_written(tmp_path, name):
    with pytest.raises(BadInput):
        publish.site(tmp_path / "site", name, html=built(tmp_path / "a", "one"))
    assert not (tmp_path / "site").exists()


def test_publish_without_a_book_says_what_to_run(tmp_path, monkeypatch):
    monkeypatch.setattr(paths, "HTML", tmp_path / "nothing")
    told = CliRunner().invoke(command.app, ["publish", str(tmp_path / "site"), "--version", "v1"])
    assert told.exit_code == 2 and "genebench book" in told.output


def test_the_workflow_calls_commands_that_there_are():
    steps = yaml.safe_load((paths.ROOT / ".github" / "workflows" / "book.yml").read_text())["jobs"][
        "publish"
    ]["steps"]
    lines = "\n".join(s.get("run", "") for s in steps)
    known = {c.name for c in command.app.registered_commands}
    assert {
        m for m in re.findall(r"genebench (\w+) ", lines)
    } <= known and "genebench publish site --version" in lines
    targets = set(re.findall(r"^(\w+):", (paths.ROOT / "Makefile").read_text(), re.M))
    assert set(re.findall(r"make (\w+)", lines)) <= targets


def test_the_bibliography_can_be_read_whole():
    from pybtex.database import parse_file

    text = (paths.BOOK / "references.bib").read_text(encoding="utf-8")
    assert (
        len(parse_file(str(paths.BOOK / "references.bib")).entries)
        == len(re.findall(r"(?m)^@", text))
        > 60
    )


def test_every_citation_of_a_preprint_has_its_doi():
    text = (paths.BOOK / "references.bib").read_text(encoding="utf-8")
    entries = re.split(r"(?m)^(?=@)", text)[1:]
    for entry in entries:
        number = re.search(r"arXiv:(\d{4}\.\d{4,5})", entry)
        assert not number or "doi" in entry, entry[:60]
    assert pd.Series(["doi" in e.lower() for e in entries]).mean() > 0.8
