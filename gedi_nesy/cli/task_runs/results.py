"""What `train` writes and says in the end: networks, the rule, settings, symbols of all images, a verdict."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from gedi_nesy.cli.run_folder import HISTORY, energy_bound, write_history, write_json
from gedi_nesy.cli.task_runs import folder as task_folder
from gedi_nesy.cli.task_runs.folder import Network
from gedi_nesy.cli.task_runs.inputs import TaskInputs
from gedi_nesy.cli.task_runs.tables import symbol_columns, symbol_rows, write_rows
from gedi_nesy.cluster import Assignments, assign
from gedi_nesy.tasks.ask import worth_labelling
from gedi_nesy.tasks.learn import TaskOutcome

MOST_ASKED = 100
"""Images worth a label that are kept in the folder of a run."""


def write_results(
    out: Path, inputs: TaskInputs, outcome: TaskOutcome, settings: Mapping[str, Any]
) -> list[Path]:
    """All files of the run but its checkpoints; settings.json last, so that a folder which has it is whole."""
    folders = task_folder.folder_names(outcome.models)
    several = len(outcome.models) > 1
    networks, rows, described = {}, [], {}
    for name, model in outcome.models.items():
        pool = inputs.pools.of(name)
        found = assign(model, inputs.pools.collections[pool].inputs)
        symbols = tuple(map(str, inputs.domains[name].values))
        networks[name] = Network(model, symbols, inputs.inverted[pool], energy_bound(found.energies))
        rows += symbol_rows(
            inputs.pools.collections[pool].names, networks[name], found, name if several else None
        )
        model.save(out / task_folder.MODELS / folders[name])
        described[name] = {
            "folder": folders[name],
            "pool": inputs.pools.sources[pool],
            "input_shape": list(model.input_shape),
            "symbols": list(symbols),
            "in_use": _in_use(symbols, found),
            "inverted": networks[name].inverted,
            "unlike_above": networks[name].unlike_above,
        }
    write_rows(out / task_folder.PREDICTIONS, symbol_columns(several), rows)
    task_folder.write_facts(out, outcome.log_prob.facts[0].state_dict())
    own = {
        "format": task_folder.FORMAT,
        "program": task_folder.write_program(out, inputs.program),
        **settings,
        "templates": [{"query": each.query.text, "queries": len(each.rows)} for each in inputs.templates],
        "networks": described,
    }
    write_json(out / task_folder.VERDICT, outcome.verdict.to_document())
    write_json(out / task_folder.ASK, {"images": asked_for(inputs, outcome)})
    write_history(out / HISTORY, outcome.training.history)
    write_json(out / task_folder.SETTINGS, own)
    names = (task_folder.VERDICT, task_folder.PREDICTIONS, task_folder.MODELS, task_folder.SETTINGS)
    return [out / name for name in names]


def _in_use(symbols: tuple[str, ...], found: Assignments) -> dict[str, int]:
    counts = found.probabilities.argmax(dim=1).bincount(minlength=len(symbols)).tolist()
    return dict(zip(symbols, counts, strict=True))


def asked_for(inputs: TaskInputs, outcome: TaskOutcome) -> list[dict[str, Any]]:
    """The images that are worth a label, the most telling first, and what is read in each."""
    return [
        {
            "image": inputs.pools.collections[inputs.pools.of(each.network)].names[each.index],
            "network": each.network,
            "read_as": str(inputs.domains[each.network].values[each.cluster]),
            "probability": each.probability,
        }
        for each in worth_labelling(inputs.task, outcome, MOST_ASKED)
    ]


def say_outcome(outcome: TaskOutcome, written: list[Path], out: Path) -> None:
    """The verdict, what to do about it, and where everything is."""
    print(outcome.verdict.sentence)
    for each in outcome.verdict.advice:
        print(f"  {each}")
    if outcome.verdict.verdict not in ("grounded", "wrong-rule"):
        print(f"  `gedi-nesy ask {out}` says which images are worth a label.")
    print(f"written: {', '.join(map(str, written))}")
