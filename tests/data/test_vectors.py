"""Files of vectors: the same table from every format, and one sentence for every fault."""

import gzip
import json
import os
import pickle
import re

import anndata
import h5py
import numpy as np
import pandas as pd
import pytest
import torch
from helpers import packed, refused, rows
from numpy.random import default_rng
from numpy.testing import assert_allclose, assert_array_equal
from safetensors.numpy import save, save_file
from scipy import sparse

from genebench.data import limits
from genebench.data.vectors import read_vectors

N, D = 30, 4
IDS = np.array([f"GENE{i}" for i in range(N)])
HGNC = [f"HGNC:{i}" for i in range(N)]
X = default_rng(0).standard_normal((N, D)).astype(np.float32)


def frame(ids=IDS, x=X, **extra):
    """A table as a user would save it."""
    names = [f"v{i}" for i in range(x.shape[1])]
    return pd.DataFrame(x, columns=names, index=pd.Index(ids, name="symbol")).assign(**extra)


CSV = frame().to_csv()
TSV = CSV.replace(",", "\t")
GLOVE = TSV.partition("\n")[2].replace("\t", " ").replace("\n", " \n")


def csv(table, **options):
    """Write a table as delimited text."""
    return lambda path: table.to_csv(path, **options)


def content(value):
    """Write text or bytes."""
    raw = value if isinstance(value, bytes) else value.encode()
    return lambda path: path.write_bytes(raw)


def npz(**arrays):
    """Write arrays of numpy."""
    return lambda path: np.savez(path, **arrays)


def h5ad(x=X, obs=IDS, var=tuple("abcd"), name=None, **more):
    """Write an AnnData with the vectors in ``X``, and others in its other tables."""

    def write(path):
        data = anndata.AnnData(x, pd.DataFrame(index=obs), pd.DataFrame(index=var), **more)
        if name is not None:
            data.obs["name"] = pd.Categorical(name)
        data.write(path)

    return write


def spoiled(path):
    """Write an AnnData whose sparse matrix points elsewhere."""
    h5ad(sparse.csr_matrix(X))(path)
    with h5py.File(path, "r+") as file:
        file["X/indices"][-1] = D


def beside(save):
    """Write an array, and the ids beside it."""

    def write(path):
        save(path)
        path.with_suffix(".ids.txt").write_text("\n".join(IDS))

    return write


def edited(table):
    """Name → writer of the table as text with something replaced, and what is said of it."""
    bases = {".csv": CSV, ".tsv": TSV, ".txt": GLOVE}
    return {
        name: (content(re.sub(old, new, bases.get(name[-4:], CSV))), words)
        for name, old, new, words in rows(table)
    }


