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
# # What is reproduced of each paper
#
# Every figure and table of the three papers that this book accompanies, and where it stands here.
# They are named by what they show; a number stands only where it is certain. The second column says
# where the figure is from:
#
# - *redrawn*: a scheme or list drawn again, without scores
# - *recomputed*: our own results
# - *published*: drawn from values that the paper or its repository publishes
# - *not made*: possible, and left out
# - *not possible*: something is missing, and the reason says what
#
# *Differs*: the same question on other models or data than the paper's.
#
# No large published network has run in this edition: not ESM2 (ESM-2), Geneformer, scGPT, DNABERT-2
# or Evo. What they would need stands in the column *reason* of the table of [models](models)
# and in the [catalogue](glm-catalogue).

# %% tags=["parameters"]
profile: str = "demo"  # which profile the book is built for
page: str = "reproduced"  # name of this page

# %% tags=["remove-input"]
import pandas as pd

from genebench.core import paths
from genebench.core.yamls import read_yaml
from notebooks.lib import show

show.begin()
papers = {
    "kantor2024": "I: gene-benchmark",
    "ektefaie2024": "II: Spectra",
    "benegas2024": "III: genomic language models",
}
listed = read_yaml(paths.DATA.joinpath("reproduced.yml"))
rows = pd.concat({papers[name]: pd.DataFrame(items) for name, items in listed.items()})
rows = rows.reset_index(level=0, names="paper")
rows = rows.assign(differs=rows.differs.eq(True)).fillna("")
order = ["redrawn", "recomputed", "published", "not made", "not possible"]
counts = pd.crosstab(rows.paper, rows.how)[order].assign(
    differs=rows.groupby("paper").differs.sum()
)
counts.astype(int).rename_axis(index=None, columns=None).T

# %% tags=["remove-input"]
where = ("[](" + rows.page + ")").where(rows.page != "", "–")
how = "*" + rows.how + "*" + rows.differs.map({True: ", differs", False: ""})
cells = "| " + rows.what + " | " + how + " | " + where + " | " + rows.why.str.strip() + " |"
head = "| figure or table | from | page | what differs, or is missing |\n|---|---|---|---|\n"
tables = cells.groupby(rows.paper, sort=False).agg("\n".join)
cited = pd.Series({title: f" {{cite}}`{name}`" for name, title in papers.items()})
titles = "## " + tables.index + "\n\n" + cited[tables.index].str.strip() + "\n\n"
show.prose("\n\n".join(titles + head + tables))
