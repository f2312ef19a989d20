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
# # What a model adds to a shortcut, and what its size is worth
#
# Two vectors side by side that score more than each alone know different things. Here a text model
# that sees the symbol is joined to shortcuts that see it too, and to an expression table; and it is
# cut to as many dimensions as that table has, by principal components or on random projections,
# because a wider vector gives a probe more to work with.

# %% tags=["parameters"]
profile: str = "demo"  # which profile the book is built for
page: str = "joined"  # name of this page
source: str = "joined"  # which profile's results are shown

# %% tags=["remove-input"]
from IPython.display import Markdown

from genebench.benchmark import results
from genebench.book import show, tables, tiers
from genebench.core import specs

show.begin()
models = specs.declared().models
pairs = tiers.of_measure(results.read_beside(source, "pairs.csv"))
joined = tables.complement(pairs, models)
whole = joined[joined.group == joined.group.iloc[0]]
show.figure(
    tables.complement_plot(whole, models, label="difference of weighted mean AUROC"),
    whole,
    page=page,
    profile=profile,
    name="parts",
    caption="Weighted mean AUROC of each joined model minus that of each of its parts, over the "
    "tasks of all groups, on the same genes and folds, with simultaneous 95 % intervals over "
    "genes and tasks. Filled: significantly different; empty squares: not.",
    alt="Differences of weighted mean AUROC between joined models and their parts, one panel a "
    "split.",
)

# %% tags=["remove-input"]
Markdown(tables.complement_words(whole, models))

# %% [markdown]
# ## By group of tasks

# %% tags=["remove-input"]
show.table(
    tiers.readable(joined, models, joined),
    page=page,
    profile=profile,
    name="groups",
    caption="Differences of weighted means of test AUROC, common genes, with simultaneous 95 % "
    "intervals.",
)

# %% [markdown]
# ## All models of the profile

# %% tags=["remove-input"]
means = tiers.of_measure(results.read_beside(source, "means.csv"))
show.table(
    tiers.tier_table(means, models),
    page=page,
    profile=profile,
    name="table",
    caption="Weighted means of test AUROC and of the excess over the best shortcut, common genes, "
    "by split.",
)
