"""Encoders of a text about the gene: language models, and the word counts that they must beat."""

import numpy as np
from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer

from . import Embedding, hub, recipes, weights
from .table import truncated_svd


def transformer(
    spec,
    genes,
    *,
    declared=None,
    path="",
    template="{symbol}",
    recipe=None,
    labels_of=None,
    prefix="",
    layer=-1,
    windows=False,
):
    """Pool the hidden states of a text model, encoder or decoder, and scale them to length 1.

    Mean pooling is over the tokens that are not padding (Reimers & Gurevych 2019); decoders are
    mostly pooled by their last token, an end of text.

    Parameters
    ----------
    spec : ModelSpec
        ``weights`` names the Python package that carries the model, or ``hub`` its repository.
    genes : ndarray of str, shape (n_genes,)
    declared : Declarations, optional
        Needed by a recipe.
    path : str
        Folder of the model inside the package.
    template : str
        Text of each gene, with ``{symbol}``.
    recipe : str, optional
        Key of ``recipes.RECIPES`` instead; genes that it has no text for are left out.
    labels_of : list of str, optional
        Sources whose labels the recipe masks.
    prefix : str
        Comes before every text, as some models require.
    layer, windows
        As in ``hub.sequences``.

    Returns
    -------
    Sequences

    Raises
    ------
    BadInput
        Unknown recipe, or the package is not installed.
    sources.Missing
        Weights, or files of HGNC or NCBI, are not available.
    """
    folder = weights.locate(spec, path=path)
    if recipe is None:
        texts = [template.format(symbol=gene) for gene in genes]
    else:
        genes, texts = recipes.texts(genes, recipe, declared, labels_of=labels_of)
    texts = [prefix + text for text in texts]
    return hub.sequences(spec, folder, genes, texts, windows=windows, layer=layer, unit=True)


def bag_of_words(spec, genes, *, declared, recipe, size=1024, labels_of=None):
    """Count the commonest words in the genes' texts, as gene-benchmark counts them.

    Scikit-learn's ``CountVectorizer`` with its own choice of words (lower case, two letters or
    more, no stop words); of words as common as each other the first in the alphabet is taken.

    Parameters
    ----------
    spec : ModelSpec
    genes : ndarray of str, shape (n_genes,)
    declared : Declarations
    recipe, labels_of
        As in ``recipes.texts``.
    size : int
        Number of words.

    Returns
    -------
    Embedding
        Genes that the recipe has a text for.
    """
    genes, texts = recipes.texts(genes, recipe, declared, labels_of=labels_of)
    counts = CountVectorizer(max_features=size).fit_transform(texts)
    return Embedding(genes, counts.toarray().astype(np.float32))


def tfidf(spec, genes, *, declared, recipe, dim=256, min_genes=2, labels_of=None):
    """Reduce the TF-IDF of the words of the genes' texts by SVD: latent semantic analysis.

    English stop words are left out, counts are 1 + log, rows have unit length before the SVD.

    Parameters
    ----------
    spec : ModelSpec
    genes : ndarray of str, shape (n_genes,)
    declared : Declarations
    recipe, labels_of
        As in ``recipes.texts``.
    dim : int
        Number of axes.
    min_genes : int
        Least number of texts that a word must occur in.

    Returns
    -------
    Embedding
        Genes that the recipe has a text for.
    """
    genes, texts = recipes.texts(genes, recipe, declared, labels_of=labels_of)
    counter = TfidfVectorizer(min_df=min_genes, stop_words="english", sublinear_tf=True)
    return Embedding(genes, truncated_svd(counter.fit_transform(texts), dim))
