"""Formats of upstream files, read and reshaped; every fault is one sentence that names the file."""

import io
import pickle
import re
from collections import defaultdict

import numpy as np
import pandas as pd
import pytest
from helpers import made_source, packed, refused, rows

from genebench.core import paths, specs
from genebench.data import readers, sources


@pytest.fixture
def read(tmp_path, monkeypatch):
    """Read a content as a declared file of a source: ``read(content, format, name, **options)``."""
    monkeypatch.setattr(sources.paths, "DOWNLOADS", tmp_path)
    monkeypatch.delenv("GENEBENCH_MIRROR", raising=False)

    def from_content(content, format, name="file", **options):
        (tmp_path / name).write_bytes(content if isinstance(content, bytes) else content.encode())
        paths.LOCK.unlink(missing_ok=True)
        sources._table.cache_clear()
        file = {"format": format, "path": name, "options": options}
        return sources.table(made_source("s", f=file), "f")

    return from_content


def zipped(text, *names):
    """A zip archive whose members hold one text."""
    out = io.BytesIO()
    packed(dict.fromkeys(names or "t", text))(out)
    return out.getvalue()


# Tables, lists and gene sets.

TABLE = "gene\tid\nNA\t007\nMARCH1\t\n"


def test_a_table_keeps_every_value_as_text(read):
    assert read(zipped(TABLE), "tsv", "t.tsv.zip").to_csv(sep="\t", index=False) == TABLE


@pytest.mark.parametrize(
    "content, name, sentence",
    [
        (zipped(TABLE)[:-40], "t.tsv.zip", "BadZipFile"),
        (zipped(TABLE, "a", "b"), "t.tsv.zip", "where one plain file belongs"),
        (zipped(TABLE, "../evil"), "t.tsv.zip", "where one plain file belongs"),
        (b"Gene\tlabel\nA\tx\ty\tz\nB\n\xff\xfe", "t.tsv", "cannot be read as tsv"),
    ],
)
def test_a_broken_table_is_one_sentence_and_nothing_is_unpacked(
    read, tmp_path, content, name, sentence
):
    with refused(sentence) as caught:
        read(content, "tsv", name)
    assert str(tmp_path / name) in str(caught.value) and "\n" not in str(caught.value)
    assert {p.name for p in tmp_path.iterdir()} == {name, paths.LOCK.name}


def test_pairs_lists_and_cells_of_several_values_are_tables(read):
    assert read("A B\nNA C\n", "pairs").to_csv(index=False) == "first,second\nA,B\nNA,C\n"
    with refused("no dict of lists"):
        read(pickle.dumps({"a": "text"}), "lists")
    lists = read(pickle.dumps({"1": ["A", "B"], "2": ["C"]}), "lists")
    several = read("id\tgenes\n1\tA;B\n2\tC\n", "tsv", explode={"genes": ";"})
    for table in (lists, several):
        assert table.agg("".join, axis=1).tolist() == ["1A", "1B", "2C"]


def test_gene_sets_are_known_by_id_or_by_name(tmp_path):
    (tmp_path / "t.gmt").write_text("one\tid1\tA\t B\n\ntwo\t\tA\n")
    for by_name, name in ((False, "id1"), (True, "one")):
        sets = readers.read_gmt(tmp_path / "t.gmt", by_name=by_name)[["set", "gene"]]
        assert sets.agg(" ".join, axis=1).tolist() == [f"{name} A", f"{name} B", "two A"]


OBO = """format-version: 1.2
remark: [Term] inside a header

[Term]
id: T:0
name: All

[Term]
id: T:1
name: heart: the pump
def: "A. is_a: nothing" []
is_a: T:0 ! All

[Term]
id: T:2
name: valve
is_a: T:1 {source="x"} ! heart
is_a: T:0 ! All

[Term]
id: T:3
name: gone
is_a: T:0 ! All
is_obsolete: true

[Typedef]
id: part_of
name: part of
is_a: T:0
"""


