"""What `learn` takes, and what it says of what it cannot take."""

from dataclasses import replace
from typing import ClassVar

import numpy as np
import pytest
import torch
from torch import nn

from gedi_nesy.data.dataset import DataError
from gedi_nesy.data.queries import QuerySet, as_task
from gedi_nesy.errors import GediNesyError
from gedi_nesy.learn import CompiledQuery, learn, query_log_prob
from gedi_nesy.logic import Program, ProgramError
from gedi_nesy.models.gedi import GEDI
from gedi_nesy.objectives.table import METHODS
from gedi_nesy.tasks.programs import Outputs
from gedi_nesy.training import batches
from gedi_nesy.training.config import StepConfig, TrainConfig

STEP = StepConfig(batch_size=4, batch_unlabelled=4, batch_samples=2, buffer_size=4)
SHORT = TrainConfig(step=STEP, attempts=1, explore=2, refine=2, reconsider=1, naming_every=1)
NONE = torch.empty(0, dtype=torch.long)


def data(*shape: int, generator: torch.Generator) -> QuerySet:
    images = torch.randint(256, (12, *shape), generator=generator, dtype=torch.uint8)
    return QuerySet(images, torch.tensor([[0, 1], [2, 3], [4, 5]]), torch.arange(6, 12))


def differ(blocks: torch.Tensor) -> torch.Tensor:
    """log P(the two images show different symbols)."""
    return torch.log1p(-(blocks.exp().prod(dim=0)).sum(dim=1))


@pytest.mark.parametrize("shape", [(1, 7, 7), (3, 10, 18), (1, 1, 1), (2, 5, 40)])
def test_small_and_oblong_images_are_learned_from(shape, generator, tmp_path):
    mine = data(*shape, generator=generator)
    model = learn(mine, differ, 3, SHORT).model
    model.save(tmp_path / "model")
    again = GEDI.load(tmp_path / "model")
    assert again.input_shape == shape
    assert torch.equal(model.log_probs(mine.images), again.log_probs(mine.images))


def test_bytes_floats_and_arrays_are_learned_from_alike(generator):
    mine = data(1, 9, 9, generator=generator)
    same = [
        mine,
        mine._replace(images=mine.images / 255),
        QuerySet(*(part.numpy() for part in mine)),  # pyright: ignore[reportArgumentType]
    ]
    learned = [learn(each, differ, 3, SHORT, seed=5).model.state_dict() for each in same]
    for other in learned[1:]:
        assert all(torch.equal(value, other[name]) for name, value in learned[0].items())


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"images": torch.rand(12, 9, 9)}, r"add the channel: images\[:, None\]"),
        ({"images": torch.rand(12, 2)}, "which is points"),
        ({"images": np.full((12, 1, 9, 9), np.nan, dtype=np.float32)}, "image 0 holds nan"),
        ({"images": torch.rand(12, 1, 9, 9) * 255}, "images / 255"),
        ({"query_indices": torch.tensor([[0, 12]])}, "query_indices holds 12"),
        ({"query_indices": NONE.view(0, 2)}, "log_prob is given, and no query"),
        ({"labelled": torch.tensor([1]), "labels": torch.tensor([7])}, "labels holds 7"),
    ],
)
def test_what_does_not_fit_is_one_line(changed, message, generator):
    with pytest.raises(ValueError, match=message) as caught:
        learn(data(1, 9, 9, generator=generator)._replace(**changed), differ, 3, SHORT)
    assert isinstance(caught.value, GediNesyError)
    assert "\n" not in str(caught.value)


def test_image_arguments_and_answers_must_be_those_of_the_query(generator, programs):
    mine = data(1, 9, 9, generator=generator)
    addition = query_log_prob(programs / "addition.pl", "addition(A, B, C)", ("A", "B", "C"), 10)
    with pytest.raises(DataError, match="query_indices has 2 images a query, and the query reads 3: A, B, C"):
        learn(mine, addition, 10, SHORT)
    total = query_log_prob(programs / "sum.pl", "sum(A, B, N)", ("A", "B"), 10, answer="N")
    with pytest.raises(DataError, match="the query asks for N: answers must hold 3, one each"):
        learn(mine, total, 10, SHORT)
    pairs = query_log_prob(programs / "addition.pl", "addition(A, B, A)", ("A", "B"), 10)
    with pytest.raises(DataError, match="answers holds 3, and the query asks for none"):
        learn(mine._replace(answers=torch.tensor([1, 2, 3])), pairs, 10, SHORT)


def test_an_answer_that_the_query_cannot_have_is_named(generator, programs):
    mine = data(1, 9, 9, generator=generator)._replace(answers=torch.tensor([1, 2, 19]))
    total = query_log_prob(programs / "sum.pl", "sum(A, B, N)", ("A", "B"), 10, answer="N")
    with pytest.raises(ValueError, match="19 is no answer N of sum"):
        learn(mine, total, 10, SHORT)


