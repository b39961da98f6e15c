"""The first convolution against torch's own, in value and in every gradient."""

import itertools

import pytest
import torch
from torch import nn

from gedi_nesy.models.first_convolution import FirstConv2d, by_fold, by_phases

SHAPES = [
    # input channels, output channels, kernel, stride, padding, height, width
    (1, 8, 5, 2, 2, 28, 28),
    (1, 8, 5, 2, 2, 27, 16),
    (3, 4, 3, 1, 1, 9, 9),
    (2, 4, 3, 2, 0, 10, 11),
]


def pair(channels, features, kernel, stride, padding) -> tuple[FirstConv2d, nn.Conv2d]:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        ours = FirstConv2d(channels, features, kernel, stride=stride, padding=padding).double()
    theirs = nn.Conv2d(channels, features, kernel, stride=stride, padding=padding).double()
    theirs.load_state_dict(ours.state_dict())
    return ours, theirs


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
def test_value_and_gradients_are_those_of_torch(shape, layout, generator):
    *settings, height, width = shape
    images = torch.randn(3, settings[0], height, width, dtype=torch.float64, generator=generator)
    found = []
    for layer in pair(*settings):
        x = images.to(memory_format=layout).requires_grad_(True)
        y = layer(x)
        coefficients = torch.randn(y.shape, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
        (y * coefficients).sum().backward()
        found.append((y.detach(), x.grad, layer.weight.grad, layer.bias.grad))
    for ours, theirs in zip(*found, strict=True):
        assert torch.allclose(ours, theirs, atol=1e-12)


def test_frozen_weights_get_no_gradient_and_the_input_does(generator):
    ours, theirs = (layer.requires_grad_(False) for layer in pair(1, 4, 5, 2, 2))
    x = torch.rand(2, 1, 12, 12, dtype=torch.float64, generator=generator).requires_grad_(True)
    gradients = [torch.autograd.grad(layer(x).square().sum(), x)[0] for layer in (ours, theirs)]
    assert torch.allclose(*gradients, atol=1e-12)
    assert ours.weight.grad is None


def test_under_autocast_the_gradients_have_the_types_of_what_they_belong_to(generator):
    layer = FirstConv2d(1, 4, 5, stride=2, padding=2)
    x = torch.rand(2, 1, 12, 12, generator=generator).requires_grad_(True)
    with torch.autocast("cpu", torch.bfloat16):
        y = layer(x)
    assert y.dtype == torch.bfloat16
    y.float().sum().backward()
    assert x.grad is not None
    exact = torch.autograd.grad(layer(x).sum(), [x, layer.weight, layer.bias])
    for found, right in zip((x.grad, layer.weight.grad, layer.bias.grad), exact, strict=True):
        assert found.dtype == torch.float32
        # bfloat16 has 8 bits
        assert torch.allclose(found, right, rtol=0.02, atol=0.02 * right.abs().max().item())


@pytest.mark.parametrize("padding_mode", ["zeros", "reflect", "replicate", "circular"])
@pytest.mark.parametrize("padding", [0, 2, (1, 2), "same", "valid"])
def test_every_option_of_torchs_convolution(padding_mode, padding, generator):
    for dilation in (1, 2, (2, 1)):
        for groups, bias in ((1, True), (1, False), (2, True)):
            options = {"padding": padding, "dilation": dilation, "groups": groups, "bias": bias}
            check_equal(options | {"padding_mode": padding_mode}, generator)


@pytest.mark.parametrize("dilation", [1, 2, (1, 3)])
@pytest.mark.parametrize("padding_mode", ["zeros", "circular"])
def test_every_option_with_strides(dilation, padding_mode, generator):
    check_equal(
        {"padding": (2, 1), "dilation": dilation, "padding_mode": padding_mode, "stride": (2, 3)}, generator
    )


def check_equal(options: dict, generator: torch.Generator) -> None:
    """Value and all gradients, with and without a batch."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        ours = FirstConv2d(2, 4, (5, 3), **options).double()
    theirs = nn.Conv2d(2, 4, (5, 3), **options).double()
    theirs.load_state_dict(ours.state_dict())
    images = torch.randn(3, 2, 11, 16, dtype=torch.float64, generator=generator)
    for given in (images, images[0]):
        found = []
        for layer in (ours, theirs):
            x = given.clone().requires_grad_(True)
            y = layer(x)
            coefficients = torch.randn(
                y.shape, dtype=torch.float64, generator=torch.Generator().manual_seed(1)
            )
            found.append((y, *torch.autograd.grad((y * coefficients).sum(), [x, *layer.parameters()])))
        for own, right in zip(*found, strict=True):
            assert torch.allclose(own, right, atol=1e-12)


@pytest.mark.parametrize("by_input", [by_fold, by_phases])
def test_gradient_by_the_input_whatever_sizes_kernels_strides_and_paddings(by_input, generator):
    axes = list(itertools.product((9, 12), (1, 3, 5), (1, 2, 3), (0, 1, 4)))
    for rows, columns in zip(axes, reversed(axes), strict=True):
        size, kernel, stride, padding = zip(rows, columns, strict=True)
        images = torch.randn(2, 2, *size, dtype=torch.float64, generator=generator).requires_grad_(True)
        weight = torch.randn(3, 2, *kernel, dtype=torch.float64, generator=generator)
        y = nn.functional.conv2d(images, weight, stride=stride, padding=padding)
        gradient = torch.randn(y.shape, dtype=torch.float64, generator=generator)
        (right,) = torch.autograd.grad(y, images, gradient)
        assert torch.allclose(by_input(gradient, weight, size, stride, padding), right, atol=1e-12)
