"""The search for names against all permutations."""

from itertools import permutations

import torch

from gedi_nesy.training.permutation.search import best_permutations, neighbours


def test_the_best_of_all_permutations_is_found():
    found = 0
    for seed in range(20):
        generator = torch.Generator().manual_seed(seed)
        # a quadratic assignment, like names scored by a rule on pairs of images
        flow, cost = torch.rand(2, 5, 5, generator=generator)

        def score(candidates: torch.Tensor, flow=flow, cost=cost) -> torch.Tensor:
            return torch.stack([-(flow * cost[p][:, p]).sum() for p in candidates])

        found_one = best_permutations(generator, score, clusters=[5])
        everything = score(torch.tensor(list(permutations(range(5)))))
        assert found_one.score <= everything.max().item() + 1e-6
        assert found_one.score >= found_one.before
        assert score(found_one.permutations[0][None]).item() == found_one.score
        found += found_one.score >= everything.max().item() - 1e-6
    # ascent from nine starting points is no proof; one in ten may stop at a lower peak
    assert found >= 18


def test_names_are_better_only_by_more_than_the_margin(generator):
    def score(candidates: torch.Tensor) -> torch.Tensor:
        return 0.1 * (candidates == torch.tensor([1, 0, 2])).all(dim=1)

    assert best_permutations(generator, score, clusters=[3], margin=0.05).better
    assert not best_permutations(generator, score, clusters=[3], margin=0.2).better


def test_neighbours_are_swaps_and_moves():
    found = {tuple(p) for p in neighbours(torch.tensor([0, 1, 2, 3])).tolist()}
    assert (1, 0, 2, 3) in found
    assert (1, 2, 3, 0) in found
    assert (3, 0, 1, 2) in found
    assert (0, 1, 2, 3) not in found
    assert all(sorted(p) == [0, 1, 2, 3] for p in found)


def test_several_networks_are_permuted_as_well_as_by_all_products():
    """Two networks of 4 and 3 clusters, whose queries read both: against all 144 products."""
    found = 0
    for seed in range(20):
        generator = torch.Generator().manual_seed(seed)
        joint = torch.rand(4, 3, generator=generator)
        cost = torch.rand(4, 3, generator=generator)

        def score(*candidates: torch.Tensor, joint=joint, cost=cost) -> torch.Tensor:
            first, second = candidates
            size = max(len(first), len(second))
            first, second = first.expand(size, -1), second.expand(size, -1)
            return -(joint[first[:, :, None], second[:, None, :]] * cost).sum(dim=(1, 2))

        best = best_permutations(generator, score, clusters=[4, 3])
        everything = [
            score(torch.tensor([p]), torch.tensor([q])).item()
            for p in permutations(range(4))
            for q in permutations(range(3))
        ]
        assert score(*(each[None] for each in best.permutations)).item() == best.score
        assert best.before <= best.score <= max(everything) + 1e-6
        found += best.score >= max(everything) - 1e-6
    assert found >= 18
