"""A batch of mixed templates against its queries one by one, and answers of every kind."""

import pytest
import torch

from gedi_nesy.logic import Program
from gedi_nesy.models.gedi import GEDI
from gedi_nesy.tasks import NetworkSpec, Queries, Task, lists
from gedi_nesy.tasks.prepare import prepare
from gedi_nesy.training import batches
from gedi_nesy.training.batches import Batch
from tests.tasks import coloured


def evaluated(task: Task, models: dict[str, GEDI]) -> torch.Tensor:
    """log P of all queries of a task, template by template, as a step computes them."""
    found = prepare(task, (0.0, 1.0))
    data = found.data
    queries = tuple(torch.arange(len(each.indices)) for each in data.templates)
    log_probs = [
        models[name].log_probs(shown.inputs[batches.read_indices(data, name, queries)])
        for name, shown in data.networks.items()
    ]
    labelled = {name: torch.arange(0) for name in data.networks}
    known = batches.known(found.log_prob, {}, data, Batch({}, queries, labelled))
    assert known.constraint is not None
    return known.constraint(*log_probs)


def one_by_one(task: Task, models: dict[str, GEDI]) -> torch.Tensor:
    """The same, a query at a time, from images."""
    images, found = task.pools["images"], []
    for each in task.queries:
        program = Program.from_file(each.program, networks=models)
        answer = each.answer[0] if each.answer else None
        query = program.compile(each.query, images=list(each.images), answer=answer)
        for row in range(len(next(iter(each.images.values())))):
            inputs: dict[str, object] = {
                name: images[int(index[row])][None] for name, index in each.images.items()
            }
            if each.answer is None:
                found.append(query.log_prob(**inputs))
            else:
                place = [str(known) for known in query.answers].index(str(each.answer[1][row]))
                found.append(query.log_distribution(**inputs)[:, place])
    return torch.cat(found)


def models(generator) -> dict[str, GEDI]:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(int(torch.randint(99, (1,), generator=generator)))
        return {
            "place_net": GEDI(coloured.backbone(), 4, tau=0.1),
            "colour_net": GEDI(coloured.backbone(), 2, tau=0.1),
        }


def mixed(generator, folder) -> Task:
    """Templates of one, two and three images, lists of two lengths, and images that both networks read."""
    images, *_ = coloured.draw(generator, 24)
    file = coloured.program(folder)
    queries = [
        Queries(file, "next(A, B)", {"A": [0, 3, 5], "B": [1, 2, 6]}),
        Queries(
            file, "reds(A, B, C, N)", {"A": [7, 8], "B": [9, 10], "C": torch.tensor([11, 12])}, ("N", [0, 3])
        ),
        Queries(file, "hue(A, C)", {"A": [13, 0, 1]}, ("C", ["red", "green", "green"])),
        *lists(file, "ordered({them})", "them", [[14, 15, 16], [17, 18], [19, 20, 21]]),
    ]
    return Task(pools={"images": images}, queries=queries)


def test_a_mixed_batch_is_the_sum_of_its_queries_and_so_is_its_gradient(generator, tmp_path):
    task, networks = mixed(generator, tmp_path), models(generator)
    parameters = [parameter for network in networks.values() for parameter in network.parameters()]
    order = prepare(task, None).data.networks
    networks = {name: networks[name] for name in order}
    found, expected = evaluated(task, networks), one_by_one(task, networks)
    assert torch.allclose(found, expected, atol=1e-4)
    gradients = [torch.autograd.grad(value.sum(), parameters) for value in (found, expected)]
    for mine, other in zip(*gradients, strict=True):
        assert torch.allclose(mine, other, rtol=1e-3, atol=1e-4)
    assert any(each.abs().max() > 1e-3 for each in gradients[0])


def test_lists_have_a_template_a_length(tmp_path):
    found = lists("sorted.pl", "sum({x}, N)", "x", [[3, 1], [4, 1, 5], [9, 2]], ("N", [4, 10, 11]))
    assert [each.query for each in found] == [
        "sum([Image1, Image2], N)",
        "sum([Image1, Image2, Image3], N)",
    ]
    assert found[0].images == {"Image1": [3, 9], "Image2": [1, 2]}
    assert [each.answer for each in found] == [("N", [4, 11]), ("N", [10])]
    with pytest.raises(ValueError, match="which stands for the list of images"):
        lists("sorted.pl", "sum({x})", "y", [[1]])


def test_answers_are_numbers_atoms_or_tuples(generator, tmp_path):
    """One image, read by both networks: the answer is a pair, whose log P is the sum of both readings."""
    images, *_ = coloured.draw(generator, 2)
    values = [(3, "red"), (0, "green")]
    queries = [
        Queries(coloured.program(tmp_path), "both(A, B, V)", {"A": [0, 1], "B": [1, 0]}, ("V", values))
    ]
    task, networks = Task(pools={"images": images}, queries=queries), models(generator)
    places, colours = networks["place_net"].log_probs(images), networks["colour_net"].log_probs(images)
    expected = torch.stack([places[0, 3] + colours[1, 0], places[1, 0] + colours[0, 1]])
    order = prepare(task, None).data.networks
    assert torch.allclose(evaluated(task, {name: networks[name] for name in order}), expected, atol=1e-5)


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"images": {"A": [0, 1], "B": [2]}}, "every image must be given once a query, found A: 2, B: 1"),
        ({"images": {"A": [0], "B": [99]}}, "B holds 99, which must be 0 to 3"),
        ({"images": {"A": torch.tensor([0.5]), "B": [1]}}, "must be a list of whole numbers"),
        ({"query": "hue(A, C)", "images": {"A": [0]}, "answer": ("C", ["blue"])}, "'blue' is no answer C"),
        ({"query": "both(A, B, C)", "answer": ("C", [(7, "red")])}, r"\(7, 'red'\) is no answer C"),
        (
            {"query": "hue(A, C)", "images": {"A": [0]}, "answer": ("C", ["red", "red"])},
            "2 answers for 1 queries",
        ),
    ],
)
def test_what_does_not_fit_is_named(generator, tmp_path, changed, said):
    given = {"query": "next(A, B)", "images": {"A": [0], "B": [1]}} | changed
    queries = [Queries(coloured.program(tmp_path), **given)]
    with pytest.raises(ValueError, match=said):
        prepare(Task(pools={"images": coloured.draw(generator, 4)[0]}, queries=queries), (0.0, 1.0))


@pytest.mark.parametrize(
    ("networks", "said"),
    [
        (
            {"place_ned": NetworkSpec()},
            "no program of the task has a network 'place_ned'; did you mean 'place_net'",
        ),
        (
            {"place_net": NetworkSpec(pool="image")},
            "reads pool 'image', which there is not; did you mean 'images'",
        ),
        ({"place_net": NetworkSpec(labels={0: 9})}, "9 is no value of its domain, 0, 1, 2, 3"),
        ({"place_net": NetworkSpec(num_clusters=5)}, "has 4 values but network 'place_net' has 5 outputs"),
    ],
)
def test_networks_that_do_not_fit_are_named(generator, tmp_path, networks, said):
    queries = [Queries(coloured.program(tmp_path), "next(A, B)", {"A": [0], "B": [1]})]
    task = Task(pools={"images": coloured.draw(generator, 4)[0]}, networks=networks, queries=queries)
    with pytest.raises(ValueError, match=said):
        prepare(task, (0.0, 1.0))
