"""The tidy results: schema, reading, writing, checking, aggregating. Never fits anything."""

from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from ..core import cache, manifest, paths
from ..core.errors import BadInput, check
from ..data import limits
from ..data.readers import EXACT
from ..stats import metrics

_TEXT = pa.dictionary(pa.int32(), pa.string())
_NAMES = "task group kind model family probe split split_param variant control".split()
SCHEMA = pa.schema(
    [
        *[(name, _TEXT) for name in _NAMES],
        ("repeat", pa.int16()),
        ("fold", pa.int16()),
        ("metric", _TEXT),
        ("genes", _TEXT),
        ("score", pa.float64()),
        ("n_train", pa.int32()),
        ("n_test", pa.int32()),
        ("coverage", pa.float32()),
        ("key", _TEXT),
    ]
)
"""One row per task x model x probe x split x repeat x fold x metric (version 2).

``genes``
    Which test entities a score is measured on: the model's ``own``, the ``common`` ones that every
    broad model covers, or ``all``, those without a vector predicted by the class prior of the
    training fold. Where coverage is 1, ``all`` equals ``own`` and has no rows.
``variant``, ``control``
    Of a split: how it was made (``weighted``; empty for the usual way), and which control it is
    (``size``: as many samples as the split beside it, drawn at random; empty for none).
``coverage``, ``key``
    Share of the task's entities that the model can embed; hash of the recipe of the row's cell.
"""
GENES = ("own", "common", "all")
IDENTITY = "task model probe split split_param variant control repeat fold metric genes".split()

BESIDE = ("intervals.parquet", "power.csv", "means.csv", "pairs.csv")
"""Tables that ``benchmark.tables`` writes beside the scores.

Intervals (task x model x split x probe x choice of genes): score, 95 % interval, excess over the
best shortcut. Power (task x split): smallest detectable difference, the two best models, how many
more genes would separate them, weight. Means (group x split x model): weighted mean over headline
tasks, interval, excess, tier, ranks, drop since the first split (``lost``). Pairs: every two
models of those.
"""
PUBLISHED = ("reproduction.csv", "published_groups.csv", "published_pairs.csv")
"""Tables of ``genebench reproduce``: a model's scores on the paper's genes beside the published
ones, by task; and what the paper publishes, by group of tasks and model, and by pair of models."""
_COMMANDS = {
    **dict.fromkeys((*BESIDE, "plain.csv"), "genebench run --profile {profile}"),
    **dict.fromkeys(PUBLISHED, "genebench reproduce --profile {profile}"),
    **dict.fromkeys(
        ("among.csv", "redrawn.csv"), "genebench notebooks --study among -P source={profile}"
    ),
    "efficiency.csv": "genebench notebooks --study efficiency -P source={profile}",
    "ceilings.csv": "python -m benchmarks.ceilings",
    "degree.csv": "python -m benchmarks.gene_pairs",
    "published.csv": "python -m benchmarks.gene_pairs",
    "layers.csv": "python -m benchmarks.layers",
    "masked.csv": "python -m benchmarks.masked",
}
"""Tables of a profile -> the command that makes them.

``plain.csv``: plain means, see ``summaries``; ``efficiency.csv``: scores by number of training
labels; ``among.csv``: models among published embeddings; ``ceilings.csv``: agreement of two
measurements of a label; ``degree.csv``: what the numbers of partners tell of pairs, and
``published.csv`` the published scores beside it; ``layers.csv``: scores by layer and pooling;
``masked.csv``: what masking words of a text costs.
"""


def beside_path(profile: str, name: str) -> Path:
    """Path of a file of a profile's results."""
    return paths.results(profile) / name


def scores_path(profile: str) -> Path:
    """Path of a profile's table of scores."""
    return beside_path(profile, "scores.parquet")


def manifest_path(profile: str) -> Path:
    """Path of the manifest: what made a profile's scores."""
    return beside_path(profile, "manifest.json")


def write_csv(frame: pd.DataFrame, path: Path):
    """Write a small table as CSV, atomically, without the folders of this machine, and note it."""
    frame = frame.replace({f"{paths.ROOT}/": ""}, regex=True)
    with cache.atomic(path) as temporary:
        frame.to_csv(temporary, index=False)
    manifest.note(path)


def write_table(frame, path):
    """Write a derived table as CSV or parquet (by its suffix), numbers to five digits, atomically.

    Parameters
    ----------
    frame, path : DataFrame, Path
    """
    frame = frame.round({c: 5 for c in frame.select_dtypes("float")})
    if path.suffix == ".csv":
        return write_csv(frame, path)
    frame = frame.astype({c: "float32" for c in frame.select_dtypes("float64")})
    with cache.atomic(path) as temporary:
        frame.to_parquet(temporary, index=False, compression="zstd")
    manifest.note(path)


