"""Motifs: profiles of JASPAR, their comparison, and names of motifs."""

import numpy as np

from notebooks.studies.lib import motifs


def test_a_motif_is_named_by_its_profile_on_either_strand_and_noise_is_not():
    rng = np.random.default_rng(0)
    profiles = {f"p{i}": rng.dirichlet([0.2] * 4, 9) for i in range(12)}
    turned, noise = profiles["p7"][::-1, ::-1], rng.dirichlet(np.ones(4), 9)
    given = [(turned, 40), (profiles["p2"][1:], 90), (noise, 10)]
    table, letters = motifs.match_motifs(given, profiles)
    assert table.sites.tolist() == [90, 40, 10] and table.match.tolist()[:2] == ["p2", "p7"]
    assert (table.r[:2] > 0.999).all() and table.r[2] < 0.95
    assert (table.r > table.chance)[:2].all()
    assert letters[(letters.motif == "motif 1") & (letters["of"] == "match")].position.min() == -1
