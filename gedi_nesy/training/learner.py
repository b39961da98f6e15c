"""What a training run carries from step to step, and the step itself."""

import copy
from collections.abc import Mapping, Sequence
from dataclasses import replace

import torch
from torch import Generator, Tensor, nn

from gedi_nesy.data.queries import QuerySet, TaskData, as_task
from gedi_nesy.models import precision
from gedi_nesy.models.gedi import GEDI
from gedi_nesy.objectives import table
from gedi_nesy.objectives.table import Objective, Terms
from gedi_nesy.objectives.term import Seen
from gedi_nesy.training import batches, distributed
from gedi_nesy.training import divergence as guard
from gedi_nesy.training.batches import QueryLogProb
from gedi_nesy.training.config import StepConfig
from gedi_nesy.training.divergence import DivergedError, GuardState, StepStatistics
from gedi_nesy.training.network import NetworkLearner


def _optimizer(
    networks: Sequence[NetworkLearner], facts: list[nn.Parameter], config: StepConfig
) -> torch.optim.Optimizer:
    groups = [{"params": list(each.model.parameters()), "share": 1.0} for each in networks]
    if facts:
        # few numbers that must go far: a logit from 0.1 to 0.9 in a few hundred steps
        groups.append({"params": facts, "share": 10.0})
    for each in networks:
        heads = [parameter for parameter in each.network.heads.parameters() if parameter.requires_grad]
        if heads:
            groups.append({"params": heads, "share": 1.0})
    # not fused: its CPU kernel goes through memory in order, whatever the strides of weights and restored moments
    return torch.optim.AdamW(
        groups, lr=config.learning_rate, betas=config.betas, weight_decay=0.0, foreach=True
    )


