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
from IPython.display import Markdown

from genebench.book import show, tables
from genebench.core import specs

show.begin()
known = specs.declared()
shown = known.profile(source or profile)
matrix = tables.exposure(shown, known.models, known.sources)
show.figure(
    tables.exposure_plot(matrix, known.models),
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
Markdown(tables.exposure_words(shown, known.models, known.sources))
