"""Files of vectors: the same table from every format, and one sentence for every fault."""

from __future__ import annotations

import gzip
import json
import os
import pickle
import zipfile

import numpy as np
import pandas as pd
import pytest
from safetensors.numpy import save_file

from genebench.core.errors import BadInput
from genebench.data import vectors
from genebench.data.vectors import read_vectors

N, D = 30, 4
IDS = np.array([f"GENE{i}" for i in range(N)])
X = np.random.default_rng(0).standard_normal((N, D)).astype(np.float32)
MAPPING = dict(zip(IDS.tolist(), X.astype(float).tolist()))
"""Gene → list of numbers, as GenePT is published."""


def frame(ids=IDS, x=X, **extra) -> pd.DataFrame:
    """A table as a user would save it."""
    names = [f"v{i}" for i in range(x.shape[1])]
    return pd.DataFrame(x, columns=names, index=pd.Index(ids, name="symbol")).assign(**extra)


CSV = frame().to_csv()
GLOVE = "\n".join(f"{g} {' '.join(f'{v:.9g}' for v in x)}" for g, x in zip(IDS, X)) + "\n"
GZIP = gzip.compress(CSV.encode())


def csv(table: pd.DataFrame, **options):
    """Write a table as delimited text."""
    return lambda path: table.to_csv(path, **options)


def content(value: str | bytes):
    """Write text or bytes."""
    raw = value if isinstance(value, bytes) else value.encode()
    return lambda path: path.write_bytes(raw)


def npz(**arrays):
    """Write arrays of numpy."""
    return lambda path: np.savez(path, **arrays)


def h5ad(transposed: bool = False, **more):
    """Write an AnnData with the vectors in ``X``, or in another of its tables."""

    def write(path):
        import anndata

        genes, other = pd.DataFrame(index=IDS), pd.DataFrame(index=[f"o{i}" for i in range(D)])
        data = (
            anndata.AnnData(X.T, other, genes) if transposed else anndata.AnnData(X, genes, other)
        )
        for place, value in more.items():
            getattr(data, place)["emb"] = value
        data.write_h5ad(path)

    return write


def zipped(path):
    """Write a csv as the one member of a zip."""
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("vectors.csv", CSV)


def safetensors(**more):
    """Write a safetensors file and the ids beside it."""

    def write(path):
        save_file({"emb": X, **more}, str(path))
        path.with_suffix(".ids.txt").write_text("\n".join(IDS))

    return write


def npy(path):
    """Write an array and the ids beside it."""
    np.save(path, X)
    path.with_suffix(".ids.txt").write_text("\n".join(IDS))


GOOD = {
    "a.csv": (csv(frame()), {}),
    "a.tsv": (csv(frame(), sep="\t"), {}),
    "no header.csv": (csv(frame(), header=False), {}),
    "ids last.csv": (csv(frame().assign(symbol=IDS), index=False), {}),
    "ids named.csv": (csv(frame().rename_axis("what")), {"ids": "what"}),
    "bom and windows.csv": (content("\ufeff" + CSV.replace("\n", "\r\n")), {}),
    "a.csv.gz": (content(GZIP), {}),
    "a.zip": (zipped, {}),
    "a.txt": (content(f"{N} {D}\n{GLOVE}"), {}),
    "a.vec": (content(GLOVE), {}),
    "a.npz": (npz(genes=IDS, vectors=X), {}),
    "bytes.npz": (npz(genes=IDS.astype("S"), vectors=X), {}),
    "one array for each gene.npz": (npz(**dict(zip(IDS, X))), {}),
    "several.npz": (npz(genes=IDS, a=X, b=X[:, :2]), {"array": "a"}),
    "a.npy": (npy, {}),
    "a.parquet": (lambda p: frame().to_parquet(p), {}),
    "a.h5ad": (h5ad(), {}),
    "transposed.h5ad": (h5ad(True), {"array": "X.T"}),
    "a.safetensors": (safetensors(), {}),
    "a.json": (content(json.dumps(MAPPING)), {}),
    "a.pickle": (content(pickle.dumps(MAPPING)), {}),
}


