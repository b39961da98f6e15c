"""Which table is made from which files, and how."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from benchmarks.figures import circuits, images
from benchmarks.figures.cells import (
    Document,
    Runs,
    counts,
    flags,
    grouped,
    markdown,
    median,
    median_min,
    side_by_side,
    span,
    span_of,
    values,
)


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
                f"`{flags(document)}`",
                median_min(runs, "accuracy", bold=True),
                median(runs, "nmi"),
                median(runs, "ood_auroc"),
                span(runs, "seconds"),
                span_of([run["restarts"] for run in runs]),
            ]
        )
    heads = ["what is known", "flags", "accuracy, median (min.)", "NMI", "OOD", "seconds a seed", "restarts"]
    return markdown(heads, rows)


def _few(documents: Sequence[Document]) -> str:
    """A row a seed: how many namings its triples leave, and what became of them."""
    names = ("accuracy", "clustering_accuracy", "nmi", "p_constraint")
    rows = [
        [
            str(run["seed"]),
            f"{run['one_to_one']:,}",
            *(f"{run['metrics'][name]:.3f}" for name in names),
            f"{run['metrics']['seconds']:.0f}",
        ]
        for run in sorted(documents[0]["runs"], key=lambda run: (run["one_to_one"] > 1, run["seed"]))
    ]
    heads = ["seed", "one-to-one readings of its triples", "accuracy", "under the best renaming", "NMI"]
    return markdown([*heads, "P(query), unseen", "seconds"], rows)


def _ablation(documents: Sequence[Document]) -> str:
    rows = [
        [
            row,
            median_min(runs, "accuracy"),
            median(runs, "clustering_accuracy"),
            median(runs, "ood_auroc", 2),
            counts(run["kind"] for run in runs),
        ]
        for row, runs in grouped(documents[0]["runs"], "row").items()
    ]
    heads = ["terms", "accuracy, median (min.)", "under the best renaming", "OOD", "the symbols, by seeds"]
    return markdown(heads, rows)


def _shortcuts(documents: Sequence[Document]) -> str:
    """The rows of README: what the constraint alone gives, and all four terms."""
    every, labelled = (grouped(document["runs"], "task", "row") for document in documents)
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
    return markdown(heads, [[text, *_meanings(found[name])] for text, found, name in asked])


def _meanings(runs: Runs) -> list[str]:
    metrics = ("concept_accuracy", "clustering_accuracy", "ood_label_accuracy")
    learned = counts(run["learned"] for run in runs)
    return [*(median_min(runs, name) for name in metrics), _restarts(runs), learned]


def _restarts(runs: Runs) -> str:
    return span_of([round(value) for value in values(runs, "attempts")])


def _shortcuts_all(documents: Sequence[Document]) -> str:
    rows = []
    for document, note in zip(documents, ("", ", one labelled image"), strict=True):
        for name, runs in grouped(document["runs"], "task", "row").items():
            rows.append(
                [
                    name + note,
                    str(len(runs)),
                    _restarts(runs),
                    median_min(runs, "label_accuracy"),
                    median_min(runs, "ood_label_accuracy"),
                    median_min(runs, "concept_accuracy"),
                    median(runs, "concept_f1"),
                    median(runs, "collapse", 2),
                    median(runs, "concept_ece"),
                    counts(run["learned"] for run in runs),
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
    return markdown([*heads, "Cls(C)", "ECE", "concept map learned"], rows)


def _toy(documents: Sequence[Document]) -> str:
    by_method = grouped(documents[0]["runs"], "method")
    datasets = list(grouped(documents[0]["runs"], "dataset"))
    rows = []
    for method, runs in by_method.items():
        of = [[run for run in runs if run["dataset"] == dataset] for dataset in datasets]
        near = [median(each, "samples_near", 2) for each in of if "samples_near" in each[0]["metrics"]]
        search = ", ".join(dict.fromkeys(run.get("search", "") for run in runs))
        rows.append([method, search, *(median_min(each, "nmi", 2) for each in of), ", ".join(near)])
    heads = ["method", "search", *(f"{dataset}, median (min.)" for dataset in datasets)]
    return markdown([*heads, "samples near the manifold"], rows)


def _verdicts(documents: Sequence[Document]) -> str:
    """A row of the benchmark a row, its seeds side by side."""
    rows = []
    for name, runs in grouped(documents[0]["runs"], "row").items():
        right = round(sum(values(runs, "right")))
        rows.append(
            [
                name,
                side_by_side(runs, "accuracy"),
                side_by_side(runs, "estimated_accuracy"),
                side_by_side(runs, "held_out", 2),
                side_by_side(runs, "readings", 0),
                counts(run["verdict"] for run in runs),
                f"{right} of {len(runs)}",
                side_by_side(runs, "labels", 0),
                side_by_side(runs, "accuracy_with_labels"),
            ]
        )
    heads = ["rule, or what is wrong", "accuracy", "estimated", "held out", "readings", "verdict", "right"]
    return markdown([*heads, "labels asked", "accuracy with them"], rows)


def _photographs(documents: Sequence[Document]) -> str:
    """A row a command, its seeds side by side; the estimate is about images that training has seen."""
    metrics = ("accuracy", "accuracy_held_out", "estimated_accuracy")
    rows = []
    for document in documents:
        runs = document["runs"]
        figures = [side_by_side(runs, name) for name in metrics]
        others = [median(runs, name) for name in ("supervised", "kmeans")]
        rows.append([f"`{flags(document)}`", *figures, counts(run["verdict"] for run in runs), *others])
    heads = ["flags", "unseen images", "those of held-out queries", "estimated", "verdict"]
    return markdown([*heads, "a head with all labels", "k-means, best renaming"], rows)


def _grounding(documents: Sequence[Document]) -> str:
    """A row a task: ours, what was said of it without labels, and the others, all median (minimum)."""
    others = ("nesy", "entropy", "semantic-loss", "supervised")
    rows = []
    for task, runs in grouped(documents[0]["runs"], "task").items():
        by_method = grouped(runs, "method")
        ours = by_method.get("gedi")
        if ours is None:
            continue
        rows.append(
            [
                task,
                str(len(ours)),
                span_of([run["queries"] for run in ours]),
                median_min(ours, "accuracy", bold=True),
                median(ours, "clustering_accuracy"),
                counts(run["verdict"] for run in ours),
                side_by_side(ours, "readings", 0),
                *(median_min(by_method[name], "accuracy") if name in by_method else "" for name in others),
            ]
        )
    heads = ["task", "seeds", "queries", "GEDI", "renamed", "verdict", "readings", "log P(query) alone"]
    return markdown([*heads, "and entropy", "semantic loss", "all labels"], rows)


TABLES: dict[str, Table] = {
    "addition": Table(
        ("addition-1000", "addition-100", "addition-100-extra-images", "addition-30-extra-images"), _addition
    ),
    "addition-few": Table(("addition-10-extra-images",), _few),
    "ablation": Table(("addition-ablation",), _ablation),
    "shortcuts": Table(("shortcuts", "shortcuts-one-label"), _shortcuts),
    "shortcuts-all": Table(("shortcuts", "shortcuts-one-label"), _shortcuts_all),
    "toy": Table(("toy",), _toy),
    "verdicts": Table(("verdict",), _verdicts),
    "grounding": Table(("grounding",), _grounding),
    "scaling": Table(("circuits-scaling",), circuits.scaling),
    "peers": Table(("circuits-peers",), circuits.peers),
    "repository": Table(("circuits-repository",), circuits.repository),
    "images": Table(("images-mnist5k",), images.clusters),
    "images-fashion": Table(("images-fashion",), images.clusters),
    "images-rows": Table(("images-mnist5k-rows",), images.clusters),
    "likelihood": Table(("images-mnist5k-rows",), images.likelihood_added),
    "out-of-distribution": Table(("images-mnist5k",), images.told_apart),
    "photographs": Table(("photographs", "photographs-300"), _photographs),
}
"""By the name that stands in the text: `<!-- table: NAME -->`."""
