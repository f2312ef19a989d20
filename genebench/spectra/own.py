"""A user's own samples on the spectrum: one CSV, known by its content and not by its name."""

from collections import Counter
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

import numpy as np
import pandas as pd
from scipy import sparse

from ..core import cache, paths
from ..core.errors import BadInput, pick
from ..data import readers
from ..data.labels import slug
from ..data.limits import faults_of
from .builders import mutations
from .datasets import DataSetSpec, Declarations, ModelSpec
from .properties import Graph, incidence, symmetric
from .samples import DataSet

LARGEST, FEWEST = 200_000, 30
"""Most and fewest rows."""
MOST_CLASSES = 50
MOST = {"shared_mutations": 4e8, "sequence_identity": 3e12}
"""Most pairs of carriers of one mutation, and cells of all alignments (some 20 minutes)."""
VARIANTS = 0.3
"""Sequences of one length that differ from their consensus in fewer residues are variants of it."""
PROPERTIES = {
    "shared_mutations": ("least", int, "share a mutation"),
    "sequence_identity": ("threshold", float, "are identical in more than a share of an alignment"),
    "cosine": ("above", float, "have vectors of a cosine above a threshold"),
    "shared_label": ("column", str, "have the same value in a column"),
    "pairs": ("above", float, "are listed as pairs"),
}
"""When samples are linked, each with what may stand behind a colon."""
_MARKS = ["mutation_count", "marks", "mark_pairs"]
_WORDS = ["length", "composition", "kmers", "triples", "unirep", "cnn"]
_OF_MUTATIONS = ("mutation-count", "site-independent", "ridge", "logistic")
_OF_SEQUENCES = ("length", "composition", "kmer-ridge", "vectors-ridge")
"""Models that are run, with and without mutations; the others by name."""


class OwnData(DataSetSpec):
    """A user's file as a data set.

    Attributes
    ----------
    file, pairs : Path
        CSV of samples; CSV of similar pairs (property ``pairs``).
    content : str
        Digest of both.
    """

    file: Path
    pairs: Path | None = None
    content: str

    def load(self) -> DataSet:
        """Read the file; cached in memory."""
        return _load(self.file, self.content, self.name)[0]

    def graph(self, data: DataSet) -> Graph:
        """Link the samples that are alike."""
        if self.property["name"] == "pairs":
            return _pairs(self.pairs, data, self.property.get("above", 0.0))
        return super().graph(data)

    @property
    def splits_recipe(self) -> dict:
        """What determines the links, for the cache key."""
        return {**super().splits_recipe, "file": self.content}

    def available(self, declared: Declarations) -> dict[str, ModelSpec]:
        """Models that can read the columns of the file, the expensive ones by name alone."""
        data, out = self.load(), {}
        fits = list(data.parts) + _MARKS * (data.barcodes is not None)
        fits += _WORDS * bool(data.sequences)
        usual = _OF_SEQUENCES if data.barcodes is None else _OF_MUTATIONS
        twice = "ridge" if data.kind == "binary" else "logistic"  # the other name of the same
        for name, spec in declared.models.items():
            classes = data.kind == "multiclass" and spec.estimator == "site_independent"
            if (spec.features or spec.estimator) in fits and not classes:
                out[name] = spec.model_copy(update={"by_name": name not in usual or name == twice})
        return out


