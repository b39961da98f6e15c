"""Random programs against every world, and against stock ProbLog."""

import pytest
import torch
from problog import get_evaluatable
from problog.eval_nodes import NegativeCycle
from problog.program import PrologString

from gedi_nesy.logic import Program, ProgramError
from tests.logic.random_programs import HEADER, RandomProgram, generate, probability, write

FIRST, SECOND = "A", "B"


class Given:
    """A network that is handed its log-probabilities as images."""

    def log_probs(self, x):
        return x


def compile_random(program: RandomProgram, images: tuple[str, str]):
    """The query p(A, B), or p(A, A) if both images are the same, under the program's evidence."""
    logic = Program.from_string(program.text, {"digit_net": Given(), "bright_net": Given()})
    names = dict(zip("XY", images, strict=True))
    evidence = []
    for positive, name, arguments in program.evidence:
        evidence.append(write((positive, name, tuple(names.get(a, a) for a in arguments))))
    query = f"{program.query}({', '.join(images)})"
    return logic.compile(query, images=sorted(set(images)), evidence=evidence)


def stock_problog(program: RandomProgram, digit, bright, images: tuple[str, str]) -> float:
    """The probability by ProbLog itself, the networks' outputs written into the program as numbers."""
    text = "\n".join(line for line in program.text.splitlines() if "nn(" not in line)
    names = dict(zip("XY", (image.lower() for image in images), strict=True))
    for image in sorted(set(images)):
        heads = [f"{p.item()!r} :: digit({image.lower()}, {value})" for value, p in enumerate(digit[image])]
        text += f"\n{'; '.join(heads)}.\n{bright[image].item()!r} :: bright({image.lower()})."
    for positive, name, arguments in program.evidence:
        goal = write((True, name, tuple(names.get(a, a) for a in arguments)))
        text += f"\nevidence({goal}, {'true' if positive else 'false'})."
    text += f"\nquery({program.query}({names['X']}, {names['Y']}))."
    return next(iter(get_evaluatable().create_from(PrologString(text)).evaluate().values()))


def test_the_header_is_what_the_enumeration_assumes():
    assert "nn(digit_net" in HEADER
    assert HEADER.count("::") == 8


@pytest.mark.parametrize("same", [False, True], ids=["different images", "same image"])
@pytest.mark.parametrize("seed", range(14))
def test_values_and_gradients(seed, same):
    program = generate(seed)
    images = (FIRST, FIRST) if same else (FIRST, SECOND)
    generator = torch.Generator().manual_seed(seed)
    logits = [torch.randn(4, generator=generator, dtype=torch.float64).requires_grad_() for _ in range(2)]
    digit = {image: torch.softmax(value[:3], 0) for image, value in zip(images, logits, strict=True)}
    bright = {image: torch.sigmoid(value[3]) for image, value in zip(images, logits, strict=True)}
    joint, evidence = probability(program, digit, bright, *images)
    try:
        query = compile_random(program, images)
    except ProgramError as error:
        if "Negative cycle" in str(error):
            with pytest.raises(NegativeCycle):
                stock_problog(program, digit, bright, images)
        else:
            impossible_or_certain = joint.item() in (0, pytest.approx(evidence.item()))
            assert impossible_or_certain
        return
    log_p = query.log_prob_of(**read_by(query, digit, bright))[0]
    truth = (joint / evidence).log()
    torch.testing.assert_close(log_p, truth, rtol=1e-10, atol=1e-12)
    assert log_p.exp().item() == pytest.approx(stock_problog(program, digit, bright, images), rel=1e-9)
    torch.testing.assert_close(gradient(log_p, logits), gradient(truth, logits), rtol=1e-8, atol=1e-10)


def read_by(query, digit, bright):
    """The networks' outputs as the query wants them."""
    given = {}
    for slot in query.slots:
        output = digit if slot.network == "digit_net" else bright
        (image,) = slot.images
        given.setdefault(image, {})[slot.network] = output[image].log().reshape(1, -1)
    return {
        image: by_net if len(by_net) > 1 else next(iter(by_net.values())) for image, by_net in given.items()
    }


def gradient(value, variables):
    """Gradients, zero where the value does not depend on a variable."""
    if not value.requires_grad:
        return [torch.zeros_like(variable) for variable in variables]
    found = torch.autograd.grad(
        value, variables, allow_unused=True, materialize_grads=True, retain_graph=True
    )
    return list(found)
