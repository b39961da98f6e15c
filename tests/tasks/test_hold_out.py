"""Held-out queries: how many, which, and that their images are shown without what is said of them."""

import pytest
import torch
from torch import Generator

from gedi_nesy.data.queries import Reading, Shown, TaskData, Template
from gedi_nesy.errors import ConfigError
from gedi_nesy.tasks.hold_out import hold_out, num_held_out

NONE = torch.empty(0, dtype=torch.long)


@pytest.mark.parametrize(
    ("queries", "share", "expected"),
    [
        (400, None, 60),
        (100, None, 20),
        (30, None, 10),
        (2, None, 0),
        (10_000, None, 500),
        (40, 0.5, 20),
        (3, 0.9, 2),
    ],
)
def test_how_many(queries, share, expected):
    assert num_held_out(queries, share) == expected


def test_a_share_of_everything_is_none():
    with pytest.raises(ConfigError, match=r"held_out=1\.0"):
        num_held_out(10, 1.0)


def data() -> TaskData:
    """Pairs with answers and single images, which two networks share; images 50 to 59 are in no query."""
    images = torch.zeros(60, 1, 2, 2)
    shown = Shown(images, torch.arange(50, 60), NONE, NONE)
    pairs = Template(torch.arange(40).view(20, 2), torch.arange(20), (Reading("a", 0), Reading("b", 1)))
    single = Template(torch.arange(40, 50).view(10, 1), NONE, (Reading("a", 0),))
    return TaskData({"a": shown, "b": shown._replace(extra_indices=NONE)}, (pairs, single))


def test_queries_are_split_by_template_and_none_is_lost():
    whole = data()
    split = hold_out(Generator().manual_seed(0), whole)
    assert [len(each) for each in split.left_out] == [7, 3]
    for place, template in enumerate(whole.templates):
        both = torch.cat([split.kept[place], split.left_out[place]])
        assert both.sort().values.tolist() == list(range(len(template.indices)))
        assert torch.equal(split.training.templates[place].indices, template.indices[split.kept[place]])
    assert torch.equal(split.held_out.templates[0].answers, split.left_out[0])


def test_images_of_held_out_queries_come_alone_to_those_who_read_them():
    split = hold_out(Generator().manual_seed(0), data())
    first, single = split.held_out.templates
    for name, column, others in (("a", 0, [*range(50, 60), *single.indices[:, 0].tolist()]), ("b", 1, [])):
        expected = {*others, *first.indices[:, column].tolist()}
        assert set(split.training.networks[name].extra_indices.tolist()) == expected


def test_without_a_share_nothing_changes():
    split = hold_out(Generator().manual_seed(0), data(), 0.0)
    for before, after in zip(data().templates, split.training.templates, strict=True):
        assert torch.equal(before.indices, after.indices)
    assert torch.equal(split.training.networks["a"].extra_indices, torch.arange(50, 60))
    assert split.held_out.num_queries == 0
