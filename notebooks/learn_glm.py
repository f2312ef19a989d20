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
# # What a genomic language model is, and how it is judged
#
# A genomic language model (gLM) has read DNA and nothing else: no gene annotation, no experiment,
# no label. It was trained to guess letters from the letters around them. The bet, laid out by the
# review that this part accompanies {cite}`benegas2024`, is that who guesses well must have learnt
# what matters, because selection has kept what matters alike.
#
# Published gLMs are large networks. What they *do* can be seen in a small one, and most easily in
# one that only counts words. This page trains such a model on a genome of which the truth is known
# ([why simulated](glm-simulated)), and computes one log-likelihood ratio by hand. It takes less
# than a minute on one core.

# %% tags=["parameters"]
profile: str = "demo"  # which profile the book is built for
page: str = "glm-idea"  # name of this page

# %%
import numpy as np
import pandas as pd
import seaborn as sns
from sklearn.metrics import roc_auc_score

from genebench.core import specs
from genebench.glm import codes, net, score, tokens
from notebooks.lib import figures, show
from notebooks.studies.lib import markov, motifs, simulate

show.begin()
size = {"train": 200_000, "check": 60_000, "test": 60_000}
design = simulate.Design(chromosomes=size, species=2, motifs=4)
family = simulate.simulate(design, motifs.jaspar(specs.declared().sources["jaspar"]))
train = [species["train"].codes for species in family.sequences.values()]
check, test = (family.sequences[1][name].codes for name in ("check", "test"))
codes.decode(test[:60]), test[:12]  # A, C, G, T are the codes 0, 1, 2, 3

# %% [markdown]
# ## Tokens: what counts as a letter
#
# A model reads *tokens*. They can be single nucleotides; words of k letters (*k-mers*), side by
# side or overlapping; or pieces of any length that are common in the training text (*byte pairs*,
# BPE). Longer tokens let a model of the same size see more sequence, and hide where exactly a
# variant is: one changed base gives other tokens.

# %%
window = test[:30]
changed = codes.substituted(window[None], [13], [(window[13] + 1) % 4])[0]
recipe = {"tokens": "bpe", "merges": 60, "objective": "masked", "equivariant": False}
pairs = tokens.learn(net.recipe(recipe), train[:1])
cuts = [
    [codes.decode(part) for part in np.split(w, pairs.spans(w)[1:, 0])] for w in (window, changed)
]
words = [[codes.decode(part) for part in np.split(w, 10)] for w in (window, changed)]
rows = {"nucleotides": [codes.decode(w) for w in (window, changed)]}
rows |= {"3-mers": [" ".join(w) for w in words], "byte pairs": [" ".join(c) for c in cuts]}
print(*(f"{kind:<12} {text}" for kind, both in rows.items() for text in both), sep="\n")

# %% [markdown]
# ## Masked and causal: which side is seen
#
# A **masked** model (MLM) is shown a window in which a base is hidden, and guesses it from *both*
# sides. A **causal** model (CLM) guesses the next base from what stands to its *left*, so that it
# can also write. How many letters it sees is its **context**.
#
# Here both are tables of counts, of 8 letters of context to each side: how often does each base
# follow these? Training is counting. A guess costs −log₂ P bits; 2 bits a base is what it costs to
# know nothing, and a model is measured on a chromosome that it has never seen.

# %%
kinds = {"causal": "causal", "masked": "chain"}
models = {
    name: markov.fit(train, [check], orders=range(0, 9, 2), kind=k) for name, k in kinds.items()
}
bits = [
    (name, order, -codes.observed(model.conditionals(test[None])[0], test).mean() * np.log2(np.e))
    for name, orders in models.items()
    for order, model in orders.items()
]
bits = pd.DataFrame(bits, columns=["objective", "context", "bits"])
ax = sns.lineplot(bits, x="context", y="bits", hue="objective", marker="o", errorbar=None)
ax.axhline(2, color=figures.INK, linestyle=":", linewidth=1)
ax.set(xlabel="letters of context on a side", ylabel="bits per held-out base")
ax.figure.set_size_inches(8, 3.4)
show.figure(
    ax.figure,
    bits,
    page=page,
    profile=profile,
    name="context",
    caption="What a base of an unseen chromosome costs, by letters of context; lower is better. "
    "Dotted: two bits, nothing is known.",
    alt="Two curves fall from two bits with more context; the masked model, which sees both sides, "
    "is lower throughout.",
)

# %% [markdown]
# ## One log-likelihood ratio, by hand
#
# Take one place in a binding motif, and one change there. The model says how likely each base is,
# given the others. The **log-likelihood ratio** is
#
# $$
# \begin{aligned}
# \mathrm{LLR} =\; & \log P(\text{alternative} \mid \text{context}) \\
# & - \log P(\text{reference} \mid \text{context}),
# \end{aligned}
# $$
#
# with the natural logarithm, everywhere in this book: **negative means that the new letter is
# unexpected**, and the lower it is, the more harmful the change is taken to be.

