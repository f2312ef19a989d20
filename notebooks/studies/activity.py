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
# Delta scores of SpliceAI, OpenSpliceAI and Pangolin beside measures of constraint, on measured
# variants of BRCA1 by consequence and on variants of ClinVar in nine genes (one network of each
# predictor, of Pangolin one a tissue), and beside those that SpliceAI's authors expect. Scores of
# single variants stay in the cache. Rows of the set in `data/results/glm/activity/` are replaced,
# others stay.

# %% tags=["parameters"]
profile: str = "studies"  # folder of the executed notebook
page: str = "activity"  # name of this study
variants: str = "clinvar"  # which set: brca1 or clinvar
predictors: str = "spliceai,openspliceai,pangolin"  # joined by commas
tubb8: str = ""  # FASTA of the first bases of chromosome 10 (hg19), tests/data/test.fa of SpliceAI

# %%
from genebench.core import specs
from genebench.glm import genomes
from notebooks.studies.lib import activity, labels, tables, zero_shot
from notebooks.studies.lib import genome as of_genome

declared = specs.declared()
tasks, sizes = activity.SETS[variants](declared, predictors.split(","))
trained = of_genome.networks(list(genomes.declared()))
scores = zero_shot.score_set(tasks, trained)

# %%
tables.merge_scores(scores, "activity")
tables.merge(labels.variant_counts(tasks), "activity", "sets")
tables.merge(sizes, "activity", "consequences", by="set")
tables.merge(activity.contrasts(tasks), "activity", "contrasts")
scores

# %%
tables.merge(activity.agreement(declared, tubb8), "activity", "agreement", by="variant")
