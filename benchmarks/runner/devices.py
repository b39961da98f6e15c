"""Where a benchmark computes: the device that a flag names, and what it is."""

import os

import torch

from gedi_nesy.training import distributed


def device_of(name: str) -> torch.device:
    """`auto` is the GPU if there is one, of several ranks each its own. ValueError for a device this machine lacks."""
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    if name == "cuda" and distributed.size() > 1:
        name = f"cuda:{torch.cuda.current_device()}"
    try:
        device = torch.device(name)
    except RuntimeError as error:
        raise ValueError(f"--device {name}: {str(error).splitlines()[0]}") from error
    if device.type == "cuda" and not torch.cuda.is_available():
        raise ValueError(f"--device {name}: this machine has no CUDA device; use --device cpu or auto")
    return device


def described(device: torch.device) -> str:
    """`cuda NVIDIA ...`, `cpu (2 cores, 1 threads)`."""
    if device.type == "cuda":
        return f"{device} {torch.cuda.get_device_name(device)}"
    return f"{device} ({os.cpu_count()} cores, {torch.get_num_threads()} threads)"
