"""The page of one seed: what its network made of the unseen images, for a person who did not run it."""

import copy
from collections.abc import Mapping
from typing import Any

from benchmarks.addition.config import AdditionConfig
from benchmarks.runner.flags import flat
from gedi_nesy.audit.shortcuts import Audit
from gedi_nesy.cli.page_parts import curves_of, image_chains
from gedi_nesy.cli.top_level import versions
from gedi_nesy.cluster import Assignments
from gedi_nesy.data.dataset import Dataset
from gedi_nesy.data.pixels import to_float
from gedi_nesy.metrics.collapse import Verdict
from gedi_nesy.report.page import networks
from gedi_nesy.report.page.content import Finding, Page, Readings, Tone
from gedi_nesy.training.loop import Outcome

TONES: dict[str, Tone] = {"grounded": "good", "permuted": "doubtful", "mixed": "bad", "collapsed": "bad"}
SHOWN_METRICS = {
    "accuracy": "accuracy",
    "nmi": "NMI",
    "p_constraint": "P(query), unseen triples",
    "ood_auroc": "AUROC against blends",
}
SHOWN_MAPS = 8
REPEAT = "From a checkout, with another folder for --out."
NOT_SETTINGS = ("seeds", "out", "resume", "overwrite", "workers", "backend", "scheduler", "tensorboard")


def page_of(
    config: AdditionConfig,
    dataset: Dataset,
    outcome: Outcome,
    found: Assignments,
    judged: Verdict,
    audit: Audit | None,
    run: Mapping[str, Any],
) -> Page:
    """All of one run but its command; `found` is what the network says of the test images, `run` what results.json
    keeps.
    """
    clusters = found.probabilities.shape[1]
    learned = config.train.objective["gen"] > 0
    predictions = networks.Predictions(
        names=[f"test image {number}" for number in range(len(found.energies))],
        probabilities=found.probabilities.double().cpu().numpy(),
        energies=found.energies.double().cpu().numpy(),
        symbols=[str(symbol) for symbol in range(clusters)],
        energy_learned=learned,
        labels=[str(label) for label in dataset.test.labels.tolist()],
        labels_note="Labels of the unseen images; none of them was used in training.",
    )
    images = (255 * to_float(dataset.test.images)).round().byte().cpu().numpy()
    chains = (
        image_chains(copy.deepcopy(outcome.model).cpu(), run["seed"], inverted=False) if learned else None
    )
    facts = {name: f"{run['metrics'][key]:.3f}" for key, name in SHOWN_METRICS.items()}
    settings = {name: value for name, value in flat(config).items() if name not in NOT_SETTINGS}
    return Page(
        title=f"Addition on {config.dataset}, seed {run['seed']}{', ' + run['row'] if run['row'] else ''}",
        finding=Finding(
            word=judged.kind, tone=TONES[judged.kind], sentence=judged.sentence, facts=facts, advice=()
        ),
        notes=[f"{config.triples:,} triples of training images, of which {config.query} is known; no label"],
        networks=[networks.of_images(images, predictions, chains=chains)],
        readings=_readings(audit, run),
        curves=curves_of(outcome.history),
        settings=settings,
        versions=versions(),
        repeat=REPEAT,
    )


def _readings(audit: Audit | None, run: Mapping[str, Any]) -> Readings | None:
    """Those of the audit, which knows the true symbols in the queries."""
    if audit is None:
        return None
    note = f"{run['audit']['verdict']} {run['learned'].get('sentence', '')}"
    maps = [each.outputs for each in (audit.listed or ())[:SHOWN_MAPS]]
    number = run["learned"].get("number")
    learned = number - 1 if number is not None and number <= len(maps) else None
    return Readings(note=note.strip(), maps=maps, learned=learned)
