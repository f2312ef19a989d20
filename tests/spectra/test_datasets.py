"""Declarations of data sets and models."""

import numpy as np
import pandas as pd
import pytest
from helpers import refused

from genebench.core import paths
from genebench.spectra import datasets, properties

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
