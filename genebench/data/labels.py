"""What a builder of tasks receives, how it reads the names of genes, and how it makes a task."""

import re
from dataclasses import dataclass

import numpy as np
import pandas as pd

from ..core.errors import BadInput
from ..core.specs import SourceSpec, TaskSpec
from . import date_symbols, genes
from . import sources as upstream
from .sources import Sources
from .task import Task

_DECLARED = {"name", "title", "description", "group", "kind", "version"}


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

    def table(self, file, where=None, *, columns=()):
        """Read rows of a file of the source.

        Parameters
        ----------
        file : str
            Name of the file in the declaration of the source.
        where : mapping of str to str, optional
            Column → regular expression that its values must contain.
        columns : iterable of str
            Columns that it must have.

        Returns
        -------
        DataFrame
            The rows that match.

        Raises
        ------
        sources.Missing
            The file, or a column of it.
        """
        frame, where = upstream.table(self.source, file), where or {}
        if lacking := {*columns, *where}.difference(frame.columns):
            raise upstream.Missing(
                f"{self.where}: the file '{file}' at hand has no column '{min(lacking)}'; the task "
                f"needs the official file of release {self.source.release}: fetch it, or fix "
                "'options'."
            )
        for name, pattern in where.items():
            frame = frame[frame[name].astype(str).str.contains(pattern, regex=True)]
        return frame

    def rows(self, file, gene_column, *, ids="symbol", where=None, columns=()):
        """Read rows of a file of the source with the symbols of their genes.

        Parameters
        ----------
        file, where, columns
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
            As in ``make``.
        """
        frame = self.table(file, where, columns=[gene_column, *columns])
        frame = frame.dropna(subset=[gene_column])
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

    def known(self, names, ids):
        """Read identifiers of which some may be those of no gene, or of several.

        Parameters
        ----------
        names : ndarray of str, shape (n,)
        ids : str
            As in ``symbols``.

        Returns
        -------
        symbols : ndarray of str, shape (n,)
            Symbol of each identifier; empty where there is none.
        note : str
            How many distinct ones have none, with three examples.
        """
        symbols = self.symbols(names, ids)
        lost, every = pd.unique(names[symbols == ""]), pd.unique(names)
        first = f" (first: {', '.join(lost[:3])})" * bool(len(lost))
        note = f"Left out: {len(lost)} of {len(every):,} ids without one approved gene{first}."
        return symbols, note

    def make(self, entities, labels, classes=(), *, note="", folds=None, **words):
        """Make a task of entities and labels.

        Parameters
        ----------
        entities : sequence of str, length n
        labels : array or DataFrame of shape (n,) or (n, n_classes)
            The latter of a multi-label task.
        classes : sequence of str
            Class names; empty for regression.
        note : str
            Which genes of the file were left out and why, in one sentence for the description.
        folds : ndarray of int, shape (n,), optional
            Published folds, as in ``Task``.
        **words
            ``name``, ``title`` and ``description``, where they differ from those declared.

        Returns
        -------
        Task

        Raises
        ------
        BadInput
            The labels are not those of a task of its kind.
        """
        names, y = np.asarray(entities, dtype=str), np.asarray(labels)
        order = np.argsort(names, kind="stable")
        y = (y.astype(np.int64) if y.dtype.kind in "bu" else y)[order]
        about = self.task.model_dump(include=_DECLARED) | words
        about["description"] = " ".join(filter(None, [about["description"], note]))
        task = Task(
            **about,
            source=self.source.id,
            entities=names[order],
            labels=y,
            classes=tuple(map(str, classes)),
            folds=None if folds is None else np.asarray(folds)[order].astype(np.int8),
        )
        n, values = len(task.classes), set(np.unique(y).tolist())
        whole = y.dtype.kind in "iu" and y.ndim == 1 + (task.kind == "multilabel")
        if task.kind == "regression":
            sound = y.dtype.kind == "f" and np.isfinite(y).all()
        elif task.kind == "multilabel":
            sound = whole and n > 1 and values <= {0, 1}
        else:
            enough = n >= 2 if task.kind == "multiclass" else n == 2
            sound = whole and enough and values == set(range(n))
        faults = {
            "no genes": len(names) == 0,
            "a gene without a name": (names == "").any(),
            "an HGNC id in place of a symbol": np.char.startswith(names, "HGNC:").any(),
            "a gene twice": (task.entities[1:] == task.entities[:-1]).any(),
            f"labels that are not those of a {task.kind} task (finite numbers, or two "
            "classes or more, each with a gene)": not sound,
        }
        for fault, present in faults.items():
            if present:
                raise BadInput(
                    f"source '{task.source}', task '{task.name}': it holds {fault}; look at the "
                    "file, or fix its 'kind' or 'options'."
                )
        return task

    def multiclass(self, entities, labels, min_class, *, note=""):
        """Make a multi-class task of class names.

        Parameters
        ----------
        entities, labels : ndarray of str, shape (n,)
            Names of genes, and the class of each.
        min_class : int
            Classes with fewer genes are left out, with their genes.
        note : str
            As in ``make``.

        Returns
        -------
        Task
            Labels are indices into the sorted class names.
        """
        _, code, number = np.unique(labels, return_inverse=True, return_counts=True)
        use = number[code] >= min_class
        names, code = np.unique(labels[use], return_inverse=True)
        return self.make(entities[use], code, names, note=note)

    def make_term(self, entities, labels, title, id, **options):
        """Make the binary task of one term or gene set.

        Parameters
        ----------
        entities, labels : ndarray, shape (n,)
            Genes, and whether each has the term.
        title, id : str
            Of the term; both are filled into the declared description, and the id into the name.
        **options
            ``note`` and ``folds``, as in ``make``.

        Returns
        -------
        Task
        """
        words = {
            "name": f"{self.task.name}/{slug(id)}",
            "title": title,
            "description": self.task.description.format(name=title, id=id),
        }
        return self.make(entities, labels, ("absent", title), **words, **options)


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
