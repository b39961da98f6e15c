"""Timing one training step, its arithmetic floor and the plain way of writing it, interleaved in one process."""

import statistics
import time
from collections.abc import Callable

import torch
from torch import Generator, Tensor

from benchmarks.step.case import Case
from benchmarks.step.config import Clock
from benchmarks.step.plain import PlainStep
from gedi_nesy.data.queries import QuerySet
from gedi_nesy.models.gedi import GEDI
from gedi_nesy.objectives.table import METHODS
from gedi_nesy.training.learner import Learner
from gedi_nesy.training.seeds import streams

Timed = dict[str, Callable[[], object]]


def images_only(images: Tensor) -> QuerySet:
    """All images, and no query: standalone GEDI."""
    none = torch.empty(0, 1, dtype=torch.long, device=images.device)
    return QuerySet(images, none, torch.arange(len(images), device=images.device))


def timed(case: Case, device: torch.device) -> Timed:
    """Our step, the plain ones, and the two passes that the floor is made of; the first call of each is not timed."""
    images, learner = _images(case, device), _learner(case, device)
    plain = {
        name: PlainStep(case.model(device), images, case.step_config(), _generator(device), name)
        for name in ("grad", "backward")
    }
    objective = METHODS["GEDI"]
    step: Timed = {
        "step": lambda: learner.step(None, objective, learner.config.learning_rate),
        "plain grad": lambda: plain["grad"].step(objective),
        "plain backward": lambda: plain["backward"].step(objective),
    }
    chains, joint = images[: case.batch_size], images[: 3 * case.batch_size]
    return step | {
        "chain pass": lambda: chain_pass(learner.model, chains),
        "joint pass": lambda: joint_pass(learner.model, joint),
    }


def _images(case: Case, device: torch.device) -> Tensor:
    shape = (512, *case.model(device).input_shape)
    return torch.rand(shape, generator=Generator(device).manual_seed(0), device=device)


def _learner(case: Case, device: torch.device) -> Learner:
    data = images_only(_images(case, device))
    return Learner(case.model(device), data, case.step_config(), _generator(device))


def step_milliseconds(case: Case, device: torch.device, repeat: int, clock: Clock) -> float:
    """Median of our step alone, after one that is not timed."""
    learner, objective = _learner(case, device), METHODS["GEDI"]

    def step() -> object:
        return learner.step(None, objective, learner.config.learning_rate)

    step()
    return statistics.median(_milliseconds(step, device, clock) for _ in range(repeat))


def chain_pass(model: GEDI, chains: Tensor) -> Tensor:
    """Forward, and backward to the input alone: what each Langevin step cannot do without."""
    with model.frozen():
        x = chains.detach().requires_grad_(True)
        return torch.autograd.grad(model.energy(x).sum(), x)[0]


def joint_pass(model: GEDI, images: Tensor) -> None:
    """Forward and backward to the weights: what x, x' and samples cannot do without."""
    model.energy(images).sum().backward()
    model.zero_grad(set_to_none=True)


def measure(
    case: Case, device: torch.device, repeat: int, clock: Clock, passes: int = 5
) -> dict[str, list[float]]:
    """Milliseconds of each, `repeat` times in turn, so that a slow moment of the machine strikes all alike.

    A pass is short beside a step, so it is timed `passes` times a turn, after one that is not: the floor is to be low.
    """
    parts = timed(case, device)
    found: dict[str, list[float]] = {name: [] for name in parts}
    for part in parts.values():
        part()
    for _ in range(repeat):
        for name, part in parts.items():
            short = name.endswith("pass")
            if short:
                part()
            for _ in range(passes if short else 1):
                found[name].append(_milliseconds(part, device, clock))
    return found


def summary(times: dict[str, list[float]], sgld_steps: int) -> dict[str, float]:
    """Medians, the floor (K passes of the chains, one of x, x' and samples), and the ratios that matter."""
    median = {name: statistics.median(values) for name, values in times.items()}
    floor = sgld_steps * median["chain pass"] + median["joint pass"]
    return {
        "step_ms": median["step"],
        "floor_ms": floor,
        "step_over_floor": median["step"] / floor,
        "plain_grad_ms": median["plain grad"],
        "times_faster_than_plain_grad": median["plain grad"] / median["step"],
        "plain_backward_ms": median["plain backward"],
        "times_faster_than_plain_backward": median["plain backward"] / median["step"],
        "chain_pass_ms": median["chain pass"],
        "joint_pass_ms": median["joint pass"],
    }


def _generator(device: torch.device) -> Generator:
    return Generator(device).manual_seed(streams(0)[1])


def _milliseconds(part: Callable[[], object], device: torch.device, clock: Clock) -> float:
    now = time.perf_counter if clock == "wall" else time.process_time
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    begun = now()
    part()
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    return 1e3 * (now() - begun)
