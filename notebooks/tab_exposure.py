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
# # Who has read the answers
#
# For every model and every source of labels: *clean*, nothing that the model was made from holds these labels;
# *exposed*, it does, for all of the source's tasks or for part of them; *unknown*, nobody can say, because the text of
# its training is not listed. Exposed scores are starred, and in no mean, tier or ladder.

# %% tags=["parameters"]
profile: str = "demo"  # which profile's models and labels
page: str = "exposure"  # name of this page
source: str = (
    ""  # whose models and labels are shown; empty: those of the profile that the book is built for
)

# %% tags=["remove-input"]
from IPython.display import Markdown

from genebench.book import exposure, show
from genebench.core import specs

show.begin()
shown = specs.profile(source or profile)
matrix = exposure.matrix(shown)
show.figure(
    exposure.plot(matrix),
    matrix,
    page=page,
    profile=profile,
    name="matrix",
    caption="Models against sources of labels: clean, unknown, exposed on a part of the tasks, or exposed.",
    alt="Grid of models and sources of labels with the words clean, unknown, part or exposed.",
)

# %% tags=["remove-input"]
show.table(matrix.drop(columns=["model", "source"]), page=page, profile=profile, name="reasons")

# %% [markdown]
# ## What they were made from

# %% tags=["remove-input"]
Markdown(exposure.words(shown))
