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
# # Relatives and leakage: what survives

# %% tags=["parameters"]
profile: str = "demo"  # which profile's results
page: str = "ladder"  # name of this page
source: str = "paper"  # whose results are shown; empty: those of the profile of the book

# %% tags=["remove-input"]
import numpy as np

from genebench.benchmark import results
from genebench.core import specs
from notebooks.lib import charts, figures, markdown, show, tables, tiers

show.begin()
known, shown = specs.declared(), source or profile
models, dated = known.models, tables.dated(known.profile(shown), known.sources)
show.prose(tiers.introduction(dated, known.profile(shown), models))

# %% tags=["remove-input"]
means = tiers.of_measure(results.read_beside(shown, "means.csv"))
drawn = figures.styled(means, models)
newer = tables.late(drawn.model.map({m: s.newest for m, s in models.items()}), dated)
drawn["row"] += np.where(newer.str.match("[1-9]"), " †", "")
dagger = (
    " †: newer than a release that trains, so that the model may have read some of the labels "
    "that are tested."
) * bool(len(dated))
drawn = drawn.assign(panel=tiers.headings(means), folds=means.split + " folds")
easiest = drawn[means.split == means.split.iloc[0]].sort_values("score", ascending=False)
first, easiest = drawn.group.iloc[0], easiest[easiest.score.notna()]
whole, grouped = drawn[drawn.group == first], drawn[drawn.group != first]
marks = dict(zip(tiers.SPLITS, "opsvD^Xh*P"))
look = {
    "label": tiers.MEASURES["auroc"],
    "panel": "panel",
    "by": "folds",
    "looks": {f"{s} folds": {"marker": m} for s, m in marks.items() if s in set(means.split)},
    "chance": 0.5,
}
rows = easiest[easiest.group == first].row.unique()
show.figure(
    charts.dots(whole[whole.score.notna()], list(rows), **look),
    means[means.group == first],
    page=page,
    profile=profile,
    name="slopes",
    caption="Weighted mean of test AUROC on the common genes by split (marks), one row a model, "
    "over the tasks of all groups that these models share; shortcuts are hollow, the dashed "
    "line is chance. Thin lines: 95 % intervals. Tasks that resemble each other weigh less, "
    "every group weighs the same." + dagger,
    alt="Mean AUROC of each model under each split, one row a model. "
    + tiers.ladder_words(means, models).replace("*", "").replace("`", ""),
)

# %% [markdown]
# The same by group of tasks, with all models. A row without a mark: the model was trained on labels
# of the group, or covers too few of its genes.

# %% tags=["remove-input"]
rest = easiest[easiest.group != first]
show.figure(
    charts.dots(grouped, list(dict.fromkeys([*rows, *rest.row, *grouped.row])), **look),
    means[means.group != first],
    page=page,
    profile=profile,
    name="groups",
    caption="Weighted mean of test AUROC on the common genes by split (marks), one panel a group "
    "of tasks, rows ordered as in the figure above, other models below." + dagger,
    alt="Mean AUROC of each model under each split, one panel a group of tasks, one row a model. "
    + figures.leaders(rest, "group", word="Highest under random folds"),
) if len(grouped) else None  # results of one group have no other panel

# %% tags=["remove-input"]
show.prose(tiers.ladder_words(means, models))

# %% [markdown]
# *Lost* is what a model scores less than under the first split, on the same genes and tasks, with
# its paired interval.

# %% tags=["remove-input"]
lost = means[means.split != means.split.iloc[0]]
lost = lost.assign(newest=lost.model.map({name: spec.newest for name, spec in models.items()}))
columns = "group split model newest late score lost lost_low lost_high tasks".split()
show.table(
    tables.readable(
        lost.assign(late=tables.late(lost.newest, dated)),
        models,
        [c for c in columns if len(dated) or c != "late"],
    ),
    page=page,
    profile=profile,
    name="lost",
    phone=["group", "split", "model", "lost"],
    links={"model": markdown.model_links(models)},
    caption="Score and lost: weighted means of test AUROC on the common genes, with 95 % "
    "intervals. Newest: month of the newest text or data that the model has read (empty: nothing "
    "dated, or not known)"
    + ", and of how many of the sets of labels that is after the release that trains, so that the "
    "model may have read some of what is tested." * bool(len(dated)) + "." * (not len(dated)),
    words={"late": "newer than the labels of"},
)
