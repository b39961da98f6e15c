"""A network for other programs: from inputs as they come to p(y|x) and E(x), as ONNX or by torch.export.

What is written is read again, and compared with the network on random inputs.
"""

import json
from collections.abc import Callable, Sequence
from pathlib import Path

import torch
from jaxtyping import Float
from torch import Generator, Tensor, nn

from gedi_nesy.extras import needs
from gedi_nesy.models.gedi import GEDI
from gedi_nesy.types import Inputs

CHECKED = 16
"""Random inputs on which what was written is compared with the network."""
LARGEST_DIFFERENCE = 1e-3
"""Of probabilities and energies, beyond which what was written is not the network."""
OUTPUTS = ("probabilities", "energy")


class Exported(nn.Module):
    """p(y|x) and E(x), (batch, cluster) and (batch); images whose background was white are inverted here."""

    def __init__(self, model: GEDI, inverted: bool):
        super().__init__()
        self.model, self.inverted = model, inverted
        self.eval()

    def forward(self, x: Inputs) -> tuple[Float[Tensor, "batch cluster"], Float[Tensor, " batch"]]:
        logits = self.model(1.0 - x if self.inverted else x)
        return logits.softmax(dim=1), -logits.logsumexp(dim=1)

    def example(self, count: int) -> Inputs:
        """Random inputs."""
        return torch.rand(count, *self.model.input_shape, generator=Generator().manual_seed(0))


def export_torch(exported: Exported, file: Path, symbols: Sequence[str]) -> float:
    """Write `file` by torch.export, for any batch size; returns the largest difference on random inputs."""
    program = torch.export.export(exported, (exported.example(2),), dynamic_shapes=({0: _batch()},))
    file.parent.mkdir(parents=True, exist_ok=True)
    torch.export.save(program, file, extra_files={"symbols.json": json.dumps(list(symbols))})
    return _difference(exported, torch.export.load(file).module())


def export_onnx(exported: Exported, file: Path, symbols: Sequence[str]) -> float:
    """Write `file` as ONNX, for any batch size; MissingPackageError names the extra that this needs."""
    with needs("onnx"):
        import onnx  # noqa: PLC0415 - not always there
        import onnxruntime  # noqa: PLC0415
        import onnxscript  # noqa: F401, PLC0415 - torch needs it
    program = torch.onnx.export(
        exported,
        (exported.example(2),),
        input_names=["x"],
        output_names=list(OUTPUTS),
        dynamic_shapes=({0: _batch()},),
        dynamo=True,
        verbose=False,
    )
    assert program is not None
    model = program.model_proto
    onnx.helper.set_model_props(model, {"symbols": json.dumps(list(symbols))})
    file.parent.mkdir(parents=True, exist_ok=True)
    onnx.save(model, file)
    session = onnxruntime.InferenceSession(file, providers=["CPUExecutionProvider"])
    return _difference(
        exported, lambda x: tuple(map(torch.from_numpy, session.run(list(OUTPUTS), {"x": x.numpy()})))
    )


def _batch() -> object:
    return torch.export.Dim("batch", min=1)


@torch.no_grad()
def _difference(exported: Exported, other: Callable[[Tensor], Sequence[Tensor]]) -> float:
    x = exported.example(CHECKED)
    return max(float((own - given).abs().max()) for own, given in zip(exported(x), other(x), strict=True))