LONG = "symbol,x\n" + "A,0.5\n" * 200_001
DECLARED = json.dumps({"x": {"dtype": "F32", "shape": [10**6] * 2, "data_offsets": [0, 0]}})
DECLARED = len(DECLARED).to_bytes(8, "little") + DECLARED.encode()
HEADER = {"hgnc_id": "[]", "symbol": json.dumps(IDS.tolist())}
FILES = {
    "v.csv": csv(frame()),
    "v.tsv": csv(frame(), sep="\t"),
    "ids named.csv": csv(frame().rename_axis("what")),
    "bom and windows.csv": content("\ufeff" + CSV.replace("\n", "\r\n")),
    "v.csv.gz": content(gzip.compress(CSV.encode(), mtime=0)),
    "v.zip": packed({"v.csv": CSV, "__MACOSX/._v.csv": "x"}),
    "v.txt": content(f"{N} {D}\n{GLOVE}"),
    "v.vec": content(GLOVE),
    "v.npz": npz(genes=IDS, vectors=X),
    "several.npz": npz(genes=IDS.astype("S"), a=X, b=X[:, :2]),
    "v.npy": beside(lambda path: np.save(path, X)),
    "v.parquet": lambda p: frame().to_parquet(p),
    "v.h5ad": h5ad(),
    "v.safetensors": beside(lambda path: save_file({"emb": X}, str(path))),
    "v.safetensors.gz": content(gzip.compress(save({"x": X}, HEADER))),
    "v.json": content(json.dumps(dict(zip(IDS.tolist(), X.tolist())))),
    "v.pkl": content(pickle.dumps(dict(zip(IDS.tolist(), X.tolist())))),
    "filtered.csv": (
        csv(frame().reset_index().rename(lambda i: 3 * i).rename_axis("Unnamed: 0")),
        "left out: 'Unnamed: 0' (row numbers).",
    ),
    "again.parquet": (lambda p: frame(symbol=IDS).to_parquet(p), "left out: 'index' (other ids)."),
    "two ids.csv": (csv(frame(ens="x")), "left out: 'ens' (text)."),
    "utf16.tsv": (csv(frame(), sep="\t", encoding="utf-16"), "'symbol'"),
    "decimal.csv": csv(frame(), sep=";", decimal=",", header=False),
    "excel separator.csv": content("sep=;\n" + CSV.replace(",", ";")),
    "column.h5ad": (h5ad(X, np.arange(N).astype(str), name=IDS), "from X, ids from obs (name)."),
    "sparse.h5ad": (h5ad(sparse.csc_matrix(X)), "taken from X, ids from obs (index)."),
    "frame.h5ad": (h5ad(obsm={"emb": frame()}), "taken from obsm/emb, ids from obs (index)."),
    "few dimensions.h5ad": (h5ad(var=["D1", "D2", "D3", "D4"]), "taken from X, ids from obs"),
    "counted.csv": (csv(frame().set_axis(range(4), axis=1).reset_index()), "'0' to '3'"),
    "biomart.csv": csv(frame().set_axis(range(2, 2 + D), axis=1).rename_axis("HGNC symbol")),
    "names of columns.npz": (npz(names=[*"abcd"], g=IDS[:, None], x=X), "ids from 'g'"),
    **edited(r"""
r.tsv                 | symbol\t       |                         | from the column 'id'
tab then blanks.txt   | (GENE\d+)[ ]   | \1\t                    |
bytes.csv             | GENE\d+        | b'\g<0>'                | ids were written like b'GENE0'
comment.tsv           | \A             | #version 1.2\n% by me\n | 'symbol'
header as comment.txt | \A             | # symbol v0 v1  v2 v3\n | 'v0' to 'v3'
cr.csv                | \n             | \r                      | 'symbol'
commas below.csv      | (?m)^(GENE.+)$ | \1,                     | (empty)
rows of commas.csv    | \n             | \n\n,,,,\n              |
"""),
}
"""Ordinary files of one table, and what is said of some."""
ARRAYS = {"several.npz": "a", "frame.h5ad": "obsm/emb"}


@pytest.mark.parametrize("name", FILES)
def test_every_file_gives_the_same_ids_and_vectors_and_what_was_left_out_is_said(tmp_path, name):
    write, words = FILES[name] if isinstance(FILES[name], tuple) else (FILES[name], "")
    write(tmp_path / name)
    column = "what" if name == "ids named.csv" else None
    ids, matrix, notes = read_vectors(tmp_path / name, ids=column, array=ARRAYS.get(name))
    assert ids.tolist() == IDS.tolist() and words in " ".join(notes)
    assert_allclose(matrix, X, rtol=1e-6)


@pytest.mark.parametrize("names", [range(1000, 1000 + N), ["NAN", "NA", *IDS[2:]]])
def test_numbers_and_words_for_missing_values_can_be_ids(tmp_path, names):
    frame(names).to_csv(tmp_path / "a.csv")
    assert read_vectors(tmp_path / "a.csv")[0].tolist() == [*map(str, names)]


@pytest.mark.parametrize(
    "ids, where",
    [(HGNC, "index"), (range(1000, 1000 + N), "index"), (range(1000, 1000 + N), "entrez_id")],
)
def test_genes_of_an_anndata_file_may_have_ids_of_entrez_or_hgnc(tmp_path, ids, where):
    genes = pd.DataFrame({"entrez_id": ids}, [f"{i}x" for i in range(N)])
    genes = genes.set_index(genes.entrez_id.astype(str))[[]] if where == "index" else genes
    anndata.AnnData(X.T, var=genes).write(tmp_path / "a.h5ad")
    names, _, notes = read_vectors(tmp_path / "a.h5ad")
    assert names.tolist() == [*map(str, ids)] and f"X.T, ids from var ({where})" in notes[0]


