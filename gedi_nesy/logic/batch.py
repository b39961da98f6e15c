"""Checks on the tensors of one batch, and the one call per network that reads them."""

import math
from collections.abc import Mapping, Sequence
from typing import NoReturn

import torch
from jaxtyping import Float
from torch import Tensor

from gedi_nesy.logic.errors import ProgramError, did_you_mean
from gedi_nesy.logic.grounding.slots import Slot
from gedi_nesy.logic.language.neural import Network, call_network, size_mismatch


def check_names(given: Mapping[str, object], expected: Sequence[str]) -> None:
    """Exactly the expected keyword arguments are given."""
    for name in given:
        if name not in expected:
            raise ProgramError(
                f"the query has no image or answer named '{name}'{did_you_mean(name, expected)}"
            )
    for name in expected:
        if name not in given:
            raise ProgramError(f"the tensor for '{name}' is missing; this query takes {', '.join(expected)}")


def check_tensors(given: Mapping[str, object]) -> dict[str, Tensor]:
    """Floating tensors of one dtype and batch size, without NaN."""
    tensors: dict[str, Tensor] = {}
    for name, tensor in given.items():
        if not isinstance(tensor, Tensor):
            convert = f": torch.from_numpy({name})" if type(tensor).__module__ == "numpy" else ""
            raise ProgramError(f"'{name}' must be a torch tensor, not {type(tensor).__name__}{convert}")
        tensors[name] = tensor
    first = next(iter(tensors), "")
    for name, tensor in tensors.items():
        if not tensor.is_floating_point():
            raise ProgramError(
                f"'{name}' has dtype {tensor.dtype}; expected a floating dtype such as torch.float32"
                + (f": {name} / 255" if tensor.dtype == torch.uint8 else f": {name}.float()")
            )
        if tensor.ndim < 2:
            raise ProgramError(f"'{name}' has shape {tuple(tensor.shape)}; expected (batch, ...)")
        if tensor.dtype != tensors[first].dtype:
            raise ProgramError(f"'{name}' has dtype {tensor.dtype} but '{first}' has {tensors[first].dtype}")
        if len(tensor) != len(tensors[first]):
            raise ProgramError(
                f"'{name}' has a batch of {len(tensor)} but '{first}' has {len(tensors[first])}"
            )
        if tensor.isnan().any():
            row = int(tensor.isnan().flatten(1).any(dim=1).nonzero()[0])
            raise ProgramError(f"'{name}' contains NaN, first in row {row} of the batch")
    return tensors


Reading = tuple[Sequence[Slot], Mapping[str, Tensor]]
"""The slots of one query, and the images of one batch of it."""


def read_images(
    readings: Sequence[Reading], networks: Mapping[str, Network]
) -> list[list[Float[Tensor, "_ _"]]]:
    """Every slot's log-probabilities, for several queries; each network is called once, on all the images
    it reads.
    """
    outputs: list[list[Tensor]] = [[torch.empty(0)] * len(slots) for slots, _ in readings]
    places = [(r, s, slot) for r, (slots, _) in enumerate(readings) for s, slot in enumerate(slots)]
    for name in dict.fromkeys(slot.network for *_, slot in places):
        reading = [
            (r, s, [readings[r][1][image] for image in slot.images])
            for r, s, slot in places
            if slot.network == name
        ]
        names = [slot.images for *_, slot in places if slot.network == name]
        inputs = []
        for position in range(len(names[0])):
            parts = [images[position] for *_, images in reading]
            _check_same_shape([images[position] for images in names], parts)
            inputs.append(torch.cat(parts))
        asking = next(slot for *_, slot in places if slot.network == name)
        joint = call_network(networks[name], name, asking.predicate, inputs)
        sizes = [len(images[0]) for *_, images in reading]
        if joint.ndim != 2 or len(joint) != sum(sizes):
            raise ProgramError(
                f"network '{name}' returned shape {tuple(joint.shape)} for {sum(sizes)} images;"
                f" expected ({sum(sizes)}, outputs)"
            )
        for (r, s, _), part in zip(reading, joint.split(sizes), strict=True):
            outputs[r][s] = part
    for (slots, _), found in zip(readings, outputs, strict=True):
        check_outputs(slots, found)
    return outputs


