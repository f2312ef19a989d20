"""Scores of variants: against a slow reference, on both strands, by Hugging Face models, from every kind of file."""

import gzip
import json

import numpy as np
import pandas as pd
import pytest
import torch
from scipy.stats import spearmanr

from benchmarks import glm
from genebench.core import paths
from genebench.core.errors import BadInput
from genebench.glm import codes, hub, load, score, variants
from genebench.glm.base import Nucleotides, Sequence
from tests.test_glm_core import model

RNG = np.random.default_rng(5)
GENOME = RNG.integers(0, 4, 700).astype(np.uint8)
LENGTH = 48


def letters(folder, *, kmers=0):
    """A tokenizer of single letters, or of 3-mers (with letters for the rest), as DNA models have."""
    from tokenizers import Regex, Tokenizer, models, pre_tokenizers, processors
    from transformers import PreTrainedTokenizerFast

    special = ["<pad>", "<unk>", "<cls>", "<eos>", "<mask>"]
    words = [a + b + c for a in "ACGT" for b in "ACGT" for c in "ACGT"] if kmers else []
    vocabulary = {w: i for i, w in enumerate([*special, *words, *"ACGTN"])}
    made = Tokenizer(models.WordLevel(vocabulary, unk_token="<unk>"))
    pattern = "[ACGT]{3}|." if kmers else "."
    made.pre_tokenizer = pre_tokenizers.Split(Regex(pattern), "isolated")
    made.post_processor = processors.TemplateProcessing(
        single="<cls> $A <eos>",
        special_tokens=[("<cls>", vocabulary["<cls>"]), ("<eos>", vocabulary["<eos>"])],
    )
    PreTrainedTokenizerFast(
        tokenizer_object=made,
        pad_token="<pad>",
        unk_token="<unk>",
        cls_token="<cls>",
        eos_token="<eos>",
        mask_token="<mask>",
    ).save_pretrained(folder)
    return len(vocabulary)


def pieces(folder):
    """A byte-pair tokenizer, learnt from the genome."""
    from tokenizers import Tokenizer, models, trainers
    from transformers import PreTrainedTokenizerFast

    made = Tokenizer(models.BPE(unk_token="<unk>"))
    special = ["<pad>", "<unk>", "<mask>"]
    trainer = trainers.BpeTrainer(
        vocab_size=40, special_tokens=special, initial_alphabet=list("ACGTN")
    )
    made.train_from_iterator([codes.decode(GENOME)], trainer)
    PreTrainedTokenizerFast(
        tokenizer_object=made, pad_token="<pad>", unk_token="<unk>", mask_token="<mask>"
    ).save_pretrained(folder)
    return made.get_vocab_size()


def checkpoint(folder, kind):
    """A tiny checkpoint of a real class with a DNA tokenizer."""
    import transformers as t

    torch.manual_seed(0)
    size = (
        pieces(folder)
        if kind.endswith("bpe")
        else letters(folder, kmers=3 if kind.endswith("kmer") else 0)
    )
    usual = {
        "vocab_size": size,
        "hidden_size": 16,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "intermediate_size": 32,
        "max_position_embeddings": 128,
        "pad_token_id": 0,
    }
    name = kind.split("-")[0]
    if name == "bert":
        network = t.BertForMaskedLM(t.BertConfig(**usual))
    elif name == "esm":
        config = t.EsmConfig(
            **usual, mask_token_id=2, position_embedding_type="rotary", token_dropout=False
        )
        network = t.EsmForMaskedLM(config)
    elif name == "gpt2":
        network = t.GPT2LMHeadModel(
            t.GPT2Config(vocab_size=size, n_embd=16, n_layer=2, n_head=2, n_positions=128)
        )
    elif name == "llama":
        network = t.LlamaForCausalLM(t.LlamaConfig(**usual, num_key_value_heads=2))
    else:
        network = t.MambaForCausalLM(
            t.MambaConfig(vocab_size=size, hidden_size=16, num_hidden_layers=2, state_size=4)
        )
    with torch.no_grad():
        for p in network.parameters():
            if p.ndim > 1:
                p.normal_(std=0.2)
    network.eval().save_pretrained(folder)
    return folder