def read(path, *, property="", pairs=None, name=""):
    """Read a user's samples.

    Parameters
    ----------
    path : Path
        CSV (or TSV) with ``id``, ``label`` (numbers, or names of classes) and ``sequence`` or
        ``mutations`` (joined by one of ``; , : /`` or blanks), or else columns of numbers: a
        vector. Sequences of one length that are variants of one protein also give mutations,
        against their consensus.
    property : str
        A key of ``PROPERTIES``, with a value behind a colon; empty: by pairs, mutations, sequences
        or vectors, whichever of these is there first.
    pairs : Path, optional
        CSV of ``first, second`` (ids) and ``similarity``, in [0, 1] (none: all are similar).
    name : str
        What the data set is called; empty: by the file.

    Returns
    -------
    spec, messages : OwnData, list of str
        The data set, and how the file was read.

    Raises
    ------
    BadInput
        A column that is missing, an id that stands twice, a property that the file has no column
        for.
    """
    content = digest(path, pairs)
    data, said = _load(path, content, title(name, path))
    has = {"pairs": pairs, "shared_mutations": data.barcodes is not None}
    has |= {"sequence_identity": data.sequences, "cosine": "vectors" in data.parts}
    known, _, value = property.partition(":")
    known = known or next((p for p, it in has.items() if it), "pairs")
    option, kind, words = pick(PROPERTIES, "property", known, where=str(path))
    has["shared_label"] = value in data.table
    if not has[known]:
        raise BadInput(
            f"{path}: has nothing for the property '{property or known}' (columns: "
            f"{', '.join(data.table)}); give mutations, sequence, vectors, --pairs or "
            f"shared_label:COLUMN."
        )
    how = {"name": known, "words": f"two samples {words}"}
    if value:
        try:
            how[option] = kind(value)
            sound = kind is str or (how[option] >= 1 if kind is int else 0 <= how[option] < 1)
        except ValueError:
            sound = False
        if not sound:
            raise BadInput(
                f"the property '{property}' needs a number behind its colon: a share below 1, or "
                f"of mutations a whole one."
            )
    text = f"; linked where they {words}" + f" ({option} {value})" * bool(value)
    said = [*said, f"{len(data)} samples, {data.kind}{text}"]
    spec = OwnData(
        name=data.name,
        title=path.name,
        kind=data.kind,
        group=data.group,
        label="label",
        unit="sample",
        shape="barcodes",  # not read by it
        property=how,
        files={},
        models=[],
        homepage="",
        licence="",
        citation=[],
        file=path,
        pairs=pairs,
        content=content,
    )
    steps = 0.0
    if known == "pairs":
        spec.graph(data)  # raises
    elif known == "shared_mutations":
        steps = np.square(data.barcodes.sum(0)).sum()
    elif known == "sequence_identity":
        steps = sum(map(len, data.sequences)) ** 2 / 2
    if steps > MOST.get(known, steps):
        raise BadInput(
            f"{path}: to find all pairs by {known} takes {steps:.0e} steps, where "
            f"{MOST[known]:.0e} are the most; give similar pairs of another program by --pairs, "
            f"or draw fewer rows."
        )
    return spec, said


@lru_cache(maxsize=2)
def _load(path, content, name):
    """The data set of a file, and how it was read."""
    frame = table(path, "id", "label")
    labelled = frame[frame.label.str.strip() != ""].reset_index(drop=True)
    said = [f"{len(frame) - len(labelled)} rows without a label are left out"]
    frame = labelled
    if not FEWEST <= len(frame) <= LARGEST:
        raise BadInput(
            f"{path}: {len(frame)} rows have a label, where {FEWEST} to {LARGEST:,} can be."
        )
    for twice in frame.id[frame.id.duplicated()]:
        raise BadInput(f"{path}: the id '{twice}' stands twice; give each row its own.")
    with faults_of(path):
        kind, y, classes = _labels(frame.label)
    fields, numbers = {}, frame.columns.difference(["id", "label", "sequence", "mutations"], False)
    if "sequence" in frame:
        fields["sequences"] = tuple(frame.sequence.str.strip().str.upper())
    lists = _mutations(frame, fields.get("sequences", ()))
    if lists is not None:
        fields["barcodes"], fields["marks"] = incidence(lists)
        said.append(f"{len(fields['marks'])} different mutations")
    vectors = frame[numbers].apply(readers.numbers).to_numpy(float)
    finite = np.isfinite(vectors).all(0)
    if finite.any() and len(fields) == 0:
        fields["parts"] = {"vectors": vectors[:, finite].astype(np.float32)}
        left = ", ".join(numbers[~finite]) or "none"
        said.append(f"vectors of {finite.sum()} columns (columns left out: {left})")
    if not fields:
        raise BadInput(
            f"{path}: has neither 'sequence' nor 'mutations' nor columns of numbers; add one."
        )
    group = "mutational scans" if lists is not None else "protein sequences"
    ids = frame.id.to_numpy(object)
    data = DataSet(name, kind, group, ids, y, classes=classes, table=frame, **fields)
    return data, said


