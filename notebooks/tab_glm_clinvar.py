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
# # Who predicts human variants?
#
# Thirteen predictors on the same 1,000 variants of ClinVar, harmful (pathogenic) against benign.
# None of them was run here: the scores are published ones, of the sample that a benchmark's
# repository shows of its 242,132 variants, drawn so that rare consequences occur {cite}`vepeval`.
# What is computed here is how well each score tells the two classes apart, with intervals over
# genes, and above all *within* what a rule already knows.

# %% tags=["parameters"]
profile: str = "demo"  # which profile the book is built for
page: str = "glm-clinvar"  # name of this page

# %% tags=["remove-input"]
import pandas as pd

from notebooks.lib import glm, glm_figures, show

show.begin()
looks = glm.looks()
every = glm.scores_of("clinvar", "clinvar/", looks)
sets, tiers = glm.read("clinvar", "sets"), glm.read("clinvar", "tiers")
facts = glm.read("clinvar", "predictors").set_index("model")
short = every.assign(task=every.task.str.removeprefix("clinvar/"))
size = sets.assign(task=sets.task.str.removeprefix("clinvar/")).set_index("task")
counts = {glm.slug(t, "n"): f"{n:,}" for t, n in size.variants.items()}
counts |= {glm.slug(t, "harmful"): f"{n:,}" for t, n in size.pathogenic.items()}
counts |= {glm.slug(t, "genes"): f"{n:,}" for t, n in size.genes.items()}
counts |= {glm.slug("published", m): f"{a:.3f}" for m, a in facts.published.items()}
gaps = tiers.dropna(subset="difference")
gaps = gaps.assign(low=gaps.less_low, high=gaps.less_high)
words = gaps.difference.map("{:+.2f}".format) + " (" + glm.spans(gaps, 2) + ")"
keys = "less_" + gaps.task.str.removeprefix("clinvar/") + "_" + gaps.model
counts |= dict(zip(keys.str.replace("-", "_"), words.str.replace("-", "−")))
first = tiers[(tiers.tier == 1) & ~tiers.model.isin(["phylop"])]
first = first.groupby("task").model.agg(lambda names: "; ".join(map(looks.title, names)))
first.index = "first_" + first.index.str.removeprefix("clinvar/").str.replace("-", "_")
show.values(glm.quotable(short, looks) | counts | first.to_dict(), page=page, profile=profile)
order = ["all", "within-consequence", "within-position", "within-gene"]
whole = every[every.task.isin(["clinvar/" + t for t in order])]
place = whole.task.str.removeprefix("clinvar/").map(order.index)
whole = whole.iloc[place.argsort(kind="stable")].reset_index(drop=True)
show.figure(
    glm_figures.forest(whole, looks, label="AUROC (0 to 1)", chance=0.5),
    whole,
    page=page,
    profile=profile,
    name="strata",
    caption="Scores that every variant has: over all pairs of a pathogenic and a benign variant; "
    "only pairs of the same consequence; of the same consequence and third of phyloP; of the same "
    "gene. " + glm_figures.tested(whole) + "Bars: 95 % intervals over genes.",
    alt="AUROC of DNA predictors, phyloP and rules over all pairs and within strata. "
    + glm_figures.result(whole, looks),
)

