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
# # Claims of the papers, compared with our results
#
# Each finding is restated so that scores can contradict it: the best model of one kind minus the
# best of another, on the same genes, tasks and folds. It *holds* if the 95 % interval lies above
# zero, *fails* if it lies below, and is *open* if zero is inside. The intervals are those of all
# pairs of models at once, so that they are corrected for selecting the best. A model that was
# trained on the labels of many of the tasks cannot stand for its kind: where none is left, nothing
# can be said.

# %% tags=["parameters"]
profile: str = "demo"  # which profile the book is built for
page: str = "claims"  # name of this page
source: str = "paper"  # whose results are judged

# %% tags=["remove-input"]
from IPython.display import Markdown

from genebench.benchmark import results
from genebench.book import charts, claims, show
from genebench.core import specs

show.begin()
known = specs.declared()
models = {m: known.models[m] for m in known.profile(source).models}
judged = claims.verdicts(
    specs.published().claims,
    models,
    results.read_beside(source, "means.csv"),
    results.read_beside(source, "pairs.csv"),
)
rows = judged.says.str.wrap(46) + "\n→ " + judged.verdict
drawn = judged.assign(row=rows, score=judged.difference, ink=judged.verdict.map(claims.VERDICTS))
show.figure(
    charts.dots(
        drawn.astype({"score": float, "low": float, "high": float}),
        list(rows),
        label="difference of weighted mean AUROC, first minus second",
        chance=0,
        height=0.75,
    ),
    judged,
    page=page,
    profile=profile,
    name="verdicts",
    caption="Findings of the papers as differences of weighted mean AUROC (common genes) with "
    "simultaneous 95 % intervals over genes and tasks, and the verdict of each.",
    alt="Difference and interval of each finding, with the words holds, fails, open or cannot be "
    "tested.",
)

# %% tags=["remove-input"]
Markdown(claims.claim_words(judged, models))
