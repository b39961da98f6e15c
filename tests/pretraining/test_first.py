"""Features first: what the second stage begins with, and that both go on bit for bit wherever they were killed."""

from dataclasses import replace
from functools import partial

import pytest
import torch
from torch import Generator

from gedi_nesy.data.queries import QuerySet, as_task
from gedi_nesy.errors import ConfigError
from gedi_nesy.learn import learn, learn_task
from gedi_nesy.metrics import clustering
from gedi_nesy.models.encoders import MLP, ConvNet
from gedi_nesy.pretraining.config import CLUSTERS, SELF_SUPERVISED, PretrainConfig
from gedi_nesy.pretraining.first import Calls, embed, features_first, second_config
from gedi_nesy.tasks import NetworkSpec, Queries, Task
from gedi_nesy.training.config import TrainConfig
from gedi_nesy.training.durability.checkpoint_manager import CheckpointConfig, CheckpointManager
from gedi_nesy.training.loop import Outcome
from gedi_nesy.training.restarts import Untrained, learners
from tests.training.blobs import CLASSES, SMALL, blobs, objective, pairs, successor
from tests.training.runs import Killed, same

BACKBONE = partial(ConvNet, image_size=16, width=8, num_features=16)
SHORT = PretrainConfig(steps=5, batch_size=16, heads=2, head_steps=8, crop=(0.8, 1.0))
CONFIG = TrainConfig(
    objective=objective(), step=SMALL, explore=3, refine=3, attempts=2, reconsider=2, rounds=1, naming_every=2
)


@pytest.fixture
def data(generator) -> QuerySet:
    return pairs(generator)


def first_of(data: QuerySet, config: PretrainConfig = SHORT):
    return features_first(
        as_task(data), {"network": Untrained(BACKBONE, CLASSES, 4)}, CONFIG, config, 0, Calls()
    )


def trained(data: QuerySet, log_prob=successor, **given) -> Outcome:
    given = {"pretrain": SHORT, **given}
    return learn(data, log_prob, CLASSES, CONFIG, BACKBONE, start_rank=4, **given)


def test_restarts_begin_with_the_encoder_and_a_head_each(data):
    first = first_of(data)
    assert [record.phase for record in first.history] == ["features"] * SHORT.steps
    assert all(record.terms["simclr"] is not None for record in first.history)
    make = learners(first.data, first.untrained, None, second_config(CONFIG), 0)
    one, other, again = (make(attempt).model for attempt in (0, 1, 2))
    for mine, theirs in zip(one.backbone.parameters(), other.backbone.parameters(), strict=True):
        assert torch.equal(mine, theirs)
    assert not torch.equal(one.output.weight, other.output.weight)
    assert torch.equal(one.output.weight, again.output.weight), (
        "two heads, the third restart has the first again"
    )
    fresh = Untrained(BACKBONE, CLASSES, 4)
    untrained = learners(first.data, {"network": fresh}, None, CONFIG, 0)(0).model
    assert not torch.equal(one.backbone.layers[0].weight, untrained.backbone.layers[0].weight)


def test_pairs_are_neighbours_by_brute_force(data):
    first = first_of(data)
    shown = first.data.networks["network"]
    model = learners(first.data, first.untrained, None, CONFIG, 0)(0).model
    found = embed(model, data.images).double()
    cosines = torch.nn.functional.cosine_similarity(found[:, None], found, dim=2).fill_diagonal_(-2)
    near = shown.neighbours
    assert near is not None
    count = near.shape[1]
    assert count == len(data.images) // (4 * CLASSES)
    expected = cosines.topk(count, dim=1).values.sort(dim=1).values
    mine = cosines.gather(1, near.long()).sort(dim=1).values
    torch.testing.assert_close(mine, expected, atol=1e-6, rtol=0)


