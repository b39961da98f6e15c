"""The parts one by one: a network as a neural predicate, a loss, a distribution over answers. Seconds.

Run it from the root of the repository: python examples/parts.py
"""

# --8<-- [start:text]
import torch

from gedi_nesy import GEDI, Program
from gedi_nesy.models.encoders import ConvNet

gedi = GEDI(ConvNet(), num_clusters=10)  # or GEDI.load("next-model"); nothing is unpickled
xa, xb, xc = torch.rand(3, 8, 1, 28, 28)  # images: (batch, channel, height, width)

program = Program.from_file("programs/addition.pl", networks={"digit_net": gedi})
query = program.compile("addition(A, B, C)", images=["A", "B", "C"])
loss_nesy = -query.log_prob(A=xa, B=xb, C=xc).mean()

program = Program.from_file("programs/sum.pl", networks={"digit_net": gedi})
answers = program.compile("sum(A, B, N)", images=["A", "B"], answer="N")
probabilities = answers.distribution(A=xa, B=xb)  # (batch, answer): the sums 0, 1, ... 18
# --8<-- [end:text]

loss_nesy.backward()
print(f"L_NESY {-loss_nesy.item():.3f}, {tuple(probabilities.shape)} probabilities of answers")
