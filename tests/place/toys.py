"""Vectors of the made-up project, and the command that places them."""

import pandas as pd
from helpers import call

from genebench.core import paths


def toy_vectors():
    """The columns that the model ``full`` of the made-up project is made of."""
    frame = pd.read_csv(paths.DOWNLOADS / "toy" / "labels.tsv", sep="\t", index_col="symbol")
    return frame[["x0", "x1", "x2", "x3"]]


def placed(path, *words):
    """Call the command on the made-up profile; the card goes beside the file."""
    out = path.parent / "card"
    return call("place", path, "-p", "tiny", "-j", "1", "--out", out, *words), out
