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
# # Frequency against score
#
# Selection removes harmful changes, so what few people carry should be what a model finds
# unexpected: the review {cite}`benegas2024` draws the frequency of variants over their likelihood
# ratio (LLR) as a test without labels (its Figure 2b). Here it is drawn for simulated genomes,
# where the truth is known, and for real ones: BRCA1 and the human mitochondrial genome in people,
# and regions of resistance in isolates of *M. tuberculosis*.
#
# Frequency says more about mutation than about harm. Transitions arise more often than
# transversions, and in CpG most of all, so that a rule that knows the kind of change alone
# "predicts" what is carried. Wherever it is not said otherwise, changes are therefore compared only
# with those of the same kind: the same two bases, inside or outside of CpG.

# %% tags=["parameters"]
profile: str = "demo"  # which profile the book is built for
page: str = "glm-populations"  # name of this page

# %% tags=["remove-input"]
import pandas as pd

from notebooks.lib import charts, figures, glm, glm_figures, show

show.begin()
looks = glm.looks()
every = glm.scores_of("populations", "populations/", looks, table="means")
sets = glm.read("populations", "sets")
size = sets.assign(task=sets.task.str.removeprefix("populations/")).set_index("task")
counts = {glm.slug(t, "n"): f"{n:,}" for t, n in size.changes.items()}
counts |= {glm.slug(t, "harmful"): f"{int(n):,}" for t, n in size.harmful.dropna().items()}
short = every.assign(task=every.task.str.removeprefix("populations/"))
gains, bits = glm.read("populations", "gains"), glm.read("populations", "bits")
moved = gains.difference.map("{:+.2f}".format) + " (" + glm.spans(gains, 2) + ")"
moved = moved.str.replace("-", "−")
pairs = gains.task.str.removeprefix("populations/") + "_" + gains.model + "_less_" + gains.less
counts |= dict(zip(pairs.str.replace("-", "_"), moved))
keys = "bits_" + bits.model.str.replace("-", "_")
counts |= dict(zip(keys, bits.bits.map("{:.2f}".format)))
real = glm.read("populations", "odds")
simulated = glm.read("simulated", "odds")
simulated = simulated[simulated.model.isin(["glm-simulated", "oracle"])]
simulated = simulated.assign(set="simulated, rare against common")
words = {"brca1": "BRCA1", "tb": "M. tuberculosis", "mtdna": "human mitochondrion"}
real = real.assign(set=real.set.map(words) + ", " + real.against + " against common")
real = real[~real.model.isin(["glm-others", "glm-others-mtdna-seen"])]
odds = pd.concat([simulated, real], ignore_index=True)
known = odds[odds.lowest == 0.05].set_index(["set", "model"])
spans = known.odds_ratio.map("{:.1f}".format) + " (" + glm.spans(known, 1) + ")"
keys = known.index.map(lambda key: glm.slug("odds", *key)).str.replace("[ ,]+", "_", regex=True)
keys = keys.str.replace(".", "")
show.values(
    glm.quotable(short, looks) | counts | dict(zip(keys, spans)), page=page, profile=profile
)
shares = "lowest " + odds.lowest.map("{:.0%}".format)
drawn = odds.assign(row=shares, score=odds.odds_ratio, panel=odds.set)
drawn = drawn.assign(panel=pd.Categorical(drawn.panel, odds.set.unique()))
figure = charts.dots(
    drawn.assign(model=drawn.model.map(looks.title)),
    list(shares.unique()),
    label="odds ratio (log scale)",
    panel="panel",
    by="model",
    looks=looks.markers(odds.model.unique()),
    chance=1,
    height=0.6,
)
figure.axes[0].set_xscale("log")
figures.plain_ticks(figure.axes[0].xaxis)
show.figure(
    figure,
    odds,
    page=page,
    profile=profile,
    name="odds",
    caption="Odds that a change is unseen, or rare, rather than common, among the changes of "
    "lowest LLR over the odds among the rest. LLR of models: less the mean of the three-base "
    "context; phyloP: minus the conservation. Common: carried by more than 1 in 100,000 (BRCA1) "
    "or 1 in 1,000 (others; 5 % in the simulation). Bars: 95 % intervals of counts (Woolf), as if "
    "changes of one gene were independent.",
    alt="Odds ratios of unseen or rare to common changes among the lowest 1 to 40 per cent of LLR. "
    + figures.leaders(
        known.reset_index().assign(row=lambda k: k.model.map(looks.title)),
        "set",
        score="odds_ratio",
        word="Highest of the lowest 5 %",
    ),
)

