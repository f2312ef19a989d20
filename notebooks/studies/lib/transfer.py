"""How well representations of windows transfer: frozen layers, k-mer counts, fitted networks."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from torch import nn
from torch.nn import functional

from genebench import probes
from genebench.core import paths
from genebench.core.errors import BadInput, unknown
from genebench.glm import codes, trained
from genebench.glm.tables.windows import kmer_shares as kmer_shares
from genebench.stats import metrics

from . import tables
from . import windows as tasks
from .windows import Windows
from .zero_shot import main_score, tidy

POOLINGS = ("mean", "max", "deviation")


def pool(states: np.ndarray, known: np.ndarray) -> Iterator[np.ndarray]:
    """Pool hidden states over the known bases of each window.

    Parameters
    ----------
    states : ndarray, (n, L, d)
    known : ndarray of bool, (n, L)

    Yields
    ------
    ndarray, (n, d)
        Mean, maximum and standard deviation, as in ``POOLINGS``.
    """
    size, known = np.maximum(known.sum(1), 1)[:, None], known[..., None]
    mean = (states * known).sum(1) / size
    yield mean
    yield np.where(known, states, -np.inf).max(1)
    yield np.sqrt(np.maximum((states**2 * known).sum(1) / size - mean**2, 0))


def embeddings(
    model, windows: np.ndarray, *, layers: Sequence[int] | None = None, batch: int = 256
) -> dict[tuple[int, str], np.ndarray]:
    """Embed windows by layer and pooling of a model.

    Parameters
    ----------
    model : nucleotide model
    windows : ndarray of uint8, (n, L)
    layers : sequence of int, optional
        Which; None: all.
    batch : int
        Windows of a pass.

    Returns
    -------
    dict of (int, str) to ndarray of float32, (n, d)
    """
    out: dict[tuple[int, str], list[np.ndarray]] = {}
    for start in range(0, len(windows), batch):
        part = windows[start : start + batch]
        for layer, states in enumerate(model.states(part)):
            if layers is None or layer in layers:
                for name, pooled in zip(POOLINGS, pool(states, part < codes.N)):
                    out.setdefault((layer, name), []).append(pooled.astype(np.float32))
    return {key: np.concatenate(parts) for key, parts in out.items()}


def probe(task: Windows, vectors: np.ndarray, train: np.ndarray, test: np.ndarray) -> np.ndarray:
    """Predict the tested rows by the linear probe.

    Parameters
    ----------
    task : Windows
    vectors : ndarray, (n, d)
    train, test : ndarray of int
        Rows.

    Returns
    -------
    ndarray, (n_test,)
        Log-odds, or values.
    """
    fold = np.full(len(task), -1)
    fold[test], fold[train] = 0, 1
    return probes.predict(vectors, task.label, fold, kind=task.kind)[:, 0][test]


class LayerChoice:
    """Embeddings by layer and pooling, of which one is chosen on the rows of training, each time.

    Parameters
    ----------
    task : Windows
    vectors : dict of (int, str) to ndarray, (n, d)
        As of ``embeddings``.
    """

    def __init__(self, task: Windows, vectors: dict[tuple[int, str], np.ndarray]) -> None:
        self.task, self.vectors, self.scores = task, vectors, []

    def __call__(self, train: np.ndarray) -> np.ndarray:
        """The vectors whose linear probe has the best mean score in five folds of ``train``."""
        fold = np.full(len(self.task), -1)
        fold[train] = np.random.default_rng(0).permutation(len(train)) % 5
        kind, label, scores = self.task.kind, self.task.label, {}
        name = metrics.main(kind)
        for key, vectors in self.vectors.items():
            values = probes.predict(vectors, label, fold, kind=kind)[:, 0]
            tests = [(label[fold == k], values[fold == k]) for k in range(5)]
            by_fold = [metrics.score(kind, *test, [name])[name] for test in tests]
            scores[key] = float(np.mean(by_fold))
        self.scores.append(scores)
        return self.vectors[max(scores, key=scores.get)]

    def table(self) -> pd.DataFrame:
        """Mean score over all choices and how often each was chosen.

        Returns
        -------
        DataFrame
            ``layer, pooling, score, chosen``.
        """
        best = [max(scores, key=scores.get) for scores in self.scores]
        rows = [(*k, np.mean([s[k] for s in self.scores]), best.count(k)) for k in self.vectors]
        return pd.DataFrame(rows, columns=["layer", "pooling", "score", "chosen"])

    def usual(self) -> np.ndarray:
        """The vectors that were chosen most often, (n, d)."""
        row = self.table().sort_values("chosen").iloc[-1]
        return self.vectors[int(row.layer), row.pooling]


class OneHotCNN(nn.Module):
    """Two convolutions on one-hot bases, maximum of each filter, one output.

    Parameters
    ----------
    width : int
        Filters of a layer.
    """

    def __init__(self, width: int = 64) -> None:
        super().__init__()
        self.first = nn.Conv1d(4, width, 11, padding=5)
        self.second = nn.Conv1d(width, width, 7, padding=3)
        self.out = nn.Linear(width, 1)

    def forward(self, x):
        """Codes (n, L) -> outputs (n,)."""
        hot = functional.one_hot(x, 5)[..., :4].float().transpose(1, 2)
        h = functional.max_pool1d(functional.relu(self.first(hot)), 2)
        return self.out(functional.relu(self.second(h)).amax(-1)).squeeze(-1)


class FineTuned(nn.Module):
    """A trained network with a linear head on the mean of its last states.

    Parameters
    ----------
    model : nucleotide model
    lora : bool
        Fit low-rank adapters of the blocks' linear layers alone (Hu et al. 2021), by peft.
    rank : int
        Of the adapters.

    Raises
    ------
    BadInput
        A model without a network of its own, or peft is not installed.
    """

    def __init__(self, model, *, lora: bool = False, rank: int = 8) -> None:
        super().__init__()
        if not hasattr(model, "network"):
            raise BadInput(
                f"'{model.name}' has no network to fine-tune; take one that 'genebench glm train' "
                "made."
            )
        self.body = copy.deepcopy(model.network)
        if lora:
            self.body.requires_grad_(False)
            self.body = _adapted(self.body, rank)
        width = self.body.states(torch.zeros(1, 16, dtype=torch.long))[-1].shape[-1]
        self.out = nn.Linear(width, 1)

    def forward(self, x):
        """Codes (n, L) -> outputs (n,)."""
        known = (x < codes.N).unsqueeze(-1)
        mean = (self.body.states(x)[-1] * known).sum(1) / known.sum(1).clamp(min=1)
        return self.out(mean).squeeze(-1)


def _adapted(network, rank: int):
    try:
        import peft
    except ImportError:
        raise BadInput(
            "low-rank adapters need the package peft; run 'pip install peft' or leave LoRA out."
        ) from None
    config = peft.LoraConfig(r=rank, lora_alpha=2 * rank, target_modules=["taps", "mix"])
    return peft.get_peft_model(network, config).base_model.model


def untrained(model, draw: int = 1) -> trained.TrainedModel:
    """The same network with random weights.

    Parameters
    ----------
    model : TrainedModel
    draw : int
        Which random weights, from 1.

    Returns
    -------
    TrainedModel
        Named ``untrained``.
    """
    seed = model.recipe.seed + draw
    recipe = model.recipe.model_copy(update={"name": "untrained", "seed": seed})
    return trained.TrainedModel(recipe, model.tokens.merges)


@dataclass
class Network:
    """A network that is fitted to labels with early stopping, both strands alike.

    Attributes
    ----------
    make : callable
        Makes the module.
    kind : {"binary", "regression"}
    rate : float
        Of learning.
    epochs, batch, seed : int
    """

    make: Callable[[], nn.Module]
    kind: str
    rate: float
    epochs: int = 12
    batch: int = 64
    seed: int = 0

    def fit(self, windows: np.ndarray, label: np.ndarray, rows: np.ndarray) -> Network:
        """Fit on nine tenths of the rows; the epoch with the least loss on the rest is taken.

        Parameters
        ----------
        windows : ndarray of uint8, (n, L)
        label : ndarray, (n,)
        rows : ndarray of int
            Of training.

        Returns
        -------
        Network
            Itself.
        """
        rng = np.random.default_rng(self.seed)
        order, tenth = rng.permutation(rows), max(1, len(rows) // 10)
        check, rows = order[:tenth], order[tenth:]
        torch.manual_seed(self.seed)
        self.network = self.make()
        weights = [p for p in self.network.parameters() if p.requires_grad]
        optimiser = torch.optim.AdamW(weights, lr=self.rate, weight_decay=0.01)
        regression = self.kind == "regression"
        loss = functional.mse_loss if regression else functional.binary_cross_entropy_with_logits
        self.scale = (label[rows].mean(), label[rows].std() or 1.0) if regression else (0.0, 1.0)
        truth = torch.tensor((label - self.scale[0]) / self.scale[1], dtype=torch.float32)
        inputs, least = _tensor(windows), np.inf
        for _ in range(self.epochs):
            self.network.train()
            parts = np.array_split(rng.permutation(rows), max(1, len(rows) // self.batch))
            for part in parts:
                optimiser.zero_grad()
                loss(self.network(_either(inputs[part], rng)), truth[part]).backward()
                optimiser.step()
            level = loss(self._outputs(inputs[check]), truth[check]).item()
            if level < least:
                least, best = level, copy.deepcopy(self.network.state_dict())
        self.network.load_state_dict(best)
        return self

    def predict(self, windows: np.ndarray) -> np.ndarray:
        """Predict windows, mean over both strands.

        Parameters
        ----------
        windows : ndarray of uint8, (n, L)

        Returns
        -------
        ndarray of float32, (n,)
            Log-odds, or values on the scale of the labels.
        """
        outputs = self._outputs(_tensor(windows)).numpy()
        return (outputs * self.scale[1] + self.scale[0]).astype(np.float32)

    def _outputs(self, inputs: torch.Tensor) -> torch.Tensor:
        network = self.network.eval()
        with torch.no_grad():
            return torch.cat([(network(x) + network(_reverse(x))) / 2 for x in inputs.split(256)])


def _tensor(windows: np.ndarray) -> torch.Tensor:
    return torch.from_numpy(np.ascontiguousarray(windows)).long()


def _either(x: torch.Tensor, rng: np.random.Generator) -> torch.Tensor:
    return _reverse(x) if rng.random() < 0.5 else x


def _reverse(x: torch.Tensor) -> torch.Tensor:
    return torch.where(x < codes.N, 3 - x, x).flip(1)


def metrics_of(
    task: Windows, predicted: np.ndarray, test: np.ndarray, *, seed: int
) -> pd.DataFrame:
    """Metrics of predictions of the tested windows.

    Parameters
    ----------
    task : Windows
    predicted : ndarray, (n_test,)
    test : ndarray of int
        Rows.
    seed : int

    Returns
    -------
    DataFrame
        ``metric, score, low, high`` (95 % over windows); of a binary task also AUPRC and prior.
    """
    names, label = np.array([f"{task.name}:{i}" for i in test]), task.label[test]
    rows = [main_score(task.kind, label, predicted, names, seed=seed)]
    if task.kind == "binary":
        p = 1 / (1 + np.exp(-predicted))
        more = metrics.score("binary", label, p, ["auprc", "prior"])
        rows += [(name, value, np.nan, np.nan) for name, value in more.items()]
    return pd.DataFrame(rows, columns=["metric", "score", "low", "high"])


def evaluate(
    task: Windows,
    vectors: dict[str, np.ndarray | LayerChoice | list[LayerChoice]],
    networks: dict[str, Network],
    families: dict[str, str],
    *,
    splits: Sequence[str],
    seeds: Sequence[int] = (0, 1, 2),
) -> pd.DataFrame:
    """Score every set of vectors and every network under every split.

    Parameters
    ----------
    task : Windows
    vectors : dict of str to ndarray, (n, d), or LayerChoice, or list of LayerChoice
        Probed linearly; of a list each (column ``variant``: ``weights 1`` and on).
    networks : dict of str to Network
        Fitted once a split, with its seed.
    families : dict of str to str
        Family of each model.
    splits : sequence of str
        Of ``windows.SPLITS``; the published one is run once, others once a seed (``repeat``).
    seeds : sequence of int

    Returns
    -------
    DataFrame
        Columns of ``results.SCHEMA`` and ``low, high``.

    Raises
    ------
    BadInput
        A model without a family.
    """
    models = []
    for name, model in {**vectors, **networks}.items():
        if name not in families:
            raise unknown("model", name, families)
        drawn = isinstance(model, list)
        models += [
            (name, f"weights {i}" * drawn, m) for i, m in enumerate(model if drawn else [model], 1)
        ]
    out = []
    for split, seed in [(s, i) for s in splits for i in (seeds if s != "published" else (0,))]:
        train, test = tasks.split(task, split, seed=seed)
        row = {"split": split, "repeat": seed, "n_train": len(train), "n_test": len(test)}
        for name, variant, model in models:
            if isinstance(model, Network):
                fitted = replace(model, seed=seed).fit(task.codes, task.label, train)
                predicted = fitted.predict(task.codes[test])
            else:
                given = model(train) if isinstance(model, LayerChoice) else model
                predicted = probe(task, given, train, test)
            probe_name = "fitted" if name in networks else "linear"
            row |= {"probe": probe_name, "model": name, "variant": variant}
            scores = metrics_of(task, predicted, test, seed=seed)
            out.append(scores.assign(**row, family=families[name]))
    frame = pd.concat(out, ignore_index=True)
    return tidy(frame, task=task.name, group=tasks.GROUP, kind=task.kind)


def summarise() -> list[Path]:
    """Write what is said of the studies of transfer and of fine-tuning, from their tables.

    ``transfer/spread.csv``: see ``spread_of_weights``. ``tuning/networks.csv``: mean scores of the
    fitted networks, and of the frozen ones on the first draw of the same splits.
    ``tuning/compared.csv``: see ``fine_tuning``.

    Returns
    -------
    list of Path
    """
    frozen, fitted = (
        pd.read_csv(paths.GLM_RESULTS / study / "intervals.csv") for study in ("transfer", "tuning")
    )
    written = [tables.save(spread_of_weights(frozen), "transfer", "spread")]
    first = frozen[(frozen["repeat"] == 0) & frozen.task.isin(fitted.task)]
    first = first[first.split.isin(fitted.split)]
    first = first[first.model.str.contains("^glm-|^untrained$|^one-hot-cnn$")]
    both = pd.concat([tables.mean_of_repeats(part) for part in (first, fitted)], ignore_index=True)
    written.append(tables.save(both, "tuning", "networks"))
    return [*written, tables.save(fine_tuning(both), "tuning", "compared")]


def spread_of_weights(frame: pd.DataFrame) -> pd.DataFrame:
    """Differences between networks that differ in their random weights alone.

    Parameters
    ----------
    frame : DataFrame
        Rows of ``intervals.csv``; ``variant`` says which weights, empty of other models.

    Returns
    -------
    DataFrame
        ``task, model, split``, and ``spread``, the largest less the smallest main score, each the
        mean over repeats.
    """
    drawn = frame[frame.variant.notna() & frame.metric.isin(["auroc", "spearman"])]
    keys = ["task", "model", "split"]
    means = drawn.groupby([*keys, "variant"]).score.mean().groupby(keys)
    return (means.max() - means.min()).rename("spread").reset_index()


def fine_tuning(frame: pd.DataFrame) -> pd.DataFrame:
    """Compare ways of fitting a network over the tasks with classes that all of them have.

    Parameters
    ----------
    frame : DataFrame
        Scores of frozen and fitted networks.

    Returns
    -------
    DataFrame
        A row a ``model`` (all frozen pretrained networks are ``frozen``): ``tasks``, ``score``
        (mean AUROC on the spectral split), and on how many tasks it is ``above`` the frozen
        network, and ``clear`` of it (intervals apart).
    """
    part = frame[(frame.split == "spectral") & (frame.metric == "auroc")]
    part = part.assign(model=part.model.where(~part.model.str.startswith("glm-"), "frozen"))
    wide = part.pivot(index="task", columns="model", values=["score", "low", "high"])
    wide = wide[wide.score.notna().all(axis=1)]
    above = wide.score.gt(wide.score.frozen, axis=0).sum()
    clear = wide.low.gt(wide.high.frozen, axis=0).sum()
    numbers = {"tasks": len(wide), "score": wide.score.mean(), "above": above, "clear": clear}
    return pd.DataFrame(numbers).reset_index()
