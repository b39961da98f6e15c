"""Pixels as bytes and as floats: images stay bytes where they are by nature, and a batch at a time becomes floats."""

import torch

from gedi_nesy.types import AnyInputs, Inputs


def to_float(inputs: AnyInputs) -> Inputs:
    """Bytes 0..255 as floats k / 255 in [0, 1], correctly rounded on every device; floats stay themselves."""
    if inputs.dtype != torch.uint8:
        return inputs
    # divided by a tensor: a GPU multiplies by 1 / 255 instead where the divisor is a number, and rounds twice
    return inputs.to(torch.float32).div_(torch.full((), 255.0, device=inputs.device))


def num_at_once(images: AnyInputs) -> int:
    """How many of these images a network is shown at once where no gradient is asked for: 1024 of MNIST's size."""
    return max(1, min(1024, 1024 * 28 * 28 // max(1, images[:1].numel())))
