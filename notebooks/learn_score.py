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
# # How to read a score
#
# One task, one model, one fold, two genes: the whole way from labels to the number that stands in
# every table of this book, with its code. It takes less than a minute on one core, from data that
# arrives with the package.
#
# The **task** is a question about genes with known answers: *does this gene have a DNA-binding
# motif of its own*, that is, is it a transcription factor? The **model** gives every gene a vector.
# Here we take the cheapest one on purpose: counts of the letters of the gene's symbol, a
# {term}`shortcut <Baseline, shortcut, control>`. It knows nothing of biology, so that whatever it
# scores is what any better model has to beat.

# %% tags=["parameters"]
profile: str = "demo"  # which profile the book is built for
page: str = "read-score"  # name of this page
source: str = "demo"  # whose results are compared with

# %% [markdown]
# ## A task is a list of genes with labels

# %%
import pandas as pd
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import PredefinedSplit, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from genebench.benchmark import plan, results, splits
from notebooks.lib import figures, show

show.begin()
made = plan.make("ci")  # the small cut of profile demo; this task is the same in both
task = made.tasks["jaspar/motif-vs-disease-gene"]
genes = pd.DataFrame({"gene": task.entities, "label": task.labels}).set_index("gene")
two = ["PAX6", "TP53"]  # both are transcription factors
genes.loc[two].assign(means=task.classes[1], genes=len(genes), positives=genes.label.sum())

# %% [markdown]
# ## A fold is who is hidden from the training
#
# The genes are dealt into five folds. Each fold is tested once, by a probe that was trained on the
# other four, so that no gene is ever predicted by a probe that has seen its label. Under the split
# `random` chance deals; under `stem` genes whose symbols begin with the same letters (PAX1 to PAX9)
# go to one fold together.

# %%
seed, sources = splits.seed_of(made.profile.seed, 0), made.declared.sources
options = {"n_folds": made.profile.folds, "seed": seed}
options["together"], _ = made.together
groups = {name: splits.look_up(task, name, sources) for name in ("random", "stem")}
genes["random"] = splits.assign(task, "random", groups["random"], **options)
genes["stem"] = splits.assign(task, "stem", groups["stem"], **options)
genes[genes.index.str.match("PAX[0-9]|TP[567]3")]

# %% [markdown]
# ## A probe turns vectors into predictions
#
# The probe is as simple as can be, so that what it reaches is owed to the vectors: a logistic
# regression on standardised columns. It is trained on four folds and predicts the fold of our two
# genes.

# %%
vectors = made.embedding("symbol-ngrams")
X = vectors.vectors[vectors.rows(task.entities)]
probe = make_pipeline(StandardScaler(), LogisticRegression(C=1.0, max_iter=2000))
tested = genes.random == genes.random["PAX6"]
probe.fit(X[~tested], genes.label[~tested])
fold = genes[tested].assign(predicted=probe.predict_proba(X[tested])[:, 1])
fold.loc[two, ["label", "predicted"]]

# %% [markdown]
# ## AUROC: how often a gene with the label is ranked above one without
#
# Both genes have the label. What counts is not the probability but the *rank*: which share of the
# genes without the label is ranked below? That share is the gene's part in the score, and the
# **AUROC** of the fold is its mean over all genes that have the label. 0.5 is guessing, 1 perfect.

# %%
negatives = fold.predicted[fold.label == 0]
found = fold[fold.label == 1].copy()
found["ranked_below"] = [(negatives < p).mean() for p in found.predicted]
ax = found.ranked_below.plot.hist(bins=20, color="#56b4e9", figsize=(8, 3.4))
ax.axvline(found.ranked_below.mean(), color=figures.INK, linestyle="--")
ax.annotate(" AUROC", (found.ranked_below.mean(), ax.get_ylim()[1]), va="top")
ax.plot(found.ranked_below[two], [1, 1], "o", color="#d55e00", markersize=9)
ax.annotate("TP53", (found.ranked_below["TP53"], 2), ha="center", va="bottom")
ax.annotate("PAX6", (found.ranked_below["PAX6"], 2), ha="center", va="bottom")
ax.set(xlabel="share of the genes without a motif that are ranked below it (0 to 1)")
ax.set_ylabel("genes with a motif")
show.figure(
    ax.figure,
    found.reset_index()[["gene", "predicted", "ranked_below"]],
    page=page,
    profile=profile,
    name="ranks",
    caption="Every gene with a motif in the tested fold, by the share of the genes without one "
    "that the letters of its symbol rank below it; dashed: the mean, the AUROC of the fold.",
    alt="Histogram: most genes with a motif are ranked above nearly all others; PAX6 is among "
    "them, TP53 is ranked below most genes without a motif.",
)

