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
# # Do vectors of a genomic language model transfer?
#
# Windows of DNA with a label: coding or not, promoter or not, bound by a factor or not, how
# strongly expressed. The network's hidden states are pooled to one vector a window and a linear
# probe is fitted to them; beside it the same probe on counts of short words, on the same network
# with random weights, and a small convolutional network fitted to the labels alone. Layer (every
# third) and pooling are chosen on each split's training side. Scores are AUROC (0.5 is chance) for
# classes, and Spearman's rank correlation (0 is chance) for expression; higher is better.
#
# **What it shows.** On coding windows of its own genome, of the part that it was not trained on, a
# network's vectors score highest, though intervals overlap: coding against intergenic in E. coli,
# without shared words, {{ glm_transfer_ecoli_coding_spectral_glm_ecoli }} against {{
# glm_transfer_ecoli_coding_spectral_other }}, the best of the others; in yeast {{
# glm_transfer_yeast_coding_spectral_glm_yeast }} against {{
# glm_transfer_yeast_coding_spectral_other }}. On expression from the promoters of yeast they are no
# better than counts of words: {{ glm_transfer_yeast_promoter_expression_spectral_glm_yeast }}
# against {{ glm_transfer_yeast_promoter_expression_spectral_other }}.
#
# Carried to another domain of life no gain is seen: on human promoters the network of E. coli
# reaches {{ glm_transfer_gue_prom_core_tata_spectral_glm_ecoli }}, and with random weights {{
# glm_transfer_gue_prom_core_tata_spectral_untrained }}. Random filters and a probe are a strong
# baseline, stronger there than counts of words; a transfer without that control would look like
# understanding. Random weights were drawn {{ glm_transfer_draws }} times, and their mean is shown;
# within a set and a split the draws differ by at most {{ glm_transfer_spread }}.

# %% tags=["parameters"]
profile: str = "demo"  # which profile the book is built for
page: str = "glm-transfer"  # name of this page

# %% tags=["remove-input"]

from notebooks.lib import figures, glm, glm_figures, show

show.begin()
looks, tasks = glm.looks(), "ecoli/,yeast,gue/,enhancer/"
scores = glm.scores_of("transfer", tasks, looks, table="means")
used, tuned = glm.read("transfer", "sets"), glm.read("tuning", "sets")
drawn, spread = glm.read("transfer", "intervals"), glm.read("transfer", "spread").spread
moving = tuned.weights_that_move[tuned.model == "lora"]
values = glm.quotable(scores, looks) | {
    "most": f"{used.windows.max():,}",
    "epochs": str(tuned.epochs.max()),
    "seeds": str(used.seeds.min()),
    "draws": str(drawn.variant.nunique()),
    "spread": f"{spread.max():.2f}",
    "lora_moves": f"{moving.max():.0%}".replace("%", " %"),
}
show.values(values, page=page, profile=profile)
show.figure(
    glm_figures.split_scores(scores, looks),
    scores,
    page=page,
    profile=profile,
    name="splits",
    caption="AUROC, of expression Spearman's correlation. Filled: no window of test shares a word "
    "of 16 bases with one of train. Hollow: as many windows on each side, drawn at random. Means "
    "over splits; bars: mean 95 % intervals over the tested windows. The network is that of E. "
    "coli on bacterial, human and mouse windows, that of yeast on those of yeast.",
    alt="Scores of networks, k-mer counts and fitted networks on sets of windows of DNA, by split. "
    + figures.leaders(
        scores[scores.split == "spectral"].assign(row=lambda s: s.model.map(looks.title)),
        "title",
        word="Highest where no word is shared",
    ),
)

# %% [markdown]
# ## What the split does
#
# Where windows overlap, a random split can be solved by memory. Expression from yeast promoters, by
# the network: all windows, at random: {{ glm_transfer_yeast_promoter_expression_random_glm_yeast
# }}; as few windows as can be kept apart, at random: {{
# glm_transfer_yeast_promoter_expression_matched_glm_yeast }}; kept apart: {{
# glm_transfer_yeast_promoter_expression_spectral_glm_yeast }}. The first step down is the smaller
# training set, the second the shared words; few windows are left to test, so the intervals are
# wide. On mouse factor binding the network falls from {{ glm_transfer_gue_mouse_2_matched_glm_ecoli
# }} to {{ glm_transfer_gue_mouse_2_spectral_glm_ecoli }} with as many windows on each side, the
# untrained one from {{ glm_transfer_gue_mouse_2_matched_untrained }} to {{
# glm_transfer_gue_mouse_2_spectral_untrained }}. Elsewhere the two differ less.
#
# ## Does it help to fit the weights too?
#
# The same network was also fitted to the labels: all its weights, or low-rank adapters alone
# {cite}`hu2021lora` ({{ glm_transfer_lora_moves }} of the weights); as a control, all weights of
# the network that had never seen a genome. Beside them stand the frozen ones, on the same split.
# The two are not tuned alike: a frozen network's layer and pooling are chosen by inner folds, a
# fine-tuned one ends in the mean of its last layer, learns at one rate that was not searched for,
# and spares a tenth of the training windows to know when to stop.