HUB = ["bert", "bert-kmer", "esm", "esm-kmer", "gpt2", "llama", "mamba"]
OWN = {
    "blind-spot": {"objective": "blind-spot"},
    "masked": {"objective": "masked", "equivariant": False},
    "masked-equivariant": {"objective": "masked"},
    "masked-kmer": {"objective": "masked", "tokens": "kmer", "k": 3, "equivariant": False},
    "causal": {"objective": "causal"},
    "causal-state-space": {"objective": "causal", "mixer": "state-space"},
    "causal-kmer": {"objective": "causal", "tokens": "kmer", "k": 3, "equivariant": False},
}


@pytest.fixture(scope="module")
def every(tmp_path_factory):
    """Every model that is scored: our networks, and tiny Hugging Face ones."""
    made = {name: model(**given) for name, given in OWN.items()}
    for kind in HUB:
        made[kind] = load.load(checkpoint(tmp_path_factory.mktemp(kind), kind))
    return made


def one_at_a_time(m, windows, positions, ref, alt):
    """The reference: one variant, one strand, one window, one query (or two whole windows) after another."""
    out = []
    for w, p, r, a in zip(windows, positions, ref, alt):
        total = 0.0
        for turned in (False, True):
            v, q, x, y = (w, p, r, a)
            if turned:
                v, q, x, y = codes.reverse_complement(w).copy(), len(w) - 1 - p, 3 - r, 3 - a
            if m.objective == "masked":
                logs = (
                    m.conditionals(v[None])[0, q]
                    if not hasattr(m, "at")
                    else m.at(v[None], np.array([q]))[0]
                )
                total += float(logs[y]) - float(logs[x])
            else:
                changed = v.copy()
                changed[q] = y
                for held, sign in ((changed, 1), (v, -1)):
                    logs = m.conditionals(held[None])[0].astype(float)
                    total += sign * sum(logs[i, b] for i, b in enumerate(held) if b < 4)
        out.append(total / 2)
    return np.array(out)


def some(m, n=40):
    positions = np.sort(RNG.integers(60, 600, n))
    ref = GENOME[positions]
    alt = ((ref + RNG.integers(1, 4, n)) % 4).astype(np.uint8)
    start = score.tiles(m, positions, LENGTH)
    return codes.windows(GENOME, start, LENGTH), positions - start, ref, alt


@pytest.mark.parametrize("name", [*OWN, *HUB])
def test_llr_equals_a_slow_reference(every, name):
    m = every[name]
    assert isinstance(m, Nucleotides)
    given = some(m)
    found = score.llr(m, *given)
    assert np.abs(found - one_at_a_time(m, *given)).max() < 1e-5 * max(1, np.abs(found).max())
    assert np.ptp(found) > 1e-3


@pytest.mark.parametrize("name", [*OWN, *HUB])
def test_llr_is_the_same_from_the_other_strand_and_in_any_batch(every, name):
    m = every[name]
    w, p, r, a = some(m)
    found = score.llr(m, w, p, r, a)
    turned = score.llr(
        m, np.ascontiguousarray(codes.reverse_complement(w)), LENGTH - 1 - p, 3 - r, 3 - a
    )
    assert np.abs(found - turned).max() < 1e-4
    order = RNG.permutation(len(p))
    assert (
        np.abs(score.llr(m, w[order], p[order], r[order], a[order], batch=3) - found[order]).max()
        < 1e-5
    )


@pytest.mark.parametrize(
    "name", ["blind-spot", "masked", "causal", "causal-state-space", "bert", "gpt2"]
)
def test_the_loop_that_speeds_are_measured_against_finds_the_same(every, name):
    positions = np.sort(RNG.integers(60, 600, 12))
    ref = GENOME[positions]
    given = (every[name], GENOME, positions, ref, ((ref + 1) % 4).astype(np.uint8))
    found, hand = glm.ours(*given, length=LENGTH), glm.plain(*given, length=LENGTH)
    assert np.abs(found - hand).max() < 1e-5 * max(1, np.abs(found).max())


