"""In which precision an encoder computes, and where bfloat16 is quicker than float32."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal

import torch
from torch import nn

from gedi_nesy.sampling import sgld

Precision = Literal["float32", "bfloat16"]

PrecisionChoice = Literal["float32", "bfloat16", "auto"]
"""auto: bfloat16 on a device that has instructions for it, float32 on any other."""

CPU_INSTRUCTIONS = ("avx512_bf16", "amx_bf16")
"""Of x86; where there are none of these, bfloat16 is emulated, and slower than float32."""


def computes_bfloat16(device: torch.device) -> bool:
    """Whether the device has instructions that multiply bfloat16; a question to the device, nothing is timed."""
    if device.type == "cpu":
        capabilities = torch.cpu.get_capabilities()
        return any(capabilities.get(name, False) for name in CPU_INSTRUCTIONS)
    if device.type == "cuda":
        return torch.cuda.is_bf16_supported(including_emulation=False)
    return False


def resolved(choice: PrecisionChoice, device: torch.device) -> Precision:
    """The precision itself, where the choice is `auto`."""
    if choice != "auto":
        return choice
    return "bfloat16" if computes_bfloat16(device) else "float32"


@contextmanager
def frozen(model: nn.Module, encoder: nn.Module, precision: Precision) -> Iterator[None]:
    """Inside, no parameter of the model asks for a gradient, and with bfloat16 the encoder's products are cast once.

    `torch.autocast` casts weights that ask for no gradient in every pass. On leaving, all is as it was.
    """
    products = (nn.Conv2d, nn.Linear) if precision == "bfloat16" else ()
    layers = [layer for layer in encoder.modules() if isinstance(layer, products)]
    own = [(parameter, parameter.data) for layer in layers for parameter in layer.parameters(recurse=False)]
    with sgld.frozen(model):
        try:
            for parameter, data in own:
                parameter.data = data.bfloat16()
            yield
        finally:
            for parameter, data in own:
                parameter.data = data
