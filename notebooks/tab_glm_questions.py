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
from notebooks.lib import charts, glm, show

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
# ## Choices in small, measured
#
# Each network below differs from another in one choice, and all had the same budget: {{
# glm_questions_budget }} CPU seconds of one thread, whatever a choice makes of them. They are then
# asked alike: bits a base on {{ glm_questions_places }} held-out bases outside of repeats and on
# others in repeats (mobile sequence, or 24 bases that the training part has); changes of genes,
# nonsense or missense against synonymous, compared within position of the codon and kind of change;
# coding against intergenic windows by a linear probe. The grid is `data/glm_choices.yml`, the study
# `genebench notebooks --study choices`.
#
# A budget of a minute asks what to do on a small machine. Rates of learning were not searched for,
# and with more time the order can change: a choice that makes each step slower loses twice here.

# %% tags=["remove-input"]
gains, runs = glm.read("choices", "differences"), glm.read("choices", "runs")
names = {
    "bits": "bits a base, outside repeats (less is better)",
    "bits_repeats": "bits a base, in repeats",
    "nonsense": "AUROC, nonsense",
    "missense": "AUROC, missense",
    "probe": "AUROC, coding or not",
}
against = runs.drop_duplicates("name").set_index("name").title
shown = gains[gains.choice != "k-mers"].assign(
    panel=lambda g: pd.Categorical(g.measure.map(names), names.values()),
    row=lambda g: g.title + " (" + g.seeds.astype(str) + ")",
    score=lambda g: g.difference,
)
words = {False: "one seed", True: "three seeds or more"}
shown = shown.assign(face=shown.seeds.gt(1).map({True: "#222222", False: "white"}))
words = gains.difference.map("{:+.3f}".format) + " (" + glm.spans(gains, 3) + ")"
keys = (gains["name"] + "_" + gains.measure).map(glm.slug)
budget = runs[runs.choice == "usual"].cpu_s.median()
values = dict(zip(keys, words)) | {"budget": f"{budget:.0f}", "places": "2,000"}
show.figure(
    charts.dots(
        shown,
        list(shown.row.unique()),
        label="difference to the network without that choice",
        panel="panel",
        chance=0,
        sharex=False,
    ),
    shown.drop(columns=["panel", "face"]),
    page=page,
    profile=profile,
    name="effects",
    caption="What each choice changes, against the network that lacks it (number of seeds). "
    "Hollow: one seed. Bars: 95 % intervals, by the spread between seeds.",
    alt="Differences of bits a base and AUROC for each choice of objective, architecture, tokens "
    "and data.",
)

# %% [markdown]
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