# %% [markdown]
# In the simulation the odds that a variant is rare rather than common are {{
# glm_populations_odds_simulated_rare_against_common_glm_simulated }} times as high among the
# network's least expected 5 % as among the rest (a ratio of odds, not of shares); for the oracle,
# which knows how harmful each is, {{ glm_populations_odds_simulated_rare_against_common_oracle }}
# times. In people's mitochondria conservation shows the same: odds ratios of {{
# glm_populations_odds_human_mitochondrion_rare_against_common_phylop }} for rare and {{
# glm_populations_odds_human_mitochondrion_unseen_against_common_phylop }} for unseen changes. Of
# the networks at hand that of yeast shows a little of it ({{
# glm_populations_odds_human_mitochondrion_rare_against_common_glm_yeast }} and {{
# glm_populations_odds_human_mitochondrion_unseen_against_common_glm_yeast }}), and the one trained
# on the mitochondrion itself nothing for rare and the opposite for unseen changes ({{
# glm_populations_odds_human_mitochondrion_rare_against_common_glm_mtdna }} and {{
# glm_populations_odds_human_mitochondrion_unseen_against_common_glm_mtdna }}), as does one trained
# on it and on other genomes ({{
# glm_populations_odds_human_mitochondrion_rare_against_common_glm_others_mtdna }} and {{
# glm_populations_odds_human_mitochondrion_unseen_against_common_glm_others_mtdna }}). BRCA1 has few
# carried changes, nearly all of them very rare, so that its intervals are wide.

# %% [markdown]
# ## The human mitochondrial genome
#
# A genome that a model can read whole: all three changes of each base, those that some of 56,434
# people carry in all their mitochondria (gnomAD; collected by {cite}`lake2024`), confirmed
# pathogenic ones (MITOMAP) and those classified in ClinVar. Four kinds of small networks differ in
# what they were trained on alone, each from three seeds:
#
# - *the mitochondrion*: half of its blocks of about a thousand bases, to score the other half;
# - *other genomes*: as many bases of *E. coli*, of *M. tuberculosis*, of yeast's nucleus and of
#   yeast's mitochondrion;
# - *both*: these and the half that is not scored, which is read as often as alone;
# - *both, scored half too*: these and the whole genome, so that nothing it scores is new to it.
#
# They were trained for less than a CPU minute on purpose: a network knows so little sequence by
# heart soon after, and no other mitochondrial genome of an animal was at hand. A k-mer model of
# each half and the larger networks of *E. coli* and of yeast (without its mitochondrion) stand
# beside.

# %% tags=["remove-input"]
order = ["unseen", "transitions", "kinds", "rare", "confirmed", "confirmed-trna", "clinvar"]
human = every[every.task.str.startswith("populations/mtdna-")]
place = human.task.str.removeprefix("populations/mtdna-").map(order.index)
human = human.iloc[place.argsort(kind="stable")].reset_index(drop=True)
show.figure(
    glm_figures.forest(human, looks, label="AUROC (0 to 1)", chance=0.5),
    human,
    page=page,
    profile=profile,
    name="mtdna",
    caption="Changes of the human mitochondrial genome. Unseen: carried by none of 56,434 people; "
    "common: by more than 1 in 1,000; confirmed: pathogenic by MITOMAP. Hollow: raw LLR; filled: "
    "less the mean of the three-base context. Bars: 95 % intervals over genes.",
    alt="AUROC of networks, k-mer models, phyloP and rules on changes of the mitochondrial genome. "
    + glm_figures.result(human, looks),
)

