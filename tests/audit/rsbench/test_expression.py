"""Expressions of task files: values against sympy, which rsbench evaluates them with; and what is refused."""

import itertools
import random

import numpy as np
import pytest
import sympy

from gedi_nesy.audit.rsbench.expression import parse
from gedi_nesy.errors import ConfigError

NUMBERS, CONDITIONS = ("a", "b", "c"), ("p", "q", "r")


def random_number(draw: random.Random, depth: int) -> str:
    if depth == 0:
        return draw.choice([*NUMBERS, "2", "3"])
    left, right = random_number(draw, depth - 1), random_number(draw, depth - 1)
    form = draw.choice(["{} + {}", "({}) * ({})", "{} - ({})", "-({})", "({})**2", "({}) % 3", "({}) // 2"])
    return form.format(left, right)


def random_condition(draw: random.Random, depth: int, numbers: bool) -> str:
    if depth == 0:
        return draw.choice(CONDITIONS) if not numbers else "Eq({}, {})".format(*draw.choices(NUMBERS, k=2))
    parts = [random_condition(draw, depth - 1, numbers) for _ in range(3)]
    forms = ["And({}, {})", "Or({}, {}, {})", "Xor({}, {})", "Not({})", "({}) & ({})", "({}) | ({})", "~({})"]
    forms += ["Xor({}, {}, {})", "And({}, {}, {})"]
    if numbers:
        left, right = random_number(draw, 1), random_number(draw, 1)
        forms += [f"(({left}) {sign} ({right}))" for sign in ("<", "<=", ">", ">=")] + [
            f"Ne({left}, {right})"
        ]
    return draw.choice(forms).format(*parts)


def by_sympy(text: str, values: dict) -> int:
    """As rsbench does it; on text of our own."""
    found = sympy.sympify(text, locals={name: sympy.Symbol(name) for name in values}).subs(values)
    return int(bool(found)) if found in (True, False, sympy.true, sympy.false) else int(found)


@pytest.mark.parametrize("seed", range(24))
def test_values_are_those_of_sympy(seed):
    draw = random.Random(seed)
    kind, names, domain = draw.choice(
        [("number", NUMBERS, (0, 1, 5)), ("condition", CONDITIONS, (False, True))]
    )
    arithmetic = kind == "number" and draw.random() < 0.5
    text = random_number(draw, 2) if arithmetic else random_condition(draw, 2, kind == "number")
    expression = parse(text, dict.fromkeys(names, kind), "here")
    worlds = list(itertools.product(domain, repeat=len(names)))
    columns = {name: np.array([int(world[i]) for world in worlds]) for i, name in enumerate(names)}
    found = np.broadcast_to(expression.evaluate(columns), len(worlds)).tolist()
    assert found == [by_sympy(text, dict(zip(names, world, strict=True))) for world in worlds], text
    assert expression.symbols() <= set(names)
    assert max(map(abs, found)) <= expression.largest(dict.fromkeys(names, 5))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a +", r"'a \+' is no expression"),
        ("a; b", "is no expression"),
        ("a + d", "'d' is no symbol of the task; known: a, b, p"),
        ("a ^ b", r"\^ is a power to sympy; write Xor\(a, b\) or a\*\*2"),
        ("a / b", "/ is not read"),
        ("a == b", r"== compares how two sides are written; write Eq\(a, b\)"),
        ("a != b", "!= compares"),
        ("a < b < a", "'a < b < a' is not read"),
        ("And(a, b)", "And takes conditions, and 'a' is a number"),
        ("p + a", r"\+ takes numbers, and 'p' is a condition"),
        ("Eq(a, p)", "Eq takes numbers, and 'p' is a condition"),
        ("Not(p, p)", "Not takes 1 argument, found 2"),
        ("Eq(a)", "Eq takes 2 arguments, found 1"),
        ("Add(a, b)", "'Add' is no function"),
        ("a ** b", "'b' is no exponent; expected 1 to 16"),
        ("a % b", "% takes a whole number of at least 1 on its right"),
        ("a // 0", "// takes a whole number of at least 1"),
        ("0.5 * a", "'0.5' is not read"),
        ("True", "'True' is not read"),
        ("a.b", "'a.b' is not read"),
        ("a[0]", "is not read"),
        ("(lambda: a)()", "is not read"),
        ("__import__('os').system('true')", "is not read"),
        ("Eq(a, b=b)", "is not read"),
        ("(((a**16)**16)**16)**16", "has more than 10,000 operators, powers multiplied out"),
        ("~" * 4000 + "p", "is nested too deeply"),
        ("(" * 2000 + "a" + ")" * 2000, "'.*' is n"),
        ("a + " * 2000 + "a", "has 8,001 characters; at most 5,000 are read"),
        ("a\x00", "is no expression"),
    ],
)
def test_what_is_refused(text, message):
    with pytest.raises(ConfigError, match=f"^here: .*{message}"):
        parse(text, {"a": "number", "b": "number", "p": "condition"}, "here")
