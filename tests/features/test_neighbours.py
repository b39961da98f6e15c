"""Nearest neighbours against all cosines at once, with blocks smaller than the items."""

import pytest
import torch

from gedi_nesy.features import neighbours
from gedi_nesy.features.neighbours import nearest


@pytest.mark.parametrize("dtype", [torch.float32, torch.float16])
@pytest.mark.parametrize("blocks", [(7, 11), (64, 3), (1, 64)])
def test_they_are_those_of_the_whole_matrix(generator, monkeypatch, blocks, dtype):
    monkeypatch.setattr(neighbours, "QUERIES", blocks[0])
    monkeypatch.setattr(neighbours, "KEYS", blocks[1])
    features = torch.randn(50, 6, generator=generator).to(dtype)
    cosines = torch.nn.functional.cosine_similarity(features[:, None].double(), features.double(), dim=2)
    expected = cosines.fill_diagonal_(-2).topk(4).indices
    told = []
    found = nearest(features, 4, told.append)
    assert torch.equal(found.long(), expected)
    assert told[-1] == 50


def test_copies_of_an_item_are_its_neighbours_and_it_is_not():
    features = torch.eye(3).repeat(2, 1)
    assert nearest(features, 1)[:, 0].tolist() == [3, 4, 5, 0, 1, 2]


@pytest.mark.parametrize("count", [0, 3])
def test_a_number_that_cannot_be_is_one_line(count):
    with pytest.raises(ValueError, match=f"count={count} neighbours must be at least 1"):
        nearest(torch.eye(3), count)
