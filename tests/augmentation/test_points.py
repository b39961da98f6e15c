import pytest
import torch

from gedi_nesy.augmentation.points import jitter


def test_jitter_has_its_standard_deviation(generator):
    noise = jitter(generator, torch.zeros(10000, 2), std=0.03)
    assert noise.std().item() == pytest.approx(0.03, rel=0.03)
