"""The cache of embeddings never answers with something else; several processes give the same."""

import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch
import yaml
from helpers import GENES, edit_yaml, refused, rows, sha256
from numpy.testing import assert_array_equal

from genebench.core import cache, paths, specs, workers
from genebench.models import Embedding, Sequences, batches, inference, inputs, recipes

UNIVERSE = np.array(GENES)


def embed(name, *, progress=workers.quiet, device="cpu", **changes):
    """Vectors of a model of the made-up project, or of a changed one."""
    known = specs.declared()
    spec = known.model(name).model_copy(update=changes)
    return inference.embed(spec, UNIVERSE, known, progress=progress, device=device)


def path(spec, genes=UNIVERSE):
    """Where the vectors of a model are cached."""
    return inference.path(spec, genes, specs.declared())


def use(monkeypatch, result):
    """Let every encoder return the same."""
    monkeypatch.setattr(inputs, "encoder", lambda spec: lambda inputs, **options: result)


def test_vectors_are_computed_once_and_then_read(home, monkeypatch):
    first = embed("full")
    monkeypatch.setattr(inputs, "encoder", lambda spec: pytest.fail("computed again"))
    second = embed("full")
    assert_array_equal(second.vectors, first.vectors)
    assert_array_equal(second.entities, first.entities)


def test_two_that_want_the_same_vectors_make_them_once(home, monkeypatch):
    calls = []

    def forward(device):
        calls.append(device)
        time.sleep(0.2)
        return lambda ids, mask: ids[:, :1].float()

    use(monkeypatch, Sequences(UNIVERSE[:60], [[i] for i in range(60)], 0, forward))
    with ThreadPoolExecutor(2) as both:
        one, two = both.map(embed, ["stem"] * 2)
    assert_array_equal(one.vectors, two.vectors)
    assert calls == ["cpu"]


def test_what_determines_the_vectors_and_nothing_else_changes_the_recipe(home):
    spec = specs.declared().model("random")
    changes = dict(weights="w", encoder="other", hub="o/other", revision="b", pooling="cls")
    for change in (changes | dict(options={"dim": 9}, context=33, dtype="bfloat16")).items():
        assert path(spec.model_copy(update=dict([change]))) != path(spec), change
    look = dict(title="T", color="#ffffff", licence="L", name="n", parameters=5)
    assert path(spec.model_copy(update=look)) == path(spec)


def test_another_universe_or_release_or_part_is_another_file(home):
    full = specs.declared().model("full")
    two = full.model_copy(update={"encoder": "reduced", "options": {"of": ["full"], "dim": 2}})
    both = embed("full", encoder="joined", options={"of": ["full", "part"]})
    assert both.entities.tolist() == embed("part").entities.tolist()
    before = path(full), path(two)
    assert path(full, UNIVERSE[:-1]) != before[0]
    toy = home / "data" / "sources" / "toy.yml"
    edit_yaml(toy, lambda y: y["files"]["labels"].update(sha256="0" * 64))
    assert not {path(full), path(two)} & {*before}


def test_another_file_at_hand_is_another_embedding_where_no_checksum_is_declared(home):
    file = paths.DOWNLOADS / "toy" / "known.tsv"
    edit_yaml(home / "data" / "sources" / "toy.yml", lambda y: y["files"]["known"].pop("sha256"))
    stem, seen = specs.declared().model("stem"), []
    spec = stem.model_copy(update={"reads": ["toy"]})

    def known():
        seen.append(path(spec))
        return inference.recipe(spec, "genes", specs.declared())["inputs"]["toy"]["known"]

    assert known() == sha256(file)
    file.write_text(file.read_text().replace("1", "2"))
    paths.LOCK.unlink()  # who replaces a file removes its line
    assert known() == sha256(file)
    file.unlink()
    assert known() == "" and len({path(stem), *seen}) == 4


def test_the_words_that_are_masked_are_part_of_the_recipe(monkeypatch):
    spec, seen = specs.declared().models["bag-of-words-masked"], set()
    for words in (("kinase",), ("kinase", "channel")):
        monkeypatch.setattr(recipes, "label_words", lambda *_, words=words: words)
        seen.add(path(spec))
    assert len(seen) == 2


def test_vectors_that_are_not_finite_are_refused_and_not_cached(home, monkeypatch):
    vectors = np.zeros((3, 4), np.float32)
    vectors[1, 2] = -np.inf
    use(monkeypatch, Embedding(UNIVERSE[:3], vectors))
    with refused(f"model 'stem': the vector of '{UNIVERSE[1]}' holds -inf in column 2"):
        embed("stem")
    assert cache.state(path(specs.declared().model("stem"))) == "absent"


WRONG = """
random | {dmi: 3} | argument 'dmi'; fix its 'options'
columns | {source: toy, file: labels, gene_column: x, columns: []} | no column or key 'x'
columns | {source: toi} | unknown source 'toi'; did you mean 'toy'
joined | {of: [full, oracle]} | cannot be made of 'oracle'
ngrms | {} | unknown encoder 'ngrms'; did you mean 'ngrams'
"""


@pytest.mark.parametrize("encoder, options, message", rows(WRONG))
def test_wrong_options_are_one_sentence(home, encoder, options, message):
    with refused(message):
        embed("full", encoder=encoder, options=yaml.safe_load(options))


def test_devices_are_named_and_joined_by_commas():
    first = "cuda:0" if torch.cuda.is_available() else "cpu"
    assert inference.devices("auto")[0] == first
    assert inference.devices("cpu, cuda:1") == ["cpu", "cuda:1"]
    with refused("there is no such device"):
        inference.devices("" if torch.cuda.is_available() else "all")


def test_several_workers_give_the_vectors_of_one(home, monkeypatch):
    def sums(device):
        return lambda ids, mask: (ids * mask).sum(1, keepdim=True)

    tokens, calls = [[i] * (1 + i % 7) for i in range(60)], []
    use(monkeypatch, Sequences(UNIVERSE[:60], tokens, 0, sums))
    monkeypatch.setattr(batches, "SHARD", 20)
    result = embed("stem", device="cpu,cpu,cpu", progress=lambda *call: calls.append(call))
    assert result.vectors[:, 0].tolist() == [sum(t) for t in tokens]
    assert calls[-1] == (60, 60)
    assert not path(specs.declared().model("stem")).with_suffix(".parts").exists()


@pytest.mark.slow
def test_two_real_processes_give_the_vectors_of_one(tmp_path):
    script = (
        "import numpy as np\nfrom genebench.core import specs\n"
        "from genebench.models import batches, inference, inputs\nbatches.SHARD = 8\n"
        "if __name__ == '__main__':\n"
        "    genes = np.array(sorted('TP53 BRCA1 HOXA13 IL2 A1BG'.split()))\n"
        "    known = specs.declared()\n"
        "    spec = known.model('minilm-symbol')\n"
        "    one = batches.infer(inputs.encode(inputs.Inputs(spec, genes, known)))\n"
        "    batches.run = None  # from here on this process computes nothing\n"
        "    two = inference.embed(spec, genes, known, device='cpu,cpu')\n"
        "    print(float(abs(one.vectors - two.vectors).max()))\n"
    )
    (tmp_path / "two.py").write_text(script)
    env = {**os.environ, "GENEBENCH_CACHE": str(tmp_path), "PYTHONPATH": str(paths.ROOT)}
    assert float(subprocess.check_output([sys.executable, tmp_path / "two.py"], env=env)) < 1e-5
