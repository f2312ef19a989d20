"""Real genomes, k-mer models, variants, windows and designs, against independent truths on small sequences."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd
import pytest

from genebench.book import genomic, glm
from genebench.core import paths, specs
from genebench.core.errors import BadInput
from genebench.glm import (
    codes,
    design,
    effects,
    genomes,
    interpret,
    markov,
    motifs,
    perplexity,
    transfer,
    windows,
    zero_shot,
)

rng = np.random.default_rng(7)


def drawn(n: int) -> np.ndarray:
    """Random bases."""
    return rng.integers(0, 4, n).astype(np.uint8)


def spec(**changes) -> genomes.GenomeSpec:
    """A genome's declaration."""
    given = {
        "name": "toy",
        "title": "Toy",
        "source": "ecoli",
        "layout": "none",
        "color": "#000000",
        "code": 11,
    }
    return genomes.GenomeSpec(**{**given, "validation": {}, "test": {"c": [601, 1000]}, **changes})


GENE = "ATG" + "GCTAAACGTTGGGAT" * 8 + "TAA"


@pytest.fixture
def toy() -> genomes.Genome:
    """A chromosome of 1,000 bases with a gene on each strand in the test part."""
    sequence = drawn(1000)
    sequence[650 : 650 + len(GENE)] = codes.encode(GENE)
    sequence[820 : 820 + len(GENE)] = codes.reverse_complement(codes.encode(GENE))
    rows = pd.DataFrame(
        [
            ("c", "coding", 651, 650 + len(GENE), "+", 0, "a"),
            ("c", "coding", 821, 820 + len(GENE), "-", 0, "b"),
        ],
        columns=["seqname", "kind", "start", "end", "strand", "phase", "gene"],
    )
    starts = {"c": 0}
    part = genomes._parts(spec(), starts, {"c": 1000})
    made = genomes._regions(rows, starts, 1000)
    return genomes.Genome(spec(), sequence, *made, part, starts, genomes._genes(rows, starts))


def test_genes_read_as_genes_on_both_strands_and_positions_count_from_the_start(toy):
    assert [codes.decode(genomes.coding(toy, g)) for g in toy.genes.itertuples()] == [GENE, GENE]
    assert toy.position[650:656].tolist() == [1, 2, 3, 1, 2, 3]
    end = 820 + len(GENE)
    assert (
        toy.position[end - 6 : end].tolist() == [3, 2, 1, 3, 2, 1]
        and (toy.strand[820:end] == -1).all()
    )
    assert toy.blocks("test") == [(600, 1000)] and toy.blocks("train") == [(0, 600)]


def test_overlapping_frames_have_no_position():
    rows = pd.DataFrame(
        [
            ("c", "coding", 1, 30, "+", 0, "a"),
            ("c", "coding", 20, 49, "+", 0, "b"),
            ("c", "coding", 31, 60, "+", 0, "c"),
        ],
        columns=["seqname", "kind", "start", "end", "strand", "phase", "gene"],
    )
    _, position, _ = genomes._regions(rows, {"c": 0}, 60)
    assert (position[19:30] == 0).all() and position[:3].tolist() == [1, 2, 3]


def test_words_are_those_of_either_strand():
    sequence = drawn(60)
    sequence[20] = codes.N
    text = codes.decode(sequence)
    found = genomes.words(sequence, 5)
    for i, number in enumerate(found):
        word = text[i : i + 5]
        if "N" in word:
            assert number == np.iinfo(np.uint64).max
            continue
        other = codes.decode(codes.reverse_complement(codes.encode(word)))
        assert number == min(
            int("".join(str("ACGT".index(b)) for b in w), 4) for w in (word, other)
        )


def test_duplicates_are_what_training_holds_on_either_strand(toy):
    toy.codes[700:740] = codes.reverse_complement(toy.codes[100:140])
    found = toy.duplicates(k=24)
    assert found[700:740].all() and not found[:600].any()
    outside = found.copy()
    outside[650 : 650 + len(GENE)] = outside[820 : 820 + len(GENE)] = False
    assert outside.sum() == 0


