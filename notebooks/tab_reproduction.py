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
# Two models of gene-benchmark {cite}`kantor2024` can be run from published parts: bag of words
# (counts of the 1,024 commonest words of a gene's name and NCBI summary) and MPNet, the sentence
# embedding of the same text by the weights that the paper used. Each is scored on the paper's own
# genes, by the paper's probe (vectors as they are) and by ours (standardised inside the fold).
#
# Folds of the paper are not seeded, so both its mean over five folds and ours over five divisions
# into five folds have an error; the difference is judged by the standard error of both. What no
# choice of folds explains is owed to labels of other releases, to summaries of another date, or
# is not explained.
#
# Of tasks with several labels the published scores are computed from hard 0/1 predictions (the
# script of the paper says so), not from probabilities; our fits are scored in that way here, and
# by probability on all other pages.

# %% tags=["parameters"]
profile: str = "demo"  # which profile the book is built for
page: str = "reproduction"  # name of this page
source: str = "paper"  # whose reproduction is shown

# %% tags=["remove-input"]
import pandas as pd

from genebench.benchmark import results, summaries
from genebench.book import charts, figures, show
from genebench.core import specs

show.begin()
beside = results.read_beside(source, "reproduction.csv")
reasons = pd.DataFrame(specs.published().reproduction).rename_axis("task").stack().rename("reason")
beside = beside.join(reasons, on=["task", "model"])
title = beside.model.map({m.name: m.title for m in specs.declared().models.values()})
total = summaries.reproduction(beside.assign(model=title))
signed = total.bias.map("{:+.3f}".format).map(figures.minus)
sentences = (
    "**"
    + total.index
    + ": mean absolute difference "
    + total["mean"].map("{:.3f}".format)
    + " AUROC over "
    + total.tasks.astype(str)
    + " tasks**, of which "
    + total.within_se.astype(str)
    + " lie within two standard errors and "
    + total.near.astype(str)
    + f" within {summaries.NEAR:g}; ours minus published is "
    + signed
    + " on average."
)
show.prose(" ".join(sentences))

# %% tags=["remove-input"]
looks = {
    "published": {"marker": "s", "color": "#555555"},
    "ours, scored in the same way": {"color": "#0072b2"},
    "ours, standardised": {"marker": "D", "color": "#d55e00"},
}
ranked = beside.assign(panel=title, row=beside.listed)
ranked = ranked.sort_values(["group", "published"], ascending=[True, False])
theirs, ours = 2 * ranked.published_se, 2 * ranked.repeated_se
middle = ranked.published, ranked.repeated
parts = [
    ranked.assign(score=middle[0], low=middle[0] - theirs, high=middle[0] + theirs),
    ranked.assign(score=middle[1], low=middle[1] - ours, high=middle[1] + ours),
    ranked,
]
show.figure(
    charts.dots(
        pd.concat(parts, keys=list(looks), names=["of"]).reset_index("of"),
        list(dict.fromkeys(ranked.listed)),
        label="test AUROC (0 to 1, weighted one-vs-rest)",
        panel="panel",
        by="of",
        looks=looks,
        chance=0.5,
        height=0.3,
    ),
    beside.drop(columns="reason"),
    page=page,
    profile=profile,
    name="scores",
    caption="Tasks and genes of the paper. Squares: published mean over five folds, with two "
    "standard errors. Circles: ours on the same kind of vectors, mean over five divisions into "
    "folds, with two standard errors. Diamonds: ours, standardised, with 95 % intervals over "
    "genes.",
    alt="Published and reproduced AUROC, one row a task and one panel a model.",
)

# %% tags=["remove-input"]
gap = beside.difference.abs()
within = (gap <= 2 * beside.se).map({True: "within two standard errors", False: "not explained"})
listed = beside.assign(model=title, verdict=beside.reason.where(gap > 2 * beside.se).fillna(within))
names = {
    "model": "model",
    "listed": "task",
    "genes": "genes",
    "published": "published",
    "repeated": "ours",
    "difference": "difference",
    "se": "± standard error",
    "verdict": "reason",
}
listed = listed.assign(gap=gap).sort_values("gap", ascending=False, ignore_index=True)
show.table(
    listed[list(names)].rename(columns=names),
    page=page,
    profile=profile,
    name="table",
    caption="AUROC, the largest difference first. Ours: by the paper's probe, scored as the paper "
    "does. The standard error is that of the difference by the choice "
    "of folds, theirs and ours; genes are the same on both sides and add nothing to it.",
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
