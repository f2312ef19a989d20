"""Logos of starts, codon positions and stems of tRNA genes, on a small genome."""

import numpy as np
import pytest
from glm import toys

from genebench.core.errors import BadInput
from genebench.glm import genomes, interpret
from notebooks.studies.lib import genome as of_genome


def certain(toy):
    """Log-probabilities of a model that expects the bases that stand there."""
    return np.where(np.eye(4)[toy.codes] > 0, np.log(0.97), np.log(0.01)).astype(np.float32)


def test_letters_without_information_have_no_height():
    background = np.array([0.3, 0.2, 0.2, 0.3])
    assert np.abs(interpret.heights(background[None], background)).max() < 1e-12
    sure = interpret.heights(np.eye(4)[:1], np.full(4, 0.25))
    assert sure.sum() == pytest.approx(2, abs=1e-5)


def test_a_model_that_expects_the_genome_agrees_with_its_starts_and_is_certain():
    toy = toys.genome()
    logo, agreement = interpret.start_logo(toy, certain(toy))
    assert (agreement.r > 0.99).all() and agreement.genes[0] == 2
    start = logo[logo.place.between(0, 2)].pivot(index="place", columns="base", values="model")
    assert start.idxmax(axis=1).tolist() == list("ATG")
    codon = interpret.codon_positions(toy, certain(toy), model="m")
    np.testing.assert_allclose(codon[["top", "truth"]], 0.97, rtol=1e-5)


def test_codon_usage_knows_the_codons_of_the_genes(monkeypatch):
    toy = toys.genome()
    codon = toy.coding(next(toy.genes.itertuples())).reshape(-1, 3) @ genomes.CODON
    usage = np.bincount(codon, minlength=64) + 1e-6
    monkeypatch.setattr(genomes.Genome, "codon_usage", lambda self: usage)
    table = interpret.codon_usage_positions(toy).set_index("position")
    assert (table.bits < 0.5).all() and (table.top >= table.truth - 1e-9).all()


class Paired:
    """A model that expects each base of a stem to pair with its partner, and nothing elsewhere."""

    def __init__(self, partner, start):
        self.pairs = [(i - start, j - start) for i, j in partner.items()]

    def conditionals(self, windows):
        """Even everywhere but in the stem."""
        out = np.full((*windows.shape, 4), np.log(0.25), dtype=np.float32)
        for i, j in self.pairs:
            out[:, i] = np.log(0.02)
            out[np.arange(len(windows)), i, 3 - windows[:, j]] = np.log(0.94)
        return out


@pytest.mark.parametrize("strand", [1, -1])
def test_the_acceptor_stem_of_a_trna_is_where_it_should_be(strand):
    toy, a, b = toys.genome(), 900, 976
    toy.region[a:b], toy.strand[a:b] = genomes.REGIONS.index("RNA gene"), strand
    toy.codes[a:b] = 0  # no CCA at its end: the stem ends one base before the last
    along = np.arange(a, b)[::strand]
    partner = {int(along[i]): int(along[74 - i]) for i in range(7)}
    partner |= {j: i for i, j in partner.items()}
    _, pairs = of_genome.acceptor_stems(toy, Paired(partner, 1000 - 512))
    assert len(pairs) == 1 and pairs.auroc[0] == 1 and pairs.top[0] == 1
    shifted = {i + 2: j for i, j in partner.items()}
    assert of_genome.acceptor_stems(toy, Paired(shifted, 1000 - 512))[1].auroc[0] < 0.9


def test_a_genome_without_genes_is_an_error():
    toy = toys.genome()
    toy.part[:] = 0
    with pytest.raises(BadInput, match="has no gene in its held-out part"):
        interpret.held_out_genes(toy)
    with pytest.raises(BadInput, match="no transfer RNA gene in its held-out part"):
        of_genome.acceptor_stems(toy, None)
