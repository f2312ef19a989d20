"""Tables of text whose rows are genes → ids and numbers: delimited with or without a header, word2vec, GloVe."""

from __future__ import annotations

import io
import re
import warnings
from pathlib import Path

import numpy as np
import pandas as pd

from ..core.errors import BadInput, unknown
from .readers import EXACT, numbers

_ID_NAMES = (
    "symbol gene_symbol gene gene_name gene_id genes gene_names id ids name identifier index entrez entrez_id geneid "
    "ensembl ensembl_id ensembl_gene_id ensgene uniprot uniprot_id hgnc hgnc_id accession feature_name"
).split()
_MISSING = ["", "NA", "N/A", "NaN", "nan", "NULL", "null", "None", "none", "#N/A"]


def read_text(
    path: Path, raw: bytes, *, ids: str | None, ending: str
) -> tuple[list[str], np.ndarray, list[str] | None]:
    """Ids, (n,), numbers, (n, d) with NaN where there is none, and names of the columns if the file has any.

    ``raw`` is the unpacked file; ``ending`` says what it is delimited by (``.csv`` commas, ``.tsv`` tabs; of any other
    it is told by the first line, two whole numbers there announcing word2vec text). ``ids`` names the column of ids.
    Raises: BadInput: another delimiter, no ids, uneven rows, two columns of one name, text where numbers belong.
    """
    text = raw.decode("utf-8-sig").replace("\r\n", "\n")
    first, _, rest = text.lstrip("\n").partition("\n")
    if ending not in (".csv", ".tsv") and re.fullmatch(r"\d{1,15}[ \t]+\d{1,15}", first.strip()):
        return _word2vec(path, first, rest)
    sep = {".csv": ",", ".tsv": "\t"}.get(ending) or (
        "\t" if "\t" in first else "," if "," in first else " "
    )
    if sep not in first:
        found = next(
            (
                n
                for s, n in {"\t": "tab", ";": "semicolon", ",": "comma", " ": "space"}.items()
                if s in first
            ),
            "",
        )
        wanted = {",": "comma", "\t": "tab", " ": "space"}[sep]
        raise BadInput(
            f"{path}: has no {wanted} in its first line, though its name ends in '{ending}'"
            + (
                f" (it is delimited by {found}); save it with {wanted}s."
                if found
                else "; it has a single column."
            )
        )
    lines = [line.rstrip(" ") if sep == " " else line for line in (first + "\n" + rest).split("\n")]
    _even(path, lines, sep)
    cells = [c.strip().strip('"') for c in first.split(sep)]
    headed = (
        cells[0].lower() in ("", *_ID_NAMES) or not all(map(_number, cells[1:])) or ids in cells
    )
    names = None if headed else ["id", *map(str, range(1, len(cells)))]
    if headed and len({c for c in cells if c}) < len([c for c in cells if c]):
        twice = next(c for c in cells if cells.count(c) > 1)
        raise BadInput(f"{path}: has two columns named '{twice}'; rename one.")
    head = cells if headed else names
    at = id_column(path, head, lines[1 if headed else 0].split(sep), ids, headed=headed)
    head = [c or f"unnamed {i + 1}" for i, c in enumerate(head)]
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", pd.errors.ParserWarning)  # a column would be dropped
            frame = pd.read_csv(
                io.StringIO("\n".join(lines)),
                sep=sep,
                header=0 if headed else None,
                names=head,
                index_col=False,
                dtype={head[at]: str},
                keep_default_na=False,
                low_memory=False,
                **EXACT,
                na_values={c: _MISSING for i, c in enumerate(head) if i != at},
            )
    except (ValueError, OverflowError, pd.errors.ParserWarning) as err:
        told = " ".join(str(err).split())[:90]
        raise BadInput(
            f"{path}: is no table that can be read ({told}); look for stray quotes in it."
        ) from None
    return split(path, frame, head[at])


def _word2vec(path: Path, first: str, rest: str) -> tuple:
    n, d = map(int, first.split())
    rows = [line.split() for line in rest.splitlines() if line.strip()]
    if len(rows) != n:
        raise BadInput(
            f"{path}: announces {n} vectors and holds {len(rows)}; copy or download it again."
        )
    short = next((i for i, row in enumerate(rows) if len(row) != d + 1), None)
    if short is not None:
        raise BadInput(
            f"{path}:{short + 2}: holds {len(rows[short]) - 1} numbers after the gene, where {d} belong; mend it."
        )
    try:
        return [row[0] for row in rows], np.array([row[1:] for row in rows], dtype=np.float64), None
    except ValueError as err:
        raise BadInput(f"{path}: a value is no number ({err}); mend it.") from None


def _even(path: Path, lines: list[str], sep: str) -> None:
    """Raise a sentence at the first row with more or fewer cells than the first; quoted text may hold delimiters."""
    wide = lines[0].count(sep)
    for number, line in enumerate(lines, start=1):
        if line and line.count(sep) != wide and '"' not in line and '"' not in lines[0]:
            raise BadInput(
                f"{path}:{number}: has {line.count(sep) + 1} cells where the first line has {wide + 1}; make all rows "
                f"equally long."
            )


def _number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def id_column(path: Path, head: list[str], row: list[str], ids: str | None, *, headed: bool) -> int:
    """Which column holds the ids: the one asked for, else one with a usual name, else the first if it holds text.

    ``head`` are the names of the columns (``headed``: they are the file's own), ``row`` the cells of its first row.
    Raises: BadInput: no such column, or none that can be told.
    """
    if ids is not None:
        if ids not in head:
            raise unknown("column", str(ids), head, where=str(path))
        return head.index(ids)
    lower = [c.lower().replace(" ", "_") for c in head]
    named = [lower.index(n) for n in _ID_NAMES if headed and n in lower]
    if named:
        return named[0]
    if not _number(row[0].strip().strip('"')):
        return 0
    raise BadInput(
        f"{path}: has no column of gene ids (the first, '{head[0] or 'unnamed'}', begins with {row[0]}); add one named "
        f"'symbol', or say which column it is."
    )


def split(path: Path, frame: pd.DataFrame, at: str) -> tuple[list[str], np.ndarray, list[str]]:
    """Ids, (n,), numbers, (n, d), and names of the columns, (d,), of a table whose column ``at`` holds the ids.

    Raises: BadInput: a column beside the ids holds text (rows count from 1, without the header).
    """
    rest = frame.drop(columns=at)
    for name in rest.columns[[not pd.api.types.is_numeric_dtype(t) for t in rest.dtypes]]:
        number = numbers(rest[name])
        bad = number.isna() & rest[name].notna()
        if bad.any():
            where = int(np.flatnonzero(bad)[0])
            raise BadInput(
                f"{path}: column '{name}' holds the text '{rest[name].iloc[where]}' (row {where + 1}) where a number "
                f"belongs; drop that column, or name it as the column of ids."
            )
        rest = rest.assign(**{name: number})
    with np.errstate(
        invalid="ignore"
    ):  # a signalling NaN of single precision is a NaN like any other
        values = rest.to_numpy(dtype=np.float64, na_value=np.nan)
    return frame[at].astype(str).tolist(), values, list(map(str, rest.columns))
