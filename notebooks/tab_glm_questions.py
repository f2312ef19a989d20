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
# # Design choices, and the seven open questions
#
# Who trains a genomic language model chooses data, objective, tokens, architecture and context. The
# review {cite}`benegas2024` weighs these choices and ends with seven questions. Here is what
# published models chose, what our small networks can say, and where they say nothing.

# %% tags=["parameters"]
profile: str = "demo"  # which profile the book is built for
page: str = "glm-questions"  # name of this page

# %% [markdown]
# ## What published models chose
#
# Counted over the [catalogue](glm-catalogue); a model that names several counts once, under the
# first.

# %% tags=["remove-input"]
import pandas as pd

from genebench.core import specs
from notebooks.lib import glm, show

show.begin()
listed, questions, statements = glm.catalogue()
genomic = listed[listed.reads.str.contains("[DR]NA")]
chosen = genomic.assign(
    objective=genomic.task.str.extract("^([MC]LM)", expand=False).fillna("other"),
    year=genomic.date.str[:4],
    token=genomic.tokens.str.extract("(nucleotide|mer|byte pair)", expand=False).fillna("other"),
)
chosen["token"] = chosen.token.replace({"mer": "k-mers", "byte pair": "byte pairs"})
chosen["objective"] = chosen.objective.replace(
    {"MLM": "masked (MLM)", "CLM": "causal (CLM)", "other": "other, or not checked"}
)
counts = pd.crosstab([chosen.objective, chosen.token], chosen.year, margins=True)
counts = counts.rename_axis(columns=None).rename_axis(index=["objective", "tokens"])
show.table(
    counts.reset_index().rename(columns={"All": "all years"}),
    page=page,
    profile=profile,
    name="choices",
    caption="Published models of DNA and RNA by objective, tokens and year of the first version.",
)

# %% [markdown]
# ## Choices in small, and what is shown of them here
#
# *Objective.* The networks of a genome see both sides and never the base itself, so that all
# positions of a window are learnt from in one pass; a causal tower is trained beside it. What both
# sides are worth against one is drawn for [two small genomes](glm-genomes).
#
# *Context.* What each further base saves, by k-mer models up to order 12, outside and inside of
# duplicated sequence: high orders gain on what they have seen before, and on nothing else.
#
# *Data.* One genome a network. Repeats weigh less in the loss, as in GPN. Several species,
# alignments or population data were not tried.
#
# *Tokens and architecture.* Single nucleotides and dilated convolutions. The trainer also takes
# k-mers, byte pairs, attention and state spaces; which is better was not measured here.
#
# *Fine-tuning.* All weights or low-rank adapters, against a frozen network and an untrained one,
# are compared under [transfer](glm-transfer).
#
# ## The seven open questions
#
# In the order of the review, in our words, and what our numbers say to them.

# %% tags=["remove-input"]
asked = pd.concat({"open": questions, "tested": statements})
there = asked.page.isin([p.page for p in specs.pages()])
asked = "**" + asked.asks + "** " + asked.we + (" See [](" + asked.page + ").").where(there, "")
show.prose("\n".join("1. " + asked["open"]))

# %% [markdown]
# ## What the text of the review says, and which of our numbers test it

# %% tags=["remove-input"]
show.prose("\n".join("- " + asked["tested"]))
