"""Sets of genes from the declared sources, against the files read anew."""

from __future__ import annotations

import numpy as np
import pytest

from genebench.core import specs
from genebench.data import gene_sets, genes, sources, tasks


@pytest.fixture
def ready():
    """A declared source by id, where its files and those of HGNC are at hand."""

    def get(name: str):
        for needed in (name, "hgnc"):
            if sources.status(specs.source(needed))[0] != "ready":
                pytest.skip(f"the files of '{needed}' are not here; run 'genebench fetch {needed}'")
        return specs.source(name)

    return get


def approved(names) -> set[str]:
    """Approved symbols of names by the resolver, one name at a time; aliases and other names give none."""
    found = (genes.resolver().resolve([name], kind="symbol") for name in names)
    return {f.symbol[0] for f in found if f.status[0] in ("approved", "previous")} - {""}


def test_top_level_pathways_hold_approved_symbols_of_human_genes_only(ready):
    source = ready("reactome")
    whole, *derived = tasks.of_source(source)[0]
    frame = sources.table(source, "pathways")
    relation = sources.table(source, "relation")
    top = set(relation.parent) - set(relation.child)
    assert len(whole.classes) == 29 and set(whole.classes) <= set(frame.name[frame.set.isin(top)])
    assert (genes.resolver().resolve(whole.entities, kind="symbol").status == "approved").all()
    named = set(frame.gene[frame["set"].isin(top)])
    assert len(named) - 400 < len(whole) < len(named) and set(whole.entities) <= approved(named)
    for task in derived[::6]:
        assert set(task.entities[task.labels == 1]) == approved(
            frame.gene[frame.name == task.classes[1]]
        )


def test_every_pathway_task_holds_the_genes_of_its_pathway_and_no_two_are_near_copies(ready):
    source = ready("reactome_hierarchy")
    (built,) = tasks.of_source(source)
    frame = sources.table(source, "pathways")
    relation = sources.table(source, "relation")
    human = {p for p in {*relation.parent, *relation.child} if p.startswith("R-HSA")}
    ids = {p.lower(): p for p in human}
    assert len(built) > 1_000
    for task in built[::150]:
        pathway = ids[task.name.rsplit("/", 1)[1]]
        rows = frame[frame["set"] == pathway]
        assert task.title == rows.name.iloc[0] and pathway in task.description
        assert set(task.entities[task.labels == 1]) == approved(rows.gene)
    held = np.array([t.labels for t in built], dtype=np.float32)
    size, shared = held.sum(axis=1), held @ held.T
    alike = shared / (size[:, None] + size[None] - shared)
    np.fill_diagonal(alike, 0)
    assert size.min() >= 20 and (len(built[0]) - size).min() >= 20 and alike.max() < 0.9


def test_a_term_of_the_gene_ontology_holds_the_genes_annotated_with_it(ready):
    source = ready("goa_symbols")
    frame = sources.table(source, "annotations")
    for entry, built in zip(source.tasks, tasks.of_source(source)):
        assert len(built) > 100
        for task in built[:: len(built) // 3]:
            term = task.name.rsplit("/", 1)[1].upper().replace("GO-", "GO:")
            rows = frame[frame.go_id == term]
            assert (
                set(task.entities[task.labels == 1]) == approved(rows.symbol)
                and task.labels.sum() >= 50
            )
            assert entry.options["members"]["where"]["aspect"] == f"^{rows.aspect.iloc[0]}$"
        assert not {"go-0008150", "go-0003674", "go-0005575"} & {
            t.name.rsplit("/", 1)[1] for t in built
        }


def test_an_official_annotation_file_gives_tasks_without_negative_annotations_and_roots(
    ready, tmp_path, monkeypatch
):
    ready("hgnc")
    symbols = genes.resolver().genes.index[:240].tolist()
    source = specs.source("goa")

    def line(symbol: str, qualifier: str, term: str, evidence: str = "IDA") -> str:
        start = [
            "UniProtKB",
            "P1",
            symbol,
            qualifier,
            term,
            "PMID:1",
            evidence,
            "",
            "P",
            "name",
            "",
            "protein",
        ]
        return "\t".join([*start, "taxon:9606", "20240101", "UniProt", "", ""])

    rows = [
        line(s, "involved_in", "GO:0000001" if i % 3 else "GO:0000002")
        for i, s in enumerate(symbols)
    ]
    rows += [
        line(symbols[0], "NOT|involved_in", "GO:0000001"),
        line("no gene", "involved_in", "GO:0000001"),
    ]
    rows += [line(s, "involved_in", "GO:0008150", "IEA") for s in symbols[:60]]
    path = tmp_path / source.files["annotations"].path
    path.parent.mkdir(parents=True)
    path.write_text("\n".join(["!gaf-version: 2.2", *rows]) + "\n")
    monkeypatch.setattr(sources.paths, "DOWNLOADS", tmp_path)
    gene_sets._read_members.cache_clear()
    one, two = tasks.build(source, source.tasks[0])
    gene_sets._read_members.cache_clear()
    assert (one.name, two.name, one.title) == (
        "goa/process/go-0000001",
        "goa/process/go-0000002",
        "GO:0000001",
    )
    assert (
        set(one.entities[one.labels == 1]) == set(symbols) - set(symbols[::3]) and len(one) == 240
    )
    assert (one.labels + two.labels == 1).all()
