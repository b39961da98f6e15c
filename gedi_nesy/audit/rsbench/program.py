"""A task of rsbench as a ProbLog program and a file of its training queries."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from gedi_nesy.audit.rsbench.expression import PREDICATES, Expression, Values
from gedi_nesy.audit.rsbench.task import Group, Task
from gedi_nesy.errors import ConfigError


def label_of(task: Task, codes: Sequence[Values]) -> list[Values]:
    """The label of a query, from the numbers of its concepts; in many worlds at once."""
    values, start = [], 0
    for group in task.groups:
        values.append(group.rule.evaluate(dict(zip(group.symbols, codes[start:], strict=False))))
        start += len(group.networks)
    if task.combine is None:
        return values
    return [task.combine.evaluate(dict(zip(task.combine_symbols, values, strict=False)))]


def query_of(task: Task, shown: Sequence[str]) -> str:
    """`label([0, 1, 1], 0)`: true symbols in the place of images, and what they give; equations and figures apart."""
    codes = [
        np.asarray(task.outputs[network][symbol])
        for network, symbol in zip(task.networks, shown, strict=True)
    ]
    label = [str(int(value)) for value in label_of(task, codes)]
    rest = iter(shown)
    groups = [f"[{', '.join(next(rest) for _ in group.networks)}]" for group in task.groups]
    if len(groups) == 1:
        return f"label({groups[0]}, {label[0]})"
    answer = f"[{', '.join(label)}]" if task.combine is None else label[0]
    return f"label([{', '.join(groups)}], {answer})"


def groups_read(task: Task) -> list[bool]:
    """Whether each group has a say in the label."""
    if task.combine is None:
        return [True] * len(task.groups)
    mentioned = task.combine.symbols()
    said = [symbol in mentioned for symbol in task.combine_symbols]
    return [*said, *[False] * (len(task.groups) - len(said))]


def program_text(task: Task) -> str:
    """The program, whose `label` is what rsbench calls the label."""
    parts = [
        f"% {task.name}, a task of rsbench ({task.kind}).\n%\n%   query    {query_of(task, task.shown[0])}, with an"
        " image in the place of each symbol",
        "\n".join(_neural(task)),
        *(_rule(task, f"rule_{place}", group) for place, group in enumerate(_distinct(task), 1)),
        _label(task),
    ]
    text = "\n\n".join(parts)
    tests = [
        f"{form}A, B, 1) :- A {holds} B.\n{form}A, B, 0) :- A {fails} B."
        for form, (holds, fails) in PREDICATES.items()
        if form in text
    ]
    return "\n\n".join([*parts, *tests]) + "\n"


def queries_text(task: Task) -> str:
    """A query a line."""
    return "".join(f"{query_of(task, shown)}.\n" for shown in task.shown)


def write_program(task: Task, folder: Path) -> tuple[Path, Path]:
    """Both files, NAME.pl and NAME.queries; ConfigError if one is there already, or cannot be written."""
    files = folder / f"{task.name}.pl", folder / f"{task.name}.queries"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for path, text in zip(files, (program_text(task), queries_text(task)), strict=True):
            with path.open("x", encoding="utf-8") as file:
                file.write(text)
    except FileExistsError as error:
        raise ConfigError(f"{error.filename}: is there already; name another folder") from None
    except OSError as error:
        raise ConfigError(f"{folder}: {error.strerror}") from error
    return files


def _distinct(task: Task) -> list[Group]:
    return list(dict.fromkeys(task.groups))


def _predicate(network: str) -> str:
    """`digit` of digit_net, `digit_2` of digit_net_2."""
    return network.replace("_net", "", 1)


def _neural(task: Task) -> Iterator[str]:
    for network, outputs in task.outputs.items():
        yield f"nn({network}, [X], Y, [{', '.join(outputs)}]) :: {_predicate(network)}(X, Y)."
    names = {name: code for outputs in task.outputs.values() for name, code in outputs.items()}
    yield from (f"code({name}, {code})." for name, code in names.items() if name != str(code))


def _rule(task: Task, name: str, group: Group) -> str:
    """A clause from the images that a rule reads to its value."""
    mentioned = group.rule.symbols()
    images, goals, names = ["_"] * len(group.networks), [], {}
    for place, (symbol, network) in enumerate(zip(group.symbols, group.networks, strict=False), 1):
        if symbol not in mentioned:
            continue
        images[place - 1], names[symbol] = f"I{place}", f"X{place}"
        named = any(output != str(code) for output, code in task.outputs[network].items())
        reads = f"{_predicate(network)}(I{place}, N{place}), code(N{place}, X{place})"
        goals.append(reads if named else f"{_predicate(network)}(I{place}, X{place})")
    meaning = ", ".join(f"{names[symbol]} is {symbol}" for symbol in group.symbols if symbol in mentioned)
    return f"% {meaning}\n" + _clause(f"{name}([{', '.join(images)}], V)", goals, group.rule, names)


def _clause(head: str, goals: list[str], rule: Expression, names: dict[str, str]) -> str:
    comparisons: list[str] = []
    value = rule.prolog(names, comparisons)
    return f"{head} :-\n    " + ",\n    ".join([*goals, *comparisons, f"V is {value}"]) + "."


def _label(task: Task) -> str:
    rules = [f"rule_{_distinct(task).index(group) + 1}" for group in task.groups]
    if task.combine is None:
        places = [str(place) for place in range(1, len(rules) + 1)]
        goals = ", ".join(f"{rule}(I{place}, V{place})" for rule, place in zip(rules, places, strict=True))
        images, values = (", ".join(f"{letter}{place}" for place in places) for letter in "IV")
        return (
            f"label({images}, {values}) :- {goals}."
            if len(rules) == 1
            else f"label([{images}], [{values}]) :- {goals}."
        )
    mentioned = task.combine.symbols()
    names = {
        symbol: f"X{place}" for place, symbol in enumerate(task.combine_symbols, 1) if symbol in mentioned
    }
    images = [f"I{place + 1}" if read else "_" for place, read in enumerate(groups_read(task))]
    goals = [
        f"{rule}({image}, {image.replace('I', 'X')})"
        for rule, image in zip(rules, images, strict=True)
        if image != "_"
    ]
    return _clause(f"label([{', '.join(images)}], V)", goals, task.combine, names)