def test_speeds_are_kept_by_device_and_number_of_threads(monkeypatch, tmp_path, every):
    monkeypatch.setattr(paths, "PERF", tmp_path)
    monkeypatch.setattr(
        glm,
        "cases",
        lambda device: {"a": lambda: every["blind-spot"], "b": lambda: every["causal"]},
    )
    monkeypatch.setattr(glm.os, "sched_getaffinity", lambda pid: {0, 1, 2})
    before, told = torch.get_num_threads(), []
    for _ in range(2):  # measured anew, the rows take the place of the old ones
        made = glm.measure(
            "cpu", stretch=8, loop=3, repeats=1, progress=lambda *step: told.append(step)
        )
    assert torch.get_num_threads() == before and told[-1] == ("cases", 4, 4)
    assert list(zip(made.case, made.threads)) == [("a", 1), ("b", 1), ("a", 3), ("b", 3)]
    assert (made.ours_per_s > 0).all() and (made.largest_difference < 1e-4).all()
    pd.testing.assert_frame_equal(glm.speeds(), made.round(4), check_dtype=False)
    with pytest.raises(BadInput, match="no device 'cuda:7'"):
        glm.measure("cuda:7")


@pytest.mark.parametrize("name", ["blind-spot", "masked", "causal", "bert", "gpt2"])
def test_a_pseudo_llr_of_one_substitution_without_neighbours_is_the_llr(every, name):
    m = every[name]
    position = np.array([200, 333])
    alt = ((GENOME[position] + 1) % 4).astype(np.uint8)
    changes = [(int(p), 1, np.array([a])) for p, a in zip(position, alt)]
    found = score.pseudo(m, GENOME, changes, length=LENGTH, around=0)
    start = position - (LENGTH - 1) // 2
    windows = codes.windows(GENOME, start, LENGTH)
    assert np.allclose(
        found, score.llr(m, windows, position - start, GENOME[position], alt), atol=1e-4
    )


def test_a_change_of_length_is_made_in_the_window_and_nothing_scores_zero():
    before, after, place = score.edited(GENOME, 100, 3, codes.encode("A"), length=40)
    assert codes.decode(before[:place]) == codes.decode(after[:place])
    assert codes.decode(after[place + 1 :]) == codes.decode(GENOME[103 : 103 + 39 - place])
    m = model(objective="causal")
    same = [(100, 3, GENOME[100:103]), (50, 1, GENOME[50:51])]
    assert np.allclose(score.pseudo(m, GENOME, same, length=40), 0)
    assert score.pseudo(
        m, GENOME, [(100, 3, GENOME[100:101]), (50, 1, codes.encode("AGG"))], length=40
    ).all()


@pytest.mark.parametrize("name", ["blind-spot", "masked", "causal", "bert", "gpt2"])
def test_influence_is_the_mean_divergence_of_the_neighbours(every, name):
    m = every[name]
    w, p, r, a = some(m, 4)
    found = score.influence(m, w, p, a, reach=5)
    for i in range(4):
        changed = w[i].copy()
        changed[p[i]] = a[i]
        x, y = (
            m.conditionals(w[i][None])[0].astype(float),
            m.conditionals(changed[None])[0].astype(float),
        )
        near = [j for j in range(max(0, p[i] - 5), min(LENGTH, p[i] + 6)) if j != p[i]]
        near = [j for j in near if j > p[i]] if m.objective == "causal" else near
        hand = np.mean([(np.exp(x[j]) * (x[j] - y[j])).sum() for j in near]) if near else 0
        assert np.isclose(found[i], hand, atol=1e-5)
    assert (score.embedding(m, w, p, a) > 0).all() and (score.embedding(m, w, p, r) < 1e-5).all()


