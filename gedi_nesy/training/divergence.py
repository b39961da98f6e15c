"""The divergence monitor: statistics of a step, before its update is made, against their own recent range.

Nothing here changes a number. What is noticed is said in a sentence; what to do about it is the loop's business.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any, NamedTuple

import torch
from torch import Tensor

from gedi_nesy.errors import ConfigError, GediNesyError
from gedi_nesy.types import AnyInputs, Inputs, Scalar


class DivergedError(GediNesyError, RuntimeError):
    """Training runs away; the message says how. The update was not made.

    `evidence` holds what was known by then: of a step its number, statistics and terms; of a run its history and the
    rollbacks that did not help.
    """

    def __init__(self, message: str, evidence: Mapping[str, Any] | None = None):
        super().__init__(message)
        self.evidence = dict(evidence or {})


@dataclass(frozen=True, kw_only=True)
class GuardConfig:
    """When a step counts as diverging, and how often a run may go back and try again."""

    window: int = 100
    """healthy steps that make up the recent range"""
    settle: int = 20
    """steps before there is a recent range"""
    gradient_factor: float = 100.0
    """times its recent median, a gradient explodes; healthy runs stay below 12 (docs/fault-tolerance.md)"""
    gradient_floor: float = 100.0
    """gradient norm that is never too large: where little is left to learn, single images stand out"""
    energy_slack: float = 50.0
    """nats by which a mean energy may leave its recent median; healthy runs stay below 11"""
    energy_spreads: float = 20.0
    """median absolute deviations by which it may, if these are more; a steady trend stays near 2"""
    energy_limit: float = 1000.0
    """mean |E| in nats that is never healthy: float32 then resolves no difference that training needs"""
    out_of_range: float = 0.5
    """share of the moved chains that may be saturated, or have left, for `patience` steps on end"""
    patience: int = 20
    good_every: int = 50
    """steps between two states to go back to; one counts as good when the next steps were healthy too"""
    tries: int = 3
    """how often a learner may go back before the run ends"""

    def __post_init__(self) -> None:
        for name in ("window", "settle", "patience", "good_every"):
            if getattr(self, name) < 1:
                raise ConfigError(f"{name}={getattr(self, name)} must be at least 1")
        if self.tries < 0:
            raise ConfigError(f"tries={self.tries} must not be negative")


class Extent(NamedTuple):
    """Where the data lie: lowest and highest value, and the share of values strictly between the chains' bounds."""

    low: float
    high: float
    inner: float


class StepStatistics(NamedTuple):
    """What a step shows before its update; samples only where the step has some."""

    loss: float
    gradient_norm: float
    energy_data: float
    """mean over the batch"""
    energy_samples: float | None = None
    """mean over the chains that were moved"""
    out_of_range: float | None = None
    """share of these that are saturated, or have left"""


class GuardState(NamedTuple):
    """The last healthy values of each statistic, newest last, and for how many steps chains have been out of range."""

    gradient_norm: tuple[float, ...] = ()
    energy_data: tuple[float, ...] = ()
    energy_samples: tuple[float, ...] = ()
    out_of_range: int = 0


def reason(state: GuardState, statistics: StepStatistics, config: GuardConfig) -> str | None:
    """Why the step that shows these statistics must not be made, with the evidence; None if it may."""
    found = (
        _not_finite(statistics)
        or _gradient(state, statistics, config)
        or _energies(state, statistics, config)
    )
    if found is None and _steps_out_of_range(state, statistics, config) >= config.patience:
        return (
            f"{statistics.out_of_range:.0%} of the chains are saturated or have left the data, "
            f"and more than {config.out_of_range:.0%} were for {config.patience} steps"
        )
    return found


def remember(state: GuardState, statistics: StepStatistics, config: GuardConfig) -> GuardState:
    """The state with this healthy step in it."""

    def longer(values: tuple[float, ...], value: float | None) -> tuple[float, ...]:
        return values if value is None else (*values, value)[-config.window :]

    return GuardState(
        longer(state.gradient_norm, statistics.gradient_norm),
        longer(state.energy_data, statistics.energy_data),
        longer(state.energy_samples, statistics.energy_samples),
        _steps_out_of_range(state, statistics, config),
    )


def _steps_out_of_range(state: GuardState, statistics: StepStatistics, config: GuardConfig) -> int:
    """For how many steps on end, this one included, too many chains have been saturated or out of range."""
    return state.out_of_range + 1 if (statistics.out_of_range or 0.0) > config.out_of_range else 0