@pytest.mark.parametrize("name", GOOD)
def test_every_format_gives_the_same_ids_and_vectors(tmp_path, name):
    write, options = GOOD[name]
    write(tmp_path / name)
    ids, matrix = read_vectors(tmp_path / name, **options)
    assert ids.tolist() == IDS.tolist() and matrix.dtype == np.float32
    np.testing.assert_allclose(matrix, X, rtol=1e-6)


@pytest.mark.parametrize(
    "names, column",
    [([str(1000 + i) for i in range(N)], "entrez"), (["NAN", "NA", *IDS[2:]], "symbol")],
)
def test_numbers_and_words_for_missing_values_can_be_ids(tmp_path, names, column):
    frame(names).rename_axis(column).to_csv(tmp_path / "a.csv")
    assert read_vectors(tmp_path / "a.csv")[0].tolist() == list(names)


def test_text_gives_the_numbers_that_python_reads(tmp_path):
    rng = np.random.default_rng(1)
    x = rng.standard_normal((24, 50)) * 10.0 ** rng.integers(-30, 9, (24, 50))
    rows = [f"G{i},{','.join(map(repr, row))}" for i, row in enumerate(x.tolist())]
    (tmp_path / "a.csv").write_text("\n".join(rows))
    np.testing.assert_array_equal(read_vectors(tmp_path / "a.csv")[1], x.astype(np.float32))


class Hostile:
    """Asks whoever opens it to run a command."""

    def __reduce__(self):
        return os.system, ("true",)


def with_value(value) -> pd.DataFrame:
    """The table with another value in row 8 and column v2."""
    x = X.astype(object)
    x[7, 2] = value
    return frame(IDS, x)


def with_ids(ids: dict[int, str]) -> pd.DataFrame:
    """The table with some ids changed."""
    return frame([ids.get(i, g) for i, g in enumerate(IDS)])


