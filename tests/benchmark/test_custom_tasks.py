"""A user's gene sets and another universe: where each gene goes, and that other results stay."""

import os

import numpy as np
import pytest
from helpers import GENES, call, refused, run_tiny

from genebench.benchmark import custom_tasks, plan, results, validation
from genebench.cli import options
from genebench.core import paths, specs
from genebench.data import genes
from genebench.stats import intervals


def write(path, *sets):
    """A GMT file: a line a set, of name and genes."""
    path.write_text("".join("\t".join([name, "mine", *ids]) + "\n" for name, *ids in sets))
    return path


@pytest.fixture
def gmt(home):
    """Three sets of the made-up genes: forty, sixty, and three."""
    sets = ("A set", *GENES[:40]), ("b/{B}", *GENES[60:120]), ("few", *GENES[:3])
    return write(home / "My list.v1.gmt", *sets)


def from_gmt(path, **options):
    declared = specs.declared()
    return custom_tasks.from_gmt(path, declared.profile("tiny"), declared, **options)


def loaded(custom):
    return dict(plan.make(custom.profile, declared=custom.declared).tasks)


def test_a_set_becomes_a_task_against_all_other_genes_or_why_it_is_left_out(gmt):
    custom = from_gmt(gmt)
    made, name = loaded(custom), custom.profile.name
    assert name.startswith("gmt-my-list-") and name.endswith("-tiny")
    assert list(made) == [f"{name}/a-set-s1", f"{name}/b-b-s2"]
    task = made[f"{name}/a-set-s1"]
    assert task.entities.tolist() == GENES and task.classes == ("absent", "A set")
    assert set(task.entities[task.labels == 1]) == set(GENES[:40])
    assert "b/{B}" in made[f"{name}/b-b-s2"].description
    assert custom.sets["set"].tolist() == ["A set", "b/{B}", "few"]
    assert custom.sets.positives.tolist() == [40, 60, 3]
    assert custom.sets.negatives.tolist() == [140, 120, 177]
    assert custom.sets["smallest difference"][0] == intervals.smallest_difference(40, 140)
    assert custom.sets.use.tolist()[:2] == ["underpowered", "underpowered"]
    left = "the set 'few' is left out: 3 of its 3 ids are among these genes, and 5 are needed."
    assert left in custom.messages and custom_tasks.WITHOUT_HGNC in custom.messages
    assert any("2 of 3 sets cannot show a difference of 0.1 AUROC" in s for s in custom.messages)
    of_file = from_gmt(gmt, negatives="file")
    assert {len(t) for t in loaded(of_file).values()} == {100}
    assert of_file.sets.negatives.tolist() == [60, 40, 97]


def test_two_files_of_one_name_share_the_tasks_that_are_the_same_alone(gmt):
    first = from_gmt(gmt)
    second = from_gmt(write(gmt, ("A set", *GENES[1:41]), ("b/{B}", *GENES[60:120])))
    assert first.profile.name != second.profile.name
    hashes = [{task.hash for task in loaded(custom).values()} for custom in (first, second)]
    assert len(hashes[0] & hashes[1]) == 1


def test_ids_are_resolved_counted_where_lost_and_named_as_the_tasks_name_them(home, known):
    # 511 is the Entrez id of GENES[11]
    ids = [f"OLD{GENES[2]}", *GENES[2:10], "511", "TWO", "NOBODY1", "NOBODY2"]
    custom = from_gmt(write(home / "x.gmt", ("set", *ids)))
    row = custom.sets.iloc[0]
    assert (row.listed, row.lost, row.ambiguous, row.outside, row.positives) == (13, 3, 1, 0, 8)
    (task,) = loaded(custom).values()
    assert set(task.entities[task.labels == 1]) == set(GENES[2:10])
    assert any("give 8 genes of Made up" in s for s in custom.messages)


def messages(home, *lines):
    """What is said of a file of these lines."""
    (home / "x.gmt").write_text("\n".join(map("\t".join, lines)))
    return " ".join(from_gmt(home / "x.gmt").messages)


GENES_ONLY = ("a", *GENES[:40]), ("b", *GENES[40:80])


def test_what_is_likely_not_meant_is_said(home, known):
    plain = messages(home, ("a", "na", *GENES[:40]), ("b", "na", *GENES[40:80]))
    assert not any(word in plain for word in ("second column", "mouse", "weight"))
    assert f"in 2 of 2 sets (first: '{GENES[0]}')" in messages(home, *GENES_ONLY)
    weighted = messages(home, ("a", "na", *(f"{g.capitalize()},1.0" for g in GENES[:40])))
    assert "40 of 40 genes carry a weight" in weighted
    assert "40 of 40 ids are written like symbols of the mouse" in weighted


