"""Labels of a source that are missing, doubled or mangled, and names that are no genes."""

from __future__ import annotations

import numpy as np
import pytest

from genebench.core.errors import BadInput
from genebench.core.specs import FileSpec, SourceSpec, TaskSpec
from genebench.data import sources, tasks

TABLE = "Gene\tlabel\tscore\tlist\n" + "".join(
    f"{'ABCDEFGH'[i % 8]}{i:03d}\t{'xyz'[i % 3]}\t{i / 7:.3f}\t{'p,q' if i % 2 else 'q'}\n"
    for i in range(90)
)
COLUMN = {"file": "f", "gene_column": "Gene", "label": "label"}
TAGS = COLUMN | {"label": "list", "separator": ",", "min_label": 10}
PAIRS = {"files": [["f", "marks"]], "classes": ["no", "yes"]}


@pytest.fixture
def build(tmp_path, monkeypatch):
    """Build a task of a source of one file: ``build(text, kind, builder, options)``."""
    monkeypatch.setattr(sources.paths, "DOWNLOADS", tmp_path)
    monkeypatch.delenv("GENEBENCH_MIRROR", raising=False)

    def from_text(text, kind, shape, options=COLUMN, form="tsv", marks="", **entry):
        files = {"f": FileSpec(format=form, path="f")}
        header = {"header": None, "names": ["label"]}
        files["marks"] = FileSpec(format="tsv", path="marks", options=header)
        for name, content in (("f", text), ("marks", marks)):
            raw = content if isinstance(content, bytes) else content.encode()
            (tmp_path / name).write_bytes(raw)
            (tmp_path / f"{name}.sha256").unlink(missing_ok=True)
        sources._table.cache_clear()
        words = ("title", "homepage", "release", "licence", "attribution", "citation")
        source = SourceSpec(id="s", files=files, **dict.fromkeys(words, "x"))
        words = {"name": "s/t", "title": "t", "description": "d", "group": "localization"}
        spec = TaskSpec(kind=kind, shape=shape, options=options, **words, **entry)
        return tasks.build(source, spec)

    return from_text


def test_a_gene_with_two_labels_is_left_out_and_one_that_repeats_is_used_once(build):
    text = TABLE + "A000\ty\t0.0\tq\nB001\ty\t0.143\tp,q\n"
    (task,) = build(text, "multiclass", "column")
    assert "A000" not in task.entities and (task.entities == "B001").sum() == 1 and len(task) == 89
    score = COLUMN | {"label": "score"}
    (task,) = build("Gene\tscore\nA\t1\nA\t1\nB\t1\nB\t2\nC\t3\n", "regression", "column", score)
    assert task.entities.tolist() == ["A", "C"] and task.labels.tolist() == [1, 3]


@pytest.mark.parametrize("gap", ["NaN", "nan", "NA", "N/A", "", " "])
def test_a_gap_is_no_class_and_small_classes_are_left_out(build, gap):
    rows = "".join(f"Y{i}\t{gap}\t1\tp\n" for i in range(20)) + "Y90\trare\t1\tp\nY91\trare\t1\tp\n"
    (task,) = build(TABLE + rows, "multiclass", "column", COLUMN | {"min_class": 10})
    assert task.classes == ("x", "y", "z") and len(task) == 90
    (whole,) = build(TABLE + rows, "multiclass", "column")
    assert whole.classes == ("rare", "x", "y", "z")
    assert np.bincount(whole.labels).tolist() == [2, 30, 30, 30]


@pytest.mark.parametrize("text", ["NaN", "inf", "many", "1,5"])
def test_a_regression_label_that_is_no_number_is_named(build, text):
    with pytest.raises(BadInput, match=f"holds '{text}', no number"):
        score = COLUMN | {"label": "score"}
        build(TABLE + f"Y1\tx\t{text}\tp\n", "regression", "column", score)


@pytest.mark.parametrize(
    "text, kind, options, error, sentence",
    [
        (TABLE, "binary", {"positive": "x"}, BadInput, "need two"),
        (TABLE, "multiclass", {"label": "other"}, sources.Missing, "no column 'other'"),
        ("Gene\tlabel\nA\tx\nB\t\n", "multiclass", {"min_class": 10}, BadInput, "fewer than two"),
    ],
)
def test_labels_that_make_no_task_are_one_sentence(build, text, kind, options, error, sentence):
    with pytest.raises(error, match=sentence):
        build(text, kind, "column", COLUMN | options)


MANGLED = "1-Sep\tx\t1\tp\n1-Mar\ty\t2\tq\n2.31E+13\tz\t3\tp\n2023-03-02\tx\t4\tp\n"


@pytest.mark.parametrize(
    "kind, shape, options",
    [
        ("multiclass", "column", COLUMN),
        ("regression", "column", COLUMN | {"label": "score"}),
        ("multilabel", "tags", TAGS | {"min_label": 1}),
        ("regression", "count", {"file": "f", "gene_column": "Gene", "counted": "label"}),
    ],
)
def test_symbols_that_a_spreadsheet_turned_into_dates_are_named_and_never_genes(
    build, kind, shape, options
):
    if shape == "count":
        options = options | {"prefix": ""}
    (task,) = build(TABLE + MANGLED, kind, shape, options)
    (clean,) = build(TABLE, kind, shape, options)
    names = "4 names that a spreadsheet made of gene symbols (1-Mar, 1-Sep, 2.31E+13, …)."
    assert len(task) == 90 and task.description == f"d Left out: {names}"
    assert clean.description == "d" and clean.hash == task.hash
