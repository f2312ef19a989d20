"""Encoders without a neural network, against formulas worked out another way: by hand, or densely with numpy."""

from __future__ import annotations

import os
import re
from collections import Counter
from itertools import product

import numpy as np
import pandas as pd
import pytest
from helpers import GENES, edit_yaml, sha256
from scipy import sparse
from test_encoders import genes, model

from genebench import models
from genebench.book import cards
from genebench.core import paths, specs
from genebench.core.errors import BadInput
from genebench.data import genes as identifiers
from genebench.data import sources
from genebench.models import (
    baseline,
    composition,
    expression,
    ids,
    inference,
    network,
    recipes,
    table,
    text,
    words,
)

GENE = "gene with protein product"
HGNC = pd.DataFrame(
    [
        (
            "HGNC:1",
            "KIN1",
            "kinase one",
            GENE,
            "1p1",
            "KP1|p60",
            "OLDK1",
            "",
            "11",
            "ENSG00000000001",
            "P00001",
        ),
        (
            "HGNC:2",
            "SET",
            "SET nuclear proto-oncogene",
            GENE,
            "2p1",
            "TAF-I",
            "",
            "",
            "12",
            "ENSG00000000002",
            "P00002",
        ),
        (
            "HGNC:3",
            "CHN3",
            "channel three",
            GENE,
            "3p1",
            "BOTH",
            "",
            "",
            "13",
            "ENSG00000000003",
            "P00003",
        ),
        (
            "HGNC:4",
            "CHN4",
            "channel four",
            GENE,
            "4p1",
            "BOTH",
            "",
            "",
            "14",
            "ENSG00000000004",
            "P00004",
        ),
    ],
    columns=(
        "hgnc_id symbol name locus_group location alias_symbol prev_symbol gene_group_id entrez_id ensembl_gene_id "
        "uniprot_ids"
    ).split(),
)
SUMMARY = pd.DataFrame(
    [
        (
            "9606",
            "11",
            "RefSeq",
            "KIN1, or p60 and P60-like, is a kinase of kinases; OLDK1 was its name. It binds KP1X.",
        ),
        (
            "9606",
            "12",
            "RefSeq",
            "A set of proteins; SET and INHAT block metabolic enzymes of metabolism.",
        ),
        ("10090", "13", "RefSeq", "A gene of the mouse."),
        ("9606", "14", "RefSeq", ""),
    ],
    columns=["#tax_id", "GeneID", "Source", "Summary"],
)
INFO = pd.DataFrame(
    [("9606", "11", "-"), ("9606", "12", "INHAT|2PP2A"), ("9606", "13", "-"), ("9606", "14", "-")],
    columns=["#tax_id", "GeneID", "Synonyms"],
)


@pytest.fixture
def held(monkeypatch):
    """Four made-up genes and what HGNC and NCBI say of them; more tables can be put beside."""
    frames = {
        ("hgnc", "genes"): HGNC,
        ("ncbi", "gene_summary"): SUMMARY,
        ("ncbi", "gene_info"): INFO,
    }
    known = identifiers.build(HGNC, release="Toy")
    monkeypatch.setattr(identifiers, "resolver", lambda: known)
    monkeypatch.setattr(sources, "table", lambda source, file: frames[source.id, file])
    return frames


# --- ids --------------------------------------------------------------------------------------------------------------


def test_genes_and_ids_are_matched_by_their_approved_symbols_and_ambiguous_ones_not_at_all(held):
    run = genes("OLDK1", "KIN1", "CHN3", "BOTH", "UNKNOWN9")
    has, row = ids.match(run, ["11", "14", "13", "99"], kind="entrez")
    assert list(zip(run[has], row)) == [("CHN3", 2), ("KIN1", 0), ("OLDK1", 0)]
    has, row = ids.match(run, ["UNKNOWN9", "BOTH", "KP1", "KIN1"], kind="symbol")
    assert list(zip(run[has], row)) == [
        ("KIN1", 3),
        ("OLDK1", 3),
        ("UNKNOWN9", 0),
    ]  # the approved one wins


# --- text recipes -----------------------------------------------------------------------------------------------------


