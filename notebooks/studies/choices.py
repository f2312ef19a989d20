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
# # Study: design choices of small networks
#
# Trains every network of `data/glm_choices.yml` within one budget and scores all of them alike:
# bits a base on sequence that none has seen, outside of repeats and in them; changes that end a
# gene; a probe on hidden states. Networks of which the table has a row already are passed over.
# Writes `data/results/glm/choices/`.

# %% tags=["parameters"]
profile: str = "studies"  # folder of the executed notebook
page: str = "choices"  # name of this study
jobs: int = 2  # networks at a time, one thread each

# %%
from notebooks.studies.lib import choices, tables

runs = choices.run(jobs=jobs)
runs

# %%
tables.save(choices.means(runs), "choices", "means")
tables.save(choices.cost(runs), "choices", "cost")
tables.save(choices.differences(runs), "choices", "differences")
tables.save(choices.scaling(runs), "choices", "scaling")
choices.scaling(runs)
