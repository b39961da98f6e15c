"""A task file of rsbench's generator: which concepts are read, which rule gives the label, what training shows."""

import itertools
import math
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from gedi_nesy.audit.rsbench.expression import MOST_VALUE, Expression, Kind, parse
from gedi_nesy.audit.rsbench.fields import Fields, load
from gedi_nesy.errors import ConfigError

MOST_QUERIES = 20_000

SHAPE_CODES = {"square": 4, "circle": 5, "triangle": 6}
COLOUR_CODES = {"red": 1, "yellow": 2, "blue": 3}
"""What the logic of a Kandinsky task calculates with, as rsbench has it."""


@dataclass(frozen=True)
class Group:
    """Images that one rule reads: an equation, a figure. `rule` is over `symbols`, those of the first images."""

    networks: tuple[str, ...]
    symbols: tuple[str, ...]
    rule: Expression


@dataclass(frozen=True)
class Task:
    """`outputs` has by network what it can say, with the number that the rules calculate with.

    A query shows, group by group, a concept an image; its label is what the rules give, or what `combine` over
    `combine_symbols` makes of that. `shown` are the queries of the training data; `notes` what is to be known of them.
    """

    file: str
    kind: str
    outputs: dict[str, dict[str, int]]
    groups: tuple[Group, ...]
    combine: Expression | None
    combine_symbols: tuple[str, ...]
    shown: tuple[tuple[str, ...], ...]
    notes: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """What its program is called."""
        return Path(self.file).stem

    @property
    def networks(self) -> tuple[str, ...]:
        """Which network reads each image of a query."""
        return tuple(network for group in self.groups for network in group.networks)

    def with_a_network_per_place(self) -> "Task":
        """The same with a network of its own for each image of a query."""
        count = itertools.count(1)
        groups = tuple(
            replace(group, networks=tuple(f"{network}_{next(count)}" for network in group.networks))
            for group in self.groups
        )
        read = zip(self.networks, (name for group in groups for name in group.networks), strict=True)
        return replace(self, groups=groups, outputs={new: self.outputs[old] for old, new in read})


def read_task(path: str | os.PathLike[str]) -> Task:
    """A task from its YAML; ConfigError, one line, for what is no task of the three kinds."""
    fields = load(path)
    readers = {"n_figures": _kandinsky, "num_digits": _mnist, "n_digits": _xor}
    for name, reader in readers.items():
        if name in fields:
            task = reader(fields)
            _check_numbers(fields.file, task)
            return task
    raise ConfigError(
        f"{fields.file}: is no task of rsbench's xor, mnist or kandinsky: it has no n_digits, num_digits or n_figures"
    )


def _xor(fields: Fields) -> Task:
    number = fields.whole("n_digits", 1)
    if fields.flag("xor_rule"):
        symbols = [f"x{place}" for place in range(1, number + 1)]
        logic = f"Xor({', '.join(symbols)})" if number > 1 else "x1"
    else:
        symbols, logic = fields.names("symbols", number), fields.text("logic")
    group = _group(fields, ["bit_net"] * number, symbols, "condition", "logic", logic)
    return Task(
        fields.file,
        "xor",
        {"bit_net": {"0": 0, "1": 1}},
        (group,),
        None,
        (),
        _digits_shown(fields, ["0", "1"], number),
        _notes(fields),
    )


def _mnist(fields: Fields) -> Task:
    number = fields.whole("num_digits", 1)
    digits = [str(digit) for digit in fields.wholes("digit_values", 0, 9)]
    symbols = fields.names("symbols", number)
    groups = tuple(
        _group(fields, ["digit_net"] * number, symbols, "number", name, logic)
        for name, logic in fields.texts("logic")
    )
    shown = _digits_shown(fields, digits, number * len(groups))
    outputs = {"digit_net": {digit: int(digit) for digit in digits}}
    return Task(fields.file, "mnist", outputs, groups, None, (), shown, _notes(fields))


