"""Scores of a table of variants: written as they come; one row never costs the others."""

import hashlib
import zlib

import numpy as np
import pandas as pd

from ...core import cache
from ...core.errors import check, one_line
from ...core.workers import fault, quiet
from .. import codes
from .. import score as scoring
from ..variants import GOOD

KINDS = ("llr", "influence", "embedding")
"""Scores, in the words of ``score``."""
ROWS = 2048
"""Rows that are written at a time."""


def score(
    model,
    sequences,
    frame,
    *,
    kinds=("llr",),
    length=0,
    strands="both",
    partial=None,
    progress=quiet,
):
    """Score checked variants.

    Parameters
    ----------
    model : Nucleotides
    sequences, frame : dict of str to Sequence, DataFrame
        Of ``variants.genome``, and of ``variants.check``.
    kinds : tuple of {"llr", "influence", "embedding"}
    length : int
        Bases of a window, wider for alleles that need it; 0: so that a variant sees the model's
        whole context.
    strands : {"both", "given"}
        Mean over the two strands, or the given one.
    partial : Path, optional
        File of the rows that are done; those that it has are not scored again.
    progress : callable
        Takes a stage, the rows done and all.

    Returns
    -------
    DataFrame
        With a column for each of ``kinds``, NaN where a variant is not ok and, but for ``llr``,
        where it is no single substitution; with ``llr`` also ``llr_own`` (see ``score.pseudo``).
        ``status`` says why a variant could not be scored.
    """
    for kind in kinds:
        check(KINDS, "score", kind)
    grain = model.token_length
    if not length:  # twice the context and as much again to share, at most all that it reads
        length = min(model.max_length, max(64, 3 * model.context))
        length = max(grain, length // grain * grain)
    columns = ["status", *kinds, *["llr_own"] * ("llr" in kinds)]
    options = {"kinds": kinds, "length": length, "strands": strands}
    key = _key(model, sequences, frame, options)
    done = _resumed(partial, key, columns)
    parts = [done] * (len(done) > 0)
    for start in range(len(done), len(frame), ROWS):
        parts.append(_scored(model, sequences, frame.iloc[start : start + ROWS], columns, options))
        if partial:
            with open(partial, "a", encoding="utf-8") as file:
                parts[-1].to_csv(file, sep="\t", header=False, index=False, float_format="%.9g")
        progress("variants", min(start + ROWS, len(frame)), len(frame))
    scores = pd.concat(parts).set_axis(frame.index).astype(dict.fromkeys(columns[1:], np.float32))
    return frame.drop(columns="status").join(scores)


def _key(model, sequences, frame, options):
    """Hash of all that determines the scores, the model by those of a made-up variant.

    Options that the model does not take end here, before any row.
    """
    window = np.random.default_rng(0).integers(0, 4, (1, options["length"])).astype(np.uint8)
    place = np.array([options["length"] // 2])
    alt = (window[0, place] + 1) % 4
    values = [float(getattr(scoring, k)(model, window, place, alt)[0]) for k in options["kinds"]]
    rows = hashlib.sha256(frame.to_csv(index=False).encode()).hexdigest()
    used = {n: zlib.crc32(sequences[n].codes) for n in frame.chrom.unique() if n in sequences}
    return cache.key([model.name, [f"{v:.5g}" for v in values], rows, used, options])


def _resumed(partial, key, columns):
    """Rows of an interrupted run with the same key; the file is begun anew where it has another."""
    if partial is None:
        return pd.DataFrame(columns=columns)
    text = partial.read_text(encoding="utf-8") if partial.exists() else ""
    head, _, rest = text[: text.rfind("\n") + 1].partition("\n")
    rest = rest if head == key else ""
    cache.write_text(partial, f"{key}\n{rest}")
    rows = [line.split("\t") for line in rest.splitlines()]
    found = pd.DataFrame(rows or None, columns=columns)
    return found.mask(found == "")


def _scored(model, sequences, frame, columns, options):
    """Status and scores of some rows."""
    out = pd.DataFrame(np.float32(np.nan), frame.index, columns).assign(status=frame.status)
    good, one = frame[frame.status == GOOD], single(frame)
    given = model, sequences, options
    for part in _parts(one.sort_values(["chrom", "normal_pos"]), ROWS):
        _attempt(out, part, _single_scores, *given)
    if "llr" not in options["kinds"]:
        return out
    others = _trimmed(good.drop(one.index))
    most = model.max_length // model.token_length * model.token_length
    window = np.full(len(others), options["length"])
    need = others["size"] + np.maximum(window // 2, 2 * scoring.AROUND)
    while (narrow := (window < need) & (window < most)).any():
        window = np.where(narrow, np.minimum(2 * window, most), window)
    fits = others["size"] + 2 * scoring.AROUND <= window
    out.loc[others.index[~fits], "status"] = (
        f"longer than what the model reads at once ({most:,} bases)"
    )
    for width, rows in others[fits].groupby(window[fits]):
        for part in _parts(rows, int(np.clip((1 << 25) // width**2, 1, 256))):
            _attempt(out, part, _other_changes, *given, int(width))
    return out


def _parts(frame, step):
    """Some rows of one sequence at a time."""
    for _, part in frame.groupby("chrom", sort=False):
        for s in range(0, len(part), step):
            yield part.iloc[s : s + step]


def _attempt(out, rows, compute, *given):
    """Score rows at once; if that fails, one by one, so that only what is at fault is lost."""
    try:
        for name, values in compute(rows, *given).items():
            out.loc[rows.index, name] = values
    except Exception as err:  # of any kind: it becomes the row's status
        if len(rows) == 1:
            out.loc[rows.index, "status"] = one_line(f"failed: {fault(err)}")
            return
        for i in range(len(rows)):
            _attempt(out, rows.iloc[[i]], compute, *given)


def _single_scores(rows, model, sequences, options):
    bases, position = sequences[rows.chrom.iloc[0]].codes, rows.normal_pos.to_numpy() - 1
    given = scoring.placed(model, bases, position, options["length"])
    alt, strands = codes.encode("".join(rows.normal_alt)), {"strands": options["strands"]}
    return {
        kind: getattr(scoring, kind)(model, *given, alt, **(strands if kind == "llr" else {}))
        for kind in options["kinds"]
    }


def _other_changes(rows, model, sequences, options, window):
    bases = sequences[rows.chrom.iloc[0]].codes
    changes = list(zip(rows.start, rows.ref_size, map(codes.encode, rows.bases)))
    scores = scoring.pseudo(model, bases, changes, length=window, strands=options["strands"])
    return dict(zip(("llr", "llr_own"), scores))


def _trimmed(frame):
    """Variants without the base that stands before (or behind) an insertion or deletion.

    Adds ``start`` (from 0), ``ref_size``, ``bases`` (of the alternative), ``size`` (the longer).
    """
    rows = []
    for pos, ref, alt in zip(frame.normal_pos, frame.normal_ref, frame.normal_alt):
        front = ref[:1] == alt[:1]
        cut = slice(1, None) if front else slice(None, -1 if ref[-1:] == alt[-1:] else None)
        ref, alt = ref[cut], alt[cut]
        rows.append((pos - 1 + front, len(ref), alt, max(len(ref), len(alt))))
    return frame.join(pd.DataFrame(rows, frame.index, ["start", "ref_size", "bases", "size"]))


def single(frame: pd.DataFrame) -> pd.DataFrame:
    """The sound variants of a table of ``variants.check`` that are single substitutions."""
    one = (frame.normal_ref.str.len() == 1) & (frame.normal_alt.str.len() == 1)
    return frame[(frame.status == GOOD) & one]


FEWEST = 10
"""Variants of one kind from which their mean is taken from each."""


def with_calibration(frame, sequences):
    """Add the LLR of single substitutions less its mean by three-base context and new base.

    The mean is over the given variants; where fewer than ten are of a kind there is none.

    Parameters
    ----------
    frame, sequences : DataFrame, dict of str to Sequence
        Of ``score`` with ``llr``, and of ``variants.genome``.

    Returns
    -------
    DataFrame
        With a column ``llr_calibrated``.
    """
    one = single(frame)
    kinds = pd.Series(0, index=one.index)
    for name, part in one.groupby("chrom"):
        alt = codes.encode("".join(part.normal_alt))
        kinds[part.index] = scoring.contexts(sequences[name].codes, part.normal_pos - 1, alt)
    scores = scoring.calibrated(one.llr.to_numpy(), kinds.to_numpy())
    scores = pd.Series(scores, index=one.index, dtype=np.float32)
    scores = scores.where(kinds.map(kinds.value_counts()) >= FEWEST)
    return frame.assign(llr_calibrated=scores.reindex(frame.index))
