"""`sample RUN --num N --out DIR|FILE.png`: images that a run's network finds likely, by Langevin dynamics."""

import argparse
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Generator, Tensor

from gedi_nesy.cli.run_folder import prepared
from gedi_nesy.cli.task_runs.tables import write_rows
from gedi_nesy.cli.trained import Trained, only_one, read_trained
from gedi_nesy.errors import ConfigError
from gedi_nesy.sampling.sgld import OF_IMAGES, OF_POINTS

SUMMARY = "samples of a run's network: images, or points, that it finds likely"
STEPS = 200


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The flags of the command."""
    parser.add_argument(
        "folder", type=Path, metavar="RUN", help="what `train --out` or `cluster --out` wrote"
    )
    parser.add_argument("--num", type=int, default=64, metavar="N", help="how many (default: 64)")
    parser.add_argument(
        "--out",
        required=True,
        type=Path,
        metavar="DIR|FILE.png",
        help="a picture of all of them, or a folder with a file each; of points a table, FILE.csv",
    )
    parser.add_argument(
        "--steps", type=int, default=STEPS, help=f"Langevin steps of a chain (default: {STEPS})"
    )
    parser.add_argument("--seed", type=int, default=0, help="of starts and noise (default: 0)")
    parser.add_argument("--network", metavar="NAME", help="which one, where the run has several")


def run(arguments: argparse.Namespace) -> int:
    """Move the chains, and write where they end."""
    if arguments.num < 1:
        raise ConfigError(f"--num {arguments.num} must be at least 1")
    if arguments.steps < 1:
        raise ConfigError(f"--steps {arguments.steps} must be at least 1")
    name, network = only_one(read_trained(arguments.folder, arguments.network))
    if network.reads_features:
        raise ConfigError(
            f"{arguments.folder}: its network reads features of photographs, and has no images to give"
        )
    are_images = len(network.model.input_shape) == 3
    ending = arguments.out.suffix.lower()
    if ending and ending != (".png" if are_images else ".csv"):
        raise ConfigError(f"--out {arguments.out}: samples are written as {'.png' if are_images else '.csv'}")
    if not ending and not are_images:
        raise ConfigError(f"--out {arguments.out}: samples of points are a table, FILE.csv")
    if not ending and arguments.out.is_dir() and any(arguments.out.iterdir()):
        raise ConfigError(f"--out {arguments.out}: the folder is not empty; choose another")
    if not network.energy_learned:
        print(
            f"{name} was trained without L_GEN: its energy says nothing of how likely an image is, and nor do these"
        )
    samples = draw(network, arguments.num, arguments.steps, arguments.seed)
    if are_images:
        _write_images(prepared(_as_bytes(samples), network.inverted), arguments.out)
    else:
        rows = [[f"{value:.8g}" for value in point] for point in samples.tolist()]
        write_rows(arguments.out, [f"x{column}" for column in range(samples.shape[1])], rows)
    print(
        f"written: {arguments.out}, {arguments.num:,} samples after {arguments.steps:,} Langevin steps each"
    )
    return 0


def draw(network: Trained, num: int, steps: int, seed: int) -> Tensor:
    """Where chains end: begun and moved as L_GEN's sampler does it."""
    generator = Generator().manual_seed(seed)
    model = network.model
    if len(model.input_shape) == 1:
        normal = torch.randn(num, *model.input_shape, generator=generator, dtype=torch.float64)
        config = replace(OF_POINTS, num_steps=steps)
        return model.sample(num, generator, config, None if model.start_rank else model.unstandardise(normal))
    return model.sample(num, generator, replace(OF_IMAGES, num_steps=steps))


def _as_bytes(samples: Tensor) -> Tensor:
    return (255 * samples).round().clamp(0, 255).to(torch.uint8)


def _write_images(images: Tensor, out: Path) -> None:
    """One file with a grid, or a folder of files; channels last, as Pillow has them."""
    pixels = images.permute(0, 2, 3, 1).numpy()
    if pixels.shape[3] == 1:
        pixels = pixels[..., 0]
    out.parent.mkdir(parents=True, exist_ok=True)
    if out.suffix:
        Image.fromarray(_grid(pixels)).save(out)
        return
    out.mkdir(exist_ok=True)
    width = len(str(len(pixels) - 1))
    for number, each in enumerate(pixels):
        Image.fromarray(each).save(out / f"{number:0{width}d}.png")


def _grid(pixels: np.ndarray) -> np.ndarray:
    """As square as it can be, with a line of white between the images."""
    columns = math.ceil(math.sqrt(len(pixels)))
    rows = math.ceil(len(pixels) / columns)
    height, width = pixels.shape[1] + 1, pixels.shape[2] + 1
    grid = np.full((rows * height - 1, columns * width - 1, *pixels.shape[3:]), 255, dtype=np.uint8)
    for number, each in enumerate(pixels):
        top, left = number // columns * height, number % columns * width
        grid[top : top + height - 1, left : left + width - 1] = each
    return grid
