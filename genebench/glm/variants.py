"""Variants from VCF or TSV, checked against the genome they are of. What cannot be scored is named and counted."""

from __future__ import annotations

import gzip
import io
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd

from ..core.errors import BadInput
from . import codes
from .base import Sequence

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
_NAMES = {
    "chrom": "chrom",
    "#chrom": "chrom",
    "chromosome": "chrom",
    "chr": "chrom",
    "seqname": "chrom",
    "pos": "pos",
    "position": "pos",
    "ref": "ref",
    "reference": "ref",
    "alt": "alt",
    "alternate": "alt",
    "alternative": "alt",
    "id": "id",
}


def _lines(path: Path) -> Iterator[str]:
    """Lines without their ends, of a plain, gzip or bgzip file; the byte-order mark of a spreadsheet is dropped."""
    try:
        with open(path, "rb") as raw:
            packed = raw.read(2) == b"\x1f\x8b"
        with gzip.open(path, "rb") if packed else open(path, "rb") as stream:
            for line in io.TextIOWrapper(
                stream, encoding="utf-8-sig", errors="replace", newline=None
            ):
                yield line.rstrip("\r\n")
    except (EOFError, gzip.BadGzipFile) as err:
        raise BadInput(f"{path}: a broken gzip file ({err}); fetch or pack it again.")
    except OSError as err:
        raise BadInput(
            f"{path}: cannot be read ({err.strerror or err}); give a file that is there."
        )


def genome(path: Path) -> dict[str, Sequence]:
    """Sequences of a FASTA file by the first word of their headers; small letters are kept as ``repeats``.

    Plain, gzip or bgzip. Raises: BadInput: no FASTA, a name twice, or no bases at all.
    """
    held: dict[str, list[str]] = {}
    name = None
    for number, line in enumerate(_lines(path), 1):
        if line.startswith(">"):
            name = (line[1:].split() or [""])[0]
            if name in held:
                raise BadInput(
                    f"{path}: line {number}: sequence '{name}' stands twice; keep one of them."
                )
            held[name] = []
        elif name is not None:
            held[name].append(line.strip())
        elif line.strip():
            raise BadInput(f"{path}: does not begin with a header line '>id'; it is no FASTA file.")
    texts = {key: "".join(parts) for key, parts in held.items()}
    if not any(texts.values()):
        raise BadInput(
            f"{path}: holds no sequence; give a FASTA file of the genome that the variants are of."
        )
    return {
        key: Sequence(key, codes.encode(text), codes.lower(text)) for key, text in texts.items()
    }


def read(path: Path) -> pd.DataFrame:
    """Variants of a VCF or a table with columns chrom, pos, ref, alt (tab or comma): those, and ``line`` and ``id``.

    ``pos`` is 1-based, −1 where it is no number. A row with several alternatives becomes several; alleles are turned
    into capitals. Raises: BadInput: no such columns, or a row with too few fields, by its line.
    """
    rows, place, sep = [], None, "\t"
    for number, line in enumerate(_lines(path), 1):
        if not line.strip() or line.startswith("##"):
            continue
        if place is None:
            sep = "\t" if "\t" in line else ","
            names = [_NAMES.get(n.strip().lower()) for n in line.split(sep)]
            if {"chrom", "pos", "ref", "alt"} <= set(names):
                place = {
                    n: names.index(n) for n in ("chrom", "pos", "id", "ref", "alt") if n in names
                }
                continue
            if len(names) < 5 or line.startswith("#"):
                raise BadInput(
                    f"{path}: line {number}: no columns chrom, pos, ref, alt; give a VCF, or name them first."
                )
            place = {"chrom": 0, "pos": 1, "id": 2, "ref": 3, "alt": 4}
        fields = line.split(sep)
        if len(fields) <= max(place.values()):
            raise BadInput(
                f"{path}: line {number}: {len(fields)} fields where {max(place.values()) + 1} belong; mend that line."
            )
        told = {n: fields[i].strip() for n, i in place.items()}
        pos = int(told["pos"]) if told["pos"].isdecimal() else -1
        for alt in told["alt"].split(","):
            rows.append(
                (number, told["chrom"], pos, told.get("id", "."), told["ref"].upper(), alt.upper())
            )
    if place is None:
        raise BadInput(
            f"{path}: holds no variants; give a VCF or a table with columns chrom, pos, ref, alt."
        )
    return pd.DataFrame(rows, columns=["line", "chrom", "pos", "id", "ref", "alt"])


def check(frame: pd.DataFrame, sequences: dict[str, Sequence]) -> pd.DataFrame:
    """The variants with a column ``status``: ``ok``, or the first of ``FAULTS`` that holds."""
    status = [_status(row, sequences) for row in frame.itertuples()]
    return frame.assign(status=pd.array(status, dtype=object))


def _status(row, sequences: dict[str, Sequence]) -> str:
    missing, off, differs, letters, symbolic, same, number = FAULTS
    if row.pos < 0:
        return number
    if row.chrom not in sequences:
        return missing
    if not row.alt or not row.ref or row.alt in (".", "*") or any(c in row.alt for c in "<>[]*"):
        return symbolic
    if set(row.ref + row.alt) - set("ACGT"):
        return letters
    held = sequences[row.chrom].codes
    if row.pos < 1 or row.pos - 1 + len(row.ref) > len(held):
        return off
    if row.ref == row.alt:
        return same
    here = codes.decode(held[row.pos - 1 : row.pos - 1 + len(row.ref)])
    return GOOD if here == row.ref else differs


