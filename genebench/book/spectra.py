"""The page of a user's own spectra: curves, areas, falls."""

import io
from html import escape

from ..core import cache
from ..spectra import curve, table

_FALLS = "task model first last fall fall_low uninformed".split()
_AXES = {
    "parameter": "spectral parameter λ (0: random, 1: no links)",
    curve.OVERLAP: "test units with a relative in train (share)",
}


def card(folder, title, models):
    """Write ``card.html`` beside a user's own results.

    Parameters
    ----------
    folder, title : Path, str
        Where the results are, and what they are called.
    models : mapping of str to ModelSpec
        Declared ones; others are the user's.

    Returns
    -------
    Path
    """
    rows = table.read("points.csv", folder)
    parts = [f"<meta charset=utf-8><title>{escape(title)}</title><h1>{escape(title)}</h1>"]
    for dataset, part in rows.groupby("task"):
        parts += [f"<h2>{escape(dataset)}</h2>", _curves(part, models)]
    falls = table.read("findings.csv", folder).filter(_FALLS)
    for frame in (table.areas(set(rows.task), folder), falls):
        parts.append(frame.round(3).to_html(index=False))
    path = folder / "card.html"
    cache.write_text(path, "".join(parts) + "\n")
    return path


def _curves(rows, models):
    """Scores of all models against λ and against overlap, as SVG; shortcuts are dashed."""
    from matplotlib.figure import Figure

    fig, text = Figure(figsize=(9.4, 4.2), layout="constrained"), io.StringIO()
    axes = fig.subplots(1, 2, sharey=True)
    for name, line in rows[~rows.split.str.endswith(curve.CONTROL)].groupby("model", sort=False):
        look = {"color": "#D55E00", "label": name}
        if spec := models.get(name):
            dash = "--" if spec.family == "shortcut" else "-"
            look = {"color": spec.color, "label": spec.title, "linestyle": dash}
        for ax, (x, label) in zip(axes, _AXES.items()):
            ax.plot(line[x], line.score, marker=".", **look)
            ax.set_xlabel(label)
    axes[0].set_ylabel(rows.metric.iloc[0])
    axes[1].invert_xaxis()
    fig.legend(*axes[0].get_legend_handles_labels(), loc="outside upper center", ncols=3)
    fig.savefig(text, format="svg")
    return "<svg" + text.getvalue().partition("<svg")[2]
