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
# # Claims of the papers, judged twice
#
# Each finding is quoted, and restated so that scores can contradict it: the best model of one kind
# minus the best of another. It is judged by the scores that gene-benchmark {cite}`kantor2024`
# publishes of nine models, task by task and fold by fold, and by what is run here, with random
# folds and with relatives kept apart.
#
# It *holds* if the 95 % interval lies above zero, *fails* if it lies below, and is *open* if zero
# is inside. The intervals are those of all pairs of models at once, so that they are corrected for
# selecting the best. With fewer than eight independent source tables (resources from which tasks
# are cut) a verdict is about *these tasks only*: of the published scores folds alone are drawn
# then, and the wide interval shows what drawing source tables, then tasks, then folds would give;
# from two or three tables even that is too narrow. A model that was trained on the labels of many
# of the tasks cannot stand for its kind: where none is left, nothing can be said.

# %% tags=["parameters"]
profile: str = "demo"  # which profile the book is built for
page: str = "claims"  # name of this page
source: str = "paper"  # whose results are judged

# %% tags=["remove-input"]
import pandas as pd
from IPython.display import Markdown

from genebench.benchmark import results
from genebench.core import specs
from notebooks.lib import charts, claims, show

show.begin()
declared = specs.declared()
listed = claims.known(specs.published().claims, declared.models)
models = {m: declared.models[m] for m in declared.profile(source).models}
means, pairs = (results.read_beside(source, f"{name}.csv") for name in ("means", "pairs"))
groups, compared = (
    results.read_beside(source, f"published_{name}.csv") for name in ("groups", "pairs")
)
same = {"measure": "auroc", "split": "random"}
judges = {
    "published scores": claims.verdicts(
        listed,
        declared.published(),
        groups[groups.family != "ours"].assign(**same),
        compared.assign(**same),
    ),
    "ours": claims.verdicts(listed, models, means, pairs),
    "ours, relatives apart": claims.verdicts(listed, models, means, pairs, split="family"),
}
judged = pd.concat(judges, names=["by"]).reset_index("by")
named = judged.by.mask(judged.stand_in, judged.by + " (stand-ins)")
heads = named.groupby(judged.by).max()
table = judged.pivot(index="says", columns="by", values="verdict").loc[judges["ours"].says]
show.table(
    table[list(judges)]
    .rename(columns=heads)
    .rename_axis(index="finding", columns=None)
    .reset_index(),
    page=page,
    profile=profile,
    name="verdicts",
    caption="Verdict of each finding by the published scores and by ours. Stand-ins: at least one "
    "side is taken by a model that the paper does not score.",
)

# %% tags=["remove-input"]
looks = {
    "published scores, source tables drawn": {"marker": "|", "color": "#aaaaaa"},
    "published scores": {"marker": "s", "color": "#555555"},
    "ours": {"color": "#0072b2"},
    "ours, relatives apart": {"marker": "D", "color": "#d55e00"},
}
wide = judges["published scores"].assign(
    by="published scores, source tables drawn",
    low=lambda f: f.tables_low,
    high=lambda f: f.tables_high,
)
drawn = pd.concat([judged, wide[wide.low.notna()]])
drawn = drawn.assign(row=drawn.says.str.wrap(46), score=drawn.difference)
show.figure(
    charts.dots(
        drawn.astype({"score": float, "low": float, "high": float}),
        list(drawn.row.unique()),
        label="difference of mean AUROC, first minus second",
        by="by",
        looks=looks,
        chance=0,
        height=0.85,
    ),
    judged,
    page=page,
    profile=profile,
    name="differences",
    caption="Findings of the papers as differences of mean AUROC with simultaneous 95 % "
    "intervals. Published scores: over folds, and in light grey over source tables, tasks and "
    "folds. Ours: weighted means on common genes, over genes and tasks.",
    alt="Difference and interval of each finding by the published scores and by ours.",
)

# %% tags=["remove-input"]
Markdown(claims.claim_words(judges, declared.models | models | declared.published()))
