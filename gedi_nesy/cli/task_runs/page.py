"""The page of a run of `train`: the verdict, what each network reads, and which readings the rule leaves."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from gedi_nesy.cli.cluster_inputs import ClusterInputs
from gedi_nesy.cli.page_parts import curves_of, image_chains, point_chains
from gedi_nesy.cli.run_folder import (
    HISTORY,
    PAGE,
    RunFolderError,
    prepared,
    read_history,
    read_json,
    write_json,
)
from gedi_nesy.cli.task_runs import folder as task_folder
from gedi_nesy.cli.task_runs.folder import Network, TaskFolder
from gedi_nesy.cli.task_runs.inputs import TaskInputs
from gedi_nesy.cluster import assign
from gedi_nesy.data.dataset import Collection
from gedi_nesy.models.card import Card, write_card
from gedi_nesy.models.encoders import FrozenFeatures
from gedi_nesy.report.page import content, networks
from gedi_nesy.report.page.content import Cloud, Finding, Page, Readings
from gedi_nesy.report.page.findings import finding_of
from gedi_nesy.report.page.write import write_page
from gedi_nesy.tasks.rivals import Rivals

READINGS = "readings.json"
REPEAT = (
    "Run it where rule, queries and images lie, with another folder for --out. On the same kind of machine, with the"
    " same versions, it gives the same networks."
)
SHOWN_SETTINGS = ("rule", "queries", "query", "images", "labels", "seed", "steps", "restarts", "finished")

Labels = Mapping[str, Sequence[str | None]]
"""By network."""


def write_readings(folder: Path, rivals: Rivals) -> None:
    """Keep which readings the queries leave, as far as they were listed."""
    maps = [each.outputs for each in rivals.maps]
    write_json(folder / READINGS, {"count": rivals.readings, "maps": maps})


def write_with_cards(out: Path, inputs: TaskInputs, rivals: Rivals) -> Path:
    """After `train`: readings, the page, and a card for each network; returns where the page is."""
    write_readings(out, rivals)
    run = task_folder.read(out)
    collections: dict[str, Collection | ClusterInputs] = {}
    for name in run.networks:
        pool = inputs.pools.of(name)
        if pool in inputs.photographs:
            collections[name] = inputs.photographs[pool]
            continue
        own = inputs.pools.collections[pool]
        # `prepared` is its own inverse
        collections[name] = own._replace(inputs=prepared(own.inputs, inputs.inverted[pool]))
    page = page_of(run, collections)
    write_page(out / PAGE, page)
    for name, card in cards_of(run, page).items():
        model = run.networks[name].model
        folder = out / task_folder.MODELS / run.settings["networks"][name]["folder"]
        write_card(folder, model.config, model.input_shape, card)
    return out / PAGE


def page_of(
    run: TaskFolder,
    collections: Mapping[str, Collection | ClusterInputs],
    labels: Labels | None = None,
    labels_note: str = "",
) -> Page:
    """Everything that there is to show; `collections` are the images by network as the person has them, and photographs
    with their features.
    """
    settings = run.settings
    several = len(run.networks) > 1
    parts = [
        _network(
            run,
            network,
            collections[name],
            name if several else "",
            labels[name] if labels else None,
            labels_note,
        )
        for name, network in run.networks.items()
    ]
    return Page(
        title=f"{Path(settings['rule']).stem}: what {' and '.join(run.networks)} learned",
        finding=_finding(run),
        notes=[*settings.get("notes", ()), *_left_out(settings)],
        networks=parts,
        readings=_readings(run),
        curves=curves_of(read_history(run.folder / HISTORY)),
        settings=_shown(settings),
        versions=settings.get("versions", {}),
        command=settings.get("command", ""),
        repeat=REPEAT,
    )


def cards_of(run: TaskFolder, page: Page) -> dict[str, Card]:
    """The model cards of its networks."""
    found = {}
    for name, network in run.networks.items():
        about = [
            f"`{name}` of the rule `{Path(run.settings['rule']).name}`, learned from queries that hold, by"
            f" `gedi-nesy train`: {page.finding.sentence}",
            f"Its outputs, in order: {', '.join(network.symbols)}.",
        ]
        if network.inverted:
            about.append("It was trained on the negative of images with a white background: give it 255 - x.")
        backbone = network.model.backbone
        if isinstance(backbone, FrozenFeatures):
            about.append(backbone.about)
        found[name] = Card(title=name, about=about, facts=page.finding.facts, command=page.command)
    return found


def _finding(run: TaskFolder) -> Finding:
    file = run.folder / task_folder.VERDICT
    verdict = read_json(file)
    if verdict is None or not {"verdict", "sentence"} <= verdict.keys():
        raise RunFolderError(f"{file}: holds no verdict")
    found = finding_of(verdict)
    if run.settings.get("finished"):
        return found
    return replace(
        found,
        advice=[*found.advice, "Training was stopped early: the same command with --resume goes on."],
    )


def _network(
    run: TaskFolder,
    network: Network,
    collection: Collection | ClusterInputs,
    name: str,
    labels: Sequence[str | None] | None,
    labels_note: str,
) -> content.Network:
    photographs = collection if isinstance(collection, ClusterInputs) else None
    inputs = collection.values if isinstance(collection, ClusterInputs) else collection.inputs
    assigned = assign(network.model, network.prepared(inputs))
    learned, seed = run.settings["objective"].get("gen", 0) > 0, run.settings["seed"]
    found = networks.Predictions(
        names=collection.names,
        probabilities=assigned.probabilities.double().numpy(),
        energies=assigned.energies.double().numpy(),
        symbols=network.symbols,
        energy_learned=learned,
        labels=labels,
        labels_note=labels_note,
    )
    if photographs is not None:
        return networks.of_images(photographs, found, name)
    if inputs.ndim == 4:
        chains = image_chains(network.model, seed, network.inverted) if learned else None
        return networks.of_images(inputs.numpy(), found, name, chains)
    cloud = Cloud(
        inputs=inputs.double().numpy(),
        clusters=found.clusters,
        names=found.symbols,
        samples=point_chains(network.model, seed) if learned else {},
    )
    return networks.of_points(cloud, found, name)


def _readings(run: TaskFolder) -> Readings | None:
    document = read_json(run.folder / READINGS)
    if document is None:
        return None
    count, maps = document.get("count"), document.get("maps")
    if not isinstance(maps, list):
        raise RunFolderError(f"{run.folder / READINGS}: damaged: it lists no readings")
    if count is None:
        return Readings(
            note="How many readings the rule leaves was not counted: it would have taken too long."
        )
    if count == 1:
        note = "What is read is the only one-to-one reading of the symbols under which the queries hold."
        return Readings(note=note)
    shown = "" if len(maps) == count else f" The first {len(maps)} are shown."
    note = (
        f"The queries hold under {count:,} one-to-one readings of the symbols, and nothing but labels tells these"
        f" apart. Column 1 is what the networks read; what another reads otherwise is marked.{shown}"
    )
    return Readings(note=note, maps=maps, learned=0)


def _shown(settings: Mapping[str, Any]) -> dict[str, Any]:
    found = {name: settings[name] for name in SHOWN_SETTINGS if settings.get(name) is not None}
    found["objective"] = settings["objective"]
    found["queries by template"] = {each["query"]: each["queries"] for each in settings["templates"]}
    return found


def _left_out(settings: Mapping[str, Any]) -> list[str]:
    files = [each for found in settings.get("left_out", {}).values() for each in found]
    return [f"left out, for it could not be read: {name} ({reason})" for name, reason in files[:20]]
