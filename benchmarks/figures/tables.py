"""Which table is made from which files, and how."""

import statistics
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

Document = Mapping[str, Any]
Runs = Sequence[Mapping[str, Any]]


class Table(NamedTuple):
    """The names of its files in docs/figures, without `.json`, and a function of their contents that gives markdown."""

    files: tuple[str, ...]
    markdown: Callable[[Sequence[Document]], str]


def _addition(documents: Sequence[Document]) -> str:
    known = (
        "1,000 triples",
        "100 triples, no other image",
        "100 triples, all other images without a triple",
        "30 triples, all other images without a triple",
    )
    rows = []
    for text, document in zip(known, documents, strict=True):
        runs = document["runs"]
        rows.append(
            [
                text,
                f"`{_flags(document)}`",
                _median_min(runs, "accuracy", bold=True),
                _median(runs, "nmi"),
                _median(runs, "ood_auroc"),
                _span(runs, "seconds"),
                _span_of([run["restarts"] for run in runs]),
            ]
        )
    heads = ["what is known", "flags", "accuracy, median (min.)", "NMI", "OOD", "seconds a seed", "restarts"]
    return _markdown(heads, rows)


def _ablation(documents: Sequence[Document]) -> str:
    rows = [
        [
            row,
            _median_min(runs, "accuracy"),
            _median(runs, "clustering_accuracy"),
            _median(runs, "ood_auroc", 2),
            _counts(run["kind"] for run in runs),
        ]
        for row, runs in _grouped(documents[0]["runs"], "row").items()
    ]
    heads = ["terms", "accuracy, median (min.)", "under the best renaming", "OOD", "the symbols, by seeds"]
    return _markdown(heads, rows)


def _shortcuts(documents: Sequence[Document]) -> str:
    """The rows of README: what the constraint alone gives, and all four terms."""
    every, labelled = (_grouped(document["runs"], "task", "row") for document in documents)
    asked = [
        ("MNIST-Half, no labels", every, "half, all four"),
        ("MNIST-Half, the constraint alone", every, "half, constraint alone"),
        ("MNIST-EvenOdd, one labelled image in all", labelled, "even_odd, all four"),
        ("MNIST-EvenOdd, no labels", every, "even_odd, all four"),
    ]
    heads = [
        "task",
        "concept accuracy",
        "under the best renaming",
        "unseen pairs",
        "restarts",
        "concept map learned, by seeds",
    ]
    return _markdown(heads, [[text, *_meanings(found[name])] for text, found, name in asked])


def _meanings(runs: Runs) -> list[str]:
    metrics = ("concept_accuracy", "clustering_accuracy", "ood_label_accuracy")
    learned = _counts(run["learned"] for run in runs)
    return [*(_median_min(runs, name) for name in metrics), _restarts(runs), learned]


def _restarts(runs: Runs) -> str:
    return _span_of([round(value) for value in _values(runs, "attempts")])


def _shortcuts_all(documents: Sequence[Document]) -> str:
    rows = []
    for document, note in zip(documents, ("", ", one labelled image"), strict=True):
        for name, runs in _grouped(document["runs"], "task", "row").items():
            rows.append(
                [
                    name + note,
                    str(len(runs)),
                    _restarts(runs),
                    _median_min(runs, "label_accuracy"),
                    _median_min(runs, "ood_label_accuracy"),
                    _median_min(runs, "concept_accuracy"),
                    _median(runs, "concept_f1"),
                    _median(runs, "collapse", 2),
                    _median(runs, "concept_ece"),
                    _counts(run["learned"] for run in runs),
                ]
            )
    heads = [
        "task, terms",
        "seeds",
        "restarts",
        "label acc.",
        "label acc., unseen pairs",
        "concept acc.",
        "macro F1",
    ]
    return _markdown([*heads, "Cls(C)", "ECE", "concept map learned"], rows)


def _toy(documents: Sequence[Document]) -> str:
    by_method = _grouped(documents[0]["runs"], "method")
    datasets = list(_grouped(documents[0]["runs"], "dataset"))
    rows = []
    for method, runs in by_method.items():
        of = [[run for run in runs if run["dataset"] == dataset] for dataset in datasets]
        near = [_median(each, "samples_near", 2) for each in of if "samples_near" in each[0]["metrics"]]
        search = ", ".join(dict.fromkeys(run.get("search", "") for run in runs))
        rows.append([method, search, *(_median_min(each, "nmi", 2) for each in of), ", ".join(near)])
    heads = ["method", "search", *(f"{dataset}, median (min.)" for dataset in datasets)]
    return _markdown([*heads, "samples near the manifold"], rows)


