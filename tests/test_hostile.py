"""Input that means harm, or is merely broken: a sentence, in bounded time and memory, and nothing of it is run."""

from __future__ import annotations

import gzip
import io
import json
import os
import pickle
import pickletools
import resource
import struct
import subprocess
import sys
import textwrap
import time
import zipfile

import numpy as np
import pandas as pd
import pytest
import yaml
from helpers import enter, make_home
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from genebench.benchmark import custom_tasks, results
from genebench.core import paths, specs
from genebench.core.errors import BadInput
from genebench.data import declared, readers, sources, vectors

MANY = int(os.environ.get("GENEBENCH_FUZZ", "60"))
"""Inputs tried per property."""
hostile = settings(
    max_examples=MANY,
    deadline=10_000,
    suppress_health_check=list(HealthCheck),
    derandomize=MANY <= 60,
    database=None,
)
GENES = [f"GENE{i}" for i in range(24)]
NUMBERS = np.random.default_rng(0).standard_normal((24, 3)).astype(np.float32)


def seeds() -> dict[str, bytes]:
    """One sound file of each format of vectors that is read, small."""
    from safetensors.numpy import save

    frame = pd.DataFrame(NUMBERS, columns=list("abc")).round(3)
    frame.insert(0, "symbol", GENES)
    npz, npy, parquet = io.BytesIO(), io.BytesIO(), io.BytesIO()
    np.savez(npz, ids=np.array(GENES), vectors=NUMBERS)
    np.save(npy, NUMBERS)
    frame.to_parquet(parquet)
    rows = frame.drop(columns="symbol").to_numpy().tolist()
    text = "\n".join(f"{g} {' '.join(map(str, row))}" for g, row in zip(GENES, rows))
    out = {
        "v.csv": frame.to_csv(index=False).encode(),
        "v.tsv": frame.to_csv(index=False, sep="\t").encode(),
        "v.txt": text.encode(),
        "v.vec": f"24 3\n{text}".encode(),
        "v.json": json.dumps(dict(zip(GENES, rows))).encode(),
        "v.pkl": pickle.dumps(dict(zip(GENES, rows))),
        "v.npz": npz.getvalue(),
        "v.npy": npy.getvalue(),
        "v.parquet": parquet.getvalue(),
        "v.safetensors": save({"vectors": NUMBERS}),
    }
    out["v.csv.gz"] = gzip.compress(out["v.csv"], mtime=0)
    out["v.tsv.zip"] = zipped(**{"v.tsv": out["v.tsv"]})
    return out


def zipped(**members: bytes) -> bytes:
    """A zip archive."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return out.getvalue()


SEEDS = seeds()


@pytest.mark.parametrize(
    "number", ["0E5410000085830688", "1E5410000085830688", "-1e-99999999999999999999", "3E99999"]
)
def test_an_exponent_of_many_digits_ends_in_a_sentence_and_not_the_process(tmp_path, number):
    """pandas 2.3 breaks off with a segmentation fault there; found by ``fuzz_readers.py``."""
    code = f"""
import pandas as pd
from pathlib import Path
from genebench import readers, vectors
from genebench.errors import BadInput
for ending, sep in ((".txt", " "), (".csv", ","), (".tsv", "\\t")):
    path = Path(r"{tmp_path}") / ("v" + ending)
    rows = [["symbol", "a"], ["TP53", "{number}"], ["BRCA1", "2"]]
    path.write_text("\\n".join(sep.join(r) for r in rows))
    try:
        vectors.read_vectors(path)
    except BadInput as err:
        assert "\\n" not in str(err)
long = Path(r"{tmp_path}") / "long.tsv"
long.write_text("g\\ts\\tc\\tv\\nE1\\tTP53\\tliver\\t{number}\\n")
try:
    readers.read_long(long, gene="g", symbol="s", column="c", value="v")
except BadInput:
    pass
