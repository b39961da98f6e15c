"""Every way a program, a query or a batch can be wrong gives one clear line."""

import re

import pytest
import torch

from gedi_nesy.logic import Program, ProgramError
from gedi_nesy.logic.language.problog_errors import ProblogErrors
from tests.logic.oracles import Table, images

DIGIT = "nn(digit_net, [X], Y, [0,1,2,3,4,5,6,7,8,9]) :: digit(X, Y).\n"
SUM = DIGIT + "sum(A, B, N) :- digit(A, X), digit(B, Y), N is X + Y.\n"


def refused(message: str):
    """The error's whole text is one line and matches."""
    return pytest.raises(ProgramError, match=re.compile("^" + message + "$"))


def program(text: str = SUM, **networks) -> Program:
    return Program.from_string(text, networks or {"digit_net": Table()}, name="task.pl")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a.\nb :- c(X.\nd.", r"task\.pl:2: syntax error at column 7: '\(' is never closed; expected '\)'"),
        ("a.\n\nb :- c", r"task\.pl:3: .*expected '\.'"),
        ("a.\nb :- c d.", r"task\.pl:2: .*expected an operator such as ',' or ':-' before 'd\.'"),
        ("b :- c,.", r"task\.pl:1: .*expected a term after ',\.'"),
        ("b :- , c.", r"task\.pl:1: .*expected a term before ','"),
        ("a..", r"task\.pl:1: .*expected .*"),
        ("a) :- b.", r"task\.pl:1: .*'\)' closes nothing; expected an opening bracket before it"),
        ("X :- b.", r"task\.pl: Unexpected clause head 'X'"),
    ],
)
def test_syntax_errors_name_the_line_and_what_was_expected(text, message):
    with refused(message):
        program(text)


def test_missing_file(tmp_path):
    with refused(r".*nowhere\.pl: no such program file"):
        Program.from_file(tmp_path / "nowhere.pl", networks={})
    with refused(r".*: is a folder, not a program file"):
        Program.from_file(tmp_path, networks={})


def test_unknown_network_names_the_nearest():
    with refused(r"task\.pl:1: no network named 'digit_net' is given for digit; did you mean 'digits_net'\?"):
        program(SUM, digits_net=Table())


def test_domain_and_outputs_differ():
    with refused(r"task\.pl:1: the domain of digit has 10 values but network 'digit_net' has 7 outputs"):
        program(SUM, digit_net=Table(7))
    with refused(r"task\.pl:1: odd is a fact, with 1 output .*, but network 'odd_net' has 7 outputs"):
        program("nn(odd_net, [X]) :: odd(X).", odd_net=Table(7))
    seven = Table(7)
    query = program(SUM, digit_net=lambda x: seven.log_probs(x).exp()).compile(
        "sum(A, B, 3)", images=["A", "B"]
    )
    with refused(r"the domain of digit has 10 values but network 'digit_net' has 7 outputs"):
        query.log_prob(A=images(2, 0), B=images(2, 1))


@pytest.mark.parametrize(
    ("declaration", "message"),
    [
        ("nn(digit_net) :: d(X).", r"task\.pl:1: nn takes 2 arguments .*, found 1"),
        (
            "nn(N, [X], Y, [0, 1]) :: d(X, Y).",
            r"task\.pl:1: the network of 'd' must be a name, not the variable N",
        ),
        (
            "nn(digit_net, X, Y, [0, 1]) :: d(X, Y).",
            r"task\.pl:1: the inputs of network 'digit_net' must be a list.*",
        ),
        ("nn(digit_net, [X], Y, 10) :: d(X, Y).", r"task\.pl:1: the domain of 'd' must be a list, found 10"),
    ],
)
def test_malformed_neural_predicates(declaration, message):
    with refused(message):
        program(declaration)


@pytest.mark.parametrize(
    ("text", "slots", "answer", "message"),
    [
        (
            "summ(A, B, N)",
            "AB",
            "N",
            r"task\.pl: nothing defines summ/3, asked for in .*; did you mean 'sum/3'\?",
        ),
        (
            "sum(A, B)",
            "AB",
            None,
            r"task\.pl: nothing defines sum/2, asked for in .*; did you mean 'sum/3'\?",
        ),
        ("sum(A, B, 19)", "AB", None, r"sum\(A, B, 19\) has no proof: it is false whatever the images show"),
        ("sum(A, B, _)", "AB", None, r"sum\(A, B, _\) is certain: it is true whatever the images show"),
        ("sum(A, B, 3)", "AC", None, r"image 'C' is not a variable of the query .*; known: A, B"),
        ("sum(A, B, N)", "AB", "M", r"answer 'M' is not a variable of the query .*; known: A, B, N"),
        ("sum(A, B, N)", "AB", "B", r"'B' cannot be both an image and the answer of .*"),
        (
            "sum(A, B, N)",
            "AB",
            None,
            r"variable N of .* is neither an image nor the answer; write _ for any value",
        ),
        (
            "sum(A, B, 3), sum(B, A, 3)",
            "AB",
            None,
            r".* is not a single goal; give it a name by a clause of the program",
        ),
        ("\\+ sum(A, B, 3)", "AB", None, r".* is not a single goal; .*"),
        ("sum(A, B, 3)", "ABA", None, r"the images A, B, A of sum\(A, B, 3\) name one variable twice"),
        ("sum(A, B,", "AB", None, r"query 'sum\(A, B,':1: syntax error.*"),
        ("", "", None, r"the query is empty; expected a term such as sum\(A, B, N\)"),
    ],
)
def test_queries_that_cannot_be_compiled(text, slots, answer, message):
    with refused(message):
        program().compile(text, images=list(slots), answer=answer)


