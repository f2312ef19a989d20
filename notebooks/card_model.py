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
# # Model card

# %% tags=["parameters"]
profile: str = "demo"  # which profile's results
page: str = "model-minilm-symbol"  # name of this page
model: str = "minilm-symbol"  # which model
also: str = (
    "paper"  # other profiles whose scores are told, joined by commas, where they have results
)

# %% tags=["remove-input"]
from IPython.display import Markdown

from genebench.benchmark import results
from genebench.book import leaderboard, modelcards, show
from genebench.core import specs

show.begin()
scores = results.main_scores(profile)
frame = modelcards.by_group(leaderboard.with_results(profile, also), model)
Markdown(modelcards.facts(profile, model, scores[scores.model == model]))

# %% [markdown]
# ## By group of tasks

# %% tags=["remove-input"]
show.figure(
    modelcards.group_plot(frame[frame.profile == profile], model),
    frame,
    page=page,
    profile=profile,
    name="groups",
    caption=f"{specs.model(model).title}: mean test AUROC by group of tasks under random folds with 95 % interval: "
    "weighted mean on the common genes where the interval is over genes and tasks, else plain mean over its tasks on "
    "its own genes. A grey square is that mean less the excess: the best shortcut of each task on the common genes. "
    "Tasks whose answers the model has read are left out.",
    alt=f"Mean AUROC of {specs.model(model).title} by group of tasks, with intervals, beside the best shortcuts.",
)

# %% tags=["remove-input"]
show.table(
    frame,
    page=page,
    profile=profile,
    name="table",
    caption="Over: what the interval is over; genes and tasks: weighted mean, common genes; else plain mean. Excess: "
    "over the best shortcut of each task on the common genes. Exposed: tasks left out because the model has read "
    "their answers.",
)

# %% [markdown]
# ## Best and worst tasks

# %% tags=["remove-input"]
show.table(
    modelcards.extremes(profile, model),
    page=page,
    profile=profile,
    name="extremes",
    caption="By the excess over the best shortcut where there is one, else by the score on the model's own genes. "
    "Exposed and underpowered tasks are left out; the best of many tasks is partly luck.",
)
