"""One label for a rule that cannot tell its symbols apart: the parity of two bits. Seconds.

Run it from the root of the repository: python examples/few_labels.py
"""

# --8<-- [start:audit]
from gedi_nesy.audit import shortcuts

audit = shortcuts.audit("programs/xor.pl")  # its training queries stand beside it, in xor.queries
print(f"{audit.maps} readings satisfy all queries; to be sure, label one of {audit.labels}")
# --8<-- [end:audit]

# --8<-- [start:data]
import torch

from gedi_nesy.data.images import load
from gedi_nesy.data.queries import with_extra_images

images, digits = load("digits").train
images, bits = images[digits < 2], digits[digits < 2]  # zeros and ones
pairs = torch.randperm(len(images) // 2 * 2, generator=torch.Generator().manual_seed(0)).view(-1, 2)
parities = bits[pairs].sum(dim=1) % 2  # known of each pair; the bits are not
data = with_extra_images(torch.Generator(), images, pairs, num=0)._replace(answers=parities)
# --8<-- [end:data]

# --8<-- [start:learning]
from gedi_nesy.learn import learn, query_log_prob
from gedi_nesy.models.encoders import ConvNet
from gedi_nesy.training.config import TrainConfig

config = TrainConfig(attempts=1, explore=50, refine=30, reconsider=0)  # enough for two bits
test, truth = load("digits").test
test, truth = test[truth < 2], truth[truth < 2]
labelled = pairs[:1, 0]  # one image
with_label = data._replace(labelled=labelled, labels=bits[labelled])
for name, known, seed in (
    ("no label", data, 1),
    ("no label", data, 2),
    ("one label", with_label, 1),
    ("one label", with_label, 2),
):
    log_prob = query_log_prob(
        "programs/xor.pl", "parity([A, B], P)", ("A", "B"), num_clusters=2, network="bit_net", answer="P"
    )
    model = learn(known, log_prob, 2, config, lambda: ConvNet(width=8), seed=seed).model
    accuracy = (model.log_probs(test).argmax(dim=1) == truth).float().mean()
    print(f"{name}, seed {seed}: {accuracy:.3f} of the unseen bits are read right")
# --8<-- [end:learning]
