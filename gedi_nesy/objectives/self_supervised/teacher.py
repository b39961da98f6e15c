"""A teacher: a copy of what is trained, that is not trained itself and follows by an exponential average."""

import copy
from typing import TypeVar

import torch
from torch import nn

from gedi_nesy.objectives.term import Network

MOMENTUM = 0.996
"""What of the teacher is kept at a step: where BYOL and DINO begin; theirs rises to 1 over the training."""

Part = TypeVar("Part")


def teacher_of(student: Part) -> Part:
    """A copy that no optimizer moves."""
    copied = copy.deepcopy(student)
    assert isinstance(copied, nn.Module)
    copied.requires_grad_(False)
    return copied


@torch.no_grad()
def follow(teacher: nn.Module | Network, student: nn.Module | Network, momentum: float) -> None:
    """theta_teacher = m theta_teacher + (1 - m) theta_student, in place."""
    for mine, its in zip(teacher.parameters(), student.parameters(), strict=True):
        mine.lerp_(its, 1.0 - momentum)
