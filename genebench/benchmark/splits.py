"""Seeded folds. Every model gets the same ones, because they depend on the task alone."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from ..core import cache
from ..core.errors import BadInput
from ..core.specs import SourceSpec, TaskSpec
from ..data import families, genes, proteins
from ..data.builders import gene_sets
from ..data.labels import Declaration
from ..data.tasks import Task
from .dividing import Unsplittable as Unsplittable
from .dividing import as_published, at_random, by_group, from_new_to_old, in_order

VERSION = 1
"""Bump when a split gives other folds: it is in the key of every cell."""
DATE_VERSION = 1
"""Bump when ``date`` gives other folds for the same annotations."""

Sources = Mapping[str, SourceSpec]


def _chromosomes(symbols, sources):
    resolver = genes.resolver(sources)
    return resolver.chromosome(resolver.approved(symbols)).tolist()


def entry_of(task: Task, sources: Sources) -> TaskSpec | None:
    """The declaration that a task comes from; None of a task that was made up."""
    entries = sources[task.source].tasks if task.source in sources else []
    return next((e for e in entries if f"{task.name}/".startswith(f"{e.name}/")), None)


def _dates(task, sources):
    """First annotation of each gene, YYYYMMDD, 0 where it has none; empty without any dates."""
    entry = entry_of(task, sources)
    first = entry and gene_sets.dates(Declaration(sources[task.source], entry, sources))
    return [] if first is None else first.reindex(task.entities, fill_value=0).tolist()


@dataclass(frozen=True)
class Split:
    """A way to divide genes.

    Attributes
    ----------
    divide : callable
        (task, what was looked up, number of folds, seed) -> folds.
    look_up : callable, optional
        (symbols, sources) -> what it needs to know, one value a gene.
    versions : callable
        sources -> what the folds depend on besides task, seed and the table of HGNC.
    needs : str
        Ids of the sources that its tables come from.
    """

    divide: Callable[..., np.ndarray]
    look_up: Callable[..., Sequence] | None = None
    versions: Callable[[Sources], list] = lambda sources: []
    needs: str = ""


SPLITS = {
    "random": Split(at_random),
    "genes": Split(at_random),
    "stem": Split(
        by_group("stem", as_they_are=True),
        lambda symbols, sources: families.stems(symbols),
        lambda sources: [families.STEM_VERSION],
    ),
    "family": Split(
        by_group("family"),
        families.families,
        lambda sources: [families.STEM_VERSION, families.FAMILY_VERSION],
        "hgnc",
    ),
    "similarity": Split(
        by_group("protein group"),
        proteins.groups,
        lambda sources: [proteins.recipe(sources)],
        "hgnc swissprot",
    ),
    "chromosome": Split(by_group("chromosome"), _chromosomes, needs="hgnc"),
    "study": Split(
        in_order,
        genes.annotation_count,
        lambda sources: [genes.fingerprint(sources, genes.annotations(sources))],
        "hgnc goa",
    ),
    "date": Split(
        from_new_to_old,
        versions=lambda sources: [DATE_VERSION, genes.fingerprint(sources, "goa")],
        needs="hgnc goa",
    ),
    "published": Split(as_published),
    "prospective": Split(as_published),
}
"""``random``
    Stratified by class where there is one class per gene.
``genes``
    The same of single genes; of pairs, genes are divided at random, so that no gene of a tested
    pair is in training.
``stem``
    Genes of one symbol stem stay together: no relative by symbol is on both sides.
