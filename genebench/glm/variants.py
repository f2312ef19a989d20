"""Variants from VCF or TSV: checked against their genome, scored, faults named and counted."""

from __future__ import annotations

import gzip
import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd

from ..core import cache
from ..core.errors import BadInput, unknown
from . import codes
from . import score as scoring
from .codes import Nucleotides, Sequence

GOOD = "ok"
FAULTS = (
    "sequence not in the FASTA file",
    "position off the sequence",
    "reference allele differs from the FASTA file",
    "allele with N or another letter than A, C, G, T",
    "symbolic or missing allele",
    "alternative equals reference",
    "position is no number",
)
"""Why a variant is not scored, in the words of the column ``status``."""
KINDS = ("llr", "influence", "embedding")
"""Scores, in the words of ``score``."""
_COLUMNS = ("chrom", "pos", "id", "ref", "alt")
_SYNONYMS = {
    "#chrom": "chrom",
    "chromosome": "chrom",
    "chr": "chrom",
    "seqname": "chrom",
    "position": "pos",
    "reference": "ref",
    "alternate": "alt",
    "alternative": "alt",
}


def _lines(path):
    """Numbered lines of a plain, gzip or bgzip file, without their ends and a byte-order mark."""
    try:
        with open(path, "rb") as raw:
            packed = raw.read(2) == b"\x1f\x8b"
        with gzip.open(path, "rb") if packed else open(path, "rb") as raw:
            text = io.TextIOWrapper(raw, encoding="utf-8-sig", errors="replace", newline=None)
            for number, line in enumerate(text, 1):
                yield number, line.rstrip("\r\n")
    except (EOFError, gzip.BadGzipFile) as err:
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

    Raises
    ------
    BadInput
        No FASTA, a name twice, or no bases at all.
    """
    parts: dict[str, list[str]] = {}
    name = None
    for number, line in _lines(path):
        if line.startswith(">"):
            name = (line[1:].split() or [""])[0]
            if name in parts:
                raise BadInput(
                    f"{path}: line {number}: sequence '{name}' stands twice; keep one of them."
                )
            parts[name] = []
        elif name is not None:
            parts[name].append(line.strip())
        elif line.strip():
            raise BadInput(f"{path}: does not begin with a header line '>id'; it is no FASTA file.")
    texts = {key: "".join(lines) for key, lines in parts.items()}
    if not any(texts.values()):
        raise BadInput(
            f"{path}: holds no sequence; give a FASTA file of the genome that the variants are of."
        )
    return {k: Sequence(k, codes.encode(text), codes.lower(text)) for k, text in texts.items()}


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

    Raises
    ------
    BadInput
        No such columns, or a row with too few fields, by its line.
    """
    rows, place, separator = [], None, "\t"
    for number, line in _lines(path):
        if not line.strip() or line.startswith("##"):
            continue
        if place is None:
            separator = "\t" if "\t" in line else ","
            place, is_header = _columns(path, number, line, line.split(separator))
            if is_header:
                continue
        fields, needed = line.split(separator), max(place.values()) + 1
        if len(fields) < needed:
            count = f"{len(fields)} fields where {needed} belong"
            raise BadInput(f"{path}: line {number}: {count}; mend that line.")
        rows.append((number, *(fields[place[c]].strip() if c in place else "." for c in _COLUMNS)))
    if place is None:
        raise BadInput(
            f"{path}: holds no variants; give a VCF or a table with columns chrom, pos, ref, alt."
        )
    frame = pd.DataFrame(rows, columns=["line", *_COLUMNS])
    frame["pos"] = [int(pos) if pos.isdecimal() else -1 for pos in frame.pos]
    frame["ref"] = frame.ref.str.upper()
    frame["alt"] = frame.alt.str.upper().str.split(",")
    return frame.explode("alt", ignore_index=True)


def _columns(path, number, line, fields):
    """Place of each column, and whether the line is a header; without one it is that of a VCF."""
    names = [_SYNONYMS.get(n, n) for n in (f.strip().lower() for f in fields)]
    if {"chrom", "pos", "ref", "alt"} <= set(names):
        return {c: names.index(c) for c in _COLUMNS if c in names}, True
    if len(names) < 5 or line.startswith("#"):
        raise BadInput(
            f"{path}: line {number}: no columns chrom, pos, ref, alt; give a VCF, or name them "
            "first."
        )
    return {c: i for i, c in enumerate(_COLUMNS)}, False


def check(frame: pd.DataFrame, sequences: dict[str, Sequence]) -> pd.DataFrame:
    """Check variants against their genome.

    Parameters
    ----------
    frame : DataFrame
        Of ``read``.
    sequences : dict of str to Sequence
        Of ``genome``.

    Returns
    -------
    DataFrame
        With a column ``status``: ``ok``, or the first of ``FAULTS`` that holds.
    """
    status = [_status(row, sequences) for row in frame.itertuples()]
    return frame.assign(status=pd.array(status, dtype=object))


