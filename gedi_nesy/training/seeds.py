"""Seeds of streams that never meet, from the one number that a person gives."""

import numpy as np

from gedi_nesy.errors import ConfigError


def streams(*key: int) -> tuple[int, int]:
    """A seed for initialisation and one for training, different from each other and from those of any other key.

    Two generators that are seeded alike give the same numbers: weights would be drawn again as noise, and as batches.
    """
    if min(key) < 0:
        raise ConfigError(f"seed={min(key)} must not be negative")
    initialisation, training = np.random.SeedSequence(key).spawn(2)
    return _seed(initialisation), _seed(training)


def _seed(sequence: np.random.SeedSequence) -> int:
    # torch takes 64 bits, and prints them with a sign
    return int(sequence.generate_state(1, np.uint64)[0] >> np.uint64(1))