def test_a_gene_has_a_text_only_if_all_that_the_recipe_asks_for_is_there(held):
    run = genes("KIN1", "SET", "CHN3", "CHN4", "UNKNOWN9")
    assert recipes.texts(run, "symbol")[1] == ["CHN3", "CHN4", "KIN1", "SET"]
    held.pop(("ncbi", "gene_info"))  # neither recipe needs it
    covered, made = recipes.texts(run, "name")
    assert dict(zip(covered, made))["CHN4"] == "channel four"
    covered, made = recipes.texts(run, "summary")
    assert covered.tolist() == ["KIN1", "SET"]
    assert (
        made[1]
        == f"Gene symbol SET full name SET nuclear proto-oncogene with the summary {SUMMARY.Summary[1]}"
    )


def test_an_unknown_recipe_is_answered_with_the_nearest(held):
    with pytest.raises(BadInput, match="unknown text recipe 'sumary'; did you mean 'summary'"):
        recipes.texts(genes("KIN1"), "sumary")


def test_the_masked_twin_has_neither_the_names_of_the_gene_nor_the_words_of_the_labels(
    held, monkeypatch
):
    monkeypatch.setattr(recipes, "label_words", lambda sources: ("kinase", "metabol"))
    covered, made = recipes.texts(genes("OLDK1", "SET"), "summary-masked", labels_of=["hpa"])
    assert made[0] == (
        "Gene symbol [MASK] full name [MASK] one with the summary [MASK], or [MASK] and [MASK]-like, is a [MASK] of "
        "[MASK]; [MASK] was its name. It binds KP1X."
    )
    assert made[1] == (
        "Gene symbol [MASK] full name [MASK] nuclear proto-oncogene with the summary A set of proteins; [MASK] and "
        "[MASK] block [MASK] enzymes of [MASK]."
    )


def test_label_words_are_those_of_the_classes_without_what_says_nothing(monkeypatch, make_task):
    monkeypatch.setattr(recipes.tasks, "of_source", lambda source, missing: [[made]])
    made = make_task("multiclass", [0, 1, 2] * 10)
    object.__setattr__(
        made,
        "classes",
        ("Metabolism of the Kinases", "Ion channels", "from these proteins, other genes"),
    )
    recipes.label_words.cache_clear()
    assert recipes.label_words(("hpa",)) == ("channel", "kinase", "metabol")
    recipes.label_words.cache_clear()


def test_minilm_reads_the_text_of_the_recipe(held):
    spec = specs.models()["minilm-summary"]
    work = text.transformer(spec, genes("KIN1", "SET", "CHN3"), **spec.options)
    by_hand = text.transformer(
        spec, np.array(recipes.texts(genes("SET"), "summary")[1]), path=spec.options["path"]
    )
    assert work.entities.tolist() == ["KIN1", "SET"] and work.tokens[1] == by_hand.tokens[0]


# --- word counts ------------------------------------------------------------------------------------------------------

SENTENCES = [
    "the kinase and the kinase",
    "a channel and the gate",
    "kinase gate gate",
    "nothing of the sort",
]


@pytest.fixture
def sentences(monkeypatch):
    """Four genes with a text each, and one without."""
    names = genes("A", "B", "C", "D")
    monkeypatch.setattr(recipes, "texts", lambda genes, recipe, labels_of=None: (names, SENTENCES))
    return names


def test_the_bag_of_words_counts_the_commonest_words(sentences):
    made = words.bag_of_words(model("bag_of_words"), genes(*"ABCDE"), recipe="summary", size=3)
    total = Counter(w for s in SENTENCES for w in s.split() if len(w) > 1)
    common = sorted(sorted(total), key=lambda w: -total[w])[:3]
    by_hand = [[s.split().count(w) for w in sorted(common)] for s in SENTENCES]
    assert made.entities.tolist() == list("ABCD") and made.vectors.tolist() == by_hand


def test_tfidf_at_full_rank_keeps_the_inner_products_of_the_formula(sentences):
    made = words.tfidf(model("tfidf"), genes(*"ABCD"), recipe="summary", dim=9, min_genes=1)
    vocabulary = ["channel", "gate", "kinase", "sort"]
    count = np.array([[s.split().count(w) for w in vocabulary] for s in SENTENCES], dtype=float)
    idf = np.log((1 + 4) / (1 + (count > 0).sum(axis=0))) + 1
    weight = np.where(count > 0, 1 + np.log(np.maximum(count, 1)), 0) * idf
    weight /= np.linalg.norm(weight, axis=1, keepdims=True)
    u, s, _ = np.linalg.svd(weight)
    k = made.vectors.shape[1]
    np.testing.assert_allclose(
        made.vectors @ made.vectors.T, (u[:, :k] * s[:k] ** 2) @ u[:, :k].T, atol=1e-5
    )
    assert k == 3


