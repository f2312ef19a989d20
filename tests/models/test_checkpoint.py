"""Gene vectors from checkpoints: files of the real structure of each model, and their faults."""

import json
import pickle

import numpy as np
import pytest
import torch
from helpers import refused
from numpy.testing import assert_allclose, assert_array_equal
from safetensors.torch import save_file

from genebench.core import paths, specs
from genebench.data import sources
from genebench.models import inputs

GENES = np.array(["ACTB", "GAPDH", "TP53", "XIST"])
ENSEMBL = {"ENSG00000075624": "ACTB", "ENSG00000111640": "GAPDH", "ENSG00000141510": "TP53"}
TABLE = torch.arange(24, dtype=torch.float32).reshape(6, 4)
NORM = {"weight": torch.rand(4), "bias": torch.rand(4)}
TP53, ACTB, GAPDH = "ENSG00000141510", "ENSG00000075624", "ENSG00000111640"


@pytest.fixture(autouse=True)
def known(monkeypatch, shelf):
    """Symbols are themselves and Ensembl ids the symbols they have."""

    def match(self, names, *, kind=None):
        row = {ENSEMBL.get(name, name): i for i, name in enumerate(names)}
        genes_at = np.flatnonzero([gene in row for gene in self.genes])
        return genes_at, np.array([row[gene] for gene in self.genes[genes_at]], dtype=int)

    monkeypatch.setattr(inputs.Inputs, "match", match)


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
    return inputs.encode(inputs.Inputs(spec, GENES, specs.declared()))


@pytest.mark.parametrize(
    "name, weights, vocabulary, rows",
    [
        (
            "geneformer",
            {"bert.embeddings.word_embeddings.weight": TABLE, "cls.bias": torch.ones(6)},
            {"<pad>": 0, "<mask>": 1, TP53: 5, ACTB: 2},
            {"ACTB": 2, "TP53": 5},
        ),
        (
            "cellplm",
            {"model_state_dict": {"embedder.feat_enc.emb": TABLE, "w": torch.ones(2)}, "epoch": 3},
            {"gene_list": [TP53, GAPDH, *"abcd"], "enc_hid": 4},
            {"GAPDH": 1, "TP53": 0},
        ),
        ("gears", {"gene_emb.weight": TABLE}, "XIST\nACTB\na\nb\n", {"ACTB": 1, "XIST": 0}),
        (
            "scfoundation",
            {"gene": {"state_dict": {"model.pos_emb.weight": TABLE}, "config": {}}, "cell": {}},
            "gene_name\tindex\nTP53\t0\nACTB\t1\n",
            {"ACTB": 1, "TP53": 0},
        ),
        (
            "uce",  # a mapping from genes to vectors
            {"TP53": TABLE[0], "XIST": TABLE[4], "other": TABLE[1]},
            None,
            {"TP53": 0, "XIST": 4},
        ),
    ],
)
def test_rows_of_a_checkpoint_of_each_model(write, name, weights, vocabulary, rows):
    write(name, weights, vocabulary)
    embedding = read(name)
    assert embedding.entities.tolist() == list(rows) and embedding.vectors.dtype == np.float32
    assert_array_equal(embedding.vectors, TABLE[list(rows.values())])


@pytest.mark.parametrize("name", ["scgpt-human", "scgpt-blood"])
def test_scgpt_with_its_layer_norm(write, name):
    weights = {f"encoder.enc_norm.{part}": value for part, value in NORM.items()}
    weights["encoder.embedding.weight"] = TABLE**2
    write(name, weights, {"GAPDH": 3, "TP53": 0, "<pad>": 5, "<cls>": 4})
    expected = torch.nn.functional.layer_norm(TABLE**2, (4,), **NORM)[[3, 0]]
    embedding = read(name)
    assert embedding.entities.tolist() == ["GAPDH", "TP53"]
    assert_allclose(embedding.vectors, expected, atol=1e-5)


@pytest.mark.parametrize("ending", ["safetensors", "npz"])
def test_other_formats_of_weights(write, ending):
    folder = write("gears", {}, "ACTB\nTP53\n")
    np.savez(folder / "other.npz", **{"gene_emb.weight": TABLE.numpy()})
    save_file({"gene_emb.weight": TABLE.bfloat16()}, folder / "other.safetensors")
    files = specs.declared().models["gears"].files | {"weights": f"other.{ending}"}
    assert_array_equal(read("gears", files=files).vectors, TABLE[:2])


class Hostile:
    """An object whose unpickling would create a file."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return (open, (str(self.path), "w"))


@pytest.mark.parametrize(
    "name, tensor, vocabulary, message",
    [
        ("gears", "gene_embed.weight", "ACTB", "unknown key .*; did you mean 'gene_embed.weigh"),
        ("gears", "gene_emb.weight", "\n".join("abcdefg"), "genes.txt: is no list of genes or map"),
        ("scgpt-human", "encoder.embedding.weight", {"TP53": 6}, "for weights of 6 rows"),
        ("scgpt-human", "encoder.embedding.weight", {"TP53": "6"}, "is no list of genes or map"),
        ("scgpt-human", "encoder.embedding.weight", {}, "is no list of genes or mapping"),
        (
            "scgpt-human",
            "encoder.embedding.weight",
            "{",
            "the vocabulary in .*vocab.json cannot be",
        ),
        ("cellplm", "embedder.feat_enc.emb", {}, "unknown key 'model_state_dict'"),
    ],
)
def test_files_that_do_not_fit_are_one_sentence(write, name, tensor, vocabulary, message):
    norm = {f"encoder.enc_norm.{part}": value for part, value in NORM.items()}
    write(name, {tensor: TABLE, **norm}, vocabulary)
    with refused(message):
        read(name)


def test_files_that_would_run_code_are_not_loaded(write, tmp_path):
    write("gears", {"gene_emb.weight": TABLE, "extra": Hostile(tmp_path / "made")}, "ACTB")
    with refused("may run code when loaded.*; save its tensors alone"):
        read("gears")
    weights = {"bert.embeddings.word_embeddings.weight": TABLE}
    write("geneformer", weights, {TP53: Hostile(tmp_path / "made")})
    with refused("asks for"):
        read("geneformer")
    assert not (tmp_path / "made").exists()


@pytest.mark.parametrize("damage", [b"", b"not a checkpoint", None])
def test_a_broken_checkpoint_is_one_sentence(write, damage):
    path = write("gears", {"gene_emb.weight": TABLE}, "ACTB\nTP53\n") / "model.pt"
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2] if damage is None else damage)
    with refused("model.pt"):
        read("gears")


def test_what_is_missing_is_said_with_how_to_get_it():
    message = "best_model.pt and vocab.json are not here; download the folder .*, and put them into"
    with pytest.raises(sources.Missing, match=message):
        read("scgpt-blood")
    assert not paths.WEIGHTS_USED.exists()