class Learner:
    """The networks, each with its average and chains, optimizer, generators, and a count of steps: all that training
    changes. One network is given as it is, several by the names that the data have for them.
    """

    def __init__(
        self,
        models: GEDI | Mapping[str, GEDI],
        data: QuerySet | TaskData,
        config: StepConfig,
        generator: Generator,
        facts: Mapping[str, Tensor] | None = None,
        heads: Mapping[str, Mapping[str, nn.Module]] | None = None,
        chains: Mapping[str, Tensor] | None = None,
    ):
        """`chains` are this rank's, network by network, if it has some already; without them, they are initialised."""
        self.data = data = as_task(data)
        config = replace(config, precision=precision.resolved(config.precision, data.device))
        named = dict.fromkeys(data.networks, models) if isinstance(models, GEDI) else models
        assert list(named) == list(data.networks)
        self.networks = {
            name: NetworkLearner(
                model,
                data.networks[name],
                data.train_indices(name),
                config,
                generator,
                (heads or {}).get(name, {}),
                (chains or {}).get(name),
            )
            for name, model in named.items()
        }
        self.facts = {
            name: nn.Parameter(value.detach().to(data.device, copy=True))
            for name, value in (facts or {}).items()
        }
        """this learner's own t(...) of the program, by their names in the compiled query"""
        self.optimizer = _optimizer(list(self.networks.values()), list(self.facts.values()), config)
        self.generator = generator
        """for what all ranks choose alike: batches, augmentations, permutations"""
        self.chain_generator = distributed.own_generator(generator)
        """for the chains, which each rank has its share of; the same generator where there is one rank"""
        self.config = config
        self.steps = 0
        self.backoff = 0
        """how often training was rolled back: learning rate and Langevin step are halved as often"""

    @property
    def only(self) -> NetworkLearner:
        """The network, of a learner that has one."""
        (network,) = self.networks.values()
        return network

    @property
    def model(self) -> GEDI:
        """The model that is trained, of a learner that has one."""
        return self.only.model

    @property
    def average(self) -> GEDI:
        """Its averaged weights: what is evaluated and saved."""
        return self.only.average

    @property
    def parameters(self) -> list[nn.Parameter]:
        """All that the optimizer changes."""
        return [parameter for group in self.optimizer.param_groups for parameter in group["params"]]

    def title(self, name: str) -> str:
        """What errors call a network: by its name where there are several."""
        kind = self.networks[name].name
        return f"{name}, {kind}" if len(self.networks) > 1 else kind

    def clone(self) -> "Learner":
        """A copy that learns on by itself; only the data are shared."""
        networks = {name: copy.deepcopy(each.network) for name, each in self.networks.items()}
        other = Learner(
            {name: network.model for name, network in networks.items()},
            self.data,
            self.config,
            self.generator.clone_state(),
            self.facts,
            {name: dict(network.heads.items()) for name, network in networks.items()},
            {name: each.replay.chains for name, each in self.networks.items()},
        )
        other.optimizer.load_state_dict(copy.deepcopy(self.optimizer.state_dict()))
        for name, each in self.networks.items():
            other.networks[name].go_on_from(each)
        if self.chain_generator is not self.generator:
            other.chain_generator = self.chain_generator.clone_state()
        other.steps, other.backoff = self.steps, self.backoff
        return other

    def step(
        self,
        query_log_prob: QueryLogProb | None,
        objective: Objective,
        learning_rate: float,
        entropy_weight: float = 1.0,
    ) -> Terms:
        """Draw a batch, take one step of the optimizer on the objective, and move the averages.

        What needs queries counts by the share of the batch's images that stand in queries, as if the others had queries
        that are always true: few queries among many images must not drown what the images say. DivergedError, before
        the update is made, if the step shows that training runs away.
        """
        if query_log_prob is None:
            objective = table.times(objective, "queries", 0.0)
        indices = {name: network.train_indices for name, network in self.networks.items()}
        batch = batches.draw(self.generator, self.data, indices, self.config)
        seen = self._seen(batch, query_log_prob, objective, entropy_weight)
        for name, each in zip(self.networks, seen.networks, strict=True):
            outputs = [part for part in (each.plain, each.augmented, each.samples) if part is not None]
            guard.check_outputs(torch.cat(outputs), self.steps, self.title(name))
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
        for network, each in zip(self.networks.values(), seen.networks, strict=True):
            network.after_step(objective, self.steps, each.outputs)
        return terms

    def _seen(
        self,
        batch: batches.Batch,
        query_log_prob: QueryLogProb | None,
        objective: Objective,
        entropy_weight: float,
    ) -> Seen:
        """What the terms of the objective need, and nothing else."""
        sampled = table.needs(objective, "samples")
        looked = {
            name: network.look(
                self.generator, self.chain_generator, batch.indices[name], sampled, self.backoff
            )
            for name, network in self.networks.items()
        }
        query = query_log_prob if table.needs(objective, "queries") else None
        known = batches.known(query, self.facts, self.data, batch)
        first, *others = (
            Seen(
                **each._asdict(),
                labelled=known.labelled.get(name),
                entropy_weight=entropy_weight,
                both_views=self.config.both_views,
            )
            for name, each in looked.items()
        )
        return replace(first, constraint=known.constraint, others=tuple(others))

    def _watch(self, loss: Tensor, seen: Seen, terms: Terms) -> None:
        """DivergedError if this step must not be made; after a rollback the gradient is clipped as well."""
        parameters = self.parameters
        # one transfer from the device for all of them
        found = [loss, guard.gradient_norm(parameters)]
        sizes = []
        for network, each in zip(self.networks.values(), seen.networks, strict=True):
            energies = [each.energy_data.mean()]
            if each.samples is not None:
                assert network.out_of_range is not None
                energies += [each.energy_samples.mean(), network.out_of_range]
            found += energies
            sizes.append(len(energies))
        values = distributed.agreed(torch.stack([each.detach() for each in found])).tolist()
        of_all, rest, healthy = values[:2], values[2:], {}
        for (name, network), size in zip(self.networks.items(), sizes, strict=True):
            known, rest = StepStatistics(*of_all, *rest[:size]), rest[size:]
            reason = guard.reason(network.guard, known, self.config.guard)
            if reason is not None:
                evidence = {"step": self.steps, "statistics": known._asdict(), "terms": terms}
                where = f"{name}: " if len(self.networks) > 1 else ""
                raise DivergedError(f"step {self.steps}: {where}{reason}; the terms are {terms}", evidence)
            healthy[name] = guard.remember(network.guard, known, self.config.guard)
        if self.backoff:
            usual = next(iter(self.networks.values())).guard
            torch.nn.utils.clip_grad_norm_(parameters, guard.usual_gradient(usual, self.config.guard))
        for name, state in healthy.items():
            self.networks[name].guard = state

    def forget_usual(self) -> None:
        """Other terms, other ranges: what was usual before says nothing of what comes."""
        for network in self.networks.values():
            network.guard = GuardState()

    def permute(self, *permutations: Tensor) -> None:
        """Rename the clusters of each network; the optimizer's moments follow."""
        for network, permutation in zip(self.networks.values(), permutations, strict=True):
            network.permute(permutation, self.optimizer)
