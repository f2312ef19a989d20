"""Variants from VCF or table: checked against their genome, normalised, faults counted."""

import csv
import gzip
import io
import re
from collections.abc import Iterator
from contextlib import contextmanager
from os.path import commonprefix
from pathlib import Path

import numpy as np
import pandas as pd
from Bio.SeqIO.FastaIO import SimpleFastaParser

from ..core import cache
from ..core.errors import BadInput
from ..data import limits, readers
from . import codes
from .codes import Sequence

GOOD = "ok"
FAULTS = (
    "too few fields",
    "position is no whole number",
    "sequence not in the FASTA file",
    "symbolic or missing allele",
    "allele with N or another letter than A, C, G, T",
    "position off the sequence",
    "alternative equals reference",
    "reference allele differs from the FASTA file",
)
"""Why a variant is not scored, in the words of the column ``status`` and in order of the checks;
``tables/scores.py`` adds what is longer than the model reads, and what failed."""
_COLUMNS = ["chrom", "pos", "id", "ref", "alt"]
SYNONYMS = dict.fromkeys(("#chrom", "chromosome", "chr", "seqname"), "chrom") | {
    "position": "pos",
    "start_position": "pos",  # of MAF, from 1
    "reference": "ref",
    "reference_allele": "ref",
    "alternate": "alt",
    "alternative": "alt",
    "tumor_seq_allele2": "alt",
}
"""Heads of columns, in small letters -> our names."""

MOST_ROWS = 1_000_000
"""Rows of one file, which are held in memory."""
LONGEST_LINE = 5e8
"""Bytes of a line of a gzip file, which may unpack to a thousand times its size."""


class _Gzip(gzip.GzipFile):
    """A gzip file whose lines are bounded."""

    line = 0

    def read1(self, size=-1):
        chunk = super().read1(size)
        self.line = 0 if b"\n" in chunk else self.line + len(chunk)
        if self.line > LONGEST_LINE:
            raise BadInput(
                f"holds a line of {self.line / 1e6:,.0f} MB or more, as no file of sequences or "
                "variants does; write it again, with lines of 80 letters."
            )
        return chunk


@contextmanager
def open_text(path: Path) -> Iterator[io.TextIOWrapper]:
    """Open a plain, gzip or bgzip file as text without a byte-order mark."""
    with limits.faults_of(path, "text"):
        limits.check_plain(path)
        with open(path, "rb") as raw:
            start = raw.read(2)
        with _Gzip(path) if start == b"\x1f\x8b" else open(path, "rb") as raw:
            encoding = "utf-16" if start in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
            yield io.TextIOWrapper(raw, encoding=encoding, errors="replace")


def genome(path):
    """Read the sequences of a FASTA file.

    Parameters
    ----------
    path : Path
        Plain, gzip or bgzip.

    Returns
    -------
    dict of str to Sequence
        By the first word of their headers; small letters are ``repeats``.
        No FASTA, a name twice, or no bases at all is an error.
    """
    out = {}
    with open_text(path) as text:
        for title, bases in SimpleFastaParser(text):
            name = (title.split() or [""])[0]
            if name in out:
                raise BadInput(f"{path}: duplicate sequence '{name}'; keep one of them.")
            out[name] = Sequence(name, codes.encode(bases), codes.lower(bases))
    if not any(len(s.codes) for s in out.values()):
        raise BadInput(
            f"{path}: holds no sequence below a header line '>id'; give a FASTA file of the genome "
            "that the variants are of."
        )
    return out


