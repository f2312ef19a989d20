"""Input that means harm, or is merely broken: a sentence, in bounded time and memory.

Nothing of it is run.
"""

import gzip
import io
import json
import os
import pickle
import random
import resource
import signal
import subprocess
import sys
import textwrap

import anndata
import h5py
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from data.test_vectors import content
from helpers import edit_yaml, packed, refused, rows
from pyarrow import parquet as pq

from benchmarks import fuzz
from genebench.core import paths, specs
from genebench.core.errors import BadInput
from genebench.data import limits, readers, vectors

MANY = int(os.environ.get("GENEBENCH_FUZZ", "10"))
"""Inputs tried per reader."""


def tried(function, *args, **options):
    """What a call gives, or its sentence; any other fault fails the test."""
    try:
        result = function(*args, **options)
    except BadInput as err:
        result = str(err)
        assert 20 < len(result) < 1500 and "\n" not in result
    return result


READERS = {name: rest for name, *rest in fuzz.readers()}


@pytest.mark.parametrize("name", READERS)
def test_a_damaged_file_is_read_or_refused_in_a_sentence(tmp_path, name):
    read, sound, file = READERS[name]
    path, draw = tmp_path / file, random.Random(name)
    raw = sound(path)
    for _ in range(MANY):
        path.write_bytes(fuzz.damaged(raw, draw))
        result = tried(read, path)
        if name.startswith("vectors") and not isinstance(result, str):
            assert len(result[0]) == len(result[1]) >= 20 and np.isfinite(result[1]).all()


NUMBER = "0E5410000085830688"


def test_an_exponent_of_many_digits_ends_in_a_number_and_not_the_process(tmp_path):
    """pandas 2.3 breaks off with a segmentation fault there; found by ``fuzz_guided.py``."""
    code = f"""
    import pandas as pd
    from pathlib import Path
    from genebench.data import annotations, readers
    path = Path(r"{tmp_path}") / "v.tsv"
    path.write_text("g\\ts\\tc\\tv\\nE1\\tTP53\\tliver\\t{NUMBER}\\n")
    annotations.read_long(path, gene="g", symbol="s", column="c", value="v")
    values = readers.numbers(pd.Series(["{NUMBER}", "2", "1e-300", "x"]))
    assert values.isna().tolist() == [True, False, False, True] and values[2] == 1e-300, values
    """
    subprocess.run([sys.executable, "-c", textwrap.dedent(code)], check=True, cwd=paths.ROOT)


# Pickles.


@pytest.mark.parametrize(
    "raw",
    [b"]r\xff\xff\xff\x7f.", b"\x96\0\0\0\0\x10\0\0\0."],
    ids=["a place in the memo", "bytes"],
)
def test_a_pickle_that_declares_more_than_it_holds_takes_no_memory(tmp_path, raw):
    """The C unpickler makes room before it looks: 976 bytes took 8 GB."""
    path = tmp_path / "v.pkl"
    path.write_bytes(b"\x80\x04" + raw)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with refused("cannot be read as|takes too much time or memory"):
        vectors.read_vectors(path)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 200 * 1024  # KiB


@pytest.mark.parametrize("protocol", [0, 5])
def test_sound_pickles_are_read(tmp_path, protocol):
    table = {f"GENE{i}": [0.5, -i, 10**i, None, True] for i in range(300)}
    table |= {"long" * 100: "x\\" * 70_000, 5: {}}
    (tmp_path / "v.pkl").write_bytes(pickle.dumps(table, protocol))
    assert limits.read_pickle(tmp_path / "v.pkl") == table


def test_no_reader_runs_what_a_file_says(tmp_path):
    (tmp_path / "e.pkl").write_bytes(b"cposix\nsystem\n(S'true'\ntR.")
    (tmp_path / "e.yml").write_text("a: !!python/object/apply:builtins.open [x, w]")
    for read in (vectors.read_vectors, readers.read_lists):
        assert "'posix.system', which data has no need of" in tried(read, tmp_path / "e.pkl")
    assert "python/object/apply" in tried(specs.read_yaml, tmp_path / "e.yml")


# Bombs: small files that declare or unpack to what no memory holds.


