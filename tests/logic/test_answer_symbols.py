"""Answers as people have them: numpy's numbers, and atoms with or without their quotes."""

import numpy as np
import pytest
import torch

from gedi_nesy import GEDI, Program
from gedi_nesy.logic.errors import ProgramError
from gedi_nesy.models.encoders import MLP

TEXT = """
nn(net, [X], Y, ['a b', c, 'D', '2']) :: sym(X, Y).
shows(X, Y) :- sym(X, Y).
"""


@pytest.fixture
def network() -> GEDI:
    torch.manual_seed(0)
    return GEDI(MLP(num_inputs=3), 4)


def test_atoms_need_no_quotes(network, generator):
    x = torch.randn(4, 3, generator=generator)
    query = Program.from_string(TEXT, networks={"net": network}).compile("shows(A, N)", ["A"], answer="N")
    expected = network.log_probs(x).diagonal()
    for answers in (["a b", "c", "D", "2"], ["'a b'", "c", "'D'", "'2'"], np.array(["a b", "c", "D", "2"])):
        assert torch.allclose(query.log_prob(A=x, N=answers), expected, atol=1e-6)
    with pytest.raises(ProgramError, match="2 is no answer N of shows"):
        query.log_prob(A=x, N=[2, "c", "c", "c"])


@pytest.mark.parametrize("make", [np.array, lambda values: [np.int64(value) for value in values]])
def test_numpys_numbers_are_numbers(make, network, generator):
    text = TEXT.replace("'a b', c, 'D', '2'", "0, 1, 2, 3")
    x = torch.randn(4, 3, generator=generator)
    query = Program.from_string(text, networks={"net": network}).compile("shows(A, N)", ["A"], answer="N")
    expected = network.log_probs(x).diagonal()
    assert torch.allclose(query.log_prob(A=x, N=make([0, 1, 2, 3])), expected, atol=1e-6)


@pytest.mark.parametrize(
    ("images", "message"),
    [
        (np.zeros((2, 3), dtype=np.float32), r"must be a torch tensor, not ndarray: torch.from_numpy\(A\)"),
        (torch.zeros(2, 3, dtype=torch.uint8), "has dtype torch.uint8; .*: A / 255"),
        (torch.zeros(2, 3, dtype=torch.int64), r"has dtype torch.int64; .*: A.float\(\)"),
    ],
)
def test_images_of_another_kind_say_the_line_that_converts_them(images, message, network):
    query = Program.from_string(TEXT, networks={"net": network}).compile("shows(A, c)", ["A"])
    with pytest.raises(ProgramError, match=message):
        query.log_prob(A=images)
