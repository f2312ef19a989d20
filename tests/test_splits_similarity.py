"""Folds without similar proteins on both sides, on a simulated proteome whose families are known."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from helpers import CODING, COLUMNS, forget, header, simulated

from genebench.benchmark import splits
from genebench.core import cache, paths, specs
from genebench.core.errors import BadInput
from genebench.data import genes, proteins, sources
from genebench.data.tasks import Task


def resolver(rows: list[tuple[str, str]]) -> genes.Resolver:
    """A resolver of (symbol, UniProt accession)."""
    blank = dict.fromkeys(COLUMNS, "")
    made = [
        {
            **blank,
            "hgnc_id": f"HGNC:{i}",
            "symbol": s,
            "uniprot_ids": a,
            "location": "1p1",
            "locus_group": CODING,
        }
        for i, (s, a) in enumerate(rows, 1)
    ]
    return genes.build(pd.DataFrame(made, columns=COLUMNS), release="Made up")


@pytest.fixture(scope="module")
def planted():
    """120 proteins of 20 families at 60 %, and 60 alone: sequences, families."""
    return simulated(1, [2] * 8 + [5] * 8 + [16] * 4, alone=60, identity=0.6)


@pytest.fixture
def written(planted, tmp_path, monkeypatch):
    """The simulated proteome as a file of the declared source; a task on its genes and 20 without a
    protein."""
    sequences, family = planted
    symbols = [f"G{i:03d}X" for i in np.random.default_rng(6).permutation(len(sequences))]
    known = resolver(
        [(s, f"P{i:05d}") for i, s in enumerate(symbols)] + [(f"NC{i:02d}X", "") for i in range(20)]
    )
    path = tmp_path / "downloads" / specs.source(proteins.SOURCE).files[proteins.FILE].path
    path.parent.mkdir(parents=True)
    path.write_text("".join(f">{header(i, s)}\n{sequences[i]}\n" for i, s in enumerate(symbols)))
    of_source = genes.fingerprint
    monkeypatch.setattr(paths, "DOWNLOADS", tmp_path / "downloads")
    monkeypatch.setattr(paths, "PROTEINS", tmp_path / "proteins")
    monkeypatch.setattr(genes, "resolver", lambda sources: known)
    monkeypatch.setattr(
        genes,
        "fingerprint",
        lambda declared, source=None: of_source(declared, source) if source else ["made up"],
    )
    forget()
    names = np.sort([*symbols, *(f"NC{i:02d}X" for i in range(20))])
    labels = np.arange(len(names)) % 2
    task = Task(
        "t/t", "t", "d", "protein properties", "binary", "made", 1, names, labels, ("no", "yes")
    )
    yield task, {s: f for s, f in zip(symbols, family.tolist()) if f >= 0}
    forget()


def test_no_planted_family_is_on_both_sides(written):
    task, family = written
    assert splits.lacking("similarity") == ""
    fold = dict(
        zip(task.entities.tolist(), splits.folds(task, "similarity", n_folds=5, seed=1).tolist())
    )
    sides: dict[int, set[int]] = {}
    for symbol, f in family.items():
        sides.setdefault(f, set()).add(fold[symbol])
    assert len(sides) == 20 and all(len(s) == 1 for s in sides.values())
    group = splits.groups(task, "similarity")
    bare = [g for name, g in zip(task.entities, group) if name.startswith("NC")]
    assert len(set(bare)) == 20 and all(group.count(g) == 1 for g in bare)
    cut = splits.folds(task, "random", n_folds=5, seed=1)
    assert any(len({cut[i] for i, g in enumerate(group) if g == one}) > 1 for one in set(group))


def test_pairs_of_genes_are_cut_so_that_no_group_is_on_both_sides(written):
    task, _ = written
    rng = np.random.default_rng(7)
    chosen = sorted({f"{a}|{b}" for a, b in rng.choice(task.entities, (600, 2)) if a < b})
    couples = replace(
        task, kind="pair", entities=np.array(chosen), labels=np.arange(len(chosen)) % 2
    )
    fold = splits.folds(couples, "similarity", n_folds=3, seed=1)
    group = dict(zip(task.entities.tolist(), splits.groups(task, "similarity")))
    sides = [
        {group[g] for g in np.concatenate([part[fold == k] for part in couples.parts])}
        for k in range(3)
    ]
    assert all(sides) and sum(map(len, sides)) == len(set().union(*sides)) and (fold == -1).any()


def test_proteins_are_aligned_once_and_again_when_the_file_is_another(written, monkeypatch):
    task, _ = written
    said, made = [], []
    whole = proteins.related
    monkeypatch.setattr(proteins, "related", lambda *a, **k: made.append(1) or whole(*a, **k))
    splits.prepare({"random", "similarity"}, jobs=1, say=said.append)
    splits.prepare({"similarity"}, jobs=1, say=said.append)
    splits.folds(task, "similarity", n_folds=5, seed=1)
    assert (
        len(made) == 1
        and "180 genes with a protein, 80 groups, the largest of 16" in said[1]
        and len(said) == 2
    )
    assert cache.facts(proteins.path(specs.sources()))["proteins"] == 180
    before = splits.fingerprint("similarity")
    path = sources.locate(specs.source(proteins.SOURCE), proteins.FILE)
    path.write_text(path.read_text() + f">{header(999)}\nMKV\n")
    path.with_name(path.name + ".sha256").unlink()
    forget()
    assert splits.fingerprint("similarity") != before and not proteins.ready(specs.sources())


def test_a_proteome_that_is_not_at_hand_is_told_with_what_to_fetch(written):
    with sources.only_at_hand():
        sources.locate(specs.source(proteins.SOURCE), proteins.FILE).unlink()
        forget()
        assert (
            "'similarity' needs a table that is not at hand; run 'genebench fetch hgnc proteome'"
            in (splits.lacking("similarity"))
        )
        with pytest.raises(BadInput, match="genebench fetch proteome"):
            splits.prepare({"similarity"})
