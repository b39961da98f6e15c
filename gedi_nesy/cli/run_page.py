"""The page of a run of `cluster`: what its folder holds and its network says, as `report.page` shows it."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from gedi_nesy.cli.cluster_inputs import ClusterInputs
from gedi_nesy.cli.page_parts import curves_of, image_chains, point_chains
from gedi_nesy.cli.run_folder import RunFolder
from gedi_nesy.cluster import Assignments
from gedi_nesy.errors import MissingPackageError
from gedi_nesy.models.card import Card
from gedi_nesy.report.page import networks
from gedi_nesy.report.page.content import Cloud, Finding, Network, Page
from gedi_nesy.training.records import Record

REPEAT = (
    "Run it where the source lies, with another folder for --out. On the same kind of machine, with the same versions,"
    " it gives the same clusters."
)
NOTHING = [np.zeros((1, 1, 1), dtype=np.uint8)]
"""What the row of an empty cluster shows."""
NOT_SETTINGS = ("format", "sizes", "left_out", "notes", "versions", "command")
"""What else a run's settings hold."""


def page_of(
    run: RunFolder,
    inputs: ClusterInputs,
    found: Assignments,
    history: Sequence[Record],
    labels: Sequence[str | None] | None = None,
    labels_note: str = "",
) -> Page:
    """Everything that there is to show."""
    settings = run.settings
    symbols = [run.names.get(cluster, str(cluster)) for cluster in range(found.probabilities.shape[1])]
    predictions = networks.Predictions(
        names=inputs.names,
        probabilities=found.probabilities.double().numpy(),
        energies=found.energies.double().numpy(),
        symbols=symbols,
        kind="cluster",
        energy_learned=not inputs.has_pictures or settings["weight_gen"] > 0,
        labels=labels,
        labels_note=labels_note,
    )
    # L_GEN is always on for points
    hidden = NOT_SETTINGS if inputs.has_pictures else (*NOT_SETTINGS, "weight_gen")
    return Page(
        title=f"{len(symbols)} clusters of {Path(settings['source']).name}",
        finding=finding_of(found, settings, inputs.has_pictures),
        notes=[*inputs.notes, *_decided(settings)],
        networks=[_network(run, inputs, predictions)],
        curves=curves_of(history),
        settings={key: value for key, value in settings.items() if key not in hidden},
        versions=settings.get("versions", {}),
        command=settings.get("command", ""),
        repeat=REPEAT,
    )


def card_of(page: Page, inputs: ClusterInputs) -> Card:
    """The model card of the same run."""
    what = "images" if inputs.has_pictures else "points"
    about = [
        f"Clusters of {what}, learned without labels by `gedi-nesy cluster`: {page.finding.sentence}",
        "Which cluster is which kind, nobody has told it. It is meant for inputs like those that it was trained on.",
    ]
    if page.settings["inverted"]:
        about.append("It was trained on the negative of images with a white background, and expects 255 - x.")
    if inputs.backbone is not None:
        about.append(inputs.backbone.about)
    return Card(title=page.title, about=about, facts=page.finding.facts, command=page.command)


def is_clear(found: Assignments) -> bool:
    """Whether all clusters are in use, and half of the inputs at least surely in theirs."""
    used = found.probabilities.argmax(dim=1).unique().numel()
    return used == found.probabilities.shape[1] and share_of_sure(found) >= 0.5


def share_of_sure(found: Assignments) -> float:
    """Of inputs in their cluster with a probability above 0.9."""
    return float((found.probabilities.amax(dim=1) > 0.9).float().mean())


def finding_of(found: Assignments, settings: Mapping[str, Any], is_images: bool) -> Finding:
    """Whether the clusters are clear; whether they are what a person means, nothing here can say."""
    sizes, count, sure = settings["sizes"], len(found.energies), share_of_sure(found)
    used, what = sum(size > 0 for size in sizes), "images" if is_images else "points"
    in_use = f"all {used} clusters are" if used == len(sizes) else f"{used} of {len(sizes)} clusters are"
    said = f"{in_use} in use, and of {count:,} {what} {sure:.0%} are in theirs with a probability above 0.9."
    advice = ["Nothing said which kinds are meant: look at what each cluster holds, and give it a name."]
    if not is_clear(found):
        advice.append("Take more steps, another seed, or fewer clusters.")
    if not settings["finished"]:
        advice.append("Training was stopped early: the same command with --resume goes on.")
    facts = {
        what: f"{count:,}",
        "clusters in use": f"{used} of {len(sizes)}",
        "with a probability above 0.9": f"{sure:.0%}",
        "in the smallest, and the largest": f"{min(sizes):,}, {max(sizes):,}",
    }
    if is_clear(found):
        return Finding(
            word="clear clusters", tone="good", sentence=_capital(said), facts=facts, advice=advice
        )
    sentence = f"This has not found clear clusters: {said}"
    return Finding(word="no clear clusters", tone="doubtful", sentence=sentence, facts=facts, advice=advice)


def draw_rows(images: ClusterInputs, assigned: Assignments, path: Path) -> None:
    """A row of images a cluster, the surest first."""
    try:
        from gedi_nesy.report.plots import cluster_rows  # noqa: PLC0415 - a second to import, and not always there
    except MissingPackageError as error:
        print(f"no picture: {error}")
        return
    best, clusters = assigned.probabilities.max(dim=1)
    order = best.argsort(descending=True, stable=True)
    rows = {
        str(cluster): np.stack(
            [images[i] for i in order[clusters[order] == cluster][:20].tolist()] or NOTHING
        )
        / 255
        for cluster in range(assigned.probabilities.shape[1])
    }
    cluster_rows(rows, path)
    print(f"written: {path}")


def _network(run: RunFolder, inputs: ClusterInputs, predictions: networks.Predictions) -> Network:
    if inputs.has_pictures:
        seed, inverted = run.settings["seed"], run.settings["inverted"]
        chains = image_chains(run.model, seed, inverted) if predictions.energy_learned else None
        return networks.of_images(inputs, predictions, chains=chains)
    points = inputs.values.double().numpy()
    samples = point_chains(run.model, run.settings["seed"])
    cloud = Cloud(inputs=points, clusters=predictions.clusters, names=predictions.symbols, samples=samples)
    return networks.of_points(cloud, predictions)


def _decided(settings: Mapping[str, Any]) -> list[str]:
    """What is in the settings and needs a sentence."""
    inverted = "white background: images were inverted for the network"
    left_out = [
        f"left out, for it could not be read: {name} ({reason})" for name, reason in settings["left_out"]
    ]
    return [inverted] * settings["inverted"] + left_out[:20]


def _capital(sentence: str) -> str:
    return sentence[0].upper() + sentence[1:]
