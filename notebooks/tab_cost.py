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
# # What a run costs
#
# Time and memory of the run whose scores this book shows, from its manifest. A cell is one model on
# one block of tasks under one split, all folds of it; its predictions are kept, so that intervals
# need no fit.

# %% tags=["parameters"]
profile: str = "demo"  # which profile's results
page: str = "cost"  # name of this page
source: str = "paper"  # whose results are shown; empty: those of the profile of the book

# %% tags=["remove-input"]
from genebench.benchmark import results
from genebench.core import manifest, specs
from notebooks.lib import costs, figures, show, speed, tables

show.begin()
models = specs.declared().models
run = manifest.read(results.manifest_path(source or profile))
show.prose(costs.words(run))

# %% tags=["remove-input"]
spent = costs.spent(run)
rows = figures.ordered(spent.model, models)
parts = {
    "fits_s": "probes of all tasks and splits\n(CPU seconds)",
    "embedding_s": "embedding, made once\n(seconds by the clock, all cores)",
}
bars = spent.set_index("model").loc[rows, list(parts)].rename(columns=parts)
left, right = bars.plot.barh(
    subplots=True,
    layout=(1, 2),
    sharex=False,
    sharey=True,
    legend=False,
    title=[""] * 2,
    width=0.8,
    color=["#0072b2", "#e69f00"],
    figsize=(9, 0.36 * len(rows) + 1.4),
)[0]
left.set_xlabel(parts["fits_s"])
right.set_xlabel(parts["embedding_s"])
figures.rows_axis(left, list(figures.titles(rows, models)))
show.figure(
    left.figure,
    spent,
    page=page,
    profile=profile,
    name="models",
    caption="By model, in two units that cannot be added: CPU seconds of all probes of all tasks, "
    "splits and folds (left), and seconds by the clock, with all cores, of the embedding that is "
    "made once (right). Shuffled labels are probed on the vectors of MiniLM on the symbol, whose "
    "seconds stand in both rows.",
    alt="Bars of seconds by model, of probes on the left and of the embedding on the right. "
    + figures.leaders(figures.styled(spent, models), score="fits_s", word="Most, probes", most=3),
)

# %% tags=["remove-input"]
show.table(
    tables.readable(spent, models, spent),
    page=page,
    profile=profile,
    name="table",
    caption="By model: seconds of the embedding by the clock, CPU seconds of all fits and of the "
    "mean task, and tasks fitted.",
    digits=2,
    phone=["model", "embedding s", "fits s", "mean s"],
    words=speed.words(tasks="tasks fitted, over all splits"),
)

# %% [markdown]
# ## Stages
#
# Seconds by the clock of the last run that computed more than half of the cells; what it found in
# the cache cost nothing in it, but is in the sums above. The memory of the largest process, in MiB,
# is known for the whole run alone.

# %% tags=["remove-input"]
show.table(
    costs.stages(run),
    page=page,
    profile=profile,
    name="stages",
    caption="By stage of the run: seconds by the clock, and memory of the largest process in MiB.",
    digits=1,
    words=speed.words(tasks="tasks fitted, over all splits"),
)
