"""Variants from every kind of file, their faults, and their scores."""

import gzip
import os
import time

import numpy as np
import pandas as pd
import pytest
from helpers import refused, rows

from genebench.glm import codes, variants
from genebench.glm.tables import scores
from tests.glm.tiny import model

FASTA = ">chr1 first\nACGTACGTAC\nggttNNRYac\n>chr2\nTTTTCCCCAAAA\n"
ROWS = rows("""
chr1 | 1   | A  | C     | ok
chr1 | 11  | g  | t     | ok
chr1 | 2   | CG | C     | ok
chr1 | 2   | A  | T     | reference allele differs from the FASTA file
chr1 | 20  | CA | C     | position off the sequence
1    | 1   | A  | T     | sequence not in the FASTA file
chr1 | 15  | N  | A     | allele with N or another letter than A, C, G, T
chr1 | 1   | A  | <DEL> | symbolic or missing allele
chr1 | 1   | A  | *     | symbolic or missing allele
chr1 | 1   | A  | A     | alternative equals reference
chr1 | one | A  | T     | position is no whole number
""")


def packed(text):
    """As bgzip packs: blocks of their own, and an empty one at the end."""
    return b"".join(map(gzip.compress, (text[:100], text[100:], b"")))


@pytest.mark.parametrize(
    "first, separator, ending, pack",
    [
        ("##fileformat=VCFv4.2\n#CHROM\tPOS\tREF\tALT", "\t", "\n", packed),
        ("chrom\tpos\tref\talt", "\t", "\r\n", bytes),
        ("chr,position,reference,alternate", ",", "\n", gzip.compress),
        ("chrom;pos;ref;alt", ";", "\n", lambda text: text.decode().encode("utf-16")),
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
    assert any(s.startswith("1 of 11") and "FASTA file names it 'chr1'" in s for s in sentences)
    table = scores.score(model(), genome, frame, partial=tmp_path / "partial", length=16)
    assert np.isfinite(table.llr).tolist() == (frame.status == "ok").tolist()


HEADER = b"#CHROM\tPOS\tID\tREF\tALT\n"


@pytest.mark.parametrize(
    "read, data, sentence",
    [
        (variants.read, b"#CHROM\tPOS\nchr1\t1\n", "line 1: no columns chrom, pos, ref, alt"),
        (variants.read, gzip.compress(HEADER * 50)[:30], "cannot be read as text"),
        (variants.read, HEADER, "holds no variants"),
        (variants.read, b"chr2\t1\t.\tT\tA\n" * 4, "holds more than 3 rows; give it in parts"),
        (variants.genome, b">a\n", "holds no sequence"),
        (variants.genome, b">a\nA\n>a\nC\n", "duplicate sequence 'a'"),
    ],
)
def test_a_broken_file_is_answered_in_one_sentence(tmp_path, monkeypatch, read, data, sentence):
    monkeypatch.setattr(variants, "MOST_ROWS", 3)
    (tmp_path / "f").write_bytes(data)
    with refused(sentence):
        read(tmp_path / "f")


@pytest.mark.parametrize("read", [variants.read, variants.genome])
def test_pipes_and_bombs_are_refused_before_they_are_read(tmp_path, monkeypatch, read):
    os.mkfifo(tmp_path / "pipe")
    with refused(f"{tmp_path / 'pipe'}: is a pipe or a device"):
        read(tmp_path / "pipe")
    (tmp_path / "f.gz").write_bytes(gzip.compress(b"x" * 1_000_000))
    monkeypatch.setattr(variants, "LONGEST_LINE", 100_000)
    with refused(r"f.gz: holds a line of \d+ MB or more, as no file of seq"):
        read(tmp_path / "f.gz")


def test_the_name_of_a_sequence_ends_at_any_white_space(tmp_path):
    (tmp_path / "g.fa").write_text(">chr1\tfirst one\nACGT\n> chr2 x\nAC\n")
    assert list(variants.genome(tmp_path / "g.fa")) == ["chr1", "chr2"]


def written(bases, start, ref, alt):
    """The haplotype that a variant stands for."""
    text = codes.decode(bases)
    assert text[start - 1 :].startswith(ref)
    return text[: start - 1] + alt + text[start - 1 + len(ref) :]


def test_all_spellings_of_one_haplotype_are_normalised_to_one():
    """Brute force: every variant of a short repeat-rich sequence, grouped by what it makes."""
    rng, groups = np.random.default_rng(0), {}
    bases = codes.encode("GAAAACACACACGTGTGG")
    for _ in range(4000):
        start, n = rng.integers(1, 16), rng.integers(1, 5)
        ref = codes.decode(bases[start - 1 : start - 1 + n])
        alt = "".join(rng.choice(list("ACGT"), rng.integers(1, 5)))
        if ref != alt and len(ref) == n:
            normal = variants.normalise(start, ref, alt, bases)
            made = written(bases, start, ref, alt)
            assert written(bases, *normal) == made
            groups.setdefault(made, set()).add(normal)
    assert all(len(normals) == 1 for normals in groups.values()) and len(groups) > 500
    long = np.tile(codes.encode("CAG"), 40_000)  # moves as far as the repeat does
    assert variants.normalise(119_996, "AGCAG", "AG", long) == (1, "CAGC", "C")


HOSTILE = rows("""
chr2 2                 | too few fields
chr2 -1 . T A          | position is no whole number
chr2 1e999 . T A       | position is no whole number
chr2 0 . T A           | position off the sequence
chr2 1 . T G]17:198982] | symbolic or missing allele
chr2 1 . \x80 A        | allele with N or another letter than A, C, G, T
""")


@pytest.mark.parametrize("bad, reason", HOSTILE)
def test_a_hostile_row_costs_no_other_row(tmp_path, bad, reason):
    head, good = "#CHROM POS ID REF ALT", ["chr2 1.0 a T A", 'chr2 2 "b T C,G']
    text = "\n".join([f"{head} QUAL", good[0], bad, good[1], head, "chr2 9 c A AT"])
    (tmp_path / "v.vcf").write_text(text.replace(" ", "\t"), encoding="latin-1")
    genome = {"chr2": codes.Sequence("chr2", codes.encode("TTTTCCCCAAAA"))}
    frame = variants.check(variants.read(tmp_path / "v.vcf"), genome)
    assert frame.status.iloc[1].startswith(reason) and frame.line.tolist() == [2, 3, 4, 4, 6]
    assert (frame.status.drop(1) == "ok").all() and frame.id.iloc[2] == '"b'
    (sentence,) = variants.messages(frame, genome)
    assert sentence.startswith(f"1 of 5 variants not scored: {reason}") and "line 3" in sentence


def test_parquet_quotes_and_whole_floats_are_read(tmp_path):
    rows = {"Chr": [2.0, 2.0], "POS": [1.0, 9.0], "Ref": ["T", "A"], "ALT": ["A,C", None]}
    pd.DataFrame(rows).to_parquet(tmp_path / "v.parquet")
    frame = variants.read(tmp_path / "v.parquet")
    assert frame.chrom.tolist() == ["2"] * 3 and frame.pos.tolist() == [1, 1, 9]
    assert frame.alt.tolist() == ["A", "C", ""] and frame.line.tolist() == [1, 1, 2]
    for text in (
        'chrom,pos,id,ref,alt\n"chr2",1e3,x,"T","A,C"\n',
        # as R writes it, with the names of the rows
        '"chrom"\t"pos"\t"ref"\t"alt"\n"1"\t"chr2"\t1000\t"T"\t"A"\n',
    ):
        (tmp_path / "v.txt").write_text(text)
        frame = variants.read(tmp_path / "v.txt")
        assert [*frame.iloc[0][["chrom", "pos", "ref", "alt"]]] == ["chr2", 1000, "T", "A"]


def test_a_line_of_many_alternates_takes_linear_time(tmp_path):
    def seconds(n):
        alternates = ",".join(["A", "C", "TTA"] * (n // 3))
        (tmp_path / "v.vcf").write_text(f"chr2\t1\t.\tT\t{alternates}\n")
        start = time.process_time()
        frame = variants.check(variants.read(tmp_path / "v.vcf"), genome)
        assert len(frame) == n and (frame.status == "ok").all()
        return time.process_time() - start

    genome = {"chr2": codes.Sequence("chr2", codes.encode("TTTTCCCCAAAA"))}
    assert seconds(60_000) < 20 * seconds(6_000) + 0.5


def test_a_position_that_would_crash_pandas_is_none(tmp_path):
    (tmp_path / "v.csv").write_text("chrom,pos,ref,alt\nx,0E5410000085830688,A,C\nx,5,A,C\n")
    assert variants.read(tmp_path / "v.csv").pos.tolist() == [-1, 5]
