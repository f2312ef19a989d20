"""Spectral properties: from samples to the graph of those that are alike."""

import re
import zlib

import numpy as np
from scipy import sparse

from ..core.errors import BadInput
from ..data.proteins import alike, coded

Graph = sparse.csr_array
"""Which samples are alike: a symmetric sparse matrix, (n, n), in canonical form and without a
diagonal; of floats, the similarities, or of bool: a binary graph."""


def from_edges(n, first, second, weights=None):
    """Build a graph from its edges, each given once, in any order and direction.

    Parameters
    ----------
    n, first, second : int, array-like of shape (m,)
        Number of samples, and ends of the edges, 0 to n − 1.
    weights : array-like of shape (m,)
        Similarities above 0; None: binary.

    Returns
    -------
    Graph

    Raises
    ------
    BadInput
        An edge that is given twice, or links a sample with itself.
    """
    values = np.ones(len(first), bool) if weights is None else np.float32(weights)
    first, second = np.asarray(first, np.int32), np.asarray(second, np.int32)
    ends = np.append(first, second), np.append(second, first)
    graph = sparse.csr_array((np.tile(values, 2), ends), (n, n))
    if graph.nnz < 2 * len(first):
        raise BadInput("some edge is given twice, or links a sample with itself; leave it out.")
    return graph


def incidence(lists, columns=None):
    """Encode which marks each unit carries.

    Parameters
    ----------
    lists : iterable of collections
        Marks of each unit; a mark counts once.
    columns : iterable, optional
        Marks by column; None: those that occur, sorted.

    Returns
    -------
    csr_matrix of shape (n, n_marks), float32; tuple
        0/1, and the marks by column.
    """
    from sklearn.preprocessing import MultiLabelBinarizer

    binary = MultiLabelBinarizer(classes=columns, sparse_output=True)
    matrix = binary.fit_transform([*lists]).astype(np.float32)
    matrix.sort_indices()
    return matrix, tuple(binary.classes_)


def shared_mutations(barcodes, *, least=1):
    """Link samples that share at least one mutation, or so many.

    Parameters
    ----------
    barcodes : sequence of collections, or sparse matrix of shape (n, n_mutations)
        Mutations of each sample (an empty collection: wild type), or non-zero entries of a matrix.
    least : int
        Fewest mutations in common.

    Returns
    -------
    Graph
        Binary.

    Raises
    ------
    BadInput
        Texts, which have to be split into their mutations.
    """
    from . import kernels

    if not sparse.issparse(barcodes):
        if any(isinstance(barcode, str) for barcode in barcodes):
            raise BadInput("barcodes are texts; split each into the set of its mutations.")
        barcodes = incidence(barcodes)[0]
    matrix = sparse.csr_array(barcodes)
    matrix.eliminate_zeros()
    if least > 1:
        number = sparse.triu(matrix @ matrix.T, 1)
        linked = number.data >= least
        return from_edges(matrix.shape[0], number.row[linked], number.col[linked])
    carriers = matrix.tocsc()
    arrays = (matrix.indptr, matrix.indices, carriers.indptr, carriers.indices)
    indptr, indices = kernels.shared(*arrays)
    if len(indices) < 2**31:  # else SciPy widens the indices as well
        indptr = indptr.astype(np.int32)
    return Graph((np.ones(len(indices), bool), indices, indptr), (matrix.shape[0],) * 2)


def shared_label(groups):
    """Link samples of the same group, or with an annotation in common.

    Parameters
    ----------
    groups : iterable
        Group of each sample (gene family, cluster), or a collection of its annotations. None, an
        empty text or collection: the sample is linked with nobody.

    Returns
    -------
    Graph
        Binary.
    """
    many = (set, frozenset, list, tuple)
    return shared_mutations([g if isinstance(g, many) else {g} - {None, ""} for g in groups])


