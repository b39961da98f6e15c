"""Networks with `k` set: which k of their values count, as DeepProbLog's exact engine chooses them."""

import numpy as np
import torch
from jaxtyping import Bool, Float
from torch import Tensor

from gedi_nesy.logic.language.deepproblog_api import Network


def best_values(
    outputs: Float[Tensor, "input value"], network: Network
) -> Bool[Tensor, "input value"] | None:
    """The k largest values in evaluation; in training k that are drawn without replacement, by their probabilities;
    None if all count.

    They are drawn from NumPy's global state, as in DeepProbLog, but once for each input of a batch, where it draws
    once for each query.
    """
    if network.k is None or network.k >= outputs.shape[1]:
        return None
    kept = torch.zeros_like(outputs, dtype=torch.bool)
    if network.eval_mode:
        return kept.scatter_(1, torch.topk(outputs, network.k, dim=1).indices, True)
    for row, weights in enumerate(outputs.detach().double().cpu().numpy()):
        count = min(network.k, np.count_nonzero(weights))
        kept[row, np.random.choice(len(weights), count, replace=False, p=weights / weights.sum())] = True
    return kept
