"""Scores of a table of variants: kept as they come; one row never costs the others."""

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
"""Rows that are kept at a time."""
FEWEST = 10
"""Variants of one kind from which their mean is taken from each."""


def score(
    model,
    sequences,
    frame,
    *,
    partial,
    kinds=("llr",),
    length=0,
    strands="both",
    progress=quiet,
):
    """Score checked variants.

    Parameters
    ----------
    model : Nucleotides
    sequences, frame : dict of str to Sequence, DataFrame
        Of ``variants.genome``, and of ``variants.check``.
    partial : Path
        Folder of the rows that are done; those that it has of the same variants, by the same model
        and options, are not scored again.
    kinds : tuple of {"llr", "influence", "embedding"}
        Of ``KINDS``; all but ``llr`` are of single substitutions alone.
    length : int
        Bases of a window, wider for alleles that need it; 0: so that a variant sees the model's
        whole context.
    strands : {"both", "given"}
        Of the LLR: mean over the two strands, or the given one.
    progress : callable
        Takes a stage, the rows done and all.

    Returns
    -------
    DataFrame
        With a column for each of ``kinds``, NaN where a variant is not ok, and ``llr_own`` beside
        ``llr`` (see ``score.pseudo``). ``status`` says why a variant could not be scored.
    """
    for kind in kinds or [""]:
        check(KINDS, "score", kind)
    grain = model.token_length
    if not length:  # twice the context and as much again to share, at most all that it reads
        length = min(model.max_length, max(64, 3 * model.context))
        length = max(grain, length // grain * grain)
    if partial.is_file():  # of an older version, whose rows are not read
        partial.unlink()
    folder, parts = partial / _key(model, sequences, frame, kinds, length, strands), []
    for start in range(0, len(frame), ROWS):
        path = folder / f"{start}.parquet"
        if not path.exists():
            rows = frame.iloc[start : start + ROWS]
            with cache.atomic(path) as temporary:
                _scored(model, sequences, rows, kinds, length, strands).to_parquet(temporary)
        parts.append(pd.read_parquet(path))
        progress("variants", min(start + ROWS, len(frame)), len(frame))
    return frame.drop(columns="status").join(pd.concat(parts).set_axis(frame.index))


def _key(model, sequences, frame, kinds, length, strands):
    """Hash of all that determines the scores, the model by those of a made-up variant.

    A score that the model does not give ends here, before any row.
    """
    window = np.random.default_rng(0).integers(0, 4, (1, length)).astype(np.uint8)
    place = np.array([length // 2])
    given = model, window, place, (window[0, place] + 1) % 4
    values = [f"{getattr(scoring, kind)(*given)[0]:.5g}" for kind in kinds]
    bases = [[name, zlib.crc32(s.codes)] for name, s in sequences.items()]
    rows = frame.to_csv(index=False)
    return cache.key([model.name, kinds, values, rows, bases, length, strands])


def _scored(model, sequences, frame, kinds, length, strands):
    """Status and scores of some rows."""
    names = [*kinds, *["llr_own"] * ("llr" in kinds)]
    out = frame[["status"]].assign(**dict.fromkeys(names, np.float32(np.nan)))

    def substitutions(rows):
        bases, alt = sequences[rows.chrom.iloc[0]].codes, codes.encode("".join(rows.normal_alt))
        given = scoring.placed(model, bases, rows.normal_pos.to_numpy() - 1, length)
        own = {"llr": {"strands": strands}}
        return {k: getattr(scoring, k)(model, *given, alt, **own.get(k, {})) for k in kinds}

    def changes(rows):
        bases, width = sequences[rows.chrom.iloc[0]].codes, int(rows.window.iloc[0])
        given = list(zip(rows.start, rows.ref_size, map(codes.encode, rows.bases)))
        both = scoring.pseudo(model, bases, given, length=width, strands=strands)
        return dict(zip(("llr", "llr_own"), both))

    def attempt(compute, rows):
        """Score rows at once; if that fails, one by one, so that only what is at fault is lost."""
        try:
            for name, values in compute(rows).items():
                out.loc[rows.index, name] = values
        except Exception as err:  # of any kind: it becomes the row's status
            if len(rows) == 1:
                out.loc[rows.index, "status"] = one_line(f"failed: {fault(err)}")
                return
            for i in range(len(rows)):
                attempt(compute, rows.iloc[[i]])

    one = single(frame)
    for _, rows in one.sort_values(["chrom", "normal_pos"]).groupby("chrom"):
        attempt(substitutions, rows)
    others = frame[frame.status == GOOD].drop(one.index)
    if "llr" not in kinds:
        out.loc[others.index, "status"] = "no single substitution, as this score needs"
        return out
    others = _trimmed(others)
    most = model.max_length // model.token_length * model.token_length
    need = others["size"].to_numpy(int) + max(length // 2, 2 * scoring.AROUND)
    doubled = length * 2 ** np.ceil(np.log2(np.maximum(need / length, 1))).astype(int)
    window = np.maximum(length, np.minimum(doubled, most))
    fits = others["size"] + 2 * scoring.AROUND <= window
    out.loc[others.index[~fits], "status"] = (
        f"longer than what the model reads at once ({most:,} bases)"
    )
    for (width, _), rows in others.assign(window=window)[fits].groupby(["window", "chrom"]):
        step = int(np.clip((1 << 25) // width**2, 1, 256))
        for start in range(0, len(rows), step):
            attempt(changes, rows.iloc[start : start + step])
    return out


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


def with_calibration(frame, sequences):
    """Add the LLR of single substitutions less its mean by three-base context and new base.

    The mean is over the given variants; where fewer than ten are of a kind there is none.

    Parameters
    ----------
    frame, sequences : DataFrame, dict of str to Sequence
        Of ``score``, and of ``variants.genome``.

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