def chain(n: int, order: int, table: np.ndarray) -> np.ndarray:
    """A sequence of a Markov chain."""
    out, u = drawn(n), rng.random(n)
    edge = np.cumsum(table, axis=1)
    for i in range(order, n):
        key = 0
        for d in range(1, order + 1):
            key = key * 4 + int(out[i - d])
        out[i] = min(3, int((u[i] > edge[key]).sum()))
    return out


def test_a_markov_model_reaches_the_entropy_of_its_chain():
    table = rng.dirichlet([0.4] * 4, 16)
    held = chain(60_000, 2, table)
    models = markov.fit(
        [held[:40_000]], [held[40_000:50_000]], orders=[0, 2, 6], both_strands=False
    )
    test = held[50_000:]
    key = test[1:-1].astype(int) * 4 + test[:-2]
    truth = -np.log2(table[key, test[2:]]).mean()
    cost = {
        k: perplexity.bits(m.conditionals(test[None])[0], test)[2:].mean()
        for k, m in models.items()
    }
    assert abs(cost[2] - truth) < 0.01 and cost[0] > truth + 0.1
    assert cost[6] < cost[2] + 0.02, "interpolation falls back where words are rare"


def test_orders_are_counted_by_hand():
    made = markov.fit(
        [codes.encode("ACACACAC")], [codes.encode("ACAC")], orders=[1], both_strands=False
    )[1]
    p = np.exp(made.conditionals(codes.encode("ACA")[None])[0])
    low = made.weights[0]
    base = (np.array([3, 4, 0, 0]) + low * 0.25) / (
        7 + low
    )  # the first base has no context and is not counted
    after_a = (np.array([0, 4, 0, 0]) + made.weights[1] * base) / (4 + made.weights[1])
    np.testing.assert_allclose(p[0], base, rtol=1e-5)
    np.testing.assert_allclose(p[1], after_a, rtol=1e-5)
    np.testing.assert_allclose(p.sum(1), 1, rtol=1e-5)


def test_the_two_sided_chain_is_the_exact_conditional_of_the_one_sided_one():
    held = drawn(5000)
    left = markov.fit([held], [held[:500]], orders=[3], kind="causal")[3]
    both = markov.fit([held], [held[:500]], orders=[3], kind="chain")[3]
    window = drawn(12)
    found = both.conditionals(window[None])[0]
    for i in (0, 5, 11):
        total = []
        for b in range(4):
            changed = window.copy()
            changed[i] = b
            p = left.conditionals(changed[None])[0]
            total.append(p[np.arange(12), changed].sum(dtype=np.float64))
        total = np.array(total)
        np.testing.assert_allclose(found[i], total - np.logaddexp.reduce(total), atol=1e-4)


def test_a_markov_model_does_not_look_at_the_base_itself_nor_over_an_n():
    held = drawn(5000)
    for kind in markov.KINDS:
        model = markov.fit([held], [held[:500]], orders=[4], kind=kind)[4]
        window = drawn(20)
        changed = window.copy()
        changed[10] = (window[10] + 1) % 4
        a, b = (model.conditionals(w[None])[0, 10] for w in (window, changed))
        np.testing.assert_array_equal(a, b)
        window[9] = codes.N
        np.testing.assert_allclose(np.exp(model.conditionals(window[None])).sum(-1), 1, rtol=1e-4)


@pytest.mark.parametrize(
    "orders, kind, told", [([13], "causal", "between 0 and 12"), ([2], "casual", "did you mean")]
)
def test_a_wrong_order_or_kind_is_told(orders, kind, told):
    with pytest.raises(BadInput, match=told):
        markov.fit([drawn(50)], [drawn(50)], orders=orders, kind=kind)


