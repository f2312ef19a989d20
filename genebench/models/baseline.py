"""Shortcuts (what can be known of a gene without a model of biology) and controls.

The score of a control is known beforehand; it is run like any other model.
"""

import hashlib

import numpy as np
import pandas as pd

from ..data.families import families
from ..data.genes import CHROMOSOMES
from . import Embedding
from .table import truncated_svd


def ngrams(inputs, *, longest, dim):
    """Weigh the character n-grams of the gene symbol by TF-IDF and reduce them by truncated SVD.

    Parameters
    ----------
    inputs : Inputs
    longest, dim : int
        n-grams of 1 to ``longest`` characters; number of axes.

    Returns
    -------
    Embedding
        Every gene.
    """
    from sklearn.feature_extraction.text import TfidfVectorizer  # slow to import

    tfidf = TfidfVectorizer(analyzer="char", ngram_range=(1, longest), lowercase=False)
    return Embedding(inputs.genes, truncated_svd(tfidf.fit_transform(inputs.genes), dim))


def stem(inputs, *, by="stem"):
    """Mark the family of each gene: one indicator column per family with two or more genes.

    A linear probe on it predicts the (shrunk) mean label of the gene's training relatives. A gene
    without a relative in the universe is all zeros, so that it gets the mean of such genes.

    Parameters
    ----------
    inputs : Inputs
    by : str
        Rule of ``families.families``: symbol stems, or HGNC gene groups.

    Returns
    -------
    Embedding
        Every gene.
    """
    names = pd.Series(families(inputs.genes, inputs.declared.sources, by=by))
    shared = names.where(names.duplicated(keep=False))
    return Embedding(inputs.genes, pd.get_dummies(shared, dtype=np.float32).to_numpy())


def constant(inputs):
    """Give every gene the same vector: a probe can predict the class prior and nothing else.

    Parameters
    ----------
    inputs : Inputs

    Returns
    -------
    Embedding
        Every gene, one dimension of zeros.
    """
    return Embedding(inputs.genes, np.zeros((len(inputs.genes), 1)))


def annotation_count(inputs, *, gene_column, counted):
    """Count how studied a gene is: log(1 + number of distinct values) of some columns.

    Parameters
    ----------
    inputs : Inputs
    gene_column : str
        Column of gene symbols.
    counted : list of str
        Columns whose distinct values are counted.

    Returns
    -------
    Embedding
        Every gene; zero is a real count.
    """
    number = inputs.table().groupby(gene_column)[counted].nunique()
    number = number.reindex(inputs.genes, fill_value=0)
    return Embedding(inputs.genes, np.log1p(number.to_numpy(np.float32)))


def coordinates(inputs, *, gene_column):
    """Describe where a gene lies and how long it is.

    Parameters
    ----------
    inputs : Inputs
        Ensembl's table with ``chr, start, end, strand, biotype``; a gene's first row is taken.
    gene_column : str
        Column of Ensembl gene ids.

    Returns
    -------
    Embedding
        log10 of the length in bp (start to end, with introns), strand (1 or −1), indicators of 25
        chromosomes and of the ten commonest biotypes. Genes on other contigs have no vector.
    """
    table = inputs.table()
    table = table[table.chr.isin(CHROMOSOMES) & ~table[gene_column].duplicated()]
    common = sorted(table.biotype.value_counts().index[:10])
    length = np.log10(table.end.astype(float) - table.start.astype(float) + 1)
    on_chromosome = table.chr.to_numpy()[:, None] == np.array(CHROMOSOMES)
    of_biotype = table.biotype.to_numpy()[:, None] == np.array(common)
    parts = [length, table.strand.astype(float), on_chromosome, of_biotype]
    return inputs.rows(table[gene_column], np.column_stack(parts), kind="ensembl")


oracle = pair_degree = constant
"""Stand in for what is made of each task, not of genes (``OF_TASK``)."""


def random(inputs, *, dim, seed=0):
    """Draw independent standard normal numbers for each gene symbol: scores must lie at chance.

    Parameters
    ----------
    inputs : Inputs
    dim, seed : int
        Number of dimensions; a gene's vector depends on the seed and its symbol only.

    Returns
    -------
    Embedding
        Every gene.
    """
    drawn = [_rng(f"{seed}:{gene}").standard_normal(dim) for gene in inputs.genes]
    return Embedding(inputs.genes, drawn)


def oracle_vectors(task):
    """Turn the labels of a task into vectors: scores must be the best possible.

    Parameters
    ----------
    task : Task

    Returns
    -------
    ndarray of float32, shape (n, 1) or (n, n_classes)
    """
    if task.kind == "multiclass":
        return np.eye(len(task.classes), dtype=np.float32)[task.labels]
    return np.asarray(task.labels, dtype=np.float32).reshape(len(task), -1)


def pair_counts(task):
    """Count in how many pairs of a task each gene is; the labels are not read.

    Parameters
    ----------
    task : Task

    Returns
    -------
    ndarray of shape (n, 2)
        log(1 + number) of the two genes of each pair.
    """
    _, at, number = np.unique(task.parts, return_inverse=True, return_counts=True)
    return np.log1p(number[at.reshape(len(task.parts), -1)]).T


OF_TASK = {"oracle": oracle_vectors, "pair_degree": pair_counts}
"""Encoder → what it makes of a task in place of vectors of genes."""


def shuffled(task, seed):
    """Permute the labels of a task over its genes: what a probe scores on them is no knowledge.

    Parameters
    ----------
    task : Task
    seed : int
        The permutation depends on this and on the task's name.

    Returns
    -------
    ndarray
        Labels, of the shape of ``task.labels``.
    """
    return task.labels[_rng(f"{seed}:{task.name}").permutation(len(task))]


def _rng(text):
    digest = hashlib.sha256(text.encode()).digest()
    return np.random.default_rng(int.from_bytes(digest[:8], "big"))
