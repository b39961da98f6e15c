"""Rules over photographs, very small, as a user would type it, with an encoder of no weights."""

import json
import sys

import pytest
import torch
from sklearn.linear_model import LogisticRegression
from torch import Generator

from benchmarks.photographs import __main__ as photographs
from benchmarks.photographs import run as photographs_run
from benchmarks.photographs.config import PhotographsConfig
from benchmarks.photographs.references import Labelled, References, references
from gedi_nesy.data.dataset import Dataset, Split
from gedi_nesy.features import encoders
from gedi_nesy.models.encoders import FrozenFeatures
from gedi_nesy.models.gedi import GEDI
from gedi_nesy.tasks import FeaturePool
from tests.features.stand_in import stand_in

SMALL = [
    *("--device", "cpu", "--threads", 1, "--images", 80, "--triples", 30),
    *("--max-restarts", 1, "--cluster-steps", 2, "--restart-steps", 2, "--refine-steps", 1),
]


@pytest.fixture(autouse=True)
def encoder(monkeypatch, tmp_path):
    monkeypatch.setitem(encoders.ENCODERS, encoders.DEFAULT, lambda: stand_in(encoders.DEFAULT))
    monkeypatch.setenv("GEDI_NESY_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr("benchmarks.photographs.references.STEPS", 20)
    photographs_run.prepared.cache_clear()


def run(monkeypatch, *arguments: object) -> int:
    monkeypatch.setattr(sys, "argv", ["photographs", *map(str, arguments)])
    try:
        photographs.cli()
    except SystemExit as stop:
        return int(stop.code or 0)
    return 0


@pytest.mark.slow
def test_results(monkeypatch, generator, tmp_path, capsys):
    pixels = torch.randint(256, (100, 3, 8, 8), generator=generator).to(torch.uint8)
    split = Split(pixels, torch.arange(100) // 10)
    monkeypatch.setattr(photographs_run, "load", lambda name, root: Dataset(name, split, split, 10))
    assert run(monkeypatch, *SMALL, "--out", tmp_path / "out") == 0
    assert "linear head that is given all labels" in capsys.readouterr().out
    results = json.loads((tmp_path / "out" / "results.json").read_text())
    (found,) = results["runs"]
    assert found["verdict"]["verdict"] in ("unlearned", "collapsed")
    assert found["evidence"]["held_out"] == 10
    assert 0 <= found["metrics"]["accuracy"] <= found["metrics"]["clustering_accuracy"] <= 1
    assert results["summary"]["supervised"]["median"] == found["metrics"]["supervised"]
    model = GEDI.load(tmp_path / "out" / "seed-0" / "model")
    assert model.backbone.config["encoder"] == encoders.DEFAULT


@pytest.mark.parametrize("extra", [False, True])
def test_triples_add_up_and_other_images_are_there_only_where_they_are_asked_for(
    monkeypatch, generator, extra
):
    config = PhotographsConfig(triples=30, extra=extra)
    train = Labelled(torch.rand(300, 4, generator=generator), torch.arange(300) % 10)
    data = photographs_run.Data(train, train, FrozenFeatures(4), References(0.0, 0.0, 0.0))
    monkeypatch.setattr(photographs_run, "prepared", lambda *arguments: data)
    task, labels = photographs_run.task_of(config, data, 5)
    pool = task.pools["images"]
    assert isinstance(pool, FeaturePool)
    (queries,) = task.queries
    columns = [torch.as_tensor(queries.images[slot]) for slot in "ABC"]
    assert len(pool) == (300 if extra else len(torch.cat(columns).unique()))
    # found again in the data set by their features
    rows = [
        (train.features[:, None] == pool.values[column]).all(dim=2).int().argmax(dim=0) for column in columns
    ]
    a, b, c = (train.labels[each] for each in rows)
    assert torch.equal(a + b, c)
    for column, expected in zip(columns, (a, b, c), strict=True):
        assert torch.equal(labels[column], expected)


def test_references_are_those_of_scikit_learn(monkeypatch):
    monkeypatch.setattr("benchmarks.photographs.references.STEPS", 300)
    generator = Generator().manual_seed(0)
    labels = torch.randint(3, (600,), generator=generator)
    features = 1.5 * torch.eye(3)[labels] + torch.randn(600, 3, generator=generator)
    train, test = Labelled(features[:400], labels[:400]), Labelled(features[400:], labels[400:])
    expected = LogisticRegression().fit(train.features.numpy(), train.labels.numpy())
    found = references(train, test, 3)
    assert found.supervised == pytest.approx(
        expected.score(test.features.numpy(), test.labels.numpy()), abs=0.03
    )
    assert found.kmeans == pytest.approx(found.supervised, abs=0.05), "round clusters, as k-means likes them"
