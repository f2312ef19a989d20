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
# # Motifs that a small model of yeast expects
#
# If a network has understood how genes are switched on, what it expects upstream of them should
# hold the sites that proteins bind. No binding was ever shown to it. Its expectation at each base
# of the 400 before held-out genes, given all other bases, is searched for what recurs by TF-MoDISco
# {cite}`shrikumar2018`; each motif is compared with the binding profiles of yeast in JASPAR
# {cite}`rauluseviciute2024`. Among so many profiles one is always near: *by chance* is what the
# motif with its columns shuffled reaches in one case of twenty. The same search in a chain of
# 8-mers, which only counts words, is the control.

# %% tags=["parameters"]
profile: str = "demo"  # which profile the book is built for
page: str = "glm-motifs"  # name of this page
genome: str = "yeast"  # which genome of data/glm_genomes.yml
model: str = "glm-yeast"  # whose motifs are drawn

# %% tags=["remove-input"]
from genebench.book import glm, glm_simulated, show

show.begin()
motifs, letters = glm.read(genome, "motifs"), glm.read(genome, "motif_letters")
show.values(glm_simulated.motif_values(motifs), page=page, profile=profile)
show.figure(
    glm_simulated.expected_motifs(motifs[motifs.model == model], letters[letters.model == model]),
    letters[letters.model == model],
    page=page,
    profile=profile,
    name="found",
    caption="The commonest motifs in what the network expects upstream of held-out genes (left), "
    "and the nearest profile of JASPAR, laid on them (right); pale where shuffled columns come as "
    "near in one case of twenty.",
    alt="Sequence logos of the motifs that the network expects, each beside the nearest known "
    "binding profile.",
)

# %% [markdown]
# In the network's expectation {{ glm_motifs_glm_yeast_found }} motifs recur, of which {{
# glm_motifs_glm_yeast_known }} are nearer to a known profile than chance brings; in that of the
# chain {{ glm_motifs_markov_chain_found }}, of which {{ glm_motifs_markov_chain_known }}. One in
# twenty would be so by chance. What leads both lists are runs of A and repeats of TA: there is no
# sign that a network of this size, with so small a genome to learn from, has found a binding site
# of its own.

# %% tags=["remove-input"]
show.table(
    glm_simulated.motif_table(motifs, glm.looks()),
    page=page,
    profile=profile,
    name="motifs",
    caption="Every motif by model: places where it was found, the nearest profile with its "
    "correlation, what shuffled columns reach in one case of twenty, and its letters (n: none "
    "above one half).",
)