def test_calibration_takes_the_bias_of_mutation_away():
    """Independent truth: scores that are an effect plus any function of context and alternative."""
    positions, alt = np.repeat(np.arange(1, 699), 3), np.zeros(698 * 3, np.uint8)
    alt = ((GENOME[positions] + np.tile([1, 2, 3], 698)) % 4).astype(np.uint8)
    kinds = score.contexts(GENOME, positions, alt)
    effect = RNG.normal(size=len(kinds))
    biased = effect + 5 * RNG.normal(size=500)[kinds]
    assert (
        spearmanr(biased, effect)[0]
        < 0.5
        < 0.8
        < spearmanr(score.calibrated(biased, kinds), effect)[0]
    )
    half = np.arange(len(kinds)) % 2 == 0
    out = score.calibrated(biased, kinds, half)
    assert np.abs(np.bincount(kinds[half], weights=out[half])).max() < 1e-6


@pytest.mark.parametrize("objective", ["masked", "causal"])
def test_what_a_convolution_cannot_see_is_not_read_and_changes_nothing(objective, monkeypatch):
    made = glm._own("cpu", objective=objective)
    assert made.reach < 100
    position = np.array(
        [0, 3, made.reach, 128, 255 - made.reach, 252, 255]
    )  # also where the window ends
    held = np.repeat(GENOME[None, 100:356], len(position), axis=0)
    ref = held[np.arange(len(position)), position]
    read = []
    rows = made._rows
    monkeypatch.setattr(made, "_rows", lambda tokens: read.append(tokens.shape[1]) or rows(tokens))
    near = score.llr(made, held, position, ref, (ref + 1) % 4)
    assert set(read) == {2 * made.reach + 1}
    made.reach = None
    np.testing.assert_allclose(near, score.llr(made, held, position, ref, (ref + 1) % 4), atol=1e-6)
    assert max(read) == 256


def test_every_substitution_is_that_of_llr():
    m = model(objective="blind-spot")
    sequence = GENOME[:150].copy()
    sequence[10] = codes.N
    found = score.every_substitution(m, sequence, length=LENGTH)
    assert (
        np.isnan(found[10]).all()
        and (found[11, sequence[11]] == 0)
        and np.isfinite(found[11:]).all()
    )
    start = score.tiles(m, np.array([77]), LENGTH)
    alt = (sequence[77] + 1) % 4
    hand = score.llr(
        m, codes.windows(sequence, start, LENGTH), 77 - start, sequence[[77]], np.array([alt])
    )
    assert np.isclose(found[77, alt], hand[0], atol=1e-5)


def test_a_dependency_map_finds_who_depends_on_whom():
    """A model by hand: base i + 5 is the complement of base i, all else is even."""

    class Pairs:
        name, objective, context, layers = "pairs", "masked", 5, 0

        def conditionals(self, windows):
            out = np.full((*windows.shape, 4), 0.25, dtype=np.float32)
            out[:, 5:] = 0.1 / 3
            rows, columns = np.indices(windows[:, 5:].shape)
            out[rows, columns + 5, 3 - windows[:, :-5]] = 0.9
            return np.log(out)

    found = score.map_of(Pairs(), GENOME[:60], 20, 40)
    i, j = np.indices(found.shape)
    assert (found[i - j == 5] > 4).all() and (found[i - j != 5] < 1e-5).all()


@pytest.mark.parametrize("kind", ["bert-bpe", "gpt2-bpe"])
def test_byte_pairs_are_scored_by_likelihood_and_refuse_single_bases(tmp_path, kind):
    m = load.load(checkpoint(tmp_path, kind))
    w, p, r, a = some(m, 4)
    found = score.llr(m, w, p, r, a, strands="given")
    changed = w.copy()
    changed[np.arange(4), p] = a
    hand = [m.likelihood(changed[i : i + 1])[0] - m.likelihood(w[i : i + 1])[0] for i in range(4)]
    assert np.allclose(found, hand, atol=1e-4) and np.ptp(found) > 0
    with pytest.raises(BadInput, match="score variants by likelihoods instead"):
        m.conditionals(w)