# %% [markdown]
# **Most of what looks like a prediction is the kind of variant.** On the whole benchmark the
# repository gives Evo 2 with 40 billion weights an AUROC of {{ glm_clinvar_published_evo2_40b }}
# and GPN-Star {{ glm_clinvar_published_gpn_star }}, and to the mere share of pathogenic variants of
# each consequence {{ glm_clinvar_published_consequence_share }} (its figures, quoted). In the part
# at hand the classes are more even ({{ glm_clinvar_all_harmful }} of {{ glm_clinvar_all_n }} are
# pathogenic), and that rule falls to {{ glm_clinvar_all_consequence_share }}; Ensembl's order of
# severity, which has seen no label, reaches {{ glm_clinvar_all_severity }}, Evo 2 {{
# glm_clinvar_all_evo2_40b }} and GPN-Star {{ glm_clinvar_all_gpn_star }}.
#
# **A position's conservation alone is hard to beat.** phyloP, which scores the three changes of a
# base the same, has {{ glm_clinvar_all_phylop }} over all pairs and {{
# glm_clinvar_within_consequence_phylop }} within consequence. There GPN-Star, which reads the same
# alignment, is better: {{ glm_clinvar_less_within_consequence_gpn_star }} (all pairs of scores
# compared at once). Evo 2, which reads the human sequence alone, does not differ from it: {{
# glm_clinvar_less_within_consequence_evo2_40b }}; the Nucleotide Transformer is worse: {{
# glm_clinvar_less_within_consequence_nt_v3 }}.
#
# **Beyond consequence and conservation only GPN-Star adds significantly**: among variants of one
# consequence and one third of phyloP, GPN-Star has {{ glm_clinvar_within_position_gpn_star }}, Evo
# 2 {{ glm_clinvar_within_position_evo2_40b }}, and phyloP itself, of which thirds leave something,
# {{ glm_clinvar_within_position_phylop }}. Against that only GPN-Star is significantly better: {{
# glm_clinvar_less_within_position_gpn_star }}; Evo 2 is not: {{
# glm_clinvar_less_within_position_evo2_40b }}. Within a gene few pairs are left, and the intervals
# are too wide to tell the better scores apart.
#
# ## By consequence

# %% tags=["remove-input"]
order = ["missense", "stop-gained", "start-lost", "stop-lost", "splice-site", "synonymous"]
order += ["intronic", "5-utr", "3-utr", "rna-gene"]
rules = ["severity", "consequence-share"]
kinds = every.assign(kind=every.task.str.removeprefix("clinvar/"))
kinds = kinds[kinds.kind.isin(order) & ~kinds.model.isin(rules)]
kinds = kinds.sort_values("kind", key=lambda c: c.map(order.index), kind="stable")
residues = kinds[kinds.kind.isin(order[:3])].reset_index(drop=True)
show.figure(
    glm_figures.forest(residues, looks, label="AUROC (0 to 1)", chance=0.5),
    residues,
    page=page,
    profile=profile,
    name="residues",
    caption="Pathogenic against benign variants that models of proteins can score, one consequence "
    "a panel; only variants that all predictors score. "
    + glm_figures.tested(residues)
    + "Bars: 95 % intervals over genes.",
    alt="AUROC of thirteen predictors, phyloP and transversion for three kinds of variants. "
    + glm_figures.result(residues, looks),
)

# %% tags=["remove-input"]
others = kinds[kinds.kind.isin(order[3:])].reset_index(drop=True)
show.figure(
    glm_figures.forest(others, looks, label="AUROC (0 to 1)", chance=0.5),
    others,
    page=page,
    profile=profile,
    name="others",
    caption="The same for variants that only models of DNA score. "
    + glm_figures.tested(others)
    + "Bars: 95 % intervals over genes.",
    alt="AUROC of eight predictors, phyloP and transversion for seven kinds of variants. "
    + glm_figures.result(others, looks),
)

# %% [markdown]
# **Missense** ({{ glm_clinvar_missense_n }} variants that all thirteen score): AlphaMissense {{
# glm_clinvar_missense_alphamissense }}, which was tuned on frequencies; without them VESM++ {{
# glm_clinvar_missense_vesm }}, ESM-1b {{ glm_clinvar_missense_esm1b }}, GPN-Star {{
# glm_clinvar_missense_gpn_star }}, Evo 2 {{ glm_clinvar_missense_evo2_40b }}, phyloP {{
# glm_clinvar_missense_phylop }}. The first {term}`tier <Tier>` holds {{ glm_clinvar_first_missense
# }}.
#
# **Splice sites** ({{ glm_clinvar_splice_site_n }}): GPN-Star {{ glm_clinvar_splice_site_gpn_star
# }}; AlphaGenome, which was trained on splicing, {{ glm_clinvar_splice_site_alphagenome }}: nearly
# every change of these bases breaks the site, so that activity cannot say which break does harm.
# Where splicing is the question it is among the best: synonymous {{
# glm_clinvar_synonymous_alphagenome }}, intronic {{ glm_clinvar_intronic_alphagenome }}. On
# missense variants it knows nothing ({{ glm_clinvar_missense_alphagenome }}), as on [the page of
# constraint and activity](glm-activity).
#
# **Stops** ({{ glm_clinvar_stop_gained_n }}, pathogenic against benign ones, no other change among
# them): Evo 2 finds all of them unlikely and has {{ glm_clinvar_stop_gained_evo2_40b }};
# the best are GPN-Star {{ glm_clinvar_stop_gained_gpn_star }}
# and ESM-1b {{ glm_clinvar_stop_gained_esm1b }}. Models of proteins do not score stops: the
# repository gives a stop the worst score of any change from there on, so that theirs is a measure
# of what is cut off.
#
# **The 5′ UTR** ({{ glm_clinvar_5_utr_n }} variants) looks harder than the 3′ one, but the
# intervals overlap and each number is the best of many: {{ glm_clinvar_5_utr_evo2_40b }} by Evo 2,
# the best there, against {{ glm_clinvar_3_utr_phylop }} by phyloP. Of lost starts the best is {{
# glm_clinvar_start_lost_gpn_star }}, by GPN-Star.
#
# **DNABERT-2** is not significantly above chance but on synonymous variants ({{
# glm_clinvar_synonymous_dnabert_2 }}). That says nothing of the model: the log in the repository's
# own notebook reports that the weights of its attention and other layers were newly initialised
# when it was loaded, and an untrained network is what was measured.
#
# ## What each has seen

