"""The long run of the fuzz tests: many damaged inputs a reader, each reader in its own process.

    python -m benchmarks.fuzz 20000            # all of them
    python -m benchmarks.fuzz 20000 h5ad gmt   # those whose name holds one of these words

The tests try some of each. Anything but a table or a sentence counts as
``other``, and so does an input that takes ten seconds; a crash of the process ends its reader's
run. Counts go to ``data/results/reliability/fuzz.csv``.
"""

from __future__ import annotations

import functools
import gzip
import io
import os
import pickle
import random
import resource
import signal
import struct
import sys
import tempfile
import time
import traceback
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path

import pandas as pd

from genebench.benchmark import results
from genebench.core import manifest, paths, specs
from genebench.core.errors import BadInput
from genebench.data import readers as formats
from genebench.data import sources, vectors
from genebench.glm import variants

SECONDS = 10
"""Longest that one input may take."""
PLACE = "reliability", "fuzz.csv"


TEXTS = {
    "gmt": b"set one\thttp://x\tTP53\tBRCA1\nset two\t\tMYC\n",
    "tsv": b"gene\tlabel\nTP53\t1\nBRCA1\t0\n",
    "pairs": b"TP53 BRCA1\nMYC MAX\n",
    "obo": b"format-version: 1.2\n\n[Term]\nid: T:1\nname: a\nis_a: T:0 ! x\n\n[Term]\nid: T:2\n",
    "fasta": b">one first\nACGT\nAC\n>two\nMKV*\n",
    "gaf": b"!gaf-version: 2.2\n" + b"\t".join([b"x"] * 12 + [b"taxon:9606"] + [b"x"] * 4) + b"\n",
    "gtf": b'1\te\tgene\t1\t9\t.\t+\t.\tgene_id "E"; gene_name "N";\n',
    "uniprot": b'{"results": [{"primaryAccession": "P", "genes": [{"geneName": {"value": "A"}}]}]}',
    "lists": pickle.dumps({"a": ["TP53"], "b": ["MYC"]}),
    "jaspar": b"SQLite format 3\x00" + bytes(200),
}
"""Sound content of each format of a source."""
VCF = b"##fileformat=VCFv4.2\n#CHROM\tPOS\tID\tREF\tALT\nchr1\t2\t.\tC\tA,T\n"
DOORS = {
    "own.gmt": (functools.partial(formats.read_gmt, by_name=True), TEXTS["gmt"]),
    "genome.fa": (variants.genome, b">chr1 one\nACGTNacgt\n>chr2\nGGCC\n"),
    "own.vcf": (variants.read, VCF),
    "own.vcf.gz": (variants.read, gzip.compress(VCF, mtime=0)),
    "own.tsv": (variants.read, b"chrom\tpos\tref\talt\nchr1\t2\tC\tA\n"),
}
"""Files that commands take → their reader, and sound content."""


def readers() -> Iterator[tuple[str, Callable, Callable[[Path], bytes], str]]:
    """What is tried: its name, the reader, how a sound file is made, and the file's name."""
    sys.path[:0] = [str(paths.ROOT / "tests")]
    from data import test_vectors as good

    def written(name, path):
        path.with_name("v.ids.txt").write_text("\n".join(good.IDS))
        good.FILES[name](path)
        return path.read_bytes()

    def source(path, spec):
        return sources._table.__wrapped__(path, spec)

    for name in (name for name in good.FILES if name.startswith("v.")):
        yield f"vectors: {name}", vectors.read_vectors, functools.partial(written, name), name
    for kind, text in TEXTS.items():
        spec = specs.FileSpec(format=kind, path=f"s.{kind}").model_dump_json()
        yield f"source: {kind}", functools.partial(source, spec=spec), lambda _, t=text: t, kind
    for name, (read, text) in (DOORS | others()).items():
        yield f"command: {name}", read, lambda _, t=text: t, name


def others() -> dict[str, tuple[Callable, bytes]]:
    """Files of the project itself, as a user may have changed them."""
    scores = io.BytesIO()
    pd.read_parquet(next(paths.RESULTS.glob("*/scores.parquet"))).head(40).to_parquet(scores)
    return {
        "declaration.yml": (specs.read_yaml, b"a: [1, {b: c}]\n"),
        "manifest.json": (manifest.read, b'{"cells": [], "versions": {}}'),
        "scores.parquet": (results.read, scores.getvalue()),
    }


