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
# # Among 38 published embeddings
#
# Zhong and colleagues {cite}`zhong2025` scored 38 gene embeddings, among them ESM-2, Geneformer,
# scGPT, GenePT and Gene2vec, and published folds, holdouts and scores. On the same tasks, by the
# same probe (a support vector machine with a Gaussian kernel, classes balanced, C chosen on the
# three training folds), every other model can stand beside them without running one of them.
#
# Names are those of the paper: ESM2 is ESM-2, ESMB1 is ESM-1b, T5 is ProtT5, GF is Geneformer. To
# see your own vectors among them: `genebench place my.csv --profile zhong2025`
# ([how](../place.md)).
#
# Squares are **quoted** from the paper, each on all genes that the embedding has; circles were
# **computed here**, each on the genes that it has. The two are never averaged together.
#
# Three things to know. GO terms and diseases are written in summaries and in the literature, so
# that models of text look a part of the answers up. The terms after March 2024 are newer than
# every text and sequence used here, but there are few positives a term. And tasks that ask much the
# same count as one cluster in every interval.
#
# The published scores of GO processes seem to have been measured on other holdouts than those that
# were published (see below): both embeddings that can be computed here score about 0.02 lower there
# than published, which is several places. Read places among GO processes as no sharper than that,
# and most likely too low for computed models.

# %% tags=["parameters"]
profile: str = "demo"  # which profile the book is built for
page: str = "among"  # name of this page
source: str = "zhong2025"  # whose results are shown

# %% tags=["remove-input"]
import pandas as pd

from genebench.benchmark import results
from genebench.core import specs
from genebench.place import among
from notebooks.lib import charts, figures, show
from notebooks.studies.lib.among import explained, summary

show.begin()
models = specs.declared().models
titles = {name: spec.title for name, spec in models.items()}
sets = {name: title for name, (title, _) in among.SETS.items()}
places = results.read_beside(source, "among.csv")
own = places.source == "computed"
kind = places.model.map({name: spec.family for name, spec in models.items()})
places = places.assign(
    row=places.model.map(titles).where(own, places.model),
    panel=pd.Categorical(places["set"].map(sets), list(sets.values())),
    category=places.category.where(~own, kind),
)
first = places[own & (places.category != "control")].sort_values("rank", kind="stable")
best = pd.concat(
    [
        first[first.category == "shortcut"].groupby("panel", observed=True).head(1),
        first[first.model.isin(["mpnet", "mpnet-symbol", "tfidf-summary", "unirep-5700"])],
    ]
).sort_values(["panel", "rank"])
words = (
    best.row
    + " takes place "
    + best["rank"].astype(str)
    + " ("
    + best.rank_low.astype(str)
    + " to "
    + best.rank_high.astype(str)
    + ", AUROC "
    + best.score.map("{:.3f}".format)
    + ")"
)
lines = words.groupby(best.panel, observed=True).agg(", ".join)
show.prose(
    "Place among 39, the 38 and the model itself. **"
    + "; **".join(lines.index.astype(str) + ":** " + lines)
    + "."
)

# %% tags=["remove-input"]
looks = {
    "published": {"marker": "s", "color": "#888888"},
    "computed": {"color": "#0072b2"},
}
drawn = places.sort_values(["panel", "score"], ascending=[True, False])
headed = drawn.panel.cat.rename_categories(lambda title: title.replace(" March", "\nMarch"))
show.figure(
    charts.dots(
        drawn.assign(shift=0, panel=headed),
        label="mean AUROC on the holdouts (0 to 1)",
        panel="panel",
        by="source",
        looks=looks,
        chance=0.5,
        wide=2,
        height=0.24,
    ),
    places.drop(columns=["row", "panel"]),
    page=page,
    profile=profile,
    name="places",
    caption="Mean AUROC over the tasks of each set with 95 % intervals over clusters of tasks. "
    "Squares: quoted from the paper. Circles: computed here on the same tasks by the same probe.",
    alt="Mean AUROC of published and computed embeddings, a row a model, a panel a set of tasks. "
    + figures.leaders(drawn, "panel", most=2),
)

