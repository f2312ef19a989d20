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
# # The tasks of the paper
#
# Every task that gene-benchmark {cite}`kantor2024` lists, beside the one that genebench builds from the same source:
# number of genes (or pairs) here and as published, and the reason for every difference over two percent. `missing`:
# the file at hand lacks it; the official download has it. The paper's two NOTCH1 names are those of its own runs, which
# read each other's file; the catalogue says what is really inside.

# %% tags=["parameters"]
profile: str = "demo"  # which profile the book is built for
page: str = "paper-tasks"  # name of this page
source: str = "paper"  # which profile's catalogue is shown

# %% tags=["remove-input"]
import pandas as pd

from genebench.benchmark import results
from genebench.book import cards, show, tables

show.begin()
beside = pd.read_csv(results.published_path(source), keep_default_na=False)
show.table(beside, page=page, profile=profile, name="published")

# %% tags=["remove-input"]
listed = results.read_tasks(source)
tables.tasks_per_group(listed[listed.status == "ready"])

# %% [markdown]
# All tasks of the profile `paper`, with the derived binary ones (one per label of a multi-label task) and constraint.
# The next five pages hold them by group, with a card for each task:

# %% tags=["remove-input"]
show.table(
    cards.brief(listed).drop(columns=["licence"]), page=page, profile=profile, name="catalogue"
)

# %% tags=["remove-input"]
show.listing(listed, column="task", text="title", title="All tasks as plain text")

# %% tags=["remove-cell"]
show.values(tables.paper_numbers(beside, listed), page=page.replace("-", "_"), profile=profile)
