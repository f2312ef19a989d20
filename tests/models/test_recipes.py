"""Texts of genes, and what is masked in them."""

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
    summaries = [("9606", "11", KINASE), ("9606", "12", SET), ("10090", "13", "A mouse gene.")]
    columns = ["#tax_id", "GeneID", "Summary"]
    tables["ncbi", "gene_summary"] = pd.DataFrame([*summaries, ("9606", "14", "")], columns=columns)
    synonyms = [("9606", "11", "-"), ("9606", "12", "INHAT|2PP2A"), ("9606", "13", "-")]
    columns = ["#tax_id", "GeneID", "Synonyms"]
    tables["ncbi", "gene_info"] = pd.DataFrame(synonyms, columns=columns)
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


def test_an_unknown_recipe_or_source_of_labels_is_answered_with_the_nearest(texts):
    with refused("unknown text recipe 'sumary'; did you mean 'summary'"):
        texts("sumary", ["KIN1"])
    with refused("unknown source 'hpaa'; did you mean 'hpa'"):
        recipes.label_words(["hpaa"], specs.declared())


def test_the_masked_twin_has_neither_names_nor_label_words_and_its_control_others(
    monkeypatch, texts
):
    monkeypatch.setattr(recipes, "label_words", lambda *_: ("kinase", "metabol"))
    masked, random = (
        texts(f"summary-{kind}", ["OLDK1", "SET"], ["hpa"])[1]
        for kind in ("masked", "random-masked")
    )
    assert masked == [
        "Gene symbol [MASK] full name [MASK] one with the summary [MASK], or [MASK] and "
        "[MASK]-like, is a [MASK] of [MASK]; [MASK] was its name. It binds KP1X.",
        "Gene symbol [MASK] full name [MASK] nuclear proto-oncogene with the summary A set of "
        "proteins; [MASK] and [MASK] block [MASK] enzymes of [MASK].",
    ]
    assert [t.count(recipes.MASK) for t in random] == [t.count(recipes.MASK) for t in masked]
    assert random != masked and "OLDK1" not in random[0]


def test_words_of_a_source_that_is_kept_are_not_masked(monkeypatch):
    words = {"hpa": ("kinase", "membrane"), "uniprot": ("membrane", "zinc")}
    found = recipes.label_words

    def some(names, declared):
        whole = any(name.startswith("-") for name in names)
        return found(names, declared) if whole else words[names[0]]

    monkeypatch.setattr(recipes, "label_words", some)
    assert recipes.label_words(["uniprot", "-hpa"], None) == ("zinc",)


def test_label_words_are_those_of_the_classes_without_what_says_nothing(monkeypatch, make_task):
    task = make_task("multiclass", [0, 1, 2] * 10)
    labels = ("Metabolism of the Kinases", "Ion channels", "from these proteins, other genes")
    object.__setattr__(task, "classes", labels)
    monkeypatch.setattr(recipes.tasks, "from_source", lambda source, *args, **options: [[task]])
    monkeypatch.setattr(recipes, "_label_words", {})
    assert recipes.label_words(["hpa"], specs.declared()) == ("channel", "kinase", "metabol")