# %%
truth = family.truth("test")
inside = truth[(truth.region == 2) & truth.position.between(100, len(test) - 100)]
harmful = inside.loc[inside.S.idxmin()]  # the truth: S, the selection against the change
place, ref, alt = (int(harmful[name]) for name in ("position", "ref", "alt"))
around = codes.windows(test, [place - 40], 81)
masked, causal = models["masked"][8], models["causal"][8]
chances = {"causal": causal, "masked": masked, "no context": models["masked"][0]}
chances = {name: np.exp(model.conditionals(around)[0, 40]) for name, model in chances.items()}
chances = pd.DataFrame(chances, index=list("ACGT")).rename_axis("base")
by_hand = np.log(chances.loc["ACGT"[alt]]) - np.log(chances.loc["ACGT"[ref]])
left, right = codes.decode(around[0, 28:40]), codes.decode(around[0, 41:53])
ax = chances.plot.bar(figsize=(8, 3.4), width=0.8, color=["#56b4e9", "#0072b2", "#bbbbbb"])
ax.set(ylabel="probability (0 to 1)", xlabel="", ylim=(0, 1))
ax.tick_params(axis="x", rotation=0)
seen = f"masked sees  {left} [?] {right}\ncausal sees  {left} [?]{' ' * 13}"
ax.set_title(seen, family="monospace", fontsize=11)
show.figure(
    ax.figure,
    chances.reset_index(),
    page=page,
    profile=profile,
    name="guess",
    caption="What each model expects at one place of a motif (the bracket), given what it sees; no "
    "context: the shares of the four bases. "
    f"The genome has {'ACGT'[ref]} there, and the change that is asked about is to {'ACGT'[alt]}.",
    alt="Bars of the probability of A, C, G and T at one base: without context they are nearly "
    "equal; with context most of the probability lies on few bases.",
)

# %% [markdown]
# In numbers: the log of the probability of the new letter less that of the old one. Seen from the
# left alone the harmful change can even look likely. A causal model has to be asked for more: a
# change also makes what *follows* more or less likely, so that its LLR is the log-likelihood of the
# whole window with the new letter less that with the old.
# `genebench.glm.score.llr` does either, and takes the mean over both strands unless told otherwise.

# %%
one = {"windows": around, "positions": [40], "alt": [alt], "strands": "given"}
table = {
    "P(alternative)": chances.loc["ACGT"[alt], ["causal", "masked"]],
    "P(reference)": chances.loc["ACGT"[ref], ["causal", "masked"]],
    "LLR by hand": by_hand[["causal", "masked"]],
    "score.llr": pd.Series(
        {"causal": score.llr(causal, **one)[0], "masked": score.llr(masked, **one)[0]}
    ),
}
pd.DataFrame(table).assign(**{"true S": harmful.S, "true LLR": harmful.oracle}).round(3)

# %% [markdown]
# By whole windows both models give the same LLR here, and not by accident: the masked model *is*
# the causal chain, asked from both sides. Two networks would differ.
#
# ## Zero-shot: judged without a single label
#
# *Zero-shot* means that no label was used to fit anything: every possible change of the unseen
# chromosome gets its LLR, and only then is it compared with the truth, here the true selection
# coefficient S (scaled: 2N times the change in log fitness, N the size of the population; |S| below
# 1 is nearly neutral). Beside it stands a rule that knows nothing of the sequence: is the change
# one that mutation makes often?

# %%
asked = truth[(truth.S <= -2) | (truth.S.abs() < 0.5)]
harm = asked.S <= -2
at, new, old = (asked[name].to_numpy() for name in ("position", "alt", "ref"))
logs = {name: orders[8].conditionals(test[None])[0] for name, orders in models.items()}
llrs = {name: table[at, new] - table[at, old] for name, table in logs.items()}
llrs |= {"mutation alone": asked.bias, "the truth itself (oracle)": asked.oracle}
pd.Series({name: roc_auc_score(harm, -llr) for name, llr in llrs.items()}, name="AUROC").round(2)

# %% [markdown]
# AUROC is the chance that a harmful change has the lower LLR of a harmful and a neutral one. Even
# counts of words find some of the truth; the oracle shows how much is there to be found. (Each
# conditional is asked alone here, also of the causal model.)
#
# ## Four ways to judge a gLM
#
# *Does it know the text?* Bits per held-out base, beside counts of words:
# [simulated](glm-simulated), [two small genomes](glm-ecoli).
#
# *Does it know what is constrained?* Zero-shot LLR against measured or known effects, beside rules
# that anyone can write down: [variants](glm-variants).
#
# *Are its vectors of use?* A probe on its hidden states, beside the same network untrained:
# [transfer](glm-transfer).
#
# *Can it write?* Properties of what it generates, beside shuffled and natural sequences:
# [design](glm-design).
#
# None of the large published gLMs has run in this edition; what is measured are small networks that
# were trained here, and published scores of predictors. The [catalogue](glm-catalogue) says of each
# published model what it would take.
#
# ## Exercises
#
# **1.** A model gives P(A) = 0.70, P(C) = 0.05, P(G) = 0.20, P(T) = 0.05 at a base that is A. What
# are the LLRs of A→G and A→C, and which change is the more suspicious?
#
# ```{admonition} Answer
# :class: dropdown
# log 0.20 − log 0.70 = −1.25 and log 0.05 − log 0.70 = −2.64. A→C is the less expected, so the more
# suspicious. A positive LLR would mean that the new letter is *more* expected than the reference,
# which happens where the reference carries a rare allele, or where the model is wrong or sees too
# little, as the causal one above.
# ```
#
# **2.** C→T at CpG has a high LLR from every model that was trained on a mammal. Is it harmless?
#
# ```{admonition} Answer
# :class: dropdown
# Not therefore. Such changes are made often, so that models expect them whether or not they do
# harm: part of an LLR is mutation bias and not constraint. That is why the pages on variants show
# each LLR also *calibrated*, less the mean of the changes with the same three bases and the same
# new base.
# ```
#
# **3.** A 3-mer model splits the genome into words of three. Why may its LLR of a variant depend on
# where the window begins?
#
# ```{admonition} Answer
# :class: dropdown
# The same base is the first, second or third letter of its word, depending on the frame of the
# window, and each has other neighbours inside its word. Shift the window by one base in the cell on
# tokens, and look. Averaging over the three frames helps; single nucleotides do not have the
# problem.
# ```
