"""Files that upstreams, proxies and attackers hand out: one sentence each; none runs code or leaves its folder."""

from __future__ import annotations

import io
import os
import pickle
import zipfile

import numpy as np
import pandas as pd
import pytest

from genebench.core import specs
from genebench.core.errors import BadInput
from genebench.core.specs import FileSpec, SourceSpec, TaskSpec
from genebench.data import date_symbols, genes, labels, readers, sources, tasks
from genebench.data import gene_sets as members

TABLE = "Gene\tlabel\tscore\tlist\n" + "".join(
    f"{'ABCDEFGH'[i % 8]}{i:03d}\t{'xyz'[i % 3]}\t{i / 7:.3f}\t{'p,q' if i % 2 else 'q'}\n"
    for i in range(90)
)


@pytest.fixture
def held(tmp_path, monkeypatch):
    """A source of one table that the test may replace: ``held(bytes, suffix)`` returns the source."""
    monkeypatch.setattr(sources.paths, "DOWNLOADS", tmp_path)
    monkeypatch.delenv("GENEBENCH_MIRROR", raising=False)

    def place(content: bytes, name: str = "t.tsv", form: str = "tsv", **file) -> SourceSpec:
        (tmp_path / name).write_bytes(content)
        sources._table.cache_clear()
        words = dict.fromkeys(
            ("title", "homepage", "release", "licence", "attribution", "citation"), "x"
        )
        return SourceSpec(id="s", files={"f": FileSpec(format=form, path=name, **file)}, **words)

    return place


def entry(kind: str, shape: str, **options) -> TaskSpec:
    options = {"file": "f", "gene_column": "Gene"} | options
    return TaskSpec(
        name="s/t",
        title="t",
        description="d",
        group="localization",
        kind=kind,
        shape=shape,
        options=options,
    )


def zipped(**members: str) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, text in members.items():
            archive.writestr(name.replace("__", "/").replace("DOT", ".."), text)
    return out.getvalue()


def test_a_zip_of_one_table_reads_like_the_table(held):
    plain = sources.table(held(TABLE.encode()), "f")
    pd.testing.assert_frame_equal(sources.table(held(zipped(t=TABLE), "t.tsv.zip"), "f"), plain)


@pytest.mark.parametrize(
    "content, name, words",
    [
        (zipped(t=TABLE)[:-40], "t.tsv.zip", "cannot be unpacked"),
        (zipped(DOT__evil=TABLE), "t.tsv.zip", "where one plain file belongs"),
        (zipped(a=TABLE, b=TABLE), "t.tsv.zip", "where one plain file belongs"),
        (b"<!DOCTYPE html><html>404</html>", "t.tsv", "is a web page"),
        (zipped(t="  <HTML>504</HTML>"), "t.tsv.zip", "is a web page"),
        (b"", "t.tsv", "cannot be read as tsv"),
        (b"Gene\tlabel\nA\tx\ty\tz\nB\n\xff\xfe", "t.tsv", "cannot be read as tsv"),
    ],
)
def test_a_broken_table_is_one_sentence_that_names_the_file(held, tmp_path, content, name, words):
    with pytest.raises(BadInput, match=words) as told:
        sources.table(held(content, name), "f")
    assert str(tmp_path / name) in str(told.value) and "\n" not in str(told.value)
    assert sorted(p.name for p in tmp_path.iterdir() if p.suffix != ".sha256") == [name]


def test_a_wrong_checksum_is_never_used(held):
    with pytest.raises(sources.Missing, match="not the declared release"):
        sources.table(held(TABLE.encode(), sha256="0" * 64), "f")


def test_a_file_without_a_declared_checksum_is_held_to_the_first_one_seen(held):
    sources.table(held(TABLE.encode()), "f")
    with pytest.raises(sources.Missing, match="not the declared release"):
        sources.table(held(TABLE.encode() + b"Z\tx\t1\tp\n"), "f")


class Evil:
    def __reduce__(self):
        return os.system, ("touch evil",)


@pytest.mark.parametrize(
    "content, words",
    [
        (pickle.dumps({"a": [Evil()]}), "asks for '.*system'"),
        (pickle.dumps(np.arange(3)), "asks for 'numpy"),
        (pickle.dumps([1, 2]), "no dict of lists"),
        (pickle.dumps({"a": "text"}), "no dict of lists"),
        (b"\x80\x04cos\nsystem\n", "asks for 'os.system'|not a readable pickle"),
        (b"hello", "not a readable pickle"),
        (b"", "not a readable pickle"),
    ],
)
def test_a_hostile_or_broken_pickle_is_refused_and_nothing_runs(
    held, tmp_path, monkeypatch, content, words
):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(BadInput, match=words):
        sources.table(held(content, "t.pickle", "lists"), "f")
    assert not (tmp_path / "evil").exists()


