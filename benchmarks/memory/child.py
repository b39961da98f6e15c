"""The process that is measured: it trains, and prints a line of JSON a stage: python -m benchmarks.memory.child JSON"""

import json
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from benchmarks.runner.memory import peak_and_resident


def train(config: Mapping[str, Any], reached: Callable[[str], None]) -> None:
    """A restart, its verification and a refinement on random images; `reached` hears when a stage is over."""
    import torch  # noqa: PLC0415 - a stage of its own

    reached("torch is imported")
    from benchmarks.runner.devices import device_of  # noqa: PLC0415
    from gedi_nesy.data.queries import QuerySet  # noqa: PLC0415
    from gedi_nesy.learn import learn, query_log_prob  # noqa: PLC0415
    from gedi_nesy.training.config import TrainConfig  # noqa: PLC0415
    from gedi_nesy.training.records import Record  # noqa: PLC0415

    reached("the library is imported")
    torch.set_num_threads(config["threads"] or torch.get_num_threads())
    generator, device = torch.Generator().manual_seed(0), device_of(config["device"])
    shape = (config["images"], config["channels"], config["image_size"], config["image_size"])
    images = torch.randint(256, shape, generator=generator, dtype=torch.uint8)
    if config["stored"] == "float32":
        images = images.float().div_(255)
    triples = torch.randint(len(images), (config["queries"], 3), generator=generator)
    data = QuerySet(*(part.to(device) for part in QuerySet(images, triples, torch.arange(len(images)))))
    program = Path(__file__).parents[2] / "programs" / "addition.pl"
    log_prob = query_log_prob(program, "addition(A, B, C)", ("A", "B", "C"), num_clusters=10)
    reached("images and queries are there")
    steps = config["steps"]
    settings = TrainConfig(attempts=1, explore=steps, reconsider=steps, rounds=1, refine=steps)
    phases: list[str] = []

    def on_step(record: Record) -> None:
        if not phases:
            reached("the first step is made")
        elif record.phase != phases[-1]:
            reached("restart, verification and evaluation are over")
        phases.append(record.phase)

    outcome = learn(data, log_prob, 10, settings, on_step=on_step)
    reached("the refinement is over")
    with torch.no_grad():
        for part in data.images.split(256):
            outcome.model.log_probs(part)
    reached("all images are predicted")


def _print(stage: str) -> None:
    peak, resident = peak_and_resident()
    print(json.dumps({"stage": stage, "peak": peak, "resident": resident}), flush=True)


if __name__ == "__main__":
    _print("Python has started")
    train(json.loads(sys.argv[1]), _print)
