"""A run that is asked to stop ends with what there is, and goes on later as if it had not been."""

from dataclasses import replace

import pytest
import torch

from gedi_nesy.objectives import table
from gedi_nesy.training.config import TrainConfig
from gedi_nesy.training.durability.checkpoint_manager import CheckpointConfig, CheckpointManager
from gedi_nesy.training.loop import train
from tests.training.blobs import SMALL, learner, pairs

CONFIG = TrainConfig(step=SMALL, attempts_without_queries=2, explore=6, refine=5)


@pytest.mark.parametrize("steps", [0, 3, 8, 14])
def test_a_stopped_run_goes_on_to_the_same_end(generator, tmp_path, steps):
    data = pairs(generator)

    def run(at: int | None, folder=None):
        saver = CheckpointManager(CheckpointConfig(folder=folder)) if folder else None
        taken: list[int] = []
        return train(
            lambda attempt: learner(data, attempt, SMALL),
            None,
            CONFIG,
            on_step=lambda record: taken.append(record.step),
            saver=saver,
            stop=lambda: at is not None and len(taken) >= at,
        )

    whole = run(None)
    assert whole.finished
    assert len(whole.attempts) == 2
    assert len(whole.history) == 2 * 6 + 5
    part = run(steps, tmp_path)
    assert not part.finished
    assert len(part.history) == steps
    assert not part.model.training
    rest = run(None, tmp_path)
    assert rest.finished
    assert rest.history == whole.history
    expected = whole.model.state_dict()
    assert all(torch.equal(value, expected[name]) for name, value in rest.model.state_dict().items())


def test_of_restarts_without_logic_the_best_by_the_objective_is_refined(generator):
    data = pairs(generator)
    outcome = train(
        lambda attempt: learner(data, attempt, SMALL), None, replace(CONFIG, attempts_without_queries=3)
    )
    objectives = [each.objective for each in outcome.attempts]
    assert len(objectives) == 3
    assert outcome.chosen == objectives.index(max(objectives))
    for each in outcome.attempts:
        assert each.objective == pytest.approx(table.value(CONFIG.objective, each.terms))
