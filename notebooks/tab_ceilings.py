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
# # What two measurements agree on
#
# A label that was measured twice says how well it can be known at all. Where two laboratories agree
# little, no model can agree much more with either: their agreement is a noise ceiling. For ranks it
# is the Spearman correlation of the two measurements, for two classes the AUROC of the second one
# for the labels of the first; of several comparisons the median.
#
# Beside it stands the best model of all, and the best shortcut: what needs no knowledge of the gene
# but how studied it is, its relatives, its length or its place. A consensus label (age, half-life)
# is less noisy than one measurement of it, so a model may pass the agreement of single ones.

# %% tags=["parameters"]
profile: str = "demo"  # which profile the book is built for
page: str = "ceilings"  # name of this page
source: str = "function"  # whose results are shown

# %% tags=["remove-input"]
from genebench.benchmark import results
from genebench.core import specs
from notebooks.lib import show, tables

show.begin()
models = specs.declared().models
ceilings = results.read_beside(source, "ceilings.csv").rename(columns={"second": "again"})
scores = results.read_beside(source, "intervals.parquet")
scores = scores[(scores.split == "random") & scores.excess.notna()].sort_values("score")
best = scores.groupby("task", as_index=False).last()
shown = ceilings.merge(best, on="task", how="left")
columns = "task again genes_x agreement model score low high best_shortcut excess".split()
show.table(
    tables.readable(shown, models, columns).rename(
        columns={
            "again": "measured again by",
            "genes_x": "genes measured twice",
            "model": "best model",
        }
    ),
    page=page,
    profile=profile,
    name="ceilings",
    caption="Agreement of two measurements of one label (Spearman correlation, or AUROC of the "
    "second for two classes), and the best model on random folds with its 95 % interval: the same "
    "measure. Excess: over the best shortcut on the same genes and folds.",
)
