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
# # Two small genomes, one verdict a section
#
# One small network for *Escherichia coli*, one for yeast: each was trained to guess the bases of
# its genome from those around them, without labels, and is compared on stretches that it never saw
# with models that only count short words. All figures of each genome are on pages of their own: [E.
# coli](glm-ecoli), [yeast](glm-yeast), [motifs of yeast](glm-motifs).

# %% tags=["parameters"]
profile: str = "demo"  # which profile the book is built for
page: str = "glm-genomes"  # name of this page

# %% tags=["remove-input"]
from notebooks.lib import charts, figures, glm, show

show.begin()
looks, names = glm.looks(), {"ecoli": "E. coli", "yeast": "yeast"}
shown = ("gain", "codon", "logo_agreement", "pairs")
tables = {name: glm.of_genomes(names, name) for name in shown}
gain, codon = tables["gain"], tables["codon"]
saved = gain[(gain["where"] == "outside duplicates") & (gain.sides == "two")].set_index("genome")
spans = saved.saved.map("{:.3f}".format) + " (" + glm.spans(saved) + ")"
network = codon[codon.model.str.startswith("glm-")].set_index(["genome", "position"]).bits
surest = network.groupby("genome").idxmin().str[1]
starts = tables["logo_agreement"]
starts = starts.assign(words=starts.r.map("{:.2f}".format) + " (" + glm.spans(starts, 2) + ")")
starts = starts.assign(
    what=starts.stretch.str.split().str[0], kmers=starts.model.eq("markov-chain")
)
starts = starts.set_index(["what", "kmers", "genome"]).words.map(figures.minus)
steps = codon.assign(words=codon.bits.map("{:.2f}".format)).sort_values("position")
steps = steps.groupby(["model", "genome"]).words.agg(", ".join)
stems = tables["pairs"].groupby("genome").auroc.agg(["median", "max", "size"])
motifs = glm.read("yeast", "motifs")
known = motifs.assign(known=motifs.r > motifs.chance).groupby("model").known.agg(["sum", "size"])
known = known["sum"].astype(str) + " of " + known["size"].astype(str)
values = {"saved_" + g: spans[t] for g, t in names.items()}
values |= {"surest_" + g: str(surest[t]) for g, t in names.items()}
values |= {"upstream_" + g: starts["upstream", False, t] for g, t in names.items()}
values |= {"upstream_chain_" + g: starts["upstream", True, t] for g, t in names.items()}
values |= {"start_" + g: starts["start", False, t] for g, t in names.items()}
values |= {"start_chain_" + g: starts["start", True, t] for g, t in names.items()}
values |= {"usage_" + g: steps["codon-usage", t] for g, t in names.items()}
values |= {"chain_" + g: steps["markov-chain", t] for g, t in names.items()}
values |= {"steps_" + g: steps["glm-" + g, t] for g, t in names.items()}
values |= {"stems_" + g: f"{stems['median'][t]:.2f}" for g, t in names.items()}
values |= {"stems_max_" + g: f"{stems['max'][t]:.2f}" for g, t in names.items()}
second = glm.read("ecoli", "logo").query("shown == 'glm-ecoli' and place == 1")
letters = second[["genome", "model"]].sum().map("{:.2f}".format)
values |= {"letters_genome": letters.genome, "letters_network": letters.model}
values |= {"motifs_network": known["glm-yeast"], "motifs_chain": known["markov-chain"]}
show.values(values, page=page, profile=profile)

# %% [markdown]
# ## Has it learnt more than short words? Yes, and mostly in genes
#
# Outside of sequence that training has too, seeing both sides, the network of E. coli saves {{
# glm_genomes_saved_ecoli }} bits a base against the best k-mer model, that of yeast {{
# glm_genomes_saved_yeast }}. Between genes little is saved.

# %% tags=["remove-input"]
sides = {"two": "from both sides", "one": "from the left alone"}
ways = {sides["two"]: {"color": "#0072b2"}, sides["one"]: {"color": "#56b4e9", "marker": "D"}}
show.figure(
    charts.dots(
        gain.assign(score=gain.saved, row=gain["where"], sides=gain.sides.map(sides)),
        list(gain["where"].unique()),
        label="bits per base saved against the best k-mer model (higher is better)",
        panel="genome",
        by="sides",
        looks=ways,
        chance=0,
    ),
    gain,
    page=page,
    profile=profile,
    name="saved",
    caption="Bits per base that each network saves against the best Markov model of the same "
    "sides, by class of base. Bars: 95 % intervals over blocks of 2,000 bases.",
    alt="In both genomes most is saved in coding sequence and from both sides, and little "
    "between genes.",
)

