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
# A label that was measured twice says how well it can be known at all. The agreement of two
# measurements is a yardstick and not a limit: a model free of noise could reach about the square
# root of a correlation. Of numbers it is the Spearman correlation of the two measurements; of two
# classes the AUROC of the second measurement as a score for the labels of the first; of more
# classes the mean of that over the classes. Where there are several comparisons it is their median.
# Specificity over tissues is worked out from two assays of other samples. Phenotypes and pathways
# are compared between two releases, of which the newer one adds to the older: that is change of
# curation, not noise.
#
# Beside it stand the best model that is no shortcut, and the best shortcut (letters of the symbol,
# relatives, composition and length of the protein, place on the chromosome, how studied the gene
# is); an excess below 0: the shortcut scores more. A consensus label (age, half-life)
# is less noisy than one measurement of it, so a model may pass the agreement of single ones; and a
# second label in classes has no grades, so that the AUROC of a graded score may pass its own. In
# the rows of GTEx the best model is made of the other assay, FANTOM5: its score is agreement, too.

# %% tags=["parameters"]
profile: str = "demo"  # which profile the book is built for
page: str = "ceilings"  # name of this page
source: str = "function"  # whose results are shown
beside: str = "paper"  # whose results are shown with them

# %% tags=["remove-input", "full-width"]
import pandas as pd

from genebench.benchmark import results
from genebench.core import specs
from notebooks.lib import glm, show, stored, tables

show.begin()
models = specs.declared().models
ceilings = results.read_beside(source, "ceilings.csv").rename(columns={"second": "again"})
columns = ["task", "split", "model", "score", "low", "high", "best_shortcut", "excess"]
scores = [results.read_beside(name, "intervals.parquet")[columns] for name in (source, beside)]
scores = pd.concat(scores)
fair = [not models[m].exposed_on(t) for m, t in zip(scores.model, scores.task)]
scores = scores[fair]
scores = scores[(scores.split == "random") & scores.excess.notna()].sort_values("score")
best = scores.groupby("task", as_index=False).last()
assays = ceilings.task.str.startswith("mpra/")
shown = ceilings[~assays].merge(best, on="task", how="left")
columns = "task again genes agreement model score low high best_shortcut excess".split()
show.table(
    tables.readable(shown, models, columns).rename(
        columns={
            "again": "measured again by",
            "genes": "genes measured twice",
            "model": "best model",
        }
    ),
    page=page,
    profile=profile,
    name="ceilings",
    titles={
        "task": {"hpo/term": "Phenotype terms (HPO), median"} | stored.task_titles(source, beside)
    },
    phone=["task", "agreement", "best model", "score"],
    caption="Agreement of two measurements of one label (Spearman correlation, or AUROC of the "
    "second for two classes), and the best model on random folds with its 95 % interval: the same "
    "measure. Models that were trained on the labels are left out. Excess: over the best shortcut "
    "on the same genes and folds.",
)

# %% [markdown]
# ## Reporter assays
#
# How strongly a change of a regulatory element moves what a reporter expresses, measured twice in
# the same cells (PKLR: after one and two days). The best of the zero-shot scores, of models and of
# simple rules (nearness to the middle of the element, bases around, kind of change), is far below
# what the assay says of itself, so that noise is no excuse. It was chosen on these data, which
# flatters it. Elements and scores: [variants](glm-variants).

# %% tags=["remove-input", "full-width"]
looks = glm.looks()
tried = glm.read("variants", "intervals")
tried = tried[tried.metric == "spearman"].sort_values("score")
tried = tried.groupby("task", as_index=False).last()
measured = ceilings[assays].merge(tried, on="task")
show.table(
    measured.assign(
        model=measured.model.map(looks.title),
        task=measured.task.str.removeprefix("mpra/").str.upper().str.replace("-", ", "),
    )[["task", "again", "genes", "agreement", "model", "score", "low", "high"]],
    page=page,
    profile=profile,
    name="assays",
    phone=["task", "agreement", "model", "score"],
    caption="Spearman correlation of the absolute effects of changes in two assays, and of the "
    "best zero-shot score with its 95 % interval over stretches of ten bases.",
    words={
        "task": "element",
        "again": "measured again by",
        "genes": "changes measured twice",
        "model": "best score",
        "score": "correlation",
    },
)
