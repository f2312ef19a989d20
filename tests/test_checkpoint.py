"""Gene vectors from checkpoints: small files of the real structure of each model, and every way they can be wrong."""

from __future__ import annotations

import json
import pickle

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from genebench.core import paths
from genebench.core.errors import BadInput
from genebench.core.specs import ModelSpec, models
from genebench.data import sources
from genebench.models import checkpoint, ids

GENES = np.array(["ACTB", "GAPDH", "TP53", "XIST"])
ENSEMBL = {"ENSG00000075624": "ACTB", "ENSG00000111640": "GAPDH", "ENSG00000141510": "TP53"}
TABLE = torch.arange(24, dtype=torch.float32).reshape(6, 4)


@pytest.fixture(autouse=True)
def known(monkeypatch, tmp_path):
    """Symbols are themselves and Ensembl ids the symbols they have; weights lie in one folder."""

    def match(genes, names, *, kind=None):
        at = {ENSEMBL.get(n, n): i for i, n in enumerate(names)}
        has = np.array([i for i, g in enumerate(genes) if g in at], dtype=int)
        return has, np.array([at[genes[i]] for i in has], dtype=int)

    monkeypatch.setattr(ids, "match", match)
    monkeypatch.setattr(sources, "hub_snapshot", lambda *given, **options: None)
    monkeypatch.setenv("GENEBENCH_WEIGHTS", str(tmp_path))
    monkeypatch.setattr(paths, "WEIGHTS", tmp_path / "own")
    monkeypatch.setattr(paths, "WEIGHTS_USED", tmp_path / "own" / "used")


def entry(name: str, folder) -> tuple[ModelSpec, object, dict]:
    """A declared model, the folder where its weights are looked for, and the options of its entry."""
    spec = models()[name]
    place = folder / (spec.hub or name)
    for file in spec.files.values():
        (place / file).parent.mkdir(parents=True, exist_ok=True)
    return spec, place, {k: tuple(v) if isinstance(v, list) else v for k, v in spec.options.items()}


def read(name: str, folder):
    """Vectors of the genes by a declared model."""
    spec, _, options = entry(name, folder)
    return checkpoint.checkpoint(spec, GENES, **options)


def test_geneformer(tmp_path):
    spec, place, _ = entry("geneformer", tmp_path)
    torch.save(
        {"bert.embeddings.word_embeddings.weight": TABLE, "cls.bias": torch.ones(6)},
        place / spec.files["weights"],
    )
    tokens = {"<pad>": 0, "<mask>": 1, "ENSG00000141510": 5, "ENSG00000075624": 2}
    (place / spec.files["vocabulary"]).write_bytes(pickle.dumps(tokens))
    made = read("geneformer", tmp_path)
    assert made.entities.tolist() == ["ACTB", "TP53"] and made.vectors.dtype == np.float32
    np.testing.assert_array_equal(made.vectors, TABLE[[2, 5]])


@pytest.mark.parametrize("name", ["scgpt-human", "scgpt-blood"])
def test_scgpt_with_its_layer_norm(tmp_path, name):
    _, place, _ = entry(name, tmp_path)
    norm = torch.nn.LayerNorm(4)
    torch.nn.init.normal_(norm.weight)
    torch.nn.init.normal_(norm.bias)
    held = {
        "encoder.embedding.weight": TABLE**2,
        "encoder.enc_norm.weight": norm.weight,
        "encoder.enc_norm.bias": norm.bias,
    }
    torch.save({k: v.detach() for k, v in held.items()}, place / "best_model.pt")
    (place / "vocab.json").write_text(json.dumps({"GAPDH": 3, "TP53": 0, "<pad>": 5, "<cls>": 4}))
    made = read(name, tmp_path)
    assert made.entities.tolist() == ["GAPDH", "TP53"]
    np.testing.assert_allclose(made.vectors, norm(TABLE**2)[[3, 0]].detach(), atol=1e-5)


def test_cellplm(tmp_path):
    spec, place, _ = entry("cellplm", tmp_path)
    held = {
        "model_state_dict": {"embedder.feat_enc.emb": TABLE, "encoder.w": torch.ones(2)},
        "epoch": 3,
    }
    torch.save(held, place / spec.files["weights"])
    listed = {"gene_list": ["ENSG00000141510", "ENSG00000111640", *"abcd"], "enc_hid": 4}
    (place / spec.files["vocabulary"]).write_text(json.dumps(listed))
    made = read("cellplm", tmp_path)
    assert made.entities.tolist() == ["GAPDH", "TP53"]
    np.testing.assert_array_equal(made.vectors, TABLE[[1, 0]])


def test_gears(tmp_path):
    _, place, _ = entry("gears", tmp_path)
    torch.save({"gene_emb.weight": TABLE}, place / "model.pt")
    (place / "genes.txt").write_text("XIST\nACTB\n" + "\n".join("abcd") + "\n")
    np.testing.assert_array_equal(read("gears", tmp_path).vectors, TABLE[[1, 0]])


