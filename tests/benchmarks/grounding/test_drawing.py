"""Drawn images: distances against brute force, and that classes are what they are called."""

import torch
from torch import Generator

from benchmarks.grounding import drawing
from benchmarks.grounding.drawing import COLOURS, SHAPES, STROKES, figures, operators


def test_the_distance_to_strokes_is_that_to_the_nearest_of_many_points_on_them():
    ends = torch.tensor([[[-0.5, 0.1], [0.4, -0.3]], [[0.2, 0.2], [0.2, 0.9]]])
    found = drawing._to_segments(drawing._grid(9), ends)
    shares = torch.linspace(0, 1, 2001)[:, None, None]
    points = (ends[:, 0] + shares * (ends[:, 1] - ends[:, 0])).view(-1, 2)
    expected = (drawing._grid(9)[:, :, None] - points).norm(dim=-1).amin(dim=-1)
    torch.testing.assert_close(found, expected, atol=1e-3, rtol=0)


def test_operators_are_drawn_alike_from_one_seed_and_never_twice_the_same():
    names = list(STROKES)
    first, again = (operators(Generator().manual_seed(1), names, 20) for _ in range(2))
    assert torch.equal(first.images, again.images)
    assert first.images.shape == (80, 1, 28, 28)
    assert len(first.images.flatten(1).unique(dim=0)) == 80
    assert first.labels.bincount().tolist() == [20] * 4
    # a cross has more ink in its middle than two dots beside a line have above and below it
    ink = first.images.float().mean(dim=(1, 2, 3))
    assert ink[first.labels == 1].mean() < ink[first.labels == 0].mean()
    assert (ink > 0).all()


def test_figures_have_the_colour_and_the_area_of_their_shape():
    shapes, colours = torch.arange(3).repeat(30), torch.arange(3).repeat_interleave(30)
    images = figures(Generator().manual_seed(2), shapes.tolist(), colours.tolist()).float() / 255
    middle = images[:, :, 13:15, 13:15].mean(dim=(2, 3))
    palette = torch.tensor(list(COLOURS.values()))
    assert torch.equal(torch.cdist(middle, palette).argmin(dim=1), colours)
    assert len(SHAPES) == 3
    # coverage of the bounding box: a circle fills pi / 4 of it, upright or turned; a triangle less than any square
    inside = (images - drawing.BACKGROUND).abs().amax(dim=1) > 0.2
    filled = []
    for each in inside:
        rows, columns = each.any(dim=1).nonzero()[:, 0], each.any(dim=0).nonzero()[:, 0]
        box = (rows.max() - rows.min() + 1) * (columns.max() - columns.min() + 1)
        filled.append(float(each.sum() / box))
    by_shape = [torch.tensor(filled)[shapes == shape] for shape in range(3)]
    assert (by_shape[0] - torch.pi / 4).abs().max() < 0.08
    assert by_shape[2].max() < by_shape[0].min()
