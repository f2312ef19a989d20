"""Networks with the Hugging Face interface: windows, and what cannot be loaded."""

import numpy as np
import pytest
from helpers import refused
from safetensors.torch import load_file, save_file

from genebench.models import hub, inference


@pytest.mark.parametrize("length, room, shared", [(1, 10, 0), (21, 10, 0), (34_350, 1022, 255)])
def test_windows_count_each_token_once_where_it_has_context(length, room, shared):
    windows = hub.cut(length, room, shared)
    counted = [i for _, _, first, last in windows for i in range(first, last)]
    assert counted == list(range(length))
    for start, stop, first, last in windows:
        assert start <= first < last <= stop and stop - start <= room
    for (_, stop, _, meet), (start, *_) in zip(windows, windows[1:]):
        assert stop - start >= shared and min(stop - meet, meet - start) >= shared // 2


def test_a_network_that_lacks_weights_is_not_completed_with_random_ones(save, shelf, vectors):
    save("bert")
    tensors = load_file(shelf / "model.safetensors")
    tensors.pop("encoder.layer.1.output.dense.weight")
    save_file(tensors, shelf / "model.safetensors", metadata={"format": "pt"})
    with refused("1 weights are missing.*encoder.layer.1.output.dense.weight"):
        inference.infer(vectors("transformer", "TTN"))


def test_a_broken_file_is_one_sentence(save, shelf, vectors, model):
    save("bert")
    (shelf / "model.safetensors").write_bytes(b"not weights")
    work = vectors("transformer", "TTN")
    with refused("model 'tiny': the network in .* cannot be loaded"):
        inference.infer(work)
    (shelf / "tokenizer.json").write_text("not a tokenizer")
    with refused("the tokenizer in .* cannot be loaded"):
        vectors("transformer", "TTN", spec=model(name="other"))


def test_code_that_nobody_declared_is_not_run(save, shelf, vectors):
    save("bert")
    (shelf / "own.py").write_text("raise SystemExit('run')\n")
    own = '"model_type": "own", "auto_map": {"AutoConfig": "own.C", "AutoModel": "own.M"}'
    config = (shelf / "config.json").read_text().replace('"model_type": "bert"', own)
    (shelf / "config.json").write_text(config)
    with refused("cannot be loaded"):
        inference.infer(vectors("transformer", "TTN"))


def test_a_module_that_registers_a_network_must_be_installed(save, model):
    save("bert")
    with refused("Python package 'no_such_package'"):
        hub.sequences(model(), np.array(["A"]), ["a"], module="no_such_package.model")
