"""The table: which terms there are, and which methods are made of them. An objective is {term: weight}."""

from collections.abc import Mapping
from importlib import import_module
from pkgutil import walk_packages
from typing import NamedTuple

import torch
from torch import Generator, Tensor, nn

from gedi_nesy import objectives
from gedi_nesy.errors import ConfigError
from gedi_nesy.objectives.term import Need, Network, Pair, Seen, Term
from gedi_nesy.types import Scalar

Objective = Mapping[str, float]
"""How much each term counts; a term that is not named counts 0."""

Terms = dict[str, float | None]
"""The terms L_* of the objective, to be maximised, as plain numbers; a term that is left out is None."""

FIRST = ("inv", "prior", "nesy", "entropy", "gen", "energy_l2")
"""These are added up first, and in this order: the last bits of a sum depend on it."""


def _found() -> dict[str, Term]:
    """Every file of this folder and of those in it that holds a `TERM`, by the term's name."""
    names = [file.name for file in walk_packages(objectives.__path__, f"{objectives.__name__}.")]
    modules = [import_module(name) for name in names if name != __name__]
    terms: dict[str, Term] = {module.TERM.name: module.TERM for module in modules if hasattr(module, "TERM")}
    return {name: terms[name] for name in (*FIRST, *sorted(set(terms) - set(FIRST)))}


TERMS: dict[str, Term] = _found()
"""In the order in which they are added up."""

GEDI: dict[str, float] = {"gen": 0.1, "inv": 1.0, "prior": 2.0, "nesy": 1.0, "energy_l2": 0.1}

METHODS: dict[str, Objective] = {
    "GEDI": GEDI,
    "GEDI no gen": GEDI | {"gen": 0.0},
    "GEDI no inv": GEDI | {"inv": 0.0},
    "GEDI no prior": GEDI | {"prior": 0.0},
    "JEM": {"gen": 1.0, "energy_l2": 0.1},
    **{term.method: {name: 1.0} for name, term in TERMS.items() if term.method is not None},
}
"""The weights that a method begins with; L_NESY counts where there is a program."""

WATCHED = ("inv", "prior")
"""Terms that are in the history at any weight: they read what every step computes, and a person looks at them first."""

ALWAYS_REPORTED = ("gen", "inv", "prior", "nesy", "satisfaction")
"""What every record has, in this order; further terms follow."""


def checked(objective: Objective) -> Objective:
    """The objective itself; ValueError that names a term there is not, or a weight that cannot be."""
    for name, weight in objective.items():
        if name not in TERMS:
            raise ConfigError(f"objective: no term is called {name!r}; there are {', '.join(TERMS)}")
        if not 0 <= weight < float("inf"):
            raise ConfigError(f"weight_{name}={weight} must be finite and not negative")
    return objective


def weight(objective: Objective, name: str) -> float:
    """How much a term counts in the sum."""
    other = TERMS[name].scales_with
    own = objective.get(name, 0.0)
    return own if other is None else objective.get(other, 0.0) * own


def active(objective: Objective) -> list[Term]:
    """The terms that a step computes."""
    return [term for name, term in TERMS.items() if name in WATCHED or weight(objective, name) > 0]


def needs(objective: Objective, need: Need) -> bool:
    """Whether some term that counts needs this."""
    return any(need in term.needs for term in active(objective))


def times(objective: Objective, need: Need, factor: float) -> Objective:
    """The objective with the weights of the terms that need this multiplied; 0 leaves them out."""
    return {
        name: weight * factor if need in TERMS[name].needs and not TERMS[name].scales_with else weight
        for name, weight in objective.items()
    }


def comparable(objective: Objective) -> Objective:
    """The terms by whose values over the training data networks can be compared; L_GEN is known up to a constant."""
    return {name: weight for name, weight in objective.items() if TERMS[name].comparable}


def value(objective: Objective, terms: Terms) -> float:
    """The weighted sum of the terms that can be compared, to be maximised."""
    counted = comparable(objective)
    return sum((counted[name] * (terms.get(name) or 0.0) for name in TERMS if name in counted), 0.0)


def modules(objective: Objective, network: Network, generator: Generator) -> dict[str, nn.Module]:
    """The modules of the terms that count and have one, by term, with weights drawn from the generator."""
    with torch.random.fork_rng(devices=[]):
        made = {}
        for term in active(objective):
            if term.module is not None:
                seed = torch.randint(2**62, (1,), generator=generator, device=generator.device)
                torch.manual_seed(int(seed))
                made[term.name] = term.module(network).to(generator.device)
    return made


def joint(modules: Mapping[str, nn.Module] | nn.ModuleDict, rows: Mapping[str, Pair]) -> dict[str, Pair]:
    """What losses find of the terms' modules: their rows, or what a module makes of all rows of a view."""
    found = dict(rows)
    for name, module in modules.items():
        if (of_all := TERMS[name].joint) is not None:
            found[name] = Pair(*(of_all(module, view) for view in rows[name]))
    return found


class Losses(NamedTuple):
    """What is minimised, and what the history has."""

    total: Scalar
    reported: dict[str, Tensor]


def losses(objective: Objective, seen: Seen) -> Losses:
    """The weighted sum of the losses of all terms that count, and the losses themselves, not differentiable.

    With several networks a term counts once for each, and their losses add up; what needs queries reads all of them.
    """
    total: Tensor | None = None
    reported: dict[str, Tensor] = {}
    for term in active(objective):
        for each in (seen,) if "queries" in term.needs else seen.networks:
            loss = term.loss(each)
            minimised = loss if term.minimised is None else term.minimised(each, loss)
            part = weight(objective, term.name) * minimised
            total = part if total is None else total + part
            found = {term.name: loss.detach()} if term.reported else {}
            if term.report is not None:
                found |= term.report(each)
            for name, value in found.items():
                reported[name] = reported[name] + value if name in reported else value
    assert total is not None, "some terms are always watched"
    return Losses(total, reported)


def numbers(objective: Objective, reported: Mapping[str, Tensor]) -> Terms:
    """Minus each loss; all are fetched at once, since on a GPU every fetch waits for the device."""
    fetched = (-torch.stack(list(reported.values()))).tolist()
    found: Terms = dict(zip(reported, fetched, strict=True))
    return {name: found.get(name) for name in (*ALWAYS_REPORTED, *_others(objective))}


def _others(objective: Objective) -> list[str]:
    return [
        name
        for name, term in TERMS.items()
        if term.reported and name not in ALWAYS_REPORTED and name in objective
    ]
