"""A user's gene sets and another universe: what becomes of each gene, and that other results stay as they are."""

from __future__ import annotations

import os

import numpy as np
import pandas as pd
import pytest
from helpers import GENES, forget, load_tasks
from helpers import COLUMNS
from typer.testing import CliRunner

from genebench.benchmark import custom_tasks, plan, results, run
from genebench.cli.main import app
from genebench.core import paths, specs
from genebench.core.errors import BadInput
from genebench.data import genes, sources, tasks
from genebench.stats import intervals


def write(path, *sets) -> None:
    """A GMT file: a line a set, of name and genes."""
    path.write_text("".join("\t".join([name, "mine", *ids]) + "\n" for name, *ids in sets))
    return path


@pytest.fixture
def gmt(home):
    """Three sets of the made-up genes: forty, sixty, and three."""
    return write(
        home / "My list.v1.gmt",
        ("A set", *GENES[:40]),
        ("b/{B}", *GENES[60:120]),
        ("few", *GENES[:3]),
    )


@pytest.fixture
def known(monkeypatch):
    """A resolver of the made-up genes: each had a name with OLD before it, and the first two share an alias."""
    rows = [
        (f"HGNC:{i}", g, f"OLD{g}", "TWO" if i < 2 else "", "", str(i + 500), "", "1p", "", "other")
        for i, g in enumerate(GENES)
    ]
    held = genes.build(pd.DataFrame(rows, columns=COLUMNS), release="Made up")
    monkeypatch.setattr(genes, "resolver", lambda sources: held)


def test_a_set_becomes_a_task_against_all_other_genes_of_the_profile(gmt):
    made = custom_tasks.declare("tiny", gmt=gmt)
    found = load_tasks(specs.profile(made.profile))
    assert made.profile == "gmt-my-list-tiny" and list(found) == [
        f"{made.profile}/a-set-s1",
        f"{made.profile}/b-b-s2",
    ]
    task = found[f"{made.profile}/a-set-s1"]
    assert (
        task.entities.tolist() == GENES
        and task.kind == "binary"
        and task.classes == ("absent", "A set")
    )
    assert set(task.entities[task.labels == 1]) == set(GENES[:40])
    assert "b/{B}" in found[f"{made.profile}/b-b-s2"].description


def test_each_set_is_told_with_its_size_its_power_or_why_it_is_left_out(gmt):
    made = custom_tasks.declare("tiny", gmt=gmt)
    assert made.sets["set"].tolist() == ["A set", "b/{B}", "few"]
    assert made.sets.positives.tolist() == [40, 60, 3] and made.sets.negatives.tolist() == [
        140,
        120,
        177,
    ]
    assert made.sets["smallest difference"][0] == intervals.smallest_difference(40, 140)
    assert made.sets.use.tolist()[:2] == ["underpowered", "underpowered"]
    assert (
        "the set 'few' is left out: 3 of its 3 ids are among these genes, and 5 are needed."
        in made.told
    )
    assert any("2 of 3 sets cannot show a difference of 0.1 AUROC" in s for s in made.told)
    assert custom_tasks.WITHOUT_HGNC in made.told


def test_negatives_may_be_the_other_genes_of_the_file(gmt):
    made = custom_tasks.declare("tiny", gmt=gmt, negatives="file")
    found = load_tasks(specs.profile(made.profile))
    assert made.profile == "gmt-my-list-tiny-file"
    assert {len(t) for t in found.values()} == {100} and made.sets.negatives.tolist() == [
        60,
        40,
        97,
    ]


def test_ids_are_resolved_counted_where_lost_and_named_as_the_tasks_name_them(home, known):
    ids = [
        f"OLD{GENES[2]}",
        *GENES[2:10],
        "511",
        "TWO",
        "NOBODY1",
        "NOBODY2",
    ]  # 511 is the Entrez id of GENES[11]
    made = custom_tasks.declare("tiny", gmt=write(home / "x.gmt", ("set", *ids)))
    row = made.sets.iloc[0]
    assert (row.listed, row.lost, row.ambiguous, row.outside, row.positives) == (13, 3, 1, 0, 8)
    (task,) = load_tasks(specs.profile(made.profile)).values()
    assert set(task.entities[task.labels == 1]) == set(GENES[2:10])
    assert any("give 8 genes of Made up" in s for s in made.told)


def test_a_gene_outside_the_profile_is_left_out_and_counted(home, known, monkeypatch):
    right = plan.context("tiny")
    monkeypatch.setattr(
        plan,
        "context",
        lambda name: type(right)(right.profile, right.tasks, right.universe[5:], ()),
    )
    made = custom_tasks.declare("tiny", gmt=write(home / "x.gmt", ("set", *GENES[:20])))
    assert (made.sets.outside[0], made.sets.positives[0], made.sets.negatives[0]) == (5, 15, 160)


@pytest.mark.parametrize(
    "text, told",
    [
        (b"", "holds no gene set"),
        (b"\n\n", "holds no gene set"),
        (b"<!DOCTYPE html><html>404</html>", "is a web page"),
        (b"set one BRCA1 TP53\n", ":1: a gene set needs a name"),
        (b"a\tx\tB\nb\tx\n", ":2: the set 'b' has no genes"),
        (b"a\tx\tB\na\ty\tC\n", ":2: the set 'a' is on line 1 too"),
        (b"\tx\tB\n", ":1: the set '' has no name"),
        (b"\x1f\x8b\x08\x00\xff\xfe", "not UTF-8 text"),
        (
            b"a\tx\tNOBODY1,NOBODY2\n",
            "no set can become a task; 'a': 0 of its 1 ids are among these genes",
        ),
    ],
)
def test_a_file_that_cannot_be_used_is_one_sentence(home, text, told):
    path = home / "bad.gmt"
    path.write_bytes(text)
    got = CliRunner().invoke(app, ["tasks", "-p", "tiny", "--gmt", str(path)])
    assert got.exit_code == 2 and told in got.stderr and str(path) in got.stderr
    assert len(got.stderr.strip().splitlines()) == 1 and not list(paths.OWN.glob("*"))


