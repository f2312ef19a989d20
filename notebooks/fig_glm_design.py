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
# # Designed promoters, on several yardsticks
#
# Promoters of yeast {cite}`vaishnav2022` were designed by a small causal network and by a k-mer model, each told by a
# tag to make strong or weak ones, and by refining shuffled promoters with the two-sided network of the yeast genome.
# One number cannot judge them: a copy of a natural promoter would win on nearly all. So each set stands beside
# natural ones that no generator saw (dashed line), the ones it was fitted to, shuffled ones and random bases.

# %% tags=["parameters"]
profile: str = "demo"  # which profile the book is built for
page: str = "glm-design"  # name of this page

# %% tags=["remove-input"]
from genebench import genomic_real
from genebench import page as show

show.begin()
yardsticks = genomic_real.read("design", "yardsticks")
show.figure(
    genomic_real.yardsticks(yardsticks),
    yardsticks,
    page=page,
    profile=profile,
    name="yardsticks",
    caption="Every set of sequences on every yardstick. Distances: of mean counts from natural promoters, in "
    "standard deviations. Told apart: AUROC of a linear probe on 6-mers, 0.5 is indistinguishable. "
    "Diversity and novelty: least edits per base to another of the set, and to what the generators were "
    "fitted to. Expression: by a predictor fitted to other promoters. Bits: by the two-sided k-mer chain "
    "of the genome. Dashed: natural, held out.",
    alt="Dot plots of ten sets of sequences on eight yardsticks.",
)

# %% [markdown]
# The predictor of expression was fitted to random and evolved promoters alone. How far it is to be trusted:

# %% tags=["remove-input"]
predictor = genomic_real.read("design", "predictor")
show.table(predictor, page=page, profile=profile, name="predictor", caption="Rank correlation on natural promoters.")

# %% tags=["remove-input"]
show.table(yardsticks, page=page, profile=profile, name="all", caption="All numbers.")
