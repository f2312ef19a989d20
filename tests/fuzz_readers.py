"""A coverage-guided fuzz target for every reader of vectors; no test, because it runs until it is stopped.

    pip install atheris
    python tests/fuzz_readers.py -max_total_time=600 .fuzz-corpus

The first byte chooses the format. A fault that is no sentence, a hang or a crash ends it and leaves the input behind.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["genebench"]):
    from genebench import readers, specs, vectors
    from genebench.errors import BadInput

ENDINGS = [".csv", ".tsv", ".txt", ".vec", ".json", ".pkl", ".npz", ".npy", ".parquet", ".csv.gz", ".tsv.zip"]
OTHERS = [readers.read_gmt, readers.read_fasta, readers.read_lists, specs.read_yaml]
FOLDER = Path(tempfile.mkdtemp())


def one(data: bytes) -> None:
    """Give one input to the reader that its first byte chooses."""
    if not data:
        return
    choice, content = data[0] % (len(ENDINGS) + len(OTHERS)), data[1:]
    path = FOLDER / ("v" + (ENDINGS[choice] if choice < len(ENDINGS) else ".any"))
    path.write_bytes(content)
    read = vectors.read_vectors if choice < len(ENDINGS) else OTHERS[choice - len(ENDINGS)]
    try:
        read(path)
    except (BadInput, UnicodeDecodeError):  # the callers of the text readers make a sentence of the second
        pass


if __name__ == "__main__":
    atheris.Setup(sys.argv, one)
    atheris.Fuzz()
