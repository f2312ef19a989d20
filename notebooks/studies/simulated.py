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
# # Study: a network on simulated genomes, where the truth is known
#
# Simulates the family, trains the network on chromosomes 1 to 4 of all species (or takes the
# weights that are there), and compares it on chromosome 6 of the first with k-mer models and the
# oracle. Writes the tables of the page below `data/results/glm/simulated/`. Needs umap-learn.

# %% tags=["parameters"]
profile: str = "studies"  # folder of the executed notebook
page: str = "simulated"  # name of this study
device: str = "cpu"  # torch device
out: str = ""  # folder for the genomes as FASTA, their elements and S of every substitution

# %%
import pandas as pd

from genebench.core import paths, specs
from genebench.glm import hub, train
from notebooks.studies.lib import motifs, simulate, simulated, tables

genomes = simulate.simulate(simulate.Design(), motifs.jaspar(specs.declared().sources["jaspar"]))
folder = paths.GLM_MODELS / "simulated"
sequences = simulated.sequences(genomes, simulated.TRAIN)
files = simulate.write_family(genomes, out) if out else []
train.train(sequences, simulated.RECIPE, folder, device=device, say=print)

# %%
comparison = simulated.compare(genomes, hub.load(folder, device=device))
first, pairs = simulated.dependencies(comparison)
places, probed = simulated.regions(comparison)
scores = pd.concat([simulated.constraint(comparison), pairs, probed], ignore_index=True)
scores

# %%
frames = {"scores": scores, "map": first, "regions": places, "curve": simulated.curve(folder)}
frames |= {"odds": simulated.odds(comparison), "logos": simulated.logos(comparison)}
frames["bits"] = simulated.held_out_bits(comparison)
[tables.save(frame, "simulated", name) for name, frame in frames.items()]
frames["bits"]
