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
# # Effects of changes, without any fit
#
# If a model has understood what a sequence is for, a harmful change should look unlikely to it: its log-likelihood
# ratio (LLR) of reference to change is high. No label is used. Every score stands beside baselines that know no
# model: the kind of base change, CpG, counts of short words. Three references are told more than the sequence, such
# as the reading frame or the genomes of other mammals; they show what there is to be known.
#
# Filled marks are calibrated: less the mean of the change's three-base context, so that easily made mutations do not
# pass for harmless ones. Hollow marks are raw.

# %% tags=["parameters"]
profile: str = "demo"  # which profile the book is built for
page: str = "glm-variants"  # name of this page

# %% tags=["remove-input"]
from genebench import genomic_real
from genebench import page as show

show.begin()
coding = genomic_real.scores_of("variants", "ecoli/,yeast/")
bacterial = coding[coding.task.str.startswith("ecoli/")]
show.figure(
    genomic_real.forest(bacterial, label="AUROC (0 to 1)", chance=0.5),
    bacterial,
    page=page,
    profile=profile,
    name="ecoli",
    caption="Single-base changes in held-out genes of E. coli by their effect on the protein, first named against "
    "second. Bars: 95 % intervals over genes.",
    alt="AUROC of models and baselines for nonsense, missense and synonymous changes in E. coli.",
)

# %% [markdown]
# A stop codon in the middle of a gene is the plainest harm there is. Missense against synonymous is where mutation
# bias and codon usage are strongest, and raw ratios can fall below chance.
#
# ## Yeast

# %% tags=["remove-input"]
fungal = coding[coding.task.str.startswith("yeast/")]
show.figure(
    genomic_real.forest(fungal, label="AUROC (0 to 1)", chance=0.5),
    fungal,
    page=page,
    profile=profile,
    name="yeast",
    caption="The same for held-out chromosomes of yeast. Bars: 95 % intervals over genes.",
    alt="AUROC of models and baselines for nonsense, missense and synonymous changes in yeast.",
)

# %% [markdown]
# ## Measured effects: BRCA1 {cite}`findlay2018` and resistance in tuberculosis
#
# No network of human DNA was trained here: those of other species stand in as controls, and must be expected to fail.
# The k-mer models counted human windows that share no word of 16 bases with the tested exons. Resistance is no loss
# of function: a resistant change must keep its protein working, so that constraint is no good guide to it.

# %% tags=["remove-input"]
measured = genomic_real.scores_of("variants", "brca1/")
show.figure(
    genomic_real.forest(measured, label="AUROC (0 to 1)", chance=0.5),
    measured,
    page=page,
    profile=profile,
    name="brca1",
    caption="Loss of function of BRCA1 in saturation genome editing, and ClinVar. Bars: 95 % intervals over 13 exons.",
    alt="AUROC of models and baselines for BRCA1 variants.",
)

# %% tags=["remove-input"]
resistant = genomic_real.scores_of("variants", "tb/")
show.figure(
    genomic_real.forest(resistant, label="AUROC (0 to 1)", chance=0.5),
    resistant,
    page=page,
    profile=profile,
    name="tb",
    caption="Substitutions that resistant M. tuberculosis isolates carry more often, against those that they do "
    "not, by drug. Bars: 95 % intervals over stretches of 30 bases.",
    alt="AUROC of models and baselines for resistance mutations of three drugs.",
)

# %% [markdown]
# ## Reporter assays {cite}`kircher2019`
#
# Size of the effect of every substitution in promoters and enhancers: rank correlation, mean over loci.

# %% tags=["remove-input"]
reporter = genomic_real.mpra_summary(genomic_real.scores_of("variants", "mpra/"))
show.figure(
    genomic_real.forest(reporter, label="Spearman correlation (−1 to 1)", chance=0),
    reporter,
    page=page,
    profile=profile,
    name="mpra",
    caption="Rank correlation of scores with the size of measured effects, mean over loci; loci that were "
    "measured several times count once. Bars: 95 % intervals over loci.",
    alt="Mean rank correlation of models and baselines over reporter elements.",
)

# %% tags=["remove-input"]
every = genomic_real.scores_of("variants", "ecoli/,yeast/,brca1/,tb/,mpra/")
show.table(genomic_real.table_of(every), page=page, profile=profile, name="scores", caption="Every score.")
