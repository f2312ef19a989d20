"""Splits that read declared files: annotations with dates, and a simulated proteome."""

import numpy as np
import pandas as pd
import pytest
from helpers import CODING, COLUMNS, forget, header, refused, simulated

from genebench.benchmark import splits
from genebench.core import paths, specs
from genebench.data import proteins, tasks
from genebench.data.builders import gene_sets
from genebench.data.labels import Declaration

FAMILIES = [2] * 6 + [5] * 4 + [8] * 2
SYMBOLS = [f"G{i:03d}X" for i in range(120)]


@pytest.fixture
def declared(tmp_path, monkeypatch):
    """Declared sources whose files lie in a folder of their own, with a made-up table of HGNC."""
    monkeypatch.delenv("GENEBENCH_MIRROR", raising=False)
    monkeypatch.setattr(paths, "DOWNLOADS", tmp_path)
    monkeypatch.setattr(paths, "PROTEINS", tmp_path / "proteins")
    table = pd.DataFrame({"symbol": SYMBOLS, "locus_group": CODING}, columns=COLUMNS).fillna("")
    table["hgnc_id"] = [f"HGNC:{i}" for i in range(1, 121)]
    table["uniprot_ids"] = [f"P{i:05d}" for i in range(120)]
    table.loc[0, "prev_symbol"] = "OLDNAME"
    known = specs.declared().sources
    known["hgnc"] = known["hgnc"].model_copy(
        update={"files": {"genes": specs.FileSpec(format="tsv", path="hgnc.tsv")}}
    )
    table.to_csv(tmp_path / "hgnc.tsv", sep="\t", index=False)
    forget()
    yield known
    forget()


def write(source, file, text):
    """Write a file of a source, and forget what was read of another."""
    path = paths.DOWNLOADS / source.files[file].path
    path.parent.mkdir(parents=True, exist_ok=True)
    paths.LOCK.unlink(missing_ok=True)
    path.write_text(text)
    forget()


# --- dates ----------------------------------------------------------------------------------------


def line(symbol, date, term="GO:0000001", aspect="P", qualifier="involved_in", code="IDA"):
    """A line of GAF 2.2."""
    start = f"UniProtKB P1 {symbol} {qualifier} {term} PMID:1 {code}  {aspect} name  protein"
    return f"{start} taxon:9606 {date} UniProt  ".replace(" ", "\t")


def annotations(*more):
    """A file in which gene i was first annotated in year 1900 + i, with lines that do not count."""
    rows = ["!gaf-version: 2.2", *more]
    for i, s in enumerate(SYMBOLS):
        rows += [
            line(s, "20240101"),
            line(s, "18900101", qualifier="NOT|involved_in"),
            line(s if i else "OLDNAME", f"{1900 + i}0615", f"GO:000000{i % 2 + 1}"),
            line(s, "18910101", "GO:0000003", "F"),
            line(s, "18920101", code="ND"),
            line(s, "18930101", "GO:0008150"),
        ]
    return "\n".join(rows) + "\n"


def first_dates(declared, entry):
    """The dates of the genes of a declaration of ``goa``."""
    return gene_sets.dates(Declaration(declared["goa"], entry, declared))


def test_a_task_is_split_by_the_first_annotation_of_the_aspect_from_new_to_old(declared):
    goa = declared["goa"]
    write(goa, "annotations", annotations())
    process, function, component = (first_dates(declared, entry) for entry in goa.tasks)
    assert process.to_dict() == {s: (1900 + i) * 10000 + 615 for i, s in enumerate(SYMBOLS)}
    assert set(function) == {18910101} and len(component) == 0
    (task,) = tasks.build(goa, goa.tasks[0], declared)
    fold = splits.folds(task, "date", n_folds=5, seed=1, sources=declared)
    assert fold.tolist() == [4 - i * 5 // 120 for i in range(120)]
    before = splits.fingerprint("date", declared)
    write(goa, "annotations", annotations(line("G007X", "19000101")))
    assert splits.fingerprint("date", declared) != before


def test_a_date_that_is_none_is_named_with_its_gene(declared):
    write(declared["goa"], "annotations", annotations(line("G007X", "20241301")))
    with refused("annotation of G007X has the date '20241301', which is not"):
        first_dates(declared, declared["goa"].tasks[0])


# --- similar proteins -----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def planted():
    """48 proteins of 12 families at 60 %, and 40 alone: sequences, families."""
    return simulated(1, FAMILIES, alone=40, identity=0.6)


@pytest.fixture
def task(declared, planted):
    """A task on the genes of the simulated proteome and on 32 without a protein."""
    records = zip(SYMBOLS, planted[0])
    text = "".join(f">{header(i, s)}\n{q}\n" for i, (s, q) in enumerate(records))
    write(declared[proteins.SOURCE], proteins.FILE, text)
    words = ("t/t", "t", "d", "protein properties", "binary", "made", 1)
    return tasks.Task(*words, np.array(SYMBOLS), np.arange(120) % 2, ("no", "yes"))


def test_no_family_is_on_both_sides_of_a_split_by_similarity(declared, planted, task):
    said = []
    for _ in range(2):
        splits.prepare({"similarity"}, declared, jobs=1, say=said.append)
    assert len(said) == 2 and "88 genes with a protein, 52 groups, the largest of 8" in said[1]
    group = np.array(splits.look_up(task, "similarity", declared))[:88]
    fold = splits.folds(task, "similarity", n_folds=5, seed=1, sources=declared)[:88]
    for f in range(len(FAMILIES)):
        assert [len(set(of[planted[1] == f])) for of in (group, fold)] == [1, 1]
    before = splits.fingerprint("similarity", declared)
    write(declared[proteins.SOURCE], proteins.FILE, f">{header(999)}\nMKV\n")
    assert splits.fingerprint("similarity", declared) != before and not proteins.ready(declared)


def test_a_proteome_that_is_missing_is_named_with_what_to_fetch(declared):
    why = splits.lacking("similarity", declared)
    assert "'similarity' needs a table that is not at hand; run 'genebench fetch hgnc swiss" in why
    with refused("genebench fetch swissprot"):
        splits.prepare({"similarity"}, declared)
