"""The points of the toy benchmark: a named set or a file, training and test points for each seed."""

from pathlib import Path
from typing import NamedTuple, cast, get_args

import torch
from torch import Generator

from gedi_nesy.data import points
from gedi_nesy.data.point_files import load_file
from gedi_nesy.data.points import PointInputs, Points, PointsName, Scaling
from gedi_nesy.report.points import grid_around

TEST_SHARE = 0.3
"""Of a file's points, kept for the test."""


class Task(NamedTuple):
    """A data set as the benchmark asks for it."""

    name: str
    """as it was given: a set's name or a file"""
    known: PointsName | None
    """None for a file, of whose manifolds nothing is known"""
    num_clusters: int
    labelled: bool
    file: Points | None


class Sets(NamedTuple):
    """What a seed learns from, and what it is judged on."""

    train: Points
    test: Points
    scaling: Scaling | None = None
    """by which a file's points became these; models take points as the file has them"""

    def grid(self) -> PointInputs:
        """Where regions and energies are asked for, in the plane; nowhere in other dimensions."""
        inputs = self.test.inputs
        if inputs.shape[1] != 2:
            return inputs[:0]
        return torch.from_numpy(grid_around(inputs.numpy()).points)


def task(name: str, num_clusters: int | None) -> Task:
    """Check and read; ValueError for an unknown set, a bad file, or one whose clusters cannot be counted."""
    if name in get_args(PointsName):
        known = cast(PointsName, name)
        return Task(name, known, points.num_classes(known, num_clusters), True, None)
    if not Path(name).suffix:
        raise ValueError(
            f"--dataset {name}: neither one of {', '.join(get_args(PointsName))} nor a .csv or .npy file"
        )
    read = load_file(Path(name))
    labelled = len(read.labels) > 0
    if num_clusters is None and not labelled:
        raise ValueError(f"--dataset {name}: it has no labels to count clusters by; pass --num-clusters")
    clusters = num_clusters if num_clusters is not None else int(read.labels.max()) + 1
    if clusters < 2:
        raise ValueError(f"--num-clusters {clusters} must be at least 2")
    return Task(name, None, clusters, labelled, read)


def sets(task: Task, train_points: int, test_points: int, noise: float, seed: int) -> Sets:
    """Points of this seed: drawn anew from a named set, or its own split of a file (scaled to mean 0, std 1)."""
    generator = Generator().manual_seed(seed)
    if task.known is not None:
        train, test = (
            points.make(task.known, num, noise, generator, task.num_clusters)
            for num in (train_points, test_points)
        )
        return Sets(train, test)
    assert task.file is not None
    inputs, labels = task.file
    order = torch.randperm(len(inputs), generator=generator)
    held_out = max(1, round(TEST_SHARE * len(inputs)))
    scaling = Scaling.fit(inputs[order[held_out:]])
    parts = [order[held_out:], order[:held_out]]
    train, test = (
        Points(scaling.apply(inputs[part]), labels[part] if task.labelled else labels) for part in parts
    )
    return Sets(train, test, scaling)
