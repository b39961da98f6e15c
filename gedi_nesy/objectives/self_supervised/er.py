"""ER (Rodriguez-Galvez et al. 2023): a bound on the mutual information of two views, their entropy and reconstruction.

I(Z; Z') >= H(Z') + E log q(z'|z). On the sphere q is a von Mises-Fisher density around the prediction, and the entropy
is that of a kernel density estimate with the same density as its kernel. Here in SimCLR's architecture.
"""

import math

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from gedi_nesy.objectives.self_supervised.heads import ProjectionHead, cosines
from gedi_nesy.objectives.term import Seen, Term

KAPPA = 10.0
"""How narrow density and kernel are (the authors' code): one over a temperature."""


def log_normaliser(dim: int, kappa: float) -> float:
    """log of the integral of exp(kappa cos) over the sphere in `dim` dimensions.

    (2 pi)^(d/2) I_v(kappa) / kappa^v with v = d/2 - 1, and the series of the Bessel function summed in logarithms: it
    leaves the range of floats in high dimensions.
    """
    order, terms = dim / 2 - 1, range(50 + 2 * math.ceil(kappa))
    logs = [
        (2 * m + order) * math.log(kappa / 2) - math.lgamma(m + 1) - math.lgamma(m + order + 1) for m in terms
    ]
    largest = max(logs)
    log_bessel = largest + math.log(sum(math.exp(each - largest) for each in logs))
    return dim / 2 * math.log(2 * math.pi) + log_bessel - order * math.log(kappa)


def entropy_on_sphere(
    features: Float[Tensor, "*model batch feature"], kappa: float = KAPPA
) -> Float[Tensor, "*model"]:
    """-mean_i log(1/n sum_j q(z_i | z_j)), j = i among them: Joe's estimate from n rows. Not linear in the batch."""
    num, dim = features.shape[-2:]
    densities = torch.logsumexp(kappa * cosines(features, features), dim=-1) - math.log(num)
    return log_normaliser(dim, kappa) - densities.mean(dim=-1)


def reconstruction_on_sphere(
    predicted: Float[Tensor, "*model batch feature"],
    target: Float[Tensor, "*model batch feature"],
    kappa: float = KAPPA,
) -> Float[Tensor, "*model"]:
    """Mean of log q(z'|z) = kappa cos(predicted, target) less the normaliser."""
    alike = F.cosine_similarity(predicted, target, dim=-1).mean(dim=-1)
    return kappa * alike - log_normaliser(predicted.shape[-1], kappa)


def _loss(seen: Seen) -> Float[Tensor, "*model"]:
    """Minus the bound, at least -log n: more than that n images cannot show. Reconstruction is alike both ways."""
    plain, augmented = seen.outputs["er"]
    entropy = 0.5 * (entropy_on_sphere(plain) + entropy_on_sphere(augmented))
    return -entropy - reconstruction_on_sphere(plain, augmented)


TERM = Term(name="er", loss=_loss, module=ProjectionHead, method="ER")
