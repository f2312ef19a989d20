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
# # Shortcuts and exposure: what a model adds
#
# Every model is reduced to one vector per gene; a simple probe on top is trained and tested on the
# same folds for every model. The number in a cell is the {term}`plain mean` of test AUROC over the
# classification tasks of that group, on the model's own genes. Read each model against the
# *shortcuts* and the *controls* below the line: what a shortcut reaches is owed to no model. HGNC
# gene groups are curated knowledge: the family baseline is not ignorant, but a model that only
# repeats it adds nothing.

# %% tags=["parameters"]
profile: str = "demo"  # which profile's results
page: str = "overview"  # name of this page
source: str = "paper"  # whose results are shown; empty: those of the profile of the book

# %% tags=["remove-input"]
import seaborn as sns
from IPython.display import display

from genebench.benchmark import results
from genebench.benchmark.summaries import SHARED
from genebench.core import specs
from notebooks.lib import charts, figures, show, tables, tiers

show.begin()
known, shown = specs.declared(), source or profile
models = known.models
scores = results.main_scores(shown)
plain = results.read_beside(shown, "plain.csv").query("genes == 'own'")
means = tiers.of_measure(results.read_beside(shown, "means.csv"))
first = means[means.split == means.split.iloc[0]]
table, marks = tables.by_group(plain)
grouped = plain[~plain.group.isin(["all", SHARED]) & (plain.exposed == 0)]
heat = grouped[grouped.measure == "auroc"]
heat = heat[heat.model.map(lambda m: models[m].family) != "control"]
show.figure(
    charts.heat_map(
        table,
        marks,
        models,
        label="plain mean AUROC (0 to 1, chance 0.5)",
        vmin=0,
        vmax=1,
        center=0.5,
    ),
    table,
    page=page,
    profile=profile,
    name="heatmap",
    caption="Plain mean of test AUROC over the classification tasks of a group, each model on its "
    "own genes. Above the line: models; below: shortcuts and controls. A star (*): the model was "
    "trained on the labels of some of these tasks, or of all. A dagger (†): it covers under a "
    "fifth of the genes, so the number is uncertain. A dash: too few genes with a vector.",
    alt="Heat map of mean AUROC, models in rows and five groups of tasks in columns. "
    + figures.leaders(
        figures.styled(heat, models),
        "group",
        word="Highest of models trained on none of the labels",
    ),
)

# %% tags=["remove-input"]
families = {
    "text": "#0072b2",
    "protein": "#009e73",
    "dna": "#6b410f",
    "expression": "#d55e00",
    "network": "#cc79a7",
    "table": "#56b4e9",
    "shortcut": "#999999",
}
classified = scores[scores.kind != "regression"]
drawn = classified[classified.family != "control"].astype({"group": str, "family": str})
drawn = drawn.assign(group=drawn.group.str.replace(" ", "\n"))
groups = [g.replace(" ", "\n") for g in specs.GROUPS if g in set(classified.group)]
order = [f for f in families if f in set(drawn.family)]
same = {"x": "group", "y": "score", "order": groups}
same |= {"hue": "family", "hue_order": order, "palette": families}
few = drawn.groupby("group").task.transform("nunique") < charts.FEW
ax = sns.boxplot(drawn[~few], **same, showfliers=False, linewidth=1, width=0.75, saturation=1)
sns.stripplot(drawn[few], **same, ax=ax, dodge=True, jitter=False, legend=False)
ax.axhline(0.5, color=figures.INK, linestyle="--", linewidth=1)
ax.set(xlabel="", ylabel="test AUROC (0 to 1)")
ax.figure.set_size_inches(9.2, 4.6)
sns.move_legend(ax, "lower center", bbox_to_anchor=(0.5, 1), ncols=len(order), title="")
show.figure(
    ax.figure,
    classified[["task", "group", "model", "family", "score"]],
    page=page,
    profile=profile,
    name="families",
    caption="Test AUROC of all classification tasks by family of models and group of tasks; a box "
    "spans the quartiles over tasks and models of a family, whiskers 1.5 times that at most, "
    "points are all there is of a group of fewer than five tasks, the dashed line is chance. "
    "Exposed models are in it (see the stars above), and the box of shortcuts pools weak ones and "
    "strong ones: what the best shortcut of each task leaves is in the next figure.",
    alt="Box plots of AUROC by family of models, five groups of tasks side by side. "
    + figures.leaders(drawn.assign(row=drawn.family), "group", word="Highest single score"),
)

# %% [markdown]
# ## Beyond the best shortcut
#
# The *excess score* is a model's score minus that of the best shortcut on the same task, the same
# test genes and the same folds (the common genes). The best shortcut of a fold is picked by its
# mean over the other folds. Above zero with its interval, the model knows something that the
# letters of the symbol and the gene family do not tell. A shortcut that was trained on the labels
# does not count. Means are the {term}`weighted means <Weighted mean>` of the
# [leaderboard](leaderboard): over the tasks that can show a difference, tasks that resemble each
# other weighing less. A model that was trained on the labels of all tasks of a group, covers too
# few genes to be compared on the common ones, or ran under random folds alone, has no dot.

