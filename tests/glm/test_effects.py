"""Tasks of variants: reference bases, consequences, draws."""

import numpy as np
import pytest
from Bio.Seq import Seq
from glm import toys

from genebench.core.errors import BadInput
from genebench.glm import codes
from notebooks.studies.lib import effects


def test_a_change_with_another_reference_base_is_refused():
    with pytest.raises(BadInput, match="1 changes have another reference base"):
        one = np.array([0])
        effects.Effects("t", "binary", codes.encode("ACGT"), one, one + 1, one + 2, one, one)


def test_consequences_are_those_of_a_translation_by_biopython():
    toy = toys.genome()
    rows = effects.changes(toy)
    assert len(rows) == 2 * 3 * (len(toys.GENE) - 6)
    genes = {g.gene: g for g in toy.genes.itertuples()}
    for row in rows.sample(60, random_state=1).itertuples():
        assert toy.codes[row.at] == row.ref
        toy.codes[row.at] = row.alt
        before, after = Seq(toys.GENE), Seq(codes.decode(toy.coding(genes[row.gene])))
        toy.codes[row.at] = row.ref
        a, b = str(before.translate()), str(after.translate())
        kind = "synonymous" if a == b else "nonsense" if b.count("*") > 1 else "missense"
        assert effects.CONSEQUENCES[row.consequence] == kind


def test_an_unknown_set_is_an_error():
    with pytest.raises(BadInput, match="unknown set of variants 'brca'; did you mean 'brca1'"):
        effects.load("brca", {})
