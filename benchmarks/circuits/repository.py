"""The models of DeepProbLog's repository on its own engine and accelerated: answers, gradients and CPU seconds."""

import contextlib
import io
import random
import statistics
import time
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import torch

from benchmarks.circuits.models import EXAMPLES, FOLDER, Example, build
from gedi_nesy.errors import ConfigError
from gedi_nesy.logic import accelerate
from gedi_nesy.logic.engines.tensors import ProgramWarning
from gedi_nesy.logic.language.deepproblog_api import ExactEngine, Model, Query

Row = dict[str, float | str]


class Variant(NamedTuple):
    """How DeepProbLog is set up."""

    name: str
    best: int | None
    """k of the networks, in evaluation"""
    cache: bool


VARIANTS = (Variant("cache on", None, True), Variant("cache off", None, False), Variant("k = 3", 3, False))


class Answers(NamedTuple):
    """Probabilities by answer, a query after the other; gradients of the mean log-loss by the parameters of networks,
    and those of t(...) together.
    """

    probabilities: list[dict[str, float]]
    gradients: list[torch.Tensor]


class Timed(NamedTuple):
    """What came out, CPU seconds of the first batch, and the median of later ones."""

    answers: Answers
    first: float
    later: float
    warned: tuple[str, ...]


def check_repository(folder: Path) -> None:
    """ConfigError if that is no checkout of DeepProbLog."""
    missing = [example.program for example in EXAMPLES if not (folder / FOLDER / example.program).is_file()]
    if missing:
        raise ConfigError(
            f"--repository {folder}: no {FOLDER / missing[0]}; it is to be a checkout of DeepProbLog"
        )


def compare(example: Example, variant: Variant, folder: Path, repeats: int) -> Row:
    """A row: CPU milliseconds a query of both, and how far they are apart."""
    queries = example.queries(random.Random(0), folder)[: example.batch]
    row: Row = {"model": example.name, "variant": variant.name, "queries": len(queries)}

    def stock(model: Model) -> None:
        model.set_engine(ExactEngine(model), cache=variant.cache)

    try:
        theirs = _run(build(example, folder, variant.best), variant, queries, repeats, stock)
    except Exception as error:  # whatever it makes of its own programs
        return row | {"note": f"stock fails: {type(error).__name__}"}
    ours = _run(build(example, folder, variant.best), variant, queries, repeats, accelerate)
    share = 1e3 / len(queries)
    return row | {
        "stock, first": share * theirs.first,
        "ours, first": share * ours.first,
        "stock": share * theirs.later,
        "ours": share * ours.later,
        "times": theirs.later / ours.later,
        "apart": _apart(ours.answers.probabilities, theirs.answers.probabilities),
        "gradients apart": _gradients_apart(ours.answers.gradients, theirs.answers.gradients),
        "note": "; ".join(ours.warned),
    }


def _run(
    model: Model, variant: Variant, queries: Sequence[Query], repeats: int, use: Callable[[Model], None]
) -> Timed:
    """Batches of the same queries; of slow ones no more than ten seconds, but two."""
    with warnings.catch_warnings(record=True) as caught, contextlib.redirect_stdout(io.StringIO()):
        warnings.simplefilter("always", ProgramWarning)
        use(model)
    if variant.best:
        model.eval()
    taken: dict[int, float] = {}

    def take(k: int, grad: Any) -> None:
        taken[k] = taken.get(k, 0.0) + float(grad)

    model.optimizer.add_parameter_gradient = take
    modules = [network.network_module for network in model.networks.values()]
    seconds: list[float] = []
    while True:
        taken.clear()
        for module in modules:
            module.zero_grad()
        started = time.process_time()
        results = _step(model, queries, backward=not variant.best)
        seconds.append(time.process_time() - started)
        if len(seconds) > 1 and (len(seconds) > repeats or sum(seconds) > 10):
            break
    gradients = [p.grad for module in modules for p in module.parameters() if p.grad is not None]
    answers = Answers(
        [{str(term): float(p) for term, p in found.items()} for found in results],
        [*gradients, *([torch.tensor([taken[index] for index in sorted(taken)])] if taken else [])],
    )
    said = tuple(str(one.message) for one in caught if issubclass(one.category, ProgramWarning))
    return Timed(answers, seconds[0], statistics.median(seconds[1:]), said)


def _step(model: Model, queries: Sequence[Query], backward: bool) -> list[dict[Any, Any]]:
    """As DeepProbLog trains: backward on the loss of every query."""
    with warnings.catch_warnings(), torch.set_grad_enabled(backward):
        warnings.simplefilter("ignore")
        results: list[dict[Any, Any]] = [result.result for result in model.solve(queries)]
        for result in results if backward else ():
            for p in result.values():
                if isinstance(p, torch.Tensor) and p.requires_grad:
                    (-torch.log(p + 1e-12) / len(queries)).backward()
    return [
        {term: p.detach() if isinstance(p, torch.Tensor) else p for term, p in found.items()}
        for found in results
    ]


def _apart(ours: Sequence[dict[str, float]], theirs: Sequence[dict[str, float]]) -> float:
    """The largest difference; what one leaves out, as DeepProbLog does what has no proof, has probability 0."""
    return max(
        (
            abs(mine.get(name, 0.0) - known.get(name, 0.0))
            for mine, known in zip(ours, theirs, strict=True)
            for name in {*mine, *known}
        ),
        default=0.0,
    )


def _gradients_apart(ours: Sequence[torch.Tensor], theirs: Sequence[torch.Tensor]) -> float:
    """The largest difference of any, relative to the largest entry of its tensor."""
    return max(
        (
            float((mine - known).abs().max() / known.abs().max().clamp(min=1e-12))
            for mine, known in zip(ours, theirs, strict=True)
        ),
        default=0.0,
    )


def summary(rows: Sequence[Row]) -> dict[str, float]:
    """How many times faster in the median, over all that stock DeepProbLog runs, and the worst differences."""
    ran = [row for row in rows if "times" in row]
    if not ran:
        return {}
    by_variant = {
        f"times, median, {variant.name}": [
            float(row["times"]) for row in ran if row.get("variant") == variant.name
        ]
        for variant in VARIANTS
    }
    return {
        "rows": len(ran),
        "times, median": statistics.median(float(row["times"]) for row in ran),
        **{name: statistics.median(times) for name, times in by_variant.items() if times},
        "times, least": min(float(row["times"]) for row in ran),
        "apart, most": max(float(row["apart"]) for row in ran),
        "gradients apart, most": max(float(row.get("gradients apart", 0.0)) for row in ran),
    }
