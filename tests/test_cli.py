"""The contract of the command line: tables, JSON, exit status, one sentence for bad input."""

import json
import subprocess
import sys

import pandas as pd
import pytest
from typer.testing import CliRunner

from genebench.benchmark import results
from genebench.cli import options
from genebench.cli.main import app
from genebench.core import specs


@pytest.fixture
def call():
    runner = CliRunner()

    def run(*words):
        return runner.invoke(app, list(words))

    return run


def test_models_as_json_says_status_and_reason_of_every_model(call):
    got = call("models", "--json")
    assert got.exit_code == 0
    rows = json.loads(got.stdout)
    assert [r["model"] for r in rows] == list(specs.models())
    known = {"ready", "missing", "needs download", "needs a licence click", "needs GPU memory"}
    assert {r["status"] for r in rows} <= known and all("reason" in r for r in rows)


def test_tasks_as_json_covers_the_five_groups_and_says_where_each_comes_from(call):
    got = call("tasks", "--profile", "ci", "--json")
    assert got.exit_code == 0
    rows = json.loads(got.stdout)
    assert {r["group"] for r in rows} == set(specs.GROUPS)
    assert all(r["licence"] and r["release"] and len(r["hash"]) == 16 for r in rows)


@pytest.mark.parametrize(
    "words, near",
    [
        (["run", "--profile", "demoo"], "demo"),
        (["tasks", "--profile", "c"], "ci"),
        (["run", "--profile", "ci", "--models", "minilm-symbl"], "minilm-symbol"),
        (["run", "--profile", "ci", "--tasks", "jaspar/dbd-clas"], "jaspar/dbd-class"),
        (["run", "--profile", "ci", "--split", "famly"], "family"),
        (["embed", "--model", "orcle"], "oracle"),
        (["fetch", "jasper"], "jaspar"),
    ],
)
def test_an_unknown_name_ends_with_status_2_and_the_nearest_name(call, words, near):
    got = call(*words)
    assert got.exit_code == 2
    assert f"did you mean '{near}'?" in got.stderr and "Traceback" not in got.stderr
    assert len(got.stderr.strip().splitlines()) == 1


@pytest.mark.parametrize(
    "words", [["run", "--no-such"], ["no-such-command"], ["run", "-j", "0"], ["embed"]]
)
def test_bad_usage_ends_with_status_2(call, words):
    assert call(*words).exit_code == 2


def test_validate_accepts_the_committed_results(call):
    got = call("validate", str(results.scores_path("demo").parent))
    assert got.exit_code == 0 and "valid" in got.stdout


@pytest.mark.parametrize("text", ["", "not parquet", "<html>not found</html>"])
def test_validate_refuses_what_is_no_results_file(call, tmp_path, text):
    for name in ("scores.parquet", "manifest.json"):
        (tmp_path / name).write_text(text)
        got = call("validate", str(tmp_path / name))
        assert got.exit_code == 2 and str(tmp_path) in got.stderr


def test_validate_without_a_path_says_what_to_give_in_one_sentence(call):
    got = call("validate")
    assert got.exit_code == 2 and got.stderr.count("\n") == 1 and got.stderr.endswith(".\n")
    assert (
        got.stderr.startswith("genebench: no path is given")
        and "'genebench validate " in got.stderr
    )
    assert "demo" in got.stderr.split("results below")[1]


@pytest.mark.parametrize("width", [60, 200])
def test_reasons_stand_whole_below_the_table(capsys, monkeypatch, width):
    monkeypatch.setenv("COLUMNS", str(width))
    why = "the file is not here; " + "fetch it and " * 20 + "run again."
    frame = pd.DataFrame(
        {
            "model": ["a", "b", "c"],
            "status": ["ready", "missing", "missing"],
            "reason": ["", why, why],
        }
    )
    options.show(frame, False, ["model", "status", "reason"])
    table, _, below = capsys.readouterr().out.partition("\n\n")
    assert below == f"b, c: {why}\n" and "missing" in table and "fetch" not in table
    options.show(frame.head(1), False, ["model", "status", "reason"])
    assert capsys.readouterr().out.count("\n") == 2


def test_validate_names_a_score_out_of_bounds(call, tmp_path):
    frame = results.read(results.scores_path("demo")).head(50).copy()
    frame.loc[3, "score"] = 1.5
    results.write(frame, tmp_path / "scores.parquet")
    got = call("validate", str(tmp_path / "scores.parquet"))
    assert got.exit_code == 2 and "1.5" in got.stdout


def test_the_module_and_the_script_are_one_command():
    told = subprocess.run(
        [sys.executable, "-m", "genebench", "--version"], capture_output=True, text=True
    )
    assert told.returncode == 0 and told.stdout.startswith("genebench ")


def test_help_names_every_command_of_the_contract_that_exists(call):
    text = call("--help").stdout
    for name in ("fetch", "tasks", "models", "embed", "run", "notebooks", "book", "validate"):
        assert name in text
