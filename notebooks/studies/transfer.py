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
# # Study: transfer to windows of DNA with labels
#
# Linear probes of the best layer and pooling of a network, trained and untrained, beside k-mer
# counts and a network fitted to the labels alone, under several splits. Rows of the task in
# `data/results/glm/transfer/` are replaced, others stay. On the CPU.

# %% tags=["parameters"]
profile: str = "studies"  # folder of the executed notebook
page: str = "transfer"  # name of this study
task: str = "ecoli-coding"  # which set of windows, as in notebooks/studies/lib/windows.py
seeds: int = 2  # draws of each split
untrained: int = 5  # networks with random weights

# %%
from genebench.core import specs
from genebench.glm import hub
from notebooks.studies.lib import labels, tables, transfer, windows

data = windows.load(task, specs.declared().sources)
model = hub.load(labels.CARRIED[data.species])
choice = labels.layer_choice(data, model)
draws = [labels.layer_choice(data, transfer.untrained(model, i + 1)) for i in range(untrained)]
counts = {f"{k}-mers": transfer.kmer_shares(data.codes, k) for k in (3, 4, 5)}
networks = {"one-hot-cnn": transfer.Network(transfer.OneHotCNN, data.kind, 2e-3)}

# %%
families = dict.fromkeys(counts, "counts") | {"one-hot-cnn": "labels alone"}
families |= {model.name: "network", "untrained": "control"}
splits = [name for name in windows.SPLITS if name != "published" or data.test.any()]
vectors = counts | {model.name: choice, "untrained": draws}
scores = transfer.evaluate(
    data, vectors, networks, families, splits=splits, seeds=list(range(seeds))
)
tables.merge_scores(scores, "transfer")
scores

# %%
choices = {model.name: choice, "untrained": draws[0]}
layers, places = labels.layers_and_places(data, choices, {"4-mers": counts["4-mers"]}, model.name)
tables.merge(layers, "transfer", "layers")
tables.merge(places, "transfer", "map")
tables.merge(labels.window_counts(data, seeds), "transfer", "sets")
transfer.summarise()
layers
