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
# # Catalogue of models
#
# What each model reads, what it was trained on, and on which tasks it has read part of the answers (*exposed*): such
# a score is shown with a star and is no evidence of understanding. Shortcuts and controls are models like any other.

# %% tags=["parameters"]
profile: str = "demo"  # which profile's models
page: str = "models"  # name of this page

# %% tags=["remove-input"]
from genebench.book import show, tables
from genebench.core import specs

show.begin()
catalogue = tables.model_catalogue(specs.profile(profile).models)
show.table(catalogue.drop(columns=["description"]), page=page, profile=profile, name="catalogue")

# %% tags=["remove-input"]
show.listing(catalogue, column="model", text="description", title="All models as plain text")
