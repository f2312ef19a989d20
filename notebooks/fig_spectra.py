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
# # Spectrum of data sets

# %% tags=["parameters"]
profile: str = "demo"  # which profile the book is built for
page: str = "spectra-tuberculosis"  # name of this page
datasets: str = "tb-rif,tb-inh,tb-pza"  # data sets of data/spectra.yml, or gene tasks of Part I

# %% tags=["remove-input"]
from genebench.core import specs
from genebench.spectra import table
from notebooks.lib import show, spectra, spectra_figures

show.begin()
known, names = spectra.declared(specs.declared()), datasets.split(",")
spectra_figures.sections(names, known, page=page, profile=profile)

# %% [markdown]
# ## Areas, falls and existing splits

# %% tags=["remove-input", "full-width"]
show.table(
    spectra.area_table(known, names),
    page=page,
    profile=profile,
    name="areas",
    phone=["data set", "model", "metric", "AUSPC over λ"],
    caption="Area under the mean curve (AUSPC) with 95 % interval over seeds and resampled tests. "
    "Over overlap it is another number: the mean score over the span of overlap. Over all "
    "overlaps: from 0 to 1, all alike (after AU-GOOD), empty where scores span less than four "
    "fifths of them. 'λ to': the largest λ that has a score.",
)

# %% tags=["remove-input", "full-width"]
show.table(
    spectra.finding_table(known, names),
    page=page,
    profile=profile,
    name="finding",
    phone=["data set", "model", "fall", "falls"],
    caption=spectra.FINDINGS,
)

# %% tags=["remove-input", "full-width"]
placed = table.read("placed.csv").rename(columns={"dataset": "task"})
placed = placed[placed.task.isin(names)]
existing = [known.datasets[d].existing if d in known.datasets else {} for d in placed.task]
kinds = [e[s].kind if s in e else "Part I" for e, s in zip(existing, placed.split)]
columns = {
    "task": "data set",
    "split": "split",
    "kind": "kind",
    "model": "model",
    "overlap": "overlap",
    "parameter": "nearest λ",
    "curve_overlap": "overlap there",
    "score": "score",
    "curve": "score on the curve",
}
none = show.prose("No split that others use is at hand for these data sets.")
none if placed.empty else show.table(
    known.worded(placed.assign(kind=kinds, split=spectra.split_words(placed.split)), columns),
    page=page,
    profile=profile,
    name="placed",
    phone=["data set", "split", "model", "score"],
    caption="Splits that others use, placed at the λ whose splits have the nearest overlap, and "
    "what each model scores on them and on the curve. A score exactly at chance: the model has "
    "nothing to go by and says the same of all.",
)
