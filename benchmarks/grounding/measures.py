"""What a run is judged by, once it is trained: unseen images, and the queries that were wrong."""

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from jaxtyping import Bool
from torch import Tensor

from benchmarks.grounding.protocol import Rare
from gedi_nesy.audit.verdict import Verdict
from gedi_nesy.data.dataset import Split
from gedi_nesy.metrics import clustering
from gedi_nesy.metrics.ood import auroc
from gedi_nesy.models.gedi import GEDI
from gedi_nesy.tasks.evidence import Judged


def of_wrong_queries(
    judged: Judged, verdict: Verdict, wrong: Sequence[Bool[Tensor, " query"]]
) -> dict[str, float]:
    """How many queries are wrong, how many seem to be, and how well P(query) tells the wrong ones from the others."""
    probability, truth = [], []
    for readings, rows in ((judged.training, judged.split.kept), (judged.held_out, judged.split.left_out)):
        for each, own, of_template in zip(readings, rows, wrong, strict=True):
            probability.append(each.probability.cpu())
            truth.append(of_template[own.cpu()])
    scores, is_wrong = torch.cat(probability).numpy(), torch.cat(truth).numpy()
    found = {"wrong_share": float(is_wrong.mean()), "wrong_estimated": verdict.wrong_queries or 0.0}
    if 0 < is_wrong.sum() < len(is_wrong):
        found["wrong_auroc"] = auroc(scores[~is_wrong], scores[is_wrong])
    return found


def doubtful(judged: Judged, wrong: Sequence[Bool[Tensor, " query"]]) -> list[dict[str, Any]]:
    """The queries that do not hold of what is read, the least probable first, and whether they are wrong."""
    return [{**each._asdict(), "wrong": bool(wrong[each.template][each.query])} for each in judged.doubtful]


def rare_accuracy(
    models: Mapping[str, GEDI], unseen: Mapping[str, Split], rare: Rare, device: torch.device
) -> float:
    """Of the unseen images of the rare symbol."""
    split = unseen[rare.network]
    chosen = split.labels == rare.symbol
    return _judged(models[rare.network], Split(split.images[chosen], split.labels[chosen]), device)[
        "accuracy"
    ]


def judged(models: Mapping[str, GEDI], unseen: Mapping[str, Split], device: torch.device) -> dict[str, float]:
    """Of each network and on average: how many images are read right, and under the best renaming; NMI."""
    by_network = {name: _judged(models[name], split, device) for name, split in unseen.items()}
    kinds = next(iter(by_network.values()))
    found = {kind: sum(each[kind] for each in by_network.values()) / len(by_network) for kind in kinds}
    if len(by_network) > 1:
        found |= {
            f"{kind}_{name}": value for name, each in by_network.items() for kind, value in each.items()
        }
    return found


@torch.no_grad()
def _judged(model: GEDI, split: Split, device: torch.device) -> dict[str, float]:
    parts = [model.log_probs(part.to(device)).argmax(dim=1).cpu() for part in split.images.split(1000)]
    labels, read = split.labels.numpy(), torch.cat(parts).numpy()
    return {
        "accuracy": clustering.accuracy(labels, read),
        "macro_accuracy": clustering.macro_accuracy(labels, read),
        "clustering_accuracy": clustering.clustering_accuracy(labels, read, model.num_clusters),
        "nmi": clustering.nmi(labels, read),
    }
