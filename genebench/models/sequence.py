"""Encoders of protein and DNA sequences: their composition, and networks that read them."""

import itertools
import re

import numpy as np
from sklearn.feature_extraction.text import CountVectorizer

from ..core.errors import BadInput, pick
from ..data import genome, sources
from . import hub

# letter, average mass in dalton, hydropathy (no unit, high is hydrophobic; Kyte & Doolittle 1982)
_RESIDUES = """
A  71.0788  1.8    R 156.1875 -4.5    N 114.1038 -3.5    D 115.0886 -3.5    C 103.1388  2.5
Q 128.1307 -3.5    E 129.1155 -3.5    G  57.0519 -0.4    H 137.1411 -3.2    I 113.1594  4.5
L 113.1594  3.8    K 128.1741 -3.9    M 131.1926  1.9    F 147.1766  2.8    P  97.1167 -1.6
S  87.0782 -0.8    T 101.1051 -0.7    W 186.2132 -0.9    Y 163.1760 -1.3    V  99.1326  4.2
""".split()
_LETTERS = sorted(_RESIDUES[::3])
_MASS, _HYDROPATHY = (dict(zip(_RESIDUES[::3], map(float, _RESIDUES[i::3]))) for i in (1, 2))

RESIDUE_FORMATS = {
    "joined": lambda sequence: sequence,
    "spaced": lambda sequence: " ".join(re.sub("[UZOB]", "X", sequence)),
    "words": list,
}
"""How a tokenizer takes residues: as one word (ESM), one by one with rare ones as X (ProtT5), or
as a list of words (Ankh)."""


def kmer_shares(sequences, k):
    """Measure the share of each k-mer of residues in protein sequences.

    Parameters
    ----------
    sequences : sequence of str, length n
    k : int

    Returns
    -------
    ndarray of float, shape (n, 20 ** k)
        Shares in lexical order, 0 to 1, adding up to 1; a k-mer with a letter beyond the twenty
        does not count, and a sequence without any that counts is all zeros.
    """
    kmers = map("".join, itertools.product(_LETTERS, repeat=k))
    options = {"analyzer": "char", "lowercase": False, "ngram_range": (k, k)}
    counts = CountVectorizer(vocabulary=kmers, **options).transform(sequences).toarray()
    return counts / counts.sum(axis=1, keepdims=True).clip(1)


def protein_descriptors(sequences):
    """Describe proteins by seven physico-chemical numbers.

    Parameters
    ----------
    sequences : sequence of str, length n
        Letters beyond the twenty residues count for the length only.

    Returns
    -------
    ndarray of float, shape (n, 7)
        Natural log of the number of residues; means over the residues of mass (dalton), charge at
        neutral pH (K, R +1; D, E −1) and hydropathy (Kyte & Doolittle 1982); shares, 0 to 1, of
        aromatic (F, W, Y), aliphatic (A, I, L, V) and polar uncharged residues (S, T, N, Q).
    """
    charge = {"K": 1, "R": 1, "D": -1, "E": -1}
    classes = [dict.fromkeys(letters, 1) for letters in ("FWY", "AILV", "STNQ")]
    scales = [_MASS, charge, _HYDROPATHY, *classes]
    values = np.array([[scale.get(letter, 0) for scale in scales] for letter in _LETTERS])
    lengths = np.log([len(sequence) for sequence in sequences])
    return np.column_stack([lengths, kmer_shares(sequences, 1) @ values])


