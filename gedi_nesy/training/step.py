"""The forward pass of a step: the network and the modules of its terms as one, on the images of all ranks."""

from collections.abc import Mapping

import torch
from jaxtyping import Float
from torch import Tensor, nn

from gedi_nesy.models.gedi import GEDI
from gedi_nesy.objectives.term import Pair
from gedi_nesy.training import distributed
from gedi_nesy.types import Inputs, Logits


class JointNetwork(nn.Module):
    """The network, and what the modules of the objective's terms make of its embeddings."""

    def __init__(self, model: GEDI, heads: Mapping[str, nn.Module]):
        super().__init__()
        self.model = model
        self.heads = nn.ModuleDict(heads)

    def forward(self, images: Inputs, paired: int) -> tuple[Logits, dict[str, Tensor]]:
        """Logits of all images, and for the first `paired`, which are x and x', the modules' rows."""
        if not self.heads:
            return self.model(images), {}
        embeddings = self.model.embed(images)
        found = {name: head(images[:paired], embeddings[:paired]) for name, head in self.heads.items()}
        return self.model.classify(embeddings), found


def forward(
    parallel: nn.Module,
    images: Inputs,
    augmented: Inputs,
    samples: Float[Tensor, "sample *shape"] | None,
    num_samples: int,
) -> tuple[Logits, Logits, Float[Tensor, "{num_samples} cluster"] | None, dict[str, Pair]]:
    """Logits of images, augmentations and samples, and the modules' outputs, in one joint forward pass.

    Each rank computes its share of the images, and all of the samples that it is given; it has the results of all.
    """
    num = len(images)
    mine = distributed.share(num)
    parts, sizes = [images[mine], augmented[mine]], [num, num]
    if samples is not None:
        parts.append(samples)
        sizes.append(num_samples)
    lengths = [len(part) for part in parts]
    logits, outputs = parallel(torch.cat(parts), sum(lengths[:2]))
    found = [distributed.gathered(*part) for part in zip(logits.split(lengths), sizes, strict=True)]
    pairs = {
        name: Pair(*(distributed.gathered(part, num) for part in rows.split(lengths[:2])))
        for name, rows in outputs.items()
    }
    return found[0], found[1], found[2] if samples is not None else None, pairs


@torch.no_grad()
def move_average(average: Float[Tensor, "*shape"], current: Float[Tensor, "*shape"], decay: float) -> None:
    """One step of an exponential average of weights, in place."""
    average.lerp_(current, 1.0 - decay)


def average_decay(ema: float, steps: int) -> float:
    """The decay of the average after `steps` steps: a young average forgets faster."""
    return min(ema, steps / (10 + steps))
