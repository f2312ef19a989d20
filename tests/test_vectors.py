"""Files of vectors: the same table from every format, and one sentence for every way in which a file is broken."""

from __future__ import annotations

import gzip
import json
import os
import pickle
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from genebench.core.errors import BadInput
from genebench.data import vectors
from genebench.data.vectors import read_vectors

N, D = 30, 4
IDS = np.array([f"GENE{i}" for i in range(N)])
X = np.random.default_rng(0).standard_normal((N, D)).astype(np.float32)


def frame(ids=IDS, x=X, **extra) -> pd.DataFrame:
    """A table as a user would save it."""
    return (
        pd.DataFrame(x, columns=[f"v{i}" for i in range(x.shape[1])])
        .assign(**extra)
        .set_index(pd.Index(ids, name="symbol"))
    )


def write_csv(path: Path, **options) -> dict:
    """A csv with a header."""
    frame().to_csv(path)
    return {}


def word2vec(path: Path) -> dict:
    """The text format of word2vec."""
    rows = [f"{g} " + " ".join(f"{v:.9g}" for v in x) for g, x in zip(IDS, X)]
    path.write_text("\n".join([f"{N} {D}", *rows]) + "\n")
    return {}


def glove(path: Path) -> dict:
    """word2vec text without its first line, as GloVe writes it."""
    word2vec(path)
    path.write_text(path.read_text().split("\n", 1)[1])
    return {}


def h5ad(path: Path, *, genes_are: str = "obs", **more) -> dict:
    """An AnnData whose ``X`` holds the vectors, or another table of it does."""
    import anndata

    other = pd.DataFrame(index=[f"o{i}" for i in range(D)])
    mine = pd.DataFrame(index=IDS)
    held = (
        anndata.AnnData(X, obs=mine, var=other)
        if genes_are == "obs"
        else anndata.AnnData(X.T, obs=other, var=mine)
    )
    for place, value in more.items():
        getattr(held, place)["emb"] = value
    held.write_h5ad(path)
    return {}


def zipped(path: Path) -> dict:
    """A csv as the one member of a zip."""
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("vectors.csv", frame().to_csv())
    return {}


def safetensors(path: Path, **more) -> dict:
    """A safetensors file with the ids beside it."""
    from safetensors.numpy import save_file

    save_file({"emb": X, **more}, str(path))
    path.with_suffix(".ids.txt").write_text("\n".join(IDS))
    return {}


def npy(path: Path) -> dict:
    """An array and, in a file of another name, its ids."""
    np.save(path, X)
    listed = path.with_name("genes.txt")
    listed.write_text("\n".join(IDS))
    return {"ids": listed}


def mapping() -> dict:
    """Gene → list of numbers, as GenePT is published."""
    return {g: x for g, x in zip(IDS.tolist(), X.astype(float).tolist())}


def compressed(path: Path) -> dict:
    """A csv in gzip."""
    path.write_bytes(gzip.compress(frame().to_csv().encode()))
    return {}


