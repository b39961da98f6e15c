"""Encoders: MLP for points, ConvNet for 28x28 images, ResNet8 for the paper's real images.

Each has `config` (the arguments that build it again), `input_shape` (one input, without the batch) and `num_features`.
None uses BatchNorm: data, augmented data and samples go through one joint forward pass, and must not see each other.
"""

import math
from itertools import pairwise
from typing import Protocol, runtime_checkable

import torch
from torch import Tensor, nn

from gedi_nesy.errors import ConfigError
from gedi_nesy.models.first_convolution import FirstConv2d
from gedi_nesy.types import Embeddings, Images, Inputs

Size = tuple[int, int] | list[int]
"""Height and width."""

ACTIVATIONS: dict[str, type[nn.Module]] = {"relu": nn.ReLU, "silu": nn.SiLU, "leaky_relu": nn.LeakyReLU}


@runtime_checkable
class Backbone(Protocol):
    """What GEDI asks of an encoder, beside being a `torch.nn.Module`."""

    input_shape: tuple[int, ...]
    num_features: int
    config: dict

    def __call__(self, x: Tensor) -> Tensor: ...


def _height_and_width(image_size: int | Size, least: int = 1) -> tuple[int, int]:
    size = (image_size, image_size) if isinstance(image_size, int) else tuple(image_size)
    if len(size) != 2 or min(size) < least:
        raise ConfigError(
            f"image_size={image_size} must be a side or (height, width) of at least {least} pixels"
        )
    return size


def _check_sizes(**sizes: int) -> None:
    for name, size in sizes.items():
        if size < 1:
            raise ConfigError(f"{name}={size} must be at least 1")


def make_activation(name: str) -> nn.Module:
    if name not in ACTIVATIONS:
        raise ConfigError(f"activation={name!r} is not one of {', '.join(ACTIVATIONS)}")
    return ACTIVATIONS[name]()


class MLP(nn.Module):
    """The paper's encoder for toy data: two hidden layers of 100, two outputs, ReLU (Appendix D).

    Without outputs of their own (`num_features=None`) the features are those of the last hidden layer.
    """

    def __init__(
        self,
        num_inputs: int = 2,
        hidden: tuple[int, ...] | list[int] = (100, 100),
        num_features: int | None = 2,
        activation: str = "relu",
        input_gain: float = 1.0,
    ):
        """`input_gain` multiplies the first layer's initial weights and biases: more of it shows finer structure."""
        super().__init__()
        if not 0 < input_gain < float("inf"):
            raise ConfigError(f"input_gain={input_gain} must be finite and positive")
        self.config = {
            "num_inputs": num_inputs,
            "hidden": list(hidden),
            "num_features": num_features,
            "activation": activation,
            "input_gain": input_gain,
        }
        if not hidden:
            raise ConfigError("hidden=() needs at least one layer")
        _check_sizes(
            num_inputs=num_inputs,
            hidden=min(hidden),
            num_features=1 if num_features is None else num_features,
        )
        self.input_shape = (num_inputs,)
        self.num_features = hidden[-1] if num_features is None else num_features
        widths = [num_inputs, *hidden]
        layers: list[nn.Module] = []
        for before, after in pairwise(widths):
            layers += [nn.Linear(before, after), make_activation(activation)]
        if num_features is not None:
            layers.append(nn.Linear(widths[-1], num_features))
        self.layers = nn.Sequential(*layers)
        with torch.no_grad():
            for parameter in layers[0].parameters():
                parameter.mul_(input_gain)

    def forward(self, x: Inputs) -> Embeddings:
        return self.layers(x)


