"""The failure modes of Theorem 1, and the good solution they are made from, as logits.

The good solution is not trained but known: logits l_y(x) = log p(x, y) of the distribution that the points are drawn
from, so that E(x) = -log p(x) and p(y|x) is Bayes' rule. Each mode is a family of candidates, since something is left
free: which constant the encoder gives, how sharp a border is. Every loss is taken where it is best in the family.
"""

import math
from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Generator, Tensor

from benchmarks.failure_modes.config import FailureModesConfig
from gedi_nesy.data import manifolds, points
from gedi_nesy.data.points import Plane, PointsName
from gedi_nesy.types import Logits

MARGIN = 1.0
"""The domain is the box of the manifolds, wider by this on all sides."""
CONFIDENT = 50.0
"""Difference of logits, in nats, that stands for the infinite one of a certain answer."""

SHARPNESSES = (0.5, 0.7, 1.0, 1.4, 2.0, 2.8, 4.0)
"""Powers to which the good solution's p(y|x) is raised; 1 is Bayes' rule."""

GOOD = "good solution"
MODES = ("repr. collapse", "clus. collapse", "perm. inv.", "cut across")


class Scene(NamedTuple):
    """Points x, their augmentations x', a grid over the domain, and log p(x, y) at all three."""

    inputs: Plane
    augmented: Plane
    grid: Plane
    joint: Logits
    joint_augmented: Logits
    joint_grid: Logits
    joint_samples: Logits
    """at fresh draws from the data's distribution, which is the good solution's own"""
    cell: Float[Tensor, ""]
    """area of one cell of the grid"""

    def to(self, device: torch.device) -> "Scene":
        return Scene(*(part.to(device) for part in self))


class Candidate(NamedTuple):
    """What a network would give: logits at x, at x' and on the grid."""

    plain: Logits
    augmented: Logits
    grid: Logits


def scene(name: PointsName, num: int, noise: float, augment: float, generator: Generator) -> Scene:
    """`num` points and as many fresh ones, augmented by Gaussian noise of standard deviation `augment`."""
    for argument, value in (("noise", noise), ("augment", augment)):
        if not 0 < value < math.inf:
            raise ValueError(f"{argument}={value} must be finite and positive")
    inputs = points.make(name, num, noise, generator).inputs.double()
    samples = points.make(name, num, noise, generator).inputs.double()
    augmented = inputs + augment * torch.randn(num, 2, generator=generator, dtype=torch.float64)
    grid, cell = _grid(name, noise)

    def joint(x: Plane) -> Logits:
        return torch.cat([manifolds.class_log_density(name, part, noise) for part in x.split(10_000)])

    return Scene(inputs, augmented, grid, joint(inputs), joint(augmented), joint(grid), joint(samples), cell)


def scene_of(
    config: FailureModesConfig, name: PointsName, seed: int, device: torch.device
) -> tuple[Scene, Generator]:
    """The points of a seed, and the generator for what is drawn next."""
    generator = Generator().manual_seed(seed)
    return scene(name, config.num, config.noise, config.augment, generator).to(device), generator


def _grid(name: PointsName, noise: float) -> tuple[Plane, Float[Tensor, ""]]:
    """Middles of cells half the noise wide, where the midpoint rule for a Gaussian is exact to rounding."""
    classes = points.NUM_CLASSES[name]
    labels = torch.arange(classes).repeat_interleave(1000)
    curves = points.on_manifold(name, labels, torch.linspace(0, 1, 1000).repeat(classes), classes).double()
    spread = MARGIN + (3 * points.STRETCH * noise if name == "anisotropic" else 0.0)
    low, high = curves.amin(dim=0) - spread, curves.amax(dim=0) + spread
    sides = []
    for start, end in zip(low.tolist(), high.tolist(), strict=True):
        cells = math.ceil((end - start) / (noise / 2))
        sides.append(start + (torch.arange(cells, dtype=torch.float64) + 0.5) * (end - start) / cells)
    cell = (sides[0][1] - sides[0][0]) * (sides[1][1] - sides[1][0])
    return torch.cartesian_prod(*sides), cell


def good(scene: Scene, sharpness: float = 1.0) -> Candidate:
    """Energy -log p(x), and p(y|x) proportional to Bayes' rule to the power of `sharpness`."""
    return Candidate(
        *(
            (sharpness * joint).log_softmax(dim=1) + joint.logsumexp(dim=1, keepdim=True)
            for joint in (scene.joint, scene.joint_augmented, scene.joint_grid)
        )
    )


def candidates(mode: str, scene: Scene, generator: Generator) -> list[Candidate]:
    """The family of the good solution or of a failure mode."""
    families = {
        GOOD: lambda scene: [good(scene, sharpness) for sharpness in SHARPNESSES],
        "repr. collapse": _constant_encoders,
        "clus. collapse": _one_cluster,
        "perm. inv.": lambda scene: _permuted(scene, generator),
        "cut across": _cuts,
    }
    return families[mode](scene)


def _constant_encoders(scene: Scene) -> list[Candidate]:
    """enc(x) = k: the same logits f(k) for all x, from even ones to a certain answer, shared by 1 to c - 1 clusters."""
    clusters = scene.joint.shape[1]
    heights = [*torch.linspace(0, 10, 41).tolist(), CONFIDENT]
    found = []
    for favoured in range(1, clusters):
        for height in heights:
            logits = scene.joint.new_zeros(clusters)
            logits[:favoured] = height
            found.append(Candidate(*(logits.expand(len(part), -1) for part in good(scene))))
    return found


def _one_cluster(scene: Scene) -> list[Candidate]:
    """p(y = 0 | x) = 1 for all x, with the energy of the good solution (Eq. 12)."""
    rest = scene.joint.new_full((scene.joint.shape[1],), -CONFIDENT)
    rest[0] = 0.0
    return [Candidate(*(part.logsumexp(dim=1, keepdim=True) + rest for part in good(scene)))]


def _permuted(scene: Scene, generator: Generator) -> list[Candidate]:
    """D^pi = {(x_i, t_pi(i), t'_i)} of the same network: x_i gets the logits of another point, x'_i keeps its own."""
    order = torch.randperm(len(scene.joint), generator=generator).to(scene.joint.device)
    return [good(scene)._replace(plain=good(scene).plain[order])]


def _cuts(scene: Scene) -> list[Candidate]:
    """Even clusters with straight borders, of any sharpness, in eight directions; the energy of the good solution.

    log p(y|x) is linear in u, the place of x along a direction: borders lie at its quantiles. Not in the paper's table:
    it is where training is caught in practice.
    """
    clusters = scene.joint.shape[1]
    names = torch.arange(clusters, dtype=torch.float64, device=scene.inputs.device)
    found = []
    for number in range(8):
        angle = number * math.pi / 8
        direction = scene.inputs.new_tensor([math.cos(angle), math.sin(angle)])
        borders = torch.quantile(scene.inputs @ direction, names[1:] / clusters)
        offsets = torch.cat([borders.new_zeros(1), borders.cumsum(0)])
        for sharpness in (10.0, 20.0, 50.0, 100.0, 200.0, 500.0, 1000.0):
            parts = []
            for x, joint in zip((scene.inputs, scene.augmented, scene.grid), good(scene), strict=True):
                scores = torch.outer(x @ direction, names) - offsets
                parts.append((sharpness * scores).log_softmax(dim=1) + joint.logsumexp(dim=1, keepdim=True))
            found.append(Candidate(*parts))
    return found
