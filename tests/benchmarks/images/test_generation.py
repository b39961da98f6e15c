"""Samples and their distances, with an encoder small enough to know its features."""

import pytest
import torch

from benchmarks.images import generation
from benchmarks.images.generation import (
    NEAR,
    SHOWN,
    encoder_named,
    evolving,
    nearest_training,
    quality,
    samples_of,
)
from gedi_nesy.errors import MissingPackageError
from gedi_nesy.models.encoders import ConvNet
from gedi_nesy.models.gedi import GEDI
from tests.benchmarks.images.small import corners, made_small

CPU = torch.device("cpu")


@pytest.fixture(autouse=True)
def _small(monkeypatch):
    made_small(monkeypatch)


def test_samples_like_the_data_are_as_near_as_its_halves():
    images = torch.rand(200, 1, 8, 8, generator=torch.Generator().manual_seed(0))
    same = quality(images[0::2], images, corners())
    assert same.fd == pytest.approx(0, abs=1e-4), "these are the very images of the first half"
    assert same.precision == same.recall == 1
    assert same.fd_halves > 0
    other = quality(torch.zeros(100, 1, 8, 8), images, corners())
    assert other.fd > 5 * other.fd_halves
    assert other.recall == 0


def test_chains_go_on_and_are_repeatable():
    model = GEDI(ConvNet(1, 8, width=8, num_features=8), 2)
    found = evolving(model, 0, CPU)
    assert found.shape == (3, SHOWN, 1, 8, 8)
    assert not torch.equal(found[0], found[1])
    assert torch.equal(samples_of(model, 4, 1, CPU), samples_of(model, 4, 1, CPU))


def test_a_copy_is_its_own_nearest_training_image():
    training = torch.rand(20, 1, 4, 4, generator=torch.Generator().manual_seed(0))
    found = nearest_training(training[[3, 7]], training)
    assert found.shape == (2, NEAR, 1, 4, 4)
    assert torch.equal(found[:, 0], training[[3, 7]])


def test_an_encoder_that_is_not_there_is_a_reason(monkeypatch):
    def missing(name: str) -> None:
        raise MissingPackageError(f"{name} is not installed")

    monkeypatch.setattr(generation, "load", missing)
    assert encoder_named("one that is not there") == "one that is not there is not installed"
