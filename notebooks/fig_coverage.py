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
# # Coverage and power: which genes, and what a task can show
#
# Models differ in which genes they can embed. Filling the gaps with random vectors would punish
# small models and hide why; leaving genes out silently would flatter them. So each model is trained
# on the genes that it covers and scored three times: on its *own* genes; on the *common* genes,
# which every broad model covers; and on *all* genes of the task, where a gene without a vector gets
# the class prior of the training fold, never an invented vector.
#
# **Compare marks within a row, and rows of as many tasks**: a model that is scored on few tasks,
# because it was trained on the labels of the others or lacks their genes, has a mean of those few.
# Its number of tasks stands behind its name.

# %% tags=["parameters"]
profile: str = "demo"  # which profile's results
page: str = "coverage"  # name of this page
source: str = "paper"  # whose results are shown; empty: those of the profile of the book

# %% tags=["remove-input"]
import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.ticker import LogLocator

from genebench.benchmark import results
from genebench.core import specs
from genebench.stats import intervals
from notebooks.lib import charts, figures, show, speed, stored, tables

show.begin()
models, shown = specs.declared().models, source or profile
table = tables.by_choice_of_genes(results.read_beside(shown, "plain.csv"), models)
number = table.tasks.map(lambda n: f" ({n:,} task{'s' * (n > 1)})")
rows = figures.ordered(table.index, models)
long = table[["all", "common", "own"]].rename(columns="{} genes".format)
long = long.melt(ignore_index=False, var_name="genes", value_name="score")
drawn = figures.styled(long.reset_index(), models).assign(shift=0)
drawn["row"] += drawn.model.map(number)
marks = {"all genes": "s", "common genes": "D", "own genes": "o"}
show.figure(
    charts.dots(
        drawn,
        list(pd.Series(figures.titles(rows, models)) + number[rows].to_numpy()),
        label="plain mean AUROC over the tasks of the row (0 to 1)",
        by="genes",
        looks={genes: {"marker": mark} for genes, mark in marks.items()},
        chance=0.5,
    ),
    table,
    page=page,
    profile=profile,
    name="triptych",
    caption="Plain mean of test AUROC over the tasks on which a model has all three scores: on "
    "common genes (diamond), on the model's own genes (circle) and on all genes of the task "
    "(square); shortcuts are hollow. Where a model covers every gene, own and all "
    "agree. Tasks on which a model is exposed are left out.",
    alt="Three marks per model: plain mean AUROC on common, own and all genes. "
    + figures.leaders(drawn, "genes"),
)

# %% [markdown]
# The last column gives the rank under each choice of genes. Only models that are scored on nine
# tenths of the tasks are ranked; the means of the others are of other tasks and cannot be compared
# with them.

# %% tags=["remove-input", "full-width"]
show.table(
    tables.readable(table.reset_index(), models, ["model", *table]),
    page=page,
    profile=profile,
    name="table",
    caption="Plain means of test AUROC over the tasks that have all three scores.",
)

# %% [markdown]
# ## What each task can show
#
# The smallest difference between two models that a task shows with 80 % power, from the errors of
# the differences of the models that are compared on it; how far apart its two best models are; and
# how many more genes like these would tell them apart (by the error of this very difference, which
# can be far smaller than that of other pairs). A task that cannot show a difference of a
# tenth is *underpowered*: it is listed, and stays out of all weighted means. The smallest
# difference is measured on the scores; that of the [catalogue of tasks](tasks) is by formula,
# before any run.

