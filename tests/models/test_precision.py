"""`auto` is bfloat16 where the device says that it has instructions for it, and nowhere else."""

import pytest
import torch

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
