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
# # Zero-shot variant effect prediction
#
# If a model has understood what a sequence is for, a harmful change should look unlikely to it: its
# log-likelihood ratio (LLR), log P(alternative) − log P(reference), is far below 0. No label is
# used; the lower the LLR, the more harmful a change is taken to be. Every score stands beside rules
# that anyone can write down: the open reading frame that a new stop codon cuts, the number of new
# stop words, the kind of base change, CpG, the bases around, the place in the tested stretch; and
# beside counts of short words. Four references are given more than the sequence, and say so in
# brackets: the reading frame (twice), the protein, or the genomes of other mammals.
#
# A network before training gives the four bases equal probability at every place, so that all its
# LLRs are 0 and its AUROC is 0.5: chance is the untrained control. Where a score is drawn twice,
# hollow is raw and filled is calibrated: less the mean of the change's three-base context, so that
# easily made mutations do not pass for harmless ones.

# %% tags=["parameters"]
profile: str = "demo"  # which profile the book is built for
page: str = "glm-variants"  # name of this page

# %% tags=["remove-input"]
import pandas as pd
from IPython.display import display

from notebooks.lib import glm, glm_figures, show

show.begin()
looks, sets = glm.looks(), glm.read("variants", "sets")
every = glm.scores_of("variants", "ecoli/,yeast/,brca1/,tb/,mpra/", looks)
by_locus = every.task.str.startswith("mpra/")
matched = every.task.str.endswith("-matched")
reporter = glm.read("variants", "loci").assign(title="reporter assays, mean of the loci")
clusters = sets.set_index("task").clusters
quoted = [every[~by_locus], reporter.assign(split="zero-shot")]
values = glm.quotable(pd.concat(quoted, ignore_index=True), looks)
values |= {
    "ecoli_genes": str(clusters["ecoli/nonsense-vs-synonymous"]),
    "yeast_genes": str(clusters["yeast/nonsense-vs-synonymous"]),
    "loci": str(reporter.loci.max()),
}
show.values(values, page=page, profile=profile)
bacterial = every[every.task.str.startswith("ecoli/") & ~matched].reset_index(drop=True)
show.figure(
    glm_figures.forest(bacterial, looks, label="AUROC (0 to 1)", chance=0.5),
    bacterial,
    page=page,
    profile=profile,
    name="ecoli",
    caption="Single-base changes in held-out genes of E. coli by their effect on the protein, "
    "first named against second. Bars: 95 % intervals over genes." + glm_figures.HOLLOW,
    alt="AUROC of models and baselines for nonsense, missense and synonymous changes in E. coli. "
    + glm_figures.result(bacterial, looks),
)

# %% [markdown]
# A stop codon in the middle of a gene is the plainest harm there is, and a rule finds it. The score
# of a change is the length of the open reading frame, the longest of six, that its new stop codon
# cuts, and 0 where it makes none. The rule knows three words and nothing of *E. coli*; it tells
# stops from silent changes with an AUROC of {{ glm_variants_ecoli_nonsense_vs_synonymous_open_frame
# }}. To count new stop words on both strands is enough for {{
# glm_variants_ecoli_nonsense_vs_synonymous_stop_words }}; and who is told the frame needs no more
# than which base of the codon changes: {{ glm_variants_ecoli_nonsense_vs_synonymous_codon_position
# }}.
#
# The best score without frame or network: {{ glm_variants_ecoli_nonsense_vs_synonymous_other }}.
# The network of E. coli reaches {{ glm_variants_ecoli_nonsense_vs_synonymous_glm_ecoli }}; that of
# yeast, which has never seen a bacterium, {{ glm_variants_ecoli_nonsense_vs_synonymous_glm_yeast
# }}. Nobody told them what a codon is: they learnt more about stops than short words give away ({{
# glm_variants_ecoli_nonsense_vs_synonymous_markov_chain }} for the k-mer chain), and much of that
# is common to both genomes. To find stops, take the rule.
#
# Missense against synonymous is another matter: {{
# glm_variants_ecoli_missense_vs_synonymous_glm_ecoli }} raw and {{
# glm_variants_ecoli_missense_vs_synonymous_glm_ecoli_calibrated }} calibrated are below chance,
# while the position in the codon gives it away ({{
# glm_variants_ecoli_missense_vs_synonymous_codon_position }}), because silent changes are mostly in
# the third base. What a likelihood ratio sees there is mutation bias and codon usage, and
# calibration by context takes little of it away; a transversion is the better guess at harm ({{
# glm_variants_ecoli_missense_vs_synonymous_transversion }}). BLOSUM62 is 1 by construction: it is
# given which changes alter the protein, which is the question.
#
# ## Yeast