def test_an_honest_pickle_of_lists_is_read(held):
    frame = sources.table(
        held(pickle.dumps({"yes": ["A", "B"], "no": ["C"]}), "t.pickle", "lists"), "f"
    )
    assert frame.to_numpy().tolist() == [["yes", "A"], ["yes", "B"], ["no", "C"]]


def test_a_gmt_line_without_genes_is_told_with_its_number(tmp_path):
    (tmp_path / "t.gmt").write_text("one\tid1\tA\tB\ntwo\n")
    with pytest.raises(BadInput, match=r"t.gmt:2"):
        readers.read_gmt(tmp_path / "t.gmt")


def test_a_gene_with_two_labels_is_left_out_and_one_that_repeats_is_kept_once(held):
    source = held(TABLE.encode() + b"A000\ty\t0.0\tq\nB001\ty\t0.143\tp,q\n")
    (task,) = tasks.build(source, entry("multiclass", "column", label="label"))
    assert "A000" not in task.entities and (task.entities == "B001").sum() == 1 and len(task) == 89


def test_empty_labels_and_small_classes_are_left_out(held):
    source = held(TABLE.encode() + b"Y1\t\t1\tp\nY2\trare\t1\tp\nY3\trare\t1\tp\n")
    (task,) = tasks.build(source, entry("multiclass", "column", label="label", min_class=10))
    assert task.classes == ("x", "y", "z") and len(task) == 90


@pytest.mark.parametrize("text", ["NaN", "inf", "many", "1,5"])
def test_a_regression_label_that_is_no_number_is_named(held, text):
    source = held(TABLE.encode() + f"Y1\tx\t{text}\tp\n".encode())
    with pytest.raises(BadInput, match=f"holds '{text}', no number"):
        tasks.build(source, entry("regression", "column", label="score"))


def test_a_binary_column_with_three_labels_is_told(held):
    with pytest.raises(BadInput, match="need two"):
        tasks.build(held(TABLE.encode()), entry("binary", "column", label="label", positive="x"))


def test_a_column_that_a_stand_in_lacks_is_missing_and_not_an_error_of_the_declaration(held):
    with pytest.raises(sources.Missing, match="no column 'other'"):
        tasks.build(held(TABLE.encode()), entry("multiclass", "column", label="other"))


def test_tags_are_split_counted_and_derived(held):
    whole = entry("multilabel", "tags", label="list", separator=",", min_label=10)
    (task,) = tasks.build(held(TABLE.encode()), whole)
    assert task.classes == ("p", "q") and task.labels.sum(axis=0).tolist() == [45, 90]
    _, derived = tasks.build(held(TABLE.encode()), whole.model_copy(update={"derive": 20}))
    assert (derived.name, derived.kind) == ("s/t/p", "binary") and derived.labels.sum() == 45


def test_pairs_with_both_labels_are_dropped_and_unequal_files_refused(held, tmp_path):
    (tmp_path / "l.txt").write_text("1\n0\n1\n0\n")
    source = held(b"A B\nA B\nC D\nE F\n", "p.txt", "pairs")
    marks = FileSpec(format="tsv", path="l.txt", options={"header": None, "names": ["label"]})
    source = source.model_copy(update={"files": {**source.files, "m": marks}})
    made = TaskSpec(
        name="s/t",
        title="t",
        description="d",
        group="localization",
        kind="pair",
        shape="pairs",
        options={"files": [["f", "m"]], "classes": ["no", "yes"]},
    )
    (task,) = tasks.build(source, made)
    assert task.entities.tolist() == ["C|D", "E|F"] and task.labels.tolist() == [1, 0]
    (tmp_path / "l.txt").write_text("1\n0\n")
    (tmp_path / "l.txt.sha256").unlink()
    sources._table.cache_clear()
    with pytest.raises(BadInput, match="4 pairs in 'f', 2 labels in 'm'"):
        tasks.build(source, made)


# --- names that are no genes ------------------------------------------------------------------------------------------

MANGLED = b"1-Sep\tx\t1\tp\n1-Mar\ty\t2\tq\n2.31E+13\tz\t3\tp\n2023-03-02\tx\t4\tp\n"
TOLD = "Left out: 4 names that a spreadsheet made of gene symbols (1-Mar, 1-Sep, 2.31E+13, …)."


