"""A user's gene sets and another universe: where each gene goes, and that other results stay."""

import numpy as np
import pytest
from helpers import GENES, call, refused, rows, run_tiny

from genebench.benchmark import custom_tasks, plan, results, validation
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
    sets, said = custom.sets.set_index("set"), " ".join(custom.messages)
    assert sets.positives.to_dict() == {"A set": 40, "b/{B}": 60, "few": 3}
    assert sets.negatives.tolist() == [140, 120, 177]
    assert sets["smallest difference"].iloc[0] == intervals.smallest_difference(40, 140)
    assert "'few' is left out: 3 of its 3 ids are among these genes, and 5 are needed" in said
    assert custom_tasks.WITHOUT_HGNC in said and "2 of 3 sets cannot show a difference of" in said
    of_file = from_gmt(gmt, negatives="file")
    assert {len(t) for t in loaded(of_file).values()} == {100}
    assert of_file.sets.negatives.tolist() == [60, 40, 97]
    # another file of that name shares the tasks that are the same alone
    other = from_gmt(write(gmt, ("A set", *GENES[1:41]), ("b/{B}", *GENES[60:120])))
    assert other.profile.name != name
    assert len({t.hash for t in made.values()} & {t.hash for t in loaded(other).values()}) == 1


def test_ids_are_resolved_counted_where_lost_and_named_as_the_tasks_name_them(home, known):
    # 511 is the Entrez id of GENES[11]
    ids = [f"OLD{GENES[2]}", *GENES[2:10], "511", "TWO", "NOBODY1", "NOBODY2"]
    custom = from_gmt(write(home / "x.gmt", ("set", *ids)))
    counts = "listed lost ambiguous outside positives".split()
    assert custom.sets.loc[0, counts].tolist() == [13, 3, 1, 0, 8]
    (task,) = loaded(custom).values()
    assert set(task.entities[task.labels == 1]) == set(GENES[2:10])


@pytest.mark.parametrize("hgnc", [True, False])
def test_what_is_likely_not_meant_is_said(home, request, hgnc):
    if hgnc:
        request.getfixturevalue("known")

    def said(genes, *seconds):
        """What is said of sets of these genes, whose lines have these second columns."""
        lines = ("\t".join([f"set {i}", second, *genes]) for i, second in enumerate(seconds))
        (home / "x.gmt").write_text("\n".join(lines))
        return " ".join(from_gmt(home / "x.gmt").messages)

    plain = said(GENES[:40], "KEGG", "KEGG")
    assert not any(word in plain for word in ("second column", "mouse", "weight"))
    assert f"in 2 of 2 sets (first: '{GENES[0]}')" in said(GENES[:40], GENES[0], GENES[50])
    if hgnc:
        weighted = said([f"{g.capitalize()},1.0" for g in GENES[:40]], "na")
        assert "40 of 40 genes carry a weight" in weighted
        assert "40 of 40 ids are written like symbols of the mouse" in weighted


def test_names_that_give_one_slug_are_two_tasks_and_nothing_steers_the_terminal(home):
    names = "up!", "up?", "\x1b[31mred\u202e", "+", "-"
    path = write(home / "x.gmt", *((name, *GENES[:40]) for name in names))
    assert len(loaded(from_gmt(path))) == len(names)
    said = call("tasks", "-p", "tiny", "--gmt", path).stderr
    assert "red" in said and not set("\x1b\u202e") & set(said)


FAULTS = r"""
                     | holds no gene set
set one BRCA1 TP53   | :1: a gene set needs a name
a\tx\tB\nb\tx         | :2: the set 'b' has no genes
a\tx\tB\na\ty\tC      | :2: the set 'a' is on line 1 too
\tx\tB               | :1: the set '' has no name
a\tx\tNOBODY1,NOBODY2 | no set can become a task; 'a': 0 of its 1 ids are among
"""


@pytest.mark.parametrize("text, words", rows(FAULTS))
def test_a_file_that_cannot_be_used_is_one_sentence(home, text, words):
    path = home / "bad.gmt"
    path.write_text(text.replace(r"\t", "\t").replace(r"\n", "\n"))
    result = call("tasks", "-p", "tiny", "--gmt", path)
    assert result.exit_code == 2 and words in result.stderr and str(path) in result.stderr
    assert len(result.stderr.strip().splitlines()) == 1
    assert not list((paths.DOWNLOADS / "own").glob("*"))


def test_a_file_that_cannot_be_read_and_unknown_words_are_told(home, gmt, known):
    with refused("none of its 2 ids is a known gene .first: 'Trp53', mouse"):
        from_gmt(write(home / "mouse.gmt", ("set", "Trp53", "Brca1x")))
    with refused("no such file"):
        from_gmt(home / "no.gmt")
    with refused("unknown choice of negatives 'files'; did you mean 'file'"):
        from_gmt(gmt, negatives="files")
    with refused("unknown universe 'papr'; did you mean 'paper'"):
        custom_tasks.cut_to(specs.declared().profile("tiny"), "papr")


def test_a_run_is_beside_the_profile_and_never_in_its_place(gmt):
    run_tiny(models=["random"], split="random")
    before = results.scores_path("tiny").read_bytes()
    words = "run -p tiny --models full,stem --split random -j 1 --gmt"
    result = call(*words.split(), gmt)
    assert result.exit_code == 0, result.output
    assert results.scores_path("tiny").read_bytes() == before
    name = from_gmt(gmt).profile.name
    assert set(results.load(name).task) == {f"{name}/a-set-s1", f"{name}/b-b-s2"}
    assert validation.validate_path(paths.results(name)) == []
    assert "best shortcut" in result.output and "underpowered" in result.stderr


def test_a_profile_on_another_universe_is_one_of_its_own(home, known, monkeypatch):
    half, profile = GENES[::2], specs.declared().profile("tiny")
    monkeypatch.setattr(genes, "paper_universe", lambda sources: np.array(half))
    cut = custom_tasks.cut_to(profile, "paper")
    assert cut.name == "tiny-paper-genes" and custom_tasks.cut_to(profile, "all") is profile
    part = plan.make(cut).tasks
    assert len(part) >= 5 and all(set(task.entities) <= set(half) for task in part.values())