def test_a_causal_likelihood_is_what_the_network_itself_says(tmp_path):
    """Independent truth: the loss that transformers computes."""
    folder = checkpoint(tmp_path, "gpt2")
    m = load.load(folder)
    w = codes.windows(GENOME, np.array([0]), LENGTH)
    ids = torch.from_numpy(m._tokens(w))
    labels = ids.clone()
    labels[:, -1] = -100  # the token that ends
    with torch.inference_mode():
        lost = float(m.network(input_ids=ids, labels=labels).loss) * LENGTH
    assert np.isclose(m.likelihood(w)[0], -lost, atol=1e-3)
    logs = m._tokens(w)[0, 1:-1] - m.ids[0]
    assert np.array_equal(logs, w[0])


def test_models_that_are_no_dna_models_are_named(tmp_path):
    folder = checkpoint(tmp_path, "bert")
    (folder / "config.json").write_text(json.dumps({"model_type": "bert", "vocab_size": "x"}))
    with pytest.raises(BadInput, match="no masked or causal language model can be loaded"):
        hub.load(folder)
    with pytest.raises(BadInput, match="is not here; put its files into a folder"):
        load.load("nobody/no-such-model-anywhere")


FASTA = ">chr1 first\nACGTACGTAC\nggttNNRYac\n>chr2\nTTTTCCCCAAAA\n"


@pytest.fixture
def files(tmp_path):
    (tmp_path / "g.fa").write_text(FASTA)
    return tmp_path


def test_a_genome_keeps_small_letters_as_repeats_and_iupac_as_n(files):
    held = variants.genome(files / "g.fa")
    assert (
        list(held) == ["chr1", "chr2"]
        and codes.decode(held["chr1"].codes) == "ACGTACGTACGGTTNNNNAC"
    )
    assert held["chr1"].repeats.sum() == 6 + 0 and not held["chr2"].repeats.any()


ROWS = [
    ("chr1", "1", "A", "C", "ok"),
    ("chr1", "11", "g", "t", "ok"),
    ("chr1", "2", "CG", "C", "ok"),
    ("chr1", "2", "C", "CTT", "ok"),
    ("chr1", "2", "A", "T", "reference allele differs from the FASTA file"),
    ("chr1", "21", "A", "T", "position off the sequence"),
    ("chr1", "0", "A", "T", "position off the sequence"),
    ("chr1", "20", "CA", "C", "position off the sequence"),
    ("1", "1", "A", "T", "sequence not in the FASTA file"),
    ("chr1", "15", "N", "A", "allele with N or another letter than A, C, G, T"),
    ("chr1", "1", "A", "R", "allele with N or another letter than A, C, G, T"),
    ("chr1", "15", "A", "C", "reference allele differs from the FASTA file"),
    ("chr1", "1", "A", "<DEL>", "symbolic or missing allele"),
    ("chr1", "1", "A", ".", "symbolic or missing allele"),
    ("chr1", "1", "A", "*", "symbolic or missing allele"),
    ("chr1", "1", "A", "A", "alternative equals reference"),
    ("chr1", "one", "A", "T", "position is no number"),
]


