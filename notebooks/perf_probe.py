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
# # Speed of the probe engine
#
# CPU seconds of genebench's probe engine beside others, on the same vectors, tasks and five folds,
# in one process on one thread. Every rival is run at the size of its row, with one of our runs
# before and one after, so that both meet the same load. A rival has a ratio only where its AUROC of
# every task in the first fold is within 0.001 of the optimum, which scikit-learn finds in double
# precision at a tight tolerance; it is run at the loosest tolerance that is this near (with more
# tasks of the same vectors beginning at that of fewer).
#
# *gene-benchmark's path* is what that paper runs {cite}`kantor2024`: `cross_validate` of
# `LogisticRegression(max_iter=5000)` for each task, on the vectors as they are; ours is then run on
# the same vectors. With one task of 384 dimensions it takes as long as ours, and has no ratio for
# it is less accurate. All others standardise. *Batched L-BFGS in torch* is what a user of PyTorch
# would write: fifty lines that fit all tasks and folds together. *Ridge* has another loss and
# stands there for orientation. The number after a name is the tolerance.
#
# *Of the limit*: products of weights and residuals with the vectors, over what the processor could
# have multiplied in our CPU time, at the rate of a large matrix product measured beside each run.
# *Own curvatures* and *logistic functions* are two other parts of that time: the operations of
# inverting a task's own curvature at the same rate, and logistic functions at the rate that numbers
# in the cache allow. All three are counted; where the time of a run goes is the second table.
# With 384 dimensions and two classes: MiniLM of the gene symbol, phenotype terms of the Human
# Phenotype Ontology. Else vectors and labels are made up. Wall-clock seconds are given where
# nothing else held the processor. The largest size, 4,096 dimensions and 100 tasks, is run by
# itself and compared with the optimum of its first task in the first fold.

# %% tags=["parameters"]
profile: str = "demo"  # which profile the book is built for
page: str = "speed-probe"  # name of this page

# %% tags=["remove-input"]
from benchmarks import probe
from notebooks.lib import show, speed

show.begin()
speeds = probe.speeds().round({"max_abs_delta_auroc": 4})
speeds = speeds.assign(rival=speeds.rival.str.replace(r", (\d\S*)$", r", tolerance \1", regex=True))
show.prose(probe.claim(speeds))

# %% [markdown]
# ## All cases

# %% tags=["remove-input", "full-width"]
show.table(
    speeds.drop(columns=["threads", *probe.SHARES]).sort_values(
        "rival", key=lambda r: r == "genebench itself", kind="stable"
    ),
    page=page,
    profile=profile,
    name="speeds",
    phone=["rival", "tasks", "d", "ratio"],
    caption="Every size and rival, lowest ratio first; one thread.",
    significant=3,
    words=speed.words(),
)

# %% [markdown]
# ## Where our time goes
#
# Shares of the CPU time of a run on standardised vectors, by the part of the code that is at work.
# *Of the limit* over the share of the products is how near the products themselves come to the rate
# of a large one. *Basis of the vectors*: their second moments and eigenvectors, once a run, and the
# steps that are scaled in them. *Own curvatures*: making and applying a task's own inverse, of
# which the table above counts the making alone, at the rate of a large product. *All else*: reading
# in, standardising, moving margins, and predictions at the end. Own curvatures cost time for fewer
# iterations, and so fewer products: without them 100 tasks came nearer to the limit, and took a
# tenth longer. Applying one reads a matrix for five rows of numbers, which memory bounds and not
# arithmetic, as it does steps, gradients and losses.

# %% tags=["remove-input", "full-width"]
show.table(
    probe.parts(speeds),
    page=page,
    profile=profile,
    name="parts",
    phone=["tasks", "d", "gemm_fraction", "products_share"],
    caption="genebench itself, by size; one thread.",
    digits=2,
    words=speed.words(),
)
