"""Spectral properties: from samples to the graph of those that are alike, without looking at every pair in Python."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Hashable, Iterable, Iterator, Sequence
from itertools import accumulate, chain, count

import numpy as np
from scipy import sparse

from ..core.errors import BadInput
from ..data.proteins import alike, coded
from .graph import Graph


def shared_mutations(barcodes, *, sep: str | None = None, continuous: bool = False) -> Graph:
    """Samples that share at least one mutation, found from each mutation's list of samples.

    Args: barcodes: the mutations of each sample, as sets, as texts joined by ``sep`` (an empty one: wild type), or as
    the entries of a SciPy sparse matrix (n, mutations). continuous: weigh edges with the Jaccard index of the two
    sets, in (0, 1]; else binary.
    Raises: BadInput: texts without ``sep``.
    """
    if sparse.issparse(barcodes):
        held = sparse.csr_array(barcodes)
        held.sum_duplicates()
        held.eliminate_zeros()
        start, flat, n_marks = (
            held.indptr.astype(np.int64),
            held.indices.astype(np.int32),
            held.shape[1],
        )
        return _shared(start, flat, n_marks, continuous)
    return _shared(*_numbered(marks(barcodes, sep=sep)), continuous)


def marks(
    barcodes: Sequence[Collection[str]] | Sequence[str], *, sep: str | None = None
) -> list[Collection[str]]:
    """The mutations of each sample, each once; texts are cut at ``sep``. Raises: BadInput: texts without ``sep``."""
    barcodes = barcodes if isinstance(barcodes, list) else list(barcodes)
    kinds = set(map(type, barcodes))
    if kinds <= {set, frozenset}:
        return barcodes
    if str not in kinds:
        return list(map(frozenset, barcodes))
    if not sep or kinds != {str}:
        raise BadInput(
            "barcodes are texts; say how their mutations are joined, for example sep=':' or sep=';'."
        )
    return [frozenset(b.split(sep)) if b else frozenset() for b in barcodes]


def shared_label(groups: Iterable[Hashable | Collection[Hashable] | None]) -> Graph:
    """Samples of the same group (gene family, cluster), or with an annotation in common where each has a set of them.

    None and an empty text or set: the sample is in no group, and is like nobody.
    """

    def held(group) -> Collection[Hashable]:
        if isinstance(group, (set, frozenset, list, tuple)):
            return frozenset(group)
        return () if group is None or group == "" or group != group else (group,)

    return _shared(*_numbered([held(group) for group in groups]), False)


def _numbered(barcodes: list[Collection[Hashable]]) -> tuple[np.ndarray, np.ndarray, int]:
    """Marks as numbers by first appearance: where each sample's begin (n + 1,), the marks, and how many there are."""
    number: defaultdict[Hashable, int] = defaultdict(count().__next__)
    start = np.fromiter(accumulate(map(len, barcodes), initial=0), np.int64, len(barcodes) + 1)
    flat = np.fromiter(map(number.__getitem__, chain.from_iterable(barcodes)), np.int32, start[-1])
    return start, flat, len(number)


def _shared(start: np.ndarray, flat: np.ndarray, n_marks: int, continuous: bool) -> Graph:
    from . import joins

    indptr, indices = joins.shared(start, flat, n_marks)
    weights = joins.jaccards(start, flat, indptr, indices) if continuous else None
    return Graph(len(start) - 1, indptr, indices, weights)


def from_function(
    samples: Sequence, f: Callable[[object, object], float], *, binary: bool = True
) -> Graph:
    """Samples for which ``f(a, b)`` is not 0, asked once for every pair: n (n − 1) / 2 calls of Python.

    With ``binary`` False the value is the edge's weight, the larger the more alike. For thousands of samples write the
    property for blocks of rows and use ``from_blocks``.
    """
    first, second, weights = [], [], []
    for i, a in enumerate(samples):
        for j in range(i + 1, len(samples)):
            value = f(a, samples[j])
            if value:
                first.append(i)
                second.append(j)
                weights.append(float(value))
    return Graph.from_edges(len(samples), first, second, None if binary else weights)


