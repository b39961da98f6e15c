"""What is read in queries, held against all worlds; and the readings that queries leave, against all permutations."""

from itertools import permutations, product

import pytest
import torch
from torch import Generator

from gedi_nesy.data.queries import TaskData
from gedi_nesy.models.gedi import GEDI
from gedi_nesy.tasks import Queries, Task
from gedi_nesy.tasks.chance import chance, chance_if_misread
from gedi_nesy.tasks.prepare import prepare
from gedi_nesy.tasks.readings import likeliest_temperature, read
from gedi_nesy.tasks.rivals import rivals
from tests.tasks import coloured

RULE = """
nn(net, [X], D, [0, 1, 2, 3]) :: digit(X, D).
0.5 :: kind.
sum(A, B, N) :- digit(A, X), digit(B, Y), N is X + Y.
maybe(A, B) :- digit(A, 0), kind.
maybe(A, B) :- digit(B, 1), \\+ kind.
"""


class Table(GEDI):
    """Stands in for a network: image i, whose pixels are i, has the i-th row of probabilities."""

    def __init__(self, log_probs):
        torch.nn.Module.__init__(self)
        self.rows, self.num_clusters = log_probs, log_probs.shape[1]

    def log_probs(self, x):
        return self.rows[x[:, 0, 0, 0].long()]


def rule(folder):
    file = folder / "rule.pl"
    file.write_text(RULE)
    return file


def pool(num):
    return torch.arange(num, dtype=torch.float32)[:, None, None, None].expand(num, 1, 8, 8).clone()


def prepared(queries, num):
    return prepare(Task(pools={"images": pool(num)}, queries=queries), None)


def test_posteriors_are_those_of_all_worlds(tmp_path, generator):
    rows = torch.rand(6, 4, generator=generator).softmax(dim=1)
    file = rule(tmp_path)
    sums = [3, 2, 4]
    found = prepared(
        [
            Queries(file, "sum(A, B, N)", {"A": [0, 1, 2], "B": [3, 4, 5]}, ("N", sums)),
            Queries(file, "maybe(A, B)", {"A": [0, 1], "B": [4, 5]}),
        ],
        6,
    )
    first, second = read(found.data, found.log_prob, {"net": Table(rows.log())})
    symbols = rows.argmax(dim=1)
    for query, total in enumerate(sums):
        a, b = rows[query], rows[3 + query]
        worlds = {(i, j): float(a[i] * b[j]) for i, j in product(range(4), repeat=2) if i + j == total}
        assert first.probability[query].item() == pytest.approx(sum(worlds.values()), abs=1e-5)
        mine = sum(p for (i, _), p in worlds.items() if i == symbols[query]) / sum(worlds.values())
        other = sum(p for (_, j), p in worlds.items() if j == symbols[3 + query]) / sum(worlds.values())
        assert first.posterior[:, query].tolist() == pytest.approx([mine, other], abs=1e-5)
        assert first.held[query].item() == (symbols[query] + symbols[3 + query] == total)
    # either world of `kind` asks for one image only: the other is as likely as it was
    a, b = rows[0], rows[4]
    whole = float(0.5 * a[0] + 0.5 * b[1])
    worlds = float(0.5 * a[0] * (symbols[0] == 0) + 0.5 * b[1] * a[symbols[0]])
    assert second.posterior[0, 0].item() == pytest.approx(worlds / whole, abs=1e-5)


def test_the_temperature_makes_networks_as_sure_as_they_are_right(tmp_path, generator):
    """Symbols drawn from p, and networks that give p^2 or the root of it: T is near 2 and 1/2."""
    file = rule(tmp_path)
    logits = 1.5 * torch.randn(1200, 4, generator=generator)
    true = torch.multinomial(logits.softmax(dim=1), 1, generator=generator)[:, 0]
    a, b = torch.arange(600), torch.arange(600, 1200)
    found = prepared([Queries(file, "sum(A, B, N)", {"A": a, "B": b}, ("N", true[a] + true[b]))], 1200)
    for factor, expected in ((2.0, 2.0), (1.0, 1.0), (0.5, 0.5)):
        network = {"net": Table((factor * logits).log_softmax(dim=1))}
        temperature = likeliest_temperature(found.data, found.log_prob, network)
        assert temperature == pytest.approx(expected, rel=0.2)
        (each,) = read(found.data, found.log_prob, network, temperature)
        right = (each.symbols.flatten() == true).float().mean()
        assert each.posterior.mean().item() == pytest.approx(right.item(), abs=0.03)


def test_by_chance_as_many_hold_as_with_any_symbols(tmp_path):
    file = rule(tmp_path)
    rows = torch.eye(4)[[0, 1, 2, 3, 0, 1, 2, 3]].clamp(min=1e-6)
    found = prepared(
        [Queries(file, "sum(A, B, N)", {"A": [0, 1, 2, 3], "B": [4, 5, 6, 7]}, ("N", [0, 2, 4, 6]))], 8
    )
    readings = read(found.data, found.log_prob, {"net": Table(rows.log())})
    assert readings[0].held.all()
    exact = sum(a + b == 2 * q for q in range(4) for a, b in product(range(4), repeat=2))
    mine = chance(Generator().manual_seed(0), found.data, found.log_prob, readings, {"net": 4}, repeats=300)
    assert mine == pytest.approx(exact / 4**3, abs=0.03)


