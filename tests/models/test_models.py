"""What importing the encoders costs, and rows of an embedding."""

import subprocess
import sys

import numpy as np

from genebench import models
from genebench.models import Embedding


def test_rows_of_entities_and_minus_one_for_others():
    embedding = Embedding(np.array(["B", "D", "F"]), np.zeros((3, 1), np.float32))
    rows = embedding.rows(np.array(["A", "B", "C", "F", "G", "FF"]))
    assert rows.tolist() == [-1, 0, -1, 2, -1, -1]


def test_importing_loads_neither_torch_nor_transformers():
    names = [f"genebench.models.{name}" for name in {*models.ENCODERS.values(), "inference"}]
    script = f"import sys, {', '.join(names)}; print(*sys.modules)"
    loaded = subprocess.check_output([sys.executable, "-c", script], text=True)
    assert not {"torch", "transformers"} & set(loaded.split())
