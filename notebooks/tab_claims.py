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
# # Scores reproduced and claims
#
# What the first paper found, judged by its own published scores and by what is run here; then its
# scores, computed again.
#
# ## Claims, judged twice
#
# Each finding is quoted but one, which no paper claims and which an earlier edition of this book
# had listed. Each is restated so that scores can contradict it: the best model of one kind minus
# the best of another, or (the last, from Spectra) what the best deep model loses. It is judged by
# the scores that gene-benchmark {cite}`kantor2024` publishes of nine models (bag of words,
# Gene2vec, MPNet, two larger text models that it calls MTEB-1B and MTEB-7B, Geneformer, scGPT,
# cellPLM and GEARS), task by task and fold by fold, and by what is run here, with random folds and
# with relatives kept apart.
#
# It *holds* if the 95 % interval lies above zero, *fails* if it lies below, and is *open* if zero
# is inside. The intervals are those of all pairs of models at once, so that they are corrected for
# selecting the best. A verdict on tasks of effectively fewer than eight
# {term}`source tables <Source table>` is about *these tasks only*; the number is that of the
# [leaderboard](leaderboard). Of the published tasks, which are other ones, whole *resources* (HPA,
# Reactome and the like) are counted. There are fewer than eight: only folds are drawn, and the wide
# interval shows what drawing resources, then tasks, then folds would give; of two or three even
# that is too narrow. A model that was trained on the labels of many of the tasks cannot stand for
# its kind: where none is left, nothing can be said.

# %% tags=["parameters"]
profile: str = "demo"  # which profile the book is built for
page: str = "claims"  # name of this page
source: str = "paper"  # whose results are judged

# %% tags=["remove-input", "full-width"]
import pandas as pd
from IPython.display import Markdown

from genebench.benchmark import results, summaries
from genebench.core import specs
from notebooks.lib import charts, claims, figures, show

show.begin()
declared = specs.declared()
listed = claims.known(specs.published().claims, declared.models)
models = {m: declared.models[m] for m in declared.profile(source).models}
means, pairs = (results.read_beside(source, f"{name}.csv") for name in ("means", "pairs"))
groups, compared = (
    results.read_beside(source, f"published_{name}.csv") for name in ("groups", "pairs")
)
same = {"measure": "auroc", "split": "random"}
judges = {
    "published scores": claims.verdicts(
        listed,
        declared.published(),
        groups[groups.family != "ours"].assign(**same),
        compared.assign(**same),
    ),
    "ours": claims.verdicts(listed, models, means, pairs),
    "ours, relatives apart": claims.verdicts(listed, models, means, pairs, split="family"),
}
judged = pd.concat(judges, names=["by"]).reset_index("by")
named = judged.by.mask(judged.stand_in, judged.by + " (stand-ins)")
heads = named.groupby(judged.by).max()
table = judged.pivot(index="says", columns="by", values="verdict").loc[judges["ours"].says]
show.table(
    table[list(judges)]
    .rename(columns=heads)
    .rename_axis(index="finding", columns=None)
    .reset_index(),
    page=page,
    profile=profile,
    name="verdicts",
    caption="Verdict of each finding by the published scores and by ours. Stand-ins: at least one "
    "side is taken by a model that the paper does not score.",
)

# %% tags=["remove-input"]
looks = {
    "published scores, resources drawn": {"marker": "|", "color": "#aaaaaa"},
    "published scores": {"marker": "s", "color": "#555555"},
    "ours": {"color": "#0072b2"},
    "ours, relatives apart": {"marker": "D", "color": "#d55e00"},
}
wide = judges["published scores"].assign(
    by="published scores, resources drawn",
    low=lambda f: f.tables_low,
    high=lambda f: f.tables_high,
)
drawn = pd.concat([judged, wide[wide.low.notna()]])
drawn = drawn.assign(row=drawn.says.str.wrap(26), score=drawn.difference)
show.figure(
    charts.dots(
        drawn.astype({"score": float, "low": float, "high": float}),
        list(drawn.row.unique()),
        label="difference of mean AUROC, first minus second",
        by="by",
        looks=looks,
        chance=0,
        height=0.85,
    ),
    judged,
    page=page,
    profile=profile,
    name="differences",
    caption="Findings of the papers as differences of mean AUROC with simultaneous 95 % "
    "intervals. Published scores: over folds, and in light grey over resources, tasks and "
    "folds. Ours: weighted means on common genes, over families of "
    "genes, and over source tables where there are effectively 8 or more.",
    alt="Difference and interval of each finding by the published scores and by ours. Verdicts by "
    "ours: " + " ".join(judges["ours"].says + " " + judges["ours"].verdict + "."),
)

