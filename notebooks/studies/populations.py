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
# # Study: frequency against score
#
# Changes that people or isolates carry, against those that none carries: BRCA1 in gnomAD, regions
# of resistance in isolates of M. tuberculosis, and the human mitochondrial genome. For the last,
# small networks and k-mer models are trained here on the half that they do not score: on it alone,
# with other genomes, and, to compare, on other genomes alone and with the scored half too. Rows of
# the set in `data/results/glm/populations/` are replaced, others stay.

# %% tags=["parameters"]
profile: str = "studies"  # folder of the executed notebook
page: str = "populations"  # name of this study
variants: str = "mtdna"  # which set: brca1, tb or mtdna
trained: str = "ecoli,yeast"  # genomes whose networks score it, joined by commas

# %%
from genebench.core import specs
from notebooks.studies.lib import genome, labels, populations, tables

sources = specs.declared().sources
tasks, frequency = populations.SETS[variants](sources)
models = populations.models(variants, tasks, genome.networks(trained.split(",")), sources)
scores, gains = populations.score(tasks, models, without=populations.ABSENT[variants])

# %%
tables.merge_scores(scores, "populations")
tables.merge(labels.variant_counts(tasks), "populations", "sets")
tables.merge(gains, "populations", "gains")
odds = populations.odds(variants, tasks[0], frequency, models[0])
tables.merge(odds, "populations", "odds", by="set")
bits = populations.bits(models, tasks[0]).assign(set=variants)
tables.merge(bits, "populations", "bits", by="set")
scores
