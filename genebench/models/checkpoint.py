"""Gene vectors that lie in a checkpoint: one tensor of a network, and the gene of each row."""

import json
from collections.abc import Mapping

import numpy as np
import pandas as pd

from ..core.errors import BadInput, unknown
from ..data import limits
from . import weights
from .ids import rows_of


def checkpoint(spec, genes, *, declared, tensor=None, inside=(), genes_in=(), norm=None, kind=None):
    """Take the rows of one tensor of a checkpoint by a vocabulary of genes; no network is run.

    Parameters
    ----------
    spec : ModelSpec
        ``files`` names the ``weights`` (safetensors, a torch file of tensors, ``.npy`` or ``.npz``)
        and the ``vocabulary``: gene → row as JSON or plain pickle, a JSON list, or text with one
        gene a line (in the first column, under a header ``gene``, ``gene_name`` or ``symbol``
        where there is one). Without a vocabulary the weights are a mapping gene → vector.
    genes : ndarray of str, shape (n_genes,)
    declared : Declarations
    tensor : str, optional
        Name of the tensor.
    inside, genes_in : tuple of str
        Keys of the nested mappings that the tensor and the vocabulary lie in.
    norm : str, optional
        Prefix of a layer norm (``weight``, ``bias``) that the network applies to the rows.
    kind : str, optional
        Kind of identifier of the vocabulary, as in ``ids.canonical``.

    Returns
    -------
    Embedding

    Raises
    ------
    BadInput
        A file that is not what is declared, or that would run code.
    sources.Missing
        The weights are not available.
    """
    folder = weights.locate(spec)
    weights.verify(spec, folder)
    path = folder / spec.files["weights"]
    tensors = _tensors(path, inside)
    if "vocabulary" in spec.files:
        table = _tensor(tensors, tensor, path)
        names, rows = _vocabulary(folder / spec.files["vocabulary"], genes_in, len(table))
        if norm:
            scale, shift = (_tensor(tensors, f"{norm}.{part}", path) for part in ("weight", "bias"))
            centred = table - table.mean(axis=1, keepdims=True)
            deviation = np.sqrt(table.var(axis=1, keepdims=True) + 1e-5)  # torch's epsilon
            table = centred / deviation * scale + shift
    else:
        names = list(map(str, tensors))
        table = _stacked(tensors, path)
        rows = np.arange(len(names))
    return rows_of(genes, names, table[rows], declared, kind=kind)


def _tensors(path, inside):
    """Tensors or arrays of a file of weights by name; a single one has the empty name."""
    import torch
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        if path.suffix == ".safetensors":
            return load_file(path)
        if path.suffix in (".npy", ".npz"):
            loaded = np.load(path, allow_pickle=False)
        else:
            loaded = torch.load(path, map_location="cpu", weights_only=True)
    except (SafetensorError, OSError, ValueError, RuntimeError, EOFError, KeyError) as err:
        raise BadInput(
            f"{path}: cannot be read as weights ({type(err).__name__}); fetch it again."
        ) from err
    except Exception as err:  # weights_only refuses other objects with an unpickling error
        raise BadInput(
            f"{path}: holds more than tensors and plain containers ({type(err).__name__}), which "
            f"may run code when loaded; save its tensors alone, as safetensors."
        ) from err
    loaded = _nested(loaded, inside, path)
    return loaded if isinstance(loaded, Mapping) else {"": loaded}


def _nested(value, keys, path):
    for key in keys:
        known = value if isinstance(value, Mapping) else ()
        if key not in known:
            raise unknown("part", key, known, where=str(path))
        value = value[key]
    return value


def _tensor(tensors, name, path):
    name = name or ""
    if name not in tensors:
        raise unknown("tensor", name, tensors, where=str(path))
    return _array(tensors[name], path)


def _array(value, path):
    """A tensor as numpy, in single precision."""
    import torch

    if isinstance(value, torch.Tensor):
        value = value.detach().float().numpy()
    if not isinstance(value, np.ndarray) or value.dtype.kind not in "fiu":
        raise BadInput(
            f"{path}: holds a {type(value).__name__} where a tensor belongs; "
            f"mend 'tensor' or 'inside'."
        )
    return value.astype(np.float32, copy=False)


def _stacked(tensors, path):
    """A mapping gene → vector as a matrix."""
    arrays = [_array(value, path).ravel() for value in tensors.values()]
    widths = len(set(map(len, arrays)))
    if widths != 1:
        raise BadInput(
            f"{path}: its vectors have {widths} widths; declare a 'vocabulary' and a 'tensor'."
        )
    return np.stack(arrays)


def _vocabulary(path, inside, size):
    """Tokens, and the row of each in a table of ``size`` rows; those of no gene match nothing."""
    tokens = _nested(_read_vocabulary(path), inside, path)
    if isinstance(tokens, list):
        if len(tokens) > size:
            raise BadInput(
                f"{path}: lists {len(tokens)} genes for a table of {size} rows; "
                f"it belongs to other weights."
            )
        return list(map(str, tokens)), np.arange(len(tokens))
    if not isinstance(tokens, dict) or not all(type(row) is int for row in tokens.values()):
        raise BadInput(
            f"{path}: is neither a list of genes nor a mapping gene → row; "
            f"mend 'vocabulary' or 'genes_in'."
        )
    rows = np.fromiter(tokens.values(), dtype=np.int64, count=len(tokens))
    if len(rows) and (rows.min() < 0 or rows.max() >= size):
        raise BadInput(
            f"{path}: gives row {rows.max()} of a table of {size} rows; "
            f"it belongs to other weights."
        )
    return list(map(str, tokens)), rows


def _read_vocabulary(path):
    try:
        if path.suffix == ".json":
            return json.loads(path.read_text(encoding="utf-8"))
        if path.suffix in (".pkl", ".pickle"):
            return limits.read_pickle(path)
        sep = "\t" if path.suffix == ".tsv" else ","
        tokens = pd.read_csv(path, sep=sep, header=None, dtype=str)[0]
    except (ValueError, pd.errors.ParserError) as err:
        raise BadInput(
            f"{path}: cannot be read as a vocabulary ({type(err).__name__}); fetch it again."
        ) from err
    has_header = tokens[0].lower() in ("gene", "gene_name", "symbol")
    return tokens[int(has_header) :].tolist()
