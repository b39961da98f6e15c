"""What induction says excludes one another does, and dynamic programs are circuits as they stand."""

import itertools
import random

import pytest

from gedi_nesy.logic import Program
from gedi_nesy.logic.budget import DEFAULT_BUDGET, Watch
from gedi_nesy.logic.circuits import induction, structure
from gedi_nesy.logic.circuits.induction import Induction
from gedi_nesy.logic.circuits.structure import find_circuit_nodes
from gedi_nesy.logic.grounding.graph import ConstantWeight, Graph, Or, Variable
from tests.logic.oracles import Table, truths

WATCH = Watch("test", "graph", DEFAULT_BUDGET)
WEIGHTS = (ConstantWeight(0.3), ConstantWeight(0.3))


def states(length: int, chance: random.Random, wrong: float) -> tuple[Graph, list[int]]:
    """A machine of up to four states that reads variables of three values; with some chance a step leads to two."""
    graph = Graph([Variable(("a", "b"), WEIGHTS) for _ in range(length)])
    current = [1]
    for variable in range(length):
        parts: list[list[int]] = [[] for _ in range(4)]
        for state, value in itertools.product(current, range(3)):
            step = graph.conjunction([state, graph.literal(variable, 1 << value)])
            for target in chance.sample(range(4), 2 if chance.random() < wrong else 1):
                parts[target].append(step)
        current = [node for node in dict.fromkeys(graph.disjunction(part) for part in parts) if node > 1]
    return graph, current


@pytest.mark.parametrize("wrong", [0.0, 0.05, 0.3])
def test_nodes_that_are_said_to_exclude_one_another_do(wrong):
    verdicts = []
    for seed in range(60):
        graph, current = states(4, random.Random(seed), wrong)
        held = [truths(graph, world) for world in itertools.product(range(3), repeat=4)]
        sets = [
            *([current] if current else []),
            *(node.children for node in graph.nodes if isinstance(node, Or)),
        ]
        supports = find_supports(graph)
        for nodes, proved in zip(sets, Induction(graph, supports, WATCH).proved(sets), strict=True):
            exclusive = all(sum(row[node] for node in nodes) <= 1 for row in held)
            assert exclusive or not proved
            verdicts.append((exclusive, proved))
        for node, proved in find_circuit_nodes(graph, current, WATCH).items():
            if proved and isinstance(graph.nodes[node], Or):
                assert all(sum(row[child] for child in graph.children(node)) <= 1 for row in held)
    assert ((False, False) in verdicts) == (wrong > 0)
    found = verdicts.count((True, True)) / sum(exclusive for exclusive, _ in verdicts)
    assert found == 1 if wrong == 0 else found > 0.5


def find_supports(graph: Graph) -> dict[int, int]:
    _, supports = structure._find(graph, range(2, len(graph)), structure.NEAR, WATCH)
    return supports


def test_the_work_of_a_proof_is_bounded(monkeypatch):
    graph, current = states(5, random.Random(0), 0.0)
    monkeypatch.setattr(induction, "WORK", 0)
    assert Induction(graph, find_supports(graph), WATCH).proved([current]) == [False]


COUNTS = {
    "a count of facts": "0.4::f(N) :- between(1, 9, N). t(0, 0)."
    " t(N, S) :- N > 0, M is N - 1, t(M, R), (f(N), S is R + N ; \\+ f(N), S = R). q :- t(9, S), S mod 7 =:= 0.",
    "the best of some dice": "1/3::d(N, 1); 1/3::d(N, 2); 1/3::d(N, 3) :- between(1, 5, N). t(0, 0)."
    " t(N, S) :- N > 0, M is N - 1, t(M, R), d(N, V), S is max(R, V). q :- t(5, 2).",
    "whether two parts have equal sums": "1/3::d(N, 1); 1/3::d(N, 2); 1/3::d(N, 3) :- between(1, 6, N)."
    " t(N, N, V) :- d(N, V). t(A, B, S) :- A < B, M is (A + B) // 2, L is M + 1, t(A, M, X), t(L, B, Y), S is X + Y."
    " q :- t(1, 3, S), t(4, 6, S).",
}


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        (
            "a count of facts",
            sum(
                0.4 ** sum(row) * 0.6 ** (9 - sum(row))
                for row in itertools.product((0, 1), repeat=9)
                if sum(n * f for n, f in enumerate(row, 1)) % 7 == 0
            ),
        ),
        ("the best of some dice", (2**5 - 1) / 3**5),
        (
            "whether two parts have equal sums",
            sum(sum(row[:3]) == sum(row[3:]) for row in itertools.product((1, 2, 3), repeat=6)) / 3**6,
        ),
    ],
)
def test_dynamic_programs_are_circuits_as_they_stand(name, expected):
    program = Program.from_string(COUNTS[name] + " query(q).", {})
    program.store = None
    ((_, found),) = program.solve()
    assert found == pytest.approx(expected, rel=1e-12)
    assert program.own_template().report.route == "direct"


def test_a_formula_of_five_symbols_is_compiled_as_it_stands(programs):
    program = Program.from_file(programs / "formula.pl", {"symbol_net": Table(13)})
    program.store = None
    query = program.compile("formula([A, B, C, D, E], N)", list("ABCDE"), "N")
    assert len(query.answers) == 229
    assert query.template.report.route == "direct"
    assert query.template.circuit.edges < 12_000
