"""Simulated genomes: the forces against theory, the planted elements, the files."""

import numpy as np
import pytest
from glm import toys
from numpy.random import default_rng
from numpy.testing import assert_allclose

from genebench.glm import codes
from notebooks.studies.lib import landscape, simulated
from notebooks.studies.lib import simulate as simulating
from notebooks.studies.lib.landscape import Landscape, Mutation

SHARP = {f"m{i}": 0.97 * np.eye(4)[toys.bases(9, seed=i)] + 0.03 / 4 for i in range(8)}


@pytest.fixture(scope="module")
def family():
    """Two species of 15,000 and 3,000 bases."""
    design = simulating.Design(chromosomes={"a": 15_000, "b": 3_000}, species=2)
    return simulating.simulate(design, SHARP)


def test_at_equilibrium_bases_stand_as_sella_and_hirsh_say():
    """Independent truth: share of a base is its share under mutation times exp(F), without CpG."""
    mutation, land = Mutation(cpg=1.0), Landscape.neutral(20_000, np.zeros(64))
    land.site[:] = [0.0, 1.5, -1.0, 0.5]
    bases = landscape.evolve(toys.bases(20_000), land, mutation, default_rng(0), time=5)
    expected = mutation.neutral() * np.exp(land.site[0])
    share = np.bincount(bases, minlength=4) / 20_000
    assert_allclose(share, expected / expected.sum(), atol=0.012)


def test_selection_is_the_change_of_the_fitness_of_the_chromosome(family):
    land, bases = family.chromosomes["a"].landscape, family.sequences[1]["a"].codes
    every = np.arange(len(bases))
    first, left = land.codon[:, 0] == every, np.flatnonzero(land.partner > every)

    def total(b):
        read = b[land.codon[first]].astype(int)
        read = np.where(land.reverse[first, None], 3 - read, read)
        paired = landscape.PAIRS[b[left], b[land.partner[left]]].sum()
        return land.site[every, b].sum() + paired + land.usage[read @ [16, 4, 1]].sum()

    gain = land.gain(bases, every)
    for p in default_rng(3).choice(len(bases), 60):
        changed = bases.copy()
        changed[p] = (bases[p] + 1) % 4
        assert np.isclose(total(changed) - total(bases), gain[p, changed[p]], atol=1e-3)


def test_elements_are_what_was_planted(family):
    chromosome, bases = family.chromosomes["a"], family.sequences[1]["a"].codes
    read = {}
    for row in chromosome.elements.itertuples():
        strand = bases[row.start : row.end]
        read.setdefault(row.name, []).append(strand if row.strand > 0 else toys.reverse(strand))
    assert len(family.motifs) >= 6
    for name, matrix in family.motifs.items():
        share = np.eye(4)[read[name]].mean(0)
        assert np.corrcoef(share.ravel(), matrix.ravel())[0, 1] > 0.9
    genes = [codes.decode(gene) for gene in read["gene"]]
    assert np.mean([g.startswith("ATG") and len(g) % 3 == 0 for g in genes]) > 0.8
    partner = chromosome.landscape.partner
    assert (bases + bases[partner] == 3)[partner >= 0].mean() > 0.8


def test_harmful_mutations_are_rare_in_the_population():
    """Independent truth: the neutral spectrum falls as 1 / j."""
    n, rng = 200_000, default_rng(4)
    neutral, harmful = (
        simulated.segregating(np.full(n, s), np.ones(n), rng, theta=0.02) for s in (0.0, -8.0)
    )
    counts = np.bincount(neutral, minlength=6)
    assert_allclose(counts[1:5] / counts[1], 1 / np.arange(1, 5), atol=0.06)
    assert abs(counts[1] / n - 0.02) < 0.002  # expected number of singletons is theta
    assert (harmful > 0).sum() < 0.7 * (neutral > 0).sum()
    assert harmful[harmful > 0].mean() < 0.3 * neutral[neutral > 0].mean()
