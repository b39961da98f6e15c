import pytest
import torch

from gedi_nesy.data.dataset import DataError
from gedi_nesy.data.queries import ADDITION_PAIRS, addition_triples, with_extra_images


@pytest.fixture
def labels() -> torch.Tensor:
    return torch.arange(200) % 10


def test_pairs_are_the_55():
    assert len(ADDITION_PAIRS) == 55
    assert all(a + b <= 9 for a, b in ADDITION_PAIRS)


def test_every_triple_adds_up_and_pairs_are_uniform(generator, labels):
    triples = addition_triples(generator, labels, 5500)
    a, b, c = labels[triples].T
    assert torch.equal(a + b, c)
    counts = torch.bincount(a * 10 + b, minlength=100)[[10 * x + y for x, y in ADDITION_PAIRS]].float()
    # chi-square with 54 degrees of freedom: mean 54, standard deviation sqrt(108)
    assert ((counts - 100) ** 2 / 100).sum() < 54 + 4 * 108**0.5


def test_images_are_uniform_within_their_class(generator, labels):
    triples = addition_triples(generator, labels, 4000)
    zeros = triples[labels[triples] == 0]
    counts = torch.bincount(zeros // 10, minlength=20).float()
    expected = len(zeros) / 20
    assert ((counts - expected) ** 2 / expected).sum() < 19 + 4 * 38**0.5


def test_unlabelled_images_are_in_no_triple(generator, labels):
    images = torch.rand(200, 1, 2, 2)
    triples = addition_triples(generator, labels, 10)
    everything = with_extra_images(generator, images, triples, None)
    assert len(everything.extra_indices) == 200 - len(triples.unique())
    assert not set(everything.extra_indices.tolist()) & set(triples.flatten().tolist())
    assert sorted(everything.train_indices.tolist()) == list(range(200))
    some = with_extra_images(generator, images, triples, 7)
    assert len(some.extra_indices.unique()) == 7
    assert len(with_extra_images(generator, images, triples, 0).extra_indices) == 0


def test_impossible_requests_are_named(generator, labels):
    with pytest.raises(DataError, match="triples=0 must be at least 1"):
        addition_triples(generator, labels, 0)
    with pytest.raises(DataError, match="no images of 9, which the queries need"):
        addition_triples(generator, labels[labels < 9], 5)
    with pytest.raises(DataError, match="num=500 extra images must be between 0 and"):
        with_extra_images(generator, torch.rand(200, 1, 2, 2), addition_triples(generator, labels, 3), 500)
