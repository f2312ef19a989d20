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
# # The idea: a spectrum of splits
#
# A model that is tested on relatives of what it was trained on can score well by remembering them.
# One split that keeps relatives apart answers *one* question: how good is it on strangers? Spectra
# {cite}`ektefaie2024` asks for the whole range: performance as train and test share less and less.
#
# **What it shows here.** {{ spectra_datasets }} data sets and gene tasks, {{ spectra_curves }}
# curves, which are not independent: remote homology is split in three ways, Davis and KIBA in two,
# and models of one set share its splits. Of the {{ spectra_spanning }} curves of real models along
# which overlap falls by a quarter or more, performance falls significantly in {{ spectra_falling }}
# and goes up and down with overlap in {{ spectra_rank_positive }} of {{ spectra_ranked }}. Part of
# that is size: in {{ spectra_size_half }} of the {{ spectra_falling }} falls the control of as many
# units drawn at random falls at least half as far. At the largest λ and equal size, {{ spectra_gap
# }} of the {{ spectra_spanning }} curves lie significantly below their control; that part is due to
# overlap. (A fall can be due to both.) Pairs of which both partners are new are not counted here:
# their λ = 0 is no random split.
#
# Below, the idea in code, on a toy of which we know the truth. It runs in seconds.

# %% tags=["parameters"]
profile: str = "demo"  # which profile the book is built for
page: str = "spectra-idea"  # name of this page

# %% [markdown]
# ## Who is related: the spectral property
#
# A *spectral property* says when two units are related: proteins of which more than 30 % of the
# alignment are identical, variants that share a mutation, genes of one family. Its graph links
# related units. At the *spectral parameter* λ the units are visited in random order; each that is
# still there is retained, and drops each of its neighbours with chance λ. Of those retained, a
# fifth is tested. λ = 0 retains everything, a random split; at λ = 1 no link joins train and test.

# %%
import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib import pyplot as plt
from matplotlib.collections import LineCollection
from sklearn.linear_model import Ridge
from sklearn.metrics import roc_auc_score

from genebench.spectra import curve, properties, splits
from notebooks.lib import figures, show

