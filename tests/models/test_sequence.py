"""Encoders of sequences: compositions counted by hand, networks against their own classes."""

from collections import Counter
from itertools import product

import numpy as np
import pandas as pd
import pytest
from helpers import refused
from numpy.testing import assert_allclose

from genebench.core import specs
from genebench.data import genome, sources
from genebench.models import hub, inference, sequence

FASTA = {"source": "swissprot", "file": "sequences"}
PROTEINS = {"P00001": "MDLSALRVEE", "P00002": "MTTQAPTFTQPLQSVVVLEGSTATFEAHISGFPVPEVSWFRDGQVISTS"}


def test_kmer_shares_are_those_counted_one_by_one():
    alphabet = "ACDEFGHIKLMNPQRSTVWY"
    text = "".join(np.random.default_rng(0).choice([*alphabet, "X"], 200))
    count = Counter(text[i : i + 2] for i in range(199) if "X" not in text[i : i + 2])
    expected = [count["".join(c)] / sum(count.values()) for c in product(alphabet, repeat=2)]
    shares = sequence.kmer_shares([text, "XXXX", "A"], 2)
    assert_allclose(shares[0], expected, atol=1e-12)
    assert (shares[1:] == 0).all()


def test_protein_descriptors_by_hand():
    mass = (128.1741 + 156.1875 + 115.0886 + 186.2132 + 113.1594 + 99.1326 + 87.0782) / 7
    hydropathy = (-3.9 - 4.5 - 3.5 - 0.9 + 4.5 + 4.2 - 0.8) / 7
    expected = [np.log(10), mass, 1 / 7, hydropathy, 1 / 7, 2 / 7, 1 / 7]
    result = sequence.protein_descriptors(["KRDWIVSXXX"])
    assert_allclose(result, [expected], rtol=1e-9)


def test_a_proteome_gives_descriptors_and_shares_by_accession(tables, vectors):
    table = pd.DataFrame({"id": "tr|P00009|X sp|P00001|KIN1 sp|P00002|SET".split()})
    table = table.assign(header=table.id + " text", sequence="MA AACD WW".split())
    tables["swissprot", "sequences"] = table
    spec = specs.declared().models["protein-composition"]
    embedding = vectors("composition", "KIN1 SET CHN3", **spec.options)
    assert embedding.entities.tolist() == ["KIN1", "SET"]
    assert embedding.vectors.shape == (2, spec.dim) and embedding.vectors[1, 7 + 18] == 1
    assert embedding.vectors[0, 7:10].tolist() == [0.5, 0.25, 0.25]
    with refused("the header '>tr.P00009.X text' has no id of the form"):
        vectors("composition", "KIN1", **spec.options | {"id_pattern": "^sp[|](.+)[|]"})


@pytest.fixture
def protein(tables, model, vectors):
    """Vectors of KIN1 and SET by a protein model."""
    table = {"id": list(PROTEINS), "sequence": PROTEINS.values()}
    tables["swissprot", "sequences"] = pd.DataFrame(table)

    def embed(context=64, **options):
        spec = model(family="protein", context=context)
        return inference.infer(
            vectors("protein", "KIN1 SET", spec=spec, **FASTA, **options)
        ).vectors

    return embed


@pytest.mark.parametrize("kind, context", [("esm", 18), ("esmc", 64)])
def test_a_protein_is_the_mean_over_its_residues_a_long_one_over_windows(
    save, states, protein, kind, context
):
    network, room = save(kind), context - 2
    for row, residues in zip(protein(context), PROTEINS.values()):
        parts = [
            states(network, residues[start:stop])[1:-1][first - start : last - start]
            for start, stop, first, last in hub.cut(len(residues), room, room // 4)
        ]
        assert sum(map(len, parts)) == len(residues)
        assert_allclose(row, np.concatenate(parts).mean(0), atol=2e-6)


def test_residues_are_written_as_the_tokenizer_needs_them(save, states, protein, tables):
    network = save("t5")
    tables["swissprot", "sequences"] = pd.DataFrame({"id": ["P00001"], "sequence": ["MEUL"]})
    spaced = protein(written="spaced")[0]  # rare residues are X
    assert_allclose(spaced, states(network, "M E X L").mean(0), atol=2e-6)
    assert np.abs(protein(written="words")[0] - spaced).max() > 1e-4  # U is not X
    with refused("unknown way of writing residues 'space'"):
        protein(written="space")


def test_a_sequence_and_its_reverse_complement_have_one_vector(
    save, states, monkeypatch, tables, vectors, model
):
    network, texts = save("esm"), {"SET": "", "KIN1": "ACGTTGCA", "CHN3": "TTACGN"}
    tables["grch38", "genes"] = pd.DataFrame({"gene": [*texts]})
    monkeypatch.setattr(genome, "regions", lambda table, region: table)
    monkeypatch.setattr(genome, "extract", lambda path, parts: [*map(texts.get, parts.gene)])
    monkeypatch.setattr(sources, "locate", lambda source, file: file)
    options = {"spec": model(family="dna", context=64), "source": "grch38", "file": "genome"}

    def embed():
        return inference.infer(vectors("dna", "KIN1 SET CHN3", **options))

    both = embed()
    assert both.entities.tolist() == ["CHN3", "KIN1"]  # without a sequence there is no vector
    strands = [states(network, text)[1:-1].mean(0) for text in ("TTACGN", "NCGTAA")]
    assert_allclose(both.vectors[0], np.mean(strands, axis=0), atol=2e-6)
    texts["CHN3"] = "NCGTAA"
    assert_allclose(embed().vectors, both.vectors, atol=1e-6)
