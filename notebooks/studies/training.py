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
# # Study: train the small model of a genome
#
# Trains the model of a declared genome by the recipe in `data/glm_genomes.yml`, never on what is
# held out, into `data/glm/models/`. Goes on where it was cut off; does nothing where the weights
# are.

# %% tags=["parameters"]
profile: str = "studies"  # folder of the executed notebook
page: str = "training"  # name of this study
genome: str = "ecoli"  # which genome of data/glm_genomes.yml
device: str = "cpu"  # torch device

# %%
from genebench.core import paths, specs
from genebench.glm import genomes, net, train
from notebooks.studies.lib import genome as of_genome

data = genomes.load(genome, specs.declared().sources)
made = net.recipe(data.spec.recipe, where=f"data/glm_genomes.yml: {genome}")
train.train(
    of_genome.training_sequences(data), made, paths.GLM_MODELS / made.name, device=device, say=print
)