held = readers.numbers(pd.Series(["{number}", "2", "1e-300", "x"]))
assert held.isna().tolist() == [True, False, False, True] and held[2] == 1e-300, held
print("alive")
"""
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)],
        capture_output=True,
        text=True,
        cwd=paths.ROOT,
    )
    assert done.returncode == 0 and done.stdout.strip() == "alive", done.stderr[-500:]


def test_what_a_file_holds_cannot_break_or_steer_the_line_that_tells_of_it():
    """Found by ``fuzz_readers.py``: a quoted cell with a line feed and an escape sequence."""
    text = str(BadInput("v.csv: holds 'a\n\x1b[2Jb\u202e\ud800'; mend it."))
    assert text == "v.csv: holds 'a [2Jb '; mend it." and text.isprintable()
    long = str(BadInput("x" * 5000 + " at the end"))
    assert len(long) < 1500 and long.endswith(" at the end")
    assert str(pickle.loads(pickle.dumps(BadInput("a b")))) == "a b"  # it comes back from a worker


def opcode(name: str) -> bytes:
    """The byte of an opcode of pickles."""
    return next(op.code for op in pickletools.opcodes if op.name == name).encode("latin-1")


BOMBS = {
    "a place in the memo": opcode("EMPTY_LIST")
    + opcode("LONG_BINPUT")
    + struct.pack("<I", 2**31 - 1),
    "the same in digits": opcode("EMPTY_LIST") + opcode("PUT") + b"2147483647\n",
    "the same in very many digits": opcode("EMPTY_LIST") + opcode("PUT") + b"9" * 400 + b"\n",
    "bytes": opcode("BYTEARRAY8") + struct.pack("<Q", 2**36),
    "text": opcode("BINUNICODE8") + struct.pack("<Q", 2**40) + b"abc",
    "a frame": opcode("FRAME") + struct.pack("<Q", 2**40),
}


@pytest.mark.parametrize("what", BOMBS)
def test_a_pickle_that_declares_more_than_it_holds_takes_no_memory(tmp_path, what):
    """The C unpickler makes room before it looks; the first was found by ``fuzz_readers.py``: 976 bytes, 8 GB."""
    path = tmp_path / "v.pkl"
    path.write_bytes(pickle.PROTO + b"\x04" + BOMBS[what] + pickle.STOP)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(BadInput, match="not a readable pickle"):
        vectors.read_vectors(path)
    assert (
        resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 200 * 1024
    )  # KiB; the compiler is in it


def test_tuples_in_tuples_are_refused_before_they_are_hashed(tmp_path):
    held = ()
    for _ in range(60):
        held = (held, held)
    (tmp_path / "v.pkl").write_bytes(
        opcode("EMPTY_DICT") + pickle.dumps(held, 4)[2:-1] + b"K\x01s."
    )
    with pytest.raises(BadInput, match="tuples"):
        vectors.read_vectors(tmp_path / "v.pkl")


@pytest.mark.parametrize("protocol", range(6))
def test_sound_pickles_of_every_protocol_are_read(tmp_path, protocol):
    held = {f"GENE{i}": [0.5 * i, -i, 10**i] for i in range(300)} | {"ß": [1.0, 2, 3]}
    (tmp_path / "v.pkl").write_bytes(pickle.dumps(held, protocol))
    assert readers.read_plain(tmp_path / "v.pkl") == held


@st.composite
def damaged(draw, content: bytes) -> bytes:
    """A file of which bytes were changed, cut out, doubled or put in."""
    held = bytearray(content)
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, max(0, len(held) - 1)))
        what = draw(st.sampled_from(["flip", "cut", "drop", "double", "put", "big"]))
        if what == "flip" and held:
            held[at] ^= 1 << draw(st.integers(0, 7))
        elif what == "cut":
            del held[at:]
        elif what == "drop":
            del held[at : at + draw(st.integers(1, 40))]
        elif what == "double":
            held[at:at] = held[at : at + draw(st.integers(1, 200))]
        elif what == "put":
            held[at:at] = draw(st.binary(max_size=30))
        elif what == "big":
            held[at : at + 8] = struct.pack(
                "<q", draw(st.sampled_from([-1, 2**31, 2**40, 2**62, 0]))
            )
    return bytes(held)


def tried(function, *args, **options):
    """What a call gives, or its sentence; any other fault fails the test."""
    COUNT["tried"] += 1
    COUNT["other"] += 1  # until it is known to have ended well
    try:
        found = function(*args, **options)
        COUNT["read"] += 1
    except BadInput as err:
        found = str(err)
        assert 20 < len(found) < 1500 and "\n" not in found and "Traceback" not in found
        found.encode("utf-8")
        COUNT["refused"] += 1
    COUNT["other"] -= 1
    return found


COUNT = dict.fromkeys(["tried", "read", "refused", "other"], 0)


@pytest.fixture(autouse=True)
def counted(request, fuzzed):
    """Count the inputs of each property."""
    COUNT.update(dict.fromkeys(COUNT, 0))
    start = time.perf_counter()
    yield
    if COUNT["tried"] >= MANY:
        name, _, what = request.node.name.removeprefix("test_").removesuffix("]").partition("[")
        words = name.replace("_", " ").partition(" is ")[0].partition(" are ")[0]
        fuzzed(f"{words}: {what}" if what else words, *COUNT.values(), time.perf_counter() - start)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder that holds the ids of the formats without."""
    held = tmp_path_factory.mktemp("hostile")
    for suffix in (".npy", ".safetensors"):
        (held / f"v{suffix}").with_suffix(".ids.txt").write_text("\n".join(GENES))
    return held


