"""Adam for a stack of networks: elementwise, so that a stack is exact."""

import math
from typing import NamedTuple

import torch

from gedi_nesy.training.network import average_decay, move_average
from gedi_nesy.training.vectorized.config import VectorizedConfig
from gedi_nesy.training.vectorized.networks import Parameters


class Moving(NamedTuple):
    """What an update changes in place: the weights, their average, and the moments of their gradients."""

    parameters: Parameters
    average: Parameters
    first: Parameters
    second: Parameters


@torch.no_grad()
def adam(moving: Moving, gradients: Parameters, config: VectorizedConfig, step: int) -> None:
    """Update number `step` (from 0) of every network, and of the averaged weights."""
    beta1, beta2 = config.betas
    count = step + 1
    rate = config.rate(step) / (1 - beta1**count)
    correction = math.sqrt(1 - beta2**count)
    decay = average_decay(config.ema, count)
    for name, gradient in gradients.items():
        parameter, average, first, second = (each[name] for each in moving)
        first.lerp_(gradient, 1 - beta1)
        second.mul_(beta2).addcmul_(gradient, gradient, value=1 - beta2)
        parameter.addcdiv_(first, second.sqrt().div_(correction).add_(1e-8), value=-rate)
        move_average(average, parameter, decay)
