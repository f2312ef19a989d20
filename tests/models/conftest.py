"""Fixtures of the tests of models: declarations, made-up genes, weights in a fresh place."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from helpers import rows

from genebench.core import paths
from genebench.core.specs import ModelSpec
from genebench.data import genes as identifiers
from genebench.data import sources
from genebench.models.inputs import Inputs, encode

_HGNC = """
hgnc_id | symbol | name | alias_symbol | prev_symbol | entrez_id | ensembl_gene_id | uniprot_ids
HGNC:1 | KIN1 | kinase one | KP1|p60 | OLDK1 | 11 | ENSG00000000001 | P00001
HGNC:2 | SET | SET nuclear proto-oncogene | TAF-I |  | 12 | ENSG00000000002 | P00002
HGNC:3 | CHN3 | channel three | BOTH |  | 13 | ENSG00000000003 | P00003
HGNC:4 | CHN4 | channel four | BOTH |  | 14 | ENSG00000000004 | P00004
"""


@pytest.fixture
def model():
    """Declare a model, by default one whose weights are on the Hub."""
    base = dict.fromkeys(["title", "description", "input", "licence", "trained_on"], "none")
    base |= dict(name="tiny", family="text", encoder="transformer", color="#000000")
    base |= dict(hub="owner/tiny", context=32)
    return lambda **changes: ModelSpec(**base | changes)


@pytest.fixture
def tables(monkeypatch):
    """Tables of made-up sources by (source, file); the resolver knows the four genes."""
    columns, *genes = rows(_HGNC)
    hgnc = pd.DataFrame(genes, columns=columns)
    hgnc = hgnc.assign(locus_group="gene with protein product", location="1p1", gene_group_id="")
    resolver = identifiers.build(hgnc, release="Toy")
    frames = {("hgnc", "genes"): hgnc}
    monkeypatch.setattr(identifiers, "resolver", lambda *_: resolver)
    monkeypatch.setattr(sources, "table", lambda source, file: frames[source, file])
    return frames


@pytest.fixture
def declared():
    """Declarations in which a source is its own name."""
    return SimpleNamespace(source=lambda name: name, sources={})


@pytest.fixture
def vectors(model, declared):
    """Run an encoder on some genes, as sorted names in one text, with options."""

    def run(encoder, genes, *, parts=(), spec=None, **options):
        spec = (spec or model()).model_copy(update={"encoder": encoder, "options": options})
        return encode(Inputs(spec, np.array(sorted(genes.split())), declared, tuple(parts)))

    return run


@pytest.fixture
def shelf(tmp_path, monkeypatch):
    """Folder of the model on the Hub; nothing else is available, and nothing was used before."""
    monkeypatch.setenv("GENEBENCH_WEIGHTS", str(tmp_path / "shelf"))
    monkeypatch.setattr(paths, "WEIGHTS", tmp_path / "weights")
    monkeypatch.setattr(paths, "WEIGHTS_USED", tmp_path / "weights" / "used")
    monkeypatch.setattr(sources, "hub_snapshot", lambda *args, **options: None)
    return tmp_path / "shelf" / "owner" / "tiny"


_SIZE = dict(hidden_size=16, num_hidden_layers=2, num_attention_heads=2, intermediate_size=32)
_SIZE |= dict(vocab_size=64, max_position_embeddings=64)
_T5 = dict(d_model=16, d_kv=8, d_ff=32, num_layers=2, num_heads=2, vocab_size=64)
_ESM = dict(vocab_size=33, pad_token_id=1, mask_token_id=32, token_dropout=True)


@pytest.fixture
def save(shelf):
    """Save a tiny random network of a real class and its tokenizer; returns the network."""
    import torch
    import transformers as hf

    def make(kind):
        cls, options = {
            "bert": (hf.BertModel, {}),
            "mistral": (hf.MistralModel, dict(num_key_value_heads=2, head_dim=8)),
            "t5": (hf.T5EncoderModel, _T5 | dict(is_encoder_decoder=True)),
            "esm": (hf.EsmForMaskedLM, _ESM | dict(position_embedding_type="rotary")),
            "esmc": (hf.EsmcForMaskedLM, {}),
        }[kind]
        torch.manual_seed(0)
        base = {} if kind == "t5" else _SIZE
        network = cls(cls.config_class(**base | options)).eval()
        network.save_pretrained(shelf)
        if kind == "esmc":
            hf.EsmcTokenizer().save_pretrained(shelf)
        else:
            _save_residues(shelf) if kind == "esm" else _save_words(shelf)
        return network

    return make


def _save_words(folder):
    """A word tokenizer that adds nothing, and has an end of text."""
    import transformers
    from tokenizers import Tokenizer, models, pre_tokenizers

    names = "[PAD] [UNK] </s> BRCA1 TP53 TTN gene a the of".split()
    vocabulary = {token: i for i, token in enumerate([*names, *"LAGVSERTIDPKQNFYMHWCX"])}
    tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    special = dict(pad_token="[PAD]", unk_token="[UNK]", eos_token="</s>")
    fast = transformers.PreTrainedTokenizerFast(tokenizer_object=tokenizer, **special)
    fast.save_pretrained(folder)


def _save_residues(folder):
    """The real tokenizer of ESM-2 with its own vocabulary."""
    import transformers

    tokens = ["<cls>", "<pad>", "<eos>", "<unk>", *"LAGVSERTIDPKQNFYMHWCXBUZO.-", "<null_1>"]
    (folder / "vocab.txt").write_text("\n".join([*tokens, "<mask>"]))
    transformers.EsmTokenizer(str(folder / "vocab.txt")).save_pretrained(folder)


@pytest.fixture
def states(shelf):
    """Hidden states of one text by the network's own class, special tokens included."""
    import torch
    import transformers

    def hidden(network, text, *, layer=-1, end=False):
        tokenizer = transformers.AutoTokenizer.from_pretrained(shelf)
        ids = tokenizer(text)["input_ids"] + [tokenizer.eos_token_id] * end
        with torch.no_grad():
            out = network(input_ids=torch.tensor([ids]), output_hidden_states=True)
        return out.hidden_states[layer][0].numpy()

    return hidden
