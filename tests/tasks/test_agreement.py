"""Agreement of clusterings, held against scikit-learn."""

import pytest
import torch
from sklearn.metrics import normalized_mutual_info_score

from gedi_nesy.tasks.agreement import mutual_information


@pytest.mark.parametrize("clusters", [2, 5])
def test_mutual_information_is_scikit_learns(generator, clusters):
    one = torch.randint(clusters, (300,), generator=generator)
    other = torch.where(
        torch.rand(300, generator=generator) < 0.3, torch.randint(3, (300,), generator=generator), one
    )
    expected = normalized_mutual_info_score(one.numpy(), other.numpy())
    assert mutual_information(one, other) == pytest.approx(expected, abs=1e-9)
    assert mutual_information(one, torch.flip(torch.arange(clusters), (0,))[one]) == pytest.approx(1.0)


def test_one_cluster_throughout_says_nothing():
    same = torch.zeros(10, dtype=torch.long)
    assert mutual_information(same, same) == 1.0
    assert mutual_information(same, torch.arange(10)) == pytest.approx(0.0, abs=1e-12)