@pytest.mark.parametrize(
    "kind, shape, options",
    [
        ("multiclass", "column", {"label": "label"}),
        ("regression", "column", {"label": "score"}),
        ("multilabel", "tags", {"label": "list", "separator": ",", "min_label": 1}),
        ("regression", "count", {"counted": "label", "prefix": ""}),
    ],
)
def test_symbols_that_a_spreadsheet_turned_into_dates_are_named_and_never_genes(
    held, kind, shape, options
):
    (task,) = tasks.build(held(TABLE.encode() + MANGLED), entry(kind, shape, **options))
    assert len(task) == 90 and task.description == f"d {TOLD}"
    (clean,) = tasks.build(held(TABLE.encode(), "u.tsv"), entry(kind, shape, **options))
    assert clean.description == "d" and clean.hash == task.hash


def test_a_date_in_sets_lists_and_pairs_is_no_gene_either(held, tmp_path, monkeypatch):
    rows = (
        b"set\tgene\n"
        + b"".join(b"S%d\tG%02d\n" % (i % 2, i) for i in range(60))
        + b"S1\t1-Sep\nS1\t3-Mar\n"
    )
    plain = {"members": {"file": "f", "set_column": "set", "gene_column": "gene"}, "min_genes": 20}
    made = entry("binary", "sets", **plain).model_copy(update={"options": plain})
    told = "Left out: 2 names that a spreadsheet made of gene symbols (1-Sep, 3-Mar)."
    source = held(rows, "sets.tsv")
    monkeypatch.setattr(specs, "source", lambda name: source)
    built = tasks.build(source, made)
    assert [t.name for t in built] == ["s/t/s0", "s/t/s1"]
    for task in built:
        assert len(task) == 60 and task.labels.sum() == 30 and task.description.endswith(told)
    options = {"file": "f", "positive": "yes", "negative": "no", "ids": "symbol"}
    content = pickle.dumps({"yes": ["A", "B", "1-Sep"], "no": ["C", "D", "3-Mar"]})
    source = held(content, "t.pickle", "lists")
    (task,) = tasks.build(source, entry("binary", "lists").model_copy(update={"options": options}))
    assert task.entities.tolist() == ["A", "B", "C", "D"] and task.description.endswith(told)
    (tmp_path / "l.txt").write_text("1\n0\n1\n0\n")
    source = held(b"A B\nC D\n1-Sep D\nA 3-Mar\n", "p.txt", "pairs")
    marks = FileSpec(format="tsv", path="l.txt", options={"header": None, "names": ["label"]})
    source = source.model_copy(update={"files": {**source.files, "m": marks}})
    options = {"files": [["f", "m"]], "classes": ["no", "yes"]}
    (task,) = tasks.build(source, entry("pair", "pairs").model_copy(update={"options": options}))
    assert task.entities.tolist() == ["A|B", "C|D"] and task.description.endswith(told)


def test_names_that_look_like_dates_but_are_symbols_stay(held):
    names = "SEPTIN1 MARCHF1 DEC1 OCT4 HLA-A NKX2-1 MT-CO1 C1orf35 AC009779.3 RP11-3N2.1 2310061E13Rik".split()
    assert not date_symbols.spoiled(names).any()
    rows = "".join(f"{name}\t{'xy'[i % 2]}\t1\tp\n" for i, name in enumerate(names)).encode()
    (task,) = tasks.build(
        held(b"Gene\tlabel\tscore\tlist\n" + rows), entry("multiclass", "column", label="label")
    )
    assert sorted(task.entities) == sorted(names) and task.description == "d"


@pytest.mark.parametrize("gap", ["NaN", "nan", "NA", "N/A", "", " "])
def test_a_gap_is_no_class(held, gap):
    rows = "".join(f"Y{i}\t{gap}\t1\tp\n" for i in range(20)).encode()
    (task,) = tasks.build(
        held(TABLE.encode() + rows), entry("multiclass", "column", label="label", min_class=10)
    )
    assert task.classes == ("x", "y", "z") and len(task) == 90


