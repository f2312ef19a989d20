"""Who has read whose answers: the matrix of models and sources of labels, from the declarations."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from ..core import specs
from ..core.specs import ModelSpec, ProfileSpec
from .figures import INK, ordered, titles


def _status(spec: ModelSpec, tasks: list[str]) -> tuple[str, str]:
    """(status, why) of a model on the tasks of one source."""
    hit = [t for t in tasks if spec.exposed_on(t)]
    if hit:
        why = dict.fromkeys(w for p, w in spec.exposed.items() if any(t.startswith(p) for t in hit))
        return "exposed" if len(hit) == len(tasks) else "partly exposed", " ".join(why)
    unclear = [
        why for prefix, why in spec.unclear.items() if any(t.startswith(prefix) for t in tasks)
    ]
    return ("unknown", " ".join(unclear)) if unclear else ("clean", f"Made from: {spec.trained_on}")


def matrix(profile: ProfileSpec) -> pd.DataFrame:
    """One row per model (controls left out) and source of labels: clean, unknown, partly exposed or exposed, and why.

    Columns: model, title, source, labels, status, why, citations (keys of the bibliography: of the model, and of the
    labels). By the declarations ``exposed`` and ``unclear`` of ``data/models.yml``.
    """
    rows = []
    for name in profile.models:
        spec = specs.model(name)
        for source in (specs.source(s) for s in profile.sources if spec.family != "control"):
            if source.tasks:
                status, why = _status(spec, [t.name for t in source.tasks])
                cited = "; ".join(filter(None, [spec.citation, source.citation]))
                rows.append(
                    {
                        "model": name,
                        "title": spec.title,
                        "source": source.id,
                        "labels": source.title,
                        "status": status,
                        "why": why,
                        "citations": cited,
                    }
                )
    return pd.DataFrame(rows)


_STATUS = {
    "clean": ("#d7ecd9", "clean"),
    "unknown": ("#eeeeee", "unknown"),
    "partly exposed": ("#fbe3b5", "part"),
    "exposed": ("#f4b9a7", "exposed"),
}


def plot(frame: pd.DataFrame) -> Figure:
    """Models (rows) against sources of labels (columns): the word and colour of each pair's status."""
    rows, columns = ordered(frame.model.unique()), list(dict.fromkeys(frame.source))
    table = frame.pivot(index="model", columns="source", values="status").loc[rows, columns]
    fig, ax = plt.subplots(figsize=(max(6, 1.15 * len(columns) + 4), 0.46 * len(rows) + 1))
    for y, x in np.ndindex(table.shape):
        paint, word = _STATUS[table.iat[y, x]]
        ax.add_patch(plt.Rectangle((x, y), 1, 1, facecolor=paint, edgecolor="white", linewidth=2))
        ax.text(x + 0.5, y + 0.5, word, ha="center", va="center", fontsize=10.5, color=INK)
    ax.set(xlim=(0, len(columns)), ylim=(len(rows), 0))
    ax.set_yticks(np.arange(len(rows)) + 0.5, titles(rows))
    ax.set_xticks(np.arange(len(columns)) + 0.5, columns)
    ax.xaxis.tick_top()
    ax.grid(False)
    ax.tick_params(length=0)
    for side in ax.spines.values():
        side.set_visible(False)
    return fig


def words(profile: ProfileSpec) -> str:
    """What each model was made from, with its citation, and whose labels there are, in Markdown."""
    cited = lambda key: f" {{cite}}`{key}`" if key else ""  # noqa: E731
    chosen = [s for s in map(specs.model, profile.models) if s.family != "control"]
    held = [s for s in map(specs.source, profile.sources) if s.tasks]
    models = "\n".join(
        f"- **{s.title}**: {' '.join(s.trained_on.split())}{cited(s.citation)}" for s in chosen
    )
    labels = "\n".join(
        f"- **{s.id}**: {s.title}, release {s.release}{cited(s.citation)}" for s in held
    )
    return f"Models:\n\n{models}\n\nLabels:\n\n{labels}\n"
