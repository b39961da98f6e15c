"""What a training run carries from step to step, and the step itself."""

import copy
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import NamedTuple

import torch
from jaxtyping import Float, Int
from torch import Generator, Tensor, nn
from torch.func import functional_call

from gedi_nesy.augmentation import warp as augment
from gedi_nesy.data.pixels import num_at_once, to_float
from gedi_nesy.data.queries import QuerySet
from gedi_nesy.models.gedi import GEDI, Precision
from gedi_nesy.objectives import terms as objectives
from gedi_nesy.sampling import replay
from gedi_nesy.sampling import sgld as langevin
from gedi_nesy.training import distributed
from gedi_nesy.training import divergence as guard
from gedi_nesy.training.divergence import DivergedError, GuardConfig, GuardState, Signs
from gedi_nesy.training.durability import snapshot
from gedi_nesy.training.permutation import Naming, best_naming
from gedi_nesy.training.step import Constraint, Terms, Views, Weights, joint_loss
from gedi_nesy.types import LogProbs, Permutations

QueryLogProb = Callable[..., Float[Tensor, " query"]]
"""log P of each query from the log-probabilities of its images, one block a slot: the compiled program.

Where the queries have answers, it is called with them as a second argument.
"""


class _Batch(NamedTuple):
    """Images of queries, slot by slot, then labelled ones, then others; and which queries and labels they belong to."""

    images: Tensor
    queries: Int[Tensor, " query"]
    labelled: Int[Tensor, " labelled"]


@dataclass(frozen=True, kw_only=True)
class StepConfig:
    """One step: batch sizes, optimizer, augmentation and sampler."""

    batch_size: int = 32
    """queries a step, at most half of all"""
    batch_unlabelled: int = 128
    """further images a step, where there are any"""
    batch_samples: int = 32
    """Langevin chains moved a step"""
    learning_rate: float = 1e-3
    ema: float = 0.998
    """decay of the averaged weights that are evaluated and saved"""
    warp: augment.WarpConfig = field(default_factory=augment.WarpConfig)
    sgld: langevin.SGLDConfig = field(
        default_factory=lambda: langevin.SGLDConfig(num_steps=5, step_size=1.0, noise=0.01, bounds=(0.0, 1.0))
    )
    buffer_size: int = 2000
    reinit: float = 0.05
    guard: GuardConfig = field(default_factory=GuardConfig)
    precision: Precision = "float32"
    """of the encoder; with bfloat16, weights, chains, noise, logits and energies are float32 all the same"""
    compile: bool = False
    """let torch.compile write the network's kernels; it takes a while before the first steps"""

    def __post_init__(self) -> None:
        for name in ("batch_size", "batch_samples", "buffer_size"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name}={getattr(self, name)} must be at least 1")
        if self.batch_samples > self.buffer_size:
            raise ValueError(
                f"batch_samples={self.batch_samples} must not exceed buffer_size={self.buffer_size}"
            )
        if self.batch_unlabelled < 0:
            raise ValueError(f"batch_unlabelled={self.batch_unlabelled} must not be negative")
        if not 0 < self.learning_rate < float("inf"):
            raise ValueError(f"learning_rate={self.learning_rate} must be finite and positive")
        if not 0 <= self.ema < 1:
            raise ValueError(f"ema={self.ema} must be at least 0 and below 1")


