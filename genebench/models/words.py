"""Word counts of a text about the gene: what a language model must beat."""

from __future__ import annotations

import numpy as np
from sklearn.decomposition import TruncatedSVD
from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer

from ..core.specs import ModelSpec
from . import Embedding, recipes


def bag_of_words(
    spec: ModelSpec,
    genes: np.ndarray,
    *,
    recipe: str,
    size: int = 1024,
    labels_of: list[str] | None = None,
) -> Embedding:
    """Counts of the ``size`` commonest words in the genes' texts, (m, size), as gene-benchmark counts them.

    Scikit-learn's ``CountVectorizer`` with its own choice of words (lower case, two letters or more, no stop words);
    of words as common as each other the first in the alphabet is taken.
    """
    covered, made = recipes.texts(genes, recipe, labels_of=labels_of)
    counts = CountVectorizer(max_features=size).fit_transform(made)
    return Embedding(covered, counts.toarray().astype(np.float32))


def tfidf(
    spec: ModelSpec,
    genes: np.ndarray,
    *,
    recipe: str,
    dim: int = 256,
    min_genes: int = 2,
    seed: int = 0,
    labels_of: list[str] | None = None,
) -> Embedding:
    """TF-IDF of the words of the genes' texts, ``dim`` axes by truncated SVD, (m, dim): latent semantic analysis.

    Words of ``min_genes`` texts or more, English stop words left out, counts as 1 + log, rows of unit length before
    the SVD.
    """
    covered, made = recipes.texts(genes, recipe, labels_of=labels_of)
    weight = TfidfVectorizer(
        min_df=min_genes, stop_words="english", sublinear_tf=True
    ).fit_transform(made)
    dim = min(dim, min(weight.shape) - 1)
    return Embedding(
        covered,
        TruncatedSVD(dim, n_iter=4, random_state=seed).fit_transform(weight).astype(np.float32),
    )


ENCODERS = {"bag_of_words": bag_of_words, "tfidf": tfidf}
