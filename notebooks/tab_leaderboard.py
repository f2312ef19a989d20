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
# # Leaderboard
#
# Which model is best *for your question*, and how sure is that? The first table answers by group of
# tasks, the figure and the table below it say more, and below these you can weigh the groups
# yourself.

# %% tags=["parameters"]
profile: str = "demo"  # which profile the book is built for
page: str = "leaderboard"  # name of this page
source: str = "paper"  # whose results are shown; empty: those of the profile of the book

# %% tags=["remove-input"]
import pandas as pd

from genebench.benchmark import results
from genebench.book import cards
from genebench.core import specs
from notebooks.lib import (
    answers,
    figures,
    markdown,
    show,
    stored,
    submissions,
    tables,
    tiers,
)

show.begin()
models, shown = specs.declared().models, source or profile
plain = results.read_beside(shown, "plain.csv").query("genes == 'own'")
every = results.read_beside(shown, "means.csv")
means, pairs = tiers.of_measure(every), tiers.of_measure(results.read_beside(shown, "pairs.csv"))
first = means[means.split == means.split.iloc[0]]
front = {"once": specs.declared().profiles[shown].once, "folder": "executed/"}
here = front | {"folder": "" if source else None}
table = answers.answers(every, plain, models, **here)
shortcut = answers.shortcut_words(results.read_beside(shown, "intervals.parquet"), models)
spec, power = specs.declared().profiles[shown], results.read_beside(shown, "power.csv")
weak = int(power[power.split == power.split.iloc[0]].underpowered.sum())
own = (
    f"This is the run that this copy of the book made itself (profile *{shown}*: {spec.title}), to "
    "show that it works. The answer is on the [leaderboard](leaderboard), by the models and tasks "
    "of profile *paper*.\n\n"
)
show.prose(f"{own * (not source)}{table}\n\n{shortcut}\n\n{tiers.drawn(means)}")

# %% [markdown]
# Read the *tier* before the number: the models of a tier are not significantly different from the
# best of it, though one with a wide interval can stand below a model of the next, as the grey bars
# show. All pairs of a group are tested at once {cite}`westfall1993`: in [simulations](coverage) a
# false separation among them has a chance of about one in twenty. A rank interval
# {cite}`mogstad2024` says which ranks a model can have. The *excess* says what a model adds to the
# letters of the symbol, the family and the like: a mean over tasks of the score minus that of the
# best shortcut of the task on the same genes and folds, chosen for each fold by the others; at 0 or
# below the model scores no higher than what anybody has (whether it adds to it is another question,
# see [models joined](labels)).
#
# The split says how hard the test is: under `random` relatives of a gene can be in training; under
# `stem` and `family` most of them cannot; under `chromosome` the neighbours on the chromosome
# cannot. All means are {term}`weighted means <Weighted mean>`: tasks that cannot show a difference
# between two models (*underpowered*) do not count, and tasks that resemble each other share their
# weight.
#
# Random folds but for the last column, classification tasks, the common genes, 95 % intervals.
# Models and tasks of a group are those that can be compared there: each model has a score, and was
# not trained on the labels, on each task. So all groups together have fewer tasks than their sum,
# and a model's mean of a group can differ a little between the two views. *Localization* is mostly
# in which tissues and cells a gene's RNA is found. The page of a group has the score of each task
# under each split, with intervals; the name of a model leads to its card.

# %% tags=["remove-input"]
show.figure(
    tiers.tier_plot(
        first, pairs[pairs.split == pairs.split.iloc[0]], models, label=tiers.MEASURES["auroc"]
    ),
    first,
    page=page,
    profile=profile,
    name="ranks",
    caption="Weighted mean of test AUROC on the common genes under random folds, with 95 % "
    "intervals, and the ranks that each model can have. Grey bars on the right join models of "
    "which no two are significantly different; a line stands where a model of a lower tier "
    "follows. Shortcuts are hollow.",
    alt="Models by mean AUROC with intervals, one panel a group of tasks. "
    + tiers.best(first, models),
)