``family``
    Families stay whole (``families.families``: HGNC's gene groups and stems together).
``similarity``
    Genes with similar proteins stay together (``proteins.groups``), whatever they are called. Genes
    without a protein in the reference proteome are each by themselves.
``chromosome``
    Whole chromosomes, so that neighbours and tandem copies are on one side. Genes whose chromosome
    is not known are a group of their own. X and Y are one.
``study``
    By the number of Gene Ontology terms of a gene, from the least studied (fold 0) to the most. Not
    stratified: that fewer of the little-studied genes are positive is part of the question. The
    score of fold 0 says what a model knows beyond the literature.
``date``
    By the first annotation of a gene in the task's aspect, from the newest (fold 0) to the oldest:
    a temporal hold-out like the targets without knowledge of CAFA (Radivojac et al. 2013). The Gene
    Ontology dates an annotation by its last review and electronic ones by their release, so that a
    gene that was looked at again can stand among the newer ones.
``published``
    The folds that were published with a task: its holdout is tested, all other genes train.
``prospective``
    The same of labels of the future: what was known at a date trains, what is new since is
    tested (``before`` of a task's declaration).
"""


def together(profile, sources):
    """Genes that are on one side in every split of a profile, for they share a protein sequence.

    Parameters
    ----------
    profile : ProfileSpec
    sources : mapping of str to SourceSpec

    Returns
    -------
    group : mapping of str to str
        Of a gene that shares its sequence, the name of those that do.
    recipe : dict
        Part of the recipe of whatever depends on folds. Both are empty where the profile does not
        ask for it or no protein is at hand.
    """
    if not profile.same_protein_together or lacking("similarity", sources):
        return {}, {}
    recipe = [genes.fingerprint(sources), genes.fingerprint(sources, proteins.SOURCE)]
    return proteins.sharing(sources), {"together": recipe}


def folds(task, split, *, n_folds, seed, sources, repeat=0):
    """Assign the entities of a task to folds outside of a run, which takes ``blocks.folds``.

    Parameters
    ----------
    task : Task
    split : str
    n_folds, seed, repeat : int
    sources : mapping of str to SourceSpec

    Returns
    -------
    ndarray of int8, shape (n,)
        Fold, 0 to n_folds − 1, in which each entity is tested; it is trained on in the others.

    Raises
    ------
    Unsplittable, sources.Missing
    """
    return assign(task, split, look_up(task, split, sources), n_folds, seed_of(seed, repeat))


def seed_of(seed: int, repeat: int) -> int:
    """Seed of a repeat."""
    return seed + 1000 * repeat


def assign(task, split, groups, n_folds, seed, together=None):
    """Fold of each row, from what was looked up.

    Pairs are divided at random like any entity, as published, or, by every other split, so that no
    gene (nor its group) is on both sides: genes are divided, and a pair whose genes fall into two
    folds has fold −1: it is in no train or test part.

    Parameters
    ----------
    task : Task
    split : str
    groups : sequence or None
        See ``look_up``.
    n_folds, seed : int
    together : mapping of str to str, optional
        Genes of one name in it get the fold of the first of them, whatever the split says.

    Returns
    -------
    ndarray of int8, shape (n,)

    Raises
    ------
    Unsplittable
    """
    divide = SPLITS[split].divide
    if task.kind == "pair" and split in ("random", "published"):
        return divide(task, groups, n_folds, seed)
    single = task
    if task.kind == "pair":
        members = genes_of(task)
        nothing = {"kind": "regression", "labels": np.zeros(len(members)), "classes": ()}
        single = replace(task, entities=members, **nothing)
    fold = divide(single, groups, n_folds, seed)
    if together:
        names = [together.get(s, s) for s in single.entities.tolist()]
        _, first, back = np.unique(names, return_index=True, return_inverse=True)
        fold = fold[first[back]]
    if single is task:
        return fold
    first, second = (fold[np.searchsorted(members, part)] for part in task.parts)
    return np.where(first == second, first, -1).astype(np.int8)


def genes_of(task: Task) -> np.ndarray:
    """The genes of a task, sorted; of pairs each once."""
    return np.unique(np.concatenate(task.parts))


def look_up(task, split, sources):
    """What a split needs to know of the genes of a task, one value a gene (of pairs: each once).

    Parameters
    ----------
    task : Task
    split : str
    sources : mapping of str to SourceSpec

    Returns
    -------
    sequence or None
    """
    if split == "date":  # which depends on the task, too
        return _dates(task, sources)
    find = SPLITS[split].look_up
    return find and find(genes_of(task), sources)


def lacking(split, sources):
    """Why a split cannot be made here: a sentence that says what to fetch; empty where it can.

    Parameters
    ----------
    split : str
    sources : mapping of str to SourceSpec

    Returns
    -------
    str
    """
    needs = SPLITS[split].needs
    try:
        fingerprint(split, sources)
    except BadInput:
        return (
            f"the split '{split}' needs a table that is not at hand; run 'genebench fetch {needs}',"
            " or name a folder that holds it in GENEBENCH_MIRROR."
        )
    return ""


def fingerprint(split, sources):
    """What the folds of a split depend on besides task and seed: rules, and files that are read.

    Parameters
    ----------
    split : str
    sources : mapping of str to SourceSpec

    Returns
    -------
    list or None, where there is nothing

    Raises
    ------
    sources.Missing
    """
    table = [genes.fingerprint(sources)] if SPLITS[split].needs else []
    return [*table, *SPLITS[split].versions(sources)] or None


def prepare(chosen, sources, *, jobs=None, say=print):
    """Make, once for all processes, what some splits read and what takes minutes.

    Parameters
    ----------
    chosen : collection of str
    sources : mapping of str to SourceSpec
    jobs : int, optional
    say : callable, optional
    """
    if "similarity" in chosen and not proteins.ready(sources):
        say(
            "the split 'similarity': the proteins of the proteome are aligned, once for all runs; "
            "it takes minutes"
        )
        proteins.make(sources, jobs=jobs)
        facts = cache.facts(proteins.path(sources))
        say(
            f"{facts['genes']:,} genes with a protein, {facts['groups']:,} groups, the largest of "
            f"{facts['largest']:,}"
        )
