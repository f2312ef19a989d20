"""The plan of a run: names become objects here, once, and are handed on.

A *cell* is computed whole, cached whole under the hash of its recipe, and named in every message
about it.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from functools import cached_property, lru_cache, partial
from pathlib import Path

import numpy as np

from .. import probes
from ..core import cache, paths, specs, workers
from ..core.errors import BadInput, check
from ..core.specs import Declarations, ModelSpec, ProfileSpec
from ..data import builders, families, tasks
from ..data.tasks import Task
from ..models import Embedding, inference
from ..stats import metrics
from . import blocks, splits
from .blocks import Block, Cell, probes_of

VERSION = 2
"""Bump when ``fit.compute`` changes what it computes."""


def _remembered(size):
    """A method whose last results stay with its object, and are not sent with it elsewhere."""
    return lambda method: cached_property(lambda self: lru_cache(size)(partial(method, self)))


@dataclass(frozen=True, eq=False)
class Plan:
    """Everything that a run needs, resolved: it is sent to each process once.

    Attributes
    ----------
    profile : ProfileSpec
    declared : Declarations
        Where models and sources were looked up; a user's own stand among them.
    tasks : mapping of str to Task
        Every task of the profile that can be built.
    universe : ndarray of str, shape (n_genes,)
        All genes of tasks that a probe of the profile takes, sorted.
    splits : tuple of str
        Splits of the profile that can be made here.
    cells, requested : tuple of Cell
        All of the profile, and those to be run.
    messages : tuple of str
        A sentence for each thing that is left out, and why.
    whole : bool
        Whether every cell of the profile is requested.
    memory : float
        Bytes that the fits of one process may take.
    """

    profile: ProfileSpec
    declared: Declarations
    tasks: Mapping[str, Task]
    universe: np.ndarray
    splits: tuple[str, ...]
    cells: tuple[Cell, ...]
    requested: tuple[Cell, ...]
    messages: tuple[str, ...]
    whole: bool = True
    memory: float = 4e9

    def __getstate__(self) -> dict:
        return {f.name: getattr(self, f.name) for f in fields(self)}  # without what it remembers

    @property
    def models(self) -> dict[str, ModelSpec]:
        """Models of the profile by name."""
        return {name: self.declared.models[name] for name in self.profile.models}

    @cached_property
    def universe_digest(self) -> str:
        """Digest of the universe, for recipes."""
        return cache.of_names(self.universe.tolist())

    @cached_property
    def families(self) -> np.ndarray:
        """Family of each gene of the universe, (n_genes,); by symbol without HGNC's table."""
        rule = "hgnc" if self.family_split == "family" else "stem"
        return np.array(families.families(self.universe, self.declared.sources, by=rule))

    @cached_property
    def family_split(self) -> str:
        """The split that keeps such families whole."""
        return "stem" if splits.lacking("family", self.declared.sources) else "family"

    def embedding_path(self, model: str) -> Path:
        """Path in the cache of a model's vectors for the universe."""
        return inference.path(self.declared.models[model], self.universe, self.declared)

    @_remembered(2)
    def embedding(self, model: str) -> Embedding:
        """Vectors of a model for the universe, from the cache or made now."""
        return inference.embed(self.declared.models[model], self.universe, self.declared)

    @cached_property
    def _coverage(self):
        """Genes of the universe that each model but controls embeds; failed ones define nothing."""
        out = []
        for name, spec in self.models.items():
            path = self.embedding_path(name)
            if spec.family != "control" and path.exists():
                with np.load(path, allow_pickle=False) as arrays:
                    out.append(np.isin(self.universe, arrays["entities"]))
        return out

    def rows_of(self, task: Task) -> tuple[np.ndarray, ...]:
        """Rows in the universe of each entity of a task; of a pair task, of its two genes."""
        return tuple(np.searchsorted(self.universe, part) for part in task.parts)

    @_remembered(None)
    def common(self, task: Task) -> np.ndarray:
        """Entities of a task that every broad model covers, (n,) bool.

        A model is broad on a task if it covers at least the profile's ``common_floor`` of it.
        Controls do not count.
        """
        rows = self.rows_of(task)
        covers = [np.logical_and.reduce([c[r] for r in rows]) for c in self._coverage]
        broad = [c for c in covers if c.mean() >= self.profile.common_floor]
        return np.logical_and.reduce([np.ones(len(task), dtype=bool), *broad])

    def block(self, cell: Cell) -> workers.Once:
        """The block of a cell, to be loaded where it is needed."""
        at = cell.split, cell.tasks
        return workers.Once(f"block {cache.key(at)}", lambda: self._load_block(*at))

    @_remembered(128)
    def _load_block(self, split, names):
        repeats = self.profile.repeats_of(len(self.tasks[names[0]]))
        folds = tuple(blocks.folds(self, split, names, r) for r in range(repeats))
        first, *rest = (self.tasks[name] for name in names)
        same = (replace(task, entities=first.entities) for task in rest)  # sent as one array
        return Block((first, *same), self.common(first), folds)

    @cached_property
    def together(self) -> tuple[dict[str, str], dict]:
        """Genes that stay on one side in every split, and their part in recipes."""
        return splits.together(self.profile, self.declared.sources)

    @_remembered(None)
    def _digest_of_common(self, names):
        masks = self.common(self.tasks[names[0]]).tobytes() * len(names)
        return hashlib.sha256(masks).hexdigest()[:16]

    def recipe(self, cell: Cell) -> dict:
        """Everything that determines the rows of a cell, and nothing else."""
        spec, profile = self.declared.models[cell.model], self.profile
        chosen = [self.tasks[name] for name in cell.tasks]
        kind = chosen[0].kind
        probe = probes.method(kind, cell.probe)
        vectors = inference.recipe(spec, self.universe_digest, self.declared)
        barred = [k for k in spec.not_for if k == kind]
        fingerprint = splits.fingerprint(cell.split, self.declared.sources)
        repeats = profile.repeats_of(len(chosen[0]))
        numbers = [profile.folds, repeats, profile.seed, profile.min_per_class]
        versions = [VERSION, splits.VERSION, probes.VERSION, metrics.VERSION, builders.VERSION]
        return {
            "stage": ["run", *versions],
            "tasks": [[t.name, t.version, t.hash] for t in chosen],
            "model": [spec.name, spec.family, spec.labels, vectors, *barred],
            "probe": [cell.probe, probe.name, probe.options],
            "split": [cell.split, fingerprint, *numbers],
            "common": self._digest_of_common(cell.tasks),
            **self.together[1],
        }

    @_remembered(None)
    def path(self, cell: Cell) -> Path:
        """Path of the rows of a cell in the cache; its vectors must be there."""
        return paths.CELLS / cell.model / f"{cache.key(self.recipe(cell))}.parquet"


