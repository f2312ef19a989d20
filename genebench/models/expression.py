"""Gene vectors computed from an expression table."""

from __future__ import annotations

import warnings

import numpy as np
from sklearn.decomposition import NMF, PCA
from sklearn.exceptions import ConvergenceWarning

from ..core import specs
from ..core.specs import ModelSpec
from ..data import sources
from . import Embedding
from .ids import match


def pca(
    spec: ModelSpec, genes: np.ndarray, *, source: str, file: str, dim: int, seed: int = 0
) -> Embedding:
    """Principal components of genes over cells: each gene's profile is standardised, then projected on ``dim`` axes."""
    profile = sources.table(specs.source(source), file)
    profile = profile[~profile.index.duplicated()].sort_index()
    values = profile.to_numpy()
    values = (values - values.mean(axis=1, keepdims=True)) / (
        values.std(axis=1, keepdims=True) + 1e-8
    )
    vectors = PCA(dim, random_state=seed).fit_transform(values)
    known = np.isin(profile.index.to_numpy(str), genes)
    return Embedding(profile.index.to_numpy(str)[known], vectors[known].astype(np.float32))


def _logs(source: str, file: str) -> tuple[np.ndarray, np.ndarray]:
    """Genes, (n,), and log2(1 + expression), (n, columns), of a table genes × tissues."""
    held = sources.table(specs.source(source), file)
    return held.index.to_numpy(str), np.log2(1 + held.to_numpy(np.float64))


def svd(spec: ModelSpec, genes: np.ndarray, *, source: str, file: str, dim: int) -> Embedding:
    """Singular value decomposition of log2(1 + expression), each tissue centred over the genes, ``dim`` axes.

    The level of expression stays in the vectors (mostly on the first axis), unlike in ``pca``, which standardises
    each gene. The sign of each axis makes the largest of its tissue weights positive.
    """
    names, values = _logs(source, file)
    u, s, v = np.linalg.svd(values - values.mean(axis=0), full_matrices=False)
    sign = np.sign(v[np.arange(len(v)), np.abs(v).argmax(axis=1)])
    has, row = match(genes, names, kind="symbol")
    return Embedding(genes[has], (u * s * sign)[row, :dim].astype(np.float32))


def nmf(
    spec: ModelSpec,
    genes: np.ndarray,
    *,
    source: str,
    file: str,
    dim: int,
    seed: int = 0,
    rounds: int = 300,
) -> Embedding:
    """Non-negative matrix factorisation of log2(1 + expression): the weight of ``dim`` programmes in each gene.

    Coordinate descent from the deterministic start NNDSVDA (Boutsidis & Gallopoulos 2008), at most ``rounds`` sweeps.
    """
    names, values = _logs(source, file)
    with warnings.catch_warnings():
        warnings.simplefilter(
            "ignore", ConvergenceWarning
        )  # the last digits do not matter to a probe
        weight = NMF(
            dim, init="nndsvda", max_iter=rounds, tol=1e-3, random_state=seed
        ).fit_transform(values)
    has, row = match(genes, names, kind="symbol")
    return Embedding(genes[has], weight[row].astype(np.float32))


ENCODERS = {"pca": pca, "svd": svd, "nmf": nmf}