def read(path):
    """Read the variants of a VCF, or of a table with columns chrom, pos, ref, alt.

    Parameters
    ----------
    path : Path
        Separated by tabs, commas or semicolons, plain, gzip or bgzip; or Parquet.

    Returns
    -------
    DataFrame
        ``line, chrom, pos, id, ref, alt, status``: position from 1, −1 where it is no whole number;
        alleles as written; a row with several alternatives becomes several; one with too few fields
        says so. No such columns is an error.
    """
    rows, place = [], {}
    for number, fields in _fields_of(path):
        if not place:
            width = len(fields)
            names = [SYNONYMS.get(n, n) for n in (str(name).strip().lower() for name in fields)]
            place = {c: names.index(c) for c in _COLUMNS if c in names}
            if {"chrom", "pos", "ref", "alt"} <= set(place):
                continue
            place = {c: i for i, c in enumerate(_COLUMNS)}  # a VCF without its head
            headless = number and width >= len(_COLUMNS) and fields[0][:1] != "#"
            if not (headless and re.match(r"\d", fields[1])):
                line, has = f": line {number}" * bool(number), " ".join(map(str, fields))[:80]
                printed = "\ufffd" not in has and has.isprintable()
                has = f"begins with '{has}'" if printed else "is no text"
                raise BadInput(
                    f"{path}{line}: no columns chrom, pos, ref, alt (it {has}); give a VCF, or a "
                    "table (tsv, csv, Parquet) that names them first, positions from 1."
                )
        if len(fields) == width + 1 and fields[-1]:  # R names the rows, and not that column
            fields = fields[1:]
        fields, lacking = dict(enumerate(fields)), len(fields) <= max(place.values())
        status = FAULTS[0] if lacking else GOOD
        rows.append((number, *(fields.get(place.get(c), ".") for c in _COLUMNS), status))
        if len(rows) > MOST_ROWS:
            raise BadInput(
                f"{path}: holds more than {MOST_ROWS:,} rows; give it in parts, one chromosome "
                "each."
            )
    if not rows:
        raise BadInput(
            f"{path}: holds no variants; give a VCF or a table with columns chrom, pos, ref, alt."
        )
    frame = pd.DataFrame(rows, columns=["line", *_COLUMNS, "status"])
    frame["chrom"] = frame.chrom.str.replace(r"^(\d+)\.0$", r"\1", regex=True)
    pos = readers.numbers(frame.pos).astype(float)
    frame["pos"] = pos.where((pos % 1 == 0) & (pos >= 0) & (pos < 2**53), -1).astype(np.int64)
    frame = frame.assign(alt=frame.alt.str.split(",")).explode("alt", ignore_index=True)
    return frame.assign(alt=frame.alt.str.strip())


def parquet_texts(path):
    """Read a Parquet table, an index with a name as columns, every value as text.

    Parameters
    ----------
    path : Path

    Returns
    -------
    DataFrame
        What is missing is empty.
    """
    limits.check_parquet(path)
    frame = pd.read_parquet(path)
    frame = frame.reset_index() if any(frame.index.names) else frame
    return frame.astype(object).where(frame.notna(), "").astype(str)


def _fields_of(path):
    """Number and fields of each line of text, or row of Parquet, whose names stand before row 1."""
    with open_text(path) as text:
        if text.read(4) == "PAR1":
            with limits.faults_of(path, "Parquet"):
                frame = parquet_texts(path)
            yield 0, list(frame)
            yield from enumerate(frame.itertuples(index=False), 1)
            return
        text.seek(0)
        separator = None
        for number, line in enumerate(text, 1):
            comment = "##" if separator is None else "#"
            if not line.strip() or line.startswith((comment, "sep=")):
                continue
            if separator is None:
                separator = next((s for s in "\t,;" if s in line), "")
            if separator == ",":  # they may be quoted, with commas inside
                csv.field_size_limit(1 << 30)
                yield number, [f.strip() for f in next(csv.reader([line]))]
                continue
            fields = [f.strip() for f in line.split(separator or None)]
            yield number, [f[1:-1] if len(f) > 1 and f[0] == f[-1] == '"' else f for f in fields]


def check(frame, sequences):
    """Check variants against their genome and normalise them.

    Parameters
    ----------
    frame, sequences : DataFrame, dict of str to Sequence
        Of ``read``, and of ``genome``.

    Returns
    -------
    DataFrame
        With ``normal_pos, normal_ref, normal_alt`` (see ``normalise``; as written where ``status``
        is not ``ok``), and ``status``: ``ok``, or the first of ``FAULTS`` that holds.
    """
    rows = [_checked(row, sequences) for row in frame.itertuples()]
    columns = ["normal_pos", "normal_ref", "normal_alt", "status"]
    return frame.drop(columns="status").join(pd.DataFrame(rows, frame.index, columns))