# --- networks ---------------------------------------------------------------------------------------------------------

EDGES = {"source": "bioplex", "file": "edges", "first": "SymbolA", "second": "SymbolB"}


def ring(n: int, extra: int = 0, seed: int = 0) -> sparse.csr_matrix:
    """A connected graph: a ring of n nodes and some chords."""
    rng = np.random.default_rng(seed)
    i = np.concatenate([np.arange(n), rng.integers(0, n, extra)])
    j = np.concatenate([(np.arange(n) + 1) % n, rng.integers(0, n, extra)])
    made = sparse.csr_matrix((np.ones(len(i)), (i, j)), shape=(n, n))
    made = made + made.T
    made.setdiag(0)
    made.eliminate_zeros()
    made.data[:] = 1
    return made


def test_a_graph_has_each_pair_once_no_gene_with_itself_and_approved_names(held):
    pairs = [
        ("KIN1", "SET"),
        ("SET", "OLDK1"),
        ("CHN3", "CHN3"),
        ("NEW7", "KIN1"),
        ("BOTH", "SET"),
        ("SET", "CHN4"),
    ]
    held["bioplex", "edges"] = pd.DataFrame(pairs, columns=["SymbolA", "SymbolB"])
    nodes, adjacency = network.graph(**EDGES)
    assert nodes.tolist() == ["CHN4", "KIN1", "NEW7", "SET"]
    assert adjacency.toarray().tolist() == [[0, 0, 0, 1], [0, 0, 1, 1], [0, 1, 0, 0], [1, 1, 0, 0]]
    made = network.degree(model("degree"), genes("CHN3", "KIN1", "OLDK1", "SET"), **EDGES)
    np.testing.assert_allclose(made.vectors[:, 0], np.log([1, 3, 3, 3]), rtol=1e-6)
    assert network.spectral(
        model("spectral"), genes("CHN3", "SET"), **EDGES, dim=2
    ).entities.tolist() == ["SET"]


@pytest.mark.parametrize("tau", [0, 2.5])
@pytest.mark.parametrize("n", [40, 700])
def test_spectral_vectors_are_eigenvectors_of_the_normalised_laplacian(n, tau):
    adjacency = ring(n, 2 * n)
    made = network.spectral_vectors(adjacency, 5, tau=tau)
    degree = adjacency.toarray().sum(axis=1) + tau
    laplacian = np.eye(n) - adjacency.toarray() / np.sqrt(np.outer(degree, degree))
    values, vectors = np.linalg.eigh(laplacian)
    expected = vectors[:, 1:6] / np.sqrt(degree)[:, None]
    np.testing.assert_allclose(np.abs(made), np.abs(expected), atol=1e-6)
    assert (made[np.abs(made * np.sqrt(degree)[:, None]).argmax(axis=0), range(5)] > 0).all()
    np.testing.assert_array_equal(made, network.spectral_vectors(adjacency, 5, tau=tau))


def test_the_first_spectral_vector_parts_two_cliques():
    block = np.ones((10, 10)) - np.eye(10)
    both = np.block([[block, np.zeros((10, 10))], [np.zeros((10, 10)), block]])
    both[9, 10] = both[10, 9] = 1
    side = np.sign(network.spectral_vectors(sparse.csr_matrix(both), 1)[:, 0])
    assert len(set(side[:10])) == len(set(side[10:])) == 1 and side[0] != side[10]


def deepwalk_matrix(adjacency: np.ndarray, window: int) -> np.ndarray:
    """log max(M, 1) of DeepWalk by powers of the transition matrix (Qiu et al. 2018, theorem 2.3), b = 1."""
    degree = adjacency.sum(axis=1)
    step = adjacency / degree[:, None]
    total, power = np.zeros_like(step), np.eye(len(step))
    for _ in range(window):
        power = power @ step
        total += power
    return np.log(np.maximum(adjacency.sum() / window * total / degree[None], 1))


