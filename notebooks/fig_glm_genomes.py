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
# A network was trained to guess each base of a genome from the bases around it, without labels. Here it is held
# against models that only count short words, on sequence that none of them saw. A base costs two bits where nothing
# is known; what a model saves is what it has understood. The network has two towers, one on each strand, and is very
# small; large published models are listed in the [catalogue](glm-catalogue).

# %% tags=["parameters"]
profile: str = "demo"  # which profile the book is built for
page: str = "glm-ecoli"  # name of this page
genome: str = "ecoli"  # which genome of data/glm_genomes.yml

# %% tags=["remove-input"]
from genebench.book import glm, show

show.begin()
held, gain, codon, agreement = [
    glm.read(genome, n) for n in ("held_out", "gain", "codon", "logo_agreement")
]
show.table(
    glm.genome_table(held, gain),
    page=page,
    profile=profile,
    name="summary",
    caption="Bits per held-out base outside duplicates (lower is better), and what the network saves.",
)

# %% tags=["remove-input"]
show.figure(
    glm.orders(held),
    held,
    page=page,
    profile=profile,
    name="orders",
    caption="Bits that a held-out base costs, by order of interpolated Markov models (points) and by the network "
    "(line), from the left alone and from both sides. Solid: outside sequence that training holds too; "
    "dotted: all. Dashed: no knowledge.",
    alt="Bits per base against the order of k-mer models, with the network as a horizontal line below them.",
)

# %% [markdown]
# High orders gain only on duplicates, which they have seen before: the dotted lines fall where the solid ones do not.
# Every weight was chosen on a stretch of its own, between the training and the held-out part.
#
# ## Where the network knows more

# %% tags=["remove-input"]
show.figure(
    glm.saved(gain),
    gain,
    page=page,
    profile=profile,
    name="saved",
    caption="Bits per base that the network saves against the best Markov model of the same sides, by class of "
    "base, outside duplicates unless said. Bars: 95 % intervals over blocks of 2,000 bases.",
    alt="Dots with intervals of saved bits for coding, intergenic and other bases and for the three codon positions.",
)

# %% [markdown]
# ## Codon positions
#
# The review of genomic language models {cite}`benegas2024` reports from a plant that a model is least sure at the
# third position, where changes are often silent. Whether that holds is a property of the genome: codon usage alone,
# told gene and frame, says how sure one can be from the codon itself.

# %% tags=["remove-input"]
show.figure(
    glm.codon(codon),
    codon,
    page=page,
    profile=profile,
    name="codon",
    caption="Mean probability of the likeliest base, and bits per base, at the three codon positions of held-out "
    "genes. Codon usage is told the reading frame and the other two bases; the others are told the "
    "sequence alone.",
    alt="Lines over codon positions one to three for the network, the k-mer chain and codon usage.",
)

# %% [markdown]
# ## Starts of genes
#
# Letters are as high as the information that they carry beyond the genome's mean composition.

# %% tags=["remove-input"]
logo = glm.read(genome, "logo")
show.figure(
    glm.logos(logo, agreement, genome=genome),
    logo,
    page=page,
    profile=profile,
    name="logo",
    caption="Starts of held-out genes: the genes themselves, then what models expect there given all other bases; "
    "each panel has its own scale. r: correlation of the letters' heights, with its 95 % interval over genes. "
    + glm.starts(genome)["words"],
    alt="Sequence logos around the start codon, as in the genome and as expected by models.",
)

# %% [markdown]
# ## Bases that depend on each other
#
# In a transfer RNA, bases far apart in the sequence pair. If a model knows, a change at one moves its expectation at
# the other. The table asks it of the acceptor stem of every held-out transfer RNA gene: the AUROC of its seven pairs
# against all other pairs of bases four or more apart.

# %% tags=["remove-input"]
moved = glm.read(genome, "map")
show.figure(
    glm.dependency(moved),
    moved,
    page=page,
    profile=profile,
    name="map",
    caption="Dependency map of a held-out transfer RNA gene: how far the network's expectation at one base moves "
    "with the other. A stem would show as a line from the lower left to the upper right corner.",
    alt="Heat map of dependencies between the bases of a transfer RNA gene.",
)

# %% tags=["remove-input"]
show.table(
    glm.read(genome, "pairs"), page=page, profile=profile, name="pairs", caption="Acceptor stems."
)
