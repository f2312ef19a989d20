"""What may be declared in ``data/``: models, profiles, pages, quoted figures, and sources."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, Literal

from pydantic import Field

from . import paths
from .errors import BadInput, check, pick
from .source_specs import (
    CONTROL,
    GROUPS,
    MORE_GROUPS,
    FileSpec,
    Group,
    Inside,
    Kind,
    Name,
    SourceSpec,
    TaskSpec,
)
from .yamls import Spec, build, entries, read_yaml, under

__all__ = ["CONTROL", "GROUPS", "MORE_GROUPS", "FileSpec", "Group", "Kind", "TaskSpec"]


class PackageRoute(Spec):
    """Weights that are distributed in Python packages.

    Attributes
    ----------
    names : list of str
        Packages, in the order in which their files are joined.
    version : str
    files : str
        Pattern of the files of a package.
    archive : bool
        Whether the joined files are a zip archive of one folder.
    sha256 : str
        Of the joined files; empty where the model declares that of its one file.
    """

    names: list[str]
    version: str
    files: str
    archive: bool = False
    sha256: str = ""


class ModelSpec(Spec):
    """One model: how its vectors are made, what it was trained on, and how it is drawn."""

    name: Name
    title: str
    family: Literal[
        "text", "protein", "dna", "expression", "network", "table", "shortcut", "control"
    ]
    encoder: str
    description: str
    input: str
    dim: int | None = Field(default=None, ge=1)
    weights: str | None = None
    """The Python package that carries the weights; None where ``hub`` or ``files`` say where they
    are."""
    hub: str | None = Field(default=None, pattern=r"^[\w.-]+/[\w.-]+$")
    """Repository of the weights on the Hugging Face Hub."""
    revision: str | None = Field(default=None, pattern=r"^[0-9a-f]{40}$")
    """Commit of that repository; without one its weights are not fetched."""
    files: dict[str, Inside] = {}
    """Role → path of each file that must be there, in the repository or in the folder of the
    model's name."""
    sha256: dict[Inside, str] = {}
    """Path → SHA-256 of files of the weights, whatever route they came by."""
    packages: PackageRoute | None = None
    weights_of: str = ""
    """Name of another entry whose weights are also those of this one: they are fetched, and their
    licence accepted, once."""
    how: str = ""
    """For weights that are not on the Hub: where to get them, in one clause."""
    parameters: float | None = Field(default=None, gt=0)
    """Millions of parameters, as published."""
    context: int | None = Field(default=None, ge=8)
    """Most tokens that the network reads at once."""
    pooling: Literal["mean", "cls", "last"] = "mean"
    """How the vectors of the tokens become one: their mean, the first, or the last."""
    dtype: Literal["float32", "bfloat16"] = "float32"
    gated: bool = False
    """Whether the Hub asks for a click on the licence first."""
    remote_code: bool = False
    """Whether the network is defined by code in its repository, which is run only for a reader who
    asks for it."""
    licence: str
    citation: str | None = None
    published: str = ""
    """Name of the model in the published scores of gene-benchmark."""
    trained_on: str
    newest: str = Field(default="", pattern=r"^(\d{4}-\d\d)?$")
    """Month (YYYY-MM) of the newest that the model has read; empty: not known, or nothing."""
    exposed: dict[str, str] = {}
    """Beginning of task names → why a score on them is not a fair test of this model."""
    unclear: dict[str, str] = {}
    """Beginning of task names (empty: all) → why nobody can say whether the model has read their
    answers."""
    not_for: dict[str, str] = {}
    """Kind of task → why this model is not run on tasks of it."""
    color: str = Field(pattern=r"^#[0-9a-fA-F]{6}$")
    requires: list[str] = []
    """Python modules that hold the weights or the input."""
    reads: list[str] = []
    """Sources that the encoder reads besides the option ``source``: what they hold now is part of
    the recipe."""
    labels: Literal["true", "shuffled"] = "true"
    options: dict[str, Any] = {}

    @property
    def shelf(self) -> str:
        """Name under which the weights are stored."""
        return self.hub or self.weights_of or self.name

    def exposed_on(self, task: str) -> bool:
        """Whether the model has read part of the answers of a task (by the task's name)."""
        return any(task.startswith(prefix) for prefix in self.exposed)


class SmallSpec(Spec):
    """Tasks of few genes are divided into folds several times: one division is worth ±0.02."""

    below: int = Field(ge=2)
    """Number of genes under which a task is small."""
    repeats: int = Field(ge=1)