def test_one_wrong_reading_goes_unnoticed_as_often_as_counted_one_by_one(tmp_path):
    """A < B over 0..3, each pair once: of (a, b) another symbol in place of either, as often as it is read at all."""
    file = tmp_path / "less.pl"
    file.write_text("nn(net, [X], Y, [0, 1, 2, 3]) :: d(X, Y).\nless(A, B) :- d(A, X), d(B, Y), X < Y.\n")
    pairs = [(a, b) for a, b in product(range(4), repeat=2) if a < b]
    rows = torch.eye(4)[[symbol for pair in pairs for symbol in pair]].clamp(min=1e-6)
    first, second = range(0, 12, 2), range(1, 12, 2)
    found = prepared([Queries(file, "less(A, B)", {"A": list(first), "B": list(second)})], 12)
    readings = read(found.data, found.log_prob, {"net": Table(rows.log())})
    assert readings[0].held.all()
    # every symbol is read three times
    worlds = [x < b for a, b in pairs for x in range(4) if x != a]
    worlds += [a < x for a, b in pairs for x in range(4) if x != b]
    generator = Generator().manual_seed(0)
    mine = chance_if_misread(generator, found.data, found.log_prob, readings, {"net": 4}, repeats=300)
    assert mine == pytest.approx(sum(worlds) / len(worlds), abs=0.03)


def test_readings_are_the_permutations_under_which_everything_holds(tmp_path):
    """Sums of the pairs 0+3 and 1+2, as even as odd: eight of the 24 permutations keep both."""
    file = rule(tmp_path)
    rows = torch.eye(4).clamp(min=1e-6)
    pairs = [(0, 3), (3, 0), (1, 2), (2, 1)]
    found = prepared(
        [
            Queries(
                file,
                "sum(A, B, N)",
                {"A": [a for a, _ in pairs], "B": [b for _, b in pairs]},
                ("N", [a + b for a, b in pairs]),
            )
        ],
        4,
    )
    readings = read(found.data, found.log_prob, {"net": Table(rows.log())})
    mine = rivals(found.data, found.log_prob, readings)
    same = [p for p in permutations(range(4)) if all(p[a] + p[b] == a + b for a, b in pairs)]
    assert mine.readings == len(same) == 8
    shown = [tuple(int(each.outputs["net"][str(symbol)]) for symbol in range(4)) for each in mine.maps]
    assert shown[0] == (0, 1, 2, 3)
    assert sorted(shown) == same
    # one image of either pair: what it is says what its partner is
    assert mine.labels is not None
    assert {frozenset(symbol for _, symbol in each) for each in mine.labels} == {
        frozenset(each) for each in (("0", "1"), ("0", "2"), ("3", "1"), ("3", "2"))
    }


def test_what_labels_say_is_settled(tmp_path):
    """Of the eight readings of the pairs 0+3 and 1+2, those that keep 0 are two, and those that keep 0 and 1 one."""
    file = rule(tmp_path)
    rows = torch.eye(4).clamp(min=1e-6)
    pairs = [(0, 3), (3, 0), (1, 2), (2, 1)]
    images = {"A": [a for a, _ in pairs], "B": [b for _, b in pairs]}
    found = prepared([Queries(file, "sum(A, B, N)", images, ("N", [3] * 4))], 4)
    readings = read(found.data, found.log_prob, {"net": Table(rows.log())})
    counted = [
        rivals(found.data, found.log_prob, readings, [("net", each) for each in known]).readings
        for known in ([], [0], [0, 1])
    ]
    assert counted == [8, 2, 1]


def test_a_pattern_as_rare_as_queries_that_do_not_hold_rules_nothing_out(tmp_path):
    """One query in nine is misread, and another holds by chance: 1 + 1 for 0 + 2 would leave fewer readings."""
    file = rule(tmp_path)
    rows = torch.eye(4).clamp(min=1e-6)
    a, b, sums = [0, 3] * 4 + [1, 2], [3, 0] * 4 + [1, 2], [3, 3] * 4 + [2, 1]
    found = prepared([Queries(file, "sum(A, B, N)", {"A": a, "B": b}, ("N", sums))], 4)
    readings = read(found.data, found.log_prob, {"net": Table(rows.log())})
    mine = rivals(found.data, found.log_prob, readings)
    assert mine.readings == sum(len({p, q}) == 2 and p + q == 3 for p, q in product(range(4), repeat=2))


def test_what_two_networks_read_of_one_image_is_renamed_apart(tmp_path, generator):
    task, images, places, colours = coloured.task(generator, tmp_path)
    found = prepare(task, (0.0, 1.0))
    data: TaskData = found.data

    class Truth(GEDI):
        def __init__(self, labels, num):
            torch.nn.Module.__init__(self)
            self.labels, self.num_clusters = labels, num

        def log_probs(self, x):
            # an image is known by its pixels
            place = (x.flatten(1)[:, None] - images.flatten(1)).abs().sum(dim=2).argmin(dim=1)
            return torch.eye(self.num_clusters)[self.labels[place]].clamp(min=1e-6).log()

    readings = read(data, found.log_prob, {"place_net": Truth(places, 4), "colour_net": Truth(colours, 2)})
    assert all(each.held.all() for each in readings)
    mine = rivals(data, found.log_prob, readings)
    assert mine.readings == 1
