"""Groups of genes with similar proteins, from alignments of the reference proteome.

Two proteins are similar if their best global alignment is more than ``ABOVE`` identical, over all
its columns, and they share a segment that chance does not give. A domain that is a small part of
both does not make them similar, so that proteins of many domains do not chain into one group; one
that is half of both can. Groups are what such links connect (single linkage).
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import accumulate
from pathlib import Path

import numpy as np
import pandas as pd
from scipy import sparse
from scipy.sparse import csgraph

from ..core import cache, paths
from ..core.errors import BadInput
from ..core.specs import SourceSpec
from . import genes
from . import sources as upstream

VERSION = 1
"""Bump when ``groups`` gives other groups for the same proteome."""
ABOVE = 0.35
"""Share of identical columns, gaps counted, above which proteins are similar. Gaps are placed where
they find matches: unrelated proteins of 400 letters have 0.24, those that agree in 30 % of their
letters, end to end, 0.35."""
CHANCE = 1e-5
"""Chance of an unrelated pair to be aligned (``alignment.resembling``): of 20,000 proteins, some
2,000 pairs."""
LONGEST = 2**16 - 1
"""Letters of the longest sequence that is aligned."""
SOURCE, FILE = "proteome", "sequences"
_LETTERS = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ*-"


def coded(sequences: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
    """
    Encode sequences as numbers; upper and lower case are the same letter.

    Parameters
    ----------
    sequences
        n sequences.

    Returns
    -------
    letters
        Codes below 32 of all sequences, uint8.
    start
        Where each sequence begins, shape (n + 1,).

    Raises
    ------
    BadInput
        An empty sequence, one of more than ``LONGEST`` letters, or characters other than
        letters, ``*`` and ``-``.
    """
    codes = np.full(256, 255, dtype=np.uint8)
    for letters in (_LETTERS, _LETTERS.lower()):
        codes[list(letters)] = np.arange(1, len(letters) + 1)
    start = np.fromiter(accumulate(map(len, sequences), initial=0), np.int64, len(sequences) + 1)
    length = np.diff(start)
    for fault, odd in (("is empty", length == 0), ("is too long", length > LONGEST)):
        if odd.any():
            raise BadInput(f"sequence {odd.argmax()} {fault} and has no identity; leave it out.")
    letters = codes[np.frombuffer("".join(sequences).encode("latin-1", "replace"), dtype=np.uint8)]
    if (letters == 255).any():
        bad = int(np.searchsorted(start, np.argmax(letters == 255), side="right")) - 1
        raise BadInput(
            f"sequence {bad} ('{sequences[bad][:30]}') has a character that is no letter; "
            "correct it."
        )
    return letters, start


def alike(
    letters: np.ndarray,
    start: np.ndarray,
    candidates: Callable[[int], np.ndarray],
    *,
    above: float = ABOVE,
    jobs: int | None = None,
) -> Iterator[tuple[int, np.ndarray, np.ndarray]]:
    """
    Find the sequences that are more than ``above`` identical with each.

    Parameters
    ----------
    letters, start
        As returned by ``coded``.
    candidates
        Number of a sequence → those of later ones with which it is aligned, int64, best the
        shortest first.
    above
        Share of identical columns, [0, 1).
    jobs
        Threads; None: one a core.

    Yields
    ------
    Number of each sequence in turn, numbers of the later ones that are similar, and how much,
    (0, 1].
    """
    from . import alignment

    number = len(start) - 1
    composition = np.zeros((number, 32), dtype=np.int32)
    np.add.at(composition, (np.repeat(np.arange(number), np.diff(start)), letters), 1)

    def one(i: int) -> tuple[np.ndarray, np.ndarray]:
        return alignment.alike(i, candidates(i), letters, start, composition, above)

    with ThreadPoolExecutor(jobs or os.cpu_count() or 1) as pool:
        for i, (others, identity) in enumerate(pool.map(one, range(number))):
            yield i, others, identity


def related(sequences: Sequence[str], *, jobs: int | None = None) -> tuple[np.ndarray, np.ndarray]:
    """
    Find pairs of similar proteins, as many as connect the groups.

    Aligned are pairs with a common segment that chance does not give (``alignment.resembling``) and
    that are not yet connected by others. Near the threshold some relatives have none: two genes of
    two groups can still be more than ``ABOVE`` identical.

    Parameters
    ----------
    sequences
        The proteins.
    jobs
        Threads; None: one a core.

    Returns
    -------
    Numbers of the first and of the second protein of each pair, shape (m,) each.
    """
    from . import alignment

    letters, start = coded(sequences)
    length = np.diff(start)
    indptr, indices = alignment.resembling(letters, start, ABOVE, CHANCE)
    group, pairs = np.arange(len(length)), []

    def candidates(i: int) -> np.ndarray:
        others = indices[indptr[i] : indptr[i + 1]].astype(np.int64)
        others = others[group[others] != group[i]]
        return others[np.argsort(length[others], kind="stable")]

    for i, others, _ in alike(letters, start, candidates, jobs=jobs):
        for j in others:
            if group[i] != group[j]:
                group[group == group[j]] = group[i]
                pairs.append((i, j))
    first, second = np.array(pairs, dtype=np.int64).reshape(-1, 2).T
    return first, second


def genes_of_proteins(headers: Sequence[str], resolver: genes.Resolver) -> list[tuple[str, ...]]:
    """
    Find the genes of the proteins of a FASTA file of UniProt.

    Parameters
    ----------
    headers
        Headers of n proteins.
    resolver
        Looks up the accession (``sp|P12345|…`` or bare); one that several genes have (histones) is
        of all of them. Where HGNC does not list it, the name after ``GN=`` is taken.

    Returns
    -------
    Approved symbols of each protein's genes; empty for none.
    """
    words = [header.split()[0] for header in headers]
    accession = [word.split("|")[1] if word.count("|") == 2 else word for word in words]
    by_number = resolver.resolve(accession, kind="uniprot")
    names = pd.Series(headers, dtype=str).str.extract(r"\bGN=(\S+)")[0].fillna("")
    by_name = resolver.approved(names).tolist()
    return [
        by_number.candidates.get(a) or tuple(filter(None, [symbol or name]))
        for a, symbol, name in zip(accession, by_number.symbol.tolist(), by_name)
    ]


def linked(
    owners: Sequence[Sequence[str]], first: np.ndarray, second: np.ndarray
) -> dict[str, str]:
    """
    Join genes to groups.

    Parameters
    ----------
    owners
        The genes of each protein; those of one protein, and the proteins of one gene, are linked.
    first, second
        Numbers of similar proteins, shape (m,).

    Returns
    -------
    Gene → its group, named by the group's first gene in alphabetical order.
    """
    owned = [(k, name) for k, listed in enumerate(owners) for name in listed]
    code, names = pd.factorize(np.array([name for _, name in owned], dtype=object), sort=True)
    size = len(names) + len(owners)
    a = np.concatenate([first, np.array([k for k, _ in owned], dtype=np.int64)]) + len(names)
    b = np.concatenate([second + len(names), code])
    links = sparse.coo_array((np.ones(len(a)), (a, b)), (size, size))
    _, label = csgraph.connected_components(links, directed=False)
    head: dict[int, str] = {}
    return {name: head.setdefault(part, name) for name, part in zip(names, label.tolist())}


def recipe(sources: Mapping[str, SourceSpec]) -> dict:
    """
    Return everything that determines the groups of the declared proteome.

    Parameters
    ----------
    sources
        Declared sources by id.

    Returns
    -------
    The recipe of the cached file.

    Raises
    ------
    sources.Missing
        The proteome, or the table of HGNC, is not available.
    """
    return {
        "stage": ["alike proteins", VERSION],
        "rule": [ABOVE, CHANCE],
        "proteome": genes.fingerprint(sources, SOURCE),
        "names": genes.fingerprint(sources),
    }


def path(sources: Mapping[str, SourceSpec]) -> Path:
    """
    Return where the groups of the declared proteome are cached.

    Parameters
    ----------
    sources
        Declared sources by id.

    Returns
    -------
    Path of the ``.npz`` file, which need not exist.

    Raises
    ------
    sources.Missing
        The proteome, or the table of HGNC, is not available.
    """
    return paths.PROTEINS / f"alike-{cache.key(recipe(sources))}.npz"


def ready(sources: Mapping[str, SourceSpec]) -> bool:
    """
    Tell whether the groups of the declared proteome are cached.

    Parameters
    ----------
    sources
        Declared sources by id.

    Returns
    -------
    True if they are.

    Raises
    ------
    sources.Missing
        The proteome, or the table of HGNC, is not available.
    """
    return cache.state(path(sources)) == "ready"


def make(sources: Mapping[str, SourceSpec], *, jobs: int | None = None) -> dict[str, float]:
    """
    Align the declared proteome and cache its groups.

    Parameters
    ----------
    sources
        Declared sources by id.
    jobs
        Threads; None: one a core.

    Returns
    -------
    What is noted beside them: numbers of ``proteins``, of ``genes`` that have one, of ``groups``,
    of genes in the ``largest``, and ``seconds``.

    Raises
    ------
    sources.Missing
        The proteome, or the table of HGNC, is not available.
    """
    begun = time.perf_counter()
    frame = upstream.table(genes.source_by_id(sources, SOURCE), FILE)
    owners = genes_of_proteins(frame.header.tolist(), genes.resolver(sources))
    group = linked(owners, *related(frame.sequence.tolist(), jobs=jobs))
    arrays = {"genes": np.array(list(group), str), "group": np.array(list(group.values()), str)}
    size = np.unique(arrays["group"], return_counts=True)[1]
    facts = {
        "proteins": len(frame),
        "genes": len(group),
        "groups": len(size),
        "largest": int(size.max(initial=0)),
        "seconds": round(time.perf_counter() - begun, 1),
    }
    save = partial(np.savez_compressed, **arrays)
    cache.store(path(sources), recipe(sources), save, **facts)
    return facts


def groups(symbols: Iterable[str], sources: Mapping[str, SourceSpec]) -> list[str]:
    """
    Return the group of each gene: genes of one group have similar proteins.

    Parameters
    ----------
    symbols
        Gene symbols.
    sources
        Declared sources by id; the proteome is aligned at the first use.

    Returns
    -------
    Name of each symbol's group, in their order. A gene without a protein in the proteome (most of
    them make none) is a group by itself.

    Raises
    ------
    sources.Missing
        The proteome, or the table of HGNC, is not available.
    """
    if not ready(sources):
        make(sources)
    with np.load(path(sources), allow_pickle=False) as arrays:
        group = dict(zip(arrays["genes"].tolist(), arrays["group"].tolist()))
    return [group.get(name, name) for name in genes.resolver(sources).approved(symbols).tolist()]
