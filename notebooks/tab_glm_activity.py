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
# # Constraint against activity
#
# A variant can be judged in two ways: by *constraint*, how much evolution objects to a change there
# (phyloP from other mammals, likelihood ratios of language models), or by *activity*, how much the
# change alters what the sequence does. The review {cite}`benegas2024` asks where the two part. Here
# the activity is splicing, predicted by the published weights of SpliceAI {cite}`jaganathan2019`,
# OpenSpliceAI {cite}`chao2025` and Pangolin {cite}`zeng2022`; the truth is loss of function of
# BRCA1 in human cells {cite}`findlay2018`, consequence by consequence, and ClinVar's classes in
# nine genes.
#
# A *delta score* is the largest change of the probability of a splice site within 50 bases of the
# variant, 0 to 1. None of the predictors was trained on a variant, but all were told where genes
# are spliced. BRCA1, on chromosome 17, is among the genes that all three were trained on; of the
# nine genes below only CDKN2A (chromosome 9) and EGFR (chromosome 7) are not.

# %% tags=["parameters"]
profile: str = "demo"  # which profile the book is built for
page: str = "glm-activity"  # name of this page

# %% tags=["remove-input"]
from IPython.display import display

from notebooks.lib import glm, glm_figures, show

show.begin()
looks = glm.looks()
every = glm.scores_of("activity", "activity/", looks)
short = every.assign(task=every.task.str.removeprefix("activity/"))
sets, contrasts = glm.read("activity", "sets"), glm.read("activity", "contrasts")
checked = glm.read("activity", "agreement")
marks = "populations/dnase,populations/h3k27ac"
chromatin = glm.scores_of("populations", marks, looks, table="means")
alleles = glm.read("populations", "sets").set_index("task").changes
size = sets.assign(task=sets.task.str.removeprefix("activity/")).set_index("task")
counts = {glm.slug(t, "n"): f"{n:,}" for t, n in size.changes.items()}
counts |= {glm.slug(t, "harmful"): f"{int(n):,}" for t, n in size.harmful.items()}
counts |= {glm.slug(t, "clusters"): f"{n:,}" for t, n in size.clusters.items()}
apart = contrasts.assign(task=contrasts.task.str.removeprefix("activity/"))
words = apart.difference.map("{:+.2f}".format) + " (" + glm.spans(apart, 2) + ")"
words = words.str.replace("-", "−")
keys = apart.task + "_" + apart.activity + "_minus_" + apart.constraint
counts |= dict(zip(keys.str.replace("-", "_"), words))
pairs = chromatin.assign(task=chromatin.task.str.removeprefix("populations/"))
counts |= glm.quotable(pairs, looks)
counts |= {"dnase_n": f"{alleles['populations/dnase']:,}"}
counts |= {"h3k27ac_n": f"{alleles['populations/h3k27ac']:,}"}
exact = checked.computed.round(2) == checked.published
counts |= {
    "checked": str(len(checked)),
    "same_score": str(exact.sum()),
    "same_place": str((checked.position == checked.published_position).sum()),
    "checked_variants": str(checked.variant.nunique()),
    "largest": f"{checked.published.max():.2f}",
}
show.values(glm.quotable(short, looks) | counts, page=page, profile=profile)
shown = ["spliceai", "openspliceai", "pangolin", "phylop", "alphamissense", "blosum62"]
shown += ["exon-distance", "glm-ecoli-calibrated", "glm-yeast-calibrated", "transversion"]
order = ["all", "splice", "splice-region", "intronic", "synonymous", "nonsense"]
order += ["missense"]
measured = every[every.model.isin(shown) & every.task.str.contains("/brca1-")]
place = measured.task.str.removeprefix("activity/brca1-").map(order.index)
measured = measured.iloc[place.argsort(kind="stable")].reset_index(drop=True)
show.figure(
    glm_figures.forest(measured, looks, label="AUROC (0 to 1)", chance=0.5),
    measured,
    page=page,
    profile=profile,
    name="brca1",
    caption="Variants of BRCA1 that lost function against those that kept it, by consequence. "
    "Networks of DNA: calibrated by context. Bars: 95 % intervals over 13 exons.",
    alt="AUROC of predictors of splicing, measures of constraint and rules, by consequence. "
    + glm_figures.result(measured, looks),
)

