"""What a learner holds of each network: the model and its average, its Langevin chains, and what is usual for it."""

import copy
from collections.abc import Mapping
from functools import partial
from typing import NamedTuple

import torch
from jaxtyping import Float, Int
from torch import Generator, Tensor, nn

from gedi_nesy.augmentation import warp as augmentation
from gedi_nesy.data.pixels import to_float
from gedi_nesy.data.queries import Shown
from gedi_nesy.models.gedi import GEDI
from gedi_nesy.objectives import table
from gedi_nesy.objectives.table import Objective
from gedi_nesy.objectives.term import Pair
from gedi_nesy.sampling import replay
from gedi_nesy.sampling import sgld as langevin
from gedi_nesy.training import distributed
from gedi_nesy.training import divergence as guard
from gedi_nesy.training.config import StepConfig
from gedi_nesy.training.divergence import GuardState
from gedi_nesy.types import Inputs, Logits, Permutation


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


class Looked(NamedTuple):
    """Logits of images, of their augmentations and of samples, and what the modules of terms gave."""

    plain: Logits
    augmented: Logits
    samples: Float[Tensor, "sample cluster"] | None
    outputs: Mapping[str, Pair]


class NetworkLearner:
    """One network of a learner: what of it training changes, but for the optimizer's moments."""

    def __init__(
        self,
        model: GEDI,
        shown: Shown,
        train_indices: Int[Tensor, " image"],
        config: StepConfig,
        generator: Generator,
        heads: Mapping[str, nn.Module],
        chains: Tensor | None = None,
    ):
        """`chains` are this rank's, if it has some already; without them, they are initialised."""
        self.model = model
        self.network = JointNetwork(model, heads)
        """the model and the modules of the objective's terms, which `table.modules` makes"""
        self.parallel = distributed.parallel(self.network)
        """the same network, whose gradients are those of all ranks"""
        assert config.precision != "auto", "the learner has chosen"
        for part in self.network.modules():
            if isinstance(part, GEDI):  # the model itself, and teachers that terms made of it
                part.precision = config.precision
        self.average = copy.deepcopy(model).requires_grad_(False)
        # also where the model is a copy of one that trains in bfloat16
        self.average.precision = "float32"
        if config.compile:
            model.compile()
            if heads:
                self.network.compile()
        if chains is None:
            # a stage without L_GEN has one chain, which no rank moves
            chains = model.start(generator, config.buffer_size)[distributed.part(config.buffer_size)]
        self.replay = replay.init(chains)
        self.shown = shown
        self.train_indices = train_indices
        self.config = config
        self.sgld = shown.sgld or config.sgld
        self.guard = GuardState()
        self.out_of_range: Tensor | None = None
        """share of the chains last moved that are saturated or have left the data"""
        self._extent = guard.extent(to_float(shown.inputs[train_indices[:1000]]), self.sgld.bounds)

    @property
    def name(self) -> str:
        """What errors call the network."""
        return type(self.model.backbone).__name__

    def views(self, generator: Generator, index: Int[Tensor, " image"]) -> tuple[Inputs, Inputs]:
        """Images x, and x' of x in this network's own way: an augmentation, or a neighbour where it has some."""
        images = others = to_float(self.shown.inputs[index])
        augment, neighbours = self.shown.augment, self.shown.neighbours
        if neighbours is not None:
            near = neighbours[index]
            place = torch.randint(
                near.shape[1], (len(index), 1), generator=generator, device=generator.device
            )
            others = to_float(self.shown.inputs[near.gather(1, place)[:, 0].long()])
        elif augment is None:
            augment = partial(augmentation.warp, config=self.config.warp)
        if augment is None:
            return images, others
        return augment(generator, images) if self.shown.augment_both else images, augment(generator, others)

    def _noised(self, generator: Generator, images: Inputs) -> Inputs:
        noise = torch.randn(images.shape, generator=generator, device=images.device, dtype=images.dtype)
        return images + self.config.data_noise_std * noise

    def look(
        self,
        generator: Generator,
        chain_generator: Generator,
        index: Int[Tensor, " image"],
        sampled: bool,
        backoff: int,
    ) -> Looked:
        """What a step sees of these images, and with `sampled` of chains that it moves on."""
        images, augmented = self.views(generator, index)
        if self.config.data_noise_std > 0:
            images, augmented = self._noised(generator, images), self._noised(generator, augmented)
        samples = self._samples(chain_generator, backoff) if sampled else None
        looked = Looked(*forward(self.parallel, images, augmented, samples, self.config.batch_samples))
        return looked._replace(outputs=table.joint(self.network.heads, looked.outputs))

    def _samples(self, generator: Generator, backoff: int) -> Tensor:
        mine = distributed.share(self.config.batch_samples)
        drawn = replay.draw(
            generator, self.replay, mine.stop - mine.start, self.model.start, self.config.reinit
        )
        sgld = langevin.with_smaller_steps(self.sgld, backoff)
        with self.model.frozen():
            state, _ = langevin.sample(generator, langevin.init(drawn.positions), self.model.energy, sgld)
        self.replay = replay.write_back(self.replay, drawn.slots, state.position)
        share = len(drawn.slots) / self.config.batch_samples
        self.out_of_range = distributed.total(
            share * guard.share_out_of_range(state.position, self._extent, sgld.bounds)
        )
        return state.position

    def new_chains(self, generator: Generator) -> None:
        """All chains begin anew."""
        self.replay = replay.init(self.model.start(generator, len(self.replay.chains)))
        self.guard = self.guard._replace(energy_samples=(), out_of_range=0)

    @torch.no_grad()
    def move_average(self, steps: int) -> None:
        """The average follows the network, after so many steps."""
        decay = average_decay(self.config.ema, steps)
        for average, current in zip(self.average.parameters(), self.model.parameters(), strict=True):
            move_average(average, current, decay)

    @torch.no_grad()
    def after_step(self, objective: Objective, steps: int, outputs: Mapping[str, Pair]) -> None:
        """The average follows the network, and terms with state of their own do what they do, by their own outputs."""
        self.move_average(steps)
        for term in table.active(objective):
            if term.after_step is not None:
                rows = Pair(*(part.detach() for part in outputs[term.name]))
                term.after_step(self.network.heads[term.name], self.model, rows)

    def permute(self, permutation: Permutation, optimizer: torch.optim.Optimizer) -> None:
        """Rename the clusters of both networks; the optimizer's moments follow."""
        self.model.permute_clusters(permutation)
        self.average.permute_clusters(permutation)
        for parameter in self.model.output.parameters():
            state = optimizer.state[parameter]
            for name in ("exp_avg", "exp_avg_sq"):
                if name in state:
                    state[name] = state[name][permutation]

    def go_on_from(self, other: "NetworkLearner") -> None:
        """Take over the average of the other's weights, and what was usual for it."""
        self.average.load_state_dict(other.average.state_dict())
        self.guard = other.guard
