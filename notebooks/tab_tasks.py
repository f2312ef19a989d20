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
# # Catalogue of tasks
#
# Every task with its size, balance, origin, release, licence and the hash of its labels. Search by name; the list at
# the end holds the same names as plain text.

# %% tags=["parameters"]
profile: str = "demo"  # which profile's tasks
page: str = "tasks"  # name of this page

# %% tags=["remove-input"]
from genebench.book import cards, show, tables
from genebench.core import specs
from genebench.data import tasks

show.begin()
listed = cards.entries(tasks.load(specs.profile(profile), specs.sources(), missing=print))
show.table(
    cards.brief(listed).drop(columns=["status", "reason"]),
    page=page,
    profile=profile,
    name="catalogue",
)

# %% tags=["remove-input"]
tables.tasks_per_group(listed)

# %% tags=["remove-input"]
show.listing(listed, column="task", text="title", title="All tasks as plain text")

# %% tags=["remove-cell"]
show.values(tables.catalogue_numbers(listed), page=page, profile=profile)
