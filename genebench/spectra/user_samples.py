"""A user's own samples on the spectrum: one CSV, known by its content and not by its name."""

from collections import Counter
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from ..core import cache, paths
from ..core.errors import BadInput, pick
from ..data import readers
from ..data.builders import GAPS
from ..data.labels import slug
from ..data.limits import faults_of
from .builders import mutations
from .datasets import DataSetSpec, Declarations, ModelSpec
from .properties import Graph, from_edges, incidence
from .samples import DataSet

LARGEST, FEWEST = 200_000, 30
"""Most and fewest rows."""
MOST_CLASSES = 50
MOST = {"shared_mutations": 4e8, "sequence_identity": 3e12}
"""Most pairs of carriers of one mutation, and cells of all alignments (some 20 minutes)."""
VARIANTS = 0.3
"""Sequences of one length that differ from their consensus in fewer residues are variants of it."""
PROPERTIES = {
    "shared_mutations": ("least", "share a mutation"),
    "sequence_identity": ("threshold", "are identical in more than a share of an alignment"),
    "cosine": ("above", "have vectors of a cosine above a threshold"),
    "shared_label": ("column", "have the same value in a column"),
    "pairs": ("above", "are listed as pairs"),
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
    file, content, links : Path, str, Graph or None
        CSV of samples, digest of what was given, and links of a file of pairs.
    """

    file: Path
    content: str
    links: Any = None

    def load(self) -> DataSet:
        """Read the file; cached in memory."""
        return _load(self.file, self.content, self.name)[0]

    def parts(self, data: DataSet) -> list[tuple[Graph, np.ndarray]]:
        """Link the samples that are alike."""
        return super().parts(data) if self.links is None else [(self.links, np.arange(len(data)))]

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
        A column that is missing, a duplicate id, a property that the file has no column for.
    """
    content = digest(path, pairs)
    data, said = _load(path, content, title(name, path))
    known, _, value = property.partition(":")
    has = {
        "pairs": pairs,
        "shared_mutations": data.barcodes is not None,
        "sequence_identity": data.sequences,
        "cosine": "vectors" in data.parts,
        "shared_label": value in data.table,
    }
    if pairs and known not in ("", "pairs"):
        raise BadInput(f"--pairs say which samples are alike, and so does '{property}'; give one.")
    known = known or next(p for p, it in has.items() if it)
    option, words = pick(PROPERTIES, "property", known, where=str(path))
    if not has[known]:
        raise BadInput(
            f"{path}: has nothing for the property '{property}' (columns: "
            f"{', '.join(data.table)}); give mutations, sequence, vectors, --pairs "
            f"or shared_label:COLUMN."
        )
    how = {"name": known, "words": f"two samples {words}"}
    if value:
        how[option], whole = value, known == "shared_mutations"
        if known != "shared_label":
            number = pd.to_numeric(value, errors="coerce")
            if not (number >= 1 and number % 1 == 0 if whole else 0 <= number < 1):
                raise BadInput(
                    f"the property '{property}' needs a number behind its colon: a share below 1, "
                    f"or of mutations a whole one."
                )
            how[option] = int(number) if whole else float(value)
    steps = 0.0
    if known == "shared_mutations":
        steps = np.square(data.barcodes.sum(0)).sum()
    elif known == "sequence_identity":
        steps = sum(map(len, data.sequences)) ** 2 / 2
    if steps > MOST.get(known, steps):
        raise BadInput(
            f"{path}: to find all pairs by {known} takes {steps:.0e} steps, where "
            f"{MOST[known]:.0e} are the most; give similar pairs of another program by --pairs, "
            f"or draw fewer rows."
        )
    text = f"; linked where they {words}" + f" ({option} {value})" * bool(value)
    spec = OwnData.model_construct(  # of a declaration it has what is not for the catalogue
        name=data.name,
        kind=data.kind,
        group=data.group,
        property=how,
        files={},
        homepage="",
        file=path,
        content=content,
        links=_pairs(pairs, data, how.get("above", 0)) if known == "pairs" else None,
    )
    return spec, [*said, f"{len(data)} samples, {data.kind}{text}"]


@lru_cache(maxsize=2)
def _load(path, content, name):
    """The data set of a file, and how it was read."""
    every = table(path, "id", "label")
    frame = every[~every.label.str.strip().isin(["", *GAPS])].reset_index(drop=True)
    said = [f"{len(every) - len(frame)} rows without a label are left out"]
    if not FEWEST <= len(frame) <= LARGEST:
        raise BadInput(
            f"{path}: {len(frame)} rows have a label, where {FEWEST} to {LARGEST:,} can be."
        )
    for twice in frame.id[frame.id.duplicated()]:
        raise BadInput(f"{path}: duplicate id '{twice}'; give each row its own.")
    with faults_of(path):
        kind, y, classes = _labels(frame.label)
    if kind == "binary":
        said.append(f"the positive class is '{frame.label[y == 1].iloc[0]}'")
    fields, group = {}, "protein sequences"
    if "sequence" in frame:
        fields["sequences"] = tuple(frame.sequence.str.strip().str.upper())
    lists = _mutations(frame, fields.get("sequences", ()))
    if lists is not None:
        fields["barcodes"], fields["marks"] = incidence(lists)
        group = "mutational scans"
        said.append(f"{len(fields['marks'])} different mutations")
    if not fields:
        numbers = frame.drop(columns=["id", "label"]).apply(readers.numbers).astype(float)
        finite = np.isfinite(numbers).all()
        if not finite.any():
            raise BadInput(
                f"{path}: has neither 'sequence' nor 'mutations' nor columns of numbers; add one."
            )
        fields["parts"] = {"vectors": numbers.loc[:, finite].to_numpy(np.float32)}
        left = ", ".join(numbers.columns[~finite]) or "none"
        said.append(f"vectors of {finite.sum()} columns (columns left out: {left})")
    ids = frame.id.to_numpy(object)
    return DataSet(name, kind, group, ids, y, classes=classes, table=frame, **fields), said


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
    ends = np.unique(np.sort(ends.to_numpy(int).reshape(2, -1), 0), axis=1)
    return from_edges(len(data), *ends[:, ends[0] < ends[1]])


def target(path: Path, datasets: Mapping) -> np.ndarray:
    """Which units to be predicted have a relative in train, 1 or 0, by the property's threshold.

    Raises BadInput.
    """
    if len(datasets) > 1:
        raise BadInput("--target is for one data set; name one.")
    values = _similarities(table(path, "similarity"), path)
    if values.empty:
        raise BadInput(f"{path}: holds no similarity; give numbers from 0 to 1.")
    (how,) = (data.property for data in datasets.values())
    if isinstance(how, str):  # of a gene task
        how = {"name": how.partition(":")[0]}
    usual = {"sequence_identity": 0.3, "cosine": 0.8}.get(how.get("name"), 0)
    return (values > how.get("threshold", how.get("above", usual))).to_numpy(float)


def _similarities(frame, path):
    """The column ``similarity``, checked."""
    values = readers.numbers(frame.similarity)
    if not values.between(0, 1).all():
        raise BadInput(f"{path}: similarities are numbers from 0 to 1; fix that column.")
    return values


def digest(*files: Path | None, words: str = "") -> str:
    """Key of the content of some files, and of words; raises BadInput: a file is not there."""
    return cache.key([cache.digest(_there(file)) for file in files if file] + [words] * bool(words))


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
