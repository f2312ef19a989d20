"""Groups of genes with similar proteins, from alignments of the reference proteome.

Two proteins are similar if their best global alignment is more than ``ABOVE`` identical, over all
its columns, and they share a segment that chance does not give. A domain that is a small part of
both does not make them similar, so that proteins of many domains do not chain into one group; one
that is half of both can. Groups are what such links connect (single linkage).
"""

import itertools
import os
import re
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import numpy as np
import pandas as pd
import scipy

from ..core import cache, paths
from ..core.errors import BadInput, pick
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
SOURCE, FILE = "swissprot", "sequences"


def coded(sequences):
    """Encode sequences as numbers; upper and lower case are the same letter.

    Parameters
    ----------
    sequences : sequence of str
        n sequences of 1 to ``LONGEST`` letters, ``*`` and ``-``; others are an error.

    Returns
    -------
    letters : ndarray of uint8
        Codes below 32 of all sequences.
    start : ndarray of int64, shape (n + 1,)
        Where each sequence begins.
    """
    for number, text in enumerate(sequences):
        if not re.fullmatch(r"[A-Za-z*-]+", text) or len(text) > LONGEST:
            raise BadInput(
                f"sequence {number} ('{text[:30]}') is empty or too long, or has a character that "
                "is no letter; correct it, or leave it out."
            )
    letters = "".join(sequences).upper().translate(str.maketrans("*-", "[\\"))  # after Z
    start = np.cumsum([0, *map(len, sequences)])
    return np.frombuffer(letters.encode(), dtype=np.uint8) - np.uint8(64), start


def alike(letters, start, candidates, *, above=ABOVE, jobs=None):
    """Find the sequences that are more than ``above`` identical with each.

    A pair is not aligned if the letters that both have cannot make it identical enough.

    Parameters
    ----------
    letters, start : ndarray
        As returned by ``coded``.
    candidates : callable
        Number of a sequence → those of later ones with which it is aligned, int64, best the
        shortest first.
    above : float
        Share of identical columns, [0, 1).
    jobs : int, optional
        Threads; None: one a core.

    Yields
    ------
    tuple of int, ndarray, ndarray
        Number of each sequence in turn, numbers of the later ones that are similar, and how much,
        (0, 1].
    """
    from . import alignment

    length = np.diff(start)
    composition = np.zeros((len(length), 32), dtype=np.int32)
    np.add.at(composition, (np.repeat(np.arange(len(length)), length), letters), 1)

    def one(i):
        others = candidates(i)
        shared = np.minimum(composition[i], composition[others]).sum(axis=1)
        others = others[shared > above * np.maximum(length[i], length[others])]
        identity = alignment.identities(i, others, letters, start)
        return i, others[identity > above], identity[identity > above]

    with ThreadPoolExecutor(jobs or os.cpu_count()) as pool:
        yield from pool.map(one, range(len(length)))


def related(sequences, *, jobs=None):
    """Find pairs of similar proteins, as many as connect the groups.

    Aligned are pairs with a common segment that chance does not give (``alignment.resembling``) and
    that are not yet connected by others. Near the threshold some relatives have none: two genes of
    two groups can still be more than ``ABOVE`` identical.

    Parameters
    ----------
    sequences : sequence of str
    jobs : int, optional
        Threads; None: one a core.

    Returns
    -------
    first, second : ndarray of int64, shape (m,)
        Numbers of the proteins of each pair.
    """
    from . import alignment

    letters, start = coded(sequences)
    length = np.diff(start)
    indptr, indices = alignment.resembling(letters, start, ABOVE, CHANCE)
    group, pairs = np.arange(len(length)), []

    def candidates(i):
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


