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
# # Models
#
# What each model reads, what it was trained on, and on which tasks it has seen the labels
# (*exposed*): such a score is shown with a star and is no evidence of understanding. Shortcuts and
# controls are models like any other. A model whose status is `missing` has not run here; the reason
# says what it needs.

# %% tags=["parameters"]
profile: str = "demo"  # which profile the book is built for
page: str = "models"  # name of this page

# %% tags=["remove-input"]
from IPython.display import Markdown

from genebench.book import cards
from genebench.core import specs
from notebooks.lib import markdown, show

show.begin()
known = specs.declared()
listed = cards.model_catalogue(known.models.values(), known.sources)
show.table(listed.drop(columns=["description"]), page=page, profile=profile, name="catalogue")

# %% [markdown]
# ## Cards

# %% tags=["remove-input"]
Markdown(markdown.model_cards(known.models.values()))
