"""Simulated genomes: the forces against theory, the planted elements, and the study's numbers against enumeration."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import spearmanr

from genebench.core.errors import BadInput
from genebench.glm import codes, landscape, motifs, simulate, variants
from genebench.glm.codes import Sequence
from genebench.glm.landscape import Landscape, Mutation

SHARP = {
    f"m{i}": 0.97 * np.eye(4)[np.random.default_rng(i).integers(0, 4, 9)] + 0.03 / 4
    for i in range(8)
}


@pytest.fixture(scope="module")
def family():
    design = simulate.Design(chromosomes={"a": 20_000, "b": 6_000}, species=2)
    return simulate.family(design, profiles=SHARP)


def plain(length, **given):
    """A landscape without selection, or with what is given."""
    usual = {
        "site": np.zeros((length, 4)),
        "region": np.zeros(length, np.uint8),
        "codon": np.full((length, 3), -1),
        "reverse": np.zeros(length, bool),
        "usage": np.zeros(64),
        "partner": np.full(length, -1),
    }
    return Landscape(**{**usual, **given})


def test_fixation_is_kimuras_and_its_ratio_is_exp_s():
    s = np.array([-3.0, -1e-9, 0.0, 1e-9, 2.0, 50.0])
    found = landscape.fixation(s)
    assert (
        np.allclose(found[[1, 2, 3]], 1)
        and np.isclose(found[4], 2 / (1 - np.exp(-2)))
        and np.isclose(found[5], 50)
    )
    x = np.linspace(-5, 5, 11)
    assert np.allclose(landscape.fixation(x) / landscape.fixation(-x), np.exp(x))


def test_at_equilibrium_bases_stand_as_sella_and_hirsh_say():
    """Independent truth: share of a base is its share under mutation times exp(F), without CpG."""
    mutation, fitness = Mutation(cpg=1.0), np.array([0.0, 1.5, -1.0, 0.5])
    rng = np.random.default_rng(0)
    start = rng.integers(0, 4, 20_000).astype(np.uint8)
    held = plain(20_000, site=np.tile(fitness, (20_000, 1)))
    bases = landscape.evolve(start, held, mutation, rng, time=5, step=0.1)
    expected = mutation.neutral() * np.exp(fitness)
    assert (
        np.abs(np.bincount(bases, minlength=4) / 20_000 - expected / expected.sum()).max() < 0.012
    )


def test_cpg_is_rare_in_neutral_dna_and_the_bias_says_so():
    rng = np.random.default_rng(1)
    bases = landscape.evolve(
        rng.integers(0, 4, 20_000).astype(np.uint8), plain(20_000), Mutation(), rng, time=3
    )
    c, g = (bases == 1).mean(), (bases == 2).mean()
    cpg = ((bases[:-1] == 1) & (bases[1:] == 2)).mean()
    assert cpg / (c * g) < 0.5
    gpc = ((bases[:-1] == 2) & (bases[1:] == 1)).mean()
    assert 0.85 < gpc / (c * g) < 1.3
    bias = Mutation().bias(codes.encode("ACGA"))
    assert (
        bias[1, 3] > Mutation().bias(codes.encode("ACAA"))[1, 3] > 0
        and (bias[[0, 1, 2, 3], [0, 1, 2, 0]] == 0).all()
    )


def test_mutation_and_bias_treat_both_strands_alike():
    bases = np.random.default_rng(2).integers(0, 4, 300).astype(np.uint8)
    other = codes.reverse_complement(bases).copy()
    for ask in (Mutation().bias, lambda b: Mutation().rates(b, np.arange(len(b)))):
        assert np.allclose(ask(bases), ask(other)[::-1, ::-1])


def test_selection_is_the_change_of_fitness_by_hand(family):
    """Independent truth: total fitness of the whole chromosome before and after a substitution."""
    held, bases = family.chromosomes["a"].landscape, family.sequences[1]["a"].codes
    found = held.selection(bases)

    def total(b):
        out = held.site[np.arange(len(b)), b].sum()
        for p in np.flatnonzero(held.codon[:, 0] == np.arange(len(b))):
            read = b[held.codon[p]].astype(int)
            read = 3 - read if held.reverse[p] else read
            out += held.usage[16 * read[0] + 4 * read[1] + read[2]]
        left = np.flatnonzero(held.partner > np.arange(len(b)))
        return out + landscape.PAIRS[b[left], b[held.partner[left]]].sum()

    rng, before = np.random.default_rng(3), total(bases)
    for region in range(5):
        for p in rng.choice(np.flatnonzero(held.region == region), 6):
            changed = bases.copy()
            changed[p] = (bases[p] + 1) % 4
            assert np.isclose(total(changed) - before, found[p, changed[p]], atol=1e-3)


def test_the_oracle_is_selection_and_bias_and_nothing_else(family):
    truth = family.truth("a")
    assert len(truth) == 3 * 20_000 and (truth.ref != truth.alt).all()
    assert np.allclose(truth.oracle, truth["S"] + truth.bias)
    neutral = truth[truth.region.isin([landscape.NEUTRAL, landscape.REPEAT])]
    assert (neutral["S"] == 0).all() and truth[truth.region == landscape.MOTIF]["S"].mean() < -1


def test_elements_are_what_was_planted(family):
    held, bases = family.chromosomes["a"], family.sequences[1]["a"].codes
    for name, matrix in family.motifs.items():
        rows = held.elements[held.elements.name == name]
        parts = [bases[r.start : r.end] for r in rows.itertuples()]
        parts = [p if s > 0 else codes.reverse_complement(p) for p, s in zip(parts, rows.strand)]
        share = np.mean([np.eye(4)[p] for p in parts], axis=0)
        assert (
            len(family.motifs) >= 6
            and len(rows) >= 5
            and np.corrcoef(share.ravel(), matrix.ravel())[0, 1] > 0.9
        )
    genes = held.elements[held.elements.kind == "gene"]
    starts = 0
    for r in genes.itertuples():
        read = (
            bases[r.start : r.end]
            if r.strand > 0
            else codes.reverse_complement(bases[r.start : r.end])
        )
        text = codes.decode(read)
        assert len(text) % 3 == 0
        starts += text.startswith("ATG")
        inner = [text[i : i + 3] for i in range(3, len(text) - 3, 3)]
        assert sum(c in ("TAA", "TAG", "TGA") for c in inner) <= 1
    assert starts / len(genes) > 0.8
    partner = held.landscape.partner
    paired = np.flatnonzero(partner >= 0)
    assert (partner[partner[paired]] == paired).all() and (
        bases[paired] + bases[partner[paired]] == 3
    ).mean() > 0.8


def test_species_share_the_map_and_what_is_selected_changes_less(family):
    a, b = (family.sequences[k]["a"].codes for k in (1, 2))
    region = family.chromosomes["a"].landscape.region
    apart = [
        (a != b)[region == r].mean()
        for r in (landscape.NEUTRAL, landscape.MOTIF, landscape.STRUCTURE)
    ]
    assert apart[0] > 0.2 > apart[1] and apart[0] > apart[2]
    short = family.design.model_copy(update={"chromosomes": {"a": 3000}, "settle": 0.2})
    held = [simulate.family(short, profiles=SHARP).sequences[2]["a"].codes for _ in range(2)]
    assert np.array_equal(*held)
    other = simulate.family(short.model_copy(update={"seed": 1}), profiles=SHARP)
    assert not np.array_equal(other.sequences[2]["a"].codes, held[0])


def test_harmful_mutations_are_rare_in_the_population():
    """Independent truth: the neutral spectrum falls as 1 / j, and harmful mutations are fewer and rarer."""
    n = 300_000
    rng = np.random.default_rng(4)
    neutral = landscape.segregating(np.zeros(n), np.ones(n), rng, theta=0.02)
    harmful = landscape.segregating(np.full(n, -8.0), np.ones(n), rng, theta=0.02)
    counts = np.bincount(neutral[neutral > 0], minlength=6)
    assert np.allclose(counts[1:5] / counts[1], 1 / np.arange(1, 5), atol=0.06)
    assert (harmful > 0).sum() < 0.7 * (neutral > 0).sum()
    assert harmful[harmful > 0].mean() < 0.3 * neutral[neutral > 0].mean()
    assert abs(counts[1] / n - 0.02) < 0.002  # expected number of singletons is θ


def test_jaspar_profiles_are_probabilities_and_the_chosen_are_sharp_and_apart():
    held = motifs.jaspar()
    assert len(held) > 500 and all(
        np.allclose(m.sum(1), 1) and (m > 0).all() for m in held.values()
    )
    taken = motifs.chosen(held, 8)
    assert len(taken) == 8 and all(
        motifs.information(m).mean() >= 1.2 and 8 <= len(m) <= 12 for m in taken.values()
    )
    pairs = [(a, b) for a in taken for b in taken if a < b]
    assert max(motifs.likeness(taken[a], taken[b]) for a, b in pairs) < 0.75
    one = next(iter(taken.values()))
    assert np.isclose(motifs.likeness(one, motifs.turned(one)), 1)


def test_words_seen_in_training_are_found_on_both_strands():
    rng = np.random.default_rng(6)
    training = rng.integers(0, 4, 500).astype(np.uint8)
    held = rng.integers(0, 4, 200).astype(np.uint8)
    held[20:60] = training[100:140]
    held[100:140] = codes.reverse_complement(training[300:340])
    found = check.seen(held, [training])
    assert found[20:60].all() and found[100:140].all() and found.sum() <= 84


def test_bits_are_told_apart_by_repeat_and_region():
    class Even:
        name, objective, context, layers = "even", "masked", 4, 0

        def conditionals(self, windows):
            out = np.full((*windows.shape, 4), np.log(0.25), np.float32)
            out[:, ::2] = np.log([0.97, 0.01, 0.01, 0.01])
            return out

    s = Sequence(
        "a",
        np.zeros(1000, np.uint8),
        np.arange(1000) < 500,
        (np.arange(1000) >= 500).astype(np.uint8),
    )
    table = check.bits(Even(), [s], [], regions=("x", "y")).set_index("bases")
    expected = (2 - np.log2(0.97)) / 2
    assert np.allclose(table.bits, expected, atol=0.02) and table.n.tolist() == [
        1000,
        500,
        1000,
        500,
        500,
    ]
    assert np.allclose(table.perplexity, 2**table.bits)


def test_recipes_from_files_and_changes(tmp_path):
    (tmp_path / "r.yml").write_text("width: 32\nsteps: 10\n")
    made = check.recipe_of(tmp_path / "r.yml", ["steps=20", "name=x"])
    assert (made.width, made.steps, made.name) == (32, 20, "x") and check.recipe_of(
        None, []
    ) == recipe.Recipe()
    for text, told in (("- a\n", "a table of keys and values"), ("a: [\n", "no readable recipe")):
        (tmp_path / "b.yml").write_text(text)
        with pytest.raises(BadInput, match=told):
            check.recipe_of(tmp_path / "b.yml", [])
    with pytest.raises(BadInput, match="not of the form key=value"):
        check.recipe_of(None, ["steps"])


def test_the_whole_way_by_the_command_line(tmp_path, monkeypatch):
    """FASTA → glm train → glm score, and the sentences of bad input."""
    from typer.testing import CliRunner

    from genebench.cli.main import app

    rng = np.random.default_rng(8)
    bases = {n: rng.integers(0, 4, 600).astype(np.uint8) for n in ("a", "b")}
    (tmp_path / "g.fa").write_text("".join(f">{n}\n{codes.decode(s)}\n" for n, s in bases.items()))
    small = [
        x
        for pair in ("width=8", "joint=8", "depth=1", "steps=3", "window=32", "batch=2")
        for x in ("--set", pair)
    ]
    run = CliRunner().invoke
    made = run(app, ["glm", "train", str(tmp_path / "g.fa"), "--out", str(tmp_path / "m"), *small])
    assert made.exit_code == 0, made.output
    assert "outside repeats" in made.output and (tmp_path / "m" / "weights.safetensors").exists()
    ref, alt = codes.decode(bases["b"][99:100]), codes.decode(3 - bases["b"][99:100])
    (tmp_path / "v.vcf").write_text(
        f"#CHROM\tPOS\tID\tREF\tALT\nb\t100\t.\t{ref}\t{alt}\nb\t9999\t.\tA\tC\n"
    )
    given = [
        "glm",
        "score",
        str(tmp_path / "m"),
        "--variants",
        str(tmp_path / "v.vcf"),
        "--out",
        str(tmp_path / "o.tsv"),
    ]
    scored = run(
        app,
        [
            *given,
            "--fasta",
            str(tmp_path / "g.fa"),
            "--scores",
            "llr,influence,embedding",
            "--calibrate",
        ],
    )
    assert scored.exit_code == 0, scored.output
    assert "1 of 2 variants not scored: position off the sequence" in scored.output
    table = pd.read_csv(tmp_path / "o.tsv", sep="\t")
    assert table.llr.notna().tolist() == [True, False] and {
        "influence",
        "embedding",
        "llr_calibrated",
    } <= set(table)
    for more, told in (
        (["--fasta", str(tmp_path / "none.fa")], "cannot be read"),
        (["--fasta", str(tmp_path / "g.fa"), "--scores", "lrr"], "did you mean 'llr'"),
        (["--fasta", str(tmp_path / "g.fa"), "--strands", "bth"], "did you mean 'both'"),
    ):
        bad = run(app, [*given, *more])
        assert bad.exit_code == 2 and told in bad.output and "Traceback" not in bad.output
    bad = run(
        app,
        ["glm", "train", str(tmp_path / "g.fa"), "--out", str(tmp_path / "n"), "--held-out", "z"],
    )
    assert bad.exit_code == 2 and "no sequence 'z' to hold out; there are a, b" in bad.output


def test_a_simulated_family_is_written_as_it_is(tmp_path, family, monkeypatch):
    from notebooks.studies import glm_simulated

    monkeypatch.setattr(simulate, "family", lambda design, progress: family)
    monkeypatch.setattr(glm_simulated, "SPLIT", {"test": ["b"]})
    made = glm_simulated.write_family(tmp_path)
    held = variants.genome(made[0])
    assert np.array_equal(held["a"].codes, family.sequences[1]["a"].codes)
    assert np.array_equal(held["a"].repeats, family.sequences[1]["a"].repeats)
    truth = pd.read_csv(tmp_path / "truth.tsv", sep="\t")
    assert spearmanr(truth["S"], family.truth("b")["S"])[0] > 0.999