# %% tags=["remove-input", "full-width"]
chosen = ["kinds", "transitions", "confirmed", "confirmed-trna"]
listed = gains[gains.task.isin(["populations/mtdna-" + t for t in chosen])]
listed = listed[~listed.model.str.endswith("-calibrated")]
show.table(
    listed.assign(
        task=listed.task.map(looks.tasks),
        model=listed.model.map(looks.title),
        less=listed.less.map(looks.title),
    ),
    page=page,
    profile=profile,
    name="gains",
    caption="What a network gains in AUROC by what it is trained on: difference of two networks on "
    "the same changes, mean of three seeds, with its 95 % interval over genes, and the lowest and "
    "highest of the seeds.",
    words={"clusters": "genes"},
)

# %% tags=["remove-input", "full-width"]
show.table(
    bits.assign(model=bits.model.map(looks.title)).drop(columns="set"),
    page=page,
    profile=profile,
    name="bits",
    caption="Bits per base of the human mitochondrial genome (2: a guess), mean of the seeds.",
)

# %% [markdown]
# **Mutation first.** Over all changes, whether it is a transition says more of what is seen ({{
# glm_populations_mtdna_unseen_transversion }}) than conservation ({{
# glm_populations_mtdna_unseen_phylop }}). Among transitions ({{ glm_populations_mtdna_transitions_n
# }}, of which nobody carries {{ glm_populations_mtdna_transitions_harmful }}) conservation reaches
# {{ glm_populations_mtdna_transitions_phylop }}, and the severity of the consequence, told the
# genes and their code, {{ glm_populations_mtdna_transitions_severity }}.
#
# **So little sequence does not teach a network what it is for.** The networks trained on half of
# this genome stay near chance or below it, on what is rare a little above: {{
# glm_populations_mtdna_kinds_glm_mtdna }} at telling unseen from seen changes within kind of
# transition, {{ glm_populations_mtdna_rare_glm_mtdna }} on what is rare, {{
# glm_populations_mtdna_confirmed_glm_mtdna }} on confirmed changes. Counts of words have {{
# glm_populations_mtdna_kinds_markov_around }} within kind of transition and {{
# glm_populations_mtdna_confirmed_markov_around }} on confirmed changes, the network of yeast {{
# glm_populations_mtdna_kinds_glm_yeast }} and {{ glm_populations_mtdna_confirmed_glm_yeast }} on
# the same two.
#
# **Other genomes beside it do not help either.** They teach a network to predict the half that it
# has not read a little better ({{ glm_populations_bits_glm_others_mtdna }} bits per base in place
# of {{ glm_populations_bits_glm_mtdna }}; 2 is a guess, and a network of other genomes alone has {{
# glm_populations_bits_glm_others }}), but not which changes do harm: within kind of transition it
# has {{ glm_populations_mtdna_kinds_glm_others_mtdna }}, still below chance (less the network of
# the mitochondrion alone: {{ glm_populations_mtdna_kinds_glm_others_mtdna_less_glm_mtdna }}); on
# confirmed changes {{ glm_populations_mtdna_confirmed_glm_others_mtdna }} ({{
# glm_populations_mtdna_confirmed_glm_others_mtdna_less_glm_mtdna }}). Without any of the
# mitochondrion the other genomes leave a network at {{ glm_populations_mtdna_kinds_glm_others }}
# and {{ glm_populations_mtdna_confirmed_glm_others }}.
#
# **Nor does having read what is scored.** A network that was given the scored half too predicts its
# bases best ({{ glm_populations_bits_glm_others_mtdna_seen }} bits), for it begins to know them by
# heart. But it has {{ glm_populations_mtdna_kinds_glm_others_mtdna_seen }} within kind of
# transition (less the network of both without that half: {{
# glm_populations_mtdna_kinds_glm_others_mtdna_seen_less_glm_others_mtdna }}) and {{
# glm_populations_mtdna_confirmed_glm_others_mtdna_seen }} on confirmed changes ({{
# glm_populations_mtdna_confirmed_glm_others_mtdna_seen_less_glm_others_mtdna }}); on ClinVar's
# classes it gains {{ glm_populations_mtdna_clinvar_glm_others_mtdna_seen_less_glm_others_mtdna }}
# and stays at {{ glm_populations_mtdna_clinvar_glm_others_mtdna_seen }}. (These are raw scores;
# calibrated it has {{ glm_populations_mtdna_clinvar_glm_others_mtdna_seen_calibrated }} there.) So
# fewer bits per base are no measure of what a network knows of harm. What would be needed are the
# mitochondrial genomes of many animals, which phyloP has read.
#
# **Confirmed pathogenic against common** ({{ glm_populations_mtdna_confirmed_harmful }} of {{
# glm_populations_mtdna_confirmed_n }}): phyloP {{ glm_populations_mtdna_confirmed_phylop }}, the
# severity of the consequence {{ glm_populations_mtdna_confirmed_severity }}. MitoTIP's {{
# glm_populations_mtdna_confirmed_trna_mitotip }} on tRNAs is no prediction: it was made from
# MITOMAP's own labels. ClinVar's benign class rests on frequency, and phyloP has {{
# glm_populations_mtdna_clinvar_phylop }} there. Among changes that people carry, conservation
# hardly says which are rare ({{ glm_populations_mtdna_rare_phylop }}): most of that is the age of
# lineages and chance.