# %% tags=["remove-input"]
Markdown(claims.claim_words(judges, declared.models | models | declared.published()))

# %% [markdown]
# ## The paper's scores, reproduced
#
# Two models of gene-benchmark {cite}`kantor2024` can be run from published parts: bag of words
# (counts of the 1,024 commonest words of a gene's name and NCBI summary) and MPNet, the sentence
# embedding of the same text by the weights that the paper used. Each is scored on the paper's own
# genes, by the paper's probe (vectors as they are) and by ours (standardised inside the fold).
#
# Folds of the paper are not seeded for tasks with several labels and for regression, so both its
# mean over five folds and ours over five divisions into five folds have an error; the difference is
# judged by the standard error of both. What no choice of folds explains can be owed to labels of
# other releases or to summaries of another date; the reason is given where one is known, and most
# differences have none.
#
# Of tasks with several labels the published scores are computed from hard 0/1 predictions (the
# script of the paper says so), not from probabilities; our fits are scored in that way here, and by
# probability on all other pages.

# %% tags=["remove-input"]
beside = results.read_beside(source, "reproduction.csv")
reasons = pd.DataFrame(specs.published().reproduction).rename_axis("task").stack().rename("reason")
beside = beside.join(reasons, on=["task", "model"])
title = beside.model.map({m.name: m.title for m in specs.declared().models.values()})
total = summaries.reproduction(beside.assign(model=title))
signed = total.bias.map("{:+.3f}".format).map(figures.minus)
sentences = (
    "**"
    + total.index
    + ": mean absolute difference "
    + total["mean"].map("{:.3f}".format)
    + " AUROC over "
    + total.tasks.astype(str)
    + " tasks**, of which "
    + total.within_se.astype(str)
    + " lie within two standard errors and "
    + total.near.astype(str)
    + f" within {summaries.NEAR:g}; ours minus published is "
    + signed
    + " on average."
)
said = show.prose(" ".join(sentences))
looks = {
    "published": {"marker": "s", "color": "#555555"},
    "ours, scored in the same way": {"color": "#0072b2"},
    "ours, standardised": {"marker": "D", "color": "#d55e00"},
}
ranked = beside.assign(panel=title, row=beside.listed)
ranked = ranked.sort_values(["group", "published"], ascending=[True, False])
theirs, ours = 2 * ranked.published_se, 2 * ranked.repeated_se
middle = ranked.published, ranked.repeated
parts = [
    ranked.assign(score=middle[0], low=middle[0] - theirs, high=middle[0] + theirs),
    ranked.assign(score=middle[1], low=middle[1] - ours, high=middle[1] + ours),
    ranked,
]
drawn = show.figure(
    charts.dots(
        pd.concat(parts, keys=list(looks), names=["of"]).reset_index("of"),
        list(dict.fromkeys(ranked.listed)),
        label="test AUROC (0 to 1, weighted one-vs-rest)",
        panel="panel",
        by="of",
        looks=looks,
        chance=0.5,
        height=0.36,
    ),
    beside.drop(columns="reason"),
    page=page,
    profile=profile,
    name="scores",
    caption="Tasks and genes of the paper. Squares: published mean over five folds, with two "
    "standard errors. Circles: ours on the same kind of vectors, mean over five divisions into "
    "folds, with two standard errors. Diamonds: ours, standardised, with 95 % intervals over "
    "genes.",
    alt="Published and reproduced AUROC, one row a task and one panel a model. "
    + " ".join(sentences).replace("*", ""),
)


Markdown(f"{said.data}\n\n{drawn.data}")