def test_tiles_of_a_long_sequence_are_as_one_window():
    held = drawn(3000)
    model = markov.fit([held], [held[:500]], orders=[5], kind="chain")[5]
    whole = model.conditionals(held[None])[0]
    np.testing.assert_allclose(perplexity.track(model, held, window=256, batch=3), whole, atol=1e-5)


def test_a_change_with_another_reference_base_is_refused():
    sequence = codes.encode("ACGT")
    one = np.array([0])
    with pytest.raises(BadInput, match="another reference base"):
        effects.Effects(
            "t", "t", "binary", "toy", sequence, one, one + 1, one + 2, one, np.array(["x"]), ""
        )


def test_consequences_are_those_of_a_translation_by_biopython(toy):
    from Bio.Seq import Seq

    rows = effects.changes(toy)
    assert len(rows) == 2 * 3 * (len(GENE) - 6)
    for row in rows.sample(60, random_state=1).itertuples():
        changed = toy.codes.copy()
        assert changed[row.at] == row.ref
        changed[row.at] = row.alt
        gene = next(g for g in toy.genes.itertuples() if g.gene == row.gene)
        held = codes.encode(GENE)
        new = changed[gene.pieces[0][0] : gene.pieces[0][1]]
        new = codes.reverse_complement(new) if gene.strand == "-" else new
        a, b = (str(Seq(codes.decode(s)).translate()) for s in (held, new))
        kind = "synonymous" if a == b else "nonsense" if b.count("*") > 1 else "missense"
        assert effects.CONSEQUENCES[row.consequence] == kind


def task(**changes) -> effects.Effects:
    """Fifty changes of a random sequence."""
    sequence = drawn(400)
    at = np.sort(rng.permutation(398)[:50] + 1)
    alt = ((sequence[at] + 1 + rng.integers(0, 3, 50)) % 4).astype(np.uint8)
    label = rng.permutation(np.r_[np.ones(20, int), np.zeros(30, int)])
    given = {"label": label, "cluster": np.arange(50).astype(str), **changes}
    return effects.Effects(
        "t/x", "t", "binary", "toy", sequence, at, sequence[at], alt, words="", **given
    )


def test_scores_are_those_of_scikit_learn_and_intervals_hold_them():
    from sklearn.metrics import average_precision_score, roc_auc_score

    held = task()
    score = held.label + rng.normal(0, 1.2, 50).round(1)
    told = zero_shot.measured(held, score).set_index("metric")
    assert told.score["auroc"] == pytest.approx(roc_auc_score(held.label, score))
    assert told.score["auprc"] == pytest.approx(average_precision_score(held.label, score))
    assert told.low["auroc"] < told.score["auroc"] < told.high["auroc"]


def test_clusters_that_move_together_widen_the_interval():
    held = task()
    score = held.label + rng.normal(0, 1.2, 50)
    many = task(label=held.label)
    few = effects.Effects(
        "t/x",
        "t",
        "binary",
        "toy",
        many.sequence,
        many.at,
        many.ref,
        many.alt,
        held.label,
        np.repeat(np.arange(10), 5).astype(str),
        "",
    )
    order = np.lexsort((score, held.label))  # labels and scores alike within a cluster
    few.label[:] = held.label[order]
    a = zero_shot.measured(few, score[order]).iloc[0]
    b = zero_shot.measured(task(label=few.label), score[order]).iloc[0]
    assert a.high - a.low > b.high - b.low and a.score == pytest.approx(b.score)


def test_calibration_takes_away_what_belongs_to_the_context():
    held = task()
    table = rng.normal(0, 1, (400, 4)).astype(np.float32)
    table -= np.logaddexp.reduce(table, axis=1, keepdims=True)
    before = zero_shot.calibrated(table, held.sequence, held.at, held.alt)
    biased = table.copy()
    after_c = np.flatnonzero(held.sequence[:-1] == 1) + 1
    biased[after_c, 2] -= 3.0  # every change to G behind a C looks worse, every G there looks worse
    after = zero_shot.calibrated(biased, held.sequence, held.at, held.alt)
    np.testing.assert_allclose(before, after, atol=1e-3)
    raw = [zero_shot.harm(t, held.at, held.ref, held.alt) for t in (table, biased)]
    assert np.abs(raw[0] - raw[1]).max() > 2.9


