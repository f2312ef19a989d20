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
# # Design choices, and the seven open questions
#
# Who trains a genomic language model chooses data, objective, tokens, architecture and context. The
# review {cite}`benegas2024` weighs these choices and ends with seven questions. Here is what
# published models chose, what our small networks can say, and where they say nothing.

# %% tags=["parameters"]
profile: str = "demo"  # which profile the book is built for
page: str = "glm-questions"  # name of this page

# %% [markdown]
# ## What published models chose
#
# Counted over the [catalogue](glm-catalogue); a model that names several counts once, under the
# first.

# %% tags=["remove-input", "full-width"]
import pandas as pd

from genebench.core import specs
from notebooks.lib import charts, figures, glm, show

show.begin()
looks = glm.looks()
listed, questions, statements = glm.catalogue()
genomic = listed[listed.reads.str.contains("[DR]NA")]
chosen = genomic.assign(
    objective=genomic.task.str.extract("^([MC]LM)", expand=False).fillna("other"),
    year=genomic.date.str[:4],
    token=genomic.tokens.str.extract("(nucleotide|mer|byte pair)", expand=False).fillna("other"),
)
chosen["token"] = chosen.token.replace({"mer": "k-mers", "byte pair": "byte pairs"})
chosen["objective"] = chosen.objective.replace(
    {"MLM": "masked (MLM)", "CLM": "causal (CLM)", "other": "other, or not checked"}
)
counts = pd.crosstab([chosen.objective, chosen.token], chosen.year, margins=True)
counts = counts.rename_axis(columns=None).rename_axis(index=["objective", "tokens"])
show.table(
    counts.reset_index().rename(columns={"All": "all years"}),
    page=page,
    profile=profile,
    name="choices",
    phone=["objective", "tokens", "all years"],
    caption="Published models of DNA and RNA by objective, tokens and year of the first version.",
)

# %% [markdown]
# ## Design choices, measured at small scale
#
# Each network below differs from another in one choice. All had the same budget of {{
# glm_questions_budget }} CPU seconds of one thread ({{ glm_questions_least }} to {{
# glm_questions_most }} were used, as the steps that fit are measured before), whatever a choice
# makes of them: how many weights and how many bases differ, and blocks of attention learn at a
# third of the rate of others. They are then asked alike: bits a base on 2,000 held-out bases
# outside of repeats and on others in repeats (mobile sequence, or 24 bases that the training part
# has); changes of genes, nonsense or missense against synonymous, compared within position of the
# codon and kind of change; coding against intergenic windows by a linear probe. The grid is
# `data/glm_choices.yml`, the study `genebench notebooks --study choices`.
#
# A budget of a minute asks what to do on a small machine: {{ glm_questions_networks }} networks
# took {{ glm_questions_hours }} CPU hours, the fifteen below by which size is compared among them.
# Learning rates were not searched for, and with more time the order can change: a choice that makes
# each step slower loses twice here.

# %% tags=["remove-input"]
gains, runs = glm.read("choices", "differences"), glm.read("choices", "means")
names = {
    "bits": "bits a base (less is better)",
    "bits_repeats": "the same, in repeats",
    "nonsense": "AUROC, nonsense, matched",
    "missense": "AUROC, missense, matched",
    "probe": "AUROC, coding or not",
}
apart = gains["name"].str.endswith("-bpe") & gains.measure.str.startswith("bits")
shown = gains[~gains.choice.isin(["k-mers", "untrained"]) & ~apart].assign(
    panel=lambda g: pd.Categorical(g.measure.map(names), names.values()),
    row=lambda g: g.title,
    score=lambda g: g.difference,
    face=lambda g: g.seeds.gt(1).map({True: "#222222", False: "white"}),
)
words = gains.difference.map("{:+.3f}".format) + " (" + glm.spans(gains, 3) + ")"
keys = (gains["name"] + "_" + gains.measure).map(glm.slug)
values = dict(zip(keys, words.str.replace("-", "−")))
by_name = runs.set_index("name")
(cost,) = glm.read("choices", "cost").itertuples()
values |= {"networks": str(cost.networks), "hours": f"{cost.hours:.1f}"}
values |= {name: f"{getattr(cost, name):.0f}" for name in ("budget", "least", "most")}
seen = by_name.millions
values |= dict(zip(seen.index.map(glm.slug) + "_seen", seen.map("{:.1f}".format)))
long = by_name[list(names)].stack().map("{:.3f}".format)
values |= {glm.slug(*key, "mean"): value for key, value in long.items()}
slopes = glm.read("choices", "scaling")
words = slopes.slope.map("{:+.3f}".format) + " (" + glm.spans(slopes, 3) + ")"
values |= dict(zip("scaling_" + slopes.genome, words.str.replace("-", "−")))
show.values(values, page=page, profile=profile)
show.figure(
    charts.dots(
        shown,
        list(shown.row.unique()),
        label="difference to the network without that choice",
        panel="panel",
        chance=0,
        sharex=False,
    ),
    shown.drop(columns=["panel", "face", "row", "score"]),
    page=page,
    profile=profile,
    name="effects",
    caption="What each choice changes, against the network that lacks it: means over three seeds, "
    "hollow: one. Bits are of bases outside of repeats where it is not said. Bars: 95 % intervals, "
    "by the spread between seeds; the draw of the tested bases, the same for all, is not in them, "
    "and of so many comparisons one in twenty passes by chance. Bits of networks over byte "
    "pairs are means over whole windows and whole tokens, cannot be compared, and are left out.",
    alt="Differences of bits a base and AUROC for each choice of objective, architecture, tokens "
    "and data. "
    + figures.leaders(shown[shown.measure == "bits"], word="Fewest bits", most=3, least=True)
    + " "
    + figures.leaders(shown[shown.measure == "nonsense"], word="Nonsense, highest", most=3),
)

