"""Genes whose proteins are alike: sequences of the reference proteome, aligned, and who is linked by them.

Two proteins are alike if their best global alignment is more than ``ABOVE`` identical, over all its columns, and they
have a segment in common that chance does not give. A domain that is a small part of both does not make them alike, so
that what is built of many domains does not chain into one group; one that is half of both can. Groups are what such
links connect (single linkage).
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import accumulate
from pathlib import Path

import numpy as np
from scipy import sparse
from scipy.sparse import csgraph

from ..core import cache, paths, specs
from ..core.errors import BadInput
from . import genes, sources

VERSION = 1
"""Bump when ``groups`` gives other groups for the same proteome."""
ABOVE = 0.35
"""Share of identical columns, gaps counted, beyond which two proteins are alike. Gaps are placed where they find
matches: unrelated proteins of 400 letters have 0.24, those that agree in 30 % of their letters, end to end, 0.35."""
CHANCE = 1e-5
"""Chance of an unrelated pair to be aligned (``alignment.resembling``): of 20,000 proteins, some 2,000 pairs."""
SOURCE, FILE = "proteome", "sequences"

_NAMED = re.compile(r"\bGN=(\S+)")


def coded(sequences: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
    """Letters as numbers below 32, and where each sequence begins, (n + 1,); upper and lower case are the same letter.

    Raises: BadInput: an empty sequence, or letters other than those of the alphabet, ``*`` and ``-``.
    """
    table = np.full(256, 255, dtype=np.uint8)
    for code, letter in enumerate("ABCDEFGHIJKLMNOPQRSTUVWXYZ*-", start=1):
        table[ord(letter)] = table[ord(letter.lower())] = code
    start = np.fromiter(accumulate(map(len, sequences), initial=0), np.int64, len(sequences) + 1)
    if len(sequences) and np.diff(start).min() == 0:
        raise BadInput(
            f"sequence {int(np.argmin(np.diff(start)))} is empty and has no identity; leave it out."
        )
    letters = table[np.frombuffer("".join(sequences).encode("latin-1", "replace"), dtype=np.uint8)]
    if (letters == 255).any():
        bad = int(np.searchsorted(start, np.argmax(letters == 255), side="right")) - 1
        raise BadInput(
            f"sequence {bad} ('{sequences[bad][:30]}') has a character that is no letter; correct it."
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
    """For each sequence in turn: its number, which later ones are more than ``above`` identical, and how much, (0, 1].

    Args: letters, start: as ``coded`` gives them. candidates: numbers of the sequences, later than the one given, with
    which it is aligned, best the shortest first, int64. jobs: threads; None: one a core.
    """
    number = len(start) - 1
    composition = np.zeros((number, 32), dtype=np.int32)
    np.add.at(composition, (np.repeat(np.arange(number), np.diff(start)), letters), 1)

    def one(i: int) -> tuple[np.ndarray, np.ndarray]:
        from . import alignment

        with_ = candidates(i)
        found, identity = np.empty(len(with_), np.int64), np.empty(len(with_), np.float64)
        held = alignment.alike(i, with_, letters, start, composition, above, found, identity)
        return found[:held], identity[:held]

    with ThreadPoolExecutor(jobs or os.cpu_count() or 1) as pool:
        for i, (found, identity) in enumerate(pool.map(one, range(number))):
            yield i, found, identity


def related(sequences: Sequence[str], *, jobs: int | None = None) -> tuple[np.ndarray, np.ndarray]:
    """Pairs of alike proteins of a whole proteome, by their numbers, ``(m,)`` each: as many as connect the groups.

    Aligned are pairs with a segment in common that chance does not give (``alignment.resembling``) and that are not yet
    connected by others. Near the threshold some relatives have none: two genes of two groups can still be more than
    ``ABOVE`` identical.
    """
    from . import alignment

    letters, start = coded(sequences)
    length = np.diff(start)
    indptr, indices = alignment.resembling(letters, start, ABOVE, CHANCE)
    group, pairs = np.arange(len(length)), []

    def candidates(i: int) -> np.ndarray:
        found = indices[indptr[i] : indptr[i + 1]].astype(np.int64)
        found = found[group[found] != group[i]]
        return found[np.argsort(length[found], kind="stable")]

    for i, found, _ in alike(letters, start, candidates, jobs=jobs):
        for j in found:
            if group[i] != group[j]:
                group[group == group[j]] = group[i]
                pairs.append((i, j))
    first, second = np.array(pairs, dtype=np.int64).reshape(-1, 2).T
    return first, second


def held_by(
    headers: Sequence[str], *, known: genes.Resolver | None = None
) -> list[tuple[str, ...]]:
    """Approved symbols of the genes of each protein of a FASTA file of UniProt, by its headers; empty for none.

    By the accession (``sp|P12345|…`` or bare), as HGNC lists it; one that several genes have (histones) is of all of
    them. Where HGNC does not list it, by the name after ``GN=``.
    """
    known = known or genes.resolver()
    words = [h.split()[0] for h in headers]
    accession = [w.split("|")[1] if w.count("|") == 2 else w for w in words]
    by_number = known.resolve(accession, kind="uniprot")
    written = [_NAMED.search(h) for h in headers]
    by_name = genes.approved([w.group(1) if w else "" for w in written], known=known).tolist()
    return [
        by_number.candidates.get(a) or tuple(filter(None, [symbol or name]))
        for a, symbol, name in zip(accession, by_number.symbol.tolist(), by_name)
    ]


def linked(
    owners: Sequence[Sequence[str]], first: np.ndarray, second: np.ndarray
) -> dict[str, str]:
    """Gene → its group, named by the group's first gene in alphabetical order.

    Args: owners: the genes of each protein; those of one protein, and the proteins of one gene, are linked. first,
    second: numbers of alike proteins.
    """
    names = sorted({name for held in owners for name in held})
    at = {name: i for i, name in enumerate(names)}
    has = np.array(
        [(k, at[name]) for k, held in enumerate(owners) for name in held], np.int64
    ).reshape(-1, 2)
    a = np.concatenate([first + len(names), has[:, 0] + len(names)])
    b = np.concatenate([second + len(names), has[:, 1]])
    size = len(names) + len(owners)
    _, label = csgraph.connected_components(
        sparse.coo_array((np.ones(len(a)), (a, b)), (size, size)), directed=False
    )
    head: dict[int, str] = {}
    return {name: head.setdefault(int(label[i]), name) for i, name in enumerate(names)}


def recipe() -> dict:
    """Everything that determines the groups of the declared proteome. Raises: sources.Missing: it is not to be had."""
    return {
        "stage": ["alike proteins", VERSION],
        "rule": [ABOVE, CHANCE],
        "proteome": genes.fingerprint(SOURCE),
        "names": genes.fingerprint(),
    }


def path() -> Path:
    """Where the groups of the declared proteome are kept. Raises: sources.Missing: it is not to be had."""
    return paths.PROTEINS / f"alike-{cache.key(recipe())}.npz"


def make(*, jobs: int | None = None) -> dict[str, float]:
    """Align the declared proteome and keep its groups. Returns what is noted beside them: numbers of ``proteins``, of
    ``genes`` that have one, of ``groups``, of genes in the ``largest``, and ``seconds``."""
    begun = time.perf_counter()
    frame = sources.table(specs.source(SOURCE), FILE)
    group = linked(held_by(frame.header.tolist()), *related(frame.sequence.tolist(), jobs=jobs))
    held = {
        "genes": np.array(list(group), dtype=str),
        "group": np.array(list(group.values()), dtype=str),
    }
    size = np.unique(held["group"], return_counts=True)[1] if group else np.zeros(1, int)
    facts = {
        "proteins": len(frame),
        "genes": len(group),
        "groups": len(size),
        "largest": int(size.max()),
    }
    facts["seconds"] = round(time.perf_counter() - begun, 1)
    cache.store(path(), recipe(), lambda to: np.savez_compressed(to, **held), **facts)
    return facts


def ready() -> bool:
    """Whether the groups of the declared proteome are kept. Raises: sources.Missing: it is not to be had."""
    return cache.state(path()) == "ready"


def groups(symbols: Iterable[str], *, known: genes.Resolver | None = None) -> list[str]:
    """The group of each symbol, in order: genes of one group have alike proteins. Made at the first use, and kept.

    A gene without a protein in the proteome (most of them make none) is a group by itself.
    Raises: sources.Missing: the proteome, or the table of HGNC, is nowhere to be had.
    """
    if not ready():
        make()
    with np.load(path(), allow_pickle=False) as held:
        of = dict(zip(held["genes"].tolist(), held["group"].tolist()))
    return [of.get(name, name) for name in genes.approved(symbols, known=known).tolist()]