def test_who_is_shown_to_nobody_is_nobodys_neighbour(data):
    alone = QuerySet(data.images, data.query_indices[:0], torch.arange(0, 120, 2))
    near = first_of(alone).data.networks["network"].neighbours
    assert near is not None
    assert (near[::2] % 2 == 0).all()
    assert (near[1::2] == torch.arange(1, 120, 2)[:, None]).all()


def test_views_of_the_second_stage_are_augmented_neighbours(data):
    """With a map that adds 1 for an augmentation, x' - 1 is a neighbour of x, and x is as it was."""
    task = as_task(data)
    shown = task.networks["network"]._replace(augment=lambda generator, images: images + 1)
    task = task._replace(networks={"network": shown})
    first = features_first(task, {"network": Untrained(BACKBONE, CLASSES, 0)}, CONFIG, SHORT, 0, Calls())
    network = learners(first.data, first.untrained, None, CONFIG, 0)(0).only
    index = torch.arange(20)
    images, others = network.views(Generator().manual_seed(1), index)
    assert torch.equal(images, data.images[:20])
    near = first.data.networks["network"].neighbours
    assert near is not None
    for row, other in enumerate(others):
        assert any(torch.allclose(other - 1, data.images[place], atol=1e-6) for place in near[row].tolist())


@pytest.mark.parametrize(("log_prob", "term"), [(successor, "simclr"), (None, "simclr"), (None, CLUSTERS)])
def test_a_run_that_is_killed_in_either_stage_is_the_same_run(tmp_path, data, log_prob, term):
    settings = replace(SHORT, term=term)
    whole = trained(data, log_prob, pretrain=settings)
    phases = [record.phase for record in whole.history]
    assert phases[: SHORT.steps] == ["features"] * SHORT.steps
    assert phases[-1] == "refine"
    told: list[int] = []

    def part(steps: int | None) -> Outcome:
        heard = 0

        def on_step(record) -> None:
            nonlocal heard
            heard += 1
            if heard == steps:
                raise Killed

        saver = CheckpointManager(CheckpointConfig(folder=tmp_path, seconds=0.0))
        return trained(
            data,
            log_prob,
            saver=saver,
            on_step=on_step,
            on_resume=lambda history: told.append(len(history)),
            pretrain=settings,
        )

    for steps in (3, 3, 3, 4):  # twice within the first stage, at the seam, and in the second
        with pytest.raises(Killed):
            part(steps)
    same(whole, part(None))
    assert told[0] == 2
    assert max(told) > SHORT.steps, "what goes on in the second stage has the steps of the first before it"


def test_a_run_that_is_stopped_in_the_first_stage_goes_on_there(tmp_path, data):
    """What there is by then is a network; the second stage is not saved, for it began with half an encoder."""
    whole = trained(data)
    heard: list[str] = []

    def saver() -> CheckpointManager:
        return CheckpointManager(CheckpointConfig(folder=tmp_path, seconds=0.0))

    stopped = trained(
        data, saver=saver(), on_step=lambda record: heard.append(record.phase), stop=lambda: len(heard) >= 2
    )
    assert heard == ["features", "features"]
    assert not stopped.finished
    assert stopped.model.log_probs(data.images).isfinite().all()
    same(whole, trained(data, saver=saver()))


def test_blobs_are_clustered_without_a_label(generator):
    labels = torch.randint(CLASSES, (120,), generator=generator)
    alone = QuerySet(blobs(labels, generator), torch.empty(0, 1, dtype=torch.long), torch.arange(120))
    config = replace(CONFIG, objective=objective(gen=0.0), explore=5, refine=20, warmup=5)
    pretrain = PretrainConfig(steps=60, batch_size=64, head_steps=150, crop=(0.8, 1.0))
    outcome = learn(alone, None, CLASSES, config, BACKBONE, start_rank=0, pretrain=pretrain)
    found = outcome.model.log_probs(alone.images).argmax(dim=1).numpy()
    assert clustering.clustering_accuracy(labels.numpy(), found, CLASSES) > 0.95


