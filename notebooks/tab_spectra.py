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
# # All data sets: does it hold when less is shared?
#
# A random split puts relatives of the training data into the test. Spectra {cite}`ektefaie2024`
# makes splits that share ever less, from λ = 0 (random) to λ = 1 (no link between train and test),
# and draws performance over them: the spectral performance curve, whose area is the AUSPC. Stricter
# splits are also smaller, so each has a *size-matched* twin here: as many units, drawn at random.
# What a model loses on the one and not on the other is due to overlap.

# %% tags=["parameters"]
profile: str = "demo"  # which profile the book is built for
page: str = "spectra"  # name of this page

# %% tags=["remove-input"]
from genebench.book import show, spectra, spectra_figures
from genebench.core import specs

show.begin()
known = spectra.declared(specs.declared())
show.values(spectra.numbers(known), page=page, profile=profile)
show.figure(
    spectra_figures.overview(known),
    spectra.area_table(known),
    page=page,
    profile=profile,
    name="areas",
    caption="Area under the spectral performance curve over λ of every model (dots) and of its "
    "size-matched control (ticks), one row a data set. What lies between them is what overlap, "
    "and not size, gives.",
    alt="Dot plot of AUSPC per model and data set, beside the size-matched control.",
)

# %% [markdown]
# ## Areas

# %% tags=["remove-input"]
show.table(
    spectra.area_table(known),
    page=page,
    profile=profile,
    name="table",
    caption="AUSPC over λ with 95 % intervals over seeds, that of the size-matched control, and "
    "the area over overlap (the mean score over the span of overlap, another number). "
    "Computationally expensive models have fewer values of λ.",
)

# %% [markdown]
# ## Does performance fall with overlap, and how much of it is size?

# %% tags=["remove-input"]
show.table(spectra.finding_table(known), page=page, profile=profile, name="finding")

# %% [markdown]
# ## Beside the published areas
#
# Figures of the paper are quoted {cite}`ektefaie2024`: two digits as a notebook of its repository
# prints them, three digits as the trapezoid over the means that the repository ships for
# rifampicin. For GFP and Covid the repository does not name the metric. Our Covid set is another
# one (single mutants of the receptor-binding domain).

# %% tags=["remove-input"]
show.table(
    spectra.published_areas(known, specs.published()), page=page, profile=profile, name="published"
)

# %% tags=["remove-input"]
show.table(
    spectra.checks(known),
    page=page,
    profile=profile,
    name="checks",
    caption="Overlap, size and spread that the paper's repository ships beside ours, means over "
    "the values of λ that both have. The repository ships no means of scores but those of "
    "rifampicin.",
)

# %% [markdown]
# ## Data sets and models
#
# Those of the paper that do not run from here say what they need. A model that runs elsewhere
# (language models, docking, structures) takes part by its predictions: `genebench spectra DATASET
# --write-splits splits.csv.gz` says who is on which side, `genebench spectra DATASET --predictions
# mine.csv --models NAME` scores what comes back.

# %% tags=["remove-input"]
sets, listed = spectra.lists(known)
show.table(sets, page=page, profile=profile, name="sets")

# %% tags=["remove-input"]
show.table(listed, page=page, profile=profile, name="models")
