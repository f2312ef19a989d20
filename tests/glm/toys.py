"""A small genome, tasks and a network that the tests of genomic language models share."""

import numpy as np
import pandas as pd
from numpy.random import default_rng

from genebench.glm import codes, genomes
from notebooks.studies.lib import effects, windows

GENE = "ATG" + "GCTAAACGTTGGGAT" * 8 + "TAA"


def bases(n, *, seed=0):
    """Random bases."""
    return default_rng(seed).integers(0, 4, n).astype(np.uint8)


def reverse(sequence):
    """The other strand."""
    return codes.reverse_complement(sequence).copy()


def genome():
    """A chromosome of 1,000 bases with a gene on each strand in the test part, 601 to 1,000."""
    fields = {"name": "toy", "title": "Toy", "source": "ecoli", "layout": "none"}
    blocks = {"validation": {}, "test": {"c": [601, 1000]}}
    spec = genomes.GenomeSpec(**fields, **blocks, color="#000000", code=11)
    sequence, gene = bases(1000, seed=7), codes.encode(GENE)
    sequence[650 : 650 + len(gene)] = gene
    sequence[820 : 820 + len(gene)] = reverse(gene)
    ends = [("+", 651, "a"), ("-", 821, "b")]
    rows = [("c", "coding", a, a + len(gene) - 1, strand, 0, n) for strand, a, n in ends]
    return genomes.assemble(spec, {"c": sequence}, rows)


def variants(**changes):
    """Fifty changes of a random sequence, 20 of them harmful."""
    rng, sequence = default_rng(3), bases(400, seed=3)
    at = np.sort(rng.permutation(398)[:50] + 1)
    alt = ((sequence[at] + 1 + rng.integers(0, 3, 50)) % 4).astype(np.uint8)
    label = rng.permutation(np.repeat([1, 0], [20, 30]))
    usual = {"name": "t/x", "label": label, "cluster": np.arange(50).astype(str)}
    fixed = {"kind": "binary", "sequence": sequence, "at": at, "ref": sequence[at], "alt": alt}
    return effects.Effects(**fixed, **{**usual, **changes})


def labelled(n=120):
    """Windows of 60 bases, half of which contain a planted word; the first 40 are a family."""
    sequences = bases(n * 60, seed=5).reshape(n, 60)
    label = np.arange(n) % 2
    sequences[label == 1, 20:28] = codes.encode("TATAATGC")
    sequences[:40, 40:60] = sequences[0, 40:60]
    return windows.Windows("t", "binary", "human", sequences, label, np.zeros(n, bool))


def within(label, score, stratum):
    """Share of the pairs of both classes within a stratum that a score ranks rightly."""
    frame = pd.DataFrame({"y": label, "p": score, "s": stratum})
    pairs = frame[frame.y == 1].merge(frame[frame.y == 0], on="s")
    return (1 + np.sign(pairs.p_x - pairs.p_y).mean()) / 2
