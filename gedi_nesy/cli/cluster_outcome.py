"""What `cluster` says of what it decided, and of its result."""

from pathlib import Path

from gedi_nesy.cli import run_folder
from gedi_nesy.cli.cluster_inputs import ClusterInputs
from gedi_nesy.cli.run_page import is_clear, share_of_sure
from gedi_nesy.cluster import Assignments, ClusterConfig, train_config
from gedi_nesy.pretraining.config import CLUSTERS, PretrainConfig


def say_decisions(config: ClusterConfig, inputs: ClusterInputs) -> None:
    """Network, terms and steps, a line each."""
    shape = tuple(inputs.values.shape[1:])
    steps = f"{config.restarts} restart(s) side by side, of which the best is kept"
    if inputs.backbone is not None:
        network = f"linear head on {shape[0]:,} features; L_INV + L_PRIOR on pairs of near neighbours"
    elif inputs.is_images:
        each = train_config(config, shape).explore
        terms = "L_INV + L_PRIOR" + " + L_GEN" * (config.weight_gen > 0)
        pairs = "augmented images"
        if config.pretrain and config.pretrain.pairs_are_neighbours:
            pairs = "pairs of near neighbours"
        network = f"ConvNet for {'x'.join(map(str, shape))}; {terms} on {pairs}"
        steps = f"{config.restarts} restart(s) of {each:,}, and the rest for the best"
    else:
        network = "MLP on standardised columns; L_GEN + L_INV + L_PRIOR on pairs from walks"
    print(f"network: {network}")
    if config.pretrain:
        print(said_first(config.pretrain))
    if inputs.backbone is not None:
        print("energies: no measure of likelihood: L_GEN is not trained on features")
    elif inputs.is_images and not config.weight_gen:
        print(
            "energies: no measure of likelihood, since L_GEN is off; --weight-gen 0.1 trains them, and takes longer"
        )
    print(f"training: {config.steps:,} steps, {steps} (by the objective alone); seed {config.seed}")


def said_first(pretrain: PretrainConfig) -> str:
    """What comes first, and how."""
    what, terms = (
        ("clusters", "L_INV + L_PRIOR") if pretrain.term == CLUSTERS else ("features", pretrain.term)
    )
    return (
        f"{what} first: {pretrain.steps:,} steps of {terms}, then {pretrain.heads} new heads on the embedding"
    )


def say_outcome(assigned: Assignments, out: Path) -> None:
    sizes = run_folder.cluster_sizes(assigned)
    sure = share_of_sure(assigned)
    used = sum(size > 0 for size in sizes)
    print(f"clusters in use: {used} of {len(sizes)}, with {min(sizes):,} to {max(sizes):,} each")
    print(f"of all, {sure:.0%} are in theirs with a probability above 0.9")
    if not is_clear(assigned):
        print("this has not found clear clusters: take more steps, another seed, or fewer clusters")
    print(f"written: {out / run_folder.TABLE}, {out / run_folder.MODEL}")