def from_matrix(M, *, above: float | None = None, binary: bool = False) -> Graph:
    """Samples by a matrix (n, n) of how alike they are, dense or SciPy sparse; the diagonal is not looked at.

    Args: above: only entries above it are edges; None: all but 0. binary: leave the weights out.
    Raises: BadInput: not square, not symmetric, or not finite.
    """
    if M.ndim != 2 or M.shape[0] != M.shape[1]:
        raise BadInput(
            f"the matrix of similarities is {M.shape}, but it must have a row and a column per sample."
        )
    held = (
        sparse.csr_array(M, dtype=np.float32)
        if sparse.issparse(M)
        else np.asarray(M, dtype=np.float32)
    )
    if not np.isfinite(held.data if sparse.issparse(held) else held).all():
        raise BadInput(
            "the matrix of similarities has entries that are no finite numbers; fill them in."
        )
    if not sparse.issparse(held):
        if not (held == held.T).all():
            raise BadInput(
                "the matrix of similarities is not symmetric; give one number for each pair."
            )
        return from_blocks(len(held), lambda low, high: held[low:high], above=above, binary=binary)
    if abs(held - held.T).sum():
        raise BadInput(
            "the matrix of similarities is not symmetric; give one number for each pair."
        )
    upper = sparse.triu(held, k=1).tocoo()
    keep = upper.data != 0 if above is None else upper.data > above
    first, second = upper.row[keep], upper.col[keep]
    return Graph.from_edges(len(M.indptr) - 1, first, second, None if binary else upper.data[keep])


def from_blocks(
    n: int,
    rows: Callable[[int, int], np.ndarray],
    *,
    above: float | None = None,
    binary: bool = False,
    complete: bool = False,
    block: int = 512,
) -> Graph:
    """Samples by a function that gives a block of rows of the matrix of similarities; the matrix is never held whole.

    Args: rows: ``rows(low, high)`` is (high − low, n); called twice for each block, and only what it says of later
    samples is used. above: only entries above it are edges; None: all but 0. binary: leave the weights out. complete:
    every pair is an edge, as is known of the property; then each block is asked for once.
    Raises: BadInput: said to be ``complete``, but some pair is no edge.
    """
    from . import joins

    def blocks() -> Iterator[tuple[np.ndarray, int]]:
        for low in range(0, n, block):
            yield np.ascontiguousarray(rows(low, min(n, low + block)), dtype=np.float32), low

    rule = (0.0 if above is None else above, above is None)
    degree = np.full(n, n - 1 if complete else 0, dtype=np.int64)
    for values, low in () if complete else blocks():
        joins.tally(values, low, *rule, degree)
    indptr = np.concatenate([[0], np.cumsum(degree)])
    indices = np.empty(indptr[-1], dtype=np.int32)
    weights = np.empty(0 if binary else indptr[-1], dtype=np.float32)
    cursor = indptr[:-1].copy()
    for values, low in blocks():
        joins.place(values, low, *rule, cursor, indices, weights)
    if complete and (cursor != indptr[1:]).any():
        raise BadInput("some pairs are no edges, though all were said to be; leave 'complete' out.")
    return Graph(n, indptr, indices, None if binary else weights)


def nearness(positions: np.ndarray, *, above: float | None = None, binary: bool = False) -> Graph:
    """Samples by how near their mutated positions lie: 1 over 1 + the least distance between a position of either.

    Args: positions: whole numbers, (n, k), k of each sample (a sample of fewer repeats one). Weights are in (0, 1];
    with ``above`` None all pairs are linked.
    Raises: BadInput: not a table of whole numbers.
    """
    positions = np.asarray(positions)
    if positions.ndim != 2 or not positions.shape[1] or positions.dtype.kind not in "iu":
        raise BadInput(
            f"positions must be whole numbers, some a sample; they are {positions.dtype}, {positions.shape}."
        )
    from . import joins

    places = np.ascontiguousarray(positions.T, dtype=np.float64)
    given = {"above": above, "binary": binary, "complete": above is None, "block": 256}
    return from_blocks(len(positions), lambda low, high: joins.nearness(places, low, high), **given)


