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
# # Study: fine-tuning on windows of DNA with labels
#
# The network of a genome fine-tuned on labels: all weights, low-rank adapters alone (where peft is
# installed), and as a control all weights of the same network before training. Rows of the task in
# `data/results/glm/tuning/` are replaced, others stay. On the CPU.

# %% tags=["parameters"]
profile: str = "studies"  # folder of the executed notebook
page: str = "tuning"  # name of this study
task: str = "ecoli-coding"  # which set of windows, as in notebooks/studies/lib/windows.py
epochs: int = 5  # of fine-tuning

# %%
from genebench.core import specs
from genebench.glm import hub
from notebooks.studies.lib import labels, tables, transfer, windows

data = windows.load(task, specs.declared().sources)
ways = labels.fine_tunings(data, hub.load(labels.CARRIED[data.species]), epochs=epochs)
families = {way: "control" if way.endswith("untrained") else "network" for way in ways}
scores = transfer.evaluate(data, {}, ways, families, splits=["random", "spectral"], seeds=[0])
tables.merge_scores(scores, "tuning")
tables.merge(labels.tuning_facts(data, ways, [0]), "tuning", "sets")
transfer.summarise()
scores
