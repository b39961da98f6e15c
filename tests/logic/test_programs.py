"""Each program in `programs/`, on its own query, against its meaning written in Python."""

import itertools
from fractions import Fraction

import pytest
import torch
from problog import get_evaluatable
from problog.program import PrologFile

from gedi_nesy.logic import Program
from tests.logic.oracles import Table, images, sum_over_worlds

BATCH = 3


def read(network, names):
    x = {name: images(BATCH, seed) for seed, name in enumerate(names)}
    return x, [network.log_probs(value).exp() for value in x.values()]


def test_every_program_is_tested_here_or_in_the_equality_tests(programs):
    tested = {"addition", "sum", "differ", "noisy_sum"}
    tested |= {
        "numbers",
        "digits",
        "half",
        "even_odd",
        "xor",
        "maze",
        "alarm",
        "slips",
        "formula",
        "division",
    }
    assert {path.stem for path in programs.glob("*.pl")} == tested


@pytest.mark.parametrize(("name", "outputs"), [("half", 5), ("even_odd", 10)])
def test_shortcut_tasks_are_sums_with_their_training_pairs(programs, name, outputs):
    network = Table(outputs)
    program = Program.from_file(programs / f"{name}.pl", {"digit_net": network})
    query = program.compile("sum(A, B, N)", ["A", "B"], "N")
    x, p = read(network, "AB")
    truth = [sum_over_worlds(p, lambda a, b, n=n: a + b == n) for n in range(2 * outputs - 1)]
    torch.testing.assert_close(query.distribution(**x), torch.stack(truth, dim=1))
    examples = [tuple(map(int, s.args)) for s in program.source.statements if s.functor == "example"]
    assert examples
    assert all(a + b == n for a, b, n in examples)


def test_half_has_the_three_readings_its_comment_names(programs):
    program = Program.from_file(programs / "half.pl", {"digit_net": Table(5)})
    examples = [tuple(map(int, s.args)) for s in program.source.statements if s.functor == "example"]
    maps = itertools.product(range(5), repeat=5)
    satisfying = [m for m in maps if all(m[a] + m[b] == n for a, b, n in examples)]
    assert satisfying == [(0, 1, 2, 3, 4), (0, 1, 3, 2, 3), (0, 1, 4, 1, 2)]


def test_numbers(programs):
    network = Table()
    program = Program.from_file(programs / "numbers.pl", {"digit_net": network})
    query = program.compile("addition([A1, A0], [B0], N)", ["A1", "A0", "B0"], "N")
    x, p = read(network, ["A1", "A0", "B0"])
    truth = [sum_over_worlds(p, lambda a, b, c, n=n: 10 * a + b + c == n) for n in range(109)]
    torch.testing.assert_close(query.distribution(**x), torch.stack(truth, dim=1))


def test_formula(programs):
    network = Table(13)
    program = Program.from_file(programs / "formula.pl", {"symbol_net": network})
    query = program.compile("formula([A, B, C, D, E], N)", list("ABCDE"), "N")
    x, p = read(network, "ABCDE")
    truth = torch.zeros(BATCH, len(query.answers), dtype=torch.float64)
    for world in itertools.product(*(range(10) if i % 2 == 0 else range(3) for i in range(5))):
        text = "".join("+-*"[s] if i % 2 else str(s) for i, s in enumerate(world))
        rows = [p[i][:, s + 10 * (i % 2)] for i, s in enumerate(world)]
        truth[:, query.answers.index(eval(text))] += torch.stack(rows).prod(0)
    torch.testing.assert_close(query.distribution(**x), truth)


def test_division(programs):
    network = Table(13)
    program = Program.from_file(programs / "division.pl", {"symbol_net": network})
    query = program.compile("formula([A, B, C, D, E], N)", list("ABCDE"), "N")
    x, p = read(network, "ABCDE")
    values = {float(answer): column for column, answer in enumerate(query.answers)}
    assert query.columns_of([4 / 2, round(1 + 1 / 3, 6)]).tolist() == [values[2.0], values[1.333333]]
    truth = torch.zeros(BATCH, len(values), dtype=torch.float64)
    for a, b, c in itertools.product(range(1, 10), repeat=3):
        for i, o in itertools.product(range(4), repeat=2):
            first, second = "+-*/"[i], "+-*/"[o]
            value = eval(f"x {first} y {second} z", {"x": Fraction(a), "y": Fraction(b), "z": Fraction(c)})
            rows = p[0][:, a - 1], p[1][:, 9 + i], p[2][:, b - 1], p[3][:, 9 + o], p[4][:, c - 1]
            truth[:, values[round(float(value), 6)]] += torch.stack(rows).prod(0)
    torch.testing.assert_close(query.distribution(**x), truth)
    assert query.template.report.route == "direct"
    assert query.template.circuit.edges < 16_000