@pytest.mark.parametrize("ending", ["\n", "\r\n"])
@pytest.mark.parametrize("packed", ["plain", "gzip", "bgzip"])
@pytest.mark.parametrize("kind", ["vcf", "tsv", "csv"])
def test_every_fault_is_named_counted_and_never_scored(files, kind, packed, ending):
    if kind == "vcf":
        lines = ["##fileformat=VCFv4.2", "#CHROM\tPOS\tID\tREF\tALT\tQUAL"]
        lines += [f"{c}\t{p}\t.\t{r}\t{a}\t." for c, p, r, a, _ in ROWS]
    else:
        sep = "\t" if kind == "tsv" else ","
        lines = [sep.join(["chrom", "pos", "ref", "alt"]), *(sep.join(row[:4]) for row in ROWS)]
    text = (ending.join(lines) + ending).encode()
    path = files / f"v.{kind}"
    if packed == "gzip":
        text = gzip.compress(text)
    elif packed == "bgzip":  # blocks of their own, one after another, and an empty one at the end
        text = gzip.compress(text[:100]) + gzip.compress(text[100:]) + gzip.compress(b"")
    path.write_bytes(text)
    held = variants.genome(files / "g.fa")
    frame = variants.check(variants.read(path), held)
    assert frame.status.tolist() == [row[4] for row in ROWS]
    said = variants.told(frame, held)
    assert len(said) == len(set(r[4] for r in ROWS)) - 1 and all("\n" not in s for s in said)
    assert "the FASTA file names it 'chr1'" in next(s for s in said if "not in the FASTA" in s)
    made = variants.score(model(objective="blind-spot"), held, frame, length=16)
    assert (
        np.isfinite(made.llr[frame.status == "ok"]).all()
        and made.llr[frame.status != "ok"].isna().all()
    )


def test_rows_with_several_alternatives_become_several(files):
    (files / "v.vcf").write_text("#CHROM\tPOS\tID\tREF\tALT\nchr2\t1\trs1\tT\tA,C,<DEL>\n")
    frame = variants.check(variants.read(files / "v.vcf"), variants.genome(files / "g.fa"))
    assert frame.alt.tolist() == ["A", "C", "<DEL>"] and frame.id.tolist() == ["rs1"] * 3
    assert frame.status.tolist() == ["ok", "ok", "symbolic or missing allele"]


@pytest.mark.parametrize(
    "name, data, told",
    [
        ("v.vcf", b"", "holds no variants"),
        ("v.vcf", b"#CHROM\tPOS\nchr1\t1\n", "line 1: no columns chrom, pos, ref, alt"),
        ("v.vcf", b"#CHROM\tPOS\tID\tREF\tALT\nchr1\t1\n", "line 2: 2 fields where 5 belong"),
        ("v.vcf.gz", gzip.compress(b"#CHROM\tPOS\tID\tREF\tALT\n" * 50)[:30], "a broken gzip file"),
    ],
)
def test_a_broken_file_of_variants_is_answered_in_one_sentence(files, name, data, told):
    (files / name).write_bytes(data)
    with pytest.raises(BadInput, match=told) as err:
        variants.read(files / name)
    assert "\n" not in str(err.value)


@pytest.mark.parametrize(
    "data, told",
    [
        ("ACGT\n", "no FASTA file"),
        (">a\n", "holds no sequence"),
        (">a\nA\n>a\nC\n", "stands twice"),
        ("", "no seq"),
    ],
)
def test_a_broken_genome_is_answered_in_one_sentence(files, data, told):
    (files / "b.fa").write_text(data)
    with pytest.raises(BadInput, match=told):
        variants.genome(files / "b.fa")


@pytest.mark.parametrize("name", ["blind-spot", "causal-kmer", "bert", "gpt2"])
def test_a_table_of_variants_is_scored_as_variants_one_by_one(every, name):
    m, held = every[name], {"c": Sequence("c", GENOME)}
    positions = np.array([300, 301, 301, 340, 90])
    ref = GENOME[positions]
    alt = (ref + np.array([1, 1, 2, 3, 1])) % 4
    frame = pd.DataFrame(
        {
            "line": 1,
            "chrom": "c",
            "pos": positions + 1,
            "ref": list(codes.decode(ref)),
            "alt": list(codes.decode(alt)),
            "status": "ok",
        }
    )
    made = variants.score(m, held, frame, kinds=("llr", "influence", "embedding"), length=LENGTH)
    start = score.tiles(m, positions, LENGTH)
    hand = one_at_a_time(m, codes.windows(GENOME, start, LENGTH), positions - start, ref, alt)
    assert (
        np.allclose(made.llr, hand, atol=2e-5)
        and (made.embedding > 0).all()
        and made.influence.notna().all()
    )
