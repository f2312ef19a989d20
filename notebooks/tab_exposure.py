# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Exposure: which models were trained on the labels
#
# For every model and every source of labels: *clean*, the model was trained on nothing that has
# these labels; *exposed*, it does, for all of the source's tasks or for part of them; *unknown*,
# nobody can say, because the text of its training is not listed. Exposed scores are starred, and in
# no mean, tier or ladder.

# %% tags=["parameters"]
profile: str = "demo"  # which profile's models and labels
page: str = "exposure"  # name of this page
source: str = "paper"  # whose results are shown; empty: those of the profile of the book

# %% tags=["remove-input"]
import pandas as pd
import seaborn as sns
from IPython.display import Markdown

from genebench.core import specs
from notebooks.lib import figures, show, tables

show.begin()
known = specs.declared()
shown = known.profile(source or profile)
matrix = tables.exposure(shown, known.models, known.sources)
paints = {
    "clean": "#d7ecd9",
    "unknown": "#eeeeee",
    "partly exposed": "#fbe3b5",
    "exposed": "#f4b9a7",
}
rows = figures.ordered(matrix.model, known.models)
grid = matrix.pivot(index="model", columns="source", values="status")
grid = grid.loc[rows, matrix.source.unique()].set_axis(figures.titles(rows, known.models))
ax = sns.heatmap(
    grid.map(list(paints).index),
    annot=grid.replace("partly exposed", "part"),
    fmt="",
    annot_kws={"fontsize": 10.5, "color": figures.INK},
    cmap=list(paints.values()),
    vmin=0,
    vmax=3,
    linewidths=2,
    cbar=False,
    xticklabels=True,
    yticklabels=True,
)
ax.xaxis.tick_top()
ax.grid(False)
ax.set(xlabel="", ylabel="")
ax.figure.set_size_inches(max(6, 1.15 * grid.shape[1] + 4), 0.46 * len(rows) + 1)
show.figure(
    ax.figure,
    matrix,
    page=page,
    profile=profile,
    name="matrix",
    caption="Models against sources of labels: clean, unknown, exposed on a part of the tasks, or "
    "exposed.",
    alt="Grid of models and sources of labels with the words clean, unknown, part or exposed.",
)

# %% tags=["remove-input"]
show.table(matrix.drop(columns=["model", "source"]), page=page, profile=profile, name="reasons")

# %% [markdown]
# ## What they were trained on

# %% tags=["remove-input"]
entries = [known.models[m] for m in shown.models if known.models[m].family != "control"]
labels = [known.sources[s] for s in shown.sources if known.sources[s].tasks]
made = pd.DataFrame([(m.title, " ".join(m.trained_on.split()), m.citation) for m in entries])
taken = pd.DataFrame([(s.id, f"{s.title}, release {s.release}", s.citation) for s in labels])
parts = pd.concat([made, taken], keys=["Models", "Labels"])
cited = (" {cite}`" + parts[2] + "`").fillna("").where(parts[2].fillna("") != "", "")
items = ("- **" + parts[0] + "**: " + parts[1] + cited).groupby(level=0, sort=False).agg("\n".join)
Markdown("\n\n".join(items.index + ":\n\n" + items) + "\n")
