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
# # Coverage: common, own and all genes
#
# Models differ in which genes they can embed. Filling the gaps with random vectors would punish
# small models and hide why; leaving genes out silently would flatter them. So each model is trained
# on the genes that it covers and scored three times: on its *own* genes; on the *common* genes,
# which every broad model covers; and on *all* genes of the task, where a gene without a vector gets
# the class prior of the training fold, never an invented vector.

# %% tags=["parameters"]
profile: str = "demo"  # which profile's results
page: str = "coverage"  # name of this page
source: str = "paper"  # whose results are shown; empty: those of the profile of the book

# %% tags=["remove-input"]
import pandas as pd

from genebench.benchmark import results
from genebench.core import specs
from notebooks.lib import charts, figures, show, summaries, tables

show.begin()
models, shown = specs.declared().models, source or profile
choices = {g: results.main_scores(shown, genes=g) for g in ("common", "own", "all")}
table = summaries.by_choice_of_genes(choices, models)
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
        label="plain mean AUROC over classification tasks (0 to 1)",
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
    "(square). Where a model covers every gene, own and all agree. Tasks on which a model is "
    "exposed are left out.",
    alt="Three marks per model: plain mean AUROC on common, own and all genes.",
)

# %% [markdown]
# Where a rank moves with the gene set, the arrows say so. Only models that are scored on nearly all
# tasks are ranked; the others answer other questions.

# %% tags=["remove-input"]
show.table(
    tables.readable(table.reset_index(), models, ["model", *table]),
    page=page,
    profile=profile,
    name="table",
    caption="Plain means of test AUROC over the tasks that have all three scores.",
)