# %% [markdown]
# PAX6 is *found* by its letters alone: PAX1 to PAX9 are all transcription factors, and most of them
# are in the training folds. TP53 is *missed*: the letters "TP" begin the symbols of many genes that
# are none. The model has understood neither gene.
#
# ## Five folds make a score, and the same number is in the tables

# %%
ways = {name: PredefinedSplit(genes[name]) for name in ("random", "stem")}
same = {"X": X, "y": genes.label, "scoring": "roc_auc"}
ours = pd.DataFrame({name: cross_val_score(probe, cv=cv, **same) for name, cv in ways.items()})
rows = results.load(source)
rows = rows[(rows.task == task.name) & (rows.model == "symbol-ngrams") & (rows.genes == "own")]
rows = rows[(rows.metric == "auroc") & rows.split.isin(list(ways))].astype({"split": str})
stored = rows.pivot(index="fold", columns="split", values="score")
both = pd.concat({"computed above": ours, "in the results": stored}, axis=1)
pd.concat([both, both.agg(["mean"])]).round(3)

# %% [markdown]
# The two agree to within a few thousandths in each fold: they come from two solvers of the same
# regression. Under `random` the letters look knowledgeable; under `stem`, where no
# relative by name is left to copy from, they lose part of it. The rest of this book asks of every
# model what is lost in this way, and what it adds to the best shortcut.
#
# ## An interval, and the excess over the best shortcut
#
# Another draw of genes would have given another number. The 95 % **interval** says how different:
# families of genes are drawn again and again, and the score is taken each time. The **excess** is
# the score minus that of the best shortcut on the same genes and folds, with an interval of its
# own.

# %%
between = results.read_beside(source, "intervals.parquet")
between = between[(between.task == task.name) & (between.split == "random")]
between = between[between.genes == "common"]
asked = ["minilm-symbol", "symbol-ngrams", "symbol-stem", "random"]
columns = "score low high best_shortcut excess excess_low excess_high".split()
shown = between.set_index("model").loc[asked, columns].round(3).astype(object)
shown.where(shown.notna(), "–").rename(columns=lambda c: c.replace("_", " "))

# %% [markdown]
# *minilm-symbol*, a language model of text that reads the symbol, scores high, and the whole
# interval of its excess is below zero: on this task it scores lower than a shortcut that knows the
# beginning of the symbol alone. The row *random* is the control: random vectors, not random folds.
# It should be at 0.5, and on a single task one control in twenty or more will lie a little off;
# controls are judged by their mean over all tasks. (This table is of the genes that every broad
# model covers, so that scores differ a little from those above.)
#
# ## Exercises
#
# **1.** A model ranks TP53 above 33 % of the genes without a motif, and its AUROC on the fold is
# 0.86. Is it a bad model?
#
# ```{admonition} Answer
# :class: dropdown
# One gene says little. The AUROC is the mean of that share over all genes with a motif; a model can
# miss one gene and be right about most. What makes this one a bad *witness* is another thing: under
# `stem` it loses part of its score.
# ```
#
# **2.** A task has 20 positive genes of 10,000. A model has AUROC 0.95. Will its 20 best guesses be
# right?
#
# ```{admonition} Answer
# :class: dropdown
# No. A positive gene is ranked above 95 % of the 9,980 others, on average; about 500 of these stand
# above it. AUROC does not depend on how rare the label is, and for a list of candidates the average
# precision (AUPRC), which is kept beside it in the results, is what to read.
# ```
#
# **3.** Two models have 0.81 and 0.83 on the same task. Which is better, and what would you look
# at?
#
# ```{admonition} Answer
# :class: dropdown
# At the interval of the *difference* on the same genes and folds, not at the two intervals: errors
# that both share cancel. If it holds 0, the order is open. Then at the excess over the best
# shortcut: both may only be repeating the letters. Try it here: replace `symbol-ngrams` by
# `symbol-stem` above and run the page again.
# ```
