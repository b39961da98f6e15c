"""What a person sees of a run while it lasts: terms, held-out queries, time left."""

from collections.abc import Callable

import torch

from gedi_nesy.data.queries import TaskData
from gedi_nesy.progress import OnProgress
from gedi_nesy.tasks.readings import log_probs_of
from gedi_nesy.training import batches
from gedi_nesy.training.batches import QueryLogProb
from gedi_nesy.training.config import TrainConfig
from gedi_nesy.training.durability.stopping import Stop
from gedi_nesy.training.learner import Learner
from gedi_nesy.training.records import Record

EVERY = 50
"""Steps between two looks at the held-out queries."""


class Watch:
    """Tells a bar how far a run is, supposing that the present restart is accepted."""

    def __init__(
        self,
        report: OnProgress,
        config: TrainConfig,
        held_out: Callable[[Learner], float] | None = None,
        stop: Stop | None = None,
    ):
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
        if self.phase == "refine":
            return self.begun + self.config.refine
        return self.begun + self.config.explore + self.config.reconsider + self.config.refine

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
        if self.stop is not None and self.stop.seconds_left < float("inf"):
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
