"""The value of each loss at the good solution and at the failure modes, and which of them it penalises."""

from collections.abc import Callable
from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Generator, Tensor

from benchmarks.failure_modes.build import GOOD, MODES, Candidate, Scene, candidates
from gedi_nesy.objectives.energy import energy
from gedi_nesy.objectives.gen import loss_gen
from gedi_nesy.objectives.inv import loss_inv
from gedi_nesy.objectives.prior import loss_prior
from gedi_nesy.objectives.self_supervised.swav import SHARPNESS, sinkhorn
from gedi_nesy.types import Logits


class Values(NamedTuple):
    """The terms L_*, to be maximised, in nats a point."""

    gen: float
    inv: float
    prior: float
    swapped: float
    divergence: float


TERMS: dict[str, Callable[[Values], float]] = {
    "L_GEN": lambda v: v.gen,
    "L_INV": lambda v: v.inv,
    "L_PRIOR": lambda v: v.prior,
    "Eq. (5), all three": lambda v: v.gen + v.inv + v.prior,
    "L_INV + L_PRIOR": lambda v: v.inv + v.prior,
    "L_GEN + L_PRIOR": lambda v: v.gen + v.prior,
    "L_GEN + L_INV": lambda v: v.gen + v.inv,
    "SwAV, swapped prediction": lambda v: v.swapped,
    "Eq. (2), L_DI": lambda v: v.divergence,
}
"""Rows of the table: the terms, their sums at equal weights, and two objectives that assign by Sinkhorn-Knopp."""


def log_likelihood(data: Logits, grid: Float[Tensor, "place cluster"], cell: Float[Tensor, ""]) -> float:
    """L_GEN = mean log p(x) = -mean E(x) - log Gamma, Gamma = the integral of exp(-E) over the domain (Eq. 6)."""
    log_gamma = torch.logsumexp(-energy(grid), dim=0) + cell.log()
    return float(-energy(data).mean() - log_gamma)


def values(candidate: Candidate, cell: Float[Tensor, ""]) -> Values:
    """Each term at a candidate."""
    plain, augmented = candidate.plain.log_softmax(dim=1), candidate.augmented.log_softmax(dim=1)
    # assignments from p(y|x') itself: the sharpness of SwAV's own is undone
    targets = sinkhorn(SHARPNESS * augmented[None])[0]
    cross = (targets * plain).sum(dim=1).mean()
    entropy = -torch.special.xlogy(targets, targets).sum(dim=1).mean()
    return Values(
        gen=log_likelihood(candidate.plain, candidate.grid, cell),
        inv=-loss_inv(plain, augmented).item(),
        prior=-loss_prior(plain).item(),
        swapped=cross.item(),
        divergence=(cross + entropy).item(),
    )


class Contrast(NamedTuple):
    """What training sees of L_GEN: mean log-sum-exp of data minus that of the model's own samples."""

    good: float
    constant: float
    slope: float
    """derivative of L_GEN at the constant encoder, in the direction of the good solution's energy"""


def contrast(scene: Scene, generator: Generator) -> Contrast:
    """At the good solution with draws of its own, and at a constant encoder, whose samples are uniform.

    At E_t = t E_good the derivative in t at 0 is mean E_good(uniform) - mean E_good(data) (Eq. 11).
    """
    good = energy(scene.joint)
    uniform = torch.randint(len(scene.grid), (len(scene.inputs),), generator=generator).to(good.device)
    flat = torch.zeros_like(scene.joint)
    return Contrast(
        good=-loss_gen(good, energy(scene.joint_samples)).item(),
        constant=-loss_gen(energy(flat), energy(flat)).item(),
        slope=-loss_gen(good, energy(scene.joint_grid[uniform])).item(),
    )


Losses = dict[str, dict[str, float]]
"""By row of the table and column: the good solution, then the modes."""


def measure(scene: Scene, generator: Generator) -> Losses:
    """Each loss where it is best: among good solutions, and among the candidates of each failure mode."""
    families = {
        mode: [values(each, scene.cell) for each in candidates(mode, scene, generator)]
        for mode in (GOOD, *MODES)
    }
    return {
        term: {mode: max(of(each) for each in family) for mode, family in families.items()}
        for term, of in TERMS.items()
    }


def penalises(losses: Losses, tolerance: float) -> dict[str, dict[str, bool]]:
    """Whether a mode is worse than the good solution by more than `tolerance` nats a point; if not, it is admitted."""
    return {
        term: {mode: bool(row[GOOD] - row[mode] > tolerance) for mode in MODES}
        for term, row in losses.items()
    }