def _not_finite(statistics: StepStatistics) -> str | None:
    for name, value in zip(statistics._fields, statistics, strict=True):
        if value is not None and not -float("inf") < value < float("inf"):
            return f"the {name.replace('_', ' ')} is {value}"
    return None


def _gradient(state: GuardState, statistics: StepStatistics, config: GuardConfig) -> str | None:
    if len(state.gradient_norm) < config.settle:
        return None
    usual = median(state.gradient_norm)
    if statistics.gradient_norm <= max(config.gradient_factor * usual, config.gradient_floor):
        return None
    return f"the gradient explodes: its norm is {statistics.gradient_norm:.3g}, and {usual:.3g} is its recent median"


def _energies(state: GuardState, statistics: StepStatistics, config: GuardConfig) -> str | None:
    for name, value, recent in (
        ("data", statistics.energy_data, state.energy_data),
        ("samples", statistics.energy_samples, state.energy_samples),
    ):
        if value is None:
            continue
        if abs(value) > config.energy_limit:
            return f"the energy of the {name} is {value:.3g}, beyond {config.energy_limit:.3g} nats"
        if len(recent) < config.settle:
            continue
        usual = median(recent)
        spread = median(abs(other - usual) for other in recent)
        if abs(value - usual) > max(config.energy_slack, config.energy_spreads * spread):
            return (
                f"the energy of the {name} runs away: it is {value:.3g}, "
                f"and {usual:.3g} is its recent median, {spread:.2g} its spread"
            )
    return None


def extent(inputs: Inputs, bounds: tuple[float, float] | None) -> Extent:
    """Where these inputs lie."""
    low, high = inputs.aminmax()
    inner = 1.0 if bounds is None else ((inputs > bounds[0]) & (inputs < bounds[1])).float().mean().item()
    return Extent(low.item(), high.item(), inner)


def share_out_of_range(chains: Inputs, extent: Extent, bounds: tuple[float, float] | None) -> Scalar:
    """Share of the chains that no data look like.

    With bounds, these are chains with less than a tenth of the data's share of values strictly between the bounds;
    without, those that left the data's range, ten times as wide.
    """
    values = chains.flatten(1)
    if bounds is not None:
        inner = ((values > bounds[0]) & (values < bounds[1])).float().mean(dim=1)
        return (inner < 0.1 * extent.inner).float().mean()
    middle, reach = (extent.low + extent.high) / 2, 5.0 * (extent.high - extent.low)
    return ((values - middle).abs() > reach).any(dim=1).float().mean()


def check_finite(inputs: AnyInputs) -> None:
    """ValueError that names the first input that is not finite: training cannot fix it."""
    if not inputs.is_floating_point():
        return
    finite = inputs.isfinite()
    if finite.all():
        return
    bad = torch.nonzero(~finite.flatten(1).all(dim=1))[:, 0]
    first = int(bad[0])
    place = torch.nonzero(~finite[first])[0].tolist()
    value = inputs[first][tuple(place)].item()
    more = f", and {len(bad) - 1} more are not finite" if len(bad) > 1 else ""
    raise ConfigError(f"image {first} holds {value} at {place}{more}: fix the data, training cannot")


def check_outputs(outputs: Tensor, step: int, network: str) -> None:
    """DivergedError if a network's outputs, a row an image, are not finite: neither loss nor logic could use them."""
    finite = outputs.isfinite()
    rows = ~finite.all(dim=1)
    if not rows.any():
        return
    row, cluster = torch.nonzero(~finite)[0].tolist()
    value = outputs[row, cluster].item()
    raise DivergedError(
        f"step {step}: the outputs for {int(rows.sum())} of {len(rows)} images are not finite: the network ({network}) "
        f"gives {value} for cluster {cluster} of image {row} of the batch",
        {"step": step, "network": network, "images": torch.nonzero(rows)[:, 0].tolist(), "value": value},
    )


def gradient_norm(parameters: Sequence[Tensor]) -> Scalar:
    """The norm of all gradients together."""
    return torch.nn.utils.get_total_norm([each.grad for each in parameters if each.grad is not None])


def usual_gradient(state: GuardState, config: GuardConfig) -> float:
    """The recent median of the gradient's norm, to which it is clipped after a rollback; 1 before there is one."""
    if len(state.gradient_norm) < config.settle:
        return 1.0
    return median(state.gradient_norm)
