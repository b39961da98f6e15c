"""`--pretrain` and `--pretrain-steps`, of the commands that train networks on images."""

import argparse

from gedi_nesy.errors import ConfigError
from gedi_nesy.pretraining.config import CHOICES, PretrainConfig

DEFAULT = PretrainConfig()
NONE = "none"
"""In place of a term: one stage."""


def add_pretrain_flags(parser: argparse.ArgumentParser, usual: str = NONE) -> None:
    """Both flags; `usual` says what is done without them."""
    parser.add_argument(
        "--pretrain",
        nargs="?",
        const=DEFAULT.term,
        metavar="TERM",
        help="two stages: a self-supervised term, or inv (L_INV + L_PRIOR), trains the encoder; then new heads begin"
        f" among neighbours in its embedding; {', '.join(CHOICES)}, {NONE} (default: {usual}; without a name:"
        f" {DEFAULT.term})",
    )
    parser.add_argument(
        "--pretrain-steps",
        type=int,
        metavar="N",
        help=f"of {DEFAULT.batch_size} images, before the others (default: {DEFAULT.steps:,})",
    )


def pretrain_asked(arguments: argparse.Namespace) -> PretrainConfig | None:
    """As told; None where nothing is said, or one stage is asked for. ConfigError for what does not fit together."""
    if arguments.pretrain in (None, NONE):
        if arguments.pretrain_steps is not None:
            raise ConfigError("--pretrain-steps belongs to --pretrain TERM")
        return None
    if getattr(arguments, "features", None) not in (None, "none"):
        raise ConfigError("--pretrain trains an encoder of images, and --features has one: one of the two")
    steps = DEFAULT.steps if arguments.pretrain_steps is None else arguments.pretrain_steps
    return PretrainConfig(term=arguments.pretrain, steps=steps)
