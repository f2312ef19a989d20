"""The measurement of the inference loop beside a plain loop."""

import numpy as np
import pytest
import torch
import transformers
from torch.utils.flop_counter import FlopCounterMode

from benchmarks import embed


@pytest.mark.parametrize(
    "rows_of, unit, width",
    [(embed.protein_rows, "MKTAYIAKQR", 40), (embed.dna_rows, "ACGTTGCANC" * 6, 64)],
)
def test_both_loops_give_the_same_vectors_and_the_row_is_their_ratio(rows_of, unit, width):
    texts = [unit * n for n in (1, 3, 2, 3)]
    rows = rows_of(texts, device="cpu", repeats=2, layers=1, width=width, context=64)
    assert [row["case"].split(", ")[-1] for row in rows] == ["float32", "bfloat16"]
    for row, least in zip(rows, (0.99999, 0.999)):
        assert row["lowest_cosine"] > least
        assert row["ratio"] == pytest.approx(row["ours_per_s"] / row["theirs_per_s"])
        assert row["ceiling_fraction"] > 0 and row["distinct_tokens"] < 1


def test_the_operations_of_a_layer_are_counted_as_torch_counts_them():
    size = dict(hidden_size=32, num_hidden_layers=3, num_attention_heads=4, intermediate_size=64)
    config = transformers.BertConfig(vocab_size=9, **size)
    network = transformers.BertModel(config, add_pooling_layer=False).eval()
    network.set_attn_implementation("eager")
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        network(input_ids=torch.ones(1, 20, dtype=torch.long))
    expected = pytest.approx(counter.get_total_flops(), rel=1e-6)
    assert embed.operations(network, np.array([20])) == expected