def cosine(X, *, above):
    """Link samples whose vectors have a cosine above a threshold.

    Parameters
    ----------
    X, above : ndarray of shape (n, d), float
        Vectors (a zero vector is linked with nobody), and threshold, in [0, 1).

    Returns
    -------
    Graph
        Binary.
    """
    from sklearn.neighbors import radius_neighbors_graph

    below = np.nextafter(1 - above, 0)  # the bound itself does not count
    links = radius_neighbors_graph(X, below, metric="cosine")
    return from_edges(len(X), *sparse.triu(links, 1).nonzero())


def tanimoto(bits, *, above):
    """Link samples by the Tanimoto index of their fingerprints.

    Parameters
    ----------
    bits, above : sparse matrix of shape (n, n_bits), float
        Fingerprints of some thousand samples, 0/1; edges are indices, in [0, 1], above it.

    Returns
    -------
    Graph
        Weights are indices.
    """
    bits = sparse.csr_array(bits)
    number, both = bits.sum(1), (bits @ bits.T).toarray()
    index = np.triu(np.float32(both / np.maximum(number[:, None] + number - both, 1)), 1)
    ends = np.nonzero(index > above)
    return from_edges(len(index), *ends, index[ends])


def lingos(smiles, *, width=None):
    """Find the words of four letters of a SMILES, ring numbers as 0 (LINGO, Vidal 2005).

    Parameters
    ----------
    smiles, width : tuple of str, int
        Molecules; hash words to so many columns.

    Returns
    -------
    csr_matrix of shape (n, n_words or width), float32
        0/1.
    """
    lists = []
    for text in smiles:
        plain = re.sub(r"\d", "0", text)
        letters = {plain[i : i + 4] for i in range(max(1, len(plain) - 3))}
        lists.append({zlib.crc32(w.encode()) % width for w in letters} if width else letters)
    return incidence(lists, range(width) if width else None)[0]


def sequence_identity(
    sequences,
    *,
    above=0.3,
    kmer=None,
    chance=None,
    jobs=None,
):
    """Link sequences whose best global alignment is more identical than a threshold.

    Identity is identical columns over columns of the first alignment that Biopython lists with
    match 1, mismatch −2 and −2.5 for each letter against a gap, the earlier sequence first (as in
    the Spectra paper). Every pair is aligned that could pass by its letters: some 20 µs a pair of
    250 letters on one core.

    Parameters
    ----------
    sequences, above : sequence of str, float
        Proteins or nucleotides; threshold of identity, in [0, 1).
    kmer : int, optional
        Align only pairs with a run of so many letters in common. Faster; with 4, of protein domain
        pairs above 0.3, 0.35, 0.4 and 0.5 there remain 83, 94, 98 and 100 %.
    chance : float, optional
        Align only pairs with a common segment that unrelated proteins have this seldom, as in
        BLAST (``alignment.resembling``): without those that are alike by chance alone.
    jobs : int, optional
        Threads; None: one a core.

    Returns
    -------
    Graph
        Weights are identities.

    Raises
    ------
    BadInput
        An empty sequence, or letters other than those of the alphabet, ``*`` and ``-``.
    """
    letters, start = coded(sequences)
    length = np.diff(start)
    others = np.arange(len(length))
    near = None
    if kmer:
        near = shared_label({s[p : p + kmer] for p in range(len(s) - kmer + 1)} for s in sequences)
        near = near.indptr, near.indices
    elif chance:
        from ..data import alignment

        near = alignment.resembling(letters, start, above, chance)

    def candidates(i):
        later = others if near is None else near[1][near[0][i] : near[0][i + 1]]
        later = later[later > i].astype(np.int64)
        return later[np.argsort(length[later])]  # the shortest first, which alignment needs

    parts = [([], [], [])]
    for i, linked, identity in alike(letters, start, candidates, above=above, jobs=jobs):
        parts.append((np.full(len(linked), i), linked, identity))
    return from_edges(len(length), *map(np.concatenate, zip(*parts)))
