"""The long run of the fuzz tests: many damaged inputs a reader, each reader in its own process.

    python -m benchmarks.fuzz 20000            # all of them
    python -m benchmarks.fuzz 20000 h5ad gmt   # those whose name holds one of these words

A crash, a traceback, or an input that takes ten seconds ends a reader's run with a status other
than 0. Counts go to ``data/results/reliability/fuzz.csv``.
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import time

from genebench.core import paths

FILE = "tests/data/test_hostile_files.py"


def readers(words: list[str]) -> list[str]:
    """Names of the fuzz tests, one a reader."""
    command = [sys.executable, "-m", "pytest", "--collect-only", "-q", FILE]
    listed = subprocess.check_output([*command, "-k", "damaged"], text=True, cwd=paths.ROOT)
    names = [line for line in listed.splitlines() if line.startswith(FILE)]
    return [name for name in names if not words or any(word in name for word in words)]


def main(inputs: int, words: list[str]) -> int:
    """Try every reader and print status, seconds and the largest memory so far in MB.

    Returns
    -------
    int
        How many readers failed.
    """
    failed = 0
    for name in readers(words):
        start, env = time.perf_counter(), {**os.environ, "GENEBENCH_FUZZ": str(inputs)}
        command = [sys.executable, "-m", "pytest", "-q", "--record", name]
        done = subprocess.run(command, cwd=paths.ROOT, env=env, capture_output=True, text=True)
        peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
        seconds = time.perf_counter() - start
        print(
            f"{name.split('::')[1]}: {done.returncode}, {seconds:.0f} s, {peak:.0f} MB", flush=True
        )
        if done.returncode:
            failed += 1
            print(done.stdout[-2000:], done.stderr[-2000:], flush=True)
    return failed


if __name__ == "__main__":
    number, *chosen = sys.argv[1:] or ["20000"]
    sys.exit(bool(main(int(number), chosen)))
