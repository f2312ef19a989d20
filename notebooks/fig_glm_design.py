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
# # Evaluating designed promoters
#
# Promoters of yeast {cite}`vaishnav2022` were designed by a small causal network and by a k-mer
# model, each given a tag to make strong or weak ones, and by refining shuffled promoters with the
# two-sided network of the yeast genome. One number cannot judge them: a copy of a natural promoter
# would win on nearly all. So each set stands beside natural ones that no generator saw (dashed
# line), the ones it was fitted to, shuffled ones and random bases. Natural promoters come in
# families of near copies; each family is on one side only: fitted to, shown as the natural control,
# or compared with.

# %% tags=["parameters"]
profile: str = "demo"  # which profile the book is built for
page: str = "glm-design"  # name of this page

# %% tags=["remove-input"]
from genebench.book import glm, glm_figures, show

show.begin()
yardsticks, predictor = glm.read("design", "yardsticks"), glm.read("design", "predictor")
show.values(glm.design_values(yardsticks, predictor), page=page, profile=profile)
show.figure(
    glm_figures.yardsticks(yardsticks, glm.looks()),
    yardsticks,
    page=page,
    profile=profile,
    name="yardsticks",
    caption="Every set of sequences on every yardstick. Distances: of mean counts from natural "
    "promoters, in standard deviations. Discriminated: AUROC of a linear probe on 6-mers, 0.5 is "
    "indistinguishable. Diversity and novelty: least edits per base to another of the set, and to "
    "what the generators were fitted to. Expression: by a predictor fitted to other promoters. "
    "Bits: by the two-sided k-mer chain of the genome. Dashed: natural, not fitted to.",
    alt="Dot plots of ten sets of sequences on eight yardsticks.",
)

# %% [markdown]
# The tag separates strong from weak, by the predictor: the network's promoters reach {{
# glm_design_network_high_activity }} when tagged strong and {{ glm_design_network_low_activity }}
# when tagged weak, the k-mer model's {{ glm_design_markov_high_activity }} and {{
# glm_design_markov_low_activity }}; natural ones are at {{ glm_design_natural_activity }}. But
# random bases reach {{ glm_design_random_activity }} too: a high prediction alone is no mark of a
# promoter. Nor is likelihood: refining by the two-sided network gives the fewest bits a base ({{
# glm_design_refined_bits }}) by running into stretches of A and T (G+C {{ glm_design_refined_gc }},
# natural {{ glm_design_natural_gc }}). A linear probe on 6-mers tells the network's strong
# promoters from natural ones with an AUROC of {{ glm_design_network_high_discriminator }}, the
# k-mer model's with {{ glm_design_markov_high_discriminator }}, shuffled ones with {{
# glm_design_shuffled_discriminator }}, and the natural promoters that the generators were fitted
# to, which are of other families, with {{ glm_design_training_discriminator }}: so near is as near
# as can be asked for, and a shuffle is not far behind, for composition is most of what such a probe
# sees. The network is small and saw each promoter only about six times; with four times as many
# passes it knew them by heart.
#
# The predictor of expression was fitted to {{ glm_design_predictor_fitted }} random and evolved
# promoters alone, never to native ones; on {{ glm_design_predictor_tested }} native ones that no
# generator saw its rank correlation with the measured expression is {{ glm_design_predictor }}. No
# design was measured: all of this is arithmetic.

# %% [markdown]
# ## All numbers

# %% tags=["remove-input"]
show.table(yardsticks, page=page, profile=profile, name="all", caption="All numbers.")
