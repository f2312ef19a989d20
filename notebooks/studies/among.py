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
# # Study: models among published embeddings
#
# Places the models of a profile among the 38 embeddings whose scores are published with its tasks,
# and compares the two that are computed here and published there; where amino acid shares lie far
# from what is published, they are scored again on other draws of the holdout. The profile was run
# before.

# %% tags=["parameters"]
profile: str = "studies"  # folder of the executed notebook
page: str = "among"  # name of this study
source: str = "zhong2025"  # profile that was run, and whose tables are written

# %%
from genebench.benchmark import plan
from notebooks.studies.lib import among

among.write(plan.make(source)).round(3)
