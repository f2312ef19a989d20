"""Tasks from the gene sets of declared sources, against the files read anew."""

from __future__ import annotations

import numpy as np
import pytest

from genebench.core import specs
from genebench.data import genes, sources, tasks

DECLARED = specs.sources()
pytestmark = pytest.mark.mirror


@pytest.fixture
def ready():
    """A declared source by id, where its files and those of HGNC are at hand."""

    def get(name: str) -> specs.SourceSpec:
        for needed in (name, "hgnc"):
            if sources.status(DECLARED[needed])[0] != "ready":
                pytest.skip(f"the files of '{needed}' are not here; run 'genebench fetch {needed}'")
        return DECLARED[name]

    with sources.only_at_hand():
        yield get


def approved(names) -> set[str]:
    """Approved symbols of names, one at a time; aliases and other names give none."""
    known = genes.resolver(DECLARED)
    results = (known.resolve([name], kind="symbol") for name in names)
    return {r.symbol[0] for r in results if r.status[0] in ("approved", "previous")} - {""}


def positives(task: tasks.Task) -> set[str]:
    """Genes of the positive class."""
    return set(task.entities[task.labels == 1])


def test_pathway_tasks_have_the_genes_of_their_pathway_and_are_no_near_copies(ready):
    source = ready("reactome_hierarchy")
    (built,) = tasks.from_source(source, sources=DECLARED)
    frame = sources.table(source, "pathways")
    ids = {p.lower(): p for p in frame["set"] if p.startswith("R-HSA")}
    assert len(built) > 1_000
    for task in built[::150]:
        pathway = ids[task.name.rsplit("/", 1)[1]]
        rows = frame[frame["set"] == pathway]
        assert task.title == rows.name.iloc[0] and pathway in task.description
        assert positives(task) == approved(rows.gene)
    labels = np.array([t.labels for t in built], dtype=np.float32)
    size, shared = labels.sum(axis=1), labels @ labels.T
    jaccard = shared / (size[:, None] + size[None] - shared)
    np.fill_diagonal(jaccard, 0)
    assert size.min() >= 20 and (len(built[0]) - size).min() >= 20 and jaccard.max() < 0.9