def make(
    profile,
    *,
    models=(),
    names=(),
    split=None,
    declared=None,
    memory=4e9,
    empty=False,
):
    """Resolve the declarations of a profile into a plan.

    Parameters
    ----------
    profile : str or ProfileSpec
        A declared name, or a user's own, whose sources and models ``declared`` holds.
    models, names : iterable of str, optional
        Only cells of these models, and that hold these tasks; a name that ends in ``/`` takes all
        tasks under it. Blocks are cut from the whole profile, whatever is chosen.
    split : str, optional
        Only this split.
    declared : Declarations, optional
        Where names are looked up; read from ``data/`` if none is given.
    memory : float, default=4e9
        Bytes that the fits of one process may take; changes speed and, by rounding, last digits.
    empty : bool, default=False
        Whether a profile of which no task can be built is a plan, too.

    Returns
    -------
    Plan

    Raises
    ------
    BadInput
        An unknown name, no task that can be built, or a requested split whose table is missing.
    """
    declared = declared or specs.declared()
    spec, missing = declared.profile(profile) if isinstance(profile, str) else profile, []
    where = f"profile '{spec.name}'"
    for name in filter(None, [*spec.splits, split]):
        check(splits.SPLITS, "split", name, where=where)
    for name in models:
        check(spec.models, "model", name, where=where)
    built = tasks.load(spec, declared.sources, missing=missing.append)
    if not (built or empty):
        raise BadInput(f"{where}: no task can be built; {[*missing, 'it names no source.'][0]}")
    usable, messages, lacking = _available(spec.splits, declared.sources)
    requested = usable
    if split is not None:
        requested, messages, lacking = _available([split], declared.sources)
        if not requested:
            raise BadInput(lacking[0])
    probed = [task for task in built.values() if probes_of(spec, task)]
    genes = tasks.universe(probed) if probed else np.empty(0, dtype=str)
    if spec.genes_of:  # its vectors are those of that profile
        own, genes = genes, make(spec.genes_of, declared=declared).universe
        built = {n: t.subset(np.isin(t.parts, genes).all(axis=0)) for n, t in built.items()}
        lost = np.setdiff1d(own, genes)
        if len(lost):
            messages.append(
                f"{len(lost):,} of {len(own):,} genes are not among those of profile "
                f"'{spec.genes_of}' and are left out (first: {', '.join(lost[:3])})."
            )
    cells = blocks.cells(spec, built, dict.fromkeys([*usable, *requested]), usable[:1])
    chosen = set(tasks.pick(built, names))
    return Plan(
        profile=spec,
        declared=declared,
        tasks=built,
        universe=genes,
        splits=tuple(usable),
        cells=tuple(cell for cell in cells if cell.split in usable),
        requested=tuple(
            cell
            for cell in cells
            if cell.model in (models or spec.models)
            and cell.split in requested
            and chosen & set(cell.tasks)
        ),
        messages=(*(f"left out: {why}" for why in [*missing, *lacking]), *messages),
        whole=not (models or names or split),
        memory=memory,
    )


def _available(names, sources):
    """Splits that can be made here, a sentence for each that is replaced, and for each that lacks.

    Families that are not at hand are run as stems, under that name, so that their results are never
    mixed.
    """
    usable, replaced, lacking = {}, [], []
    for name in names:
        why = splits.lacking(name, sources)
        if not why:
            usable[name] = None
        elif name == "family":
            usable["stem"] = None
            replaced.append(f"{why} 'stem' is run in its place, under that name.")
        else:
            lacking.append(why)
    return list(usable), replaced, lacking