# %% [markdown]
# ## BRCA1, and isolates of M. tuberculosis

# %% tags=["remove-input"]
others = every[every.task.str.contains("brca1|tb-")].reset_index(drop=True)
show.figure(
    glm_figures.forest(others, looks, label="AUROC (0 to 1)", chance=0.5),
    others,
    page=page,
    profile=profile,
    name="others",
    caption="Changes of 13 exons of BRCA1 by their frequency in gnomAD, and of 14 regions of M. "
    "tuberculosis by their share of isolates, within kind of change. Hollow: raw LLR; filled: "
    "less the mean of the three-base context. Bars: 95 % intervals over exons, or regions.",
    alt="AUROC of networks, phyloP, measured effects and rules on unseen and rare changes. "
    + glm_figures.result(others, looks),
)

# %% [markdown]
# **Frequency is a weak test.** In BRCA1 even the *measured* loss of function hardly tells what
# nobody carries from what somebody does: {{ glm_populations_brca1_unseen_measured }}, and rare from
# less rare {{ glm_populations_brca1_rare_measured }}. phyloP has {{
# glm_populations_brca1_unseen_phylop }} and {{ glm_populations_brca1_rare_phylop }}: of {{
# glm_populations_brca1_unseen_n }} changes {{ glm_populations_brca1_unseen_harmful }} are in
# nobody, most of them because there were not enough people. No score of a model could be expected
# to do better, and one that does (the network of *E. coli*, calibrated, {{
# glm_populations_brca1_rare_glm_ecoli_calibrated }} for rare) is probably chance.
#
# **Isolates of *M. tuberculosis*** are those that are susceptible to the drug of the region, so
# that resistance, which treatment selects for, does not make a change common. Of {{
# glm_populations_tb_unseen_n }} changes {{ glm_populations_tb_unseen_harmful }} are in no isolate.
# The network of *E. coli* tells them from the others at {{ glm_populations_tb_unseen_glm_ecoli }},
# that of yeast at {{ glm_populations_tb_unseen_glm_yeast }}; of those that some isolate carries,
# which are rare at {{ glm_populations_tb_rare_glm_ecoli }} and {{
# glm_populations_tb_rare_glm_yeast }}, where the odds above have no clear trend either. A genome of
# another phylum teaches a network little of what is kept in this one.

# %% tags=["remove-input", "full-width"]
listed = sets[sets.task.isin(every.task) & sets.harmful.notna()]
show.table(
    listed.assign(task=listed.task.map(looks.tasks), harmful=listed.harmful.astype(int)),
    page=page,
    profile=profile,
    name="sets",
    caption="What was scored.",
    words={"harmful": "unseen, rare or harmful", "clusters": "genes, exons or regions"},
)

# %% tags=["remove-input", "full-width"]
show.table(
    glm.score_table(human, looks), page=page, profile=profile, name="scores", caption="Every score."
)
