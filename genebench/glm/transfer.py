"""How far vectors of windows carry: frozen layers, k-mer counts, a network fitted to the labels alone, fine-tuning."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import numpy as np
import pandas as pd

from .. import probes
from ..benchmark.results import SCHEMA
from ..core.errors import BadInput, unknown
from ..stats import bootstrap, metrics
from . import codes
from .windows import GROUP, Windows

POOLINGS: dict[str, Callable[[np.ndarray, np.ndarray], np.ndarray]] = {
    "mean": lambda h, known: (h * known[..., None]).sum(1) / np.maximum(known.sum(1), 1)[:, None],
    "max": lambda h, known: np.where(known[..., None], h, -np.inf).max(1),
    "deviation": lambda h, known: np.sqrt(
        np.maximum(POOLINGS["mean"](h**2, known) - POOLINGS["mean"](h, known) ** 2, 0)
    ),
}
"""Name → states (n, L, d) and which bases are known (n, L) to vectors (n, d)."""


def embeddings(
    model, windows: np.ndarray, *, layers: Sequence[int] | None = None, batch: int = 256
) -> dict[tuple[int, str], np.ndarray]:
    """Vectors of windows by layer and pooling of a model, (n, d) float32 each; ``layers``: which, None: all."""
    out: dict[tuple[int, str], list[np.ndarray]] = {}
    for s in range(0, len(windows), batch):
        part = windows[s : s + batch]
        known = part < codes.N
        one = partial(model.hidden, part)
        every = model.states(part) if hasattr(model, "states") else map(one, range(model.layers))
        for layer, states in enumerate(every):
            for name, pool in POOLINGS.items() if layers is None or layer in layers else ():
                out.setdefault((layer, name), []).append(pool(states, known).astype(np.float32))
    return {key: np.concatenate(parts) for key, parts in out.items()}


def kmers(windows: np.ndarray, k: int) -> np.ndarray:
    """Share of each k-mer of a window, strands added up, (n, 4^k) float32."""
    out = np.zeros((len(windows), 4**k), dtype=np.float32)
    for row, window in zip(out, windows):
        for strand in (window, codes.reverse_complement(window)):
            index = codes.kmers(strand, k)
            np.add.at(row, index[index >= 0], 1)
    return out / np.maximum(out.sum(1, keepdims=True), 1)


def probed(task: Windows, vectors: np.ndarray, train: np.ndarray, test: np.ndarray) -> np.ndarray:
    """Predictions of the linear probe for the tested rows, (n_test,)."""
    fold = np.full(len(task), -1)
    fold[test], fold[train] = 0, 1
    return probes.predict(vectors, task.label, fold, kind=task.kind)[:, 0][test]


class Picked:
    """Vectors of one task by many layers and poolings; which is taken is chosen on the rows trained on, each time."""

    def __init__(self, task: Windows, every: dict[tuple[int, str], np.ndarray]) -> None:
        self.task, self.every, self.scores = task, every, []

    def __call__(self, train: np.ndarray) -> np.ndarray:
        """The vectors, (n, d), whose linear probe has the best mean score in five folds of the rows ``train``."""
        fold = np.full(len(self.task), -1)
        fold[train] = np.random.default_rng(0).permutation(len(train)) % 5
        name, label = metrics.main(self.task.kind), self.task.label
        found = {}
        for key, vectors in self.every.items():
            given = probes.predict(vectors, label, fold, kind=self.task.kind)[:, 0]
            parts = [
                metrics.METRICS[name].function(label[fold == k], given[fold == k]) for k in range(5)
            ]
            found[key] = float(np.mean(parts))
        self.scores.append(found)
        return self.every[max(found, key=found.get)]

    def table(self) -> pd.DataFrame:
        """``layer, pooling, score`` (mean over all choices that were made), ``chosen`` (how often)."""
        best = [max(found, key=found.get) for found in self.scores]
        rows = [
            (*key, np.mean([f[key] for f in self.scores]), best.count(key)) for key in self.every
        ]
        return pd.DataFrame(rows, columns=["layer", "pooling", "score", "chosen"])

    def usual(self) -> np.ndarray:
        """The vectors that were chosen most often, (n, d)."""
        row = self.table().sort_values("chosen").iloc[-1]
        return self.every[int(row.layer), row.pooling]


class Network:
    """A network that is fitted to labels, with early stopping; both strands count alike."""

    def __init__(
        self,
        make: Callable,
        *,
        kind: str,
        rate: float,
        epochs: int = 12,
        batch: int = 64,
        seed: int = 0,
    ):
        self.make, self.kind, self.rate, self.epochs, self.batch, self.seed = (
            make,
            kind,
            rate,
            epochs,
            batch,
            seed,
        )
        self.network, self.scale = None, (0.0, 1.0)

    def fit(self, windows: np.ndarray, label: np.ndarray, train: np.ndarray) -> Network:
        """Fit on nine tenths of the rows ``train``; the epoch is kept that tells the rest best. Returns itself."""
        import torch

        rng = np.random.default_rng(self.seed)
        order = rng.permutation(train)
        held, used = order[: max(1, len(order) // 10)], order[max(1, len(order) // 10) :]
        torch.manual_seed(self.seed)
        network = self.network = self.make()
        wanted = [p for p in network.parameters() if p.requires_grad]
        optimiser = torch.optim.AdamW(wanted, lr=self.rate, weight_decay=0.01)
        if self.kind == "regression":
            self.scale = (label[used].mean(), label[used].std() or 1.0)
        truth = torch.tensor((label - self.scale[0]) / self.scale[1], dtype=torch.float32)
        inputs = torch.from_numpy(np.ascontiguousarray(windows)).long()
        least, kept = np.inf, None
        for _ in range(self.epochs):
            network.train()
            for rows in np.array_split(rng.permutation(used), max(1, len(used) // self.batch)):
                x = inputs[rows]
                if rng.random() < 0.5:
                    x = torch.where(x < codes.N, 3 - x, x).flip(1)
                loss = self._loss(network(x), truth[rows])
                optimiser.zero_grad(set_to_none=True)
                loss.backward()
                optimiser.step()
            missed = self._loss(torch.from_numpy(self._run(inputs[held])), truth[held]).item()
            if missed < least:
                least, kept = missed, {k: v.clone() for k, v in network.state_dict().items()}
        network.load_state_dict(kept)
        return self

    def predict(self, windows: np.ndarray) -> np.ndarray:
        """Log-odds, or values on the scale of the labels, (n,) float32."""
        import torch

        inputs = torch.from_numpy(np.ascontiguousarray(windows)).long()
        return (self._run(inputs) * self.scale[1] + self.scale[0]).astype(np.float32)

    def _loss(self, given, truth):
        from torch.nn import functional as F

        if self.kind == "regression":
            return F.mse_loss(given, truth)
        return F.binary_cross_entropy_with_logits(given, truth)

    def _run(self, inputs) -> np.ndarray:
        """Mean of both strands."""
        import torch

        network = self.network.eval()
        out = []
        with torch.inference_mode():
            for x in inputs.split(256):
                turned = torch.where(x < codes.N, 3 - x, x).flip(1)
                out.append((network(x) + network(turned)) / 2)
        return torch.cat(out).numpy()


def cnn(width: int = 64) -> Callable:
    """A convolutional network on one-hot bases, from nothing: two layers, highest value of each filter, one output."""
    import torch
    from torch import nn
    from torch.nn import functional as F

    class OneHot(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.first, self.second = (
                nn.Conv1d(4, width, 11, padding=5),
                nn.Conv1d(width, width, 7, padding=3),
            )
            self.out = nn.Linear(width, 1)

        def forward(self, x):
            hot = F.one_hot(x, 5)[..., :4].float().transpose(1, 2)
            h = F.max_pool1d(F.relu(self.first(hot)), 2)
            return self.out(F.relu(self.second(h)).amax(-1)).squeeze(-1)

    return lambda: OneHot().to(torch.float32)


def tuned(model, *, lora: bool = False, rank: int = 8) -> Callable:
    """A trained network with a linear head on the mean of its last states: all weights move, or only LoRA's.

    Raises: BadInput: a model without a network of its own; with ``lora``, where peft is not installed.
    """
    import copy

    import torch
    from torch import nn

    if not hasattr(model, "network"):
        raise BadInput(
            f"'{model.name}' has no network to fine-tune; take one that 'genebench glm train' made."
        )

    class Tuned(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.body = copy.deepcopy(model.network)
            if lora:
                for p in self.body.parameters():
                    p.requires_grad_(False)
                self.body = _adapted(self.body, rank)
            width = self.body.hidden(torch.zeros(1, 16, dtype=torch.long)).shape[-1]
            self.out = nn.Linear(width, 1)

        def forward(self, x):
            known = (x < codes.N).unsqueeze(-1)
            states = self.body.hidden(x)
            return self.out((states * known).sum(1) / known.sum(1).clamp(min=1)).squeeze(-1)

    return Tuned


def _adapted(network, rank: int):
    """A network whose linear layers inside the blocks have low-rank adapters (Hu et al. 2021), by peft."""
    try:
        import peft
    except ImportError:
        raise BadInput(
            "low-rank adapters need the package peft; run 'pip install peft' or leave LoRA out."
        ) from None
    config = peft.LoraConfig(r=rank, lora_alpha=2 * rank, target_modules=["taps", "mix"])
    return peft.get_peft_model(network, config).base_model.model


def scored(task: Windows, predicted: np.ndarray, test: np.ndarray, *, seed: int) -> pd.DataFrame:
    """Main metric and, of a binary task, AUPRC and prior, each with its 95 % interval over the tested windows."""
    names = np.array([f"{task.name}:{i}" for i in test])
    fold = np.zeros(len(test), dtype=np.int64)
    value, influence = bootstrap.influence(task.kind, task.label[test], predicted, fold)
    moved = bootstrap.moves(
        influence[:, None], bootstrap.weights(names, seed=seed), (np.arange(len(test)),)
    )
    main = metrics.METRICS[metrics.main(task.kind)]
    low, high = bootstrap.interval(np.array([value]), moved, low=main.low, high=main.high)
    rows = [(metrics.main(task.kind), value, low[0], high[0])]
    if task.kind == "binary":
        told = metrics.score(
            "binary", task.label[test], 1 / (1 + np.exp(-predicted)), ["auprc", "prior"]
        )
        rows += [(name, told[name], np.nan, np.nan) for name in ("auprc", "prior")]
    return pd.DataFrame(rows, columns=["metric", "score", "low", "high"])


def evaluate(
    task: Windows,
    vectors: dict[str, np.ndarray | Picked],
    networks: dict[str, Callable[[int], Network]],
    families: dict[str, str],
    *,
    splits: tuple[str, ...],
    seeds: tuple[int, ...] = (0, 1, 2),
    progress: Callable[[str, int, int], None] = lambda stage, done, total: None,
) -> pd.DataFrame:
    """Tidy rows (``results.SCHEMA`` and ``low, high``) of every set of vectors and every network under every split.

    Args: vectors: model → (n, d), probed linearly, or a choice of such. networks: model → seed to the network that is
    to be fitted. splits: of ``windows.SPLITS``; the published one is run once, others once a seed (``repeat``).
    Raises: BadInput: a model without a family.
    """
    from . import windows

    if lacking := [m for m in (*vectors, *networks) if m not in families]:
        raise unknown("model", lacking[0], families)
    jobs = [(s, seed) for s in splits for seed in ((0,) if s == "published" else seeds)]
    out, done = [], 0
    for split, seed in jobs:
        train, test = windows.sides(task, split, seed=seed)
        for name in (*vectors, *networks):
            if name in vectors:
                held = vectors[name](train) if isinstance(vectors[name], Picked) else vectors[name]
                predicted, probe = probed(task, held, train, test), "linear"
            else:
                fitted = networks[name](seed).fit(task.codes, task.label, train)
                predicted, probe = fitted.predict(task.codes[test]), "fitted"
            made = scored(task, predicted, test, seed=seed)
            out.append(
                made.assign(
                    model=name,
                    family=families[name],
                    probe=probe,
                    split=split,
                    repeat=seed,
                    n_train=len(train),
                    n_test=len(test),
                )
            )
            done += 1
            progress(task.name, done, len(jobs) * (len(vectors) + len(networks)))
    frame = pd.concat(out, ignore_index=True)
    frame = frame.assign(
        task=task.name, group=GROUP, kind=task.kind, split_param="", fold=0, coverage=1.0, key=""
    )
    return frame[[*SCHEMA.names, "low", "high"]]