def genes_of_proteins(headers, resolver):
    """Find the genes of the proteins of a FASTA file of UniProt.

    Parameters
    ----------
    headers : sequence of str
        Headers of n proteins.
    resolver : Resolver
        Looks up the accession (``sp|P12345|…`` or bare); one that several genes have (histones) is
        of all of them. Where HGNC does not list it, the name after ``GN=`` is taken.

    Returns
    -------
    list of tuple of str
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


def linked(owners, first, second):
    """Join genes to groups.

    Parameters
    ----------
    owners : sequence of sequence of str
        The genes of each protein; those of one protein, and the proteins of one gene, are linked.
    first, second : ndarray of int, shape (m,)
        Numbers of similar proteins.

    Returns
    -------
    dict of str to str
        Gene → its group, named by the group's first gene in alphabetical order.
    """
    owned = [(k, name) for k, listed in enumerate(owners) for name in listed]
    names = sorted({name for _, name in owned})
    links = scipy.cluster.hierarchy.DisjointSet([*range(len(owners)), *names])
    for a, b in itertools.chain(owned, zip(first, second)):
        links.merge(a, b)
    head = {}
    return {name: head.setdefault(links[name], name) for name in names}


def recipe(sources):
    """Everything that determines the groups of the declared proteome, the recipe of their file.

    Parameters
    ----------
    sources : mapping of str to SourceSpec

    Returns
    -------
    dict
        Versions, thresholds and digests of the files.
    """
    return {
        "stage": ["alike proteins", VERSION],
        "rule": [ABOVE, CHANCE],
        "proteome": genes.fingerprint(sources, SOURCE),
        "names": genes.fingerprint(sources),
    }


def path(sources):
    """Where the groups of the declared proteome are cached.

    Parameters
    ----------
    sources : mapping of str to SourceSpec

    Returns
    -------
    Path
        A ``.npz`` that need not exist.
    """
    return paths.PROTEINS / f"alike-{cache.key(recipe(sources))}.npz"


def ready(sources):
    """Whether the groups of the declared proteome are cached."""
    return cache.state(path(sources)) == "ready"


def make(sources, *, jobs=None):
    """Align the declared proteome, or read the groups from the cache.

    Parameters
    ----------
    sources : mapping of str to SourceSpec
    jobs : int, optional
        Threads; None: one a core.

    Returns
    -------
    dict of str to str
        Each gene with a protein → its group. Noted beside them are numbers of ``proteins``, of
        ``genes`` that have one, of ``groups``, and of genes in the ``largest``.
    """
    return _grouped(path(sources), recipe(sources), sources, partial(related, jobs=jobs))


def _grouped(file, contents, sources, find):
    """Group of each gene by pairs of proteins that ``find`` finds, from the cache."""
    if cache.state(file) != "ready":
        frame = upstream.table(pick(sources, "source", SOURCE), FILE)
        owners = genes_of_proteins(frame.header.tolist(), genes.resolver(sources))
        group = linked(owners, *find(frame.sequence))
        size = Counter(group.values())
        facts = {
            "proteins": len(frame),
            "genes": len(group),
            "groups": len(size),
            "largest": max(size.values(), default=0),
        }
        arrays = {"genes": list(group), "group": list(group.values())}
        cache.store(file, contents, partial(np.savez_compressed, **arrays), **facts)
    with np.load(file, allow_pickle=False) as arrays:
        return dict(zip(arrays["genes"].tolist(), arrays["group"].tolist()))


def sharing(sources):
    """Find genes with a protein of the same sequence.

    Parameters
    ----------
    sources : mapping of str to SourceSpec

    Returns
    -------
    dict of str to str
        Each gene with a protein → the first, in alphabetical order, of those that share it; cached.
    """
    contents = {**recipe(sources), "stage": ["same protein", 1], "rule": []}
    file = paths.PROTEINS / f"same-{cache.key(contents)}.npz"

    def same(sequences):
        code, _ = pd.factorize(sequences)
        _, first = np.unique(code, return_index=True)
        return np.arange(len(code)), first[code]

    return _grouped(file, contents, sources, same)


def groups(symbols, sources):
    """Return the group of each gene: genes of one group have similar proteins.

    Parameters
    ----------
    symbols : iterable of str
    sources : mapping of str to SourceSpec
        Declared sources by id; the proteome is aligned at the first use.

    Returns
    -------
    list of str
        Name of each symbol's group, in their order. A gene without a protein in the proteome (most
        of them make none) is a group by itself.
    """
    group = make(sources)
    return [group.get(name, name) for name in genes.resolver(sources).approved(symbols).tolist()]
