"""The models of DeepProbLog's repository, with queries as its scripts make them, and small networks in place of large.

Images are random vectors, and what reads them is a linear layer, so that logic is compared and not convolutions. Data
that the repository holds, of Forth's sketches, word problems and kinship, are read from there.
"""

import random
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import torch
from problog.logic import Constant, Term, list2term
from torch import Tensor, nn

from gedi_nesy.logic.language.deepproblog_api import Model, Network, Query

IMAGES = 512
FOLDER = Path("src") / "deepproblog" / "examples"


class Linear(nn.Module):
    """From vectors of 16 numbers to probabilities."""

    def __init__(self, outputs: int):
        super().__init__()
        self.layer = nn.Linear(16, outputs)

    def forward(self, x: Tensor) -> Tensor:
        """One row each."""
        return torch.softmax(self.layer(x), dim=-1)


class Places(nn.Module):
    """From a few small integers, terms of the program, to probabilities: Forth's EncodeModule."""

    def __init__(self, outputs: int, inputs: int):
        super().__init__()
        self.layers = nn.Sequential(
            nn.Linear(10 * inputs, 20), nn.Tanh(), nn.Linear(20, outputs), nn.Softmax(-1)
        )
        self.inputs = inputs

    def forward(self, *terms: Any) -> Tensor:
        """One row, of one call."""
        places = [10 * place + int(term) for place, term in enumerate(terms)]
        return self.layers(torch.zeros(10 * self.inputs).index_fill(0, torch.tensor(places), 1.0))


class Words(nn.Module):
    """From a text to a vector of 16 numbers."""

    def forward(self, *terms: Any) -> Tensor:
        """The same for the same text."""
        generator = torch.Generator().manual_seed(sum(map(ord, " ".join(map(str, terms)))))
        return torch.randn(16, generator=generator)


class Example(NamedTuple):
    """A program, the networks it names, and its queries."""

    name: str
    program: str
    """its file, below the examples"""
    networks: Mapping[str, tuple[Callable[[], nn.Module], int]]
    """by name: what makes it, and its number of values, 0 for one that gives a tensor"""
    queries: Callable[[random.Random, Path], Sequence[Query]]
    batch: int
    """as in its script"""


def build(example: Example, root: Path, best: int | None) -> Model:
    """A model with networks of the same weights every time; `best` is their k, no more than they have values."""
    networks = []
    for index, (name, (make, values)) in enumerate(example.networks.items()):
        torch.manual_seed(index)
        module = make()
        batching = isinstance(module, Linear)
        k = min(best, values - 1) if best and values else None
        networks.append(Network(module, name, k=k, batching=batching))
    model = Model(str(root / FOLDER / example.program), networks)
    pixels = torch.randn(IMAGES, 16, generator=torch.Generator().manual_seed(0))
    model.add_tensor_source("train", {(Constant(i),): image for i, image in enumerate(pixels)})
    return model


def image_query(chance: random.Random, goal: str, arguments: Any, *outputs: Any) -> Query:
    """A goal whose strings, in lists too, are images drawn anew."""
    names: dict[Any, Any] = {}
    # The same image twice is where DeepProbLog, its cache on, is known to be wrong.
    images = iter(chance.sample(range(IMAGES), 16))

    def term(argument: Any) -> Any:
        if isinstance(argument, list):
            return list2term([term(each) for each in argument])
        if isinstance(argument, str):
            names[Term(argument)] = Term("tensor", Term("train", Constant(next(images))))
            return Term(argument)
        return argument

    return Query(Term(goal, *map(term, arguments), *outputs), names)


def sums(goal: str, digits: int) -> Callable[[random.Random, Path], list[Query]]:
    """Of two numbers of images, with a sum that is one of many."""

    def queries(chance: random.Random, root: Path) -> list[Query]:
        numbers = [[f"{name}{i}" for i in range(digits)] for name in "ab"]
        arguments = [number[0] for number in numbers] if digits == 1 else numbers
        top = 2 * (10**digits - 1)
        return [image_query(chance, goal, arguments, Constant(chance.randint(0, top))) for _ in range(32)]

    return queries


def three_images(chance: random.Random, root: Path) -> list[Query]:
    """The sum is an image too."""
    return [image_query(chance, "addition", ["a", "b", "c"]) for _ in range(32)]


def any_sum(chance: random.Random, root: Path) -> list[Query]:
    """One of three pairs has the sum."""
    pairs = [["a", "b"], ["c", "d"], ["e", "f"]]
    return [image_query(chance, "anysum", [pairs], Constant(chance.randint(0, 18))) for _ in range(32)]


def formulas(symbols: int) -> Callable[[random.Random, Path], list[Query]]:
    """Of digits and operators, with a value that some of their readings have."""

    def queries(chance: random.Random, root: Path) -> list[Query]:
        images = [f"s{i}" for i in range(symbols)]
        return [
            image_query(chance, "expression", [images], Constant(float(chance.randint(0, 9))))
            for _ in range(32)
        ]

    return queries


def coins(chance: random.Random, root: Path) -> list[Query]:
    """One picture of two coins."""
    return [image_query(chance, "game", ["a"], Term(chance.choice(("win", "loss")))) for _ in range(32)]