# %% tags=["remove-input"]
fungal = every[every.task.str.startswith("yeast/") & ~matched].reset_index(drop=True)
show.figure(
    glm_figures.forest(fungal, looks, label="AUROC (0 to 1)", chance=0.5),
    fungal,
    page=page,
    profile=profile,
    name="yeast",
    caption="The same for held-out chromosomes of yeast. Bars: 95 % intervals over genes."
    + glm_figures.HOLLOW,
    alt="AUROC of models and baselines for nonsense, missense and synonymous changes in yeast. "
    + glm_figures.result(fungal, looks),
)

# %% [markdown]
# In yeast its own network reaches {{ glm_variants_yeast_nonsense_vs_synonymous_glm_yeast }} and
# that of E. coli {{ glm_variants_yeast_nonsense_vs_synonymous_glm_ecoli }}, and the best score
# without frame or network is that of {{ glm_variants_yeast_nonsense_vs_synonymous_other }}.
# Missense against synonymous stays near chance: {{
# glm_variants_yeast_missense_vs_synonymous_glm_yeast_calibrated }} calibrated. Changes are of {{
# glm_variants_ecoli_genes }} genes of E. coli and {{ glm_variants_yeast_genes }} of yeast, drawn
# from the held-out ones to save time.
#
# ## What networks add to rules
#
# Where in its codon a base lies, and whether the change is a transition or a transversion, decide
# much of these comparisons before any model is asked. So here a change is compared only with
# changes at the same position of the codon and of the same kind: the AUROC is the mean over these
# groups, weighted by their pairs.

# %% tags=["remove-input"]
within = every[matched].reset_index(drop=True)
show.figure(
    glm_figures.forest(within, looks, label="AUROC (0 to 1)", chance=0.5),
    within,
    page=page,
    profile=profile,
    name="matched",
    caption="Nonsense and missense against synonymous changes, compared within position of the "
    "codon and kind of base change. Bars: 95 % intervals over genes." + glm_figures.HOLLOW,
    alt="AUROC within codon position and kind of change of models and rules, E. coli and yeast. "
    + glm_figures.result(within, looks),
)

# %% [markdown]
# Stops stay apart: the network of E. coli has {{
# glm_variants_ecoli_nonsense_vs_synonymous_matched_glm_ecoli }} in its own genome and that of yeast
# {{ glm_variants_yeast_nonsense_vs_synonymous_matched_glm_yeast }} in its own. (The set above
# has all pairs of a stop and a silent change; [choices in small](glm-questions) are compared as
# here, by networks trained for a minute, and score less.) So what they know of stop codons is more
# than which base of a codon is easily replaced, and less than the rule knows ({{
# glm_variants_ecoli_nonsense_vs_synonymous_matched_open_frame }} and {{
# glm_variants_yeast_nonsense_vs_synonymous_matched_open_frame }}). On missense they add nothing to
# the rules: {{ glm_variants_ecoli_missense_vs_synonymous_matched_glm_ecoli }} and {{
# glm_variants_yeast_missense_vs_synonymous_matched_glm_yeast }}. Position in the codon and
# transversion are 0.5 here by construction.
#
# ## Measured effects: BRCA1 and resistance in tuberculosis
#
# Every single-base change of 13 exons of BRCA1 was made in human cells and its effect measured
# {cite}`findlay2018`. No network of human DNA or of *M. tuberculosis* was trained here: those of
# other species stand in as controls, and must be expected to fail. The k-mer models are of the
# species itself: for BRCA1 they counted human windows that share no word of 16 bases with the
# tested exons, for *M. tuberculosis* its genome without 50 bases around each tested change.

# %% tags=["remove-input"]
measured = every[every.task.str.startswith("brca1/")].reset_index(drop=True)
show.figure(
    glm_figures.forest(measured, looks, label="AUROC (0 to 1)", chance=0.5),
    measured,
    page=page,
    profile=profile,
    name="brca1",
    caption="Loss of function of BRCA1 in saturation genome editing, and ClinVar. Bars: 95 % "
    "intervals over 13 exons." + glm_figures.HOLLOW,
    alt="AUROC of models and baselines for BRCA1 variants. " + glm_figures.result(measured, looks),
)

