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
# Two vectors side by side that score more than each alone know different things. Here a text model that sees the symbol
# is joined to shortcuts that see it too, and to an expression table; and it is cut to as many dimensions as that table
# has, by principal components or on chance directions, because a wider vector gives a probe more to work with.

# %% tags=["parameters"]
profile: str = "demo"  # which profile the book is built for
page: str = "joined"  # name of this page
source: str = "joined"  # which profile's results are shown

# %% tags=["remove-input"]
from IPython.display import Markdown

from genebench.benchmark import results
from genebench.book import show, tiers

show.begin()
pairs = tiers.of_measure(results.read_beside(source, "pairs.csv"))
made = tiers.complement(pairs)
whole = made[made.group == made.group.iloc[0]]
show.figure(
    tiers.complement_plot(whole, label="difference of weighted mean AUROC"),
    whole,
    page=page,
    profile=profile,
    name="parts",
    caption="Weighted mean AUROC of each model made of others minus that of each of its parts, over the tasks of all "
    "groups, on the same genes and folds, with simultaneous 95 % intervals over genes and tasks. Filled: told apart; "
    "empty squares: not told apart.",
    alt="Differences of weighted mean AUROC between made models and their parts, one panel a split.",
)

# %% tags=["remove-input"]
Markdown(tiers.complement_words(whole))

# %% [markdown]
# ## By group of tasks

# %% tags=["remove-input"]
show.table(
    tiers.named(made),
    page=page,
    profile=profile,
    name="groups",
    caption="Differences of weighted means of test AUROC, common genes, with simultaneous 95 % intervals.",
)

# %% [markdown]
# ## All models of the profile

# %% tags=["remove-input"]
means = tiers.of_measure(results.read_beside(source, "means.csv"))
show.table(
    tiers.tier_table(means),
    page=page,
    profile=profile,
    name="table",
    caption="Weighted means of test AUROC and of the excess over the best shortcut, common genes, by split.",
)
