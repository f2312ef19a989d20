"""Genes of alike proteins, on a simulated proteome whose families are known."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from helpers import forget
from test_resolver import CODING, COLUMNS

from genebench.benchmark import splits
from genebench.core import cache, paths, specs
from genebench.core.errors import BadInput
from genebench.data import alignment, genes, proteins, sources
from genebench.data.tasks import Task
from genebench.spectra import properties

LETTERS = np.array(list("ACDEFGHIKLMNPQRSTVWY"))
SHARE = (
    np.array([70, 23, 47, 71, 36, 66, 26, 43, 57, 100, 21, 36, 63, 48, 56, 83, 54, 60, 12, 28])
    / 1000
)
"""Amino acids of the human proteome, rounded."""


def protein(rng: np.random.Generator, length: int) -> np.ndarray:
    """A random protein, as numbers of ``LETTERS``."""
    return rng.choice(20, length, p=SHARE / SHARE.sum())


def relative(
    rng: np.random.Generator, ancestor: np.ndarray, kept: float, gaps: float = 0.01
) -> np.ndarray:
    """A copy of which a share ``kept`` of the letters stay, with short pieces left out and put in."""
    letters = np.where(rng.random(len(ancestor)) < kept, ancestor, protein(rng, len(ancestor)))
    parts, at = [], 0
    while at < len(letters):
        step = rng.geometric(gaps)
        parts.append(letters[at : at + step])
        at += step
        if rng.random() < 0.5:
            at += rng.geometric(0.3)
        else:
            parts.append(protein(rng, rng.geometric(0.3)))
    return np.concatenate(parts)


def simulated(
    seed: int, sizes: list[int], *, alone: int, identity: float
) -> tuple[list[str], np.ndarray]:
    """Proteins of lengths as in man, in families of these sizes whose members are ``identity`` identical in pairs, and
    others alone, some long ones of which have one of three domains of 80 letters (copies are 40 % identical).

    Returns: sequences, and the family of each, −1 for none.
    """
    rng = np.random.default_rng(seed)
    kept = np.sqrt((identity - 0.06) / 0.94)  # letters drawn anew agree with a chance of 0.06
    lengths = np.clip(np.exp(rng.normal(np.log(415), 0.78, len(sizes) + alone)), 100, 2000).astype(
        int
    )
    held, family = [], []
    for f, (size, length) in enumerate(zip(sizes, lengths)):
        ancestor = protein(rng, length)
        held += [relative(rng, ancestor, kept) for _ in range(size)]
        family += [f] * size
    domains = [protein(rng, 80) for _ in range(3)]
    for i, length in enumerate(lengths[len(sizes) :]):
        made = protein(rng, length)
        if i % 2 and length > 400:
            copy = relative(rng, domains[i % 3], 0.6)
            made[100 : 100 + len(copy)] = copy
        held.append(made)
        family.append(-1)
    return ["".join(LETTERS[s]) for s in held], np.array(family)


def components(n: int, first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Number of the group of each of n proteins, ``(n,)``."""
    names = [f"{i:04d}" for i in range(n)]
    of = proteins.linked([(name,) for name in names], first, second)
    return np.array([int(of[name]) for name in names])


@pytest.fixture(scope="module")
def planted():
    """120 proteins of 20 families at 60 %, and 60 alone: sequences, families, groups found."""
    sequences, family = simulated(1, [2] * 8 + [5] * 8 + [16] * 4, alone=60, identity=0.6)
    return sequences, family, components(len(sequences), *proteins.related(sequences, jobs=1))


def test_planted_families_are_whole_and_nothing_else_is_merged(planted):
    _, family, group = planted
    for f in range(family.max() + 1):
        assert len(set(group[family == f])) == 1
    assert len(set(group)) == family.max() + 1 + (family == -1).sum()


def test_the_groups_are_those_of_aligning_every_pair():
    sequences, _ = simulated(2, [4] * 8, alone=10, identity=0.5)
    whole = properties.sequence_identity(sequences, above=proteins.ABOVE, binary=True, jobs=1)
    first, second, _ = whole.edges()
    truth = components(len(sequences), first, second)
    np.testing.assert_array_equal(
        components(len(sequences), *proteins.related(sequences, jobs=1)), truth
    )
    assert len(set(truth)) < len(sequences)