GOOD = {
    "a.csv": write_csv,
    "a.tsv": lambda p: frame().to_csv(p, sep="\t") or {},
    "integers as column names.csv": lambda p: frame().set_axis(range(D), axis=1).to_csv(p) or {},
    "no header.csv": lambda p: frame().to_csv(p, header=False) or {},
    "no name of the index.csv": lambda p: frame().rename_axis(None).to_csv(p) or {},
    "ids last.csv": lambda p: (
        frame().reset_index()[[*frame().columns, "symbol"]].to_csv(p, index=False) or {}
    ),
    "ids named.csv": lambda p: frame().rename_axis("what").to_csv(p) or {"ids": "what"},
    "quoted.csv": lambda p: frame().to_csv(p, quoting=1) or {},
    "bom and windows.csv": lambda p: (
        p.write_bytes(b"\xef\xbb\xbf" + frame().to_csv().replace("\n", "\r\n").encode()) and {}
    ),
    "a.csv.gz": compressed,
    "a.zip": zipped,
    "a.txt": word2vec,
    "a.vec": glove,
    "tabs.txt": lambda p: frame().to_csv(p, sep="\t") or {},
    "a.npz": lambda p: np.savez(p, genes=IDS, vectors=X) or {},
    "bytes.npz": lambda p: np.savez(p, genes=IDS.astype("S"), vectors=X) or {},
    "one array for each gene.npz": lambda p: np.savez(p, **dict(zip(IDS, X))) or {},
    "several.npz": lambda p: np.savez(p, genes=IDS, a=X, b=X[:, :2]) or {"array": "a"},
    "a.npy": npy,
    "a.parquet": lambda p: frame().to_parquet(p) or {},
    "column.parquet": lambda p: frame().reset_index().to_parquet(p) or {},
    "a.h5ad": h5ad,
    "transposed.h5ad": lambda p: h5ad(p, genes_are="var") or {"array": "X.T"},
    "obsm.h5ad": lambda p: h5ad(p, obsm=X) or {"array": "obsm/emb"},
    "varm.h5ad": lambda p: h5ad(p, genes_are="var", varm=X) or {"array": "varm/emb"},
    "a.safetensors": safetensors,
    "two.safetensors": lambda p: safetensors(p, other=X[:, :2].copy()) or {"array": "emb"},
    "a.json": lambda p: p.write_text(json.dumps(mapping())) and {},
    "a.json.gz": lambda p: p.write_bytes(gzip.compress(json.dumps(mapping()).encode())) and {},
    "a.pickle": lambda p: p.write_bytes(pickle.dumps(mapping())) and {},
}


@pytest.mark.parametrize("name", GOOD)
def test_every_format_gives_the_same_ids_and_vectors(tmp_path, name):
    options = GOOD[name](tmp_path / name)
    ids, matrix = read_vectors(tmp_path / name, **options)
    assert ids.tolist() == IDS.tolist() and matrix.dtype == np.float32
    np.testing.assert_allclose(matrix, X, rtol=1e-6)


def test_entrez_ids_under_a_usual_name_are_ids_and_a_gene_called_nan_is_a_gene(tmp_path):
    names = [str(1000 + i) for i in range(N)]
    frame(names).rename_axis("entrez").to_csv(tmp_path / "a.csv")
    assert read_vectors(tmp_path / "a.csv")[0].tolist() == names
    named = ["NAN", "NA", *IDS[2:]]
    frame(named).to_csv(tmp_path / "b.csv")
    assert read_vectors(tmp_path / "b.csv")[0].tolist() == named


def test_a_large_table_is_read_in_seconds(tmp_path):
    import time

    x = np.random.default_rng(0).standard_normal((5000, 256)).astype(np.float32)
    frame([f"G{i}" for i in range(5000)], x).to_csv(tmp_path / "a.csv", float_format="%.6g")
    before = time.perf_counter()
    assert read_vectors(tmp_path / "a.csv")[1].shape == (5000, 256)
    assert time.perf_counter() - before < 10


# --- broken files -----------------------------------------------------------------------------------------------------


class Hostile:
    """Asks whoever opens it to run a command."""

    def __reduce__(self):
        return os.system, ("true",)


def with_value(value, *, row=7, column=2) -> pd.DataFrame:
    """The table with one value changed."""
    x = X.astype(object).copy()
    x[row, column] = value
    return frame(IDS, x)


def text(content: str):
    """Write text."""
    return lambda p: p.write_text(content) and {}


def renamed(ids: dict[int, str]) -> pd.DataFrame:
    """The table with some ids changed."""
    return frame([ids.get(i, g) for i, g in enumerate(IDS)])


def all_missing(p: Path) -> dict:
    """A column without any value."""
    frame(v9=np.nan).to_csv(p)
    return {}


