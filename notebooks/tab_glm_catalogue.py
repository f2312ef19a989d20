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
# # Catalogue of genomic language models
#
# {{ glm_catalogue_models }} published models since {{ glm_catalogue_first }}, in the columns of
# Table 1 of the review {cite}`benegas2024` and beyond it: {{ glm_catalogue_masked }} with a masked
# objective, {{ glm_catalogue_causal }} with a causal one, {{ glm_catalogue_nucleotide }} that read
# single nucleotides. An empty cell was not checked. Several of those with a place on the Hugging
# Face Hub can be scored by `genebench glm score`.

# %% tags=["parameters"]
profile: str = "demo"  # which profile the book is built for
page: str = "glm-catalogue"  # name of this page

# %% tags=["remove-input"]
import numpy as np

from genebench.book import glm, show
from genebench.core import specs

show.begin()
listed, questions = glm.catalogue()
counts = {
    "models": str(len(listed)),
    "masked": str(listed.task.str.startswith("MLM").sum()),
    "causal": str(listed.task.str.startswith("CLM").sum()),
    "nucleotide": str((listed.tokens == "nucleotide").sum()),
    "first": listed.date.min()[:4],
}
show.values(counts, page=page, profile=profile)
show.table(listed, page=page, profile=profile, name="catalogue")

# %% tags=["remove-input"]
show.listing(listed, column="title", text="data", title="All models as plain text")

# %% [markdown]
# ## Open questions of the review, and what our numbers say

# %% tags=["remove-input"]
link = "[" + questions.page + "](" + questions.page + ")"
there = questions.page.isin([p.page for p in specs.pages()])
answer = np.where(there, link, "*The results are still to come.*")
show.prose("\n".join("- **" + questions.asks + "** " + questions.we + " " + answer))
