"""What is timed: queries of three programs, and the networks that stand in front of them."""

import time
from dataclasses import dataclass, replace
from pathlib import Path

from torch import Tensor, nn

from gedi_nesy.logic import Program, Query
from gedi_nesy.logic.circuits.template import circuit_evaluate
from gedi_nesy.logic.engines.klay import KlayEvaluator

PROGRAMS = Path(__file__).parents[2] / "programs"


class LeNet(nn.Module):
    """The classifier of DeepProbLog's own MNIST example."""

    def __init__(self):
        super().__init__()
        self.encoder = nn.Sequential(
            nn.Conv2d(1, 6, 5), nn.MaxPool2d(2), nn.ReLU(), nn.Conv2d(6, 16, 5), nn.MaxPool2d(2), nn.ReLU()
        )
        self.classifier = nn.Sequential(
            nn.Linear(16 * 4 * 4, 120),
            nn.ReLU(),
            nn.Linear(120, 84),
            nn.ReLU(),
            nn.Linear(84, 10),
            nn.Softmax(1),
        )

    def forward(self, x: Tensor) -> Tensor:
        """Probabilities of the ten digits."""
        return self.classifier(self.encoder(x).flatten(1))


class Given(nn.Module):
    """Outputs that are handed in as images: logic alone, or a digit that is known."""

    def forward(self, x: Tensor) -> Tensor:
        """The rows as they are."""
        return x


@dataclass(frozen=True)
class Task:
    """A query of a program whose images are digits; `known` images are one-hot rows, `answer` is asked for."""

    name: str
    program: str
    query: str
    images: tuple[str, ...]
    known: tuple[str, ...] = ()
    answer: str | None = None


def sum_task() -> Task:
    """One digit each."""
    return Task("one digit", "sum", "sum(A, B, N)", ("A", "B"), answer="N")


def numbers_task() -> Task:
    """Two digits each, with every sum an answer."""
    return Task(
        "two digits", "numbers", "addition([A1, A0], [B1, B0], N)", ("A1", "A0", "B1", "B0"), answer="N"
    )


def carry_task(digits: int) -> Task:
    """Any number of digits, with the digits of the sum known."""
    a, b, s = ([f"{letter}{i}" for i in range(digits + (letter == "S"))] for letter in "ABS")
    query = f"addition([{', '.join(a)}], [{', '.join(b)}], [{', '.join(s)}])"
    return Task(f"{digits} digits", "digits", query, tuple(a + b), tuple(s))


def compile_task(task: Task, network: nn.Module) -> tuple[Query, float]:
    """The compiled query, without the disk cache, and the seconds it took."""
    networks = {"digit_net": network} | ({"given": Given()} if task.known else {})
    program = Program.from_file(PROGRAMS / f"{task.program}.pl", networks)
    program.store = None
    started = time.perf_counter()
    query = program.compile(task.query, [*task.images, *task.known], task.answer)
    return query, time.perf_counter() - started


def on_klay(query: Query) -> Query:
    """The same circuit on KLay's own layers."""
    return replace(query, evaluate=circuit_evaluate(query.template, query.learnable, KlayEvaluator))
