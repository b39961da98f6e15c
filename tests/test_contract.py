"""What every row of a table promises; a new row is held to it by being listed.

Finite values; gradients where they are promised; the same generator, the same result; a bad setting is one line that
names it. What a row is for is tested in its own file.
"""

import inspect
from dataclasses import fields
from itertools import product
from typing import get_args

import pytest
import torch
from torch import nn

from gedi_nesy.augmentation.points import jitter
from gedi_nesy.augmentation.warp import WarpConfig, warp
from gedi_nesy.data.dataset import DataError
from gedi_nesy.data.image_sets import SOURCES
from gedi_nesy.data.images import load
from gedi_nesy.data.points import PointsName, make
from gedi_nesy.logic import Program
from gedi_nesy.logic.engines.table import ENGINES
from gedi_nesy.models.encoders import BACKBONES


def one_line(error: pytest.ExceptionInfo, *words: str) -> None:
    """The message is a line, and it names what is wrong."""
    message = str(error.value)
    assert message
    assert "\n" not in message
    assert not [word for word in words if word not in message], message


# encoders


def encoder(name: str, **config: object) -> nn.Module:
    """With the same weights whenever it is made."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return BACKBONES[name](**config)


@pytest.mark.parametrize("name", BACKBONES)
def test_an_encoder_gives_finite_features_and_gradients(name, generator):
    made = encoder(name)
    inputs = torch.rand(3, *made.input_shape, generator=generator, requires_grad=True)
    features = made(inputs)
    assert features.shape == (3, made.num_features)
    features.square().sum().backward()
    for value in (features, inputs.grad, *(parameter.grad for parameter in made.parameters())):
        assert value.isfinite().all()
    assert inputs.grad.abs().sum() > 0


@pytest.mark.parametrize("name", BACKBONES)
def test_an_encoder_is_built_again_from_its_config(name, generator):
    made = encoder(name)
    again = encoder(name, **made.config)
    inputs = torch.rand(2, *made.input_shape, generator=generator)
    assert torch.equal(made(inputs), again(inputs))


@pytest.mark.parametrize("name", BACKBONES)
def test_an_encoder_reads_each_input_by_itself(name, generator):
    """Data, augmentations and samples go through one forward pass, and must not see each other."""
    made = encoder(name).double()
    inputs = torch.rand(4, *made.input_shape, generator=generator, dtype=torch.float64)
    together, alone = made(inputs), torch.cat([made(each) for each in inputs.split(1)])
    torch.testing.assert_close(together, alone, rtol=1e-10, atol=1e-10)


SIZES = [
    (name, parameter.name)
    for name, backbone in BACKBONES.items()
    for parameter in inspect.signature(backbone).parameters.values()
    if isinstance(parameter.default, int) and not isinstance(parameter.default, bool)
]


@pytest.mark.parametrize(("name", "size"), SIZES)
@pytest.mark.parametrize("value", [0, -8])
def test_a_size_that_no_encoder_can_have_is_one_line(name, size, value):
    with pytest.raises(ValueError, match=size) as error:
        BACKBONES[name](**{size: value})
    one_line(error, f"{size}={value}")


# engines


class Linear(nn.Module):
    """Reads an image by a linear map; ten outputs."""

    num_clusters = 10

    def __init__(self, generator: torch.Generator):
        super().__init__()
        self.weight = nn.Parameter(torch.randn(4, 10, generator=generator, dtype=torch.float64))

    def log_probs(self, x: torch.Tensor) -> torch.Tensor:
        return (x.flatten(1) @ self.weight).log_softmax(dim=1)


def sums(network: Linear, a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
    """log P(the digits of a and b add up to 0, 1, ... 18), by enumeration."""
    first, second = network.log_probs(a).exp(), network.log_probs(b).exp()
    columns = [torch.zeros(len(a), dtype=torch.float64) for _ in range(19)]
    for i, j in product(range(10), repeat=2):
        columns[i + j] = columns[i + j] + first[:, i] * second[:, j]
    return torch.stack(columns, dim=1).log()


@pytest.mark.parametrize("engine", ENGINES)
def test_an_engine_agrees_with_enumeration_in_value_and_gradient(engine, programs, generator):
    network = Linear(generator)
    program = Program.from_file(programs / "sum.pl", networks={"digit_net": network})
    query = program.compile("sum(A, B, N)", images=["A", "B"], answer="N", engine=engine)
    a, b = torch.rand(2, 3, 1, 2, 2, generator=generator, dtype=torch.float64)
    values = torch.tensor([0, 9, 17])
    columns = query.log_prob(A=a, B=b, N=values)
    expected = sums(network, a, b).gather(1, values[:, None])[:, 0]
    torch.testing.assert_close(columns, expected, rtol=1e-6, atol=1e-6)
    (gradient,) = torch.autograd.grad(columns.sum(), network.weight)
    (expected_gradient,) = torch.autograd.grad(expected.sum(), network.weight)
    torch.testing.assert_close(gradient, expected_gradient, rtol=1e-5, atol=1e-5)
    assert torch.equal(query.log_prob(A=a, B=b, N=values), columns)


def test_an_engine_that_is_none_is_one_line(programs, generator):
    program = Program.from_file(programs / "sum.pl", networks={"digit_net": Linear(generator)})
    with pytest.raises(ValueError, match="engine") as error:
        program.compile("sum(A, B, N)", images=["A", "B"], answer="N", engine="circus")
    one_line(error, "circus", *ENGINES)


# data sets

WITH_PACKAGES = [name for name, source in SOURCES.items() if source.fetch is None]
WITH_FILES = [name for name, source in SOURCES.items() if source.fetch is not None]


@pytest.mark.parametrize("name", WITH_PACKAGES)
def test_a_data_set_is_what_its_source_says_and_always_the_same(name):
    source, dataset, again = SOURCES[name], load(name), load(name)
    for part, same in ((dataset.train, again.train), (dataset.test, again.test)):
        assert part.images.shape[1:] == source.image_shape
        assert part.images.dtype == torch.uint8 or part.images.isfinite().all()
        assert set(part.labels.tolist()) == set(range(source.num_classes))
        assert torch.equal(part.images, same.images)
        assert torch.equal(part.labels, same.labels)


@pytest.mark.parametrize("name", WITH_FILES)
def test_a_data_set_that_is_not_there_is_one_line_with_what_fetches_it(name, tmp_path):
    source = SOURCES[name]
    with pytest.raises(DataError) as error:
        load(name, tmp_path)
    one_line(error, source.title, str(tmp_path), source.fetch.replace("ROOT", str(tmp_path)))
    with pytest.raises(DataError) as error:
        load(name)
    one_line(error, name, "--data-root DIR", source.place)


@pytest.mark.parametrize("name", SOURCES)
def test_a_data_set_is_found_by_its_name(name):
    source = SOURCES[name]
    assert source.name == name
    assert all(size > 0 for size in source.image_shape)
    assert source.num_classes > 1


# points


@pytest.mark.parametrize("name", get_args(PointsName))
def test_points_are_finite_and_follow_their_generator(name):
    made = [make(name, 50, 0.1, torch.Generator().manual_seed(seed)) for seed in (3, 3, 4)]
    assert made[0].inputs.isfinite().all()
    assert torch.equal(made[0].inputs, made[1].inputs)
    assert torch.equal(made[0].labels, made[1].labels)
    assert not torch.equal(made[0].inputs, made[2].inputs)


@pytest.mark.parametrize("name", get_args(PointsName))
@pytest.mark.parametrize(("setting", "value"), [("noise", -1.0), ("noise", float("nan")), ("num", 0)])
def test_points_with_a_bad_setting_are_one_line(name, setting, value, generator):
    with pytest.raises(ValueError, match=setting) as error:
        make(name, **{"num": 50, "noise": 0.1, setting: value}, generator=generator)
    one_line(error, f"{setting}={value}")


# augmentations

AUGMENTATIONS = {
    "warp": lambda generator, images: warp(generator, images, WarpConfig()),
    "jitter": lambda generator, images: jitter(generator, images, 0.1),
}


@pytest.mark.parametrize("name", AUGMENTATIONS)
@pytest.mark.parametrize("shape", [(5, 1, 28, 28), (5, 3, 16, 24), (1, 1, 7, 7)], ids=str)
def test_an_augmentation_is_finite_differentiable_and_follows_its_generator(name, shape, generator):
    images = torch.rand(shape, generator=generator, requires_grad=True)
    made = [AUGMENTATIONS[name](torch.Generator().manual_seed(seed), images) for seed in (3, 3, 4)]
    assert made[0].shape == shape
    assert made[0].isfinite().all()
    assert torch.equal(made[0], made[1])
    assert not torch.equal(made[0], made[2])
    made[0].sum().backward()
    assert images.grad.isfinite().all()


@pytest.mark.parametrize("name", AUGMENTATIONS)
def test_an_augmentation_draws_for_each_image(name):
    images = torch.linspace(0, 1, 28).expand(2, 1, 28, 28)
    first, second = AUGMENTATIONS[name](torch.Generator().manual_seed(0), images)
    assert not torch.equal(first, second)


@pytest.mark.parametrize("setting", [field.name for field in fields(WarpConfig)])
def test_an_augmentation_with_a_bad_setting_is_one_line(setting):
    with pytest.raises(ValueError, match=setting) as error:
        WarpConfig(**{setting: -1.0})
    one_line(error, f"{setting}=-1.0")
