"""A trained row: all its seeds and data sets vectorised, restarted where their objective says so."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from benchmarks.runner.benchmark import Place
from benchmarks.runner.fault_tolerance import saver_of
from benchmarks.toy import methods as toy_methods
from benchmarks.toy.config import ToyConfig
from benchmarks.toy.data import Sets
from benchmarks.toy.methods import Trained
from benchmarks.toy.outcome import Outcome
from benchmarks.toy.trained import search
from benchmarks.toy.trained.stack import Cell, Report, learn, outcomes, stack_of, swav_of, swav_outcomes
from benchmarks.toy.trained.swav import SETTINGS


def run_trained(
    method: Trained,
    config: ToyConfig,
    num_clusters: int,
    seeds: Sequence[int],
    sets: Sequence[Sets],
    place: Place,
) -> list[Outcome]:
    """A row for all its seeds and data sets: restarts as `search` says, of which the best is kept.

    One that diverges is void, and the next is made if there is one.
    """
    weights = toy_methods.weights_of(method, config.weights())
    kept: list[Outcome | None] = [None] * len(seeds)
    for attempt in range(search.limit(method, config)):
        open_ = [
            index
            for index, each in enumerate(kept)
            if each is None or search.worth_another(each, method, config)
        ]
        if not open_:
            break
        cells = [Cell(seeds[index], attempt, sets[index], weights) for index in open_]
        found = _attempt(method, config, num_clusters, cells, place)
        for index, new in zip(open_, found, strict=True):
            if new.failure:
                place.say(f"{method}, seed {seeds[index]}, restart {attempt}: void, {new.failure}")
            kept[index] = search.better(kept[index], new)
    return [each for each in kept if each is not None]


def _attempt(
    method: Trained, config: ToyConfig, num_clusters: int, cells: Sequence[Cell], place: Place
) -> list[Outcome]:
    """One restart of all cells, in one stack; saved meanwhile, in a folder of its own."""
    attempt = cells[0].attempt
    settings = toy_methods.config_of(method, config.preset, config.iterations)
    stack = f"{settings} {SETTINGS[attempt]}" if method == "SwAV" else repr(settings)
    identity = {
        "method": method,
        "cells": [(cell.seed, cell.attempt, *cell.weights) for cell in cells],
        "stack": stack,
    }
    saver = saver_of(config, place.checkpoints / f"attempt-{attempt}", identity, place.device)
    with reporting(
        place, f"{method}, restart {attempt}" if attempt else method, settings.iterations
    ) as report:
        if method == "SwAV":
            learner = swav_of(cells, SETTINGS[attempt], settings, num_clusters, place.device)
            learn(learner, report, saver)
            return swav_outcomes(learner, cells, saver.seconds / len(cells))
        learner = stack_of(cells, config.preset, settings, num_clusters, place.device)
        learn(learner, report, saver)
        return outcomes(learner, cells, saver.seconds / len(cells))


@contextmanager
def reporting(place: Place, name: str, total: int) -> Iterator[Report]:
    """A bar on a terminal; in a log a line for every tenth of the steps."""
    bar, said = place.progress.add_task(name, total=total, terms=""), 0

    def report(step: int, terms: str) -> None:
        nonlocal said
        place.progress.update(bar, completed=step, terms=terms)
        if not place.console.is_terminal and 10 * step // total != said:
            said = 10 * step // total
            place.say(f"{name}  step {step:6,d} of {total:,d}  {terms}")

    yield report
    place.progress.remove_task(bar)
