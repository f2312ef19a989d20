"""The published package ``spectrae`` 1.0.3, run on a list of samples; it must be installed."""

from __future__ import annotations

import contextlib
import io
import os
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from genebench.core.errors import BadInput
from genebench.data.sources import package_folder


@dataclass(frozen=True, eq=False)
class Splits:
    """Output of the package.

    Attributes
    ----------
    splits : dict
        (λ, seed) → samples of train and of test; None where the package makes no split.
    edges : int
        Edges of its graph.
    graph_s, splits_s : float
        Processor seconds of properties and graph, and of all splits.
    """

    splits: dict[tuple[float, int], tuple[list[int], list[int]] | None]
    edges: int
    graph_s: float
    splits_s: float


def installed() -> bool:
    """Whether the package is at hand."""
    return package_folder("spectrae") is not None


def run(
    samples: Sequence,
    alike: Callable[[object, object], float],
    parameters: Sequence[float],
    seeds: Sequence[int],
    *,
    binary: bool = True,
    after_graph: Callable[[], object] | None = None,
) -> Splits:
    """Make graph and splits as a user of the package would, in an empty folder that is removed.

    The package's cross-split overlap is the user's to write; here it is the constant 0, so that no
    time is measured for it.

    Parameters
    ----------
    samples : sequence
        The samples.
    alike : callable
        Property of two samples.
    parameters, seeds : sequence
        Spectral parameters λ, and the seeds of each.
    binary : bool
        Whether the property is binary.
    after_graph : callable, optional
        Called between graph and splits; its time is not measured.

    Returns
    -------
    Splits

    Raises
    ------
    BadInput
        The package is not installed.
    """
    if not installed():
        raise BadInput(
            "the published package is not installed; run 'pip install spectrae==1.0.3 --no-deps'."
        )
    from spectrae import Spectra, SpectraDataset

    class Samples(SpectraDataset):
        def parse(self, given):
            return given

        def sample_to_index(self, sample):
            return self.samples.index(sample)

        def __len__(self):
            return len(self.samples)

        def __getitem__(self, i):
            return self.samples[i]

    splits: dict = {}

    class Recorded(Spectra):
        def spectra_properties(self, a, b):
            return alike(a, b)

        def cross_split_overlap(self, train, test):
            return 0

        def generate_spectra_split(self, parameter, seed, test_size=0.2):
            output = super().generate_spectra_split(parameter, seed, test_size)
            splits[(parameter, seed)] = None if output[0] is None else output[:2]
            return output

    with _elsewhere():
        start = time.process_time()
        theirs = Recorded(Samples(list(samples), "samples"), binary=binary)
        theirs.pre_calculate_spectra_properties("samples")
        theirs.construct_spectra_graph()
        graph_s = time.process_time() - start
        if after_graph:
            after_graph()
        start = time.process_time()
        theirs.generate_spectra_splits(list(parameters), len(seeds), list(seeds))
        return Splits(splits, theirs.SPG.number_of_edges(), graph_s, time.process_time() - start)


@contextlib.contextmanager
def _elsewhere() -> Iterator[None]:
    """In an empty folder, with what is printed thrown away.

    Python's global random state is put back.
    """
    import random

    state, here = random.getstate(), os.getcwd()
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        try:
            with (
                contextlib.redirect_stdout(io.StringIO()),
                contextlib.redirect_stderr(io.StringIO()),
            ):
                yield
        finally:
            os.chdir(here)
            random.setstate(state)
