"""The GEDI objective, term by term: pure functions of logits, log-probabilities and energies.

Every `loss_*` is to be minimised: it is minus the term L_* of the paper, averaged over the batch. `logits` are
already divided by the temperature, l = f(enc(x)) / tau.
"""

import math

import torch
from jaxtyping import Float
from torch import Tensor

from gedi_nesy.types import Energies, Logits, LogProbs, Prior, Scalar


def energy(logits: Logits) -> Energies:
    """E(x) = -logsumexp_y l_y(x), so that p(x) is proportional to exp(-E(x)) (Eq. 6)."""
    return -torch.logsumexp(logits, dim=1)


def loss_gen(energy_data: Energies, energy_samples: Float[Tensor, " sample"]) -> Scalar:
    """-L_GEN up to a constant: mean E(x) - mean E(x_sgld), whose gradient is that of Eq. 11.

    The samples are constants: no gradient may reach the sampler that made them.
    """
    return energy_data.mean() - energy_samples.mean()


def loss_inv(log_probs: LogProbs, log_probs_augmented: LogProbs) -> Scalar:
    """-L_INV = mean_x CE(p(y|x'), p(y|x)), the invariance term of Eq. 3.

    CE(p', p) = KL(p' || p) + H(p'): the first part asks for the same answer, the second for a confident one.
    """
    return -(log_probs_augmented.exp() * log_probs).sum(dim=1).mean()


def entropy(log_probs: LogProbs) -> Scalar:
    """Mean over the batch of H(p(y|x)), in nats, between 0 and log(number of clusters)."""
    return -(log_probs.exp() * log_probs).sum(dim=1).mean()


def loss_prior(log_probs: LogProbs, prior: Prior | None = None) -> Scalar:
    """-L_PRIOR = CE(p(y), mean_x p(y|x)) (Eq. 3); the prior is uniform unless given.

    At least the entropy of the prior, and equal to it when the batch uses the clusters as the prior says. Not linear in
    the batch: means of this loss over parts of a batch are not the loss of the batch.
    """
    batch, clusters = log_probs.shape
    log_mean = torch.logsumexp(log_probs, dim=0) - math.log(batch)
    if prior is None:
        return -log_mean.sum() / clusters
    return -(prior * log_mean).sum()


def entropy_of_mean(log_probs: LogProbs) -> Scalar:
    """H(mean_x p(y|x)), in nats: largest when all clusters are used alike, and finite when some are not used."""
    log_mean = torch.logsumexp(log_probs, dim=0) - math.log(len(log_probs))
    return -(log_mean.exp() * log_mean).sum()


def energy_magnitude(energies: Energies) -> Scalar:
    """mean E(x)^2, a penalty that keeps energies near 0: L_GEN fixes only their differences, and lets them drift."""
    return energies.square().mean()