# %% [markdown]
# **Around exons** (canonical sites, splice regions and introns; {{ glm_activity_brca1_splice_n }}
# variants, {{ glm_activity_brca1_splice_harmful }} of which lost function) activity sees more:
# SpliceAI reaches {{ glm_activity_brca1_splice_spliceai }}, phyloP {{
# glm_activity_brca1_splice_phylop }}, a difference of {{
# glm_activity_brca1_splice_spliceai_minus_phylop }}. But a rule that only counts the bases to the
# nearest end of an exon reaches {{ glm_activity_brca1_splice_exon_distance }}.
#
# OpenSpliceAI ({{ glm_activity_brca1_splice_openspliceai }}) and Pangolin ({{
# glm_activity_brca1_splice_pangolin }}) reach as much.
#
# **In the splice region** alone, where that rule knows little ({{
# glm_activity_brca1_splice_region_exon_distance }}), the difference is larger: SpliceAI {{
# glm_activity_brca1_splice_region_spliceai }}, phyloP {{ glm_activity_brca1_splice_region_phylop
# }}, difference {{ glm_activity_brca1_splice_region_spliceai_minus_phylop }}.
#
# **Intronic and synonymous** variants rarely lose function ({{ glm_activity_brca1_intronic_harmful
# }} of {{ glm_activity_brca1_intronic_n }} and {{ glm_activity_brca1_synonymous_harmful }} of {{
# glm_activity_brca1_synonymous_n }}). The protein cannot explain those that do; SpliceAI finds them
# with {{ glm_activity_brca1_intronic_spliceai }} and {{ glm_activity_brca1_synonymous_spliceai }},
# phyloP with {{ glm_activity_brca1_intronic_phylop }} and {{ glm_activity_brca1_synonymous_phylop
# }}; with so few of them the intervals are wide.
#
# **Missense** variants break the protein, and constraint sees more of it: phyloP {{
# glm_activity_brca1_missense_phylop }}, SpliceAI {{ glm_activity_brca1_missense_spliceai }}, whose
# interval holds chance; difference {{ glm_activity_brca1_missense_spliceai_minus_phylop }}.
#
# **Stops against synonymous** (measured in BRCA1: stops that lost function against synonymous
# changes that kept it; the stops of [the page of variants](glm-variants) are of *E. coli* and
# yeast, and were not measured): whether a base is conserved says {{
# glm_activity_brca1_nonsense_phylop }}, splicing {{ glm_activity_brca1_nonsense_spliceai }}.
# BLOSUM62 is told which changes are stops.
#
# **The 5′ untranslated region** cannot be judged: none of the variants measured there lost
# function. Of the changes of the canonical bases and of the stops nearly all did, so that they have
# no panel of their own.
#
# The networks of other species' DNA stay near chance, as on [the page of variants](glm-variants).
# That of *E. coli* clears it on the few intronic variants ({{
# glm_activity_brca1_intronic_glm_ecoli_calibrated }}) and on stops: with so many panels and scores
# some interval does.
#
# ## ClinVar's variants of nine genes