# %% [markdown]
# ## Is the third codon position the least certain? In yeast, not in E. coli
#
# The review reports of a plant that a model is least sure at the third position of a codon, where
# changes are often silent. The network of E. coli needs {{ glm_genomes_steps_ecoli }} bits at the
# three positions and is surest at position {{ glm_genomes_surest_ecoli }}, against the review; that
# of yeast needs {{ glm_genomes_steps_yeast }} and is surest at position {{ glm_genomes_surest_yeast
# }}, least at the third. The k-mer chain, which counts short words, needs {{
# glm_genomes_chain_ecoli }} bits in E. coli and {{ glm_genomes_chain_yeast }} in yeast; codon
# usage, given the frame, {{ glm_genomes_usage_ecoli }} and {{ glm_genomes_usage_yeast }}. Where the
# chain has the order of the network, that order is a property of the genome that words of a few
# bases carry, and not of the network.

# %% tags=["remove-input"]
show.figure(
    charts.lines(
        looks.styled(codon),
        x="position",
        y="bits",
        panel="genome",
        xlabel="position in the codon",
        ylabel="bits per base (lower: more certain)",
    ),
    codon,
    page=page,
    profile=profile,
    name="codon",
    caption="Bits per base at the three codon positions of held-out genes. Codon usage is given "
    "the reading frame and the other two bases; the others have the sequence alone.",
    alt="In E. coli the network needs the fewest bits at the third codon position, in yeast at the "
    "second and the most at the third.",
)

# %% [markdown]
# ## Does it know how genes start? In E. coli a trace of the start codon, not the signal before it
#
# What the network expects of the bases upstream of a start, where ribosomes bind in bacteria (Shine
# and Dalgarno's site), does not resemble what stands there: the correlation of letter heights is {{
# glm_genomes_upstream_ecoli }} in E. coli and {{ glm_genomes_upstream_yeast }} in yeast; the k-mer
# chain has {{ glm_genomes_upstream_chain_ecoli }} and {{ glm_genomes_upstream_chain_yeast }}. The
# start codon itself is expected by the network of E. coli ({{ glm_genomes_start_ecoli }}, the chain
# {{ glm_genomes_start_chain_ecoli }}), but faintly: the genes have {{ glm_genomes_letters_genome }}
# bits at its second base, the network expects {{ glm_genomes_letters_network }}. In yeast neither
# expects it ({{ glm_genomes_start_yeast }} and {{ glm_genomes_start_chain_yeast }}).

# %% tags=["remove-input"]
shown = tables["logo_agreement"]
shown = shown.assign(model=shown.model.map(looks.title), interval=glm.spans(shown, 2))
show.table(
    shown[["genome", "model", "stretch", "r", "interval", "genes"]],
    page=page,
    profile=profile,
    name="starts",
    digits=2,
    caption="Correlation of the heights of letters around starts of held-out genes, as the genes "
    "are and as a model expects them.",
    words={"interval": "95 % interval"},
)

# %% [markdown]
# ## Does it know which bases of a transfer RNA pair? No sign of it
#
# Were the seven pairs of the acceptor stem those that depend on each other most, the AUROC of the
# stem's pairs against all others would be near 1. Its median is {{ glm_genomes_stems_ecoli }} in E.
# coli and {{ glm_genomes_stems_yeast }} in yeast, the best gene has {{ glm_genomes_stems_max_ecoli
# }} and {{ glm_genomes_stems_max_yeast }}. That is below 0.5 for a plain reason: the ends of a stem
# are far apart, and near bases depend on each other more, stem or not. The other pairs are not
# matched to the stem's by distance in this edition, so that the number says that stems do not stand
# out, and no more. On [simulated genomes](glm-simulated) planted hairpins are found.
#
# ## Has the network of yeast found binding sites? Not shown
#
# Of the motifs that recur in what it expects upstream of genes {{ glm_genomes_motifs_network }} are
# nearer to a known binding profile than 95 % of motifs with shuffled columns; of those of a chain
# that counts words {{ glm_genomes_motifs_chain }}. What leads both lists are runs of A and
# repeats of TA. The logos are on the [page of motifs](glm-motifs).