def test_an_ontology_has_one_row_per_term_and_parent(read):
    terms = read(OBO, "obo")[["id", "name", "parent"]].agg("|".join, axis=1)
    assert sorted(terms) == "T:0|All|,T:1|heart: the pump|T:0,T:2|valve|T:0,T:2|valve|T:1".split(
        ","
    )


# Measurements.

HPA = dict(gene="Gene", symbol="Gene name", column="Tissue", value="nTPM")
LONG = """Gene	Gene name	Tissue	nTPM
ENSG00000000003	TSPAN6	skin	29.6
ENSG00000000003	TSPAN6	liver	0.0
ENSG00000015479	MATR3	skin	3
ENSG00000015479	MATR3	liver	3
ENSG00000280987	MATR3	skin	0
ENSG00000280987	MATR3	liver	0
ENSG00000999999	ENSG00000999999	skin	3
ENSG00000999999	ENSG00000999999	liver	3
ENSG00000000419	DPM1	skin	3
ENSG00000000457	NA	skin	7
ENSG00000000457	NA	liver	8
"""


def test_a_long_table_loses_genes_that_are_ambiguous_unnamed_or_incomplete(read):
    expected = "symbol,liver,skin\nNA,8.0,7.0\nTSPAN6,0.0,29.6\n"  # a name is text, also "NA"
    assert read(LONG, "long", **HPA).to_csv() == expected


FAULTS = """
nTPM | NX  | columns expected but not found: .'nTPM'
29.6 | inf | is empty or infinite in 1 rows
TSPAN6	liver | TSPAN6	skin | duplicate entries
"""


@pytest.mark.parametrize("old, new, sentence", rows(FAULTS))
def test_a_fault_in_a_long_table_is_one_sentence(read, old, new, sentence):
    with refused(f"t.tsv.*{sentence}"):
        read(LONG.replace(old, new), "long", "t.tsv", **HPA)


def test_columns_of_a_parquet_data_set_keep_their_types(tmp_path):
    columns = ["id", "score"]
    with refused("cannot be read as parquet"):
        readers.read_parquet(tmp_path, columns=columns)
    whole = pd.DataFrame({"id": ["E1", None], "n": 1, "score": [0.1, np.nan]})
    for i in range(2):
        whole[i : i + 1].to_parquet(tmp_path / f"part-{i}.snappy.parquet")
    table = readers.read_parquet(tmp_path, columns=columns)
    pd.testing.assert_frame_equal(table, whole[columns])


# Annotation.


def test_motifs_are_those_of_pyjaspar():
    import pyjaspar

    source = specs.declared().source("jaspar")
    table = sources.table(source, "motifs").set_index("symbol")
    database = pyjaspar.jaspardb(release=f"JASPAR{source.release}")
    motifs = defaultdict(list)
    for motif in database.fetch_motifs(collection="CORE", species=["9606"]):
        motifs[motif.name].append(motif)
    # it leaves out a motif of which a newer version is of another species
    assert {n for n in motifs if "::" not in n} - set(table.index) == {"EWSR1-FLI1"}
    shared = [n for n in table.index if len(motifs[n]) == table.n_motifs[n]]
    assert len(shared) > 0.9 * len(table)
    for name in shared[::20]:
        values = []
        for motif in motifs[name]:
            share = pd.DataFrame(dict(motif.counts.normalize(0.2)))
            bits = 2 * len(share) + (share * np.log2(share)).to_numpy().sum()
            values.append([*share.mean(), bits, len(share)])
        ours = table.loc[name, [*"ACGT", "information", "width"]].astype(float)
        np.testing.assert_allclose(ours, np.mean(values, axis=0), rtol=1e-9)


def gaf(symbol, qualifier, term, evidence, aspect, taxon="taxon:9606"):
    """A line of GAF."""
    first = ["UniProtKB", "P1", symbol, qualifier, term, "PMID:1", evidence, "", aspect]
    return "\t".join([*first, "name", "syn", "protein", taxon, "20230101", "UniProt", "", ""])