# %% tags=["remove-input", "full-width"]
gap = beside.difference.abs()
within = (gap <= 2 * beside.se).map({True: "within two standard errors", False: "not explained"})
listed = beside.assign(model=title, verdict=beside.reason.where(gap > 2 * beside.se).fillna(within))
names = {
    "model": "model",
    "listed": "task",
    "genes": "genes",
    "published": "published",
    "repeated": "ours",
    "difference": "difference",
    "se": "± standard error",
    "verdict": "reason",
}
listed = listed.assign(gap=gap).sort_values("gap", ascending=False, ignore_index=True)
show.table(
    listed[list(names)].rename(columns=names),
    page=page,
    profile=profile,
    name="table",
    phone=["model", "task", "published", "ours"],
    caption="AUROC, the largest difference first. Ours: by the paper's probe, scored as the paper "
    "does. The standard error is that of the difference by the choice "
    "of folds, theirs and ours; genes are the same on both sides and add nothing to it.",
)

# %% [markdown]
# ## The nine models of the published scores
#
# Drawn from the scores that the paper publishes, of all its tasks, on its own genes and folds.
# Beside them, hollow, the models as reproduced above, on the tasks that can be made here.

# %% tags=["remove-input"]
listed = specs.declared().published()
groups = results.read_beside(source, "published_groups.csv")
groups = groups.assign(panel=pd.Categorical(groups.group, list(specs.GROUPS))).dropna()
boxes = groups[groups.model != "all"]
look = figures.styled(boxes, listed)
ours = look.family == "ours"
look = look.assign(row=look.row + ours.map({True: ", ours", False: ""}))
look["face"] = look.face.mask(ours, "white")
order = look.assign(place=look.model.map(list(listed).index)).sort_values(["place", "row"]).row
by_model = show.figure(
    charts.boxes(look, list(order.unique()), label="AUROC (0 to 1), a box a model", panel="panel"),
    boxes.drop(columns="panel"),
    page=page,
    profile=profile,
    name="models",
    caption="Published AUROC of nine models by group of tasks, each task the mean over "
    "five folds: quartiles, median, least and largest; a dot is the mean. Hollow: reproduced here, "
    "on fewer tasks (column tasks of the CSV).",
    alt="Box plots of published AUROC, a row a model and a panel a group of tasks. "
    + figures.leaders(look, "panel", word="Highest mean"),
)
families = groups[(groups.model == "all") & (groups.family != "ours")]
grey = {"ink": figures.INK, "face": "#bbbbbb"}
kinds = list(families.family.unique())
by_family = show.figure(
    charts.boxes(
        families.assign(row=families.family, **grey),
        kinds,
        label="AUROC (0 to 1), a box a family of models",
        panel="panel",
    ),
    families.drop(columns="panel"),
    page=page,
    profile=profile,
    name="families",
    caption="The same by the paper's families of models: classical (bag of words, Gene2vec), "
    "language models of text, and single-cell models; every model on every task counts once.",
    alt="Box plots of published AUROC, a row a family of models and a panel a group of tasks. "
    + figures.leaders(families.assign(row=families.family), "panel", word="Highest mean"),
)
Markdown(f"{by_model.data}\n\n{by_family.data}")

# %% tags=["remove-input"]
pairs = results.read_beside(source, "published_pairs.csv").query("group == 'all'")
swap = {"model": "other", "other": "model", "wins": "loses", "loses": "wins"}
both = pd.concat([pairs, pairs.rename(columns=swap)])
wins = both.pivot(index="model", columns="other", values="wins")
best = wins.mean(axis=1).sort_values(ascending=False).index
titles = {name: model.title for name, model in listed.items()}
wins = wins.loc[best, best].rename(index=titles, columns=titles)
drawn = charts.heat_map(wins, label="share of tasks that the row wins", vmin=0, vmax=1)
drawn.axes[0].tick_params(axis="x", labelsize=9.5)
show.figure(
    drawn,
    wins,
    page=page,
    profile=profile,
    name="wins",
    caption="Wins by the published scores: on what share of the tasks the model of the row has the "
    "higher mean AUROC over folds than that of the column, the most successful first.",
    alt="Square of nine models by nine models with shares of tasks won, the most successful "
    f"first: {', '.join(wins.index)}.",
)
