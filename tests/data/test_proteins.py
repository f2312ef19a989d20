"""Groups of similar proteins, on a simulated proteome whose families are known."""

import numpy as np
import pytest
from helpers import LETTERS, header, protein, refused, relative, simulated

from genebench.data import proteins
from genebench.spectra import properties


def components(n, first, second):
    """Name of the group of each of n proteins."""
    names = [f"{i:04d}" for i in range(n)]
    group = proteins.linked([(name,) for name in names], first, second)
    return [group[name] for name in names]


def test_groups_are_those_of_aligning_every_pair():
    sequences, _ = simulated(2, [4] * 5, alone=6, identity=0.5)
    whole = properties.sequence_identity(sequences, above=proteins.ABOVE, jobs=1).toarray()
    truth, group = (
        components(len(sequences), first, second)
        for first, second in (np.nonzero(np.triu(whole)), proteins.related(sequences, jobs=1))
    )
    assert group == truth and len(set(truth)) < len(sequences)


def test_protein_has_the_genes_that_list_it_or_the_one_it_names(resolver):
    headers = [header(3, "X"), header(2, "KINA2"), header(9, "OLDK1"), header(8)]
    owners = proteins.genes_of_proteins(headers, resolver)
    assert [set(o) for o in owners] == [{"KINA2", "LONE1"}, {"KINA1"}, {"KINA1"}, set()]


@pytest.mark.parametrize("text", ["", "C1", "A" * 65_536])
def test_sequences_that_cannot_be_aligned_are_an_error(text):
    with refused("sequence 1 .* is empty or too long, or has a character"):
        proteins.coded(["A", text])


def test_domain_alone_does_not_link_different_proteins():
    rng = np.random.default_rng(3)
    domain = protein(rng, 80)
    a, b = (np.concatenate([protein(rng, 260), domain, protein(rng, 260)]) for _ in range(2))
    sequences = ["".join(LETTERS[s]) for s in (a, b, relative(rng, a, 0.8))]
    assert np.stack(proteins.related(sequences, jobs=1)).T.tolist() == [[0, 2]]