GAF = f"""!gaf-version: 2.2
!generated-by: GOC
{gaf("TP53", "involved_in", "GO:0006915", "IDA", "P", "taxon:9606|taxon:11676")}
{gaf("BRCA1", "NOT|enables", "GO:0005515", "IPI", "F")}
{gaf("NOTCH1", "located_in", "GO:0005634", "IEA", "C")}
{gaf("GATA1", "involved_in", "GO:0008150", "ND", "P")}
{gaf("tat", "involved_in", "GO:0006915", "IDA", "P", "taxon:11676|taxon:9606")}"""


def test_annotations_lose_negations_other_species_and_codes_without_evidence(read):
    table = read(GAF, "gaf")[["symbol", "go_id", "aspect", "evidence"]].agg(" ".join, axis=1)
    assert table.tolist() == ["TP53 GO:0006915 P IDA", "NOTCH1 GO:0005634 C IEA"]
    assert read(GAF, "gaf", without=["ND", "IEA"]).symbol.tolist() == ["TP53"]
    assert read(GAF, "gaf", without=[]).symbol.tolist() == ["TP53", "NOTCH1", "GATA1"]


OTHERS = r"""
!gaf         | !gpa     | a.gaf:1: does not begin
\tUniProt\t\t | \tUniProt | a.gaf: .* has not the 17 columns
\n(.|\n)*    | \n       | a.gaf: is empty
"""


@pytest.mark.parametrize("old, new, sentence", rows(OTHERS))
def test_another_file_is_no_gaf(read, old, new, sentence):
    with refused(sentence):
        read(re.sub(old, new, GAF), "gaf", "a.gaf")


UNIPROT = """{"results": [
{"primaryAccession": "P1",
 "genes": [{"geneName": {"value": "H4C1"}}, {"geneName": {"value": "H4C2"}}, {"orfNames": []}],
 "keywords": [{"id": "KW-0862", "category": "Ligand", "name": "Zinc"},
              {"id": "KW-0007", "category": "PTM", "name": "Acetylation"}]},
{"primaryAccession": "Q1"}]}"""


def test_the_json_stream_of_uniprot_gives_the_tables_of_its_tsv_form(read):
    table = read(UNIPROT, "uniprot").to_csv(index=False)
    assert table == ("Entry,Gene Names (primary),Keywords\nP1,H4C1; H4C2,Zinc;Acetylation\nQ1,,\n")
    keywords = read(UNIPROT, "uniprot", give="keywords")[["keyword", "accession", "category"]]
    assert keywords.iloc[0].tolist() == ["Acetylation", "KW-0007", "PTM"] and len(keywords) == 2
    with refused("unknown choice for 'give' 'keyword'"):
        read(UNIPROT, "uniprot", give="keyword")


# Sequences.


def test_fasta_has_headers_and_joined_lines(tmp_path):
    (tmp_path / "a.fa").write_text("\n>sp|P1|A_HUMAN text here\nMKV\r\nac*\n\n>two\nM K\n")
    table = readers.read_fasta(tmp_path / "a.fa").agg(",".join, axis=1)
    assert table.tolist() == ["sp|P1|A_HUMAN,sp|P1|A_HUMAN text here,MKVAC", "two,two,MK"]
    records = list(readers.fasta_records(tmp_path / "a.fa"))
    assert records == [("sp|P1|A_HUMAN", "MKVAC*"), ("two", "MK")]


NO_FASTA = """
MKV   | does not begin with a header line
>a;>b;MK | the header '>a' has no sequence
>;MK  | the header '>' has no id
>a;MKµ | the record 'a' holds other letters than ASCII
"""


@pytest.mark.parametrize("text, sentence", rows(NO_FASTA))
def test_another_file_is_no_fasta(tmp_path, text, sentence):
    (tmp_path / "a.fa").write_text(text.replace(";", "\n") + "\n", encoding="utf-8")
    with refused(f"a.fa: {sentence}"):
        readers.read_fasta(tmp_path / "a.fa")
