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
import numpy as np
import pandas as pd

from notebooks.lib import glm, glm_figures, show

show.begin()
looks, motifs = glm.looks(), glm.read(genome, "motifs")
motifs = motifs.assign(known=motifs.r > motifs.chance, found=1)
counts = motifs.groupby("model")[["found", "known"]].sum().stack()
values = pd.Series(counts.to_numpy(), [glm.slug(*key) for key in counts.index])
show.values(values.to_dict(), page=page, profile=profile)

letters = glm.read(genome, "motif_letters")
letters = letters[letters.model == model]
commonest = motifs[motifs.model == model].nlargest(8, "sites").set_index("motif")
near = commonest.match.str.split().str[-1] + ": r = " + commonest.r.map("{:.2f}".format)
near += ", by chance " + commonest.chance.map("{:.2f}".format)
titles = pd.DataFrame({"found": commonest.sites.map("{:,} sites".format), "match": near}).stack()
pale = np.where(commonest.known, 1, 0.3)
alphas = pd.DataFrame({"found": 1, "match": pale}, commonest.index).stack()
drawn = letters[letters.motif.isin(commonest.index)].set_index(["motif", "of"])
drawn = glm_figures.information(drawn.assign(title=titles, alpha=alphas)).loc[commonest.index]
show.figure(
    glm_figures.logos(
        drawn.reset_index(names=["row", "column"]).assign(name=""),
        {"found": "as the network expects it", "match": "nearest profile of JASPAR"},
        height=1.15,
        label="information, bits (0 to 2)",
        ylim=(0, 2),
        xticks=[],
    ),
    letters,
    page=page,
    profile=profile,
    name="found",
    caption="The commonest motifs in what the network expects upstream of held-out genes (left), "
    "and the nearest profile of JASPAR, laid on them (right); pale where it is not nearer than "
    "95 % of motifs with shuffled columns.",
    alt="Sequence logos of the motifs that the network expects, each beside the nearest known "
    f"binding profile; {commonest.known.sum()} of these {len(commonest)} are nearer to it than "
    "95 % of motifs with shuffled columns.",
)

# %% [markdown]
# In the network's expectation {{ glm_motifs_glm_yeast_found }} motifs recur, of which {{
# glm_motifs_glm_yeast_known }} are nearer to a known profile than chance brings; in that of the
# chain {{ glm_motifs_markov_chain_found }}, of which {{ glm_motifs_markov_chain_known }}. One in
# twenty would be so by chance. What leads both lists are runs of A and repeats of TA. The table
# says how far each match is above chance: a match that the chain has too, or that passes by a hair,
# is no evidence that a network of this size, with so small a genome to learn from, has found a
# binding site of its own.

# %% tags=["remove-input"]
listed = pd.DataFrame(
    {
        "model": motifs.model.map(looks.title),
        "motif": motifs.motif,
        "sites": motifs.sites,
        "nearest profile": motifs.match,
        "r": motifs.r,
        "r by chance": motifs.chance,
        "beyond chance": np.where(motifs.known, "yes", "no"),
        "consensus": motifs.consensus.str.findall(".{1,10}").str.join(" "),
    }
)
show.table(
    listed,
    page=page,
    profile=profile,
    name="motifs",
    phone=["model", "nearest profile", "r", "beyond chance"],
    caption="Every motif by model: places where it was found, the nearest profile with its "
    "correlation, what shuffled columns reach in one case of twenty, and its letters (n: none "
    "above one half).",
)
