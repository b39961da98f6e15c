"""Tasks learned from end to end: two networks that read the same images, one network as `learn` has it, points."""

import os
import signal
from dataclasses import replace

import pytest
import torch

from gedi_nesy.data.queries import QuerySet
from gedi_nesy.learn import learn, learn_task, query_log_prob
from gedi_nesy.tasks import NetworkSpec, Queries, Task
from gedi_nesy.tasks.ask import worth_labelling
from gedi_nesy.tasks.prepare import prepare
from gedi_nesy.tasks.programs import columns
from gedi_nesy.training.config import TrainConfig
from gedi_nesy.training.durability.checkpoint_manager import CheckpointConfig, CheckpointManager
from gedi_nesy.training.records import Record
from tests.tasks import coloured
from tests.training.blobs import SMALL, objective

SHORT = TrainConfig(
    objective=objective(),
    step=SMALL,
    explore=6,
    refine=4,
    attempts=1,
    naming_every=3,
    reconsider=2,
    rounds=1,
    warmup=2,
)
LEARNED = replace(
    SHORT, objective=objective(gen=0.0), explore=120, refine=20, attempts=3, naming_every=40, reconsider=30
)


def test_two_networks_learn_place_and_colour_from_the_same_images(generator, tmp_path):
    """From pairs that follow each other, the number of red ones in triples, and ten colours."""
    task, *_ = coloured.task(generator, tmp_path)
    outcome = learn_task(task, LEARNED)
    images, places, colours = coloured.draw(generator, 80)
    read = {name: model.log_probs(images).argmax(dim=1) for name, model in outcome.models.items()}
    assert (read["place_net"] == places).float().mean() > 0.95
    assert (read["colour_net"] == colours).float().mean() > 0.95
    # the program in the end: the networks, and what follows from what they read
    query = outcome.program(task.queries[0].program).compile("both(A, A, V)", images=["A"], answer="V")
    hues = [("red", "green")[colour] for colour in colours]
    expected = columns(query, list(zip(places.tolist(), hues, strict=True)))
    assert (query.distribution(A=images).argmax(dim=1) == expected).float().mean() > 0.9


def test_a_task_of_one_network_and_one_template_is_learn(generator, tmp_path):
    images, places, _ = coloured.draw(generator, 60)
    rows = torch.arange(40).view(20, 2)
    file = coloured.program(tmp_path)
    text = file.read_text().replace("nn(colour_net, [X], C, [red, green]) :: colour(X, C).\n", "")
    file.write_text(
        text[: text.index("red(A, 1)")] + "sum(A, B, N) :- place(A, X), place(B, Y), N is X + Y.\n"
    )
    sums = places[rows].sum(dim=1)
    task = Task(
        pools={"images": images},
        networks={"place_net": NetworkSpec(make_backbone=coloured.backbone, start_rank=4)},
        queries=[Queries(file, "sum(A, B, N)", {"A": rows[:, 0], "B": rows[:, 1]}, ("N", sums))],
    )
    mine = learn_task(task, SHORT, seed=3, held_out=0.0)
    log_prob = query_log_prob(file, "sum(A, B, N)", ("A", "B"), 4, network="place_net", answer="N")
    data = QuerySet(images, rows, torch.arange(40, 60), sums)
    other = learn(data, log_prob, 4, SHORT, coloured.backbone, seed=3, start_rank=4)
    assert mine.training.history == other.history
    for first, second in zip(
        mine.models["place_net"].state_dict().values(), other.model.state_dict().values(), strict=True
    ):
        assert torch.equal(first, second)


class Ended(Exception):
    """The process, as it were."""


@pytest.mark.slow
def test_two_networks_go_on_bit_for_bit(generator, tmp_path):
    task, *_ = coloured.task(generator, tmp_path, num=12)
    whole = learn_task(task, SHORT)

    def end_at(step: int):
        heard: list[Record] = []

        def on_step(record: Record) -> None:
            heard.append(record)
            if len(heard) == step:
                raise Ended

        return on_step

    def saver() -> CheckpointManager:
        return CheckpointManager(CheckpointConfig(folder=tmp_path / "saved", seconds=0.0))

    for step in (5, 4):
        with pytest.raises(Ended):
            learn_task(task, SHORT, on_step=end_at(step), saver=saver())
    resumed = learn_task(task, SHORT, saver=saver())
    assert resumed.training.history == whole.training.history
    for name, model in whole.models.items():
        for mine, other in zip(
            model.state_dict().values(), resumed.models[name].state_dict().values(), strict=True
        ):
            assert torch.equal(mine, other)


