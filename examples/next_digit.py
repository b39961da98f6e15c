"""A program of your own: digits learned from pairs of a digit and its successor. Two minutes.

Run it from the root of the repository: python examples/next_digit.py
"""

# --8<-- [start:text]
import torch

from gedi_nesy.data.images import load

# --8<-- [start:five lines]
from gedi_nesy.data.queries import with_extra_images
from gedi_nesy.learn import learn, query_log_prob
# --8<-- [end:five lines]

images, labels = load("mnist5k").train  # yours: uint8, or floats in [0, 1]; (image, channel, height, width)
generator = torch.Generator().manual_seed(0)

# 300 pairs of a digit and its successor; the labels are not used after this
order = torch.randperm(len(images), generator=generator)
by_digit = [order[labels[order] == digit] for digit in range(10)]
digits = torch.randint(9, (300,), generator=generator).tolist()
pairs = torch.tensor([[by_digit[d][i % 400], by_digit[d + 1][-1 - i % 400]] for i, d in enumerate(digits)])

# --8<-- [start:five lines]
data = with_extra_images(generator, images, pairs, num=0)
log_prob = query_log_prob("examples/next.pl", "next(A, B)", ("A", "B"), num_clusters=10)
outcome = learn(data, log_prob, num_clusters=10)
# --8<-- [end:five lines]
outcome.model.save("next-model")

test = load("mnist5k").test
predictions = outcome.model.log_probs(test.images).argmax(dim=1)
print(f"{(predictions == test.labels).float().mean():.3f} of the unseen digits are classified correctly")
# --8<-- [end:text]