def _optimizer(model: GEDI, facts: list[nn.Parameter], config: StepConfig) -> torch.optim.Optimizer:
    groups = [{"params": list(model.parameters()), "share": 1.0}]
    if facts:
        # few numbers that must go far: a logit from 0.1 to 0.9 in a few hundred steps
        groups.append({"params": facts, "share": 10.0})
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
    ):
        self.model = model
        self.parallel = distributed.parallel(model)
        """the same network, whose gradients are those of all ranks"""
        self.average = copy.deepcopy(model).requires_grad_(False)
        model.precision = config.precision
        if config.compile:
            model.compile()
        self.facts = {
            name: nn.Parameter(value.detach().to(data.images.device, copy=True))
            for name, value in (facts or {}).items()
        }
        """this learner's own t(...) of the program, by their names in the compiled query"""
        self.optimizer = _optimizer(model, list(self.facts.values()), config)
        self.generator = generator
        """for what all ranks choose alike: batches, augmentations, names"""
        chains = model.start(generator, config.buffer_size)
        self.replay = replay.init(chains[distributed.share(config.buffer_size)])
        self.chain_generator = distributed.own_generator(generator)
        """for the chains, which each rank has its share of; the same generator where there is one rank"""
        self.data = data
        self.pool = data.pool
        self.config = config
        self.steps = 0
        self.guard = GuardState()
        self.caution = 0
        """how often training went back because it diverged: so often learning rate and Langevin step are halved"""
        self._extent = guard.extent(to_float(data.images[self.pool[:1000]]), config.sgld.bounds)
        self._astray: Tensor | None = None

    def clone(self) -> "Learner":
        """A copy that learns on by itself; only the data are shared."""
        other = Learner(
            copy.deepcopy(self.model), self.data, self.config, self.generator.clone_state(), self.facts
        )
        other.average.load_state_dict(self.average.state_dict())
        other.optimizer.load_state_dict(copy.deepcopy(self.optimizer.state_dict()))
        other.replay = replay.init(self.replay.chains)
        if self.chain_generator is not self.generator:
            other.chain_generator = self.chain_generator.clone_state()
        other.steps, other.guard, other.caution = self.steps, self.guard, self.caution
        return other

    def step(
        self,
        query_log_prob: QueryLogProb | None,
        weights: Weights,
        learning_rate: float,
        entropy_weight: float = 1.0,
    ) -> Terms:
        """Draw a batch, take one step of the optimizer on the joint loss, and move the average.

        L_NESY counts by the share of the batch's images that stand in queries, as if the others had queries that are
        always true: few queries among many images must not drown what the images say. DivergedError, before the update
        is made, if the step shows that training runs away.
        """
        batch = self._batch()
        views = self._views(batch.images, with_samples=weights.gen > 0)
        guard.check_outputs(torch.cat([part for part in views if part is not None]), self.steps)
        constraint, labelled = self._known(query_log_prob if weights.nesy > 0 else None, batch)
        share = (batch.queries.numel() * self.data.tuples.shape[1] + len(batch.labelled)) / len(batch.images)
        weights = replace(weights, nesy=weights.nesy * share)
        loss, terms = joint_loss(views, constraint, weights, entropy_weight, labelled)
        for group in self.optimizer.param_groups:
            group["lr"] = group["share"] * learning_rate * 0.5**self.caution
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        self._watch(loss, views, terms)
        self.optimizer.step()
        self.steps += 1
        self._move_average()
        return terms

    def _batch(self) -> _Batch:
        """Some queries, all labelled images if they are no more, and some of the pool if there is more than queries."""
        tuples, known = self.data.tuples, self.data.labelled
        queries = self._choose(len(tuples), min(self.config.batch_size, (len(tuples) + 1) // 2))
        labelled = torch.arange(len(known), device=tuples.device)
        if len(known) > self.config.batch_size:
            labelled = self._choose(len(known), self.config.batch_size)
        index = torch.cat([tuples[queries].T.flatten(), known[labelled]])
        if len(self.data.unlabelled):
            index = torch.cat([index, self.pool[self._choose(len(self.pool), self.config.batch_unlabelled)]])
        return _Batch(to_float(self.data.images[index]), queries, labelled)

    def _choose(self, size: int, num: int) -> Int[Tensor, " num"]:
        # without queries there is nothing to choose from, and torch would refuse a range of size 0
        return torch.randint(max(size, 1), (num,), generator=self.generator, device=self.generator.device)

    def _views(self, images: Tensor, with_samples: bool) -> Views:
        """Logits of the images, their augmentation and Langevin samples, in one joint forward pass.

        Each rank computes its share of them, and has the logits of all.
        """
        augmented = augment.warp(self.generator, images, self.config.warp)
        mine = distributed.share(len(images))
        parts, sizes = [images[mine], augmented[mine]], [len(images)] * 2
        if with_samples:
            parts.append(self._samples())
            sizes.append(self.config.batch_samples)
        found = self.parallel(torch.cat(parts)).split([len(part) for part in parts])
        logits = [distributed.gathered(*part) for part in zip(found, sizes, strict=True)]
        return Views(logits[0], logits[1], logits[2] if with_samples else None)

    def _watch(self, loss: Tensor, views: Views, terms: Terms) -> None:
        """DivergedError if this step must not be made; a cautious learner also clips the gradient."""
        parameters = [*self.model.parameters(), *self.facts.values()]
        signs = [loss, guard.gradient_norm(parameters), objectives.energy(views.plain).mean()]
        if views.samples is not None:
            assert self._astray is not None
            signs += [objectives.energy(views.samples).mean(), self._astray]
        # one transfer from the device for all of them
        seen = Signs(*distributed.agreed(torch.stack([sign.detach() for sign in signs])).tolist())
        found = guard.complaint(self.guard, seen, self.config.guard)
        if found is not None:
            raise DivergedError(f"step {self.steps}: {found}; the terms are {terms}")
        if self.caution:
            limit = guard.usual_gradient(self.guard, self.config.guard)
            torch.nn.utils.clip_grad_norm_(parameters, limit)
        self.guard = guard.remember(self.guard, seen, self.config.guard)

    def _samples(self) -> Tensor:
        mine = distributed.share(self.config.batch_samples)
        drawn = replay.draw(
            self.chain_generator, self.replay, mine.stop - mine.start, self.model.start, self.config.reinit
        )
        sgld = snapshot.gentler(self.config.sgld, self.caution)
        with langevin.frozen(self.model):
            state, _ = langevin.sample(
                self.chain_generator, langevin.init(drawn.positions), self.model.energy, sgld
            )
        self.replay = replay.write_back(self.replay, drawn.slots, state.position)
        share = len(drawn.slots) / self.config.batch_samples
        self._astray = distributed.total(share * guard.astray(state.position, self._extent, sgld.bounds))
        return state.position

    @torch.no_grad()
    def _move_average(self) -> None:
        """An exponential average of the weights; young averages forget faster."""
        decay = min(self.config.ema, self.steps / (10 + self.steps))
        for average, current in zip(self.average.parameters(), self.model.parameters(), strict=True):
            average.lerp_(current, 1.0 - decay)

    @torch.no_grad()
    def rename(
        self,
        query_log_prob: QueryLogProb,
        max_queries: int = 128,
        floor: float = -6.0,
        restarts: int = 16,
        margin: float = 1e-4,
    ) -> Naming:
        """Give the clusters the names under which queries and labels hold best, and the optimizer follows.

        Names stay unless log P is better by more than `margin`, in nats a query (by default, than rounding).

        log P of a query counts no less than `floor`, so that a few misread images do not decide.
        """
        tuples = self.data.tuples
        chosen = torch.arange(len(tuples), device=tuples.device)
        if len(tuples) > max_queries:
            chosen = self._choose(len(tuples), max_queries)
        queries, slots = len(chosen), tuples.shape[1]
        log_probs = self.model.log_probs(self.data.images[tuples[chosen].T.flatten()])
        guard.check_outputs(log_probs, self.steps)
        # a cluster's values side by side: candidates are then made of whole rows, ten times as fast
        rows = log_probs.view(slots, queries, -1).transpose(1, 2).contiguous()
        known = self.model.log_probs(self.data.images[self.data.labelled])

        def score(candidates: Permutations) -> Float[Tensor, " candidate"]:
            renamed = rows[:, candidates.T.flatten()].view(slots, -1, len(candidates) * queries)
            held = self._log_prob(query_log_prob, renamed.transpose(1, 2), chosen.repeat(len(candidates)))
            total = held.clamp(min=floor).view(len(candidates), queries).mean(dim=1)
            if len(known):
                right = known.gather(1, candidates[:, self.data.labels].T)
                total = total + right.clamp(min=floor).mean(dim=0)
            return total

        naming = _agreed_naming(best_naming(self.generator, score, self.model.num_clusters, restarts, margin))
        if naming.better:
            self._permute(naming.permutation)
        return naming

    def _permute(self, permutation: Int[Tensor, " cluster"]) -> None:
        self.model.permute_clusters(permutation)
        self.average.permute_clusters(permutation)
        for parameter in self.model.output.parameters():
            state = self.optimizer.state[parameter]
            for name in ("exp_avg", "exp_avg_sq"):
                if name in state:
                    state[name] = state[name][permutation]

    @torch.no_grad()
    def evaluate(
        self, query_log_prob: QueryLogProb | None, weights: Weights, max_unlabelled: int = 4096
    ) -> Terms:
        """The terms of the averaged model over the training data: what attempts are compared by.

        All queries, and up to `max_unlabelled` of the other images. Subset and augmentation are drawn from a generator
        of their own, so every attempt is judged on the same views.
        """
        generator = torch.Generator(self.generator.device).manual_seed(0)
        others = self.data.unlabelled
        if len(others) > max_unlabelled:
            shuffled = torch.randperm(len(others), generator=generator, device=generator.device)
            others = others[shuffled[:max_unlabelled]]
        data = self.data
        index = torch.cat([data.tuples.T.flatten(), data.labelled, others])
        plain, augmented = [], []
        for part in index.split(num_at_once(data.images)):
            images = to_float(self.data.images[part])
            plain.append(self.average(images))
            augmented.append(self.average(augment.warp(generator, images, self.config.warp)))
        everything = (torch.arange(len(part), device=index.device) for part in (data.tuples, data.labelled))
        batch = _Batch(data.images, *everything)
        constraint, labelled = self._known(query_log_prob if weights.nesy > 0 else None, batch)
        views = Views(torch.cat(plain), torch.cat(augmented), None)
        guard.check_outputs(views.plain, self.steps)
        return _agreed_terms(joint_loss(views, constraint, weights, labelled=labelled)[1])

    def _known(
        self, query_log_prob: QueryLogProb | None, batch: _Batch
    ) -> tuple[Constraint | None, Constraint | None]:
        """The log-probabilities of a batch's queries, and of its labels, from those of its images."""
        if query_log_prob is None:
            return None, None
        slots, queries = self.data.tuples.shape[1], len(batch.queries)
        labels = self.data.labels[batch.labelled]

        def constraint(log_probs: LogProbs) -> Float[Tensor, " query"]:
            blocks = log_probs[: slots * queries].unflatten(0, (slots, queries))
            return self._log_prob(query_log_prob, blocks, batch.queries)

        def labelled(log_probs: LogProbs) -> Float[Tensor, " labelled"]:
            return log_probs[slots * queries :][: len(labels)].gather(1, labels[:, None])[:, 0]

        return constraint, labelled if len(labels) else None

    def _log_prob(
        self,
        query_log_prob: QueryLogProb,
        blocks: Float[Tensor, "slot query cluster"],
        queries: Int[Tensor, " query"],
    ) -> Float[Tensor, " query"]:
        """log P of these queries, with the answers that they have."""
        arguments = (blocks, self.data.answers[queries]) if len(self.data.answers) else (blocks,)
        if self.facts:
            assert isinstance(query_log_prob, nn.Module)
            return functional_call(query_log_prob, dict(self.facts), arguments)
        return query_log_prob(*arguments)


def _agreed_naming(naming: Naming) -> Naming:
    """What rank 0 found: all found the same, but for a last bit that decides where processors differ."""
    if distributed.size() == 1:
        return naming
    score, before, better, *permutation = distributed.agreed_numbers(
        [naming.score, naming.before, float(naming.better), *naming.permutation.tolist()]
    )
    return Naming(naming.permutation.new_tensor(permutation), score, before, bool(better))


def _agreed_terms(terms: Terms) -> Terms:
    """Those of rank 0; which terms there are is the same everywhere."""
    agreed = iter(distributed.agreed_numbers([term for term in terms if term is not None]))
    return Terms(*(None if term is None else next(agreed) for term in terms))  # pyright: ignore[reportArgumentType]
