"""Controls: vectors whose score is known beforehand, run like any other model."""

import hashlib

import numpy as np

from . import Embedding
from .baseline import constant

oracle = constant
"""Stands in for a model that knows the labels; each task is given ``oracle_vectors`` instead."""


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