def test_the_verdict_of_a_run_that_was_ended_and_the_images_worth_a_label(generator, tmp_path, capsys):
    """Ctrl-C after five steps: too few to learn anything; the clusters whose queries fail are asked for first."""
    task, images, *_ = coloured.task(generator, tmp_path, num=12)
    heard: list[Record] = []

    def on_step(record: Record) -> None:
        heard.append(record)
        if len(heard) == 5:
            os.kill(os.getpid(), signal.SIGINT)

    outcome = learn_task(task, SHORT, on_step=on_step, progress=True)
    assert len(heard) == 5
    assert outcome.stopped == "Ctrl-C"
    assert not outcome.training.finished
    assert "once more ends at once" in capsys.readouterr().err
    assert outcome.verdict.verdict in ("unlearned", "collapsed")
    assert outcome.verdict.estimated_accuracy is None
    evidence = outcome.judged.evidence
    total = sum(len(each.images["A"]) for each in task.queries)
    assert (evidence.held_out, evidence.training) == (total // 3, total - total // 3)
    asked = worth_labelling(task, outcome, most=4)
    assert len(asked) == 4
    for each in asked:
        assert each.pool == "images"
        probabilities = outcome.models[each.network].log_probs(images)[:, each.cluster].exp()
        assert probabilities[each.index].item() == pytest.approx(each.probability, abs=1e-5)
    # nothing was learned: with time left it would begin anew
    again = learn_task(task, SHORT, on_step=heard.append, time_limit=0.0)
    assert again.stopped == "--time-limit"


def test_points_are_a_pool_like_any_other_and_facts_are_learned_beside(generator, tmp_path):
    """Points far from [0, 1] of three groups; the rule holds but for one query in ten, which t(_) accounts for."""
    file = tmp_path / "points.pl"
    file.write_text(
        "nn(group_net, [X], G, [a, b, c]) :: group(X, G).\n"
        "t(0.5) :: slip.\n"
        "after(a, b). after(b, c).\n"
        "follows(X, Y) :- \\+ slip, group(X, G), group(Y, H), after(G, H).\n"
        "follows(X, Y) :- slip, group(X, G), group(Y, G).\n"
    )
    groups = torch.randint(3, (120,), generator=generator)
    points = (
        100.0 + 40.0 * torch.stack([groups, groups % 2], dim=1) + torch.randn(120, 2, generator=generator)
    )
    members = [torch.nonzero(groups == group)[:, 0] for group in range(3)]
    first = [int(members[row % 2][row % 20]) for row in range(40)]
    second = [int(members[row % 2 + (row % 10 > 0)][(row + 5) % 20]) for row in range(40)]
    queries = [Queries(file, "follows(X, Y)", {"X": first, "Y": second})]
    config = replace(LEARNED, step=replace(SMALL, learning_rate=1e-2))
    outcome = learn_task(Task(pools={"points": points}, queries=queries), config)
    right = outcome.models["group_net"].log_probs(points).argmax(dim=1) == groups
    assert right.float().mean() > 0.95
    (held_out,) = outcome.judged.split.held_out.templates
    wrong = groups.where(torch.arange(120) != held_out.indices[0, 0], -1)
    assert outcome.judged.held_out_accuracy({"group_net": groups}) == right[held_out.indices].float().mean()
    assert outcome.judged.held_out_accuracy({"group_net": wrong}) < right[held_out.indices].float().mean()
    slip = outcome.program(file).learnable()[0, 0].exp().item()
    assert slip < 0.3


def test_images_that_nobody_knows_whose_they_are_are_shown_to_none(generator, tmp_path):
    images, *_ = coloured.draw(generator, 8)
    file = coloured.program(tmp_path)
    apart = [Queries(file, "both(A, B, V)", {"A": [0, 1], "B": [2, 3]}, ("V", [(0, "red"), (1, "red")]))]
    found = prepare(Task(pools={"images": images}, queries=apart), (0.0, 1.0)).data
    assert {name: len(shown.extra_indices) for name, shown in found.networks.items()} == {
        "place_net": 0,
        "colour_net": 0,
    }
    together = [Queries(file, "both(A, A, V)", {"A": [0, 1]}, ("V", [(0, "red"), (1, "red")]))]
    told = {"place_net": NetworkSpec(extra=[7])}
    found = prepare(Task(pools={"images": images}, queries=together, networks=told), (0.0, 1.0)).data
    assert found.networks["colour_net"].extra_indices.tolist() == [2, 3, 4, 5, 6, 7]
    assert found.train_indices("place_net").tolist() == [0, 1, 7]
