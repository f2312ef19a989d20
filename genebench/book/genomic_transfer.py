"""Transfer for the book: frozen vectors of windows, fine-tuned networks and controls, from the kept tables."""

from __future__ import annotations

import textwrap

import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from ..core.errors import BadInput
from .figures import INK
from .glm import declared, in_order, look, quotable, read, scores_of, title


def values(frame: pd.DataFrame) -> dict[str, str]:
    """Numbers of the transfer for the prose: every score, and how much was used."""
    used, tuned = read("transfer", "sets"), read("tuning", "sets")
    moved = tuned[tuned.model == "lora"].weights_that_move
    if moved.empty:
        raise BadInput(
            "the study of fine-tuning lacks low-rank adapters; pip install peft, then "
            "'genebench notebooks --study tuning'."
        )
    return {
        **quotable(frame),
        "most": f"{used.windows.max():,}",
        "epochs": str(tuned.epochs.max()),
        "seeds": str(used.seeds.min()),
        "lora_moves": f"{100 * moved.mean():.0f} %",
    }


def tuned(tasks: str) -> pd.DataFrame:
    """Scores of networks whose weights were fitted to the labels, beside frozen ones on the very same splits."""
    fitted, frozen = scores_of("tuning", tasks), scores_of("transfer", tasks, repeats=(0,))
    beside = frozen.model.str.startswith("glm-") | frozen.model.isin(["untrained", "one-hot-cnn"])
    same = frozen[beside & frozen.task.isin(fitted.task) & frozen.split.isin(fitted.split)]
    return pd.concat([same, fitted], ignore_index=True)


def tuned_words(frame: pd.DataFrame) -> str:
    """What fine-tuning adds, in Markdown: means over the tasks with classes, without shared words; how often it helps.

    Args: frame: rows of ``tuned``.
    """
    held = frame[(frame.split == "spectral") & (frame.metric == "auroc")]
    held = held.assign(model=held.model.where(~held.model.str.startswith("glm-"), "frozen"))
    wide = held.pivot(index="task", columns="model", values="score").dropna()
    names = {
        "frozen": "frozen with a linear probe",
        "fine-tuned": "all weights fine-tuned",
        "lora": "low-rank adapters",
    }
    names |= {
        "untrained": "random weights, frozen",
        "fine-tuned-untrained": "random weights, all fitted",
    }
    names |= {"one-hot-cnn": "a small convolutional network from labels alone"}
    means = [f"{words} {wide[n].mean():.2f}" for n, words in names.items() if n in wide]
    low, high = (
        held.pivot(index="task", columns="model", values=side).loc[wide.index]
        for side in ("low", "high")
    )
    gains = []
    for n in ("fine-tuned", "lora"):
        if n in wide:
            above, clear = int((wide[n] > wide.frozen).sum()), int((low[n] > high.frozen).sum())
            gains.append(
                f"{names[n]} score above the frozen network in {above} ({clear} with intervals apart)"
            )
    return (
        f"**Mean AUROC over {len(wide)} sets with classes, no word shared:** {'; '.join(means)}. "
        f"Of these sets, {' and '.join(gains)}."
    )


def layer_table(frame: pd.DataFrame) -> pd.DataFrame:
    """Layers and poolings in words, best first within task and model."""
    rows = frame.sort_values(["task", "model", "score"], ascending=[True, True, False])
    names = {"task": rows.task.map(declared()["tasks"]), "model": rows.model.map(title)}
    return pd.DataFrame(
        {**names, **{c: rows[c] for c in ("layer", "pooling", "score", "chosen")}}
    ).reset_index(drop=True)


LOOSE = {"matched": "as many windows, drawn at random", "random": "all windows, drawn at random"}
"""Split at random → what is said of it."""


def splits(frame: pd.DataFrame, *, loose: str = "matched") -> Figure:
    """Scores of models (rows) by task (panels), with 95 % intervals: filled under the spectral split, hollow under one
    of ``LOOSE``. Dashed: chance, 0.5 of AUROC, 0 of a rank correlation.

    Args: frame: columns ``task, title, model, split, metric, score, low, high``.
    """
    tasks, models = list(frame.title.unique()), in_order(frame.model)[::-1]
    frame = frame[frame.split.isin([loose, "spectral"])]
    lowest = min(0.48, frame[frame.metric == "auroc"].low.min() - 0.01)
    rows = -(-len(tasks) // 3)
    fig, axes = plt.subplots(
        rows, 3, figsize=(9.4, rows * (0.4 * len(models) + 0.9) + 0.5), sharey=True, squeeze=False
    )
    for ax, task in zip(axes.ravel(), tasks):
        part = frame[frame.title == task].set_index(["model", "split"])
        for y, model in enumerate(models):
            for split, shift in ((loose, 0.14), ("spectral", -0.14)):
                if (model, split) not in part.index:
                    continue
                row, ink = part.loc[(model, split)], look(model)
                face = "white" if split == loose else ink["color"]
                ax.hlines(y + shift, row.low, row.high, color=ink["color"], linewidth=2)
                ax.plot(row.score, y + shift, **ink, markerfacecolor=face, linestyle="")
        ranked = part.metric.iloc[0] == "spearman"
        ax.axvline(0 if ranked else 0.5, color=INK, linestyle="--", linewidth=1)
        ax.set_title(task, fontsize=11.5)
        ax.set_xlabel("Spearman (−1 to 1)" if ranked else "AUROC (0 to 1)", fontsize=11)
        ax.set_xlim(None if ranked else lowest, None if ranked else 1.01)
        ax.set_yticks(range(len(models)), [textwrap.fill(title(m), 26) for m in models])
    for ax in axes.ravel()[len(tasks) :]:
        ax.axis("off")
    for split, face in ((LOOSE[loose], "white"), ("no shared word of test and train", INK)):
        axes[0, 0].plot([], [], "o", color=INK, markerfacecolor=face, label=split)
    fig.legend(*axes[0, 0].get_legend_handles_labels(), loc="outside lower center", ncols=2)
    return fig


def kept_on_each_side(frame: pd.DataFrame) -> pd.DataFrame:
    """How many windows each split of a task trains and tests on, mean over seeds, one row a task."""
    held = (
        frame.groupby(["title", "split"], sort=False)[["n_train", "n_test"]]
        .mean()
        .round()
        .astype(int)
    )
    text = held.n_train.astype(str) + " / " + held.n_test.astype(str)
    return text.unstack().fillna("–").rename_axis(columns=None, index="task").reset_index()
