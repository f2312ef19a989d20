"""How units of one kind are computed: what a stage is made of."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from . import cache, paths

Say = Callable[[str], None]
"""Takes one sentence at a time."""
Progress = Callable[[str, int, int], None]
"""Takes (stage, units done, units in all) as they end."""
Steps = Callable[[int, int], None]
"""Takes (units done, units in all) as they end."""


def quiet(*_: Any):
    """Report nothing: a ``Say`` or a ``Progress`` for those who do not listen."""


def together(shared: Any, unit: Any) -> tuple[Any, Any]:
    """Hand on what units share and one of them: the usual ``gather`` of a stage."""
    return shared, unit


@dataclass(frozen=True)
class Once:
    """Something large that many units read; a cluster sends it to a worker once, under its name.

    Attributes
    ----------
    name : str
        Says what it is; equal names mean equal values.
    load : callable
        Returns the value.
    """

    name: str
    load: Callable[[], Any]


@dataclass(frozen=True)
class Stage:
    """How units of one kind are computed, in steps that need not happen in one place.

    Every function is one of a module. ``shared`` is what all units of a run have in common, such as
    its plan: each process has it from its start.

    Attributes
    ----------
    name : str
        What the units are called in messages and progress, in the plural.
    files : callable
        (shared, unit) -> paths of its artefacts in the cache; all must be there for the unit to
        count as cached.
    gather : callable
        (shared, unit) -> tuple that ``compute`` takes, large parts as ``Once``. Reads files.
    compute : callable
        The gathered parts -> the output. Touches no file, so that it can happen anywhere.
    store : callable
        (shared, unit, output) -> None. Writes the artefacts.
    """

    name: str
    files: Callable[[Any, Any], Sequence[Path]]
    gather: Callable[[Any, Any], tuple] = together
    compute: Callable[..., Any] = quiet
    store: Callable[[Any, Any, Any], None] = quiet


@dataclass(frozen=True)
class ArrayStage:
    """A ``Stage`` whose output is some arrays, computed on one thread where the data are.

    Attributes
    ----------
    name : str
        What the units are called, in the plural.
    folder : str
        Name of a folder in ``core.paths``.
    recipe : callable
        (shared, unit) -> everything that determines the arrays.
    measure : callable
        (shared, unit) -> dict of str to array or number.
    with_torch : bool
        See ``one_thread``.
    """

    name: str
    folder: str
    recipe: Callable[[Any, Any], dict]
    measure: Callable[[Any, Any], dict]
    with_torch: bool = True
    gather = staticmethod(together)

    def files(self, shared: Any, unit: Any) -> list[Path]:
        """Path of the arrays in the cache."""
        key = cache.key(self.recipe(shared, unit))
        return [getattr(paths, self.folder) / f"{key}.npz"]

    def compute(self, shared: Any, unit: Any) -> dict:
        """Measure on one thread."""
        with one_thread(with_torch=self.with_torch):
            return self.measure(shared, unit)

    def store(self, shared: Any, unit: Any, arrays: dict):
        """Write the arrays to the cache."""
        (path,), recipe = self.files(shared, unit), self.recipe(shared, unit)
        cache.store(path, recipe, lambda to: np.savez(to, **arrays))

    def load(self, shared: Any, unit: Any) -> dict:
        """Read the arrays from the cache."""
        with np.load(self.files(shared, unit)[0], allow_pickle=False) as arrays:
            return dict(arrays)


@contextmanager
def one_thread(*, with_torch=True) -> Iterator[None]:
    """Use one core for what runs inside, so that results do not depend on how many there are.

    Parameters
    ----------
    with_torch : bool, default=True
        Whether PyTorch may be used; it is then loaded here and stays on one thread in this process.
    """
    from threadpoolctl import threadpool_limits

    if with_torch:
        from torch import set_num_threads

        set_num_threads(1)
    with threadpool_limits(1):
        yield
