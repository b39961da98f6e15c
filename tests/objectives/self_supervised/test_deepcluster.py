"""k-means against scikit-learn on clear clusters; the loss against torch's; the memory and when it is clustered."""

import pytest
import torch
import torch.nn.functional as F
from sklearn.cluster import KMeans

from gedi_nesy.models.encoders import ConvNet
from gedi_nesy.models.gedi import GEDI
from gedi_nesy.objectives.self_supervised.deepcluster import (
    MEMORY,
    ClusteredMemory,
    loss_deepcluster,
    spherical_k_means,
)
from gedi_nesy.objectives.self_supervised.heads import NUM_PROJECTED, NUM_PROTOTYPES
from gedi_nesy.objectives.term import Pair


def bundles(generator: torch.Generator, dim: int = 5) -> torch.Tensor:
    """Thirty directions each near three axes."""
    rows = torch.eye(3, dim).repeat(30, 1) + 0.1 * torch.randn(90, dim, generator=generator)
    return F.normalize(rows, dim=1)


def test_k_means_is_scikit_learns_on_clear_clusters(generator):
    rows = bundles(generator)
    found = spherical_k_means(rows, rows[:3])
    theirs = KMeans(3, init=rows[:3].numpy(), n_init=1).fit(rows.numpy())
    expected = F.normalize(torch.from_numpy(theirs.cluster_centers_), dim=1)
    torch.testing.assert_close(found, expected.float(), atol=1e-4, rtol=0)
    assert (rows @ found.T).argmax(dim=1).tolist() == theirs.labels_.tolist()


def test_a_centroid_without_rows_moves_to_where_it_is_needed(generator):
    rows = bundles(generator)
    away = torch.stack([rows[0], rows[1], -rows[:3].sum(dim=0)])
    labels = (rows @ spherical_k_means(rows, away).T).argmax(dim=1)
    assert len(set(labels.tolist())) == 3
    assert torch.equal(labels[:-3], labels[3:])


def test_the_loss_is_the_cross_entropy_with_the_other_views_label(generator):
    scores, other = torch.randn(2, 7, 4, generator=generator, requires_grad=True)
    expected = F.cross_entropy(scores / 0.2, other.argmax(dim=1))
    loss = loss_deepcluster(scores, other, 0.2)
    assert loss.item() == pytest.approx(expected.item())
    assert torch.autograd.grad(loss, other, allow_unused=True) == (None,)


def test_several_models_are_each_alone(generator):
    scores, other = torch.randn(2, 3, 5, 4, generator=generator)
    alone = torch.stack([loss_deepcluster(*pair) for pair in zip(scores, other, strict=True)])
    torch.testing.assert_close(loss_deepcluster(scores, other), alone)


def test_the_memory_has_the_last_rows_and_is_clustered_each_time_that_all_were_replaced(generator):
    with torch.random.fork_rng():
        torch.manual_seed(0)
        network = GEDI(ConvNet(image_size=8, width=8, num_features=6), 3)
        module = ClusteredMemory(network)
    batch, changes = MEMORY * 3 // 8, []
    for step in range(6):
        projected = F.normalize(torch.randn(batch, NUM_PROJECTED, generator=generator), dim=1)
        rows = torch.cat([torch.zeros(batch, NUM_PROTOTYPES), projected], dim=1)
        before = module.centroids.clone()
        module.after_step(network, Pair(rows, rows))
        slots = (step * batch + torch.arange(batch)) % MEMORY
        assert torch.equal(module.memory[slots], projected)
        changes.append(not torch.equal(module.centroids, before))
    assert changes == [False, False, True, False, False, True]
    torch.testing.assert_close(module.centroids.norm(dim=1), torch.ones(NUM_PROTOTYPES))