def damaged(raw: bytes, draw: random.Random) -> bytes:
    """A file of which bytes were changed, cut out, doubled or put in; sometimes only noise."""
    if draw.random() < 0.05:
        return draw.randbytes(draw.randint(0, 300))
    out = bytearray(raw)
    for _ in range(draw.randint(1, 4)):
        at, what = draw.randrange(len(out) + 1), draw.randrange(6)
        if what == 0 and at < len(out):
            out[at] ^= 1 << draw.randrange(8)
        elif what == 1 and draw.random() < 0.3:
            del out[at:]
        elif what == 2:
            del out[at : at + draw.randint(1, 40)]
        elif what == 3:
            out[at:at] = out[at : at + draw.randint(1, 200)]
        elif what == 4:
            out[at:at] = draw.randbytes(draw.randint(0, 30))
        else:
            out[at : at + 8] = struct.pack("<q", draw.choice([-1, 2**31, 2**40, 2**62, 0]))
    return bytes(out)


def attempt(read: Callable, path: Path) -> str:
    """Read a file: ``read``, ``refused`` in a sentence, or the fault."""
    signal.alarm(SECONDS)
    try:
        read(path)
        return "read"
    except BadInput as err:
        return "refused" if 20 < len(str(err)) < 1500 and "\n" not in str(err) else repr(str(err))
    except BaseException:  # whatever it is, it should have been a sentence
        return traceback.format_exc()
    finally:
        signal.alarm(0)


def try_reader(read: Callable, sound: Callable, file: str, inputs: int, note: Path) -> None:
    """Try a reader on damaged files; the counts so far are kept in ``note``."""

    def late(*_):
        raise TimeoutError(f"not done in {SECONDS} s")

    signal.signal(signal.SIGALRM, late)
    warnings.simplefilter("ignore")
    draw, start, row = random.Random(0), time.perf_counter(), dict.fromkeys(COLUMNS, 0)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, file)
        raw = sound(path)
        for number in range(inputs):
            path.write_bytes(damaged(raw, draw))
            before = time.perf_counter()
            end = attempt(read, path)
            now = time.perf_counter()
            row["inputs"] += 1
            row[end if end in ("read", "refused") else "other"] += 1
            row["worst_s"] = max(row["worst_s"], round(now - before, 2))
            row["seconds"] = round(now - start, 1)
            row["peak_mb"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
            if end not in ("read", "refused"):
                print(f"{file}, input {number}: {end}", flush=True)
            if number % 500 == 499 or number == inputs - 1:
                pd.Series(row).to_json(note)


COLUMNS = ("inputs", "read", "refused", "other", "seconds", "worst_s", "peak_mb")


def main(inputs: int, words: list[str]) -> int:
    """Try every reader, and print and keep what came of it.

    Returns
    -------
    int
        How many readers failed.
    """
    failed, rows = 0, {}
    for name, read, sound, file in [*readers()]:
        if words and not any(word in name for word in words):
            continue
        with tempfile.NamedTemporaryFile(suffix=".json") as note:
            Path(note.name).write_text("{}")
            child = os.fork()
            if not child:
                try:
                    try_reader(read, sound, file, inputs, Path(note.name))
                finally:
                    os._exit(0)
            status = os.waitpid(child, 0)[1]
            row = pd.read_json(note.name, typ="series").reindex(COLUMNS).fillna(0)
        crashed = bool(status or row.inputs < inputs)
        failed += crashed or bool(row.other > 0)
        print(f"{name}: {row.to_dict()}" + f"; ended by {status}" * crashed, flush=True)
        rows[name] = row
    path = results.beside_path(*PLACE)
    old = pd.read_csv(path, index_col="input") if path.exists() and words else pd.DataFrame()
    new = pd.DataFrame(rows).T.rename_axis("input")
    whole = pd.concat([old.drop(new.index, errors="ignore"), new]).convert_dtypes()
    results.write_csv(whole.reset_index(), path)
    return failed


if __name__ == "__main__":
    number, *chosen = sys.argv[1:] or ["20000"]
    sys.exit(bool(main(int(number), chosen)))
