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
from genebench.book import glm, show
from genebench.core import specs

show.begin()
listed, questions = glm.catalogue()
show.values(glm.catalogue_values(listed), page=page, profile=profile)
show.table(listed, page=page, profile=profile, name="catalogue")

# %% tags=["remove-input"]
show.listing(listed, column="title", text="data", title="All models as plain text")

# %% [markdown]
# ## Open questions of the review, and what our numbers say

# %% tags=["remove-input"]
show.prose(glm.question_list(questions, [p.page for p in specs.pages()]))
