"""The convolution that reads the image, with an input gradient that is quick where Langevin dynamics needs it."""

from typing import NamedTuple

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn
from torch.autograd.function import once_differentiable
from torch.nn.grad import conv2d_weight

Pair = tuple[int, int]


class FirstConv2d(nn.Conv2d):
    """`nn.Conv2d` with the same weights and the same output.

    Training needs no gradient by its input, sampling needs no other. With one input channel, the kernel that torch has
    for it on CPUs takes many times what its arithmetic costs; here it is a product and a fold, or a convolution with
    fewer zeros (docs/speed.md).
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
            gradient_by_input = by_phases if gradient.dtype == torch.bfloat16 else by_fold
            by_input = gradient_by_input(
                gradient, weight.to(gradient.dtype), x.shape[2:], ctx.stride, ctx.padding
            )
            by_input = by_input.to(x.dtype)
        if ctx.needs_input_grad[1]:
            by_weight = conv2d_weight(
                x.to(gradient.dtype), weight.shape, gradient, ctx.stride, ctx.padding
            ).to(weight.dtype)
        if ctx.needs_input_grad[2]:
            by_bias = gradient.sum(dim=(0, 2, 3), dtype=weight.dtype)
        return by_input, by_weight, by_bias, None, None


def by_fold(gradient: Tensor, weight: Tensor, size: tuple[int, ...], stride: Pair, padding: Pair) -> Tensor:
    """Gradient by an input of (height, width) `size`: a product for every window, summed where windows overlap."""
    windows = weight.flatten(1).t() @ gradient.flatten(2)
    return F.fold(windows, size, weight.shape[2:], padding=padding, stride=stride)


def by_phases(gradient: Tensor, weight: Tensor, size: tuple[int, ...], stride: Pair, padding: Pair) -> Tensor:
    """The same as a sub-pixel convolution (Shi et al. 2016), which sums in float32 whatever its inputs.

    The gradient at the pixels s P + r, of one phase r of the stride s, is a convolution of `gradient` with every
    s-th row of the kernel. All phases are output channels of one convolution, and are then put side by side.
    """
    axes = [
        _phase(*axis)
        for axis in zip(size, gradient.shape[2:], weight.shape[2:], stride, padding, strict=True)
    ]
    rows, columns = axes
    kernel = F.pad(weight, (*columns.kernel, *rows.kernel))
    kernel = kernel.unflatten(3, (-1, stride[1])).unflatten(2, (-1, stride[0]))
    # (features, channels, rows, row phase, columns, column phase) to one output channel a phase
    kernel = kernel.permute(1, 3, 5, 0, 2, 4).flatten(0, 2).flip(2, 3)
    if rows.even and columns.even:
        found = F.conv2d(gradient, kernel, padding=(rows.before, columns.before))
    else:
        found = F.conv2d(F.pad(gradient, (columns.before, columns.after, rows.before, rows.after)), kernel)
    found = found.unflatten(1, (weight.shape[1], *stride)).permute(0, 1, 4, 2, 5, 3)
    return found.flatten(4, 5).flatten(2, 3)[:, :, : size[0], : size[1]]


class _Phase(NamedTuple):
    """What to add at both ends of an axis of the kernel, and of the gradient (less than 0: take away)."""

    kernel: tuple[int, int]
    before: int
    after: int

    @property
    def even(self) -> bool:
        return self.before == self.after >= 0


def _phase(size: int, steps: int, kernel: int, stride: int, padding: int) -> _Phase:
    """Pixel s P + r is read by step P - m through row s m + r + padding of the kernel, for m from `first` to `last`."""
    first, last = -((stride - 1 + padding) // stride), (kernel - 1 - padding) // stride
    rows = (-(stride * first + padding), stride * last + stride + padding - kernel)
    return _Phase(rows, last, -(-size // stride) - first - steps)
