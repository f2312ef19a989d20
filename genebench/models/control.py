"""Controls: vectors whose score is known beforehand, run like any other model."""

from __future__ import annotations

import hashlib

import numpy as np

from ..core.specs import ModelSpec
from ..data.tasks import Task
from . import Embedding


def random(spec: ModelSpec, genes: np.ndarray, *, dim: int, seed: int = 0) -> Embedding:
    """Independent standard normal numbers, drawn anew for each gene symbol: scores must lie at chance."""
    draw = [np.random.default_rng(_number(f"{seed}:{g}")).standard_normal(dim) for g in genes]
    return Embedding(genes, np.asarray(draw, dtype=np.float32))


def oracle(spec: ModelSpec, genes: np.ndarray) -> Embedding:
    """The oracle knows each task's labels; its vectors are made per task by ``oracle_vectors``."""
    return Embedding(genes, np.zeros((len(genes), 1), dtype=np.float32))


def oracle_vectors(task: Task) -> np.ndarray:
    """The labels themselves as vectors, (n, 1 or n_classes): scores must be the best possible."""
    if task.kind == "multiclass":
        return np.eye(len(task.classes), dtype=np.float32)[task.labels]
    return np.asarray(task.labels, dtype=np.float32).reshape(len(task), -1)


def shuffled(task: Task, seed: int) -> np.ndarray:
    """The task's labels dealt out to its genes at random: whatever a probe scores on them is not knowledge."""
    return task.labels[np.random.default_rng(_number(f"{seed}:{task.name}")).permutation(len(task))]


def _number(text: str) -> int:
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big")


ENCODERS = {"random": random, "oracle": oracle}