def test_undefined_predicate_inside_the_program():
    with refused(r"task\.pl:2: nothing defines digits/2; did you mean 'digit/2'\?"):
        program(DIGIT + "odd(A) :- digits(A, 1).").compile("odd(A)", images=["A"])


def test_unknown_engine():
    with refused(r"unknown engine 'swi'; known: circuit, klay, deepproblog"):
        program().compile("sum(A, B, 3)", images=["A", "B"], engine="swi")


def with_nan(x):
    x = x.clone()
    x[1, 0, 2, 2] = torch.nan
    return x


@pytest.mark.parametrize(
    ("b", "message"),
    [
        (images(3, 1), r"'B' has a batch of 3 but 'A' has 2"),
        (images(2, 1).float(), r"'B' has dtype torch\.float32 but 'A' has torch\.float64"),
        (
            images(2, 1).byte(),
            r"'B' has dtype torch\.uint8; expected a floating dtype such as torch\.float32: B / 255",
        ),
        (
            images(2, 1)[:, :, :3],
            r"'B' has images of shape \(1, 3, 4\) but 'A', read by the same network, has \(1, 4, 4\)",
        ),
        (images(2, 1)[:, 0, 0, 0], r"'B' has shape \(2,\); expected \(batch, \.\.\.\)"),
        (with_nan(images(2, 1)), r"'B' contains NaN, first in row 1 of the batch"),
        ([1, 2], r"'B' must be a torch tensor, not list"),
    ],
)
def test_unusable_images(b, message):
    query = program().compile("sum(A, B, 3)", images=["A", "B"])
    with refused(message):
        query.log_prob(A=images(2, 0), B=b)


def test_images_the_network_cannot_read():
    query = program().compile("sum(A, B, 3)", images=["A", "B"])
    wide = torch.zeros(2, 1, 5, 5, dtype=torch.float64)
    with refused(r"network 'digit_net' cannot read images of shape \(1, 5, 5\): .*"):
        query.log_prob(A=wide, B=wide)


def test_wrong_keyword_names():
    query = program().compile("sum(A, B, N)", images=["A", "B"], answer="N")
    with refused(r"the query has no image or answer named 'C'; known: A, B, N"):
        query.log_prob(A=images(2, 0), B=images(2, 1), C=images(2, 2), N=[1, 2])
    with refused(r"the tensor for 'B' is missing; this query takes A, B, N"):
        query.log_prob(A=images(2, 0), N=[1, 2])
    with refused(r"19 is no answer N of sum\(A, B, N\); answers: 0, 1, .*"):
        query.log_prob(A=images(2, 0), B=images(2, 1), N=[1, 19])
    with refused(r"'3' is no answer N of sum\(A, B, N\); answers: 0, 1, .*"):
        query.log_prob(A=images(2, 0), B=images(2, 1), N=["3", "4"])
    with refused(r"'N' must be a tensor or a list of answers, not int"):
        query.log_prob(A=images(2, 0), B=images(2, 1), N=3)
    with refused(r"'N' has 1 labels for a batch of 2"):
        query.log_prob(A=images(2, 0), B=images(2, 1), N=[1])


BROKEN = """
0.3 :: a(X).
q :- a(_).
r :- foo(_), a(1).
s :- X is b + 1, X > 2.
1.5 :: z.
w :- z.
0.7 :: k(1); 0.6 :: k(2).
v :- k(1).
v :- k(2).
fine :- z(1).
0.5 :: z(1).
"""


def test_errors_while_grounding_have_lines_and_leave_the_program_usable():
    broken = program(BROKEN)
    for query, message in {
        "q": r"task\.pl:2: Encountered a non-ground probabilistic clause",
        "r": r"task\.pl:4: nothing defines foo/1; known: .*",
        "s": r"task\.pl:5: Error while evaluating .*: Unknown function 'b'/0",
        "w": r"task\.pl:6: 1\.5 is no probability of z",
        "v": r"task\.pl:8: the probabilities of k\(1\), k\(2\) sum to 1\.3, which is more than 1",
    }.items():
        with refused(message):
            broken.compile(query, images=[])
        assert broken.compile("fine", images=[]).log_prob().exp().item() == pytest.approx(0.5)
        broken._compiled.clear()


def test_consulted_files_are_found_beside_the_program_and_errors_name_them(tmp_path):
    (tmp_path / "main.pl").write_text(":- consult('facts.pl').\nq(X) :- a(X).\n")
    (tmp_path / "facts.pl").write_text("0.3 :: a(1).\n0.4 :: a(2).\n")
    query = Program.from_file(tmp_path / "main.pl", networks={}).compile("q(X)", images=[], answer="X")
    assert query.distribution()[0].tolist() == pytest.approx([0.3, 0.4])
    direct = Program.from_file(tmp_path / "main.pl", networks={}).compile("a(1)", images=[])
    assert direct.log_prob().exp().item() == pytest.approx(0.3)
    (tmp_path / "facts.pl").write_text("0.3 :: a(1).\n0.4 :: a(2.\n")
    with refused(r".*facts\.pl:2: syntax error at column 9: '\(' is never closed; expected '\)'"):
        Program.from_file(tmp_path / "main.pl", networks={})
    (tmp_path / "facts.pl").unlink()
    with refused(r".*main\.pl:1: 'consult\('facts\.pl'\)' names a file that does not exist: .*facts\.pl"):
        Program.from_file(tmp_path / "main.pl", networks={})


def test_an_error_of_problogs_without_a_message_is_called_by_its_name():
    with pytest.raises(
        ProgramError, match=r"^a\.pl: ProbLog cannot ground it: AssertionError, without a word$"
    ):
        raise ProblogErrors("a.pl", "a.pl", "ground")._other_error(AssertionError(), None)
