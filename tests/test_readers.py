"""Formats that are reshaped as they are read: long tables of measurements."""

from __future__ import annotations

import json
import zipfile

import numpy as np
import pandas as pd
import pytest

from genebench.core import specs
from genebench.core.errors import BadInput
from genebench.data import genes, readers, sources, tasks

HPA = {"gene": "Gene", "symbol": "Gene name", "column": "Tissue", "value": "nTPM"}
LONG = """Gene	Gene name	Tissue	TPM	nTPM
ENSG00000000003	TSPAN6	skin	1	29.6
ENSG00000000003	TSPAN6	liver	1	0.0
ENSG00000000005	TNMD	liver	1	1.5
ENSG00000000005	TNMD	skin	1	2
ENSG00000015479	MATR3	skin	1	3
ENSG00000015479	MATR3	liver	1	3
ENSG00000280987	MATR3	skin	1	0
ENSG00000280987	MATR3	liver	1	0
ENSG00000999999	ENSG00000999999	skin	1	3
ENSG00000999999	ENSG00000999999	liver	1	3
ENSG00000000419	DPM1	skin	1	3
ENSG00000000457	NA	skin	1	7
ENSG00000000457	NA	liver	1	8
"""


def long_table(tmp_path, text: str = LONG):
    """The text in a zip of the official kind, which uses bzip2."""
    with zipfile.ZipFile(tmp_path / "t.tsv.zip", "w", zipfile.ZIP_BZIP2) as archive:
        archive.writestr("t.tsv", text)
    return tmp_path / "t.tsv.zip"


def test_a_long_table_becomes_genes_by_tissues_without_the_ambiguous_the_unnamed_and_the_incomplete(
    tmp_path,
):
    frame = readers.read_long(long_table(tmp_path), **HPA)
    assert frame.columns.tolist() == ["liver", "skin"] and frame.index.name == "symbol"
    assert frame.index.tolist() == [
        "NA",
        "TNMD",
        "TSPAN6",
    ]  # a name is text, also where pandas would read a gap
    assert frame.to_numpy().tolist() == [[8, 7], [1.5, 2], [0, 29.6]]


@pytest.mark.parametrize(
    "change, words",
    [
        (("nTPM", "NX"), "has no column 'nTPM'"),
        (("29.6", "many"), "no number"),
        (("29.6", ""), "is empty or infinite in 1 rows"),
        (("29.6", "inf"), "is empty or infinite in 1 rows"),
        (("TSPAN6	liver", "TSPAN6	skin"), "stands twice"),
    ],
)
def test_a_fault_in_a_long_table_is_one_sentence(tmp_path, change, words):
    with pytest.raises(BadInput, match=words) as told:
        readers.read_long(long_table(tmp_path, LONG.replace(*change)), **HPA)
    assert "t.tsv.zip: " in str(told.value) and "\n" not in str(told.value)


@pytest.mark.parametrize("name", ["consensus", "gtex", "fantom"])
def test_the_expression_tables_of_the_atlas_equal_a_pivot_by_pandas(name):
    source = specs.source("hpa_rna")
    if sources.status(source)[0] != "ready":
        pytest.skip("the tables are not here; run 'genebench fetch hpa_rna'")
    frame, spec = sources.table(source, name), source.files[name]
    raw = pd.read_csv(sources.locate(source, name), sep="\t", nrows=120_000, keep_default_na=False)
    whole = raw[raw.Gene != raw.Gene.iloc[-1]]  # the last gene may be cut
    pivot = whole.pivot(index="Gene name", columns="Tissue", values=spec.options["value"]).dropna()
    assert (
        frame.index.is_monotonic_increasing
        and frame.index.is_unique
        and (frame.to_numpy() >= 0).all()
    )
    assert len(frame) > 18_000 and not frame.isna().any(axis=None)
    shared = frame.index.intersection(pivot.index)
    assert len(shared) > 1_500
    np.testing.assert_array_equal(
        frame.loc[shared].to_numpy(), pivot.loc[shared, frame.columns].to_numpy()
    )


# --- Gene Ontology annotations ----------------------------------------------------------------------------------------

GAF = "\n".join(
    [
        "!gaf-version: 2.2",
        "!generated-by: GOC",
        *(
            "\t".join(fields)
            for fields in [
                ["UniProtKB", "P1", "TP53", "involved_in", "GO:0006915", "PMID:1", "IDA", "", "P"],
                ["UniProtKB", "P2", "BRCA1", "NOT|enables", "GO:0005515", "PMID:1", "IPI", "", "F"],
                ["UniProtKB", "P3", "NOTCH1", "located_in", "GO:0005634", "PMID:1", "IEA", "", "C"],
                [
                    "UniProtKB",
                    "P4",
                    "GATA1",
                    "involved_in",
                    "GO:0008150",
                    "GO_REF:15",
                    "ND",
                    "",
                    "P",
                ],
                ["UniProtKB", "P5", "tat", "involved_in", "GO:0006915", "PMID:1", "IDA", "", "P"],
            ]
            for fields in [
                fields + ["name", "syn", "protein", "taxon:9606", "20230101", "UniProt", "", ""]
            ]
        ),
    ]
)