def composition(inputs, *, k=1, descriptors=True, id_pattern=r"(\S+)", kind=None):
    """Count the k-mers of each gene's protein: what a protein model must beat.

    Parameters
    ----------
    inputs : Inputs
        A FASTA file; of several sequences of a gene the first is taken.
    k : int
    descriptors : bool
        Whether the ``protein_descriptors`` come before the shares of the k-mers.
    id_pattern : str
        Regular expression whose first group is the gene's id in a header.
    kind : str, optional
        Kind of identifier, as in ``Inputs.canonical``.

    Returns
    -------
    Embedding
    """
    fasta = inputs.table()
    ids = fasta.header.str.extract(id_pattern)[0]
    if ids.isna().any():
        raise BadInput(
            f"model '{inputs.spec.name}': the header '>{fasta.header[ids.isna().idxmax()]}' has no "
            f"id of the form {id_pattern}; fix 'id_pattern' or the file."
        )
    vectors = kmer_shares(fasta.sequence, k)
    if descriptors:
        vectors = np.hstack([protein_descriptors(fasta.sequence), vectors])
    return inputs.rows(ids, vectors, kind=kind)


def protein(inputs, *, written="joined", layer=-1):
    """Average the hidden states of a protein language model over the residues of each protein.

    Longer proteins are read in overlapping windows, each residue counted once.

    Parameters
    ----------
    inputs : Inputs
        As of ``residues_of``.
    written : str
        Key of ``RESIDUE_FORMATS``.
    layer : int
        As in ``hub.sequences``.

    Returns
    -------
    Sequences
    """
    where = f"model '{inputs.spec.name}'"
    write = pick(RESIDUE_FORMATS, "way of writing residues", written, where=where)
    genes, residues = residues_of(inputs)
    return hub.sequences(inputs.spec, genes, [*map(write, residues)], windows=True, layer=layer)


def residues_of(inputs):
    """Find the protein of each gene.

    Parameters
    ----------
    inputs : Inputs
        A FASTA file whose ids are UniProt accessions (``sp|P12345|…`` or bare). Of two sequences of
        one gene the first is taken.

    Returns
    -------
    genes : ndarray of str, shape (n,)
        Those that have one.
    residues : Series of str, length n
    """
    fasta = inputs.table()
    accession = fasta.id.str.replace(r"^[^|]*\|([^|]*)\|[^|]*$", r"\1", regex=True)
    genes_at, row = inputs.match(accession, kind="uniprot")
    return inputs.genes[genes_at], fasta.sequence.iloc[row]


def dna(inputs, *, region="promoter", cut=None, lower=False, layer=-1, module=None):
    """Average the hidden states of a genomic language model over the tokens of a gene's DNA.

    DNA is read along the gene's strand and against it: the two count alike, so that a sequence and
    its reverse complement have the same vector. What is longer than the context is read in
    overlapping windows.

    Parameters
    ----------
    inputs : Inputs
        The FASTA file of a genome; the file ``genes`` of its source is a GTF.
    region : str
        Promoter, coding sequence or body, as in ``genome.regions``.
    cut : dict of str to int, optional
        ``upstream``, ``downstream`` and ``longest`` of ``genome.regions``, in bp.
    lower : bool
        Whether the tokenizer needs lower case.
    layer, module
        As in ``hub.sequences``.

    Returns
    -------
    Sequences
    """
    regions = genome.regions(sources.table(inputs.source, "genes"), region, **(cut or {}))
    genes_at, row = inputs.match(regions.gene, kind="symbol")
    file = sources.locate(inputs.source, inputs.spec.options["file"])
    extracted = np.array(genome.extract(file, regions.iloc[row]), dtype=object)
    there = extracted != ""
    texts = [text.lower() if lower else text for text in extracted[there]]
    texts += map(genome.reverse_complement, texts.copy())
    owner = np.tile(np.arange(there.sum()), 2)
    options = {"owner": owner, "windows": True, "layer": layer, "module": module}
    return hub.sequences(inputs.spec, inputs.genes[genes_at[there]], texts, **options)


def splice(inputs, **options):
    """Refuse: a predictor of splice sites scores variants and makes no vectors of genes.

    Parameters
    ----------
    inputs : Inputs
    **options

    Raises
    ------
    BadInput
    """
    raise BadInput(
        f"model '{inputs.spec.name}': predicts splice sites and scores variants, it makes no "
        "vectors of genes; choose a model of another encoder."
    )
