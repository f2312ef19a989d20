"""Transfer of genomic language models: tables, words and figures.

Computes no score: what is shown stands in ``data/results/glm``.
"""

from __future__ import annotations

import textwrap

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from ..benchmark import summaries
from ..core.errors import BadInput
from .figures import dots
from .glm import Looks, quotable, read, scores_of


def transfer_values(frame: pd.DataFrame, shown: Looks) -> dict[str, str]:
    """Numbers of the transfer for the prose: every score, and how much was used.

    Parameters
    ----------
    frame : DataFrame
        Rows of ``scores_of``.
    shown : Looks
        Titles of models.

    Returns
    -------
    dict

    Raises
    ------
    BadInput
        The study of fine-tuning has no low-rank adapters.
    """
    used, fitted = read("transfer", "sets"), read("tuning", "sets")
    moving = summaries.moving_weights(fitted)
    if moving is None:
        raise BadInput(
            "the study of fine-tuning lacks low-rank adapters; pip install peft, then "
            "'genebench notebooks --study tuning'."
        )
    return {
        **quotable(frame, shown),
        "most": f"{used.windows.max():,}",
        "epochs": str(fitted.epochs.max()),
        "seeds": str(used.seeds.min()),
        "lora_moves": f"{100 * moving:.0f} %",
    }


def fine_tuned(tasks: str, shown: Looks) -> pd.DataFrame:
    """Scores of networks fitted to the labels, beside frozen ones on the very same splits.

    Parameters
    ----------
    tasks : str
        Beginnings of names of tasks, joined by commas.
    shown : Looks
        Titles of tasks.

    Returns
    -------
    DataFrame
        Rows of ``scores_of``.
    """
    fitted = scores_of("tuning", tasks, shown)
    frozen = scores_of("transfer", tasks, shown, repeats=(0,))
    beside = frozen.model.str.startswith("glm-") | frozen.model.isin(["untrained", "one-hot-cnn"])
    same = frozen.task.isin(fitted.task) & frozen.split.isin(fitted.split)
    return pd.concat([frozen[beside & same], fitted], ignore_index=True)


_WAYS = {
    "frozen": "frozen with a linear probe",
    "fine-tuned": "all weights fine-tuned",
    "lora": "low-rank adapters",
    "untrained": "random weights, frozen",
    "fine-tuned-untrained": "random weights, all fitted",
    "one-hot-cnn": "a small convolutional network from labels alone",
}


def fine_tuned_words(frame: pd.DataFrame) -> str:
    """What fine-tuning adds, and how often, in Markdown.

    Parameters
    ----------
    frame : DataFrame
        Rows of ``fine_tuned``.

    Returns
    -------
    str
    """
    rows = summaries.fine_tuning(frame)
    means = [f"{words} {rows.score[way]:.2f}" for way, words in _WAYS.items() if way in rows.index]
    gains = [
        f"{_WAYS[way]} score above the frozen network in {rows.above[way]} ({rows.clear[way]} with "
        "intervals apart)"
        for way in ("fine-tuned", "lora")
        if way in rows.index
    ]
    head = f"**Mean AUROC over {rows.tasks.iloc[0]} sets with classes, no word shared:**"
    return f"{head} {'; '.join(means)}. Of these sets, {' and '.join(gains)}."


def layer_table(frame: pd.DataFrame, shown: Looks) -> pd.DataFrame:
    """Layers and poolings, the best first within task and model.

    Parameters
    ----------
    frame : DataFrame
        ``layers.csv``.
    shown : Looks
        Titles of tasks and models.

    Returns
    -------
    DataFrame
    """
    rows = frame.sort_values(["task", "model", "score"], ascending=[True, True, False])
    rows = rows.assign(task=rows.task.map(shown.tasks), model=rows.model.map(shown.title))
    return rows[["task", "model", "layer", "pooling", "score", "chosen"]].reset_index(drop=True)


def split_sizes(frame: pd.DataFrame) -> pd.DataFrame:
    """How many windows each split of a task trains and tests on, one row a task.

    Parameters
    ----------
    frame : DataFrame
        Rows of ``scores_of``.

    Returns
    -------
    DataFrame
        Text "trained / tested" by split.
    """
    sizes = summaries.sizes_of_splits(frame).astype(str)
    text = sizes.n_train + " / " + sizes.n_test
    return text.unstack().fillna("–").rename_axis(columns=None, index="task").reset_index()


RANDOM_SPLITS = {
    "matched": "as many windows, drawn at random",
    "random": "all windows, drawn at random",
}
"""Split at random to what is said of it."""


def split_scores(frame: pd.DataFrame, shown: Looks, *, loose: str = "matched") -> Figure:
    """Scores of models (rows) by task (panels): filled on the spectral split, hollow at random.

    Parameters
    ----------
    frame : DataFrame
        Columns ``task, title, model, split, metric, score, low, high``.
    shown : Looks
        Titles, colours and markers.
    loose : {"matched", "random"}
        Which random split.

    Returns
    -------
    Figure
        Chance is 0.5 of an AUROC, 0 of a rank correlation.
    """
    tasks = {t: i for i, t in enumerate(frame.title.unique())}
    frame = shown.styled(frame[frame.split.isin([loose, "spectral"])])
    hollow = frame.split == loose
    frame = frame.assign(
        face=np.where(hollow, "white", frame.ink),
        shift=np.where(hollow, -0.14, 0.14),
        row=[textwrap.fill(words, 26) for words in frame.row],
    )
    rows = list(dict.fromkeys(frame.row))
    measure = {"spearman": "Spearman, chance 0", "auroc": "AUROC, chance 0.5"}
    frame["panel"] = frame.title + "\n" + frame.metric.map(measure)
    frame = frame.sort_values("title", key=lambda c: c.map(tasks), kind="stable")
    face = {"markerfacecolor": "white"}
    key = {RANDOM_SPLITS[loose]: face, "no shared word of test and train": {}}
    options = {"panel": "panel", "key": key, "height": 0.4, "sharex": False}
    return dots(frame, rows, label="score (AUROC 0 to 1, Spearman −1 to 1)", **options)
