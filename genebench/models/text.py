"""Encoders of a text about the gene: language models, and the word counts that they must beat."""

import numpy as np
import pandas as pd
from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer

from . import Embedding, hub, recipes
from .table import truncated_svd


def transformer(
    inputs,
    *,
    path="",
    template="{symbol}",
    recipe=None,
    labels_of=(),
    prefix="",
    layer=-1,
):
    """Pool the hidden states of a text model, encoder or decoder, and scale them to length 1.

    Mean pooling is over the tokens that are not padding (Reimers & Gurevych 2019); decoders are
    mostly pooled by their last token, an end of text.

    Parameters
    ----------
    inputs : Inputs
    template, prefix : str
        Text of each gene, with ``{symbol}``; what comes before it, as some models require.
    recipe : str, optional
        Key of ``recipes.RECIPES`` instead; genes that it has no text for are left out.
    labels_of : list of str
        Sources whose labels the recipe masks.
    path, layer
        As in ``hub.sequences``.

    Returns
    -------
    Sequences
    """
    genes, texts = inputs.genes, [template.format(symbol=gene) for gene in inputs.genes]
    if recipe:
        genes, texts = recipes.texts(inputs, recipe, labels_of)
    texts = [prefix + text for text in texts]
    return hub.sequences(inputs.spec, genes, texts, path=path, layer=layer, unit=True)


def bag_of_words(inputs, *, recipe, size=1024, labels_of=()):
    """Count the commonest words in the genes' texts, as gene-benchmark counts them.

    Scikit-learn's ``CountVectorizer`` with its own choice of words (lower case, two letters or
    more, no stop words); of words as common as each other the first in the alphabet is taken.

    Parameters
    ----------
    inputs : Inputs
    recipe, labels_of
        As in ``recipes.texts``.
    size : int

    Returns
    -------
    Embedding
    """
    genes, texts = recipes.texts(inputs, recipe, labels_of)
    counts = CountVectorizer(max_features=size).fit_transform(texts)
    return Embedding(genes, counts.toarray())


def tfidf(inputs, *, recipe, dim=256, min_genes=2, labels_of=()):
    """Reduce the TF-IDF of the words of the genes' texts by SVD: latent semantic analysis.

    English stop words are left out, counts are 1 + log, rows have unit length before the SVD.

    Parameters
    ----------
    inputs : Inputs
    recipe, labels_of
        As in ``recipes.texts``.
    dim, min_genes : int
        Number of axes; least number of texts that a word must occur in.

    Returns
    -------
    Embedding
    """
    genes, texts = recipes.texts(inputs, recipe, labels_of)
    counter = TfidfVectorizer(min_df=min_genes, stop_words="english", sublinear_tf=True)
    return Embedding(genes, truncated_svd(counter.fit_transform(texts), dim))


def text_length(inputs, *, recipe="summary"):
    """Count the letters of the genes' texts: log(1 + number), 0 for a gene without a text.

    Parameters
    ----------
    inputs : Inputs
    recipe : str
        As in ``recipes.texts``.

    Returns
    -------
    Embedding
        Every gene.
    """
    genes, texts = recipes.texts(inputs, recipe)
    length = pd.Series(list(map(len, texts)), genes).reindex(inputs.genes, fill_value=0)
    return Embedding(inputs.genes, np.log1p(length.to_numpy(np.float32)[:, None]))
