"""Gene vectors computed from an expression table."""

from __future__ import annotations

import numpy as np
from sklearn.decomposition import PCA

from .. import sources, specs
from ..specs import ModelSpec
from . import Embedding


def pca(spec: ModelSpec, genes: np.ndarray, *, source: str, file: str, dim: int, seed: int = 0) -> Embedding:
    """Principal components of genes over cells: each gene's profile is standardised, then projected on ``dim`` axes."""
    profile = sources.table(specs.source(source), file)
    profile = profile[~profile.index.duplicated()].sort_index()
    values = profile.to_numpy()
    values = (values - values.mean(axis=1, keepdims=True)) / (values.std(axis=1, keepdims=True) + 1e-8)
    vectors = PCA(dim, random_state=seed).fit_transform(values)
    known = np.isin(profile.index.to_numpy(str), genes)
    return Embedding(profile.index.to_numpy(str)[known], vectors[known].astype(np.float32))


ENCODERS = {"pca": pca}