# %% [markdown]
# The network of reference is a *blind-spot* network: it predicts each base from what lies on both
# sides without seeing the base itself, and so learns from all bases in one pass. It is made of
# convolutions over single bases. Trained for a minute it is weaker than the network of [the page on
# variants](glm-variants), which has the same objective: on nonsense, *matched* (within codon
# position and kind of change, at most 600 changes of a kind), {{ glm_questions_usual_nonsense_mean
# }}, where the network there has {{ glm_variants_ecoli_nonsense_vs_synonymous_matched_glm_ecoli }}
# on the larger set of that page.
#
# **Both strands by the same weights** give, at the same cost, {{ glm_questions_strands_bits }} bits
# and {{ glm_questions_strands_nonsense }} of AUROC on nonsense; missense and the probe are no
# better.
#
# **Objective.** A masked network learns from 15 % of the bases that it reads, but reads {{
# glm_questions_masked_seen }} million of them in the time in which a blind-spot network, which
# learns from all, reads {{ glm_questions_usual_seen }} million. It is behind all the same: {{
# glm_questions_masked_bits }} bits, {{ glm_questions_masked_nonsense }} on nonsense. A causal one
# sees the left side alone, and its bits ({{ glm_questions_causal_bits }}) pay for that; on nonsense
# it is level or better ({{ glm_questions_causal_nonsense }}), since it scores all that follows.
#
# **Architecture.** At a width of 96 and 256 bases of context convolutions are the cheapest: in the
# same minute attention has read {{ glm_questions_attention_seen }} million bases, a state space {{
# glm_questions_state_space_seen }} million. Attention costs {{ glm_questions_attention_bits }}
# bits, a state space {{ glm_questions_state_space_bits }}, convolution and attention in turn {{
# glm_questions_hybrid_bits }}; masked and causal networks, of which one seed was tried, also do
# best with convolutions.
#
# **Tokens.** Words of three bases change little: {{ glm_questions_masked_kmer_bits }} bits masked,
# {{ glm_questions_causal_kmer_bits }} causal. Bits of byte pairs cannot be compared
# with the others (see the caption); a causal network over them has {{
# glm_questions_causal_bpe_nonsense }} of AUROC on nonsense and {{ glm_questions_causal_bpe_probe }}
# in the probe.
#
# **Data.** Two more genomes in the same minute, of which *E. coli* is a fifth, cost {{
# glm_questions_three_bits }} bits on it. With a token for the species the loss is {{
# glm_questions_three_species_bits }} bits, and the AUROC on nonsense changes by {{
# glm_questions_three_species_nonsense }} against that of the network of one genome, where without
# the token it changes by {{ glm_questions_three_nonsense }}. In yeast a tenth of the weight for
# mobile sequence changes {{ glm_questions_yeast_repeats_bits }} bits outside of repeats and {{
# glm_questions_yeast_repeats_bits_repeats }} in them; leaving it out {{
# glm_questions_yeast_no_repeats_bits }} and {{ glm_questions_yeast_no_repeats_bits_repeats }}.
#
# **What none of them has.** Counts of k-mers of the same genome, without any network, need little
# more: {{ glm_questions_markov_chain_ecoli_bits_mean }} bits outside of repeats in *E. coli* as a
# chain conditional on both sides, {{ glm_questions_markov_around_ecoli_bits_mean }} as counts of
# the words on both sides, where the network of reference needs {{ glm_questions_usual_bits_mean }};
# in repeats, copies of which they have counted, {{
# glm_questions_markov_chain_ecoli_bits_repeats_mean }} and {{
# glm_questions_markov_around_ecoli_bits_repeats_mean }} against {{
# glm_questions_usual_bits_repeats_mean }}. Within a minute only the network of reference and that
# with the same weights for both strands ({{ glm_questions_strands_bits_mean }}) pass the chain;
# every other choice stays behind it (masked {{ glm_questions_masked_bits_mean }}, state space {{
# glm_questions_state_space_bits_mean }}, attention {{ glm_questions_attention_bits_mean }}; causal
# ones, which see one side alone, {{ glm_questions_causal_bits_mean }}). Missense in *E. coli* is
# worse than chance for all networks ({{ glm_questions_usual_missense_mean }} for the one of
# reference). The probe is hardly a test: random weights have {{ glm_questions_untrained_probe_mean
# }}, the network of reference {{ glm_questions_usual_probe_mean }}. Not tried: tokens with other
# architectures than convolution, and byte pairs of masked networks on changes, which need a pass
# for each token of each window.

