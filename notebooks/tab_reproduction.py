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
# # The paper's scores, reproduced
#
# Bag of words is the one model of gene-benchmark {cite}`kantor2024` that needs no weights: counts
# of the 1,024 commonest words of a gene's name and NCBI summary. Here it is scored on the paper's
# own genes, by the paper's probe (vectors as they are) and by ours (standardised inside the fold).
# Folds of the paper are not seeded, its labels are of other releases for some tasks, and the
# summaries here are of 2023: most of what is left is their doing.
#
# Of tasks with several labels the published scores are computed from hard 0/1 predictions (the
# script of the paper says so), not from probabilities: crosses show our fits scored in that way,
# and the difference is taken there; circles show the same fits scored by probability, as all other
# pages do.

# %% tags=["parameters"]
profile: str = "demo"  # which profile the book is built for
page: str = "reproduction"  # name of this page
source: str = "paper"  # whose reproduction is shown

# %% tags=["remove-input"]
import numpy as np
import pandas as pd

from genebench.benchmark import results, summaries
from genebench.book import charts, figures, show
from genebench.core import specs

show.begin()
beside = results.read_beside(source, "reproduction.csv")
reasons = specs.published().reproduction
total, limit = summaries.reproduction(beside), summaries.REASONED
beside = beside.assign(gap=beside.difference.abs(), reason=beside.task.map(reasons))
far = beside[beside.gap > limit].sort_values("gap", ascending=False)
named = far.listed + " (" + far.difference.map("{:+.3f})".format).map(figures.minus)
half = far.reason.fillna("not wholly").str.lower().str.contains("not wholly").sum()
show.prose(
    f"**Of {len(beside)} tasks {total['within_sd']} lie within two deviations of the published "
    f"folds and {total['near']} within {limit:g} AUROC; the mean absolute difference is "
    f"{total['mean']:.3f}.** Beyond {limit:g}: {', '.join(named) or 'none'}; the table gives each "
    f"its reason, {half} of them not a whole one."
)

# %% tags=["remove-input"]
ours = "ours, vectors as they are"
looks = {
    "published": {"marker": "s", "color": "#555555"},
    ours: {"color": "#0072b2"},
    "the same, from hard 0/1 predictions": {"marker": "x", "color": "#0072b2"},
    "ours, standardised": {"marker": "D", "color": "#d55e00"},
}
ranked = beside.sort_values(["group", "published"], ascending=[True, False])
plain, sd = ranked.assign(low=np.nan, high=np.nan, shift=0), ranked.published_sd
published = plain.assign(low=plain.published - sd, high=plain.published + sd)
parts = [published.assign(score=plain.published), plain.assign(score=plain.plain)]
parts += [plain.assign(score=plain.decided), ranked.assign(shift=0)]
show.figure(
    charts.dots(
        pd.concat(parts, keys=list(looks), names=["of"])
        .reset_index("of")
        .assign(row=lambda f: f.listed),
        list(ranked.listed),
        label="test AUROC (0 to 1, weighted one-vs-rest)",
        by="of",
        looks=looks,
        chance=0.5,
        height=0.26,
    ),
    beside.drop(columns=["gap", "reason"]),
    page=page,
    profile=profile,
    name="scores",
    caption="Bag of words on the tasks and genes of the paper: published mean over five folds "
    "with its standard deviation (squares), ours on the same kind of vectors (circles; crosses: "
    "from hard predictions), and ours standardised with 95 % intervals over genes (diamonds).",
    alt="Published and reproduced AUROC of bag of words, one row a task.",
)

# %% tags=["remove-input"]
near = beside.gap <= 2 * beside.published_sd
beyond = f"beyond two deviations, under {limit:g}: not looked into"
close = np.where(near, "within two deviations of the folds", beyond)
explained = beside.reason.fillna("not explained")
listed = beside.assign(reason=explained.where(beside.gap > limit, close))
names = {
    "listed": "task",
    "genes": "genes",
    "published": "published",
    "published_sd": "± over folds",
    "plain": "as they are",
    "decided": "hard predictions",
    "score": "standardised",
    "difference": "difference",
    "reason": "reason",
}
listed = listed.sort_values("gap", ascending=False, ignore_index=True)
show.table(
    listed[list(names)].rename(columns=names),
    page=page,
    profile=profile,
    name="table",
    caption="AUROC, the largest difference first. As they are: by the paper's probe; hard "
    "predictions: the same, scored from 0/1 predictions; standardised: by ours. The difference to "
    "the published score is that of hard predictions where there are any, else of 'as they are'. "
    "Every difference over 0.03 has its reason.",
)

# %% [markdown]
# ## The paper's summary
#
# Quoted from the scores that the paper publishes: nothing below was computed from models here.

# %% tags=["remove-input"]
quoted = results.read_beside(source, "published_groups.csv")
grid = quoted.pivot(index=["family", "model"], columns="group", values="score")
grid = grid[[g for g in specs.GROUPS if g in grid]]
grid.index = grid.index.map("{0[1]} ({0[0]})".format)
show.figure(
    charts.heat_map(grid, label="plain mean of published AUROC (0 to 1)", vmin=0, vmax=1),
    quoted,
    page=page,
    profile=profile,
    name="published",
    caption="Plain mean of the published AUROC by model and group of tasks, as gene-benchmark "
    "reports it (all of its tasks, its own genes and folds). Quoted, not computed here.",
    alt="Heat map of published mean AUROC, nine models in rows and four groups of tasks in "
    "columns.",
)
