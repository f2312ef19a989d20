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
# # Catalogue of genomic language models
#
# {{ glm_catalogue_models }} published models of DNA and RNA since {{ glm_catalogue_first }}, in the
# columns of Table 1 of the review {cite}`benegas2024`, in its text and after it: {{
# glm_catalogue_masked }} with a masked objective, {{ glm_catalogue_causal }} with a causal one, {{
# glm_catalogue_nucleotide }} that read single nucleotides. {{ glm_catalogue_others }} more read
# proteins or single cells, and could take part in tasks on genes. An empty cell was not checked.
#
# *Runs here*: `genebench glm score`, given the name of the repository, loads the weights of the
# commit that the address shows and runs no code that comes with them; a tiny checkpoint of the
# class is tested ({{ glm_catalogue_runs }} models). The others are *catalogued*: they need code or
# a package of their own, read overlapping k-mers, or have no weights in a safe format. Some of
# those embed genes with `--remote-code`; they stand among the [models](models).
#
# What the review asks of such models, and what our numbers say: [design choices and open
# questions](glm-questions).

# %% tags=["parameters"]
profile: str = "demo"  # which profile the book is built for
page: str = "glm-catalogue"  # name of this page

# %% tags=["remove-input"]
from notebooks.lib import glm, show

show.begin()
listed, *_ = glm.catalogue()
genomic = listed[listed.reads.str.contains("[DR]NA")]
counts = {
    "models": str(len(genomic)),
    "masked": str(genomic.task.str.startswith("MLM").sum()),
    "causal": str(genomic.task.str.startswith("CLM").sum()),
    "nucleotide": str((genomic.tokens == "nucleotide").sum()),
    "others": str(len(listed) - len(genomic)),
    "runs": str(listed.status.str.startswith("runs").sum()),
    "first": genomic.date.min()[:4],
}
show.values(counts, page=page, profile=profile)
columns = "title date reads status task tokens context".split()
show.table(
    listed[columns],
    page=page,
    profile=profile,
    name="catalogue",
    caption="Published language models of sequences by date, with what they read, whether they run "
    "here, objective, tokens and context (in tokens or bases, as the paper gives it).",
    words={"title": "model", "task": "objective", "date": "first version", "status": "here"},
)

# %% tags=["remove-input"]
told = listed[["data", "architecture", "features"]].agg("; ".join, axis=1)
told = told.str.replace("(; )+", "; ", regex=True).str.strip("; ") + ". "
told += ("Runs as " + listed["class"] + ". ").where(listed["class"] != "", "")
told += ("Licence: " + listed.licence + ". ").where(listed.licence != "", "")
told += "[paper](" + listed.paper + ")"
told += (", [weights](" + listed.weights + ")").where(listed.weights != "", "")
lines = "\n".join("- **" + listed.title + "**: " + told)
show.prose(
    "````{dropdown} Data, architecture, licence, paper and weights of each\n" + lines + "\n````"
)