# %% tags=["remove-input"]
clinical = every[every.model.isin(shown) & every.task.str.contains("clinvar-missense")]
clinical = clinical[~clinical.task.str.contains("exons")]
order = ["", "-within", "-brca1", "-brca2", "-tp53"]
place = clinical.task.str.removeprefix("activity/clinvar-missense").map(order.index)
clinical = clinical.iloc[place.argsort(kind="stable")].reset_index(drop=True)
show.figure(
    glm_figures.forest(clinical, looks, label="AUROC (0 to 1)", chance=0.5),
    clinical,
    page=page,
    profile=profile,
    name="clinvar",
    caption="Pathogenic against benign missense variants of ClinVar in BRCA1, BRCA2, CDKN2A, EGFR, "
    "KRAS, PALB2, SMAD4, STK11 and TP53: over all pairs, over pairs of one gene, and gene by gene "
    "where there are at least ten of each class. Bars: 95 % intervals over the nine genes; of one "
    "gene over its exons.",
    alt="AUROC of predictors of splicing, AlphaMissense and rules on missense variants of ClinVar. "
    + glm_figures.result(clinical, looks),
)

# %% [markdown]
# On {{ glm_activity_clinvar_missense_n }} missense variants of ClinVar ({{
# glm_activity_clinvar_missense_harmful }} pathogenic) constraint of the protein decides:
# AlphaMissense {cite}`cheng2023` reaches {{ glm_activity_clinvar_missense_alphamissense }},
# SpliceAI {{ glm_activity_clinvar_missense_spliceai }}, OpenSpliceAI {{
# glm_activity_clinvar_missense_openspliceai }}, Pangolin {{ glm_activity_clinvar_missense_pangolin
# }}; SpliceAI's difference to AlphaMissense is {{
# glm_activity_clinvar_missense_spliceai_minus_alphamissense }}.
#
# **What the predictors of splicing find is where the variants lie.** Within BRCA1 they have {{
# glm_activity_clinvar_missense_brca1_spliceai }}, {{
# glm_activity_clinvar_missense_brca1_openspliceai }} and {{
# glm_activity_clinvar_missense_brca1_pangolin }}, within BRCA2 {{
# glm_activity_clinvar_missense_brca2_spliceai }}, {{
# glm_activity_clinvar_missense_brca2_openspliceai }} and {{
# glm_activity_clinvar_missense_brca2_pangolin }}. But the bases to the nearest end of an exon reach
# {{ glm_activity_clinvar_missense_brca1_exon_distance }} and {{
# glm_activity_clinvar_missense_brca2_exon_distance }}: in both genes many benign variants, and no
# pathogenic one, lie in one very long exon. In TP53, which has none, nothing is left of it:
# SpliceAI {{ glm_activity_clinvar_missense_tp53_spliceai }}, OpenSpliceAI {{
# glm_activity_clinvar_missense_tp53_openspliceai }}, Pangolin {{
# glm_activity_clinvar_missense_tp53_pangolin }}, the rule {{
# glm_activity_clinvar_missense_tp53_exon_distance }}. Over pairs of one gene the mean is SpliceAI
# {{ glm_activity_clinvar_missense_within_spliceai }}: with so few genes, of which three have nearly
# all pairs, the interval is as wide as that. The other six genes have fewer than ten variants of a
# class, and no panel.
#
# ## ClinVar by consequence

# %% tags=["remove-input"]
kinds = ["exons-all", "exons-splice", "exons-splice-region", "missense-exons"]
mixed = every.assign(kind=every.task.str.removeprefix("activity/clinvar-"))
mixed = mixed[mixed.kind.isin(kinds) & mixed.model.isin(shown)]
mixed = mixed.sort_values("kind", key=lambda c: c.map(kinds.index), kind="stable")
mixed = mixed.reset_index(drop=True)
show.figure(
    glm_figures.forest(mixed, looks, label="AUROC (0 to 1)", chance=0.5),
    mixed,
    page=page,
    profile=profile,
    name="kinds",
    caption="Pathogenic against benign variants of ClinVar in and around 13 exons of BRCA1 by "
    "consequence, where there are ten of each class. Around exons: canonical sites, splice regions "
    "and introns. Bars: 95 % intervals over exons.",
    alt="AUROC of predictors of splicing, phyloP and rules by consequence.",
)

