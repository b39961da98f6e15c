"""What tables are made of: groups of runs, and a metric of several runs in a cell."""

import statistics
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

Document = Mapping[str, Any]
Runs = Sequence[Mapping[str, Any]]


def markdown(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def grouped(runs: Runs, *keys: str) -> dict[str, list[Mapping[str, Any]]]:
    groups: dict[str, list[Mapping[str, Any]]] = {}
    for run in runs:
        groups.setdefault(", ".join(str(run[key]) for key in keys), []).append(run)
    return groups


def flags(document: Document) -> str:
    """The command's flags that say what was run, without those that say where."""
    words = document["command"].split()
    first = next((index for index, word in enumerate(words) if word.startswith("--")), len(words))
    groups: list[list[str]] = []
    for word in words[first:]:
        if word.startswith("--"):
            groups.append([])
        groups[-1].append(word)
    hidden = ("--out", "--resume", "--threads", "--weight-nesy", "--workers", "--overwrite", "--data-root")
    return " ".join(" ".join(group) for group in groups if group[0].split("=")[0] not in hidden)


def values(runs: Runs, name: str) -> list[float]:
    """A metric of each run."""
    return [run["metrics"][name] for run in runs]


def median(runs: Runs, name: str, digits: int = 3) -> str:
    if name not in runs[0]["metrics"]:
        return ""
    return f"{statistics.median(values(runs, name)):.{digits}f}"


def median_min(runs: Runs, name: str, digits: int = 3, bold: bool = False) -> str:
    if name not in runs[0]["metrics"]:
        return ""
    stars = "**" if bold else ""
    return f"{stars}{median(runs, name, digits)}{stars} ({min(values(runs, name)):.{digits}f})"


def side_by_side(runs: Runs, name: str, digits: int = 3) -> str:
    """Each run's figure, a dash where it has none; nothing where none has one."""
    values = [run["metrics"].get(name) for run in runs]
    if all(value is None for value in values):
        return ""
    return ", ".join("-" if value is None else f"{value:.{digits}f}" for value in values)


def span(runs: Runs, name: str) -> str:
    return span_of([round(value) for value in values(runs, name)])


def span_of(values: Sequence[int]) -> str:
    low, high = min(values), max(values)
    return f"{low}" if low == high else f"{low} to {high}"


def counts(words: Any) -> str:
    return ", ".join(f"{count} x {word}" for word, count in Counter(words).most_common())
