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
# # Tiers, not ranks
#
# A tier holds the best model that is left and all that cannot be told from it; models of two tiers can still be alike,
# as the grey bars show. Differences are judged by a bootstrap over genes, and over tasks where
# a group has enough of them, with all pairs of a group tested at once {cite}`westfall1993`: a false separation among
# them has a chance of one in twenty at most. A rank interval {cite}`mogstad2024` says which ranks a model can have.
# The *excess* is a mean over tasks of the score minus that of the best shortcut of the task on the same genes and
# folds, with its paired interval. All means of this page but the mean ranks are {term}`weighted means <Weighted mean>`.

# %% tags=["parameters"]
profile: str = "demo"  # which profile's results
page: str = "tiers"  # name of this page
source: str = ""  # whose results are shown; empty: those of the profile that the book is built for

# %% tags=["remove-input"]
from genebench.benchmark import results
from genebench.book import show, tiers

show.begin()
shown = source or profile
means = tiers.of_measure(results.read_beside(shown, "means.csv"))
first = means[means.split == means.split.iloc[0]]
pairs = tiers.of_measure(results.read_beside(shown, "pairs.csv"))
show.figure(
    tiers.tier_plot(
        first, pairs[pairs.split == first.split.iloc[0]], label=tiers.MEASURES["auroc"]
    ),
    first,
    page=page,
    profile=profile,
    name="ranks",
    caption="Weighted mean of test AUROC on the common genes under random folds, with 95 % intervals over genes and "
    "tasks, and the ranks that each model can have. Grey bars on the right join models of which no two are told "
    "apart; a line stands where a model of a lower tier follows.",
    alt="Models by mean AUROC with intervals, one panel a group of tasks, bars joining those that are not told apart.",
)

# %% [markdown]
# ## Mean ranks, as other benchmarks draw them
#
# A critical-difference plot {cite}`demsar2006` compares the models' mean ranks over tasks by Nemenyi's test, which
# knows nothing of genes and takes tasks for independent; here it is given their effective number. The tiers are the
# ones to read: they know how far each score would move on other genes.

# %% tags=["remove-input"]
split = means.split.iloc[0]
power, intervals = (
    results.read_beside(shown, "power.csv"),
    results.read_beside(shown, "intervals.parquet"),
)
ranks = tiers.mean_ranks(intervals, first, power[power.split == split])
show.figure(
    tiers.rank_plot(ranks),
    ranks,
    page=page,
    profile=profile,
    name="mean-ranks",
    caption="Mean rank of each model over the tasks of a group, weighted as the means are, on the common genes under "
    "random folds; grey bars join models whose mean ranks differ by less than the critical difference (Nemenyi, 5 "
    "%).",
    alt="Models by mean rank, one panel a group of tasks, bars joining those within the critical difference.",
)

# %% tags=["remove-input"]
show.table(
    tiers.tier_table(means),
    page=page,
    profile=profile,
    name="table",
    caption="Weighted means of test AUROC and of the excess over the best shortcut, common genes, by split.",
)

# %% [markdown]
# ## Your own weights
#
# How much should each group of tasks count? The weighted means below also follow the weights that you set; the address
# of the page keeps them, so that a link shows what you see. A model without a mean in a group that counts is left at
# the end. Each group has here all of its own tasks; the mean over all groups above, like that of the leaderboard, is
# over the tasks that all its models share, and differs a little.

# %% tags=["remove-input"]
show.weights(tiers.by_group(first), page=page, profile=profile, name="weights")

# %% [markdown]
# ## Every two models

# %% tags=["remove-input"]
show.table(
    tiers.pair_table(pairs),
    page=page,
    profile=profile,
    name="pairs",
    caption="Differences of weighted means of test AUROC, common genes, with simultaneous 95 % intervals.",
)