def write_bombs(folder):
    """Write files of at most a megabyte that stand for terabytes, and return their paths."""
    head, shape = io.BytesIO(), (10**7, 10**5)
    declared = {"descr": "<f8", "fortran_order": False, "shape": shape}
    np.lib.format.write_array_header_1_0(head, declared)
    packed({"vectors.npy": head.getvalue() + bytes(64)})(folder / "shape.npz")
    alike = dict.fromkeys(map(str, range(100_000)), [0.0] * 100_000)
    content(pickle.dumps(alike))(folder / "alike.pkl")
    long = pa.DictionaryArray.from_arrays(np.zeros(3000, np.int32), ["A" * 900_000])
    pq.write_table(pa.table({"symbol": long}), folder / "long.parquet", compression="zstd")
    many = pa.table({"x": np.zeros(10**8, np.int8)})
    pq.write_table(many, folder / "rows.parquet", compression="zstd")
    external, link = [("other.raw", 0, 16)], h5py.ExternalLink("other.h5", "/X")
    changes = {
        "wide": lambda file: file.create_dataset("X", (10**6, 10**6), "f4", chunks=True),
        "sparse": lambda file: file.create_group("X").attrs.update(shape=(10**7, 10**6)),
        "unwritten": lambda file: file.create_dataset("X", (10**4, 10**4), "f4", chunks=True),
        "outside": lambda file: file.update({"X": link}),
        "elsewhere": lambda file: file.create_dataset("X", (2,), "f8", external=external),
    }
    for name, change in changes.items():
        with h5py.File(folder / f"{name}.h5ad", "w") as file:
            change(file)
            for side in ("obs", "var"):
                anndata.io.write_elem(file, side, pd.DataFrame(index=["A", "B"]))
    return folder.iterdir()


@pytest.fixture(scope="module")
def judged(tmp_path_factory):
    """What a fresh process says of every bomb with 1 GB allowed; peak memory in MB as ``peak``."""
    code = """
    import json, sys
    from genebench.data import limits, vectors
    limits.most = lambda: 1e9
    messages = {}
    for path in sys.argv[1:]:
        try:
            vectors.read_vectors(path)
            messages[path] = "read"
        except Exception as err:
            messages[path] = f"{type(err).__name__}: {err}"
    status = dict(line.split(":", 1) for line in open("/proc/self/status"))
    print(json.dumps({"peak": int(status["VmHWM"].split()[0]) / 1024, **messages}))
    """
    bombs = map(str, write_bombs(tmp_path_factory.mktemp("bombs")))
    command = [sys.executable, "-c", textwrap.dedent(code), *bombs]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr[-2000:]
    return {os.path.basename(k): v for k, v in json.loads(done.stdout).items()}


REFUSED = """
shape.npz    | vectors.npy: declares an array of 10000000×100000
alike.pkl    | has 100,000 rows × 100,000 columns or more, and 200,000 × 50,000
long.parquet | holds a text of 900,000 letters
rows.parquet | has 100,000,000 rows × 1 columns or more
wide.h5ad    | would take 4,000 GB of memory
sparse.h5ad  | 'X' has 10,000,000 rows × 1,000,000 columns or more
unwritten.h5ad | unpacks to 400 MB or more from 0.0
outside.h5ad | '/X' is a link
elsewhere.h5ad | '/X' lies in another file
"""


@pytest.mark.parametrize("name, words", rows(REFUSED))
def test_a_file_that_declares_too_much_is_refused_before_anything_is_made(judged, name, words):
    assert judged[name].startswith("BadInput: ") and words in judged[name], judged[name]
    assert 50 < judged["peak"] < 1000


@pytest.mark.parametrize("name", ["big.csv.gz", "big.csv.zip"])
def test_what_unpacks_to_too_much_is_refused_while_it_unpacks(tmp_path, monkeypatch, name):
    monkeypatch.setattr(limits, "most", lambda: 1e6)
    text = b"symbol,x\n" + b"A,0\n" * 10**6
    write = packed({"big.csv": text}) if name.endswith("zip") else content(gzip.compress(text))
    write(tmp_path / name)
    assert "its unpacked content would take" in tried(vectors.read_vectors, tmp_path / name)


def test_what_a_user_limits_is_what_there_is():
    code = "resource.setrlimit(resource.RLIMIT_AS, (2**33, 2**33)); print(limits.memory())"
    code = f"import resource; from genebench.data import limits; {code}"
    done = subprocess.check_output([sys.executable, "-c", code], cwd=paths.ROOT)
    assert 0 < float(done) <= 2**33


# Nothing is written elsewhere.


@pytest.mark.parametrize("name", ["/abs", "a/../../b", ".."])
def test_a_declaration_cannot_point_out_of_its_folder(name):
    text = tried(specs.build, specs.FileSpec, {"format": "tsv", "path": name}, "here.yml")
    assert "a path stays in its folder" in text


@pytest.mark.parametrize("name", ["../evil", "<b>", ""])
def test_a_name_that_becomes_a_folder_is_plain(home, name):
    edit_yaml(paths.MODELS, lambda d: d["models"].update({name: d["models"].pop("full")}))
    assert "match pattern" in tried(specs.declared)


@pytest.mark.parametrize(
    "step", [lambda: np.ones(1 << 30), int, lambda: os.kill(os.getpid(), signal.SIGKILL)]
)
def test_a_library_that_never_comes_back_costs_a_copy_of_the_process(monkeypatch, step):
    monkeypatch.setattr(limits, "PATIENCE", 1)
    monkeypatch.setattr(limits, "HEADROOM", 1 << 27)

    def check():
        while True:
            step()

    limits.check_ends(lambda: 0, lambda: 1 / 0)
    limits.check_ends(lambda: 1 << 27, lambda: np.ones(1 << 24))
    with refused("takes too much time or memory"):
        limits.check_ends(lambda: 0, check)