# --- every reader, on sound files that were damaged -------------------------------------------------------------------


@pytest.mark.parametrize("name", SEEDS)
def test_the_sound_files_can_be_read(folder, name):
    (folder / name).write_bytes(SEEDS[name])
    ids, matrix = vectors.read_vectors(folder / name)
    assert ids.tolist() == GENES and matrix.shape == (24, 3)


@pytest.mark.parametrize("name", SEEDS)
def test_a_damaged_file_of_vectors_is_read_or_refused_in_a_sentence(folder, name):
    @hostile
    @given(damaged(SEEDS[name]))
    def check(content):
        (folder / name).write_bytes(content)
        found = tried(vectors.read_vectors, folder / name)
        if not isinstance(found, str):
            assert len(found[0]) == len(found[1]) >= 20 and np.isfinite(found[1]).all()

    check()


TEXTS = {
    "gmt": b"set one\thttp://x\tTP53\tBRCA1\nset two\t\tMYC\n",
    "tsv": b"gene\tlabel\nTP53\t1\nBRCA1\t0\n",
    "pairs": b"TP53 BRCA1\nMYC MAX\n",
    "obo": b"format-version: 1.2\n\n[Term]\nid: T:1\nname: a\nis_a: T:0 ! x\n\n[Term]\nid: T:2\nname: b\n",
    "fasta": b">one first\nACGT\nAC\n>two\nMKV*\n",
    "gaf": b"!gaf-version: 2.2\n" + b"\t".join([b"x"] * 12 + [b"taxon:9606"] + [b"x"] * 4) + b"\n",
    "gtf": b'1\te\tgene\t1\t9\t.\t+\t.\tgene_id "E"; gene_name "N";\n',
    "uniprot": json.dumps(
        {"results": [{"primaryAccession": "P1", "genes": [{"geneName": {"value": "A"}}]}]}
    ).encode(),
    "lists": pickle.dumps({"a": ["TP53"], "b": ["MYC"]}),
    "jaspar": b"SQLite format 3\x00" + bytes(200),
}


@pytest.mark.parametrize("format", TEXTS)
@pytest.mark.parametrize("packed", [False, True], ids=["plain", "zipped"])
def test_a_damaged_source_is_read_or_refused_in_a_sentence(folder, format, packed):
    path = folder / (f"s.{format}" + ".zip" * packed)
    spec = specs.FileSpec(format=format, path=path.name).model_dump_json()
    whole = zipped(s=TEXTS[format]) if packed else TEXTS[format]

    @hostile
    @given(st.one_of(damaged(whole), st.binary(max_size=300)))
    def check(content):
        path.write_bytes(content)
        found = tried(sources._table.__wrapped__, "made-up", str(path), spec)
        assert isinstance(found, str | pd.DataFrame)

    check()


def test_any_text_as_gene_sets_is_read_or_refused_in_a_sentence(folder):
    @hostile
    @given(st.one_of(st.text(max_size=400), st.text("\t\nab\x00\u2028é", max_size=200)))
    def check(text):
        (folder / "own.gmt").write_bytes(text.encode("utf-8", "surrogatepass"))
        found = tried(custom_tasks._read, folder / "own.gmt")
        assert isinstance(found, str) or {"set", "gene"} <= set(found.columns)

    check()


def test_any_fasta_is_read_or_refused_record_by_record(folder):
    @hostile
    @given(st.one_of(damaged(TEXTS["fasta"]), st.binary(max_size=200)))
    def check(content):
        (folder / "r.fa").write_bytes(content)
        held = tried(lambda: list(readers.fasta_records(folder / "r.fa")))
        assert isinstance(held, str) or all(
            isinstance(n, str) and isinstance(s, str) for n, s in held
        )

    check()


DECLARATION = b"profiles:\n  p: {title: t, sources: [a], models: &m [x, y], splits: [random], folds: 5}\n  q: {models: *m}\n"