def test_baselines_say_what_their_names_say():
    sequence = codes.encode("ACGTA")
    at = np.array([1, 1, 2, 0])
    alt = codes.encode("TAAG")
    held = effects.Effects(
        "t", "t", "binary", "toy", sequence, at, sequence[at], alt, at, at.astype(str), ""
    )
    assert zero_shot.transition(held).tolist() == [0, 1, 0, 0]
    assert zero_shot.cpg(held).tolist() == [0, 1, 0, 0.5]
    assert zero_shot.gc(held).tolist() == [1, 1, 1, -1]


def labelled(n: int = 120) -> windows.Windows:
    """Windows of 60 bases, half of which hold a planted word, with groups that share long words."""
    held = rng.integers(0, 4, (n, 60)).astype(np.uint8)
    label = np.arange(n) % 2
    held[label == 1, 20:28] = codes.encode("TATAATGC")
    held[:40, 40:60] = held[0, 40:60]  # one family
    return windows.Windows("t", "t", "binary", "human", held, label, np.zeros(n, bool), "")


def test_a_spectral_split_shares_no_long_word_across():
    made = labelled(60)
    for seed in (0, 1):
        train, test = windows.sides(made, "spectral", seed=seed)
        words = [
            set(np.concatenate([genomes.words(w, windows.WORD) for w in made.codes[s]]))
            for s in (train, test)
        ]
        assert len(train) and len(test) and not words[0] & words[1]
    train, test = windows.sides(made, "random", seed=0)
    assert len(train) + len(test) == 60
    with pytest.raises(BadInput, match="no published split"):
        windows.sides(made, "published", seed=0)


def test_kmer_shares_are_the_same_on_both_strands_and_pooling_passes_over_n():
    held = rng.integers(0, 4, (3, 30)).astype(np.uint8)
    np.testing.assert_allclose(
        transfer.kmers(held, 3), transfer.kmers(codes.reverse_complement(held), 3), atol=1e-7
    )
    np.testing.assert_allclose(transfer.kmers(held, 3).sum(1), 1, rtol=1e-6)
    states = rng.normal(size=(2, 5, 3))
    known = np.array([[True] * 3 + [False] * 2, [True] * 5])
    np.testing.assert_allclose(transfer.POOLINGS["mean"](states, known)[0], states[0, :3].mean(0))
    np.testing.assert_allclose(transfer.POOLINGS["max"](states, known)[0], states[0, :3].max(0))
    np.testing.assert_allclose(transfer.POOLINGS["deviation"](states, known)[1], states[1].std(0))


def test_a_fitted_network_finds_a_planted_word_and_a_probe_on_noise_does_not():
    made = labelled(240)
    train, test = np.arange(160), np.arange(160, 240)
    fitted = transfer.Network(transfer.cnn(16), kind="binary", rate=5e-3, epochs=12).fit(
        made.codes, made.label, train
    )
    told = transfer.scored(made, fitted.predict(made.codes[test]), test, seed=0).iloc[0]
    assert told.score > 0.9 and told.low < told.score <= told.high
    noise = transfer.scored(
        made, transfer.probed(made, rng.normal(size=(240, 4)), train, test), test, seed=0
    ).iloc[0]
    assert noise.low < 0.5 < noise.high


def edits(a: str, b: str) -> int:
    """Edit distance, by the book."""
    row = list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        row, last = [i], row
        for j, y in enumerate(b, 1):
            row.append(min(last[j - 1] + (x != y), last[j] + 1, row[j - 1] + 1))
    return row[-1]


