"""All that a learner carries from step to step, as a tree of tensors and numbers, and back."""

from torch import Tensor

from gedi_nesy.sampling import replay
from gedi_nesy.training import distributed
from gedi_nesy.training.divergence import DivergedError, GuardState
from gedi_nesy.training.durability.checkpoint import Tree
from gedi_nesy.training.durability.rollback import reseed
from gedi_nesy.training.learner import Learner


def take(learner: Learner, chains: bool = True) -> Tree:
    """Weights, averaged weights, optimizer, generators, chains and counters; the tensors are the learner's own.

    Chains and their generators are those of all ranks, which therefore must all call this.
    """
    config = learner.config
    of_chains = {
        "chains": distributed.gathered(learner.replay.chains, config.buffer_size),
        "chain_generators": distributed.states(learner.chain_generator),
    }
    return {
        "model": learner.model.state_dict(),
        "average": learner.average.state_dict(),
        "heads": learner.network.heads.state_dict(),
        "facts": {name: value.detach() for name, value in learner.facts.items()},
        "optimizer": learner.optimizer.state_dict(),
        "generator": learner.generator.get_state(),
        "steps": learner.steps,
        "backoff": learner.backoff,
        "guard": learner.guard._asdict(),
    } | (of_chains if chains else {})


def restore(learner: Learner, tree: Tree) -> None:
    """Put into a learner what `take` took from one that was built alike; chains stay where the tree has none."""
    learner.model.load_state_dict(tree["model"])
    learner.average.load_state_dict(tree["average"])
    learner.network.heads.load_state_dict(tree["heads"])
    for name, value in learner.facts.items():
        value.data.copy_(tree["facts"][name])
    learner.optimizer.load_state_dict(tree["optimizer"])
    learner.generator.set_state(tree["generator"])
    learner.steps, learner.backoff = tree["steps"], tree["backoff"]
    recent = {name: tuple(tree["guard"][name]) for name in ("gradient_norm", "energy_data", "energy_samples")}
    learner.guard = GuardState(**recent, astray=tree["guard"]["astray"])
    if "chains" in tree:
        learner.replay.chains.copy_(tree["chains"][distributed.share(len(tree["chains"]))])
        _restore_chain_generator(learner, tree["chain_generators"])


def _restore_chain_generator(learner: Learner, states: list[Tensor]) -> None:
    """This rank's own stream; saved by another number of ranks, each begins a new one."""
    learner.chain_generator = distributed.own_generator(learner.generator)
    if len(states) == distributed.size() > 1:
        learner.chain_generator.set_state(states[distributed.rank()])


def check_finite(learner: Learner) -> None:
    """DivergedError that names a tensor that is not finite, wherever the next steps would only come to it by and by."""
    named = {
        **learner.model.state_dict(),
        **{f"average {name}": value for name, value in learner.average.state_dict().items()},
        **learner.network.heads.state_dict(),
        **learner.facts,
        "replay buffer": learner.replay.chains,
    }
    bad = [name for name, value in named.items() if not value.isfinite().all()]
    if distributed.largest(len(bad)):
        what = bad[0] if bad else "something on another rank"
        raise DivergedError(f"step {learner.steps}: {what} holds values that are not finite")


def roll_back(learner: Learner, good: Tree) -> None:
    """To a good state, with new chains, a fresh stream of random numbers, and smaller steps."""
    backoff = learner.backoff + 1
    restore(learner, good)
    learner.backoff = backoff
    reseed(learner.generator, backoff)
    if learner.chain_generator is not learner.generator:
        reseed(learner.chain_generator, backoff)
    learner.replay = replay.init(learner.model.start(learner.chain_generator, len(learner.replay.chains)))
    learner.guard = learner.guard._replace(energy_samples=(), astray=0)
