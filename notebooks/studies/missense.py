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
# # Study: zero-shot scores of missense variants of ClinVar
#
# Likelihood ratios of UniRep, substitution matrix and rules of one line, the published score of
# AlphaMissense. The tables of `data/results/glm/missense/` are replaced as a whole. Weights of
# UniRep are CC BY-NC: fetch them first, by `genebench fetch --model unirep-64 --accept-licence
# unirep-64` and so on. With `both` also naming `unirep-1900`, and `whole` being `unirep-64`, it
# takes some six minutes of one core more; blocks of proteins are cached.

# %% tags=["parameters"]
profile: str = "studies"  # folder of the executed notebook
page: str = "missense"  # name of this study
everywhere: str = "unirep-64"  # networks that read all proteins, joined by commas
both: str = "unirep-64,unirep-256"  # those that read proteins of both classes
following: str = "unirep-64,unirep-256"  # of these, those that score the next residues as well
whole: str = "none"  # and those that score all residues that follow

# %%
from genebench.core import specs
from notebooks.studies.lib import missense, tables

found = missense.study(
    specs.declared(),
    everywhere=everywhere.split(","),
    both=both.split(","),
    following=following.split(","),
    whole=whole.split(","),
)

# %%
tables.merge_scores(found["scores"], "missense")
tables.save(found["differences"], "missense", "differences")
tables.save(found["sets"], "missense", "sets")
tables.save(found["left_out"], "missense", "left_out")
tables.save(found["networks"], "missense", "networks")
found["scores"]
