"""What a training run carries from step to step, and the step itself."""

import copy
from collections.abc import Mapping

import torch
from jaxtyping import Int
from torch import Generator, Tensor, nn

from gedi_nesy.augmentation import warp as augment
from gedi_nesy.data.pixels import to_float
from gedi_nesy.data.queries import QuerySet
from gedi_nesy.models.gedi import GEDI
from gedi_nesy.objectives import table
from gedi_nesy.objectives.table import Objective, Terms
from gedi_nesy.objectives.term import Seen
from gedi_nesy.sampling import replay
from gedi_nesy.sampling import sgld as langevin
from gedi_nesy.training import batches, distributed
from gedi_nesy.training import divergence as guard
from gedi_nesy.training.batches import QueryLogProb
from gedi_nesy.training.config import StepConfig
from gedi_nesy.training.divergence import DivergedError, GuardState, StepStatistics
from gedi_nesy.training.step import JointNetwork, average_decay, forward, move_average


def _optimizer(network: JointNetwork, facts: list[nn.Parameter], config: StepConfig) -> torch.optim.Optimizer:
    groups = [{"params": list(network.model.parameters()), "share": 1.0}]
    if facts:
        # few numbers that must go far: a logit from 0.1 to 0.9 in a few hundred steps
        groups.append({"params": facts, "share": 10.0})
    heads = [parameter for parameter in network.heads.parameters() if parameter.requires_grad]
    if heads:
        groups.append({"params": heads, "share": 1.0})
    # not fused: its CPU kernel goes through memory in order, whatever the strides of weights and restored moments
    return torch.optim.AdamW(
        groups, lr=config.learning_rate, betas=(0.9, 0.99), weight_decay=0.0, foreach=True
    )


