"""scikit-learn's interface: `GEDIClusterer` clusters points or images, and has an energy for each."""

from dataclasses import replace
from numbers import Integral
from typing import Any, cast

import numpy as np
import torch
from torch import Generator, Tensor

from gedi_nesy.cluster import (
    FEATURE_RESTARTS,
    FEATURE_STEPS,
    IMAGE_RESTARTS,
    IMAGE_STEPS,
    POINT_RESTARTS,
    POINT_STEPS,
    Assignments,
    ClusterConfig,
    Clustered,
    assign,
    cluster_features,
    cluster_images,
    cluster_points,
    clusters_first,
    white_background,
)
from gedi_nesy.data.checks import COLOURS
from gedi_nesy.data.pixels import num_at_once
from gedi_nesy.errors import ConfigError
from gedi_nesy.extras import needs
from gedi_nesy.features import encoders
from gedi_nesy.features.compute import backbone_of, features_by
from gedi_nesy.models.gedi import GEDI
from gedi_nesy.sampling.sgld import OF_IMAGES, OF_POINTS

with needs("metrics"):
    from sklearn.base import BaseEstimator, ClassNamePrefixFeaturesOutMixin, ClusterMixin, TransformerMixin
    from sklearn.utils import check_random_state
    from sklearn.utils.validation import check_is_fitted, validate_data

Shape = tuple[int, int, int]


