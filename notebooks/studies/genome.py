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
# # Study: models of a genome on its held-out part
#
# K-mer models of every order and the trained network, bits a base on sequence that none has seen;
# codon positions and logos around starts of genes; dependency maps of tRNA genes. Writes the tables
# of the pages on *E. coli* and yeast below `data/results/glm/`.

# %% tags=["parameters"]
profile: str = "studies"  # folder of the executed notebook
page: str = "genome"  # name of this study
genome: str = "ecoli"  # which genome of data/glm_genomes.yml, with annotated genes
device: str = "cpu"  # torch device of the network

# %%
from genebench.core import specs
from genebench.glm import genomes
from notebooks.studies.lib import genome as of_genome
from notebooks.studies.lib import tables

data = genomes.load(genome, specs.declared().sources)
trained = of_genome.networks([genome], device=device)
study = of_genome.held_out(data, trained)
tables.save(study.bits, genome, "held_out")
tables.save(study.gain, genome, "gain")
study.bits

# %%
learnt = of_genome.interpretation(data, study.tables)
[tables.save(frame, genome, name) for name, frame in learnt.items()]
learnt["codon"]

# %%
stems = of_genome.stems(data, trained[0])
[tables.save(frame, genome, name) for name, frame in stems.items()]
stems["pairs"]
