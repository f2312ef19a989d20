"""Delimited text, as pandas, R, spreadsheets, word2vec and Gene2vec write it."""

import csv
import io
import re
from statistics import mode

from ...core.errors import BadInput
from .. import limits
from .frames import from_frame, id_column, is_id_name, is_number

SAMPLE = 20
"""Lines by which separator, header and decimal sign are found."""


def read(file):
    """Read delimited text; two whole numbers in its first line announce word2vec.

    Parameters
    ----------
    file : VectorFile
        UTF-8, or UTF-16 with its mark; any line ends, comments (``#``, ``%``) before the table.

    Returns
    -------
    Vectors
    """
    from pyarrow import csv as arrow
    from pyarrow import string

    text, ids = _plain(file.raw), file.ids
    announced = file.ending not in (".csv", ".tsv") and re.match(
        r"(\d{1,15})[ \t]+\d{1,15} *\n", text
    )
    above = announced or re.match(r"(?:(?:[#%](.*)|sep=.*)\n)*", text)  # comments, Excel's "sep=;"
    text = text[above.end() :]
    rows, sample = text.count("\n") + 1, text.split("\n", SAMPLE)[:SAMPLE]
    limits.check_shape(rows, max(map(sample[0].count, ",;\t |")) + 1)
    if rows == 1 and not announced:
        raise BadInput("holds one line; write a header, and a line for each gene.")
    sep = _separator([line.rstrip() for line in sample[1:] or sample])
    if sep == " ":
        text = "\n".join(" ".join(line.split()) for line in text.split("\n"))
        sample = text.split("\n", SAMPLE)[:SAMPLE]
    first, *others = _cells(sample, sep)
    names, skipped = _header(first, others, ids, announced=bool(announced))
    top = (above[1] or "").lstrip("#% ").split(sep.strip(" ") or None)
    if not skipped and len(top) == len(first):  # the header is the last comment
        names = top
    names = [name.strip() or f"unnamed {i}" for i, name in enumerate(names, start=1)]
    values = [cell for row in others for cell in row[1:]]
    commas = [c for c in values if "," in c and _is_number(c)]
    comma = commas and not any("." in c for c in values)
    if comma and sep == "," and all(re.fullmatch(r"-?\d{1,3}(,\d{3})+", c) for c in commas):
        raise BadInput(f"holds thousands separators, as in '{commas[0]}'; save plain numbers.")
    texts = {id_column(names, ids) or names[0], *filter(is_id_name, names)}
    table = arrow.read_csv(
        io.BytesIO(text.encode()),
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
    return from_frame(table.to_pandas(), ids)


def _plain(raw):
    """Text without its mark, with plain line ends and no row without a value."""
    wide = raw[:2] in (b"\xff\xfe", b"\xfe\xff")
    if b"\0" in raw and not wide:
        raise BadInput("holds zero bytes, as no text in UTF-8 does; save it as that.")
    stream = io.TextIOWrapper(io.BytesIO(raw), "utf-16" if wide else "utf-8-sig")
    return re.sub(r'\n[\n\t ,;|"]*(?=\n|$)', "", stream.read().strip("\n"))


def _cells(lines, sep):
    return list(csv.reader(lines, delimiter=sep))


def _separator(lines):
    """What delimits the cells: the sign that cuts most lines into the most cells.

    Blanks do where no other sign is, and where they part numbers (Gene2vec: a tab, then blanks);
    elsewhere they stand within ids.
    """
    widths = {sep: mode(map(len, _cells(lines, sep))) for sep in "\t;,|"}
    best = max(widths, key=widths.get)
    blank = lines[0].split()
    parted = widths[best] == 2 and len(blank) > 2 and all(map(is_number, blank[1:]))
    return " " if widths[best] < 2 or parted else best


def _header(first, others, ids, *, announced):
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


def _is_number(cell):
    """Whether a cell holds a number, with a point or a comma, or a word for none."""
    return is_number(cell.strip().replace(",", "."))
