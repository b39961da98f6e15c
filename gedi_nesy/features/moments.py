"""Mean and standard deviation of features, of which there are more than are good to sum up in single precision."""

import torch
from jaxtyping import Float
from torch import Tensor


def moments(
    features: Float[Tensor, "item feature"],
) -> tuple[Float[Tensor, " feature"], Float[Tensor, " feature"]]:
    """Mean and standard deviation of each feature, summed up in double precision; 1 for one that never varies."""
    total = torch.zeros(features.shape[1], dtype=torch.float64, device=features.device)
    squares = total.clone()
    for part in features.split(4096):
        total += part.double().sum(dim=0)
    mean = total / len(features)
    for part in features.split(4096):
        squares += (part.double() - mean).square().sum(dim=0)
    std = (squares / len(features)).sqrt()
    return mean.float(), torch.where(std > 1e-6, std, 1.0).float()