# %% [markdown]
# ## Size
#
# Five widths on three genomes, all of which see two million bases, however long that takes.

# %% tags=["remove-input"]
sizes = runs[runs.choice == "size"]
sizes = looks.styled(sizes.assign(model="glm-" + sizes.genome))
show.figure(
    charts.lines(
        sizes,
        x="weights",
        y="bits",
        xlabel="weights (log scale)",
        ylabel="bits a base, outside repeats",
        log={"x": 10},
    ),
    sizes[["genome", "width", "weights", "millions", "cpu_s", "bits", "bits_repeats"]],
    page=page,
    profile=profile,
    name="sizes",
    caption="Bits a base of held-out sequence outside of repeats, by number of weights; one seed. "
    "All networks have seen the same number of bases.",
    alt="Bits fall slowly with the number of weights in three genomes.",
)

# %% [markdown]
# Ten times the weights are worth {{ glm_questions_scaling_all }} bits, with one slope for all three
# (*E. coli* {{ glm_questions_scaling_ecoli }}, yeast {{ glm_questions_scaling_yeast }}, *M.
# tuberculosis* {{ glm_questions_scaling_mtb }}). Yeast needs more bits than either bacterium at
# every size; between the bacteria size makes up for the difference. The slopes differ, each is of
# one seed, and the common one is a summary. Two million bases are half a bacterium: with so little
# to read the largest network of *E. coli* gains nothing over the one of less than half its size,
# and a trend over a hundredfold says nothing of the next hundredfold.

# %% tags=["remove-input", "full-width"]
kept = ["title", "genome", "objective", "mixer", "tokens", "weights", "millions", "cpu_s"]
show.table(
    runs[[*kept, "seeds", *names]].astype({"weights": int}),
    page=page,
    profile=profile,
    name="runs",
    titles={
        "genome": {"ecoli": "E. coli", "yeast": "yeast", "mtb": "M. tuberculosis"},
        "tokens": {"kmer": "k-mers", "bpe": "byte pairs", "nucleotide": "single bases"},
    },
    phone=["title", "genome", "weights", *list(names)[:1]],
    caption="Every network (means over seeds), and k-mer models of the same genomes.",
    words={**names, "mixer": "architecture", "millions": "million bases seen", "cpu_s": "CPU s"},
)

# %% [markdown]
# ## The seven open questions
#
# In the order of the review, in our words, and what our numbers say to them.

# %% tags=["remove-input"]
asked = pd.concat({"open": questions, "tested": statements})
there = asked.page.isin([p.page for p in specs.pages()])
needs = ("*Needed:* " + asked.needs + ".").where(asked.needs.notna(), "")
asked = (
    "**"
    + asked.asks
    + "** *Measured:* "
    + asked.we
    + " "
    + ("*Found:* " + asked.found + " ").where(asked.found.notna(), "")
    + needs
    + (" See [](" + asked.page + ").").where(there, "")
)
show.prose("\n".join("1. " + asked["open"]))

# %% [markdown]
# ## What the text of the review says, and which of our numbers test it

# %% tags=["remove-input"]
show.prose("\n".join("- " + asked["tested"]))