def test_any_declaration_is_read_or_refused_in_a_sentence(folder):
    @hostile
    @given(
        st.one_of(
            damaged(DECLARATION),
            st.text(max_size=200).map(lambda t: t.encode("utf-8", "surrogatepass")),
        )
    )
    def check(content):
        (folder / "d.yml").write_bytes(content)
        raw = tried(specs.read_yaml, folder / "d.yml")
        tried(specs.build, specs.ProfileSpec, raw, folder / "d.yml")

    check()


def test_any_scores_are_read_or_refused_in_a_sentence(folder, finished):
    sound = (finished.folder / "data" / "results" / "tiny" / "scores.parquet").read_bytes()

    @hostile
    @given(damaged(sound))
    def check(content):
        (folder / "scores.parquet").write_bytes(content)
        found = tried(results.read, folder / "scores.parquet")
        if not isinstance(found, str):
            tried(results.validate, found, "here")

    check()


def test_any_manifest_is_judged(folder):
    simple = (
        st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5)
    )
    values = st.recursive(
        simple,
        lambda x: st.lists(x, max_size=3) | st.dictionaries(st.text(max_size=5), x),
        max_leaves=5,
    )

    @hostile
    @given(st.dictionaries(st.sampled_from(sorted(results.MANIFEST_KEYS)), values))
    def check(held):
        (folder / "manifest.json").write_text(json.dumps(held))
        found = tried(results.validate_path, folder / "manifest.json")
        assert found

    check()


# --- bombs: small files that declare or unpack to what no memory holds ------------------------------------------------


def head(shape: tuple, descr: str = "<f8") -> bytes:
    """The head of an ``.npy`` that declares a shape, and a few bytes."""
    out = io.BytesIO()
    np.lib.format.write_array_header_1_0(
        out, {"descr": descr, "fortran_order": False, "shape": shape}
    )
    return out.getvalue() + bytes(64)


def bombs(folder) -> list:
    """Write files of a few kilobytes to a megabyte that stand for terabytes, and return their paths."""
    import h5py
    import pyarrow as pa
    from pyarrow import parquet as pq

    out = {
        "shape.npy": head((10**6, 10**6)),
        "text.npy": head((100,), "<U500000000"),
        "shape.npz": zipped(**{"ids.npy": head((2,), "<U8"), "vectors.npy": head((10**7, 10**5))}),
        "zeros.csv.gz": gzip.compress(gzip.compress(bytes(10**6))),
        "deep.json": b'{"A": ' + b"[" * 200_000 + b"]" * 200_000 + b"}",
        "digits.json": b'{"A": [' + b"9" * 100_000 + b"]}",
        "digits.vec": b"9" * 100_000 + b" 3\nA 1 2 3\n",
        "alike.pkl": pickle.dumps(dict.fromkeys(map(str, range(100_000)), [0.0] * 100_000)),
    }
    for name, content in out.items():
        (folder / name).write_bytes(content)
    alike = pa.DictionaryArray.from_arrays(np.zeros(3000, np.int32), ["A" * 900_000])
    long = pa.table({"symbol": alike, "x": np.zeros(3000)})
    pq.write_table(long, folder / "long.parquet", compression="zstd")
    with pq.ParquetWriter(
        folder / "rows.parquet", pa.schema([("x", pa.int8())]), compression="zstd"
    ) as writer:
        part = pa.table({"x": pa.array(np.zeros(10**7, np.int8))})
        for _ in range(20):
            writer.write_table(part)
    with h5py.File(folder / "wide.h5ad", "w") as held:
        held.create_dataset("X", shape=(10**6, 10**6), dtype="f4", chunks=(1000, 1000))
    with h5py.File(folder / "sparse.h5ad", "w") as held:
        group = held.create_group("X")
        group.attrs["shape"] = (10**7, 10**6)
    with h5py.File(folder / "outside.h5ad", "w") as held:
        held["X"] = h5py.ExternalLink("other.h5", "/X")
    return sorted(folder.iterdir())