def test_nearest_distances_are_edit_distances():
    a, b = (
        rng.integers(0, 4, (6, 14)).astype(np.uint8),
        rng.integers(0, 4, (9, 16)).astype(np.uint8),
    )
    truth = [min(edits(codes.decode(x), codes.decode(y)) for y in b) for x in a]
    assert design.distances(a, b).tolist() == truth and design.distances(a, a).tolist() == [0] * 6


def test_samples_follow_the_model_and_hold_no_forbidden_word():
    table = rng.dirichlet([0.5] * 4, 4)
    held = chain(20_000, 1, table)
    model = markov.fit([held], [held[:2000]], orders=[1], both_strands=False)[1]
    made = design.sample(model.conditionals, 400, 50, context=1, seed=3)
    pairs = np.zeros((4, 4))
    np.add.at(pairs, (made[:, :-1].ravel(), made[:, 1:].ravel()), 1)
    np.testing.assert_allclose(pairs / pairs.sum(1, keepdims=True), table, atol=0.05)
    free = design.sample(model.conditionals, 200, 50, context=1, forbidden=("ACG", "TT"), seed=3)
    assert not any(re.search("ACG|TT", codes.decode(s)) for s in free)
    assert any("TT" in codes.decode(s) or "ACG" in codes.decode(s) for s in made)
    with pytest.raises(BadInput, match="temperature"):
        design.sample(model.conditionals, 2, 5, context=1, temperature=0)
    with pytest.raises(BadInput, match="no base to draw"):
        design.sample(model.conditionals, 2, 5, context=1, forbidden=("A", "C", "G", "T"))


def test_refining_makes_a_sequence_likelier():
    table = rng.dirichlet([0.3] * 4, 16)
    held = chain(30_000, 2, table)
    model = markov.fit([held], [held[:3000]], orders=[4], kind="chain")[4]
    begun = design.random(50, 60)

    def bits(sequences):
        return np.mean(
            [perplexity.bits(model.conditionals(s[None])[0], s).mean() for s in sequences]
        )

    assert bits(design.refine(model, begun, rounds=4)) < bits(begun) - 0.2


def test_controls_keep_or_lose_what_they_should():
    held = drawn(400).reshape(10, 40)
    mixed = design.shuffled(held)
    assert (np.sort(mixed, axis=1) == np.sort(held, axis=1)).all() and (mixed != held).any()
    assert design.spread(transfer.kmers(held, 2), transfer.kmers(held, 2)) == 0


def test_a_found_motif_is_named_by_its_profile_on_either_strand_and_noise_is_not():
    profiles = motifs.jaspar(tax_id="4932")
    sharp = [
        n for n, m in profiles.items() if 8 <= len(m) <= 12 and motifs.information(m).mean() > 1.4
    ]
    one, other = profiles[sharp[0]], profiles[sharp[7]]
    noise = np.random.default_rng(3).dirichlet(np.ones(4), 9)
    told, letters = interpret.named_motifs(
        [(motifs.turned(other), 40), (one[1:], 90), (noise, 10)], profiles
    )
    assert told.motif.tolist() == ["motif 1", "motif 2", "motif 3"] and told.sites.tolist() == [
        90,
        40,
        10,
    ]
    assert told.match.tolist()[:2] == [sharp[0], sharp[7]] and (told.r[:2] > 0.999).all()
    assert (told.r[:2] > told.chance[:2]).all() and told.r[2] < 0.95
    for name in ("motif 1", "motif 2"):  # the profile lies on the motif as it was found
        held = (
            letters[letters.motif == name]
            .pivot(index="position", columns="of", values=list("ACGT"))
            .dropna()
        )
        found, match = (held.xs(kind, axis=1, level="of").to_numpy() for kind in ("found", "match"))
        np.testing.assert_allclose(found, match)
    assert (letters[(letters.motif == "motif 1") & (letters["of"] == "match")].position.min()) == -1
    fig = genomic.found_motifs(told.assign(model="glm-yeast"), letters)
    assert len(fig.axes) == 6 and fig.axes[0].get_title(loc="left") == "90 sites"
    assert genomic.motif_values(told.assign(model="m")) == {
        "m_found": 3,
        "m_known": int((told.r > told.chance).sum()),
    }