# %% [markdown]
# **Around exons of BRCA1** ({{ glm_activity_clinvar_exons_splice_n }} variants that ClinVar had
# classified in 2018, {{ glm_activity_clinvar_exons_splice_harmful }} of them as pathogenic) all
# three predictors do better than conservation: SpliceAI {{
# glm_activity_clinvar_exons_splice_spliceai }}, OpenSpliceAI {{
# glm_activity_clinvar_exons_splice_openspliceai }}, Pangolin {{
# glm_activity_clinvar_exons_splice_pangolin }}, phyloP {{ glm_activity_clinvar_exons_splice_phylop
# }}; less phyloP, {{ glm_activity_clinvar_exons_splice_spliceai_minus_phylop }}, {{
# glm_activity_clinvar_exons_splice_openspliceai_minus_phylop }} and {{
# glm_activity_clinvar_exons_splice_pangolin_minus_phylop }}. The canonical bases are all pathogenic
# there and the introns all benign, which the distance to the exon tells as well ({{
# glm_activity_clinvar_exons_splice_exon_distance }}), and such rules are among those by which
# variants are classified. In the splice region, where distance knows nothing ({{
# glm_activity_clinvar_exons_splice_region_exon_distance }}), SpliceAI has {{
# glm_activity_clinvar_exons_splice_region_spliceai }}, OpenSpliceAI {{
# glm_activity_clinvar_exons_splice_region_openspliceai }}, Pangolin {{
# glm_activity_clinvar_exons_splice_region_pangolin }}, phyloP {{
# glm_activity_clinvar_exons_splice_region_phylop }}; but these are only {{
# glm_activity_clinvar_exons_splice_region_n }} variants of {{
# glm_activity_clinvar_exons_splice_region_clusters }} exons.
#
# Over all consequences, stops and synonymous changes among them, phyloP has {{
# glm_activity_clinvar_exons_all_phylop }}, and no predictor of splicing more: SpliceAI {{
# glm_activity_clinvar_exons_all_spliceai }}, OpenSpliceAI {{
# glm_activity_clinvar_exons_all_openspliceai }}, Pangolin {{
# glm_activity_clinvar_exons_all_pangolin }}.
#
# **Missense variants of the same 13 exons**, of the set of nine genes ({{
# glm_activity_clinvar_missense_exons_n }}; that of 2018 has fewer), where a phyloP is at hand and
# the long exon is not among them: AlphaMissense {{
# glm_activity_clinvar_missense_exons_alphamissense }}, phyloP {{
# glm_activity_clinvar_missense_exons_phylop }}, OpenSpliceAI {{
# glm_activity_clinvar_missense_exons_openspliceai }}, SpliceAI {{
# glm_activity_clinvar_missense_exons_spliceai }}, Pangolin {{
# glm_activity_clinvar_missense_exons_pangolin }}. Less phyloP, SpliceAI has {{
# glm_activity_clinvar_missense_exons_spliceai_minus_phylop }}; no interval of such a difference
# excludes 0.
#
# **What cannot be judged** is in the table below: untranslated regions have one classified variant
# or a few, introns no pathogenic and stops no benign one; in the sample of all consequences so few
# variants lie in the nine genes that no consequence has ten of each class. Published scores of
# other predictors by consequence, over many genes, are on [the page of
# predictors](glm-clinvar); no table at hand has CADD.

# %% tags=["remove-input"]
named = contrasts.assign(
    task=contrasts.task.map(looks.tasks),
    activity=contrasts.activity.map(looks.title),
    constraint=contrasts.constraint.map(looks.title),
)
display(
    show.table(
        glm.read("activity", "consequences"),
        page=page,
        profile=profile,
        name="consequences",
        caption="Variants at hand by source and consequence. Measured: BRCA1, lost function or "
        "kept it; missense: ClinVar in nine genes; exons: ClinVar of 2018 in 13 exons of BRCA1; "
        "any: a sample of ClinVar of all consequences, in the nine genes.",
        words={"harmful": "pathogenic, or lost function"},
        phone=["set", "consequence", "variants", "harmful"],
    ),
    show.table(
        named,
        page=page,
        profile=profile,
        name="contrasts",
        caption="AUROC of a predictor of splicing minus that of a measure of constraint on the "
        "same variants, with 95 % intervals over exons or genes.",
    ),
)

