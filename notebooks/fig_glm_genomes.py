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
# # A small language model of a real genome
#
# A network was trained to guess each base of a genome from the bases around it, without labels.
# Here it is compared with models that only count short words, on sequence that none of them saw. A
# base costs two bits where nothing is known; what a model saves is what it has understood. The
# network has two towers, one on each strand, and is very small; large published models are listed
# in the [catalogue](glm-catalogue).

# %% tags=["parameters"]
profile: str = "demo"  # which profile the book is built for
page: str = "glm-ecoli"  # name of this page
genome: str = "ecoli"  # which genome of data/glm_genomes.yml

# %% tags=["remove-input"]
import pandas as pd
from IPython.display import display

from notebooks.lib import charts, figures, glm, glm_figures, show

show.begin()
looks, sides = glm.looks(), {"one": "from the left alone", "two": "from both sides"}
bits, gain = glm.read(genome, "held_out"), glm.read(genome, "gain")
outside = bits[bits["where"] == "outside duplicates"].sort_values("bits")
saved = gain[gain["where"] == "outside duplicates"].set_index("sides")
best = outside[outside.order > 0].groupby("sides").first()
summary = {
    "seen": pd.Series({"one": "the left alone", "two": "both sides"}),
    "best k-mer model": best.model.map(looks.title) + ", order " + best.order.astype(str),
    "its bits": best.bits,
    "network's bits": outside[outside.order == 0].groupby("sides").bits.first(),
    "saved": saved.saved,
    "95 % interval": glm.spans(saved),
}
spans = saved.saved.map("{:.3f}".format) + " (" + glm.spans(saved) + ")"
learnt = "saves" if saved.low.min() > 0 else "does not surely save"
codon, starts, stems = (glm.read(genome, name) for name in ("codon", "logo_agreement", "pairs"))
bits_at = codon[codon.model.str.startswith("glm-")].set_index("position").bits
usage = codon[codon.model == "codon-usage"].set_index("position").bits
agreed = starts.r.map("{:.2f}".format).map(figures.minus) + " (" + glm.spans(starts, 2) + ")"
by_network = agreed[starts.model.str.startswith("glm-")]
by_network = by_network.set_axis(starts.stretch[by_network.index].str.split().str[0])
there = "stand out" if stems.auroc.median() > 0.7 else "do not stand out"
verdicts = (
    f"- **Short words:** against the best of them the network {learnt} {spans['two']} bits a base "
    f"from both sides, {spans['one']} from the left alone.",
    f"- **Codons:** it is surest at position {bits_at.idxmin()} and least sure at "
    f"{bits_at.idxmax()}; codon usage, given the frame, at {usage.idxmin()} and {usage.idxmax()}.",
    f"- **Starts of genes:** heights of letters as expected and as they are correlate with "
    f"{by_network['start']} at the start codon, {by_network['upstream']} upstream of it.",
    f"- **Stems of transfer RNA:** their pairs {there} (AUROC {stems.auroc.median():.2f}, median "
    f"of {len(stems)} genes; near bases depend on each other most, and other pairs are nearer).",
)
display(show.prose("\n".join(verdicts)))
show.table(
    pd.DataFrame(summary).reset_index(drop=True),
    page=page,
    profile=profile,
    name="summary",
    phone=["seen", "network's bits", "saved", "95 % interval"],
    caption="Bits per test base outside duplicates (lower is better), and what the network saves.",
)

# %% tags=["remove-input"]
dashes = {"outside duplicates": "-", "all": ":"}
drawn = looks.styled(bits[bits["where"].isin(list(dashes))])
drawn = drawn.assign(panel=drawn.sides.map(sides), dash=drawn["where"].map(dashes))
chain, network = drawn[drawn.order > 0], drawn[(drawn.order == 0) & (drawn.dash == "-")]
curves = [
    chain.assign(row=chain.row + chain.dash.map({"-": "", ":": ", all"})),
    network.assign(mark="", order=chain.order.min()),
    network.assign(mark="", order=chain.order.max()),
]
show.figure(
    charts.lines(
        pd.concat(curves),
        x="order",
        y="bits",
        panel="panel",
        chance=2,
        xlabel="order: bases of context (of both sides: on each)",
        ylabel="bits per base (lower is better)",
    ),
    bits,
    page=page,
    profile=profile,
    name="orders",
    caption="Bits that a held-out base costs, by order of interpolated Markov models (points) and "
    "by the network (line), from the left alone and from both sides. Solid: outside sequence that "
    "training has too; dotted: all. Dotted, at 2 bits: no knowledge.",
    alt="Bits per base against the order of k-mer models, with the network as a horizontal line. "
    f"From both sides it saves {saved.saved['two']:.3f} bits against the best of them, from the "
    f"left alone {saved.saved['one']:.3f}.",
)

# %% [markdown]
# Where high orders gain, they gain on duplicates, which they have seen before: there a dotted line
# falls and the solid one does not. Every weight was chosen on a stretch of its own, between the
# training and the held-out part.
#
# ## Where the network knows more

