"""Declarations of data sets and models."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from helpers import refused
from sklearn.metrics.pairwise import cosine_similarity

from genebench.core import paths
from genebench.spectra import datasets, properties, user_samples
from genebench.spectra import study as studies

KNOWN = datasets.declared()


@pytest.mark.parametrize("spec", KNOWN.datasets.values(), ids=KNOWN.datasets)
def test_declared_data_set_names_what_exists(spec):
    bibliography = (paths.BOOK / "references.bib").read_text()
    assert len(spec.models) >= 4 and not any(KNOWN.models[m].needs for m in spec.models)
    assert all(f"{{{key}," in bibliography for key in spec.citation) and spec.property["words"]
    assert all(file.how and not file.how.endswith(".") for file in spec.files.values())


@pytest.mark.parametrize(
    "rule, tested", [("fewest", [1]), ("order", [4]), ("components", [4]), (None, [2])]
)
def test_existing_split_by_rule_or_column(make_data, rule, tested):
    table = pd.DataFrame({"side": list("rrtxr")})
    data = make_data(range(5), ["a", "abc", "b", "ab", "d"], table=table)
    given = {"rule": rule} if rule else {"column": "side", "train": ["r"], "test": ["t"]}
    spec = datasets.ExistingSpec(kind="metadata", words="w", **given)
    side = spec.side(data, properties.from_edges(5, [0, 0, 0], [1, 2, 3]))
    assert np.flatnonzero(side == 2).tolist() == tested
    assert np.flatnonzero(side == 0).tolist() == ([] if rule else [3])


def test_column_that_is_missing_is_named(declared):
    declared.datasets["toy"].options["label"] = "fitness"
    with refused("data set 'toy': the file has no column 'fitness'"):
        declared.datasets["toy"].load()


def genes(property):
    """A made-up gene task on the spectrum, by name."""
    options = {"profile": "tiny", "declared": replace(KNOWN, datasets={})}
    return studies.make([f"toy/value@{property}"], **options).datasets


def test_relatives_of_genes_are_alike_in_the_vectors_of_a_model(home):
    found = genes("cosine:part")
    (source,) = found.values()
    embedding, data = source.plan.embedding("part"), source.load()
    at = embedding.rows(data.ids)
    ((graph, _),) = source.parts(data)
    truth = (cosine_similarity(embedding.vectors[at]) > 0.8) & (at >= 0) & (at[:, None] >= 0)
    np.fill_diagonal(truth, False)
    assert (at < 0).any() and truth.any() and np.array_equal(graph.toarray(), truth)
    (other,) = genes("cosine:full").values()
    assert source.splits_recipe["property"] != other.splits_recipe["property"]
    (home / "to.csv").write_text("similarity\n0.7\n0.9\n")
    assert user_samples.target(home / "to.csv", found).tolist() == [0, 1]
    for property, sentence in (("cosine:ful", "unknown model 'ful'"), ("cosine", "cosine:MODEL")):
        with refused(sentence):
            genes(property)
