import pytest
import torch
import torch.nn.functional as F

from gedi_nesy.augmentation.warp import WarpConfig, _affine, warp

STILL = {"rotate": 0.0, "scale": 0.0, "shear": 0.0, "translate": 0.0, "elastic": 0.0}


def test_nothing_moves_at_zero(generator):
    images = torch.rand(3, 2, 12, 12, generator=generator)
    assert torch.allclose(warp(generator, images, WarpConfig(**STILL)), images, atol=1e-5)


def test_each_image_has_its_own_draw_and_the_generator_decides():
    images = torch.rand(1, 1, 12, 12).expand(4, 1, 12, 12)
    first, again, other = (
        warp(torch.Generator().manual_seed(seed), images, WarpConfig()) for seed in (1, 1, 2)
    )
    assert torch.equal(first, again)
    assert not torch.allclose(first, other)
    assert not torch.allclose(first[0], first[1])


def test_a_shift_moves_the_centre_of_mass_by_at_most_its_pixels(generator):
    images = torch.zeros(200, 1, 21, 21)
    images[:, :, 10, 10] = 1.0
    moved = warp(generator, images, WarpConfig(**{**STILL, "translate": 3.0}))
    columns = (moved.sum(dim=(1, 2)) * torch.arange(21)).sum(dim=1) / moved.sum(dim=(1, 2, 3))
    offsets = columns - 10
    assert offsets.abs().max() <= 3.01
    # uniform on [-3, 3]: standard deviation sqrt(3)
    assert offsets.std().item() == pytest.approx(3**0.5, rel=0.15)
    assert offsets.mean().item() == pytest.approx(0.0, abs=4 * (3 / 200) ** 0.5)


def test_rotation_keeps_the_centre_and_the_distance_to_it(generator):
    images = torch.zeros(50, 1, 21, 21)
    images[:, :, 10, 17] = 1.0
    moved = warp(generator, images, WarpConfig(**{**STILL, "rotate": 90.0}))[:, 0]
    mass = moved.sum(dim=(1, 2))
    rows = (moved.sum(dim=2) * torch.arange(21)).sum(dim=1) / mass - 10
    columns = (moved.sum(dim=1) * torch.arange(21)).sum(dim=1) / mass - 10
    assert torch.allclose((rows**2 + columns**2).sqrt(), torch.full((50,), 7.0), atol=0.5)
    assert rows.min() < -5
    assert rows.max() > 5


def test_pixels_stay_in_range(generator):
    moved = warp(generator, torch.rand(20, 1, 28, 28), WarpConfig())
    assert moved.min() >= 0
    assert moved.max() <= 1 + 1e-6


def test_the_grid_is_that_of_affine_grid_and_bicubic_interpolation():
    """The two are matrices here; torch's own functions are the oracle."""
    images = torch.rand(5, 1, 12, 20, generator=torch.Generator().manual_seed(1))
    config = WarpConfig(elastic=1.5)
    generator = torch.Generator().manual_seed(2)
    matrix = _affine(generator, 5, config, 12, 20)
    field = 1.5 * torch.randn(5, 2, 5, 5, generator=generator)
    field = field * torch.tensor([2.0 / 20, 2.0 / 12]).view(1, 2, 1, 1)
    bend = F.interpolate(field, size=(12, 20), mode="bicubic", align_corners=True).permute(0, 2, 3, 1)
    grid = F.affine_grid(matrix, [5, 1, 12, 20], align_corners=False) + bend
    expected = F.grid_sample(images, grid, align_corners=False)
    assert torch.allclose(warp(torch.Generator().manual_seed(2), images, config), expected, atol=1e-4)


def test_negative_strength_is_refused():
    with pytest.raises(ValueError, match=r"shear=-1.0 must not be negative"):
        WarpConfig(shear=-1.0)
    with pytest.raises(ValueError, match=r"rotate=nan must not be negative, infinite or NaN"):
        WarpConfig(rotate=float("nan"))
