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
#
# The same tasks, models and genes under splits that take more and more away, each in its own way:
# `random` folds; whole chromosomes; folds that keep genes of one symbol stem or family together, or
# those of similar proteins; the least studied genes; those annotated last. Under `prospective` an
# older release of the labels trains, and what is new since is tested: genes that nobody had
# annotated, or genes that got the label since. A model that knows what genes do falls little. A
# *family baseline* only averages relatives: where none is left its fall to chance is arithmetic,
# and no finding. Shown are the splits that were run. Underpowered tasks, exposed models and models
# that miss many of the genes are left out, so that every line is about the same questions. What one
# task shows under each split, with intervals, stands on the page of its group (such as [genomic
# properties](group-genomic), where the places within the cell are).

# %% tags=["parameters"]
profile: str = "demo"  # which profile's results
page: str = "ladder"  # name of this page
source: str = "paper"  # whose results are shown; empty: those of the profile of the book

# %% tags=["remove-input"]
import pandas as pd

from genebench.benchmark import results
from genebench.core import specs
from notebooks.lib import charts, figures, markdown, show, tables, tiers

show.begin()
models, shown = specs.declared().models, source or profile
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
columns = "group split model newest score lost lost_low lost_high tasks".split()
newest = means.model.map({name: spec.newest for name, spec in models.items()})
release = results.main_scores(shown).task.str.extract(r"since-(\d{4}-\d{2})")[0].min()
columns[4:4] = [] if pd.isna(release) else ["late"]
late = newest.gt(str(release)).map({True: "yes", False: ""})
show.table(
    tables.readable(
        means.assign(newest=newest, late=late)[means.split != means.split.iloc[0]], models, columns
    ),
    page=page,
    profile=profile,
    name="lost",
    links={"model": markdown.model_links(models)},
    caption="Score and lost: weighted means of test AUROC on the common genes, with 95 % "
    "intervals. Newest: month of the newest text or data that the model has read. Of labels of "
    "the future: whether that is after the earliest release that trains, so that the model may "
    "have read some of what is tested.",
    words={"late": "newer than the labels that train"},
)
