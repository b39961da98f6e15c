"""The parameters of a compiled query's variables: t(_, X) has one for each value of X that is met."""

from collections.abc import Sequence
from dataclasses import replace

from gedi_nesy.logic.grounding.graph import LearnableWeight, Variable, Weight
from gedi_nesy.logic.language.learnable import LearnableFacts


def bind(variables: Sequence[Variable], learnable: LearnableFacts) -> tuple[Variable, ...]:
    """The variables with each learnable weight numbered by its row of `learnable()`, made where there is none."""
    return tuple(
        replace(variable, weights=tuple(_bound(weight, learnable) for weight in variable.weights))
        for variable in variables
    )


def _bound(weight: Weight, learnable: LearnableFacts) -> Weight:
    if isinstance(weight, LearnableWeight):
        return LearnableWeight(learnable.row(weight.index, weight.key))
    return weight
