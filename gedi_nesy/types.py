"""The shapes that signatures speak of; checked at run time only under pytest."""

from jaxtyping import Float, Int, UInt8
from torch import Tensor

Images = Float[Tensor, "batch channel height width"]
Inputs = Float[Tensor, "batch *shape"]
AnyImages = Images | UInt8[Tensor, "batch channel height width"]
"""Floats, or bytes as they are stored; `data.pixels.to_float` makes floats of a batch."""
AnyInputs = Inputs | UInt8[Tensor, "batch *shape"]
Embeddings = Float[Tensor, "batch feature"]
Logits = Float[Tensor, "batch cluster"]
LogProbs = Float[Tensor, "batch cluster"]
Energies = Float[Tensor, " batch"]
Prior = Float[Tensor, " cluster"]
Scalar = Float[Tensor, ""]
Slots = Int[Tensor, " batch"]
Permutation = Int[Tensor, " cluster"]
Permutations = Int[Tensor, "candidate cluster"]
