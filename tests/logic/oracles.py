"""Independent oracles for the logic tests: networks that are plain tables, and sums over all worlds."""

import itertools
from collections.abc import Callable, Sequence

import torch
from jaxtyping import Float
from torch import Tensor, nn

from gedi_nesy.logic.grounding.graph import And, Constant, Graph, Literal, Not, Or


class Table(nn.Module):
    """A network in float64 that reads images of 4 x 4 linearly, sharp enough to have opinions."""

    def __init__(self, outputs: int = 10, seed: int = 0):
        super().__init__()
        generator = torch.Generator().manual_seed(seed)
        self.num_clusters = outputs
        self.weight = nn.Parameter(torch.randn(16, outputs, generator=generator, dtype=torch.float64))
        self.calls = 0

    def log_probs(self, x: Tensor) -> Tensor:
        self.calls += 1
        return torch.log_softmax(x.flatten(1) @ self.weight, dim=1)


def images(batch: int, seed: int, dtype: torch.dtype = torch.float64) -> Float[Tensor, "batch 1 4 4"]:
    """Random images."""
    return torch.randn(batch, 1, 4, 4, generator=torch.Generator().manual_seed(seed), dtype=dtype)


def sum_over_worlds(
    choices: Sequence[Float[Tensor, "batch value"]], holds: Callable[..., bool]
) -> Float[Tensor, " batch"]:
    """P(holds) for independent choices with the given probabilities, by enumeration of every world."""
    total = torch.zeros(len(choices[0]), dtype=choices[0].dtype)
    for world in itertools.product(*(range(choice.shape[1]) for choice in choices)):
        if holds(*world):
            weight = torch.ones_like(total)
            for choice, value in zip(choices, world, strict=True):
                weight = weight * choice[:, value]
            total = total + weight
    return total


def constant_choice(*probabilities: float, batch: int) -> Float[Tensor, "batch value"]:
    """A choice whose probabilities do not depend on any image."""
    return torch.tensor(probabilities, dtype=torch.float64).expand(batch, -1)


def truths(graph: Graph, world: tuple[int, ...]) -> list[bool]:
    """The truth of every node, where each variable has the value that the world says."""
    held: list[bool] = []
    for node in graph.nodes:
        match node:
            case Constant(value):
                held.append(value)
            case Literal(variable, mask):
                held.append(bool(mask >> world[variable] & 1))
            case And(children):
                held.append(all(held[child] for child in children))
            case Or(children):
                held.append(any(held[child] for child in children))
            case Not(child):
                held.append(not held[child])
    return held
