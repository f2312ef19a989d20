"""Texts of genes, and what is masked in them."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from helpers import refused

from genebench.core import specs
from genebench.models import recipes
from genebench.models.inputs import Inputs

KINASE = "KIN1, or p60 and P60-like, is a kinase of kinases; OLDK1 was its name. It binds KP1X."
SET = "A set of proteins; SET and INHAT block metabolic enzymes of metabolism."


@pytest.fixture(autouse=True)
def ncbi(tables):
    """What NCBI says of the four genes."""
    about = pd.DataFrame({"#tax_id": "9606", "GeneID": "11 12 13 14".split()})
    about.loc[2, "#tax_id"] = "10090"
    summaries = [KINASE, SET, "A mouse gene.", ""]
    tables["ncbi", "gene_summary"] = about.assign(Summary=summaries)
    tables["ncbi", "gene_info"] = about.assign(Synonyms="- INHAT|2PP2A - -".split())
    return tables


@pytest.fixture
def texts(declared):
    """Texts of some genes by a recipe."""

    def write(recipe, genes, labels_of=()):
        return recipes.texts(Inputs(None, np.array(genes), declared), recipe, labels_of)

    return write


def test_a_gene_has_a_text_only_if_all_that_the_recipe_needs_is_known(ncbi, texts):
    genes = ["CHN3", "CHN4", "KIN1", "SET", "UNKNOWN9"]
    assert texts("symbol", genes)[1] == genes[:4]
    ncbi.pop(("ncbi", "gene_info"))  # neither recipe needs it
    assert dict(zip(*texts("name", genes)))["CHN4"] == "channel four"
    covered, written = texts("summary", genes)
    start = "Gene symbol SET full name SET nuclear proto-oncogene with the summary "
    assert covered.tolist() == ["KIN1", "SET"] and written[1] == start + SET


def test_an_unknown_recipe_is_answered_with_the_nearest(texts):
    with refused("unknown text recipe 'sumary'; did you mean 'summary'"):
        texts("sumary", ["KIN1"])


def test_the_masked_twin_has_neither_names_nor_label_words_and_its_control_others(
    monkeypatch, texts
):
    monkeypatch.setattr(recipes, "label_words", lambda *_: ("kinase", "metabol"))
    kinds = "summary-masked", "summary-random-masked"
    masked, random = (texts(kind, ["OLDK1", "SET"], ["hpa"])[1] for kind in kinds)
    assert masked == [
        "Gene symbol [MASK] full name [MASK] one with the summary [MASK], or [MASK] and "
        "[MASK]-like, is a [MASK] of [MASK]; [MASK] was its name. It binds KP1X.",
        "Gene symbol [MASK] full name [MASK] nuclear proto-oncogene with the summary A set of "
        "proteins; [MASK] and [MASK] block [MASK] enzymes of [MASK].",
    ]
    assert [t.count(recipes.MASK) for t in random] == [t.count(recipes.MASK) for t in masked]
    assert random != masked and "OLDK1" not in random[0]


def test_label_words_are_those_of_the_classes_without_what_says_nothing_or_is_kept(monkeypatch):
    labels = {"hpa": [], "uniprot": ["Metabolism of the Kinases", "other proteins"]}

    def built(source, *_, **options):
        return [[SimpleNamespace(classes=[*labels[source.id], "Ion channels from these genes"])]]

    monkeypatch.setattr(recipes.tasks, "from_source", built)
    monkeypatch.setattr(recipes, "_label_words", {})
    for names, words in (("uniprot", "channel kinase metabol"), ("uniprot -hpa", "kinase metabol")):
        assert recipes.label_words(names.split(), specs.declared()) == tuple(words.split())
