"""The programs that DeepProbLog ships as examples, compiled, against its own engine."""

from pathlib import Path

import deepproblog
import pytest
import torch

from gedi_nesy.logic import Program
from tests.logic.oracles import Table, images

EXAMPLES = Path(deepproblog.__file__).parent / "examples"
FORMULA = {"net1": Table(10), "net2": Table(4, seed=1)}
COINS = {"net1": Table(2), "net2": Table(2, seed=3)}
DIGITS = {"mnist_net": Table()}

# ProbLog's parser advises against the \\== of one of them.
pytestmark = pytest.mark.filterwarnings("ignore:The use of")


@pytest.mark.parametrize(
    ("file", "query", "answer", "networks"),
    [
        ("HWF/model.pl", "expression([A], R)", "R", FORMULA),
        ("HWF/model.pl", "expression([A, B, C], 5)", None, FORMULA),
        ("Coins/model.pl", "game(A, loss)", None, COINS),
        ("MNIST/models/any_sum.pl", "anysum([[A, B], [C, D]], 7)", None, DIGITS),
        ("MNIST/models/all_digit_addition.pl", "addition(A, B, C)", None, DIGITS),
        ("MNIST/models/addition.pl", "multi_addition([A, B], [C], 17)", None, DIGITS),
        ("Poker/model.pl", "game([A, B, C, D], O)", "O", {"net1": Table(4)}),
    ],
)
def test_example(file, query, answer, networks):
    program = Program.from_file(EXAMPLES / file, networks)
    names = [name for name in query if name in "ABCD"]
    x = {name: images(1, seed) for seed, name in enumerate(names)}
    ours = program.compile(query, names, answer)
    stock = program.compile(query, names, answer, engine="deepproblog")
    assert ours.answers == stock.answers
    torch.testing.assert_close(ours.log_distribution(**x), stock.log_distribution(**x), rtol=1e-9, atol=1e-9)