# %% tags=["remove-input"]
show.table(
    glm.score_table(every, looks), page=page, profile=profile, name="scores", caption="Every score."
)

# %% [markdown]
# ## Which allele opens chromatin?
#
# Splicing has strong rules. A harder test of activity has none: of variants that go with more or
# less open chromatin (DNase; {{ glm_activity_dnase_n }} of them) or H3K27ac ({{
# glm_activity_h3k27ac_n }}) in human blood cells, which of the two alleles is the open one, given
# 50 bases to each side? The pairs are from {cite}`shen2020`.

# %% tags=["remove-input"]
show.figure(
    glm_figures.forest(chromatin, looks, label="share of pairs (0 to 1)", chance=0.5),
    chromatin,
    page=page,
    profile=profile,
    name="chromatin",
    caption="Share of pairs of alleles in which a score prefers the one with the higher signal. "
    "Bars: 95 % intervals over chromosomes.",
    alt="Share of pairs told right by simple rules, near one half. "
    + glm_figures.result(chromatin, looks),
)

# %% [markdown]
# For open chromatin no rule of one line helps much: G or C rather than A or T has {{
# glm_activity_dnase_gc_loss }}, more CpG {{ glm_activity_dnase_cpg }}, the reference allele {{
# glm_activity_dnase_reference_allele }}. For H3K27ac the first two do not help either ({{
# glm_activity_h3k27ac_gc_loss }}, {{ glm_activity_h3k27ac_cpg }}), but the reference allele has {{
# glm_activity_h3k27ac_reference_allele }}: the *other* allele is more often the one with the higher
# signal, which says more of how these QTLs were found than of DNA. A model that prefers what the
# reference genome has, as those that were trained on it do, is held back by that; so compare it
# among variants of one direction. The small networks of other genomes are at chance or next to it:
# that of *E. coli* has {{ glm_activity_dnase_glm_ecoli }} and {{ glm_activity_h3k27ac_glm_ecoli }},
# that of yeast {{ glm_activity_dnase_glm_yeast }} and {{ glm_activity_h3k27ac_glm_yeast }}.

# %% [markdown]
# ## Is it the same SpliceAI?
#
# The networks are read from the arrays of the published files and computed here without TensorFlow.
# With all five, {{ glm_activity_same_score }} of {{ glm_activity_checked }} delta scores of {{
# glm_activity_checked_variants }} variants (four a variant, two variants in windows of two sizes)
# are those that SpliceAI's authors expect in the tests of their own code (up to {{
# glm_activity_largest }}, to the two digits that they give; most of them are near 0), and {{
# glm_activity_same_place }} of {{ glm_activity_checked }} lie at the same base.
#
# What was not checked: the examples in SpliceAI's README (their sequences are not at hand);
# OpenSpliceAI, of whose five networks one is at hand; Pangolin, whose one published output for
# BRCA1, of an earlier release, has the same places and other sizes. In the figures one of
# SpliceAI's five networks was run, and one of Pangolin's three for each tissue. On the measured
# variants of BRCA1, OpenSpliceAI and Pangolin were run around exons alone; on those of ClinVar all
# three were run on all.

# %% tags=["remove-input"]
show.table(
    checked.drop(columns="source"),
    page=page,
    profile=profile,
    name="agreement",
    words={"published_position": "published position", "distance": "bases to each side"},
    phone=["variant", "change", "published", "computed"],
    caption="Delta scores that SpliceAI's authors expect, and ours.",
)
