"""Logos of starts, codon positions and stems of tRNA genes, on a small genome."""

import numpy as np
import pytest
from glm import toys

from genebench.core.errors import BadInput
from genebench.glm import genomes, interpret
from notebooks.studies.lib import genome as of_genome
from notebooks.studies.lib import tracks


def certain(toy):
    """Log-probabilities of a model that expects the bases that stand there."""
    return np.where(np.eye(4)[toy.codes] > 0, np.log(0.97), np.log(0.01)).astype(np.float32)


def test_a_model_that_expects_the_genome_agrees_with_its_starts_and_is_certain():
    toy = toys.genome()
    logo, agreement = interpret.start_logo(toy, certain(toy))
    assert (agreement.r > 0.99).all() and agreement.genes[0] == 2
    start = logo[logo.place.between(0, 2)].pivot(index="place", columns="base", values="model")
    assert start.idxmax(axis=1).tolist() == list("ATG")
    codon = interpret.codon_positions(toy, certain(toy), model="m")
    np.testing.assert_allclose(codon[["top", "truth"]], 0.97, rtol=1e-5)


@pytest.mark.parametrize("strand", [1, -1])
def test_the_acceptor_stem_of_a_trna_is_where_it_should_be(strand, monkeypatch):
    toy, a, b = toys.genome(), 900, 976
    toy.region[a:b], toy.strand[a:b] = genomes.REGIONS.index("RNA gene"), strand
    toy.codes[a:b] = 0  # no CCA at its end: the stem ends one base before the last
    planted = np.zeros((76, 76))
    planted[np.arange(7), 74 - np.arange(7)] = 1
    planted = planted[::strand, ::strand]
    monkeypatch.setattr(tracks, "dependency_map", lambda *given: planted)
    _, pairs = of_genome.acceptor_stems(toy, None)
    assert len(pairs) == 1 and pairs.auroc[0] == 1 and pairs.top[0] == 1


def test_a_genome_without_genes_is_an_error():
    toy = toys.genome()
    toy.part[:] = 0
    with pytest.raises(BadInput, match="has no gene in its held-out part"):
        interpret.held_out_genes(toy)
    with pytest.raises(BadInput, match="no transfer RNA gene in its held-out part"):
        of_genome.acceptor_stems(toy, None)
