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
# # Do vectors of a genomic language model transfer?
#
# Windows of DNA with a label: coding or not, promoter or not, bound by a factor or not. The network's hidden states
# are averaged to one vector a window and a linear probe is fitted to them; beside it the same probe on counts of
# short words, a small convolutional network fitted to the labels alone, the same network with random weights, and
# fine-tuning. Layer and pooling were chosen on the training side.

# %% tags=["parameters"]
profile: str = "demo"  # which profile the book is built for
page: str = "glm-transfer"  # name of this page

# %% tags=["remove-input"]
from genebench import genomic_real
from genebench import page as show

show.begin()
scores = genomic_real.scores_of("transfer", "ecoli/,yeast/coding,gue/,enhancer/")
show.figure(
    genomic_real.transfer(scores, split="spectral", label="AUROC (0 to 1)"),
    scores,
    page=page,
    profile=profile,
    name="spectral",
    caption="AUROC where no window of test shares a word of 12 bases with one of train, mean of three splits. "
    "Bars: mean 95 % intervals over the tested windows. Dashed: chance.",
    alt="AUROC of network, k-mer counts and fitted networks on windows of DNA, split without shared words.",
)

# %% [markdown]
# The network of E. coli is carried to human and mouse windows, a foreign genome to it; a network of their own could
# do better. What a *published* gLM reaches on human tasks is in the papers of the [catalogue](glm-catalogue).
#
# ## What the split does
#
# The same under random splits. What is lost from one figure to the other was never understanding, but memory.

# %% tags=["remove-input"]
show.figure(
    genomic_real.transfer(scores, split="random", label="AUROC (0 to 1)"),
    scores,
    page=page,
    profile=profile,
    name="random",
    caption="The same with windows drawn at random to train and test.",
    alt="AUROC of network, k-mer counts and fitted networks on windows of DNA, split at random.",
)

# %% tags=["remove-input"]
every = genomic_real.scores_of("transfer", "ecoli/,yeast,gue/,enhancer/")
show.table(genomic_real.table_of(every), page=page, profile=profile, name="scores", caption="Every score.")

# %% [markdown]
# ## Layers and poolings

# %% tags=["remove-input"]
layers = genomic_real.read("transfer", "layers")
show.table(layers, page=page, profile=profile, name="layers", caption="Linear probe, five folds of the training side.")

# %% [markdown]
# ## Windows in two dimensions

# %% tags=["remove-input"]
placed = genomic_real.read("transfer", "map")
show.figure(
    genomic_real.window_map(placed, task="ecoli/coding", names=("intergenic", "coding")),
    placed,
    page=page,
    profile=profile,
    name="map",
    caption="Held-out windows of E. coli by the first two principal components of the network's vectors and of "
    "4-mer counts. Two components show little of what a probe uses: read its number above.",
    alt="Scatter plots of coding and intergenic windows by network vectors and by 4-mer counts.",
)