def _status(row, sequences):
    missing, off, differs, letters, symbolic, same, number = FAULTS
    if row.pos < 0:
        return number
    if row.chrom not in sequences:
        return missing
    if not row.alt or not row.ref or row.alt == "." or set("<>[]*") & set(row.alt):
        return symbolic
    if set(row.ref + row.alt) - set("ACGT"):
        return letters
    start, reference = row.pos - 1, sequences[row.chrom].codes
    end = start + len(row.ref)
    if start < 0 or end > len(reference):
        return off
    if row.ref == row.alt:
        return same
    return GOOD if codes.decode(reference[start:end]) == row.ref else differs


def messages(frame: pd.DataFrame, sequences: dict[str, Sequence]) -> list[str]:
    """Say which variants are not scored.

    Parameters
    ----------
    frame : DataFrame
        Of ``check``.
    sequences : dict of str to Sequence
        Of ``genome``.

    Returns
    -------
    list of str
        One sentence a fault, with number and first example.
    """
    out = []
    for fault, part in frame[frame.status != GOOD].groupby("status", sort=False):
        row, more = part.iloc[0], ""
        if fault == FAULTS[0]:
            plain = row.chrom.removeprefix("chr")
            near = [n for n in sequences if n.removeprefix("chr") == plain]
            has = f"it has {', '.join(list(sequences)[:4])}"
            more = "; " + (f"the FASTA file names it '{near[0]}'" if near else has)
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
        Any model.
    sequences : dict of str to Sequence
        Of ``genome``.
    frame : DataFrame
        Of ``check``.
    kinds : tuple of {"llr", "influence", "embedding"}
        Which scores.
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

    Raises
    ------
    BadInput
        Unknown kind of score.
    """
    for kind in kinds:
        if kind not in KINDS:
            raise unknown("score", kind, KINDS)
    length = length or _suggested(model)
    empty = {kind: np.full(len(frame), np.nan, dtype=np.float32) for kind in kinds}
    out = frame.assign(**empty).reset_index(drop=True)
    good, single = out[out.status == GOOD], _single(out)
    done = 0
    for part in _parts(single.sort_values(["chrom", "pos"]), 2048):
        codes_, position = sequences[part.chrom.iloc[0]].codes, part.pos.to_numpy() - 1
        start = scoring.tiles(model, position, length)
        windows, place = codes.windows(codes_, start, length), position - start
        ref, alt = (codes.encode("".join(part[c])) for c in ("ref", "alt"))
        for kind in kinds:
            if kind == "llr":
                scores = scoring.llr(model, windows, place, ref, alt, strands=strands)
            else:
                scores = getattr(scoring, kind)(model, windows, place, alt)
            out.loc[part.index, kind] = scores
        done += len(part)
        progress("variants", done, len(good))
    for part in _parts(good.drop(single.index), 256) if "llr" in kinds else ():
        changes = [(r.pos - 1, len(r.ref), codes.encode(r.alt)) for r in part.itertuples()]
        codes_ = sequences[part.chrom.iloc[0]].codes
        scores = scoring.pseudo(model, codes_, changes, length=length, strands=strands)
        out.loc[part.index, "llr"] = scores
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


def _suggested(model):
    """Length of windows: twice the context and as much again to share, at most all it reads."""
    grain = model.token_length
    return max(grain, min(model.max_length, max(64, 3 * model.context)) // grain * grain)


def with_calibration(frame: pd.DataFrame, sequences: dict[str, Sequence]) -> pd.DataFrame:
    """Add the LLR of single substitutions less its mean by kind of mutation.

    Parameters
    ----------
    frame : DataFrame
        Of ``score``, with ``llr``.
    sequences : dict of str to Sequence
        Of ``genome``.

    Returns
    -------
    DataFrame
        With a column ``llr_calibrated``.
    """
    out = frame.assign(llr_calibrated=np.float32(np.nan))
    single = _single(out)
    kinds = np.empty(len(single), dtype=np.int64)
    for name in single.chrom.unique():
        mine = (single.chrom == name).to_numpy()
        position, alt = single.pos[mine].to_numpy() - 1, codes.encode("".join(single.alt[mine]))
        kinds[mine] = scoring.contexts(sequences[name].codes, position, alt)
    scores = scoring.calibrated(single.llr.to_numpy(), kinds)
    out.loc[single.index, "llr_calibrated"] = scores.astype(np.float32)
    return out


def write(frame: pd.DataFrame, path: Path) -> None:
    """Write a table of variants atomically.

    Parameters
    ----------
    frame : DataFrame
        Of ``score``.
    path : Path
        Tab-separated, scores to six digits.
    """
    with cache.atomic(path) as temporary:
        frame.to_csv(temporary, sep="\t", index=False, float_format="%.6g")
