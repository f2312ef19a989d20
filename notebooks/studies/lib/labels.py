"""Tasks with labels: variants, windows, and ways to fine-tune a network on them."""

from __future__ import annotations

import importlib.util
from functools import partial

import numpy as np
import pandas as pd

from genebench.stats.intervals import t_interval

from . import effects, transfer, windows

CARRIED = {"ecoli": "glm-ecoli", "yeast": "glm-yeast", "human": "glm-ecoli", "mouse": "glm-ecoli"}
"""Species of windows -> network that is transferred to them (their own, where there is one)."""
_RATES = {"fine-tuned": 5e-4, "lora": 2e-3, "fine-tuned-untrained": 5e-4}
"""Way of fine-tuning -> its rate of learning."""


def variant_counts(tasks: list[effects.Effects]) -> pd.DataFrame:
    """Sizes of tasks of variants.

    Parameters
    ----------
    tasks : list of Effects

    Returns
    -------
    DataFrame
        ``task, changes, harmful`` (of binary tasks), ``clusters``.
    """
    rows = [
        (t.name, len(t), t.label.sum() if t.kind == "binary" else np.nan, len(set(t.cluster)))
        for t in tasks
    ]
    return pd.DataFrame(rows, columns=["task", "changes", "harmful", "clusters"])


def over_loci(scores: pd.DataFrame) -> pd.DataFrame:
    """Average the scores of reporter assays over loci; repeats of one locus count once.

    Parameters
    ----------
    scores : DataFrame
        ``task`` (``mpra/<locus>…``), ``model``, ``metric`` and ``score``.

    Returns
    -------
    DataFrame
        One row per model: ``task, model, metric, score, low, high`` (Student's 95 % interval over
        loci), ``loci`` (number).
    """
    rows = scores[scores.metric == "spearman"]
    locus = rows.task.str.extract(r"^mpra/([a-z0-9]+)")[0]
    means = rows.groupby(["model", locus]).score.mean().unstack()
    spans = [(*t_interval(values), np.isfinite(values).sum()) for values in means.to_numpy()]
    out = pd.DataFrame(spans, means.index, ["score", "low", "high", "loci"]).reset_index()
    return out.assign(task="mpra", metric="spearman")


def window_counts(task: windows.Windows, seeds: int) -> pd.DataFrame:
    """Size of a task of windows.

    Parameters
    ----------
    task : Windows
    seeds : int

    Returns
    -------
    DataFrame
        ``task, windows, published_test, longest, seeds``.
    """
    row = (task.name, len(task), int(task.test.sum()), task.codes.shape[1], seeds)
    columns = ["task", "windows", "published_test", "longest", "seeds"]
    return pd.DataFrame([row], columns=columns)


def layer_choice(task: windows.Windows, model) -> transfer.LayerChoice:
    """Every third layer of a model by every pooling.

    Parameters
    ----------
    task : Windows
    model : TrainedModel

    Returns
    -------
    LayerChoice
    """
    layers = range(0, model.layers, 3)
    return transfer.LayerChoice(task, transfer.embeddings(model, task.codes, layers=layers))


def layers_and_places(
    task: windows.Windows,
    choices: dict[str, transfer.LayerChoice],
    counts: dict[str, np.ndarray],
    model: str,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Scores of layers, and windows in two dimensions by a model and by k-mer counts.

    Parameters
    ----------
    task : Windows
    choices : dict of str to LayerChoice
        By model.
    counts : dict of str to ndarray, (n, d)
    model : str
        Whose usual layer is drawn.

    Returns
    -------
    layers : DataFrame
        ``layer, pooling, score, chosen, task, model``.
    places : DataFrame
        As ``principal_components``.
    """
    layers = [c.table().assign(task=task.name, model=name) for name, c in choices.items()]
    shown = {model: choices[model].usual(), **counts}
    places = [principal_components(task, vectors, name) for name, vectors in shown.items()]
    return pd.concat(layers), pd.concat(places)


def principal_components(
    task: windows.Windows, vectors: np.ndarray, model: str, *, most: int = 600
) -> pd.DataFrame:
    """Two principal components of standardised vectors of some windows.

    Parameters
    ----------
    task : Windows
    vectors : ndarray, (n, d)
    model : str
    most : int
        Windows.

    Returns
    -------
    DataFrame
        ``task, model, label, x, y``.
    """
    rows = np.random.default_rng(0).permutation(len(task))[:most]
    part = vectors[rows]
    scaled = (part - part.mean(0)) / np.maximum(part.std(0), 1e-6)
    u, s, _ = np.linalg.svd(scaled, full_matrices=False)
    x, y = (u[:, :2] * s[:2]).T
    columns = {"task": task.name, "model": model, "label": task.label[rows]}
    return pd.DataFrame(columns | {"x": x, "y": y})


def fine_tunings(
    task: windows.Windows, model, *, epochs: int = 5, batch: int = 32
) -> dict[str, transfer.Network]:
    """Ways to fine-tune a network: all weights, low-rank adapters, and untrained as a control.

    Parameters
    ----------
    task : Windows
    model : TrainedModel
    epochs, batch : int

    Returns
    -------
    dict of str to Network
        Adapters only where peft is installed.
    """
    ways = {
        "fine-tuned": partial(transfer.FineTuned, model),
        "fine-tuned-untrained": partial(transfer.FineTuned, transfer.untrained(model)),
    }
    if importlib.util.find_spec("peft"):
        ways["lora"] = partial(transfer.FineTuned, model, lora=True)
    options = {"epochs": epochs, "batch": batch}
    return {w: transfer.Network(make, task.kind, _RATES[w], **options) for w, make in ways.items()}


def tuning_facts(
    task: windows.Windows, ways: dict[str, transfer.Network], seeds: list[int]
) -> pd.DataFrame:
    """How networks were fine-tuned.

    Parameters
    ----------
    task : Windows
    ways : dict of str to Network
    seeds : list of int

    Returns
    -------
    DataFrame
        ``task, model, epochs, batch, rate, seeds, weights_that_move`` (share).
    """
    rows = []
    for name, way in ways.items():
        sizes = [(p.numel(), p.requires_grad) for p in way.make().parameters()]
        share = sum(n for n, moves in sizes if moves) / sum(n for n, _ in sizes)
        rows.append((task.name, name, way.epochs, way.batch, way.rate, len(seeds), share))
    columns = ["task", "model", "epochs", "batch", "rate", "seeds", "weights_that_move"]
    return pd.DataFrame(rows, columns=columns)
