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
# # Speed of Spectra's graphs and splits
#
# The published package, `spectrae` 1.0.3 {cite}`ektefaie2024`, asks a Python function about every
# pair of samples, keeps all answers in a text file and walks a graph of Python objects. Here the
# lists of the samples that carry each mutation give the same graph, and the walk is compiled. In
# mode `reference` it draws the same random numbers, so that each split has the
# package's very train and test sets: `identical` is the share of splits that do.
#
# Seconds are of the processor, all threads together, with code that has been compiled before (the
# first call on a machine takes the row `compile, once` more). Every measurement ran in a process of
# its own; megabytes are the peak over what the process held before the work (*whole process*: all
# of it). The package's own test of overlap is left empty, so that its time counts for nobody. The
# machine had no other work at the time. Ours are the median of several runs where
# they take less than half a second; all others, and the package's, are of one.
#
# *Binary*: two samples are linked or not; *with weights*: every pair has a similarity; *reference*:
# the package's own random draws; *corrected*: our own mode of splitting ([the idea](spectra-idea)).
# Ratios are the package over genebench: higher is faster or smaller here.
#
# The set of amyloid beta here is the double mutants that the paper splits. Hardly any has a score
# at hand: they are only split, and the models of [mutational scans](spectra-scans) learn from
# another set.

# %% tags=["parameters"]
profile: str = "demo"  # which profile the book is built for
page: str = "speed-spectra"  # name of this page
measure: str = ""  # "cpu": measure anew first (eight minutes); empty: show what is stored

# %% tags=["remove-input", "full-width"]
from benchmarks import spectra
from notebooks.lib import show, speed

show.begin()
speeds = spectra.speeds(measured_on=measure)
show.table(
    spectra.headline(speeds),
    page=page,
    profile=profile,
    name="headline",
    caption="Ratios are over all cases measured beside the package: 63 splits each, 5 of graphs "
    "with weights and of 5,000 samples or more; seconds and MB are of genebench alone.",
)

# %% tags=["remove-input", "full-width"]
show.table(
    speeds,
    page=page,
    profile=profile,
    name="speeds",
    phone=["dataset", "n", "stage", "ratio"],
    caption="Every data set, size and stage.",
    significant=4,
    words=speed.words(n="samples"),
)

# %% [markdown]
# ## How it grows
#
# The package looks at all pairs of samples, whatever they share, and rebuilds the list of what is
# left at each draw. Here the graph costs what its edges do. With weights every pair is an edge, and
# there is no way around looking at all: the property, how near two variants' mutations lie, is
# compiled here and a Python function there, as the package asks.

# %% tags=["remove-input"]
show.figure(
    speed.log_lines(spectra.growth(speeds), x="n", panel="stage", label="samples"),
    spectra.growth(speeds),
    page=page,
    profile=profile,
    name="growth",
    caption="Processor seconds for the properties with their graph (left) and for one split, the "
    "mean of all (right), against the number of samples; both axes logarithmic. Blue: genebench; "
    "orange: the published package.",
    alt="Two log-log panels: the package's times rise steeply from 500 samples on, genebench's "
    "lie orders of magnitude below and go on to the full data sets.",
)