def test_motif_sites_are_found_on_both_strands():
    matrix = np.full((6, 4), 0.02)
    matrix[np.arange(6), codes.encode("GATAAC")] = 0.94
    held = np.zeros((3, 30), dtype=np.uint8)
    held[0, 5:11] = codes.encode("GATAAC")
    held[1, 5:11] = codes.reverse_complement(codes.encode("GATAAC"))
    assert design.motif_hits(held, {"m": matrix})[:, 0].tolist() == [1, 1, 0]


def test_letters_without_information_have_no_height():
    background = np.array([0.3, 0.2, 0.2, 0.3])
    assert np.abs(interpret.heights(background[None], background)).max() < 1e-12
    assert interpret.heights(np.array([[1.0, 0, 0, 0]]), np.full(4, 0.25)).sum() == pytest.approx(
        2, abs=1e-5
    )


def test_the_catalogue_is_whole_and_its_questions_lead_somewhere():
    frame = glm.catalogue()
    assert len(frame) >= 25 and frame.title.is_unique
    assert frame.date.str.fullmatch(r"20\d\d-\d\d").all()
    assert frame.paper.str.fullmatch(
        r"https://(arxiv\.org/abs/\d{4}\.\d{5}|doi\.org/10\.\S+/\S+)"
    ).all()
    assert (frame[["data", "task", "architecture", "tokens"]] != "").all(axis=None)
    held = specs.read_yaml(paths.DATA / "glm_catalogue.yml")
    known, told = {p.page for p in specs.pages()}, glm.questions().splitlines()
    assert len(told) == len(held["questions"])
    for question, line in zip(held["questions"], told):
        assert ("still to be made" in line) == (question["page"] not in known)
        assert (f"]({question['page']})" in line) == (question["page"] in known)


def test_every_scorer_and_every_set_of_designs_has_a_look():
    known = set(glm.declared()["models"])
    assert (
        set(zero_shot.BASELINES) | {"markov-chain", "markov-around", "trinucleotide", "codon-usage"}
        <= known
    )
    assert {g.recipe["name"] for g in genomes.declared().values()} <= known


class Paired:
    """A model that expects each base of a stretch to pair with its partner, and nothing of the others."""

    name, objective, context, layers = "paired", "masked", 100, 0

    def __init__(self, partner: dict[int, int], start: int) -> None:
        self.partner, self.start = partner, start

    def conditionals(self, held: np.ndarray) -> np.ndarray:
        """Even everywhere but in the stem."""
        out = np.full((*held.shape, 4), np.log(0.25), dtype=np.float32)
        for i, j in self.partner.items():
            out[:, i - self.start] = np.log(0.02)
            out[np.arange(len(held)), i - self.start, 3 - held[:, j - self.start]] = np.log(0.94)
        return out


@pytest.mark.parametrize("strand", [1, -1])
def test_the_acceptor_stem_of_a_transfer_rna_is_looked_for_where_it_is(toy, strand):
    a, b = 900, 976
    toy.region[a:b], toy.strand[a:b] = genomes.REGIONS.index("RNA gene"), strand
    toy.codes[a:b] = (
        0  # no CCA at its end, on either strand: the stem ends one base before the last
    )
    along = np.arange(a, b) if strand > 0 else np.arange(b - 1, a - 1, -1)
    partner = {int(along[i]): int(along[74 - i]) for i in range(7)}
    partner |= {j: i for i, j in partner.items()}
    start = 1000 - 512
    _, told = interpret.folded(toy, Paired(partner, start), np.zeros(1000, bool))
    assert len(told) == 1 and told.auroc[0] == 1 and told.top[0] == 1
    shifted = {i + 2: j for i, j in partner.items()}
    _, wrong = interpret.folded(toy, Paired(shifted, start), np.zeros(1000, bool))
    assert wrong.auroc[0] < 0.9


