"""Task files of rsbench: counted by brute force with sympy's labels, as programs, and by rsbench's own encoding."""

import itertools
import math
from pathlib import Path

import pytest
import sympy
import yaml
from pysdd.sdd import SddManager

from gedi_nesy.audit.rsbench.program import program_text, queries_text, write_program
from gedi_nesy.audit.rsbench.task import COLOUR_CODES, SHAPE_CODES, read_task
from gedi_nesy.audit.shortcuts import audit, audit_task
from gedi_nesy.errors import ConfigError
from gedi_nesy.logic.errors import ProgramError
from tests.audit.rsbench import task_files


def task_of(tmp_path: Path, text: str):
    path = tmp_path / "task.yml"
    path.write_text(text)
    return read_task(path)


def rule(text: str, symbols: list[str]):
    """As rsbench evaluates it: the numbers of the concepts put into sympy's expression, in the order of the symbols."""
    expression = sympy.sympify(text, locals={name: sympy.Symbol(name) for name in symbols})
    return lambda values: expression.subs(dict(zip(symbols, values, strict=False)))


def labels(raw: dict, concepts: list) -> object:
    """The label of one query by rsbench's own way, its concepts being numbers or truth values."""
    if "n_digits" in raw:
        symbols, logic = raw["symbols"], raw["logic"]
        if raw.get("xor_rule"):
            symbols = list("abc")[: raw["n_digits"]]
            logic = f"Xor({', '.join(symbols)})"
        return rule(logic, symbols)(concepts)
    if "num_digits" in raw:
        logics = raw["logic"] if isinstance(raw["logic"], list) else [raw["logic"]]
        width = raw["num_digits"]
        return [
            rule(logic, raw["symbols"])(concepts[i * width : (i + 1) * width])
            for i, logic in enumerate(logics)
        ]
    width = 2 * raw["n_shapes"]
    pattern = rule(raw["logic"], raw["symbols"])
    figures = [pattern(concepts[start : start + width]) for start in range(0, len(concepts), width)]
    return rule(raw["aggregator_logic"], raw["aggregator_symbols"])(figures)


def shown(raw: dict) -> list[list[str]]:
    if "n_figures" in raw:
        found = []
        for combination in raw["combinations_in_distribution"]:
            objects = [each.split(", ") for figure in combination for each in figure]
            found.append([word for colour, shape in objects for word in (shape, colour)])
        return found
    if "combinations_in_distribution" in raw:
        return [list(each) for each in raw["combinations_in_distribution"]]
    return [list(each) for each in itertools.product("01", repeat=raw["n_digits"])]


def code(name: str, truth: bool):
    number = {**SHAPE_CODES, **COLOUR_CODES}.get(name)
    return bool(int(name)) if truth else int(name) if number is None else number


@pytest.mark.parametrize("name", task_files.ALL)
def test_counts_by_brute_force(tmp_path, name):
    raw = yaml.safe_load(task_files.ALL[name])
    truth = "n_digits" in raw
    domains = (
        [raw["shapes"], raw["colors"]]
        if "n_figures" in raw
        else [["0", "1"] if truth else list(map(str, raw["digit_values"]))]
    )
    queries = shown(raw)
    true = [labels(raw, [code(each, truth) for each in query]) for query in queries]
    found = audit_task(task_of(tmp_path, task_files.ALL[name]))
    # only concepts that are shown have a reading
    seen = [[v for v in domain if any(v in query for query in queries)] for domain in domains]
    maps = []
    for choice in itertools.product(
        *(itertools.product(domain, repeat=len(s)) for domain, s in zip(domains, seen, strict=True))
    ):
        reading = {
            k: v for s, outputs in zip(seen, choice, strict=True) for k, v in zip(s, outputs, strict=True)
        }
        read = [[code(reading[each], truth) for each in query] for query in queries]
        if all(labels(raw, concepts) == label for concepts, label in zip(read, true, strict=True)):
            maps.append(reading)
    assert found.maps == len(maps)
    assert found.identity
    one_to_one = [m for m in maps if all(len({m[k] for k in s}) == len(s) for s in seen)]
    assert found.one_to_one == len(one_to_one)
    listed = [
        {k: v for outputs in each.outputs.values() for k, v in outputs.items()} for each in found.listed
    ]
    assert sorted(map(str, map(sorted, (m.items() for m in listed)))) == sorted(
        map(str, map(sorted, (m.items() for m in maps)))
    )


