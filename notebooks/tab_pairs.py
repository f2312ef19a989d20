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
# # Pairs of genes
#
# Does this factor regulate that gene, does this ligand bind that receptor, does this kinase
# phosphorylate that protein, do two losses kill a cell together? A list of such pairs holds no
# pairs that are *not*; somebody draws them, and how they are drawn decides what is measured.
#
# **The trap.** In most lists a few genes have most of the pairs. Draw the negatives evenly over the
# genes and these hubs are rare among them: then a pair with a hub is a good guess, and the *number
# of pairs of a gene* solves the task without any knowledge of the other gene. The four sets of
# {cite}`zhong2025` are shown with the negatives that they were published with, and with negatives
# of ours in which every gene is exactly as often as among the positives. There the numbers of pairs
# tell nothing, and no *sum* of what is known of each gene by itself does.
#
# No gene of a tested pair is in training: genes are divided into three folds, and a pair whose
# genes fall into two of them is in no part (counted in the last table). Models are probed on the
# vectors of both genes and their product by column, so that a probe can see whether two genes *fit*
# each other; a linear probe on the two vectors alone can only add up what each gene says, which
# matched negatives rule out.

# %% tags=["parameters"]
profile: str = "demo"  # which profile the book is built for
page: str = "pairs"  # name of this page
source: str = "pairs"  # whose results are shown

# %% tags=["remove-input"]
from genebench.benchmark import results
from genebench.core import specs
from notebooks.lib import charts, figures, show, stored, tables

show.begin()
models, folder = specs.declared().models, "zhong2025_pairs"
intervals = results.read_beside(source, "intervals.parquet")
intervals = intervals[intervals.genes == "own"]
scores = intervals[(intervals.split == "genes") & (intervals.probe == "products")]
sets = scores[scores.task.str.startswith(folder)]
heads = sets.task.map(stored.task_titles(source)).str.partition(": ")
sets = sets.assign(pairs=heads[0], negatives=heads[2])
sets = sets.assign(row=sets.model.map(lambda name: models[name].title))
sets = sets[~sets.model.isin(["oracle", "shuffled"])]
show.figure(
    charts.dots(
        sets,
        figures.titles(figures.ordered(sets.model, models), models),
        label="test AUROC (0 to 1), no gene on both sides",
        panel="pairs",
        by="negatives",
        looks={
            "published negatives": {"color": "#D55E00", "marker": "s"},
            "matched negatives": {"color": "#0072B2", "marker": "o"},
        },
        chance=0.5,
        wide=2,
    ),
    sets[["task", "model", "negatives", "score", "low", "high"]],
    page=page,
    profile=profile,
    name="negatives",
    caption="The same positive pairs against published and against matched negatives, with 95 % "
    "intervals. The number of pairs of the task that a gene is in is counted over the whole list, "
    "tested pairs included: it shows the bias of the list, and is no fair competitor.",
    alt="Dots of AUROC per model for four sets of pairs, published beside matched negatives. "
    + figures.leaders(sets.assign(of=sets.pairs + ", " + sets.negatives), "of"),
)

# %% [markdown]
# ## The 38 published embeddings, and a count
#
# Zhong et al. publish how 38 embeddings score on these four sets {cite}`zhong2025`, with their
# negatives and folds in which no gene is on both sides, by a support vector machine on the two
# vectors joined in three ways. On the same folds the number of positive pairs that each gene has
# (which knows the whole list, but no pair's label by itself) has the score in the column *degree*;
# *above* says how many of the embeddings pass it.

# %% tags=["remove-input", "full-width"]
show.table(
    results.read_beside(source, "published.csv"),
    page=page,
    profile=profile,
    name="published",
    titles={"task": stored.task_titles(source)},
    phone=["task", "way", "best", "degree"],
    caption="Published AUROC of 38 embeddings (quoted from Zhong et al. 2025; lowest, median and "
    "best of them), and of degree alone, computed here.",
    words={"way": "vectors joined by", "best_embedding": "best embedding"},
)

# %% [markdown]
# ## All sets of pairs, all models

# %% tags=["remove-input", "full-width"]
wide, marks = tables.wide(scores, models)
titles = {"task": stored.task_titles(source)}
show.table(
    wide,
    page=page,
    profile=profile,
    name="scores",
    titles=titles,
    caption="Test AUROC by set of pairs and model, no gene on both sides; vectors of both genes "
    "and their product. A star: the model has read some of these pairs. In activation vs "
    "repression both classes are measured and none is matched.",
    marks=marks,
)

# %% [markdown]
# ## What adding up two genes is worth
#
# The same tasks with the two vectors side by side and no product (`linear`). On matched negatives
# that is worth about 0.5 on average; a fold holds a part of the pairs, in which the match is no
# longer exact, so that single scores lie up to a tenth off, most of all in small sets. On published
# ones it is nearly as good as with the product, which says that most of what is learned
# there is which genes are hubs. Where relatives are kept apart as well (`family`), what is left is
# not a family that was seen before. Folds of the publication (`published`) exist for its own
# negatives alone.

# %% tags=["remove-input", "full-width"]
ways = intervals[~intervals.family.isin(["control"])]
ways = ways.assign(way=ways.split + ", " + ways.probe)
ways = ways.pivot_table(index=["task", "model"], columns="way", values="score")
ways = ways.rename_axis(columns=None).reset_index()
show.table(
    tables.readable(ways, models, {name: name for name in ways}),
    page=page,
    profile=profile,
    name="ways",
    titles=titles,
    caption="Test AUROC by set of pairs, model, way to divide, and probe.",
)

# %% [markdown]
# ## What the pairs are, and which networks hold them
#
# *Degree*: AUROC of the product of the numbers of positive pairs of the two genes, over the whole
# list. The last columns are the share of positive and of negative pairs that are interactions in
# BioPlex and in iRefIndex: where they differ, a model of that network has read answers, and its
# scores are starred.

# %% tags=["remove-input", "full-width"]
degree = results.read_beside(source, "degree.csv")
show.table(
    degree,
    page=page,
    profile=profile,
    name="sets",
    titles=titles,
    caption="Pairs, genes, what degree alone tells, pairs within and across the folds of genes, "
    "and shares of pairs that are in a network.",
    words={name: name.replace("_", " ") for name in degree},
)