def test_a_user_may_allow_more_and_less(tmp_path):
    (tmp_path / "a.csv").write_text(LONG)
    with limits.allowing(10**6), refused("the id 'A' stands in row 1 and is not alone"):
        read_vectors(tmp_path / "a.csv")
    (tmp_path / "a.csv").write_text(CSV)
    with limits.allowing(100), refused("31 rows × 5 columns or more, and 100 numbers are allowed"):
        read_vectors(tmp_path / "a.csv")


def test_whole_numbers_among_fractions_are_named_and_no_number_is_lost(tmp_path):
    frame(chrom=np.arange(N) % 7).to_csv(tmp_path / "a.csv")
    _, matrix, notes = read_vectors(tmp_path / "a.csv")
    assert matrix.shape == (N, 5) and "whole numbers only, among fractions: 'chrom'" in notes[-1]


def test_brain_and_half_floats_are_read_without_a_warning(tmp_path, recwarn):
    from safetensors import torch as of_torch

    path, brain = tmp_path / "v.safetensors", torch.tensor(X).bfloat16()
    beside(lambda path: of_torch.save_file({"x": brain}, path))(path)
    assert_array_equal(read_vectors(path)[1], brain.float().numpy())
    np.save(tmp_path / "v.npy", X.astype(np.float16))
    assert read_vectors(tmp_path / "v.npy")[1].dtype == np.float32 and not recwarn.list


def test_text_gives_the_numbers_that_python_reads(tmp_path):
    rng = default_rng(1)
    x = rng.standard_normal((24, 50)) * 10.0 ** rng.integers(-30, 9, (24, 50))
    lines = [f"G{i},{','.join(map(repr, row))}" for i, row in enumerate(x.tolist())]
    (tmp_path / "a.csv").write_text("\n".join(lines))
    assert_array_equal(read_vectors(tmp_path / "a.csv")[1], x.astype(np.float32))


