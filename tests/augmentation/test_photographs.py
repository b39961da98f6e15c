"""Each change of an image against torchvision's, one image at a time with the same parameters."""

from functools import partial

import pytest
import torch

from gedi_nesy.augmentation import colours
from gedi_nesy.augmentation.photographs import PhotographConfig, augment, blurred, cropped, draw

functional = pytest.importorskip("torchvision.transforms.v2.functional")

NOTHING = PhotographConfig(crop=(1.0, 1.0), ratio=(1.0, 1.0), flip=0.0, jitter=0.0, grey=0.0)
ALL = PhotographConfig(blur=0.5)


@pytest.fixture(params=[3, 1])
def images(request, generator) -> torch.Tensor:
    return torch.rand(6, request.param, 20, 24, generator=generator)


def test_crops_and_flips_are_torchvisions(images, generator):
    draws = draw(generator, 6, (20, 24), PhotographConfig())
    assert draws.flipped.any()
    assert not draws.flipped.all()
    for i, view in enumerate(cropped(images, draws)):
        box = [int(part[i]) for part in draws[:4]]
        expected = functional.resized_crop(images[i], *box, size=[20, 24], antialias=False)
        if draws.flipped[i]:
            expected = functional.horizontal_flip(expected)
        torch.testing.assert_close(view, expected, atol=1e-5, rtol=0)


def test_boxes_lie_inside_and_have_the_shares_and_shapes_that_are_asked_for(generator):
    draws = draw(generator, 4000, (100, 100), PhotographConfig(crop=(0.2, 0.5)))
    assert (draws.top + draws.height).max() == 100
    assert (draws.left + draws.width).max() == 100
    assert min(draws.top.min(), draws.left.min()) == 0
    share, ratio = draws.height * draws.width / 1e4, draws.width / draws.height
    assert share.min() > 0.19
    assert share.max() < 0.51
    assert share.mean().item() == pytest.approx(0.35, abs=4 * 0.3 / (12 * 4000) ** 0.5)
    assert ratio.log().mean().item() == pytest.approx(0, abs=0.01)


@pytest.mark.parametrize("name", ["brightness", "contrast", "saturation", "hue"])
def test_changes_of_colour_are_torchvisions(name, images, generator):
    low, high = (-0.5, 0.5) if name == "hue" else (0.0, 1.9)
    strengths = low + (high - low) * torch.rand(6, generator=generator)
    views = getattr(colours, name)(images, strengths)
    for image, strength, view in zip(images, strengths.tolist(), views, strict=True):
        expected = getattr(functional, f"adjust_{name}")(image, strength)
        torch.testing.assert_close(view, expected, atol=2e-5, rtol=0)


def test_pure_colours_and_greys_turn_as_they_should():
    red, grey = torch.tensor([1.0, 0.0, 0.0]), torch.tensor([0.4, 0.4, 0.4])
    shown = torch.stack([red, grey]).view(2, 3, 1, 1)
    turned = colours.hue(shown, torch.tensor([1 / 3, 0.2])).view(2, 3)
    torch.testing.assert_close(turned, torch.stack([torch.tensor([0.0, 1.0, 0.0]), grey]))


def test_greyscale_is_torchvisions(images):
    expected = functional.rgb_to_grayscale(images) if images.shape[1] == 3 else images
    torch.testing.assert_close(colours.greyscale(images), expected, atol=2e-4, rtol=0)


@pytest.mark.parametrize(("side", "kernel"), [(20, 3), (64, 7)])
def test_blur_is_torchvisions(side, kernel, generator):
    images = torch.rand(3, 2, side, side, generator=generator)
    sigma = torch.tensor([0.1, 0.7, 2.0])
    for image, width, view in zip(images, sigma.tolist(), blurred(images, sigma), strict=True):
        expected = functional.gaussian_blur(image, [kernel, kernel], [width, width])
        torch.testing.assert_close(view, expected, atol=1e-5, rtol=0)


def test_without_anything_it_is_the_identity(images, generator):
    torch.testing.assert_close(augment(generator, images, NOTHING), images, atol=1e-6, rtol=0)


def test_views_follow_the_generator_stay_in_range_and_leave_the_images_alone(images):
    before = images.clone()
    first, second, other = (augment(torch.Generator().manual_seed(seed), images, ALL) for seed in (0, 0, 1))
    assert torch.equal(first, second)
    assert not torch.equal(first, other)
    assert torch.equal(images, before)
    assert first.shape == images.shape
    assert first.min() >= -1e-6
    assert first.max() <= 1 + 1e-6


def test_bytes_are_pixels(generator):
    pixels = torch.randint(256, (5, 3, 8, 8), generator=generator, dtype=torch.uint8)
    view = partial(augment, config=ALL)
    ours, floats = (view(torch.Generator().manual_seed(3), each) for each in (pixels, pixels.float() / 255))
    assert torch.equal(ours, floats)


def test_grey_colour_images_lose_their_colours(generator):
    images = torch.rand(5, 3, 8, 8, generator=generator)
    views = augment(generator, images, PhotographConfig(grey=1.0))
    assert torch.equal(views[:, 0], views[:, 1])
    assert torch.equal(views[:, 0], views[:, 2])


@pytest.mark.parametrize(
    ("name", "value"),
    [("flip", 1.5), ("hue", 0.6), ("crop", (0.5, 1.2)), ("sigma", (2.0, 1.0)), ("grey", float("nan"))],
)
def test_bad_settings_are_named(name, value):
    with pytest.raises(ValueError, match=f"{name}="):
        PhotographConfig(**{name: value})