# %% tags=["remove-input"]
fitted = glm.scores_of("tuning", tasks, looks, table="networks")
show.figure(
    glm_figures.split_scores(fitted, looks, loose="random"),
    fitted,
    page=page,
    profile=profile,
    name="tuning",
    caption="Frozen and fitted networks: AUROC, of expression Spearman's correlation. Filled: no "
    "window of test shares a word of 16 bases with one of train. Hollow: all windows, split at "
    "random. One draw of each split; bars: 95 % intervals over the tested windows.",
    alt="Scores of frozen networks, fine-tuned ones and controls on sets of windows of DNA, by "
    "split. "
    + figures.leaders(
        fitted[fitted.split == "spectral"].assign(row=lambda s: s.model.map(looks.title)),
        "title",
        word="Highest where no word is shared",
    ),
)

# %% tags=["remove-input"]
ways = {
    "frozen": "frozen with a linear probe",
    "fine-tuned": "all weights fine-tuned",
    "lora": "low-rank adapters",
    "untrained": "random weights, frozen",
    "fine-tuned-untrained": "random weights, all fitted",
    "one-hot-cnn": "a small convolutional network from labels alone",
}
compared = glm.read("tuning", "compared").set_index("model")
compared = compared.loc[[way for way in ways if way in compared.index]].rename(index=ways)
gains = compared.loc[compared.index.isin([ways["fine-tuned"], ways["lora"]])].astype(str)
clear = " (" + gains.clear + " with intervals apart)"
gains = gains.index + " score above the frozen network in " + gains.above + clear
show.prose(
    f"**Mean AUROC over {compared.tasks.iloc[0]} sets with classes, no word shared:** "
    + "; ".join(compared.index + compared.score.map(" {:.2f}".format))
    + f". Of these sets, {' and '.join(gains)}."
)

# %% [markdown]
# ## What was left out
#
# All this is small on purpose. At most {{
# glm_transfer_most }} windows of a set were drawn (a quarter of them, at most, from those that the
# published split tests). Each split was drawn {{ glm_transfer_seeds }} times, but once for
# fine-tuned networks, which were fitted for {{ glm_transfer_epochs }} epochs at most; the epoch was
# taken that told the spared windows best. The table says how many windows each split trains and
# tests on: the promoters of yeast overlap so much that few are left.

# %% tags=["remove-input"]
sizes = scores.drop_duplicates(["title", "split"]).round({"n_train": 0, "n_test": 0})
sizes = sizes.set_index(["title", "split"])[["n_train", "n_test"]].astype(int).astype(str)
sizes = (sizes.n_train + " / " + sizes.n_test).unstack().fillna("–")
show.table(
    sizes.rename_axis(columns=None, index="task").reset_index(),
    page=page,
    profile=profile,
    name="sizes",
    caption="Windows that are trained / tested on, by split.",
)

# %% [markdown]
# The network of E. coli is carried to human and mouse windows, a foreign genome to it; a network of
# their own could do better. What a *published* gLM reaches on human tasks is in the papers of the
# [catalogue](glm-catalogue).
#
# ## Every score
#
# `published`: the split that came with the set. `random`: a fifth of all windows is tested.
# `spectral`: no word is shared between training and test. `matched`: at random, with as many
# windows on each side as the spectral split has.

# %% tags=["remove-input"]
show.table(
    glm.score_table(scores, looks),
    page=page,
    profile=profile,
    name="scores",
    caption="Every score.",
)

# %% [markdown]
# ## Layers and poolings

# %% tags=["remove-input"]
layers = glm.read("transfer", "layers")
layers = layers.sort_values(["task", "model", "score"], ascending=[True, True, False])
layers = layers.assign(task=layers.task.map(looks.tasks), model=layers.model.map(looks.title))
show.table(
    layers[["task", "model", "layer", "pooling", "score", "chosen"]].reset_index(drop=True),
    page=page,
    profile=profile,
    name="layers",
    phone=["task", "model", "layer", "pooling", "score"],
    caption="Linear probe in five folds of the training side, mean over all splits; chosen: in "
    "how many splits.",
)

# %% [markdown]
# ## Windows in two dimensions

# %% tags=["remove-input"]
placed = glm.read("transfer", "map")
placed = placed[placed.task == "ecoli/coding"].replace({"label": {0: "intergenic", 1: "coding"}})
classes = {"intergenic": "#e69f00", "coding": "#0072b2"}
show.figure(
    glm_figures.scatter(placed, looks, by="label", classes=classes, axis="component"),
    placed,
    page=page,
    profile=profile,
    name="map",
    caption="Held-out windows of E. coli by the first two principal components of the network's "
    "vectors and of 4-mer counts. Two components show little of what a probe uses: read its "
    "number above.",
    alt="Scatter plots of coding and intergenic windows by network vectors and by 4-mer counts: in "
    "both the two classes lie side by side along the first component, and overlap.",
)
