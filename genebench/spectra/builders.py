"""How data sets of the spectral curves are built from the tables of their files.

A data set has *units*, which a split puts on one side or the other (mutation barcodes, proteins,
ligands, genes), and *samples*, which are fitted and scored (isolates, residues, pairs); where
nothing else is said they are the same.
"""

from os.path import commonprefix
from typing import Any

import numpy as np
import pandas as pd

from ..core.errors import BadInput, check
from ..data import readers
from .properties import incidence

Frames = dict[str, pd.DataFrame]
"""Tables by the name of the file."""
Fields = dict[str, Any]
"""Fields of ``DataSet``."""


def _selected(frame, label, where=None):
    """The rows that have a label and the given values."""
    for column, value in (where or {}).items():
        frame = frame[frame[column] == str(value)]
    return frame[frame[label] != ""]


def _limited(frame, limit):
    """At most so many rows, drawn once at random, in their order; 0: all."""
    if 0 < limit < len(frame):
        frame = frame.sample(limit, random_state=np.random.default_rng(0)).sort_index()
    return frame.reset_index(drop=True)


def barcodes(
    frames,
    *,
    label,
    marks,
    barcode="",
    sequence="",
    drug="",
    limit=0,
    where=None,
):
    """Read sets of mutations with a phenotype: mutational scans and resistance barcodes.

    Parameters
    ----------
    frames : dict of str to DataFrame
        The files: ``table``, and of isolates ``regions``.
    label, barcode, sequence : str
        Columns.
    marks : dict
        How ``barcode`` gives the set: cut at a ``separator``; sites that differ from the wild type
        ``against``; of a ``single`` mutation its site and new residue; or positions of the wild
        type that ``sequence`` has ``changed`` (from the first to the last that differs, so that
        insertions and deletions have a position).
    drug : str
        Rows are isolates: those of one barcode are one unit with up to two samples, susceptible and
        resistant, weighted by number. Otherwise the labels of one barcode are averaged.
    limit, where : int, dict
        Number of units drawn once at random (0: all); column → value that rows must have.

    Returns
    -------
    dict
        Fields of ``DataSet``.
    """
    frame, key = _selected(frames["table"], label, where), barcode or sequence
    labels = readers.numbers(frame[label], strict=True)
    if drug:
        regions = frames["regions"]
        regions = regions[regions.drug == drug].astype({"start": int, "end": int})
        number = labels.groupby([frame[key], labels]).size().reset_index(name="isolates")
        unit, ids = pd.factorize(number[key])
        fields = {
            "labels": number[label].to_numpy(np.int64),
            "classes": ("susceptible", "resistant"),
            "unit": unit,
            "weight": number.isolates.to_numpy(float),
            "parts": {"regions": regions},
        }
    else:
        mean = labels.groupby(frame[key]).mean()
        table = frame.drop_duplicates(key).set_index(key, drop=False).loc[mean.index]
        table = _limited(table.assign(_y=mean), limit)
        own = tuple(table[sequence]) if sequence else None
        fields = {"labels": table["_y"].to_numpy(float), "table": table, "sequences": own}
        ids = table[key]
    matrix, names = incidence(mutations(value, marks) for value in ids)
    return {"ids": np.array(ids, object), "barcodes": matrix, "marks": names, **fields}


def mutations(value: str, marks: dict[str, Any]) -> list[str]:
    """Mutations of one variant, see ``barcodes``."""
    if wild := marks.get("against"):
        return [f"{w}{i + 1}{a}" for i, (a, w) in enumerate(zip(value, wild)) if a != w]
    if wild := marks.get("changed"):  # what lies between the ends that both share
        head = len(commonprefix([value, wild]))
        tail = len(commonprefix([text[head:][::-1] for text in (value, wild)]))
        first = min(head, len(wild) - 1)
        return [str(p + 1) for p in range(first, max(len(wild) - tail, first + 1))]
    if "single" in marks:
        return [value[:-1], f"to {value[-1]}"]
    return [mark for part in value.split(marks["separator"]) if (mark := part.strip())]


