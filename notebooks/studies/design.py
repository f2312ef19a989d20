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
# # Study: designed yeast promoters
#
# Two generators and one refiner on every metric, with controls. Generators are fitted to 60 % of
# the native promoters (lowest and highest third of expression as tags); designs are compared with
# half of the others, and the rest are the natural control. No family, all that share long k-mers,
# is in two of these parts. The predictor is fitted to promoters of the other sets alone. On the
# CPU.

# %% tags=["parameters"]
profile: str = "studies"  # folder of the executed notebook
page: str = "design"  # name of this study
each: int = 400  # sequences of a set

# %%
import numpy as np
import pandas as pd

from genebench.core import specs
from genebench.glm import design, genomes, hub
from notebooks.studies.lib import designs as judging
from notebooks.studies.lib import motifs, promoters, tables, windows

sources = specs.declared().sources
measured = windows.promoters(sources, fewest_reads=10)
fitted, shown, against = promoters.native_parts(measured)
predictor, quality = promoters.fit_predictor(measured, pd.concat([shown, against]))
tables.save(quality, "design", "predictor")

# %%
thirds = promoters.expression_thirds(fitted)
natural, training = windows.stack(against.sequence), windows.stack(fitted.sequence)
designs = {"natural": windows.stack(shown.sequence)[:each], "training": training[:each]}
designs["markov-high"] = promoters.sample_chain(thirds["high"], natural, each)
designs["markov-low"] = promoters.sample_chain(thirds["low"], natural, each)
network = promoters.train_generator(thirds)
designs["network-high"] = design.sample_tagged(network, each, "high", seed=2)
designs["network-low"] = design.sample_tagged(network, each, "low", seed=2)
designs["network-high-cold"] = design.sample_tagged(network, each, "high", temperature=0.7, seed=2)

# %%
rng = np.random.default_rng
designs["shuffled"] = rng(0).permuted(natural[:each], axis=1)
designs["refined"] = judging.refine(hub.load("glm-yeast"), designs["shuffled"], rounds=4)
designs["random"] = rng(0).integers(0, 4, (each, design.PROMOTER)).astype(np.uint8)

# %%
profiles = motifs.jaspar(sources["jaspar"], tax_id="4932")
sharp = {name: m for name, m in profiles.items() if motifs.information(m).sum() >= 9}
judges = {
    "predict": predictor.predict,
    "likelihood": promoters.chain_bits(genomes.load("yeast", sources)),
}
table = judging.judge(designs, natural, training, profiles=sharp, **judges)
tables.save(table, "design", "yardsticks")
table
