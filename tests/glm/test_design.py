"""Designs: sampling, refinement, edit distances, motif sites, metrics."""

import re

import numpy as np
import pytest
from glm import toys

from genebench.core import paths
from genebench.core.errors import BadInput
from genebench.glm import codes, design
from notebooks.studies.lib import designs, markov, tracks, transfer, windows

PAIRS = np.random.default_rng(0).dirichlet([0.5] * 4, 4)


def chain():
    """A sequence in which each base depends on the one before, by ``PAIRS``."""
    rng, out = np.random.default_rng(1), [0]
    for u in rng.random(12_000):
        out.append(int(min(3, (u > PAIRS[out[-1]].cumsum()).sum())))
    return np.array(out, dtype=np.uint8)


def edits(a: str, b: str) -> int:
    """Edit distance, by the book."""
    row = list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        row, last = [i], row
        for j, y in enumerate(b, 1):
            row.append(min(last[j - 1] + (x != y), last[j] + 1, row[j - 1] + 1))
    return row[-1]


def test_distances_are_least_numbers_of_edits():
    a, b = toys.bases(84).reshape(6, 14), toys.bases(144, seed=1).reshape(9, 16)
    truth = [min(edits(codes.decode(x), codes.decode(y)) for y in b) for x in a]
    assert designs.distances(a, b).tolist() == truth
    assert designs.distances(a, a).tolist() == [0] * 6


def test_samples_follow_the_model_and_contain_no_forbidden_word():
    sequence = chain()
    model = markov.fit([sequence], [sequence[:2000]], orders=[1], both_strands=False)[1]
    free = design.sample(model.conditionals, 300, 50, context=1, seed=3)
    counts = np.zeros((4, 4))
    np.add.at(counts, (free[:, :-1].ravel(), free[:, 1:].ravel()), 1)
    np.testing.assert_allclose(counts / counts.sum(1, keepdims=True), PAIRS, atol=0.06)
    options = {"context": 1, "forbidden": ("ACG", "TT"), "seed": 3}
    limited = design.sample(model.conditionals, 100, 50, **options)
    assert not re.search("ACG|TT", "N".join(map(codes.decode, limited)))
    assert re.search("ACG|TT", "N".join(map(codes.decode, free)))
    with pytest.raises(BadInput, match="the temperature is 0, but must be above 0"):
        design.sample(model.conditionals, 2, 5, context=1, temperature=0)
    with pytest.raises(BadInput, match="leave no base to draw at place 0"):
        design.sample(model.conditionals, 2, 5, context=1, forbidden=("A", "C", "G", "T"))


def test_refining_makes_sequences_likelier():
    sequence = chain()
    model = markov.fit([sequence], [sequence[:2000]], orders=[3], kind="chain")[3]
    begun = toys.bases(1800).reshape(30, 60)
    refined = designs.refine(model, begun, rounds=4)
    bits = [
        np.mean([tracks.bits(model.conditionals(s[None])[0], s).mean() for s in sequences])
        for sequences in (begun, refined)
    ]
    assert bits[1] < bits[0] - 0.2


def test_motif_sites_are_found_on_both_strands():
    matrix = np.full((6, 4), 0.02)
    matrix[np.arange(6), codes.encode("GATAAC")] = 0.94
    sequences = np.zeros((3, 30), dtype=np.uint8)
    sequences[0, 5:11] = codes.encode("GATAAC")
    sequences[1, 5:11] = codes.encode("GTTATC")
    assert designs.motif_hits(sequences, {"m": matrix})[:, 0].tolist() == [1, 1, 0]


def test_a_probe_does_not_discriminate_sets_by_families_of_copies():
    sequences = np.repeat(toys.bases(7200).reshape(120, 60), 4, axis=0)
    vectors = [transfer.kmer_shares(s, 4) for s in (sequences[:240], sequences[240:])]
    alone = np.arange(480)
    assert designs.discriminate(*vectors, alone) > 0.9, "whoever knows a copy knows the set"
    assert 0.3 < designs.discriminate(*vectors, windows.families(sequences)) < 0.7


def test_metrics_of_a_set_are_those_of_its_making():
    natural, other = toys.bases(4800).reshape(60, 80), toys.bases(4800, seed=2).reshape(60, 80)
    motif = {"m": 0.97 * np.eye(4)[codes.encode("GATA")] + 0.03 / 4}
    rich = np.where(other == 0, 2, other).astype(np.uint8)
    options = {"predict": lambda s: (s == 2).mean(1), "likelihood": lambda s: (s == 1).mean(1)}
    table = designs.judge(
        {"natural": other, "copies": natural, "rich": rich},
        natural,
        natural,
        profiles=motif,
        **options,
    ).set_index("set")
    assert table.novelty["copies"] == 0 and table.copies.tolist() == [0, 1, 0]
    assert table.gc["rich"] == pytest.approx(np.isin(rich, (1, 2)).mean())
    assert table.kmers["copies"] == 0 and table.kmers["rich"] > 2 * table.kmers["natural"]
    assert table.activity["rich"] == pytest.approx((rich == 2).mean())
    assert table.discriminator["rich"] > 0.9 > 0.8 > table.discriminator["natural"]
    assert (table.activity_low < table.activity).all()


def test_a_wrong_tag_or_a_missing_network_is_an_error(tmp_path, monkeypatch):
    options = {"n": 1, "temperature": 1, "forbidden": [], "seed": 0}
    with pytest.raises(BadInput, match="unknown tag 'hihg'; did you mean 'high'"):
        design.write_designs(tmp_path / "x.fa", tag="hihg", **options)
    monkeypatch.setattr(paths, "GLM_MODELS", tmp_path)
    with pytest.raises(BadInput, match="run 'genebench notebooks --study design'"):
        design.write_designs(tmp_path / "x.fa", tag="high", **options)


def test_designs_are_written_as_fasta(tmp_path):
    options = {"tag": "low", "temperature": 1.0, "forbidden": ["TATA"], "seed": 0}
    assert design.write_designs(tmp_path / "x.fa", n=3, **options) == 3
    lines = (tmp_path / "x.fa").read_text().splitlines()
    assert lines[::2] == [f">design_{i} tag=low" for i in (1, 2, 3)]
    assert all(re.fullmatch("[ACGT]{80}", s) and "TATA" not in s for s in lines[1::2])
