"""A progress bar that shows the terms of the objective, P(query), and the time left."""

from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from gedi_nesy.training.config import TrainConfig
from gedi_nesy.training.records import Record


class Lines(Console):
    """A console that says when its reader has gone (`| head`), where rich would end the process by itself."""

    def on_broken_pipe(self) -> None:
        raise BrokenPipeError


class Bar:
    """One line for one seed; on a terminal it moves, in a log it prints a line now and then."""

    def __init__(
        self,
        progress: Progress,
        console: Console,
        name: str,
        config: TrainConfig,
        every: int = 100,
        before: int = 0,
    ):
        """`before` are steps that come before those of `config`."""
        self.progress, self.console, self.every = progress, console, every
        self.name, self.config, self.steps = name, config, 0
        self.task = progress.add_task(name, total=before + config.max_steps, terms="")

    def __call__(self, record: Record) -> None:
        if record.phase == "refine" and record.step == 0:
            # restarts that were not needed shorten the run
            self.progress.update(self.task, total=self.steps + self.config.refine)
        self.steps += 1
        terms = describe(record)
        self.progress.update(self.task, advance=1, terms=terms)
        if not self.console.is_terminal and record.step % self.every == 0:
            line = f"{self.name}  {record.phase} {record.step:5d}  {terms}"
            self.console.print(line, highlight=False, soft_wrap=True)

    def resumed(self, history: list[Record]) -> None:
        """The run goes on after these steps."""
        self.steps = len(history)
        self.progress.update(self.task, completed=self.steps)
        refined = sum(record.phase == "refine" for record in history)
        if refined:
            self.progress.update(self.task, total=self.steps - refined + self.config.refine)

    def close(self) -> None:
        self.progress.remove_task(self.task)


def describe(record: Record) -> str:
    """`gen 0.41  inv -0.20  prior -2.31  nesy -0.05  P(query) 97%`; a term that is off is left out."""
    terms = record.terms
    parts = [
        f"{name} {value:.2f}" for name, value in terms.items() if value is not None and name != "satisfaction"
    ]
    satisfaction = terms.get("satisfaction")
    if satisfaction is not None:
        parts.append(f"P(query) {satisfaction:.0%}")
    return "  ".join(parts)


@contextmanager
def bars(console: Console) -> Iterator[Progress]:
    """Where bars live; nothing is drawn unless the output is a terminal."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(bar_width=20),
        MofNCompleteColumn(),
        TextColumn("{task.fields[terms]}"),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console, disable=not console.is_terminal) as progress:
        yield progress
