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
# # Study: score over the number of training labels
#
# Measures a curve for every model of a profile on some of its binary tasks, and writes
# `efficiency.csv` beside the profile's scores. Curves that are cached are not measured again.

# %% tags=["parameters"]
profile: str = "studies"  # folder of the executed notebook
page: str = "efficiency"  # name of this study
source: str = "demo"  # profile whose models and tasks are measured
tasks: list = []  # names of its binary tasks; none: efficiency.TASKS
sizes: list = [16, 32, 64, 128, 256, 512, 1024, 2048]  # training labels, ascending
draws: int = 3  # subsets of each size and fold, over which a score is the mean
jobs: int = 2  # curves at a time

# %%
from genebench.benchmark import plan
from notebooks.studies.lib import efficiency

efficiency.measure_all(plan.make(source), tasks, sizes, draws, jobs=jobs)
