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
# # Shortcuts: what a model adds
#
# Every model is reduced to one vector per gene; a simple probe on top is trained and tested on the
# same folds for every model. The number in a cell is the {term}`plain mean` of test AUROC over the
# classification tasks of that group, on the model's own genes. Read each model against the
# *shortcuts* and the *controls* below the line: what a shortcut reaches needs no understanding of
# genes.

# %% tags=["parameters"]
profile: str = "demo"  # which profile's results
page: str = "overview"  # name of this page
source: str = "paper"  # whose results are shown; empty: those of the profile of the book

# %% tags=["remove-input"]
from genebench.benchmark import results, summaries
from genebench.book import figures, leaderboard, show, tables, tiers
from genebench.core import specs

show.begin()
models, shown = specs.declared().models, source or profile
scores = results.main_scores(shown)
plain = summaries.plain_means(scores, models)
means = tiers.of_measure(results.read_beside(shown, "means.csv"))
first = tiers.first_split(means)

# %% tags=["remove-input"]
table, marks = tables.by_group(plain)
show.figure(
    figures.heat_map(
        table,
        marks,
        models,
        label="plain mean AUROC (0 to 1, chance 0.5)",
        low=0,
        chance=0.5,
    ),
    table,
    page=page,
    profile=profile,
    name="heatmap",
    caption="Plain mean of test AUROC over the classification tasks of a group, each model on its "
    "own genes. Above the line: models; below: shortcuts and controls. A star (*): the model was "
    "trained on the labels. A dagger (†): it covers under a fifth of the genes, so the number is "
    "uncertain. A dash: too few genes with a vector.",
    alt="Heat map of mean AUROC, models in rows and five groups of tasks in columns.",
)

# %% tags=["remove-input"]
show.figure(
    leaderboard.family_boxes(scores[scores.kind != "regression"], label="test AUROC (0 to 1)"),
    scores[scores.kind != "regression"][["task", "group", "model", "family", "score"]],
    page=page,
    profile=profile,
    name="families",
    caption="Test AUROC of all classification tasks by family of models and group of tasks; a box "
    "spans the quartiles over tasks and models of a family, points are all there is of a group of "
    "fewer than five tasks, the dashed line is chance. Exposed models are in it: see the stars "
    "above.",
    alt="Box plots of AUROC by family of models, five groups of tasks side by side.",
)

# %% [markdown]
# ## Beyond the best shortcut
#
# The *excess score* is a model's score minus that of the best shortcut on the same task, the same
# test genes and the same folds (the common genes). The best shortcut of a task is picked by its
# test score, which favours the shortcuts. Well above zero, the model knows something that the
# letters of the symbol and the gene family do not tell. A shortcut that was trained on the labels
# does not count: so the number of annotations is no yardstick on the phenotype tasks, and what a
# model owes to well-studied genes there stays open. Means are the {term}`weighted means <Weighted
# mean>` of the [leaderboard](leaderboard): over the tasks that can show a difference, tasks that
# resemble each other weighing less. A model that was trained on the labels, or covers too few genes
# to be compared on the common ones, has no dot.

# %% tags=["remove-input"]
show.figure(
    tiers.excess_plot(first, models, label="AUROC minus AUROC of the best shortcut (−1 to 1)"),
    first[["group", "model", "tasks", "score", "excess", "excess_low", "excess_high"]],
    page=page,
    profile=profile,
    name="excess",
    caption="Excess over the best shortcut, weighted mean over the tasks of a group that can show "
    "a difference, on the common genes; the line is the paired 95 % bootstrap interval over "
    "genes, and over tasks where a group has five or more. No dot: exposed, or too few of the "
    "genes. Numbers are in the table at the end of the page.",
    alt="Dots with intervals of mean excess AUROC over the best shortcut by group and model.",
)

# %% [markdown]
# ## Regression tasks

# %% tags=["remove-input"]
ranks, marks = tables.by_group(plain, "spearman")
show.figure(
    figures.heat_map(
        ranks,
        marks,
        models,
        label="plain mean Spearman correlation (−1 to 1, chance 0)",
        low=-1,
        chance=0,
    ),
    ranks,
    page=page,
    profile=profile,
    name="regression",
    caption="Plain mean of the test rank correlation (Spearman) over the regression tasks of a "
    "group, each model on its own genes; star, dagger and dash as above.",
    alt="Heat map of mean Spearman correlation, models in rows and groups of tasks in columns.",
)

# %% [markdown]
# ## The table
#
# Sort by a column head, filter by typing, download as CSV. `AUROC` is the plain mean over all tasks
# of the group on the model's own genes. The other scores are the weighted means of the
# [leaderboard](leaderboard): on the common genes of the tasks that can show a difference; `low` and
# `high` bound the 95 % bootstrap interval over genes and tasks.

# %% tags=["remove-input"]
show.table(
    tables.scores_by_group(plain, first, models),
    page=page,
    profile=profile,
    name="groups",
    caption="AUROC: plain mean over all tasks, own genes. Common genes and excess: weighted means "
    "over the tasks compared.",
)
