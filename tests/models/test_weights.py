"""Where weights are, whether they are the same as before, and whose code is run."""

import pytest
import torch
from helpers import refused

from genebench.core import specs
from genebench.data import sources
from genebench.models import weights


def test_weights_that_are_not_available_are_one_sentence_that_says_what_to_run(shelf, model):
    message = "fetch --model tiny.*'owner/tiny'.*GENEBENCH_WEIGHTS"
    with pytest.raises(sources.Missing, match=message):
        weights.locate(model())
    status, reason = weights.status(model(parameters=100))
    assert status == "needs download" and "about 400 MB" in reason
    assert weights.status(model(gated=True))[0] == "needs licence acceptance"


def test_half_of_the_weights_are_not_the_weights(save, shelf, model):
    save("bert")
    assert weights.locate(model()) == shelf
    (shelf / "model.safetensors").rename(shelf / "model.partial")
    with pytest.raises(sources.Missing, match="lacks model.safetensors or pytorch_model.bin"):
        weights.locate(model())
    index = '{"weight_map": {"a": "model-1.safetensors"}}'
    (shelf / "model.safetensors.index.json").write_text(index)
    with pytest.raises(sources.Missing, match="lacks model-1.safetensors"):
        weights.locate(model())


def test_a_large_model_must_fit_a_gpu_and_be_pinned(save, model, monkeypatch):
    save("bert")
    large = dict(parameters=7000, dtype="bfloat16")
    for memory, start in ((0, "needs GPU memory: about 17 GB"), (24, "ready: ")):
        monkeypatch.setattr(weights, "_gpu_gb", lambda memory=memory: memory)
        assert ": ".join(weights.status(model(**large, revision="0" * 40))).startswith(start)
    assert weights.status(model(**large))[0] == "not pinned"


def test_weights_are_fetched_only_at_a_commit(model):
    with refused("no revision is pinned"):
        weights.locate(model(hub="owner/name"), download=True)
    hubs = [spec for spec in specs.declared().models.values() if spec.hub]
    loose = {spec.name for spec in hubs if not spec.revision}
    assert loose == {"caduceus-ph-131k", "gpn-animal-promoter"}  # no commit of theirs is known


def test_other_weights_than_those_used_first_are_refused(save, shelf, model):
    network = save("bert")
    weights.verify(model(), shelf)
    weights.verify(model(), shelf)
    torch.nn.init.ones_(network.embeddings.word_embeddings.weight)
    network.save_pretrained(shelf)
    with refused("model.safetensors of its weights .* is another"):
        weights.verify(model(), shelf)


def test_a_snapshot_of_another_revision_is_refused(tmp_path, shelf, model):
    with refused("is not the declared revision"):
        weights.verify(model(revision="a" * 40), tmp_path / ("b" * 40))


def test_code_is_run_only_if_declared_pinned_and_requested(model, monkeypatch):
    monkeypatch.setenv("GENEBENCH_REMOTE_CODE", "another")
    pinned = model(remote_code=True, revision="a" * 40)
    assert weights.trusted(model()) is False
    with refused("no revision is pinned"):
        weights.trusted(model(remote_code=True))
    with refused("--remote-code"):
        weights.trusted(pinned)
    weights.trust(pinned)
    assert weights.trusted(pinned) is True
