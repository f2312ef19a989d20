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
# # Tasks of a group
#
# The tasks of one of the paper's five groups {cite}`kantor2024`, as the profile `paper` builds them: first a figure and
# a table to sort and filter, then a card for each task. *Families* join the gene groups of HGNC and the letters of the
# symbols; a task whose largest family holds much of it says little about other genes. The *smallest detectable
# difference* between two models is that of two uncorrelated AUROCs {cite}`hanley1982` (80 % power at the 95 % level),
# averaged over classes or labels, or of two Spearman correlations; models scored on the same genes can be told apart by
# less. Pairs of genes have none, because they share genes.

# %% tags=["parameters"]
profile: str = "demo"  # which profile the book is built for
page: str = "paper-localization"  # name of this page
source: str = "paper"  # which profile's catalogue is shown
group: str = "localization"  # which of the five groups

# %% tags=["remove-input"]
from IPython.display import Markdown

from genebench.benchmark import results
from genebench.book import cards, figures, show
from genebench.stats import intervals

show.begin()
listed = cards.of_group(results.read_tasks(source), group)
ready = listed[listed.status == "ready"]
Markdown(cards.words(listed))

# %% tags=["remove-input"]
show.figure(
    figures.size_and_power(ready, limit=intervals.UNDERPOWERED),
    ready[["task", "kind", "genes", "smallest difference"]],
    page=page,
    profile=profile,
    name="power",
    caption=f"Size of each task of the group {group} and the smallest difference between two models that it can show, "
    "in AUROC (0 to 1), or Spearman correlation of regression tasks. Tasks above the line are called underpowered.",
    alt=f"Scatter plot of smallest detectable difference against number of genes for the tasks of the group {group}.",
)

# %% tags=["remove-input"]
show.table(
    cards.short(ready),
    page=page,
    profile=profile,
    name="tasks",
    caption="The tasks that are ready; the CSV button saves what is shown.",
)

# %% [markdown]
# ## Cards

# %% tags=["remove-input"]
Markdown(cards.cards(listed))
