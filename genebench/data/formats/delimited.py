"""Delimited text, as pandas, R, spreadsheets, word2vec and Gene2vec write it."""

import csv
import io
import re
from collections import Counter

from ...core.errors import BadInput
from .. import limits
from .frames import id_column, is_id_name, is_number

SAMPLE = 20
"""Lines by which separator, header and decimal sign are told."""


def read(raw, ending, ids, most_cells):
    """Read delimited text; two whole numbers in its first line announce word2vec.

    Parameters
    ----------
    raw : bytes
        UTF-8, or UTF-16 with its mark; any line ends, comments (``#``, ``%``) before the table.
    ending : str
        Of the file.
    ids : str, optional
        The column of ids.
    most_cells : int, optional
        See ``limits.check_shape``.

    Returns
    -------
    DataFrame
        Columns that can hold ids as text.
    """
    from pyarrow import csv as arrow
    from pyarrow import string

    raw = _plain(raw)
    announced = ending not in (".csv", ".tsv") and re.match(rb"(\d{1,15})[ \t]+\d{1,15} *\n", raw)
    raw, title = _without_comments(raw[announced.end() if announced else 0 :])
    rows = raw.count(b"\n") + 1
    end = raw.find(b"\n")
    widest = max(raw.count(sep, 0, end if end > 0 else len(raw)) for sep in b",;\t |")
    limits.check_shape(rows, widest + 1, most_cells)
    if rows == 1 and not announced:
        raise BadInput("holds one line; write a header, and a line for each gene.")
    lines = io.BytesIO(raw)
    sample = [lines.readline().decode("utf-8").rstrip() for _ in range(min(SAMPLE, rows))]
    sep = _separator(sample[1:] or sample)
    if sep == " ":
        raw, sample = _single_spaced(raw), [" ".join(line.split()) for line in sample]
        title = " ".join(title.split())
    first, *others = _cells(sample, sep)
    top = next(iter(_cells([title], sep)), []) if title else []
    if len(top) == len(first) and top[0] and not all(map(is_number, top[1:])):
        names, skipped = top, 0  # the header was written as a comment
    else:
        names, skipped = _header(first, others, ids, announced=bool(announced))
    names = [name.strip() or f"unnamed {i}" for i, name in enumerate(names, start=1)]
    values = [cell for row in others for cell in row[1:]]
    comma = any(map(_with_comma, values)) and not any("." in cell for cell in values)
    texts = {names[id_column(names, ids) or 0], *filter(is_id_name, names)}
    table = arrow.read_csv(
        io.BytesIO(raw),
        arrow.ReadOptions(
            column_names=names, use_threads=False, skip_rows=skipped, block_size=1 << 28
        ),
        arrow.ParseOptions(delimiter=sep),
        arrow.ConvertOptions(
            column_types=dict.fromkeys(texts, string()), decimal_point="," if comma else "."
        ),
    )
    if announced and len(table) != int(announced[1]):
        raise BadInput(
            f"announces {int(announced[1])} vectors and holds {len(table)}; copy or download it "
            "again."
        )
    return table.to_pandas()


def _plain(raw: bytes) -> bytes:
    """Text as UTF-8 without its mark and without empty lines, with plain line ends."""
    if raw[:2] in (b"\xff\xfe", b"\xfe\xff"):
        raw = raw.decode("utf-16").encode()
    raw = raw.removeprefix(b"\xef\xbb\xbf")
    if b"\0" in raw:
        raise BadInput("holds zero bytes, as no text in UTF-8 does; save it as that.")
    if not raw.isascii():
        raw.decode("utf-8")  # raises where it is not
    raw = raw.replace(b"\r\n", b"\n").replace(b"\r", b"\n").strip(b"\n")
    end = len(raw)
    while (start := raw.rfind(b"\n", 0, end)) > 0 and not raw[start:end].strip(b'\n\t ,;|"'):
        end = start  # rows without a value, as spreadsheets leave them
    raw = raw[:end]
    while b"\n\n" in raw:
        raw = raw.replace(b"\n\n", b"\n")
    return raw.replace("\N{MINUS SIGN}".encode(), b"-")


def _without_comments(raw: bytes) -> tuple[bytes, str]:
    """Text without the comments before it (Excel's ``sep=;`` is one), and the last of these."""
    at = start = 0
    while raw.startswith((b"#", b"%", b"sep="), at) and (end := raw.find(b"\n", at)) >= 0:
        start, at = at, end + 1
    return raw[at:], raw[start:at].decode("utf-8").strip("#%\n") if at else ""


def _single_spaced(raw: bytes) -> bytes:
    """Text whose cells are one space apart."""
    raw = raw.replace(b"\t", b" ")
    while b"  " in raw:
        raw = raw.replace(b"  ", b" ")
    return raw.replace(b" \n", b"\n").replace(b"\n ", b"\n").strip(b" ")


def _cells(lines: list[str], sep: str) -> list[list[str]]:
    return list(csv.reader(lines, delimiter=sep))


def _separator(lines: list[str]) -> str:
    """What delimits the cells: the sign that cuts most lines into the most cells.

    Blanks do where no other sign is, and where they part numbers (Gene2vec: a tab, then blanks);
    elsewhere they stand within ids.
    """

    def width(sep: str) -> int:
        counts = Counter(len(row) for row in _cells(lines, sep))
        return counts.most_common(1)[0][0] if counts else 0

    widths = {sep: width(sep) for sep in "\t;,|"}
    best = max(widths, key=widths.get)
    blank = lines[0].split() if lines else []
    parted = widths[best] == 2 and len(blank) > 2 and all(map(is_number, blank[1:]))
    return " " if widths[best] < 2 or parted else best


def _with_comma(cell: str) -> bool:
    """Whether a cell is a number with a decimal comma."""
    return bool(re.fullmatch(r"\s*[+-]?\d*,\d+([eE][+-]?\d+)?\s*", cell))


def _header(
    first: list[str], others: list[list[str]], ids: str | None, *, announced: bool
) -> tuple:
    """Names of the columns, and lines to skip for them.

    A header has text above most columns of numbers, or counts the columns. R leaves the header of
    the row names out, so that it is one cell shorter; some end every other line with a separator.
    """
    if announced:
        return ["id", *map(str, range(1, len(first)))], 0
    if others and len(others[0]) > 2 and len([*filter(None, first)]) == 1:
        raise BadInput(
            f"begins with '{''.join(first)[:60]}' above the table; delete what stands above its "
            "header."
        )
    text = [not _is_number(cell) for cell in first]
    numeric = [any(map(_is_number, filter(str.strip, column))) for column in zip(*others)]
    if others and len(first) == len(others[0]) - 1:
        tail = text[0] and not any(row[-1] for row in others)
        return ([*first, ""], 1) if tail else (["id", *first], 1)
    above = [t for t, n in zip(text, numeric) if n]
    counts = [c.strip() for c, t, n in zip(first, text, numeric) if n and not t and c.strip()]
    # pandas names columns 0, 1, 2 …
    counted = counts and any(counts == [*map(str, range(i, i + len(counts)))] for i in (0, 1))
    named = 2 * sum(above) > len(above) if above else any(text[1:])
    if named or counted or any(map(is_id_name, first)) or ids in first:
        return first, 1
    return ["", *map(str, range(1, len(first)))], 0


def _is_number(cell: str) -> bool:
    """Whether a cell holds a number, with a point or a comma, or a word for none."""
    return is_number(cell.strip()) or _with_comma(cell)
