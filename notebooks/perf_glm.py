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
# # Speed of variant scores
#
# Variants scored in a second by genebench beside the plain loop that one would write: one variant
# after another in the same window, both strands, one query (masked models) or two whole windows
# (causal ones). The same model in the same run, medians of alternating repeats. With one thread by
# the processor's time; with one thread per core by the clock, where batches also keep every core
# busy and a loop of small windows cannot. Every substitution of a stretch is scored, and by the
# loop an even sample of them: **three variants a base are as dense as variants get**, so that the
# ratios below are the highest there are, and sparse variants, which share less, gain less.
#
# What makes the difference: variants that lie together share a window, a place is asked once for
# all its alternatives, the reference is run once for all variants of a window, a network that
# treats both strands alike is run on one, a causal network reads on from the change only, and
# windows go in batches. A blind-spot network answers for every base of a window at once. Both ways
# give the same scores: the *largest difference* is rounding, beside the standard deviation of the
# scores.
#
# **Where the limit is.** The matrix products of both ways are counted: *operations, theirs over
# ours* is the ratio that sharing alone can give. A masked transformer over single bases needs one
# pass for each place and strand whatever is shared, so that three alternatives a place save a
# factor of three and hardly more; a causal one must read all that follows each alternative. What
# the measured ratio has beyond that comes from batches that keep the processor busy, and from the
# scan of the state space, which is no matrix product; where it is below, from overhead. Networks
# are small and have random weights; with longer windows than 256 bases more is shared.

# %% tags=["parameters"]
profile: str = "demo"  # which profile the book is built for
page: str = "speed-glm"  # name of this page
measure: str = ""  # a device (cpu, cuda) to measure on first; empty: show what is stored

# %% tags=["remove-input"]
from benchmarks import glm
from notebooks.lib import show, speed

show.begin()
speeds = glm.speeds(measured_on=measure)
show.prose(speed.rate_words(speeds))

# %% [markdown]
# ## All cases

# %% tags=["remove-input", "full-width"]
show.table(
    speeds,
    page=page,
    profile=profile,
    name="speeds",
    phone=["case", "threads", "ours_per_s", "ratio"],
    caption="Every case: variants a second by genebench and by the plain loop (with one thread, a "
    "second of the processor; with more, of the clock), and how many times as fast.",
    significant=3,
    words=speed.words(),
)
