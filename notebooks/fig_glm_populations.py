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
# where the truth is known, and for three real ones: BRCA1 in people (gnomAD), regions of *M.
# tuberculosis* in clinical isolates, and the human mitochondrial genome in people.
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

from genebench.book import charts, glm, glm_figures, show

show.begin()
looks = glm.looks()
every = glm.scores_of("populations", "populations/", looks)
sets = glm.read("populations", "sets")
size = sets.assign(task=sets.task.str.removeprefix("populations/")).set_index("task")
counts = {glm.slug(t, "n"): f"{n:,}" for t, n in size.changes.items()}
counts |= {glm.slug(t, "harmful"): f"{int(n):,}" for t, n in size.harmful.dropna().items()}
short = every.assign(task=every.task.str.removeprefix("populations/"))
real = glm.read("populations", "odds")
simulated = glm.read("simulated", "odds")
simulated = simulated[simulated.model.isin(["glm-simulated", "oracle"])]
simulated = simulated.assign(set="simulated, rare against common")
words = {"brca1": "BRCA1", "tb": "M. tuberculosis", "mtdna": "human mitochondrion"}
real = real.assign(set=real.set.map(words) + ", " + real.against + " against common")
odds = pd.concat([simulated, real], ignore_index=True)
known = odds[odds.lowest == 0.05].set_index(["set", "model"])
spans = known.odds_ratio.map("{:.1f}".format) + " (" + glm.spans(known, 1) + ")"
keys = [
    glm.slug("odds", *key).replace(", ", "_").replace(" ", "_").replace(".", "")
    for key in known.index
]
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
show.figure(
    figure,
    odds,
    page=page,
    profile=profile,
    name="odds",
    caption="Odds that a change is unseen, or rare, rather than common, among the changes of "
    "lowest LLR over the odds among the rest. LLR of models: less the mean of the three-base "
    "context; phyloP: minus the conservation. Common: carried by more than 1 in 100,000 (BRCA1) or 1 in "
    "1,000 (others; 5 % in the simulation). Bars: 95 % intervals.",
    alt="Odds ratios of unseen or rare to common changes among the lowest 1 to 40 per cent of LLR.",
)

# %% [markdown]
# ## The human mitochondrial genome
#
# 16,569 bases that every cell has and that a model can read whole: all three changes of each base,
# those that some of 56,434 people carry in all their mitochondria (gnomAD; collected by
# {cite}`lake2024`), confirmed pathogenic ones (MITOMAP) and those classified in ClinVar. Two small
# networks and k-mer models were trained on it, each on half of its blocks of 1,024 bases, and score
# the other half; no other mitochondrial genome was at hand. The networks of *E. coli* and yeast
# (without its mitochondria) stand beside.

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
    "common: by more than 1 in 1,000; confirmed: pathogenic by MITOMAP. Bars: 95 % intervals over "
    "genes.",
    alt="AUROC of networks, k-mer models, phyloP and rules on changes of the mitochondrial genome.",
)