def ragged(p: Path) -> dict:
    """One row with a cell too many."""
    lines = frame().to_csv().splitlines()
    p.write_text("\n".join([*lines[:5], lines[5] + ",1.0", *lines[6:]]))
    return {}


def cut_short(p: Path) -> dict:
    """The last row is cut off."""
    p.write_text(frame().to_csv()[:-20])
    return {}


def cut_gzip(p: Path) -> dict:
    """A gzip file that was not copied to its end."""
    compressed(p)
    p.write_bytes(p.read_bytes()[:-30])
    return {}


BROKEN = {
    "semicolons.csv": (
        lambda p: frame().to_csv(p, sep=";") or {},
        "delimited by semicolon.; save it with commas",
    ),
    "tabs.csv": (
        lambda p: frame().to_csv(p, sep="\t") or {},
        "delimited by tab.; save it with commas",
    ),
    "commas.tsv": (lambda p: frame().to_csv(p) or {}, "delimited by comma.; save it with tabs"),
    "one column.csv": (text("symbol\n" + "\n".join(IDS)), "it has a single column"),
    "no ids.csv": (
        lambda p: frame().to_csv(p, index=False) or {},
        "no column of gene ids .the first, 'v0'",
    ),
    "bare numbers.csv": (
        lambda p: frame().to_csv(p, index=False, header=False) or {},
        "no column of gene ids",
    ),
    "no such column.csv": (
        lambda p: write_csv(p) or {"ids": "symbl"},
        "unknown column 'symbl'; did you mean 'symbol'",
    ),
    "dates.csv": (
        lambda p: renamed({3: "1-Sep", 4: "2-Mar"}).to_csv(p) or {},
        "2 of the ids are dates that a spreadsheet made of gene symbols .'1-Sep' in row 4",
    ),
    "iso dates.csv": (
        lambda p: renamed({3: "2023-09-01 00:00:00"}).to_csv(p) or {},
        "1 of the ids is a date",
    ),
    "twice.csv": (
        lambda p: renamed({9: "GENE2"}).to_csv(p) or {},
        "the id 'GENE2' stands in row 3 and in row 10",
    ),
    "no id.csv": (lambda p: renamed({9: ""}).to_csv(p) or {}, "row 10 has no id"),
    "mouse.csv": (
        lambda p: frame([f"Trp{i}b" for i in range(N)]).to_csv(p) or {},
        "symbols of the mouse .'Trp0b'",
    ),
    "all NaN.csv": (all_missing, "column 'v9' holds no value at all; drop it"),
    "a gap.csv": (
        lambda p: with_value("").to_csv(p) or {},
        "gene 'GENE7' .row 8. has no value in column 'v2'",
    ),
    "infinite.csv": (
        lambda p: with_value("inf").to_csv(p) or {},
        "gene 'GENE7' .row 8. has inf in column 'v2'",
    ),
    "huge.csv": (
        lambda p: with_value(1e30).to_csv(p) or {},
        "has 1e.30, beyond 1e.10 in column 'v2'",
    ),
    "words.csv": (
        lambda p: with_value("n.d.").to_csv(p) or {},
        "column 'v2' holds the text 'n.d.' .row 8",
    ),
    "a class.csv": (
        lambda p: frame(kind="kinase").to_csv(p) or {},
        "column 'kind' holds the text 'kinase' .row 1",
    ),
    "ragged.csv": (ragged, ":6: has 6 cells where the first line has 5"),
    "cut short.csv": (cut_short, "has [1-4] cells where the first line has 5"),
    "two alike.csv": (
        text("symbol,a,a\n" + "\n".join(f"{g},1,2" for g in IDS)),
        "two columns named 'a'",
    ),
    "few.csv": (lambda p: frame()[:5].to_csv(p) or {}, "holds 5 genes where 20 are the least"),
    "only a header.csv": (text("symbol,v0,v1\n"), "holds 0 genes"),
    "empty.csv": (lambda p: p.touch() or {}, "is empty"),
    "blank.csv": (text(" \n\n "), "is empty"),
    "page.csv": (text("<!DOCTYPE html><html>sign in</html>"), "is a web page"),
    "page.npz": (text("<html><body>404</body></html>"), "is a web page"),
    "zip.csv": (zipped, "is a zip archive, though its name ends in '.csv'; rename it"),
    "gzip.tsv": (compressed, "is a gzip file, though its name ends in '.tsv'"),
    "parquet.csv": (lambda p: frame().to_parquet(p) or {}, "is a parquet file, though"),
    "csv.parquet": (write_csv, "ends in '.parquet' but is not a parquet file"),
    "csv.npz": (write_csv, "ends in '.npz' but is not a zip archive"),
    "csv.h5ad": (write_csv, "ends in '.h5ad' but is not an HDF5 file"),
    "half.csv.gz": (cut_gzip, "cannot be unpacked"),
    "latin.csv": (
        lambda p: p.write_bytes(frame(["µ1", *IDS[1:]]).to_csv().encode("latin-1")) and {},
        "not UTF-8",
    ),
    "sheet.xlsx": (text("PK"), "save the sheet as CSV"),
    "vectors": (text("x"), "the ending '' is none that holds vectors"),
    "short.txt": (text("30 4\nA 1 2 3 4\n"), "announces 30 vectors and holds 1"),
    "uneven.txt": (
        text("2 4\nA 1 2 3 4\nB 1 2 3\n"),
        "uneven.txt:3: holds 3 numbers after the gene, where 4",
    ),
    "words.txt": (text("2 2\nA 1 2\nB 1 x\n"), "a value is no number"),
    "several.npz": (
        lambda p: np.savez(p, genes=IDS, a=X, b=X[:, :2]) or {},
        "holds 2 tables of numbers .a 30×4, b 30×2.; say which with array=",
    ),
    "no such.npz": (
        lambda p: np.savez(p, genes=IDS, emb=X) or {"array": "em"},
        "unknown array 'em'; did you mean 'emb'",
    ),
    "two lists.npz": (
        lambda p: np.savez(p, a=IDS, b=IDS, x=X) or {},
        "holds 2 arrays of text .a, b",
    ),
    "no ids.npz": (lambda p: np.savez(p, x=X) or {}, "holds 0 arrays of text"),
    "objects.npz": (
        lambda p: np.savez(p, genes=IDS.astype(object), x=X) or {},
        "array of Python objects, which could run",
    ),
    "hostile.npy": (
        lambda p: np.save(p, np.array([Hostile()], dtype=object)) or {},
        "array of Python objects",
    ),
    "no list.npy": (
        lambda p: np.save(p, X) or {},
        "holds no ids and there is no file .*no list.ids.txt",
    ),
    "other length.npz": (lambda p: np.savez(p, genes=IDS[:-1], x=X) or {}, "29 ids for 30 vectors"),
    "three axes.npz": (
        lambda p: np.savez(p, g=IDS, x=X[:, :, None]) or {"array": "x"},
        "shape .30, 4, 1., no table",
    ),
    "complex.npz": (lambda p: np.savez(p, g=IDS, x=X * 1j) or {}, "values of type complex64"),
    "choice.h5ad": (
        lambda p: h5ad(p, obsm=X) or {},
        "holds X, X.T, obsm/emb; say which with array=",
    ),
    "cut.parquet": (
        lambda p: p.write_bytes(b"PAR1 and nothing") and {},
        "cannot be read as parquet",
    ),
    "cut.npz": (
        lambda p: p.write_bytes(b"PK\x03\x04 and nothing") and {},
        "cannot be read .BadZipFile",
    ),
    "cut.h5ad": (lambda p: p.write_bytes(b"\x89HDF and nothing") and {}, "cannot be read as h5ad"),
    "cut.safetensors": (text("nothing"), "cannot be read as safetensors"),
    "bad.json": (text("{\n1"), "bad.json:2: malformed JSON"),
    "list.json": (text("[1, 2]"), "no mapping of gene → list of numbers"),
    "uneven.json": (
        text('{"A": [1, 2], "B": [1]}'),
        "gene 'B' has 1 numbers where the first has 2",
    ),
    "words.json": (text('{"A": [1, 2], "B": [1, "x"]}'), "a value is no number"),
    "hostile.pickle": (
        lambda p: p.write_bytes(pickle.dumps({"A": Hostile()})) and {},
        "which data has no need of",
    ),
    "arrays.pkl": (
        lambda p: p.write_bytes(pickle.dumps({"A": X[0]})) and {},
        "which data has no need of",
    ),
    "folder.csv": (lambda p: p.mkdir() or {}, "is a folder"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_file_is_one_sentence_with_its_place(tmp_path, name):
    make, sentence = BROKEN[name]
    options = make(tmp_path / name)
    with pytest.raises(BadInput, match=sentence) as caught:
        read_vectors(tmp_path / name, **options)
    told = str(caught.value)
    assert told.startswith(str(tmp_path / name)) and "\n" not in told and told[-1] in ".?"


def test_a_file_that_is_not_there_is_one_sentence(tmp_path):
    with pytest.raises(BadInput, match="none.csv: no such file; check the spelling"):
        read_vectors(tmp_path / "none.csv")


@pytest.mark.parametrize("ids", [{3: "1-Sep"}, {9: "GENE2"}])
def test_what_a_resolver_can_list_is_no_fault_where_it_is_asked_to(tmp_path, ids):
    renamed(ids).to_csv(tmp_path / "a.csv")
    found, matrix = read_vectors(tmp_path / "a.csv", strict=False)
    assert len(found) == len(matrix) == N and set(ids.values()) <= set(found)


def test_nothing_that_is_read_has_run(tmp_path, monkeypatch):
    ran = []
    monkeypatch.setattr(os, "system", ran.append)
    (tmp_path / "a.pickle").write_bytes(pickle.dumps(mapping() | {"A": Hostile()}))
    with pytest.raises(BadInput):
        read_vectors(tmp_path / "a.pickle")
    assert ran == []


def test_vectors_that_are_at_hand_are_held_to_the_same_rules():
    ids, matrix = vectors.check_vectors("mine", IDS.tolist(), X.tolist())
    assert ids.tolist() == IDS.tolist() and matrix.dtype == np.float32
    with pytest.raises(BadInput, match="^mine: gene 'GENE1' .row 2. has no value in column 1"):
        vectors.check_vectors("mine", IDS, np.where(np.arange(N)[:, None] == 1, np.nan, X))


def test_a_zip_of_other_files_under_the_name_of_npz_is_one_sentence(tmp_path):
    path = tmp_path / "renamed.npz"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("vectors.csv", "symbol,d0\nTP53,1\n")
    with pytest.raises(
        BadInput, match="holds 'vectors.csv', which is no array of NumPy; write it again with"
    ):
        read_vectors(path)


def test_a_header_with_a_quote_and_too_few_cells_drops_no_column(tmp_path):
    rows = "".join(f"GENE{i}\t{i}\t0.5\t1\n" for i in range(24))
    (tmp_path / "v.tsv").write_text('sym"ol a\tb\tc\n' + rows)
    with pytest.raises(BadInput, match="Length of header or names does not match"):
        vectors.read_vectors(tmp_path / "v.tsv")


def test_a_signalling_nan_is_a_missing_value(tmp_path):
    values = np.arange(72, dtype=np.float32).reshape(24, 3)
    values.view(np.uint32)[5, 1] = 0x7FA00000
    frame = pd.DataFrame(values, columns=list("abc"))
    frame.insert(0, "symbol", [f"GENE{i}" for i in range(24)])
    frame.to_parquet(tmp_path / "v.parquet")
    with pytest.raises(BadInput, match="no value in column 'b'"):
        vectors.read_vectors(tmp_path / "v.parquet")
