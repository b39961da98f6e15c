"""Timing one task: compiled circuits, and DeepProbLog's own engine as its documentation sets it up."""

import contextlib
import io
import math
import time
import warnings
from collections.abc import Callable, Sequence
from typing import Any

import torch
from problog.logic import Constant, Term, Var, list2term
from torch import Tensor, nn

from benchmarks.circuits.tasks import PROGRAMS, Given, LeNet, Task
from gedi_nesy.logic import Query
from gedi_nesy.logic.language.deepproblog_api import ExactEngine, Model, Network
from gedi_nesy.logic.language.deepproblog_api import Query as DeepProbLogQuery


def circuit_step(
    task: Task, query: Query, batch: int, device: torch.device, network: nn.Module, lenet: bool
) -> Callable[[bool], None]:
    """One evaluation of a batch, with or without backward; all answers where there is an answer variable."""
    generator = torch.Generator().manual_seed(0)
    inputs: dict[str, Tensor] = {}
    for name in task.images:
        shape = (batch, 1, 28, 28) if lenet else (batch, 10)
        x = torch.randn(shape, generator=generator)
        inputs[name] = x.to(device) if lenet else torch.log_softmax(x, 1).to(device).requires_grad_()
    for name in task.known:
        digits = torch.randint(0, 10, (batch,), generator=generator)
        one_hot = torch.eye(10)[digits].to(device)
        inputs[name] = one_hot if lenet else torch.log(one_hot + torch.finfo(one_hot.dtype).tiny)
    evaluate = query.log_distribution if lenet else query.log_distribution_of
    network.to(device)

    def step(backward: bool) -> None:
        with torch.set_grad_enabled(backward):
            value = evaluate(**inputs)
        if backward:
            value.mean().backward()
        if device.type == "cuda":
            torch.cuda.synchronize(device)

    return step


def reference_step(task: Task, free: bool, queries: int, lenet: bool) -> Callable[[bool], None]:
    """The same on the stock engine: its cache on, its own loss, which calls backward for every query."""
    generator = torch.Generator().manual_seed(0)
    count = len(task.images) * queries
    if lenet:
        network, source = LeNet(), torch.randn(count, 1, 28, 28, generator=generator)
    else:
        network, source = (
            Given(),
            torch.softmax(torch.randn(count, 10, generator=generator), 1).requires_grad_(),
        )
    text = (PROGRAMS / f"{task.program}.pl").read_text()
    model = Model(text, [Network(network, "digit_net", batching=True)], load=False)
    with contextlib.redirect_stdout(io.StringIO()):
        model.set_engine(ExactEngine(model), cache=True)
    model.add_tensor_source("train", {(Constant(i),): source[i] for i in range(count)})
    batch = [_reference_query(task, free, row) for row in range(queries)]
    cross_entropy: Any = model.solver.semiring.cross_entropy  # pyright: ignore[reportOptionalMemberAccess]

    def step(backward: bool) -> None:
        with warnings.catch_warnings(), torch.set_grad_enabled(backward):
            warnings.simplefilter("ignore")
            for result in model.solve(batch):
                if backward:
                    cross_entropy(result, 1.0, 1 / queries, q=next(iter(result.result)))

    return step


def _reference_query(task: Task, free: bool, row: int) -> DeepProbLogQuery:
    names = [Term(name.lower()) for name in task.images]
    images = {
        name: Term("tensor", Term("train", Constant(row * len(names) + i))) for i, name in enumerate(names)
    }
    numbers = [names] if len(names) == 2 else [names[:2], names[2:]]
    arguments = names if len(names) == 2 else [list2term(number) for number in numbers]
    answer = Var("N") if free else Constant(9 + row % 3)
    functor = task.query.partition("(")[0]
    return DeepProbLogQuery(Term(functor, *arguments, answer), images)


def milliseconds(step: Callable[[bool], None], backward: bool, repeats: int) -> float:
    """The fastest of several runs, after one that is not counted."""
    step(backward)
    return 1e3 * min(_timed(step, backward) for _ in range(repeats))


def _timed(step: Callable[[bool], None], backward: bool) -> float:
    started = time.perf_counter()
    step(backward)
    return time.perf_counter() - started


def peak_memory(query: Query, batch: int, itemsize: int = 4) -> float:
    """MiB that one evaluation and its backward pass hold at most, from the layers of the circuit."""
    circuit = query.template.circuit
    shares = sum(block.count * block.length for layer in circuit.layers for block in layer.blocks)
    largest = max(layer.products for layer in circuit.layers)
    forward = circuit.rows + shares + largest
    backward = shares + circuit.products + len(circuit.roots)
    return max(forward, backward) * batch * itemsize / 2**20


def worst_error(query: Query, dtype: torch.dtype, scales: Sequence[float] = (1, 5, 10, 25)) -> float:
    """Largest error of log P(A + B = 9) against exact sums, relative to log P but no less than to 1."""
    column = [int(answer) for answer in query.answers].index(9)
    generator = torch.Generator().manual_seed(0)
    worst = 0.0
    for scale in scales:
        log_p = [
            torch.log_softmax(scale * torch.randn(256, 10, generator=generator), 1).to(dtype)
            for _ in range(2)
        ]
        found = query.log_distribution_of(A=log_p[0], B=log_p[1])[:, column].double()
        for row, (a, b) in enumerate(zip(*(part.double().tolist() for part in log_p), strict=True)):
            shift = max(a[i] + b[9 - i] for i in range(10))
            exact = shift + math.log(math.fsum(math.exp(a[i] + b[9 - i] - shift) for i in range(10)))
            if exact > math.log(1e-30):
                worst = max(worst, abs(found[row].item() - exact) / max(1.0, abs(exact)))
    return worst
