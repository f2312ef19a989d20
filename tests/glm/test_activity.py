"""Splice-site predictors: small random networks against plain modules and whole windows."""

import json
from types import SimpleNamespace

import h5py
import numpy as np
import pandas as pd
import pytest
import torch
from glm import toys
from helpers import refused, rows
from numpy.testing import assert_allclose
from torch import nn

from genebench.core import specs
from genebench.core.errors import BadInput
from genebench.data import sources
from genebench.glm import codes
from genebench.models import encoder
from notebooks.studies.lib import activity, splice

WIDTH, SIZES = 6, [(3, 1), (3, 1), (5, 4), (5, 4)]
"""Channels; width and dilation of the kernels of each unit."""
REACH = sum(2 * d * (k // 2) for k, d in SIZES)


class Plain(nn.Module):
    """The same network as its authors write it, all of a window at once."""

    def __init__(self, slope, epsilon=1e-5, kinds=3):
        super().__init__()

        def half(k, d):
            wide = nn.Conv1d(WIDTH, WIDTH, k, dilation=d, padding="same")
            return nn.BatchNorm1d(WIDTH, epsilon), nn.LeakyReLU(slope), wide

        self.first = nn.Conv1d(4, WIDTH, 1)
        self.skips = nn.ModuleList(nn.Conv1d(WIDTH, WIDTH, 1) for _ in range(3))
        self.last = nn.Conv1d(WIDTH, kinds, 1)
        self.units = nn.ModuleList(nn.Sequential(*half(*s), *half(*s)) for s in SIZES)
        for norm in (unit[i] for unit in self.units for i in (0, 3)):
            for values in (norm.running_mean, norm.bias.data, norm.weight.data):
                values.normal_()
            norm.running_var.uniform_(0.5, 2)
        self.eval()

    def forward(self, bases):
        x = self.first(torch.eye(5)[torch.from_numpy(bases.astype(int)), :4].transpose(1, 2))
        total = self.skips[0](x)
        for i, unit in enumerate(self.units):
            x = x + unit(x)
            total = total + self.skips[1 + i // 2](x) if i % 2 else total
        return self.last(total[..., REACH:-REACH]).softmax(1)[:, 1:].detach().numpy()


def arrays_of(plain, head="last"):
    """Parameters by name."""
    return {k.replace("last", head): v.numpy() for k, v in plain.state_dict().items()}


@pytest.fixture
def load(tmp_path, monkeypatch):
    """Load a file of weights as a declared model."""

    def declared(path, **options):
        spec = specs.declared().model("openspliceai")
        spec = spec.model_copy(update={"files": {"network": path.name}, "options": options})
        monkeypatch.setattr(splice.weights, "verified", lambda _: tmp_path)
        return splice.load(spec)

    return declared


def moved(plain, bases, at, alt, *, strand="+", near=7):
    """What the plain network says of whole windows after and before changes of their middles."""
    half, turn = REACH + near, codes.reverse_complement if strand == "-" else np.asarray
    before = codes.windows(bases, at - half, 2 * half + 1)
    after = codes.substituted(before, np.full(len(at), half), alt)
    return (plain(turn(after)) - plain(turn(before)))[..., :: -1 if strand == "-" else 1]


def random(n, length, seed=0):
    return np.random.default_rng(seed).integers(0, 5, (n, length)).astype(np.uint8)


@pytest.mark.parametrize("strand, stretch, gap", [("+", 2, 999), ("-", 999, 1)])
def test_changes_are_those_of_whole_windows_through_plain_modules(
    load, tmp_path, monkeypatch, strand, stretch, gap
):
    monkeypatch.setattr(splice, "STRETCH", stretch)
    monkeypatch.setattr(splice, "GAP", gap)
    torch.manual_seed(1)
    plain = Plain(0.1)
    np.savez(tmp_path / "w.npz", **arrays_of(plain))
    predictor, windows = load(tmp_path / "w.npz", slope=0.1), random(3, 2 * REACH + 9)
    assert_allclose(predictor.groups[0][0].probabilities(windows), plain(windows), atol=1e-6)

    bases, at = random(1, 300, seed=2)[0] % 4, np.array([150, 3, 299, 151, 150])
    alt = (bases[at] + [1, 2, 3, 1, 2]) % 4
    found = predictor.changes(bases, at, alt, strand=strand, near=7)
    truth = moved(plain, bases, at, alt, strand=strand)
    assert np.abs(truth).max() > 0.01
    assert_allclose(found, truth, atol=1e-6)
    assert_allclose(splice.delta(found), np.abs(truth).max((1, 2)), atol=1e-6)


def test_a_keras_file_gives_the_same_network(load, tmp_path):
    torch.manual_seed(2)
    plain, layers = Plain(0.0, epsilon=1e-3), [{"class_name": "InputLayer", "name": "input_1"}]
    with h5py.File(tmp_path / "w.h5", "w") as file:
        for i, m in enumerate(plain.modules()):
            if isinstance(m, nn.Conv1d):
                kind, arrays = "Conv1D", {"kernel": m.weight.permute(2, 1, 0), "bias": m.bias}
                config = {"kernel_size": m.kernel_size, "dilation_rate": m.dilation}
            elif isinstance(m, nn.BatchNorm1d):
                kind, config = "BatchNormalization", {"epsilon": m.eps}
                arrays = {"gamma": m.weight, "beta": m.bias, "moving_mean": m.running_mean}
                arrays["moving_variance"] = m.running_var
            else:
                continue
            layers.append({"class_name": kind, "name": f"x_{i}", "config": config})
            for key, values in arrays.items():
                file[f"model_weights/x_{i}/x_{i}/{key}:0"] = values.detach().numpy()
        file.attrs["model_config"] = json.dumps({"config": {"layers": layers[::-1]}})
    windows = random(2, 2 * REACH + 5)
    found = load(tmp_path / "w.h5").groups[0][0].probabilities(windows)
    assert_allclose(found, plain(windows), atol=1e-6)


def test_networks_of_a_tissue_are_averaged_and_each_has_its_own_head(load, tmp_path):
    torch.manual_seed(3)
    nets, arrays = [Plain(0.0, kinds=2) for _ in range(3)], {}
    for own, fold, plain in zip((1, 1, 3), "121", nets):
        given = arrays_of(plain, f"conv_last{own}")
        given |= {
            f"conv_last{4 - own}.weight": np.zeros((2, WIDTH, 1)),
            f"conv_last{4 - own}.bias": 0,
        }
        arrays |= {f"final.{fold}.{own - 1}.3.v2/{k}": v for k, v in given.items()}
    np.savez(tmp_path / "w.npz", **arrays)
    given = np.array([1, 3] * 50), np.array([49]), np.array([0])
    a, b, c = (moved(plain, *given) for plain in nets)
    changes = load(tmp_path / "w.npz").changes(*given, near=7)
    assert_allclose(changes, np.concatenate([(a + b) / 2, c], 1), atol=1e-6)


@pytest.mark.parametrize("change", [{}, {"units.1.2.weight": np.zeros((WIDTH, 2, 3))}])
def test_weights_of_another_shape_are_one_sentence(load, tmp_path, change):
    np.savez(tmp_path / "w.npz", **(change and arrays_of(Plain(0.1)) | change))
    with refused("not the weights of a splice predictor"):
        load(tmp_path / "w.npz")


def test_no_vectors_are_made_of_a_predictor():
    spec = specs.declared().model("pangolin")
    with refused("no vectors of genes"):
        encoder(spec)(SimpleNamespace(spec=spec))


def test_exons_are_numbered_along_the_sequence():
    sites, none = np.array([300, 100]), np.array([], int)
    for ends in (("+", 0, 400, sites, none), ("-", 0, 400, none, sites)):
        found = activity.exons(np.array([5, 99, 100, 299, 300]), activity.Gene(*ends))
        assert found.tolist() == [0, 0, 1, 1, 2]


def test_contrasts_are_differences_of_areas_within_strata():
    rng, gene = np.random.default_rng(0), np.repeat([0, 1, 2], [20, 20, 10])
    beside = pd.DataFrame(rng.random((50, 2)), columns=["pangolin", "alphamissense"])
    task = toys.variants(beside=beside, cluster=gene.astype(str), stratum=gene)
    row = activity.contrasts([task]).iloc[0]
    assert (row.activity, row.constraint) == ("pangolin", "alphamissense")
    a, b = (toys.within(task.label, beside[name], gene) for name in beside)
    assert row.difference == pytest.approx(a - b) and row.low < row.difference < row.high


PUBLISHED = rows("""
1228431 | A | -15 |  9 | -29 | -26
1228432 | A | -16 |  8 | -30 |  10
1228432 | T | -16 |  8 | -30 |  12
1228434 | A |   2 | -9 | -29 |  10
""")
"""Changes of STK11 (hg19) and where SpliceAI finds acceptor gain and loss, donor gain and loss, all
0.00, in tests/fixtures/batch_test_expected.vcf of github.com/Illumina/SpliceAI."""


@pytest.mark.mirror
def test_known_splice_sites_and_published_changes():
    declared = specs.declared()
    spec = declared.model("spliceai")
    try:
        predictor = splice.load(spec)
        records = sources.table(declared.source("cancer_genes"), "genes").itertuples()
    except BadInput as err:
        pytest.skip(str(err))
    record = next(r for r in records if "gene STK11" in r.header)
    start = int(record.id.split(":")[1].split("-")[0]) - 1  # hg19 is one less than GRCh38 here
    where = activity.gene("STK11", "grch37", start, spec)
    bases = where.alone(codes.encode(record.sequence))
    at, alt, *places = zip(*PUBLISHED)
    found = predictor.changes(bases, np.array(at, int) - start, codes.encode("".join(alt)))
    moved = np.stack([found[:, 0], -found[:, 0], found[:, 1], -found[:, 1]], 1)
    assert moved.max() < 0.005
    assert (moved.argmax(2) - splice.NEAR == np.array(places, int).T).all()

    network = predictor.groups[0][0]
    low, high = where.first - network.reach, where.last + network.reach + 1
    p = network.probabilities(codes.windows(bases, [low], high - low))[0]
    for kind, sites in enumerate((where.acceptors, where.donors)):
        assert (p[kind, sites - where.first] > 0.5).mean() >= 0.75