class ConvNet(nn.Module):
    """Three strided convolutions with GroupNorm and SiLU, for small images; 3 million multiplications a 28x28 one."""

    def __init__(
        self, channels: int = 1, image_size: int | Size = 28, width: int = 32, num_features: int = 256
    ):
        """`image_size` is the side of a square, or (height, width)."""
        super().__init__()
        size = _height_and_width(image_size)
        self.config = {
            "channels": channels,
            "image_size": size[0] if size[0] == size[1] else list(size),
            "width": width,
            "num_features": num_features,
        }
        _check_sizes(channels=channels, width=width, num_features=num_features)
        if width % 8:
            raise ConfigError(f"width={width} must be a multiple of 8, the groups of GroupNorm")
        self.input_shape = (channels, *size)
        self.num_features = num_features
        rows, columns = (math.ceil(side / 8) for side in size)
        self.layers = nn.Sequential(
            FirstConv2d(channels, width, kernel_size=5, stride=2, padding=2),
            nn.GroupNorm(8, width),
            nn.SiLU(),
            nn.Conv2d(width, 2 * width, kernel_size=3, stride=2, padding=1),
            nn.GroupNorm(8, 2 * width),
            nn.SiLU(),
            nn.Conv2d(2 * width, 4 * width, kernel_size=3, stride=2, padding=1),
            nn.GroupNorm(8, 4 * width),
            nn.SiLU(),
            nn.Flatten(),
            nn.Linear(4 * width * rows * columns, num_features),
            nn.SiLU(),
        )

    def forward(self, x: Images) -> Embeddings:
        return self.layers(x)


def _conv(channels_in: int, channels_out: int) -> nn.Conv2d:
    return nn.Conv2d(channels_in, channels_out, kernel_size=3, stride=1, padding=1)


class ResNet8(nn.Module):
    """The paper's Table 4: eight 3x3 convolutions in four blocks, LeakyReLU(0.2), no normalisation.

    As in the table, only block 1 has a residual branch (average pooling, then a 1x1 convolution). About 1 million
    parameters at width F = 128 (SVHN, CIFAR-10), 4.1 million at F = 256 (CIFAR-100).
    """

    def __init__(self, channels: int = 3, image_size: int | Size = 32, width: int = 128):
        """`image_size` is the side of a square, or (height, width); at least 4, which is halved twice."""
        super().__init__()
        size = _height_and_width(image_size, least=4)
        self.config = {
            "channels": channels,
            "image_size": size[0] if size[0] == size[1] else list(size),
            "width": width,
        }
        _check_sizes(channels=channels, width=width)
        self.input_shape = (channels, *size)
        self.num_features = width
        self.block1 = nn.Sequential(
            _conv(channels, width), nn.LeakyReLU(0.2), _conv(width, width), nn.AvgPool2d(2)
        )
        self.block1_residual = nn.Sequential(nn.AvgPool2d(2), nn.Conv2d(channels, width, kernel_size=1))
        self.block2 = self._block(width, nn.AvgPool2d(2))
        self.block3 = self._block(width, nn.Identity())
        self.block4 = self._block(width, nn.AdaptiveAvgPool2d(1))
        # convolutions follow the layout of their weights: this one is the quicker (docs/speed.md)
        self.to(memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue]

    @staticmethod
    def _block(width: int, pool: nn.Module) -> nn.Sequential:
        return nn.Sequential(
            nn.LeakyReLU(0.2), _conv(width, width), nn.LeakyReLU(0.2), _conv(width, width), pool
        )

    def forward(self, x: Images) -> Embeddings:
        hidden = self.block1(x) + self.block1_residual(x)
        return self.block4(self.block3(self.block2(hidden))).flatten(1)


class FrozenFeatures(nn.Module):
    """Features that a frozen encoder made before, as they are; it says which encoder, and is none itself.

    Of `encoder`, a name for `features.encoders.load`, `fingerprint` is the hash of the weights; images were shown to it
    with `side` pixels a side.
    """

    def __init__(
        self,
        num_features: int = 1280,
        encoder: str = "efficientnet-lite0",
        fingerprint: str = "",
        side: int = 224,
    ):
        super().__init__()
        _check_sizes(num_features=num_features, side=side)
        self.config = {
            "num_features": num_features,
            "encoder": encoder,
            "fingerprint": fingerprint,
            "side": side,
        }
        self.input_shape = (num_features,)
        self.num_features = num_features

    @property
    def about(self) -> str:
        """A sentence for a model card."""
        encoder, side = self.config["encoder"], self.config["side"]
        return f"It reads features: those of the frozen encoder {encoder} of images at {side}x{side} pixels."

    def forward(self, x: Inputs) -> Embeddings:
        return x


BACKBONES: dict[str, type[nn.Module]] = {
    "MLP": MLP,
    "ConvNet": ConvNet,
    "ResNet8": ResNet8,
    "FrozenFeatures": FrozenFeatures,
}
