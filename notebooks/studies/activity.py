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
# # Study: constraint against activity
#
# Delta scores of SpliceAI, OpenSpliceAI and Pangolin beside measures of constraint, on variants of
# BRCA1 by consequence and on missense variants of ClinVar in nine genes; and delta scores beside
# those that SpliceAI's authors expect. Scores of single variants stay in the cache.

# %% tags=["parameters"]
profile: str = "studies"  # folder of the executed notebook
page: str = "activity"  # name of this study
tubb8: str = ""  # FASTA of the first bases of chromosome 10 (hg19), tests/data/test.fa of SpliceAI

# %%
import pandas as pd

from genebench.core import specs
from genebench.glm import genomes
from notebooks.studies.lib import activity, labels, tables, zero_shot
from notebooks.studies.lib import genome as of_genome

declared = specs.declared()
measured, clinical = activity.brca1(declared), activity.clinvar(declared)
trained = of_genome.networks(list(genomes.declared()))
scores = [zero_shot.score_set(measured, trained), zero_shot.score_set(clinical, trained)]

# %%
scores = pd.concat(scores, ignore_index=True)
tables.merge_scores(scores, "activity")
tables.merge(labels.variant_counts([*measured, *clinical]), "activity", "sets")
scores

# %%
tables.save(activity.contrasts([*measured, *clinical]), "activity", "contrasts")
tables.save(activity.agreement(declared, tubb8), "activity", "agreement")
