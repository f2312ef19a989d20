"""Variants from VCF or TSV: checked against their genome, scored, faults named and counted."""

from __future__ import annotations

import gzip
import io
import zlib
from collections.abc import Callable
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pandas as pd
from Bio.SeqIO.FastaIO import SimpleFastaParser

from ..core import cache
from ..core.errors import BadInput, unknown
from . import codes
from . import score as scoring
from .codes import Nucleotides, Sequence

GOOD = "ok"
FAULTS = (
    "position is no number",
    "sequence not in the FASTA file",
    "symbolic or missing allele",
    "allele with N or another letter than A, C, G, T",
    "position off the sequence",
    "alternative equals reference",
    "reference allele differs from the FASTA file",
)
"""Why a variant is not scored, in the words of the column ``status`` and in order of the checks."""
KINDS = ("llr", "influence", "embedding")
"""Scores, in the words of ``score``."""
_COLUMNS = ["chrom", "pos", "id", "ref", "alt"]
_SYNONYMS = dict.fromkeys(("#chrom", "chromosome", "chr", "seqname"), "chrom") | {
    "position": "pos",
    "reference": "ref",
    "alternate": "alt",
    "alternative": "alt",
}


@contextmanager
def _text(path):
    """Text of a plain, gzip or bgzip file without a byte-order mark."""
    try:
        with open(path, "rb") as raw:
            packed = raw.read(2) == b"\x1f\x8b"
        with gzip.open(path) if packed else open(path, "rb") as raw:
            yield io.TextIOWrapper(raw, encoding="utf-8-sig", errors="replace")
    except (EOFError, gzip.BadGzipFile, zlib.error) as err:
        raise BadInput(f"{path}: a broken gzip file ({err}); fetch or pack it again.")
    except OSError as err:
        reason = err.strerror or err
        raise BadInput(f"{path}: cannot be read ({reason}); give a file that is there.")


def genome(path: Path) -> dict[str, Sequence]:
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
    out: dict[str, Sequence] = {}
    with _text(path) as text:
        for title, bases in SimpleFastaParser(text):
            name = (title.split() or [""])[0]
            if name in out:
                raise BadInput(f"{path}: sequence '{name}' stands twice; keep one of them.")
            out[name] = Sequence(name, codes.encode(bases), codes.lower(bases))
    if not any(len(s.codes) for s in out.values()):
        raise BadInput(
            f"{path}: holds no sequence below a header line '>id'; give a FASTA file of the genome "
            "that the variants are of."
        )
    return out


def read(path: Path) -> pd.DataFrame:
    """Read the variants of a VCF, or of a table with columns chrom, pos, ref, alt.

    Parameters
    ----------
    path : Path
        Tab- or comma-separated; plain, gzip or bgzip.

    Returns
    -------
    DataFrame
        ``line, chrom, pos, id, ref, alt``: position from 1, −1 where it is no number; alleles in
        capitals; a row with several alternatives becomes several.
        No such columns, or a row with too few fields, is an error with its line.
    """
    rows, place, separator = [], {}, "\t"
    with _text(path) as text:
        for number, line in enumerate(text, 1):
            if not line.strip() or line.startswith("##"):
                continue
            if not place:
                separator = "\t" if "\t" in line else ","
                fields = [f.strip().lower() for f in line.split(separator)]
                names = [_SYNONYMS.get(f, f) for f in fields]
                if {"chrom", "pos", "ref", "alt"} <= set(names):
                    place = {c: names.index(c) for c in _COLUMNS if c in names}
                    continue
                if len(names) < 5 or line.startswith("#"):
                    raise BadInput(
                        f"{path}: line {number}: no columns chrom, pos, ref, alt; give a VCF, or "
                        "name them first."
                    )
                place = {c: i for i, c in enumerate(_COLUMNS)}
            fields, needed = line.split(separator), max(place.values()) + 1
            if len(fields) < needed:
                count = f"{len(fields)} fields where {needed} belong"
                raise BadInput(f"{path}: line {number}: {count}; fix that line.")
            rows.append(
                (number, *(fields[place[c]].strip() if c in place else "." for c in _COLUMNS))
            )
    if not rows:
        raise BadInput(
            f"{path}: holds no variants; give a VCF or a table with columns chrom, pos, ref, alt."
        )
    frame = pd.DataFrame(rows, columns=["line", *_COLUMNS])
    frame["pos"] = [int(pos) if pos.isdecimal() else -1 for pos in frame.pos]
    frame["ref"] = frame.ref.str.upper()
    frame["alt"] = frame.alt.str.upper().str.split(",")
    return frame.explode("alt", ignore_index=True)


def check(frame: pd.DataFrame, sequences: dict[str, Sequence]) -> pd.DataFrame:
    """Check variants against their genome.

    Parameters
    ----------
    frame, sequences : DataFrame, dict of str to Sequence
        Of ``read``, and of ``genome``.

    Returns
    -------
    DataFrame
        With a column ``status``: ``ok``, or the first of ``FAULTS`` that holds.
    """
    status = [_status(row, sequences) for row in frame.itertuples()]
    return frame.assign(status=pd.array(status, dtype=object))


