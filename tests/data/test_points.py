"""Toy sets against scikit-learn's curves, brute force over places, Bessel functions and numerical integrals."""

import math

import numpy as np
import pytest
import torch
from scipy.special import i0e
from sklearn.datasets import make_circles, make_moons
from sklearn.preprocessing import StandardScaler

from gedi_nesy.data import manifolds, points

NAMES = list(points.NUM_CLASSES)


@pytest.mark.parametrize("name", NAMES)
def test_classes_are_even_and_the_generator_decides(name):
    one, same = (points.make(name, 301, 0.05, torch.Generator().manual_seed(3)) for _ in range(2))
    assert torch.equal(one.inputs, same.inputs)
    counts = one.labels.bincount()
    assert len(counts) == points.NUM_CLASSES[name]
    assert counts.max() - counts.min() <= 1
    assert one.labels[:50].unique().numel() == len(counts), "in random order"
    other = points.make(name, 301, 0.05, torch.Generator().manual_seed(4))
    assert not torch.equal(one.inputs, other.inputs)


@pytest.mark.parametrize(
    ("name", "sklearn_make"),
    [("moons", make_moons), ("circles", lambda n: make_circles(n, factor=0.5))],
)
def test_curves_are_those_of_scikit_learn(name, sklearn_make):
    theirs, labels = sklearn_make(400)
    found = manifolds.manifold_distance(name, torch.from_numpy(theirs))
    assert found.distances.max() < 1e-9
    assert (found.nearest.numpy() == labels).all()


@pytest.mark.parametrize(
    ("name", "clusters"),
    [("moons", None), ("circles", None), ("spirals", None), ("spirals", 3), ("blobs", 5)],
)
def test_distances_against_dense_sampling(name, clusters, generator):
    classes = points.num_classes(name, clusters)
    inputs = 2.5 * torch.randn(300, 2, generator=generator, dtype=torch.float64)
    places = torch.linspace(0, 1, 20001, dtype=torch.float64)
    curves = [
        points.on_manifold(name, torch.full_like(places, k).long(), places, classes) for k in range(classes)
    ]
    dense = torch.stack([torch.cdist(inputs, curve).amin(dim=1) for curve in curves], dim=1)
    found = manifolds.manifold_distance(name, inputs, clusters)
    assert torch.allclose(found.distances, dense.amin(dim=1), atol=5e-4), "half a step of the places"
    clear = dense.topk(2, dim=1, largest=False).values.diff(dim=1)[:, 0] > 1e-3
    assert (found.nearest == dense.argmin(dim=1))[clear].all()


@pytest.mark.parametrize("name", NAMES)
def test_draws_keep_to_their_manifolds_as_gaussian_noise_does(name, generator):
    """Within 3 sigma: 0.9973 in one dimension across a curve, 1 - exp(-4.5) around a centre in two."""
    num, noise = 4000, 0.02
    inputs, labels = points.make(name, num, noise, generator)
    expected = 1 - math.exp(-4.5) if name in ("blobs", "anisotropic") else math.erf(3 / math.sqrt(2))
    found = manifolds.fidelity(name, inputs, noise)
    tolerance = 5 * math.sqrt(expected * (1 - expected) / num) + (
        0.002 if name in ("moons", "spirals") else 0
    )
    assert found.on_manifold == pytest.approx(expected, abs=tolerance), "ends of arcs add a little"
    classes = points.NUM_CLASSES[name]
    assert found.shares == pytest.approx([1 / classes] * classes, abs=0.005)
    assert (manifolds.manifold_distance(name, inputs).nearest == labels).double().mean() > 0.999


def test_samples_far_away_or_on_one_manifold_show(generator):
    inputs, labels = points.make("circles", 1000, 0.05, generator)
    mixed = torch.cat([inputs[labels == 1], torch.full((500, 2), 3.0)])
    found = manifolds.fidelity("circles", mixed, 0.05)
    assert found.on_manifold == pytest.approx(0.5, abs=0.01)
    assert found.shares == (0.0, 1.0)
    nowhere = manifolds.fidelity("circles", torch.full((5, 2), 3.0), 0.05)
    assert nowhere.on_manifold == 0
    assert nowhere.shares == (0.0, 0.0)