def test_digits_with_every_sum(programs):
    network = Table()

    class Given:
        """A digit that is known, as a row with a single 1."""

        def log_probs(self, x):
            return torch.log(x)

    program = Program.from_file(programs / "digits.pl", {"digit_net": network, "given": Given()})
    query = program.compile(
        "addition([A0, A1], [B0, B1], [S0, S1, S2])", ["A0", "A1", "B0", "B1", "S0", "S1", "S2"]
    )
    x, p = read(network, ["A0", "A1", "B0", "B1"])
    one_hot = torch.eye(10, dtype=torch.float64)
    total = torch.zeros(BATCH, dtype=torch.float64)
    for n in range(0, 199, 7):
        sums = {f"S{i}": one_hot[[n // 10**i % 10]].expand(BATCH, -1) for i in range(3)}
        found = query.log_prob(**x, **sums).exp()
        truth = sum_over_worlds(p, lambda a, b, c, d, n=n: a + 10 * b + c + 10 * d == n)
        torch.testing.assert_close(found, truth)
        total = total + found
    assert (total < 1).all()


@pytest.mark.parametrize("length", [1, 2, 7])
def test_xor(programs, length):
    network = Table(2)
    names = [f"X{i}" for i in range(length)]
    program = Program.from_file(programs / "xor.pl", {"bit_net": network})
    query = program.compile(f"parity([{', '.join(names)}], P)", names, "P")
    x, p = read(network, names)
    odd = sum_over_worlds(p, lambda *bits: sum(bits) % 2 == 1)
    torch.testing.assert_close(query.distribution(**x), torch.stack([1 - odd, odd], dim=1))


def test_maze(programs):
    network = Table(2)
    query = Program.from_file(programs / "maze.pl", {"tile_net": network}).compile(
        "way([A, B, C, D, E, F])", list("ABCDEF")
    )
    x, p = read(network, "ABCDEF")
    ways = ({0, 1, 2, 5}, {0, 1, 4, 5}, {0, 3, 4, 5})
    truth = sum_over_worlds(p, lambda *water: any(not any(water[i] for i in way) for way in ways))
    torch.testing.assert_close(query.log_prob(**x).exp(), truth)


def test_alarm_as_stock_problog_solves_it(programs):
    path = programs / "alarm.pl"
    stock = get_evaluatable().create_from(PrologFile(str(path))).evaluate()
    ours = Program.from_file(path, {}).solve()
    assert {str(term): p for term, p in ours} == pytest.approx(
        {str(term): p for term, p in stock.items()}, rel=1e-12
    )


def test_slips_learns_how_often_and_which_way(programs):
    network = Table()
    program = Program.from_file(programs / "slips.pl", {"digit_net": network})
    query = program.compile("noisy_sum(A, B, N)", ["A", "B"], "N")
    generator = torch.Generator().manual_seed(0)
    digits = torch.randint(0, 10, (2, 4000), generator=generator)
    slip = torch.rand(4000, generator=generator) < 0.4
    up = torch.rand(4000, generator=generator) < 0.75
    labels = digits.sum(0) + slip * torch.where(up, 1, -1)
    known = torch.eye(10, dtype=torch.float64)[digits].clamp(min=1e-12).log()
    optimizer = torch.optim.Adam(program.parameters(), lr=0.1)
    for _ in range(100):
        optimizer.zero_grad()
        (-query.log_prob_of(A=known[0], B=known[1], N=labels).mean()).backward()
        optimizer.step()
    learnt = list(program.learnable.probabilities().values())
    standard_error = (0.4 * 0.6 / 4000) ** 0.5
    assert learnt[0] == pytest.approx(slip.double().mean().item(), abs=0.01)
    assert learnt[0] == pytest.approx(0.4, abs=5 * standard_error)
    assert learnt[1] == pytest.approx(up[slip].double().mean().item(), abs=0.01)
