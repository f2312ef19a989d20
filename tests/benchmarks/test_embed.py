"""The measurement of the inference loop beside a plain loop."""

import numpy as np
import pandas as pd
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


def test_residues_are_the_tokens_of_esm(tmp_path):
    tokens = ["<cls>", "<pad>", "<eos>", "<unk>", *"LAGVSERTIDPKQNFYMHWCXBUZO.-", "<null_1>"]
    (tmp_path / "vocab.txt").write_text("\n".join([*tokens, "<mask>"]))
    options = {"truncation": True, "max_length": 6}
    ours = embed.Residues()(["MKTWY", "ACDXU"], **options)["input_ids"]
    esm = transformers.EsmTokenizer(str(tmp_path / "vocab.txt"))
    assert ours == esm(["MKTWY", "ACDXU"], **options)["input_ids"]


def test_nucleotides_are_cut_in_words_of_six_and_the_rest_in_letters():
    texts = ("AAAAAA", "CAAAAAACG", "TTTTTTACGTNA", "ACGTAC" * 20)
    tokens = [embed.Sixmers().tokens(text, 9) for text in texts]
    assert tokens[:3] == [[8], [9, 3, 4, 5], [8 + 4**6 - 1, 3, 4, 5, 6, 7, 3]]
    assert len(tokens[3]) == 9 and len(set(tokens[3])) == 1


def test_written_rows_replace_those_of_the_same_case(tmp_path, monkeypatch):
    monkeypatch.setattr(embed, "results_path", lambda: tmp_path / "embed.csv")
    row = {c: 1.0 for c in embed.COLUMNS + embed.MORE} | {"device": "d", "threads": 1}
    embed.write([row | {"case": "a"}, row | {"case": "b"}])
    embed.write([row | {"case": "a", "ratio": 2.0}])
    table = pd.read_csv(embed.results_path())
    assert table.case.tolist() == ["b", "a"] and table.ratio.tolist() == [1, 2]