class Learner:
    """Model, averaged model, optimizer, chains, generator and a count of steps: all that training changes."""

    def __init__(
        self,
        model: GEDI,
        data: QuerySet,
        config: StepConfig,
        generator: Generator,
        facts: Mapping[str, Tensor] | None = None,
        heads: Mapping[str, nn.Module] | None = None,
        chains: Tensor | None = None,
    ):
        """`chains` are this rank's, if it has some already; without them, they are initialised."""
        self.model = model
        self.network = JointNetwork(model, heads or {})
        """the model and the modules of the objective's terms, which `table.modules` makes"""
        self.parallel = distributed.parallel(self.network)
        """the same network, whose gradients are those of all ranks"""
        model.precision = config.precision
        self.average = copy.deepcopy(model).requires_grad_(False)
        # also where the model is a copy of one that trains in bfloat16
        self.average.precision = "float32"
        if config.compile:
            model.compile()
            if heads:
                self.network.compile()
        self.facts = {
            name: nn.Parameter(value.detach().to(data.images.device, copy=True))
            for name, value in (facts or {}).items()
        }
        """this learner's own t(...) of the program, by their names in the compiled query"""
        self.optimizer = _optimizer(self.network, list(self.facts.values()), config)
        self.generator = generator
        """for what all ranks choose alike: batches, augmentations, permutations"""
        if chains is None:
            chains = model.start(generator, config.buffer_size)[distributed.share(config.buffer_size)]
        self.replay = replay.init(chains)
        self.chain_generator = distributed.own_generator(generator)
        """for the chains, which each rank has its share of; the same generator where there is one rank"""
        self.data = data
        self.train_indices = data.train_indices
        self.config = config
        self.steps = 0
        self.guard = GuardState()
        self.backoff = 0
        """how often training was rolled back: learning rate and Langevin step are halved as often"""
        self._extent = guard.extent(to_float(data.images[self.train_indices[:1000]]), config.sgld.bounds)
        self._astray: Tensor | None = None

    @property
    def name(self) -> str:
        """What errors call the network."""
        return type(self.model.backbone).__name__

    @property
    def parameters(self) -> list[nn.Parameter]:
        """All that the optimizer changes."""
        return [parameter for group in self.optimizer.param_groups for parameter in group["params"]]

    def clone(self) -> "Learner":
        """A copy that learns on by itself; only the data are shared."""
        network = copy.deepcopy(self.network)
        heads = dict(network.heads.items())
        other = Learner(
            network.model,
            self.data,
            self.config,
            self.generator.clone_state(),
            self.facts,
            heads,
            self.replay.chains,
        )
        other.average.load_state_dict(self.average.state_dict())
        other.optimizer.load_state_dict(copy.deepcopy(self.optimizer.state_dict()))
        if self.chain_generator is not self.generator:
            other.chain_generator = self.chain_generator.clone_state()
        other.steps, other.guard, other.backoff = self.steps, self.guard, self.backoff
        return other

    def step(
        self,
        query_log_prob: QueryLogProb | None,
        objective: Objective,
        learning_rate: float,
        entropy_weight: float = 1.0,
    ) -> Terms:
        """Draw a batch, take one step of the optimizer on the objective, and move the average.

        What needs queries counts by the share of the batch's images that stand in queries, as if the others had queries
        that are always true: few queries among many images must not drown what the images say. DivergedError, before
        the update is made, if the step shows that training runs away.
        """
        if query_log_prob is None:
            objective = table.times(objective, "queries", 0.0)
        batch = batches.draw(self.generator, self.data, self.train_indices, self.config)
        seen = self._seen(batch, query_log_prob, objective, entropy_weight)
        outputs = [part for part in (seen.plain, seen.augmented, seen.samples) if part is not None]
        guard.check_outputs(torch.cat(outputs), self.steps, self.name)
        share = batches.share_in_queries(self.data, batch)
        losses = table.losses(table.times(objective, "queries", share), seen)
        terms = table.numbers(objective, losses.reported)
        for group in self.optimizer.param_groups:
            group["lr"] = group["share"] * learning_rate * 0.5**self.backoff
        self.optimizer.zero_grad(set_to_none=True)
        losses.total.backward()
        self._watch(losses.total, seen, terms)
        self.optimizer.step()
        self.steps += 1
        self._after_step(objective)
        return terms

    def _seen(
        self,
        batch: batches.Batch,
        query_log_prob: QueryLogProb | None,
        objective: Objective,
        entropy_weight: float,
    ) -> Seen:
        """What the terms of the objective need, and nothing else."""
        augmented = augment.warp(self.generator, batch.images, self.config.warp)
        samples = self._samples() if table.needs(objective, "samples") else None
        plain, paired, sampled, outputs = forward(
            self.parallel, batch.images, augmented, samples, self.config.batch_samples
        )
        query = query_log_prob if table.needs(objective, "queries") else None
        known = batches.known(query, self.facts, self.data, batch)
        return Seen(
            plain=plain,
            augmented=paired,
            samples=sampled,
            outputs=outputs,
            entropy_weight=entropy_weight,
            **known._asdict(),
        )

    def _watch(self, loss: Tensor, seen: Seen, terms: Terms) -> None:
        """DivergedError if this step must not be made; after a rollback the gradient is clipped as well."""
        parameters = self.parameters
        statistics = [loss, guard.gradient_norm(parameters), seen.energy_data.mean()]
        if seen.samples is not None:
            assert self._astray is not None
            statistics += [seen.energy_samples.mean(), self._astray]
        # one transfer from the device for all of them
        known = StepStatistics(
            *distributed.agreed(torch.stack([each.detach() for each in statistics])).tolist()
        )
        reason = guard.reason(self.guard, known, self.config.guard)
        if reason is not None:
            evidence = {"step": self.steps, "statistics": known._asdict(), "terms": terms}
            raise DivergedError(f"step {self.steps}: {reason}; the terms are {terms}", evidence)
        if self.backoff:
            limit = guard.usual_gradient(self.guard, self.config.guard)
            torch.nn.utils.clip_grad_norm_(parameters, limit)
        self.guard = guard.remember(self.guard, known, self.config.guard)

    def _samples(self) -> Tensor:
        mine = distributed.share(self.config.batch_samples)
        drawn = replay.draw(
            self.chain_generator, self.replay, mine.stop - mine.start, self.model.start, self.config.reinit
        )
        sgld = langevin.gentler(self.config.sgld, self.backoff)
        with langevin.frozen(self.model):
            state, _ = langevin.sample(
                self.chain_generator, langevin.init(drawn.positions), self.model.energy, sgld
            )
        self.replay = replay.write_back(self.replay, drawn.slots, state.position)
        share = len(drawn.slots) / self.config.batch_samples
        self._astray = distributed.total(share * guard.astray(state.position, self._extent, sgld.bounds))
        return state.position

    @torch.no_grad()
    def _after_step(self, objective: Objective) -> None:
        """The average follows the network, and terms with state of their own do what they do."""
        decay = average_decay(self.config.ema, self.steps)
        for average, current in zip(self.average.parameters(), self.model.parameters(), strict=True):
            move_average(average, current, decay)
        for term in table.active(objective):
            if term.after_step is not None:
                term.after_step(self.network.heads[term.name], self.model)

    def permute(self, permutation: Int[Tensor, " cluster"]) -> None:
        """Rename the clusters of both networks; the optimizer's moments follow."""
        self.model.permute_clusters(permutation)
        self.average.permute_clusters(permutation)
        for parameter in self.model.output.parameters():
            state = self.optimizer.state[parameter]
            for name in ("exp_avg", "exp_avg_sq"):
                if name in state:
                    state[name] = state[name][permutation]
