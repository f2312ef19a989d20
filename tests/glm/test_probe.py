"""Probes of a user's windows: formats, splits, planted signals, chance, the card."""

import numpy as np
import pandas as pd
import pytest
from glm import toys
from helpers import refused
from numpy.testing import assert_allclose

from genebench.benchmark import results, validation
from genebench.glm import codes, hub
from genebench.glm.tables import compare, probe, windows
from tests.glm.tiny import checkpoint, model


def texts(data):
    return [codes.decode(w) for w in data]


def write(path, **columns):
    frame = pd.DataFrame(columns)
    if path.suffix == ".parquet":
        frame.to_parquet(path)
    else:
        frame.to_csv(path, sep="," if path.suffix == ".csv" else "\t", index=False)
    return path


@pytest.fixture(scope="module")
def planted(tmp_path_factory):
    """A word planted anywhere in windows of one class; a third of the windows are one family."""
    folder, rng, task = tmp_path_factory.mktemp("p"), np.random.default_rng(1), toys.labelled(150)
    path = write(
        folder / "mine.tsv", Sequence=texts(task.codes), label=task.label, noise=rng.random(150)
    )
    made = {
        label: probe.probe(path, label=label, out=folder / label, seeds=1)
        for label in ("label", "noise")
    }
    return folder, task, made


def test_a_planted_word_is_found_and_noise_is_not(planted):
    folder, task, made = planted
    words, noise = (
        {d["split"]: {m["model"]: m for m in d["models"]} for d in card["splits"]}
        for _, card in made.values()
    )
    assert set(words) == set(compare.SPLITS)
    assert words["random"]["bases by position"]["score"] > 0.99
    assert words["homology"]["6-mer counts"]["low"] > 0.6
    assert made["noise"][1]["metric"] == "Spearman"
    assert all(r["low"] - 0.1 < 0 < r["high"] + 0.1 for r in noise["random"].values())


def test_splits_keep_their_word(planted):
    _, task, _ = planted
    ids, classes = np.arange(150).astype(str), ("0", "1")
    data = windows.Windows(ids, task.codes, np.full(150, 60), task.label, "binary", classes, {})
    divisions, families, skipped = probe.divide(data, 2)
    words = [{*np.unique(codes.canonical(w, windows.WORD))} for w in task.codes]
    assert len(set(families)) < 150 and not skipped
    for way in divisions:
        for f in way.tested:
            sides = way.fold == f, (way.fold >= 0) & (way.fold != f)
            test, train = (set.union(*(words[i] for i in np.flatnonzero(s))) for s in sides)
            shared = test & train
            assert bool(shared) == (way.split in ("random", "matched"))
    assert [d.split for d in divisions] == ["random", "homology", *["spectral", "matched"] * 2]


def test_card_and_rows_are_whole(planted):
    folder, task, made = planted
    rows = results.read(folder / "label" / "scores.parquet")
    assert validation.validate(rows, "rows") == [] and (rows.family == "control").any()
    page = (folder / "label" / "card.html").read_text()
    assert "No shared word between train and test" in page and "6-mer counts" in page
    assert "http" not in page and "{{" not in page
    assert made["label"][1]["checks"][1]["level"] == "flag"  # related windows
    mean = rows.query("split == 'random' and metric == 'auroc'").groupby("model", observed=True)
    shown = {m["model"]: m["score"] for m in made["label"][1]["splits"][0]["models"]}
    assert mean.score.mean().to_dict() == pytest.approx(shown, abs=1e-9)


@pytest.mark.parametrize("kind", ["blind-spot", "bert", "gpt2-bpe"])
def test_an_embedding_is_the_mean_state_of_each_window_alone(tmp_path, kind):
    m = model() if kind == "blind-spot" else hub.load(checkpoint(tmp_path, kind))
    rows = [toys.bases(n, seed=i) for i, n in enumerate((40, 52, 40, 31))]
    path = write(tmp_path / "w.csv", id=list("abcd"), sequence=texts(rows))
    vectors = windows.embed(m, windows.read(path))
    assert np.isfinite(vectors).all() and len(np.unique(vectors.round(5), axis=0)) == 4
    if kind == "blind-spot":
        alone = [m.states(row[None])[-1][0].mean(0) for row in rows]
        assert_allclose(vectors, alone, atol=1e-4)
    m.max_length = 20  # longer ones in pieces
    pieces = windows.embed(m, windows.read(path))
    write(path, sequence=texts([rows[0][:20], rows[0][20:]]))
    halves = windows.embed(m, windows.read(path))
    assert_allclose(pieces[0], halves.mean(axis=0), atol=1e-4)


@pytest.mark.parametrize("name", ["w.csv", "w.parquet", "w.fa"])
def test_every_format_is_read_alike(tmp_path, name):
    path = tmp_path / name
    if name == "w.fa":
        path.write_text(">a one\nACGT\nAC\n>b\nTTT\n")
    else:
        write(path, name=["a", "b"], SEQ=["ACGTAC", "TTT"])
    data = windows.read(path)
    assert data.ids.tolist() == ["a", "b"] and texts(data.codes) == ["ACGTAC", "TTTNNN"]


@pytest.mark.parametrize(
    "columns, sentence",
    [
        ({"sequence": ["A"], "lable": [1]}, "unknown column 'label'; did you mean 'lable'"),
        ({"label": [1], "x": ["A"]}, "unknown column 'sequence'"),
        ({"sequence": ["MKVLLEEF", "WWYQPPHK"], "label": [0, 1]}, "give DNA"),
        ({"sequence": ["ACGT"] * 30, "label": [1] * 30}, "has the one value '1'"),
        ({"sequence": ["ACGT"] * 9, "label": [0, 1, 0] * 3}, "give 20 at least"),
        ({"sequence": ["ACGT"] * 30, "label": [f"t{i}" for i in range(30)]}, "30 texts"),
        ({"sequence": ["", ""], "label": [0, 1]}, "holds no windows"),
    ],
)
def test_bad_windows_are_answered_in_one_sentence(tmp_path, columns, sentence):
    with refused(sentence):
        probe.probe(write(tmp_path / "w.tsv", **columns), out=tmp_path / "o")
    assert not (tmp_path / "o").exists()


def test_rows_without_a_label_are_counted_and_classes_are_told_apart(tmp_path):
    columns = {"sequence": ["ACGT", "", "AAAA", "CCCC", "GGGG"], "y": ["a", "b", "", "c", "b"]}
    data = windows.read(write(tmp_path / "w.tsv", **columns), label="y")
    assert data.kind == "multiclass" and data.label.tolist() == [0, 2, 1]
    assert data.skipped == {"no sequence": 1, "no label": 1}