def table(path: Path, *needed: str) -> pd.DataFrame:
    """Read a CSV or TSV as text; raises BadInput: a column that is needed is missing."""
    with faults_of(_there(path), "CSV"):
        sep = "\t" if ".tsv" in path.suffixes else ","
        frame = readers.read_tsv(path, sep=sep, nrows=100 * LARGEST)
    for name in [column for column in needed if column not in frame]:
        raise BadInput(f"{path}: has no column '{name}' but {', '.join(frame)[:200]}; name it so.")
    return frame


def _labels(label):
    """Kind of label, labels as numbers, names of the classes."""
    y = readers.numbers(label)
    numeric = np.isfinite(y).all()
    if numeric and (y.nunique() > 10 or (y % 1 != 0).any()):
        return "regression", y.to_numpy(float), ()
    classes, index = np.unique(y if numeric else label, return_inverse=True)
    if not 2 <= len(classes) <= MOST_CLASSES:
        odd = next(iter(label[y.isna()]), "")
        raise BadInput(
            f"the column 'label' has {len(classes)} values, where classes are 2 to {MOST_CLASSES}; "
            f"of numbers every one must be one (the first that is none: '{odd}')."
        )
    kind = "binary" if len(classes) == 2 else "multiclass"
    return kind, index.astype(np.int64), tuple(map(str, classes)) if kind == "multiclass" else ()


def _mutations(frame, sequences):
    """Mutations of each row: of a column, or against the consensus; None: there are none."""
    if "mutations" in frame:
        text = frame.mutations.str.strip("; ,")
        sep = next((s for s in ";,: /" if text.str.contains(s, regex=False).any()), ";")
        return [mutations(row, {"separator": sep}) for row in text]
    if len(set(map(len, sequences))) != 1:
        return None
    wild = "".join(Counter(column).most_common(1)[0][0] for column in zip(*sequences))
    lists = [mutations(row, {"against": wild}) for row in sequences]
    return lists if sum(map(len, lists)) <= VARIANTS * len(wild) * len(lists) else None


def _pairs(path, data, above):
    """Links of a file of pairs."""
    frame = table(path, "first", "second")
    if "similarity" in frame:
        frame = frame[_similarities(frame, path) > above]
    at = pd.Series(np.arange(len(data)), data.ids)
    ends = at.reindex([*frame["first"], *frame.second])
    for name in ends.index[ends.isna()]:
        raise BadInput(f"{path}: '{name}' is no id of the samples; fix or drop it.")
    ends = ends.to_numpy(int).reshape(2, -1)
    return symmetric(sparse.coo_array((np.ones(ends.shape[1]), ends), (len(data),) * 2))


def digest(*files: Path | None) -> str:
    """Key of the content of some files; raises BadInput: one is not there."""
    return cache.key([cache.digest(_there(file)) for file in files if file])


def _there(path):
    if not path.is_file():
        raise BadInput(f"{path}: no such file; give a CSV.")
    return path


def title(name: str, path: Path) -> str:
    """Name for results: as given, or of the file."""
    return slug(name or path.name.split(".")[0]) or "own"


def place(folder: Path) -> Path:
    """Return a folder that results can be written to; raises BadInput."""
    if folder.exists() and not folder.is_dir():
        raise BadInput(f"{folder}: is a file, and the results need a folder; give another --out.")
    if (folder / "scores.parquet").exists() and paths.RESULTS.resolve() in folder.resolve().parents:
        raise BadInput(f"{folder}: holds results of the book; give another --out.")
    return folder


def target(path: Path, datasets: Mapping) -> np.ndarray:
    """Which units to be predicted have a relative in train, 1 or 0, by the property's threshold.

    Raises BadInput.
    """
    if len(datasets) > 1:
        raise BadInput("--target is for one data set; name one.")
    values = _similarities(table(path, "similarity"), path)
    if not len(values):
        raise BadInput(f"{path}: holds no similarity; give numbers from 0 to 1.")
    given = next((d.property for d in datasets.values() if isinstance(d, DataSetSpec)), {})
    above = given.get("threshold", given.get("above", 0))
    return (values > above).to_numpy(float)


def _similarities(frame, path):
    """The column ``similarity``, checked."""
    values = readers.numbers(frame.similarity)
    if not values.between(0, 1).all():
        raise BadInput(f"{path}: similarities are numbers from 0 to 1; fix that column.")
    return values