def read_beside(profile, name):
    """Read a table of ``BESIDE`` or ``PUBLISHED``, or ``efficiency.csv``.

    Parameters
    ----------
    profile, name : str

    Returns
    -------
    DataFrame
    """
    check(_COMMANDS, "table", name)
    path = beside_path(profile, name)
    if not path.exists():
        command = _COMMANDS[name].format(profile=profile)
        raise BadInput(f"{path}: not made yet; run '{command}'.")
    return pd.read_parquet(path) if path.suffix == ".parquet" else pd.read_csv(path, **EXACT)


def load(profile: str) -> pd.DataFrame:
    """Read all rows of a profile, see ``read``."""
    path = scores_path(profile)
    if not path.exists():
        raise BadInput(f"{path}: no results yet; run 'genebench run --profile {profile}'.")
    return read(path)


def read(path):
    """Read the rows of a file of scores.

    Parameters
    ----------
    path : Path

    Returns
    -------
    DataFrame of ``SCHEMA``, texts as categories
    """
    again = "rerun 'genebench run'."
    with limits.faults_of(path, "parquet"):
        table = limits.read_parquet(path)
    there, known = table.column_names, SCHEMA.names
    missing, extra = [n for n in known if n not in there], [n for n in there if n not in known]
    if missing or extra:
        old = not extra and set(missing) == {"variant", "control", "genes"}
        whence = "written by an older version (schema 1)" if old else "of another version?"
        raise BadInput(
            f"{path}: columns missing {missing or 'none'}, unknown {extra or 'none'} ({whence}); "
            f"{again}"
        )
    try:
        return table.select(known).cast(SCHEMA).to_pandas()
    except (pa.ArrowException, ValueError) as err:
        why = str(err).splitlines()[0][:120]
        raise BadInput(f"{path}: a column has the wrong type ({why}); {again}") from None


def texts(frame: pd.DataFrame) -> pd.DataFrame:
    """Turn the names of scores, read as categories, into plain text."""
    return frame.astype(dict.fromkeys(frame.select_dtypes("category"), str))


def write(frame, path):
    """Write rows of ``SCHEMA`` in the one order in which they are stored, atomically.

    The same rows give the same bytes with the same pyarrow.

    Parameters
    ----------
    frame, path : DataFrame, Path
    """
    ordered = {
        n: frame[n].astype(str).astype("category") for n in [*_NAMES, "metric", "genes", "key"]
    }
    frame = frame.assign(**ordered).sort_values(IDENTITY, kind="stable", ignore_index=True)
    table = pa.Table.from_pandas(frame[SCHEMA.names], preserve_index=False).cast(SCHEMA)
    with cache.atomic(path) as temporary:
        pq.write_table(
            table.replace_schema_metadata(None),
            temporary,
            compression="zstd",
            compression_level=9,
            use_dictionary=[n for n in SCHEMA.names if n != "score"],
            column_encoding={"score": "BYTE_STREAM_SPLIT"},
            store_schema=False,
            write_page_checksum=True,
        )
    manifest.note(path)


def aggregate(frame):
    """Average over folds and repeats.

    Parameters
    ----------
    frame : DataFrame of ``SCHEMA``

    Returns
    -------
    DataFrame
        One row per task x model x probe x split x metric x choice of genes, with ``score`` (mean),
        ``sd`` (over folds, 0 with one fold), ``n_folds`` and ``n_test`` (sum over folds).
    """
    texts = [*_NAMES, "metric", "genes"]
    out = frame.groupby([*texts, "coverage"], observed=True, sort=True).agg(
        score=("score", "mean"),
        sd=("score", "std"),
        n_folds=("score", "size"),
        n_test=("n_test", "sum"),
    )
    return out.fillna({"sd": 0.0}).reset_index().astype(dict.fromkeys(texts, str))


def main_rows(frame, *, split="random", genes="own"):
    """Select the rows (one a fold) of each kind's main metric.

    Parameters
    ----------
    frame : DataFrame of ``SCHEMA``
    split : str
    genes : {"own", "common", "all"}
        ``all`` are the same test entities for every model of a task, so that differences of two
        models by fold are paired; with full coverage the ``own`` are all.

    Returns
    -------
    DataFrame
    """
    check(GENES, "choice of genes", genes)
    frame = frame[frame.split == split]
    main = frame.kind.astype(str).map({k: metrics.main(k) for k in frame.kind.unique()})
    chosen = frame.genes == genes
    if genes == "all":
        chosen |= (frame.genes == "own") & (frame.coverage >= 1)
    return frame[(frame.metric.astype(str) == main) & chosen].assign(genes=genes)


def main_scores(profile: str, *, split: str = "random", genes: str = "own") -> pd.DataFrame:
    """Average the main metric of each kind over folds; see ``aggregate`` and ``main_rows``."""
    return aggregate(main_rows(load(profile), split=split, genes=genes))