def test_a_domain_alone_does_not_link_what_is_otherwise_different():
    rng = np.random.default_rng(3)
    domain = protein(rng, 80)
    a, b = (np.concatenate([protein(rng, 260), domain, protein(rng, 260)]) for _ in range(2))
    whole = relative(rng, a, 0.8)
    sequences = ["".join(LETTERS[s]) for s in (a, b, whole)]
    letters, start = proteins.coded(sequences)
    indptr, indices = alignment.resembling(letters, start, proteins.ABOVE, proteins.CHANCE)
    assert np.split(indices, indptr[1:-1])[0].tolist() == [1, 2]  # looked at, and refused
    assert np.stack(proteins.related(sequences, jobs=1)).T.tolist() == [[0, 2]]


def test_the_threshold_is_what_end_to_end_relatives_at_thirty_per_cent_reach():
    rng = np.random.default_rng(8)
    identity = {}
    for agree in (0.06, 0.3, 0.5):  # 0.06: letters drawn anew
        kept = (agree - 0.06) / 0.94
        drawn = [protein(rng, 400) for _ in range(200)]
        others = [np.where(rng.random(400) < kept, a, protein(rng, 400)) for a in drawn]
        coded = [[(s + 1).astype(np.uint8) for s in pair] for pair in zip(drawn, others)]
        identity[agree] = np.mean([alignment.identity(a, b) for a, b in coded])
    assert abs(identity[0.06] - 0.24) < 0.01 and abs(identity[0.3] - proteins.ABOVE) < 0.01
    assert identity[0.5] > proteins.ABOVE + 0.1


def test_words_of_two_letters_and_lengths_too_unlike_bring_no_pair_to_an_alignment():
    rng = np.random.default_rng(4)
    a, b = ("".join(LETTERS[protein(rng, 200)]) for _ in range(2))
    low = "QQHQ" * 20
    for pair in ([low, low], [low + a, low + b], [a, a + b * 3], [a[:3], a[:3]]):
        assert (
            len(alignment.resembling(*proteins.coded(pair), proteins.ABOVE, proteins.CHANCE)[1])
            == 0
        )
    assert (
        len(alignment.resembling(*proteins.coded([a, a]), proteins.ABOVE, proteins.CHANCE)[1]) == 1
    )


def test_unrelated_pairs_are_aligned_about_as_often_as_is_said():
    rng = np.random.default_rng(5)
    sequences = ["".join(LETTERS[protein(rng, 400)]) for _ in range(400)]
    number = len(alignment.resembling(*proteins.coded(sequences), proteins.ABOVE, 0.01)[1])
    assert 0.002 < number / (400 * 399 / 2) < 0.02


# --- from the file to the folds ---------------------------------------------------------------------------------------


def header(number: int, symbol: str = "") -> str:
    """The header of a protein as UniProt writes it."""
    named = f" GN={symbol}" if symbol else ""
    return f"sp|P{number:05d}|X{number}_HUMAN Protein {number} OS=Homo sapiens OX=9606{named} PE=1 SV=1"


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


def test_a_protein_is_of_the_genes_that_list_it_else_of_the_one_it_names():
    known = resolver([("ONE", "P00001"), ("H4A", "P00002"), ("H4B", "P00002"), ("OLD", "P00009")])
    held = proteins.held_by(
        [header(1, "X"), header(2, "H4A"), header(3, "OLD"), header(4)], known=known
    )
    assert [set(h) for h in held] == [{"ONE"}, {"H4A", "H4B"}, {"OLD"}, set()]


def test_genes_of_one_protein_and_proteins_of_one_gene_are_linked():
    owners = [("B", "A"), ("C",), ("C",), (), ("D",), ("E",)]
    found = proteins.linked(owners, np.array([0, 2, 3]), np.array([1, 3, 4]))
    assert found == {"A": "A", "B": "A", "C": "A", "D": "A", "E": "E"}


@pytest.fixture
def written(planted, tmp_path, monkeypatch):
    """The simulated proteome as a file of the declared source; a task on its genes and 20 without a protein."""
    sequences, family, _ = planted
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
    monkeypatch.setattr(genes, "resolver", lambda: known)
    monkeypatch.setattr(
        genes, "fingerprint", lambda source=None: of_source(source) if source else ["made up"]
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
    assert cache.facts(proteins.path())["proteins"] == 180
    before = splits.fingerprint("similarity")
    path = sources.locate(specs.source(proteins.SOURCE), proteins.FILE)
    path.write_text(path.read_text() + f">{header(999)}\nMKV\n")
    path.with_name(path.name + ".sha256").unlink()
    forget()
    assert splits.fingerprint("similarity") != before and not proteins.ready()


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
