"""The commands ``genebench glm train`` and ``score``: FASTA to scores, and faults."""

import numpy as np
import pandas as pd
from helpers import call

from genebench.glm import codes

SIZES = ("width=8", "joint=8", "depth=1", "steps=3", "window=32", "batch=2")


def test_from_fasta_to_scores_and_faults_in_one_sentence(tmp_path):
    rng, fasta, out = np.random.default_rng(8), tmp_path / "g.fa", tmp_path / "o.tsv"
    a, b = (codes.decode(rng.integers(0, 4, 600)) for _ in range(2))
    fasta.write_text(f">a\n{a}\n>b\n{b}\n")
    train = ("train", fasta, *(x for size in SIZES for x in ("--set", size)), "--out")
    trained = call("glm", *train, tmp_path / "m")
    assert trained.exit_code == 0, trained.output
    assert "outside repeats" in trained.output and "no loss recorded yet" in trained.output
    alt = "ACGT"[3 - "ACGT".index(b[99])]
    variants = tmp_path / "v.vcf"
    variants.write_text(f"#CHROM\tPOS\tID\tREF\tALT\nb\t100\t.\t{b[99]}\t{alt}\nb\t9999\t.\tA\tC\n")
    score = ("score", tmp_path / "m", "--variants", variants, "--out", out, "--fasta")
    scored = call("glm", *score, fasta, "--scores", "llr,influence, embedding", "--calibrate")
    assert scored.exit_code == 0, scored.output
    assert "1 of 2 variants not scored: position off the sequence" in scored.output
    table = pd.read_csv(out, sep="\t")
    assert table.llr.notna().tolist() == [True, False]
    assert {"influence", "embedding", "llr_calibrated", "normal_ref"} <= set(table)
    assert not list(tmp_path.glob(".o.tsv*"))
    windows = [a[i : i + 12] + "ACGT"[i % 2] * 8 for i in range(60)]
    frame = pd.DataFrame({"sequence": windows, "label": np.arange(60) % 2})
    frame.to_csv(tmp_path / "w.csv", index=False)
    vectors = tmp_path / "e.parquet"
    embedded = call("glm", "embed", tmp_path / "m", tmp_path / "w.csv", "--out", vectors)
    assert embedded.exit_code == 0 and pd.read_parquet(vectors).shape == (60, 17), embedded.output
    more = ("--models", tmp_path / "m", "--out", tmp_path / "p", "--seeds", 1)
    probed = call("glm", "probe", tmp_path / "w.csv", *more)
    assert probed.exit_code == 0 and "best model model" in probed.output, probed.output
    empty = tmp_path / "empty.vcf"
    empty.write_text("chrom,pos,ref,alt\nb,9999,A,C\n")
    for arguments, sentence in (
        ((*score, tmp_path / "none.fa"), "no such file"),
        ((*score, fasta, "--scores", "lrr"), "did you mean 'llr'"),
        ((*score, fasta, "--strands", "bth"), "did you mean 'both'"),
        ((*score, fasta, "--scores", "influence", "--calibrate"), "--calibrate is of the score"),
        ((*score, fasta, "--variants", empty), "none of its 1 variants can be scored"),
        (
            (*train, tmp_path / "n", "--held-out", "z"),
            "no sequence 'z' to hold out; there are a, b",
        ),
    ):
        bad = call("glm", *arguments)
        assert bad.exit_code == 2 and sentence in bad.output and "Traceback" not in bad.output
