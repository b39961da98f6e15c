"""Where a benchmark computes: the device that a flag names, and what it is."""

import os

import torch

from benchmarks.runner import memory
from gedi_nesy.errors import ConfigError
from gedi_nesy.training import distributed


def device_of(name: str) -> torch.device:
    """`auto` is the GPU if there is one, of several ranks each its own. ConfigError for a device this machine lacks."""
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    if name == "cuda" and distributed.size() > 1 and torch.cuda.is_available():
        name = f"cuda:{torch.cuda.current_device()}"
    try:
        device = torch.device(name)
    except RuntimeError as error:
        raise ConfigError(f"--device {name}: no such kind of device; known: auto, {_known()}") from error
    present = _present(device.type)
    if present is None:
        raise ConfigError(f"--device {name}: not a device to train on; known: auto, {_known()}")
    if not present:
        kind = device.type.upper() if device.type != "cuda" else "CUDA"
        raise ConfigError(f"--device {name}: this machine has no {kind} device; use --device cpu or auto")
    if device.index is not None and device.index >= present:
        last = f", the last is {device.type}:{present - 1}"
        raise ConfigError(f"--device {name}: this machine has {present} {device.type}{last}")
    return device


def _known() -> str:
    return "cpu, cuda, cuda:1, ..., mps, xpu"


def _present(kind: str) -> int | None:
    """How many devices of a kind this machine has; None for a kind that nothing here trains on."""
    match kind:
        case "cpu":
            return 1
        case "cuda":
            return torch.cuda.device_count() if torch.cuda.is_available() else 0
        case "mps":
            return int(torch.backends.mps.is_available())
        case "xpu":
            return torch.xpu.device_count() if torch.xpu.is_available() else 0
    return None


def of_worker(device: torch.device, number: int) -> torch.device:
    """The device of the `number`-th job: where no GPU was named, jobs take turns with all of them."""
    if device.type != "cuda" or device.index is not None:
        return device
    return torch.device("cuda", number % torch.cuda.device_count())


def described(device: torch.device) -> str:
    """`cuda NVIDIA ...`, `cpu (2 cores, 1 threads)`."""
    if device.type == "cuda":
        return f"{device} {torch.cuda.get_device_name(device)}"
    return f"{device} ({os.cpu_count()} cores, {torch.get_num_threads()} threads)"


def forget_peak(device: torch.device) -> bool:
    """From now on `peak_memory` is that of what comes; False where this cannot be had."""
    if device.type == "cuda":
        torch.cuda.reset_peak_memory_stats(device)
        return True
    return memory.forget_peak()


def peak_memory(device: torch.device) -> int:
    """Bytes: of a GPU, what tensors took; else of the process, with Python and its libraries."""
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated(device)
    return memory.peak_and_resident()[0]
