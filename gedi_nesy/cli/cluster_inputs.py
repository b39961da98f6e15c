"""What `cluster`, `train` and `predict` are given: images, points, or features of photographs."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from jaxtyping import UInt8
from torch import Tensor

from gedi_nesy.cli.run_folder import RunFolder
from gedi_nesy.cluster import white_background
from gedi_nesy.data.arrays import read_collection
from gedi_nesy.data.dataset import Collection
from gedi_nesy.data.folder import listed, read_folder, read_headers
from gedi_nesy.errors import ConfigError, MissingPackageError
from gedi_nesy.features import encoders
from gedi_nesy.features.compute import Features, cache_folder, compute, encoder_of
from gedi_nesy.features.encoders import FrozenEncoder
from gedi_nesy.features.images import LazyImages, lazy_array, lazy_folder
from gedi_nesy.models.encoders import FrozenFeatures
from gedi_nesy.progress import progress

PHOTOGRAPH = 48
"""Pixels a side above which images in colour are taken for photographs, which a small network does not learn."""
NONE = "none"
"""Name of no encoder at all."""
ENCODERS = (
    f"{encoders.DEFAULT} (which has seen ImageNet's labels) or any model of timm by its name; {NONE}: never (default:"
    f" for images in colour of more than {PHOTOGRAPH} pixels, if it is installed)"
)
"""Which there are to choose from, as flags say it."""
SHOWN_SIDE = 64
"""Pixels a side of photographs in pictures and on the page."""


@dataclass(frozen=True)
class ClusterInputs:
    """Inputs as the network takes them, what each is called, and where they come from."""

    values: Tensor
    """images as bytes with a dark background; points in double precision; or features"""
    names: list[str]
    notes: list[str]
    left_out: tuple[tuple[str, str], ...]
    inverted: bool = False
    """whether images are shown to the network as negatives"""
    lazy: LazyImages | None = None
    """the images of which these are features"""
    numbers: Tensor | None = None
    """which of those"""
    backbone: FrozenFeatures | None = None
    """says how features were made"""

    @property
    def is_images(self) -> bool:
        """Whether the network itself reads images."""
        return self.values.ndim == 4

    @property
    def has_pictures(self) -> bool:
        """Whether there is something to look at."""
        return self.is_images or self.lazy is not None

    def __getitem__(self, index: int) -> UInt8[np.ndarray, "channel height width"]:
        """One of the images, as the person has it; photographs scaled down."""
        if self.lazy is None or self.numbers is None:
            return (255 - self.values[index] if self.inverted else self.values[index]).numpy()
        return self.lazy.decode(int(self.numbers[index]), SHOWN_SIDE).transpose(2, 0, 1)


def read_inputs(
    source: Path,
    features: str | None = None,
    size: tuple[int, int] | None = None,
    image_shape: tuple[int, int, int] | None = None,
    may_use_features: bool = True,
) -> ClusterInputs:
    """Inputs to train on, those with a white background as negatives; `read_as_they_are` says of what."""
    found = read_as_they_are(source, features, size, image_shape, may_use_features)
    if not found.is_images or not white_background(found.values):
        return found
    print("white background: images are inverted for the network, here and when it predicts")
    # in place, for there may be many: 255 - x of bytes
    return replace(found, values=found.values.bitwise_not_(), inverted=True)


def read_as_they_are(
    source: Path,
    features: str | None = None,
    size: tuple[int, int] | None = None,
    image_shape: tuple[int, int, int] | None = None,
    may_use_features: bool = True,
    say: Callable[[str], None] = print,
) -> ClusterInputs:
    """Images, points or features; `say` is told what there is to say of them.

    `features` is the name of a frozen encoder, "none", or None: then photographs get the default encoder if it is
    installed, unless `may_use_features` is False.
    """
    contents = read_headers(source) if source.is_dir() else None
    collection = None if contents else read_collection(source, size, image_shape=image_shape)
    if collection is not None and not collection.is_images:
        if features not in (None, NONE):
            raise ConfigError(f"--features {features}: {source} holds points, and encoders read images")
        return _of_collection(collection, say)
    lazy = lazy_array(collection) if collection else lazy_folder(source, contents)
    if features is None and may_use_features and size is None and lazy.side > PHOTOGRAPH and lazy.in_colour():
        encoder = _default_encoder(say)
    else:
        encoder = encoders.load(features) if features not in (None, NONE) else None
    if encoder is not None:
        return features_of(lazy, encoder, encoder.side_for(lazy.side), say)
    return _of_collection(collection or read_folder(source, size, contents=contents), say)


def read_further(source: Path, run: RunFolder, say: Callable[[str], None] = print) -> ClusterInputs:
    """Further inputs for a network that is there, as those were that it was trained on; `say` is told of them."""
    backbone, shape = run.model.backbone, run.model.input_shape
    if isinstance(backbone, FrozenFeatures):
        return further_features(source, backbone, say)
    if len(shape) == 3:
        channels, height, width = shape
        collection = read_collection(source, (height, width), channels, (channels, height, width))
    else:
        collection = read_collection(source)
    found = _of_collection(collection, say)
    if not run.settings["inverted"]:
        return found
    return replace(found, values=found.values.bitwise_not_(), inverted=True)


def further_features(
    source: Path, backbone: FrozenFeatures, say: Callable[[str], None] = print
) -> ClusterInputs:
    """Features of further images, as those were made that a network was trained on."""
    encoder = encoder_of(backbone)
    lazy = lazy_folder(source) if source.is_dir() else lazy_array(_images(source))
    return features_of(lazy, encoder, backbone.config["side"], say)


def features_of(
    lazy: LazyImages, encoder: FrozenEncoder, side: int, say: Callable[[str], None] = print
) -> ClusterInputs:
    """Features of images, from the cache or computed now, with progress; says which encoder, and what it has seen."""
    notes = [*lazy.notes, f"features: {encoder.about}; images are shown to it at {side}x{side}"]
    for note in notes:
        say(note)
    cache = cache_folder()
    words = f"images encoded by {encoder.name}"
    with progress(len(lazy.names)) as on_progress:
        found: Features = compute(lazy, encoder, side, lambda done: on_progress(done, words), cache)
    unreadable = [(lazy.names[number], reason) for number, reason in sorted(found.failed.items())]
    if unreadable:
        shown = listed(f"{name} ({reason})" for name, reason in unreadable)
        notes.append(f"{len(unreadable):,} files that cannot be decoded left out: {shown}")
        say(notes[-1])
    return ClusterInputs(
        values=found.values,
        names=[lazy.names[number] for number in found.numbers.tolist()],
        notes=notes,
        left_out=tuple(sorted([*lazy.left_out, *unreadable])),
        lazy=lazy,
        numbers=found.numbers,
        backbone=FrozenFeatures(encoder.num_features, encoder.name, encoder.fingerprint, side),
    )


def _default_encoder(say: Callable[[str], None]) -> FrozenEncoder | None:
    """That of photographs; None, and said, where it is not installed."""
    try:
        return encoders.load()
    except MissingPackageError as error:
        say(f"photographs: a frozen encoder would tell more of them apart than a small network can: {error}")
        return None


def _of_collection(collection: Collection, say: Callable[[str], None]) -> ClusterInputs:
    for note in collection.notes:
        say(note)
    return ClusterInputs(collection.inputs, collection.names, collection.notes, collection.left_out)


def _images(source: Path) -> Collection:
    collection = read_collection(source)
    if not collection.is_images:
        raise ConfigError(f"{source} holds points, and the run was trained on features of images")
    return collection
