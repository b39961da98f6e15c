"""`--pretrain` and `--pretrain-steps`, of the commands that train networks on images."""

import argparse

from gedi_nesy.errors import ConfigError
from gedi_nesy.pretraining.config import SELF_SUPERVISED, PretrainConfig

DEFAULT = PretrainConfig()


def add_pretrain_flags(parser: argparse.ArgumentParser) -> None:
    """Both flags."""
    parser.add_argument(
        "--pretrain",
        nargs="?",
        const=DEFAULT.term,
        metavar="TERM",
        help="features first: a self-supervised term trains the encoder, and clusters begin among neighbours in its"
        f" embedding; {', '.join(SELF_SUPERVISED)} (default: no; without a name: {DEFAULT.term})",
    )
    parser.add_argument(
        "--pretrain-steps",
        type=int,
        metavar="N",
        help=f"of {DEFAULT.batch_size} images, before the others (default: {DEFAULT.steps:,})",
    )


def pretrain_asked(arguments: argparse.Namespace) -> PretrainConfig | None:
    """As told; None where features are not to come first. ConfigError for what does not fit together."""
    if arguments.pretrain is None:
        if arguments.pretrain_steps is not None:
            raise ConfigError("--pretrain-steps belongs to --pretrain")
        return None
    if getattr(arguments, "features", None) not in (None, "none"):
        raise ConfigError("--pretrain trains an encoder of images, and --features has one: one of the two")
    steps = DEFAULT.steps if arguments.pretrain_steps is None else arguments.pretrain_steps
    return PretrainConfig(term=arguments.pretrain, steps=steps)
