"""The inference loop: shards, resuming after a kill, memory that runs out, several devices, owners and spans."""

from __future__ import annotations

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import torch

from benchmarks import embed
from genebench import models
from genebench.core import specs, workers
from genebench.core.errors import BadInput, RunFailed
from genebench.data import readers
from genebench.models import Sequences, inference

ROOT = Path(__file__).resolve().parents[1]


def work(tokens, *, fail=None, seen=None, **options) -> Sequences:
    """A network that returns the sum of the tokens that count, and their number; ``fail(ids)`` may raise."""

    def forward(device):
        def sums(ids, mask, counted=None):
            if seen is not None:
                seen.append(ids.shape)
            if fail:
                fail(ids)
            counted = mask if counted is None else counted
            return torch.stack(
                [(ids * counted).sum(1) / counted.sum(1), counted.sum(1)], dim=1
            ).double()

        return sums

    return Sequences(np.arange(options.pop("n", len(tokens))), tokens, 99, forward, **options)


@pytest.fixture
def tokens():
    """Sixty distinct sequences of one to thirty tokens."""
    rng = np.random.default_rng(0)
    return [[i, *rng.integers(1, 50, rng.integers(0, 30)).tolist()] for i in range(60)]


@pytest.fixture
def small(monkeypatch):
    """Shards of 100 tokens."""
    monkeypatch.setattr(inference, "SHARD", 100)


def test_shards_are_cut_whatever_the_budget_and_together_are_the_whole(tokens, small):
    batches = inference.Batches.of(work(tokens))
    assert len(batches.shards) > 5
    assert sorted(np.concatenate(batches.shards).tolist()) == list(range(60))
    lengths = [len(tokens[i]) for i in batches.order]
    assert lengths == sorted(lengths, reverse=True)
    wanted = inference.infer(work(tokens)).vectors
    for budget in (1, 40, 5000):
        np.testing.assert_allclose(
            inference.infer(work(tokens), token_budget=budget).vectors, wanted
        )
    np.testing.assert_allclose(wanted[:, 0], [np.mean(t) for t in tokens], rtol=1e-6)


def test_equal_sequences_are_run_once():
    seen = []
    made = inference.infer(work([[1, 2], [3], [1, 2], [3], [1, 2]], seen=seen))
    assert made.vectors.tolist() == [[1.5, 2], [3, 1], [1.5, 2], [3, 1], [1.5, 2]]
    assert sum(rows for rows, _ in seen) == 2


def test_a_run_that_was_cut_off_goes_on_and_loses_one_shard_at_most(tokens, small, tmp_path):
    ran, shards = [], inference.Batches.of(work(tokens)).shards

    def cut_off(ids):
        if len(ran) == 3:
            raise KeyboardInterrupt
        ran.append(len(ids))

    with pytest.raises(KeyboardInterrupt):
        inference.infer(work(tokens, fail=cut_off), folder=tmp_path)
    left = sorted(tmp_path.rglob("*.npy"))
    assert 2 <= len(left) <= 3  # each shard is one batch here
    seen = []
    made = inference.infer(work(tokens, seen=seen), folder=tmp_path)
    assert sum(n for n, _ in seen) == sum(len(s) for s in shards[len(left) :])
    np.testing.assert_array_equal(made.vectors, inference.infer(work(tokens)).vectors)


def test_a_broken_shard_is_run_again(tokens, small, tmp_path):
    wanted = inference.infer(work(tokens), folder=tmp_path).vectors
    first = sorted(tmp_path.rglob("*.npy"))[0]
    first.write_bytes(first.read_bytes()[:60])
    seen = []
    np.testing.assert_array_equal(
        inference.infer(work(tokens, seen=seen), folder=tmp_path).vectors, wanted
    )
    assert sum(n for n, _ in seen) == len(inference.Batches.of(work(tokens)).shards[0])


def test_shards_of_other_sequences_are_not_taken(tokens, small, tmp_path):
    inference.infer(work(tokens), folder=tmp_path)
    other = [[*t, 7] for t in tokens]
    np.testing.assert_array_equal(
        inference.infer(work(other), folder=tmp_path).vectors, inference.infer(work(other)).vectors
    )


KILLED = """
import os, sys, numpy as np, torch
from genebench import embed
from genebench.encoders import Sequences
embed.SHARD, folder, last = 100, __import__("pathlib").Path(sys.argv[1]), int(sys.argv[2])
done = []
def forward(device):
    def sums(ids, mask):
        if len(done) == last:
            os.kill(os.getpid(), 9)
        done.append(1)
        return (ids * mask).sum(1, keepdim=True).float()
    return sums
tokens = [[i] * (1 + i % 20) for i in range(80)]
made = embed.infer(Sequences(np.arange(80), tokens, 0, forward), folder=folder)
print(len(done), bool((made.vectors[:, 0] == [sum(t) for t in tokens]).all()))
"""