@pytest.mark.parametrize("name", task_files.ALL)
def test_the_program_that_is_written_says_the_same(tmp_path, name):
    task = task_of(tmp_path, task_files.ALL[name])
    program, queries = write_program(task, tmp_path / "out")
    assert program.read_text() == program_text(task)
    assert queries.read_text() == queries_text(task)
    found, own = audit(program), audit_task(task)
    names = {"colour_net": "colour_net"}
    assert found.maps_bounds == own.maps_bounds
    assert found.one_to_one == own.one_to_one
    assert [q.replace(" ", "") for q in own.queries] == [q.replace(" ", "") for q in found.queries]
    by_text = {
        str(sorted((names.get(k, k), sorted(v.items())) for k, v in m.outputs.items())) for m in own.listed
    }
    assert by_text == {
        str(sorted((names.get(k, k), sorted(v.items())) for k, v in m.outputs.items())) for m in found.listed
    }
    with pytest.raises(ConfigError, match="is there already; name another folder"):
        write_program(task, tmp_path / "out")


def counted_by_rsscount(number: int, label, examples) -> int:
    """Models of rsbench's formula (gen-rss-count.py) for so many bits, by a decision diagram instead of a #SAT solver.

    A[i, j]: bit i of the concepts is on where bit j of the truth is; a variable has a bit for each of its two values.
    O[k, l]: the block of A for variables k and l is not zero.
    """
    bits = 2 * number
    manager = SddManager(var_count=bits * bits)
    on = [[manager.literal(1 + i * bits + j) for j in range(bits)] for i in range(bits)]

    def one_hot(terms):
        pairs = itertools.combinations(terms, 2)
        none_twice = conjunction(~(a & b) for a, b in pairs)
        return disjunction(terms) & none_twice

    def disjunction(terms):
        found = manager.false()
        for term in terms:
            found = found | term
        return found

    def conjunction(terms):
        found = manager.true()
        for term in terms:
            found = found & term
        return found

    blocks = [
        [disjunction(on[2 * k + a][2 * j + b] for a in (0, 1) for b in (0, 1)) for j in range(number)]
        for k in range(number)
    ]
    formula = conjunction(one_hot([on[i][j] for i in range(bits)]) for j in range(bits))
    formula = formula & conjunction(one_hot([blocks[k][j] for k in range(number)]) for j in range(number))
    for example in examples:
        true = [2 * place + value for place, value in enumerate(example)]
        concepts = [disjunction(on[i][j] for j in true) for i in range(bits)]
        formula = formula & conjunction(one_hot(concepts[2 * k : 2 * k + 2]) for k in range(number))
        worlds = [w for w in itertools.product((0, 1), repeat=number) if label(w) == label(example)]
        formula = formula & disjunction(
            conjunction(concepts[2 * k + value] for k, value in enumerate(world)) for world in worlds
        )
    return formula.global_model_count()


FORMULAS = {
    "Xor": (lambda world: sum(world) % 2, "Xor({})"),
    "And": (min, "And({})"),
    "Or": (max, "Or({})"),
}


@pytest.mark.parametrize(
    ("number", "formula", "ones", "published"),
    # published: what `gen-rss-count.py xor -n NUMBER -E` and `cnf -f and3.cnf -E` print
    [
        (2, "Xor", (0, 1, 2), 4),
        (3, "Xor", (0, 1, 2, 3), 24),
        (3, "And", (0, 1, 2, 3), 6),
        (3, "Or", (0, 1, 2), None),
        (3, "Xor", (1, 2), None),
        (3, "And", (1, 3), None),
    ],
)
def test_a_network_per_place_is_what_rsscount_counts(tmp_path, number, formula, ones, published):
    """Its formula also lets places be exchanged. These rules do not mind, nor does what is shown: all patterns with so
    many ones; that is a factor of NUMBER!.
    """
    label, logic = FORMULAS[formula]
    symbols = ", ".join(f"s{place}" for place in range(number))
    examples = [world for world in itertools.product((0, 1), repeat=number) if sum(world) in ones]
    text = f"n_digits: {number}\nsymbols: [{symbols}]\nlogic: {logic.format(symbols)}\n"
    text += "combinations_in_distribution:\n" + "".join(f"- '{''.join(map(str, w))}'\n" for w in examples)
    found = audit_task(task_of(tmp_path, text).with_a_network_per_place())
    counted = counted_by_rsscount(number, label, examples)
    assert found.maps * math.factorial(number) == counted
    assert published in (None, counted)


def test_what_is_not_known_is_said(tmp_path):
    (note,) = task_of(tmp_path, task_files.PARITY.format(number=2) + "prop_in_distribution: 0.8\n").notes
    assert "prop_in_distribution 0.8" in note
    assert task_of(tmp_path, task_files.XOR).notes == ()


def test_too_many_worlds(tmp_path):
    digits = "num_digits: 8\ndigit_values: [0, 1, 2, 3, 4, 5, 6, 7]\nsymbols: [a, b, c, d, e, f, g, h]\n"
    text = digits + "logic: a + b + c + d + e + f + g + h\ncombinations_in_distribution: ['01234567']\n"
    with pytest.raises(ProgramError, match="shows 8 concepts, whose 16,777,216 readings are too many"):
        audit_task(task_of(tmp_path, text))
    with pytest.raises(ProgramError, match="its logic mentions no symbol"):
        audit_task(task_of(tmp_path, "num_digits: 1\ndigit_values: [0, 1]\nsymbols: [a]\nlogic: '3'\n"))


