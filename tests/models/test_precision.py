"""`auto` is bfloat16 where the device says that it has instructions for it, and nowhere else."""

import contextlib

import pytest
import torch
from torch import nn

from gedi_nesy.models.encoders import ConvNet, ResNet8
from gedi_nesy.models.gedi import GEDI
from gedi_nesy.models.precision import CPU_INSTRUCTIONS, resolved

CPU = torch.device("cpu")


@pytest.mark.parametrize("name", CPU_INSTRUCTIONS)
def test_auto_asks_the_processor(monkeypatch, name):
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: {name: True})
    assert resolved("auto", CPU) == "bfloat16"
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: {name: False, "avx512_f": True})
    assert resolved("auto", CPU) == "float32"


def test_auto_asks_the_graphics_card_for_more_than_emulation(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda including_emulation: including_emulation)
    assert resolved("auto", torch.device("cuda")) == "float32"


@pytest.mark.parametrize("choice", ["float32", "bfloat16"])
def test_what_is_asked_for_is_taken_whatever_the_device(choice):
    assert [resolved(choice, torch.device(kind)) for kind in ("cpu", "meta")] == [choice] * 2
    assert resolved("auto", torch.device("meta")) == "float32"


@pytest.mark.parametrize("backbone", [ConvNet(1, 28, width=8), ResNet8(3, 8, width=4)])
def test_frozen_in_bfloat16_changes_no_gradient_and_leaves_all_as_it_was(backbone, generator):
    """`autocast` does the same casts in every pass."""
    model = GEDI(backbone, 5)
    model.precision = "bfloat16"
    x = torch.rand(4, *backbone.input_shape, generator=generator).requires_grad_(True)
    (right,) = torch.autograd.grad(model.energy(x).sum(), x)
    before = [(each, each.dtype, each.data_ptr(), each.requires_grad) for each in model.parameters()]
    products = [each for each in backbone.modules() if isinstance(each, nn.Conv2d | nn.Linear)]
    with contextlib.suppress(KeyboardInterrupt), model.frozen():
        assert {each.weight.dtype for each in products} == {torch.bfloat16}
        assert torch.equal(torch.autograd.grad(model.energy(x).sum(), x)[0], right)
        assert not any(each.requires_grad for each in model.parameters())
        raise KeyboardInterrupt
    for (each, *was), now in zip(before, model.parameters(), strict=True):
        assert each is now
        assert was == [now.dtype, now.data_ptr(), now.requires_grad]