def _status(row, sequences):
    reference = sequences[row.chrom].codes if row.chrom in sequences else codes.encode("")
    start, end = row.pos - 1, row.pos - 1 + len(row.ref)
    holds = (
        row.pos < 0,
        row.chrom not in sequences,
        not row.alt or not row.ref or row.alt == "." or set("<>[]*") & set(row.alt),
        set(row.ref + row.alt) - set("ACGT"),
        start < 0 or end > len(reference),
        row.ref == row.alt,
        codes.decode(reference[max(start, 0) : end]) != row.ref,
    )
    return next((fault for fault, wrong in zip(FAULTS, holds) if wrong), GOOD)


def messages(frame: pd.DataFrame, sequences: dict[str, Sequence]) -> list[str]:
    """Say which variants are not scored.

    Parameters
    ----------
    frame, sequences : DataFrame, dict of str to Sequence
        Of ``check``, and of ``genome``.

    Returns
    -------
    list of str
        One sentence a fault, with number and first example.
    """
    out = []
    for fault, part in frame[frame.status != GOOD].groupby("status", sort=False):
        row, more = part.iloc[0], ""
        if row.chrom not in sequences:
            plain = row.chrom.removeprefix("chr")
            near = [f"names it '{n}'" for n in sequences if n.removeprefix("chr") == plain]
            has = [*near, f"has {', '.join(list(sequences)[:4])}"]
            more = f"; the FASTA file {has[0]}"
        out.append(
            f"{len(part)} of {len(frame)} variants not scored: {fault} (first: line {row.line}, "
            f"{row.chrom}:{row.pos} {row.ref[:12]}>{row.alt[:12]}{more})."
        )
    return out


def score(
    model: Nucleotides,
    sequences: dict[str, Sequence],
    frame: pd.DataFrame,
    *,
    kinds: tuple[str, ...] = ("llr",),
    length: int = 0,
    strands: str = "both",
    progress: Callable[[str, int, int], None] = lambda stage, done, total: None,
) -> pd.DataFrame:
    """Score checked variants.

    Parameters
    ----------
    model : Nucleotides
    sequences, frame : dict of str to Sequence, DataFrame
        Of ``genome``, and of ``check``.
    kinds : tuple of {"llr", "influence", "embedding"}
    length : int
        Bases of a window; 0: so that a variant sees the model's whole context.
    strands : {"both", "given"}
        Mean over the two strands, or the given one.
    progress : callable
        Takes a stage, the variants done and all.

    Returns
    -------
    DataFrame
        With a column for each of ``kinds``, NaN where a variant is not ok and, but for ``llr``,
        where it is no single substitution.
    """
    for kind in kinds:
        if kind not in KINDS:
            raise unknown("score", kind, KINDS)
    if not length:  # twice the context and as much again to share, at most all that it reads
        grain = model.token_length
        most = min(model.max_length, max(64, 3 * model.context))
        length = max(grain, most // grain * grain)
    empty = {kind: np.full(len(frame), np.nan, dtype=np.float32) for kind in kinds}
    out = frame.assign(**empty).reset_index(drop=True)
    good, single = out[out.status == GOOD], _single(out)
    jobs = [(part, True) for part in _parts(single.sort_values(["chrom", "pos"]), 2048)]
    if "llr" in kinds:
        jobs += [(part, False) for part in _parts(good.drop(single.index), 256)]
    done = 0
    for part, alone in jobs:
        bases, position = sequences[part.chrom.iloc[0]].codes, part.pos.to_numpy() - 1
        if alone:
            given = scoring.placed(model, bases, position, length)
            alt = codes.encode("".join(part.alt))
            for kind in kinds:
                options = {"strands": strands} if kind == "llr" else {}
                out.loc[part.index, kind] = getattr(scoring, kind)(model, *given, alt, **options)
        else:
            alleles = zip(position.tolist(), part.ref.str.len(), map(codes.encode, part.alt))
            options = {"length": length, "strands": strands}
            out.loc[part.index, "llr"] = scoring.pseudo(model, bases, list(alleles), **options)
        done += len(part)
        progress("variants", done, len(good))
    return out


def _single(frame):
    """The good variants that are single substitutions."""
    one = (frame.ref.str.len() == 1) & (frame.alt.str.len() == 1)
    return frame[(frame.status == GOOD) & one]


def _parts(frame, size):
    """At most ``size`` rows of one sequence at a time."""
    for _, part in frame.groupby("chrom", sort=False):
        for s in range(0, len(part), size):
            yield part.iloc[s : s + size]


def with_calibration(frame: pd.DataFrame, sequences: dict[str, Sequence]) -> pd.DataFrame:
    """Add the LLR of single substitutions less its mean by kind of mutation.

    Parameters
    ----------
    frame, sequences : DataFrame, dict of str to Sequence
        Of ``score`` with ``llr``, and of ``genome``.

    Returns
    -------
    DataFrame
        With a column ``llr_calibrated``.
    """
    single = _single(frame)
    kinds = pd.Series(0, index=single.index)
    for name, part in single.groupby("chrom"):
        alt = codes.encode("".join(part.alt))
        kinds[part.index] = scoring.contexts(sequences[name].codes, part.pos - 1, alt)
    scores = scoring.calibrated(single.llr.to_numpy(), kinds.to_numpy())
    scores = pd.Series(scores, index=single.index, dtype=np.float32)
    return frame.assign(llr_calibrated=scores.reindex(frame.index))


def write(frame: pd.DataFrame, path: Path) -> None:
    """Write a table of ``score`` atomically, tab-separated, scores to six digits."""
    with cache.atomic(path) as temporary:
        frame.to_csv(temporary, sep="\t", index=False, float_format="%.6g")