def _kandinsky(fields: Fields) -> Task:
    figures, objects = fields.whole("n_figures", 2), fields.whole("n_shapes", 1)
    shapes = {name: SHAPE_CODES[name] for name in fields.names("shapes", None, SHAPE_CODES)}
    colours = {name: COLOUR_CODES[name] for name in fields.names("colors", None, COLOUR_CODES)}
    symbols = fields.names("symbols", 2 * objects)
    networks = ["shape_net", "colour_net"] * objects
    group = _group(fields, networks, symbols, "number", "logic", fields.text("logic"))
    combined = fields.names("aggregator_symbols", figures)
    combine = parse(
        fields.text("aggregator_logic"),
        dict.fromkeys(combined, "condition"),
        f"{fields.file}: aggregator_logic",
    )
    for name, expression in (("logic", group.rule), ("aggregator_logic", combine)):
        if expression.kind != "condition":
            raise ConfigError(f"{fields.file}: {name} gives a number; expected a condition")
    shown = []
    for combination in fields.rows("combinations_in_distribution", figures, "figures"):
        concepts: list[str] = []
        for figure in combination:
            if not isinstance(figure, list) or len(figure) != objects:
                raise ConfigError(
                    f"{fields.file}: combinations_in_distribution: {figure!r} is no list of {objects} objects"
                )
            for each in figure:
                concepts += _object(fields, each, colours, shapes)
        shown.append(tuple(concepts))
    outputs = {"shape_net": shapes, "colour_net": colours}
    return Task(
        fields.file,
        "kandinsky",
        outputs,
        (group,) * figures,
        combine,
        tuple(combined),
        tuple(dict.fromkeys(shown)),
    )


def _object(fields: Fields, text: object, colours: dict[str, int], shapes: dict[str, int]) -> list[str]:
    """Shape and colour, in the order in which the logic's symbols stand for them, of `red, square`."""
    words = re.findall(r"\w+", text) if isinstance(text, str) else []
    if len(words) != 2 or words[0] not in colours or words[1] not in shapes:
        raise ConfigError(
            f"{fields.file}: combinations_in_distribution: {text!r} is no object of the task, such as"
            f" '{next(iter(colours))}, {next(iter(shapes))}'"
        )
    return [words[1], words[0]]


def _group(
    fields: Fields, networks: Sequence[str], symbols: Sequence[str], kind: Kind, name: str, logic: str
) -> Group:
    rule = parse(logic, dict.fromkeys(symbols, kind), f"{fields.file}: {name}")
    return Group(tuple(networks), tuple(symbols), rule)


def _digits_shown(fields: Fields, digits: Sequence[str], number: int) -> tuple[tuple[str, ...], ...]:
    """The combinations that are given, or else all."""
    if "combinations_in_distribution" in fields:
        return tuple(dict.fromkeys(fields.digit_rows("combinations_in_distribution", number, digits)))
    if len(digits) ** number > MOST_QUERIES:
        raise ConfigError(
            f"{fields.file}: has {len(digits) ** number:,} combinations of digits, more than {MOST_QUERIES:,};"
            " list those in distribution as combinations_in_distribution"
        )
    return tuple(itertools.product(digits, repeat=number))


def _notes(fields: Fields) -> tuple[str, ...]:
    share = fields.share("prop_in_distribution")
    if "combinations_in_distribution" in fields or share == 1.0:
        return ()
    return (
        f"Which combinations are in distribution (prop_in_distribution {share:g}) is drawn when the data are made;"
        " here all of them count as shown.",
    )


def _check_numbers(file: str, task: Task) -> None:
    """No rule leaves the whole numbers that are exact everywhere."""
    largest = max(value for codes in task.outputs.values() for value in codes.values())
    for group in task.groups:
        bound = group.rule.largest(dict.fromkeys(group.symbols, largest))
        if bound > MOST_VALUE:
            raise ConfigError(f"{file}: logic: its numbers may grow beyond 2^{math.frexp(MOST_VALUE)[1] - 1}")


def is_task_file(path: str | os.PathLike[str]) -> bool:
    """Whether a name is that of a YAML file."""
    return Path(path).suffix.lower() in (".yml", ".yaml")
