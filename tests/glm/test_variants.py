"""Variants from every kind of file, their faults, and their scores."""

import gzip

import numpy as np
import pandas as pd
import pytest

from genebench.core.errors import BadInput
from genebench.glm import codes, score, variants
from genebench.glm.codes import Sequence
from tests.glm.tiny import GENOME, KMERS, LENGTH, model

FASTA = ">chr1 first\nACGTACGTAC\nggttNNRYac\n>chr2\nTTTTCCCCAAAA\n"
ROWS = [
    ("chr1", "1", "A", "C", "ok"),
    ("chr1", "11", "g", "t", "ok"),
    ("chr1", "2", "CG", "C", "ok"),
    ("chr1", "2", "C", "CTT", "ok"),
    ("chr1", "2", "A", "T", "reference allele differs from the FASTA file"),
    ("chr1", "21", "A", "T", "position off the sequence"),
    ("chr1", "20", "CA", "C", "position off the sequence"),
    ("1", "1", "A", "T", "sequence not in the FASTA file"),
    ("chr1", "15", "N", "A", "allele with N or another letter than A, C, G, T"),
    ("chr1", "1", "A", "<DEL>", "symbolic or missing allele"),
    ("chr1", "1", "A", "*", "symbolic or missing allele"),
    ("chr1", "1", "A", "A", "alternative equals reference"),
    ("chr1", "one", "A", "T", "position is no number"),
]


def packed(text):
    """As bgzip packs: blocks of their own, and an empty one at the end."""
    return b"".join(map(gzip.compress, (text[:100], text[100:], b"")))


@pytest.mark.parametrize(
    "first, separator, ending, pack",
    [
        ("##fileformat=VCFv4.2\n#CHROM\tPOS\tREF\tALT", "\t", "\n", packed),
        ("chrom\tpos\tref\talt", "\t", "\r\n", bytes),
        ("chr,position,reference,alternate", ",", "\n", gzip.compress),
    ],
)
def test_every_fault_is_named_counted_and_never_scored(tmp_path, first, separator, ending, pack):
    path, fasta = tmp_path / "v", tmp_path / "g.fa"
    text = ending.join([first, *(separator.join(row[:4]) for row in ROWS)])
    path.write_bytes(pack(text.encode()))
    fasta.write_text(FASTA)
    genome = variants.genome(fasta)
    frame = variants.check(variants.read(path), genome)
    assert frame.status.tolist() == [row[4] for row in ROWS]
    sentences = variants.messages(frame, genome)
    assert len(sentences) == len({r[4] for r in ROWS}) - 1
    absent = next(s for s in sentences if "not in the FASTA" in s)
    assert absent.startswith("1 of 13") and "the FASTA file names it 'chr1'" in absent
    table = variants.score(model(), genome, frame, kinds=variants.KINDS, length=16)
    assert np.isfinite(table.llr).tolist() == (frame.status == "ok").tolist()
    assert (table.embedding[:2] > 0).all() and (table.influence[:2] >= 0).all()


def test_rows_with_several_alternatives_become_several(tmp_path):
    (tmp_path / "v.vcf").write_text("chr2\t1\trs1\tT\tA,C\n")
    frame = variants.read(tmp_path / "v.vcf")
    assert frame.alt.tolist() == ["A", "C"] and frame.id.tolist() == ["rs1"] * 2


HEADER = b"#CHROM\tPOS\tID\tREF\tALT\n"


@pytest.mark.parametrize(
    "read, data, sentence",
    [
        (variants.read, b"", "holds no variants"),
        (variants.read, b"#CHROM\tPOS\nchr1\t1\n", "line 1: no columns chrom, pos, ref, alt"),
        (variants.read, HEADER + b"chr1\t1\n", "line 2: 2 fields where 5 belong"),
        (variants.read, gzip.compress(HEADER * 50)[:30], "a broken gzip file"),
        (variants.read, gzip.compress(HEADER * 50)[:12] + b"\xff" * 20, "a broken gzip file"),
        (variants.read, HEADER, "holds no variants"),
        (variants.genome, b"ACGT\n", "holds no sequence"),
        (variants.genome, b">a\n", "holds no sequence"),
        (variants.genome, b">a\nA\n>a\nC\n", "sequence 'a' stands twice"),
        (variants.genome, b"", "holds no sequence"),
    ],
)
def test_a_broken_file_is_answered_in_one_sentence(tmp_path, read, data, sentence):
    (tmp_path / "f").write_bytes(data)
    with pytest.raises(BadInput, match=sentence):
        read(tmp_path / "f")


def test_the_name_of_a_sequence_ends_at_any_white_space(tmp_path):
    (tmp_path / "g.fa").write_text(">chr1\tfirst one\nACGT\n> chr2 x\nAC\n")
    assert list(variants.genome(tmp_path / "g.fa")) == ["chr1", "chr2"]


@pytest.mark.parametrize("given", [{}, {"objective": "causal", **KMERS}])
def test_a_table_of_variants_is_scored_as_variants_one_by_one(given):
    m, genome = model(**given), {"c": Sequence("c", GENOME)}
    positions = np.array([300, 301, 301, 340, 90])
    ref, alt = GENOME[positions], (GENOME[positions] + np.array([1, 1, 2, 3, 1])) % 4
    letters = {"ref": list(codes.decode(ref)), "alt": list(codes.decode(alt))}
    frame = pd.DataFrame({"chrom": "c", "pos": positions + 1, **letters, "status": "ok"})
    table = variants.score(m, genome, frame, kinds=variants.KINDS, length=LENGTH)
    assert (table.embedding > 0).all() and (table.influence >= 0).all()
    windows, at = score.placed(m, GENOME, positions, LENGTH)
    for i in range(len(positions)):
        one = score.llr(m, windows[[i]], at[[i]], alt[[i]])
        assert np.isclose(table.llr[i], one[0], atol=2e-5)
