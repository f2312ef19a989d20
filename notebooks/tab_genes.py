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
# # Look up a gene
#
# Type a symbol to see its labels, where each model is right or wrong about it, its nearest genes by
# each model, and its relatives. Every prediction was made by a probe that had not seen the gene
# (random folds: it may have seen relatives). Shown first are the ten most telling labels, those on
# which the models differ most; models that were trained on the labels are left out of the table.
# One gene is shown as an example. **Whose genes these are, the line below the search says**: those
# of profile *paper*, if the machine that built this book had run it, else those of the profile of
# the book. Predictions of single genes are too large to come with the code, and are made anew by a
# run.

# %% tags=["parameters"]
profile: str = "demo"  # which profile the book is built for
page: str = "genes"  # name of this page
source: str = ""  # whose genes are shown; empty: those of the profile of the book
beside: str = "paper"  # whose are shown instead, where its run has kept its predictions

# %% tags=["remove-input", "full-width"]
from genebench.core import specs
from notebooks.lib import genes, show

show.begin()
sources = [beside, source or profile]
genes.look_up(profile, specs.declared().models, page=page, sources=sources)

# %% [markdown]
# ## How to read it
#
# The share of genes that a model ranks below one that has the label is this gene's part in the
# AUROC of the task: over all genes with the label its mean is the AUROC. One gene says little about
# a model, and a missed label can be a fault of the label: a gene *without* an annotation is not
# known to lack it.
