"""Regions of made-up genes on both strands, and of the yeast genome of the mirror."""

import pytest
from helpers import refused

from genebench.data import genome, readers

CHROMOSOME = "AACCGGTTACGTNACGATTACA"
ROWS = """
c1 gene 5 12 + E1 PLUS
c1 CDS 5 6 + E1 PLUS T1 basic Ensembl_canonical
c1 CDS 9 12 + E1 PLUS T1 Ensembl_canonical
c1 CDS 5 12 + E1 PLUS T2
c1 exon 5 12 + E1 PLUS T2
c1 gene 14 20 - E2 MINUS
c1 CDS 18 20 - E2 MINUS T3
c1 CDS 14 15 - E2 MINUS T3
c1 CDS 14 16 - E2 MINUS T4
c2 gene 1 3 + E3
"""


def gtf(row):
    """A line of a GTF file."""
    seqname, feature, start, end, strand, *names = row.split()
    keys = "gene_id gene_name transcript_id tag tag".split()
    attributes = " ".join(f'{key} "{name}";' for key, name in zip(keys, names))
    return "\t".join([seqname, "x", feature, start, end, ".", strand, ".", attributes]) + "\n"


@pytest.fixture
def cut(tmp_path):
    """DNA of a region of the made-up genes, by gene."""
    (tmp_path / "g.gtf").write_text("#!made up\n" + "".join(map(gtf, ROWS.strip().splitlines())))
    lines = [">c1 made up", CHROMOSOME[:10].lower(), CHROMOSOME[10:], ">c3", "AAAA"]
    (tmp_path / "g.fa").write_text("\n".join(lines) + "\n")

    def region(name, **options):
        parts = genome.regions(readers.read_gtf(tmp_path / "g.gtf"), name, **options)
        return dict(zip(parts.gene, genome.extract(tmp_path / "g.fa", parts)))

    return region


def test_regions_are_read_along_their_gene_and_the_canonical_or_longest_transcript_counts(cut):
    dna = cut("promoter", upstream=3, downstream=2)
    assert dna == {"PLUS": "ACCGG", "MINUS": "TGTA", "E3": ""}
    assert cut("gene", longest=4) == {"PLUS": "GGTT", "MINUS": "TAAT", "E3": ""}
    assert cut("gene")["PLUS"] == "GGTTACGT"
    assert cut("cds") == {"PLUS": "GGACGT", "MINUS": "TAAGT"}
    with refused("unknown region of a gene 'promotor'; did you mean 'prom"):
        cut("promotor")
