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
# # How many labels a model needs, and models joined
#
# A biologist with a new list of genes has few labels. Here every probe is trained on 16 labels,
# then 32, and so on up to all training genes of a fold. The subsets are nested, keep the shares of
# the classes, and are the same for every model, so that two curves differ by the vectors alone.
# Folds are random: with many labels, shortcuts profit from relatives on both sides. The answer is
# by task: it stands below the figure.

# %% tags=["parameters"]
profile: str = "demo"  # which profile the book is built for
page: str = "labels"  # name of this page
source: str = "demo"  # which profile's curves are shown
beside: str = "joined"  # which profile's joined models are shown

# %% tags=["remove-input"]
import numpy as np
import pandas as pd
from IPython.display import Markdown

from genebench.benchmark import results, summaries
from genebench.core import specs
from notebooks.lib import answers, charts, figures, show, tables, tiers

show.begin()
known = specs.declared()
models = known.models
curves = summaries.with_exposure(results.read_beside(source, "efficiency.csv"), models)
shown = curves[~curves.exposed]
titles = tables.declared_titles(shown.task, known.sources)
drawn = figures.styled(shown, models).assign(panel=shown.task.map(titles), mark="o")
show.figure(
    charts.lines(
        drawn,
        x="labels",
        panel="panel",
        xlabel="training labels",
        ylabel="test AUROC (0 to 1, chance 0.5)",
        log={"x": 2},
        chance=0.5,
    ),
    shown,
    page=page,
    profile=profile,
    name="curves",
    caption="Test AUROC over the number of training labels (logarithmic), on the common genes of "
    "each task, mean over folds and draws of the subset; all panels have one scale; bands are 95 "
    "% bootstrap intervals over the tested genes (another draw of a few labels would move a curve "
    "by more). Shortcuts are dashed, controls and chance dotted; models that were trained on the "
    "labels are left out.",
    alt="Curves of AUROC over number of training labels, one panel a task, one line a model. "
    + figures.leaders(
        drawn[drawn.labels == drawn.groupby("panel").labels.transform("max")],
        "panel",
        word="Highest with the most labels",
    ),
)

# %% tags=["remove-input"]
Markdown(answers.label_words(shown, models, titles))

# %% [markdown]
# *Excess* is the score minus that of the best shortcut with as many labels, with its paired
# interval.

# %% tags=["remove-input", "full-width"]
columns = "task labels model score low high best_shortcut excess excess_low excess_high"
show.table(
    tables.readable(shown, models, columns.split()),
    page=page,
    profile=profile,
    name="table",
    caption="Test AUROC by number of training labels, on the common genes, and excess over the "
    "best shortcut with as many labels; 95 % intervals over the tested genes.",
    titles={"task": titles},
)

# %% [markdown]
# ## What a model adds to a shortcut, and what its size is worth
#
# Two vectors side by side that score more than each alone know different things. Here a text model
# that sees the symbol is joined to shortcuts that see it too; and vectors are cut to as many
# dimensions as a smaller model has, by principal components or on random projections, because a
# wider vector gives a probe more to work with.

# %% tags=["remove-input"]
pairs = tiers.of_measure(results.read_beside(beside, "pairs.csv"))
ends = {"difference": -pairs.difference, "low": -pairs.high, "high": -pairs.low}
turned = pairs.assign(**ends, model=pairs.other, other=pairs.model)
both = pd.concat([pairs, turned], ignore_index=True).rename(columns={"other": "part"})
parts = both.model.map(lambda m: models[m].options.get("of", ()))
columns = "group split model part difference low high p separated tasks".split()
joined = both.loc[[p in of for p, of in zip(both.part, parts)], columns].reset_index(drop=True)
whole = joined[joined.group == joined.group.iloc[0]]
two = whole.model.map(lambda m: len(models[m].options["of"]) > 1).astype(bool)
drawn = figures.styled(whole, models)
titles = drawn.row + "\nminus " + whole.part.map(lambda m: models[m].title)
apart = whole.separated.astype(bool)
drawn = drawn.assign(row=titles, score=whole.difference, panel=whole.split + " folds")
show.figure(
    charts.dots(
        drawn.assign(face=drawn.ink.where(apart, "white"), mark=np.where(apart, "o", "s")),
        list(titles.unique()),
        label="difference of weighted mean AUROC",
        panel="panel",
        chance=0,
        height=0.55,
    ),
    whole,
    page=page,
    profile=profile,
    name="parts",
    caption="Weighted mean AUROC of each joined model minus that of each of its parts, and of "
    "each cut vector minus the whole one, over the tasks of all groups, on the same genes and "
    "folds, with simultaneous 95 % intervals over families of genes. Filled: significantly "
    "different; empty squares: not. Under stem folds a family baseline has no relative in "
    "training and is at chance, so that what is added to it there is no finding.",
    alt="Differences of weighted mean AUROC between joined models and their parts, one panel a "
    f"split; {(apart & two & (whole.difference > 0)).sum()} of {two.sum()} times the joined model "
    f"scores significantly more than its part; {(apart & ~two & (whole.difference < 0)).sum()} of "
    f"{(~two).sum()} cut vectors score significantly less than the whole one.",
)

# %% tags=["remove-input"]
more = np.where(whole.difference > 0, "scores more than", "scores less than")
words = np.where(apart, more, "is not significantly different from")
sentences = "- " + whole.split + ": *" + whole.model.map(lambda m: models[m].title) + "* " + words
sentences += " *" + whole.part.map(lambda m: models[m].title) + "* ("
Markdown("\n".join(sentences + whole.difference.map("{:+.3f}).".format).map(figures.minus)))

# %% [markdown]
# ### By group of tasks

# %% tags=["remove-input", "full-width"]
show.table(
    tables.readable(joined, models, joined),
    page=page,
    profile=profile,
    name="groups",
    phone=["group", "split", "model", "part", "difference"],
    caption="Differences of weighted means of test AUROC, common genes, with simultaneous 95 % "
    "intervals.",
)

# %% [markdown]
# ### All models of the profile

# %% tags=["remove-input", "full-width"]
means = tiers.of_measure(results.read_beside(beside, "means.csv"))
show.table(
    tiers.tier_table(means, models),
    page=page,
    profile=profile,
    name="joined",
    caption="Weighted means of test AUROC and of the excess over the best shortcut, common genes, "
    "by split.",
)
