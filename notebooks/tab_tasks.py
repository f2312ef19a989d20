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
# # Tasks
#
# Every task with its size, balance, origin, release and the hash of its labels: those of
# gene-benchmark {cite}`kantor2024`, built from their sources, with the derived binary ones (one per
# label of a multi-label task). Search by name; a task's name leads to its card, on the page of its
# group, where its scores are, too. Licences are under [data and licences](licences).
#
# *Families*: number of gene families among its genes; *largest family*: share of the genes in it;
# *version*: of our definition of the task; *smallest difference*: between two uncorrelated models,
# in AUROC or Spearman's correlation, that the task would show four times of five, by formula and
# before any run ([measured on the scores](coverage) it is what decides which tasks count);
# *underpowered*: that is above 0.1. *Status*: whether its source was at hand when the profile was
# run, not on the machine that built this page. A screen that is too narrow for all columns has a
# button *All columns* above the table.

# %% tags=["parameters"]
profile: str = "demo"  # which profile the book is built for
page: str = "tasks"  # name of this page
source: str = "paper"  # whose catalogue is shown

# %% tags=["remove-input", "full-width"]
import pandas as pd

from genebench.benchmark import results
from genebench.core import specs
from notebooks.lib import markdown, show, stored

show.begin()
listed = stored.read_tasks(source)
texts = ["prior", "family rule", "classes", "description", "licence"]
links, front = markdown.task_links(listed), ["title", "group", "kind", "genes"]
front += ["smallest difference", "underpowered", "families", "largest family", "status", "balance"]
show.table(
    listed[[*front, *listed.columns.drop([*front, *texts])]],
    page=page,
    profile=profile,
    name="catalogue",
    caption="Tasks of the profile: group, kind, genes (or pairs), families among them, and the "
    "smallest difference that each can show.",
    links={"title": links},
    words={"title": "task", "task": "name in commands"},
    phone=["title", "group", "kind", "genes"],
)

# %% [markdown]
# Of these, the ready ones by group and kind:

# %% tags=["remove-input"]
ready = listed[listed.status == "ready"]
counts = pd.crosstab(ready.group, ready.kind)
counts = counts.loc[[g for g in specs.GROUPS if g in counts.index]]
counts = counts.assign(total=counts.sum(axis=1)).rename_axis(columns=None).reset_index()
show.table(
    counts,
    page=page,
    profile=profile,
    name="kinds",
    caption="Number of tasks by group and kind.",
    phone=["group", "binary", "total"],
)

# %% [markdown]
# ## Beside the published tasks
#
# Every task that the paper lists: number of genes (or pairs) here and as published, and the reason
# for every difference over two percent. `missing`: the file at hand lacks it; the official download
# has it. The paper's own runs of the two tasks on targets of NOTCH1 read each other's file, so that
# its two names are exchanged; the first table above says what each file holds.

# %% tags=["remove-input", "full-width"]
beside = pd.read_csv(results.beside_path(source, "tasks_published.csv"), keep_default_na=False)
show.table(
    beside,
    page=page,
    profile=profile,
    name="published",
    caption="Tasks of the paper: number of genes or pairs as published and here, and the reason "
    "for a difference.",
    links={"task": links},
    titles={"task": listed.set_index("task").title},
    phone=["paper's name", "kind", "genes", "published"],
)

# %% tags=["remove-input"]
show.listing(listed, column="task", text="title", title="All tasks as plain text")

# %% tags=["remove-cell"]
ready = int((beside.status == "ready").sum())
show.values({"ready": ready, "listed": len(beside)}, page=page, profile=profile)
