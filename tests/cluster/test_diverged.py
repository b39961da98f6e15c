"""Restarts on points that diverge: the best of the others is taken, and none is a line."""

import math

import pytest
import torch

from gedi_nesy.cluster import ClusterConfig, cluster_points
from gedi_nesy.training.divergence import DivergedError
from gedi_nesy.training.vectorized.learner import VectorizedLearner

CONFIG = ClusterConfig(num_clusters=2, steps=60, restarts=3)


def broken(monkeypatch, *restarts: int) -> None:
    """Have the weights of these restarts be NaN from the start."""
    begin = VectorizedLearner._begin

    @torch.no_grad()
    def beginning(self) -> None:
        for restart in restarts:
            self.parameters["output.bias"][restart] = math.nan
        begin(self)

    monkeypatch.setattr(VectorizedLearner, "_begin", beginning)


def points() -> torch.Tensor:
    generator = torch.Generator().manual_seed(0)
    return torch.randn(60, 2, generator=generator) + 8.0 * (torch.arange(60) % 2)[:, None]


def test_the_best_of_those_that_did_not_diverge_is_taken(monkeypatch):
    broken(monkeypatch, 0, 2)
    model = cluster_points(points(), CONFIG).model
    assert all(value.isfinite().all() for value in model.state_dict().values())


def test_where_all_diverge_that_is_said_in_one_line(monkeypatch):
    broken(monkeypatch, 0, 1, 2)
    message = (
        r"^training diverged in all of its 3 restarts, by step 50: the loss is not finite; try .* than 0$"
    )
    with pytest.raises(DivergedError, match=message):
        cluster_points(points(), CONFIG)
