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
# # Leaderboard
#
# Which model is best *for your question*, and how sure is that? The first table answers by group of tasks; below it,
# choose tasks that resemble your question, or weigh the groups. The address of the page keeps your choice, so that a
# link shows what you see.
#
# Read the *tier* before the number: the models of a tier cannot be told from the best of it, though one with a wide
# interval can stand below a model of the next. *Over best shortcut* says what a model adds to the letters of the
# symbol, the family and the like; at 0 or below it adds nothing. It is the mean over tasks of the difference to the
# shortcut that is best on that task, so it is at most the difference of two numbers of the column beside it. The split
# says how hard the test is: under `random` relatives of a gene can be in training; under `stem` and `family` they
# cannot; under `chromosome` the neighbours on the chromosome cannot.

# %% tags=["parameters"]
profile: str = "demo"  # which profile's results
page: str = "leaderboard"  # name of this page
also: str = "paper"  # profiles that stand before it, joined by commas, where they have results; the first is shown

# %% tags=["remove-input"]
from genebench.book import leaderboard, show

show.begin()
first = leaderboard.first_of(profile, also)
show.prose(leaderboard.answers(first))

# %% [markdown]
# Random folds but for the last column, classification tasks, the common genes, 95 % intervals over genes and tasks.
# Models and tasks of a group are those that can be compared there: each model has a score, and has not read the
# answers, on each task. So all groups together have fewer tasks than their sum, and a model's mean of a group can
# differ a little between the two views. *Localization* is mostly in which tissues and cells a gene's RNA is found.

# %% tags=["remove-input", "full-width"]
profiles = leaderboard.keep(profile, also)
show.board(
    leaderboard.fallback(first),
    page=page,
    profile=profile,
    profiles=profiles,
    caption="Models by weighted mean AUROC over the classification tasks that can show a difference, on the common "
    "genes under random folds; tiers and 95 % intervals over genes and tasks.",
)

# %% [markdown]
# ## How to read it
#
# Task
# : Every mean here is a {term}`weighted mean`. Tasks that cannot show a difference between two models (*underpowered*)
#   do not count in it; tasks that resemble each other share their weight; groups count by your sliders. Regression
#   tasks have another measure (Spearman's correlation) and are never mixed with the others.
#
# Genes
# : *Common*: those that every broad model covers, the same for all, so that differences are about the models. *Own*:
#   each model on what it covers. *All*: a gene without a vector is guessed from the share of the classes.
#
# Interval
# : On the published choices (any split, common genes, one group or all alike) it is the bootstrap over genes and tasks,
#   and tiers are tested for all pairs at once {cite}`westfall1993`. On your own choice it is approximate, and says so.
#
# Exposed
# : A score on a task whose answers the model has read is left out unless you count it; the lower table stars it.

# %% tags=["remove-cell"]
show.values(leaderboard.numbers(first), page=page, profile=profile)
