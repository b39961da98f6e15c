"""What a person sees of a run while it lasts: terms, held-out queries, time left."""

import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

import torch

from gedi_nesy.data.queries import TaskData
from gedi_nesy.pretraining.config import PretrainConfig
from gedi_nesy.pretraining.first import Calls, First, features_first
from gedi_nesy.progress import OnProgress
from gedi_nesy.progress import progress as shown_progress
from gedi_nesy.tasks.readings import log_probs_of
from gedi_nesy.training import batches
from gedi_nesy.training.batches import QueryLogProb
from gedi_nesy.training.config import TrainConfig
from gedi_nesy.training.durability.stopping import Stop, stopping
from gedi_nesy.training.learner import Learner
from gedi_nesy.training.records import Record
from gedi_nesy.training.restarts import Untrained

EVERY = 50
"""Steps between two looks at the held-out queries."""


@contextmanager
def attended(
    config: TrainConfig,
    time_limit: float | None,
    progress: bool,
    stop: Callable[[], bool] | None,
    saved: bool,
) -> Iterator[tuple[Callable[[], bool] | None, OnProgress | None]]:
    """Within, what asks to stop, and what shows progress, as a caller of `learn` or `learn_task` wishes.

    `saved` says whether a run that is stopped can go on.
    """
    if stop is not None or not (progress or time_limit is not None):
        with _bar(config, progress) as report:
            yield stop, report
        return
    with stopping(time_limit) as end, _bar(config, progress) as report:
        yield end, report
    if end.reason is not None:
        further = "the same call goes on" if saved else "with a saver the same call could go on"
        print(f"stopped by {end.reason}, with the best network so far; {further}", file=sys.stderr)


@contextmanager
def _bar(config: TrainConfig, progress: bool) -> Iterator[OnProgress | None]:
    if not progress:
        yield None
        return
    with shown_progress(config.first_steps + config.refine) as report:
        yield report


class Watch:
    """Tells a bar how far a run is, supposing that the present restart is accepted."""

    def __init__(
        self,
        report: OnProgress,
        config: TrainConfig,
        held_out: Callable[[Learner], float] | None = None,
        stop: Callable[[], bool] | None = None,
        before: int = 0,
    ):
        """`before` are steps that come before the run's own, in phases of other names."""
        self.before = before
        self.report, self.config, self.held_out, self.stop = report, config, held_out, stop
        self.steps = self.begun = 0
        self.phase = ""
        self.share: float | None = None

    def step(self, record: Record) -> None:
        """To be called with each record."""
        if record.phase != self.phase:
            self.phase, self.begun = record.phase, self.steps
        self.steps += 1
        self.report(self.steps, self._words(record), max(self._total, self.steps))

    def look(self, learner: Learner) -> None:
        """To be called with the learner after each step."""
        if self.held_out is not None and self.steps % EVERY == 0:
            self.share = self.held_out(learner)

    def resumed(self, history: list[Record]) -> None:
        """The run goes on after these steps."""
        for record in history:
            if record.phase != self.phase:
                self.phase, self.begun = record.phase, self.steps
            self.steps += 1

    @property
    def _total(self) -> int:
        if self.before:
            return self.before + self.config.first_steps + self.config.refine
        if self.phase == "refine":
            return self.begun + self.config.refine
        return self.begun + self.config.first_steps + self.config.refine

    def _words(self, record: Record) -> str:
        parts = [
            f"{name} {value:.2f}"
            for name, value in record.terms.items()
            if value is not None and name != "satisfaction"
        ]
        satisfaction = record.terms.get("satisfaction")
        if satisfaction is not None:
            parts.append(f"P(query) {satisfaction:.0%}")
        if self.share is not None:
            parts.append(f"held out {self.share:.0%}")
        if isinstance(self.stop, Stop) and self.stop.seconds_left < float("inf"):
            parts.append(f"limit in {max(self.stop.seconds_left, 0):.0f} s")
        return "  ".join([record.phase, *parts])


def held_out_satisfaction(held_out: TaskData, log_prob: QueryLogProb) -> Callable[[Learner], float] | None:
    """Mean P(query) over held-out queries, of the averaged networks of a learner; None where there are none."""
    if not held_out.num_queries:
        return None

    @torch.no_grad()
    def measure(learner: Learner) -> float:
        total = 0.0
        for place, template in enumerate(held_out.templates):
            if len(template.indices):
                read = {
                    name: log_probs_of(
                        network.average,
                        network.shown,
                        template.indices[:, template.columns(name)].T.flatten(),
                    ).unflatten(0, (len(template.columns(name)), -1))
                    for name, network in learner.networks.items()
                    if template.columns(name)
                }
                rows = torch.arange(len(template.indices), device=held_out.device)
                blocks = template.arranged(read)
                total += float(
                    batches.log_prob(log_prob, learner.facts, held_out, place, blocks, rows).exp().sum()
                )
        return total / held_out.num_queries

    return measure


OnStep = Callable[[Record], None]
OnResume = Callable[[list[Record]], None]


def told_to(watch: Watch | None, on_step: OnStep, on_resume: OnResume) -> tuple[OnStep, OnResume]:
    """What is told to the caller's functions and, if there is one, to a watch as well."""
    if watch is None:
        return on_step, on_resume

    def step(record: Record) -> None:
        on_step(record)
        watch.step(record)

    def resumed(history: list[Record]) -> None:
        on_resume(history)
        watch.resumed(history)

    return step, resumed


def watched_first(
    data: TaskData,
    untrained: Mapping[str, Untrained],
    config: TrainConfig,
    pretrain: PretrainConfig,
    seed: int,
    calls: Calls,
    report: OnProgress | None,
) -> First:
    """`features_first`, with a bar of its own over what it and the second stage will take."""
    steps = pretrain.steps * len(untrained)
    shown = Watch(report, config, stop=calls.stop, before=steps) if report else None
    on_step, on_resume = told_to(shown, calls.on_step, calls.on_resume)
    told = calls._replace(on_step=on_step, on_resume=on_resume)
    return features_first(data, untrained, config, pretrain, seed, told)
