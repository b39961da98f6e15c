"""Other objectives, and labels, side by side with ours: their losses by hand, and a run of all of them."""

import json
from dataclasses import replace
from types import SimpleNamespace

import pytest
import torch
from torch import Generator, nn

from benchmarks.grounding import train
from benchmarks.grounding.baselines import AnswerHeads, begin, semantic, supervised, trained
from benchmarks.grounding.config import GroundingConfig
from benchmarks.grounding.measures import judged
from benchmarks.grounding.methods import SETTINGS, settings_of
from benchmarks.grounding.tasks import PROBLEMS
from benchmarks.grounding.tasks.problem import Sources
from benchmarks.runner.benchmark import Job
from benchmarks.runner.config import TaskConfig
from gedi_nesy.audit.verdict import Verdict
from gedi_nesy.data.images import load
from gedi_nesy.tasks import NetworkSpec
from tests.benchmarks.grounding.test_grounding import SMALL, run

USUAL = TaskConfig(weight_gen=0.0, explore=20, iterations=20, attempts=1).training()


@pytest.fixture(scope="module")
def sources() -> Sources:
    dataset = load("digits", None)
    return Sources(dataset.train, dataset.test)


def begun(sources, task: str, network: str, queries: int = 40):
    """A task whose images are not augmented, as it is given."""
    given = PROBLEMS[task].make(sources, queries, 0)
    plain = {network: NetworkSpec(augment=lambda generator, images: images)}
    return given, begin(replace(given.task, networks=plain), USUAL, 0)


def test_the_semantic_loss_by_hand(sources):
    """For sums, all pairs of digits one by one."""
    _, found = begun(sources, "addition", "digit_net")
    heads = AnswerHeads(found.split.training, found.found.log_prob.templates, found.found.num_clusters)
    loss = semantic(found, heads, 0.3, USUAL)(Generator().manual_seed(5))
    (template,), network = found.split.training.templates, found.learner.networks["digit_net"]
    rows = torch.randint(
        len(template.indices), (USUAL.step.batch_size,), generator=Generator().manual_seed(5)
    )
    images = network.shown.inputs[template.indices[rows]].float()
    images = images / 255 if not network.shown.inputs.is_floating_point() else images
    first, second = (network.model.log_probs(images[:, place]).exp() for place in (0, 1))
    guess = heads.of["0"](torch.cat([first, second], dim=1)).exp()
    answers = [int(answer) for answer in found.found.log_prob.templates[0].query.answers]
    rule = torch.zeros(len(rows), len(answers))
    for a in range(10):
        for b in range(10):
            rule[:, answers.index(a + b)] += first[:, a] * second[:, b]
    told = template.answers[rows]
    expected = -guess.gather(1, told[:, None]).log().mean() - 0.3 * (guess * rule).sum(dim=1).log().mean()
    assert loss.item() == pytest.approx(expected.item(), rel=1e-4)


def test_without_answers_it_is_the_rule_alone(sources):
    _, found = begun(sources, "sorted", "digit_net")
    heads = AnswerHeads(found.split.training, found.found.log_prob.templates, found.found.num_clusters)
    assert not list(heads.parameters())
    one, three = (semantic(found, heads, w, USUAL)(Generator().manual_seed(2)).item() for w in (1.0, 3.0))
    assert three == pytest.approx(3 * one, rel=1e-5)
    assert one > 0


def test_labels_teach(sources):
    given, found = begun(sources, "xor", "bit_net")
    few = replace(USUAL, reconsider=0, step=replace(USUAL.step, batch_size=16, batch_unlabelled=0))
    models = trained(found, supervised(found, given.labels, few), nn.Module(), few)
    assert judged(models, given.unseen, torch.device("cpu"))["accuracy"] > 0.95


def test_all_methods_have_as_many_steps_and_settings():
    assert len({len(settings) for settings in SETTINGS.values()}) == 1
    for method, settings in SETTINGS.items():
        for number, setting in enumerate(settings):
            found = settings_of(USUAL, method, number)
            assert found.first_steps + found.refine == USUAL.first_steps + USUAL.refine
            if method != "gedi":
                counted = {name for name, weight in found.objective.items() if weight}
                assert counted == {"nesy", "entropy"} & {"nesy", *setting}


def test_held_out_queries_choose_the_setting(monkeypatch):
    """Of three settings with these shares; the seconds of all three count."""
    shares = iter([0.5, 0.9, None])

    def by_learn_task(settings, job, place, given, saver, pretrain):
        verdict = Verdict("unlearned", "", next(shares), None, None, None, (), {})
        return train.Found({}, None, verdict, {}, 1, 2.0, {}, None)

    monkeypatch.setattr(train, "by_learn_task", by_learn_task)
    config = GroundingConfig(search=3, tasks=("xor",), methods=("entropy",))
    job = Job(name="", folder="", runs=({"task": "xor", "method": "entropy", "seed": 0},))
    saver = SimpleNamespace(numbered=lambda number: None)
    found = train.searched(config, USUAL, job, None, None, saver)
    assert (found.setting, found.seconds) == (SETTINGS["entropy"][1], 6.0)


def test_side_by_side(monkeypatch, tmp_path, capsys):
    methods = list(SETTINGS)
    arguments = ["--tasks", "xor", "--methods", *methods, "--out", tmp_path]
    assert run(monkeypatch, *SMALL, *arguments) == 0
    assert "semantic-loss" in capsys.readouterr().out
    results = json.loads((tmp_path / "results.json").read_text())
    assert [each["method"] for each in results["runs"]] == methods
    assert all(each["setting"] == SETTINGS[each["method"]][0] for each in results["runs"])
    assert list(results["methods"]["xor"]) == methods
    ours = results["runs"][0]["metrics"]["accuracy"]
    assert results["tasks"]["xor"]["accuracy"]["median"] == ours == results["summary"]["accuracy"]["median"]
