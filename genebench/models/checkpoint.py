"""Gene vectors that lie in a checkpoint: one tensor of a network, and the gene of each row."""

import json
from collections.abc import Mapping

import numpy as np
import pandas as pd

from ..core.errors import BadInput, pick
from ..data import limits
from . import weights


def checkpoint(inputs, *, tensor="", inside=(), genes_in=(), norm=None, kind=None):
    """Take the rows of one tensor of a checkpoint by a vocabulary of genes; no network is run.

    Parameters
    ----------
    inputs : Inputs
        ``files`` of the model names the ``weights`` (safetensors, or a torch file of tensors) and
        the ``vocabulary``: gene → row as JSON or plain pickle, a JSON list, or text with one gene a
        line (in the first column, under a header ``gene``, ``gene_name`` or ``symbol`` where there
        is one). Without one the weights are a mapping gene → vector.
    tensor : str
        Name of the tensor.
    inside, genes_in : tuple of str
        Keys of the nested mappings that the tensor and the vocabulary lie in.
    norm : str, optional
        Prefix of a layer norm (``weight``, ``bias``) that the network applies to the rows.
    kind : str, optional
        Kind of identifier of the vocabulary, as in ``Inputs.canonical``.

    Returns
    -------
    Embedding
    """
    import torch
    from safetensors.torch import load_file

    spec = inputs.spec
    folder = weights.verified(spec)
    path = folder / spec.files["weights"]
    with weights.loading(spec, "weights", path):  # nothing in it is run
        if path.suffix == ".safetensors":
            tensors = load_file(path)
        else:
            tensors = torch.load(path, map_location="cpu", weights_only=True)
        tensors = _within(tensors, inside, path)
        if "vocabulary" not in spec.files:
            vectors = np.stack([_array(value).ravel() for value in tensors.values()])
            return inputs.rows(list(tensors), vectors, kind=kind)
        table = _array(_within(tensors, [tensor], path))
        if norm:
            parts = [_array(_within(tensors, [f"{norm}.{p}"], path)) for p in ("weight", "bias")]
            deviation = np.sqrt(table.var(axis=1, keepdims=True) + 1e-5)  # torch's epsilon
            table = (table - table.mean(axis=1, keepdims=True)) / deviation * parts[0] + parts[1]
    path = folder / spec.files["vocabulary"]
    with weights.loading(spec, "vocabulary", path):
        names = _within(_vocabulary(path), genes_in, path)
        rows = np.array([*names.values()]) if isinstance(names, Mapping) else np.arange(len(names))
        if rows.ndim != 1 or rows.dtype.kind != "i" or rows.min() < 0 or rows.max() >= len(table):
            raise BadInput(
                f"{path}: is no list of genes or mapping gene → row for weights of {len(table)} "
                f"rows; it belongs to others, or fix 'genes_in'."
            )
    return inputs.rows(list(names), table[rows], kind=kind)


def _within(value, keys, path):
    """What lies in nested mappings under some keys."""
    for key in keys:
        value = pick(value, "key", key, where=str(path))
    return value


def _array(tensor):
    """A tensor as numpy, in single precision."""
    return tensor.detach().float().numpy()


def _vocabulary(path):
    if path.suffix == ".json":
        return json.loads(path.read_text(encoding="utf-8"))
    if path.suffix in (".pkl", ".pickle"):
        return limits.read_pickle(path)
    sep = "\t" if path.suffix == ".tsv" else ","
    tokens = pd.read_csv(path, sep=sep, header=None, dtype=str)[0]
    return tokens[int(tokens[0].lower() in ("gene", "gene_name", "symbol")) :].tolist()
