"""Genes by when they were first annotated, from a file of annotations in the official format."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from helpers import CODING, COLUMNS, forget

from genebench.benchmark import splits
from genebench.core import paths, specs
from genebench.core.errors import BadInput
from genebench.data import gene_sets, genes, tasks
from genebench.data.labels import Declaration

SYMBOLS = [f"G{i:03d}X" for i in range(240)]


def day(i: int) -> str:
    """The first annotation of gene i, one a month, the later the higher its number."""
    return f"{2000 + i // 12}{i % 12 + 1:02d}15"


def line(
    symbol: str,
    date: str,
    *,
    term: str = "GO:0000001",
    aspect: str = "P",
    qualifier: str = "",
    code: str = "IDA",
):
    """One line of a GAF 2.2."""
    start = [
        "UniProtKB",
        "P1",
        symbol,
        qualifier or "involved_in",
        term,
        "PMID:1",
        code,
        "",
        aspect,
        "name",
        "",
    ]
    return "\t".join([*start, "protein", "taxon:9606", date, "UniProt", "", ""])


def written(lines: list[str]) -> None:
    """Make a file of annotations the one at hand, and forget what was read of another."""
    path = paths.DOWNLOADS / specs.source("goa").files["annotations"].path
    path.parent.mkdir(parents=True, exist_ok=True)
    path.with_name(path.name + ".sha256").unlink(missing_ok=True)
    path.write_text("\n".join(["!gaf-version: 2.2", *lines]) + "\n")
    forget()


@pytest.fixture
def lines(tmp_path, monkeypatch):
    """Annotations of 240 genes with processes, and with what must not count for their dates: later
    ones, other aspects, the root, negative ones, those without data; names of genes are looked up
    in a made-up table."""
    blank = dict.fromkeys(COLUMNS, "")
    rows = [
        {**blank, "hgnc_id": f"HGNC:{i}", "symbol": s, "locus_group": CODING}
        for i, s in enumerate(SYMBOLS, 1)
    ]
    rows[0]["prev_symbol"] = "OLDNAME"
    known, of_source = (
        genes.build(pd.DataFrame(rows, columns=COLUMNS), release="Made up"),
        genes.fingerprint,
    )
    monkeypatch.setattr(paths, "DOWNLOADS", tmp_path / "downloads")
    monkeypatch.setattr(paths, "TASKS", tmp_path / "tasks")
    monkeypatch.setattr(genes, "resolver", lambda sources: known)
    monkeypatch.setattr(
        genes,
        "fingerprint",
        lambda declared, source=None: of_source(declared, source) if source else ["made up"],
    )
    held = []
    for i, s in enumerate(SYMBOLS):
        name = "OLDNAME" if i == 0 else s
        held += [
            line(name, "20240101"),
            line(name, day(i), term="GO:0000002" if i % 3 else "GO:0000001"),
        ]
        held += [
            line(s, "19900101", aspect="F", term="GO:0000003"),
            line(s, "19910101", term="GO:0008150"),
        ]
        held += [line(s, "19920101", qualifier="NOT|involved_in"), line(s, "19930101", code="ND")]
    order = np.random.default_rng(0).permutation(len(held))
    yield [held[k] for k in order]
    forget()


def test_the_date_of_a_gene_is_that_of_its_first_annotation_of_the_aspect(lines):
    written(lines)
    source = specs.source("goa")
    first = {e.name: gene_sets.dates(Declaration(source, e, specs.sources())) for e in source.tasks}
    assert first["goa/process"].to_dict() == {s: int(day(i)) for i, s in enumerate(SYMBOLS)}
    assert set(first["goa/function"]) == {19900101} and len(first["goa/component"]) == 0


def test_a_task_is_cut_from_the_newest_genes_to_the_oldest(lines):
    written(lines)
    source = specs.source("goa")
    made = tasks.build(source, source.tasks[0], specs.sources())
    assert len(made) == 1 and splits.lacking("date") == ""
    (task,) = made
    fold = dict(zip(task.entities.tolist(), splits.folds(task, "date", n_folds=5, seed=1).tolist()))
    assert [fold[s] for s in SYMBOLS] == [4 - i * 5 // 240 for i in range(240)]
    before = splits.fingerprint("date")
    written(lines[:-1])
    assert splits.fingerprint("date") != before


def test_sources_without_dates_have_none(lines):
    written(lines)
    for name in ("reactome", "goa_symbols", "hpa"):
        source = specs.source(name)
        assert all(
            gene_sets.dates(Declaration(source, entry, specs.sources())) is None
            for entry in source.tasks
        )


@pytest.mark.parametrize("date", ["2024-01-01", "20241301", "", "15012024x"])
def test_a_date_that_is_none_is_told_with_its_gene(lines, date):
    written([*lines, line("G007X", date)])
    source = specs.source("goa")
    with pytest.raises(
        BadInput,
        match=f"an annotation of G007X has the date '{date}', which is not one of the form",
    ):
        gene_sets.dates(Declaration(source, source.tasks[0], specs.sources()))