def test_a_gaf_keeps_what_a_human_gene_does_and_drops_not_other_species_and_codes(tmp_path):
    first, viral = GAF.split("\ttat\t")
    text = "\ttat\t".join(
        [
            first.replace("taxon:9606", "taxon:9606|taxon:11676", 1),
            viral.replace("9606", "11676|9606"),
        ]
    )
    (tmp_path / "a.gaf").write_text(text)
    frame = readers.read_gaf(tmp_path / "a.gaf")
    held = frame[["symbol", "go_id", "aspect", "evidence"]].to_numpy().tolist()
    assert held == [["TP53", "GO:0006915", "P", "IDA"], ["NOTCH1", "GO:0005634", "C", "IEA"]]
    assert readers.read_gaf(tmp_path / "a.gaf", without=("ND", "IEA")).symbol.tolist() == ["TP53"]
    assert readers.read_gaf(tmp_path / "a.gaf", without=()).symbol.tolist() == [
        "TP53",
        "NOTCH1",
        "GATA1",
    ]


@pytest.mark.parametrize(
    "text, words",
    [
        (GAF.replace("!gaf-version: 2.2", "!gpa-version: 2"), "a.gaf:1: does not begin"),
        (GAF.replace("\tUniProt\t\t", "\tUniProt"), "a.gaf:3: has 15 of the 17 columns"),
        ("", "a.gaf: holds nothing"),
    ],
)
def test_a_file_that_is_no_gaf_is_told(tmp_path, text, words):
    (tmp_path / "a.gaf").write_text(text)
    with pytest.raises(BadInput, match=words):
        readers.read_gaf(tmp_path / "a.gaf")


# --- UniProt ----------------------------------------------------------------------------------------------------------


def uniprot(
    words: dict[str, tuple[str, str]], proteins: list[tuple[str, list[str], list[str]]]
) -> tuple[str, str, str]:
    """The same proteins as JSON stream, as TSV, and the list of keywords as TSV; ``words``: name → id, category."""
    entries = [
        {
            "entryType": "UniProtKB reviewed (Swiss-Prot)",
            "primaryAccession": accession,
            "genes": [{"geneName": {"value": gene}, "synonyms": [{"value": "X"}]} for gene in genes]
            or [{"orfNames": [{"value": "hCG_1"}]}],
            "keywords": [{"id": words[w][0], "category": words[w][1], "name": w} for w in held],
        }
        for accession, genes, held in proteins
    ]
    rows = ["\t".join([a, "; ".join(genes), ";".join(held)]) for a, genes, held in proteins]
    tsv = "\n".join(["Entry\tGene Names (primary)\tKeywords", *rows]) + "\n"
    listed = (
        "\n".join(
            ["keyword\taccession\tcategory", *("\t".join([w, *words[w]]) for w in sorted(words))]
        )
        + "\n"
    )
    return json.dumps({"results": entries}), tsv, listed


WORDS = {
    "Phosphoprotein": ("KW-0597", "PTM"),
    "Acetylation": ("KW-0007", "PTM"),
    "Zinc": ("KW-0862", "Ligand"),
    "Reference proteome": ("KW-1185", "Technical term"),
}


def proteins(n: int = 90):
    """Proteins of which one has no gene name, one is of two genes and one has no keyword."""
    words = [[w for i, w in enumerate(WORDS) if number >> i & 1] for number in range(16)]
    named = [(f"P{i:05d}", [f"G{i}"], words[1 + i % 15]) for i in range(n)]
    return [
        *named,
        ("Q00001", [], words[3]),
        ("Q00002", ["H4C1", "H4C2"], words[3]),
        ("Q00003", ["G999"], []),
    ]


def test_the_json_stream_of_uniprot_gives_the_tables_of_the_tsv_form(tmp_path):
    stream, tsv, listed = uniprot(WORDS, proteins())
    for name, text in (("u.json", stream), ("u.tsv", tsv), ("list.tsv", listed)):
        (tmp_path / name).write_text(text)
    pd.testing.assert_frame_equal(
        readers.read_uniprot(tmp_path / "u.json"), readers.read_tsv(tmp_path / "u.tsv")
    )
    keywords = readers.read_uniprot(tmp_path / "u.json", give="keywords")
    pd.testing.assert_frame_equal(keywords, readers.read_tsv(tmp_path / "list.tsv"))


def test_both_forms_of_uniprot_give_the_same_tasks_through_the_declared_sources(
    tmp_path, monkeypatch
):
    stream, tsv, listed = uniprot(WORDS, proteins())
    monkeypatch.setattr(sources.paths, "DOWNLOADS", tmp_path)
    monkeypatch.delenv("GENEBENCH_MIRROR", raising=False)
    built = []
    for name, texts in (("uniprot", (tsv, listed)), ("uniprot_json", (stream, stream))):
        source = specs.source(name)
        for file, text in zip(("keywords", "list"), texts):
            path = tmp_path / source.files[file].path
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        entry = next(e for e in source.tasks if e.name.endswith("/ptm"))
        built.append(tasks.build(source, entry, specs.sources()))
    first, second = built
    assert [t.hash for t in first] == [t.hash for t in second] and len(first) == 3
    assert first[0].classes == ("Acetylation", "Phosphoprotein") and not {"H4C1; H4C2", ""} & set(
        first[0].entities
    )


