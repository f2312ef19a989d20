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
# # Models
#
# What each model reads, what it was trained on, and on which tasks it has seen the labels
# (*exposed*): such a score is shown with a star and is no evidence of understanding. Shortcuts and
# controls are models like any other. A model's name leads to its card below. The status says
# whether the machine that built this page could run the model now, and the reason what it would
# need; whether a model has scores stands on the [leaderboard](leaderboard).

# %% tags=["parameters"]
profile: str = "demo"  # which profile the book is built for
page: str = "models"  # name of this page
source: str = "demo"  # on whose tasks layers are compared

# %% tags=["remove-input", "full-width"]
from IPython.display import Markdown

from genebench.benchmark import results
from genebench.book import cards
from genebench.core import specs
from notebooks.lib import markdown, show

show.begin()
known = specs.declared()
listed = cards.model_catalogue(known.models.values(), known.sources)
front = ["title", "family", "input", "dim", "status", "pooling", "exposed on"]
show.table(
    listed[[*front, *listed.columns.drop([*front, "description"])]],
    page=page,
    profile=profile,
    name="catalogue",
    caption="Declared models: input, dimensions of the vector, and whether this machine could run "
    "each now.",
    links={"title": markdown.model_links(known.models)},
    words={"title": "model", "model": "name in commands"},
    phone=["title", "family", "input", "status"],
)

# %% [markdown]
# ## Which layer, and which pooling
#
# A network has a state for each token after each layer. Here every layer of one network is tried,
# with the mean over the tokens and with the first one, on the tasks of profile demo under random
# folds (`python -m benchmarks.layers`). *Difference*: to the mean over the last layer, which its
# entry uses (that of others: column *pooling* above, of all columns);
# *above*: share of the tasks on which it scores higher. Nearly all of the tasks are terms of one
# ontology, so that no interval is given, and who picks the best row by these scores is flattered by
# them: the entries stay as they are. Where the text is the bare symbol, the embeddings of its
# tokens, before any layer of the network, score no lower than its last layer.

# %% tags=["remove-input", "full-width"]
layers = results.read_beside(source, "layers.csv")
titles = {name: spec.title for name, spec in known.models.items()}
show.table(
    layers.assign(model=layers.model.map(titles)),
    page=page,
    profile=profile,
    name="layers",
    caption="Mean score over tasks by layer (0: the embeddings of the tokens) and pooling.",
)

# %% [markdown]
# ## Cards

# %% tags=["remove-input"]
Markdown(markdown.model_cards(known.models.values()))
