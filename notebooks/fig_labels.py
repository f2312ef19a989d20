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
# # How many labels a model needs
#
# A biologist with a new list of genes has few labels. Here every probe is trained on 16 labels,
# then 32, and so on up to all training genes of a fold. The subsets are nested, keep the shares of
# the classes, and are the same for every model, so that two curves differ by the vectors alone.
# Folds are random: with many labels, shortcuts profit from relatives on both sides.

# %% tags=["parameters"]
profile: str = "demo"  # which profile the book is built for
page: str = "labels"  # name of this page
source: str = "demo"  # which profile's curves are shown

# %% tags=["remove-input"]
from genebench.benchmark import results, summaries
from genebench.core import specs
from notebooks.lib import charts, figures, show, tables

show.begin()
models = specs.declared().models
curves = summaries.with_exposure(results.read_beside(source, "efficiency.csv"), models)
shown = curves[~curves.exposed]
drawn = figures.styled(shown, models).assign(panel=shown.task.str.split("/").str[-1], mark="o")
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
    alt="Curves of AUROC over number of training labels, one panel a task, one line a model.",
)

# %% [markdown]
# *Excess* is the score minus that of the best shortcut with as many labels, with its paired
# interval.

# %% tags=["remove-input"]
columns = "task labels model score low high best_shortcut excess excess_low excess_high"
show.table(
    tables.readable(shown, models, columns.split()), page=page, profile=profile, name="table"
)