@pytest.mark.parametrize(
    ("log_prob", "objective", "message"),
    [
        (None, METHODS["GEDI"], "labels holds 1, and with log_prob is None nothing learns from them"),
        (differ, {**METHODS["GEDI"], "nesy": 0.0}, "labels holds 1, and with weight_nesy=0 nothing learns"),
    ],
)
def test_labels_from_which_nothing_would_learn_are_refused(log_prob, objective, message, generator):
    given = data(1, 7, 7, generator=generator)
    given = given._replace(labelled=torch.tensor([1]), labels=torch.tensor([2]))
    with pytest.raises(DataError, match=message):
        learn(given, log_prob, 3, replace(SHORT, objective=objective))
    assert learn(given, differ, 3, SHORT).attempts


PAIRS = "nn(digit_net, [X], Y, [0, 1, 2]) :: digit(X, Y). same(A, B) :- digit(A, Y), digit(B, Y).\n"


class Extreme(nn.Module):
    """Features so large that the network gives one symbol to dark images and another to bright ones, and no other."""

    input_shape = (1, 9, 9)
    num_features = 1
    config: ClassVar[dict] = {}

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return 1e8 * (x.flatten(1).mean(dim=1, keepdim=True) - 0.5)


def test_evidence_that_is_impossible_names_the_queries_of_the_training_set(tmp_path):
    (tmp_path / "pairs.pl").write_text(PAIRS)
    program = Program.from_file(tmp_path / "pairs.pl", networks={"digit_net": Outputs(3)})
    query = program.compile("same(A, B)", ["A", "B"], evidence=["digit(A, 0)"])
    images = torch.tensor([0, 1, 1, 0, 0, 1] * 2)[:, None, None, None].expand(-1, 1, 9, 9)
    mine = QuerySet(images.float(), torch.tensor([[0, 1], [2, 3], [4, 5]]), torch.arange(6, 12))
    message = (
        r"evidence digit\(A,0\) of same\(A, B\) is impossible: .* in training queries [012].* \(query . is"
    )
    with pytest.raises(ProgramError, match=message) as raised:
        learn(mine, CompiledQuery(query, ("A", "B"), program.learnable), 3, SHORT, Extreme, start_rank=0)
    assert len(str(raised.value).splitlines()) == 1


def test_of_a_batch_the_queries_are_named_by_their_places_in_the_training_set(tmp_path):
    (tmp_path / "pairs.pl").write_text(PAIRS)
    program = Program.from_file(tmp_path / "pairs.pl", networks={"digit_net": Outputs(3)})
    query = program.compile("same(A, B)", ["A", "B"], evidence=["digit(A, 0)"])
    images = torch.zeros(8, 1, 9, 9)
    task = as_task(QuerySet(images, torch.tensor([[0, 1], [2, 3], [4, 5], [6, 7]]), NONE))
    blocks = torch.full((2, 4, 3), 1 / 3).log()
    blocks[0, [1, 3]] = torch.tensor([0.0, 0.5, 0.5]).log()
    drawn = torch.tensor([0, 3, 1, 2])  # those in rows 1 and 3 of the batch are 3 and 2
    compiled = CompiledQuery(query, ("A", "B"), program.learnable)
    with pytest.raises(ProgramError, match=r"in training queries 2, 3 \(query 2 is about images 4, 5\)$"):
        batches.log_prob(compiled, {}, task, 0, blocks, drawn)


class Faulty(Extreme):
    """With a bug that shows only once it is used."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        raise KeyError("mine")


def test_what_a_persons_backbone_raises_comes_out_as_it_is(generator):
    with pytest.raises(KeyError, match="mine") as raised:
        learn(data(1, 9, 9, generator=generator), differ, 3, SHORT, Faulty)
    assert raised.traceback[-1].name == "forward"


def test_a_time_limit_ends_with_what_there_is_and_says_how_to_go_on(generator, capsys):
    outcome = learn(data(1, 8, 8, generator=generator), differ, 3, SHORT, time_limit=0.0, progress=True)
    assert not outcome.finished
    assert outcome.history == []
    assert "stopped by --time-limit, with the best network so far; with a saver" in capsys.readouterr().err


def test_progress_changes_no_number_and_shows_the_terms(generator, capsys):
    mine = data(1, 8, 8, generator=generator)
    plain, shown = (learn(mine, differ, 3, SHORT, progress=each) for each in (False, True))
    assert plain.history == shown.history
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) > 1
    assert "P(query)" in lines[-1]
    assert lines[-1].startswith(f"step {len(shown.history)} of {len(shown.history)}")