# %% tags=["remove-input"]
drawn = first[first.excess.notna() & (first.group != "all")]
drawn = drawn.assign(score=drawn.excess, low=drawn.excess_low, high=drawn.excess_high)
show.figure(
    charts.dots(
        figures.styled(drawn, models),
        figures.titles(figures.ordered(drawn.model, models), models),
        label="AUROC minus AUROC of the best shortcut (−1 to 1)",
        panel="group",
        chance=0,
    ),
    first[["group", "model", "tasks", "score", "excess", "excess_low", "excess_high"]],
    page=page,
    profile=profile,
    name="excess",
    caption="Excess over the best shortcut, weighted mean over the tasks of a group that can show "
    "a difference, on the common genes; the line is the paired 95 % bootstrap interval over "
    "families of genes, and over source tables where there are effectively 8 or more. No dot: "
    "exposed on the tasks, too few of the genes, or run under random folds alone. Numbers: the "
    "CSV, and the leaderboard.",
    alt="Dots with intervals of mean excess AUROC over the best shortcut by group and model. "
    f"{(drawn.low > 0).sum()} of {len(drawn)} lie above 0 with their interval.",
)

# %% [markdown]
# ## Regression tasks

# %% tags=["remove-input"]
ranks, marks = tables.by_group(plain, "spearman")
ranked = grouped[grouped.measure == "spearman"]
ranked = ranked[~ranked.model.isin([m for m, spec in models.items() if spec.family == "control"])]
show.figure(
    charts.heat_map(
        ranks,
        marks,
        models,
        label="plain mean Spearman correlation (−1 to 1, chance 0)",
        vmin=-1,
        vmax=1,
        center=0,
    ),
    ranks,
    page=page,
    profile=profile,
    name="regression",
    caption="Plain mean of the test rank correlation (Spearman) over the regression tasks of a "
    "group, each model on its own genes; star, dagger and dash as above.",
    alt="Heat map of mean Spearman correlation, models in rows and groups of tasks in columns. "
    + figures.leaders(
        figures.styled(ranked, models),
        "group",
        word="Highest of models trained on none of the labels",
    ),
)

# %% [markdown]
# ## Exposure: which models were trained on the labels
#
# For every model and every source of labels: *clean*, nothing that the model was trained on has
# these labels; *exposed*, something has, for all tasks of the source or for a part of them;
# *unknown*, nobody can say, because the text of its training is not listed. Exposed scores are
# starred, and in no weighted mean, tier or ladder (the plain means of the heat maps above have
# them, with their star). A model has a star in a group only where labels that it was trained on are
# among the tasks of that group: of a source that is exposed *in part* most groups can be clean.

# %% tags=["remove-input"]
run = known.profile(shown)
matrix = tables.exposure(run, known.models, known.sources)
paints = {
    "clean": "#d7ecd9",
    "unknown": "#eeeeee",
    "partly exposed": "#fbe3b5",
    "exposed": "#f4b9a7",
}
rows = figures.ordered(matrix.model, known.models)
grid = matrix.pivot(index="model", columns="source", values="status")
grid = grid.loc[rows, matrix.source.unique()]
heads = matrix.drop_duplicates("source").labels.str.wrap(18)
names = map(figures.folded, figures.titles(rows, known.models))
ax = sns.heatmap(
    grid.map(list(paints).index),
    annot=grid.replace({"partly exposed": "part", "unknown": "?"}),
    fmt="",
    annot_kws={"fontsize": 10, "color": figures.INK},
    cmap=list(paints.values()),
    vmin=0,
    vmax=3,
    linewidths=2,
    cbar=False,
    xticklabels=heads,
    yticklabels=list(names),
)
ax.xaxis.tick_top()
ax.tick_params(axis="x", rotation=90)
ax.grid(False)
ax.set(xlabel="", ylabel="")
ax.figure.set_size_inches(0.68 * grid.shape[1] + 2.2, 0.42 * len(rows) + 1.6)
show.figure(
    ax.figure,
    matrix,
    page=page,
    profile=profile,
    name="exposure",
    caption="Models against sources of labels: clean, unknown (?), exposed on a part of the tasks, "
    "or exposed.",
    alt="Grid of models and sources of labels: "
    + ", ".join(f"{n} {status}" for status, n in matrix.status.value_counts().items())
    + ".",
)

# %% tags=["remove-input"]
reasons = matrix[["title", "labels", "status", "why"]]
show.table(
    reasons,
    page=page,
    profile=profile,
    name="reasons",
    caption="Why a model counts as clean, exposed or unknown for a source of labels; one row a "
    "model and source.",
    words={"title": "model"},
)

# %% [markdown]
# ## What masking words of a text costs
#
# If a text model knows a label because its text says so, masking the words of the labels must cost
# more than masking as many words chosen at random (both without the names of the gene). A third
# text leaves the words of the labels of one source (the Human Protein Atlas), masks
# those of all other sources, and is compared on the tasks of that source. Exposed models are in it:
# this is what the table is about. Compare the rows of one text: what *masked summary* loses beyond
# *random words masked* is owed to the words of the labels.

# %% tags=["remove-input"]
lost = results.read_beside("masked", "masked.csv")
lost = lost.assign(
    text=figures.titles(lost.model, models), masked=figures.titles(lost.other, models)
)
few = lost[(lost.group == "hpa") & (lost.model == "minilm-summary")]
words = "*" + few.masked + "* " + few.lost.map("{:.3f}".format) + " (" + tables.spans(few) + ")"
words = "Lost by MiniLM over the tasks of the Human Protein Atlas: " + "; ".join(words) + "."
table = show.table(
    lost.replace({"group": {"hpa": "Human Protein Atlas"}})[
        ["group", "text", "masked", "tasks", "clusters", "lost", "low", "high"]
    ],
    page=page,
    profile=profile,
    name="masked",
    words={"clusters": "effective source tables"},
    caption="AUROC that a model loses with the masked text against its whole summary: weighted "
    "mean over the tasks of a group, or of a source, with its 95 % interval, random folds.",
)
display(show.prose(words), table)
