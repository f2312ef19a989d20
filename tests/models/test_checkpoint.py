"""Vectors that lie in checkpoints: rows, layer norm, formats, and files that are none."""

import json
import pickle

import numpy as np
import pytest
import torch
import yaml
from helpers import refused, rows
from numpy.testing import assert_allclose, assert_array_equal
from safetensors.torch import save_file

from genebench.core import paths, specs
from genebench.data import sources
from genebench.models import inputs

TABLE = torch.arange(24, dtype=torch.float32).reshape(6, 4)


pytestmark = pytest.mark.usefixtures("tables")


@pytest.fixture
def write(shelf):
    """Write the weights and the vocabulary of a declared model; returns their folder."""

    def files(name, weights, vocabulary=None):
        spec = specs.declared().models[name]
        folder = shelf.parents[1] / (spec.hub or name)
        for file in spec.files.values():
            (folder / file).parent.mkdir(parents=True, exist_ok=True)
        torch.save(weights, folder / spec.files["weights"])
        if vocabulary is not None:
            path = folder / spec.files["vocabulary"]
            if path.suffix == ".pkl":
                path.write_bytes(pickle.dumps(vocabulary))
            else:
                text = vocabulary if isinstance(vocabulary, str) else json.dumps(vocabulary)
                path.write_text(text)
        return folder

    return files


def read(name, **changes):
    """Vectors of the genes by a declared model."""
    spec = specs.declared().models[name].model_copy(update=changes)
    genes = np.array(["CHN3", "CHN4", "KIN1", "SET"])
    return inputs.encode(inputs.Inputs(spec, genes, specs.declared()))


CHECKPOINTS = """
geneformer | {<pad>: 0, <mask>: 1, ENSG00000000002: 5, ENSG00000000001: 2} | {KIN1: 2, SET: 5}
cellplm | {gene_list: [ENSG00000000002, ENSG00000000003, a, b, c, d]} | {CHN3: 1, SET: 0}
gears | "SET\\nKIN1\\na\\nb\\n" | {KIN1: 1, SET: 0}
scfoundation | "gene_name\\tindex\\nSET\\t0\\nOLDK1\\t1\\n" | {KIN1: 1, SET: 0}
"""
"""Model, vocabulary, and the row of each gene in its tensor."""


@pytest.mark.parametrize("name, vocabulary, expected", rows(CHECKPOINTS))
def test_rows_of_a_checkpoint_of_each_model(write, name, vocabulary, expected):
    options, expected = specs.declared().models[name].options, yaml.safe_load(expected)
    weights = {options["tensor"]: TABLE, "other": torch.ones(2)}
    for key in options.get("inside", [])[::-1]:
        weights = {key: weights, "epoch": 3}
    write(name, weights, yaml.safe_load(vocabulary))
    embedding = read(name)
    assert embedding.entities.tolist() == [*expected] and embedding.vectors.dtype == np.float32
    assert_array_equal(embedding.vectors, TABLE[[*expected.values()]])


def test_a_checkpoint_may_be_a_mapping_from_genes_to_vectors(write):
    write("uce", {"KIN1": TABLE[0], "SET": TABLE[4], "other": TABLE[1]})
    assert_array_equal(read("uce").vectors, TABLE[[0, 4]])


def test_scgpt_with_its_layer_norm(write):
    w, b, norm = torch.rand(4), torch.rand(4), "encoder.enc_norm"
    weights = {f"{norm}.weight": w, f"{norm}.bias": b, "encoder.embedding.weight": TABLE**2}
    write("scgpt-human", weights, {"KIN1": 3, "SET": 0, "<pad>": 5, "<cls>": 4})
    expected = torch.nn.functional.layer_norm(TABLE**2, (4,), w, b)[[3, 0]]
    assert_allclose(read("scgpt-human").vectors, expected, atol=1e-5)


def test_safetensors_are_read_in_their_own_precision(write):
    folder = write("gears", {}, "CHN3\nSET\n")
    save_file({"gene_emb.weight": TABLE.bfloat16()}, folder / "other.safetensors")
    files = specs.declared().models["gears"].files | {"weights": "other.safetensors"}
    assert_array_equal(read("gears", files=files).vectors, TABLE[:2])


class Hostile:
    """An object that creates a file when it is unpickled."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return (open, (str(self.path), "w"))


WRONG = """
gears | gene_embed.weight | SET | unknown key .*; did you mean 'gene_embed.weigh
gears | gene_emb.weight | '"' | the vocabulary in .*genes.txt cannot be
geneformer | bert.embeddings.word_embeddings.weight | {} | is no list of genes or mapping
geneformer | bert.embeddings.word_embeddings.weight | {KIN1: 6} | for weights of 6 rows
"""


@pytest.mark.parametrize("name, tensor, vocabulary, message", rows(WRONG))
def test_files_that_do_not_fit_are_one_sentence(write, name, tensor, vocabulary, message):
    write(name, {tensor: TABLE}, yaml.safe_load(vocabulary))
    with refused(message):
        read(name)


def test_files_that_would_run_code_are_not_loaded(write, tmp_path):
    write("gears", {"gene_emb.weight": TABLE, "extra": Hostile(tmp_path / "made")}, "SET")
    with refused("may run code when loaded.*; save its tensors alone"):
        read("gears")
    tensor = specs.declared().models["geneformer"].options["tensor"]
    write("geneformer", {tensor: TABLE}, {"SET": Hostile(tmp_path / "made")})
    with refused("asks for"):
        read("geneformer")
    assert not (tmp_path / "made").exists()


def test_a_broken_checkpoint_is_one_sentence(write):
    path = write("gears", {"gene_emb.weight": TABLE}, "SET\nKIN1\n") / "model.pt"
    whole = path.read_bytes()
    for damaged in (b"not a checkpoint", whole[: len(whole) // 2]):
        path.write_bytes(damaged)
        with refused("model.pt"):
            read("gears")


def test_what_is_missing_is_said_with_how_to_get_it(shelf):
    message = "best_model.pt and vocab.json are not here; download the folder .*, and put them into"
    with pytest.raises(sources.Missing, match=message):
        read("scgpt-blood")
    assert not paths.WEIGHTS_USED.exists()
