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
# CPU seconds of genebench's probe engine beside two others, on the same vectors, tasks and five
# folds, in one process on one core, medians of alternating runs. Against the *peer*: what
# gene-benchmark runs {cite}`kantor2024`, scikit-learn's `cross_validate` of
# `LogisticRegression(max_iter=5000)` for each task, on the vectors as they are. Against the *best*:
# standardised vectors in single precision, the faster of `lbfgs` warm from fold to fold and
# `newton-cholesky` among those within 0.001 AUROC of the optimum. The *largest distance* is that of
# our per-fold AUROC from a reference solution in double precision.
#
# The vectors are MiniLM's of the gene symbol (384 dimensions), joined with those of the full name
# (768), and the paper's own bag of words (1,024 counts). MiniLM's are well scaled and short, which
# makes the peer's fit easy; the columns of word counts are of very unequal scale. A small task
# alone gains little, because each set of genes has its own eigenbasis; many tasks share it. The
# rows of *made-up tasks* are the largest cases that are promised: their peak memory is what the
# fits take beside vectors and labels; of the other rows it is the whole process so far.

# %% tags=["parameters"]
profile: str = "demo"  # which profile the book is built for
page: str = "speed-probe"  # name of this page
measure: str = ""  # a device to measure on first (cpu, cuda); empty: show what is stored

# %% tags=["remove-input"]
from benchmarks import probe
from notebooks.lib import show, speed

show.begin()
speeds = probe.speeds(measured_on=measure)
blocks = speeds[speeds.case.str.startswith("block of ") & speeds.ratio.notna()]
most = blocks[blocks.n_tasks == blocks.n_tasks.max()].sort_values("ratio")
rates = most.ratio.map("{:.1f}".format) + " (" + most.d.map("{:,} dimensions)".format)
rates = rates.groupby(most.against).agg(", ".join)
alone = speeds[speeds.n_tasks == 1].ratio
show.prose(
    f"**How many times as fast:** one task alone is {alone.min():.1f} to {alone.max():.1f} times "
    f"as fast as the others, by case; {blocks.n_tasks.max():.0f} tasks together are, beside the "
    f"peer, {rates['peer']}, and beside tuned scikit-learn, {rates['best']}."
)

# %% tags=["remove-input"]
show.table(
    probe.short(speeds),
    page=page,
    profile=profile,
    name="speeds",
    caption="Every case, number of dimensions and opponent.",
    significant=4,
    words=speed.words(),
)

# %% [markdown]
# ## More tasks, less time for each
#
# Binary tasks on the genes of Reactome, fitted together. The others' time does not depend on how
# many tasks there are; it is measured on ten and multiplied.

# %% tags=["remove-input"]
show.figure(
    speed.log_lines(
        probe.blocks(speeds),
        x="n_tasks",
        panel="d",
        label="tasks fitted together, one panel a number of dimensions",
    ),
    probe.blocks(speeds),
    page=page,
    profile=profile,
    name="cost",
    caption="CPU seconds a task (five folds) against the number of tasks fitted together, both "
    "axes logarithmic.",
    alt="Line plot of CPU seconds per task, falling as more tasks are fitted together, beside the "
    "cost of the others.",
)

# %% [markdown]
# ## Solver accuracy
#
# The largest and the median distance of each solver's per-fold AUROC from the reference solution,
# and its CPU seconds.

# %% tags=["remove-input"]
show.table(
    probe.distances(),
    page=page,
    profile=profile,
    name="distances",
    caption="Distance from the reference solution, in AUROC.",
    digits=7,
    words=speed.words(),
)