def test_without_hgnc_a_gene_is_what_looks_like_those_of_the_file(home):
    assert f"in 2 of 2 sets (first: '{GENES[0]}')" in messages(home, *GENES_ONLY)
    one_database = (("a", "KEGG", *GENES[:40]), ("b", "KEGG", *GENES[40:80]))
    assert "second column" not in messages(home, *one_database)


def test_names_that_give_one_slug_are_two_tasks_and_nothing_steers_the_terminal(home, capsys):
    names = "up!", "up?", "\x1b[31mred\u202e", "+", "-"
    path = write(home / "x.gmt", *((name, *GENES[:40]) for name in names))
    assert len(loaded(from_gmt(path))) == len(names)
    options.make_plan("tiny", gmt=path)
    said = capsys.readouterr().err
    assert "red" in said and not set("\x1b\u202e") & set(said)


@pytest.mark.parametrize(
    "text, words",
    [
        (b"", "holds no gene set"),
        (b"<!DOCTYPE html><html>404</html>", "is a web page"),
        (b"set one BRCA1 TP53\n", ":1: a gene set needs a name"),
        (b"a\tx\tB\nb\tx\n", ":2: the set 'b' has no genes"),
        (b"a\tx\tB\na\ty\tC\n", ":2: the set 'a' is on line 1 too"),
        (b"\tx\tB\n", ":1: the set '' has no name"),
        (b"\x1f\x8b\x08\x00\xff\xfe", "not UTF-8 text"),
        (b"a\tx\tNOBODY1,NOBODY2\n", "no set can become a task; 'a': 0 of its 1 ids are among"),
    ],
)
def test_a_file_that_cannot_be_used_is_one_sentence(home, text, words):
    path = home / "bad.gmt"
    path.write_bytes(text)
    result = call("tasks", "-p", "tiny", "--gmt", path)
    assert result.exit_code == 2 and words in result.stderr and str(path) in result.stderr
    assert len(result.stderr.strip().splitlines()) == 1
    assert not list((paths.DOWNLOADS / "own").glob("*"))


def test_a_file_that_cannot_be_read_and_unknown_words_are_told(home, gmt, known):
    with refused("none of its 2 ids is a known gene .first: 'Trp53', mouse"):
        from_gmt(write(home / "mouse.gmt", ("set", "Trp53", "Brca1x")))
    os.mkfifo(home / "pipe.gmt")
    with refused("is a pipe or a device and no file"):
        from_gmt(home / "pipe.gmt")
    with refused("no such file"):
        from_gmt(home / "no.gmt")
    with refused("unknown choice of negatives 'files'; did you mean 'file'"):
        from_gmt(gmt, negatives="files")
    with refused("unknown universe 'papr'; did you mean 'paper'"):
        custom_tasks.cut_to(specs.declared().profile("tiny"), "papr")


def test_a_run_is_beside_the_profile_and_never_in_its_place(gmt):
    run_tiny(models=["random"], split="random")
    before = results.scores_path("tiny").read_bytes()
    words = "-p tiny --models full,stem,random --split random -j 1 --gmt"
    result = call("run", *words.split(), gmt)
    assert result.exit_code == 0, result.output
    assert results.scores_path("tiny").read_bytes() == before
    name = from_gmt(gmt).profile.name
    assert set(results.load(name).task) == {f"{name}/a-set-s1", f"{name}/b-b-s2"}
    assert validation.validate_path(paths.results(name)) == []
    assert "best shortcut" in result.output and "underpowered" in result.stderr


def test_a_profile_on_another_universe_is_one_of_its_own(home, known, monkeypatch):
    monkeypatch.setattr(genes, "paper_universe", lambda sources: np.array(GENES[::2]))
    profile = specs.declared().profile("tiny")
    cut = custom_tasks.cut_to(profile, "paper")
    assert cut.name == "tiny-paper-genes" and custom_tasks.cut_to(profile, "all") is profile
    whole, part = plan.make("tiny").tasks, plan.make(cut).tasks
    assert len(part) >= 5 and all(set(t.entities) <= set(GENES[::2]) for t in part.values())
    assert all(task.hash != whole[name].hash for name, task in part.items())