LINES = CSV.splitlines()
BROKEN = {
    "semicolons.csv": (csv(frame(), sep=";"), "delimited by semicolon.; save it with commas"),
    "one column.csv": (content("symbol\n" + "\n".join(IDS)), "it has a single column"),
    "no ids.csv": (csv(frame(), index=False), "no column of gene ids .the first, 'v0'"),
    "dates.csv": (
        csv(with_ids({3: "1-Sep", 4: "2-Mar"})),
        "2 of the ids are dates that a spreadsheet made of gene symbols .'1-Sep' in row 4",
    ),
    "twice.csv": (csv(with_ids({9: "GENE2"})), "the id 'GENE2' stands in row 3 and in row 10"),
    "no id.csv": (csv(with_ids({9: ""})), "row 10 has no id"),
    "long id.csv": (csv(with_ids({9: "A" * 201})), "control characters, or is too long"),
    "mouse.csv": (csv(frame([f"Trp{i}b" for i in range(N)])), "symbols of the mouse .'Trp0b'"),
    "all NaN.csv": (csv(frame(v9=np.nan)), "column 'v9' holds no value at all; drop it"),
    "a gap.csv": (csv(with_value("")), "gene 'GENE7' .row 8. has no value in column 'v2'"),
    "huge.csv": (csv(with_value(1e30)), "has 1e.30, beyond 1e.10 in column 'v2'"),
    "words.csv": (csv(with_value("n.d.")), "column 'v2' holds the text 'n.d.' .row 8"),
    "ragged.csv": (
        content("\n".join([*LINES[:5], LINES[5] + ",1.0", *LINES[6:]])),
        ":6: has 6 cells where the first line has 5",
    ),
    "two alike.csv": (content("symbol,a,a\nA,1,2\n"), "two columns named 'a'"),
    "few.csv": (csv(frame()[:5]), "holds 5 genes where 20 are the least"),
    "blank.csv": (content(" \n\n "), "is empty"),
    "page.csv": (content("<!DOCTYPE html><html>sign in</html>"), "is a web page"),
    "zip.csv": (zipped, "is a zip archive, though its name ends in '.csv'; rename it"),
    "csv.parquet": (csv(frame()), "cannot be read as parquet .ArrowInvalid"),
    "half.csv.gz": (content(GZIP[:-30]), "cannot be unpacked"),
    "latin.csv": (content(frame(["µ1", *IDS[1:]]).to_csv().encode("latin-1")), "not UTF-8"),
    "sheet.xlsx": (content("PK"), "save the sheet as CSV"),
    "vectors": (content("x"), "the ending '' is none that holds vectors"),
    "short.txt": (content("30 4\nA 1 2 3 4\n"), "announces 30 vectors and holds 1"),
    "several.npz": (
        npz(genes=IDS, a=X, b=X[:, :2]),
        "holds genes 30, a 30×4, b 30×2; say which is meant with array=",
    ),
    "objects.npz": (npz(genes=IDS.astype(object), x=X), "Python objects, which could run"),
    "other files.npz": (zipped, "holds 'vectors.csv', which is no array of NumPy"),
    "hostile.npy": (
        lambda p: np.save(p, np.array([Hostile()], dtype=object)),
        "array of Python objects",
    ),
    "no list.npy": (lambda p: np.save(p, X), "holds no ids and there is no file .*list.ids.txt"),
    "other length.npz": (npz(genes=IDS[:-1], x=X), "29 ids for 30 vectors"),
    "complex.npz": (npz(g=IDS, x=X * 1j), "values of type complex64"),
    "choice.h5ad": (h5ad(obsm=X), "X 30×4, X.T 4×30, obsm/emb 30×4; say which"),
    "bad.json": (content("{\n1"), "cannot be read as json .*line 2"),
    "uneven.json": (content('{"A": [1, 2], "B": [1]}'), "gene 'B' has 1 numbers where the first"),
    "folder.csv": (lambda p: p.mkdir(), "is a folder"),
    "none.csv": (lambda p: None, "no such file; check the spelling"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_file_is_one_sentence_with_its_place(tmp_path, name):
    write, sentence = BROKEN[name]
    write(tmp_path / name)
    with pytest.raises(BadInput, match=sentence) as caught:
        read_vectors(tmp_path / name)
    message = str(caught.value)
    assert message.startswith(str(tmp_path / name)) and "\n" not in message and message[-1] == "."


@pytest.mark.parametrize(
    "name, options, sentence",
    [
        ("a.csv", {"ids": "symbl"}, "unknown column 'symbl'; did you mean 'symbol'"),
        ("several.npz", {"array": "aa"}, "unknown array 'aa'; did you mean 'a'"),
        ("a.h5ad", {"ids": "gene"}, "unknown column 'gene'"),
    ],
)
def test_a_wrong_option_is_answered_with_the_nearest(tmp_path, name, options, sentence):
    GOOD[name][0](tmp_path / name)
    with pytest.raises(BadInput, match=sentence):
        read_vectors(tmp_path / name, **options)


@pytest.mark.parametrize("ids", [{3: "1-Sep"}, {9: "GENE2"}])
def test_ids_that_a_resolver_can_report_are_no_fault_unless_strict(tmp_path, ids):
    with_ids(ids).to_csv(tmp_path / "a.csv")
    names, matrix = read_vectors(tmp_path / "a.csv", strict=False)
    assert len(names) == len(matrix) == N and set(ids.values()) <= set(names)


def test_vectors_in_memory_are_checked_by_the_same_rules():
    ids, matrix = vectors.check_vectors("mine", IDS.tolist(), X.tolist())
    assert ids.tolist() == IDS.tolist() and matrix.dtype == np.float32
    with pytest.raises(BadInput, match="^mine: gene 'GENE1' .row 2. has no value in column 1"):
        vectors.check_vectors("mine", IDS, np.where(np.arange(N)[:, None] == 1, np.nan, X))
