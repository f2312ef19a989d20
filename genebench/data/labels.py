"""What a builder of tasks receives and returns, and how it reads the names of genes."""

import re
from dataclasses import dataclass

import numpy as np
import pandas as pd

from ..core.specs import SourceSpec, TaskSpec
from . import date_symbols, genes
from . import sources as upstream
from .sources import Sources


@dataclass(frozen=True, eq=False)
class Labels:
    """Entities and labels, as a builder returns them.

    Attributes
    ----------
    entities : sequence of str, length n
        Names of the entities.
    labels : ndarray of shape (n,) or (n, n_classes)
        The latter of a multi-label task.
    classes : sequence of str
        Class names; empty for regression.
    name, title, description : str, optional
        The task's, where they differ from those of its declaration.
    note : str
        Which genes of the file were left out and why, in one sentence for the description.
    folds : ndarray of int, shape (n,), optional
        Published folds, as in ``tasks.Task``.
    """

    entities: np.ndarray
    labels: np.ndarray
    classes: tuple[str, ...] | np.ndarray | list[str] = ()
    name: str | None = None
    title: str | None = None
    description: str | None = None
    note: str = ""
    folds: np.ndarray | None = None


@dataclass(frozen=True, eq=False)
class Declaration:
    """The declaration of a task, with the sources that its builder reads.

    Attributes
    ----------
    source : SourceSpec
        The source that declares the task.
    task : TaskSpec
    sources : mapping of str to SourceSpec
        Declared sources by id, for gene names and for tasks that read a second source.
    """

    source: SourceSpec
    task: TaskSpec
    sources: Sources

    @property
    def where(self) -> str:
        """Source and task, as the beginning of a message."""
        return f"source '{self.source.id}', task '{self.task.name}'"

    def table(self, file, where=None):
        """Read rows of a file of the source.

        Parameters
        ----------
        file : str
            Name of the file in the declaration of the source.
        where : mapping of str to str, optional
            Column → regular expression that its values must contain.

        Returns
        -------
        DataFrame
            The rows that match.
        """
        frame = upstream.table(self.source, file)
        for name, pattern in (where or {}).items():
            frame = frame[frame[name].astype(str).str.contains(pattern, regex=True)]
        return frame

    def rows(
        self,
        file,
        gene_column,
        *,
        ids="symbol",
        where=None,
    ):
        """Read rows of a file of the source with the symbols of their genes.

        Parameters
        ----------
        file, where
            As in ``table``.
        gene_column : str
            Column of the genes.
        ids : str
            How they are named, as in ``symbols``.

        Returns
        -------
        rows : DataFrame
            Those with a gene; its symbol is in the column ``gene``, empty where there is none.
        note : str
            As in ``Labels``.
        """
        frame = self.table(file, where).dropna(subset=[gene_column])
        listed = frame[gene_column].to_numpy(str)
        return frame.assign(gene=self.symbols(listed, ids)), left_out(listed)

    def symbols(self, names, ids):
        """Read identifiers as gene symbols.

        Parameters
        ----------
        names : ndarray of str, shape (n,)
            The identifiers.
        ids : str
            ``symbol`` takes the names as they stand, without spaces around them, less those that a
            spreadsheet turned into a date or number. ``approved`` brings them to HGNC's approved
            symbols: those approved stay, previous ones are replaced, all others are empty. Another
            kind of identifier (``identifiers.KINDS``) is looked up.

        Returns
        -------
        ndarray of str, shape (n,)
            Symbols; empty where there is none or more than one.
        """
        names = np.char.strip(np.asarray(names, dtype=str))
        if ids == "symbol":
            return np.where(date_symbols.spoiled(names), "", names)
        code, unique = pd.factorize(names.astype(object))
        resolver = genes.resolver(self.sources)
        if ids == "approved":
            return np.array(genes.current_symbols(resolver.index, unique), dtype=str)[code]
        return resolver.resolve(unique, kind=ids).symbol[code]


def slug(text):
    """Turn a text into a name that fits a file, an address and a shell.

    Parameters
    ----------
    text : str

    Returns
    -------
    str
        It in lower case, words joined by hyphens.
    """
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")


def left_out(names):
    """Say which gene names are left out because a spreadsheet changed them.

    Parameters
    ----------
    names : ndarray of str

    Returns
    -------
    str
        One sentence with three examples; empty if no name is damaged.
    """
    bad = sorted(set(names[date_symbols.spoiled(names)]))
    if not bad:
        return ""
    shown = ", ".join(bad[:3]) + ", …" * (len(bad) > 3)
    plural = "s" * (len(bad) > 1)
    return f"Left out: {len(bad)} name{plural} that a spreadsheet made of gene symbols ({shown})."


def unresolved(known):
    """Say which identifiers are left out because they are those of no gene, or of several.

    Parameters
    ----------
    known : Series of str
        Symbol of each identifier; empty where there is none.

    Returns
    -------
    str
        One sentence with three examples.
    """
    lost = known.index[known == ""]
    first = f" (first: {', '.join(lost[:3])})" * bool(len(lost))
    return f"Left out: {len(lost)} of {len(known):,} ids without one approved gene{first}."


def multiclass(entities, labels, min_class, *, note=""):
    """Make multi-class labels of class names.

    Parameters
    ----------
    entities, labels : ndarray of str, shape (n,)
        Names of genes, and the class of each.
    min_class : int
        Classes with fewer genes are left out, with their genes.
    note : str
        As in ``Labels``.

    Returns
    -------
    Labels
        Indices into the sorted class names.
    """
    names, code, number = np.unique(labels, return_inverse=True, return_counts=True)
    large = np.flatnonzero(number >= min_class)
    use = np.isin(code, large)
    return Labels(entities[use], np.searchsorted(large, code[use]), names[large], note=note)