def told(frame: pd.DataFrame, sequences: dict[str, Sequence]) -> list[str]:
    """What a user must know about variants that are not scored: one sentence a fault, with number and first example."""
    out = []
    for fault, part in frame[frame.status != GOOD].groupby("status", sort=False):
        row = part.iloc[0]
        more = ""
        if fault == FAULTS[0]:
            near = [
                n for n in sequences if n.removeprefix("chr") == str(row.chrom).removeprefix("chr")
            ]
            more = (
                f"; the FASTA file names it '{near[0]}'"
                if near
                else f"; it has {', '.join(list(sequences)[:4])}"
            )
        out.append(
            f"{len(part)} of {len(frame)} variants not scored: {fault} (first: line {row.line}, {row.chrom}:{row.pos} "
            f"{row.ref[:12]}>{row.alt[:12]}{more})."
        )
    return out


def score(
    model,
    sequences: dict[str, Sequence],
    frame: pd.DataFrame,
    *,
    kinds: tuple[str, ...] = ("llr",),
    length: int = 0,
    strands: str = "both",
    progress=lambda stage, done, total: None,
) -> pd.DataFrame:
    """The checked variants with a column for each of ``kinds``: ``llr``, ``influence``, ``embedding``.

    Variants that are not ok, and for all but ``llr`` those that are no single substitutions, are NaN. ``length``: of
    the windows; 0: so that a variant sees the model's whole context. Raises: BadInput: unknown kind.
    """
    from ..core.errors import unknown
    from . import score as scoring

    for kind in kinds:
        if kind not in ("llr", "influence", "embedding"):
            raise unknown("score", kind, ("llr", "influence", "embedding"))
    length = length or suggested(model)
    out = frame.assign(
        **{kind: np.full(len(frame), np.nan, dtype=np.float32) for kind in kinds}
    ).reset_index(drop=True)
    good = out[out.status == GOOD] if "status" in out else out
    single = good[(good.ref.str.len() == 1) & (good.alt.str.len() == 1)].sort_values(
        ["chrom", "pos"]
    )
    done = 0
    for name, part in single.groupby("chrom", sort=False):
        held = sequences[name].codes
        for s in range(0, len(part), 2048):
            rows = part.iloc[s : s + 2048]
            position = rows.pos.to_numpy() - 1
            start = scoring.tiles(model, position, length)
            windows, place = codes.windows(held, start, length), position - start
            ref, alt = (codes.encode("".join(rows[c])) for c in ("ref", "alt"))
            for kind in kinds:
                if kind == "llr":
                    found = scoring.llr(model, windows, place, ref, alt, strands=strands)
                else:
                    found = getattr(scoring, kind)(model, windows, place, alt)
                out.loc[rows.index, kind] = found
            done += len(rows)
            progress("variants", done, len(good))
    if "llr" in kinds:
        other = good.drop(single.index)
        for name, part in other.groupby("chrom", sort=False):
            changes = [(r.pos - 1, len(r.ref), codes.encode(r.alt)) for r in part.itertuples()]
            for s in range(0, len(part), 256):
                rows = part.index[s : s + 256]
                found = scoring.pseudo(
                    model,
                    sequences[name].codes,
                    changes[s : s + 256],
                    length=length,
                    strands=strands,
                )
                out.loc[rows, "llr"] = found
                done += len(rows)
                progress("variants", done, len(good))
    return out


def suggested(model) -> int:
    """Length of windows for a model: twice its context and as much again to share, at most what it can read at once."""
    most, grain = getattr(model, "longest", 1 << 14), getattr(model, "granularity", 1)
    return max(grain, min(most, max(64, 3 * model.context)) // grain * grain)


def with_calibration(frame: pd.DataFrame, sequences: dict[str, Sequence]) -> pd.DataFrame:
    """The scored table with ``llr_calibrated``: the LLR of single substitutions less its mean by kind of mutation."""
    from . import score as scoring

    out = frame.assign(llr_calibrated=np.float32(np.nan))
    single = out[(out.status == GOOD) & (out.ref.str.len() == 1) & (out.alt.str.len() == 1)]
    kinds = np.empty(len(single), dtype=np.int64)
    for name in single.chrom.unique():
        mine = (single.chrom == name).to_numpy()
        alt = codes.encode("".join(single.alt[mine]))
        kinds[mine] = scoring.contexts(sequences[name].codes, single.pos[mine].to_numpy() - 1, alt)
    out.loc[single.index, "llr_calibrated"] = scoring.calibrated(
        single.llr.to_numpy(), kinds
    ).astype(np.float32)
    return out


def write(frame: pd.DataFrame, path: Path) -> None:
    """Write a table of variants, tab-separated, scores to six digits, atomically."""
    from ..core import cache

    with cache.atomic(path) as temporary:
        frame.to_csv(temporary, sep="\t", index=False, float_format="%.6g")