def test_a_task_learns_features_of_each_network_first(generator, tmp_path):
    file = tmp_path / "after.pl"
    file.write_text(
        "nn(one_net, [X], Y, [0, 1, 2, 3]) :: one(X, Y).\nnn(two_net, [X], Y, [0, 1, 2, 3]) :: two(X, Y).\n"
        "after(A, B) :- one(A, X), two(B, Y), Y is X + 1.\n"
    )
    data = pairs(generator)
    pools = {"images": data.images, "others": data.images.clone()}
    networks = {
        name: NetworkSpec(make_backbone=BACKBONE, start_rank=0, pool=pool)
        for name, pool in (("one_net", "images"), ("two_net", "others"))
    }
    queries = [Queries(file, "after(A, B)", {"A": data.query_indices[:, 0], "B": data.query_indices[:, 1]})]
    outcome = learn_task(Task(pools=pools, networks=networks, queries=queries), CONFIG, pretrain=SHORT)
    phases = list(dict.fromkeys(record.phase for record in outcome.training.history))
    assert phases[:2] == ["features of one_net", "features of two_net"]
    assert phases[-1] == "refine"
    first, second = (outcome.models[name].backbone.layers[0].weight for name in networks)
    assert not torch.equal(first, second)


def test_networks_that_read_no_images_are_named(generator):
    points = as_task(QuerySet(torch.rand(30, 2), torch.empty(0, 1, dtype=torch.long), torch.arange(30)))
    untrained = {"network": Untrained(partial(MLP, hidden=(4,)), 2, 0)}
    with pytest.raises(ConfigError, match=r"pretrain: .* of images, and 'network' reads none"):
        features_first(points, untrained, CONFIG, SHORT, 0, Calls())


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        (
            {"term": "simclear"},
            "pretrain: term 'simclear' is not one of inv, barlow, .*; did you mean 'simclr'",
        ),
        ({"term": "prior"}, "'prior' is not one of"),
        ({"steps": 1}, "pretrain: steps=1 must be at least 2"),
        ({"heads": 0}, "pretrain: heads=0 must be at least 1"),
        ({"crop": (0.9, 0.1)}, r"crop=\(0.9, 0.1\)"),
        ({"flip": 2.0}, "flip=2.0"),
    ],
)
def test_bad_settings_are_named(changed, message):
    with pytest.raises(ConfigError, match=message):
        replace(PretrainConfig(), **changed)


def test_every_self_supervised_term_may_come_first(data):
    assert {"simclr", "byol", "dino", "barlow", "swav"} <= set(SELF_SUPERVISED)
    for term in SELF_SUPERVISED:
        first = first_of(data, replace(SHORT, term=term, steps=2, head_steps=1, heads=1))
        assert first.history[-1].terms[term] is not None


def test_clusters_may_come_first_by_the_augmentations_of_the_run(data):
    """Their heads are trained anew, and pairs are still an image and its augmentation."""
    seen: list[int] = []

    def augment(generator, images):
        seen.append(len(images))
        return images

    task = as_task(data)
    task = task._replace(networks={"network": task.networks["network"]._replace(augment=augment)})
    settings = replace(SHORT, term=CLUSTERS)
    first = features_first(task, {"network": Untrained(BACKBONE, CLASSES, 4)}, CONFIG, settings, 0, Calls())
    assert seen.count(settings.batch_size) == settings.steps
    assert [record.phase for record in first.history] == ["features"] * settings.steps
    assert first.data.networks["network"].neighbours is None
    near = replace(settings, neighbours=True)
    assert first_of(data, near).data.networks["network"].neighbours is not None, "neighbours may be asked for"


def test_the_settings_of_the_second_stage_are_those_of_a_run_whose_clusters_are_there():
    config = second_config(CONFIG)
    assert (config.cluster, config.entropy_start) == (1, 1.0)
    assert second_config(replace(CONFIG, cluster=7)).cluster == 7
