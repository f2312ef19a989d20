"""Files that upstreams, proxies and attackers hand out: one sentence each; none runs code or leaves its folder."""

from __future__ import annotations

import io
import os
import pickle
import zipfile

import numpy as np
import pandas as pd
import pytest

from genebench import readers, sources, tasks
from genebench.errors import BadInput
from genebench.specs import FileSpec, SourceSpec, TaskSpec

TABLE = "Gene\tlabel\tscore\tlist\n" + "".join(
    f"{'ABCDEFGH'[i % 8]}{i:03d}\t{'xyz'[i % 3]}\t{i / 7:.3f}\t{'p,q' if i % 2 else 'q'}\n" for i in range(90)
)


@pytest.fixture
def held(tmp_path, monkeypatch):
    """A source of one table that the test may replace: ``held(bytes, suffix)`` returns the source."""
    monkeypatch.setattr(sources.paths, "DOWNLOADS", tmp_path)
    monkeypatch.delenv("GENEBENCH_MIRROR", raising=False)

    def place(content: bytes, name: str = "t.tsv", form: str = "tsv", **file) -> SourceSpec:
        (tmp_path / name).write_bytes(content)
        sources._table.cache_clear()
        words = dict.fromkeys(("title", "homepage", "release", "licence", "attribution", "citation"), "x")
        return SourceSpec(id="s", files={"f": FileSpec(format=form, path=name, **file)}, **words)

    return place


def entry(kind: str, shape: str, **options) -> TaskSpec:
    options = {"file": "f", "gene_column": "Gene"} | options
    return TaskSpec(
        name="s/t", title="t", description="d", group="localization", kind=kind, shape=shape, options=options
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
        (zipped(t=TABLE)[:-40], "t.tsv.zip", "cannot be read as tsv"),
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
def test_a_hostile_or_broken_pickle_is_refused_and_nothing_runs(held, tmp_path, monkeypatch, content, words):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(BadInput, match=words):
        sources.table(held(content, "t.pickle", "lists"), "f")
    assert not (tmp_path / "evil").exists()


def test_an_honest_pickle_of_lists_is_read(held):
    frame = sources.table(held(pickle.dumps({"yes": ["A", "B"], "no": ["C"]}), "t.pickle", "lists"), "f")
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
        name="s/t", title="t", description="d", group="localization", kind="pair", shape="pairs",
        options={"files": [["f", "m"]], "classes": ["no", "yes"]},
    )  # fmt: skip
    (task,) = tasks.build(source, made)
    assert task.entities.tolist() == ["C|D", "E|F"] and task.labels.tolist() == [1, 0]
    (tmp_path / "l.txt").write_text("1\n0\n")
    (tmp_path / "l.txt.sha256").unlink()
    sources._table.cache_clear()
    with pytest.raises(BadInput, match="4 pairs in 'f', 2 labels in 'm'"):
        tasks.build(source, made)