# %% tags=["remove-input"]
power = results.read_beside(shown, "power.csv")
power = power[power.split == "random"]
power = power.sort_values("smallest", ascending=False, na_position="first")
number, most = power.more_genes, 20_000  # about as many genes of a human code for a protein
more = (
    number.map("{:,.0f}".format).mask(number > most, "more than there are").mask(number.isna(), "")
)
columns = {
    "task": "task",
    "kind": "kind",
    "genes": "genes",
    "smallest": "smallest difference",
    "weak": "underpowered",
    "best": "best",
    "second": "second",
    "difference": "difference",
    "more": "more genes needed",
}
weak = np.where(power.underpowered, "underpowered", "")
table = tables.readable(power.assign(weak=weak, more=more), models, columns)
look = {"hue": "kind", "style": "kind", "alpha": 0.75, "s": 55}
shown_tasks = table[(table.kind != "pair") & (table["smallest difference"] > 0)]
ax = sns.scatterplot(shown_tasks, x="genes", y="smallest difference", **look)
ax.axhline(intervals.UNDERPOWERED, color=figures.INK, linestyle="--", linewidth=1.2)
ax.annotate(
    "underpowered\nabove",
    (1.01, intervals.UNDERPOWERED),
    xycoords=("axes fraction", "data"),
    va="center",
)
ax.set(xscale="log", xlabel="genes on which the models are compared (log scale)", ylim=(0, None))
ax.set_ylabel("smallest detectable difference\n(AUROC; of regression Spearman)")
ax.xaxis.set_minor_locator(LogLocator(subs=(2, 5)))
ax.xaxis.set_major_formatter("{x:,.0f}")
ax.xaxis.set_minor_formatter("{x:,.0f}")
ax.figure.set_size_inches(8, 4.2)
sns.move_legend(ax, "upper center", bbox_to_anchor=(0.5, 1.16), ncols=4, title="")
show.figure(
    ax.figure,
    table[["task", "kind", "genes", "smallest difference"]],
    page=page,
    profile=profile,
    name="power",
    caption="Genes on which the models are compared, and the smallest difference between two of "
    "them that the task can show, in AUROC (0 to 1) or Spearman correlation. Tasks above the line "
    "are underpowered; those whose models do not differ at all are not drawn.",
    alt="Scatter plot of smallest detectable difference against number of genes: it falls with "
    f"the genes, and {power.underpowered.sum()} of {len(power)} tasks are underpowered.",
)

# %% tags=["remove-input", "full-width"]
titles = {"task": stored.task_titles(shown)}
show.table(
    table,
    page=page,
    profile=profile,
    name="tasks",
    caption="Tasks: genes on which all compared models have a vector, the two best models, their "
    "difference, and the smallest difference (AUROC, 0 to 1, or Spearman correlation) that "
    "the task would show four times of five.",
    titles=titles,
)

# %% [markdown]
# ## How often a comparison is wrong
#
# Simulated: 16 models that are equal on average over all tasks that could have been asked, but
# differ on each task (standard deviation 0.05), where tasks of one source table share
# part *r* of the variance of these differences. *False separation* is the share of runs in which
# any two models are called different; *power* the mean share of models from which one that is truly
# better by 0.03 or 0.06 is found. With fewer than 8 source tables the comparison is about *these
# tasks*, so the models are equal on each of them. The last row is about genes in families: how
# often the 95 % interval of an AUROC holds the true value when families are drawn, and when each
# gene is.

# %% tags=["remove-input", "full-width"]
show.table(
    stored.reliability("separation").replace("clusters", "tables", regex=True),
    page=page,
    profile=profile,
    name="separation",
    caption="Simulated: share of runs that call equal models different (false separation) and "
    "share of truly better models that are found (power), by number of source tables and "
    "by r.",
    words=speed.words(clusters="effective source tables"),
)

# %% [markdown]
# ## What source tables change
#
# Our own comparisons, made twice: with {term}`source tables <Source table>` drawn as everywhere in
# this book, and as if every task were independent of all others. With effectively 8 source tables
# or more (localization) drawing them widens the intervals. With fewer they cannot be drawn:
# intervals are then over genes alone, are narrower than those of independent tasks (or as wide,
# where there are too few tasks to draw), and say something of *these tasks only*.

# %% tags=["remove-input", "full-width"]
errors = stored.reliability("errors")
show.table(
    errors,
    page=page,
    profile=profile,
    name="errors",
    caption="Half width of the 95 % intervals and number of pairs of models that differ, as in "
    "this book, and with tasks drawn as if they were independent.",
    titles={"measure": tables.METRICS},
    words=speed.words(separated="pairs that differ", clusters="effective source tables"),
)