def cosine(X: np.ndarray, *, above: float, binary: bool = False) -> Graph:
    """Samples whose vectors (n, d) have a cosine above ``above``, in [−1, 1); weights are the cosines.

    Raises: BadInput: a vector that is zero or not finite.
    """
    X = np.asarray(X, dtype=np.float32)
    length = np.linalg.norm(X, axis=1, keepdims=True)
    bad = ~np.isfinite(length[:, 0]) | (length[:, 0] == 0)
    if bad.any():
        raise BadInput(
            f"vector {int(np.argmax(bad))} is zero or not finite, and has no cosine; leave the sample out."
        )
    X = X / length
    return from_blocks(len(X), lambda low, high: X[low:high] @ X.T, above=above, binary=binary)


def sequence_identity(
    sequences: Sequence[str],
    *,
    above: float = 0.3,
    binary: bool = False,
    kmer: int | None = None,
    jobs: int | None = None,
    step: Callable[[int, int], None] | None = None,
) -> Graph:
    """Sequences whose best global alignment is more than ``above`` identical; weights are the identities, in (0, 1].

    Identity is identical columns over columns, of the alignment with match 1, mismatch −2 and −2.5 for each letter
    against a gap that Biopython lists first, the earlier sequence given first (as in the Spectra paper). Every pair is
    aligned that could pass by its letters: some 20 µs a pair of 250 letters on one core.

    Args: kmer: align only pairs that share a run of so many letters. Much faster, but at an identity of 0.3 most pairs
    resemble each other without one: with ``kmer=4``, of protein domain pairs above 0.3, 0.35, 0.4 and 0.5 there remain
    83, 94, 98 and 100 %. jobs: threads; None: one a core. step: called with sequences done and all.
    Raises: BadInput: an empty sequence, or letters other than those of the alphabet, ``*`` and ``-``.
    """
    letters, start = coded(sequences)
    length = np.diff(start)
    by_length = np.argsort(length, kind="stable")
    near = None
    if kmer:
        near = shared_label(
            [frozenset(s[p : p + kmer] for p in range(len(s) - kmer + 1)) for s in sequences]
        )

    def candidates(i: int) -> np.ndarray:
        if near is None:
            return by_length[by_length > i]
        later = near.neighbours(i)
        later = later[later > i].astype(np.int64)
        return later[np.argsort(length[later])]

    first, second, weights = [np.empty(0, np.int64)], [np.empty(0, np.int64)], [np.empty(0)]
    for i, found, identities in alike(letters, start, candidates, above=above, jobs=jobs):
        first.append(np.full(len(found), i))
        second.append(found)
        weights.append(identities)
        if step:
            step(i + 1, len(sequences))
    ends = np.concatenate(first), np.concatenate(second)
    return Graph.from_edges(len(sequences), *ends, None if binary else np.concatenate(weights))


def tanimoto(
    smiles: Sequence[str],
    *,
    above: float = 0.99,
    binary: bool = False,
    radius: int = 2,
    bits: int = 1024,
) -> Graph:
    """Molecules by the Tanimoto index of their Morgan fingerprints, in [0, 1]; edges are those above ``above``.

    SMILES are read as they are: their case tells aromatic atoms. Needs RDKit (``pip install 'genebench[chem]'``).
    Raises: BadInput: RDKit is not installed, or a SMILES that it cannot read.
    """
    try:
        from rdkit import Chem, rdBase
        from rdkit.Chem import rdFingerprintGenerator
    except ImportError:
        raise BadInput(
            "molecules are compared with RDKit, which is not installed; run 'pip install rdkit'."
        ) from None
    from . import joins

    make = rdFingerprintGenerator.GetMorganGenerator(radius=radius, fpSize=bits)
    packed = np.zeros((len(smiles), -(-bits // 64) * 8), dtype=np.uint8)
    with rdBase.BlockLogs():
        for i, text in enumerate(smiles):
            molecule = Chem.MolFromSmiles(text) if text else None
            if molecule is None:
                raise BadInput(
                    f"SMILES {i} ('{str(text)[:60]}') cannot be read; correct it or leave it out."
                )
            held = np.packbits(make.GetFingerprintAsNumPy(molecule))
            packed[i, : len(held)] = held
    words = packed.view(np.uint64)
    return from_blocks(
        len(words), lambda low, high: joins.tanimoto(words, low, high), above=above, binary=binary
    )
