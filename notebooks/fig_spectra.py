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
# # Spectrum of a data set

# %% tags=["parameters"]
profile: str = "demo"  # which profile the book is built for
page: str = "spectra-tb-rif"  # name of this page
dataset: str = "tb-rif"  # data set of data/spectra.yml, or a gene task of Part I
way: str = (
    "spectral"  # way of splitting that is drawn: spectral, spectral-weighted or spectral-reference
)

# %% tags=["remove-input"]
from IPython.display import Markdown

from genebench.book import show, spectra

show.begin()
Markdown(f"{spectra.about(dataset)}\n\n{spectra.verdict(dataset, way)}")

# %% tags=["remove-input"]
show.figure(
    spectra.curves(spectra.points(dataset, way)),
    spectra.points(dataset, way),
    page=page,
    profile=profile,
    name="curve",
    caption=f"{spectra.heading(dataset)}: score of each model on ever stricter splits. Above left, over the spectral "
    "parameter λ; right, over what train and test share (it falls to the right); dashed lines are shortcuts. Below, "
    "each model by itself over λ: bands are 95 % intervals over seeds; grey and dotted, the size-matched control: as "
    "many units, drawn at random. A line that falls below its dotted one loses to overlap, and not to fewer samples. A "
    "score exactly at chance: the model has nothing to go by and says the same of every unit.",
    alt="Line plots of score against the spectral parameter and against overlap: all models, then each with control.",
)

# %% tags=["remove-input"]
show.table(
    spectra.area_table(dataset),
    page=page,
    profile=profile,
    name="areas",
    caption="Area under the curve (AUSPC), mean over seeds with 95 % interval. Over overlap it is another number: the "
    "mean score over the span of overlap. 'λ to': the largest λ that has a score.",
)

# %% tags=["remove-input"]
show.figure(
    spectra.overlap_plot(spectra.overlaps(dataset)),
    spectra.overlaps(dataset),
    page=page,
    profile=profile,
    name="overlap",
    caption=f"{spectra.heading(dataset)}: what train and test share by the definitions in use, and how many units are "
    "left, against λ (mean over seeds).",
    alt="Two line plots against the spectral parameter: overlap by three definitions, and number of units.",
)

# %% tags=["remove-input"]
show.table(
    spectra.finding_table(dataset),
    page=page,
    profile=profile,
    name="finding",
    caption="Fall from λ = 0 to the largest λ that every seed has a score at, with 95 % interval over seeds; the same "
    "fall of the size-matched control, and its share of the fall; what is lost to overlap at equal size.",
)

# %% tags=["remove-input"]
show.table(
    spectra.placed_table(dataset),
    page=page,
    profile=profile,
    name="placed",
    caption="Splits that others use, placed at the λ whose splits have the nearest overlap, and what each model scores "
    "on them and on the curve.",
)