# %% tags=["remove-input", "full-width"]
shown = {
    "panel": "tasks of",
    "row": "model",
    "source": "score is",
    "category": "made of",
    "tasks": "tasks",
    "clusters": "clusters",
    "score": "AUROC",
    "low": "low",
    "high": "high",
    "rank": "place",
    "rank_low": "from",
    "rank_high": "to",
    "above": "others significantly better",
    "below": "others significantly worse",
}
show.table(
    drawn[list(shown)].rename(columns=shown).astype({"tasks of": str}),
    page=page,
    profile=profile,
    name="table",
    phone=["tasks of", "model", "AUROC", "place"],
    caption="Place of each published embedding among the 38, and of each computed model among the "
    "38 and itself; low to high and from to: 95 % intervals over clusters of tasks, paired.",
)

# %% [markdown]
# ## Are these the published folds?
#
# Two of the 38 can be computed here. If folds, probe and vectors are theirs, scores agree within
# the sampling error of the holdout. An AUROC is a count of ordered pairs of a positive and a
# negative gene: a published score that is no whole count of the holdout was not measured on it.
# Where few scores of a set are possible, they rest on other holdouts than the ones that were
# published with them, and only means can be compared.

# %% tags=["remove-input", "full-width"]
frame = results.read_beside(source, "reproduction.csv")
by_set = summary(frame)
show.table(
    by_set.assign(model=by_set.model.map(titles), set=by_set["set"].map(sets)),
    page=page,
    profile=profile,
    name="reproduction",
    caption="By set of tasks: mean published and computed AUROC, mean difference, its standard "
    "error if the two holdouts were drawn independently, and mean absolute difference (size); "
    "shares of tasks within two standard errors of the holdout, of published scores that its "
    "holdout can give (possible), and of genes with a vector (coverage).",
)

# %% [markdown]
# ### What explains a difference
#
# The published code was read: machine, kernel, weights of the classes, the five values of C, how
# C is chosen, and vectors taken as they are, without scaling, are those used here. What may differ
# is the holdout, the protein that stands for a gene (one table of sequences is at hand, so that no
# other can be tried), and the few genes without a vector.
#
# On one and the same holdout a difference comes from the vectors alone. On another holdout both
# scores have a sampling error, and the difference has the square root of two times that of one.

# %% tags=["remove-input", "full-width"]
frame, counts = explained(frame)
show.table(
    counts.assign(model=counts.model.map(titles)),
    page=page,
    profile=profile,
    name="causes",
    caption="Tasks by what is large enough to explain the difference, which proves nothing: the "
    "error of the holdout (two standard errors), or, where the published score belongs to another "
    "holdout, two standard errors of the difference. Possible: the holdout here can give the "
    "published score. Share: of all tasks of the model; mean difference and mean absolute "
    "difference (size).",
)

# %% [markdown]
# How much hangs on the draw alone is seen where amino acid shares lie farther than two standard
# errors from what is published: the same genes were divided anew, into a holdout and folds of the
# same sizes. Where a published score is far outside these draws, neither division nor scale
# explains it, and other genes are what is left.

# %% tags=["remove-input", "full-width"]
show.table(
    results.read_beside(source, "redrawn.csv").drop(columns="task"),
    page=page,
    profile=profile,
    name="redrawn",
    words={"title": "task", "se": "± standard error"},
    caption="Amino acid shares on tasks beyond two standard errors: AUROC as published and here, "
    "here with columns of unit variance (scaled), and mean, lowest and highest over five other "
    "draws of holdout and folds.",
)

# %% tags=["remove-input", "full-width"]
names = {
    "model": "model",
    "set": "tasks of",
    "title": "task",
    "published": "published",
    "score": "here",
    "se": "± standard error",
    "difference": "difference",
    "positives": "positives",
    "tested": "tested",
    "possible": "possible",
    "cause": "explained by",
}
listed = frame.assign(model=frame.model.map(titles), set=frame["set"].map(sets))
widest = listed.sort_values("difference", key=abs, ascending=False, ignore_index=True)
show.table(
    widest[list(names)].rename(columns=names),
    page=page,
    profile=profile,
    name="tasks",
    phone=["model", "task", "published", "here"],
    caption="By task, the largest difference first. The standard error is that of the score here "
    "by the genes of the holdout, families drawn whole; theirs has one of the same size.",
)
