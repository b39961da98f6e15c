"""The networks of a run, whichever command made it: of `train`, or of `cluster`, whose clusters may have names."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from torch import Tensor

from gedi_nesy.cli import run_folder
from gedi_nesy.cli.cluster_inputs import further_features, read_further
from gedi_nesy.cli.run_folder import RunFolder, prepared
from gedi_nesy.cli.task_runs import folder as task_folder
from gedi_nesy.data.arrays import read_collection
from gedi_nesy.data.dataset import Collection, DataError
from gedi_nesy.errors import ConfigError, did_you_mean
from gedi_nesy.models.encoders import FrozenFeatures
from gedi_nesy.models.gedi import GEDI


class Further(NamedTuple):
    """Inputs as a network was trained on them, what each is called, and what there is to say of them."""

    values: Tensor
    names: list[str]
    notes: list[str]


@dataclass(frozen=True)
class Trained:
    """A network, and what its outputs are called."""

    model: GEDI
    symbols: tuple[str, ...]
    inverted: bool
    """whether images are shown to it as negatives"""
    energy_learned: bool
    """whether L_GEN was on, so that the energy says how likely an input is"""
    has_meaning: bool
    """whether the names of its outputs mean something, rather than being numbers of clusters"""
    clusters: RunFolder | None = None
    """the run of `cluster` that it is from"""

    @property
    def reads_features(self) -> bool:
        """Whether it stands on a frozen encoder of photographs."""
        return isinstance(self.model.backbone, FrozenFeatures)

    def read(self, source: Path) -> Further:
        """Further inputs."""
        if self.clusters is not None:
            notes: list[str] = []
            inputs = read_further(source, self.clusters, notes.append)
            return Further(inputs.values, inputs.names, notes)
        collection = read_inputs_for(self.model, source)
        return Further(prepared(collection.inputs, self.inverted), collection.names, collection.notes)


def read_trained(folder: Path, name: str | None = None) -> dict[str, Trained]:
    """The networks of a run by name, or the one that is asked for; that of `cluster` has the name `clusters`."""
    found = _of_task(folder) if task_folder.is_task(folder) else {"clusters": _of_clusters(folder)}
    return chosen(found, name)


def chosen(networks: Mapping[str, Any], name: str | None) -> dict[str, Any]:
    """All of these networks, or the one of this name."""
    if name is None:
        return dict(networks)
    if name not in networks:
        raise ConfigError(f"--network {name}: the run has none of this name{did_you_mean(name, networks)}")
    return {name: networks[name]}


def only_one(networks: Mapping[str, Trained]) -> tuple[str, Trained]:
    """The network of a run that has one; ConfigError asks which one is meant where it has several."""
    if len(networks) > 1:
        raise ConfigError(f"the run has several networks, {', '.join(networks)}: --network says which")
    return next(iter(networks.items()))


def read_inputs_for(model: GEDI, source: Path) -> Collection:
    """Images, points or features as a network reads them."""
    shape, backbone = model.input_shape, model.backbone
    if isinstance(backbone, FrozenFeatures):
        notes: list[str] = []
        found = further_features(source, backbone, notes.append)
        return Collection(found.values, found.names, notes, found.left_out)
    if len(shape) == 3:
        channels, height, width = shape
        return read_collection(source, (height, width), channels, (channels, height, width))
    collection = read_collection(source)
    if tuple(collection.inputs.shape[1:]) != shape:
        raise DataError(f"{source}: holds points of {collection.inputs.shape[1]} numbers, not {shape[0]}")
    return collection


def _of_task(folder: Path) -> dict[str, Trained]:
    run = task_folder.read(folder)
    objective = run.settings.get("objective")
    learned = isinstance(objective, dict) and objective.get("gen", 0) > 0
    return {
        name: Trained(network.model, network.symbols, network.inverted, learned, has_meaning=True)
        for name, network in run.networks.items()
    }


def _of_clusters(folder: Path) -> Trained:
    run = run_folder.read(folder)
    clusters = range(run.model.num_clusters)
    # L_GEN is always on for points
    learned = len(run.model.input_shape) == 1 or run.settings.get("weight_gen", 0) > 0
    symbols = tuple(run.names.get(cluster, str(cluster)) for cluster in clusters)
    return Trained(run.model, symbols, run.settings["inverted"], learned, bool(run.names), run)