def test_a_class_of_two_genes_stays_where_no_least_size_is_asked_and_goes_where_one_is(held):
    source = held(TABLE.encode() + b"Y2\trare\t1\tp\nY3\trare\t1\tp\n")
    (whole,) = tasks.build(source, entry("multiclass", "column", label="label"))
    assert whole.classes == ("rare", "x", "y", "z") and np.bincount(whole.labels).tolist() == [
        2,
        30,
        30,
        30,
    ]
    (large,) = tasks.build(source, entry("multiclass", "column", label="label", min_class=3))
    assert large.classes == ("x", "y", "z") and not {"Y2", "Y3"} & set(large.entities)


def test_labels_that_leave_no_two_classes_are_told_in_a_sentence(held):
    source = held(
        b"Gene\tlabel\n" + b"".join(b"G%d\t%s\n" % (i, b"x" if i else b"") for i in range(30))
    )
    with pytest.raises(BadInput, match="fewer than two classes of 10 genes"):
        tasks.build(source, entry("multiclass", "column", label="label", min_class=10))


def test_a_symbol_that_stands_twice_is_kept_once_or_left_out_where_the_rows_differ(held):
    source = held(b"Gene\tscore\nA\t1\nA\t1\nB\t1\nB\t2\nC\t3\n")
    (task,) = tasks.build(source, entry("regression", "column", label="score"))
    assert task.entities.tolist() == ["A", "C"] and task.labels.tolist() == [1, 3]


# --- sets of genes ----------------------------------------------------------------------------------------------------

HGNC = pd.DataFrame(
    [
        ("HGNC:1", "TP53", "", "p53"),
        ("HGNC:2", "SEPTIN1", "SEPT1", ""),
        ("HGNC:3", "TAT", "", ""),
        ("HGNC:4", "ONE", "OLD", ""),
        ("HGNC:5", "TWO", "OLD|OLDER", ""),
    ],
    columns=["hgnc_id", "symbol", "prev_symbol", "alias_symbol"],
)
HGNC[
    ["entrez_id", "ensembl_gene_id", "uniprot_ids", "location", "gene_group_id", "locus_group"]
] = ""


def test_names_are_brought_to_approved_symbols_and_all_others_left_out(monkeypatch):
    monkeypatch.setattr(labels.genes, "resolver", lambda sources: genes.build(HGNC))
    names = np.array(
        ["TP53", "SEPT1", "tat", "TAT", "p53", "OLD", "OLDER", "HIV1 gag", "1-Sep", ""]
    )
    want = ["TP53", "SEPTIN1", "", "TAT", "", "", "TWO", "", "", ""]
    declared = labels.Declaration(None, None, {})
    assert declared.symbols(names, "approved").tolist() == want
    assert declared.symbols(names[[3, 0, 3]], "approved").tolist() == ["TAT", "TP53", "TAT"]


def test_sets_take_the_sets_of_a_hierarchy_and_merge_near_copies(held, tmp_path, monkeypatch):
    inside = {
        "R-1": range(40),
        "R-2": range(39),
        "R-3": range(50, 90),
        "R-NEW": range(90, 130),
        "X-4": range(40),
    }
    rows = "".join(f"{s}\tname of {s}\tG{i:03d}\n" for s, held in inside.items() for i in held)
    (tmp_path / "r.tsv").write_text("R-1\tR-2\nR-1\tR-3\nX-4\tR-3\n")
    source = held(f"set\tname\tgene\n{rows}".encode(), "hierarchy.tsv")
    relation = FileSpec(
        format="tsv", path="r.tsv", options={"header": None, "names": ["parent", "child"]}
    )
    source = source.model_copy(update={"files": {**source.files, "r": relation}})
    monkeypatch.setattr(specs, "source", lambda name: source)
    options = {
        "members": {"file": "f", "set_column": "set", "gene_column": "gene"},
        "min_genes": 20,
        "names": "name",
        "prefix": "R-",
        "relation": "r",
        "merge_jaccard": 0.9,
    }
    first, third = tasks.build(
        source, entry("binary", "sets").model_copy(update={"options": options})
    )
    assert (first.name, first.title, third.name) == ("s/t/r-1", "name of R-1", "s/t/r-3")
    assert (
        len(first) == 80
        and first.labels.sum() == 40
        and first.description == ("d Near-copies merged into it: name of R-2.")
    )
    options = options | {"merge_jaccard": None, "prefix": "", "relation": None}
    built = tasks.build(source, entry("binary", "sets").model_copy(update={"options": options}))
    assert [t.name for t in built] == ["s/t/r-1", "s/t/r-2", "s/t/r-3", "s/t/r-new", "s/t/x-4"]
    assert {len(t) for t in built} == {120}  # 40 + 40 + 40: the sets overlap
