"""What L_GEN adds to each self-supervised method: its row beside that with it."""

from collections.abc import Mapping
from typing import NamedTuple

Summaries = Mapping[str, Mapping[str, Mapping[str, float]]]
"""By row and metric, the statistics over the seeds: median, std, ..."""

WITH = " + L_GEN"
COMPARED = {
    "nmi": "NMI",
    "linear_probe": "probe",
    "knn": "20-NN",
    "ood_energy_and_gradient": "OOD",
}
"""Metrics of both rows, more being better; OOD is the median over sets by energy and its gradient together."""


class Change(NamedTuple):
    """Medians without and with L_GEN."""

    without: float
    added: float
    word: str
    """better or worse by more than both standard deviations over the seeds, taken together; else the same"""


Pairs = Mapping[str, Mapping[str, Change]]
"""By method and metric."""


def pairs(summaries: Summaries) -> Pairs:
    """Those rows that stand with L_GEN and without, in the order of the table, by what both were measured by."""
    both = {name: (summaries[name], summaries[name + WITH]) for name in summaries if name + WITH in summaries}
    return {
        name: {
            metric: _change(without[metric], added[metric])
            for metric in COMPARED
            if metric in without and metric in added
        }
        for name, (without, added) in both.items()
    }


def rows(summaries: Summaries) -> list[list[str]]:
    """A row a method, a column a metric: `0.736 to 0.741, the same`."""
    return [
        [name, *(_cell(changes.get(metric)) for metric in COMPARED)]
        for name, changes in pairs(summaries).items()
    ]


def ahead(first: Mapping[str, float], second: Mapping[str, float]) -> bool:
    """Whether one median is above another by more than both standard deviations over the seeds, taken together."""
    return first["median"] - second["median"] > (first["std"] ** 2 + second["std"] ** 2) ** 0.5


def _cell(change: Change | None) -> str:
    return "-" if change is None else f"{change.without:.3f} to {change.added:.3f}, {change.word}"


def _change(without: Mapping[str, float], added: Mapping[str, float]) -> Change:
    if without["std"] == added["std"] == 0.0:
        word = "one seed"
    else:
        word = "better" if ahead(added, without) else "worse" if ahead(without, added) else "the same"
    return Change(without["median"], added["median"], word)
