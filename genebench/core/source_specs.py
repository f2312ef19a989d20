"""What a source may declare: its files, and the tasks that are made of them."""

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


def _inside(path):
    parts = Path(path).parts
    if not parts or Path(path).is_absolute() or ".." in parts or "\\" in path:
        raise ValueError("a path stays in its folder")
    return path


Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][\w.+-]*$")]
"""Becomes a folder or file, or is shown on a page."""
Inside = Annotated[str, AfterValidator(_inside)]
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
    """One entry of a source's ``tasks``; the builder ``terms`` expands to many tasks."""

    name: str
    title: str
    description: str
    group: Group
    kind: Kind
    builder: str
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
