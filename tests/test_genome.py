"""The DNA encoder on made-up genes of both strands."""

from __future__ import annotations

import numpy as np
import pytest
from test_neural import esm_tokens, made, match, model, network, shelf  # noqa: F401

from genebench.core import specs
from genebench.data import readers, sources
from genebench.models import ids

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


@pytest.fixture
def promoters(files, monkeypatch):
    """The made-up genome as a source."""
    monkeypatch.setattr(specs, "source", lambda name: name)
    monkeypatch.setattr(sources, "table", lambda source, file: readers.read_gtf(files / "g.gtf"))
    monkeypatch.setattr(sources, "locate", lambda source, file: files / "g.fa")
    monkeypatch.setattr(ids, "match", lambda genes, names, kind: match(genes, names))
    return model(family="dna", encoder="dna", context=64)


def test_a_sequence_and_its_reverse_complement_have_one_vector(
    shelf, promoters, files, monkeypatch
):  # noqa: F811
    network("esm").save_pretrained(shelf)
    esm_tokens(shelf)
    genes = np.array(["MINUS", "PLUS"])
    options = {"source": "grch38", "region": "gene"}
    here, alone = (
        made(promoters, genes, **options),
        made(promoters, genes, both_strands=False, **options),
    )
    turned = readers.read_gtf(files / "g.gtf").assign(
        strand=lambda f: f.strand.map({"+": "-", "-": "+"})
    )
    monkeypatch.setattr(sources, "table", lambda source, file: turned)
    there, other = (
        made(promoters, genes, **options),
        made(promoters, genes, both_strands=False, **options),
    )
    np.testing.assert_allclose(here, there, atol=1e-6)
    assert np.abs(alone - other).max() > 1e-3
    np.testing.assert_allclose(here, (alone + other) / 2, atol=1e-6)


def test_a_gene_whose_sequence_is_not_there_has_no_vector(shelf, promoters):  # noqa: F811
    network("esm").save_pretrained(shelf)
    esm_tokens(shelf)
    from genebench import models
    from genebench.models import inference

    work = models.encoder(promoters)(
        promoters, np.array(["E3", "MINUS", "NONE"]), source="grch38", region="gene"
    )
    held = inference.infer(work)
    assert held.entities.tolist() == ["MINUS"] and held.vectors.shape == (1, 16)
