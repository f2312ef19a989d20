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
# # Group page

# %% tags=["parameters"]
profile: str = "demo"  # which profile's results
page: str = "group-localization"  # name of this page
source: str = "paper"  # whose results are shown; empty: those of the profile of the book
group: str = "localization"  # which of the five groups

# %% tags=["remove-input"]
import numpy as np
from IPython.display import HTML, Markdown

from genebench.benchmark import results, summaries
from genebench.core import specs
from notebooks.lib import answers, charts, markdown, show, stored, tables, tiers

show.begin()
models, shown = specs.declared().models, source or profile
scores = tables.of_group(results.main_scores(shown), group)
classified = scores[scores.kind != "regression"]
means = results.read_beside(shown, "means.csv")
intervals = tables.of_group(results.read_beside(shown, "intervals.parquet"), group)
words = answers.group_words(scores, means, models, group)
Markdown(f"{words}\n\n{answers.shortcut_words(intervals, models)}")

# %% tags=["remove-input"]
show.figure(
    charts.task_scores(
        summaries.with_exposure(classified, models), models, label="test AUROC (0 to 1)"
    ),
    tables.wide(classified, models)[0],
    page=page,
    profile=profile,
    name="tasks",
    caption=f"Test AUROC of every model on the classification tasks of the group {group}: one dot "
    "a task (mean over folds); a box spans the quartiles where there are five tasks or more that "
    "the model is not exposed on. A star: the model was trained on the labels. Each model on the "
    "genes that it can embed.",
    alt="Dots and boxes of AUROC per model. " + words.replace("*", ""),
)

# %% tags=["remove-input", "full-width"]
show.table(
    tiers.tier_table(means[means.group == group], models),
    page=page,
    profile=profile,
    name="means",
    links={"model": markdown.model_links(models)},
    caption="Weighted means of the score over the tasks that can show a difference, on the common "
    "genes, with tiers, ranks and 95 % intervals, by "
    "split. Models that are "
    "exposed, or miss many of the genes, are left out.",
)

# %% [markdown]
# ## Each task, each split
#
# Find a task by typing a part of its name, and compare the splits that were run: `family`
# keeps genes of one family or symbol stem together, `similarity` those of similar proteins, so that
# most such relatives of a tested gene are not in training. [Relatives and leakage](ladder) shows
# the means over tasks. Regression tasks are in Spearman correlation, all others in AUROC.

# %% tags=["remove-input", "full-width"]
power = tables.of_group(results.read_beside(shown, "power.csv"), group)
cards = markdown.model_links(models)
catalogue = tables.of_group(stored.read_tasks(shown), group)
places, titles = markdown.task_links(catalogue), {"task": stored.task_titles(shown)}
two = show.table(
    tables.two_best(power, intervals, models),
    page=page,
    profile=profile,
    name="best",
    links={"task": places, "best": cards, "second": cards},
    titles=titles,
    caption="The two best of each task under each split, without models that were trained on its "
    "labels: score of the best on the common genes with its 95 % interval, its difference to the "
    "second, and the smallest difference between two models that the task can show (80 % power). "
    "A smaller difference is no evidence that the best is better.",
)
each = show.table(
    tables.by_split(intervals, models),
    page=page,
    profile=profile,
    name="splits",
    links={"task": places, "model": cards},
    titles=titles,
    caption="Score of every task and model on the common genes with its 95 % interval, one column "
    "a split; exposed: the model was trained on the labels. Dashes: the model was run under random "
    "folds only, or the task cannot be cut by that split.",
)
HTML(two.data + each.data)

# %% tags=["remove-input", "full-width"]
excess = intervals[(intervals.split == "random") & intervals.excess.notna()]
excess = summaries.with_exposure(excess, models)
excess = excess.sort_values(["exposed", "excess"], ascending=[True, False])
columns = "task model measure score excess excess_low excess_high excess_q exposed best_shortcut"
excess["exposed"] = np.where(excess.exposed, "yes", "no")
excess["measure"] = np.where(excess.kind == "regression", "Spearman", "AUROC")
excess["excess_q"] = excess.excess_q.map(lambda q: "< 0.001" if q < 0.001 else f"{q:.3f}")
show.table(
    tables.readable(excess, models, columns.split()),
    page=page,
    profile=profile,
    name="excess",
    links={"task": places, "model": cards},
    titles=titles,
    phone=["task", "model", "score", "excess"],
    caption="Score on the common genes, best shortcut of the task on the same genes and folds, "
    "and excess over it, with 95 % intervals (that of the excess is paired); q: the false "
    "discovery rate at which the excess is called positive, among the tasks of the model. "
    "Measure: AUROC, 0.5 is guessing, or Spearman correlation, 0 is.",
)

# %% tags=["remove-input", "full-width"]
best = tiers.of_measure(means[(means.group == group) & (means.split == "random")])
best = best.dropna(subset="score").sort_values("score", ascending=False).model
values, stars = tables.wide(scores, models, best)
show.table(
    values,
    page=page,
    profile=profile,
    name="scores",
    caption="Test AUROC by task and model under random folds, of regression tasks rank correlation "
    "(Spearman), each model on its own genes; best weighted mean of the group first. A star: the "
    "model was trained on the labels.",
    marks=stars,
    links={"task": places},
    titles=titles,
)

# %% [markdown]
# ## Cards of the tasks
#
# *Families* join the gene groups of HGNC and the letters of the symbols; a task whose largest
# family has much of it says little about other genes. The *detectable difference, by formula* is
# the smallest between two uncorrelated models {cite}`hanley1982` (80 % power at the 95 % level),
# averaged over classes or labels. Models scored on the same genes can be separated by less; what
# is measured of them is the *smallest detectable difference* of [what each task can
# show](coverage).

# %% tags=["remove-input"]
Markdown(markdown.task_cards(catalogue))