def test_the_real_letters_of_starts_agree_with_themselves(toy):
    table = np.where(np.eye(4)[np.minimum(toy.codes, 3)] > 0, np.log(0.97), np.log(0.01)).astype(
        np.float32
    )
    shown, told = interpret.start_logo(toy, table, np.zeros(1000, bool))
    assert (told.r > 0.99).all() and told.genes[0] == 2
    start = shown[shown.place.between(0, 2)].pivot_table(
        index="place", columns="base", values="model"
    )
    assert start.idxmax(axis=1).tolist() == list("ATG")


def test_codon_usage_knows_what_the_genes_hold(toy, monkeypatch):
    monkeypatch.setattr(
        zero_shot,
        "_usage",
        lambda name: (
            np.bincount(codes.encode(GENE).reshape(-1, 3) @ np.array([16, 4, 1]), minlength=64)
            + 1e-6
        ),
    )
    told = interpret.codon_usage_positions(toy, np.zeros(1000, bool)).set_index("position")
    assert (told.bits < 0.5).all() and (told.top >= told.truth - 1e-9).all()


def test_an_unknown_study_genome_set_or_tag_is_told(tmp_path):
    from notebooks.studies import glm_runs, glm_transfer

    with pytest.raises(BadInput, match="unknown study 'genom'; did you mean 'genome'"):
        glm_runs.run("genom", [])
    with pytest.raises(BadInput, match="unknown genome 'ecolii'; did you mean 'ecoli'"):
        genomes.load("ecolii")
    with pytest.raises(BadInput, match="unknown set of variants"):
        effects.load("brca")
    with pytest.raises(BadInput, match="unknown set of windows"):
        windows.load("promoters")
    with pytest.raises(BadInput, match="unknown tag 'hihg'; did you mean 'high'"):
        glm_transfer.designed(
            tmp_path / "x.fa", n=1, tag="hihg", temperature=1, forbidden=[], seed=0
        )


@pytest.mark.parametrize("name", ["ecoli", "yeast"])
def test_a_declared_genome_reads_as_its_annotation_says(name):
    from genebench.data import sources

    if sources.status(specs.source(genomes.declared()[name].source))[0] != "ready":
        pytest.skip(f"the genome of {name} is not here; run 'genebench fetch {name}'")
    genome = genomes.load(name)
    starts, stops, n = 0, 0, 0
    for gene in list(genome.genes.itertuples())[::10]:
        text = codes.decode(genomes.coding(genome, gene))
        starts, stops, n = (
            starts + (text[:3] in ("ATG", "GTG", "TTG")),
            stops + (text[-3:] in ("TAA", "TAG", "TGA")),
            n + 1,
        )
    assert n > 300 and starts / n > 0.97 and stops / n > 0.97
    parts = np.bincount(genome.part, minlength=4)
    assert parts[2] > 400_000 and parts[1] > 50_000 and parts[0] > 5 * parts[2]


def test_the_stretch_before_the_start_codon_is_called_what_it_is_in_each_genome():
    titles = {}
    for genome in ("ecoli", "yeast"):
        told = glm.read(genome, "logo_agreement")
        fig = glm.logos(glm.read(genome, "logo"), told, genome=genome)
        titles[genome] = " ".join(ax.get_title() for ax in fig.axes)
        assert f"r = {told.r[0]:.2f}".replace("-", "−") in titles[genome]
    assert "Shine–Dalgarno (−15 to −4)" in titles["ecoli"] and "Shine" not in titles["yeast"]
    assert "upstream of the start codon (−15 to −4)" in titles["yeast"]
    with pytest.raises(BadInput, match="unknown genome 'yeats'; did you mean 'yeast'"):
        glm.starts("yeats")
