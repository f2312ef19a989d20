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
# # Genomic language models where the truth is known
#
# On a real genome nobody knows how strongly selection acts on each base. Here a computer evolved a
# family of four genomes under known selection: genes with preferred codons, binding motifs taken
# from JASPAR {cite}`rauluseviciute2024`, hairpins whose arms only have to pair, repeats without
# function, neutral DNA, and mutation with its CpG bias. A small network then read the genomes,
# without labels, and learnt to guess each base from its surroundings. Everything below is measured
# on a chromosome that it never saw.
#
# Beside it stand the best k-mer models, which only count short words, and the *oracle*, which knows
# the truth: no score can be expected to pass it. The same network is weaker on real genomes, where
# function is rarer and more varied.

# %% tags=["parameters"]
profile: str = "demo"  # which profile the book is built for
page: str = "glm-simulated"  # name of this page

# %% tags=["remove-input"]
from genebench.book import glm, glm_figures, glm_simulated, show

show.begin()
looks = glm.looks()
scores, logos, curve = [glm.read("simulated", n) for n in ("scores", "logos", "curve")]
show.values(glm_simulated.simulated_values(scores, logos, curve), page=page, profile=profile)
show.figure(
    glm_simulated.constraint(scores, looks),
    scores,
    page=page,
    profile=profile,
    name="constraint",
    caption="How well the log-likelihood ratio (LLR) of a substitution follows its true selection "
    "coefficient S on a held-out chromosome. Left: rank correlation within each class of region. "
    "Right: telling deleterious (S ≤ −2) from neutral (|S| < 0.5) substitutions. Hollow: the LLR "
    "as it is; filled: less its mean by kind of mutation, over neutral DNA. Bars: 95 % intervals "
    "over blocks of 2,000 bases. Dashed: chance. In hairpins many substitutions have the same S, "
    "which keeps every score without ties below 1.",
    alt="Dot plots of rank correlation by class of region and of AUROC, for the network, k-mer "
    "models and the oracle.",
)

# %% [markdown]
# Calibrated, the network's LLR follows S with a rank correlation of {{ glm_simulated_coding }} in
# coding sequence, {{ glm_simulated_motif }} in motifs and {{ glm_simulated_structure }} in
# hairpins, and tells deleterious from neutral substitutions with an AUROC of {{
# glm_simulated_deleterious }}, after {{ glm_simulated_minutes }} CPU minutes of training.
#
# ## Rare variants
#
# In a population, harmful variants stay rare. Variants with the lowest LLR should therefore be rare
# more often than common, as the field checks on real data. Frequency itself is mostly chance: even
# the oracle's odds are limited.

# %% tags=["remove-input"]
show.figure(
    glm_simulated.odds(glm.read("simulated", "odds"), looks),
    glm.read("simulated", "odds"),
    page=page,
    profile=profile,
    name="odds",
    caption="Odds that a variant is rare (at most 1 % of 200 simulated chromosomes) rather than "
    "common (5 % or more) among the variants of lowest calibrated LLR, over the odds among the "
    "rest. Bars: 95 % intervals.",
    alt="Odds ratios of rare to common variants in the lowest 1 to 40 per cent of LLR, for each "
    "model.",
)

# %% [markdown]
# ## Motifs
#
# What the network expects at each base of a planted motif, given only the bases around it, averaged
# over all copies. {{ glm_simulated_motifs }} motifs are recovered with a correlation of 0.8 or
# more.

# %% tags=["remove-input"]
show.figure(
    glm_simulated.motif_logos(logos, looks),
    logos,
    page=page,
    profile=profile,
    name="logos",
    caption="Planted motifs (rows): as planted, as the copies stand in the held-out genome, and "
    "as two models expect them from the surroundings alone. r: correlation with the planted "
    "matrix. Letters are as high as their information.",
    alt="Sequence logos of eight motifs, as planted and as models expect them.",
)

# %% [markdown]
# ## Pairs of bases that depend on each other
#
# The arms of a hairpin may hold any bases, as long as they pair. A model that understands this
# changes its mind about one base when its partner is substituted.

# %% tags=["remove-input"]
show.figure(
    glm_simulated.hairpin_maps(glm.read("simulated", "map"), looks),
    glm.read("simulated", "map"),
    page=page,
    profile=profile,
    name="map",
    caption="Dependency map of one held-out hairpin: how far a substitution (column) moves what "
    "the model expects at another base (row), less what row and column explain. Rings: the "
    "planted pairs.",
    alt="Heat maps of dependencies between the bases of a hairpin, with the planted pairs ringed.",
)

# %% [markdown]
# ## Classes of region
#
# Windows of 48 bases, placed by what the network computes inside (mean hidden state) and by their
# 4-mer counts. The linear probe in the table below says how well the classes can be told apart.

# %% tags=["remove-input"]
regions = glm.read("simulated", "regions")
show.figure(
    glm_figures.scatter(regions, looks, by="region", classes=looks.regions, axis="UMAP"),
    regions,
    page=page,
    profile=profile,
    name="regions",
    caption="Windows of one class of region each, in two dimensions (UMAP of 20 principal "
    "components). Distances between groups mean little; read the probe's accuracy instead.",
    alt="Scatter plots of windows coloured by class of region, from the network and from 4-mer "
    "counts.",
)

# %% [markdown]
# ## All numbers

# %% tags=["remove-input"]
show.table(
    glm_simulated.simulated_table(scores, logos, looks),
    page=page,
    profile=profile,
    name="summary",
    caption="Every score by model.",
)

# %% tags=["remove-input"]
show.table(
    glm_simulated.simulated_bits(glm.read("simulated", "bits"), looks),
    page=page,
    profile=profile,
    name="bits",
    caption="Bits a base on the held-out chromosome (lower is better), by kind of base; share: of "
    "all bases.",
)
