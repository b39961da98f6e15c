"""How many queries hold although what is read in them is wrong, entirely or in one place."""

from collections.abc import Mapping, Sequence

import torch
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
    """The share of queries that hold where the images of each argument are dealt out again among a template's queries.

    As often as each symbol is read: what a share that holds must be compared with.
    """
    held = total = 0
    for template, compiled, each in zip(data.templates, log_prob.templates, readings, strict=True):
        num = len(template.indices)
        if not num:
            continue
        for _ in range(repeats):
            dealt = [torch.randperm(num, generator=generator) for _ in range(template.indices.shape[1])]
            symbols = torch.stack(
                [
                    row[dealt[reading.argument].to(row.device)]
                    for row, reading in zip(each.symbols, template.readings, strict=True)
                ]
            )
            sizes = [clusters[reading.network] for reading in template.readings]
            held += int(holds(compiled, symbols, sizes, answers_of(template)).sum())
            total += num
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
    read_by: dict[str, list[Tensor]] = {}
    for template, each in zip(data.templates, readings, strict=True):
        for reading, row in zip(template.readings, each.symbols, strict=True):
            read_by.setdefault(reading.network, []).append(row)
    pools = {name: torch.cat(rows) for name, rows in read_by.items()}
    held = total = 0
    for template, compiled, each in zip(data.templates, log_prob.templates, readings, strict=True):
        sizes = [clusters[reading.network] for reading in template.readings]
        for place, reading in enumerate(template.readings):
            pool, right = pools[reading.network], each.symbols[place]
            for _ in range(repeats):
                drawn = torch.randint(len(pool), right.shape, generator=generator).to(pool.device)
                symbols = each.symbols.clone()
                symbols[place] = pool[drawn]
                other = symbols[place] != right
                held += int((holds(compiled, symbols, sizes, answers_of(template)) & other).sum())
                total += int(other.sum())
    return held / total if total else 0.0