def sequences(frames, *, label, drop=(), min_class=10):
    """Read proteins with one label each.

    Parameters
    ----------
    frames, label : dict of str to DataFrame, str
        The file ``table`` with the columns ``id`` and ``sequence``; column of the class.
    drop, min_class : collection of str, int
        Classes that are left out, and fewest proteins of the others.

    Returns
    -------
    dict
        Fields of ``DataSet``.
    """
    frame = _selected(frames["table"], label)
    frame = frame[~frame[label].isin(drop)].drop_duplicates("sequence")
    frame = frame.groupby(label).filter(lambda part: len(part) >= min_class)
    return _proteins(frame.reset_index(drop=True), frame[label])


def _proteins(frame, letters):
    """Fields of units that are proteins, with the class of each sample."""
    classes, y = np.unique(letters.astype(str), return_inverse=True)
    return {
        "ids": frame["id"].to_numpy(object),
        "labels": y,
        "classes": tuple(classes.tolist()),
        "sequences": tuple(frame["sequence"]),
        "table": frame,
    }


def residues(frames, *, label, mask=""):
    """Read chains with one letter of label a residue.

    Parameters
    ----------
    frames, label : dict of str to DataFrame, str
        The file ``table`` with the columns ``id`` and ``sequence``; column of the labels.
    mask : str
        Column of 0/1 a residue: only those with 1 are samples; empty: all.

    Returns
    -------
    dict
        Fields of ``DataSet``; ``parts["place"]`` is each sample's index in its chain.

    Raises
    ------
    BadInput
        A chain whose labels or mask are not as long as its sequence.
    """
    frame = frames["table"].reset_index(drop=True)
    letters = pd.DataFrame({"label": frame[label], "mask": frame[mask or label]}).map(list)
    letters["place"] = frame["sequence"].str.len().map(range)
    for row in frame[letters.map(len).nunique(axis=1) > 1].to_dict("records"):
        raise BadInput(
            f"chain '{row['id']}' has {len(row['sequence'])} residues and {len(row[label])} "
            f"labels; fix that row."
        )
    letters = letters.explode(["label", "mask", "place"])
    letters = letters[(letters["mask"] == "1") | (not mask)]
    unit, place = letters.index.to_numpy(), letters.place.to_numpy(int)
    names = [f"{chain}:{p + 1}" for chain, p in zip(frame["id"][unit], place)]
    samples = {"unit": unit, "names": np.array(names, object), "parts": {"place": place}}
    return _proteins(frame, letters.label) | samples


def pairs(frames, *, side, label, limit=0):
    """Read pairs of a ligand and a protein with a number.

    Parameters
    ----------
    frames : dict of str to DataFrame
        The file ``table`` with the columns ``drug_id, target_id`` and ``label``; SMILES and
        sequence there or in the files ``drugs`` and ``targets``.
    side, label : {"drug", "target", "both"}, str
        Which are the units (both: the pairs themselves); column of the number.
    limit : int
        Number of pairs drawn once at random; 0: all.

    Returns
    -------
    dict
        Fields of ``DataSet``; ``parts`` has both sides.
    """
    check(("drug", "target", "both"), "side", side)
    frame = _limited(_selected(frames["table"], label), limit)
    for name in ("drug", "target"):
        if f"{name}s" in frames:
            frame = frame.merge(frames[f"{name}s"], on=f"{name}_id")
    tables, parts = {}, {}
    for name in ("drug", "target"):
        key = f"{name}_id"
        tables[name] = frame.drop_duplicates(key).sort_values(key, ignore_index=True)
        parts[name], _ = pd.factorize(frame[key], sort=True)
    parts["smiles"] = tuple(tables["drug"].smiles)
    parts["proteins"] = tuple(tables["target"].sequence)
    fields = {
        "ids": (frame.drug_id + "|" + frame.target_id).to_numpy(object),
        "labels": readers.numbers(frame[label], strict=True).to_numpy(float),
        "parts": parts,
    }
    if side == "both":
        return fields
    return fields | {
        "ids": tables[side][f"{side}_id"].to_numpy(object),
        "unit": parts[side],
        "names": fields["ids"],
        "sequences": parts["proteins"] if side == "target" else None,
        "table": tables[side],
    }


BUILDERS = {f.__name__: f for f in (barcodes, sequences, residues, pairs)}
"""How the files of a data set are read, by the ``builder`` of its declaration."""
