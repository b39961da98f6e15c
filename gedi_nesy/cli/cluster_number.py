"""`--clusters LOW-HIGH`: a number of clusters is looked for, and the curve shown."""

import argparse
import csv
import io
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from gedi_nesy.cli.cluster_inputs import ClusterInputs
from gedi_nesy.cluster import (
    Candidate,
    ClusterConfig,
    agreements,
    chosen,
    cluster_features,
    cluster_images,
    cluster_points,
)
from gedi_nesy.cluster.number import TOLERANCE, Train
from gedi_nesy.errors import MissingPackageError
from gedi_nesy.files import write_whole

TABLE, PICTURE = "number-of-clusters.csv", "number-of-clusters.png"
STEPS = {"images": 400, "points": 600, "features": 300}
RESTARTS = {"images": 1, "points": 3, "features": 5}
PAIRS = {"images": 2, "points": 3, "features": 3}
BAR = 40


def count_or_range(text: str) -> tuple[int, int]:
    """`10`, or `5-15`: the lowest and the highest number of clusters."""
    low, dash, high = text.partition("-")
    try:
        found = int(low), int(high if dash else low)
    except ValueError:
        raise argparse.ArgumentTypeError(
            f"{text!r} is neither a whole number nor a range such as 5-15"
        ) from None
    if dash and not 2 <= found[0] < found[1]:
        raise argparse.ArgumentTypeError(f"{text!r}: a range goes up, from 2 or more, such as 5-15")
    return found


def find_number(inputs: ClusterInputs, low: int, high: int, seed: int, steps: int | None, out: Path) -> int:
    """The number of clusters from `low` to `high` about which trainings agree; what it prints says how.

    The curve is written to `out` as a table and, where matplotlib is installed, as a picture.
    """
    kind, train = _training(inputs)
    config = ClusterConfig(num_clusters=low, steps=steps or STEPS[kind], restarts=RESTARTS[kind], seed=seed)
    pairs = PAIRS[kind]
    print(
        f"number of clusters: {low} to {high}, each trained {2 * pairs} times for {config.steps:,} steps, on the two"
        f" halves of {pairs} random splits; agreement is the adjusted Rand index of the two on all inputs"
    )
    candidates = agreements(
        inputs.values,
        range(low, high + 1),
        train,
        config,
        pairs,
        lambda each: print(_line(each), flush=True),
    )
    best = chosen(candidates)
    print(
        f"chosen: {best.num_clusters}, the largest number that agrees as well as the best does, up to its standard"
        f" error or {TOLERANCE:g}; no label was seen"
    )
    _write(candidates, best.num_clusters, out)
    return best.num_clusters


def _training(inputs: ClusterInputs) -> tuple[str, Train]:
    if inputs.backbone is not None:
        return "features", partial(cluster_features, backbone=inputs.backbone)
    return (
        ("images", partial(cluster_images, refined=False)) if inputs.is_images else ("points", cluster_points)
    )


def _line(candidate: Candidate) -> str:
    bar = "#" * round(BAR * max(0.0, candidate.agreement))
    return f"{candidate.num_clusters:4d}  {candidate.agreement:6.3f} ± {candidate.error:.3f}  {bar}"


def _write(candidates: Sequence[Candidate], best: int, out: Path) -> None:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["clusters", "agreement", "standard_error", "chosen"])
    for each in candidates:
        chosen_one = int(each.num_clusters == best)
        writer.writerow([each.num_clusters, f"{each.agreement:.6g}", f"{each.error:.6g}", chosen_one])
    write_whole(out / TABLE, text.getvalue().encode())
    try:
        from gedi_nesy.report.plots import number_of_clusters  # noqa: PLC0415 - a second to import, not always there
    except MissingPackageError as error:
        print(f"no picture: {error}")
        return
    numbers, agreement, error = zip(*candidates, strict=True)
    number_of_clusters(numbers, agreement, error, best, out / PICTURE)
    print(f"written: {out / TABLE}, {out / PICTURE}")