@pytest.fixture(scope="module")
def judged(tmp_path_factory):
    """What a fresh process says of every bomb with 1 GB allowed, by name; and its peak memory in MB under "peak"."""
    folder = tmp_path_factory.mktemp("bombs")
    made = bombs(folder)
    code = """
        import json, sys
        from genebench import declared, vectors
        declared.most = lambda: 1e9
        told = {}
        for path in sys.argv[1:]:
            try:
                vectors.read_vectors(path, ids=None)
                told[path] = "read"
            except Exception as err:
                told[path] = f"{type(err).__name__}: {err}"
        status = dict(line.split(":", 1) for line in open("/proc/self/status"))
        peak = int(status["VmHWM"].split()[0]) / 1024
        print(json.dumps({"peak": peak, **told}))
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code), *map(str, made)],
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return {os.path.basename(k): v for k, v in json.loads(done.stdout).items()}


@pytest.mark.parametrize(
    "name, words",
    [
        ("shape.npy", "declares an array of 1000000×1000000 float64, more than the file holds"),
        ("text.npy", "more than the file holds"),
        ("shape.npz", "vectors.npy: declares an array of 10000000×100000"),
        ("zeros.csv.gz", "is a gzip file"),
        ("deep.json", "malformed JSON"),
        ("digits.json", "malformed JSON"),
        ("digits.vec", "make all rows equally long"),
        ("alike.pkl", "would take 80 GB of memory, and 1 GB are allowed here"),
        ("long.parquet", "holds a text of 900,000 letters"),
        ("rows.parquet", "would take 2 GB of memory"),
        ("wide.h5ad", "would take 4,000 GB of memory"),
        ("sparse.h5ad", "the full form of '/X' would take 40,000 GB"),
        ("outside.h5ad", "'/X' is a link"),
    ],
)
def test_a_file_that_declares_too_much_is_refused_before_it_is_made(judged, name, words):
    assert judged[name].startswith("BadInput: ") and words in judged[name], judged[name]


def test_no_bomb_took_memory(judged):
    assert 50 < judged["peak"] < 1000


def test_what_unpacks_to_too_much_is_refused_while_it_unpacks(tmp_path, monkeypatch):
    monkeypatch.setattr(declared, "most", lambda: 1e6)
    (tmp_path / "big.csv.gz").write_bytes(gzip.compress(b"symbol,x\n" + b"A,0\n" * 10**6))
    (tmp_path / "big.tsv.zip").write_bytes(
        zipped(**{"big.tsv": b"symbol\tx\n" + b"A\t0\n" * 10**6})
    )
    for name in ("big.csv.gz", "big.tsv.zip"):
        assert "its unpacked content would take" in tried(vectors.read_vectors, tmp_path / name)


def test_aliases_that_stand_for_a_billion_values_are_refused(tmp_path):
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]" for i in range(1, 10)]
    (tmp_path / "bomb.yml").write_text("\n".join(lines))
    assert "aliases stand for more than 1,000,000 values" in tried(
        specs.read_yaml, tmp_path / "bomb.yml"
    )
    (tmp_path / "round.yml").write_text("a: &a [*a]")
    assert "malformed YAML" in tried(specs.read_yaml, tmp_path / "round.yml")


# --- nothing of a file is run, nothing is written elsewhere -----------------------------------------------------------


class Evil:
    """Pickled, it would write a file."""

    def __init__(self, path):
        self.path = str(path)

    def __reduce__(self):
        return open, (self.path, "w")


def test_no_reader_runs_what_a_file_says(tmp_path):
    mark = tmp_path / "ran"
    evil = np.array([Evil(mark)] * 24, dtype=object)
    (tmp_path / "e.pkl").write_bytes(pickle.dumps({"A": Evil(mark)}))
    np.save(tmp_path / "e.npy", evil, allow_pickle=True)
    np.savez(tmp_path / "e.npz", ids=np.array(GENES), vectors=evil)
    (tmp_path / "e.yml").write_text(f"a: !!python/object/apply:builtins.open [{mark}, w]")
    for name in ("e.pkl", "e.npy", "e.npz"):
        assert isinstance(tried(vectors.read_vectors, tmp_path / name), str)
    assert "python/object/apply" in tried(specs.read_yaml, tmp_path / "e.yml")
    assert "is not opened" in tried(readers.read_lists, tmp_path / "e.pkl")
    assert not mark.exists()


@pytest.mark.parametrize("name", ["../out", "/abs", "a/../../b", "..", ""])
def test_a_declaration_cannot_point_out_of_its_folder(name):
    told = tried(specs.build, specs.FileSpec, {"format": "tsv", "path": name or "../x"}, "here.yml")
    assert isinstance(told, str) and "path" in told


@pytest.mark.parametrize("name", ["../evil", "a/b", "a\nb", "<b>", ""])
def test_a_name_that_becomes_a_folder_is_plain(tmp_path, name):
    folder = make_home(tmp_path / "home")
    with pytest.MonkeyPatch.context() as monkeypatch:
        enter(monkeypatch, folder)
        held = yaml.safe_load(paths.MODELS.read_text())
        held["models"][name] = held["models"].pop("full")
        paths.MODELS.write_text(yaml.safe_dump(held))
        assert "letters, digits" in tried(specs.models)
