"""Splice-site predictors (SpliceAI, OpenSpliceAI, Pangolin) from the arrays of their weights.

All three are one dilated residual network (Jaganathan et al. 2019,
doi:10.1016/j.cell.2018.12.015), which sees 5,000 bases to each side of a position.
"""

from __future__ import annotations

import json
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch.nn.functional import conv1d, leaky_relu

from genebench.core.errors import BadInput
from genebench.core.specs import ModelSpec
from genebench.glm import codes
from genebench.models import weights

NEAR = 50
"""Bases to each side of a variant in which a change counts, as in SpliceAI and Pangolin."""
BATCH, STRETCH, GAP = 16, 30_000, 10_000
"""Variants that are computed at once; bases within which they share the reference's pass, where no
two that follow each other are further apart than the last."""
_DILATIONS = (1, 4, 10, 25)
_ONE_HOT = torch.eye(5)[:, :4]


class Network:
    """Blocks of two convolutions whose results are added; a sum over groups of blocks is read.

    Parameters
    ----------
    convolutions : list of (ndarray of shape (out, in, width), ndarray of shape (out,))
        Weights and biases in order: the first, that of the skip, those of the blocks with one for
        the skip after each group (width 1), and the last, to the logits of the classes.
    norms : list of four ndarray of shape (channels,)
        Scale, shift, mean and variance before each convolution of the blocks.
    dilations : list of int, optional
        Of the convolutions of the blocks; None: 1, 4, 10 and 25 by group.
    slope, epsilon : float
        Slope of the activation below 0, and what is added to a variance.

    Raises
    ------
    ValueError
        The shapes do not fit each other.

    Attributes
    ----------
    reach : int
        Bases to each side of a position that its probabilities depend on.
    """

    def __init__(self, convolutions, norms, *, dilations=None, slope=0.0, epsilon=1e-5):
        wide = [c for c in convolutions if c[0].shape[2] > 1]
        first, *skips, last = [c for c in convolutions if c[0].shape[2] == 1]
        width, groups = len(first[0]), max(1, len(skips) - 1)
        size, rest = divmod(len(wide), 2 * groups)
        shapes = [(width, 4, 1), *[(width, width, 1)] * len(skips), (len(last[0]), width, 1)]
        shapes += [(width, width, c[0].shape[2] | 1) for c in wide]
        found = [c[0].shape for c in (first, *skips, last, *wide)]
        if (
            not size
            or rest
            or found != shapes
            or [len(n) for n, *_ in norms] != [width] * len(wide)
        ):
            raise ValueError(f"{len(wide)} convolutions, {len(norms)} norms: shapes do not fit")
        dilations = dilations or np.repeat(_DILATIONS[:groups], 2 * size).tolist()
        self.slope, self._group = slope, size
        self._first, self._last = map(_tensors, (first, last))
        self._skips = list(map(_tensors, skips))
        # the norm after a block's first convolution is a factor and a summand of its weights
        self._blocks = []
        for i in range(0, len(wide), 2):
            norm, after = (_affine(*n, epsilon) for n in norms[i : i + 2])
            kernel, bias = wide[i]
            inner = kernel * after[0][:, None, None], bias * after[0] + after[1]
            arrays = [_tensors(pair) for pair in (norm, inner, wide[i + 1])]
            self._blocks.append((*arrays, dilations[i], dilations[i] * (kernel.shape[2] // 2)))
        self.reach = sum(2 * block[-1] for block in self._blocks)

    def probabilities(self, windows: np.ndarray) -> np.ndarray:
        """Probability of each kind of splice site at positions that have ``reach`` bases around.

        Parameters
        ----------
        windows : ndarray of shape (n, L), uint8
            Codes; N is no base.

        Returns
        -------
        ndarray of shape (n, kinds, L − 2 reach), float32
        """
        with torch.inference_mode():
            total = self._trace(windows)[2]
            return self._classes(total[..., self.reach : total.shape[2] - self.reach]).numpy()

    def changes(
        self, bases: np.ndarray, positions: np.ndarray, alt: np.ndarray, *, near: int = NEAR
    ) -> np.ndarray:
        """How substitutions change the probabilities around them.

        Computes again only what a substitution changes of what is asked for.

        Parameters
        ----------
        bases : ndarray of shape (L,), uint8
        positions, alt : ndarray of shape (n,)
            Places with ``reach`` + ``near`` bases to each side, and codes of the new bases.
        near : int

        Returns
        -------
        ndarray of shape (n, kinds, 2 near + 1), float32
            Probability after minus before, −1 to 1.
        """
        with torch.inference_mode():
            trace = self._trace(bases[None])
            batches = range(0, len(positions), BATCH)
            parts = [slice(i, i + BATCH) for i in batches]
            return np.concatenate([self._changes(trace, positions[p], alt[p], near) for p in parts])

    def _changes(self, trace, positions, alt, near):
        outer, inner, total = trace
        trunk = conv1d(_ONE_HOT[alt.astype(int)][..., None], *self._first)
        skips = iter(self._skips)
        after = conv1d(_paste(outer[0], positions, near, trunk), *next(skips))
        need = near + self.reach
        for i, (norm, *convolutions, dilation, reach) in enumerate(self._blocks):
            first, second = convolutions
            need -= 2 * reach
            half = min(trunk.shape[2] // 2 + reach, need + reach)
            x = self._active(_paste(outer[i], positions, half + reach, trunk), norm)
            x = self._active(conv1d(x, *first, dilation=dilation))
            half = min(half + reach, need)
            x = conv1d(_paste(inner[i], positions, half + reach, x), *second, dilation=dilation)
            trunk = x + _paste(outer[i], positions, half, trunk)
            if (i + 1) % self._group == 0:
                after += conv1d(_paste(outer[i + 1], positions, near, trunk), *next(skips))
        before = _paste(total, positions, near)
        return (self._classes(after) - self._classes(before)).numpy()

    def _trace(self, windows):
        """Trunk before each block and after the last, what its second convolution reads, sums."""
        x = conv1d(_ONE_HOT[windows.astype(int)].transpose(1, 2), *self._first)
        skips = iter(self._skips)
        total, outer, inner = conv1d(x, *next(skips)), [x], []
        for i, (norm, *convolutions, dilation, reach) in enumerate(self._blocks):
            first, second = convolutions
            options = {"dilation": dilation, "padding": reach}
            inner.append(self._active(conv1d(self._active(x, norm), *first, **options)))
            x = x + conv1d(inner[-1], *second, **options)
            outer.append(x)
            if (i + 1) % self._group == 0:
                total = total + conv1d(x, *next(skips))
        return outer, inner, total

    def _active(self, x, norm=None):
        if norm is not None:
            x = x * norm[0][:, None] + norm[1][:, None]
        return leaky_relu(x, self.slope)

    def _classes(self, total):
        """Probabilities of all classes but the first, which is no splice site."""
        return conv1d(total, *self._last).softmax(1)[:, 1:]


def _tensors(arrays):
    return tuple(torch.from_numpy(np.ascontiguousarray(a, dtype=np.float32)) for a in arrays)


def _affine(scale, shift, mean, variance, epsilon):
    factor = scale / np.sqrt(variance + epsilon)
    return factor, shift - mean * factor


def _paste(reference, positions, half, changed=None):
    """Windows of a reference around positions, their middles replaced by what has changed."""
    starts = torch.from_numpy(positions - half)
    windows = reference[0].unfold(1, 2 * half + 1, 1)[:, starts].transpose(0, 1).contiguous()
    if changed is not None:
        middle = changed.shape[2] // 2
        inside = min(half, middle)
        part = changed[..., middle - inside : middle + inside + 1]
        windows[..., half - inside : half + inside + 1] = part
    return windows


@dataclass(frozen=True, eq=False)
class Predictor:
    """Groups of networks; within a group changes are averaged, and each group has its own sites.

    Attributes
    ----------
    groups : list of list of Network
        One group (SpliceAI, OpenSpliceAI: acceptors and donors), or one a tissue (Pangolin).
    """

    groups: list[list[Network]]

    def changes(
        self,
        bases: np.ndarray,
        positions: np.ndarray,
        alt: np.ndarray,
        *,
        strand: str = "+",
        near: int = NEAR,
    ) -> np.ndarray:
        """Mean change of the probabilities around substitutions.

        Parameters
        ----------
        bases : ndarray of shape (L,), uint8
            Sequence of the plus strand, N where nothing is to be seen.
        positions, alt : ndarray of shape (n,)
            Places from 0, and codes of the new bases of the plus strand.
        strand : {"+", "-"}
            Strand of the gene.
        near : int

        Returns
        -------
        ndarray of shape (n, kinds, 2 near + 1), float32
            Along the plus strand; kinds are acceptor and donor, or splice site by tissue.
        """
        positions, alt = np.asarray(positions), np.asarray(alt)
        order, out, start = np.argsort(positions, kind="stable"), [], 0
        while start < len(order):
            ahead = positions[order[start:]]
            apart = np.flatnonzero(np.diff(ahead) > GAP) + 1
            count = min(np.searchsorted(ahead, ahead[0] + STRETCH), *apart[:1], len(ahead))
            rows = order[start : start + count]
            start += len(rows)
            out.append(self._stretch(bases, positions[rows], alt[rows], strand, near))
        return np.concatenate(out)[np.argsort(order)]

    def _stretch(self, bases, positions, alt, strand, near):
        parts = []
        for group in self.groups:
            margin = max(network.reach for network in group) + near
            low = positions.min() - margin
            window = codes.windows(bases, [low], np.ptp(positions) + 2 * margin + 1)[0]
            places = positions - low
            if strand == "-":
                window, places = codes.reverse_complement(window), len(window) - 1 - places
            new = 3 - alt if strand == "-" else alt
            moved = [network.changes(window, places, new, near=near) for network in group]
            parts.append(np.mean(moved, axis=0)[..., :: -1 if strand == "-" else 1])
        return np.concatenate(parts, axis=1)


def delta(changes: np.ndarray) -> np.ndarray:
    """Delta score of variants: the largest gain or loss of a splice site near them.

    SpliceAI's is the largest of acceptor gain, acceptor loss, donor gain and donor loss
    (``get_delta_scores`` of spliceai 1.3.1, unmasked); Pangolin's the larger of its largest gain
    and largest loss over four tissues (``compute_score`` of Pangolin 1.0.2, unmasked).

    Parameters
    ----------
    changes : ndarray of shape (n, kinds, positions)
        Of ``Predictor.changes``.

    Returns
    -------
    ndarray of shape (n,)
        0 to 1.
    """
    return np.abs(changes).max(axis=(1, 2))


def load(spec: ModelSpec, *, most: int | None = None) -> Predictor:
    """Load a predictor of splice sites.

    Parameters
    ----------
    spec : ModelSpec
        Roles of its ``files`` that begin with ``network`` are those of networks.
    most : int, optional
        Networks of a group to use, the first; None: all of them.

    Returns
    -------
    Predictor

    Raises
    ------
    BadInput
        A file is not what is declared, or its arrays do not fit the network.
    """
    folder = weights.verified(spec)
    files = [folder / path for role, path in spec.files.items() if role.startswith("network")]
    groups: dict[str, list[Network]] = {}
    for path in files:
        try:
            for tissue, layers in _keras(path) if path.suffix == ".h5" else _torch(path):
                group = groups.setdefault(tissue, [])
                if most is None or len(group) < most:
                    group.append(Network(**{"slope": spec.options.get("slope", 0.0)} | layers))
        except (KeyError, ValueError, IndexError, OSError, zipfile.BadZipFile) as err:
            raise BadInput(
                f"{path}: not the weights of a splice predictor ({err}); fetch it again."
            ) from err
    return Predictor(list(groups.values()))


def _keras(path: Path):
    """The layers of a Keras file, whose names are numbered as they were made."""
    import h5py

    with h5py.File(path) as file:
        layers = json.loads(file.attrs["model_config"])["config"]["layers"]
        layers.sort(key=lambda layer: int(layer["name"].rpartition("_")[2]))

        def arrays(layer, names):
            group = file["model_weights"][layer["name"]][layer["name"]]
            return [group[f"{name}:0"][()] for name in names.split()]

        convolutions = [x for x in layers if x["class_name"] == "Conv1D"]
        norms = [x for x in layers if x["class_name"] == "BatchNormalization"]
        found = [arrays(layer, "kernel bias") for layer in convolutions]
        yield (
            "",
            {
                "convolutions": [(kernel.transpose(2, 1, 0), bias) for kernel, bias in found],
                "norms": [arrays(x, "gamma beta moving_mean moving_variance") for x in norms],
                "dilations": [
                    x["config"]["dilation_rate"][0]
                    for x in convolutions
                    if x["config"]["kernel_size"] > [1]
                ],
                "epsilon": norms[0]["config"]["epsilon"],
            },
        )


def _torch(path: Path):
    """Tissue and layers of each network of an archive, in the order in which arrays are stored."""
    with np.load(path, allow_pickle=False) as file:
        names = file.files
        if not names:
            raise KeyError("no arrays")
        for network in dict.fromkeys(name.rpartition("/")[0] for name in names):
            tissue = network.split(".")[2] if network else ""
            # Pangolin: after training on all tissues, each network was tuned for one
            head = f"conv_last{int(tissue or 0) + 1}."
            own = [n for n in names if n.rpartition("/")[0] == network]
            own = [n for n in own if "conv_last" not in n or head in n]
            arrays = {name: file[name] for name in own}
            yield tissue, {"convolutions": _pairs(arrays), "norms": _norms(arrays)}


def _pairs(arrays):
    found = [name for name, array in arrays.items() if array.ndim == 3]
    return [(arrays[name], arrays[f"{name.removesuffix('weight')}bias"]) for name in found]


def _norms(arrays) -> list[Sequence[np.ndarray]]:
    found = [n.removesuffix("running_mean") for n in arrays if n.endswith("running_mean")]
    parts = ("weight", "bias", "running_mean", "running_var")
    return [[arrays[name + part] for part in parts] for name in found]
