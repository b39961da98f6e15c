"""`export RUN --out FILE`: a run's network for other programs, as ONNX or by torch.export."""

import argparse
from pathlib import Path

from gedi_nesy.cli.trained import only_one, read_trained
from gedi_nesy.errors import ConfigError
from gedi_nesy.models.exported import LARGEST_DIFFERENCE, Exported, export_onnx, export_torch

SUMMARY = "a run's network for other programs: ONNX, or torch.export"
WRITERS = {".onnx": export_onnx, ".pt2": export_torch}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The flags of the command."""
    parser.add_argument(
        "folder", type=Path, metavar="RUN", help="what `train --out` or `cluster --out` wrote"
    )
    parser.add_argument(
        "--out",
        required=True,
        type=Path,
        metavar="FILE",
        help="FILE.onnx (needs the extra `onnx`) or FILE.pt2 (torch.export)",
    )
    parser.add_argument("--network", metavar="NAME", help="which one, where the run has several")


def run(arguments: argparse.Namespace) -> int:
    """Write the file, read it again, and compare what both give for random inputs."""
    ending = arguments.out.suffix.lower()
    if ending not in WRITERS:
        raise ConfigError(f"--out {arguments.out}: a network is written as {' or '.join(WRITERS)}")
    name, network = only_one(read_trained(arguments.folder, arguments.network))
    exported = Exported(network.model, network.inverted)
    difference = WRITERS[ending](exported, arguments.out, network.symbols)
    shape = ", ".join(map(str, network.model.input_shape))
    points = "features, as its encoder gives them" if network.reads_features else "points as they come"
    what = "pixels in [0, 1]" if len(network.model.input_shape) == 3 else points
    print(f"input x: (batch, {shape}), float32, {what}")
    print(
        f"outputs: probabilities (batch, {len(network.symbols)}) of {', '.join(network.symbols)}; energy (batch)"
    )
    print(f"checked on random inputs: the largest difference from {name} is {difference:.2g}")
    print(f"written: {arguments.out}")
    if difference > LARGEST_DIFFERENCE:
        raise ConfigError(f"{arguments.out} differs from the network by {difference:.2g}: do not use it")
    return 0