class ProfileSpec(Spec):
    """What one run covers: which tasks, models, splits and probes, and with which seed."""

    name: Name
    title: str
    sources: list[str]
    models: list[str]
    splits: list[str]
    once: list[str] = []
    """Models that are run under the first split alone."""
    probes: list[str] = ["linear"]
    """How each task is fitted: names of ``genebench.probes.PROBES``; a task is left to those that
    take its kind."""
    folds: int = Field(ge=2, le=100)
    repeats: int = Field(default=1, ge=1)
    """How many times genes are divided into folds anew, at least; see ``repeats_of``."""
    small: SmallSpec | None = None
    same_protein_together: bool = False
    """Whether genes that share a protein sequence are on one side in every split."""
    seed: int
    min_per_class: int = Field(ge=2)
    common_floor: float = Field(ge=0, le=1)
    """A model must embed this share of a task's genes to take part in defining its *common* genes.
   """
    term_stride: int = Field(default=1, ge=1)
    """Keep every n-th task of an entry that expands to many (1: all)."""
    universe: Literal["all", "paper"] = "all"
    """Which genes the tasks are cut to: all that a source has, or the fixed list that the paper's
    models share."""
    genes_of: str = ""
    """Another profile, to whose genes the tasks are cut, so that its cached vectors serve this one,
    too."""
    book: bool = True
    """Whether the book's pages can be executed for this profile (their task cards name tasks of
    it)."""
    block: int = Field(default=64, ge=1)
    """Most tasks of one cell."""
    download_mb: int = 0
    """Megabytes, about, of the sources that are downloaded."""

    def repeats_of(self, n: int) -> int:
        """How many times a task of ``n`` genes is divided into folds."""
        few = self.small and n < self.small.below
        return max(self.repeats, self.small.repeats) if few else self.repeats


class PageSpec(Spec):
    """One executed notebook of the book: source notebook, page name, its title, parameters."""

    notebook: Name
    page: Name
    title: str | None = None
    """Replaces the notebook's own first heading."""
    parameters: dict[str, Any] = {}
    needs: str = ""
    """What it takes to rerun the page besides the results in the repository; one clause."""


@dataclass(frozen=True)
class Declarations:
    """Everything that is declared, read once and handed on: sources, models, profiles by name."""

    sources: Mapping[str, SourceSpec]
    models: Mapping[str, ModelSpec]
    profiles: Mapping[str, ProfileSpec]

    def source(self, name: str) -> SourceSpec:
        """One source by id; an unknown one is an error that names the nearest."""
        return pick(self.sources, "source", name)

    def model(self, name: str) -> ModelSpec:
        """One model by name; an unknown one is an error that names the nearest."""
        return pick(self.models, "model", name)

    def profile(self, name: str) -> ProfileSpec:
        """One profile by name; it, and the sources and models that it names, must be known."""
        profile = pick(self.profiles, "profile", name)
        where = f"{paths.PROFILES}: profile '{name}'"
        for what in ("source", "model"):
            for named in getattr(profile, f"{what}s"):
                check(getattr(self, f"{what}s"), what, named, where=where)
        return profile

    def published(self) -> dict[str, ModelSpec]:
        """Models that gene-benchmark publishes scores of, by our names, with its titles."""
        scored = [model for model in self.models.values() if model.published]
        return {m.name: m.model_copy(update={"title": m.published}) for m in scored}

    def extended(self, *, sources=(), models=()):
        """The same with a user's specs beside the declared ones, in place of those of equal name.

        Parameters
        ----------
        sources, models : iterable of specs

        Returns
        -------
        Declarations
        """
        return replace(
            self,
            sources={**self.sources, **{s.id: s for s in sources}},
            models={**self.models, **{m.name: m for m in models}},
        )


@lru_cache
def declared():
    """Read every declaration of the project, each in the order of its files; faults name the line.

    Returns
    -------
    Declarations
    """
    sources = {}
    for path in sorted(paths.SOURCES.glob("*.yml")):
        spec = sources[path.stem] = build(SourceSpec, read_yaml(path), path)
        if spec.id != path.stem:
            raise BadInput(f"{path}: its 'id' is '{spec.id}'; name it as the file: '{path.stem}'.")
    return Declarations(
        sources,
        entries(ModelSpec, paths.MODELS, "models"),
        entries(ProfileSpec, paths.PROFILES, "profiles"),
    )


class SizesSpec(Spec):
    """Numbers of entities per task as a paper lists them; None where it gives none."""

    citation: str
    what: str
    sizes: dict[str, int | None]


class AuspcSpec(Spec):
    """Areas of published curves: data set → model as the paper calls it → AUSPC."""

    citation: str
    what: str
    values: dict[str, dict[str, float]]


class ClaimSpec(Spec):
    """A finding of a paper, restated so that scores can contradict it."""

    id: str
    says: str
    quote: str = ""
    """What the paper says; empty: it does not claim this."""
    where: str = ""
    """Place of the quote in the paper."""
    citation: str
    group: Literal["all", *GROUPS] = "all"
    """Group of tasks, or all of them."""
    better: list[str]
    """Families or names of models that the finding puts above."""
    worse: list[str] = []
    """Those below it; none where the finding is about what is lost."""
    split: str = ""
    lost_since: str = ""
    """The finding is that ``better`` loses under ``split`` against this one."""
    untestable: str = ""
    """Why no difference of scores can contradict it."""
    note: str = ""
    """What a reader must know to judge the verdict."""


class PublishedSpec(Spec):
    """Figures quoted from publications, and why ours differ."""

    claims: list[ClaimSpec]
    reproduction: dict[str, dict[str, str]]
    """Model → task → why the reproduced score is another than the published one."""

    task_sizes: SizesSpec
    auspc: AuspcSpec
    differences: dict[str, str]


@lru_cache
def published() -> PublishedSpec:
    """What ``data/published.yml`` quotes."""
    return build(PublishedSpec, read_yaml(paths.PUBLISHED), paths.PUBLISHED)


def pages() -> list[PageSpec]:
    """The executed notebooks of the book, in reading order."""
    raw = under(paths.PROFILES, "pages", list)
    return build(list[PageSpec], raw, paths.PROFILES, "pages")
