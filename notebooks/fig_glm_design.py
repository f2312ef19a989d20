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
import pandas as pd

from notebooks.lib import charts, glm, show

show.begin()
yardsticks, predictor = glm.read("design", "yardsticks"), glm.read("design", "predictor").iloc[0]
columns = {
    "gc": "G+C (share)",
    "kmers": "4-mers: distance",
    "motifs": "motif sites: distance",
    "discriminator": "discriminated (AUROC)",
    "diversity": "diversity (edits a base)",
    "novelty": "novelty (edits a base)",
    "activity": "predicted log expression",
    "bits": "bits a base",
}
by_set = yardsticks.set_index("set")[list(columns)]
cells = by_set.stack().map("{:.2f}".format)
values = pd.Series(cells.to_numpy(), [glm.slug(*key) for key in cells.index]).to_dict()
values |= {
    "predictor": f"{predictor.spearman:.2f}",
    "predictor_fitted": f"{predictor.n_train:,.0f}",
    "predictor_tested": f"{predictor.n_test:,.0f}",
}
show.values(values, page=page, profile=profile)

ends = yardsticks.rename(columns={"activity_low": "low", "activity_high": "high"})
long = ends.rename(columns=columns).melt(["set", "low", "high"], list(columns.values()), "panel")
bare = long.panel != columns["activity"]
looks = long["set"].map(glm.looks().designs)
long = long.assign(low=long.low.mask(bare), high=long.high.mask(bare), score=long["value"])
long = long.assign(row=looks.str["title"], ink=looks.str["color"], mark=looks.str["marker"])
show.figure(
    charts.dots(
        long,
        list(long.row.unique()),
        label="",
        panel="panel",
        chance=by_set.rename(columns=columns).loc["natural"].to_dict(),
        sharex=False,
        height=0.4,
    ),
    yardsticks,
    page=page,
    profile=profile,
    name="yardsticks",
    caption="Every set of sequences by every measure. Distances: of mean counts from natural "
    "promoters, in standard deviations. Discriminated: AUROC of a linear probe on 6-mers, 0.5 is "
    "indistinguishable. Diversity and novelty: least edits per base to another of the set, and to "
    "what the generators were fitted to. T: temperature of sampling; below 1 likely bases are "
    "taken more often. Expression: by a predictor fitted to other promoters. Bits: by the "
    "two-sided k-mer chain of the genome. Dashed: natural, not fitted to.",
    alt="Dot plots of ten sets of sequences by eight measures. Predicted expression: network "
    f"tagged strong {values['network_high_activity']}, random bases "
    f"{values['random_activity']}, natural promoters {values['natural_activity']}.",
)

# %% [markdown]
# The tag separates strong from weak, by the predictor: the network's promoters reach {{
# glm_design_network_high_activity }} when tagged strong and {{ glm_design_network_low_activity }}
# when tagged weak, the k-mer model's {{ glm_design_markov_high_activity }} and {{
# glm_design_markov_low_activity }}; natural ones are at {{ glm_design_natural_activity }} where no
# generator saw them, at {{ glm_design_training_activity }} where it did, and shuffled ones at {{
# glm_design_shuffled_activity }}: the network's weak promoters are no weaker than these. But
# random bases reach {{ glm_design_random_activity }} too: a high prediction alone is no mark of a
# promoter. Nor is likelihood: refining by the two-sided network gives the fewest bits a base ({{
# glm_design_refined_bits }}) by running into stretches of A and T (G+C {{ glm_design_refined_gc }},
# natural {{ glm_design_natural_gc }}). A linear probe on 6-mers tells the network's strong
# promoters from natural ones with an AUROC of {{ glm_design_network_high_discriminator }}, the
# k-mer model's with {{ glm_design_markov_high_discriminator }}, shuffled ones with {{
# glm_design_shuffled_discriminator }}, and the natural promoters that the generators were fitted
# to, which are of other families, with {{ glm_design_training_discriminator }}: so near is as near
# as can be asked for, and a shuffle is not far behind, for composition is most of what such a probe
# sees.  The network is small, and saw each promoter a few times only.
#
# The predictor of expression was fitted to {{ glm_design_predictor_fitted }} random and evolved
# promoters alone, never to native ones; on {{ glm_design_predictor_tested }} native ones that no
# generator saw its rank correlation with the measured expression is {{ glm_design_predictor }}. No
# design was measured: all values are computed, none measured.

# %% [markdown]
# ## All numbers

# %% tags=["remove-input", "full-width"]
show.table(
    yardsticks,
    page=page,
    profile=profile,
    name="all",
    titles={"set": {name: look["title"] for name, look in glm.looks().designs.items()}},
    words={
        **columns,
        "n": "sequences",
        "copies": "copies (share)",
        "activity_low": "expression, low",
        "activity_high": "expression, high",
    },
    phone=["set", "discriminator", "activity", "bits"],
    caption="All numbers; low and high: 95 % interval of the mean predicted expression.",
)