def test_scfoundation(tmp_path):
    spec, place, _ = entry("scfoundation", tmp_path)
    torch.save(
        {"gene": {"state_dict": {"model.pos_emb.weight": TABLE}, "config": {"a": 1}}, "cell": {}},
        place / "models.ckpt",
    )
    (place / spec.files["vocabulary"]).write_text("gene_name\tindex\nTP53\t0\nACTB\t1\n")
    np.testing.assert_array_equal(read("scfoundation", tmp_path).vectors, TABLE[[1, 0]])


def test_uce_is_a_mapping_from_genes_to_vectors(tmp_path):
    spec, place, _ = entry("uce", tmp_path)
    torch.save(
        {"TP53": TABLE[0], "XIST": TABLE[4], "other": TABLE[1]}, place / spec.files["weights"]
    )
    made = read("uce", tmp_path)
    assert made.entities.tolist() == ["TP53", "XIST"]
    np.testing.assert_array_equal(made.vectors, TABLE[[0, 4]])


@pytest.mark.parametrize("ending", ["safetensors", "npz"])
def test_other_formats_of_weights(tmp_path, ending):
    spec, place, options = entry("gears", tmp_path)
    spec = spec.model_copy(update={"files": {**spec.files, "weights": f"model.{ending}"}})
    if ending == "npz":
        np.savez(place / "model.npz", **{"gene_emb.weight": TABLE.numpy()})
    else:
        save_file({"gene_emb.weight": TABLE.bfloat16()}, place / "model.safetensors")
    (place / "genes.txt").write_text("ACTB\nTP53\n")
    made = checkpoint.checkpoint(spec, GENES, **options)
    np.testing.assert_array_equal(made.vectors, TABLE[:2])


# --- faults -----------------------------------------------------------------------------------------------------------


def gears(folder, weights=None, genes: str = "ACTB\nTP53\n"):
    """The files of GEARS, well or badly made."""
    _, place, _ = entry("gears", folder)
    torch.save({"gene_emb.weight": TABLE} if weights is None else weights, place / "model.pt")
    (place / "genes.txt").write_text(genes)
    return place


def test_an_unknown_tensor_is_answered_with_the_nearest(tmp_path):
    gears(tmp_path, {"gene_embed.weight": TABLE})
    with pytest.raises(
        BadInput, match="unknown tensor 'gene_emb.weight'; did you mean 'gene_embed.weight'"
    ):
        read("gears", tmp_path)


def test_a_vocabulary_of_other_weights_is_refused(tmp_path):
    gears(tmp_path, genes="\n".join("abcdefg"))
    with pytest.raises(BadInput, match="lists 7 genes for a table of 6 rows"):
        read("gears", tmp_path)
    _, place, _ = entry("scgpt-human", tmp_path)
    torch.save({"encoder.embedding.weight": TABLE}, place / "best_model.pt")
    (place / "vocab.json").write_text('{"TP53": 6}')
    with pytest.raises(BadInput, match="gives row 6 of a table of 6 rows"):
        read("scgpt-human", tmp_path)
    (tmp_path / "own" / "used" / "scgpt-human.json").unlink()
    (place / "vocab.json").write_text('{"TP53": "six"}')
    with pytest.raises(BadInput, match="neither a list of genes nor a mapping"):
        read("scgpt-human", tmp_path)


class Hostile:
    """An object whose unpickling would create a file."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return (open, (str(self.path), "w"))


def test_a_checkpoint_that_would_run_code_is_not_loaded(tmp_path):
    place = gears(tmp_path)
    torch.save({"gene_emb.weight": TABLE, "extra": Hostile(tmp_path / "made")}, place / "model.pt")
    with pytest.raises(BadInput, match="may run code when loaded; save its tensors alone"):
        read("gears", tmp_path)
    assert not (tmp_path / "made").exists()


def test_a_vocabulary_that_would_run_code_is_not_loaded(tmp_path):
    spec, place, _ = entry("geneformer", tmp_path)
    torch.save({"bert.embeddings.word_embeddings.weight": TABLE}, place / spec.files["weights"])
    (place / spec.files["vocabulary"]).write_bytes(
        pickle.dumps({"ENSG00000141510": Hostile(tmp_path / "made")})
    )
    with pytest.raises(BadInput, match="asks for"):
        read("geneformer", tmp_path)
    assert not (tmp_path / "made").exists()


@pytest.mark.parametrize("damage", [b"", b"not a checkpoint", None])
def test_a_broken_checkpoint_is_one_sentence(tmp_path, damage):
    place = gears(tmp_path)
    whole = (place / "model.pt").read_bytes()
    (place / "model.pt").write_bytes(whole[: len(whole) // 2] if damage is None else damage)
    with pytest.raises(BadInput, match="model.pt"):
        read("gears", tmp_path)


def test_what_is_missing_is_said_with_how_to_get_it(tmp_path):
    with pytest.raises(
        sources.Missing,
        match="best_model.pt and vocab.json are not here; download the folder from the",
    ):
        read("scgpt-blood", tmp_path)
    gears(tmp_path, {"gene_emb.weight": "text"})
    with pytest.raises(BadInput, match="holds a str where a tensor belongs"):
        read("gears", tmp_path)
