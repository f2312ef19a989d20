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
    """A word planted anywhere in windows of one class, a third of which are one family: the folder,
    and the cards of that label and of noise."""
    folder, rng, task = tmp_path_factory.mktemp("p"), np.random.default_rng(1), toys.labelled(150)
    columns = {"Sequence": texts(task.codes), "label": task.label, "noise": rng.random(150)}
    path, made = write(folder / "mine.tsv", **columns), {}
    for label in ("label", "noise"):
        _, made[label] = probe.probe(path, label=label, out=folder / label, seeds=1)
    return folder, made


def test_a_planted_word_is_found_and_noise_is_not(planted):
    words, noise = (
        {d["split"]: {m["model"]: m for m in d["models"]} for d in card["splits"]}
        for card in planted[1].values()
    )
    assert set(words) == set(compare.SPLITS)
    assert words["random"]["bases by position"]["score"] > 0.99
    assert words["homology"]["6-mer counts"]["low"] > 0.6
    assert planted[1]["noise"]["metric"] == "Spearman"
    assert all(r["low"] - 0.1 < 0 < r["high"] + 0.1 for r in noise["random"].values())


def test_splits_keep_their_word(planted):
    data = windows.read(planted[0] / "mine.tsv", label="label")
    divisions, families, skipped = probe.divide(data, 2)
    words = [{*np.unique(codes.canonical(w, windows.WORD))} for w in data.codes]
    assert len(set(families)) < 150 and not skipped
    for way in divisions:
        for f in way.tested:
            sides = way.fold == f, (way.fold >= 0) & (way.fold != f)
            test, train = (set.union(*(words[i] for i in np.flatnonzero(s))) for s in sides)
            assert bool(test & train) == (way.split in ("random", "matched"))
    assert [d.split for d in divisions] == ["random", "homology", *["spectral", "matched"] * 2]


def test_card_and_rows_are_whole(planted):
    folder, made = planted
    rows, card = results.read(folder / "label" / "scores.parquet"), made["label"]
    assert validation.validate(rows, "rows") == [] and (rows.family == "control").any()
    page = (folder / "label" / "card.html").read_text()
    assert "No shared word between train and test" in page
    assert "http" not in page and "{{" not in page
    assert card["checks"][1]["level"] == "flag"  # related windows
    mean = rows.query("split == 'random' and metric == 'auroc'").groupby("model", observed=True)
    shown = {m["model"]: m["score"] for m in card["splits"][0]["models"]}
    assert mean.score.mean().to_dict() == pytest.approx(shown, abs=1e-9)


@pytest.mark.parametrize("kind", ["blind-spot", "bert", "gpt2-bpe"])
def test_an_embedding_is_the_mean_state_of_the_known_bases_of_each_window_alone(tmp_path, kind):
    m = model() if kind == "blind-spot" else hub.load(checkpoint(tmp_path, kind))
    rows = [toys.bases(n, seed=i) for i, n in enumerate((40, 52, 40))]
    rows[0][3:6] = codes.N

    def embed(rows):
        return windows.embed(m, windows.read(write(tmp_path / "w.csv", sequence=texts(rows))))

    vectors = embed(rows)
    assert len(np.unique(vectors.round(5), axis=0)) == 3
    if kind == "blind-spot":
        alone = [m.states(row[None])[-1][0][row < codes.N].mean(0) for row in rows]
        assert_allclose(vectors, alone, atol=1e-4)
    m.max_length = 20  # longer ones in pieces
    halves = embed(np.split(rows[2], 2))
    assert_allclose(embed(rows[2:])[0], halves.mean(axis=0), atol=1e-4)


@pytest.mark.parametrize("name", ["w.parquet", "w.fa"])
def test_every_format_is_read_alike(tmp_path, name):
    path = tmp_path / name
    if name == "w.fa":
        path.write_text(">a one\nACGT\nAC\n>b\nTTT\n")
    else:
        write(path, name=["a", "b"], SEQ=["ACGTAC", "TTT"])
    data = windows.read(path)
    assert data.ids.tolist() == ["a", "b"] and texts(data.codes) == ["ACGTAC", "TTTNNN"]


BAD = {
    "A,": "unknown column 'label'; did you mean 'lable'",
    "MKVLLEEF,0\nWWYQPPHK,1": "give DNA",
    "ACGT,1\n" * 30: "has the one value '1'",
    "ACGT,0\nACGT,1\n" * 5: "give 20 at least",
    "".join(f"ACGT,t{i}\n" for i in range(30)): "30 texts",
    ",0\n,1": "holds no windows",
}


@pytest.mark.parametrize("text, sentence", BAD.items(), ids=BAD.values())
def test_bad_windows_are_answered_in_one_sentence(tmp_path, text, sentence):
    path = tmp_path / "w.csv"
    path.write_text(f"sequence,{'lable' if text == 'A,' else 'label'}\n{text}\n")
    with refused(sentence):
        probe.probe(path, out=tmp_path / "o")
    assert not (tmp_path / "o").exists()


def test_rows_without_a_label_are_counted_and_classes_are_told_apart(tmp_path):
    columns = {"sequence": ["ACGT", "", "AAAA", "CCCC", "GGGG"], "y": ["a", "b", "", "c", "b"]}
    data = windows.read(write(tmp_path / "w.tsv", **columns), label="y")
    assert data.kind == "multiclass" and data.label.tolist() == [0, 2, 1]
    assert data.skipped == {"no sequence": 1, "no label": 1}
