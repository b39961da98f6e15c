"""scikit-learn's 1,797 digits, 8x8 pixels of 17 grey values, scaled up to MNIST's size: floats, for that."""

from pathlib import Path

import numpy as np
import torch

from gedi_nesy.data.dataset import Source, Split, stratified_split
from gedi_nesy.extras import needs


def _read(root: Path) -> tuple[Split, Split]:
    with needs("data"):
        from sklearn.datasets import load_digits  # noqa: PLC0415 - a second to import

    bunch = load_digits()
    small = torch.from_numpy(np.asarray(bunch.images) / 16.0).float()[:, None]  # pyright: ignore[reportAttributeAccessIssue]
    images = torch.nn.functional.interpolate(small, size=(28, 28), mode="bilinear", align_corners=False)
    return stratified_split(images, torch.from_numpy(np.asarray(bunch.target)).long())  # pyright: ignore[reportAttributeAccessIssue]


SOURCE = Source("digits", "scikit-learn's digits, scaled up", (1, 28, 28), 10, _read, place="scikit-learn")
