"""The contract of the command line: tables, JSON, exit status, one sentence for bad input."""

import json
import shutil
import subprocess
import sys

import pandas as pd
import pytest
import typer
from helpers import call, rows

from genebench.benchmark import results, validation
from genebench.cli import options
from genebench.core import manifest, paths, specs
from genebench.core.errors import BadInput


def test_models_and_tasks_as_json_have_status_reason_licence_and_release():
    models, listed = (
        json.loads(call(*words.split()).stdout)
        for words in ("models --json", "tasks --profile ci --json")
    )
    assert [r["model"] for r in models] == list(specs.declared().models)
    known = "ready,missing,needs download,needs licence acceptance,needs GPU memory,not pinned"
    assert all(r["status"] in known.split(",") and "reason" in r for r in models)
    assert {r["group"] for r in listed} == set(specs.GROUPS) - {"functional", specs.CONTROL}
    assert all(r["licence"] and r["release"] and len(r["hash"]) == 16 for r in listed)


UNKNOWN = """
tasks --profile c                         | ci
run --profile ci --models minilm-symbl    | minilm-symbol
run --profile ci --tasks jaspar/dbd-clas  | jaspar/dbd-class
run --profile ci --split famly            | family
embed --profile ci --model orcle          | oracle
fetch jasper                              | jaspar
"""


@pytest.mark.parametrize("words, near", rows(UNKNOWN))
def test_an_unknown_name_ends_with_status_2_and_the_nearest_name(words, near):
    result = call(*words.split())
    assert result.exit_code == 2 and f"did you mean '{near}'?" in result.stderr
    assert result.stderr.count("\n") == 1


@pytest.mark.parametrize("words", ["run --no-such", "no-such-command", "run -j 0"])
def test_bad_usage_ends_with_status_2(words):
    assert call(*words.split()).exit_code == 2


def test_committed_results_are_valid_and_every_table_stands_in_a_manifest():
    result = call("validate", paths.RESULTS)
    assert result.exit_code == 0, result.output
    tables = {p.parent for p in paths.RESULTS.rglob("*") if p.suffix in manifest.TABLES}
    assert tables <= {p.parent for p in paths.RESULTS.rglob("manifest.json")}


def test_a_changed_byte_of_any_table_is_found(tmp_path):
    folder = shutil.copytree(paths.RESULTS / "joined", tmp_path / "joined")
    for path in folder.iterdir():
        sound = path.read_bytes()
        path.write_bytes(sound[:-9] + bytes([sound[-9] ^ 1]) + sound[-8:])
        faults = validation.validate_path(folder)
        assert any(str(path) in fault or "manifest" in path.name for fault in faults), path
        path.write_bytes(sound)
    assert validation.validate_path(folder) == []
    (folder / "more.csv").write_text("a\n1\n")
    assert "more.csv: is not" in validation.validate_path(folder)[0]
    assert validation.validate_path(folder, seal=True) == []


def test_validate_names_a_score_out_of_bounds_and_what_to_give(tmp_path):
    frame = results.read(results.scores_path("joined")).head(50)
    results.write(frame.assign(score=1.5), tmp_path / "scores.parquet")
    result = call("validate", tmp_path / "scores.parquet")
    assert result.exit_code == 2 and "1.5" in result.stdout
    result = call("validate")
    assert result.exit_code == 2 and result.stderr.count("\n") == 1
    assert "demo" in result.stderr.split("results below")[1]


@pytest.mark.parametrize(
    "fault, words, status",
    [
        (MemoryError(), "there is not enough memory", 1),
        (PermissionError(13, "Permission denied", "there"), "(there); make that place writable", 1),
        (OSError("connection lost"), "connection lost; look at it and run again", 1),
        (BadInput("\x1b[31mred"), "[31mred", 2),
    ],
)
def test_a_fault_is_one_sentence_that_fits_it(capsys, fault, words, status):
    def fails() -> None:
        """Fail."""
        raise fault

    with pytest.raises(typer.Exit) as ended:
        options.command(fails)()
    said = capsys.readouterr().err
    assert ended.value.exit_code == status and words in said and "\x1b" not in said
    assert said.count("\n") == 1


def test_reasons_stand_whole_below_the_table(capsys):
    why = "the file is not here; " + "fetch it and " * 20 + "run again."
    frame = pd.DataFrame({"model": [*"abc"], "status": "missing", "reason": ["", why, why]})
    options.show(frame, False, list(frame))
    table, _, below = capsys.readouterr().out.partition("\n\n")
    assert below == f"b, c: {why}\n" and "missing" in table and "fetch" not in table


def test_the_module_is_the_command_and_help_names_every_part_of_the_contract():
    words = [sys.executable, "-m", "genebench", "--version"]
    assert subprocess.check_output(words, text=True).startswith("genebench ")
    said = call("--help").stdout
    names = "fetch tasks models embed run place spectra glm notebooks book validate"
    assert all(name in said for name in names.split())


def test_a_dry_run_counts_the_cells_and_names_models_without_vectors(warm):
    dry = call("run", "-p", "tiny", "--dry-run")
    assert dry.stdout == "60 cells: 60 cached, 0 to do\n"
    shutil.rmtree(paths.EMBEDDINGS)
    assert "\nfull: no vectors yet (ready)\n" in call("run", "-p", "tiny", "--dry-run").stdout
