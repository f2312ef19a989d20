"""Operations of a network, as the measurement of speed counts them."""

import numpy as np
import pytest
import torch
import transformers
from torch.utils.flop_counter import FlopCounterMode

from benchmarks import embed


def test_the_operations_of_a_layer_are_counted_as_torch_counts_them():
    size = dict(hidden_size=32, num_hidden_layers=3, num_attention_heads=4, intermediate_size=64)
    config = transformers.BertConfig(vocab_size=9, **size)
    network = transformers.BertModel(config, add_pooling_layer=False).eval()
    network.set_attn_implementation("eager")
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        network(input_ids=torch.ones(1, 20, dtype=torch.long))
    expected = pytest.approx(counter.get_total_flops(), rel=1e-6)
    assert embed.operations(network, np.array([20])) == expected
