"""What one rank does in the tests of data parallelism; `launch` starts several, as torchrun would."""

import os
import socket
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import torch


def launch(ranks: int, *arguments: object, seconds: float = 600.0) -> list[tuple[int, str]]:
    """Exit code and output of each rank of this file, called with the arguments."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    common = {"WORLD_SIZE": ranks, "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port, "OMP_NUM_THREADS": 1}
    root = Path(__file__).parent.parent.parent
    processes = []
    for rank in range(ranks):
        given = {"RANK": rank, "LOCAL_RANK": rank, "PYTHONPATH": root, "GEDI_NESY_CACHE": ""} | common
        processes.append(
            subprocess.Popen(
                [sys.executable, __file__, *map(str, arguments)],
                env=os.environ | {name: str(value) for name, value in given.items()},
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
            )
        )
    outputs = [process.communicate(timeout=seconds)[0] for process in processes]
    return [(process.returncode, output) for process, output in zip(processes, outputs, strict=True)]


def one_step(folder: Path) -> None:
    """Two steps on an odd number of images and chains; what went in and came out of the first."""
    from gedi_nesy.training import distributed
    from gedi_nesy.training.evaluation import evaluate
    from gedi_nesy.training.permutation.step import permute_clusters
    from tests.training.blobs import SMALL, learner, objective, pairs, successor

    data = pairs(torch.Generator().manual_seed(0))
    data = data._replace(labelled=torch.tensor([3]), labels=torch.tensor([1]))
    each = learner(data, config=replace(SMALL, batch_size=15, batch_samples=5, buffer_size=9))
    inputs: list[torch.Tensor] = []
    each.only.parallel.register_forward_pre_hook(lambda _, given: inputs.append(given[0].detach().clone()))
    before = {name: value.clone() for name, value in each.model.state_dict().items()}
    terms = each.step(successor, objective(gen=1.0, entropy=0.5), 1e-2)
    found = {
        "before": before,
        "gradients": [parameter.grad.clone() for parameter in each.model.parameters()],
        "inputs": inputs[0],
        "terms": terms,
        "chains": each.only.replay.chains,
    }
    again = each.step(successor, objective(gen=1.0), 1e-2)
    named = permute_clusters(each, successor)
    found |= {
        "again": again,
        "permutation": named.permutations[0],
        "evaluated": evaluate(each, successor, objective()),
    }
    found["after"] = {name: value.clone() for name, value in each.model.state_dict().items()}
    torch.save(found, folder / f"rank-{distributed.rank()}.pt")


def method_steps(folder: Path, methods: list[str]) -> None:
    """One step each of methods of the table on 31 images, without chains: every number is drawn alike by all ranks."""
    from gedi_nesy.data.queries import ONLY
    from gedi_nesy.objectives import table
    from gedi_nesy.training import distributed
    from gedi_nesy.training.learner import Learner
    from tests.training.blobs import SMALL, learner, pairs

    data = pairs(torch.Generator().manual_seed(0))
    data = data._replace(labelled=torch.tensor([3]), labels=torch.tensor([1]))
    found = {}
    for method in methods:
        model = learner(data).model
        objective = table.times(table.METHODS[method], "samples", 0.0)
        generator = torch.Generator().manual_seed(0)
        heads = table.modules(objective, model, generator)
        each = Learner(model, data, replace(SMALL, batch_size=15), generator, heads={ONLY: heads})
        terms = each.step(None, objective, 1e-2)
        named = dict(each.only.network.named_parameters())
        trained = {name: value for name, value in named.items() if value.requires_grad}
        state = each.only.network.state_dict()
        found[method] = {
            "terms": terms,
            "gradients": {name: value.grad for name, value in trained.items()},
            "kept": {name: value for name, value in state.items() if name not in trained},
        }
    torch.save(found, folder / f"rank-{distributed.rank()}.pt")


def double(folder: Path) -> None:
    """The gradient of terms that are not linear in the batch, in double precision, on 7 rows."""
    from gedi_nesy.training import distributed

    generator = torch.Generator().manual_seed(0)
    rows = torch.randn(7, 3, dtype=torch.float64, generator=generator)
    layer = torch.nn.Linear(3, 4).double()
    layer.load_state_dict(
        {
            "weight": torch.randn(4, 3, dtype=torch.float64, generator=generator),
            "bias": torch.randn(4, dtype=torch.float64, generator=generator),
        }
    )
    parallel = distributed.parallel(layer)
    logits = distributed.gathered(parallel(rows[distributed.share(7)]), 7)
    loss = nonlinear(logits)
    loss.backward()
    torch.save((loss.item(), layer.weight.grad, layer.bias.grad), folder / f"double-{distributed.rank()}.pt")


def nonlinear(logits: torch.Tensor) -> torch.Tensor:
    """L_PRIOR, the entropy of the mean, and a term that couples rows."""
    from gedi_nesy.objectives.energy import energy
    from gedi_nesy.objectives.entropy import entropy_of_mean
    from gedi_nesy.objectives.prior import loss_prior

    log_probs = logits.log_softmax(dim=1)
    prior, spread = loss_prior(log_probs), entropy_of_mean(log_probs)
    return prior - 0.5 * spread + (log_probs[0] * log_probs[-1]).sum() + energy(logits).var()


def whole_run(folder: Path, stop: int, how: str) -> None:
    """Train with a checkpoint after every step; after `stop` more steps it ends: all ranks at once, or rank 1 alone."""
    from gedi_nesy.training import distributed
    from gedi_nesy.training.config import TrainConfig
    from gedi_nesy.training.durability import snapshot
    from gedi_nesy.training.durability.checkpoint_manager import CheckpointConfig, CheckpointManager
    from gedi_nesy.training.loop import train
    from gedi_nesy.training.records import Record
    from tests.training.blobs import SMALL, learner, pairs, successor

    data = pairs(torch.Generator().manual_seed(0))
    config = TrainConfig(
        step=SMALL,
        attempts=2,
        explore=6,
        refine=8,
        reconsider=3,
        rounds=1,
        naming_every=4,
        hold=0.99,
        accept_queries=10,
    )
    steps = 0

    def on_step(record: Record) -> None:
        nonlocal steps
        steps += 1
        if steps == stop and (how == "all" or distributed.rank() == 1):
            os._exit(7)

    saver = CheckpointManager(CheckpointConfig(folder=folder / "checkpoints", seconds=0.0))
    outcome = train(lambda attempt: learner(data, attempt), successor, config, on_step, saver=saver)
    tree = snapshot.take(outcome.learner)
    if distributed.first():
        torch.save((tree, [tuple(record) for record in outcome.history]), folder / "end.pt")


if __name__ == "__main__":
    torch.set_num_threads(1)
    from gedi_nesy.training import distributed

    what, place, *more = sys.argv[1:]
    with distributed.joined():
        if what == "step":
            one_step(Path(place))
            double(Path(place))
        elif what == "methods":
            method_steps(Path(place), more)
        else:
            whole_run(Path(place), int(more[0]), more[1])
