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
from genebench.book import glm, glm_figures, show

show.begin()
looks = glm.looks()
bits, gain = glm.read(genome, "held_out"), glm.read(genome, "gain")
show.table(
    glm.genome_table(bits, gain, looks),
    page=page,
    profile=profile,
    name="summary",
    caption="Bits per test base outside duplicates (lower is better), and what the network saves.",
)

# %% tags=["remove-input"]
show.figure(
    glm_figures.bits_by_order(bits, looks),
    bits,
    page=page,
    profile=profile,
    name="orders",
    caption="Bits that a held-out base costs, by order of interpolated Markov models (points) and "
    "by the network (line), from the left alone and from both sides. Solid: outside sequence that "
    "training has too; dotted: all. Dashed: no knowledge.",
    alt="Bits per base against the order of k-mer models, with the network as a horizontal line "
    "below them.",
)

# %% [markdown]
# High orders gain only on duplicates, which they have seen before: the dotted lines fall where the
# solid ones do not. Every weight was chosen on a stretch of its own, between the training and the
# held-out part.
#
# ## Where the network knows more

# %% tags=["remove-input"]
show.figure(
    glm_figures.saved_bits(gain),
    gain,
    page=page,
    profile=profile,
    name="saved",
    caption="Bits per base that the network saves against the best Markov model of the same "
    "sides, by class of base, outside duplicates unless said. Bars: 95 % intervals over blocks of "
    "2,000 bases.",
    alt="Dots with intervals of saved bits for coding, intergenic and other bases and for the "
    "three codon positions.",
)

# %% [markdown]
# ## Codon positions
#
# The review of genomic language models {cite}`benegas2024` reports from a plant that a model is
# least sure at the third position, where changes are often silent. Whether that holds is a property
# of the genome: codon usage alone, given gene and frame, says how sure one can be from the codon
# itself.

# %% tags=["remove-input"]
codon = glm.read(genome, "codon")
show.figure(
    glm_figures.codon_positions(codon, looks),
    codon,
    page=page,
    profile=profile,
    name="codon",
    caption="Mean probability of the likeliest base, and bits per base, at the three codon "
    "positions of held-out genes. Codon usage is given the reading frame and the other two bases; "
    "the others have the sequence alone.",
    alt="Lines over codon positions one to three for the network, the k-mer chain and codon usage.",
)

# %% [markdown]
# ## Starts of genes
#
# Letters are as high as the information that they carry beyond the genome's mean composition.

# %% tags=["remove-input"]
logo, agreement = glm.read(genome, "logo"), glm.read(genome, "logo_agreement")
show.figure(
    glm_figures.start_logos(logo, agreement, looks, genome=genome),
    logo,
    page=page,
    profile=profile,
    name="logo",
    caption="Starts of held-out genes: the genes themselves, then what models expect there given "
    "all other bases; each panel has its own scale. r: correlation of the letters' heights, with "
    "its 95 % interval over genes. " + looks.start(genome)["words"],
    alt="Sequence logos around the start codon, as in the genome and as expected by models.",
)

# %% [markdown]
# ## Bases that depend on each other
#
# In a transfer RNA, bases far apart in the sequence pair. If a model knows, a change at one moves
# its expectation at the other. The table asks it of the acceptor stem of every held-out transfer
# RNA gene: the AUROC of its seven pairs against all other pairs of bases four or more apart.

# %% tags=["remove-input"]
moved = glm.read(genome, "map")
show.figure(
    glm_figures.dependency_map(moved),
    moved,
    page=page,
    profile=profile,
    name="map",
    caption="Dependency map of a held-out transfer RNA gene: how far the network's expectation at "
    "one base moves with the other. A stem would show as a line from the lower left to the upper "
    "right corner.",
    alt="Heat map of dependencies between the bases of a transfer RNA gene.",
)

# %% tags=["remove-input"]
show.table(
    glm.read(genome, "pairs"), page=page, profile=profile, name="pairs", caption="Acceptor stems."
)
