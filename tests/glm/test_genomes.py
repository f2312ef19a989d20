"""Real genomes: annotation, k-mers and duplicates on small sequences."""

import numpy as np
import pytest
from glm import toys

from genebench.core import specs
from genebench.core.errors import BadInput
from genebench.glm import codes, genomes


def test_genes_are_read_along_both_strands_and_positions_count_from_the_start():
    toy = toys.genome()
    assert [codes.decode(toy.coding(g)) for g in toy.genes.itertuples()] == [toys.GENE] * 2
    end = 820 + len(toys.GENE)
    assert toy.position[650:656].tolist() == [1, 2, 3, 1, 2, 3]
    assert toy.position[end - 6 : end].tolist() == [3, 2, 1, 3, 2, 1]
    assert (toy.strand[820:end] == -1).all()
    assert toy.blocks("test") == [(600, 1000)] and toy.blocks("train") == [(0, 600)]
    with pytest.raises(BadInput, match="unknown part of a genome 'tset'; did you mean 'test'"):
        toy.blocks("tset")


def test_duplicates_are_in_training_on_either_strand():
    toy = toys.genome()
    toy.codes[700:740] = toys.reverse(toy.codes[100:140])
    assert toy.duplicates[700:740].all() and not toy.duplicates[:600].any()
    gene = np.zeros(1000, bool)
    gene[650 : 650 + len(toys.GENE)] = gene[820 : 820 + len(toys.GENE)] = True
    assert not toy.duplicates[~gene].any()
    assert toy.fresh.sum() == 400 - toy.duplicates.sum()


def test_an_unknown_genome_is_an_error():
    with pytest.raises(BadInput, match="unknown genome 'ecolii'; did you mean 'ecoli'"):
        genomes.load("ecolii", specs.declared().sources)
