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
# # Study: which allele opens chromatin
#
# Pairs of alleles of QTLs of DNase and H3K27ac, 100 bases each: the share in which a score prefers
# the allele with the higher signal. The table of each set in `data/results/glm/populations/` is
# replaced.

# %% tags=["parameters"]
profile: str = "studies"  # folder of the executed notebook
page: str = "alleles"  # name of this study
trained: str = "ecoli,yeast"  # genomes whose networks score it, joined by commas
most: int = 10000  # pairs of each set that are drawn

# %%
from genebench.core import specs
from notebooks.studies.lib import genome, populations, tables

models = genome.networks(trained.split(","))
scores, sets = populations.pairs(specs.declared().sources, models, most=most)

# %%
tables.merge_scores(scores, "populations")
tables.merge(sets, "populations", "sets")
scores
