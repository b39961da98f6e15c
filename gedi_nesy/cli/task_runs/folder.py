"""What `train` leaves in its folder, and `predict`, `ask`, `score`, `sample` and `export` read.

    settings.json        how it was trained, what its networks read, and what their outputs mean
    program/             the text of the rule, and of the files that it consults
    models/NETWORK/      a network: model.safetensors, config.json
    facts.safetensors    the t(...) of the rule as they were learned, if it has any
    verdict.json         whether to believe it
    history.jsonl        the terms of every step
    predictions.csv      the symbol of every training image
    ask.json             images that are worth a label
    checkpoints/         while it is not finished: what --resume goes on from

Nothing in it is unpickled, and its program is guarded when it is read, as any other.
"""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from torch import Tensor

from gedi_nesy.cli.run_folder import TASK_SETTINGS, RunFolderError, prepared, read_json
from gedi_nesy.files import UnreadableError, read_tensors, to_bytes, write_whole
from gedi_nesy.logic import Program
from gedi_nesy.models.encoders import FrozenFeatures
from gedi_nesy.models.gedi import GEDI
from gedi_nesy.tasks.programs import Outputs, domains
from gedi_nesy.tasks.task import Queries

FORMAT = "gedi_nesy.task/1"
SETTINGS, VERDICT, PREDICTIONS, ASK = TASK_SETTINGS, "verdict.json", "predictions.csv", "ask.json"
FACTS, MODELS, PROGRAM, CHECKPOINTS = "facts.safetensors", "models", "program", "checkpoints"
FOLDER_NAME = re.compile(r"[A-Za-z0-9][\w.-]{0,63}", re.ASCII)


@dataclass(frozen=True)
class Network:
    """A trained network: what its outputs mean, how its images are prepared, and how unlikely they are at the most."""

    model: GEDI
    symbols: tuple[str, ...]
    inverted: bool
    unlike_above: float
    """energy beyond which an image is unlike those of the training"""

    @property
    def reads_features(self) -> bool:
        """Whether it stands on a frozen encoder of photographs."""
        return isinstance(self.model.backbone, FrozenFeatures)

    def prepared(self, images: Tensor) -> Tensor:
        """Images as the network was trained on them."""
        return prepared(images, self.inverted)


@dataclass(frozen=True)
class TaskFolder:
    """A run of `train`."""

    folder: Path
    settings: Mapping[str, Any]
    networks: Mapping[str, Network]

    def program(self, allow_python: bool = False) -> Program:
        """Its rule over its networks, guarded as it is read, with the t(...) as they were learned."""
        text = self.folder / PROGRAM / self.settings["program"]
        # a rule may declare networks that none of its queries asks
        declared = domains([Queries(text, "", {})])
        networks = {name: Outputs(domain.size) for name, domain in declared.items()}
        networks |= {name: network.model for name, network in self.networks.items()}
        found = Program.from_file(text, networks, allow_python)
        facts = self.folder / FACTS
        if facts.exists():
            try:
                found.learnable.load_state_dict(read_tensors(facts).tensors)
            except (UnreadableError, RuntimeError) as error:
                reason = str(error).splitlines()[0]
                raise RunFolderError(f"{facts}: no facts of {text}: {reason}") from error
        return found


def is_task(folder: Path) -> bool:
    """Whether a folder holds a run of `train`, rather than one of `cluster`."""
    return (folder / SETTINGS).is_file()


def read(folder: Path) -> TaskFolder:
    """The run in a folder. RunFolderError or ModelError says what is missing or damaged."""
    settings = read_settings(folder)
    networks = {}
    for name, own in settings["networks"].items():
        networks[name] = Network(
            GEDI.load(folder / MODELS / own["folder"]),
            tuple(own["symbols"]),
            own["inverted"],
            own["unlike_above"],
        )
        if networks[name].model.num_clusters != len(own["symbols"]):
            raise RunFolderError(
                f"{folder / SETTINGS}: damaged: network '{name}' has {networks[name].model.num_clusters} outputs,"
                f" and {len(own['symbols'])} symbols"
            )
    return TaskFolder(folder, settings, networks)


def read_settings(folder: Path) -> dict[str, Any]:
    """What settings.json holds, checked as far as other commands rely on it."""
    file = folder / SETTINGS
    found = read_json(file)
    if found is None:
        raise RunFolderError(f"{folder}: no run of `gedi-nesy train` here ({SETTINGS} is missing)")
    if found.get("format") != FORMAT:
        raise RunFolderError(f"{file}: not a run of this version (format is not {FORMAT!r})")
    networks, program = found.get("networks"), found.get("program")
    if not isinstance(networks, dict) or not networks or not all(map(_is_network, networks.values())):
        raise RunFolderError(f"{file}: damaged: its networks are not what `train` writes")
    if not isinstance(program, str) or program != os.path.basename(program):
        raise RunFolderError(f"{file}: damaged: its program is no name of a file")
    return found


def _is_network(given: object) -> bool:
    return (
        isinstance(given, dict)
        and isinstance(given.get("folder"), str)
        and FOLDER_NAME.fullmatch(given["folder"]) is not None
        and isinstance(given.get("symbols"), list)
        and all(isinstance(symbol, str) for symbol in given["symbols"])
        and isinstance(given.get("inverted"), bool)
        and isinstance(given.get("unlike_above"), int | float)
    )


def folder_names(networks: Mapping[str, object]) -> dict[str, str]:
    """A folder for each network: its own name, where that can be one."""
    return {
        name: name if FOLDER_NAME.fullmatch(name) else f"network-{number}"
        for number, name in enumerate(networks, start=1)
    }


def write_program(folder: Path, program: Program) -> str:
    """Copy the text of a rule, and of what it consults in its own folder; returns its name there."""
    source = program.source
    name = os.path.basename(source.name)
    write_whole(folder / PROGRAM / name, source.text.encode())
    root = os.path.realpath(source.root)
    for path, consulted in program.parts.guard.files.items():
        if os.path.commonpath([path, root]) == root:
            write_whole(folder / PROGRAM / os.path.relpath(path, root), consulted.text.encode())
    return name


def write_facts(folder: Path, state: Mapping[str, Tensor]) -> None:
    """Keep the t(...) of the rule as they were learned."""
    if any(value.numel() for value in state.values()):
        write_whole(folder / FACTS, to_bytes({name: value.contiguous() for name, value in state.items()}, {}))