# %% tags=["remove-input", "full-width"]
seen = facts.reset_index()
seen = seen.assign(model=seen.model.map(looks.title), published=seen.published.round(3))
show.table(
    seen[["model", "reads", "trained", "labels", "frequencies", "scored", "own", "published"]],
    page=page,
    profile=profile,
    name="seen",
    caption="What the predictors read and were trained on; whether classified variants (labels) or "
    "what people carry (frequencies) had a part in it; how many of the variants at hand have a "
    "score; AUROC on these, computed here; and on all variants of the benchmark, as its repository "
    "gives it.",
    words={
        "trained": "trained on",
        "scored": "scored here",
        "own": "AUROC on these",
        "published": "AUROC on the whole benchmark (quoted)",
    },
)

# %% [markdown]
# Only AlphaMissense has seen frequencies in training, and frequency is a reason to call a variant
# benign. But no score here is independent of the labels: ClinVar's experts look at conservation and
# at predictors, and phyloP is among them. Scores of models of proteins exist for about a third of
# the variants, so that their AUROC over these (column "AUROC on these") must not be compared with
# that of others over all; the figures above compare on common variants only.
#
# ## Every score

# %% tags=["remove-input", "full-width"]
joined = every.merge(tiers, on=["task", "model"], how="left")
joined = joined.sort_values(["title", "score"], ascending=[True, False], kind="stable")
ends = joined[["less_low", "less_high"]].set_axis(["low", "high"], axis=1)
listed = pd.DataFrame(
    {
        "variants": joined.title,
        "score": joined.model.map(looks.title),
        "AUROC": joined.score.round(3),
        "95 % interval": glm.spans(joined),
        "tier": joined.tier,
        "ranks": joined.rank_low.astype(str) + " to " + joined.rank_high.astype(str),
        "less phyloP": joined.difference.round(3),
        "its 95 % interval": glm.spans(ends).where(joined.difference.notna(), "reference"),
        "n": joined.n,
        "genes": joined.genes,
    }
)
show.table(
    listed,
    page=page,
    profile=profile,
    name="scores",
    caption="Tiers, ranks and differences to phyloP hold for all pairs of scores of a set at once.",
)

# %% [markdown]
# ## Your own scores
#
# `genebench fetch clinvar_predictors` gets the table; its first columns are the variants (GRCh38).
# Score them by your model and run `genebench glm place scores.tsv`: a table with `chrom`, `pos`,
# `ref`, `alt` and `llr` (log P(alt) − log P(ref), low is harmful) or `score` (high is harmful). The
# card compares your scores with the published ones on the variants that you scored, in the sets
# above.
#
# ## What this does not say
#
# - The {{ glm_clinvar_all_n }} variants were drawn so that rare kinds are there at all: shares of
#   consequences and classes are not those of ClinVar, and AUROC over all pairs depends on them.
# - Genes are clusters of variants that share a transcript; {{ glm_clinvar_all_genes }} of them,
#   most with a single variant.
# - Which score of a predictor is taken was decided by the benchmark's authors, with the one
#   exception that the Nucleotide Transformer has the ratio before it was trained on functional
#   tracks.