CHANGES = [
    ("", "expected fields such as n_digits: 3, found nothing"),
    ("- a\n- b\n", "expected fields such as n_digits: 3, found a list"),
    ("n_digits: [1\n", "task.yml:2: is no YAML"),
    ("x: &a [*a]\nn_digits: 1\n", "has no field 'symbols'"),
    ("n_digits: " + "9" * 5000, "is no YAML"),
    ("n_digits: " + "[" * 3000, "is no YAML"),
    (
        "a: !!python/object/apply:os.system ['true']\n",
        "task.yml:1: is no YAML: could not determine a constructor",
    ),
    ("materials: {}\n", "is no task of rsbench's xor, mnist or kandinsky"),
    (("n_digits: 3", "n_digits: 0"), "n_digits: expected 1 to 100, found 0"),
    (("n_digits: 3", "n_digits: three"), "n_digits: expected a whole number, found text"),
    (("n_digits: 3", "n_digits: true"), "n_digits: expected a whole number, found true or false"),
    (("n_digits: 3", "n_digits: 2"), "symbols: has 3 names, more than the 2"),
    (("symbols: [a, b, c]", "symbols: [a, a, c]"), "symbols: expected distinct names"),
    (("symbols: [a, b, c]", "symbols: [a, 2, c]"), "symbols: 2 is no name"),
    (("symbols", "symbol"), "has no field 'symbols'; did you mean 'symbol'?"),
    (("logic: Or", "logik: Or"), "has no field 'logic'"),
    (("Not(c)", "Not(d)"), "logic: 'd' is no symbol of the task"),
    (("xor_rule: False", "xor_rule: maybe"), "xor_rule: expected true or false, found text"),
    (('"001"', "001"), "found 1; put quotes around its digits"),
    (('"001"', '"0012"'), "'0012' is no row of 3 digits out of 0, 1"),
    (('"001"', '"002"'), "'002' is no row of 3 digits out of 0, 1"),
]


@pytest.mark.parametrize(("change", "message"), CHANGES)
def test_bad_files_of_xor(tmp_path, change, message):
    text = change if isinstance(change, str) else task_files.XOR.replace(*change)
    with pytest.raises(ConfigError, match=r"task\.yml") as caught:
        task_of(tmp_path, text)
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            "digit_values: [0, 1, 2]",
            "digit_values: [0, 1, 11]",
            "digit_values: expected whole numbers from 0 to 9",
        ),
        ("digit_values: [0, 1, 2]", "digit_values: [0, 0]", "digit_values: expected distinct numbers"),
        ("- a + b", "- a + ", "logic[1]: 'a +' is no expression"),
        ("- a + b", "- [a]", "logic: expected texts, found a list"),
        ("- a + b", "- a**16 * b**16 * a**16 * b**16", "logic: its numbers may grow beyond 2^53"),
        ('"0120"', '"012"', "'012' is no row of 4 digits out of 0, 1, 2"),
        ('["0120", "2101", "0002"]', "[]", "expected at least one combination"),
    ],
)
def test_bad_files_of_mnist(tmp_path, old, new, message):
    assert old in task_files.MNIST
    with pytest.raises(ConfigError) as caught:
        task_of(tmp_path, task_files.MNIST.replace(old, new))
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("colors: [red, blue]", "colors: [red, green]", "colors: 'green' is unknown"),
        ('"red, circle"', '"circle, red"', "'circle, red' is no object of the task, such as 'red, circle'"),
        ('"red, circle", ', "", "is no list of 2 objects"),
        ("n_figures: 2", "n_figures: 3", "is no list of 3 figures"),
        ("~pattern_2", "~pattern_3", "aggregator_logic: 'pattern_3' is no symbol of the task"),
        ("(Eq(color_1, color_2) & Ne(shape_1, shape_2)) | Eq(shape_1, 5)", "shape_1", "logic gives a number"),
        ("combinations_in_distribution", "combinations", "has no field 'combinations_in_distribution'"),
    ],
)
def test_bad_files_of_kandinsky(tmp_path, old, new, message):
    assert old in task_files.KANDINSKY
    with pytest.raises(ConfigError) as caught:
        task_of(tmp_path, task_files.KANDINSKY.replace(old, new))
    assert message in str(caught.value)


def test_files_that_cannot_be_read(tmp_path):
    with pytest.raises(ConfigError, match="no such task file"):
        read_task(tmp_path / "nowhere.yml")
    (tmp_path / "big.yml").write_text("#" * 1_000_001)
    with pytest.raises(ConfigError, match="has 1,000,001 bytes"):
        read_task(tmp_path / "big.yml")
    (tmp_path / "bytes.yml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ConfigError, match="is no YAML"):
        read_task(tmp_path / "bytes.yml")
    with pytest.raises(ConfigError, match="s a directory"):
        read_task(tmp_path)
