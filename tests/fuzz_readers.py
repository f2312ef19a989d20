"""A coverage-guided fuzz target for every reader of files that others give.

No test: it runs until its time ends.

    pip install atheris
    python tests/fuzz_readers.py .fuzz-corpus -max_total_time=600 -timeout=20 -rss_limit_mb=4096

The first byte chooses the reader. It starts from one sound file of each format, and libFuzzer
keeps what reaches new code. A fault that is no sentence, a hang or a crash ends it and leaves the
input behind. With ``GENEBENCH_RECORD=1`` what came of the inputs is added up in
``data/results/reliability/guided.csv``.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["genebench"]):
    import pandas as pd

    from genebench.benchmark import results
    from genebench.core import manifest, paths, specs
    from genebench.core.errors import BadInput
    from genebench.data import readers, vectors
    from genebench.glm import variants

TEXTS = {
    "gmt": (readers.read_gmt, b"SET\tabout\tTP53\tBRCA1\n"),
    "fasta": (readers.read_fasta, b">sp|P1|A_HUMAN a GN=TP53\nMKV\n>b\nACD\n"),
    "lists": (readers.read_lists, b"TP53\tBRCA1\n"),
    "yaml": (specs.read_yaml, b"a: [1, {b: c}]\n"),
    "genome": (variants.genome, b">chr1 one\nACGTNacgt\n>chr2\nGGCC\n"),
    "vcf": (
        variants.read,
        b"##fileformat=VCFv4.2\n#CHROM\tPOS\tID\tREF\tALT\nchr1\t2\t.\tC\tA,T\n",
    ),
    "scores": (results.read, b""),
    "manifest": (manifest.read, b'{"cells": [], "versions": {}}'),
}
FOLDER = Path(tempfile.mkdtemp())
COUNT: dict[str, list[float]] = {}
EVERY = 2000
"""Inputs between two writings of the counts."""


def seeds() -> dict[str, tuple]:
    """Name → (reader, sound content): every format of vectors, and ``TEXTS``."""
    from data.test_hostile_files import SEEDS

    out = {f"vectors: {name}": (vectors.read_vectors, content) for name, content in SEEDS.items()}
    real = next(iter(sorted(paths.RESULTS.glob("*/scores.parquet"))), None)
    if real is not None:
        small = FOLDER / "scores.parquet"
        pd.read_parquet(real).head(40).to_parquet(small)
        TEXTS["scores"] = (results.read, small.read_bytes())
    return out | {name: reader for name, reader in TEXTS.items()}


READERS = seeds()
NAMES = list(READERS)


def ending(name: str) -> str:
    """The name of a file that a reader takes."""
    return (
        name.split(": ")[1]
        if ": " in name
        else {"scores": "v.parquet", "vcf": "v.vcf"}.get(name, "v.txt")
    )


def one(data: bytes) -> None:
    """Give one input to the reader that its first byte chooses."""
    if not data:
        return
    name = NAMES[data[0] % len(NAMES)]
    path = FOLDER / ending(name)
    path.write_bytes(data[1:])
    count, start = COUNT.setdefault(name, [0, 0, 0, 0.0]), time.perf_counter()
    count[0] += 1
    try:
        READERS[name][0](path)
        count[1] += 1
    except BadInput as err:
        count[2] += 1
        assert "\n" not in str(err) and len(str(err)) < 1500, repr(str(err))
    except UnicodeDecodeError:  # the callers of the text readers make a sentence of it
        count[2] += 1
    count[3] += time.perf_counter() - start
    if sum(c[0] for c in COUNT.values()) % EVERY == 0:
        write_counts()


def write_counts() -> None:
    """Write the counts."""
    if os.environ.get("GENEBENCH_RECORD"):
        rows = [(n, *c[:3], c[0] - c[1] - c[2], round(c[3], 1)) for n, c in sorted(COUNT.items())]
        columns = ["reader", "inputs", "read", "refused", "other", "seconds"]
        results.write_csv(pd.DataFrame(rows, columns=columns), results.reliability_path("guided"))


if __name__ == "__main__":
    corpus = [a for a in sys.argv[1:] if not a.startswith("-")]
    if corpus:
        Path(corpus[0]).mkdir(parents=True, exist_ok=True)
        for number, (_, content) in enumerate(READERS.values()):
            Path(corpus[0], f"seed-{number}").write_bytes(bytes([number]) + content)
    atheris.Setup(sys.argv, one)
    atheris.Fuzz()
