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
# # Study: zero-shot scores of a set of variants
#
# Every trained network, k-mer models that have counted nothing of what is scored, and baselines
# without a model, on the tasks of one set. Rows of the set in `data/results/glm/variants/` are
# replaced, others stay.

# %% tags=["parameters"]
profile: str = "studies"  # folder of the executed notebook
page: str = "variants"  # name of this study
variants: str = "brca1"  # which set: brca1, mpra, tb, ecoli or yeast
device: str = "cpu"  # torch device of the networks

# %%
from genebench.core import specs
from genebench.glm import genomes
from notebooks.studies.lib import effects, labels, tables, zero_shot
from notebooks.studies.lib import genome as of_genome

sources = specs.declared().sources
tasks = effects.load(variants, sources)
counted, orders = zero_shot.kmer_models(tasks, sources)
trained = of_genome.networks(list(genomes.declared()), device=device)
scores = zero_shot.score_set(tasks, [*trained, *counted])

# %%
tables.merge_scores(scores, "variants")
tables.merge(labels.variant_counts(tasks), "variants", "sets")
tables.merge(orders.assign(set=variants), "variants", "counted", by="set")
loci = labels.over_loci(scores)  # empty but for the reporter assays
saved = tables.save(loci, "variants", "loci") if len(loci) else None
scores
