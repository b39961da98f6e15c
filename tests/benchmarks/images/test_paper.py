"""The preset `paper`: its values are those of Tables 4 and 5, and a run with them goes end to end and is resumed."""

import json
import math

import pytest
import torch
from torch import nn

from benchmarks.images.presets import paper
from benchmarks.images.presets.paper import recipe
from benchmarks.images.presets.recipe import Asked, Images, Recipe
from benchmarks.images.rows import ROWS
from gedi_nesy import GEDI
from gedi_nesy.training.schedule import learning_rate
from tests.benchmarks.images.small import SMALL, made_small, run, write_classes

# set, training images, classes; then of Table 5 and Appendix F: F, epochs, flip, weight of L_PRIOR, parameters of enc
TABLE = [
    ("svhn", 73_257, 10, 128, 20, 0.0, 25.0, 1.0e6),
    ("cifar10", 50_000, 10, 128, 200, 0.5, 25.0, 1.0e6),
    ("cifar100", 50_000, 100, 256, 200, 0.5, 50.0, 4.1e6),
]


def made(dataset: str = "cifar10", row: str = "GEDI", num: int = 50_000, classes: int = 10) -> Recipe:
    return recipe(ROWS[row], Images(dataset, num, (3, 32, 32), classes), Asked())


@pytest.mark.parametrize(("dataset", "num", "classes", "width", "epochs", "flip", "prior", "size"), TABLE)
def test_the_columns_of_table_5(dataset, num, classes, width, epochs, flip, prior, size):
    found = made(dataset, num=num, classes=classes)
    step = found.train.step
    assert dict(found.train.objective) == {"gen": 1.0, "inv": 50.0, "prior": prior}
    assert (step.sgld.num_steps, step.sgld.step_size, step.sgld.noise_scale) == (20, 1.0, 0.01)
    assert (step.buffer_size, step.reinit) == (10_000, 0.05)
    assert step.batch_unlabelled == step.batch_samples == 64
    assert (step.betas, step.learning_rate) == ((0.9, 0.999), 1e-4)
    assert step.data_noise_std == 0.03
    assert found.train.explore + found.train.refine == epochs * (num // 64)
    views = found.augment.keywords["config"]
    assert (views.jitter, views.grey, views.flip) == (0.1, 0.1, flip)
    assert views.crop != (1.0, 1.0), "random crops"
    assert (found.num_clusters, found.hidden) == (width, 2 * width)
    encoder = found.make_backbone()
    assert sum(each.numel() for each in encoder.parameters()) == pytest.approx(size, rel=0.05)


def test_the_network_of_table_4():
    """Eight 3x3 convolutions to F channels and one 1x1 beside the first block; LeakyReLU(0.2) before each but two."""
    encoder = made().make_backbone()
    convolutions = [each for each in encoder.modules() if isinstance(each, nn.Conv2d)]
    assert sorted(each.kernel_size for each in convolutions) == [(1, 1)] + [(3, 3)] * 8
    assert {each.out_channels for each in convolutions} == {128}
    slopes = [each.negative_slope for each in encoder.modules() if isinstance(each, nn.LeakyReLU)]
    assert slopes == [0.2] * 7
    assert encoder(torch.zeros(2, 3, 32, 32)).shape == (2, 128)


def test_training_is_that_of_the_text():
    """A constant rate, no annealing, no averaged weights, L_INV and L_PRIOR in one direction, chains from noise."""
    found = made()
    train = found.train
    rates = {learning_rate(train, "refine", step) for step in (0, 1, 1000, train.refine - 1)}
    assert rates == {1e-4}
    assert (train.entropy_start, train.step.ema, train.step.both_views, found.start_rank) == (
        1.0,
        0.0,
        False,
        0,
    )
    assert train.explore == 1
    assert train.step.sgld.bounds is None
    assert math.isinf(train.step.sgld.max_move)


def test_rows_have_the_papers_weights():
    assert dict(made(row="JEM").train.objective) == {"gen": 1.0}
    assert dict(made(row="SwAV").train.objective) == {"swav": 1.0}
    assert dict(made(row="Barlow Twins + L_GEN").train.objective) == {"barlow": 1.0, "gen": 1.0}
    no_gen = made(row="GEDI no gen").train.objective
    assert {name: weight for name, weight in no_gen.items() if weight} == {"inv": 50.0, "prior": 25.0}


def test_flags_go_before_the_table():
    found = recipe(ROWS["GEDI"], Images("svhn", 640, (3, 32, 32), 10), Asked(7, 16, 128, "bfloat16"))
    assert found.train.explore + found.train.refine == 7
    assert (found.num_clusters, found.hidden, found.train.step.batch_samples) == (16, 32, 128)
    assert found.train.step.precision == "bfloat16"


def test_it_goes_end_to_end_and_is_resumed(tmp_path, monkeypatch):
    classes, out = write_classes(tmp_path / "classes"), tmp_path / "out"
    made_small(monkeypatch)
    monkeypatch.setattr(paper, "BUFFER_SIZE", 8)
    flags = [*SMALL, "--preset", "paper", "--sgld-batch-size", 2, "--data-root", classes, "--methods", "GEDI"]
    assert run(monkeypatch, *flags, "--seeds", 0, "--out", out) == 0
    results = json.loads((out / "results.json").read_text())
    model = GEDI.load(out / "GEDI" / "seed-0" / "model")
    assert (model.num_clusters, model.hidden, model.start_rank) == (8, 16, 0)
    lines = (out / "GEDI" / "seed-0" / "history.jsonl").read_text().splitlines()
    assert [json.loads(line)["gen"] is None for line in lines] == [True, False, False, False]
    assert run(monkeypatch, *flags, "--seeds", 0, "--out", out, "--resume") == 0
    assert json.loads((out / "results.json").read_text())["runs"] == results["runs"]
