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
drawn = drawn.assign(panel=tiers.headings(means), folds=means.split + " folds")
easiest = drawn[means.split == means.split.iloc[0]]
rest = easiest.group != easiest.group.iloc[0]
order = easiest.assign(rest=rest).sort_values(["rest", "score"], ascending=[True, False])
splits = [s for s in tiers.SPLITS if s in set(means.split)]
show.figure(
    charts.dots(
        drawn,
        list(order.row.unique()),
        label=tiers.MEASURES["auroc"],
        panel="panel",
        by="folds",
        looks={f"{s} folds": {"marker": m} for s, m in zip(splits, "osD^vP*")},
        chance=0.5,
    ),
    means,
    page=page,
    profile=profile,
    name="slopes",
    caption="Weighted mean of test AUROC on the common genes by split (marks), one row a model, "
    "ordered by the first panel; shortcuts are hollow, the dashed line is chance. Thin lines: 95 "
    "% intervals. Tasks that resemble each other weigh less; in the first panel every group "
    "weighs the same.",
    alt="Mean AUROC of each model under each split, one panel a group of tasks, one row a model. "
    + tiers.ladder_words(means, models).replace("*", "").replace("`", ""),
)

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