show.begin()
few = np.repeat(np.arange(6), 5)  # 30 units of 6 families
graph = properties.shared_label(few)
turn = 2 * np.pi * np.arange(5) * 0.2
at = pd.DataFrame({"x": 3 * (few % 3) + np.tile(np.cos(turn), 6), "unit": np.arange(30)})
at["y"] = 3 * (few // 3) + np.tile(np.sin(turn), 6)
sides = splits.splits(graph, [0, 0.5, 1], [3])
drawn = pd.concat({f"λ = {p:g}": at.assign(side=side) for (p, _), side in sides.items()})
drawn = drawn.reset_index(level=0, names="panel")
drawn["side"] = drawn.side.map({0: "dropped", 1: "train", 2: "test"})
look = {"train": "#0072b2", "test": "#d55e00", "dropped": "#cccccc"}
links = at[["x", "y"]].to_numpy()[np.column_stack(graph.nonzero())]
fig, axes = plt.subplots(1, 3, figsize=(9.2, 3))
dots = {"x": "x", "y": "y", "hue": "side", "hue_order": list(look), "palette": look, "s": 80}
panels = zip(axes, drawn.groupby("panel"))
[sns.scatterplot(part, **dots, legend=False, ax=ax).set_title(name) for ax, (name, part) in panels]
[ax.add_collection(LineCollection(links, colors="#999999", zorder=0)) for ax in axes]
[ax.set(xticks=[], yticks=[], xlabel="", ylabel="") for ax in axes]
[axes[0].plot([], [], "o", color=ink, label=name) for name, ink in look.items()]
figures.legend(fig, [axes[0]], columns=3)
show.figure(
    fig,
    drawn,
    page=page,
    profile=profile,
    name="schematic",
    caption="Thirty units of six families, linked where they are related, split at three spectral "
    "parameters. At λ = 0 nothing is dropped, and nearly every test unit has a relative in train; "
    "at λ = 1 one unit of each family is left, and no line joins train and test.",
    alt="Three drawings of six rings of linked dots: with growing λ more dots are dropped, until "
    "at 1 no link joins a training and a test dot.",
)

# %% [markdown]
# ## Two models that score alike on a random split
#
# The truth of the toy: a unit's value is half owed to its family, half to something that can be
# read from the unit itself. One model sees only the family (*remembers relatives*), the other only
# the readable half (*reads the unit*).

# %%
rng = np.random.default_rng(0)
family = np.arange(2400) % 240
readable = rng.normal(size=2400)
value = 1.1 * rng.normal(size=240)[family] + readable + 0.3 * rng.normal(size=2400)
models = {"remembers relatives": np.eye(240)[family], "reads the unit": readable[:, None]}
graph = properties.shared_label(family)
lambdas, seeds = np.linspace(0, 1, 11).round(1), range(6)
own = splits.splits(graph, lambdas, seeds)
matched = {(p, s): splits.size_matched(side, seed=s) for (p, s), side in own.items()}
units = np.arange(2400)
shared = {k: curve.overlaps([(graph, units)], side)["test_linked"] for k, side in own.items()}
sizes = {k: np.bincount(side, minlength=3)[1:] for k, side in own.items()}
table = pd.DataFrame(sizes, index=["train", "test"]).T.assign(overlap=pd.Series(shared))
table.groupby(level=0).mean().rename_axis("λ").round({"train": 0, "test": 0, "overlap": 2})

# %% [markdown]
# *Overlap* is the share of test units that have a relative in train. It falls with λ, and so does
# the number of units: a stricter split is also a smaller one. So each split has a **size-matched
# control**, as many units drawn at random: what a model loses on the one and not on the other is
# due to overlap.
#
# ## The spectral performance curve

# %%
both = {"own split": own, "size-matched": matched}
high = value > np.median(value)  # what is scored: is the value among the upper half?
fits = {
    (model, kind, *key): Ridge().fit(X[side == 1], value[side == 1]).predict(X[side == 2])
    for kind, parts in both.items()
    for key, side in parts.items()
    for model, X in models.items()
}
rows = [(*key, roc_auc_score(high[both[key[1]][key[2:]] == 2], fit)) for key, fit in fits.items()]
scores = pd.DataFrame(rows, columns=["model", "split", "λ", "seed", "score"])
ax = sns.lineplot(scores, x="λ", y="score", hue="model", style="split", errorbar=("ci", 95))
sns.stripplot(
    scores[scores.split == "own split"],
    x="λ",
    y="score",
    hue="model",
    native_scale=True,
    jitter=False,
    size=3,
    alpha=0.5,
    legend=False,
    ax=ax,
)
ax.axhline(0.5, color=figures.INK, linestyle=":", linewidth=1)
ax.set(xlabel="spectral parameter λ (0: random, 1: no links)")
ax.set_ylabel("AUROC (chance 0.5)")
ax.figure.set_size_inches(8.6, 4)
sns.move_legend(ax, "lower left", fontsize=10)
show.figure(
    ax.figure,
    scores,
    page=page,
    profile=profile,
    name="curve",
    caption="Two models on ever stricter splits; a dot is one seed, bands are 95 % intervals of "
    "the mean over seeds. Both score alike at λ = 0. One falls to chance when no relative is "
    "left, its size-matched control does not; the other stays.",
    alt="Two curves that begin together at λ = 0; that of the model that remembers relatives falls "
    "to chance at λ = 1, that of the model that reads the unit stays level.",
)

# %% [markdown]
# The random split alone would have called them equal. The fall of the first is *arithmetic*: a
# model that knows a unit by its family alone knows nothing of a family that is not in train. It is
# drawn, here and on the following pages, but a fall that could not fail to come is not counted as a
# finding.
#
# ## One number: AUSPC
#
# The area under the curve over λ is its mean height. Where on the curve *you* are depends on what
# you will predict: the curve at an overlap of 0 is for new families, at 1 for known ones. The mean
# over the overlaps that you will meet is taken *after AU-GOOD* {cite}`fernandezdiaz2025`, which
# weights a curve over thresholds of similarity; here the curve is over the share of test units that
# have a relative in train.

# %%
mean = scores.groupby(["model", "split", "λ"]).score.mean().unstack("λ")
mean.apply(lambda row: curve.area(lambdas, row), axis=1).unstack("split").round(3)

# %% [markdown]
# ## Exercises
#
# **1.** Why does the size-matched curve of the model that remembers relatives not fall to chance?
#
# ```{admonition} Answer
# :class: dropdown
# Its units are drawn at random, so that most test units still have a relative in train, although
# there are as few units as in the strict split. It loses a little, because with fewer relatives a
# family's value is known less well; that part of a fall is size and not overlap.
# ```
#
# **2.** Someone tests on a random fifth of the *families*. At which λ does that split lie, and what
# would the two models score on it?
#
# ```{admonition} Answer
# :class: dropdown
# No test unit has a relative in train, an overlap of 0, so it lies where the curve's overlap is 0:
# at λ = 1. The first model would be at chance, the second about where it always is. The split is
# larger than that of λ = 1, though, because families are kept whole. Splits that others use are
# placed on the curves in this way on the following pages.
# ```
#
# **3.** A third model sees both. Draw its curve, then run it.
#
# ```{admonition} Answer
# :class: dropdown
# Add `"sees both": np.column_stack([*models.values()])` to `models` and run the page. It begins
# above both, loses what the family gave it, and ends about where the second model is: its curve
# falls, and yet it is never the worse choice. A fall is no fault by itself; compare the heights at
# the overlap that you will meet.
# ```
#
# ## How the curves of the following pages are made
#
# **Three overlaps** are in use under one name, and they differ: the share of test units with a
# relative in train (drawn here), the share of mutations on both sides (Jaccard), and the share of
# pairs across that are linked. Every split is listed with all three in
# `data/results/spectra/overlaps.csv`.
#
# **AUSPC** is the trapezoid over λ of the score's mean over seeds, divided by the span of λ that
# has scores. The area *over overlap* is named apart, because overlap is not spread evenly over λ.
# The mean *over all overlaps* in the tables, after AU-GOOD, is over the overlaps from 0 to 1, all
# alike; the curve's ends are held beyond it, and where that is more than a fifth of the range there
# is no number. `--target` takes your own: of each unit that you will predict the similarity to its
# nearest relative in train, which counts as a relative from the threshold of the property on.
#
# **Intervals** are Student's t. The variance is that over seeds (another draw of the split) and
# that over 32 draws of the test units (other test data), the same units at every λ and for every
# model. A model *falls* only where the interval of its fall lies above 0.  Each seed is a dot.
#
# **Uninformed by construction.** A model that knows a variant by its mutations alone knows nothing
# of one whose mutations are all new: its fall there is arithmetic. It is drawn, and not counted
# among those that fall. It need not end exactly at chance: of classes the site-independent model
# gives every new mutation the same weight, so that it ranks by their number, and what a network
# answers to inputs that it never saw is arbitrary.
#
# **Units and samples.** The unit of splitting: barcodes, proteins, kinases, ligands, genes. Scores
# count *samples*: every isolate of a barcode, every residue of a chain, every pair of a kinase. A
# split with fewer than ten samples on a side, or with one class only, has no score and is listed in
# the manifest with its reason. Where a unit has many samples the size-matched control has as many
# units, not as many samples.
#
# **Pairs** of a ligand and a protein are split by one partner, or by both: then each partner has a
# split of its own, and a pair is trained on or tested where both its partners are. There λ = 0
# already keeps every kinase and every ligand of the test out of train, while the size-matched
# control draws pairs, which share them: what lies between the two is new partners as well as
# overlap.
#
# **Ways of splitting.** *Corrected* is the default. *Weighted* is after the paper's for
# tuberculosis: the barcode of most isolates is always retained next, neighbours are dropped with
# chance λ², and barcodes are dealt so that isolates are balanced too. The paper's order has two
# more terms (rare mutations, few neighbours), and it drops what is left over, which is retained
# here. *Reference* gives the sets of the published package, sample for sample.
#
# **Computationally expensive models** (networks, pairs of mutations) are run at 6 or 11 of the 21
# values of λ; networks train for a bounded number of steps.
#
# **A protein language model.** UniRep {cite}`alley2019` reads every protein whole, from left to
# right; of the AAV capsid it reads the 28 residues that vary. Its frozen states are the features of
# the same ridge and perceptron that the others use. It was trained on UniRef50 of 2018: it has seen
# natural relatives of every wild type and of most proteins here, and no label. λ keeps the test
# apart from the train of the ridge, not from what UniRep has read.
#
# ```bash
# genebench spectra                             # data sets, and what those not at hand need
# genebench spectra hpo/dominant-vs-recessive   # a gene task, offline, relatives by symbol
# genebench spectra tb-rif --models logistic --parameters 0,0.5,1
# genebench spectra mine.csv                    # id, label, and sequence, mutations or numbers
# genebench spectra mine.csv --property sequence_identity:0.3   # or shared_label:family
# genebench spectra mine.csv --split-file split.csv             # how much does this split leak?
# genebench spectra gfp --write-splits splits.csv.gz            # for a model that runs elsewhere
# genebench spectra gfp --predictions p.csv --name mymodel      # and what it predicted there
# ```
#
# **Leakage** of a given split is the share of pairs across its sides that are linked, over that of
# random splits: 0, nothing is shared; 1, as much as by chance. In scikit-learn, `SpectralSplit` is
# a cross-validator:
#
# ```python
# from genebench.spectra import SpectralSplit
#
# cv = SpectralSplit(parameters=[0, 0.5, 1], n_repeats=10)
# cross_val_score(model, X, y, groups=family, cv=cv)
# ```
