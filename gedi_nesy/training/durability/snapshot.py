"""All that a learner carries from step to step, as a tree of tensors and numbers, and back."""

from torch import Tensor

from gedi_nesy.training import distributed
from gedi_nesy.training.divergence import DivergedError, GuardState
from gedi_nesy.training.durability.checkpoint import Tree
from gedi_nesy.training.durability.rollback import reseed
from gedi_nesy.training.learner import Learner
from gedi_nesy.training.network import NetworkLearner


def take(learner: Learner, chains: bool = True) -> Tree:
    """Weights, averaged weights, optimizer, generators, chains and counters; the tensors are the learner's own.

    Chains and their generators are those of all ranks, which therefore must all call this.
    """
    return {
        "networks": {name: _take(each, chains) for name, each in learner.networks.items()},
        "facts": {name: value.detach() for name, value in learner.facts.items()},
        "optimizer": learner.optimizer.state_dict(),
        "generator": learner.generator.get_state(),
        "steps": learner.steps,
        "backoff": learner.backoff,
    } | ({"chain_generators": distributed.states(learner.chain_generator)} if chains else {})


def _take(network: NetworkLearner, chains: bool) -> Tree:
    tree: Tree = {
        "model": network.model.state_dict(),
        "average": network.average.state_dict(),
        "heads": network.network.heads.state_dict(),
        "guard": network.guard._asdict(),
    }
    if chains:
        tree["chains"] = distributed.gathered(network.replay.chains, network.config.buffer_size)
    return tree


def restore(learner: Learner, tree: Tree) -> None:
    """Put into a learner what `take` took from one that was built alike; chains stay where the tree has none."""
    for name, network in learner.networks.items():
        _restore(network, tree["networks"][name])
    for name, value in learner.facts.items():
        value.data.copy_(tree["facts"][name])
    learner.optimizer.load_state_dict(tree["optimizer"])
    learner.generator.set_state(tree["generator"])
    learner.steps, learner.backoff = tree["steps"], tree["backoff"]
    if "chain_generators" in tree:
        _restore_chain_generator(learner, tree["chain_generators"])


def _restore(network: NetworkLearner, tree: Tree) -> None:
    network.model.load_state_dict(tree["model"])
    network.average.load_state_dict(tree["average"])
    network.network.heads.load_state_dict(tree["heads"])
    recent = {name: tuple(tree["guard"][name]) for name in ("gradient_norm", "energy_data", "energy_samples")}
    network.guard = GuardState(**recent, out_of_range=tree["guard"]["out_of_range"])
    if "chains" in tree:
        network.replay.chains.copy_(tree["chains"][distributed.part(len(tree["chains"]))])


def _restore_chain_generator(learner: Learner, states: list[Tensor]) -> None:
    """This rank's own stream; saved by another number of ranks, each begins a new one."""
    learner.chain_generator = distributed.own_generator(learner.generator)
    if len(states) == distributed.size() > 1:
        learner.chain_generator.set_state(states[distributed.rank()])


def check_finite(learner: Learner) -> None:
    """DivergedError that names a tensor that is not finite, wherever the next steps would only come to it by and by."""
    named = dict(learner.facts)
    for network_name, network in learner.networks.items():
        of = f"{network_name} " if len(learner.networks) > 1 else ""
        mine = {
            **network.model.state_dict(),
            **{f"average {name}": value for name, value in network.average.state_dict().items()},
            **network.network.heads.state_dict(),
            "replay buffer": network.replay.chains,
        }
        named |= {of + name: value for name, value in mine.items()}
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
    for network in learner.networks.values():
        network.new_chains(learner.chain_generator)