def test_a_file_without_a_known_gene_says_what_the_first_looks_like(home, known):
    path = write(home / "mouse.gmt", ("set", "Trp53", "Brca1x"))
    with pytest.raises(
        BadInput, match="none of its 2 ids is a known gene .first: 'Trp53', mouse style"
    ):
        custom_tasks.declare("tiny", gmt=path)


def test_a_file_that_is_not_there_and_unknown_words_are_told(home, gmt):
    with pytest.raises(BadInput, match="no such file; give a GMT file"):
        custom_tasks.declare("tiny", gmt=home / "no.gmt")
    with pytest.raises(BadInput, match="unknown choice of negatives 'files'; did you mean 'file'"):
        custom_tasks.declare("tiny", gmt=gmt, negatives="files")
    with pytest.raises(BadInput, match="unknown universe 'papr'; did you mean 'paper'"):
        custom_tasks.declare("tiny", universe="papr")


def test_a_run_is_beside_the_profile_and_never_in_its_place(gmt):
    run.run("tiny", models=["random"], split="random", jobs=1, say=lambda text: None)
    before = results.scores_path("tiny").read_bytes()
    words = [
        "run",
        "-p",
        "tiny",
        "--gmt",
        str(gmt),
        "--models",
        "full,stem,random",
        "--split",
        "random",
        "-j",
        "1",
    ]
    got = CliRunner().invoke(app, words)
    assert got.exit_code == 0, got.output
    assert results.scores_path("tiny").read_bytes() == before
    frame = results.load("gmt-my-list-tiny")
    assert set(frame.task) == {"gmt-my-list-tiny/a-set-s1", "gmt-my-list-tiny/b-b-s2"}
    assert results.validate_path(paths.results("gmt-my-list-tiny")) == []
    assert "best shortcut" in got.output and "underpowered" in got.stderr


def test_another_process_knows_the_profile_by_its_name_and_a_changed_file_gives_other_tasks(
    gmt, home
):
    made = custom_tasks.declare("tiny", gmt=gmt)
    first = {name: task.hash for name, task in load_tasks(specs.profile(made.profile)).items()}
    forget()
    assert specs.profile(made.profile).sources == [made.profile]
    write(gmt, ("A set", *GENES[1:41]), ("b/{B}", *GENES[60:120]))
    custom_tasks.declare("tiny", gmt=gmt)
    forget()
    second = {name: task.hash for name, task in load_tasks(specs.profile(made.profile)).items()}
    changed = [name for name in first if first[name] != second[name]]
    assert changed == [f"{made.profile}/a-set-s1"]


@pytest.mark.parametrize("name", ["../tiny", "own/x", "nobody"])
def test_a_name_that_was_not_made_here_is_unknown(home, name):
    assert specs.own(name) is None
    with pytest.raises(BadInput, match="unknown profile"):
        specs.profile(name)


# --- another universe -------------------------------------------------------------------------------------------------


def test_a_profile_on_another_universe_is_one_of_its_own(home, known, monkeypatch):
    listed = [f"{g}" for g in GENES[::2]]
    monkeypatch.setattr(genes, "paper_universe", lambda sources: pd.Series(listed).to_numpy(str))
    whole = load_tasks(specs.profile("tiny"))
    made = custom_tasks.declare("tiny", universe="paper")
    assert (
        made.profile == "tiny-paper-genes"
        and custom_tasks.declare("tiny", universe="all").profile == "tiny"
    )
    cut = load_tasks(specs.profile(made.profile), missing=lambda text: None)
    assert set(cut) <= set(whole) and len(cut) >= 5
    for name, task in cut.items():
        assert set(task.entities) <= set(listed) and task.hash != whole[name].hash
        assert min(task.labels.sum(axis=0).min() if task.kind == "multilabel" else 5, 5) >= 5
        at = {g: i for i, g in enumerate(whole[name].entities)}
        if task.kind in ("binary", "regression"):
            assert task.labels.tolist() == [whole[name].labels[at[g]] for g in task.entities]
    assert load_tasks(specs.profile("tiny")).keys() == whole.keys()


def test_real_tasks_are_cut_to_the_genes_of_the_paper():
    if not os.environ.get("GENEBENCH_MIRROR"):
        pytest.skip("the list of the paper's genes is not at hand; set GENEBENCH_MIRROR")
    listed = set(sources.locate(specs.source("genebench_paper"), "universe").read_text().split())
    base = specs.profile("paper").model_copy(update={"sources": ["humantfs", "genecorpus"]})
    whole = load_tasks(base)
    cut = load_tasks(base.model_copy(update={"universe": "paper"}))
    assert set(cut) == set(whole)
    for name, task in cut.items():
        plain = np.isin(whole[name].entities, list(listed))  # under the very name that the list has
        assert plain.sum() <= len(task) <= min(plain.sum() * 1.02, len(whole[name]) - 1), name
        assert (
            set(whole[name].entities[plain]) <= set(task.entities) and task.hash != whole[name].hash
        )
