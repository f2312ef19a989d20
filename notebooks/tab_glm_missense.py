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
# # Missense variants of ClinVar
#
# The likelihood ratio of a change began with proteins: a residue that a model of protein sequences
# finds less likely than the one it replaces should do harm. Here it is asked of ClinVar's
# pathogenic and benign substitutions, in the set that AlphaMissense was tested on
# {cite}`cheng2023`. UniRep {cite}`alley2019` reads a protein from left to right; its log-likelihood
# ratio (LLR) is log P(alternative) − log P(reference) given all residues before, and in some rows
# also of the residues that follow. The lower it is, the more harmful a change is taken to be. No
# score is fitted to a label here.

# %% tags=["parameters"]
profile: str = "demo"  # which profile the book is built for
page: str = "glm-missense"  # name of this page

# %% tags=["remove-input"]
from notebooks.lib import glm, glm_figures, show

show.begin()
looks, gaps = glm.looks(), glm.read("missense", "differences")
every = glm.scores_of("missense", "missense/", looks)
every = every.sort_values("task", key=lambda c: c.map(list(looks.tasks).index), kind="stable")
sets, networks = glm.read("missense", "sets"), glm.read("missense", "networks")
left_out = glm.read("missense", "left_out")
size = sets.set_index("task")
bits = networks[networks.task == "missense/pooled-both"].set_index("model").bits
quoted = every[every.task == "missense/by-protein"]
ratios = quoted[quoted.model.isin(["unirep-64", "unirep-256", "unirep-1900"])]
named = ratios.model.map(looks.title)
sure = quoted[quoted.model.isin([f"unirep-{n}-certainty" for n in (64, 256, 1900)])]
certain = sure.model.map(looks.title) + " " + sure.score.map("{:.2f}".format)
certain = certain + " (" + glm.spans(sure, 2) + ")"
largest = networks.model[networks.parameters.idxmax()]
values = glm.quotable(every, looks) | {
    "ratios": "; ".join(
        named + " " + ratios.score.map("{:.2f}".format) + " (" + glm.spans(ratios, 2) + ")"
    ),
    "certainties": "; ".join(certain),
    "bits": ", ".join(ratios.model.map(bits).map("{:.2f}".format) + " to " + named),
    "largest": f"The largest network scored is {looks.title(largest)}, of 64, 256 and 1900.",
    "bits_shares": f"{bits['residue-shares']:.2f}",
    "variants": f"{size.variants['missense/pooled']:,}",
    "proteins": f"{size.proteins['missense/pooled']:,}",
    "both_variants": f"{size.variants['missense/pooled-both']:,}",
    "both_proteins": f"{size.proteins['missense/pooled-both']:,}",
    "rows": f"{left_out.variants.sum():,}",
}
show.values(values, page=page, profile=profile)

# %% [markdown]
# **Within a protein, likelihood ratios tell pathogenic from benign with an AUROC of {{
# glm_missense_ratios }}, where guessing is 0.5, the substitution matrix BLOSUM62 with {{
# glm_missense_missense_by_protein_blosum62 }} and the tuned AlphaMissense with {{
# glm_missense_missense_by_protein_alphamissense }}.** {{ glm_missense_largest }}

# %% tags=["remove-input"]
show.figure(
    glm_figures.forest(every, looks, label="AUROC (0 to 1)", chance=0.5),
    every,
    page=page,
    profile=profile,
    name="auroc",
    caption="Pathogenic against benign substitutions: over all pairs of variants; over those of "
    "proteins with five or more of each class and at most 2,000 residues; and the mean of the "
    "AUROC within each of these proteins. Bars: 95 % intervals over proteins.",
    alt="AUROC of UniRep, AlphaMissense, BLOSUM62 and simple rules for missense variants. "
    + glm_figures.result(every, looks),
)

# %% [markdown]
# All variants are {{ glm_missense_variants }} in {{ glm_missense_proteins }} proteins; {{
# glm_missense_both_variants }} of them lie in the {{ glm_missense_both_proteins }} proteins of both
# classes. How little a network knows shows in what a residue of these proteins costs it: {{
# glm_missense_bits }}, where {{ glm_missense_bits_shares }} bits are paid by one that knows the
# shares of the twenty residues alone. Nor is a network's certainty a stand-in for conservation. As
# scores of harm within a protein: {{ glm_missense_certainties }}; where the small networks are
# certain, changes are the more often benign.

# %% tags=["remove-input"]
rows = every.merge(gaps, on=["task", "model"], how="left", suffixes=("", "_gap"))
rows = rows.sort_values(["task", "score"], ascending=[True, False], kind="stable")
ends = rows[["low_gap", "high_gap"]].set_axis(["low", "high"], axis=1)
listed = rows[["title"]].assign(
    score=rows.model.map(looks.title),
    auroc=rows.score,
    interval=glm.spans(rows),
    gap=rows.difference,
    gap_interval=glm.spans(ends).where(rows.difference.notna(), "reference"),
)
show.table(
    listed,
    page=page,
    profile=profile,
    name="scores",
    caption="Every score, with its difference to BLOSUM62 over the same draws of proteins.",
    words={
        "title": "variants",
        "auroc": "AUROC",
        "interval": "95 % interval",
        "gap": "less BLOSUM62",
        "gap_interval": "its 95 % interval",
    },
)

# %% [markdown]
# ## What this does not say
#
# - **Labels are not independent of scores.** ClinVar's classes lean on conservation, on older
#   predictors and on how frequent a variant is; a score built on these is judged in part by itself.
# - **AlphaMissense is no zero-shot score.** It was tuned on which variants are frequent in human
#   and primate populations, and frequency is a reason to call a variant benign; its authors chose
#   this set, and used ClinVar to choose among models and to calibrate. It stands here for what can
#   be known, not as a comparison of equals.
# - **All pairs mix two questions.** Proteins differ in their share of pathogenic variants, so a
#   score that only knew the protein would do well over all pairs. None of the rules is given that
#   share; the mean within proteins asks of positions alone.
# - **Most proteins have no say in that mean**, because their variants are of one class: it is of
#   much-studied disease genes.
# - **Reference proteins were read.** UniRep was trained on UniRef50 of 2018, which has relatives of
#   the human proteins; it has never seen a label. It reads from one side only: networks that see
#   both sides, or alignments of relatives, are another class, and are not run here.
# - **Not every row is scored**, and the file is a part of the published one: of {{
#   glm_missense_rows }} rows those below are left out, most because the protein at hand (Swiss-Prot
#   of another year) has another residue there.
# - To save time, networks but UniRep 64 read only the proteins of both classes, and rows that count
#   residues that follow stop after 64 of them where they do not say "all".

# %% tags=["remove-input"]
show.table(left_out, page=page, profile=profile, name="left-out", caption="Which rows are scored.")
