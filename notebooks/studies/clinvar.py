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
# # Study: who predicts human variants
#
# AUROC, computed here, of published scores of thirteen predictors on the same variants of ClinVar.
# The tables of `data/results/glm/clinvar/` are replaced as a whole; scores of single variants stay
# where they were published.

# %% tags=["parameters"]
profile: str = "studies"  # folder of the executed notebook
page: str = "clinvar"  # name of this study

# %%
from genebench.core import specs
from notebooks.studies.lib import clinvar, tables

found = clinvar.study(specs.declared())

# %%
tables.merge_scores(found["scores"], "clinvar")
tables.save(found["tiers"], "clinvar", "tiers")
tables.save(found["sets"], "clinvar", "sets")
tables.save(found["predictors"], "clinvar", "predictors")
found["scores"]
