"""DNA as codes, genomes with annotation, and what a model has learnt of one: starts, motifs."""

import numpy as np
import pytest
from glm import toys
from helpers import refused

from genebench.core import specs
from genebench.glm import codes, genomes, interpret
from notebooks.studies.lib import genome as of_genome
from notebooks.studies.lib import motifs

toy = pytest.fixture(toys.genome)


def test_codes_decode_and_reverse_complement():
    assert codes.decode(codes.encode("ACGTNacgtnRYU")) == "ACGTNACGTNNNT"
    assert codes.decode(codes.reverse_complement(codes.encode("AACGTN"))) == "NACGTT"
    assert codes.kmers(codes.encode("ACGTN"), 2).tolist() == [1, 6, 11, -1]
    cut = codes.windows(codes.encode("ACGT"), np.array([-2, 2]), 4)
    assert codes.decode(cut.ravel()) == "NNACGTNN"


def test_genes_are_read_along_both_strands_and_positions_count_from_the_start(toy):
    assert [codes.decode(toy.coding(g)) for g in toy.genes.itertuples()] == [toys.GENE] * 2
    end = 820 + len(toys.GENE)
    assert toy.position[650:653].tolist() == toy.position[820:end][:-4:-1].tolist() == [1, 2, 3]
    assert (toy.strand[820:end] == -1).all()
    assert toy.blocks("test") == [(600, 1000)] and toy.blocks("train") == [(0, 600)]


def test_duplicates_are_in_training_on_either_strand(toy):
    toy.codes[700:740] = toys.reverse(toy.codes[100:140])
    assert toy.duplicates[700:740].all() and not toy.duplicates[:600].any()
    assert toy.fresh.sum() == 400 - toy.duplicates.sum()


def test_a_model_that_expects_the_genome_agrees_with_its_starts_and_is_certain(toy):
    table = np.where(np.eye(4)[toy.codes] > 0, np.log(0.97), np.log(0.01))
    logo, agreement = interpret.start_logo(toy, table)
    assert (agreement.r > 0.99).all()
    start = logo[logo.place.between(0, 2)].pivot(index="place", columns="base", values="model")
    assert start.idxmax(axis=1).tolist() == list("ATG")
    codon = interpret.codon_positions(toy, table, model="m")
    np.testing.assert_allclose(codon[["top", "truth"]], 0.97, rtol=1e-5)


@pytest.mark.parametrize(
    "read, sentence",
    [
        (lambda toy: genomes.load("ecolii", specs.declared().sources), "did you mean 'ecoli'"),
        (lambda toy: toy.blocks("tset"), "unknown part of a genome 'tset'; did you mean 'test'"),
        (interpret.held_out_genes, "has no gene in its held-out part"),
        (lambda toy: of_genome.acceptor_stems(toy, None), "no transfer RNA gene in its held-out"),
    ],
)
def test_what_a_genome_lacks_is_an_error(toy, read, sentence):
    toy.part[:] = 0
    with refused(sentence):
        read(toy)


def test_a_motif_is_named_by_its_profile_on_either_strand_and_noise_is_not():
    rng = np.random.default_rng(0)
    profiles = {f"p{i}": rng.dirichlet([0.2] * 4, 9) for i in range(12)}
    turned, noise = profiles["p7"][::-1, ::-1], rng.dirichlet(np.ones(4), 9)
    given = [(turned, 40), (profiles["p2"][1:], 90), (noise, 10)]
    table, letters = motifs.match_motifs(given, profiles)
    assert table.sites.tolist() == [90, 40, 10] and table.match.tolist()[:2] == ["p2", "p7"]
    assert (table.r[:2] > 0.999).all() and table.r[2] < 0.95
    assert (table.r > table.chance)[:2].all()
    assert letters[(letters.motif == "motif 1") & (letters["of"] == "match")].position.min() == -1
