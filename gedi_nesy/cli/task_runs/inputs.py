"""What `train` is given, as a task: a rule, queries, images and a few labels, and a line for all that was found."""

import argparse
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from gedi_nesy.cli.cluster_inputs import ClusterInputs, read_as_they_are
from gedi_nesy.cli.run_folder import prepared
from gedi_nesy.cluster import white_background
from gedi_nesy.data.dataset import Collection, DataError
from gedi_nesy.errors import ConfigError, did_you_mean
from gedi_nesy.logic import Program
from gedi_nesy.tasks.files.assemble import SHARED, Pools, assemble
from gedi_nesy.tasks.files.labels import labels_of, read_labels
from gedi_nesy.tasks.files.query_files import read_query_file
from gedi_nesy.tasks.files.stated_queries import StatedTemplate, templates_of
from gedi_nesy.tasks.programs import Domain, Outputs, domains, readings_of
from gedi_nesy.tasks.task import FeaturePool, Queries, Task


class TaskInputs(NamedTuple):
    """A task, and how its files became one."""

    task: Task
    program: Program
    """over networks that are never called"""
    templates: list[StatedTemplate]
    pools: Pools
    inverted: Mapping[str, bool]
    """by pool: whether its images had a white background"""
    domains: Mapping[str, Domain]
    """of the networks that read something"""
    notes: list[str]
    """a line for each thing that was found or decided"""
    photographs: Mapping[str, ClusterInputs]
    """by pool, those of whose images the networks are given features"""

    @property
    def shapes(self) -> list[tuple[int, ...]]:
        """Of what networks read, pool by pool."""
        return [tuple(self.pools.collections[name].inputs.shape[1:]) for name in self.task.pools]

    @property
    def num_features(self) -> int | None:
        """Of photographs, the most that an encoder gives; None where networks read images or points."""
        return max((each.values.shape[1] for each in self.photographs.values()), default=None)


def read_inputs(arguments: argparse.Namespace) -> TaskInputs:
    """All files of a command line; one line says which of them cannot be used, and where."""
    rule = str(arguments.rule)
    found = domains([Queries(rule, "", {})])
    if not found:
        raise DataError(f"{rule}: has no network: no nn(network, [X], Y, [...]) in it reads an image")
    outputs = {name: Outputs(domain.size) for name, domain in found.items()}
    program = Program.from_file(rule, outputs, arguments.allow_python)
    stated = read_query_file(arguments.queries, program.source, arguments.query)
    size = tuple(arguments.size) if arguments.size else None
    pools, photographs = read_pools(arguments.images, found, size, arguments.features)
    templates = templates_of(stated, program, is_image_of(pools))
    read = dict.fromkeys(network for each in templates for network, _ in readings_of(each.query))
    used = {name: found[name] for name in read}
    notes = [*_notes_of_pools(pools), *_notes_of_queries(templates, used)]
    labels = {}
    if arguments.labels:
        known, unfilled = read_labels(arguments.labels)
        labels = labels_of(known, used, pools)
        notes.append(
            f"labels: {len(known):,}" + f", and {unfilled:,} lines without a symbol" * (unfilled > 0)
        )
    inverted = {
        name: collection.is_images and white_background(collection.inputs)
        for name, collection in pools.collections.items()
    }
    for name in (name for name, white in inverted.items() if white):
        notes.append(
            f"{pools.sources[name]}: white background: inverted for the network, here and when it predicts"
        )
    ready = Pools(
        {
            name: collection._replace(inputs=prepared(collection.inputs, inverted[name]))
            for name, collection in pools.collections.items()
        },
        pools.sources,
    )
    task = assemble(rule, templates, ready, labels, arguments.allow_python)
    features = {
        name: FeaturePool(photographs[name].values, photographs[name].backbone)
        for name in task.pools
        if name in photographs
    }
    task = replace(task, pools={**task.pools, **features})
    return TaskInputs(task, program, templates, ready, inverted, used, notes, photographs)


def read_pools(
    given: Sequence[str],
    networks: Mapping[str, object],
    size: tuple[int, int] | None = None,
    features: str | None = None,
) -> tuple[Pools, dict[str, ClusterInputs]]:
    """The images of all `[NETWORK=]DIR|FILE`, and by pool those of which features stand in their place.

    `features` is as `cluster_inputs.read_as_they_are` has it.
    """
    photographs: dict[str, ClusterInputs] = {}
    collections: dict[str, Collection] = {}
    sources: dict[str, str] = {}
    for text in given:
        name, equals, rest = text.partition("=")
        network, path = (name, rest) if equals and not Path(text).exists() else (SHARED, text)
        if network is not SHARED and network not in networks:
            raise ConfigError(f"--images {text}: no network '{network}'{did_you_mean(network, networks)}")
        if network in collections:
            raise ConfigError(f"--images {text}: given twice; several folders are sub-folders of one")
        found = read_as_they_are(Path(path), features, size, say=lambda note: None)
        if found.backbone is not None:
            photographs[network] = found
        collections[network] = Collection(found.values, found.names, found.notes, found.left_out)
        sources[network] = path
    return Pools(collections, sources), photographs


def is_image_of(pools: Pools) -> Callable[[str], bool]:
    """Whether a name is that of an image in a folder; numbers of rows are no names."""
    names: set[str] = set()
    for name, collection in pools.collections.items():
        if Path(pools.sources[name]).is_dir():
            names.update(collection.names)
    return names.__contains__


def _notes_of_pools(pools: Pools) -> list[str]:
    notes = []
    for name, collection in pools.collections.items():
        before = "" if name is SHARED else f"{name}: "
        notes += [before + note for note in collection.notes]
    return notes


def _notes_of_queries(templates: Sequence[StatedTemplate], networks: Mapping[str, Domain]) -> list[str]:
    notes = []
    count = sum(len(each.rows) for each in templates)
    shown = [f"{each.query.text} ({len(each.rows):,})" for each in templates[:4]]
    more = f", and {len(templates) - 4:,} more templates" if len(templates) > 4 else ""
    notes.append(f"queries: {count:,}, {', '.join(shown)}{more}")
    for name, domain in networks.items():
        values = ", ".join(map(str, domain.values[:12])) + ", ..." * (len(domain.values) > 12)
        notes.append(f"network {name}: tells {values} apart")
    return notes