def test_a_killed_process_loses_one_shard_at_most(tmp_path):
    def run(last):
        told = [sys.executable, "-c", KILLED, str(tmp_path), str(last)]
        return subprocess.run(
            told,
            cwd=ROOT,
            capture_output=True,
            text=True,
            env={**os.environ, "OMP_NUM_THREADS": "1"},
        )

    assert run(4).returncode == -9
    kept = sorted(tmp_path.rglob("[0-9]*.npy"))
    assert len(kept) >= 3 and all(len(np.load(p)) for p in kept)
    again = run(-1)
    ran, right = again.stdout.split()
    assert right == "True" and len(kept) + int(ran) == len(list(tmp_path.rglob("[0-9]*.npy")))


def test_a_batch_that_does_not_fit_is_halved_and_the_rest_goes_on(tokens):
    seen = []

    def full(ids):
        if ids.numel() > 120:
            raise torch.OutOfMemoryError("out of memory")

    made = inference.infer(work(tokens, fail=full, seen=seen), token_budget=1000)
    np.testing.assert_array_equal(made.vectors, inference.infer(work(tokens)).vectors)
    assert sum(rows * length > 120 for rows, length in seen) <= 4  # a few trials, then no more


def test_a_sequence_that_never_fits_is_one_sentence(tokens):
    def full(ids):
        raise torch.OutOfMemoryError("out of memory")

    with pytest.raises(
        RunFailed, match="a sequence of 30 tokens does not fit into the memory of 'cpu'"
    ):
        inference.infer(work([[1] * 30], fail=full))


def test_other_faults_are_not_taken_for_a_lack_of_memory(tokens):
    def broken(ids):
        raise RuntimeError("a bug")

    with pytest.raises(RuntimeError, match="a bug"):
        inference.infer(work(tokens, fail=broken))


def test_an_entity_is_the_mean_of_its_parts_by_the_tokens_that_count():
    parts = [[9, 1, 2, 9], [9, 6, 9], [9, 5, 5, 9]]
    spans = [(1, 3), (1, 2), (1, 3)]
    made = inference.infer(work(parts, n=2, owner=np.array([0, 0, 1]), spans=spans))
    np.testing.assert_allclose(made.vectors[:, 0], [(1 + 2 + 6) / 3, 5])
    assert inference.infer(
        work(parts, n=2, owner=np.array([0, 0, 1]), unit=True)
    ).vectors.shape == (2, 2)


def test_devices_are_told_by_name():
    assert inference.devices("cpu, cpu") == ["cpu", "cpu"] and inference.devices("cuda:1") == [
        "cuda:1"
    ]
    with pytest.raises(BadInput, match="there is no such device"):
        inference.devices(" ")
    if not torch.cuda.is_available():
        with pytest.raises(BadInput, match="there is no such device"):
            inference.devices("all")
        with pytest.raises(BadInput, match="no CUDA device; use --device cpu"):
            inference.infer(work([[1]]), device="cuda")


def test_several_processes_share_the_shards(tokens, home, small, monkeypatch):
    monkeypatch.setattr(workers, "pool", lambda jobs: ThreadPoolExecutor(jobs))
    spec, genes = specs.model("stem"), np.array([f"G{i:02d}" for i in range(60)])
    shares, whole = [], inference.infer
    monkeypatch.setattr(
        inference, "encoder", lambda spec: lambda spec, genes, **options: work(tokens)
    )

    def told(*given, **options):
        shares.append(options.get("share"))
        return whole(*given, **options)

    monkeypatch.setattr(inference, "infer", told)
    done = []
    made = inference.embed(
        spec, genes, device="cpu,cpu,cpu", progress=lambda d, n: done.append((d, n))
    )
    np.testing.assert_array_equal(made.vectors, whole(work(tokens)).vectors)
    assert sorted(shares, key=str) == [(0, 3), (1, 3), (2, 3), None] and done[-1] == (60, 60)
    assert not inference.path(spec, genes).with_suffix(".parts").exists()


@pytest.mark.slow
def test_two_real_processes_give_the_vectors_of_one(tmp_path):
    """Through the command line, on the real text model and a part of the demo's genes."""
    script = (
        "import numpy as np\nfrom genebench import embed, specs\nembed.SHARD = 8\n"
        "if __name__ == '__main__':\n"
        "    genes = np.array(sorted(['TP53', 'BRCA1', 'HOXA13', 'IL2', 'KRT18', 'A1BG']))\n"
        "    spec = specs.model('minilm-symbol')\n"
        "    one = embed.infer(embed._encode(spec, genes))\n"
        "    embed._run = None  # from here on this process computes nothing\n"
        "    two = embed.embed(spec, genes, device='cpu,cpu')\n"
        "    print(float(abs(one.vectors - two.vectors).max()))\n"
    )
    (tmp_path / "two.py").write_text(script)
    there = {
        **os.environ,
        "GENEBENCH_CACHE": str(tmp_path),
        "PYTHONPATH": str(ROOT),
        "HF_HUB_OFFLINE": "1",
    }
    told = subprocess.run(
        [sys.executable, str(tmp_path / "two.py")], capture_output=True, text=True, env=there
    )
    assert told.returncode == 0, told.stderr[-500:]
    assert float(told.stdout) < 1e-5


