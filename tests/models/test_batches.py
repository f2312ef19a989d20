"""The inference loop: batches, shards, resuming after a kill, memory that runs out."""

import numpy as np
import pytest
import torch
from helpers import refused
from numpy.testing import assert_allclose, assert_array_equal

from genebench.core.errors import RunFailed
from genebench.models import Sequences, batches
from genebench.models.batches import Batches, infer


def work(tokens, *, fail=lambda ids: None, shapes=None, masks=True):
    """A network that returns mean and number of the tokens; ``fail(ids)`` may raise."""

    def forward(device):
        def means(ids, mask):
            if shapes is not None:
                shapes.append(tuple(ids.shape))
            fail(ids)
            total = mask.sum(1)
            return torch.stack([(ids * mask).sum(1) / total, total], dim=1).double()

        means.masks = masks
        return means

    return Sequences(np.arange(len(tokens)), tokens, 99, forward)


@pytest.fixture
def tokens():
    """Sixty distinct sequences of one to thirty tokens."""
    rng = np.random.default_rng(0)
    return [[i, *rng.integers(1, 50, rng.integers(0, 30)).tolist()] for i in range(60)]


@pytest.fixture
def small(monkeypatch):
    """Shards of 100 tokens."""
    monkeypatch.setattr(batches, "SHARD", 100)


@pytest.fixture
def budget(monkeypatch):
    """Set the most padded tokens of a batch."""
    return lambda most: monkeypatch.setattr(batches, "BUDGET", {"cpu": most})


@pytest.mark.parametrize("most", [31, 5000])
def test_shards_are_run_whatever_the_budget_and_no_batch_is_beyond_it(tokens, small, budget, most):
    assert len(Batches.of(work(tokens)).shards) > 5
    shapes, calls, tokens = [], [], [*tokens, *tokens[:9]]  # equal ones are run once
    budget(most)
    result = infer(work(tokens, shapes=shapes), progress=lambda *call: calls.append(call))
    assert_allclose(result.vectors, [[np.mean(t), len(t)] for t in tokens], rtol=1e-6)
    assert max(rows * length for rows, length in shapes) <= most
    assert [length for _, length in shapes] == sorted((n for _, n in shapes), reverse=True)
    assert calls[-1] == (60, 60) and [d for d, _ in calls] == sorted({d for d, _ in calls})


def test_networks_without_a_mask_get_batches_of_one_length():
    shapes = []
    tokens = [[1] * n for n in (3, 3, 2, 5)] + [[2] * 3]
    result = infer(work(tokens, shapes=shapes, masks=False))
    assert result.vectors[:, 1].tolist() == [3, 3, 2, 5, 3]
    assert shapes == [(1, 5), (2, 3), (1, 2)]


def test_a_run_that_was_cut_off_goes_on_and_loses_one_shard_at_most(tokens, small, tmp_path):
    ran, shards, shapes = [], Batches.of(work(tokens)).shards, []

    def interrupt(ids):
        if len(ran) == 3:
            raise KeyboardInterrupt
        ran.append(len(ids))

    with pytest.raises(KeyboardInterrupt):
        infer(work(tokens, fail=interrupt), folder=tmp_path)
    stored = sorted(tmp_path.rglob("*.npy"))
    assert 2 <= len(stored) <= 3  # each shard is one batch here
    # other digits of a vector: the file is as long as before, and is run again
    stored[0].write_bytes(stored[0].read_bytes()[:-3] + b"abc")
    result = infer(work(tokens, shapes=shapes), folder=tmp_path)
    again = [shards[0], *shards[len(stored) :]]
    assert sum(rows for rows, _ in shapes) == sum(map(len, again))
    assert_array_equal(result.vectors, infer(work(tokens)).vectors)
    other = [[*t, 7] for t in tokens]  # shards of other sequences are not taken
    result = infer(work(other), folder=tmp_path)
    assert_array_equal(result.vectors, infer(work(other)).vectors)


def test_a_batch_that_does_not_fit_is_halved_and_the_rest_goes_on(tokens, budget):
    shapes = []
    budget(1000)

    def limited(ids):
        if ids.numel() > 120:
            raise torch.OutOfMemoryError("out of memory")

    result = infer(work(tokens, fail=limited, shapes=shapes))
    assert_array_equal(result.vectors, infer(work(tokens)).vectors)
    assert sum(rows * length > 120 for rows, length in shapes) <= 4  # a few trials, then no more


@pytest.mark.parametrize(
    "error, expected, message",
    [
        (MemoryError(), RunFailed, "a sequence of 30 tokens does not fit into the memory of 'cpu'"),
        (RuntimeError("a bug"), RuntimeError, "a bug"),
    ],
)
def test_only_a_lack_of_memory_is_taken_for_one(error, expected, message):
    def fail(ids):
        raise error

    with pytest.raises(expected, match=message):
        infer(work([[1] * 30], fail=fail))


def test_a_device_that_is_not_there_is_one_sentence():
    if torch.cuda.is_available():
        pytest.skip("there is a CUDA device")
    for device in ("cuda", "cdua"):
        with refused(f"device '{device}': this torch cannot use it .*; use --device cpu"):
            infer(work([[1]]), device=device)
