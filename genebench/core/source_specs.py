"""What a source may declare: its files, and the tasks that are made of them."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field

from .yamls import Spec

Kind = Literal["binary", "multiclass", "multilabel", "regression", "pair"]
GROUPS = {
    "genomic properties": "genomic",
    "regulatory functions": "regulatory",
    "localization": "localization",
    "biological processes": "biological",
    "protein properties": "protein",
    "functional": "functional",
    "study bias": "control",
}
"""The paper's five groups of tasks (arXiv 2412.04075) and two more → their short name in addresses;
the last is that of controls, which ask how much a gene is studied and are in no mean of all."""

CONTROL = "study bias"

MORE_GROUPS = (
    "drug resistance",
    "mutational scans",
    "protein sequences",
    "protein-ligand pairs",
    "variant effects",
    "DNA windows",
)
"""Groups of the data sets of Parts II and III, whose entities are not genes."""

Group = Literal[*GROUPS, *MORE_GROUPS]
_FORMATS = (
    "tsv csv obo gmt pairs lists jaspar expression long gaf uniprot parquet fasta vectors gtf"
).split()


def _rule(holds: Callable[[Any], Any], sentence: str) -> AfterValidator:
    """A check of a value, with its own sentence."""

    def check(value: Any) -> Any:
        if not holds(value):
            raise ValueError(sentence)
        return value

    return AfterValidator(check)


def _stays(path: str) -> bool:
    parts = Path(path).parts
    return bool(parts) and not Path(path).is_absolute() and ".." not in parts and "\\" not in path


Name = Annotated[
    str,
    _rule(
        re.compile(r"[A-Za-z0-9][\w.+-]*").fullmatch, "a name has letters, digits and . _ + - only"
    ),
]
"""Becomes a folder or file, or is shown on a page."""
Inside = Annotated[str, _rule(_stays, "a path stays in its folder")]
"""A path below the folder that it is joined to."""


class FileSpec(Spec):
    """One upstream file, or folder of parts: in an installed package, or at a URL.

    Mirrors have it at ``path``.
    """

    format: Literal[*_FORMATS]
    package: str | None = None
    wheel: str | None = Field(default=None, pattern=r"^[\w.-]+==[\w.]+$")
    """Older release of a package that holds the file; ``path`` begins with a folder for it."""
    path: Inside
    url: str | None = None
    how: str = ""
    """For a file without an address that can be fetched as it is: what to do, in one clause."""
    sha256: str | None = Field(default=None, pattern=r"^[0-9a-f]{64}$")
    """Of the file as it is used (unpacked from ``.gz``); None: recorded at its first use in
    ``data/sources.lock``, which can be committed."""
    stand_ins: dict[str, str] = {}
    """SHA-256 of a file that may take the official one's place → what differs; shown wherever the
    release is shown."""
    options: dict[str, Any] = {}


class BeforeSpec(Spec):
    """An older release of the labels: its genes train, what is new since is tested."""

    release: str = Field(pattern=r"^\d{4}-\d\d(-\d\d)?$")
    """Its date."""
    tested: Literal["genes", "gains"]
    """Genes that it does not have, or those that got the label since, with every second of those
    that have not."""
    least: int = 10
    """Fewest genes of each class that are tested."""
    options: dict[str, Any]
    """What differs from the ``options`` of the task."""


class TaskSpec(Spec):
    """One entry of a source's ``tasks``; the shape ``terms`` expands to many tasks."""

    name: str
    title: str
    description: str
    group: Group
    kind: Kind
    shape: str
    version: int = 1
    paper: str | None = None
    """The task's name in arXiv 2412.04075, where it is one of that paper's."""
    derive: int = 0
    """Of a multi-label task: also one binary task per label with this many genes or more (0: none).
   """
    before: BeforeSpec | None = None
    """Makes the task one of labels of the future; see the split ``prospective``."""
    options: dict[str, Any] = {}


class SourceSpec(Spec):
    """One upstream resource and the tasks that are cut from it."""

    id: Name
    title: str
    homepage: str
    release: str
    licence: str
    attribution: str
    citation: str
    files: dict[str, FileSpec]
    tasks: list[TaskSpec] = []
