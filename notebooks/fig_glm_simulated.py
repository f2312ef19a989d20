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
# # Genomic language models where the truth is known
#
# On a real genome nobody knows how strongly selection acts on each base. Here a computer evolved a
# family of four genomes under known selection: genes with preferred codons, binding motifs taken
# from JASPAR {cite}`rauluseviciute2024`, hairpins whose arms only have to pair, repeats without
# function, neutral DNA, and mutation with its CpG bias. A small network then read the genomes,
# without labels, and learnt to guess each base from its surroundings. Everything below is measured
# on a chromosome that it never saw.
#
# Beside it stand the best k-mer models, which only count short words, and the *oracle*, which knows
# the truth: no score passes it but by chance. Networks of the same kind are weaker on real genomes,
# whose function is more varied and whose selection is mostly weaker than what was planted here.

# %% tags=["parameters"]
profile: str = "demo"  # which profile the book is built for
page: str = "glm-simulated"  # name of this page

# %% tags=["remove-input"]
import pandas as pd

from notebooks.lib import charts, figures, glm, glm_figures, show

show.begin()
looks, network = glm.looks(), "glm-simulated"
compared = [network, "markov-two-sided", "markov-chain", "oracle"]
scores, logos, curve = [glm.read("simulated", n) for n in ("scores", "logos", "curve")]
best = scores[(scores.model == network) & scores.scores.isin(["calibrated", "corrected"])]
best = best.set_index(["task", "subset"]).score.map("{:.2f}".format)
one = logos.drop_duplicates(["model", "motif"]).groupby("model").r
recovered = one.agg(lambda r: f"{(r >= 0.8).sum()} of {len(r)}")
bits = glm.read("simulated", "bits").set_index(["model", "bases"]).bits.map("{:.2f}".format)
values = best["LLR against S"][["coding", "motif", "structure"]].to_dict() | {
    "deleterious": best["deleterious against neutral", "all"],
    "pairs": best["planted pairs", "hairpins"],
    "motifs": recovered[network],
    "motifs_chain": recovered["markov-chain"],
    "least": f"{one.min()[network]:.2f}",
    "least_chain": f"{one.min()['markov-chain']:.2f}",
    "repeats": bits[network, "repeat"],
    "repeats_chain": bits["markov-chain", "repeat"],
    "minutes": f"{curve.cpu_s.div(60).max():.0f}",
}
show.values(values, page=page, profile=profile)
panels = {
    "LLR against S": "Spearman correlation with S (−1 to 1)",
    "deleterious against neutral": "AUROC, deleterious against neutral (0 to 1)",
}
part = scores[scores.task.isin(list(panels)) & scores.scores.isin(["raw", "calibrated"])]
part = part[(part.task != "LLR against S") | (part.subset != "all")]
part = looks.styled(part.assign(panel=pd.Categorical(part.task.map(panels), panels.values())))
part = part.assign(face=part.ink.where(part.scores != "raw", "white"), model=part.row)
show.figure(
    charts.dots(
        part.assign(row=part.subset),
        label="",
        panel="panel",
        by="model",
        looks=looks.markers(scores.model[scores.scores == "raw"]),
        chance=dict(zip(panels.values(), [0, 0.5])),
        sharex=False,
        height=0.95,
    ),
    scores,
    page=page,
    profile=profile,
    name="constraint",
    caption="How well the log-likelihood ratio (LLR) of a substitution follows its true selection "
    "coefficient S on a held-out chromosome (scaled: 2N times the change in log fitness, N the "
    "size of the population; |S| below 1 is nearly neutral). Left: rank correlation within each "
    "class of region. Right: telling deleterious (S ≤ −2) from neutral (|S| < 0.5) substitutions. "
    "Hollow: the LLR as it is; filled: less its mean by kind of mutation, over neutral DNA. Bars: "
    "95 % intervals over blocks of 2,000 bases. Dashed: chance. In hairpins many substitutions "
    "have the same S, which keeps every score without ties below 1.",
    alt="Dot plots of rank correlation by class of region and of AUROC, for the network, k-mer "
    f"models and the oracle. Calibrated, the network has correlations of {values['coding']} in "
    f"coding sequence, {values['motif']} in motifs and {values['structure']} in hairpins, and an "
    f"AUROC of {values['deleterious']}.",
)

# %% [markdown]
# Calibrated, the network's LLR follows S with a rank correlation of {{ glm_simulated_coding }} in
# coding sequence, {{ glm_simulated_motif }} in motifs and {{ glm_simulated_structure }} in
# hairpins, and tells deleterious from neutral substitutions with an AUROC of {{
# glm_simulated_deleterious }}, after {{ glm_simulated_minutes }} CPU minutes of training.
#
# ## Rare variants
#
# In a population, harmful variants stay rare. Variants with the lowest LLR should therefore be rare
# more often than common, as the field checks on real data. Frequency itself is mostly chance: even
# the oracle's odds are limited.

# %% tags=["remove-input"]
odds = glm.read("simulated", "odds")
shown = odds[odds.model.isin(compared)].sort_values("lowest")
shares = "lowest " + shown.lowest.map("{:.0%}".format)
figure = charts.dots(
    shown.assign(row=shares, model=shown.model.map(looks.title), score=shown.odds_ratio),
    list(shares.unique()),
    label="odds ratio, rare : common (log scale)",
    by="model",
    looks=looks.markers(compared),
    chance=1,
    height=0.7,
)
figure.axes[0].set_xscale("log")
figures.plain_ticks(figure.axes[0].xaxis)
show.figure(
    figure,
    odds,
    page=page,
    profile=profile,
    name="odds",
    caption="Odds that a variant is rare (at most 1 % of 200 simulated chromosomes) rather than "
    "common (5 % or more) among the variants of lowest calibrated LLR, over the odds among the "
    "rest. Bars: 95 % intervals.",
    alt="Odds ratios of rare to common variants in the lowest 1 to 40 per cent of LLR. "
    + figures.leaders(
        shown[shown.lowest == 0.05].assign(row=lambda s: s.model.map(looks.title)),
        score="odds_ratio",
        word="In the lowest 5 %",
        most=len(compared),
    ),
)

