"""A rule that leaves readings open, and the label that settles which is meant; a rule that is wrong: end to end."""

from dataclasses import replace

import pytest
import torch

from gedi_nesy.learn import learn_task
from gedi_nesy.tasks import NetworkSpec, Queries, Task
from gedi_nesy.tasks.ask import worth_labelling
from tests.tasks import coloured
from tests.tasks.test_learn_task import LEARNED

RULE = """
nn(place_net, [X], P, [0, 1, 2, 3]) :: place(X, P).
after(A, B) :- place(A, X), place(B, Y), Y is (X + 1) mod 4.
"""


@pytest.mark.slow
def test_turned_places_are_told_apart_by_one_label(generator, tmp_path):
    """Places around a circle: turned by any quarter they satisfy all queries as well."""
    images, places, _ = coloured.draw(generator, 240)
    file = tmp_path / "circle.pl"
    file.write_text(RULE)
    members = [torch.nonzero(places == place)[:, 0] for place in range(4)]
    first = [int(members[row % 4][row // 4]) for row in range(90)]
    second = [int(members[(row + 1) % 4][(row // 4 + 9) % 30]) for row in range(90)]
    spec = NetworkSpec(make_backbone=coloured.backbone, start_rank=4)
    task = Task(
        pools={"images": images},
        queries=[Queries(file, "after(A, B)", {"A": first, "B": second})],
        networks={"place_net": spec},
    )
    outcome = learn_task(task, LEARNED)
    assert (outcome.verdict.verdict, outcome.verdict.readings) == ("ambiguous", 4)
    (asked,) = worth_labelling(task, outcome)
    label = int(places[asked.index])
    told = replace(task, networks={"place_net": replace(spec, labels={asked.index: label})})
    settled = learn_task(told, LEARNED)
    assert (settled.verdict.verdict, settled.verdict.readings) == ("grounded", 1)
    assert worth_labelling(told, settled) == ()
    read = settled.models["place_net"].log_probs(images).argmax(dim=1)
    accuracy = float((read == places).float().mean())
    assert accuracy > 0.95
    assert settled.verdict.estimated_accuracy == pytest.approx(accuracy, abs=0.03)


@pytest.mark.slow
def test_a_rule_that_two_restarts_show_to_be_wrong_ends_training(generator, tmp_path):
    """Pairs of one place each, of which the rule says that they follow each other."""
    images, places, _ = coloured.draw(generator, 240)
    file = tmp_path / "circle.pl"
    file.write_text(RULE)
    members = [torch.nonzero(places == place)[:, 0] for place in range(4)]
    first = [int(members[row % 4][row // 4]) for row in range(90)]
    second = [int(members[row % 4][(row // 4 + 9) % 30]) for row in range(90)]
    task = Task(
        pools={"images": images},
        queries=[Queries(file, "after(A, B)", {"A": first, "B": second})],
        networks={"place_net": NetworkSpec(make_backbone=coloured.backbone, start_rank=4)},
    )
    outcome = learn_task(task, replace(LEARNED, attempts=8))
    assert outcome.verdict.verdict == "wrong-rule"
    assert len(outcome.training.attempts) < 8
    assert outcome.training.finished
    assert "Check the rule" in outcome.verdict.advice[0]
