"""Tiny models of every kind for the tests of ``genebench.glm``: their laws hold before training."""

import numpy as np
import torch
import transformers as t
import yaml
from numpy.random import default_rng
from tokenizers import Regex, Tokenizer, models, pre_tokenizers, processors, trainers

from genebench.glm import codes, net, trained

RNG = default_rng(5)
GENOME = RNG.integers(0, 4, 700).astype(np.uint8)
LENGTH = 48
MIXERS = ("convolution", "attention", "state-space", "hybrid")
ARCHITECTURES = [
    {"objective": o, "mixer": m} for o in ("blind-spot", "masked", "causal") for m in MIXERS
]
KMERS = {"tokens": "kmer", "k": 3, "equivariant": False}


def recipes(text):
    """Settings of networks, a line each as ``name: value, …``."""
    return [yaml.safe_load(f"{{{line}}}") for line in text.strip().splitlines()]


def label(given):
    return "-".join(map(str, given.values()))


def small(**given):
    """A recipe that trains in a second."""
    sizes = {"width": 16, "joint": 16, "depth": 2, "first": 3, "heads": 2}
    return net.recipe({**sizes, "window": 64, "batch": 4, "steps": 3, **given})


def draw(network, std):
    """Draw the matrices of a network anew, so that it tells bases apart."""
    for p in network.parameters():
        if p.ndim > 1:
            torch.nn.init.normal_(p, std=std)


def model(**given):
    made = trained.TrainedModel(small(**given))
    torch.manual_seed(1)
    draw(made.network, 0.3)
    return made


def windows(n=3, length=LENGTH):
    return default_rng(0).integers(0, 4, (n, length)).astype(np.uint8)


def tokenizer(folder, tokens):
    """A DNA tokenizer of letters, of 3-mers (letters for the rest) or of byte pairs; its size."""
    special = {f"{name}_token": f"<{name}>" for name in ("pad", "unk", "cls", "eos", "mask")}
    if tokens == "bpe":
        made = Tokenizer(models.BPE(unk_token="<unk>"))
        options = {"special_tokens": list(special.values()), "initial_alphabet": list("ACGTN")}
        trainer = trainers.BpeTrainer(vocab_size=40, **options)
        made.train_from_iterator([codes.decode(GENOME)], trainer)
    else:
        words = [codes.decode(row) for row in codes.spelt(3)] if tokens == "kmer" else []
        vocabulary = {w: i for i, w in enumerate([*special.values(), *words, *"ACGTN"])}
        made = Tokenizer(models.WordLevel(vocabulary, unk_token="<unk>"))
        pattern = Regex("[ACGT]{3}|." if words else ".")
        made.pre_tokenizer = pre_tokenizers.Split(pattern, "isolated")
        made.post_processor = processors.TemplateProcessing(
            single="<cls> $A <eos>", special_tokens=[("<cls>", 2), ("<eos>", 3)]
        )
    t.PreTrainedTokenizerFast(tokenizer_object=made, **special).save_pretrained(folder)
    return made.get_vocab_size()


def checkpoint(folder, kind):
    """A tiny checkpoint of a real class with a DNA tokenizer; its folder."""
    torch.manual_seed(0)
    name, _, tokens = kind.partition("-")
    sizes = {"hidden_size": 16, "num_hidden_layers": 2, "vocab_size": tokenizer(folder, tokens)}
    ids = {"pad_token_id": 0, "bos_token_id": 2, "eos_token_id": 3, "mask_token_id": 4}
    if name != "mamba":
        sizes |= {"num_attention_heads": 2, "max_position_embeddings": 128}
    if name == "mistral":
        sizes["num_key_value_heads"] = 2
    if name == "esm":
        ids |= {"position_embedding_type": "rotary", "token_dropout": False}
    config = t.AutoConfig.for_model(name, **sizes, **ids)
    auto = t.AutoModelForMaskedLM if name in ("bert", "esm") else t.AutoModelForCausalLM
    network = auto.from_config(config)
    draw(network, 0.2)
    network.eval().save_pretrained(folder)
    return folder