def poker(chance: random.Random, root: Path) -> list[Query]:
    """Four cards; one query in five also knows the house's card."""
    cards, found = ["card_0", "card_1", "card_2", "card_3"], []
    for index in range(50):
        outcome = Term(chance.choice(("win", "loss", "draw")))
        house = (
            [Term("card", Term(chance.choice(("jack", "queen", "king", "ace"))))] if index % 5 == 0 else []
        )
        found.append(image_query(chance, "game", [cards, *house], outcome))
    return found


def from_file(file: str) -> Callable[[random.Random, Path], list[Query]]:
    """The first queries of a file of the repository, one a line."""

    def queries(chance: random.Random, root: Path) -> list[Query]:
        lines = (root / FOLDER / file).read_text().splitlines()
        return [Query(Term.from_string(line.strip().rstrip("."))) for line in lines if line.strip()][:50]

    return queries


def kinship(edge: Callable[[str, int], Term]) -> Callable[[random.Random, Path], list[Query]]:
    """Two known relations, and one that may follow from them: CLUTRR's pass over edges that a network has read."""

    def queries(chance: random.Random, root: Path) -> list[Query]:
        known = ("child", "sibling", "parent", "grandparent", "so")
        people = list2term([Constant(person) for person in range(3)])
        found = []
        for _ in range(16):
            edges = list2term([edge(chance.choice(known), person) for person in range(2)])
            answer = Term(chance.choice(("grandchild", "parent", "uncle", "nephew", "sibling", "child")))
            goal = Term("clutrr_edges", people, edges, Constant(0), answer, Constant(2))
            found.append(Query(goal, output_ind=[-2]))
        return found

    return queries


def _named(relation: str, person: int) -> Term:
    return Term(relation, Constant(person), Constant(person + 1))


def _listed(relation: str, person: int) -> Term:
    return Term("rel", Constant(person), Term(relation), Constant(person + 1))


def images(*outputs: int, names: str) -> dict[str, tuple[Callable[[], nn.Module], int]]:
    """Networks that read images."""
    made = zip(names.split(), outputs, strict=True)
    return {name: (lambda values=values: Linear(values), values) for name, values in made}


_DIGITS = images(10, names="mnist_net")
_ADD = {"neural1": (lambda: Places(10, 3), 10), "neural2": (lambda: Places(2, 3), 2)}
_SORT = {"swap_net": (lambda: Places(2, 2), 2)}
_WORDS = {"rnn": (Words, 0)} | images(6, 4, 2, 4, names="nn_permute nn_op1 nn_swap nn_op2")
_KINSHIP = {"encoder": (Words, 0), "rel_extract": (Words, 0), "gender_net": (Words, 0)}
_SYMBOLS = images(10, 4, names="net1 net2")

EXAMPLES = (
    Example("digits", "MNIST/models/addition.pl", _DIGITS, sums("addition", 1), 2),
    Example("digits, minimal", "minimal/addition.pl", _DIGITS, sums("addition", 1), 2),
    Example("two-digit numbers", "MNIST/models/addition.pl", _DIGITS, sums("multi_addition", 2), 2),
    Example("sum as an image", "MNIST/models/all_digit_addition.pl", _DIGITS, three_images, 2),
    Example("any of three sums", "MNIST/models/any_sum.pl", _DIGITS, any_sum, 2),
    Example("noisy digits", "MNIST/models/noisy_addition.pl", _DIGITS, sums("addition_noisy", 1), 2),
    Example("coins", "Coins/model.pl", images(2, 2, names="net1 net2"), coins, 5),
    Example("poker", "Poker/model.pl", images(4, names="net1"), poker, 50),
    Example("formulas of one symbol", "HWF/model.pl", _SYMBOLS, formulas(1), 32),
    Example("formulas of three symbols", "HWF/model.pl", _SYMBOLS, formulas(3), 32),
    Example(
        "Forth, addition", "Forth/Add/choose.pl", _ADD, from_file("Forth/Add/data/train2_test8_train.txt"), 50
    ),
    Example(
        "Forth, addition of 8",
        "Forth/Add/choose.pl",
        _ADD,
        from_file("Forth/Add/data/train2_test8_test.txt"),
        50,
    ),
    Example(
        "Forth, bubble sort",
        "Forth/Sort/compare.pl",
        _SORT,
        from_file("Forth/Sort/data/train3_test8_train.txt"),
        16,
    ),
    Example(
        "Forth, quicksort",
        "Forth/Sort/quicksort.pl",
        _SORT,
        from_file("Forth/Sort/data/train3_test8_train.txt"),
        16,
    ),
    Example("word algebra", "Forth/WAP/wap.pl", _WORDS, from_file("Forth/WAP/data/train.pl"), 10),
    Example("kinship, forward", "CLUTRR/model_forward.pl", _KINSHIP, kinship(_named), 4),
    Example("kinship, backward", "CLUTRR/model.pl", {}, kinship(_listed), 4),
)
"""What its scripts train on, but for images that would have to be downloaded."""
