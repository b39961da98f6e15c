"""`python -m benchmarks.circuits --repository DIR`, with a repository of two programs."""

import random

import pytest
import torch
from problog.logic import Constant, Term

from benchmarks.circuits import models, repository
from benchmarks.circuits.config import CircuitsConfig
from benchmarks.circuits.models import EXAMPLES, Example
from benchmarks.circuits.report import REPOSITORY, body
from benchmarks.circuits.repository import VARIANTS, compare
from gedi_nesy.errors import ConfigError

DIGITS = """
nn(mnist_net, [X], Y, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]) :: digit(X, Y).
t(0.2) :: slip.
addition(X, Y, Z) :- \\+ slip, digit(X, A), digit(Y, B), Z is A + B.
addition(X, Y, 0) :- slip.
"""
TENSORS = """
nn(words, [X], V) :: read(X, V).
nn(sign, [V], S, [plus, minus]) :: sign(V, S).
answer(X, S) :- read(X, V), sign(V, S).
"""


@pytest.fixture
def checkout(tmp_path):
    folder = tmp_path / models.FOLDER
    folder.mkdir(parents=True)
    (folder / "digits.pl").write_text(DIGITS)
    (folder / "tensors.pl").write_text(TENSORS)
    (folder / "texts.pl").write_text('answer("a b", plus).\nanswer("b", minus).\n')
    return tmp_path


@pytest.mark.parametrize("variant", VARIANTS, ids=str)
def test_both_give_the_same(checkout, variant):
    example = Example(
        "digits", "digits.pl", models.images(10, names="mnist_net"), models.sums("addition", 1), 3
    )
    row = compare(example, variant, checkout, 1)
    assert row["queries"] == 3
    assert float(row["apart"]) < 1e-6
    assert float(row["gradients apart"]) < 1e-4
    assert row["note"] == ""
    (run,) = body(CircuitsConfig(repository=checkout), [{"part": REPOSITORY, "row": row}])["runs"]
    assert run["metrics"]["times"] == row["times"]
    assert repository.summary([row])["times, least"] == row["times"]


def test_what_is_not_accelerated_says_so_once(checkout):
    networks = {"words": (models.Words, 0)} | models.images(2, names="sign")
    row = compare(
        Example("texts", "tensors.pl", networks, models.from_file("texts.pl"), 2), VARIANTS[0], checkout, 1
    )
    assert row["note"] == "network 'words' needs DeepProbLog's own engine, which is kept"
    assert row["apart"] == 0.0


def test_a_program_that_stock_cannot_run_is_a_note(checkout):
    (checkout / models.FOLDER / "digits.pl").write_text("addition(X, Y, Z) :- unheard_of(X).")
    example = Example("digits", "digits.pl", {}, models.sums("addition", 1), 3)
    row = compare(example, VARIANTS[0], checkout, 1)
    assert row == {
        "model": "digits",
        "variant": "cache on",
        "queries": 3,
        "note": "stock fails: UnknownClause",
    }
    assert repository.summary([row]) == {}


def test_a_folder_that_is_no_checkout_is_refused(tmp_path):
    with pytest.raises(ConfigError, match="is to be a checkout of DeepProbLog"):
        CircuitsConfig(repository=tmp_path).check()


def test_no_query_has_the_same_image_twice():
    """DeepProbLog is wrong about these while its cache is on."""
    chance = random.Random(0)
    for _ in range(50):
        names = models.image_query(chance, "game", [["a", "b", "c"], "d"], Term("win")).substitution
        assert len(set(map(str, names.values()))) == 4
    assert len({example.name for example in EXAMPLES}) == len(EXAMPLES)


def test_places_are_one_hot():
    network = models.Places(2, 3)
    seen = []
    network.layers = torch.nn.Sequential(torch.nn.Identity())
    network.layers.register_forward_hook(lambda module, inputs, output: seen.append(output))
    network(Constant(3), Constant(0), Constant(1))
    assert seen[0].nonzero().flatten().tolist() == [3, 10, 21]
