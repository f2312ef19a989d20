"""A coverage-guided fuzz target for every reader of files that others give.

It runs until its time ends; readers and sound files are those of ``fuzz``.

    pip install atheris
    python -m benchmarks.fuzz_guided .fuzz-corpus -max_total_time=600 -timeout=20 -rss_limit_mb=4096

The first byte chooses the reader. It starts from one sound file of each format, and libFuzzer
keeps what reaches new code. A fault that is no sentence, a hang or a crash ends it and leaves the
input behind. With ``GENEBENCH_RECORD=1`` what came of the inputs is added up in
``data/results/reliability/guided.csv``.
"""

import os
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["genebench"]):
    import pandas as pd

    from benchmarks import fuzz
    from genebench.benchmark import results
    from genebench.core.errors import BadInput

FOLDER = Path(tempfile.mkdtemp())
COUNT = Counter()
EVERY = 2000
"""Inputs between two writings of the counts."""


READERS = {file: (read, sound(FOLDER / file)) for _, read, sound, file in fuzz.readers()}
"""Name of a file → its reader, and sound content."""
NAMES = list(READERS)


def one(data: bytes) -> None:
    """Give one input to the reader that its first byte chooses."""
    if not data:
        return
    name = NAMES[data[0] % len(NAMES)]
    (FOLDER / name).write_bytes(data[1:])
    start, end = time.perf_counter(), "read"
    try:
        READERS[name][0](FOLDER / name)
    except BadInput as err:
        end = "refused"
        assert "\n" not in str(err) and len(str(err)) < 1500, repr(str(err))
    COUNT[name, end] += 1
    COUNT[name, "seconds"] += time.perf_counter() - start
    COUNT["all"] += 1
    if COUNT["all"] % EVERY == 0 and os.environ.get("GENEBENCH_RECORD"):
        ends = [[COUNT[n, end] for end in ("read", "refused", "seconds")] for n in sorted(NAMES)]
        rows = [(n, a + b, a, b, 0, round(s, 1)) for n, (a, b, s) in zip(sorted(NAMES), ends)]
        columns = ["reader", "inputs", "read", "refused", "other", "seconds"]
        results.write_csv(
            pd.DataFrame(rows, columns=columns), results.beside_path("reliability", "guided.csv")
        )


if __name__ == "__main__":
    for folder in (Path(a) for a in sys.argv[1:] if not a.startswith("-")):
        folder.mkdir(parents=True, exist_ok=True)
        for number, (_, content) in enumerate(READERS.values()):
            (folder / f"seed-{number}").write_bytes(bytes([number]) + content)
    atheris.Setup(sys.argv, one)
    atheris.Fuzz()
