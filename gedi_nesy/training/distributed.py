"""Several processes as one run, started by torchrun: what each does, and what all must agree on.

Every rank holds all images and the same weights, chooses the same batch, and takes its share of it. The logits of all
ranks are gathered, so that each computes the loss of the whole batch; every term, linear in the batch or not, is what
it is on one process. Without torchrun, or with one rank, nothing here does anything.
"""

import gc
import inspect
import json
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import torch
import torch.distributed as dist
from jaxtyping import Float
from torch import Generator, Tensor, nn
from torch.nn.parallel import DistributedDataParallel

from gedi_nesy.errors import ConfigError

TIMEOUT = timedelta(minutes=10)
"""How long a rank waits for another before the job ends with an error; a rank that dies is noticed at once."""

# buffers (where chains begin) never change, and need not be sent at every step; torch has renamed the argument
_RENAMED = "forward_sync_buffers" in inspect.signature(DistributedDataParallel).parameters
_NO_BUFFERS = {"forward_sync_buffers" if _RENAMED else "broadcast_buffers": False}


@contextmanager
def joined() -> Iterator[None]:
    """Within, this process is a rank of its job, if torchrun started it."""
    if not started_by_torchrun() or dist.is_initialized():
        yield
        return
    if torch.cuda.is_available():
        torch.cuda.set_device(int(os.environ["LOCAL_RANK"]))
    dist.init_process_group("cpu:gloo,cuda:nccl" if torch.cuda.is_available() else "gloo", timeout=TIMEOUT)
    yield
    # after an error the process ends as it is: the others are to notice, not to be waited for
    dist.barrier()
    gc.collect()  # what still holds the group would keep its threads alive, and end the process with an abort
    dist.destroy_process_group()


def started_by_torchrun() -> bool:
    return {"RANK", "WORLD_SIZE", "LOCAL_RANK"} <= os.environ.keys()


def rank() -> int:
    """This process among those of the job, from 0."""
    return dist.get_rank() if dist.is_initialized() else 0


def size() -> int:
    """How many there are."""
    return dist.get_world_size() if dist.is_initialized() else 1


def first() -> bool:
    """Whether this is the one that writes and prints."""
    return rank() == 0


def counts(num: int) -> list[int]:
    """How many of `num` things each rank takes: as evenly as can be, the first ranks the fewer."""
    return [num * (each + 1) // size() - num * each // size() for each in range(size())]


def share(num: int) -> slice:
    """Which of `num` things this rank takes. ValueError if some rank would have none."""
    if num < size():
        raise ConfigError(
            f"{num} cannot be shared by {size()} ranks: each needs at least one; start fewer ranks"
        )
    return part(num)


def part(num: int) -> slice:
    """The same, of what a rank may have none of."""
    return slice(num * rank() // size(), num * (rank() + 1) // size())


def parallel(model: nn.Module) -> nn.Module:
    """A module that calls the model and averages its gradients over the ranks; all begin with the weights of rank 0."""
    if size() == 1:
        return model
    return DistributedDataParallel(model, **_NO_BUFFERS)  # pyright: ignore[reportArgumentType]


def own_generator(generator: Generator) -> Generator:
    """A stream of this rank alone, for its chains, seeded from the one that all share; with one rank, the latter."""
    if size() == 1:
        return generator
    (seed,) = torch.randint(2**62, (1,), generator=generator.clone_state(), device=generator.device).tolist()
    return Generator(generator.device).manual_seed(seed + rank())


def gathered(rows: Float[Tensor, "mine *shape"], num: int) -> Float[Tensor, "num *shape"]:
    """The rows of all ranks, in their order; `num` in all, shared as `share` does.

    Differentiable, where each rank goes on to compute the same function of all rows: a rank's gradient is then what
    that function says of its own rows, times the number of ranks, since `parallel` averages where a sum is wanted.
    """
    return rows if size() == 1 else _Gathered.apply(rows, counts(num))  # pyright: ignore[reportReturnType]


class _Gathered(torch.autograd.Function):
    @staticmethod
    def forward(ctx, rows: Tensor, sizes: list[int]) -> Tensor:
        ctx.sizes = sizes
        return torch.cat(_all(rows, sizes))

    @staticmethod
    def backward(ctx, *gradients: Tensor):
        return gradients[0].split(ctx.sizes)[rank()] * size(), None


def _all(rows: Tensor, sizes: list[int]) -> list[Tensor]:
    """The rows of each rank; padded on the way, for all must send alike."""
    padded = rows.new_zeros(max(sizes), *rows.shape[1:])
    padded[: len(rows)] = rows
    received = [torch.empty_like(padded) for _ in sizes]
    dist.all_gather(received, padded)
    return [part[:count] for part, count in zip(received, sizes, strict=True)]


def states(generator: Generator) -> list[Tensor]:
    """The states of every rank's own generator; none where there is one rank."""
    if size() == 1:
        return []
    state = generator.get_state()
    return _all(state[None], [1] * size())


def agreed(values: Tensor) -> Tensor:
    """The values that rank 0 has."""
    if size() > 1:
        values = values.detach().clone()
        dist.broadcast(values, src=0)
    return values


def agreed_numbers(numbers: Sequence[float]) -> list[float]:
    """The numbers that rank 0 has: what decides must decide alike everywhere, to the last bit."""
    return agreed(torch.tensor(numbers, dtype=torch.float64)).tolist() if size() > 1 else list(numbers)


def agreed_document(document: Any) -> Any:
    """What rank 0 has, of text, numbers, lists and dicts."""
    if size() == 1:
        return document
    text = torch.frombuffer(bytearray(json.dumps(document), "utf-8"), dtype=torch.uint8)
    (length,) = agreed(torch.tensor([len(text)])).tolist()
    return json.loads(bytes(agreed(text if first() else torch.zeros(length, dtype=torch.uint8)).tolist()))


def total(values: Tensor) -> Tensor:
    """The sum over the ranks; no gradient flows through it."""
    if size() > 1:
        values = values.detach().clone()
        dist.all_reduce(values)
    return values


def largest(number: int) -> int:
    """The largest over the ranks; of flags, whether any is set."""
    if size() == 1:
        return number
    values = torch.tensor([number])
    dist.all_reduce(values, op=dist.ReduceOp.MAX)
    return int(values.item())