def test_importing_touches_neither_disk_nor_network_nor_torch(tmp_path):
    script = (
        "import socket, sys, pkgutil, importlib\n"
        "def refuse(*a, **k): raise SystemExit('network')\n"
        "socket.socket.connect = refuse\n"
        "import genebench, genebench.encoders\n"
        "names = [m.name for m in pkgutil.walk_packages(genebench.__path__, 'genebench.') if 'main' not in m.name]\n"
        "skip = ('notebooks', 'page')\n"
        "nets = ('genebench.probes.', 'genebench.glm.', 'genebench.spectra.nets')\n"
        "import genebench.glm.commands\n"
        "for n in names:\n"
        "    if not n.endswith(skip) and not n.startswith(nets): importlib.import_module(n)\n"
        "print(len(names), 'torch' in sys.modules, 'transformers' in sys.modules, 'huggingface_hub' in sys.modules)\n"
    )
    there = {**os.environ, "GENEBENCH_CACHE": str(tmp_path / "cache"), "PYTHONPATH": str(ROOT)}
    told = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, env=there, cwd=tmp_path
    )
    assert told.returncode == 0, told.stderr[-500:]
    number, *loaded = told.stdout.split()
    assert int(number) > 30 and loaded == ["False", "False", "False"]
    assert list(tmp_path.iterdir()) == []


# --- the measuring code -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "rows_of, unit, width",
    [(embed.protein_rows, "MKTAYIAKQR", 40), (embed.dna_rows, "ACGTTGCANC" * 6, 64)],
)
def test_both_loops_give_the_same_vectors_and_the_row_is_their_ratio(rows_of, unit, width):
    rows = rows_of(
        [unit * n for n in (1, 3, 2, 3)], device="cpu", repeats=2, layers=1, width=width, context=64
    )
    assert [r["case"].split(", ")[-1] for r in rows] == ["float32", "bfloat16"]
    for row in rows:
        assert row["lowest_cosine"] > (0.99999 if "float32" in row["case"] else 0.999)
        assert row["ratio"] == pytest.approx(row["ours_per_s"] / row["theirs_per_s"])
        assert 0 < row["ceiling_fraction"] < 1 and row["distinct_tokens"] < 1


def test_the_operations_of_a_layer_are_counted_as_torch_counts_them():
    from torch.utils.flop_counter import FlopCounterMode
    from transformers import BertConfig, BertModel

    config = BertConfig(
        hidden_size=32,
        num_hidden_layers=3,
        num_attention_heads=4,
        intermediate_size=64,
        vocab_size=9,
    )
    network = BertModel(config, add_pooling_layer=False).eval()
    network.set_attn_implementation("eager")
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        network(input_ids=torch.ones(1, 20, dtype=torch.long))
    assert embed.operations(network, np.array([20])) == pytest.approx(
        counter.get_total_flops(), rel=1e-6
    )


def test_residues_are_the_tokens_of_esm(tmp_path):
    import transformers

    listed = [
        "<cls>",
        "<pad>",
        "<eos>",
        "<unk>",
        *"LAGVSERTIDPKQNFYMHWCXBUZO.-",
        "<null_1>",
        "<mask>",
    ]
    (tmp_path / "vocab.txt").write_text("\n".join(listed))
    real = transformers.EsmTokenizer(str(tmp_path / "vocab.txt"))
    ours = embed.Residues()(["MKTWY", "ACDXU"], truncation=True, max_length=6)
    assert ours["input_ids"] == real(["MKTWY", "ACDXU"], truncation=True, max_length=6)["input_ids"]


def test_nucleotides_are_cut_in_words_of_six_and_the_rest_in_letters():
    words = embed.Sixmers()
    cut = [words.tokens(text, 9) for text in ("AAAAAA", "CAAAAAACG", "TTTTTTACGTNA", "ACGTAC" * 20)]
    assert cut[0] == [8] and cut[1] == [9, 3, 4, 5]
    assert cut[2] == [8 + 4**6 - 1, 3, 4, 5, 6, 7, 3] and len(cut[3]) == 9 and len(set(cut[3])) == 1


def test_written_rows_replace_those_of_the_same_case(home):
    row = {c: 1.0 for c in embed.COLUMNS + embed.MORE} | {"device": "d", "threads": 1}
    embed.write([row | {"case": "a"}, row | {"case": "b"}])
    embed.write([row | {"case": "a", "ratio": 2.0}])
    kept = readers.read_tsv(embed.results_path(), sep=",")
    assert kept.case.tolist() == ["b", "a"] and kept.ratio.astype(float).tolist() == [1, 2]


def test_every_neural_entry_is_declared_whole():
    for model in specs.models().values():
        if model.hub or model.files:
            assert model.citation and (model.hub or model.how), model.name
            assert model.files or (model.parameters and model.context), model.name
            assert models.encoder(model).__name__ in ("transformer", "protein", "dna", "checkpoint")
