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
# # Study: motifs that a model expects upstream of genes
#
# Motifs by TF-MoDISco in what the network expects upstream of held-out genes and, as a control, in
# what the best k-mer chain does; named by the nearest profile of JASPAR. Needs modisco-lite.

# %% tags=["parameters"]
profile: str = "studies"  # folder of the executed notebook
page: str = "motifs"  # name of this study
genome: str = "yeast"  # which genome of data/glm_genomes.yml
tax_id: str = "4932"  # NCBI's number of the species of the profiles
device: str = "cpu"  # torch device of the network

# %%
from genebench.core import specs
from genebench.glm import genomes
from notebooks.studies.lib import genome as of_genome
from notebooks.studies.lib import motifs, tables

sources = specs.declared().sources
data = genomes.load(genome, sources)
models = [*of_genome.networks([genome], device=device), of_genome.chain(data, 8)]
found, letters = of_genome.motifs_of(data, models, motifs.jaspar(sources["jaspar"], tax_id=tax_id))
tables.save(found, genome, "motifs")
tables.save(letters, genome, "motif_letters")
found