def _verdicts(documents: Sequence[Document]) -> str:
    """A row of the benchmark a row, its seeds side by side."""
    rows = []
    for name, runs in _grouped(documents[0]["runs"], "row").items():
        right = round(sum(_values(runs, "right")))
        rows.append(
            [
                name,
                _side_by_side(runs, "accuracy"),
                _side_by_side(runs, "estimated_accuracy"),
                _side_by_side(runs, "held_out", 2),
                _side_by_side(runs, "readings", 0),
                _counts(run["verdict"] for run in runs),
                f"{right} of {len(runs)}",
                _side_by_side(runs, "labels", 0),
                _side_by_side(runs, "accuracy_with_labels"),
            ]
        )
    heads = ["rule, or what is wrong", "accuracy", "estimated", "held out", "readings", "verdict", "right"]
    return _markdown([*heads, "labels asked", "accuracy with them"], rows)


def _photographs(documents: Sequence[Document]) -> str:
    """A row a command, its seeds side by side; the estimate is about images that training has seen."""
    metrics = ("accuracy", "accuracy_held_out", "estimated_accuracy")
    rows = []
    for document in documents:
        runs = document["runs"]
        figures = [_side_by_side(runs, name) for name in metrics]
        others = [_median(runs, name) for name in ("supervised", "kmeans")]
        rows.append([f"`{_flags(document)}`", *figures, _counts(run["verdict"] for run in runs), *others])
    heads = ["flags", "unseen images", "those of held-out queries", "estimated", "verdict"]
    return _markdown([*heads, "a head with all labels", "k-means, best renaming"], rows)


TABLES: dict[str, Table] = {
    "addition": Table(
        ("addition-1000", "addition-100", "addition-100-extra-images", "addition-30-extra-images"), _addition
    ),
    "ablation": Table(("addition-ablation",), _ablation),
    "shortcuts": Table(("shortcuts", "shortcuts-one-label"), _shortcuts),
    "shortcuts-all": Table(("shortcuts", "shortcuts-one-label"), _shortcuts_all),
    "toy": Table(("toy",), _toy),
    "verdicts": Table(("verdict",), _verdicts),
    "photographs": Table(("photographs", "photographs-300"), _photographs),
}
"""By the name that stands in the text: `<!-- table: NAME -->`."""


def _markdown(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _grouped(runs: Runs, *keys: str) -> dict[str, list[Mapping[str, Any]]]:
    groups: dict[str, list[Mapping[str, Any]]] = {}
    for run in runs:
        groups.setdefault(", ".join(str(run[key]) for key in keys), []).append(run)
    return groups


def _flags(document: Document) -> str:
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


def _values(runs: Runs, name: str) -> list[float]:
    return [run["metrics"][name] for run in runs]


def _median(runs: Runs, name: str, digits: int = 3) -> str:
    if name not in runs[0]["metrics"]:
        return ""
    return f"{statistics.median(_values(runs, name)):.{digits}f}"


def _median_min(runs: Runs, name: str, digits: int = 3, bold: bool = False) -> str:
    if name not in runs[0]["metrics"]:
        return ""
    stars = "**" if bold else ""
    return f"{stars}{_median(runs, name, digits)}{stars} ({min(_values(runs, name)):.{digits}f})"


def _side_by_side(runs: Runs, name: str, digits: int = 3) -> str:
    """Each run's figure, a dash where it has none; nothing where none has one."""
    values = [run["metrics"].get(name) for run in runs]
    if all(value is None for value in values):
        return ""
    return ", ".join("-" if value is None else f"{value:.{digits}f}" for value in values)


def _span(runs: Runs, name: str) -> str:
    return _span_of([round(value) for value in _values(runs, name)])


def _span_of(values: Sequence[int]) -> str:
    low, high = min(values), max(values)
    return f"{low}" if low == high else f"{low} to {high}"


def _counts(words: Any) -> str:
    return ", ".join(f"{count} x {word}" for word, count in Counter(words).most_common())
