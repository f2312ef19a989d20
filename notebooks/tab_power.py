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
# # What each task can show
#
# The smallest difference between two models that a task shows with 80 % power, from the errors of
# the differences of the models that are compared on it; how far apart its two best models are; and
# how many more genes like these would tell them apart. A task that cannot show a difference of a
# tenth is *underpowered*: it is listed, and stays out of all means.

# %% tags=["parameters"]
profile: str = "demo"  # which profile's results
page: str = "power"  # name of this page
source: str = "paper"  # whose results are shown; empty: those of the profile of the book

# %% tags=["remove-input"]
from genebench.benchmark import results
from genebench.book import show, tables, tiers
from genebench.core import specs
from genebench.stats import intervals

show.begin()
models, shown = specs.declared().models, source or profile
table = tables.power_table(results.read_beside(shown, "power.csv"), models)
show.figure(
    tiers.size_and_power(table, limit=intervals.UNDERPOWERED),
    table[["task", "kind", "genes", "smallest difference"]],
    page=page,
    profile=profile,
    name="power",
    caption="Genes on which the models are compared, and the smallest difference between two of "
    "them that the task can show, in AUROC (0 to 1) or Spearman correlation. Tasks above the line "
    "are underpowered.",
    alt="Scatter plot of smallest detectable difference against number of genes.",
)

# %% tags=["remove-input"]
show.table(table, page=page, profile=profile, name="tasks")