@pytest.mark.parametrize("window", [1, 3, 10])
def test_netmf_of_all_eigenpairs_is_the_svd_of_the_dense_formula(window):
    adjacency = ring(50, 60)
    made = network.netmf_vectors(adjacency, 8, window=window, rank=50)
    u, s, _ = np.linalg.svd(deepwalk_matrix(adjacency.toarray(), window))
    assert s[7] - s[8] > 1e-6  # else the eighth axis would be any
    np.testing.assert_allclose(made @ made.T, (u[:, :8] * s[:8]) @ u[:, :8].T, atol=1e-4)


def test_netmf_in_blocks_and_by_subspace_iteration_is_that_of_the_whole_matrix(monkeypatch):
    blocks, sizes = np.kron(np.eye(12), np.ones((60, 60))), np.random.default_rng(1)
    drawn = np.triu((sizes.random(blocks.shape) < 0.3 * blocks + 0.004), 1)
    adjacency = sparse.csr_matrix((drawn | drawn.T).astype(float))
    n = adjacency.shape[0]
    made = network.netmf_vectors(adjacency, 8, rank=n)
    u, s, _ = np.linalg.svd(deepwalk_matrix(adjacency.toarray(), 10))
    assert n > 500
    np.testing.assert_allclose((made**2).sum(axis=0), s[:8], rtol=1e-3)
    likeness = np.abs((u[:, :8] * made / np.linalg.norm(made, axis=0)).sum(axis=0))
    assert likeness.min() > 0.99
    np.testing.assert_array_equal(made, network.netmf_vectors(adjacency, 8, rank=n))


def test_netmf_of_few_eigenpairs_is_near_that_of_all():
    adjacency = ring(300, 900)
    few, full = (network.netmf_vectors(adjacency, 4, rank=r) for r in (150, 300))
    likeness = (few * full).sum(axis=0) / np.linalg.norm(few, axis=0) / np.linalg.norm(full, axis=0)
    assert likeness[0] > 0.99


# --- expression -------------------------------------------------------------------------------------------------------


@pytest.fixture
def tissues(held):
    """Expression of the four genes and of forty others in six tissues."""
    rng = np.random.default_rng(0)
    values = 2 ** (rng.random((44, 3)) @ rng.random((3, 6)) * 5) - 1
    held["hpa_rna", "gtex"] = pd.DataFrame(
        values, index=["OLDK1", "SET", "CHN3", "CHN4", *(f"X{i}" for i in range(40))]
    )
    return np.log2(1 + values)


def test_an_expression_svd_keeps_the_inner_products_of_the_centred_logs(tissues):
    made = expression.svd(
        model("svd"), genes("KIN1", "SET", "X7"), source="hpa_rna", file="gtex", dim=6
    )
    centred = (tissues - tissues.mean(axis=0))[[0, 1, 11]]
    assert made.entities.tolist() == ["KIN1", "SET", "X7"]
    np.testing.assert_allclose(made.vectors @ made.vectors.T, centred @ centred.T, atol=1e-4)
    two = expression.svd(
        model("svd"), genes("KIN1", "SET", "X7"), source="hpa_rna", file="gtex", dim=2
    )
    np.testing.assert_array_equal(two.vectors, made.vectors[:, :2])


def test_an_expression_nmf_is_not_negative_and_finds_the_three_programmes(tissues):
    run = genes("KIN1", "SET", "CHN3", "CHN4", *(f"X{i}" for i in range(40)))
    made = expression.nmf(model("nmf"), run, source="hpa_rna", file="gtex", dim=3)
    order = [*"KIN1 SET CHN3 CHN4".split(), *(f"X{i}" for i in range(40))]
    weight = made.vectors[np.searchsorted(made.entities, order)]
    assert (weight >= 0).all() and weight.shape == (44, 3)
    rest = tissues - weight @ np.linalg.lstsq(weight, tissues, rcond=None)[0]
    assert np.linalg.norm(rest) < 0.03 * np.linalg.norm(tissues)


# --- sequences --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("letters, k", [("dna", 1), ("dna", 3), ("protein", 1), ("protein", 2)])
def test_kmer_shares_are_those_counted_one_by_one(letters, k):
    alphabet = composition.ALPHABETS[letters]
    sequence = "".join(np.random.default_rng(0).choice([*alphabet, "X"], 200))
    count = Counter(sequence[i : i + k] for i in range(201 - k) if "X" not in sequence[i : i + k])
    expected = [count["".join(c)] / sum(count.values()) for c in product(alphabet, repeat=k)]
    np.testing.assert_allclose(composition.kmers(sequence, k, alphabet), expected, atol=1e-12)
    assert len(composition.kmer_names(k, letters)) == len(expected)


