"""Learnable probabilities: the `t(...)` of a program as logits that any torch optimizer trains."""

import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor, nn

LEAST_REST = 1e-3
"""The share of a disjunction that "none of them" starts with where the program leaves it none."""

ZERO = 1e-300
"""A probability below it is 0, which weights count as the smallest normal number."""


@dataclass(frozen=True)
class LearnableFact:
    """The `index`-th t(...) of a program: its head as written, where it stands, its initial probability, if
    given, and the X of a t(_, X).
    """

    head: str
    where: str
    initial: float | None
    keys: str = ""


@dataclass(frozen=True)
class Group:
    """Facts that share a disjunction, the probability its other heads leave, whether "none" has a logit
    too, and whether the facts are t(_, X), with logits for each value of X.
    """

    members: tuple[int, ...]
    mass: float
    open: bool
    keyed: bool


class Disjunction(NamedTuple):
    """Learnable heads that exclude one another: their logits, then one of "none of them" if that is learnt too;
    their rows and initial probabilities, what fixed heads leave of 1, and the X of a t(_, X) as text.
    """

    logits: nn.Parameter
    rows: tuple[int, ...]
    starts: tuple[float | None, ...]
    mass: float
    key: str


class LearnableFacts(nn.Module):
    """One logit a fact; softmax within an annotated disjunction, times what its fixed heads leave of 1.

    "None of them" has a logit of its own (a lone fact is the plain case), except in a disjunction of
    several learnable heads that is `t(_)` throughout, or whose initial values already sum to 1. Without
    initial values all start equal. A single learnable head that takes all that fixed heads leave starts a
    thousandth below it, since a softmax has no gradient at its end.

    `t(_, X)` has a logit for each value of X; `row` makes it when grounding first meets the value. The rows
    of `forward` are the facts with t(_), in the order of the program, then those values as they were met.
    """

    def __init__(self, facts: list[LearnableFact], groups: list[Group]):
        super().__init__()
        self.facts = facts
        self.groups = groups
        self.logits = nn.ParameterDict()
        self.rows: dict[tuple[int, str], int] = {}
        self.handed_out = False
        for number, group in enumerate(groups):
            if not group.keyed:
                self._bind(number, "")

    def row(self, fact: int, key: str) -> int:
        """The row of a fact; with a key, that of t(_, X) for this value, made if there is none."""
        if (fact, key) not in self.rows:
            self._bind(next(i for i, group in enumerate(self.groups) if fact in group.members), key)
            if self.handed_out:
                where = self.facts[fact].where
                warnings.warn(
                    f"{where}: t(_, ...) has a new parameter, for {key}; an optimizer made before does not"
                    " train it: compile the queries first",
                    stacklevel=2,
                )
        return self.rows[fact, key]

    def _bind(self, number: int, key: str) -> None:
        group = self.groups[number]
        self.logits[_parameter_name(number, key)] = nn.Parameter(_initial_logits(self.facts, group))
        for member in group.members:
            self.rows[member, key] = len(self.rows)

    def disjunctions(self) -> list[Disjunction]:
        """The disjunctions that have parameters, and the values of each t(_, X) apart, in a fixed order."""
        found = []
        for name, logits in self.logits.items():
            number, key = _group_and_key(name)
            group = self.groups[number]
            rows = tuple(self.rows[member, key] for member in group.members)
            starts = tuple(self.facts[member].initial for member in group.members)
            found.append(Disjunction(logits, rows, starts, group.mass, key))
        return found

    def forward(self) -> Float[Tensor, "row two"]:
        """log t and log(1 - t) of every row."""
        found: dict[int, Tensor] = {}
        for disjunction in self.disjunctions():
            found |= zip(disjunction.rows, _log_probs(disjunction), strict=True)
        return torch.stack([found[row] for row in range(len(found))]) if found else torch.zeros(0, 2)

    def values(self) -> list[float]:
        """The probability of every row; 0 where its logit is at the floor."""
        values = self().detach().exp()[:, 0].tolist()
        return [value if value > ZERO else 0.0 for value in values]

    def probabilities(self) -> dict[str, float]:
        """The current value of every fact, by its head as written and its place in the text.

        A t(_, X) has one for each value of X that a query met: "hair(X) (FILE:LINE) for ann".
        """
        values = self.values()
        found: dict[str, float] = {}
        for i, fact in enumerate(self.facts):
            for (member, key), row in sorted(self.rows.items()):
                if member == i:
                    found[f"{fact.head} ({fact.where}){' for ' if key else ''}{key}"] = values[row]
        return found

    def _load_from_state_dict(self, state_dict: Mapping[str, Any], prefix: str, *args: Any) -> None:
        """Values of t(_, X) that no query has met yet are made first."""
        for name in state_dict:
            if name.startswith(f"{prefix}logits."):
                number, key = _group_and_key(name.removeprefix(f"{prefix}logits."))
                if number < len(self.groups) and (self.groups[number].members[0], key) not in self.rows:
                    self._bind(number, key)
        super()._load_from_state_dict(state_dict, prefix, *args)


def _log_probs(disjunction: Disjunction) -> list[Float[Tensor, " two"]]:
    """log t and log(1 - t) of the learnable heads of one disjunction."""
    logits, mass = disjunction.logits, disjunction.mass
    log_p = torch.log_softmax(logits, dim=0)
    log_mass = logits.new_tensor([mass, 1 - mass]).log()
    rows = []
    for position in range(len(disjunction.rows)):
        others = torch.cat([log_p[:position], log_p[position + 1 :]])
        # What is not this head: the other outcomes, and what the fixed heads take.
        rest = torch.logsumexp(others, dim=0) + log_mass[0]
        rest = torch.logaddexp(rest, log_mass[1]) if mass < 1 else rest
        rows.append(torch.stack([log_p[position] + log_mass[0], rest]))
    return rows


def _parameter_name(group: int, key: str) -> str:
    """A name without a dot, in which group and value are found again."""
    return f"{group} {key.replace('%', '%25').replace('.', '%2e')}" if key else f"{group}"


def _group_and_key(name: str) -> tuple[int, str]:
    group, _, key = name.partition(" ")
    return int(group), key.replace("%2e", ".").replace("%25", "%")


def key_of(declaration: Any) -> str:
    """What X is bound to in a ground t(0, X), as text; empty for t(0)."""
    return ",".join(map(str, declaration.args[1:]))


def _initial_logits(facts: list[LearnableFact], group: Group) -> Float[Tensor, " logit"]:
    given = [facts[member].initial for member in group.members]
    fixed = sum(value for value in given if value is not None) / group.mass
    unknown = sum(value is None for value in given) + (group.open and None in given)
    share = (1 - fixed) / unknown if unknown else 0.0
    values = [share if value is None else value / group.mass for value in given]
    if group.open:
        rest = 1 - sum(values)
        values.append(rest if rest > 1e-9 else LEAST_REST)
    # A start at 0 has the smallest logit with a finite gradient.
    return torch.log(torch.tensor(values, dtype=torch.float64).clamp(min=torch.finfo(torch.float64).tiny))
