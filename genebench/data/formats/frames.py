"""Tables of genes × columns: which column holds ids, which hold vectors, which are left out."""

import re
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from ...core.errors import BadInput, check
from ..readers import numbers

ID_NAMES = (
    "symbol gene_symbol hgnc_symbol gene gene_name external_gene_name gene_id genes gene_names id "
    "ids name identifier index entrez entrez_id entrezgene_id geneid ensembl ensembl_id "
    "ensembl_gene_id gene_stable_id ensgene uniprot uniprot_id hgnc hgnc_id accession feature_name"
).split()
"""Names of columns of ids, the likeliest first."""
_ROW_NUMBERS = re.compile(
    r"unnamed(: ?\d+| \d+)?(_level_\d+)?(\.\d+)*|index|level_\d+|x|(\.\.\.|v)1|"
    r"row_?(names?|numbers?|id)?|(__)?index_level_\d+__|",
    re.IGNORECASE,
)
_NO_NUMBER = dict.fromkeys(
    (None, *" NA N/A NaN nan NULL null None none #N/A <NA> - . ?".split(" ")), np.nan
)
_NO_NUMBER |= {"True": 1.0, "False": 0.0}


class Vectors(NamedTuple):
    """What a file of vectors holds.

    Attributes
    ----------
    ids : sequence of str
    matrix : ndarray, shape (n, d)
    columns : list of str, optional
        Names of the columns.
    notes : list of str
        A sentence each: what was taken for ids and vectors, what was left out and why.
    """

    ids: object
    matrix: np.ndarray
    columns: list[str] | None = None
    notes: tuple[str, ...] | list[str] = ()


class VectorFile(NamedTuple):
    """A file of vectors, opened.

    Attributes
    ----------
    path : Path
    ending : str
        That of its unpacked name, in lower case; it tells the format.
    raw : bytes
        Its unpacked content.
    ids, array : str or None
        As given to ``read_vectors``.
    """

    path: Path
    ending: str
    raw: bytes
    ids: str | None
    array: str | None


def is_number(cell: object) -> bool:
    """Whether a cell holds a number, or a word for none."""
    try:
        return cell in _NO_NUMBER or float(cell) is not None
    except (TypeError, ValueError):
        return False


def is_id_name(name: str) -> bool:
    """Whether a column of this name is likely to hold ids."""
    return _plain(name) in ID_NAMES


def _plain(name):
    return name.strip().lower().replace(" ", "_")


def id_column(names, ids):
    """Find the column of ids: the one named, or the likeliest by its name.

    Parameters
    ----------
    names : list of str
    ids : str, optional

    Returns
    -------
    str or None
    """
    if ids is not None:
        check(names, "column", ids)
        return ids
    likely = filter(is_id_name, names)
    return min(likely, key=lambda name: ID_NAMES.index(_plain(name)), default=None)


def is_run(column, name=None):
    """Whether a column numbers the rows: 0, 1, 2 …, or, under a name of an index, others.

    Parameters
    ----------
    column : Series
        Numbers, or text.
    name : str, optional

    Returns
    -------
    bool
    """
    if not len(column) or not is_number(column.iloc[0]):
        return False
    values = numbers(column).to_numpy(np.float64, na_value=np.nan)
    if (np.diff(values) == 1).all() and values[0] in (0, 1):
        return True
    index = name is not None and _ROW_NUMBERS.fullmatch(name.strip())
    return bool(index and (values == np.floor(values)).all() and len(set(values)) == len(values))


def _names(names):
    """Some names, for a sentence."""
    more = f" and {len(names) - 4} more" * (len(names) > 4)
    return ", ".join(f"'{name[:40]}'" for name in names[:4]) + more


def from_frame(frame, ids):
    """Divide a table into ids and vectors.

    Columns that number the rows, further columns of ids and columns without any number are left
    out, and the notes say so.

    Parameters
    ----------
    frame : DataFrame
    ids : str, optional
        The column of ids; None: one of a usual name, or the first if it holds text.

    Returns
    -------
    Vectors
    """
    frame.columns = frame.columns.map(str)
    again = frame.columns[frame.columns.duplicated()]
    if len(again):
        raise BadInput(
            f"has two columns named '{again[0]}'; rename or drop one, or the first of two headers."
        )
    left = {n: "row numbers" for n in frame if n != ids and is_run(frame[n], n)}
    rest = frame.drop(columns=list(left))
    named = id_column(list(rest), ids)
    if named is None and (rest.empty or is_number(rest.iloc[0, 0])):
        first = f"the first, '{frame.columns[0]}', begins with {str(frame.iloc[0, 0])[:60]}"
        texts = [n for n in rest if not is_number(rest[n].iloc[0])]
        which = f" (one of {_names(texts)}?)" * bool(texts)
        raise BadInput(
            f"has no column of gene ids ({first}); add one named 'symbol', or name it with "
            f"--ids{which}."
        )
    named = rest.columns[0] if named is None else named
    names, values = rest[named], rest.drop(columns=named)
    for name, column in list(values.items()):
        if is_id_name(name):
            left[name] = "other ids"
        elif name.lower().startswith("unnamed") and column.isna().all():
            left[name] = "empty"
        elif not pd.api.types.is_numeric_dtype(column):
            values[name] = column.map(lambda cell: _NO_NUMBER.get(cell, cell))
            if fault := _text(name, column):
                left[name] = fault
    values = values.drop(columns=[name for name in left if name in values])
    if values.empty:
        why = "; ".join(f"'{n}': {why}" for n, why in left.items()) or "there are only ids"
        raise BadInput(f"has no column of numbers ({why}); write one column for each dimension.")
    with np.errstate(invalid="ignore"):  # a signalling NaN of single precision is a NaN
        matrix = values.to_numpy(np.float64, na_value=np.nan)
    taken = list(values)
    notes = [
        f"ids were taken from the column '{named}', vectors from {len(taken)} columns, "
        f"'{taken[0][:40]}' to '{taken[-1][:40]}'."
    ]
    for why in dict.fromkeys(left.values()):
        notes.append(f"left out: {_names([n for n in left if left[n] == why])} ({why}).")
    whole = (matrix == np.floor(matrix)).all(axis=0) & (matrix != matrix[0]).any(axis=0)
    if 0 < whole.sum() < len(taken):
        notes.append(
            f"whole numbers only, among fractions: {_names(list(values.columns[whole]))}; drop "
            "what is no part of the vectors (a chromosome, an id)."
        )
    return Vectors(names, matrix, taken, notes)


def _text(name, column):
    """Why a column is left out; empty if it holds numbers. Raises BadInput where it holds both."""
    number = column.map(is_number).to_numpy(bool)
    if number.all():
        return ""
    text = str(column[~number].iloc[0])
    if re.match(r"\s*[\[(]\s*[-+.\d]", text):
        raise BadInput(
            f"column '{name[:60]}' holds lists as text ('{text[:30]} …'); write one column for "
            "each number, with pandas: pd.DataFrame(column.map(json.loads).tolist(), index=genes)."
        )
    if (number & ~column.isin(list(_NO_NUMBER)).to_numpy(bool)).any():
        row = int(np.argmin(number)) + 1
        raise BadInput(
            f"column '{name[:60]}' holds the text '{text[:60]}' (row {row}) where a number "
            "belongs; drop that column, or name it as the column of ids with --ids."
        )
    return "text"
