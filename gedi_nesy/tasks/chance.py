"""How many queries hold although what is read in them is wrong, entirely or in one place."""

from collections.abc import Mapping, Sequence

import torch
from jaxtyping import Int
from torch import Generator, Tensor

from gedi_nesy.data.queries import TaskData
from gedi_nesy.tasks.programs import TaskLogProb
from gedi_nesy.tasks.readings import Readings, answers_of, holds


def chance(
    generator: Generator,
    data: TaskData,
    log_prob: TaskLogProb,
    readings: Sequence[Readings],
    clusters: Mapping[str, int],
    repeats: int = 20,
) -> float:
    """The share of queries that hold where each image is read as any symbol, as often as its network reads each.

    What a share that holds must be compared with, if nothing is known of the images.
    """
    pools, held, total = _pools(data, readings), 0, 0
    for template, compiled, each in zip(data.templates, log_prob.templates, readings, strict=True):
        sizes = [clusters[reading.network] for reading in template.readings]
        for _ in range(repeats):
            drawn = [_drawn(generator, pools[reading.network], each) for reading in template.readings]
            held += int(holds(compiled, torch.stack(drawn), sizes, answers_of(template)).sum())
            total += len(template.indices)
    return held / total if total else 0.0


def chance_if_misread(
    generator: Generator,
    data: TaskData,
    log_prob: TaskLogProb,
    readings: Sequence[Readings],
    clusters: Mapping[str, int],
    repeats: int = 20,
) -> float:
    """The share of queries that hold where one reading of each, any of them, is another symbol.

    As often as its network reads each in all queries: some wrong readings go unnoticed, so that more queries hold than
    are read right. 0 where networks read one symbol everywhere.
    """
    pools, held, total = _pools(data, readings), 0, 0
    for template, compiled, each in zip(data.templates, log_prob.templates, readings, strict=True):
        sizes = [clusters[reading.network] for reading in template.readings]
        for place, reading in enumerate(template.readings):
            for _ in range(repeats):
                symbols = each.symbols.clone()
                symbols[place] = _drawn(generator, pools[reading.network], each)
                other = symbols[place] != each.symbols[place]
                held += int((holds(compiled, symbols, sizes, answers_of(template)) & other).sum())
                total += int(other.sum())
    return held / total if total else 0.0


def _pools(data: TaskData, readings: Sequence[Readings]) -> dict[str, Int[Tensor, " reading"]]:
    """What each network reads in all queries."""
    found: dict[str, list[Tensor]] = {}
    for template, each in zip(data.templates, readings, strict=True):
        for reading, row in zip(template.readings, each.symbols, strict=True):
            found.setdefault(reading.network, []).append(row)
    return {name: torch.cat(rows) for name, rows in found.items()}


def _drawn(generator: Generator, pool: Int[Tensor, " reading"], each: Readings) -> Int[Tensor, " query"]:
    """A reading from the pool for each query of a template."""
    num = each.symbols.shape[1]
    chosen = (
        torch.randint(len(pool), (num,), generator=generator) if num else torch.empty(0, dtype=torch.long)
    )
    return pool[chosen.to(pool.device)]
