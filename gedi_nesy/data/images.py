"""Image data sets by name, with a fixed split; nothing is downloaded."""

from pathlib import Path
from typing import TYPE_CHECKING, Literal

from gedi_nesy.data.checks import check_images
from gedi_nesy.data.dataset import DataError, Dataset, Source, Split
from gedi_nesy.data.image_sets import SOURCES

if TYPE_CHECKING:
    DatasetName = str
else:
    DatasetName = Literal[tuple(SOURCES)]
"""The choices of `--dataset`: the files in `image_sets`."""

CHOICES = "; ".join(
    f"{source.name}: {source.title}" + (", from --data-root" if source.fetch else f" ({source.place})")
    for source in SOURCES.values()
)
"""The help of `--dataset`."""

PLACES = ", ".join(dict.fromkeys(source.place for source in SOURCES.values() if source.fetch))
"""The help of `--data-root`."""


def load(name: str, root: Path | None = None) -> Dataset:
    """A data set by name; DataError says what is missing, and the command that fetches it.

    Those that come with a package need no `root`; the files of the others are read from there.
    """
    if name not in SOURCES:
        raise DataError(f"dataset={name!r} is not one of {', '.join(SOURCES)}")
    source = SOURCES[name]
    if source.fetch is None:
        return _checked(source, *source.read(Path()))
    if root is None:
        raise DataError(f"--dataset {name} needs --data-root DIR, the folder that holds {source.place}")
    fetch = source.fetch.replace("ROOT", str(root))
    try:
        return _checked(source, *source.read(root))
    except FileNotFoundError as error:
        raise DataError(
            f"{error.filename} is missing: no {source.title} here; fetch it with: {fetch}"
        ) from error
    except OSError as error:
        raise DataError(f"{error.filename or root}: {error.strerror}; {source.title} is not read") from error
    except DataError as error:
        raise DataError(f"{error}; fetch it again with: {fetch}") from error


def _checked(source: Source, train: Split, test: Split) -> Dataset:
    """The data set, if its parts are what the source says."""
    for part, (images, labels) in (("training", train), ("test", test)):
        about = f"{source.title}, {part} part: damaged"
        if len(images) != len(labels) or len(images) == 0:
            raise DataError(f"{about} ({len(images)} images and {len(labels)} labels)")
        if tuple(images.shape[1:]) != source.image_shape:
            raise DataError(f"{about} (images of {tuple(images.shape[1:])}, they are {source.image_shape})")
        if not 0 <= labels.min() <= labels.max() < source.num_classes:
            raise DataError(
                f"{about} (labels {labels.min()} to {labels.max()}, they are 0 to {source.num_classes - 1})"
            )
        check_images(images, source.name)
    return Dataset(source.name, train, test, source.num_classes)
