"""Controls: vectors whose score is known beforehand, run like any other model."""

import hashlib

import numpy as np

from . import Embedding


def random(spec, genes, *, dim, seed=0, declared=None):
    """Draw independent standard normal numbers for each gene symbol: scores must lie at chance.

    Parameters
    ----------
    spec : ModelSpec
    genes : ndarray of str, shape (n_genes,)
    dim : int
        Number of dimensions.
    seed : int
        A gene's vector depends on this and on its symbol only.
    declared : Declarations, optional
        Not read.

    Returns
    -------
    Embedding
        Every gene.
    """
    drawn = [_rng(f"{seed}:{gene}").standard_normal(dim) for gene in genes]
    return Embedding(genes, np.asarray(drawn, dtype=np.float32))


def oracle(spec, genes, *, declared=None):
    """Stand in for a model that knows each task's labels; see ``oracle_vectors``.

    Parameters
    ----------
    spec : ModelSpec
    genes : ndarray of str, shape (n_genes,)
    declared : Declarations, optional
        Not read.

    Returns
    -------
    Embedding
        Every gene, one dimension of zeros.
    """
    return Embedding(genes, np.zeros((len(genes), 1), dtype=np.float32))


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
