"""CIFAR-100: 50,000 and 10,000 colour photographs of a hundred classes, 32x32, in its binary version, as CIFAR-10."""

from functools import partial
from pathlib import Path

from gedi_nesy.data.dataset import Source, Split
from gedi_nesy.data.image_sets.cifar10 import SHAPE, read_records

FOLDER = "cifar-100-binary"
CLASS_BYTES = 2
"""One of the 20 superclasses, then one of the 100 classes, which is what counts."""


def _read(root: Path) -> tuple[Split, Split]:
    part = partial(read_records, class_bytes=CLASS_BYTES)
    return part([root / FOLDER / "train.bin"]), part([root / FOLDER / "test.bin"])


SOURCE = Source(
    "cifar100",
    "CIFAR-100",
    image_shape=SHAPE,
    num_classes=100,
    read=_read,
    place=FOLDER,
    fetch='python -c "from torchvision.datasets.utils import download_and_extract_archive as fetch; '
    "fetch('https://www.cs.toronto.edu/~kriz/cifar-100-binary.tar.gz', 'ROOT')\"",
)
