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
# # Reliability: faults, hostile input, clusters
#
# Each fault was brought about on purpose; then the same command was run again. *Lost cells* is how
# many finished cells (models × tasks × split) were computed again at most; *identical* says whether
# every table of results was then, byte for byte, that of an undisturbed run. The rows are written
# by the test suite itself (`pytest tests --record`), on made-up data whose whole run is a few dozen
# cells.

# %% tags=["parameters"]
profile: str = "demo"  # which profile the book is built for
page: str = "reliability"  # name of this page

# %% tags=["remove-input"]
from notebooks.lib import show, speed, stored

show.begin()
faults, fuzz = stored.reliability("faults"), stored.reliability("fuzz")
show.prose(
    f"**{len(faults)} kinds of fault, {faults.tries.sum():.0f} tries: after "
    f"{'all' if faults.identical.all() else faults.identical.sum()} of them the results were "
    f"those of an undisturbed run, and at most {faults.lost_cells.max():.0f} finished cell was "
    f"computed again.** **{fuzz.inputs.sum():,.0f} corrupted inputs: {fuzz.read.sum():,.0f} were "
    f"read, {fuzz.refused.sum():,.0f} refused in a sentence, {fuzz.other.sum():.0f} ended "
    "otherwise.**"
    if "tries" in faults and "inputs" in fuzz
    else ""
)

# %% tags=["remove-input"]
show.table(
    faults,
    page=page,
    profile=profile,
    name="faults",
    caption="Faults brought about on purpose: tries, finished cells that were computed again, and "
    "whether the results were those of an undisturbed run.",
    words=speed.words(),
)

# %% [markdown]
# ## Corrupted or malicious input
#
# Sound files of each format were damaged at random (bits turned, bytes cut, dropped, doubled, put
# in), or made of random text. Each must be read, or refused in one sentence, in bounded time. HDF5
# (`.h5ad`), whose library can end or hang the process on a damaged file, is read by a copy of the
# process first.

# %% tags=["remove-input"]
few = ["inputs", "read", "refused", "other"]
show.table(
    fuzz,
    page=page,
    profile=profile,
    name="fuzz",
    caption="Damaged inputs by kind of file: how many were read, refused in a sentence, or ended "
    "otherwise.",
    words=speed.words(),
    phone=["input", *few],
)

# %% [markdown]
# Then by coverage: starting from a sound file of each format, inputs that reach new code are kept
# and changed further (libFuzzer through atheris, `python -m benchmarks.fuzz_guided`). Before
# the count below it ended three times, on what random damage had not found: a number with an
# exponent of many digits ended the process inside pandas, a pickle of 976 bytes took 8 GB by naming
# a place in its memo, and a quoted cell broke the line of the message. All three are fixed, each
# with a test.

# %% tags=["remove-input"]
show.table(
    stored.reliability("guided"),
    page=page,
    profile=profile,
    name="guided",
    caption="Inputs that a coverage-guided fuzzer made, by reader: how many were read, refused in "
    "a sentence, or ended otherwise.",
    words=speed.words(),
    phone=["reader", *few],
)

# %% [markdown]
# ## The same run by workers of a cluster
#
# A profile of real tasks, run by two processes of one machine and by two workers of a Dask cluster
# on it. *Identical*: byte for byte the same scores. CPU seconds are those of the cells alone; the
# machine had other work at the time, so elapsed seconds say little.

# %% tags=["remove-input"]
cluster = stored.reliability("cluster")
cluster = cluster.assign(**cluster.filter(["bytes"]).mul(1e-6))
cluster = cluster.rename(columns={"bytes": "stored, MB"})
show.table(
    cluster,
    page=page,
    profile=profile,
    name="cluster",
    caption="One run by processes and by a cluster: seconds, bytes stored, and whether the scores "
    "are the same byte for byte.",
    significant=4,
    words=speed.words(),
    phone=["by", "workers", "elapsed_s", "identical"],
)