BROKEN = {
    **edited(r"""
dates.csv   | GENE3, | 1-Sep, | '1-Sep' stands in row 4 .* made of
twice.csv   | GENE9, | GENE2, | the id 'GENE2' stands in row 3 and is not alone
no id.csv   | GENE9, | ,      | the id '' stands in row 10 and is empty
mouse.csv   | GENE(\d+) | Trp\1b | 'Trp0b' .* symbols of the mouse
words.csv   | (GENE7(,[^,]*){2},)[^,]* | \1n.d. | column 'v2' holds the text 'n.d.' .row 8
large.csv   | (GENE7(,[^,]*){2},)[^,]* | \g<1>1e39 | has 1e.39, beyond 1e.10 in column 'v2'
gap.csv     | .*\nGENE0,[^,]+ | GENE0,NA | GENE0.* has no value in
ragged.csv  | \nGENE4, | \nGENE4,1, | Row #6: Expected 5 columns
title.csv   | \A | Table 3,,,,\n | begins with 'Table 3' above the table
header.csv  | \n(?s:.+) | \n | holds one line
pointer.csv | (?s).+ | version https://git-lfs.github.com/spec/v1 | git lfs pull
vectors     | (?s).+ | x | the ending '' is none that holds vectors
v.feather   | (?s).+ | x | pd.read_feather.file..to_parquet
v.tar.gz    | (?s).+ | x | packed in a way that is not read; unpack it
short.txt   | (?s).+ | 30 4\nA 1 2 3 4\n | announces 30 vectors and holds 1
uneven.json | (?s).+ | {"A": [1, 2], "B": [1]} | holds no mapping
"""),
    "lists.csv": (csv(frame()[[]].assign(emb="[0.5, 0.25]")), "column 'emb' holds lists as text"),
    "long id.csv": (CSV.replace("GENE9", "A" * 201), "control characters or is too long"),
    "half.csv.gz": (gzip.compress(CSV.encode())[:-30], "cannot be read as gz .EOFError"),
    "latin.csv": (("µ" + CSV).encode("latin-1"), "not UTF-8 .*; save it as UTF-8"),
    "several.npz": (FILES["several.npz"], "a 30×4, b 30×2; say which is meant with --array"),
    "no ids.npz": (npz(x=X), "holds x 30×4 and no ids that can be meant"),
    "zip.csv": (packed({"v.csv": CSV}), "ends in '.csv' and holds what ends in .npz, .zip or .xls"),
    "last.csv": (csv(frame(target=IDS), index=False), "--ids .one of 'target'"),
    "numbers.npz": (npz(ids=np.arange(N).astype(str), x=X), "ids 0 to 29 number the rows"),
    "objects.npz": (npz(genes=IDS.astype(object), x=X), "Python objects, which could run"),
    "no list.npy": (lambda p: np.save(p, X), "holds no ids and there is no file .*list.ids.txt"),
    "other length.npz": (npz(genes=IDS[:-1], x=X), "29 ids for an array of 30×4"),
    "choice.h5ad": (
        h5ad(obsm={"emb": X}),
        r"obsm/emb 30×4; genes are named in obs \('index'\): say .* --array X or --array obsm/emb",
    ),
    "torch.npz": (lambda p: torch.save({"A": torch.ones(3)}, p), "is a torch pickle"),
    "pipe.csv": (os.mkfifo, "is a pipe or a device and no file"),
    "long.csv": (LONG, "200,002 rows × 2 columns or more"),
    "wide.npz": (npz(genes=IDS, x=np.zeros((2, 50_001))), "its array has 2 rows × 50,001"),
    "wide.safetensors": (DECLARED, "its array has 1,000,000 rows × 1,000,000 columns"),
    "sparse.h5ad": (spoiled, "cannot be read as h5ad .*indices must be < 4"),
    "twice.json": ('{"A": [1, 2], "A": [3, 4]}', "holds the key 'A' twice"),
    "thousands.csv": (re.sub(r"[\d.-]+\n", '"1,277"\n', CSV.replace(".", "")), "thousands separ"),
    "packed.pkl.gz": (gzip.compress(b"x"), "is a packed '.pkl'; unpack it"),
    "gap.npy": (
        lambda p: (
            np.save(p, X),
            p.with_suffix(".ids.txt").write_text("\n".join(["A", "", "B C", *IDS[3:]])),
        ),
        "row 2 and is empty",
    ),
    "deep.json": ("[" * 200_000, "cannot be read as json .RecursionError"),
    "none.csv": (lambda p: None, "no such file; check the spelling"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_file_is_one_sentence_with_its_place(tmp_path, name):
    broken, sentence = BROKEN[name]
    (broken if callable(broken) else content(broken))(tmp_path / name)
    with refused(sentence) as caught:
        read_vectors(tmp_path / name)
    message = str(caught.value)
    assert message.startswith(str(tmp_path / name)) and "\n" not in message and message[-1] == "."


WRONG = """
v.csv       | ids   | symbl | unknown column 'symbl'; did you mean 'symbol'
several.npz | array | aa    | unknown array 'aa'; did you mean 'a'
v.h5ad      | ids   | gene  | unknown column of obs 'gene'; known: index
v.json      | ids   | gene  | is a '.json', of which --ids chooses nothing
v.csv       | array | X     | is a '.csv', of which --array chooses nothing
"""


@pytest.mark.parametrize("name, option, value, sentence", rows(WRONG))
def test_a_wrong_option_is_answered_with_the_nearest(tmp_path, name, option, value, sentence):
    FILES[name](tmp_path / name)
    with refused(sentence):
        read_vectors(tmp_path / name, **{option: value})


def test_ids_that_a_resolver_can_report_are_no_fault_unless_strict(tmp_path):
    (tmp_path / "a.csv").write_text(CSV.replace("GENE3,", "1-Sep,").replace("GENE9,", "GENE2,"))
    names, matrix, _ = read_vectors(tmp_path / "a.csv", strict=False)
    assert len(names) == len(matrix) == N and {"1-Sep", "GENE2"} <= set(names)