def test_kmers_of_a_sequence_shorter_than_k_are_none():
    assert composition.kmers("AC", 3, "ACGT").tolist() == [0.0] * 64
    assert composition.kmers("NNNN", 1, "ACGT").tolist() == [0.0] * 4


def test_protein_descriptors_by_hand():
    made = composition.protein_descriptors("KRDWIVSXXX")
    mass = (128.1741 + 156.1875 + 115.0886 + 186.2132 + 113.1594 + 99.1326 + 87.0782) / 7
    hydropathy = (-3.9 - 4.5 - 3.5 - 0.9 + 4.5 + 4.2 - 0.8) / 7
    np.testing.assert_allclose(
        made, [np.log(10), mass, 1 / 7, hydropathy, 1 / 7, 2 / 7, 1 / 7], rtol=1e-9
    )


def test_a_proteome_gives_descriptors_and_shares_by_accession(held):
    rows = [
        ("tr|P00009|X_HUMAN", "MA"),
        ("sp|P00001|KIN1_HUMAN", "AACD"),
        ("sp|P00002|SET_HUMAN", "WW"),
    ]
    held["proteome", "sequences"] = pd.DataFrame(
        [(h, h + " text", s) for h, s in rows], columns=["id", "header", "sequence"]
    )
    spec = specs.models()["protein-composition"]
    made = composition.composition(spec, genes("KIN1", "SET", "CHN3"), **spec.options)
    assert made.entities.tolist() == ["KIN1", "SET"] and made.vectors.shape == (2, spec.dim)
    assert made.vectors[0, 7:10].tolist() == [0.5, 0.25, 0.25] and made.vectors[1, 7 + 18] == 1
    with pytest.raises(
        BadInput, match="the header '>tr.P00009.X_HUMAN text' has no id of the form"
    ):
        composition.composition(
            spec, genes("KIN1"), **spec.options | {"id_pattern": "^sp[|](.+)[|]"}
        )
    with pytest.raises(BadInput, match="unknown alphabet 'rna'; did you mean 'dna'"):
        composition.composition(
            spec, genes("KIN1"), source="proteome", file="sequences", letters="rna"
        )


# --- coordinates and published vectors --------------------------------------------------------------------------------


def test_coordinates_are_length_strand_chromosome_and_biotype(held):
    held["ensembl", "genes"] = pd.DataFrame(
        [
            ("ENSG00000000001", "X", "1001", "2000", "-1", "coding"),
            ("ENSG00000000001", "X", "1", "2", "1", "coding"),
            ("ENSG00000000002", "2", "11", "110", "1", "rna"),
            ("ENSG00000000003", "GL000009.2", "1", "9", "1", "rna"),
        ],
        columns=["ensgene", "chr", "start", "end", "strand", "biotype"],
    )
    options = {"source": "ensembl", "file": "genes", "gene_column": "ensgene", "biotypes": 2}
    made = baseline.coordinates(model("coordinates"), genes("KIN1", "SET", "CHN3"), **options)
    assert made.entities.tolist() == ["KIN1", "SET"] and made.vectors.shape == (2, 2 + 25 + 2)
    np.testing.assert_allclose(made.vectors[:, :2], [[3, -1], [2, 1]])
    assert np.flatnonzero(made.vectors[0, 2:]).tolist() == [22, 25]  # X, coding
    assert np.flatnonzero(made.vectors[1, 2:]).tolist() == [1, 26]  # 2, rna


def test_published_vectors_are_found_by_gene(held):
    held["gene2vec_vectors", "vectors"] = pd.DataFrame(
        [[1.0, 2], [3, 4], [5, 6]], index=["SET", "NOBODY", "OLDK1"]
    )
    made = table.vectors(
        model("vectors"), genes("KIN1", "SET", "CHN3"), source="gene2vec_vectors", file="vectors"
    )
    assert made.entities.tolist() == ["KIN1", "SET"] and made.vectors.tolist() == [[5, 6], [1, 2]]


def add_vectors(home) -> None:
    """Declare a file of vectors, without a checksum, in the made-up source."""
    path = paths.DOWNLOADS / "toy" / "emb.csv"
    pd.DataFrame(np.eye(180, 3), index=pd.Index(GENES, name="symbol")).to_csv(path)
    files = {
        "emb": {
            "format": "vectors",
            "path": "toy/emb.csv",
            "how": "write it",
            "options": {"fewest": 5},
        }
    }
    edit_yaml(home / "data" / "sources" / "toy.yml", lambda y: y["files"].update(files))