def _check_same_shape(names: Sequence[str], tensors: Sequence[Tensor]) -> None:
    for name, tensor in zip(names, tensors, strict=True):
        if tensor.shape[1:] != tensors[0].shape[1:]:
            raise ProgramError(
                f"'{name}' has images of shape {tuple(tensor.shape[1:])} but '{names[0]}',"
                f" read by the same network, has {tuple(tensors[0].shape[1:])}"
            )


def check_outputs(slots: Sequence[Slot], outputs: Sequence[Tensor]) -> None:
    """Each slot's domain has one value per network output, and the outputs are a distribution."""
    for slot, tensor in zip(slots, outputs, strict=True):
        found = tensor.shape[1]
        if found != len(slot.domain) if slot.domain else found > 2:
            raise ProgramError(size_mismatch(slot.predicate, slot.domain, slot.network, found))
    check_distributions(slots, outputs)


def check_distributions(slots: Sequence[Slot], outputs: Sequence[Tensor]) -> None:
    """Log-probabilities whose exponentials sum to 1, within the rounding of their dtype; to at most 1 for a
    fact's single output. Outputs of one width are looked at together.
    """
    alike: dict[tuple[int, torch.dtype], list[int]] = {}
    for index, tensor in enumerate(outputs):
        alike.setdefault((tensor.shape[1], tensor.dtype), []).append(index)
    for (width, dtype), members in alike.items():
        together = outputs[members[0]] if len(members) == 1 else torch.cat([outputs[i] for i in members])
        precise = together.detach().to(torch.promote_types(dtype, torch.float32))
        excess = precise.exp().sum(dim=1) - 1
        if width == 1 and not any(slots[i].domain for i in members):
            excess = excess.clamp(min=0)
        # Rounding moves a log-probability by half an eps of itself, and the sum by at most that of the entropy;
        # probabilities have had `tiny` added, one by one.
        limits = torch.finfo(dtype)
        if not (excess.abs() <= 1e-2 + limits.eps * (2 + math.log(width)) + limits.tiny * width).all():
            _refuse_outputs([(slots[i], outputs[i]) for i in members], excess)


def _refuse_outputs(pairs: Sequence[tuple[Slot, Tensor]], excess: Tensor) -> NoReturn:
    """Name the first of the worst rows; NaN is worse than anything."""
    row = int(excess.abs().nan_to_num(nan=math.inf, posinf=math.inf).argmax())
    place = 0
    while row >= len(pairs[place][1]):
        row -= len(pairs[place][1])
        place += 1
    slot, values = pairs[place][0], pairs[place][1].detach()[row]
    total = (
        "NaN"
        if values.isnan().any()
        else f"probabilities that sum to {float(values.double().exp().sum()):.4g}"
    )
    raise ProgramError(
        f"network '{slot.network}', asked for by {slot.predicate} with {', '.join(slot.images)}, returned {total}"
        f" in row {row} of the batch; expected a distribution"
    )


def select_log_probs(slots: Sequence[Slot], given: Mapping[str, object]) -> list[Float[Tensor, "batch _"]]:
    """Log-probabilities given by the caller, in the order of the slots.

    An image read by one network has a tensor; one read by several has a dict by network; a network that
    reads several images at once is named after them, joined by underscores.
    """
    selected: dict[str, object] = {}
    for slot in slots:
        key = "_".join(slot.images)
        value = given[key]
        if isinstance(value, Mapping):
            check_names(value, [other.network for other in slots if other.images == slot.images])
            value = value[slot.network]
        elif sum(other.images == slot.images for other in slots) > 1:
            raise ProgramError(f"'{key}' is read by several networks; give a dict of tensors by network name")
        selected[f"{key} ({slot.network})"] = value
    outputs = list(check_tensors(selected).values())
    check_outputs(slots, outputs)
    return outputs