@pytest.mark.parametrize("name", NAMES)
def test_the_density_integrates_to_one(name):
    noise = 0.1
    side = torch.linspace(-6, 6, 121, dtype=torch.float64)
    grid = torch.cartesian_prod(side, side)
    cell = float(side[1] - side[0]) ** 2
    density = manifolds.class_log_density(name, grid, noise, fineness=200).exp()
    classes = points.NUM_CLASSES[name]
    assert (density.sum(dim=0) * cell).tolist() == pytest.approx([1 / classes] * classes, rel=1e-5)


def test_the_density_of_circles_is_a_bessel_function(generator):
    """p(x|r) = exp(-(|x|^2 + r^2) / 2 s^2) I_0(|x| r / s^2) / 2 pi s^2."""
    noise = 0.1
    inputs = points.make("circles", 200, noise, generator).inputs.double()
    found = manifolds.class_log_density("circles", inputs, noise)
    size = inputs.norm(dim=1).numpy()
    for column, radius in enumerate((1.0, 0.5)):
        expected = np.log(i0e(size * radius / noise**2)) - (size - radius) ** 2 / (2 * noise**2)
        expected += -math.log(2 * math.pi * noise**2) - math.log(2)
        assert found[:, column].numpy() == pytest.approx(expected, abs=1e-8)


def test_the_density_is_that_of_the_draws(generator):
    """-mean log p(x) over draws of anisotropic blobs is the Gaussian's entropy, up to the overlap (log 3 for none)."""
    noise, num = 0.02, 20000
    inputs, labels = points.make("anisotropic", num, noise, generator)
    joint = manifolds.class_log_density("anisotropic", inputs.double(), noise)
    own = joint[torch.arange(num), labels]
    entropy = math.log(2 * math.pi * math.e * noise**2) + math.log(points.STRETCH) + math.log(3)
    assert -own.mean().item() == pytest.approx(entropy, abs=5 / math.sqrt(num))


def test_scaling_is_scikit_learns_and_comes_back(generator):
    inputs = 1e6 + 300 * torch.randn(100, 3, generator=generator, dtype=torch.float64)
    scaling = points.Scaling.fit(inputs)
    scaled = scaling.apply(inputs)
    assert scaled.dtype == torch.float32
    assert scaled.numpy() == pytest.approx(StandardScaler().fit_transform(inputs.numpy()), abs=1e-5)
    assert scaling.invert(scaled).numpy() == pytest.approx(inputs.numpy(), abs=1e-3)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("moons", 10, 0.1, 3), "num_clusters=3: moons are two"),
        (("blobs", 10, 0.1, 1), "num_clusters=1 must be at least 2"),
        (("blobs", 2, 0.1), "num=2 must be at least 3"),
        (("moons", 10, -0.1), "noise=-0.1"),
        (("moons", 10, math.nan), "noise=nan"),
    ],
)
def test_bad_arguments_are_named(generator, arguments, message):
    name, num, noise, *clusters = arguments
    with pytest.raises(ValueError, match=message):
        points.make(name, num, noise, generator, *clusters)


def test_an_unknown_name_is_named():
    unchecked = points.num_classes.__wrapped__  # pytest's own check of types would come first
    with pytest.raises(ValueError, match="dataset='moon' is not one of moons, circles"):
        unchecked("moon")


def test_a_constant_column_is_named():
    with pytest.raises(ValueError, match="column 2 is 3 in every row"):
        points.Scaling.fit(torch.tensor([[1.0, 3.0], [2.0, 3.0]]))


def test_a_density_needs_noise():
    with pytest.raises(ValueError, match="noise=0"):
        manifolds.class_log_density("moons", torch.zeros(1, 2), 0.0)