class GEDIClusterer(ClassNamePrefixFeaturesOutMixin, TransformerMixin, ClusterMixin, BaseEstimator):
    """Clusters by a GEDI network, trained without labels on points, or on images by their augmentations.

    Parameters
    ----------
    n_clusters : number of clusters.
    steps : steps of training (default: 2,400 for images, 2,000 for points).
    n_init : random restarts, of which the best by the objective is kept (default: 1 for images, 3 for points).
    image_shape : (channels, height, width) where rows of X are flattened images. Arrays of shape (image, height,
        width), (image, channel, height, width) or (image, height, width, channel) are images in any case.
    features : name of a frozen encoder for photographs, such as "efficientnet-lite0" (trained on ImageNet's labels), or
        of a model of timm: its features are clustered, and are what `transform` gives. None: a network of one's own.
    weight_gen : weight of L_GEN for images; at 0 their energies are no measure of likelihood. For points it is on.
    random_state : seed or generator; an int gives the same result again.

    Attributes
    ----------
    labels_ : cluster of each training input.
    model_ : the trained `gedi_nesy.GEDI`; of images it expects dark backgrounds where `inverted_` is False, and their
        negative where it is True.
    image_shape_ : shape of an image, or None for points.
    n_features_in_ : numbers of an input, flattened.

    Pixels are 0 to 255, or 0 to 1 where no training pixel exceeds 1.
    """

    def __init__(
        self,
        n_clusters: Any = 8,
        *,
        steps: Any = None,
        n_init: Any = None,
        image_shape: Any = None,
        features: Any = None,
        weight_gen: Any = 0.0,
        random_state: Any = None,
    ):
        # scikit-learn asks that anything can be set, and that `fit` looks at it
        self.n_clusters = n_clusters
        self.steps = steps
        self.n_init = n_init
        self.image_shape = image_shape
        self.features = features
        self.weight_gen = weight_gen
        self.random_state = random_state

    def fit(self, X: Any, y: object = None) -> "GEDIClusterer":
        """Train on X, (input, feature) or shaped images; y is not looked at."""
        if not isinstance(self.n_clusters, Integral):
            raise ConfigError(f"n_clusters={self.n_clusters!r} must be a whole number")
        self.image_shape_ = _shape_of(X, self.image_shape)
        flat = self._rows(X, reset=True)
        self.inverted_, self.backbone_ = False, None
        if self.image_shape_ is None:
            if self.features is not None:
                raise ConfigError(f"features={self.features!r}: X holds points, and encoders read images")
            steps, restarts = POINT_STEPS, POINT_RESTARTS
        else:
            _check_pixels(flat, self.image_shape_)
            steps, restarts = IMAGE_STEPS, IMAGE_RESTARTS
            self.pixel_scale_ = 255.0 if flat.max() <= 1 else 1.0
            if self.features is None:
                self.inverted_ = white_background(self._inputs(flat))
            else:
                steps, restarts = FEATURE_STEPS, FEATURE_RESTARTS
                self.backbone_ = backbone_of(encoders.load(self.features), min(self.image_shape_[1:]))
        config = ClusterConfig(
            num_clusters=int(self.n_clusters),
            steps=steps if self.steps is None else self.steps,
            restarts=restarts if self.n_init is None else self.n_init,
            seed=int(check_random_state(self.random_state).randint(2**31 - 1)),
            weight_gen=self.weight_gen,
        )
        if self.image_shape_ is not None and self.backbone_ is None:
            config = clusters_first(config)
        inputs = self._inputs(flat)
        model: GEDI = self._train(inputs, config).model
        # in double precision an input's result does not depend on what else is in its batch
        self.model_ = model.double() if self.image_shape_ is None else model
        self._n_features_out = model.num_features
        self.labels_ = assign(self.model_, inputs).probabilities.argmax(dim=1).numpy()
        return self

    def _train(self, inputs: Tensor, config: ClusterConfig) -> Clustered:
        if self.backbone_ is not None:
            return cluster_features(inputs, config, self.backbone_)
        return (cluster_points if self.image_shape_ is None else cluster_images)(inputs, config)

    def predict(self, X: Any) -> np.ndarray:
        """The most probable cluster of each input."""
        return self._assigned(X).probabilities.argmax(dim=1).numpy()

    def predict_proba(self, X: Any) -> np.ndarray:
        """p(y|x), (input, cluster)."""
        return self._assigned(X).probabilities.numpy()

    def score_samples(self, X: Any) -> np.ndarray:
        """-E(x): log p(x) up to a constant that is the same for all inputs of a network, and unknown."""
        return -self._assigned(X).energies.numpy()

    def score(self, X: Any, y: object = None) -> float:
        """Mutual information of input and cluster in nats, H(mean p(y|x)) - mean H(p(y|x)): at most log n_clusters.

        It is high where clusters are used alike and predictions are sure; no label is needed.
        """
        probabilities = self._assigned(X).probabilities
        mean = torch.special.entr(probabilities.mean(dim=0)).sum()
        return float(mean - torch.special.entr(probabilities).sum(dim=1).mean())

    @torch.no_grad()
    def transform(self, X: Any) -> np.ndarray:
        """Embeddings enc(x), (input, feature)."""
        inputs = self._checked(X)
        return torch.cat([self.model_.embed(part) for part in inputs.split(num_at_once(inputs))]).numpy()

    def sample(self, n_samples: int = 1, steps: int = 200) -> np.ndarray:
        """New inputs by Langevin dynamics, in the units of the training inputs; images are shaped."""
        check_is_fitted(self)
        if n_samples < 1:
            raise ConfigError(f"n_samples={n_samples} must be at least 1")
        generator = Generator().manual_seed(int(check_random_state(self.random_state).randint(2**31 - 1)))
        if self.backbone_ is not None:
            raise ConfigError(f"features={self.features!r}: samples would be features, and no images")
        if self.image_shape_ is None:
            settings = replace(OF_POINTS, num_steps=steps)
            normal = torch.randn(
                n_samples, *self.model_.input_shape, generator=generator, dtype=torch.float64
            )
            start = self.model_.unstandardise(normal)
            return self.model_.sample(n_samples, generator, settings, start).numpy()
        settings = replace(OF_IMAGES, num_steps=steps)
        found = self.model_.sample(n_samples, generator, settings)
        return ((1 - found if self.inverted_ else found) * (255.0 / self.pixel_scale_)).numpy()

    def _rows(self, X: Any, reset: bool) -> np.ndarray:
        """A row of numbers an input, checked as scikit-learn checks it."""
        found = validate_data(
            self,
            _flat(X, self.image_shape_),
            reset=reset,
            dtype=np.float64,
            ensure_min_samples=2 if reset else 1,
        )
        return cast(np.ndarray, found)

    def _assigned(self, X: Any) -> Assignments:
        inputs = self._checked(X)
        return assign(self.model_, inputs)

    def _checked(self, X: Any) -> Tensor:
        check_is_fitted(self)
        return self._inputs(self._rows(X, reset=False))

    def _inputs(self, flat: np.ndarray) -> Tensor:
        """What the network takes: points as they are, images as bytes with a dark background, or their features."""
        if self.image_shape_ is None:
            return torch.from_numpy(flat if flat.flags.writeable else flat.copy())
        scaled = flat * self.pixel_scale_
        if scaled.min() < 0 or scaled.max() > 255:
            raise ConfigError(
                f"X: pixels from {flat.min():g} to {flat.max():g}, expected 0 to {255 / self.pixel_scale_:g}"
            )
        images = torch.from_numpy(np.rint(scaled).astype(np.uint8)).view(-1, *self.image_shape_)
        if self.backbone_ is not None:
            return features_by(self.backbone_, images).float()
        return 255 - images if self.inverted_ else images


def _shape_of(X: Any, image_shape: Shape | None) -> Shape | None:
    """That of an image; None if X is points."""
    shape = getattr(X, "shape", ())
    if image_shape is not None:
        channels, height, width = image_shape
    elif len(shape) == 3:
        channels, height, width = 1, *shape[1:]
    elif len(shape) == 4:
        channels, height, width = (shape[3], *shape[1:3]) if _channels_last(shape) else shape[1:]
    else:
        return None
    return channels, height, width


def _channels_last(shape: tuple[int, ...]) -> bool:
    return shape[3] in COLOURS and shape[1] not in COLOURS


def _flat(X: Any, image_shape: Shape | None) -> Any:
    """A row an input; X itself where it is not shaped."""
    if image_shape is None or len(getattr(X, "shape", ())) not in (3, 4):
        return X
    array = np.asarray(X)
    if array.ndim == 4 and _channels_last(array.shape):
        array = array.transpose(0, 3, 1, 2)
    return array.reshape(len(array), -1)


def _check_pixels(flat: np.ndarray, image_shape: Shape) -> None:
    if flat.shape[1] != np.prod(image_shape):
        raise ConfigError(
            f"image_shape={image_shape} is {np.prod(image_shape)} pixels, and X has {flat.shape[1]}"
        )
