"""Regions of genes: hand-made genes on both strands, and the yeast genome of the mirror, whose genes must read true."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from genebench.core import specs
from genebench.core.errors import BadInput
from genebench.data import genome, readers, sources

CHROMOSOME = "AACCGGTTACGTNACGATTACA"
GTF = """#!genome-build made up
c1\tx\tgene\t5\t12\t.\t+\t.\tgene_id "E1"; gene_name "PLUS";
c1\tx\tCDS\t5\t6\t.\t+\t0\tgene_id "E1"; gene_name "PLUS"; transcript_id "T1"; tag "basic"; tag "Ensembl_canonical";
c1\tx\tCDS\t9\t12\t.\t+\t0\tgene_id "E1"; gene_name "PLUS"; transcript_id "T1"; tag "Ensembl_canonical";
c1\tx\tCDS\t5\t12\t.\t+\t0\tgene_id "E1"; gene_name "PLUS"; transcript_id "T2";
c1\tx\texon\t5\t12\t.\t+\t.\tgene_id "E1"; gene_name "PLUS"; transcript_id "T2";
c1\tx\tgene\t14\t20\t.\t-\t.\tgene_id "E2"; gene_name "MINUS";
c1\tx\tCDS\t18\t20\t.\t-\t0\tgene_id "E2"; gene_name "MINUS"; transcript_id "T3";
c1\tx\tCDS\t14\t15\t.\t-\t0\tgene_id "E2"; gene_name "MINUS"; transcript_id "T3";
c1\tx\tCDS\t14\t16\t.\t-\t0\tgene_id "E2"; gene_name "MINUS"; transcript_id "T4";
c2\tx\tgene\t1\t3\t.\t+\t.\tgene_id "E3";
"""


@pytest.fixture
def files(tmp_path):
    """A chromosome of 22 bases and its genes."""
    (tmp_path / "g.gtf").write_text(GTF)
    (tmp_path / "g.fa").write_text(
        ">c1 made up\n" + CHROMOSOME[:10].lower() + "\n" + CHROMOSOME[10:] + "\n>c3\nAAAA\n"
    )
    return tmp_path


def cut(files, region: str, **options) -> dict[str, str]:
    """DNA of a region by gene."""
    parts = genome.regions(readers.read_gtf(files / "g.gtf"), region, **options)
    return dict(zip(parts.gene, genome.extract(files / "g.fa", parts)))


def test_reverse_complement_is_its_own_inverse_and_known():
    assert (
        genome.reverse_complement("AACGTN") == "NACGTT"
        and genome.reverse_complement("RYKMn") == "nKMRY"
    )
    letters = "ACGTNRYSWKMBDHV"
    assert genome.reverse_complement(genome.reverse_complement(letters)) == letters


def test_a_promoter_is_read_towards_its_gene(files):
    found = cut(files, "promoter", upstream=3, downstream=2)
    assert found == {
        "PLUS": "ACCGG",
        "MINUS": genome.reverse_complement(CHROMOSOME[18:22]),
        "E3": "",
    }


def test_a_gene_body_begins_where_transcription_does(files):
    found = cut(files, "gene", longest=4)
    assert found["PLUS"] == CHROMOSOME[4:8] and found["MINUS"] == genome.reverse_complement(
        CHROMOSOME[16:20]
    )
    assert cut(files, "gene")["PLUS"] == CHROMOSOME[4:12]


def test_a_coding_sequence_is_that_of_the_canonical_transcript_or_the_longest(files):
    found = cut(files, "cds")
    assert found["PLUS"] == CHROMOSOME[4:6] + CHROMOSOME[8:12]
    assert found["MINUS"] == genome.reverse_complement(CHROMOSOME[13:15] + CHROMOSOME[17:20])
    assert "E3" not in found


def test_faults_are_one_sentence(files):
    with pytest.raises(
        BadInput, match="unknown region of a gene 'promotor'; did you mean 'promoter'"
    ):
        cut(files, "promotor")
    (files / "g.gtf").write_text('c1\tx\tgene\t1\t2\t.\t+\t.\tname "A";\n')
    with pytest.raises(BadInput, match="a row has no gene_id"):
        readers.read_gtf(files / "g.gtf")
    (files / "g.fa").write_text("ACGT\n")
    with pytest.raises(BadInput, match="no FASTA file"):
        list(readers.fasta_records(files / "g.fa"))


def yeast() -> Path:
    """The folder of the yeast genome in a mirror."""
    for folder in os.environ.get("GENEBENCH_MIRROR", "").split(os.pathsep):
        found = Path(folder) / "sequences" / "genomes" / "yeast_r64"
        if folder and found.is_dir():
            return found
    pytest.skip("needs the mirror with the yeast genome")


def test_coding_sequences_of_yeast_begin_with_a_start_and_hold_no_stop(tmp_path):
    import gzip

    folder = yeast()
    for packed, name in (("*.toplevel.fa.gz", "y.fa"), ("*.gtf.gz", "y.gtf")):
        (tmp_path / name).write_bytes(gzip.decompress(next(folder.glob(packed)).read_bytes()))
    frame = readers.read_gtf(tmp_path / "y.gtf")
    parts = genome.regions(frame, "cds")
    parts = parts[parts.seqname != "Mito"]  # another genetic code
    found = [s for s in genome.extract(tmp_path / "y.fa", parts) if len(s) % 3 == 0]
    codons = [{s[i : i + 3] for i in range(0, len(s), 3)} for s in found]
    right = [s.startswith("ATG") and not c & {"TAA", "TAG", "TGA"} for s, c in zip(found, codons)]
    assert len(found) > 5500 and np.mean(right) > 0.97