# %% tags=["remove-input", "full-width"]
show.table(
    tiers.tier_table(means, models),
    page=page,
    profile=profile,
    name="means",
    links={"model": markdown.model_links(models)},
    caption="Weighted means of test AUROC and of the excess over the best shortcut, common genes, "
    "by group and split, with 95 % intervals. Effective tasks: their number after tasks that "
    "resemble each other share their weight; effective source tables: likewise of the tables that "
    "labels are cut from; every group weighs the same, so that all groups together can count for "
    "fewer tables than one of them. Regression tasks have another measure and are on the pages of "
    "the groups.",
)

# %% [markdown]
# ## Your own weights
#
# How much should each group of tasks count? The weighted means below also follow the weights that
# you set; the address of the page keeps them, so that a link shows what you see. A model without a
# mean in a group that counts is left at the end. Each group has here all of its own tasks; the mean
# over all groups above is over the tasks that all its models share, and differs a little. Tiers and
# intervals are those of the tables; for your own weights there are none.

# %% tags=["remove-input"]
rows = figures.ordered(first.model[first.group != "all"], models)
weighed = first.pivot(index="model", columns="group", values="score")
weighed = weighed.loc[rows, [g for g in specs.GROUPS if g in weighed]]
names = [models[m].title + " (shortcut)" * (models[m].family == "shortcut") for m in rows]
weighed = weighed.set_axis(names).rename_axis(columns=None)
show.weights(weighed, page=page, profile=profile, name="weights")

# %% [markdown]
# ## Every two models

# %% tags=["remove-input", "full-width"]
show.table(
    tables.readable(
        pairs, models, "group split model other difference low high p separated".split()
    ),
    page=page,
    profile=profile,
    name="pairs",
    phone=["model", "other", "difference"],
    links=dict.fromkeys(["model", "other"], markdown.model_links(models)),
    caption="Differences of weighted means of test AUROC, common genes, with simultaneous 95 % "
    "intervals.",
)

# %% [markdown]
# ## Published, handed in, and not run
#
# Models that gene-benchmark {cite}`kantor2024` publishes scores of, with their published means:
# they are of other genes, folds and tasks than the tables above, and take no rank among them ([by
# group and by task](claims)). Embeddings that their makers placed and handed in
# ({doc}`../place`): their scores are their own, a random part was computed again from the
# vectors. And networks that are declared but have not run on these tasks, since their weights were
# not at hand: `genebench fetch --model NAME` brings them, and `genebench run --profile paper
# --models NAME`, once the name stands in the profile, makes the vectors and scores them.

# %% tags=["remove-input", "full-width"]
catalogue = cards.model_catalogue(models.values(), specs.declared().sources)
absent = catalogue[catalogue["size"].ne("") & catalogue.dim.notna()]
scored = absent.model.isin(plain.model)
absent = absent[~scored | absent.model.isin(spec.once)]
apart = absent.model.isin(stored.scored())
words = {True: "left out of this profile, scored in another", False: "not run: weights missing"}
alone = "under random folds alone: no tier, scores on the pages of the groups"
absent = absent.assign(standing=apart.map(words).mask(scored, alone))
columns = "title model family size standing licence weights".split()
others = [stored.quoted(shown, specs.declared().published()), submissions.accepted()]
show.table(
    pd.concat([*others, absent[columns]], ignore_index=True),
    page=page,
    profile=profile,
    name="not-ranked",
    caption="Models without a rank: published means are quoted from the paper, those handed in are "
    "their makers' own; the last columns say what is missing, and where weights are found.",
    links={"title": markdown.model_links(models)},
    words={"title": "model", "model": "name in commands"},
    phone=["title", "family", "size", "standing"],
)

# %% tags=["remove-cell"]
show.values(
    answers.controls(plain)
    | answers.numbers(every, models)
    | {
        "profile": shown,
        "weak": weak,
        "shortcut": shortcut,
        "answers": answers.answers(every, plain, models, **front),
    },
    page=page,
    profile=profile,
)
