"""Spectral property graphs, splits along the spectral parameter λ, and performance over overlap.

A spectral property says how alike two samples are; its graph links samples that are alike. A split
at λ walks the graph and drops neighbours with probability λ: λ = 0 retains every sample (a random
split), λ = 1 leaves no link between train and test (doi:10.1038/s42256-024-00931-6). numba loads on
first use.
"""


def __getattr__(name: str):
    if name == "SpectralSplit":
        from .splits import SpectralSplit

        return SpectralSplit
    raise AttributeError(name)
