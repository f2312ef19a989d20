"""Gene vectors that lie in a checkpoint: one table of the network, and which gene each of its rows is."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd

from ..core.errors import BadInput, unknown
from ..core.specs import ModelSpec
from ..data import readers
from . import Embedding, ids, weights


def checkpoint(
    spec: ModelSpec,
    genes: np.ndarray,
    *,
    tensor: str | None = None,
    inside: tuple[str, ...] = (),
    genes_in: tuple[str, ...] = (),
    norm: str | None = None,
    kind: str | None = None,
) -> Embedding:
    """Rows of one tensor of a checkpoint, by a vocabulary of genes; no network is run.

    ``spec.files`` names the ``weights`` (safetensors, a torch file of tensors, ``.npy`` or ``.npz``) and the
    ``vocabulary``: gene → row as JSON or plain pickle, a JSON list, or text with one gene a line (in the first column,
    under a header ``gene``, ``gene_name`` or ``symbol`` where there is one). Without a vocabulary the weights are a
    mapping gene → vector.

    Args:
        tensor: its name. inside: keys of the mappings that it lies in. genes_in: likewise, of the vocabulary.
        norm: prefix of a layer norm (``weight``, ``bias``) that the network puts on the rows.
        kind: kind of identifier of the vocabulary (``genes.KINDS``); None: told by their looks.

    Raises: BadInput: a file that is not what is declared. sources.Missing: weights are not here.
    """
    folder = weights.locate(spec)
    weights.hold(spec, folder)
    path = folder / spec.files["weights"]
    held = _tensors(path, inside)
    if "vocabulary" in spec.files:
        table = _tensor(held, tensor, path)
        names, rows = _vocabulary(folder / spec.files["vocabulary"], genes_in, len(table))
        if norm:
            table = _normed(
                table, _tensor(held, f"{norm}.weight", path), _tensor(held, f"{norm}.bias", path)
            )
    else:
        names = [str(n) for n in held]
        table = _stacked(held, path)
        rows = np.arange(len(names))
    has, row = ids.match(genes, names, kind=kind)
    return Embedding(
        np.asarray(genes)[has], np.ascontiguousarray(table[rows[row]], dtype=np.float32)
    )


def _tensors(path: Path, inside: tuple[str, ...]):
    """What a file of weights holds: a mapping from names to tensors or arrays."""
    import torch
    from safetensors import SafetensorError, safe_open

    try:
        if path.suffix == ".safetensors":
            with safe_open(path, framework="pt") as file:
                return _Lazy(path, list(file.keys()))
        if path.suffix in (".npy", ".npz"):
            loaded = np.load(path, allow_pickle=False)
            return loaded if path.suffix == ".npz" else {"": loaded}
        held = torch.load(path, map_location="cpu", weights_only=True)
    except (SafetensorError, OSError, ValueError, RuntimeError, EOFError, KeyError) as err:
        raise _unreadable(path, err) from err
    except (
        Exception
    ) as err:  # weights_only refuses what is no tensor with an error of the unpickler
        raise BadInput(
            f"{path}: holds more than tensors and plain containers ({type(err).__name__}), which may run code when "
            f"loaded; save its tensors alone, as safetensors."
        ) from err
    for key in inside:
        if not isinstance(held, dict) or key not in held:
            raise unknown("part", key, held if isinstance(held, dict) else (), where=str(path))
        held = held[key]
    if not isinstance(held, dict):
        held = {"": held}
    return held


class _Lazy(dict):
    """Names of a safetensors file; a tensor is read when it is asked for."""

    def __init__(self, path: Path, names: list[str]) -> None:
        super().__init__({name: None for name in names})
        self.path = path

    def __getitem__(self, name: str):
        from safetensors import safe_open

        with safe_open(self.path, framework="pt") as file:
            return file.get_tensor(name)


def _unreadable(path: Path, err: Exception) -> BadInput:
    return BadInput(f"{path}: cannot be read as weights ({type(err).__name__}); fetch it again.")


def _tensor(held, name: str | None, path: Path) -> np.ndarray:
    """One tensor as numpy, in single precision."""
    if (name or "") not in held:
        raise unknown("tensor", name or "", held, where=str(path))
    return _array(held[name or ""], path)


def _array(value, path: Path) -> np.ndarray:
    import torch

    if isinstance(value, torch.Tensor):
        value = value.detach().float().numpy()
    if not isinstance(value, np.ndarray) or value.dtype.kind not in "fiu":
        raise BadInput(
            f"{path}: holds a {type(value).__name__} where a tensor belongs; mend 'tensor' or 'inside'."
        )
    return value.astype(np.float32, copy=False)


def _stacked(held, path: Path) -> np.ndarray:
    """A mapping gene → vector as a matrix."""
    arrays = [_array(held[n], path).ravel() for n in held]
    widths = {len(a) for a in arrays}
    if len(widths) != 1:
        raise BadInput(
            f"{path}: its vectors have {len(widths)} widths; declare a 'vocabulary' and a 'tensor'."
        )
    return np.stack(arrays)


def _normed(table: np.ndarray, scale: np.ndarray, shift: np.ndarray) -> np.ndarray:
    """Layer norm of each row (Ba et al. 2016), with torch's 1e-5."""
    centred = table - table.mean(axis=1, keepdims=True)
    return centred / np.sqrt(table.var(axis=1, keepdims=True) + 1e-5) * scale + shift


def _vocabulary(path: Path, inside: tuple[str, ...], size: int) -> tuple[list[str], np.ndarray]:
    """Genes, and the row of each in a table of ``size`` rows; tokens that name no gene stay in and match nothing."""
    held = _listed(path)
    for key in inside:
        if not isinstance(held, dict) or key not in held:
            raise unknown("part", key, held if isinstance(held, dict) else (), where=str(path))
        held = held[key]
    if isinstance(held, list):
        if len(held) > size:
            raise BadInput(
                f"{path}: lists {len(held)} genes for a table of {size} rows; it belongs to other weights."
            )
        return [str(g) for g in held], np.arange(len(held))
    if not isinstance(held, dict) or not all(type(v) is int for v in held.values()):
        raise BadInput(
            f"{path}: is neither a list of genes nor a mapping gene → row; mend 'vocabulary' or 'genes_in'."
        )
    rows = np.fromiter(held.values(), dtype=np.int64, count=len(held))
    if len(rows) and (rows.min() < 0 or rows.max() >= size):
        raise BadInput(
            f"{path}: gives row {rows.max()} of a table of {size} rows; it belongs to other weights."
        )
    return [str(g) for g in held], rows


def _listed(path: Path):
    try:
        if path.suffix == ".json":
            return json.loads(path.read_text(encoding="utf-8"))
        if path.suffix in (".pkl", ".pickle"):
            return readers.read_plain(path)
        frame = pd.read_csv(
            path, sep="\t" if path.suffix == ".tsv" else ",", header=None, dtype=str
        )
    except (ValueError, UnicodeDecodeError, pd.errors.ParserError) as err:
        raise BadInput(
            f"{path}: cannot be read as a vocabulary ({type(err).__name__}); fetch it again."
        ) from err
    column = frame.iloc[:, 0]
    headed = column.iloc[0].lower() in ("gene", "gene_name", "symbol")
    return column.iloc[int(headed) :].tolist()


ENCODERS = {"checkpoint": checkpoint}