def test_a_declared_file_of_vectors_is_opened_as_a_table(home):
    add_vectors(home)
    held = sources.table(specs.source("toy"), "emb")
    assert held.index.tolist() == GENES and held.to_numpy()[1].tolist() == [0, 1, 0]


# --- recipes of the cache ---------------------------------------------------------------------------------------------


def test_another_file_at_hand_is_another_embedding_where_no_checksum_is_declared(home):
    add_vectors(home)
    spec, run = specs.model("stem").model_copy(update={"reads": ["toy"]}), np.array(GENES)
    first = inference.path(spec, run)
    assert first != inference.path(specs.model("stem"), run)
    assert models.inputs(spec)["toy"]["emb"] == sha256(paths.DOWNLOADS / "toy" / "emb.csv")
    path = paths.DOWNLOADS / "toy" / "emb.csv"
    path.write_text(path.read_text().replace("1.0", "2.0"))
    path.with_name("emb.csv.sha256").unlink()  # a person who replaces a file takes its record away
    assert inference.path(spec, run) != first
    path.unlink()
    assert models.inputs(spec)["toy"]["emb"] == ""


def test_models_of_fixed_inputs_have_the_recipe_they_always_had():
    for name in specs.profile("demo").models:
        assert "inputs" not in inference.recipe(specs.model(name), genes("A"))


def test_the_words_that_are_masked_are_part_of_the_recipe(monkeypatch):
    spec = specs.models()["bag-of-words-masked"]
    seen = []
    for held in (("kinase",), ("kinase", "channel")):
        monkeypatch.setattr(recipes, "label_words", lambda sources, held=held: held)
        seen.append(inference.path(spec, genes("A")))
    assert seen[0] != seen[1]


def test_a_model_without_its_input_says_what_is_needed(monkeypatch, tmp_path):
    monkeypatch.delenv("GENEBENCH_MIRROR", raising=False)
    monkeypatch.setattr(paths, "DOWNLOADS", tmp_path)
    for name, what in (
        ("genept", "zenodo.org/records/10833191"),
        ("protein-composition", "genebench fetch proteome"),
    ):
        status, why = cards.model_status(specs.models()[name], specs.sources())
        assert status == "missing" and what in why


# --- the official files -----------------------------------------------------------------------------------------------

needs_mirror = pytest.mark.skipif(
    not os.environ.get("GENEBENCH_MIRROR"), reason="GENEBENCH_MIRROR is unset"
)


@pytest.fixture(scope="module")
def universe():
    """Two thousand genes of the paper's, drawn at random."""
    return np.sort(
        np.random.default_rng(0).choice(identifiers.paper_universe(), 2000, replace=False)
    )


@needs_mirror
def test_masked_summaries_of_real_genes_do_not_hold_their_symbol(universe):
    covered, plain = recipes.texts(universe, "summary")
    again, masked = recipes.texts(universe, "summary-masked", labels_of=["hgnc"])
    assert covered.tolist() == again.tolist() and len(covered) > 1200

    def hits(made):
        return sum(
            bool(re.search(rf"(?<!\w){re.escape(g)}(?!\w)", t)) for g, t in zip(covered, made)
        )

    assert hits(plain) == len(covered) and hits(masked) == 0
    assert (
        0.5
        < np.mean([len(t.replace("[MASK]", "")) for t in masked]) / np.mean([len(t) for t in plain])
        < 1
    )


FAST = "bag-of-words tfidf-summary tfidf-name fantom-svd gene-coordinates irefindex-degree"


@needs_mirror
@pytest.mark.slow
@pytest.mark.parametrize("name", [*FAST.split(), "bioplex-spectral"])
def test_a_real_model_embeds_most_genes_of_the_paper_offline(universe, name):
    spec = specs.models()[name]
    made = models.encoder(spec)(spec, universe, **spec.options)
    inference.check(made, name)
    assert made.vectors.shape == (len(made.entities), spec.dim) and made.vectors.dtype == np.float32
    assert (made.entities[1:] > made.entities[:-1]).all() and np.isin(made.entities, universe).all()
    assert len(made.entities) > 0.65 * len(universe) and (made.vectors.std(axis=0) > 0).mean() > 0.7
