"""The tables and the picture of the failure modes."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from rich.console import Console
from rich.table import Table
from torch import Generator

from benchmarks.failure_modes.build import GOOD, MODES, Candidate, Scene, candidates, scene_of
from benchmarks.failure_modes.config import FailureModesConfig
from benchmarks.failure_modes.evaluate import TERMS, Contrast, Losses, values
from benchmarks.runner.benchmark import Run
from benchmarks.runner.results import summarise
from gedi_nesy.objectives.energy import energy
from gedi_nesy.report import points, tables
from gedi_nesy.report.points import Grid, Landscape, Regions
from gedi_nesy.types import Logits

PAPER: dict[str, tuple[bool, bool, bool]] = {
    "L_GEN": (True, False, False),
    "L_INV": (False, False, True),
    "L_PRIOR": (False, True, False),
    "Eq. (5), all three": (True, True, True),
}
"""Whether a loss penalises each of the three modes, by the paper's Table 1."""

Verdicts = Mapping[str, Mapping[str, bool]]


def table_of_answers(found: Sequence[Verdicts]) -> Table:
    """The paper's Table 1, from what was measured; a cell that differs between runs says in how many it is yes."""
    table = tables.plain_table("Does it penalise?")
    table.add_column("", no_wrap=True)
    for mode in MODES:
        table.add_column(mode)
    for number, term in enumerate(TERMS):
        if number == len(PAPER):
            table.add_section()
        table.add_row(term, *(_answer([each[term][mode] for each in found]) for mode in MODES))
    return table


def _answer(answers: list[bool]) -> str:
    if all(answers):
        return "Yes"
    return f"in {sum(answers)} of {len(answers)}" if any(answers) else "No"


def differences(found: Sequence[Verdicts]) -> str:
    """A sentence on whether the answers are those of the paper."""
    wrong = [
        f"{term} {'admits' if claimed else 'penalises'} {mode} in a run"
        for term, row in PAPER.items()
        for mode, claimed in zip(MODES, row, strict=False)
        if any(each[term][mode] != claimed for each in found)
    ]
    if wrong:
        return "The paper's Table 1 says otherwise: " + "; ".join(wrong) + "."
    return "The first four rows are the paper's Table 1; its columns are the first three."


def table_of_losses(losses: Losses, title: str) -> Table:
    """What was measured: nats a point, at the good solution and at the best candidate of each mode."""
    table = tables.plain_table(title)
    table.add_column("", no_wrap=True)
    for column in (GOOD, *MODES):
        table.add_column(column, justify="right")
    for number, (term, row) in enumerate(losses.items()):
        if number == len(PAPER):
            table.add_section()
        table.add_row(term, *(f"{round(row[column], 3) + 0.0:.3f}" for column in (GOOD, *MODES)))
    return table


def sentence_on_contrast(summary: Mapping[str, Mapping[str, float]]) -> str:
    """What the contrast of training shows of L_GEN, where its value and its gradient differ."""
    good, constant, slope = (summary[f"contrast, {name}"]["mean"] for name in Contrast._fields)
    return (
        f"Data against samples, as in training: {good + 0.0:.3f} at the good solution, {constant + 0.0:.3f} at a"
        f" constant encoder. Its value sees no collapse, its gradient does: {slope:.0f} nats a unit towards the good"
        " energy."
    )


def body(config: FailureModesConfig, runs: Sequence[Run]) -> dict[str, Any]:
    """`summary` is that of the first data set, `datasets` holds all."""
    summaries = _summaries(runs)
    return {"summary": next(iter(summaries.values())), "datasets": summaries}


def _summaries(runs: Sequence[Run]) -> dict[str, dict[str, dict[str, float]]]:
    names = dict.fromkeys(run["dataset"] for run in runs)
    return {name: summarise([run["metrics"] for run in runs if run["dataset"] == name]) for name in names}


def report(config: FailureModesConfig, runs: Sequence[Run], console: Console, folder: Path) -> None:
    """The tables, and the pictures of the first seed of each data set."""
    answers = [run["penalises"] for run in runs]
    console.print(table_of_answers(answers))
    console.print(differences(answers), highlight=False)
    for name, summary in _summaries(runs).items():
        losses: Losses = {
            term: {column: summary[f"{term}, {column}"]["mean"] for column in (GOOD, *MODES)}
            for term in TERMS
        }
        seeds = f"{len(config.seeds)} seed" + ("s" if len(config.seeds) > 1 else "")
        console.print(table_of_losses(losses, f"{name}: nats a point, {seeds}, means"))
        console.print(sentence_on_contrast(summary), highlight=False)
    pictures(config, runs, folder)


def pictures(config: FailureModesConfig, runs: Sequence[Run], folder: Path) -> None:
    """assignments.png and energies.png: each failure, at its best candidate for Eq. (5), and which terms see it."""
    verdicts = {run["dataset"]: run["penalises"] for run in runs if run["seed"] == config.seeds[0]}
    grids: dict[str, Grid] = {}
    data: dict[str, tuple[np.ndarray, np.ndarray]] = {}
    regions: dict[str, dict[str, Regions]] = {}
    landscapes: dict[str, dict[str, Landscape]] = {}
    for name, verdict in verdicts.items():
        scene, generator = scene_of(config, name, config.seeds[0], torch.device("cpu"))
        x, y = (axis.unique().cpu().numpy() for axis in scene.grid.T)
        grids[name], regions[name], landscapes[name] = Grid(x, y), {}, {}
        data[name] = scene.inputs.cpu().numpy(), _clusters(scene.joint)
        for mode, candidate in _shown(scene, generator).items():
            note = _seen_by(verdict, mode)
            # the scene's grid runs over y first, a picture's over x
            grid = candidate.grid.view(len(x), len(y), -1).transpose(0, 1).flatten(0, 1)
            regions[name][mode] = Regions(_clusters(candidate.plain), _clusters(grid), note)
            energies, of_data = (energy(part).cpu().numpy() for part in (grid, candidate.plain))
            landscapes[name][mode] = Landscape(energies, of_data, np.empty((0, 2)), note)
    points.decision_regions(data, grids, regions, folder / "assignments.png")
    inputs = {name: inputs for name, (inputs, _) in data.items()}
    points.energy_landscapes(inputs, grids, landscapes, folder / "energies.png")


def _shown(scene: Scene, generator: Generator) -> dict[str, Candidate]:
    """Of the good solution and each mode the candidate that is best for the sum of the three terms."""

    def total(candidate: Candidate) -> float:
        return TERMS["Eq. (5), all three"](values(candidate, scene.cell))

    return {mode: max(candidates(mode, scene, generator), key=total) for mode in (GOOD, *MODES)}


def _clusters(logits: Logits) -> np.ndarray:
    return logits.argmax(dim=1).cpu().numpy()


def _seen_by(verdicts: Verdicts, mode: str) -> str:
    if mode == GOOD:
        return ""
    seeing = [term for term in ("L_GEN", "L_INV", "L_PRIOR") if verdicts[term][mode]]
    return f"penalised by {', '.join(seeing) or 'none'}"
