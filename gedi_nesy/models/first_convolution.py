"""The convolution that reads the image, with an input gradient that is quick where Langevin dynamics needs it."""

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn
from torch.autograd.function import once_differentiable
from torch.nn.grad import conv2d_weight


class FirstConv2d(nn.Conv2d):
    """`nn.Conv2d` with the same weights and the same output.

    Training needs no gradient by its input, sampling needs no other. With one input channel, the kernel that torch has
    for it on CPUs takes many times what its arithmetic costs; here it is a product and a fold (docs/speed.md).
    """

    def forward(self, x: Float[Tensor, "*batch channel height width"]) -> Tensor:
        if x.device.type != "cpu" or not self._is_plain or x.ndim != 4:
            return super().forward(x)
        return _Convolution.apply(x, self.weight, self.bias, self.stride, self.padding)

    @property
    def _is_plain(self) -> bool:
        """Whether windows of the image itself make up the convolution: all else is left to torch."""
        return (
            self.padding_mode == "zeros"
            and self.groups == 1
            and self.dilation == (1, 1)
            and not isinstance(self.padding, str)
        )


class _Convolution(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, weight, bias, stride, padding) -> Tensor:
        ctx.save_for_backward(x, weight)
        ctx.stride, ctx.padding = stride, padding
        return F.conv2d(x, weight, bias, stride, padding)

    @staticmethod
    @once_differentiable
    def backward(ctx, *gradients: Tensor):
        (gradient,) = gradients
        x, weight = ctx.saved_tensors
        by_input = by_weight = by_bias = None
        if ctx.needs_input_grad[0]:
            batch, channels = gradient.shape[:2]
            # one row of `columns` is a window of the input: its gradient is spread back over the image
            rows = gradient.permute(0, 2, 3, 1).reshape(batch, -1, channels)
            columns = (rows @ weight.to(gradient.dtype).flatten(1)).transpose(1, 2)
            by_input = F.fold(columns, x.shape[2:], weight.shape[2:], padding=ctx.padding, stride=ctx.stride)
            by_input = by_input.to(x.dtype)
        if ctx.needs_input_grad[1]:
            by_weight = conv2d_weight(
                x.to(gradient.dtype), weight.shape, gradient, ctx.stride, ctx.padding
            ).to(weight.dtype)
        if ctx.needs_input_grad[2]:
            by_bias = gradient.sum(dim=(0, 2, 3), dtype=weight.dtype)
        return by_input, by_weight, by_bias, None, None