@pytest.mark.parametrize(
    "text",
    ['{"results": [{"genes": []}]}', '{"result": []}', "[1]", '{"results": ', "Entry\tGene\n"],
)
def test_what_is_no_json_of_uniprot_is_told_in_one_sentence(tmp_path, text):
    (tmp_path / "u.json").write_text(text)
    with pytest.raises(BadInput, match="u.json: is no JSON stream of UniProtKB") as told:
        readers.read_uniprot(tmp_path / "u.json")
    assert "\n" not in str(told.value)


# --- Open Targets -----------------------------------------------------------------------------------------------------

PAIRS = pd.DataFrame(
    {
        "diseaseId": ["EFO_1", "EFO_2", "EFO_1", "EFO_1", "MONDO_3", "EFO_9"],
        "targetId": [
            "ENSG00000141510",
            "ENSG00000141510",
            "ENSG00000012048",
            "ENSG00000999999",
            "ENSG00000012048",
            None,
        ],
        "score": [0.1, 0.9, 0.5, 0.3, np.nan, 0.2],
        "evidenceCount": [1, 20, 3, 4, 5, 6],
    }
)


def open_targets(folder, *, parts: int) -> None:
    """Write the pairs as the platform does: one file, or a folder of parts with an empty success mark."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    if parts == 1:
        PAIRS.to_parquet(folder, index=False)
        return
    folder.mkdir()
    (folder / "_SUCCESS").touch()
    for i in range(parts):
        PAIRS[i::parts].to_parquet(folder / f"part-{i:05d}-4f2.c000.snappy.parquet", index=False)


@pytest.mark.parametrize("parts", [1, 3])
@pytest.mark.parametrize("mirrored", [False, True])
def test_gene_disease_pairs_of_open_targets_become_a_task(tmp_path, monkeypatch, parts, mirrored):
    if sources.status(specs.source("hgnc"))[0] != "ready":
        pytest.skip("the table of HGNC is not here; run 'genebench fetch hgnc'")
    genes.resolver(specs.sources())  # before the folders change
    source = specs.source("opentargets")
    monkeypatch.setattr(sources.paths, "DOWNLOADS", tmp_path / "kept")
    monkeypatch.setenv("GENEBENCH_MIRROR", str(tmp_path / "mirror"))
    path = source.files["associations"].path
    open_targets(tmp_path / ("mirror" if mirrored else "kept") / path, parts=parts)
    (task,) = tasks.build(source, source.tasks[0], specs.sources())
    assert dict(zip(task.entities, task.labels)) == {
        "TP53|EFO_1": 0.1,
        "TP53|EFO_2": 0.9,
        "BRCA1|EFO_1": 0.5,
    }
    seen = sources.digest(sources.locate(source, "associations"))
    assert sources.locate(source, "associations") == tmp_path / "kept" / path
    if parts > 1:  # another part makes another release
        PAIRS[:1].to_parquet(tmp_path / "kept" / path / "part-9.parquet")
        assert sources.digest(tmp_path / "kept" / path) != seen
        with pytest.raises(sources.Missing, match="is not the declared release"):
            sources.locate(source, "associations")


def test_faults_of_parquet_are_told(tmp_path):
    (tmp_path / "empty").mkdir()
    (tmp_path / "broken.parquet").write_bytes(b"PAR1 no")
    open_targets(tmp_path / "good", parts=1)
    for name, columns, words in (
        ("empty", ["score"], "a folder without '.parquet' files"),
        ("broken.parquet", ["score"], "cannot be read as Parquet"),
        ("good", ["other"], "has no column 'other'"),
    ):
        with pytest.raises(BadInput, match=words):
            readers.read_parquet(tmp_path / name, columns=columns)


# --- sequences --------------------------------------------------------------------------------------------------------


def test_fasta_is_read_with_headers_and_joined_lines(tmp_path):
    (tmp_path / "a.fa").write_text(">sp|P1|A_HUMAN text here\nMKV\r\nac*\n\n>two\nM K\n")
    held = readers.read_fasta(tmp_path / "a.fa")
    assert held.id.tolist() == ["sp|P1|A_HUMAN", "two"] and held.sequence.tolist() == [
        "MKVAC",
        "MK",
    ]
    assert held.header[0] == "sp|P1|A_HUMAN text here"


@pytest.mark.parametrize(
    "content, sentence",
    [
        ("MKV\n", "does not begin with a header line"),
        ("", "does not begin with a header line"),
        (">a\n>b\nMK\n", "the header '>a' has no sequence"),
        (">\nMK\n", "the header '>' has no id"),
    ],
)
def test_what_is_no_fasta_is_one_sentence(tmp_path, content, sentence):
    (tmp_path / "a.fa").write_text(content)
    with pytest.raises(BadInput, match=sentence):
        readers.read_fasta(tmp_path / "a.fa")