# %% [markdown]
# Over all changes of BRCA1, neither networks of other species nor k-mer models of human DNA tell
# lost function from kept function: raw, the network of E. coli reaches {{
# glm_variants_brca1_function_glm_ecoli }}, the k-mer chain {{
# glm_variants_brca1_function_markov_chain }}. Rules do a little better: new stop codons, weighed by
# the open frame that they cut, reach {{ glm_variants_brca1_function_open_frame }} over all changes
# and nearness to the middle of the tested stretch, which is the exon, {{
# glm_variants_brca1_function_noncoding_position }} around exons and in the 5′ UTR. With so many
# panels and scores, some interval clears chance by itself. That the harm can be known is shown by
# phyloP, which uses the genomes of other mammals: {{ glm_variants_brca1_function_phylop }}.
#
# A bacterium escapes rifampicin by changing the drug's target, which must go on working; it escapes
# isoniazid and pyrazinamide mostly by losing the enzyme that activates them, so that a measure of
# constraint could help there. None of these scores does it well. On isoniazid the k-mer model that
# sees both sides, calibrated, is the best with {{ glm_variants_tb_inh_markov_around_calibrated }},
# one interval above chance among many; on pyrazinamide the k-mer chain reaches {{
# glm_variants_tb_pza_markov_chain }} raw and {{ glm_variants_tb_pza_markov_chain_calibrated }}
# calibrated, the network of E. coli {{ glm_variants_tb_pza_glm_ecoli }} and {{
# glm_variants_tb_pza_glm_ecoli_calibrated }}, new stop codons {{ glm_variants_tb_pza_open_frame }}.
# Models that are below chance there follow base composition: the loss of G or C is below it too.

# %% tags=["remove-input"]
resistant = every[every.task.str.startswith("tb/")].reset_index(drop=True)
show.figure(
    glm_figures.forest(resistant, looks, label="AUROC (0 to 1)", chance=0.5),
    resistant,
    page=page,
    profile=profile,
    name="tb",
    caption="Substitutions that resistant M. tuberculosis isolates carry more often, against "
    "those that they do not, by drug. Bars: 95 % intervals over stretches of 30 bases."
    + glm_figures.HOLLOW,
    alt="AUROC of models and baselines for resistance mutations of three drugs. "
    + glm_figures.result(resistant, looks),
)

# %% [markdown]
# ## Reporter assays
#
# Size of the effect of every substitution in promoters and enhancers {cite}`kircher2019`: rank
# correlation, mean over {{ glm_variants_loci }} loci. Models of other genomes and k-mer models know
# nothing of it ({{ glm_variants_mpra_glm_ecoli_calibrated }} for the network of E. coli,
# calibrated). Whether a purine becomes a pyrimidine, or the reverse, says more ({{
# glm_variants_mpra_transversion }}), and so does how near the middle of the element the change lies
# ({{ glm_variants_mpra_position }}).

# %% tags=["remove-input"]
show.figure(
    glm_figures.forest(reporter, looks, label="Spearman correlation (−1 to 1)", chance=0),
    reporter,
    page=page,
    profile=profile,
    name="mpra",
    caption="Rank correlation of scores with the size of measured effects, mean over loci; loci "
    "that were measured several times count once. Bars: 95 % intervals over loci."
    + glm_figures.HOLLOW,
    alt="Mean rank correlation of models and baselines over reporter elements. "
    + glm_figures.result(reporter, looks),
)

# %% [markdown]
# ## Sets and scores

# %% tags=["remove-input"]
assays = sets.task.str.startswith("mpra/")
listed = sets[~assays].assign(set=sets.task.str.partition("/")[0])
listed["task"] = listed.task.map(looks.tasks).fillna(listed.task)
whole = sets[assays][["changes", "clusters"]].sum().to_frame().T
words = f"{assays.sum()} measurements of regulatory elements"
listed = pd.concat([listed, whole.assign(set="mpra", task=words)], ignore_index=True)
display(
    show.table(
        listed[["set", "task", "changes", "harmful", "clusters"]],
        page=page,
        profile=profile,
        name="sets",
        titles={"set": {"brca1": "BRCA1", "tb": "M. tuberculosis", "mpra": "reporter assays"}},
        words={"clusters": "independent regions"},
        caption="What was scored: changes, how many of them are harmful, and regions that are "
        "independent of each other.",
    ),
    show.table(
        glm.score_table(every, looks),
        page=page,
        profile=profile,
        name="scores",
        caption="Every score of every set, with its 95 % interval.",
    ),
)