# %% tags=["remove-input"]
ways = {sides["two"]: {"color": "#0072b2"}, sides["one"]: {"color": "#56b4e9", "marker": "D"}}
show.figure(
    charts.dots(
        gain.assign(score=gain.saved, row=gain["where"], sides=gain.sides.map(sides)),
        list(gain["where"].unique()),
        label="bits per base saved against the best k-mer model (higher is better)",
        by="sides",
        looks=ways,
        chance=0,
    ),
    gain,
    page=page,
    profile=profile,
    name="saved",
    caption="Bits per base that the network saves against the best Markov model of the same "
    "sides, by class of base, outside duplicates unless said. Bars: 95 % intervals over blocks of "
    "2,000 bases.",
    alt="Dots with intervals of saved bits for coding, intergenic and other bases and for the "
    "three codon positions. "
    + figures.leaders(
        gain.assign(row=gain["where"], of=gain.sides.map(sides)), "of", score="saved", word="Most"
    ),
)

# %% [markdown]
# ## Codon positions
#
# The review of genomic language models {cite}`benegas2024` reports from a plant that a model is
# least sure at the third position, where changes are often silent. Whether that holds is a property
# of the genome: codon usage alone, given gene and frame, says how sure one can be from the codon
# itself.

# %% tags=["remove-input"]
measures = {"top": "probability of the likeliest base", "bits": "bits per base"}
long = codon.rename(columns=measures).melt(["model", "position"], list(measures.values()))
show.figure(
    charts.lines(
        looks.styled(long),
        x="position",
        y="value",
        panel="variable",
        xlabel="position in the codon",
        ylabel="",
        sharey=False,
    ),
    codon,
    page=page,
    profile=profile,
    name="codon",
    caption="Mean probability of the likeliest base, and bits per base, at the three codon "
    "positions of held-out genes. Codon usage is given the reading frame and the other two bases; "
    "the others have the sequence alone.",
    alt="Lines over codon positions one to three for the network, the k-mer chain and codon usage. "
    + figures.leaders(
        codon.assign(row="position " + codon.position.astype(str), of=codon.model.map(looks.title)),
        "of",
        score="bits",
        word="Fewest bits",
        least=True,
    ),
)

# %% [markdown]
# ## Starts of genes
#
# Letters are as high as the information that they carry beyond the genome's mean composition.

# %% tags=["remove-input"]
logo = glm.read(genome, "logo")
stretch = starts.stretch.str.replace(r"^upstream\b", looks.starts[genome]["upstream"], regex=True)
spans = (stretch + ": r = " + agreed).groupby(starts.model).agg("\n".join)
letters = logo.melt(["shown", "place", "base"], ["genome", "model"], var_name="of")
letters["row"] = letters.shown.where(letters.of == "model", "genome")
letters = letters.drop_duplicates(["row", "place", "base"])
names = ["genome", *looks.ordered(logo.shown)]
letters = letters.pivot(index=["row", "place"], columns="base", values="value").loc[names]
letters = letters.reset_index().rename(columns={"place": "position"})
expected = (
    "as expected by the " + letters["row"].replace("genome", names[1]).map(looks.title) + "\n"
)
expected += letters["row"].map(spans)
letters["title"] = expected.where(letters["row"] != "genome", "as the genes are")
show.figure(
    glm_figures.logos(
        letters.assign(column="", name=""),
        {"": ""},
        height=2.1,
        label="information, bits",
        below="place relative to the first base of the start codon",
    ),
    logo,
    page=page,
    profile=profile,
    name="logo",
    caption="Starts of held-out genes: the genes themselves, then what models expect there given "
    "all other bases, by place relative to the first base of the start codon; each panel has its "
    "own scale. r: correlation of the letters' heights, with "
    "its 95 % interval over genes. " + looks.starts[genome]["words"],
    alt="Sequence logos around the start codon, as in the genome and as expected by models: "
    + "; ".join(spans.index.map(looks.title) + ", " + spans),
)

# %% [markdown]
# ## Bases that depend on each other
#
# In a transfer RNA, bases far apart in the sequence pair. If a model knows, a change at one moves
# its expectation at the other. The table asks it of the acceptor stem of every held-out transfer
# RNA gene: the AUROC of its seven pairs against all other pairs of bases four or more apart.

# %% tags=["remove-input"]
moved, found = glm.read(genome, "map"), stems
show.figure(
    glm_figures.dependency_maps(moved.assign(panel=""), label="change of log-odds (0 or more)"),
    moved,
    page=page,
    profile=profile,
    name="map",
    caption="Dependency map of a held-out transfer RNA gene: how far the network's expectation at "
    "one base moves with the other. A stem would show as a line from the lower left to the upper "
    "right corner.",
    alt="Heat map of dependencies between the bases of a transfer RNA gene: strong between near "
    "bases. Against other pairs the pairs of the stem reach AUROCs of "
    f"{found.auroc.min():.2f} to {found.auroc.max():.2f}, one a gene.",
)

# %% tags=["remove-input"]
show.table(
    found[["model", "gene", "auroc", "top"]],
    page=page,
    profile=profile,
    name="pairs",
    titles={"model": {m: looks.title(m) for m in looks.models}},
    words={
        "gene": "bases of the gene in the genome",
        "auroc": "AUROC",
        "top": "share in the top 1 %",
    },
    caption="Bases are counted from 0 through all sequences of the genome, laid end to end. "
    "Acceptor stems: AUROC of their seven pairs, and how many of these are among the hundredth of "
    "pairs that depend on each other most. The other pairs are not matched to those of the stem "
    "by distance, and near bases depend on each other more, so that below 0.5 does not mean the "
    "opposite.",
)
