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
from genebench import page as show
from genebench import specs, tables, tasks

show.begin()
found = tasks.load(specs.profile(profile), missing=print)
catalogue = tables.task_catalogue(found)
show.table(catalogue.drop(columns=["status", "reason"]), page=page, profile=profile, name="catalogue")

# %% tags=["remove-input"]
tables.tasks_per_group(catalogue)

# %% tags=["remove-input"]
show.listing(catalogue, column="task", text="title", title="All tasks as plain text")

# %% tags=["remove-cell"]
show.values(tables.catalogue_numbers(catalogue), page=page, profile=profile)
