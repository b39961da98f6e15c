"""Random programs, and their semantics computed the slow way: every world, every least model.

Predicates p1 ... p6 take two images. The first three call one another in any order (also recursively, also
with the images swapped); the last three may also negate the first three. All may use a neural choice, a
neural fact, probabilistic facts and two partial annotated disjunctions, one of them under a condition.
"""

import itertools
import random
from dataclasses import dataclass, field

import torch
from jaxtyping import Float
from torch import Tensor

VALUES = 3
HEADER = """
nn(digit_net, [X], Y, [0, 1, 2]) :: digit(X, Y).
nn(bright_net, [X]) :: bright(X).
0.3 :: rain.
0.8 :: wind(X, Y).
0.2 :: coin(1); 0.5 :: coin(2).
0.4 :: mood(X, Y, 1); 0.35 :: mood(X, Y, 2) :- p1(X, Y).
"""

Literal = tuple[bool, str, tuple[str, ...]]
"""(positive, name, arguments); arguments are X, Y or constants."""


@dataclass
class RandomProgram:
    """The text for the grounder, and the same rules as data for the enumeration."""

    rules: list[tuple[str, list[Literal]]] = field(default_factory=list)
    evidence: list[Literal] = field(default_factory=list)
    query: str = "p6"

    @property
    def text(self) -> str:
        clauses = [f"{head}(X, Y) :- {', '.join(map(write, body))}." for head, body in self.rules]
        return HEADER + "\n".join(clauses)


def write(literal: Literal) -> str:
    positive, name, arguments = literal
    return ("" if positive else "\\+ ") + name + (f"({', '.join(arguments)})" if arguments else "")


def generate(seed: int) -> RandomProgram:
    rng = random.Random(seed)
    program = RandomProgram(query=rng.choice(["p4", "p5", "p6"]))
    low, high = ["p1", "p2", "p3"], ["p4", "p5", "p6"]
    for head in low + high:
        for _ in range(rng.randint(1, 3)):
            body = [_choice(rng, allow_mood=head in high) for _ in range(rng.randint(1, 2))]
            if rng.random() < 0.7:
                callee = rng.choice(low if head in low else low + high)
                positive = callee in high or head in low or rng.random() < 0.5
                body.append((positive, callee, rng.choice([("X", "Y"), ("Y", "X")])))
            program.rules.append((head, body))
    if rng.random() < 0.5:
        program.evidence.append((rng.random() < 0.5, rng.choice([*low, "p4"]), ("X", "Y")))
    return program


def _choice(rng: random.Random, allow_mood: bool) -> Literal:
    positive = rng.random() < 0.7
    kinds = ["digit", "digit", "bright", "rain", "wind", "coin"] + (["mood"] if allow_mood else [])
    kind = rng.choice(kinds)
    image = rng.choice("XY")
    arguments = {
        "digit": (image, str(rng.randrange(VALUES))),
        "bright": (image,),
        "rain": (),
        "wind": rng.choice([("X", "Y"), ("Y", "X")]),
        "coin": (str(rng.randint(1, 2)),),
        "mood": (*rng.choice([("X", "Y"), ("Y", "X")]), str(rng.randint(1, 2))),
    }[kind]
    return positive, kind, arguments


def probability(
    program: RandomProgram,
    digit: dict[str, Float[Tensor, " value"]],
    bright: dict[str, Float[Tensor, ""]],
    first: str,
    second: str,
) -> tuple[Float[Tensor, ""], Float[Tensor, ""]]:
    """P(query and evidence) and P(evidence) for query(first, second), which may be the same image."""
    images = sorted({first, second})
    pairs = sorted({(first, second), (second, first)})
    choices: list[list[tuple[Tensor, set[tuple]]]] = []
    for image in images:
        choices.append([(digit[image][value], {("digit", image, str(value))}) for value in range(VALUES)])
        choices.append(_fact(bright[image], ("bright", image)))
    choices.append(_fact(0.3, ("rain",)))
    choices.append(_disjunction({("coin", "1"): 0.2, ("coin", "2"): 0.5}))
    for pair in pairs:
        choices.append(_fact(0.8, ("wind", *pair)))
        choices.append(_disjunction({("mood?", *pair, "1"): 0.4, ("mood?", *pair, "2"): 0.35}))
    joint = evidence = torch.zeros((), dtype=torch.float64)
    for world in itertools.product(*choices):
        weight = torch.ones((), dtype=torch.float64)
        for factor, _ in world:
            weight = weight * factor
        model = _model(program, set().union(*(atoms for _, atoms in world)), pairs)
        if all(_holds(literal, model, (first, second)) for literal in program.evidence):
            evidence = evidence + weight
            if (program.query, first, second) in model:
                joint = joint + weight
    return joint, evidence


def _fact(p, atom: tuple) -> list[tuple[Tensor, set[tuple]]]:
    p = torch.as_tensor(p, dtype=torch.float64)
    return [(p, {atom}), (1 - p, set())]


def _disjunction(heads: dict[tuple, float]) -> list[tuple[Tensor, set[tuple]]]:
    branches = [(torch.tensor(p, dtype=torch.float64), {atom}) for atom, p in heads.items()]
    return [*branches, (torch.tensor(1 - sum(heads.values()), dtype=torch.float64), set())]


def _model(program: RandomProgram, world: set[tuple], pairs: list[tuple[str, str]]) -> set[tuple]:
    """Least model, the first three predicates and `mood` before those that negate them."""
    model = set(world)
    for stratum in (("p1", "p2", "p3"), ("p4", "p5", "p6")):
        grew = True
        while grew:
            grew = False
            for head, body in program.rules:
                for pair in pairs:
                    new = head in stratum and (head, *pair) not in model
                    if new and all(_holds(literal, model, pair) for literal in body):
                        model.add((head, *pair))
                        grew = True
        if stratum[0] == "p1":
            model |= {("mood", *a[1:]) for a in model if a[0] == "mood?" and ("p1", *a[1:3]) in model}
    return model


def _holds(literal: Literal, model: set[tuple], pair: tuple[str, str]) -> bool:
    positive, name, arguments = literal
    bound = tuple({"X": pair[0], "Y": pair[1]}.get(argument, argument) for argument in arguments)
    return ((name, *bound) in model) == positive