def _checked(row, sequences):
    bases = sequences[row.chrom].codes if row.chrom in sequences else codes.encode("")
    ref, alt, start = row.ref.upper(), row.alt.upper(), row.pos - 1
    holds = (
        row.status != GOOD,
        row.pos < 0,
        row.chrom not in sequences,
        not alt or not ref or alt == "." or set("<>[]*") & set(alt),
        set(ref + alt) - set("ACGT"),
        start < 0 or start + len(ref) > len(bases),
        ref == alt,
        codes.decode(bases[max(start, 0) : max(start, 0) + len(ref)]) != ref,
    )
    for fault, wrong in zip(FAULTS, holds):
        if wrong:
            return row.pos, row.ref, row.alt, fault
    return *normalise(row.pos, ref, alt, bases), GOOD


def normalise(pos, ref, alt, bases):
    """Write a variant in the one way that is shortest and leftmost (Tan et al. 2015).

    Parameters
    ----------
    pos, ref, alt : int, str, str
        Position from 1, and alleles in capitals; the reference allele fits.
    bases : ndarray of shape (L,), uint8
        Codes of the sequence.

    Returns
    -------
    pos, ref, alt : int, str, str
        Without a common end or beginning, but for one base before an insertion or deletion (behind
        it at the beginning of the sequence).
    """
    ref, alt = _less(ref[::-1], alt[::-1])
    short_ref, short_alt = _less(ref[::-1], alt[::-1])
    start = pos - 1 + len(ref) - len(short_ref)
    ref, alt = short_ref, short_alt
    if ref and alt:
        return start + 1, ref, alt
    word, moved, size, stops = ref or alt, 0, 16, ()
    letters = codes.encode(word)
    while moved < start and not len(stops):  # a repeat may be long: by ever larger blocks
        size = min(2 * size, 1 << 20, start - moved)
        left = bases[start - moved - size : start - moved][::-1]
        stops = np.flatnonzero(left != letters[-1 - (moved + np.arange(size)) % len(word)])
        moved += int([*stops[:1], size][0])  # bases can lie as far left with the same outcome
    word, start = codes.decode(np.roll(letters, moved)), start - moved
    ref, alt = (word, "") if ref else ("", word)
    if start:
        anchor = codes.decode(bases[start - 1 : start])
        return start, anchor + ref, anchor + alt
    anchor = codes.decode(bases[len(ref) : len(ref) + 1])
    return 1, ref + anchor, alt + anchor


def _less(a, b):
    """Two texts without their common beginning."""
    same = len(commonprefix([a, b]))
    return a[same:], b[same:]


def messages(frame, sequences, *, known=()):
    """Say which variants are not scored.

    Parameters
    ----------
    frame, sequences : DataFrame, dict of str to Sequence
        Of ``check``, and of ``genome``.
    known : collection of str
        Values of ``status`` to leave out.

    Returns
    -------
    list of str
        One sentence a fault, with number and first example.
    """
    out = []
    for fault, part in frame[~frame.status.isin([GOOD, *known])].groupby("status", sort=False):
        row, more = part.iloc[0], ""
        if row.chrom not in sequences:
            plain = row.chrom.removeprefix("chr")
            near = [f"names it '{n}'" for n in sequences if n.removeprefix("chr") == plain]
            has = [*near, f"has {', '.join(list(sequences)[:4])}"]
            more = f"; the FASTA file {has[0]}"
        where = f":{row.pos}" if row.pos >= 0 else ""
        out.append(
            f"{len(part)} of {len(frame)} variants not scored: {fault} (first: line {row.line}, "
            f"{row.chrom}{where} {row.ref[:12]}>{row.alt[:12]}{more})."
        )
    return out


def write(frame: pd.DataFrame, path: Path):
    """Write a table of ``tables.scores.score`` atomically, tab-separated, scores to six digits."""
    with cache.atomic(path) as temporary:
        frame.to_csv(temporary, sep="\t", index=False, float_format="%.6g")