# %% [markdown]
# ## Motifs
#
# What the network expects at each base of a planted motif, given only the bases around it, averaged
# over all copies. {{ glm_simulated_motifs }} motifs are recovered with a correlation of 0.8 or more
# (the least is {{ glm_simulated_least }}), but counting does it too: by the k-mer chain {{
# glm_simulated_motifs_chain }}, the least {{ glm_simulated_least_chain }}. In repeats, which the
# chain has counted elsewhere, the network needs {{ glm_simulated_repeats }} bits a base and the
# chain {{ glm_simulated_repeats_chain }}.

# %% tags=["remove-input"]
heads = {model: looks.title(model) for model in ("planted", "genome", network, "markov-chain")}
drawn = logos[logos.model.isin(list(heads))]
words = "r = " + drawn.r.map("{:.2f}".format).map(figures.minus)
names = {"row": drawn.motif, "column": drawn.model, "name": drawn.motif.str.split().str[-1]}
show.figure(
    glm_figures.logos(
        glm_figures.information(drawn).assign(
            **names, title=words.where(drawn.model != "planted", "")
        ),
        heads,
        height=1.1,
        label="information, bits (0 to 2)",
        ylim=(0, 2),
        xticks=[],
    ),
    logos,
    page=page,
    profile=profile,
    name="logos",
    caption="Planted motifs (rows): as planted, as the copies stand in the held-out genome, and "
    "as two models expect them from the surroundings alone. r: correlation with the planted "
    "matrix. Letters are as high as their information.",
    alt="Sequence logos of eight motifs, as planted and as models expect them; the network "
    f"recovers {values['motifs']}.",
)

# %% [markdown]
# ## Pairs of bases that depend on each other
#
# The arms of a hairpin may hold any bases, as long as they pair. A model that understands this
# changes its mind about one base when its partner is substituted.

# %% tags=["remove-input"]
hairpin = glm.read("simulated", "map")
moved = looks.styled(hairpin)
show.figure(
    glm_figures.dependency_maps(
        moved.assign(panel=moved.row, moved=moved.corrected), label="change of log-odds, corrected"
    ),
    hairpin,
    page=page,
    profile=profile,
    name="map",
    caption="Dependency map of one held-out hairpin: how far a substitution (column) moves what "
    "the model expects at another base (row), less what row and column explain. Rings: the "
    "planted pairs.",
    alt="Heat maps of dependencies between the bases of a hairpin, with the planted pairs ringed. "
    f"Over all hairpins the network finds them with an AUROC of {values['pairs']}.",
)

# %% [markdown]
# ## Classes of region
#
# Windows of 48 bases, placed by what the network computes inside (mean hidden state) and by their
# 4-mer counts. The linear probe in the table below says how well the classes can be separated.

# %% tags=["remove-input"]
regions = glm.read("simulated", "regions")
show.figure(
    glm_figures.scatter(regions, looks, by="region", classes=looks.regions, axis="UMAP"),
    regions,
    page=page,
    profile=profile,
    name="regions",
    caption="Windows of one class of region each, in two dimensions (UMAP of 20 principal "
    "components). Distances between groups mean little; read the probe's accuracy instead.",
    alt="Scatter plots of windows coloured by class of region, from the network and from 4-mer "
    "counts. "
    + figures.leaders(
        scores[scores.scores == "linear probe"].assign(row=lambda s: s.model.map(looks.title)),
        "task",
        word="By a linear probe",
        most=4,
    ),
)

# %% [markdown]
# ## All numbers

# %% tags=["remove-input"]
best = scores[scores.scores.isin(["calibrated", "corrected", "linear probe"])]
span = best.score.map("{:.3f}".format) + " (" + glm.spans(best) + ")"
found = logos[logos.model != "planted"].drop_duplicates(["motif", "model"])
found = found.assign(high=found.r >= 0.8).groupby("model", sort=False).high.agg(["sum", "size"])
head = "score (95 % interval)"
columns = {"question": best.task, "on": best.subset, "model": best.model, head: span, "n": best.n}
recovered = pd.DataFrame(
    {
        "question": "motifs recovered",
        "on": "r of 0.8 or more",
        "model": found.index,
        head: found["sum"].astype(str) + " of " + found["size"].astype(str),
        "n": found["size"],
    }
)
listed = pd.concat([pd.DataFrame(columns), recovered], ignore_index=True)
show.table(
    listed.assign(
        **{"model": listed.model.map(looks.title), head: listed[head].map(figures.minus)}
    ),
    page=page,
    profile=profile,
    name="summary",
    caption="Every score by model.",
)

# %% tags=["remove-input"]
bits = glm.read("simulated", "bits")
share = bits.drop_duplicates("bases").set_index("bases").share
wide = bits.pivot(index="bases", columns="model", values="bits").loc[share.index]
wide = wide[bits.model.unique()].rename(columns=looks.title).rename_axis(columns=None)
show.table(
    wide.assign(share=share).reset_index(),
    page=page,
    profile=profile,
    name="bits",
    caption="Bits a base on the held-out chromosome (lower is better), by kind of base; share: of "
    "all bases.",
)
